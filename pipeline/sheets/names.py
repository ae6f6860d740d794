"""Names of counties on a map, each inside what the frame shows of its county."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely

from pipeline.geometry.extent import Extent, to_frame
from pipeline.sheets.box import Box
from pipeline.sheets.labels import Occupancy
from pipeline.sheets.order import Order
from pipeline.sheets.plan import MapLabel

LEAST_SHARE = 0.02  # a county that shows on less of the frame is not named there
STEPS = 17  # places tried across and down a county


def county_names(
    order: Order, extent: Extent, scale: int, taken: Occupancy, style: str, own: bool
) -> tuple[MapLabel, ...]:
    """Names of the counties that show in the frame, clear of what is taken; one that fits nowhere is left out."""
    ground = order.ground
    named = [(one.name, shape) for one, shape in zip(ground.county.neighbours, ground.neighbour_shapes, strict=True)]
    if own:
        named.append((ground.county.name, ground.county_shape))
    shown = shapely.clip_by_rect(np.array([shape for _, shape in named], dtype=object), *extent.bounds)
    told = [(name, part) for (name, _), part in zip(named, shown, strict=True) if _is_named(name, part, extent)]
    return tuple(label for name, part in told for label in _name(order, name, part, (extent, scale), taken, style))


def town_names(
    order: Order, extent: Extent, scale: int, taken: Occupancy, style: str, own: bool
) -> tuple[MapLabel, ...]:
    """Names of the towns that show in the frame beside another, clear of what is taken; of `own` ones only."""
    shown = order.ground.around["towns"].within(extent)
    if own:
        county = order.ground.county_shape
        shown = [(name, town) for name, town in shown if shapely.contains(county, shapely.point_on_surface(town))]
    if len(shown) < 2:  # all in one town: the table says which
        return ()
    parts = [(name, shapely.clip_by_rect(shape, *extent.bounds)) for name, shape in shown]
    told = [(name, part) for name, part in parts if _is_named(name, part, extent)]
    return tuple(label for name, part in told for label in _name(order, name, part, (extent, scale), taken, style))


def _is_named(name: str, part: Any, extent: Extent) -> bool:
    return bool(name) and bool(shapely.area(part) >= LEAST_SHARE * extent.area_m2)


def _name(
    order: Order, name: str, part: Any, ground: tuple[Extent, int], taken: Occupancy, style: str
) -> Iterator[MapLabel]:
    """The name at its first free place, in the small style where there is none for the usual one."""
    places = to_frame(_places(part, ground[0]), *ground).tolist()
    for one in (style, f"{style}_small"):
        width, height = order.size_mm(name, one)
        for x_mm, y_mm in places:
            box = Box(x_mm - width / 2, y_mm - height / 2, width, height)
            if taken.free(box):
                taken.take(box)
                yield order.label(name, one, box)
                return


def _places(part: Any, extent: Extent) -> Any:
    """Points inside a county, the middle of its widest room first, then by their distance from it."""
    plain = shapely.simplify(part, extent.width_m / 400)
    middle = shapely.get_coordinates(shapely.maximum_inscribed_circle(plain, extent.width_m / 60))[0]
    xmin, ymin, xmax, ymax = shapely.bounds(plain).tolist()
    x, y = (one.ravel() for one in np.meshgrid(np.linspace(xmin, xmax, STEPS), np.linspace(ymin, ymax, STEPS)))
    inside = shapely.contains_xy(plain, x, y)
    points = np.column_stack((x[inside], y[inside]))
    order = np.argsort(np.hypot(*(points - middle).T), kind="stable")
    return np.vstack([middle, points[order]])
