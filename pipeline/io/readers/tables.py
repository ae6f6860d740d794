"""CSV and workbooks with outlines: a column of WKT (or WKB in hexadecimal), of vertex lists, or a row per vertex.

A table says nothing of its coordinate system but in EWKT. x comes before y; a table whose numbers show the other order
is refused, unless its columns name easting and northing, or longitude and latitude.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import shapely

from pipeline.errors import Refusal
from pipeline.io.readers.column_names import GEOMETRY, plain
from pipeline.io.readers.csv_rows import read_rows
from pipeline.io.readers.geometries import Geometries, from_hex, from_wkt, looks_like_hex, looks_like_wkt, to_wkb
from pipeline.io.readers.raw import Raw
from pipeline.io.readers.rings import polygon
from pipeline.io.readers.sheet import Sheet, column, share_of_outlines
from pipeline.io.readers.vertex_lists import is_closed, refuse_northing_first, unclosed_ones, vertices
from pipeline.io.readers.vertex_rows import by_vertex, vertex_columns
from pipeline.io.readers.workbook_rows import read_sheets

_WORKBOOK_CELL = 32_767  # characters a cell of a workbook can hold
_HINT = "ask for a column of WKT named geometry, or for a GeoPackage"


def read_csv(path: Path) -> list[Raw]:
    """The one layer of a CSV file.

    Raises:
        Refusal: it is not text, or has no outlines that can be read in one way only.
    """
    table, characters = read_rows(path)
    made = layer(table, characters.encoding, characters.evidence)
    made.notes.extend(characters.notes)
    return [made]


def read_workbook(path: Path) -> list[Raw]:
    """A layer for each sheet with outlines; the other sheets are named in the notes of the first.

    Raises:
        Refusal: it cannot be opened, no sheet has outlines, or one can be read in several ways.
    """
    found = read_sheets(path)
    if not any(one.rows for one in found):
        raise Refusal("the workbook has no table", "ask the sender to export it again")
    spatial = [one for one in found if has_outlines(one)]
    if not spatial:
        raise Refusal(f"no sheet has outlines: {'; '.join(_about(one) for one in found)}", _HINT)
    made = [layer(one, "utf-8", "workbooks are Unicode") for one in spatial]
    made[0].notes.extend(f"{_about(one)} has no outlines and was not read" for one in found if one not in spatial)
    return made


def _about(sheet: Sheet) -> str:
    return f"sheet {sheet.name!r} ({', '.join(sheet.columns)[:200]})"


def has_outlines(sheet: Sheet) -> bool:
    """Whether a sheet has a column of outlines, or coordinates in rows."""
    return has_outline_column(sheet) or min(vertex_columns(sheet)) >= 0


def has_outline_column(sheet: Sheet) -> bool:
    """Whether a sheet has a column of WKT, WKB or vertex lists."""
    return bool(_candidates(sheet))


def layer(sheet: Sheet, encoding: str, evidence: str) -> Raw:
    """The records of a table.

    Raises:
        Refusal: it has no outlines, or several, or their order of coordinates is not known.
    """
    found = _candidates(sheet)
    named_so = [one for one in found if plain(sheet.columns[one]) in GEOMETRY]
    chosen = named_so or found
    if len(chosen) > 1:
        names = ", ".join(sheet.columns[one] for one in chosen)
        raise Refusal(
            f"several columns hold outlines: {names}", "ask which one counts, and for the others to be left out"
        )
    if chosen:
        return _by_column(sheet, chosen[0], encoding, evidence)
    if min(vertex_columns(sheet)) < 0:
        raise Refusal(f"it has no column of outlines; its columns are {', '.join(sheet.columns)[:300]}", _HINT)
    return by_vertex(sheet, encoding, evidence)


def _candidates(sheet: Sheet) -> list[int]:
    """Columns that by their name may hold outlines and somewhere do, or that mostly do whatever their name."""
    names = [plain(one) in GEOMETRY for one in sheet.columns]
    shares = [share_of_outlines(column(sheet, at)) for at in range(len(names))]
    return [at for at, share in enumerate(shares) if share > (0 if names[at] else 0.5)]


def _by_column(sheet: Sheet, at: int, encoding: str, evidence: str) -> Raw:
    cells = [None if row in sheet.damaged else one for row, one in enumerate(column(sheet, at))]
    shapes, crs, notes = outlines(cells)
    if sheet.damaged:
        notes.append(f"{len(sheet.damaged)} rows have not the cells their columns ask for")
    broken = [
        one for one, shape in enumerate(shapes) if shape is None and (sheet.rows[one][at] or one in sheet.damaged)
    ]
    fields = {name: column(sheet, one) for one, name in enumerate(sheet.columns) if one != at}
    if broken:  # what was not understood stays to be looked at
        kept: list[str | None] = [None] * len(cells)
        for one in broken:
            kept[one] = sheet.rows[one][at]
        fields[sheet.columns[at]] = kept
    notes = [*sheet.notes, f"outlines are those of column {sheet.columns[at]!r}", *notes]
    return Raw(sheet.name, crs, fields, to_wkb(shapes), sheet.numbers, -1, notes, encoding, evidence)


def outlines(cells: Sequence[str | None]) -> tuple[Geometries, str, list[str]]:
    """The geometries of a column, the CRS its cells state ("" if none), and what there is to say of them.

    Raises:
        Refusal: its vertex lists give northing or latitude first.
    """
    texts = [one.strip() if one else None for one in cells]
    as_wkt = [one if one and looks_like_wkt(one) else None for one in texts]
    shapes, srids, closed = from_wkt(as_wkt)
    as_hex = [one if one and looks_like_hex(one) else None for one in texts]
    hexes, hex_srids = from_hex(as_hex)
    lists, not_lists = _from_lists([None if w or h else t for t, w, h in zip(texts, as_wkt, as_hex, strict=True)])
    made = np.where(shapely.is_missing(shapes), np.where(shapely.is_missing(hexes), lists, hexes), shapes)
    crs, others = _crs([one or other for one, other in zip(srids, hex_srids, strict=True)], made)
    made[others] = None
    lost = [one for one, shape in zip(texts, made, strict=True) if one and shape is None]
    return made, crs, list(_said(lost, closed, sum(others), crs, not_lists))


def _from_lists(texts: Sequence[str | None]) -> tuple[Geometries, str]:
    """The polygons of vertex lists, and the first reason why one was not understood."""
    made = np.full(len(texts), None, object)
    closed: list[bool | None] = [None] * len(texts)
    problem, firsts = "", []
    for at, text in enumerate(texts):
        try:
            if text:
                ring = vertices(text)
                made[at], closed[at] = polygon([ring]), is_closed(ring)
                firsts.append(ring[0])
        except ValueError as wrong:
            problem = problem or str(wrong)
    order = np.array(firsts, float).reshape(-1, 2)
    refuse_northing_first(order[:, 0], order[:, 1])
    cut = unclosed_ones(closed)
    made[cut] = None
    return made, problem or ("it is not closed as the others are" if cut else "")


def _crs(srids: Sequence[int], shapes: Geometries) -> tuple[str, list[bool]]:
    """The CRS most geometries state, and which of them state another or none."""
    there = [srid for srid, shape in zip(srids, shapes, strict=True) if shape is not None]
    stated = sorted({one for one in there if one}, key=lambda one: (-there.count(one), one))
    if not stated:
        return "", [False] * len(srids)
    return f"EPSG:{stated[0]}", [
        shape is not None and srid != stated[0] for srid, shape in zip(srids, shapes, strict=True)
    ]


def _said(lost: list[str], closed: int, others: int, crs: str, problem: str) -> Iterator[str]:
    if lost:
        why = f" ({problem})" if problem else ""
        yield f"{len(lost)} outlines were not understood{why}, the first is {lost[0][:60]!r}"
    if any(len(one) >= _WORKBOOK_CELL for one in lost):
        yield f"some were cut at {_WORKBOOK_CELL} characters, all that a cell of a workbook holds"
    if closed:
        yield f"{closed} outlines had rings that were not closed; the first vertex was repeated"
    if others:
        yield f"{others} outlines state another coordinate system than {crs}, or none"
