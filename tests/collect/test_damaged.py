"""Returns as they really come: each kind of damage by name, what is still taken, and which cell is doubted."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from openpyxl.comments import Comment
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from pipeline.collect import merge as merging
from pipeline.collect.returned import Doubt, ReturnedFile
from pipeline.collect.sent import all_sent, sent_rows
from pipeline.collect.words import remark_words
from pipeline.forms.identity import row_code
from pipeline.texts import languages

from .conftest import CAMPAIGN, PIECES, Sheet, number, read, terms, uid

ONE, TWO, THREE, FOUR = 5, 6, 7, 8  # rows of the pieces, as a spreadsheet counts
GOOD = {"verdict": "违法", "verdict_sub": "违法·未报即用", "used": 12.5, "used_farmland": 2, "checker": "李明"}
SAID = {**GOOD, "verdict": "illegal", "verdict_sub": "illegal.unreported", "used": "12.5", "used_farmland": "2"}
CODES = {one.seq: row_code(one) for one in PIECES}
Damage = Callable[[Sheet], None]
Key = tuple[str, str]  # patch uid, parcel


@dataclass(frozen=True)
class Case:
    """A damage to a checklist in which the first two pieces were answered well."""

    name: str
    damage: Damage
    said: Mapping[Key, Mapping[str, str]] = field(default_factory=lambda: {(uid(1), "1"): SAID, (uid(2), "1"): SAID})
    doubts: tuple[tuple[Doubt, str], ...] = ()  # with the cell


def but(**changed: str | None) -> dict[Key, dict[str, str]]:
    """Both pieces as answered, the first with these differences (None: not taken)."""
    first = {key: value for key, value in {**SAID, **changed}.items() if value is not None}
    return {(uid(1), "1"): first, (uid(2), "1"): dict(SAID)}


def put(row: int = ONE, **values: object) -> Damage:
    return lambda sheet: sheet.put(row, **values)


def rename(key: str, heading: str) -> Damage:
    return lambda sheet: sheet.put(4, **{key: heading})


def all_of(*steps: Damage) -> Damage:
    def done(sheet: Sheet) -> None:
        for step in steps:
            step(sheet)

    return done


def formula(key: str, said: str) -> Damage:
    def done(sheet: Sheet) -> None:
        sheet.cell(ONE, key).value = said

    return done


def merge(cells: str) -> Damage:
    return lambda sheet: sheet.sheet.merge_cells(cells)


def hide(row: int) -> Damage:
    def done(sheet: Sheet) -> None:
        sheet.sheet.row_dimensions[row].hidden = True

    return done


def delete_rows(row: int, count: int = 1) -> Damage:
    def done(sheet: Sheet) -> None:
        for one in list(sheet.sheet.merged_cells.ranges):  # openpyxl leaves them where they were
            sheet.sheet.unmerge_cells(str(one))
        sheet.sheet.delete_rows(row, count)

    return done


def insert_rows(row: int, count: int = 1) -> Damage:
    return lambda sheet: sheet.sheet.insert_rows(row, count)


def copy(source: int, target: int, **values: object) -> Damage:
    def done(sheet: Sheet) -> None:
        sheet.copy_row(source, target)
        sheet.put(target, **values)

    return done


def sort_apart(*left: str) -> Damage:
    """All columns moved down by one row but those of these keys."""

    def done(sheet: Sheet) -> None:
        stay = {sheet.columns[key] for key in left}
        for column in set(range(1, sheet.sheet.max_column + 1)) - stay:
            cells = [sheet.sheet.cell(row, column) for row in (ONE, TWO, THREE, FOUR)]
            values = [cell.value for cell in cells]
            for cell, value in zip(cells, [values[-1], *values[:-1]], strict=True):
                cell.value = value

    return done


def drop_sheets(sheet: Sheet) -> None:
    for name in ("_meta", "_lists"):
        del sheet.book[name]


def drop_uids(sheet: Sheet) -> None:
    sheet.sheet.delete_cols(sheet.columns["patch_uid"])


def swap_uids(sheet: Sheet) -> None:
    first, second = sheet.cell(ONE, "patch_uid"), sheet.cell(TWO, "patch_uid")
    first.value, second.value = second.value, first.value


def copy_sheet(sheet: Sheet) -> None:
    twin = sheet.book.copy_worksheet(sheet.sheet)
    twin.title = "核查表 (2)"
    twin.sheet_state = "hidden"


def new_column(sheet: Sheet) -> None:
    sheet.sheet.insert_cols(9)
    sheet.sheet.cell(4, 9).value, sheet.sheet.cell(ONE, 9).value = "村委意见", "属实"


def second_verdict(sheet: Sheet) -> None:
    sheet.sheet.cell(4, 26).value, sheet.sheet.cell(ONE, 26).value = "核查结论", "合法"


def count_from_1904(sheet: Sheet) -> None:
    sheet.cell(ONE, "checked_on").number_format = "General"
    sheet.book.epoch = CALENDAR_MAC_1904


def parcel_column(sheet: Sheet) -> None:
    sheet.sheet.insert_rows(TWO)
    sheet.copy_row(ONE, TWO)
    sheet.put(TWO, verdict="合法", verdict_sub="合法·批文")
    sheet.put(4, part_no="宗地号")
    sheet.put(ONE, part_no=1)
    sheet.put(TWO, part_no="2")


BLANK = dict.fromkeys(one.key for one in terms().form.long)
TWO_PARCELS = {
    (uid(1), "1"): SAID,
    (uid(1), "2"): {**SAID, "verdict": "legal", "verdict_sub": "legal.approval"},
    (uid(2), "1"): SAID,
}
UNKNOWN = {("", "1"): SAID, (uid(2), "1"): SAID}
LEGAL = {"verdict": "合法", "verdict_sub": "合法·批文"}

CASES = [
    Case("untouched by damage", put()),
    # ids (F1, F2)
    Case("number typed as a number of 18 digits", put(patch_no=429901202500000001)),
    Case("number in scientific notation", put(patch_no="4.29901E+17")),
    Case("uid turned into a number, code and number stand", put(patch_uid=1.2345e17)),
    Case("uid mistyped, code and number stand", put(patch_uid=uid(1)[:-2] + "XX")),
    Case("uid deleted, code and number stand", put(patch_uid=None)),
    Case("uid in full width with blanks", put(patch_uid=f"　{uid(1).replace('2', '２')} ")),
    Case("uid with another dash", put(patch_uid=uid(1).replace("-", "—"))),
    Case("uid in small letters", put(patch_uid=f"2025Q3-{uid(1)[7:].lower()}")),
    Case("uid and code deleted", put(patch_uid=None, row_code=None), UNKNOWN),
    Case("uid deleted, code of another row", put(patch_uid=None, row_code=CODES[3]), UNKNOWN),
    Case("uid deleted, number mangled", put(patch_uid=None, patch_no="4.3E+17"), UNKNOWN),
    Case("column of uids deleted", drop_uids),
    Case("uid deleted, and the hidden list with it", all_of(put(patch_uid=None), drop_sheets), UNKNOWN),
    # choices (domain 9.3)
    Case("blanks and full width round a choice", put(verdict=" 违法　")),
    Case("choice by its code", put(verdict="illegal", verdict_sub="illegal.unreported")),
    Case("choice in English", put(verdict="Unlawful", verdict_sub="used before applying for approval")),
    Case("choice with another joint", put(verdict_sub="违法/未报即用")),
    Case("word of one's own", put(verdict="属实"), but(verdict=None), ((Doubt.NOT_A_CHOICE, "H5"),)),
    Case("kind of case as verdict", put(verdict="未报即用"), but(verdict=None), ((Doubt.NOT_A_CHOICE, "H5"),)),
    Case(
        "kind of case of another verdict",
        put(verdict="合法"),
        but(verdict=None, verdict_sub=None),
        ((Doubt.NOT_A_CHOICE, "I5"),),
    ),
    Case("struck out cells", put(used="/", used_farmland="—"), but(used=None, used_farmland=None)),
    # dates (F3)
    Case("date as a date", put(checked_on=datetime(2026, 11, 21, 9, 30)), but(checked_on="2026-11-21")),
    Case("date as a serial number", put(checked_on=46347), but(checked_on="2026-11-21")),
    Case("date in Chinese", put(checked_on="2026年11月21日"), but(checked_on="2026-11-21")),
    Case("date with strokes", put(checked_on="2026/11/21"), but(checked_on="2026-11-21")),
    Case("date in eight digits", put(checked_on="20261121"), but(checked_on="2026-11-21")),
    Case("date in full width", put(checked_on="２０２６．１１．２１"), but(checked_on="2026-11-21")),
    Case("day or month", put(checked_on="5/3/2026"), doubts=((Doubt.NOT_A_DATE, "Q5"),)),
    Case("date without a year", put(checked_on="11-23"), doubts=((Doubt.NOT_A_DATE, "Q5"),)),
    Case("date out of the century", put(checked_on=date(1926, 11, 21)), doubts=((Doubt.OUT_OF_LIMITS, "Q5"),)),
    Case("serial number from 1904", all_of(put(checked_on=44885), count_from_1904), but(checked_on="2026-11-21")),
    Case("eight digits from 1904", all_of(put(checked_on=20261121), count_from_1904), but(checked_on="2026-11-21")),
    # numbers
    Case("unit typed in", put(used="12.5亩", used_farmland="2 亩")),
    Case("full-width digits", put(used="１２．５")),
    Case("thousands with a comma", put(used="1,234.5"), but(used="1234.5")),
    Case("another unit", put(used="1公顷"), but(used=None), ((Doubt.NOT_A_NUMBER, "L5"),)),
    Case("number in words", put(used="约十二亩"), but(used=None), ((Doubt.NOT_A_NUMBER, "L5"),)),
    Case("below the limit", put(used=-1), but(used=None), ((Doubt.OUT_OF_LIMITS, "L5"),)),
    Case("part above its whole", put(used_farmland=99), but(used_farmland=None), ((Doubt.OUT_OF_LIMITS, "M5"),)),
    Case("text too long", put(checker="李" * 41), but(checker="李" * 41), ((Doubt.TOO_LONG, "P5"),)),
    Case("text like a formula", put(finding_remark="=1+1"), but(finding_remark="=1+1")),
    Case("broken text", put(finding_remark=" a‮b\r\nc\t "), but(finding_remark="ab\nc")),
    # cells (F4)
    Case("formula without a result", formula("used", "=6+6.5"), but(used=None), ((Doubt.FORMULA, "L5"),)),
    Case("merged uids", merge("S5:S6"), {("", "1"): SAID}, ((Doubt.MERGED_ID, "S5"),)),
    Case("merged row codes", merge("R5:R6"), {("", "1"): SAID}, ((Doubt.MERGED_ID, "R5"),)),
    Case("merged numbers", merge("B5:B6"), doubts=((Doubt.MERGED_ID, "B5"),)),
    Case("merged verdicts", merge("H5:H6"), {
        (uid(1), "1"): SAID, (uid(2), "1"): {key: value for key, value in SAID.items() if key != "verdict"},
    }, ((Doubt.MERGED_ID, "H5"),)),
    Case("merged cells below the table", merge("A20:D21")),
    Case("hidden row with answers", hide(TWO), doubts=((Doubt.HIDDEN_ROW, "B6"),)),
    Case("hidden row without answers", hide(THREE)),
    # rows (F6)
    Case("row deleted", delete_rows(ONE), {(uid(2), "1"): SAID}),
    Case("rows of titles deleted", delete_rows(1, 3)),
    Case("rows above the headings", insert_rows(1, 5)),
    Case("blank rows between", insert_rows(TWO, 3)),
    Case("sum below the table", put(9, row_no="合计", used=25.0)),
    Case("sum row that answers", put(9, row_no="合计", verdict="违法", used=25.0),
         {**but(), ("", "1"): {"verdict": "illegal", "used": "25"}}),
    Case("headings repeated with an answer", all_of(insert_rows(TWO), copy(4, TWO, verdict="违法", **BLANK)), {
        **but(), ("", "1"): {
            "verdict": "illegal", "finding_remark": "判定依据、备注", "photos": "照片", "checker": "核查人"},
    }, tuple((code, f"{letter}6") for code, letters in (
        (Doubt.NOT_A_CHOICE, "IJK"), (Doubt.NOT_A_NUMBER, "LM"), (Doubt.NOT_A_DATE, "Q")) for letter in letters)),
    Case("signature below the table", put(12, row_no="填表人：王五")),
    Case("headings repeated", all_of(insert_rows(TWO), copy(4, TWO))),
    Case("row without identity below the table", put(9, verdict="违法"), {**but(), ("", "1"): {"verdict": "illegal"}}),
    Case("uids sorted without the others", swap_uids, {(uid(2), "1"): SAID, (uid(1), "1"): SAID}),
    # parcels
    Case("row copied directly below", all_of(insert_rows(TWO), copy(ONE, TWO, **LEGAL)), TWO_PARCELS),
    Case("copy with the number alone", all_of(
        insert_rows(TWO), copy(ONE, TWO, **LEGAL, patch_uid=None, row_code=None)), TWO_PARCELS),
    Case("parcels numbered in a column", parcel_column, TWO_PARCELS),
    Case("blank row filled in below", all_of(insert_rows(TWO), put(TWO, verdict="合法")), {
        **but(), ("", "1"): {"verdict": "legal"}}),
    # columns
    Case("heading on one line", rename("used", "实际用地(亩)")),
    Case("heading without its unit", rename("used", " 实际 用地 ")),
    Case("heading in English", all_of(rename("verdict", "Verdict"), rename("used", "Area used (mu)"))),
    Case("heading with another unit", rename("used", "实际用地（公顷）"), {
        key: {name: value for name, value in SAID.items() if name != "used"} for key in but()
    }, ((Doubt.UNKNOWN_COLUMN, "L4"),)),
    Case("heading renamed", rename("checker", "核查人员"), {
        key: {name: value for name, value in SAID.items() if name != "checker"} for key in but()
    }, ((Doubt.UNKNOWN_COLUMN, "P4"),)),
    Case("column put in", new_column, doubts=((Doubt.UNKNOWN_COLUMN, "I4"),)),
    Case("heading twice", second_verdict, doubts=((Doubt.UNKNOWN_COLUMN, "Z4"),)),
    # sheets (F8, F9)
    Case("sheet renamed", lambda sheet: setattr(sheet.sheet, "title", "Sheet1")),
    Case("hidden sheets deleted", drop_sheets),
]  # fmt: skip


@pytest.fixture
def damaged(checklist: Callable[[str], Path], tmp_path: Path) -> Callable[[Damage], ReturnedFile]:
    def done(damage: Damage) -> ReturnedFile:
        sheet = Sheet(checklist("cn"), terms())
        sheet.put(ONE, **GOOD)
        sheet.put(TWO, **GOOD)
        damage(sheet)
        (found,) = read(sheet.save(tmp_path / "d.xlsx"), tmp_path / "s")
        return found

    return done


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_damage(damaged: Callable[[Damage], ReturnedFile], case: Case) -> None:
    found = damaged(case.damage)
    assert {(row.patch_uid, row.part): dict(row.said) for row in found.rows} == case.said
    assert [(one.code, one.place.rpartition("!")[2]) for one in found.remarks] == list(case.doubts)
    assert len({row.place for row in found.rows}) == len(found.rows)
    assert found.campaign == "2025Q3"
    by = terms()
    for language in languages():
        words = remark_words(by.form, replace(by.facts, language=language))
        assert all(words(one) for one in found.remarks)


def test_rows_sorted_apart_keep_the_codes_that_show_it(damaged: Callable[[Damage], ReturnedFile]) -> None:
    codes = {row.patch_uid: row.row_code for row in damaged(swap_uids).rows}
    assert codes == {uid(2): CODES[1], uid(1): CODES[2]}


@pytest.mark.parametrize(
    "left",
    [("patch_uid", "row_code"), ("patch_uid", "row_code", "patch_no"), ("patch_uid", "row_code", "patch_no", "row_no")],
)
def test_rows_sorted_without_their_ids_are_nobodys(
    damaged: Callable[[Damage], ReturnedFile], left: tuple[str, ...]
) -> None:
    rows = damaged(sort_apart(*left)).rows
    assert {row.patch_uid for row in rows} == {uid(2), uid(3)}
    columns = {name: [getattr(one, name) for one in PIECES] for name in COLUMNS}
    pieces = all_sent(sent_rows(columns, np.array([one.geometry for one in PIECES], object), "mu"))
    found = merging.merge(pieces, [replace(damaged(sort_apart(*left)), remarks=())], terms().form, CAMPAIGN, ())
    assert [one.code for one in found.unmatched] == [Doubt.ROW_CODE] * 2
    assert {one.state for one in found.findings} == {"open"}


COLUMNS = ("patch_uid", "county_code", "county_name", "patch_no", "seq", "area_m2", "asked", "lon_deg", "lat_deg")


def test_a_row_drawn_down_over_another_is_no_parcel(damaged: Callable[[Damage], ReturnedFile]) -> None:
    found = damaged(copy(ONE, TWO, **LEGAL))
    assert [(row.patch_uid, row.part) for row in found.rows] == [(uid(1), "1"), (uid(1), "1")]


def test_a_repeated_row_elsewhere_is_no_parcel(damaged: Callable[[Damage], ReturnedFile]) -> None:
    found = damaged(copy(ONE, 12, **LEGAL))
    assert [(row.patch_uid, row.part) for row in found.rows] == [(uid(1), "1"), (uid(2), "1"), (uid(1), "1")]


def test_a_repeated_row_without_the_list_is_no_parcel(damaged: Callable[[Damage], ReturnedFile]) -> None:
    found = damaged(all_of(insert_rows(TWO), copy(ONE, TWO, **LEGAL), drop_sheets))
    assert [(row.patch_uid, row.part) for row in found.rows] == [(uid(1), "1"), (uid(1), "1"), (uid(2), "1")]


def test_three_parcels_are_counted(damaged: Callable[[Damage], ReturnedFile]) -> None:
    found = damaged(all_of(insert_rows(TWO, 2), copy(ONE, TWO, **LEGAL), copy(ONE, THREE, used=1, used_farmland=0)))
    assert [(row.patch_uid, row.part) for row in found.rows] == [
        *((uid(1), str(at)) for at in (1, 2, 3)),
        (uid(2), "1"),
    ]


def test_a_mangled_number_is_not_compared(damaged: Callable[[Damage], ReturnedFile]) -> None:
    for written in (429901202500000001, "4.29901E+17", 4.29901e17):
        assert "patch_no" not in damaged(put(patch_no=written)).rows[0].given
    assert damaged(put(patch_no=f" {number(1)}　")).rows[0].given["patch_no"] == number(1)


def test_a_hidden_copy_of_the_sheet_is_read_and_said(damaged: Callable[[Damage], ReturnedFile]) -> None:
    found = damaged(copy_sheet)
    assert len(found.rows) == 4
    assert [(one.code, one.place) for one in found.remarks] == [(Doubt.HIDDEN_ROW, "d.xlsx!核查表 (2)!B5")]
    assert found.remarks[0].facts == {"rows": "5–6", "count": "2"}


@pytest.mark.parametrize(
    ("key", "value", "campaign", "form"),
    [
        ("campaign", "2024Q3", "2024Q3", "verification_cn@1"),
        ("form_version", "0", "2025Q3", "verification_cn@0"),
        ("form", "other", "2025Q3", "other@1"),
    ],
)
def test_what_is_of_another_campaign_or_form_says_so(
    damaged: Callable[[Damage], ReturnedFile], key: str, value: str, campaign: str, form: str
) -> None:
    """Also where only one of hidden sheet, properties and head says so: mixtures are refused."""

    def alter(sheet: Sheet) -> None:
        for row in sheet.book["_meta"].iter_rows(max_row=8):
            if row[0].value == key:
                row[1].value = value

    found = damaged(alter)
    assert (found.campaign, found.form) == (campaign, form)


def test_ids_tell_the_campaign_where_nothing_else_does(damaged: Callable[[Damage], ReturnedFile]) -> None:
    def bare(sheet: Sheet) -> None:
        drop_sheets(sheet)
        sheet.sheet.delete_rows(1, 3)
        for name in [one.name for one in sheet.book.custom_doc_props.props]:
            del sheet.book.custom_doc_props[name]

    found = damaged(bare)
    assert (found.campaign, found.county_code, found.form) == ("2025Q3", "", "")


def _with_results(path: Path, results: Mapping[str, str]) -> Path:
    """The workbook with results kept beside its formulas, as Excel writes them (openpyxl keeps none)."""
    target = path.with_name("kept.xlsx")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for one in old.infolist():
            data = old.read(one)
            if one.filename == "xl/worksheets/sheet1.xml":
                for cell, said in results.items():
                    pattern = rf'(<c r="{cell}"[^>]*>)(<f>[^<]*</f>)<v ?/?>(</v>)?'.encode()
                    data, count = re.subn(pattern, rb"\g<1>\g<2><v>" + said.encode() + b"</v>", data)
                    assert count == 1
            new.writestr(one, data)
    return target


def test_a_formula_with_its_result_is_taken_and_said(checklist: Callable[[str], Path], tmp_path: Path) -> None:
    sheet = Sheet(checklist("cn"), terms())
    for row in (ONE, TWO, FOUR):
        sheet.put(row, **GOOD)
        sheet.cell(row, "used").value = f"=6+{row}"
    path = _with_results(sheet.save(tmp_path / "d.xlsx"), {"L5": "11", "L6": "12", "L8": "14"})
    (found,) = read(path, tmp_path / "s")
    assert [row.said["used"] for row in found.rows] == ["11", "12", "14"]
    assert [(one.code, one.place) for one in found.remarks] == [(Doubt.FORMULA, "kept.xlsx!核查表!L5")]
    assert found.remarks[0].facts == {"field": "实际用地（亩）", "cells": "L5:L6, L8", "said": "11"}


def test_a_workbook_with_macros_is_read_as_any(checklist: Callable[[str], Path], tmp_path: Path) -> None:
    sheet = Sheet(checklist("cn"), terms())
    sheet.put(ONE, **GOOD)
    path = sheet.save(tmp_path / "d.xlsx").rename(tmp_path / "d.xlsm")
    with zipfile.ZipFile(path, "a") as parts:
        parts.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0 not looked at")
    assert [dict(row.said) for row in read(path, tmp_path / "s")[0].rows] == [SAID]


def test_comments_on_cells_are_told(damaged: Callable[[Damage], ReturnedFile]) -> None:
    def comment(sheet: Sheet) -> None:
        sheet.cell(ONE, "verdict").comment = Comment("村里说是合法的", "李明")

    found = damaged(comment)
    (told,) = found.remarks
    assert (told.code, told.place, dict(told.facts)) == (Doubt.COMMENTS, "d.xlsx", {"count": "1", "cells": " (H5)"})
    assert len(found.rows) == 2


def test_visible_cells_pasted_into_a_new_workbook_have_no_identity(
    checklist: Callable[[str], Path], tmp_path: Path
) -> None:
    sheet = Sheet(checklist("cn"), terms())
    sheet.put(ONE, **GOOD)
    book = openpyxl.Workbook()
    for row in sheet.sheet.iter_rows(min_row=4, max_col=17, values_only=True):
        book.active.append(row)
    book.save(tmp_path / "new.xlsx")
    (found,) = read(tmp_path / "new.xlsx", tmp_path / "s")
    assert [(row.patch_uid, dict(row.said), row.given["patch_no"]) for row in found.rows] == [("", SAID, number(1))]


@pytest.mark.parametrize(
    ("separator", "encoding"),
    [(",", "gb18030"), (";", "utf-8-sig"), ("\t", "utf-16"), ("\t", "utf-8"), ("，", "utf-8")],
)
def test_csv_of_any_separator(tmp_path: Path, separator: str, encoding: str) -> None:
    rows = [
        ["图斑编号", "核查结论", "实际用地（亩）", "校验码", "图斑唯一码"],
        [f'="{number(1)}"', "违法", "3.5", CODES[1], uid(1)],
    ]
    text = "\r\n".join(separator.join(row) for row in rows)
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    (found,) = read(tmp_path / "t.csv", tmp_path / "s")
    (row,) = found.rows
    assert (row.patch_uid, dict(row.said)) == (uid(1), {"verdict": "illegal", "used": "3.5"})
    assert row.place == "t.csv!A2"


def test_an_error_left_by_a_formula_is_no_answer(tmp_path: Path) -> None:
    text = f"patch_uid,verdict,finding_remark,used\n{uid(1)},illegal,#REF!,#N/A\n"
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    (found,) = read(tmp_path / "t.csv", tmp_path / "s")
    assert dict(found.rows[0].said) == {"verdict": "illegal"}
    assert [(one.code, one.place) for one in found.remarks] == [
        (Doubt.FORMULA, "t.csv!D2"),
        (Doubt.FORMULA, "t.csv!C2"),
    ]
