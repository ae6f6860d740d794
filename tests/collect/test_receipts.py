"""Receipts: each line says what became of a row and what is to be done, and asks nothing that is settled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from pipeline.collect.merge import answer_id, merge
from pipeline.collect.receipt_page import receipt_page, write_receipt_book
from pipeline.collect.receipts import ReturnReceipt, return_receipts
from pipeline.collect.reissue import reissues
from pipeline.collect.returned import Doubt, Remark, ReturnedFile
from pipeline.collect.reviews import load_reviews, review_all
from pipeline.collect.words import remark_words
from pipeline.decisions import Decision
from pipeline.forms.workbook import Note
from pipeline.records import CampaignFacts, Office
from pipeline.texts import texts
from tests.collect.test_merge import FORM, FULL, SENT, decision, file, row

WHOLE = FULL | {"actual_use": "housing", "built_state": "built", "used": "1", "used_farmland": "0", "photos": "2"}
OTHER = WHOLE | {"verdict": "illegal", "verdict_sub": "illegal.unreported"}


def facts(language: str = "en") -> CampaignFacts:
    return CampaignFacts("C", "title", "cn", language, date(2025, 10, 8), Office(unit="u"), "mu", "EPSG:4490", True)


def receipts(*files: ReturnedFile, decisions: Sequence[Decision] = (), language: str = "en") -> list[ReturnReceipt]:
    found = merge(SENT, files, FORM, "C", decisions)
    return list(return_receipts(files, found, remark_words(FORM, facts(language)), texts(language), {"1"}))


def county(one: ReturnedFile) -> ReturnedFile:
    return replace(one, county_code="1")


def notes(*files: ReturnedFile) -> dict[str, Note]:
    found = merge(SENT, files, FORM, "C", ())
    table = load_reviews("reviews")
    reviews = review_all(found.findings, (), table)
    again = reissues(found, reviews, FORM, table, remark_words(FORM, facts()), texts("en"))
    return {uid: note for one in again for uid, note in one.notes.items()}


def test_every_row_of_a_conflict_says_how_it_is_settled() -> None:
    first, second = receipts(
        county(file("x", replace(row("a", **WHOLE), place="x!s!B5"))),
        county(file("y", replace(row("a", **OTHER), place="y!s!B5"))),
    )
    for one in (first, second):
        (line,) = one.lines
        assert line.fate == "conflict"
        (said,) = line.sentences
        assert "1_open.xlsx" in said
        assert "x; y" in said


def test_a_row_that_was_answered_anew_asks_nothing_more() -> None:
    lesser = {key: WHOLE[key] for key in ("verdict", "checker")}
    doubt = Remark(Doubt.NOT_A_DATE, "x!s!Q5", "C-a", "1", {"field": "day", "said": "5/3"})
    old = county(replace(file("x", replace(row("a", **lesser), place="x!s!B5")), remarks=(doubt,)))
    (before,) = receipts(old)
    assert len(before.lines[0].sentences) == 2  # the date, and what is due
    base = answer_id(merge(SENT, [old], FORM, "C", ()).findings[0].answers[0])
    new = county(file("y", replace(row("a", **WHOLE), place="y!s!B5", base=base)))
    for one in receipts(old, new):
        assert [line.sentences for line in one.lines] == [()]
    page = receipt_page(receipts(old, new)[0], facts())
    assert texts("en")["returns.no_doubts"] in page
    assert texts("en")["returns.fate.superseded"] in page


def test_a_row_without_a_verdict_whose_patch_was_answered_is_settled() -> None:
    mute = county(file("x", replace(row("a", checker="Li"), place="x!s!B5")))
    (alone,) = receipts(mute)
    assert alone.lines[0].sentences == (texts("en").say("collect.no_verdict", place=""),)
    first, _ = receipts(mute, county(file("y", replace(row("a", **WHOLE), place="y!s!B5"))))
    assert first.lines[0].sentences == (texts("en").say("returns.settled", file="y"),)


def test_who_decided_otherwise_and_why_is_said() -> None:
    files = [county(file(name, replace(row("a", **said), place=f"{name}!s!B5"))) for name, said in
             (("x", WHOLE), ("y", OTHER))]  # fmt: skip
    first, _ = receipts(*files, decisions=[decision("C-a", "take", "y")])
    assert (first.lines[0].fate, first.lines[0].sentences) == ("overruled", ())
    assert "Wang, 2025-11-01, rang the office" in receipt_page(first, facts())


@pytest.mark.parametrize("backward", [False, True])
def test_the_same_bytes_again_are_told_and_judged_alike(backward: bool) -> None:
    lesser = {key: WHOLE[key] for key in ("verdict", "checker")}
    alone = county(replace(file("x", replace(row("a", **lesser), place="a.xlsx!s!B5")), name="a.xlsx"))
    zipped = replace(alone, name="b.zip/a.xlsx", rows=(replace(alone.rows[0], place="b.zip/a.xlsx!s!B5"),))
    made = receipts(*[alone, zipped][:: -1 if backward else 1])
    first, second = made[::-1] if backward else made
    assert first.lines[0].sentences == second.lines[0].sentences != ()
    assert (first.lines[0].fate, second.lines[0].fate) == ("taken", "taken")
    assert (first.general, second.general) == ((), (texts("en").say("returns.same", file="a.xlsx"),))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_workbook_has_room_for_every_sentence(tmp_path: Path, language: str) -> None:
    came = county(
        file("x", replace(row("a", checker="Li"), place="x!s!B5"), replace(row("b", **WHOLE), place="x!s!B6"))
    )
    (one,) = receipts(came, language=language)
    write_receipt_book(tmp_path / "r.xlsx", one, facts(language))
    sheet = openpyxl.load_workbook(tmp_path / "r.xlsx").worksheets[0]
    assert [sheet.row_dimensions[at].height for at in (2, 3)] == [32.25, 17.25]
    assert "x" in str(sheet.oddHeader.left.text)


def test_a_county_whose_rows_all_lack_a_verdict_is_asked_again_with_what_it_wrote() -> None:
    begun = {"checker": "Li", "finding_remark": "seen"}
    found = notes(county(file("x", replace(row("a", "", **begun), place="x!s!B5", row_code="Ra1"))))
    assert set(found) == {"C-a", "C-b"}
    assert (found["C-a"].said, found["C-a"].base) == (begun, "")
    assert found["C-a"].why == texts("en").say("collect.no_verdict", place="")
    assert (found["C-b"].said, found["C-b"].why) == ({}, texts("en")["returns.reissue.open"])


def test_what_does_not_fit_its_patch_is_asked_again_empty() -> None:
    found = notes(county(file("x", replace(row("a", **WHOLE), row_code="Rb1"))))
    assert (found["C-a"].said, found["C-a"].why) == ({}, texts("en")["returns.reissue.row_code"])


def test_answers_that_disagree_come_back_with_who_said_what() -> None:
    found = notes(file("x", row("a", **WHOLE)), file("y", row("a", **OTHER)))
    lines = found["C-a"].why.split("\n")
    assert lines[0] == texts("en")["returns.reissue.conflict"]
    labels = {one.code: one.label["en"] for one in FORM.verdict.choices}
    assert lines[1:] == [f"x: {labels['legal']}", f"y: {labels['illegal']}"]
