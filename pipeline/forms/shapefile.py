"""The pieces as a shapefile (ESRI, July 1998), written byte for byte: the encoding is ours to choose and to state.

Without GDAL there is no date of the day in the table and no name cut in silence; what is too long for a field is cut
between characters, with a mark.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import CRS

from pipeline.forms.columns import Column, column_title, columns_of, own_rows
from pipeline.records import CampaignFacts, Piece
from pipeline.texts import texts

ENCODINGS = {"utf-8": ("UTF-8", 0x00), "gb18030": ("GB18030", 0x4D)}  # what .cpg says, and the table's own byte
WIDEST_BYTES = 254
_LEAST_BYTES = {"text": 32, "integer": 9, "real": 16}  # the same in most counties, so that tables can be joined
POLYGON = 5
_HEAD_BYTES = 100
_DAY = (100, 1, 1)  # 2000-01-01: no product reads the clock
_MARK = "…"


def write_shapefile(
    stem: Path, facts: CampaignFacts, pieces: Sequence[Piece], pages: Mapping[str, int], encoding: str = "utf-8"
) -> int:
    """Write `<stem>.shp`, `.shx`, `.dbf`, `.prj`, `.cpg` and `<stem>_fields.txt`; return the number of rows.

    One row for each of the county's own pieces, asked first in book order. `encoding` is "utf-8" or "gb18030".
    """
    rows = own_rows(pieces)
    columns = columns_of(facts, pages)
    name, language_byte = ENCODINGS[encoding]
    records = [_record([_ring(one) for one in _rings(piece.geometry)]) for piece in rows]
    bounds = shapely.total_bounds(np.array([one.geometry for one in rows], object)) if rows else np.zeros(4)
    _write_shapes(stem, records, bounds.tolist())
    _file(stem, ".dbf").write_bytes(_table(rows, columns, encoding, language_byte))
    _file(stem, ".prj").write_text(CRS.from_user_input(facts.crs).to_wkt("WKT1_ESRI"), encoding="ascii")
    _file(stem, ".cpg").write_text(name, encoding="ascii")
    _file(stem, "_fields.txt").write_bytes(_dictionary(columns, facts))
    return len(rows)


def _file(stem: Path, end: str) -> Path:
    return stem.with_name(stem.name + end)


# -- shapes ----------------------------------------------------------------------------------------------


def _rings(shape: Any) -> list[Any]:
    """Rings of a polygon or multipolygon, an outer one before its holes."""
    return [ring for part in shapely.get_parts(shape) for ring in _of_part(part)]


def _of_part(part: Any) -> list[tuple[Any, bool]]:
    return [(part.exterior, True), *((hole, False) for hole in part.interiors)]


def _ring(one: tuple[Any, bool]) -> np.ndarray[Any, Any]:
    """(n, 2) points, clockwise where they bound the polygon from outside, else counter-clockwise."""
    ring, outer = one
    points: np.ndarray[Any, Any] = shapely.get_coordinates(ring)
    return points[::-1] if shapely.is_ccw(ring) == outer else points


def _record(rings: Sequence[np.ndarray[Any, Any]]) -> bytes:
    """The content of one polygon record: little-endian, box, parts, points."""
    points = np.vstack(rings)
    starts = np.concatenate(([0], np.cumsum([len(one) for one in rings])[:-1]))
    box = (*points.min(axis=0).tolist(), *points.max(axis=0).tolist())
    head = struct.pack("<i4d2i", POLYGON, *box, len(rings), len(points))
    return head + starts.astype("<i4").tobytes() + points.astype("<f8").tobytes()


def _write_shapes(stem: Path, records: Sequence[bytes], bounds: Sequence[float]) -> None:
    shapes, index, at = bytearray(), bytearray(), _HEAD_BYTES
    for number, content in enumerate(records, 1):
        index += struct.pack(">2i", at // 2, len(content) // 2)
        shapes += struct.pack(">2i", number, len(content) // 2) + content
        at += 8 + len(content)
    _file(stem, ".shp").write_bytes(_head(len(shapes), bounds) + shapes)
    _file(stem, ".shx").write_bytes(_head(len(index), bounds) + index)


def _head(length: int, bounds: Sequence[float]) -> bytes:
    words = (_HEAD_BYTES + length) // 2
    return struct.pack(">7i", 9994, 0, 0, 0, 0, 0, words) + struct.pack("<2i8d", 1000, POLYGON, *bounds, *([0.0] * 4))


# -- the table -------------------------------------------------------------------------------------------


def _table(rows: Sequence[Piece], columns: Sequence[Column], encoding: str, language_byte: int) -> bytes:
    cells = [[_cell(one, one.value(piece), encoding) for piece in rows] for one in columns]
    widths = [max([_LEAST_BYTES[one.kind], *map(len, column)]) for one, column in zip(columns, cells, strict=True)]
    head_bytes, row_bytes = 32 + 32 * len(columns) + 1, 1 + sum(widths)
    head = struct.pack("<B3BIHH17xB2x", 3, *_DAY, len(rows), head_bytes, row_bytes, language_byte)
    fields = b"".join(_field(one, width) for one, width in zip(columns, widths, strict=True))
    body = b"".join(
        b" "
        + b"".join(_padded(one, column[at], width) for one, column, width in zip(columns, cells, widths, strict=True))
        for at in range(len(rows))
    )
    return head + fields + b"\r" + body + b"\x1a"


def _field(one: Column, width: int) -> bytes:
    kind = b"C" if one.kind == "text" else b"N"
    return struct.pack("<11sc4xBB14x", one.short.encode("ascii"), kind, width, one.decimals if kind == b"N" else 0)


def _cell(one: Column, value: str | float | None, encoding: str) -> bytes:
    if value is None:
        return b""
    if isinstance(value, str):
        return _fitted(value, encoding)
    return f"{value:.{one.decimals}f}".encode("ascii")


def _fitted(said: str, encoding: str) -> bytes:
    """As many whole characters as a field holds, marked where they are not all."""
    data = said.encode(encoding)
    while len(data) > WIDEST_BYTES:
        said = said.rstrip(_MARK)[:-1]
        data = (said + _MARK).encode(encoding)
        said += _MARK
    return data


def _padded(one: Column, cell: bytes, width: int) -> bytes:
    return cell.ljust(width) if one.kind == "text" else cell.rjust(width)


def _dictionary(columns: Sequence[Column], facts: CampaignFacts) -> bytes:
    """Short names and what they mean, a line each, for whoever opens the table alone."""
    words = texts(facts.language)
    lines = [f"{one.short}\t{column_title(one.name, facts, words)}\t{one.name}\r\n" for one in columns]
    return "".join(lines).encode("utf-8-sig")
