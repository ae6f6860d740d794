"""`reports/rollup.xlsx`: counties, cities and province with their sums; kinds of case; what waits for a person.

Plain numbers, rounded once and half up; no formulas, so that every program shows the same. The same values give the
same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, time
from decimal import Decimal
from itertools import groupby
from pathlib import Path

import xlsxwriter
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from pipeline.amounts import rounded
from pipeline.boundary_changes import CountyChange
from pipeline.forms.cells import half_widths, pixels, put
from pipeline.forms.cleaning import clean_text
from pipeline.publish import private
from pipeline.rollup.boundary import change_cells, change_heads
from pipeline.rollup.columns import AREA_DECIMALS, Cell, Column, Plan, columns, left_out
from pipeline.rollup.disputes import Dispute, Stray
from pipeline.rollup.kinds import KindRow, kind_rows, said_keys, share_of
from pipeline.rollup.levels import ALL, CITY, COUNTY, Unit
from pipeline.rollup.looks import Looks, set_print

_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
HEAD_ROWS = 4  # title, unit note, bands, headings
_WIDTHS_MM = {"level": 8, "code": 13, "name": 22, "flag": 20, "count": 9.5, "area": 14.5, "share": 12.5, "check": 8}
_WIDEST_NAME_MM, _SIGN_MM, _LINE_PT = 36, 1.75, 12.5
_OUTLINE = {"city": 1, "county": 2}
_DOUBTS_MM = (24, 15, 24, 24, 44, 36, 44, 44, 84)
_CHANGES_MM = (17, 30, 24, 30, 34, 15, 15, 22, 15, 22, 24, 20)
DASH = "—"


def write_rollup(
    target: Path,
    plan: Plan,
    rows: Sequence[Unit],
    disputes: Sequence[Dispute],
    strays: Sequence[Stray],
    changes: Sequence[CountyChange] = (),
) -> None:
    """Publish the workbook.

    Args:
        rows: As `levels.units` gives them, all together last.
        disputes: Pieces with answers that disagree.
        strays: Returned rows that were not taken.
        changes: Counties that a county layer of another date would change; a sheet of their own where there are any.
    """
    with private(target) as path:
        book = xlsxwriter.Workbook(str(path), _OPTIONS)
        try:
            _describe(book, plan)
            looks = Looks(book, plan.words)
            _write_units(book.add_worksheet(plan.words["rollup.sheet.units"]), looks, plan, rows)
            _write_kinds(book.add_worksheet(plan.words["rollup.sheet.kinds"]), looks, plan, rows)
            _write_doubts(book.add_worksheet(plan.words["rollup.sheet.doubts"]), looks, plan, disputes, strays)
            if changes:
                _write_changes(book.add_worksheet(plan.words["rollup.sheet.changes"]), looks, plan, changes)
        finally:
            book.close()


def _describe(book: Workbook, plan: Plan) -> None:
    made = datetime.combine(plan.facts.map_date, time()) if plan.facts.map_date else datetime(2000, 1, 1)
    unit = clean_text(plan.facts.office.unit)
    book.set_properties({"title": _title(plan, "units"), "company": unit, "created": made})


def _title(plan: Plan, sheet: str) -> str:
    return clean_text(plan.words.say(f"rollup.title.{sheet}", campaign=plan.facts.title))


def _write_head(sheet: Worksheet, looks: Looks, plan: Plan, name: str, last: int) -> None:
    """Title, and below it office and batch on the left, the units of all numbers on the right."""
    put(sheet, 0, 0, _title(plan, name), looks.title())
    sheet.set_row(0, 26)
    told = [plan.facts.office.unit, plan.words.say("form.batch", campaign=plan.facts.id)]
    put(sheet, 1, 0, clean_text("    ".join(one for one in told if one)), looks.plain())
    unit = plan.words.say("rollup.unit_note", unit=plan.words[f"unit.{plan.facts.area_unit}"])
    put(sheet, 1, last, unit, looks.plain(align="right"))
    set_print(sheet, HEAD_ROWS, plan.words, _title(plan, name))


def _write_units(sheet: Worksheet, looks: Looks, plan: Plan, rows: Sequence[Unit]) -> None:
    shown = columns(plan, rows)
    last = len(shown) - 1
    _write_head(sheet, looks, plan, "units", last)
    _write_bands(sheet, looks, shown)
    for at, one in enumerate(rows, HEAD_ROWS):
        _write_unit(sheet, looks, at, shown, one)
    for at, column in enumerate(shown):
        sheet.set_column_pixels(at, at, pixels(_width_mm(column, rows)))
    sheet.freeze_panes(HEAD_ROWS, 3)
    sheet.outline_settings(symbols_below=False)
    if len(rows) > 1:
        sheet.autofilter(HEAD_ROWS - 1, 0, HEAD_ROWS + len(rows) - 2, last)
    _write_notes(sheet, looks, plan, HEAD_ROWS + len(rows) + 1)


def _width_mm(one: Column, rows: Sequence[Unit]) -> float:
    """Room for the longest name, and for headings broken into lines."""
    width = float(_WIDTHS_MM[one.kind])
    if one.kind == "name":
        longest = max(half_widths(row.name) for row in rows)
        return min(max(width, _SIGN_MM * longest + 3), _WIDEST_NAME_MM)
    if one.kind == "level":
        return max(width, _SIGN_MM * max(half_widths(str(one.value(row))) for row in rows) + 2)
    return max(width, _SIGN_MM * max(_unbroken(word) for word in one.heading.split()) + 3)


def _unbroken(word: str) -> float:
    """Half-widths of a heading that stay on one line: a Latin word whole, two hanzi of a Chinese one."""
    return min(half_widths(word), 4.0) if any(ord(sign) > 0x2E7F for sign in word) else half_widths(word)


def _write_bands(sheet: Worksheet, looks: Looks, shown: Sequence[Column]) -> None:
    """The band of each group of columns above their headings; a band of one column is written without a merge."""
    at = 0
    for (band, colour), group in groupby(shown, lambda one: (one.band, one.colour)):
        width = len(list(group))
        look = looks.head(colour, True)
        if width > 1:
            sheet.merge_range(HEAD_ROWS - 2, at, HEAD_ROWS - 2, at + width - 1, band, look)
        else:
            put(sheet, HEAD_ROWS - 2, at, band, look)
        at += width
    for column, one in enumerate(shown):
        put(sheet, HEAD_ROWS - 1, column, one.heading, looks.head("", _begins(shown, column)))
    sheet.set_row(HEAD_ROWS - 2, 18)
    sheet.set_row(HEAD_ROWS - 1, 40)


def _begins(shown: Sequence[Column], at: int) -> bool:
    return at == 0 or shown[at].band != shown[at - 1].band


def _write_unit(sheet: Worksheet, looks: Looks, at: int, shown: Sequence[Column], one: Unit) -> None:
    sheet.set_row(at, 15, None, {"level": _OUTLINE.get(one.level, 0)})
    for column, each in enumerate(shown):
        value = each.value(one)
        wrong = each.kind == "check" and bool(value)
        put(sheet, at, column, _plain(value), looks.cell(each.kind, one.level, _begins(shown, column), wrong))


def _plain(value: Cell) -> str | float:
    """A cell as a spreadsheet takes it; a dash where there is no such figure."""
    if value is None:
        return DASH
    return clean_text(value) if isinstance(value, str) else float(value)


def _write_notes(sheet: Worksheet, looks: Looks, plan: Plan, at: int) -> None:
    """What the figures mean, below the table."""
    notes = [plan.words["rollup.note.area"], plan.words["rollup.note.parcels"], plan.words["rollup.note.rounding"]]
    if any(one.code == "illegal" for one in plan.form.verdict.choices):
        notes.insert(2, plan.words["rollup.note.ratio"])
    missing = left_out(plan)
    if missing:
        names = plan.words["rollup.list_separator"].join(missing)
        notes.append(plan.words.say("rollup.note.left_out", names=names))
    for row, note in enumerate(notes, at):
        put(sheet, row, 0, note, looks.plain())


def _write_kinds(sheet: Worksheet, looks: Looks, plan: Plan, rows: Sequence[Unit]) -> None:
    keys = said_keys(plan)
    names = ["level", "code", "name", "verdict", "kind", "pieces", "area"]
    heads = [*(plan.words[f"rollup.column.{one}"] for one in names), *(plan.heading(key) for key in keys)]
    heads.append(plan.words["rollup.column.of_answered"])
    _write_head(sheet, looks, plan, "kinds", len(heads) - 1)
    _write_heads(sheet, looks, heads)
    found = kind_rows(plan, rows)
    for at, one in enumerate(found, HEAD_ROWS):
        _write_kind(sheet, looks, plan, at, one, keys)
    for at, width in enumerate([13, 17, 34, 26, 50, 15, 24, *(24 for _ in keys), 22]):
        sheet.set_column_pixels(at, at, pixels(width))
    sheet.freeze_panes(HEAD_ROWS, 3)
    if found:
        sheet.autofilter(HEAD_ROWS - 1, 0, HEAD_ROWS + len(found) - 1, len(heads) - 1)
    else:
        put(sheet, HEAD_ROWS, 0, plan.words["rollup.nothing_answered"], looks.plain())


def _write_heads(sheet: Worksheet, looks: Looks, heads: Sequence[str]) -> None:
    sheet.set_row(HEAD_ROWS - 2, 4)
    sheet.set_row(HEAD_ROWS - 1, 30)
    for column, words in enumerate(heads):
        put(sheet, HEAD_ROWS - 1, column, words, looks.head())


def _write_kind(sheet: Worksheet, looks: Looks, plan: Plan, at: int, one: KindRow, keys: Sequence[str]) -> None:
    labels = {choice.code: choice.label[plan.words.language] for field in plan.form.fields for choice in field.choices}
    level = ALL if one.is_sum and one.unit.level == ALL else CITY if one.is_sum else COUNTY
    kind = "" if one.is_sum else labels.get(one.kind, one.kind) or plan.words["rollup.no_kind"]
    verdict = plan.words["rollup.all"] if one.is_sum else labels.get(one.verdict, one.verdict)
    cells: list[tuple[str, Cell]] = [
        ("level", plan.words[f"rollup.level.{one.unit.level}"]),
        ("code", one.unit.code),
        ("name", one.unit.name),
        ("name", verdict),
        ("name", kind),
        ("count", one.tally.pieces),
        ("area", plan.area(one.tally.area_m2)),
        *(("area", _said(one, key)) for key in keys),
        ("share", share_of(one)),
    ]
    for column, (look, value) in enumerate(cells):
        put(sheet, at, column, _plain(value), looks.cell(look, level))


def _said(one: KindRow, key: str) -> Decimal | None:
    return rounded(one.tally.said[key], AREA_DECIMALS) if key in one.tally.said else None


def _write_doubts(
    sheet: Worksheet, looks: Looks, plan: Plan, disputes: Sequence[Dispute], strays: Sequence[Stray]
) -> None:
    words = plan.words
    names = ("matter", "code", "name", "patch_no", "id", "file", "place", "said", "to_do")
    _write_head(sheet, looks, plan, "doubts", len(names) - 1)
    _write_heads(sheet, looks, [words[f"rollup.column.{one}"] for one in names])
    found = [*_dispute_rows(plan, disputes), *_stray_rows(plan, strays)]
    for at, cells in enumerate(found, HEAD_ROWS):
        sheet.set_row(at, _LINE_PT * max(_lines(value, _DOUBTS_MM[column]) for column, value in enumerate(cells)) + 4)
        for column, value in enumerate(cells):
            put(sheet, at, column, clean_text(value), looks.cell("words"))
    for at, width in enumerate(_DOUBTS_MM):
        sheet.set_column_pixels(at, at, pixels(width))
    sheet.freeze_panes(HEAD_ROWS, 0)
    if found:
        sheet.autofilter(HEAD_ROWS - 1, 0, HEAD_ROWS + len(found) - 1, len(names) - 1)
    else:
        put(sheet, HEAD_ROWS, 0, words["rollup.nothing_waits"], looks.plain())


def _write_changes(sheet: Worksheet, looks: Looks, plan: Plan, changes: Sequence[CountyChange]) -> None:
    heads, rows = change_heads(plan), change_cells(plan, changes)
    _write_head(sheet, looks, plan, "changes", len(heads) - 1)
    _write_heads(sheet, looks, heads)
    for at, cells in enumerate(rows, HEAD_ROWS):
        level = ALL if at == HEAD_ROWS + len(changes) else COUNTY
        for column, (look, value) in enumerate(cells):
            put(sheet, at, column, _plain(value), looks.cell(look, level))
    for at, width in enumerate(_CHANGES_MM):
        sheet.set_column_pixels(at, at, pixels(width))
    sheet.freeze_panes(HEAD_ROWS, 0)
    sheet.autofilter(HEAD_ROWS - 1, 0, HEAD_ROWS + len(changes) - 1, len(heads) - 1)
    put(sheet, HEAD_ROWS + len(rows) + 1, 0, plan.words["rollup.note.changes"], looks.plain())


def _lines(words: str, width_mm: float) -> int:
    """Lines that words take in a cell, on the safe side: programs break them differently."""
    return max(1, math.ceil(1.15 * _SIGN_MM * half_widths(clean_text(words)) / (width_mm - 3)))


def _dispute_rows(plan: Plan, disputes: Sequence[Dispute]) -> list[tuple[str, ...]]:
    matter = plan.words["rollup.matter.conflict"]
    return [
        (matter, one.county_code, one.county_name, one.patch_no, one.id, each.file, each.place, each.said,
         to_do(plan, one, each.named))
        for one in disputes
        for each in one.answers
    ]  # fmt: skip


def to_do(plan: Plan, one: Dispute, named: str) -> str:
    """What to write into decisions.csv for an answer to count, or why that cannot be done."""
    if one.one_file:
        return plan.words.say("rollup.do.one_file", file=named)
    return plan.words.say("rollup.do.take", id=one.id, file=named)


def _stray_rows(plan: Plan, strays: Sequence[Stray]) -> list[tuple[str, ...]]:
    return [
        (_reason(plan, "reason", one), one.county_code, one.county_name, "", one.patch_uid, one.file, one.place,
         one.said, _reason(plan, "do", one))
        for one in strays
    ]  # fmt: skip


def _reason(plan: Plan, table: str, one: Stray) -> str:
    """The words of a reason, or its code where a later version wrote it."""
    key = f"rollup.{table}.{one.reason.lower()}"
    known = key if key in plan.words else f"rollup.{table}.other"
    return plan.words.say(known, code=one.reason)
