"""From a table to returned rows: one way for workbooks, CSV files and GeoPackages."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.collect.answers import answers
from pipeline.collect.grid import Grid, Span
from pipeline.collect.headings import BASE, CODE, COUNTY, KNOWN, NUMBER, PART, SEAM, UID, Columns, nearest_heading
from pipeline.collect.identities import Listed, Named, centre_of, code_of, identified, number_of, sign_of, uid_of
from pipeline.collect.returned import Doubt, Remark, ReturnedRow
from pipeline.collect.spelling import Raw, folded, plain, said_text, shown
from pipeline.collect.values import Terms
from pipeline.forms.table import EXTRA

_SUM = re.compile(r"[-+]?[\d.,\s]+[^\d]{0,4}$")
_SUMS = ("合计", "总计", "小计", "total", "sum", "subtotal")
_IDENTITY = (UID, CODE, COUNTY, PART, NUMBER)


@dataclass(frozen=True)
class Table:
    """A table whose columns are known, its rows of data, and the questions it has columns for."""

    grid: Grid
    columns: Columns
    rows: tuple[int, ...]  # those that say anything
    asked: tuple[str, ...]

    def raw(self, row: int, key: str) -> Raw:
        """A cell by its column's key."""
        column = self.columns.keys.get(key)
        cells = self.grid.rows[row]
        return cells[column] if column is not None and column < len(cells) else None

    def place(self, row: int, key: str = "") -> str:
        """Where the cell of a key is; the row itself is named by its patch number's cell."""
        keys = self.columns.keys
        column = keys.get(key, keys.get(NUMBER, keys.get(UID, 0)))
        return self.grid.place(row, column, key)


def table_of(grid: Grid, columns: Columns, terms: Terms) -> Table:
    """The rows below the headings that say anything; sums and repeated headings are none, unless they answer."""
    fields = {one.key: one for one in terms.form.fields}
    asked = tuple(key for key in columns.keys if key in fields and fields[key].by == "officer" and key != PART)
    table = Table(grid, columns, (), asked)
    data = range(columns.head + 1, len(grid.rows))
    return replace(table, rows=tuple(row for row in data if _says(table, row)))


def _says(table: Table, row: int) -> bool:
    keys = [key for key in table.columns.keys if key != KNOWN]
    if not any(said_text(table.raw(row, key)) for key in keys):
        return False
    first = {folded(said_text(table.raw(row, key))) for key in ("row_no", NUMBER)}
    if first & set(_SUMS):
        return any(folded(cell) and not _is_sum(cell) for cell in _said(table, row))
    head = folded(said_text(table.raw(table.columns.head, NUMBER)))
    return not (head and head in first) or _said(table, row) != _said(table, table.columns.head)


def _said(table: Table, row: int) -> list[str]:
    """What a row says to the questions."""
    return [said_text(table.raw(row, key)) for key in table.asked]


def _is_sum(cell: str) -> bool:
    """Whether a cell can be a sum or a count: a number, with a unit or not."""
    return bool(_SUM.match(plain(cell)))


def read_table(table: Table, listed: Sequence[Listed], terms: Terms) -> tuple[list[ReturnedRow], list[Remark]]:
    """The rows of a table that say anything, and all remarks on it, in order of the rows."""
    merged = [one for one in table.grid.marks.merged if _touches(table, one)]
    blocked = {row for one in merged if _over_ids(table, one) for row in _rows_in(table, one)}
    parted = _parted(table, terms)
    named = [_named(table, row, row in blocked, row in parted) for row in table.rows]
    rows: list[ReturnedRow] = []
    remarks: list[Remark] = []
    for row, one, (uid, part) in zip(table.rows, named, identified(named, listed), strict=True):
        found, doubts = _read_row(table, row, one, uid, part, terms)
        rows += found
        remarks += doubts
    telling = {row for row in table.rows if _answered(table, row)}
    remarks += _marked(table, merged, telling)
    remarks += _strange(table, terms)
    return rows, remarks


def _parted(table: Table, terms: Terms) -> set[int]:
    """The rows whose long columns are another row's: one of both parts was sorted, and there is an answer in it."""
    if SEAM not in table.columns.keys:
        return set()
    long = [one.key for one in terms.form.long if one.key in table.asked]
    codes = {row: (code_of(table.raw(row, CODE)), code_of(table.raw(row, SEAM))) for row in table.rows}
    apart = {row: both for row, both in codes.items() if all(both) and both[0] != both[1]}
    telling = {row for row in apart if any(said_text(table.raw(row, key)) for key in long)}
    moved = {apart[row][1] for row in telling}
    return {row for row, (code, _) in apart.items() if row in telling or code in moved}


def _named(table: Table, row: int, blocked: bool, parted: bool) -> Named:
    part = plain(said_text(table.raw(row, PART))).removesuffix(".0")
    uid, code, number = uid_of(table.raw(row, UID)), code_of(table.raw(row, CODE)), number_of(table.raw(row, NUMBER))
    if not (code == EXTRA or sign_of(table.raw(row, UID)).endswith(EXTRA)):
        return Named(uid, code, number, part, blocked, torn=parted)
    torn = parted or code not in ("", EXTRA) or bool(centre_of(table.raw(row, "place")))
    return Named(uid, code.replace(EXTRA, ""), number, part, blocked, not torn, torn)


