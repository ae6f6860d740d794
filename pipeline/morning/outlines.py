"""Outlines of counties made light enough for a page: one projection, shared borders kept shared, whole units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Proj

WIDTH, HEIGHT, MARGIN = 1600, 1150, 12  # units of the drawing
COARSENESS = 1.4  # units: the border may move about as much as its own stroke is wide
SPECK = 3.0  # square units: a smaller part is left out where the county has a larger one
FEW_COUNTIES = 40
FEW_GROUPS = 60
LABELLED = 0.4  # where fewer of the counties have room for their names, the groups are named instead
_SIZES = {True: (34, 26, 20), False: (24, 18)}  # of labels, units: few counties, many counties
_GROUP_SIZES = (34, 26, 20)
_LINE = 1.25
_WIDE = 0.08  # clear space beside a label, in ems

Geometries = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Label:
    """A label that fits inside its county or group: middle and size in units, and its one or two lines."""

    x: int
    y: int
    size: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Outline:
    """One county to draw: geometry in longitude and latitude (degrees), label lines, the unit above and its name."""

    code: str
    shape: Any
    lines: tuple[str, ...]
    group: str
    group_name: str


@dataclass(frozen=True)
class Drawing:
    """A map ready to be drawn in units, y downwards: path data by code, borders of the groups, labels."""

    width: int
    height: int
    paths: dict[str, str]
    borders: list[str]
    labels: list[Label]
    labels_name_groups: bool


def drawing_of(outlines: Sequence[Outline]) -> Drawing:
    """The counties as path data, with labels on the counties or, where few would fit, on the groups."""
    drawn = [one for one in outlines if one.shape is not None and not one.shape.is_empty]
    if not drawn:
        return Drawing(0, 0, {}, [], [], False)
    shapes, width, height = _on_page(_flat(np.array([one.shape for one in drawn], object)))
    shapes = shapely.coverage_simplify(shapes, COARSENESS)
    paths = {one.code: _path(shape) for one, shape in zip(drawn, shapes, strict=True)}
    groups, names = _united(shapes, drawn)
    labels = _labels(shapes, [one.lines for one in drawn], _SIZES[len(drawn) <= FEW_COUNTIES])
    by_group = len(groups) > 1 and len(labels) < LABELLED * len(drawn)
    labels = _labels(groups, [(one,) for one in names], _GROUP_SIZES) if by_group else labels
    borders = [_path(one) for one in groups] if len(groups) > 1 else []
    return Drawing(width, height, paths, borders, labels, by_group)


def _flat(shapes: Geometries) -> Geometries:
    """On an equal-area plane around the middle of all counties, metres; the 180th meridian may run between them."""
    west, south, east, north = shapely.total_bounds(shapes)
    if east - west > 180:
        lon = shapely.get_coordinates(shapes)[:, 0] % 360
        west, east = min((west, east), (float(lon.min()), float(lon.max())), key=lambda one: one[1] - one[0])
    plane = Proj(proj="laea", lon_0=(west + east) / 2, lat_0=(south + north) / 2, ellps="GRS80")
    flat: Geometries = shapely.transform(shapes, lambda xy: np.column_stack(plane(xy[:, 0], xy[:, 1])))
    return flat


def _on_page(shapes: Geometries) -> tuple[Geometries, int, int]:
    """Metres to units with y downwards, and the size of the drawing."""
    west, south, east, north = shapely.total_bounds(shapes)
    unit = max((east - west) / (WIDTH - 2 * MARGIN), (north - south) / (HEIGHT - 2 * MARGIN)) or 1.0
    corner, turn = np.array([west, north]), np.array([1 / unit, -1 / unit])
    placed: Geometries = shapely.transform(shapes, lambda xy: (xy - corner) * turn + MARGIN)
    return placed, round((east - west) / unit) + 2 * MARGIN, round((north - south) / unit) + 2 * MARGIN


def _united(shapes: Geometries, drawn: Sequence[Outline]) -> tuple[Geometries, list[str]]:
    """The outline of each group of counties, and its name."""
    sound = shapely.make_valid(shapes)
    names = {one.group: one.group_name for one in drawn}
    codes = np.array([one.group for one in drawn])
    made = np.array([shapely.union_all(sound[codes == code]) for code in sorted(names)], object)
    return made, [names[code] for code in sorted(names)]


def _path(shape: Any) -> str:
    """Path data of a polygon or multipolygon: whole units, each ring from its start by differences."""
    parts = [one for one in shapely.get_parts(shape) if shapely.get_type_id(one) == 3]
    largest = max((one.area for one in parts), default=0.0)
    kept = [one for one in parts if one.area >= min(SPECK, largest)]
    rings = shapely.get_rings(np.array(kept, object)) if kept else []
    made = "".join(_ring(np.rint(shapely.get_coordinates(one)).astype(int)) for one in rings)
    return made or _speck(shape)


def _ring(xy: npt.NDArray[np.int_]) -> str:
    steps = np.diff(xy, axis=0)
    steps = steps[steps.any(axis=1)][:-1]
    if len(steps) < 2:
        return ""
    return f"M{xy[0, 0]} {xy[0, 1]}l{_numbers(steps.ravel().tolist())}z"


def _numbers(values: Sequence[int]) -> str:
    """Numbers with a blank only where no minus sign parts them."""
    return "".join(str(one) if one < 0 else f" {one}" for one in values).lstrip()


def _speck(shape: Any) -> str:
    """A mark of a few units for a county too small to be seen: none is left off the map."""
    x, y = (round(one) for one in shapely.get_coordinates(shapely.centroid(shape))[0])
    return f"M{x - 3} {y}l3-3 3 3-3 3z"


def _labels(shapes: Geometries, lines: Sequence[tuple[str, ...]], sizes: Sequence[int]) -> list[Label]:
    """The largest label that fits inside each shape, with its second line if that fits too; none where none does."""
    circles = shapely.maximum_inscribed_circle(shapes, tolerance=2.0)
    places = [shapely.get_coordinates(shapely.centroid(shapes)), shapely.get_coordinates(circles)[::2]]
    found: dict[int, Label] = {}
    for size in sizes:
        for kept in (2, 1):
            for place in places:
                _place(found, shapes, [one[:kept] for one in lines], place, size)
    return [found[at] for at in sorted(found)]


def _place(
    found: dict[int, Label],
    shapes: Geometries,
    lines: Sequence[tuple[str, ...]],
    place: npt.NDArray[np.float64],
    size: int,
) -> None:
    wide = np.array([max(ems(line) for line in one) for one in lines]) * size / 2
    high = np.array([len(one) for one in lines]) * _LINE * size / 2
    x, y = place[:, 0], place[:, 1]
    fits = shapely.contains_properly(shapes, shapely.box(x - wide, y - high, x + wide, y + high))
    for at in np.flatnonzero(fits).tolist():
        found.setdefault(at, Label(round(x[at]), round(y[at]), size, lines[at]))


def ems(words: str) -> float:
    """About how wide a text is, in ems: a hanzi takes one, a Latin letter a little over half."""
    return sum(0.58 if ord(one) < 0x2E80 else 1.0 for one in words) + 2 * _WIDE
