"""A table of text as CSV and workbooks give it: rows with their numbers, and the row that names the columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.io.readers.column_names import GEOMETRY, X, Y, plain
from pipeline.io.readers.geometries import looks_like_hex, looks_like_wkt
from pipeline.io.readers.numerals import is_number

Cells = list[str | None]
_TITLES = 20  # rows that may stand above the one that names the columns


@dataclass(frozen=True)
class Sheet:
    """A table: `rows[i]` has the cells of line `numbers[i]` (0-based); `damaged` are places of rows not whole."""

    name: str
    columns: list[str]
    rows: list[Cells]
    numbers: list[int]
    damaged: frozenset[int] = frozenset()
    notes: list[str] = field(default_factory=list)


def sheet_of(name: str, rows: Sequence[Cells], numbers: Sequence[int]) -> Sheet:
    """The table in a grid of cells: titles above it and empty rows are left out, rows of another width are marked."""
    grid = [(number, _trimmed(row)) for number, row in zip(numbers, rows, strict=True)]
    filled = [(number, row) for number, row in grid if row]
    if not filled:
        return Sheet(name, [], [], [])
    at = header_of([row for _, row in filled])
    columns = _named(filled[at][1])
    width, body = len(columns), filled[at + 1 :]
    wide = max((len(row) for _, row in body), default=0)
    notes = [f"the line above the columns was taken as a title: {_title(row)}" for _, row in filled[:at]]
    if wide > width:
        columns = [*columns, *(f"column_{one + 1}" for one in range(width, wide))]
    padded: list[Cells] = [row + [None] * (len(columns) - len(row)) for _, row in body]
    damaged = frozenset(one for one, (_, row) in enumerate(body) if len(row) > width)
    return Sheet(name, columns, padded, [number for number, _ in body], damaged, notes)


def _trimmed(row: Cells) -> Cells:
    """The row without empty cells at its end, empty texts as None."""
    cells = [one if one is not None and one.strip() else None for one in row]
    while cells and cells[-1] is None:
        cells.pop()
    return cells


def header_of(rows: Sequence[Cells]) -> int:
    """The row that names the columns: the first that names a geometry or coordinates, else the first of all."""
    for at, row in enumerate(rows[:_TITLES]):
        names = {plain(one) for one in row if one}
        if names & set(GEOMETRY) or (names & set(X) and names & set(Y)):
            return at
    return 0


def _named(row: Cells) -> list[str]:
    """The columns' names, each different."""
    made: list[str] = []
    for at, name in enumerate(row):
        base = name.strip() if name else f"column_{at + 1}"
        tries = (base, *(f"{base}_{number}" for number in range(2, len(row) + 2)))
        made.append(next(one for one in tries if one not in made))
    return made


def _title(row: Cells) -> str:
    return " ".join(one for one in row if one)[:80]


def named(sheet: Sheet, names: Sequence[str]) -> int:
    """The column with the first of the names there is, -1 if none."""
    there = [plain(one) for one in sheet.columns]
    return next((there.index(one) for one in names if one in there), -1)


def column(sheet: Sheet, at: int) -> Cells:
    """The cells of one column."""
    return [row[at] for row in sheet.rows]


def share_of_outlines(cells: Cells) -> float:
    """The share of the filled cells of a column that look like WKT, WKB or lists of vertices."""
    filled = [one for one in cells if one][:200]
    like = [looks_like_wkt(one) or looks_like_hex(one) or looks_like_vertices(one) for one in filled]
    return sum(like) / max(len(like), 1)


def looks_like_vertices(text: str) -> bool:
    """Whether a text is a row of at least six numbers and nothing else."""
    parts = [one for one in re.split(r"[\s,;|，；]+", text[:2000].strip(" ,;|，；")) if one]
    known = parts[:-1] if len(text) > 2000 else parts
    return len(known) >= 6 and all(is_number(one) for one in known)
