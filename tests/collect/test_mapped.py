"""What a map must never do: take a number for another unit's, lose a checklist, or name what is known."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from pipeline.collect.called import brought
from pipeline.collect.receipt_page import write_receipt_book
from pipeline.collect.receipts import return_receipts
from pipeline.collect.returned import Doubt
from pipeline.collect.words import remark_words
from pipeline.forms.identity import row_code

from .conftest import PIECES, number, uid
from .test_maps import HEAD, LEDGER, by, kobo, line, merged, put, read, sent, shelved

AREA = "实际用地面积（公顷）"


@pytest.mark.parametrize(
    ("said", "taken"),
    [("0.5", "7.5"), ("1,000.5", "15007.5"), ("0.5公顷", "7.5"), ("０．５ ", "7.5"), ("3亩", "3")],
)
def test_a_number_is_in_the_declared_unit_however_it_is_written(tmp_path: Path, said: str, taken: str) -> None:
    one = read(put(tmp_path / "a.csv", [HEAD, line(1, **{AREA: said})]), by(LEDGER, tmp_path))
    assert (one.rows[0].said.get("used"), one.remarks) == (taken, ())


@pytest.mark.parametrize("said", ["约半公顷", "5英亩", "9" * 60, "1e99"])
def test_what_is_no_number_of_the_declared_unit_is_doubted_and_not_taken(tmp_path: Path, said: str) -> None:
    one = read(put(tmp_path / "a.csv", [HEAD, line(1, **{AREA: said})]), by(LEDGER, tmp_path))
    assert "used" not in one.rows[0].said
    assert {each.code for each in one.remarks} <= {Doubt.NOT_A_NUMBER, Doubt.OUT_OF_LIMITS}
    assert len(one.remarks) == 1


def test_decimal_commas_are_declared(tmp_path: Path) -> None:
    known = by("decimal_comma = true\n" + LEDGER, tmp_path)
    one = read(put(tmp_path / "a.csv", [HEAD, line(1, **{AREA: "1.000,5"})]), known)
    assert one.rows[0].said["used"] == "15007.5"


def test_a_ledger_pasted_into_a_checklist_hides_no_answer_of_it(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    ledger, ours = book.active, book.create_sheet("核查表")
    assert ledger is not None
    ledger.title = "台账"
    for cells in (HEAD, line(2)):
        ledger.append(cells)
    for cells in (["patch_uid", "row_code", "图斑编号", "核查结论"], [uid(1), row_code(PIECES[1]), number(1), "合法"]):
        ours.append(cells)
    book.save(tmp_path / "a.xlsx")
    one = read(tmp_path / "a.xlsx", by(LEDGER, tmp_path))
    assert (one.door, [row.patch_uid for row in one.rows]) == ("workbook", [uid(1)])
    assert [(each.code, each.place) for each in one.remarks] == [(Doubt.NOT_ALONE, "a.xlsx!台账!A1")]


def test_columns_that_only_repeat_what_was_sent_are_not_named(tmp_path: Path) -> None:
    rows = kobo({1: {"verdict": "legal"}})
    rows = [
        [*row, more, other] for row, (more, other) in zip(rows, [("evidence/area_m2", "x"), ("6667", "y")], strict=True)
    ]
    (doubt,) = read(put(tmp_path / "k.csv", rows), shelved()).remarks
    assert (doubt.code, doubt.facts["columns"]) == (Doubt.NOT_MAPPED, "x")


def test_a_doubt_about_a_cell_stands_with_the_row_of_its_piece(tmp_path: Path) -> None:
    known = by(LEDGER, tmp_path)
    one = read(put(tmp_path / "a.csv", [HEAD, line(1, "待定"), line(3, **{AREA: "约半公顷"})]), known)
    (receipt,) = return_receipts(
        brought([one], sent()), merged(one, known=known), remark_words(known.form, known.facts), known.words
    )
    assert receipt.general == ()
    quoted = zip(receipt.lines, ("待定", "约半公顷"), strict=True)
    assert all(any(said in each for each in row.sentences) for row, said in quoted)


def test_a_receipt_as_a_workbook_says_also_what_is_of_the_whole_file(tmp_path: Path) -> None:
    known = by(LEDGER, tmp_path)
    one = read(put(tmp_path / "a.csv", [[*HEAD, "批次"], [*line(1), "一"]]), known)
    (receipt,) = return_receipts(
        brought([one], sent()), merged(one, known=known), remark_words(known.form, known.facts), known.words
    )
    write_receipt_book(tmp_path / "r.xlsx", receipt, known.facts)
    *_, last = openpyxl.load_workbook(tmp_path / "r.xlsx").worksheets[0].iter_rows(values_only=True)
    assert last[2] == "a.csv"
    assert "批次" in str(last[4])


def test_the_map_shown_to_technicians_is_right(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "returns.md"
    (shown,) = [one for one in page.read_text(encoding="utf-8").split("```toml\n")[1:] if one.startswith("headings")]
    (known,) = by(shown.split("```")[0], tmp_path).maps
    assert known.takes("省/融合台账（一）.xlsx")
    assert not known.takes("台账.csv")
    assert known.ignores("记录_ID")
