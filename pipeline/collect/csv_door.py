"""Completed checklists saved as CSV: UTF-8 or GB18030, both strict; guessing at encodings takes Chinese for Korean."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.collect.evidence import of_head, origin_of, returned
from pipeline.collect.grid import Grid
from pipeline.collect.headings import HEAD_WITHIN, Columns, find_columns
from pipeline.collect.mapped import Fit, by_maps, fitting
from pipeline.collect.marks import MAX_CELLS, MAX_ROWS
from pipeline.collect.returned import ReturnedFile
from pipeline.collect.tabular import read_table, table_of
from pipeline.collect.unread import Unread
from pipeline.collect.values import LONGEST, Terms

SUFFIXES = (".csv", ".tsv", ".txt")
_LARGEST = 64 << 20
_WIDEST = 16_384  # columns of a spreadsheet
_SEPARATORS = ",\t;，|"
_WIDE = (b"\xff\xfe", b"\xfe\xff")  # "Unicode text" of Excel says so itself


def read_csv(path: Path, name: str, digest: str, terms: Terms) -> ReturnedFile:
    """What a CSV file says.

    Raises:
        Unread: it is not text, its quotation marks do not match, or it is no checklist.
    """
    if path.stat().st_size > _LARGEST:
        raise Unread("large")
    data = path.read_bytes()
    if any(data.count(one.encode()) > MAX_CELLS for one in _SEPARATORS):
        raise Unread("large")  # before anything makes a table of it
    mapped = _by_map(data, name, terms)
    if mapped:
        return by_maps([mapped], name, digest, terms)
    grid, columns = _table(_text(data), name, terms)
    table = table_of(grid, columns, terms)
    rows, remarks = read_table(table, [], terms)
    origin = origin_of([of_head(grid, columns.head)], rows, terms)
    return returned("csv", digest, name, origin, rows, remarks, table.asked)


def _by_map(data: bytes, name: str, terms: Terms) -> tuple[Grid, Fit] | None:
    """The table as the first map that it answers to takes it apart; None where there is none."""
    for one in terms.maps:
        by = replace(terms, maps=(one,))
        try:
            text = _text(data, (one.encoding,) if one.encoding else ())
        except Unread:
            continue
        for separator in one.delimiter or _SEPARATORS:
            if one.takes(name) and fitting(Grid(name, "", _rows(text, separator, HEAD_WITHIN)), by):
                grid = _whole(text, separator, name)
                fit = fitting(grid, by)
                return (grid, fit) if fit else None
    return None


def _text(data: bytes, declared: Sequence[str] = ()) -> str:
    encodings = declared or (("utf-16",) if data.startswith(_WIDE) else ("utf-8-sig", "gb18030"))
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unread("encoding")


def _table(text: str, name: str, terms: Terms) -> tuple[Grid, Columns]:
    """The table by the separator that shows the most headings."""
    best: tuple[int, str, Columns] | None = None
    for separator in _SEPARATORS:
        grid = Grid(name, "", _rows(text, separator, HEAD_WITHIN))
        columns = find_columns(grid, terms)
        if columns and (best is None or len(columns.keys) > best[0]):
            best = len(columns.keys), separator, columns
    if best is None:
        raise Unread("no_table")
    return _whole(text, best[1], name), best[2]


def _whole(text: str, separator: str, name: str) -> Grid:
    return Grid(name, "", _rows(text, separator, MAX_ROWS))


def _rows(text: str, separator: str, most: int) -> list[list[str]]:
    """The first rows of a table; with `most` = MAX_ROWS all of them, or it is too large."""
    csv.field_size_limit(4 * LONGEST)
    rows: list[list[str]] = []
    room = MAX_CELLS
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True):
            room -= len(row)
            if len(rows) >= most or len(row) > _WIDEST or room < 0:
                if most == MAX_ROWS:
                    raise Unread("large")
                break
            rows.append(row)
    except csv.Error as problem:
        if most == MAX_ROWS:
            raise Unread("quotes") from problem
    return rows
