"""A look at the raw parts of a workbook before any library loads it: far cells, bombs, hidden rows, formulas.

One cell at XFD1048576, a file of 5 KB, makes a reader ask for 512 GiB; what a sheet says of its rows and cells beside
their values is told by its XML alone, or by its records where it is binary. Of an old .xls only the size is known.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from xml.etree import ElementTree

from pipeline.collect.binary_marks import sheet_names, sheet_records
from pipeline.collect.grid import Cell, Marks, Span, cell_of, span_of
from pipeline.collect.pictures import MOST, NOWHERE, Drawings
from pipeline.collect.unread import Unread
from pipeline.errors import Refusal
from pipeline.io.readers.xml_scan import scan

MAX_ROWS, MAX_COLUMNS, MAX_CELLS = 100_000, 1_000, 5_000_000
MAX_PARTS, MAX_MERGED, MAX_INFLATED = 5_000, 10_000, 512 << 20
_BLOCK = 1 << 20
_PROPERTIES = ("docProps/custom.xml", "meta.xml")
_OURS = "tuban_"
_PLACED = "xl/richData/richValueRel.xml"  # there, where pictures were placed in cells; a cell says only that it has one
_COPIES = "ObjectReplacements/"  # pictures that LibreOffice makes of charts


@dataclass(frozen=True)
class Looked:
    """What the raw parts say: marks by sheet name, and the properties that are ours."""

    marks: Mapping[str, Marks] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    from_1904: bool = False  # days are counted from 1904, as old Macs did
    comments: tuple[str, ...] = ()  # cells with a comment; "" where the format does not say which
    pictures: Mapping[str, Sequence[Cell]] = field(default_factory=dict)  # where they begin, by sheet


def look(data: bytes) -> Looked:
    """Look into a zipped workbook: .xlsx, .xlsm, .xlsb or .ods.

    Raises:
        Unread: it is damaged, locked, no workbook, or larger than any checklist.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            return _look(parts)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as wrong:
        raise Unread("damaged") from wrong
    except Refusal as wrong:  # XML that declares entities, or is not well-formed
        raise Unread("damaged") from wrong


def _look(parts: zipfile.ZipFile) -> Looked:
    names = set(parts.namelist())
    if len(names) > MAX_PARTS or len(parts.infolist()) > len(names):
        raise Unread("damaged")
    sheets, from_1904 = _sheets_of(parts, names)
    properties: dict[str, str] = {}
    marks: dict[str, Marks] = {}
    comments: list[str] = []
    drawings = Drawings()
    placed: dict[str, list[Cell]] = {}
    room = MAX_INFLATED

    def hear_comment(name: str, said: dict[str, str]) -> None:
        if name == "comment":
            comments.append(said.get("ref", "")[:10])

    for part in parts.infolist():
        kind = _scanner(part.filename, part.filename in sheets)
        pieces = _inflated(parts, part, room)
        if part.filename in _PROPERTIES:
            properties |= _properties(b"".join(pieces))
        elif isinstance(kind, _SheetBinary):
            kind.hear(pieces)
        elif drawings.hear(part.filename, pieces):
            pass
        elif kind is not None or part.filename.endswith((".xml", ".rels")):
            scan(pieces, kind.hear if kind else hear_comment)
        deque(pieces, maxlen=0)  # inflates what nobody scanned, for its size and checksum
        room -= part.file_size
        if kind is not None:
            marks |= kind.marks(sheets.get(part.filename, ""))
        if isinstance(kind, _SheetXml) and _PLACED in names:
            placed[sheets.get(part.filename, "")] = kind.placed
        if isinstance(kind, _OdsXml):
            comments += [""] * kind.comments
            placed = kind.pictures
    pictures = drawings.by_sheet(sheets)
    for sheet, cells in placed.items():
        pictures[sheet] = [*pictures.get(sheet, ()), *cells]
    return Looked(marks, properties, from_1904, tuple(comments), pictures)