def _county(table: Table, row: int) -> str:
    """The county a row says, be it beside the sign of a further plot."""
    said, sign = plain(said_text(table.raw(row, COUNTY))), sign_of(table.raw(row, UID))
    return said or (sign.removesuffix(EXTRA) if sign.endswith(EXTRA) else "")


def _answered(table: Table, row: int) -> bool:
    return any(said_text(table.raw(row, key)) for key in table.asked)


def _read_row(
    table: Table, row: int, named: Named, uid: str, part: str, terms: Terms
) -> tuple[list[ReturnedRow], list[Remark]]:
    """A row that says anything, with the remarks on its cells; nothing for one that was left untouched."""
    if not _answered(table, row):
        return [], []
    county = _county(table, row)
    cells = {key: table.raw(row, key) for key in table.asked}
    said, doubts = answers(cells, terms, lambda key: table.place(row, key))
    base = plain(said_text(table.raw(row, BASE)))
    given = _given(table, row, named, uid, terms)
    refused = str(Doubt.ROW_CODE) if named.torn else ""
    alone = named.extra or (bool(uid) and not named.patch_uid and not named.row_code)
    made = ReturnedRow(uid, county, named.row_code, part, said, given, table.place(row), base, refused, by_number=alone)
    return [made], [replace(one, patch_uid=uid, county_code=county) for one in doubts]


def _given(table: Table, row: int, named: Named, uid: str, terms: Terms) -> Mapping[str, str]:
    """The locked cells as they came back; the uid only where it cannot be read."""
    given = {one.key: said_text(table.raw(row, one.key)) for one in terms.form.fields if one.by == "given"}
    given |= {NUMBER: named.patch_no, "centre": centre_of(table.raw(row, "place"))}
    if not uid:
        given[UID] = shown(said_text(table.raw(row, UID)))
    return {key: value for key, value in given.items() if value}


def _rows_in(table: Table, span: Span) -> tuple[int, ...]:
    """The rows of data a span lies over."""
    return table.rows[bisect_left(table.rows, span[0]) : bisect_right(table.rows, span[2])]


def _touches(table: Table, span: Span) -> bool:
    """Whether merged cells lie over data in columns that are read."""
    columns = [at for key, at in table.columns.keys.items() if key in (*_IDENTITY, *table.asked)]
    return any(span[1] <= one <= span[3] for one in columns) and bool(_rows_in(table, span))


def _over_ids(table: Table, span: Span) -> bool:
    columns = [table.columns.keys[key] for key in (UID, CODE) if key in table.columns.keys]
    return span[0] != span[2] and any(span[1] <= one <= span[3] for one in columns)


def _marked(table: Table, merged: Sequence[Span], telling: set[int]) -> Iterator[Remark]:
    """Merged cells, hidden rows and formulas: each named once, with all its cells."""
    grid = table.grid
    for first, left, last, right in merged:
        yield Remark(Doubt.MERGED_ID, grid.place(first, left), facts={"cells": grid.cells(first, left, last, right)})
    hidden = sorted(telling if grid.hidden else telling & grid.marks.hidden_rows)
    if hidden:
        facts = {"rows": _runs(one + 1 for one in hidden), "count": str(len(hidden))}
        yield Remark(Doubt.HIDDEN_ROW, table.place(hidden[0]), facts=facts)
    for key in (*table.asked, *_IDENTITY):
        column = table.columns.keys.get(key, -1)
        cells = [row for row in table.rows if (row, column) in grid.marks.formulas]
        if cells:
            lost = [row for row in cells if not said_text(table.raw(row, key))]
            said = "" if lost else shown(said_text(table.raw(cells[0], key)))
            facts = {"field": _heading(table, key), "cells": _column_cells(grid, cells, column), "said": said}
            yield Remark(Doubt.FORMULA, table.place((lost or cells)[0], key), facts=facts)


def _heading(table: Table, key: str) -> str:
    heading = table.grid.rows[table.columns.head][table.columns.keys[key]]
    return shown("".join(said_text(heading).split("\n")))


def _column_cells(grid: Grid, rows: Sequence[int], column: int) -> str:
    letters = grid.cell(0, column).rstrip("0123456789")
    numbers = _runs(row + 1 for row in rows)
    return ", ".join(":".join(letters + one for one in run.split("–")) for run in numbers.split(", "))


def _runs(numbers: Iterable[int]) -> str:
    """Numbers in order, those that follow one another together: "5, 7–12"."""
    runs: list[list[int]] = []
    for one in numbers:
        if runs and one == runs[-1][1] + 1:
            runs[-1][1] = one
        else:
            runs.append([one, one])
    return ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in runs)


def _strange(table: Table, terms: Terms) -> Iterator[Remark]:
    """Columns that are none of the form's and hold anything."""
    for column, heading in table.columns.strange.items():
        if any(column < len(table.grid.rows[row]) and said_text(table.grid.rows[row][column]) for row in table.rows):
            nearest = nearest_heading(heading, terms)
            facts = {
                "heading": shown(heading),
                "nearest": nearest and terms.words.say("collect.why.meant", field=nearest),
            }
            yield Remark(Doubt.UNKNOWN_COLUMN, table.grid.place(table.columns.head, column, heading), facts=facts)
