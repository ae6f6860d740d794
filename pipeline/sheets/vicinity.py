"""Decides the locator of a page where roads, places or towns were delivered: how to get there, at 1:25,000 or less."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from pipeline.geometry.extent import Extent, frame_extent, to_frame
from pipeline.sheets.box import Box, between
from pipeline.sheets.ground import TOWN as TOWN_LINE
from pipeline.sheets.labels import Leader, Occupancy, inside, nearest, place
from pipeline.sheets.order import Order
from pipeline.sheets.plan import MapLabel, Vicinity
from pipeline.sheets.scale import MM_PER_M
from pipeline.sheets.window import borders

SERIES = (25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000)
FRAME_SHARE = 0.55  # of the locator that the frame of the page takes at most
TITLE_MM = 5.0
CELL_MM = 0.25
DOT_MM = 1.0
ALONG = (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.12, 0.88)  # of a road, where its name may stand
PLACE, ROAD, TOWN, OWN = "place_name", "road_name", "town_name", "own_place"

Point = tuple[float, float]
Named = tuple[str, Point]
Road = tuple[str, list[NDArray[np.float64]]]


def has_vicinity(order: Order) -> bool:
    """True where there is anything to find one's way by."""
    around = order.ground.around
    return any(len(one.names) for one in (around["roads"], around["places"], around["towns"]))


def vicinity(order: Order, row: int, shown: Extent) -> Vicinity:
    """The ground about the frame of a page: borders, roads and places, with their names where there is room."""
    box = order.detail.first("locator").box
    wide_mm, high_mm = box.w_mm, box.h_mm - TITLE_MM
    need = max(shown.width_m / wide_mm, shown.height_m / high_mm) / FRAME_SHARE * MM_PER_M
    scale = next((one for one in SERIES if one >= need), SERIES[-1])
    extent = frame_extent(shown.centre_m, scale, wide_mm, high_mm)
    frame = _box(shown, extent, scale)
    x, y = to_frame(order.ground.points_m[row], extent, scale)[0].tolist()
    edges = borders(order.ground, extent, scale, order.settings.line_mm)
    places, roads = list(_places(order, extent, scale)), _roads(order, extent, scale)
    taken = Occupancy(wide_mm, high_mm, CELL_MM)
    taken.take_shapes([np.array([*frame.corners, frame.corners[0]])], filled=False)
    for _, at in places:
        taken.take(Box(at[0] - 0.4, at[1] - 0.4, 0.8, 0.8))
    lines = [*(one.points for one in edges), *(line for _, many in roads for line in many)]
    own = _own_words(order, taken, row, (x, y), frame, lines)
    taken.take_shapes([one.points for one in edges if one.kind != TOWN_LINE], filled=False)
    told = {one.words for one in own}
    others = [one for one in _labels(order, taken, places, roads, (extent, scale)) if one.words not in told]
    return Vicinity(
        order.words.say("sheet.locator_at", scale=f"{scale:,}"),
        frame,
        (x, y),
        edges,
        tuple(line for _, many in roads for line in many),
        tuple(at for _, at in places),
        (*own, *others),
    )


def _own_words(
    order: Order, taken: Occupancy, row: int, point: Point, frame: Box, lines: Sequence[NDArray[np.float64]]
) -> tuple[MapLabel, ...]:
    """`_own_name`, off all lines where that can be; it and the point are taken from then on."""
    clear = taken.copy()
    clear.take_shapes(lines, filled=False)
    own = _own_name(order, (clear, taken), row, point, frame)
    for one in own:
        taken.take(one.box)
    taken.take(_dot(point))
    return own


def _own_name(order: Order, rooms: Sequence[Occupancy], row: int, point: Point, frame: Box) -> tuple[MapLabel, ...]:
    """The village and town of the piece beside its point, or beside the frame with a leader to it, in the first of
    `rooms` that has a place; the village alone, or the town, where none has one for both.

    They are told as they were delivered: those of the table.
    """
    piece = order.ground.pieces[row]
    told = [" ".join(one.split()) for one in (piece.village, piece.town)]
    for names in filter(any, (told, told[:1], told[1:])):
        shown = [one for one in names if one]
        sizes = [order.size_mm(one, OWN) for one in shown]
        size_mm = max(wide for wide, _ in sizes), sum(high for _, high in sizes)
        for room, beside in product(rooms, (_dot(point), frame)):
            put = place(room, [beside], point, *size_mm, far=False)
            if put is not None:
                leader = (nearest(put.box, point), point) if beside is frame else ()
                return tuple(_stacked(order, shown, put.box, leader))
    return ()