def _sheets_of(parts: zipfile.ZipFile, names: set[str]) -> tuple[dict[str, str], bool]:
    """Part → name of its sheet, and whether days are counted from 1904."""
    if "content.xml" in names:
        if "META-INF/manifest.xml" in names and b"encryption-data" in _small(parts, "META-INF/manifest.xml"):
            raise Unread("password")
        return {}, False
    if "xl/workbook.bin" in names:
        return _binary_sheets(parts, names)
    if "xl/workbook.xml" not in names:
        raise Unread("kind")
    targets = _targets(parts, names, "xl/_rels/workbook.xml.rels")
    found: dict[str, str] = {}
    from_1904 = []

    def hear_sheet(name: str, said: dict[str, str]) -> None:
        if name == "sheet":
            relation = next((value for key, value in said.items() if key.endswith(":id")), "")
            found[targets.get(relation, "")] = said.get("name", "")
        elif name == "workbookPr" and said.get("date1904") in ("1", "true"):
            from_1904.append(True)

    scan([_small(parts, "xl/workbook.xml")], hear_sheet)
    return found, bool(from_1904)


def _targets(parts: zipfile.ZipFile, names: set[str], relations: str) -> dict[str, str]:
    """Relation → part."""
    targets: dict[str, str] = {}

    def hear(name: str, said: dict[str, str]) -> None:
        if name == "Relationship":
            target = said.get("Target", "")
            targets[said.get("Id", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"

    if relations in names:
        scan([_small(parts, relations)], hear)
    return targets


def _binary_sheets(parts: zipfile.ZipFile, names: set[str]) -> tuple[dict[str, str], bool]:
    targets = _targets(parts, names, "xl/_rels/workbook.bin.rels")
    found, from_1904 = sheet_names([_small(parts, "xl/workbook.bin")])
    return {targets.get(relation, ""): name for relation, name in found.items()}, from_1904


def _small(parts: zipfile.ZipFile, name: str) -> bytes:
    return b"".join(_inflated(parts, parts.getinfo(name), 16 << 20))


def _inflated(parts: zipfile.ZipFile, part: zipfile.ZipInfo, room: int) -> Iterator[bytes]:
    """A part piece by piece, its checksum included, as long as it fits."""
    if part.flag_bits & 1:
        raise Unread("password")
    with parts.open(part) as source:
        while piece := source.read(_BLOCK):
            room -= len(piece)
            if room < 0:
                raise Unread("large")
            yield piece


def _properties(data: bytes) -> dict[str, str]:
    """Our properties of a workbook: elements with a name and text, in either format."""
    scan([data])  # no entities
    found = {}
    for one in ElementTree.fromstring(data).iter():
        name = next((value for key, value in one.attrib.items() if key.rpartition("}")[2] == "name"), "")
        if name.startswith(_OURS):
            found[name.removeprefix(_OURS)] = "".join(one.itertext()).strip()
    return found


def _scanner(name: str, is_sheet: bool) -> _SheetXml | _SheetBinary | _OdsXml | None:
    if name == "content.xml":
        return _OdsXml()
    path = PurePosixPath(name)
    is_sheet = is_sheet or (path.parent.as_posix() == "xl/worksheets" and path.suffix in (".xml", ".bin"))
    if is_sheet and path.suffix == ".bin":
        return _SheetBinary()
    return _SheetXml() if is_sheet else None


class _Far:
    """The farthest row and column with content."""

    def __init__(self) -> None:
        self.rows = self.columns = 0

    def see(self, row: int, column: int) -> None:
        self.rows, self.columns = max(self.rows, row + 1), max(self.columns, column + 1)
        if self.rows > MAX_ROWS or self.columns > MAX_COLUMNS or self.rows * self.columns > MAX_CELLS:
            raise Unread("far", row=str(row + 1), column=str(column + 1))


class _SheetXml:
    """Hears the elements of one worksheet of an .xlsx; cells and rows without a name follow the ones before."""

    def __init__(self) -> None:
        self.placed: list[Cell] = []  # cells whose value is a picture, or another of the rich kinds
        self._far = _Far()
        self._row = self._column = -1
        self._hidden: set[int] = set()
        self._formulas: set[Cell] = set()
        self._merged: list[Span] = []

    def hear(self, name: str, said: dict[str, str]) -> None:
        match name:
            case "row":
                self._row, self._column = _number(said.get("r", ""), self._row + 2) - 1, -1
                if said.get("hidden") in ("1", "true"):
                    self._hidden.add(self._row)
            case "c":
                self._row, self._column = cell_of(said["r"]) if "r" in said else (self._row, self._column + 1)
                if "vm" in said and len(self.placed) < MOST:
                    self.placed.append((self._row, self._column))
            case "v" | "is":
                self._far.see(self._row, self._column)
            case "f":
                self._far.see(self._row, self._column)
                self._formulas.add((self._row, self._column))
            case "mergeCell":
                _add(self._merged, span_of(said.get("ref", "")))

    def marks(self, sheet: str) -> dict[str, Marks]:
        return {sheet: Marks(frozenset(self._hidden), frozenset(self._formulas), tuple(self._merged))}


class _SheetBinary:
    """Hears the records of one worksheet of an .xlsb."""

    def __init__(self) -> None:
        self._far = _Far()
        self._hidden: set[int] = set()
        self._formulas: set[Cell] = set()
        self._merged: list[Span] = []

    def hear(self, pieces: Iterable[bytes]) -> None:
        for one in sheet_records(pieces):
            if isinstance(one, tuple):
                _add(self._merged, one)
            elif one.hidden:
                self._hidden.add(one.row)
            else:
                self._far.see(one.row, one.column)
                if one.formula:
                    self._formulas.add((one.row, one.column))

    def marks(self, sheet: str) -> dict[str, Marks]:
        return {sheet: Marks(frozenset(self._hidden), frozenset(self._formulas), tuple(self._merged))}


class _OdsXml:
    """Hears the elements of an .ods: tables, rows and cells, each perhaps repeated."""

    def __init__(self) -> None:
        self._made: dict[str, Marks] = {}
        self.comments = 0
        self.pictures: dict[str, list[Cell]] = {}
        self._begin("")

    def _begin(self, sheet: str) -> None:
        self._sheet, self._far = sheet, _Far()
        self._row = self._column = self._next_row = self._next_column = 0
        self._hidden: set[int] = set()
        self._formulas: set[Cell] = set()
        self._merged: list[Span] = []

    def hear(self, name: str, said: dict[str, str]) -> None:
        plain = {key.rpartition(":")[2]: value for key, value in said.items()}
        match name:
            case "table":
                self._end()
                self._begin(plain.get("name", ""))
            case "table-row":
                self._row, self._column = self._next_row, 0
                times = _number(plain.get("number-rows-repeated", ""), 1)
                self._next_row = self._row + times
                if plain.get("visibility") in ("collapse", "filter"):
                    self._hidden.update(range(self._row, min(self._next_row, MAX_ROWS)))
            case "table-cell" | "covered-table-cell":
                self._cell(plain)
            case "annotation":
                self.comments += 1
            case "image" if _COPIES not in plain.get("href", ""):
                self._picture()

    def _cell(self, said: Mapping[str, str]) -> None:
        times = _number(said.get("number-columns-repeated", ""), 1)
        row, column = self._row, self._column
        self._column += times
        if "value-type" in said or "formula" in said:
            self._far.see(self._next_row - 1, self._column - 1)
        if "formula" in said:
            last = min(self._next_row, row + MAX_ROWS)
            self._formulas.update((at, to) for at in range(row, last) for to in range(column, self._column))
        rows, columns = (_number(said.get(f"number-{one}-spanned", ""), 1) for one in ("rows", "columns"))
        if rows > 1 or columns > 1:
            _add(self._merged, (row, column, row + rows - 1, column + columns - 1))

    def _picture(self) -> None:
        cells = self.pictures.setdefault(self._sheet, [])
        if len(cells) < MOST:
            cells.append((self._row, self._column - 1) if self._column else NOWHERE)

    def _end(self) -> None:
        if self._sheet:
            self._made[self._sheet] = Marks(frozenset(self._hidden), frozenset(self._formulas), tuple(self._merged))

    def marks(self, _: str) -> dict[str, Marks]:
        self._end()
        return self._made


def _add(merged: list[Span], span: Span) -> None:
    if len(merged) >= MAX_MERGED:
        raise Unread("large")
    merged.append(span)


def _number(said: str, default: int) -> int:
    return int(said) if said.isascii() and said.isdigit() and len(said) < 9 else default
