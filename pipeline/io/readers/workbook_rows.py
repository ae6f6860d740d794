"""The rows of XLSX and XLS workbooks, after a look at the raw parts: one far cell makes readers ask for 512 GiB."""

from __future__ import annotations

import io
import re
import zipfile
from collections import deque
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from pipeline.errors import Refusal
from pipeline.io.readers.numerals import digits
from pipeline.io.readers.sheet import Cells, Sheet, sheet_of
from pipeline.io.readers.xml_scan import scan

MAX_CELLS = 20_000_000  # of the rectangle a sheet's filled cells span
MAX_INFLATED = 2 << 30
MAX_PARTS = 1000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PLACE = re.compile(r"([A-Z]{0,3})(\d{1,10})")
_AGAIN = "ask the sender to save it again as .xlsx"
_PIECE = 1 << 20
_LONG = 1e15  # a number beyond this has more digits than a workbook keeps


def is_workbook(head: bytes) -> bool:
    """Whether a file begins as XLSX (a zip) or XLS (OLE) does; the suffix must say which kind of zip."""
    return head.startswith((b"PK\x03\x04", _OLE))


def read_sheets(path: Path) -> list[Sheet]:
    """Every sheet of a workbook that has a filled cell.

    Raises:
        Refusal: it is no workbook, is locked by a password, or a sheet is beyond all measure.
    """
    data = path.read_bytes()
    if not is_workbook(data[:8]):
        raise Refusal("it is neither .xlsx nor .xls", _AGAIN)
    if data.startswith(b"PK"):
        _screen(data)
    try:
        return [one for one in _sheets(data) if one.columns]
    except Refusal:
        raise
    except Exception as problem:  # the library's errors have no common class
        raise Refusal(f"the workbook cannot be read: {problem!s:.200}", _AGAIN) from problem
    except BaseException as problem:  # a panic of its Rust code is not even an Exception
        if isinstance(problem, KeyboardInterrupt | SystemExit):
            raise
        raise Refusal(f"the workbook is damaged: {problem!s:.200}", _AGAIN) from problem


def _screen(data: bytes) -> None:
    """Inflate every part once, counting: sizes, checksums, entities, far cells."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            if len(parts.infolist()) > MAX_PARTS:
                raise Refusal(f"the workbook has {len(parts.infolist())} parts", _AGAIN)
            if "xl/workbook.xml" not in parts.namelist():
                raise Refusal("it is a zip, but no .xlsx workbook", _AGAIN)
            _screen_parts(parts)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as problem:
        raise Refusal(f"the workbook is damaged ({problem!s:.120})", _AGAIN) from problem
    except zipfile.zlib.error as problem:  # type: ignore[attr-defined]
        raise Refusal(f"the workbook is damaged ({problem!s:.120})", _AGAIN) from problem


def _screen_parts(parts: zipfile.ZipFile) -> None:
    room = MAX_INFLATED
    for part in parts.infolist():
        far = _Far()
        pieces = _counted(parts, part, room)
        if part.filename.endswith((".xml", ".rels")):
            scan(pieces, far.hear if part.filename.startswith("xl/worksheets/") else None)
        deque(pieces, maxlen=0)  # inflates what nobody scanned, for its size and checksum
        room -= part.file_size
        if far.rows * max(far.columns, 1) > MAX_CELLS:
            hint = "ask the sender to delete the empty rows and columns around the table"
            raise Refusal(f"a sheet spans {far.rows} rows × {far.columns} columns", hint)


class _Far:
    """The farthest row and column the elements of a sheet name."""

    def __init__(self) -> None:
        self.rows = self.columns = 0

    def hear(self, name: str, attributes: dict[str, str]) -> None:
        if name in ("c", "row") and (place := _PLACE.fullmatch(attributes.get("r", ""))):
            self.rows = max(self.rows, int(place[2]))
            self.columns = max(self.columns, _column(place[1]))


def _counted(parts: zipfile.ZipFile, part: zipfile.ZipInfo, room: int) -> Iterator[bytes]:
    """A part inflated piece by piece, checksum included, as long as it fits."""
    with parts.open(part) as source:
        while piece := source.read(_PIECE):
            room -= len(piece)
            if room < 0:
                raise Refusal(f"the workbook inflates to more than {MAX_INFLATED >> 20} MiB", _AGAIN)
            yield piece


def _column(letters: str) -> int:
    number = 0
    for one in letters:
        number = number * 26 + ord(one) - 64
    return number


def _sheets(data: bytes) -> Iterator[Sheet]:
    with CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
        for at, about in enumerate(book.sheets_metadata):
            if about.typ != SheetTypeEnum.WorkSheet:
                continue
            hidden = about.visible != SheetVisibleEnum.Visible
            yield _sheet(book.get_sheet_by_index(at), hidden)


def _sheet(found: CalamineSheet, hidden: bool) -> Sheet:
    first = found.start[0] if found.start else 0
    cells = found.to_python(skip_empty_area=True)
    made = sheet_of(found.name, [_texts(row) for row in cells], range(first, first + len(cells)))
    notes = [*made.notes]
    if hidden:
        notes.append(f"sheet {found.name!r} is hidden")
    if any(isinstance(one, int | float) and abs(one) >= _LONG for row in cells for one in row):
        notes.append(f"sheet {found.name!r} holds numbers of more than 15 digits, of which workbooks keep only 15")
    return Sheet(made.name, made.columns, made.rows, made.numbers, made.damaged, notes)


def _texts(row: list[Any]) -> Cells:
    return [_text(one) for one in row]


def _text(value: Any) -> str | None:
    """A cell as text: whole numbers without a point, dates in ISO 8601."""
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return digits(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value) if not isinstance(value, timedelta) else f"{value.total_seconds():g} s"
