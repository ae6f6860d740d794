"""The standard map sheets under an overview: their edges and numbers, of the scale whose sheets are neither large nor
many there; on a plane of UTM the squares of its grid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.extent import Extent, to_frame
from pipeline.geometry.projection import Projection, to_geographic, to_plane
from pipeline.geometry.sheet_index import SheetEdges, grid_square, has_sheets, sheet_edges, sheets_of
from pipeline.sheets.box import Box, between
from pipeline.sheets.labels import Occupancy
from pipeline.sheets.order import Order
from pipeline.sheets.plan import MapLabel, Rings
from pipeline.sheets.scale import MM_PER_M
from pipeline.sheets.standard_sheets import GB, UTM

NUMBER = "sheet_number"
LEAST_MM = 60.0  # no sheet or square is lower on paper
SHEETS = ((10_000, 2.5 / 60), (50_000, 10 / 60), (100_000, 20 / 60), (250_000, 1.0), (500_000, 2.0))  # scale, height
M_PER_DEG = 111_000.0
SQUARES_KM = (1, 10, 100)
ON_EDGE = 33  # points of an edge, which is no straight line on the plane
INSET_MM = 1.2


@dataclass(frozen=True)
class SheetLines:
    """Edges and numbers of sheets in millimetres of the frame, and what the legend says of them ("" for none)."""

    lines: Rings
    labels: tuple[MapLabel, ...]
    words: str


NONE = SheetLines((), (), "")
Named = tuple[str, Box]  # a sheet, the part of it that the frame shows


def sheet_lines(order: Order, extent: Extent, scale: int, taken: Occupancy) -> SheetLines:
    """The sheets of a frame, each with its number in a corner that what is `taken` leaves free; numbers are taken."""
    if not order.settings.sheet_lines or order.sheet_system not in (GB, UTM):
        return NONE
    of = _gb if order.sheet_system == GB else _utm
    lines, named, words = of(order, extent, scale, taken.frame)
    return SheetLines(lines, tuple(_numbers(order, taken, named)), words) if lines else NONE


def _gb(order: Order, extent: Extent, scale: int, frame: Box) -> tuple[Rings, list[Named], str]:
    west, south, east, north = bounds = _bounds_deg(order.ground.projection, extent)
    fit = (one for one, high in SHEETS if high * M_PER_DEG * MM_PER_M / scale >= LEAST_MM)
    series = next(fit, SHEETS[-1][0])
    if east - west > 180 or not (has_sheets(south) and has_sheets(north)):
        return (), [], ""
    sheets = {one: sheet_edges(one) for one in sheets_of(bounds, series)}
    told = list(sheets.values())
    at_lon, at_lat = sorted({one.west_deg for one in told}), sorted({one.south_deg for one in told})
    runs = [(np.full(ON_EDGE, one), np.linspace(south, north, ON_EDGE)) for one in at_lon]
    runs += [(np.linspace(west, east, ON_EDGE), np.full(ON_EDGE, one)) for one in at_lat]
    lines = [to_frame(_plane(order.ground.projection, *one), extent, scale) for one in runs]
    named = [(name, _seen(order.ground.projection, one, extent, scale, frame)) for name, one in sheets.items()]
    words = order.words.say(f"sheet.sheet_lines.{GB}", scale=f"{series:,}")
    return tuple(one for one in lines if _shows(one, frame)), named, words


def _bounds_deg(projection: Projection, extent: Extent) -> tuple[float, float, float, float]:
    lon, lat = to_geographic(projection, *extent.ring(16).T)
    return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())


def _plane(projection: Projection, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack(to_plane(projection, lon, lat))


def _seen(projection: Projection, one: SheetEdges, extent: Extent, scale: int, frame: Box) -> Box:
    """What the frame shows of a sheet, within its edges whichever way they lean."""
    lon = np.array([one.west_deg, one.east_deg, one.east_deg, one.west_deg])
    lat = np.array([one.north_deg, one.north_deg, one.south_deg, one.south_deg])
    x, y = to_frame(_plane(projection, lon, lat), extent, scale).T.tolist()
    return between(max(x[0], x[3]), max(y[0], y[1]), min(x[1], x[2]), min(y[2], y[3])).common(frame)


def _shows(line: NDArray[np.float64], frame: Box) -> bool:
    x, y = line.T
    return bool(((x > 0) & (x < frame.w_mm) & (y > 0) & (y < frame.h_mm)).any())


def _utm(order: Order, extent: Extent, scale: int, frame: Box) -> tuple[Rings, list[Named], str]:
    """Squares of 1, 10 or 100 km; none where the frame reaches beyond the zone: its neighbour has a grid of its own."""
    projection = order.ground.projection
    west, south, east, north = _bounds_deg(projection, extent)
    fit = (one for one in SQUARES_KM if one * 1000 * MM_PER_M / scale >= LEAST_MM)
    km = next(fit, SQUARES_KM[-1])
    if west < projection.meridian_deg - 3 or east > projection.meridian_deg + 3 or south < -80 or north > 84:
        return (), [], ""
    across, down = _steps(extent.xmin_m, extent.xmax_m, km), _steps(extent.ymin_m, extent.ymax_m, km)
    runs = [((float(x), extent.ymin_m), (float(x), extent.ymax_m)) for x in across[1:]]
    runs += [((extent.xmin_m, float(y)), (extent.xmax_m, float(y))) for y in down[1:]]
    named = [(_square(projection, x, y, km), _cell(x, y, km, extent, scale, frame)) for y in down for x in across]
    words = order.words.say(f"sheet.sheet_lines.{UTM}", km=km)
    return tuple(to_frame(np.array(one), extent, scale) for one in runs), named, words


def _steps(low_m: float, high_m: float, km: int) -> list[int]:
    """The lower edges of the squares between two coordinates, metres."""
    step = km * 1000
    return list(range(int(low_m // step) * step, int(np.ceil(high_m)), step))


def _square(projection: Projection, x_m: int, y_m: int, km: int) -> str:
    """Zone and band, letters of the 100 km square, and as many figures as its size needs."""
    half = km * 500
    _, lat = to_geographic(projection, x_m + half, y_m + half)
    band, letters, east, north = grid_square(x_m + half, y_m + half, projection.zone, float(lat)).split()
    return " ".join((band, letters, *({1: (east, north), 10: (east[0], north[0])}.get(km, ()))))


def _cell(x_m: int, y_m: int, km: int, extent: Extent, scale: int, frame: Box) -> Box:
    corners = np.array([(x_m, y_m), (x_m + km * 1000, y_m + km * 1000)], dtype=float)
    (left, bottom), (right, top) = to_frame(corners, extent, scale).tolist()
    return between(left, top, right, bottom).common(frame)


def _numbers(order: Order, taken: Occupancy, named: list[Named]) -> Iterator[MapLabel]:
    for name, seen in named:
        width, height = order.size_mm(name, NUMBER)
        room = seen.inset(INSET_MM)
        if room.w_mm < 2 * width or room.h_mm < 2 * height:
            continue
        lefts, tops = (room.x_mm, room.right - width), (room.y_mm, room.bottom - height)
        for box in (Box(x, y, width, height) for y in tops for x in lefts):
            if taken.free(box):
                taken.take(box)
                yield order.label(name, NUMBER, box)
                break