def _dot(point: Point) -> Box:
    return Box(point[0] - DOT_MM, point[1] - DOT_MM, 2 * DOT_MM, 2 * DOT_MM)


def _stacked(order: Order, names: Sequence[str], box: Box, leader: Leader | tuple[()]) -> Iterator[MapLabel]:
    """Names one below another in a box that is as high as all of them; the first has the leader."""
    top_mm = box.y_mm
    for name in names:
        high_mm = order.size_mm(name, OWN)[1]
        yield order.label(name, OWN, Box(box.x_mm, top_mm, box.w_mm, high_mm), leader)
        top_mm, leader = top_mm + high_mm, ()


def _labels(
    order: Order, over: Occupancy, places: list[Named], roads: list[Road], ground: tuple[Extent, int]
) -> tuple[MapLabel, ...]:
    """Names of places beside roads, of roads upon them, of towns where nothing is; `over` has no road on it yet."""
    beside = over.copy()
    beside.take_shapes([line for _, lines in roads for line in lines], filled=False)
    of_places = list(_place_names(order, beside, places))
    for one in of_places:
        over.take(one.box)
    of_roads = list(_road_names(order, over, roads))
    for one in of_roads:
        beside.take(one.box)
    return (*of_places, *of_roads, *_town_names(order, beside, *ground))


def _box(shown: Extent, extent: Extent, scale: int) -> Box:
    (left, bottom), (right, top) = to_frame(shown.ring()[[0, 2]], extent, scale).tolist()
    return between(left, top, right, bottom)


def _places(order: Order, extent: Extent, scale: int) -> Iterator[Named]:
    for name, shape in order.ground.around["places"].within(extent):
        x, y = to_frame(shapely.get_coordinates(shapely.point_on_surface(shape)), extent, scale)[0].tolist()
        yield name, (x, y)


def _roads(order: Order, extent: Extent, scale: int) -> list[Road]:
    found = []
    for name, shape in order.ground.around["roads"].within(extent):
        cut = shapely.clip_by_rect(shape, *extent.bounds)
        thin = shapely.simplify(cut, order.settings.line_mm * scale / MM_PER_M)
        lines = [to_frame(shapely.get_coordinates(one), extent, scale) for one in _lines(thin)]
        found.append((name, [one for one in lines if len(one) > 1]))
    return found


def _lines(shape: Any) -> list[Any]:
    return [one for one in shapely.get_parts(shape).tolist() if shapely.get_dimensions(one) == 1]


def _place_names(order: Order, taken: Occupancy, places: list[Named]) -> Iterator[MapLabel]:
    for name, (x, y) in places:
        beside, size = [Box(x - 0.4, y - 0.4, 0.8, 0.8)], order.size_mm(name, PLACE)
        put = place(taken, beside, (x, y), *size, far=False) if name else None
        if put is not None:
            yield order.label(name, PLACE, put.box)


def _road_names(order: Order, taken: Occupancy, roads: list[Road]) -> Iterator[MapLabel]:
    """Each name once, in the middle of its longest stretch or where that is free."""
    named: set[str] = set()
    for name, lines in roads:
        line = max((shapely.linestrings(one) for one in lines), key=shapely.length, default=None)
        if not name or name in named or line is None:
            continue
        along = shapely.line_interpolate_point(line, ALONG, normalized=True)
        for x, y in shapely.get_coordinates(along).tolist():
            put = inside(taken, (x, y), *order.size_mm(name, ROAD))
            if put is not None:
                named.add(name)
                yield order.label(name, ROAD, put.box)
                break


def _town_names(order: Order, taken: Occupancy, extent: Extent, scale: int) -> Iterator[MapLabel]:
    """The name of each town about the middle of what is seen of it."""
    for name, shape in order.ground.around["towns"].within(extent):
        seen = shapely.clip_by_rect(shape, *extent.bounds)
        if not name or shapely.area(seen) < 0.05 * extent.area_m2:
            continue
        middle = to_frame(shapely.get_coordinates(shapely.point_on_surface(seen)), extent, scale)[0].tolist()
        put = inside(taken, (middle[0], middle[1]), *order.size_mm(name, TOWN))
        if put is not None:
            yield order.label(name, TOWN, put.box)
