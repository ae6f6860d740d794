"""Roads and places on an overview: the longest roads and scattered places, as many as leave the sheet calm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from pipeline.geometry.extent import Extent, to_frame
from pipeline.sheets.box import Box
from pipeline.sheets.labels import Occupancy, inside, place
from pipeline.sheets.order import Order
from pipeline.sheets.plan import MapLabel, Rings
from pipeline.sheets.scale import MM_PER_M

ROAD_NAME, PLACE_NAME = "road_on_overview", "place_on_overview"
APART_MM = 30.0  # roads are drawn, the longest first, until they lie so far apart on the whole
SHORTEST_MM = 12.0  # a road that shows shorter is none of the main ones
PLACES_APART_MM = 22.0  # named places
ALONG = (0.5, 0.35, 0.65, 0.2, 0.8)  # of a road, where its name may stand

Line = NDArray[np.float64]
Point = tuple[float, float]


@dataclass(frozen=True)
class Ways:
    """What leads to the patches, millimetres of the frame."""

    roads: Rings
    places: tuple[Point, ...]
    labels: tuple[MapLabel, ...]


def ways(order: Order, extent: Extent, scale: int, taken: Occupancy) -> Ways:
    """Main roads and places of a frame, named where what is `taken` leaves room; what is named is taken."""
    roads = _main_roads(order, extent, scale)
    beside = taken.copy()
    beside.take_shapes([line for _, lines in roads for line in lines], filled=False)
    named = list(_places(order, extent, scale, beside))
    for _, label in named:
        taken.take(label.box)
    of_roads = list(_road_names(order, roads, taken))
    lines = tuple(line for _, many in roads for line in many)
    return Ways(lines, tuple(at for at, _ in named), (*(label for _, label in named), *of_roads))


def _main_roads(order: Order, extent: Extent, scale: int) -> list[tuple[str, list[Line]]]:
    """The longest roads of the frame: a name's pieces are one road, and so are nameless ones that meet end to end."""
    mm = MM_PER_M / scale
    room_mm = extent.area_m2 * mm * mm / APART_MM
    found = []
    for name, shape in sorted(_joined(order, extent), key=lambda one: -shapely.length(one[1])):
        length_mm = shapely.length(shape) * mm
        room_mm -= length_mm
        if length_mm < SHORTEST_MM or room_mm < 0:
            break
        thin = shapely.get_parts(shapely.simplify(shape, order.settings.line_mm / mm)).tolist()
        found.append((name, [to_frame(shapely.get_coordinates(one), extent, scale) for one in thin]))
    return found


def _joined(order: Order, extent: Extent) -> Iterator[tuple[str, Any]]:
    by_name: dict[str, list[Any]] = {}
    for name, shape in order.ground.around["roads"].within(extent):
        parts = shapely.get_parts(shapely.clip_by_rect(shape, *extent.bounds))
        by_name.setdefault(name, []).extend(parts[shapely.get_type_id(parts) == 1].tolist())
    for name, parts in by_name.items():
        merged = shapely.line_merge(shapely.multilinestrings(parts))
        yield from ((name, one) for one in (shapely.get_parts(merged).tolist() if not name else [merged]))


def _places(order: Order, extent: Extent, scale: int, taken: Occupancy) -> Iterator[tuple[Point, MapLabel]]:
    radius, named = order.style.size_mm("place"), np.empty((0, 2))
    for name, shape in order.ground.around["places"].within(extent):
        x, y = to_frame(shapely.get_coordinates(shapely.point_on_surface(shape)), extent, scale)[0].tolist()
        dot = Box(x - radius, y - radius, 2 * radius, 2 * radius)
        near = len(named) and np.hypot(*(named - (x, y)).T).min() < PLACES_APART_MM
        if not name or near or not taken.free(dot):
            continue
        put = place(taken, [dot], (x, y), *order.size_mm(name, PLACE_NAME), far=False)
        if put is not None:
            named = np.vstack([named, (x, y)])
            taken.take(dot)
            yield (x, y), order.label(name, PLACE_NAME, put.box)


def _road_names(order: Order, roads: list[tuple[str, list[Line]]], taken: Occupancy) -> Iterator[MapLabel]:
    """Once for a road, on its longest stretch, where that is free."""
    for name, lines in roads:
        line = max((shapely.linestrings(one) for one in lines), key=shapely.length, default=None)
        if not name or line is None:
            continue
        along = shapely.line_interpolate_point(line, ALONG, normalized=True)
        for x, y in shapely.get_coordinates(along).tolist():
            put = inside(taken, (x, y), *order.size_mm(name, ROAD_NAME))
            if put is not None:
                yield order.label(name, ROAD_NAME, put.box)
                break
