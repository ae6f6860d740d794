"""The corners of a piece, J1 … Jn: on the map, and in the table from which anyone can set them out again."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from pipeline.geometry.extent import Extent, to_frame
from pipeline.geometry.projection import to_plane
from pipeline.sheets import figures
from pipeline.sheets.box import Box
from pipeline.sheets.densities import Density, density_for, panel_densities
from pipeline.sheets.labels import Occupancy, place
from pipeline.sheets.layout import load_layout
from pipeline.sheets.order import Order, destination
from pipeline.sheets.plan import IndexRow, IndexSheet, MapLabel, Vertex, VertexTable

LABEL = "vertex_label"
MOST_LABELS = 40  # more would hide what they are about
APART_MM = 1.2  # a corner nearer than this to one with a label has none


def vertices(order: Order, row: int, extent: Extent, scale: int) -> tuple[Vertex, ...]:
    """Every corner of piece `row` once, part by part from the northernmost point of its outer ring, clockwise.

    Source: the corners as delivered and clipped, not those an edge is densified with on the plane.
    """
    rings = [ring for part in shapely.get_parts(order.ground.pieces[row].geometry) for ring in _rings(part)]
    lon, lat = np.vstack(rings).T
    x_m, y_m = to_plane(order.ground.projection, lon, lat)
    places = to_frame(np.column_stack((x_m, y_m)), extent, scale)
    told = zip(places.tolist(), x_m.tolist(), y_m.tolist(), lon.tolist(), lat.tolist(), strict=True)
    return tuple(_vertex(at, *one) for at, one in enumerate(told, 1))


def vertex_sheets(order: Order, first_page: int) -> list[IndexSheet]:
    """The pages that follow all sheets with the corners of every piece; none unless the office wants them so.

    Raises:
        Refusal: their layout is missing or mistaken.
    """
    if order.settings.vertices != "following" or not order.drawn:
        return []
    layout = load_layout(order.settings.vertices_layout)
    density = density_for(layout, sys.maxsize)
    rows = [one for row in order.drawn for one in _listed(order, row, density)]
    count = -(-len(rows) // density.room)
    headings = tuple(order.words[_HEADINGS.get(one, f"sheet.vertices.{one}")] for one in density.fields)
    return [
        IndexSheet(
            kind="index",
            layout=layout,
            name=f"vertices-{at + 1}",
            label=str(first_page + at),
            fields=_page_fields(order, at, count, first_page + at),
            density=density,
            headings=headings,
            rows=tuple(rows[at * density.room : (at + 1) * density.room]),
            deep=density.rows,
        )
        for at in range(count)
    ]


_HEADINGS = {"number": "sheet.index.number", "patch_no": "sheet.index.patch_no"}


def _listed(order: Order, row: int, density: Density) -> list[IndexRow]:
    piece, (xmin, ymin, xmax, ymax) = order.ground.pieces[row], order.ground.bounds_m[row].tolist()
    own = {"number": str(piece.seq), "patch_no": piece.patch_no or figures.MISSING}
    found = vertices(order, row, Extent(xmin, ymin, xmax, ymax), 1)
    told = [own | dict(one.cells) for one in found]
    return [IndexRow(tuple(one[name] for name in density.fields), destination(piece.seq)) for one in told]


def _page_fields(order: Order, at: int, count: int, page: int) -> dict[str, str]:
    words = order.words
    return dict(order.fields) | {
        "title": words.say("sheet.title.index", **order.fields),
        "subtitle": words.say("sheet.subtitle.vertices", **order.fields),
        "heading": words.say("sheet.heading.vertices", number=at + 1, total=count),
        "page": words.say("sheet.page_of", page=page),
    }


def _vertex(at: int, place_mm: list[float], x_m: float, y_m: float, lon: float, lat: float) -> Vertex:
    cells = {
        "vertex": f"J{at}",
        "east": figures.rounded(x_m, 2),
        "north": figures.rounded(y_m, 2),
        "lon": f"{lon:.7f}",
        "lat": f"{lat:.7f}",
    }
    return Vertex(place_mm[0], place_mm[1], cells)


def _rings(part: Any) -> list[NDArray[np.float64]]:
    """Rings without their closing point, the outer one first and clockwise, holes the other way."""
    outer, *holes = shapely.get_rings(shapely.force_2d(part))
    return [_turned(outer, True), *(_turned(one, False) for one in holes)]


def _turned(ring: Any, clockwise: bool) -> NDArray[np.float64]:
    points = shapely.get_coordinates(ring)[:-1]
    if bool(shapely.is_ccw(ring)) == clockwise:
        points = points[::-1]
    first = int(np.lexsort((points[:, 0], -points[:, 1]))[0])
    return np.roll(points, -first, axis=0)


def vertex_table(order: Order, found: tuple[Vertex, ...]) -> VertexTable | None:
    """The table of corners, at the first density that holds them all, else as many as the last one holds."""
    slot = next(order.detail.of_kind("vertices"), None)
    if slot is None or not found:
        return None
    room_mm = slot.box.h_mm - slot.options["title_mm"]
    offered = [(one, int(room_mm / one.row_mm) - 1) for one in panel_densities(order.detail, slot)]
    density, deep = next((one for one in offered if len(found) <= one[0].columns * one[1]), offered[-1])
    shown = found[: density.columns * deep]
    key = "whole" if len(shown) == len(found) else "cut"
    return VertexTable(
        order.words.say(f"sheet.vertices.{key}", count=len(found), shown=len(shown)),
        tuple(order.words[f"sheet.vertices.{one}"] for one in density.fields),
        tuple(tuple(one.cells[name] for name in density.fields) for one in shown),
        deep,
        density,
    )


def vertex_labels(order: Order, taken: Occupancy, found: tuple[Vertex, ...]) -> list[MapLabel]:
    """J1 … beside their corners where they are few, and far enough apart to be told from one another."""
    labels: list[MapLabel] = []
    named: list[Vertex] = []
    for one in found if len(found) <= MOST_LABELS else ():
        if any(np.hypot(one.x_mm - other.x_mm, one.y_mm - other.y_mm) < APART_MM for other in named):
            continue
        size = order.size_mm(one.cells["vertex"], LABEL)
        placed = place(taken, [Box(one.x_mm, one.y_mm, 0.0, 0.0)], (one.x_mm, one.y_mm), *size, far=False)
        if placed is not None:
            labels.append(order.label(one.cells["vertex"], LABEL, placed.box))
            named.append(one)
    return labels
