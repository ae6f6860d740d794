"""A table as any door gives it: its cells, and what the program it came from says of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.collect.spelling import Raw, column_letters

Cell = tuple[int, int]  # row, column, both from 0
Span = tuple[int, int, int, int]  # first row, first column, last row, last column


@dataclass(frozen=True)
class Marks:
    """What a sheet says of its cells beside their values; all counted from 0."""

    hidden_rows: frozenset[int] = frozenset()
    formulas: frozenset[Cell] = frozenset()
    merged: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Grid:
    """One table; `rows` begin with the first row of the sheet, so that places are true."""

    file: str
    sheet: str  # "" where the file is but one table
    rows: Sequence[Sequence[Raw]]
    hidden: bool = False
    marks: Marks = field(default_factory=Marks)
    names: Sequence[str] = ()  # of the rows, where they have names instead of numbers ("fid 12")
    stands: Mapping[int, int] = field(default_factory=dict)  # column of our own → the one it was read from

    def place(self, row: int, column: int, title: str = "") -> str:
        """Where a cell is: "file!sheet!cell", or "file!layer!fid 12 column" where rows have names."""
        front = "!".join(one for one in (self.file, self.sheet) if one)
        if self.names:
            return f"{front}!{f'{self.names[row]} {title}'.strip()}"
        return f"{front}!{self.cell(row, column)}"

    def cell(self, row: int, column: int) -> str:
        """A cell as a spreadsheet names it."""
        return f"{column_letters(self.stands.get(column, column))}{row + 1}"

    def cells(self, row: int, column: int, last_row: int, last_column: int) -> str:
        """A span of cells as a spreadsheet names it."""
        first, last = self.cell(row, column), self.cell(last_row, last_column)
        return first if first == last else f"{first}:{last}"


_COLUMN = re.compile(r"[A-Z]+(?=\d+$)|(?<=!)((?:fid|feature) \S+)(?: .*)?$")


def row_place(place: str) -> str:
    """The place of a cell without its column: the same for all cells of a row."""
    return _COLUMN.sub(lambda found: found[1] or "", place)


_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})")


def cell_of(reference: str) -> Cell:
    """Row and column of "B12".

    Raises:
        ValueError: it names no cell.
    """
    found = _REFERENCE.fullmatch(reference)
    if not found:
        raise ValueError(f"{reference[:20]!r} is no cell")
    column = 0
    for one in found[1]:
        column = column * 26 + ord(one) - 64
    return int(found[2]) - 1, column - 1


def span_of(reference: str) -> Span:
    """The span of "B2:B4", or of one cell.

    Raises:
        ValueError: it names none.
    """
    first, _, last = reference.partition(":")
    return (*cell_of(first), *cell_of(last or first))
