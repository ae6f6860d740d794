"""What waits for a person is complete, and the line we tell people to write settles it."""

from __future__ import annotations

import csv
from html import unescape
from pathlib import Path

import pytest

from pipeline.decisions import read_decisions
from pipeline.morning.returned import Returns, returned
from pipeline.rollup.disputes import said_words
from pipeline.texts import languages, texts
from tests.rollup.answers import CN, CODES, Said, answer, world

AREAS = {("a", CODES[0]): 900.0, ("a", CODES[1]): 40.0, ("b", CODES[0]): 70.0}
LEGAL, ILLEGAL = answer("legal", "current", used="1.25"), answer("illegal", "beyond")


def lines_of(html: str) -> list[str]:
    return [unescape(one.split("</code>")[0]) for one in html.split("<code>")[1:]]


@pytest.mark.parametrize("names", [("一次.xlsx", "二次.zip/表,1.csv"), ("same.xlsx", "same.xlsx#2")])
@pytest.mark.parametrize("chosen", [0, 1])
def test_the_line_on_the_page_settles_the_conflict(tmp_path: Path, names: tuple[str, str], chosen: int) -> None:
    said = [Said("a", CODES[0], names[0], (LEGAL,)), Said("a", CODES[0], names[1], (ILLEGAL,))]
    (dispute,) = world(AREAS, said).rollup.disputes
    assert {one.said for one in dispute.answers} == {"合法，当年审批，实际用地 1.25", "违法，超占用地"}
    page = returned(Returns(disputes=(dispute,)), texts("zh"))
    line = lines_of(page)[chosen]
    path = tmp_path / "decisions.csv"
    path.write_text(f"who,when,id,decision,reason\n{line}\n", encoding="utf-8")
    settled = world(AREAS, said, decisions=read_decisions(path))
    assert settled.rollup.disputes == ()
    at = settled.findings["state"].index("answered")
    assert settled.findings["place"][at] == dispute.answers[chosen].place


def test_two_rows_of_one_file_cannot_be_chosen_between(tmp_path: Path) -> None:
    said = [Said("a", CODES[0], "x.xlsx", (LEGAL,)), Said("a", CODES[0], "x.xlsx", (ILLEGAL,))]
    (dispute,) = world(AREAS, said).rollup.disputes
    assert dispute.one_file
    (line, other) = lines_of(returned(Returns(disputes=(dispute,)), texts("zh")))
    assert line == other
    (tmp_path / "d.csv").write_text(f"who,when,id,decision,reason\n{line}\n", encoding="utf-8")
    corrected = [*said, Said("a", CODES[0], "y.xlsx", (LEGAL,))]
    settled = world(AREAS, corrected, decisions=read_decisions(tmp_path / "d.csv"))
    assert settled.findings["state"].count("answered") == 1


def test_conflicts_of_two_counties_on_one_patch_stay_apart() -> None:
    said = [Said("a", code, file, (one,)) for code in CODES[:2] for file, one in (("x", LEGAL), ("y", ILLEGAL))]
    found = world(AREAS, said).rollup.disputes
    assert [one.id for one in found] == [f"C-a/{CODES[0]}", f"C-a/{CODES[1]}"]
    assert [len(one.answers) for one in found] == [2, 2]


def test_every_row_that_was_not_taken_is_named_with_its_place() -> None:
    said = [Said("z", CODES[0], "x", (LEGAL,)), Said("b", CODES[0], "x", (answer("", checker="王"),))]
    made = world(AREAS, said)
    assert sorted((one.reason, one.place) for one in made.rollup.strays) == [
        ("NO_VERDICT", "x!核查表!6.1"),
        ("UNKNOWN_PATCH", "x!核查表!5.1"),
    ]
    assert {one["fate"] for one in made.returned} == {"unmatched"}


def test_an_answer_without_a_verdict_still_says_what_it_says() -> None:
    assert said_words('{"checker": "王"}', CN, texts("zh")) == "核查人 王"


@pytest.mark.parametrize("language", languages())
def test_every_reason_has_its_words_and_what_to_do(language: str) -> None:
    reasons = (
        "other_campaign",
        "other_form",
        "no_identity",
        "unknown_patch",
        "stale",
        "row_code",
        "no_verdict",
        "other",
    )
    words = texts(language)
    assert [key for one in reasons for key in (f"rollup.do.{one}", f"rollup.reason.{one}") if key not in words] == []


def test_csv_of_the_line_survives_commas_and_quotes() -> None:
    said = [Said("a", CODES[0], 'x"1",.xlsx', (LEGAL,)), Said("a", CODES[0], "y", (ILLEGAL,))]
    (dispute,) = world(AREAS, said).rollup.disputes
    assert any(one.named == 'x"1",.xlsx' for one in dispute.answers)
    html = returned(Returns(disputes=(dispute,)), texts("en"))
    rows = list(csv.reader(lines_of(html)))
    assert all(len(one) == 5 for one in rows)
