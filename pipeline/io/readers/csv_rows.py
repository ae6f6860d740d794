"""The rows of a CSV file: separator and quoting found out, and a damaged line kept from swallowing the next ones."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from pipeline.errors import Refusal
from pipeline.io.readers.characters import Characters, decode
from pipeline.io.readers.sheet import Cells, Sheet, header_of, sheet_of

_SEPARATORS = ",;\t|，"
_SAMPLE = 50  # lines the separator is judged by


def read_rows(path: Path) -> tuple[Sheet, Characters]:
    """The table in a CSV file and how its text was decoded.

    Raises:
        Refusal: it is not text, or has no two lines.
    """
    csv.field_size_limit((1 << 31) - 1)  # of the whole process; a shape in one cell has no small bound
    characters = decode(path.read_bytes())
    text = characters.text.replace("\r\n", "\n").replace("\r", "\n")
    separator = _separator(text)
    rows, numbers, notes = _rows(text, separator)
    sheet = _rejoined(sheet_of("", rows, numbers), separator)
    if not sheet.rows:
        raise Refusal("it has no line below its column names", "ask the sender to export it again")
    damaged = sheet.damaged | _cut_row(sheet, text)
    return Sheet("", sheet.columns, sheet.rows, sheet.numbers, damaged, [*notes, *sheet.notes]), characters


def _separator(text: str) -> str:
    """The separator that cuts the most lines into as many cells as there are column names."""
    lines = [_without_brackets(one) for one in text.split("\n", _SAMPLE)[:_SAMPLE] if one.strip()]
    return max(_SEPARATORS, key=lambda one: (_steady(lines, one), -_SEPARATORS.index(one)))


def _without_brackets(line: str) -> str:
    """The line without what stands in brackets: the commas of WKT separate nothing."""
    before, _, rest = line.partition("(")
    return before + rest.rpartition(")")[2]


def _steady(lines: list[str], separator: str) -> int:
    """How many lines have as many cells as the one that names the columns, 0 where that has but one."""
    rows: list[Cells] = [list(row) for row in csv.reader(lines, delimiter=separator)]
    width = len(rows[header_of(rows)]) if rows else 0
    return sum(len(row) == width for row in rows) if width > 1 else 0


def _rows(text: str, separator: str) -> tuple[list[Cells], list[int], list[str]]:
    """All rows with the line each begins in; line by line where the quoting is broken somewhere."""
    try:
        return (*_quoted_rows(text, separator), [])
    except csv.Error:
        rows = [_one_line(line, separator) for line in text.split("\n")]
        return rows, list(range(len(rows))), ["its quotation marks do not match; it was read line by line"]


def _quoted_rows(text: str, separator: str) -> tuple[list[Cells], list[int]]:
    reader = csv.reader(_lines(text), delimiter=separator, strict=True)
    rows: list[Cells] = []
    numbers: list[int] = []
    begun = 0
    for row in reader:
        rows.append(list(row))
        numbers.append(begun)
        begun = reader.line_num
    return rows, numbers


def _lines(text: str) -> list[str]:
    """The lines with their ends, cut at line feeds alone (other programs' line ends may stand in a cell)."""
    return re.findall(r"[^\n]*\n|[^\n]+$", text)


def _one_line(line: str, separator: str) -> Cells:
    try:
        return list(next(csv.reader([line], delimiter=separator, strict=True), []))
    except csv.Error:
        return list(line.replace('"', "").split(separator))


def _rejoined(sheet: Sheet, separator: str) -> Sheet:
    """WKT without quotation marks in the last column, put together again where its commas cut it."""
    named = [one for one in sheet.columns if not one.startswith("column_")]
    if separator != "," or not sheet.damaged or not named:
        return sheet
    rows, mended = [], set()
    for at, row in enumerate(sheet.rows):
        tail = [one for one in row[len(named) - 1 :] if one is not None]
        whole = ",".join(tail)
        if at in sheet.damaged and whole.count("(") == whole.count(")") > 0 and whole.rstrip().endswith(")"):
            mended.add(at)
            row = [*row[: len(named) - 1], whole, *[None] * (len(row) - len(named))]
        rows.append(row)
    damaged = sheet.damaged - mended
    columns = sheet.columns if damaged else named
    return Sheet(sheet.name, columns, [row[: len(columns)] for row in rows], sheet.numbers, damaged, sheet.notes)


def _cut_row(sheet: Sheet, text: str) -> frozenset[int]:
    """The last row, where it lacks cells and the end of its line: the file was cut there."""
    short = sheet.rows[-1][-1] is None
    return frozenset({len(sheet.rows) - 1}) if short and not text.endswith("\n") else frozenset()
