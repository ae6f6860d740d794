"""Tables with a row for each vertex: number, x, y, and perhaps ring and point; rows of one number are one outline."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from pipeline.errors import Refusal
from pipeline.io.readers import column_names
from pipeline.io.readers.geometries import Geometries, to_wkb
from pipeline.io.readers.numerals import is_number, number
from pipeline.io.readers.raw import Raw
from pipeline.io.readers.rings import Vertices, polygon
from pipeline.io.readers.sheet import Sheet, column, named
from pipeline.io.readers.vertex_lists import is_closed, refuse_northing_first, rings, unclosed_ones


def vertex_columns(sheet: Sheet) -> tuple[int, int, int]:
    """The columns of the outline's number, x and y, -1 where there is none."""
    return tuple(named(sheet, one) for one in (column_names.NUMBER, column_names.X, column_names.Y))  # type: ignore[return-value]


def by_vertex(sheet: Sheet, encoding: str, evidence: str) -> Raw:
    """One outline for each run of rows with one number.

    Raises:
        Refusal: there is but one vertex for each number, or northing comes first in columns that do not say so.
    """
    number_at, x_at, y_at = vertex_columns(sheet)
    ring_at, point_at = named(sheet, column_names.RING), named(sheet, column_names.POINT)
    filled, notes = _filled_down(column(sheet, number_at))
    runs = _runs(filled)
    if len(runs) * 2 > len(filled):
        sentence = f"it has one point for each {sheet.columns[number_at]!r}, and no outline"
        raise Refusal(sentence, "ask for the outlines, as WKT or in a GeoPackage")
    if {column_names.plain(sheet.columns[one]) for one in (x_at, y_at)} & set(column_names.OPEN_ORDER):
        _refuse_order(sheet, x_at, y_at)
    shapes = _shapes(sheet, runs, (x_at, y_at, ring_at), notes)
    _part_scattered(shapes, runs, filled, notes)
    left = {x_at, y_at, ring_at, point_at}
    kept = [one for one in range(len(sheet.columns)) if one not in left]
    fields: dict[str, list[str | None]] = {
        sheet.columns[one]: [_common(sheet, run, one) for run in runs] for one in kept
    }
    fields[sheet.columns[number_at]] = [filled[run[0]] for run in runs]
    notes = [*sheet.notes, f"{len(sheet.rows)} rows of vertices make {len(runs)} outlines", *notes]
    rows = [sheet.numbers[run[0]] for run in runs]
    return Raw(sheet.name, "", fields, to_wkb(shapes), rows, -1, notes, encoding, evidence)


def _filled_down(cells: Sequence[str | None]) -> tuple[list[str | None], list[str]]:
    """The numbers, empty ones as the one above: workbooks merge such cells."""
    made: list[str | None] = []
    for one in cells:
        made.append(one if one or not made else made[-1])
    empty = sum(not one for one in cells)
    return made, [f"{empty} empty numbers were taken as the one above"] if empty else []


def _runs(numbers: Sequence[str | None]) -> list[list[int]]:
    """The places of rows that follow one another with the same number."""
    return [[at for at, _ in run] for _, run in groupby(enumerate(numbers), key=lambda one: one[1])]


def _refuse_order(sheet: Sheet, x_at: int, y_at: int) -> None:
    pairs = [(row[x_at], row[y_at]) for row in sheet.rows]
    good = np.array([(number(x), number(y)) for x, y in pairs if x and y and is_number(x) and is_number(y)])
    xy = good.reshape(-1, 2)
    refuse_northing_first(xy[:, 0], xy[:, 1])


def _shapes(sheet: Sheet, runs: Sequence[Sequence[int]], columns: tuple[int, int, int], notes: list[str]) -> Geometries:
    """The polygon of each run; what is wrong with the others is noted."""
    shapes = np.full(len(runs), None, object)
    closed: list[bool | None] = [None] * len(runs)
    for at, run in enumerate(runs):
        try:
            found = _rings(sheet, run, columns)
            shapes[at], closed[at] = polygon(found), all(is_closed(one) for one in found)
        except ValueError as wrong:
            notes.append(f"the outline from line {sheet.numbers[run[0]] + 1} was not understood: {wrong}")
    for at in unclosed_ones(closed):
        shapes[at] = None
        notes.append(f"the outline from line {sheet.numbers[runs[at][0]] + 1} is not closed as the others are")
    return shapes


def _rings(sheet: Sheet, run: Sequence[int], columns: tuple[int, int, int]) -> list[Vertices]:
    x_at, y_at, ring_at = columns
    if any(one in sheet.damaged for one in run):
        raise ValueError("one of its rows has too many or too few cells")
    points = np.array([[number(sheet.rows[one][x_at] or ""), number(sheet.rows[one][y_at] or "")] for one in run])
    return rings(points, [sheet.rows[one][ring_at] if ring_at >= 0 else None for one in run])


def _part_scattered(
    shapes: Geometries, runs: Sequence[Sequence[int]], numbers: Sequence[str | None], notes: list[str]
) -> None:
    """A number in several runs is several outlines, if each is one by itself; else nobody knows what is whose."""
    places: dict[str | None, list[int]] = {}
    for at, run in enumerate(runs):
        places.setdefault(numbers[run[0]], []).append(at)
    for name, several in places.items():
        if len(several) == 1:
            continue
        if any(shapes[at] is None for at in several):
            shapes[several] = None
            notes.append(f"the vertices of {name or '?'} are scattered over the table and were not put together")
        else:
            notes.append(f"{name or '?'} is given to {len(several)} outlines")


def _common(sheet: Sheet, run: Sequence[int], at: int) -> str | None:
    """The value the rows of an outline share; several are given one behind the other."""
    values = list(dict.fromkeys(sheet.rows[one][at] for one in run if sheet.rows[one][at]))
    return "; ".join(one for one in values[:20] if one) or None
