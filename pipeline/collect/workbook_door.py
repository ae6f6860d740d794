"""Completed workbooks: xlsx, xlsm, xls, xlsb and ods through one reader; macros are never looked at."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from pipeline.collect.binary_marks import is_locked_xls
from pipeline.collect.evidence import META, of_head, of_values, origin_of, read_meta, returned
from pipeline.collect.grid import Grid, Marks
from pipeline.collect.headings import CODE, UID, Columns, find_columns
from pipeline.collect.mapped import Fit, by_maps, fitting, left
from pipeline.collect.marks import MAX_ROWS, Looked, look
from pipeline.collect.pictures import pictured
from pipeline.collect.returned import Doubt, Remark, ReturnedFile, ReturnedRow
from pipeline.collect.spelling import Raw
from pipeline.collect.tabular import read_table, table_of
from pipeline.collect.unread import Unread
from pipeline.collect.values import Terms
from pipeline.forms.xlsform import SHEETS as XLSFORM

SUFFIXES = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
_LARGEST = 64 << 20
_SHOWN = 12  # cells in one sentence
_DAYS_1904, _NO_DAY = 1462, 100_000
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LOCKED = "EncryptedPackage".encode("utf-16-le")  # the stream in which a locked .xlsx lies


def read_workbook(path: Path, name: str, digest: str, terms: Terms) -> ReturnedFile:
    """What a workbook says; every sheet with a checklist's headings counts, whatever it is called.

    Raises:
        Unread: it cannot be opened safely, or holds no checklist.
    """
    if path.stat().st_size > _LARGEST:
        raise Unread("large")
    data = path.read_bytes()
    looked = _looked(data)
    grids, meta = _sheets(data, name, looked)
    if {one.sheet for one in grids} >= XLSFORM:
        raise Unread("no_table")  # the questions, no answers
    values, listed = read_meta(meta.rows) if meta else ({}, [])
    told = [of_values(values), of_values(looked.properties)]
    fits = {at: fit for at, grid in enumerate(grids) if (fit := fitting(grid, terms))}
    rest = [grid for at, grid in enumerate(grids) if at not in fits]
    found = [(grid, columns) for grid in rest if (columns := find_columns(grid, terms))]
    if fits and not any({UID, CODE} <= set(columns.keys) for _, columns in found):
        mapped = [(_counted(grids[at], fit, looked, terms), fit) for at, fit in fits.items()]
        return by_maps(mapped, name, digest, terms)
    rows: list[ReturnedRow] = []
    remarks = [left(grids[at], fit) for at, fit in fits.items()]
    asked: list[str] = []
    if not found:
        raise Unread("no_table")
    for grid, columns in found:
        told.append(of_head(grid, columns.head))
        counted = _from_1900(grid, columns, terms) if looked.from_1904 else grid
        table = table_of(counted, columns, terms)
        more, doubts = read_table(table, listed, terms)
        asked += table.asked
        rows += more
        remarks += doubts
    if looked.comments:
        remarks.append(_unheard(Doubt.COMMENTS, looked.comments, name))
    if pictures := pictured(grids, looked.pictures):
        remarks.append(_unheard(Doubt.PICTURES, pictures, name))
    return returned("workbook", digest, name, origin_of(told, rows, terms), rows, remarks, asked)


def _unheard(code: Doubt, cells: Sequence[str], name: str) -> Remark:
    """What is said in comments and pictures is no answer, but somebody put it there."""
    named = list(dict.fromkeys(one for one in cells if one))
    told = ", ".join(named[:_SHOWN]) + (" …" if len(named) > _SHOWN else "")
    return Remark(code, name, facts={"count": str(len(cells)), "cells": told and f" ({told})"})


def _counted(grid: Grid, fit: Fit, looked: Looked, terms: Terms) -> Grid:
    """A table of another system with days as we count them."""
    firsts = Columns(fit.head, {key: columns[0] for key, columns in fit.keys.items()})
    return _from_1900(grid, firsts, terms) if looked.from_1904 else grid


def _from_1900(grid: Grid, columns: Columns, terms: Terms) -> Grid:
    """The table with serial numbers of days counted from 1900; cells formatted as dates were understood already."""
    days = {columns.keys[one.key] for one in terms.form.fields if one.type == "date" and one.key in columns.keys}
    rows = [[_day_from_1900(cell) if at in days else cell for at, cell in enumerate(row)] for row in grid.rows]
    return replace(grid, rows=rows)


def _day_from_1900(cell: Raw) -> Raw:
    is_day = isinstance(cell, int | float) and not isinstance(cell, bool) and cell < _NO_DAY
    return cell + _DAYS_1904 if is_day and isinstance(cell, int | float) else cell


def _looked(data: bytes) -> Looked:
    if data.startswith(_ZIP):
        return look(data)
    if not data.startswith(_OLE):
        raise Unread("kind")
    if _LOCKED in data or is_locked_xls(data):
        raise Unread("password")
    return Looked()


def _sheets(data: bytes, name: str, looked: Looked) -> tuple[list[Grid], Grid | None]:
    """The sheets of a workbook, and the hidden one that says what was sent."""
    try:
        grids = list(_grids(data, name, looked))
    except PasswordError as problem:
        raise Unread("password") from problem
    except Unread:
        raise
    except Exception as problem:  # the library's errors have no common class
        raise Unread("damaged") from problem
    except BaseException as problem:  # a panic of its Rust code is not even an Exception
        if isinstance(problem, KeyboardInterrupt | SystemExit):
            raise
        raise Unread("damaged") from problem
    meta = next((one for one in grids if one.sheet == META), None)
    return [one for one in grids if one is not meta], meta


def _grids(data: bytes, name: str, looked: Looked) -> Iterator[Grid]:
    with CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
        for at, about in enumerate(book.sheets_metadata):
            if about.typ != SheetTypeEnum.WorkSheet:
                continue
            sheet = book.get_sheet_by_index(at)
            if sheet.end and sheet.end[0] >= MAX_ROWS:
                raise Unread("far", row=str(sheet.end[0] + 1), column=str(sheet.end[1] + 1))
            rows: list[list[Any]] = sheet.to_python(skip_empty_area=False)
            marks = looked.marks.get(about.name) or Marks(merged=_merged(sheet.merged_cell_ranges))
            yield Grid(name, about.name, rows, about.visible != SheetVisibleEnum.Visible, marks)


def _merged(ranges: list[tuple[tuple[int, int], tuple[int, int]]] | None) -> tuple[tuple[int, int, int, int], ...]:
    return tuple((*first, *last) for first, last in ranges or ())
