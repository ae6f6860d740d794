"""A decision names one row: two submissions of one patch in one file are decided by a person, never by their order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.collect.called import brought
from pipeline.collect.decided import idle_decisions
from pipeline.collect.merge import merge
from pipeline.collect.named import names_answer
from pipeline.collect.remembered import remember, remembered
from pipeline.collect.returned import Doubt, ReturnedFile
from tests.collect.test_merge import FULL, decision, file, merged, row

from .conftest import uid
from .test_maps import kobo, put, read, sent, shelved

OTHER = FULL | {"verdict": "other", "verdict_sub": "other.same"}


def twice(name: str = "data/export.xlsx") -> ReturnedFile:
    """One patch answered in two submissions of one file, and another patch once."""
    first = replace(row("a", **FULL), place=f"{name}!data!B12", called=("_id 7", "_uuid ab-1"))
    second = replace(row("a", **OTHER), place=f"{name}!data!B13", called=("_id 12", "_uuid ab-2"))
    third = replace(row("b", **FULL), place=f"{name}!data!B14", called=("_id 13", "_uuid ab-3"))
    return replace(file("x", first, second, third), name=name, digest="deadbeef01")


@pytest.mark.parametrize(
    "where",
    [
        "data!B13",
        "data!A13",
        "B13",
        "13",
        "row 13",
        "第13行",
        "data!b13",
        "_id 12",
        "_ID  12",
        "ab-2",
        "_uuid ab-2",
        "１３",
    ],
)
def test_a_row_is_named_as_its_receipt_or_its_own_system_says(where: str) -> None:
    for said in (f"export.xlsx!{where}", f"data/export.xlsx!{where}", f"deadbeef！{where}"):
        found = merged(twice(), decisions=(decision("C-a", "take", said),))
        (one,) = [one for one in found.findings if one.sent.key == ("C-a", "1")]
        assert (one.state, one.answers[0].said["verdict"], one.decided) == (
            "answered",
            "other",
            "Wang, 2025-11-01, rang the office",
        )
        assert len(one.answers) == 2


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("export.xlsx", "row"),  # both answers stand in it
        ("export.xlsx!data!B14", "answer"),  # another patch's
        ("export.xlsx!99", "answer"),
        ("export.xlsx!_id 13", "answer"),
        ("export.xlsx!12 and 13", "answer"),
        ("other.xlsx!data!B13", "return"),
        ("export.xlsx!other!B13", "answer"),
    ],
)
def test_what_names_both_or_neither_decides_nothing_and_is_told(said: str, what: str) -> None:
    lines = (decision("C-a", "take", said),)
    found = merged(twice(), decisions=lines)
    assert [one.state for one in found.findings if one.sent.key == ("C-a", "1")] == ["conflict"]
    assert [(each, words) for _, each, words in idle_decisions(lines, found.findings, (twice(),))] == [(what, said)]


def test_a_number_alone_is_a_row_and_never_an_id() -> None:
    (answer,) = [one for one in merged(twice()).findings[0].answers if one.said["verdict"] == "other"]
    assert not names_answer("export.xlsx!12", answer)
    assert names_answer("export.xlsx!_id 12", answer)


def test_a_whole_file_taken_leaves_what_it_answers_twice_to_a_person() -> None:
    found = merged(twice(), decisions=(decision("export.xlsx", "take"),))
    assert [one.state for one in found.findings if one.sent.key == ("C-a", "1")] == ["conflict"]
    (told,) = [one for one in found.remarks if one.code is Doubt.CONFLICT]
    assert told.facts["files"] == "data/export.xlsx!data!B12; data/export.xlsx!data!B13"


def test_features_are_named_by_their_number() -> None:
    first = replace(row("a", **FULL), place="p.gpkg!patches!fid 7 patch_no")
    second = replace(row("a", **OTHER), place="p.gpkg!patches!fid 8 patch_no")
    came = replace(file("x", first, second), name="p.gpkg")
    for said in (
        "p.gpkg!fid 8",
        "p.gpkg!patches!fid 8",
        "p.gpkg!patches!fid 8 verdict",
        "p.gpkg!patches!fid 8 patch_no",
    ):
        found = merged(came, decisions=(decision("C-a", "take", said),))
        assert found.findings[0].answers[0].said["verdict"] == "other", said


def test_two_submissions_of_one_export_are_decided_by_their_id_also_in_a_later_export(tmp_path: Path) -> None:
    known = shelved()
    rows = kobo({1: {"verdict": "legal"}, 2: {"verdict": "other"}}) + kobo({1: {"verdict": "illegal"}})[1:]
    for at, each in enumerate(rows[1:]):
        each[rows[0].index("_id")] = f"47{at}"
        each[rows[0].index("_uuid")] = f"0f-{at}"
    for name in ("k.csv", "later.csv"):
        came = [read(put(tmp_path / name, rows), known)]
        remember(tmp_path / "m.json", came)
        assert remembered(tmp_path / "m.json") == came
        pieces = sent()
        for said in (f"{name}!_id 472", f"{name}!0f-2", f"{name}!{len(rows)}"):
            word = decision(uid(1), "take", said)
            found = merge(pieces, brought(came, pieces), known.form, known.facts.id, (word,))
            (one,) = [one for one in found.findings if one.sent.patch_uid == uid(1)]
            assert (one.state, one.answers[0].said) == ("answered", {"verdict": "illegal"})
        rows = [rows[0], rows[2], rows[1], *rows[3:]]  # rows move from export to export, ids stay
