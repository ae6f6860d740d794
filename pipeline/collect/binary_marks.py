"""A look at the parts of a binary workbook (.xlsb), and at the head of an old .xls that a password locks.

Source: [MS-XLSB] and [MS-XLS]. A record is its kind and its length in groups of seven bits, and its bytes. Cells in the
short form, which some programs write, have no column of their own; the reader passes them over in silence, so that a
file that has any is not read at all.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipeline.collect.grid import Span
from pipeline.collect.unread import Unread

_ROW, _CELLS, _FORMULAS, _SHORT, _RICH, _MERGED = 0, range(2, 12), range(8, 12), range(12, 19), 62, 176
_SHEET, _PROPERTIES = 156, 153
_HIDDEN = 0x10  # of a row's second byte of flags
_LONGEST = 1 << 20
_BEGIN_XLS, _LOCKED_XLS = (b"\x09\x08\x10\x00\x00\x06\x05\x00", b"\x09\x08\x08\x00\x00\x05\x05\x00"), 0x2F


def records(pieces: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Kind and bytes of every record.

    Raises:
        Unread: it ends within one, or one is longer than any of a checklist.
    """
    data, at = b"", 0
    for piece in pieces:
        data, at = data[at:] + piece, 0
        while (found := _record(data, at)) is not None:
            kind, begin, at = found
            yield kind, data[begin:at]
        if len(data) - at > _LONGEST:
            raise Unread("damaged")
    if at < len(data):
        raise Unread("damaged")


def _record(data: bytes, at: int) -> tuple[int, int, int] | None:
    """Kind, begin and end of the record at `at`; None where not all of it is there."""
    kind, at = _sevens(data, at, 2)
    length, at = _sevens(data, at, 4) if at > 0 else (0, -1)
    return (kind, at, at + length) if 0 < at <= len(data) - length else None


def _sevens(data: bytes, at: int, most: int) -> tuple[int, int]:
    """A number in groups of seven bits, and where it ends; -1 where it is cut off."""
    number = 0
    for step in range(most):
        if at + step >= len(data):
            return 0, -1
        byte = data[at + step]
        number |= (byte & 0x7F) << (7 * step)
        if byte < 0x80:
            return number, at + step + 1
    return number, at + most


@dataclass(frozen=True)
class SheetRecord:
    """A cell, or a row that says it is hidden."""

    row: int
    column: int = -1
    hidden: bool = False
    formula: bool = False


def sheet_records(pieces: Iterable[bytes]) -> Iterator[SheetRecord | Span]:
    """What the records of a sheet say of rows, cells that say anything, and merged cells.

    Raises:
        Unread: it is damaged, or has cells that would be passed over.
    """
    row = -1
    for kind, data in records(pieces):
        if kind == _ROW:
            (row,) = _whole("<I", data)
            if len(data) > 11 and data[11] & _HIDDEN:
                yield SheetRecord(row, hidden=True)
        elif kind in _CELLS or kind == _RICH:
            yield SheetRecord(row, _whole("<I", data)[0], formula=kind in _FORMULAS)
        elif kind in _SHORT:
            raise Unread("damaged")
        elif kind == _MERGED:
            first, last, left, right = _whole("<4I", data)
            yield first, left, last, right


def sheet_names(pieces: Iterable[bytes]) -> tuple[dict[str, str], bool]:
    """Relation → name of each sheet, and whether days are counted from 1904."""
    found: dict[str, str] = {}
    from_1904 = False
    for kind, data in records(pieces):
        if kind == _PROPERTIES:
            from_1904 = bool(_whole("<I", data)[0] & 1)
        elif kind == _SHEET:
            relation, at = _wide(data, 8)
            found[relation] = _wide(data, at)[0]
    return found, from_1904


def _wide(data: bytes, at: int) -> tuple[str, int]:
    """A string with its length before it, and where it ends."""
    (count,) = _whole("<I", data[at:])
    end = at + 4 + 2 * count
    return data[at + 4 : end].decode("utf-16-le", "replace"), end


def _whole(form: str, data: bytes) -> tuple[int, ...]:
    if len(data) < struct.calcsize(form):
        raise Unread("damaged")
    return struct.unpack_from(form, data)


def is_locked_xls(data: bytes) -> bool:
    """Whether the stream of an old .xls says among its first records that a password locks it."""
    at = max(data.find(one) for one in _BEGIN_XLS)
    for _ in range(4):
        if not 0 <= at <= len(data) - 4:
            return False
        kind, length = struct.unpack_from("<HH", data, at)
        if kind == _LOCKED_XLS:
            return True
        at += 4 + length
    return False
