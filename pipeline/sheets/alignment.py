"""How far the imagery of the later date lies off that of the earlier, scene by scene, from windows beside the pieces.

A patch is ground that changed; its neighbourhood mostly did not. So windows lie at the corners of pieces, and what
they say together holds for all pages of the two scenes: a sheet by itself would say its own noise.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from pipeline.geometry.registration import Shift, agreed, shift_between
from pipeline.io.rasters import Bounds, BrokenRaster, Grid, TileCache, covering, grid_in, mosaic
from pipeline.records import Scene
from pipeline.sheets.ground import Ground

SIDE_PX = 256  # of a window
PAGES_A_WINDOW = 12  # a window takes about 10 ms, a page 17: together a twentieth of a book
FEWEST_WINDOWS, PAIR_WINDOWS = 6, 15  # of a book; of two scenes at most
CORNERS = ((1, 1), (-1, -1), (-1, 1), (1, -1))  # of a piece, where a window lies: another one for each in turn
AIR = 1.05  # a window lies so far within its scenes: pixels are interpolated at its edge
GREY = (0.299, 0.587, 0.114)
Point = tuple[float, float]  # metres east and north on the county's plane


@dataclass(frozen=True)
class Pair:
    """The scenes that lie on top of a piece, before and after."""

    before: Scene
    after: Scene

    @property
    def pixel_m(self) -> float:
        """The coarser of the two pixels: what shifts are counted in."""
        return max(self.before.pixel_m, self.after.pixel_m)


@dataclass(frozen=True)
class Offset:
    """The later scene of a pair against the earlier: metres east and north on the county's plane.

    Attributes:
        before, after: names of the files.
        windows: compared in all.
        sure: most of them agree; else the figures mean nothing.
    """

    before: str
    after: str
    pixel_m: float
    east_m: float
    north_m: float
    windows: int
    sure: bool

    @property
    def metres(self) -> float:
        """The length of the shift."""
        return math.hypot(self.east_m, self.north_m)

    @property
    def pixels(self) -> float:
        """The same in pixels of the coarser scene."""
        return self.metres / self.pixel_m


@dataclass(frozen=True)
class Alignment:
    """The offsets of a county's scenes; `of_row` are those of its pieces, as far as their scenes were compared."""

    offsets: tuple[Offset, ...] = ()
    of_row: Mapping[int, Offset] = field(default_factory=dict)


NOT_MEASURED = Alignment()


def measure_alignment(ground: Ground, cache: TileCache) -> Alignment:
    """The offset of each pair of scenes under a county's pages.

    Of many pairs the ones with the most windows are measured, as far as the pages pay for; the rest is left out.
    """
    rows = np.array(ground.drawn, np.int64)
    tops = _on_top(ground, shapely.points(ground.points_m[rows]))
    known = (tops >= 0).all(axis=1)
    pairs = _rows_by_pair(rows[known], tops[known])
    left = max(FEWEST_WINDOWS, len(rows) // PAGES_A_WINDOW)
    found: list[Offset] = []
    of_row: dict[int, Offset] = {}
    for at, mine in sorted(pairs.items(), key=lambda one: (-len(one[1]), one[0])):
        pair = Pair(ground.scenes["before"][at[0]], ground.scenes["after"][at[1]])
        chosen = _spread(_windows(ground, at, pair, mine), min(PAIR_WINDOWS, left))
        left -= len(chosen)
        if chosen:
            found.append(_offset(ground, cache, pair, chosen))
            of_row |= dict.fromkeys(mine, found[-1])
    return Alignment(tuple(found), of_row)


def _on_top(ground: Ground, shapes: Any) -> NDArray[np.int64]:
    """(n, 2): for each shape the first scene it meets, before and after; -1 where that does not hold all of it."""
    return np.column_stack([_first(ground.footprints[phase], shapes) for phase in ("before", "after")])


def _first(outlines: Any, shapes: Any) -> NDArray[np.int64]:
    first = np.full(len(shapes), len(outlines), np.int64)
    if len(outlines) and len(shapes):
        of_shape, scene = shapely.STRtree(outlines).query(shapes, predicate="intersects")
        np.minimum.at(first, of_shape, scene)
    met = np.flatnonzero(first < len(outlines))
    first[first == len(outlines)] = -1
    first[met[~shapely.contains(outlines[first[met]], shapes[met])]] = -1
    return first


def _rows_by_pair(rows: NDArray[np.int64], tops: NDArray[np.int64]) -> dict[tuple[int, int], list[int]]:
    found: dict[tuple[int, int], list[int]] = {}
    for row, (before, after) in zip(rows.tolist(), tops.tolist(), strict=True):
        found.setdefault((before, after), []).append(row)
    return found


def _windows(ground: Ground, at: tuple[int, int], pair: Pair, rows: Sequence[int]) -> list[Point]:
    """The middles of windows beside these pieces that lie wholly on the two scenes, each side of each piece once."""
    half_m = pair.pixel_m * SIDE_PX / 2
    turns = [np.roll(CORNERS, turn, axis=0) for turn in range(len(CORNERS))]
    sides = np.vstack([np.resize(one, (len(rows), 2)) for one in turns])
    middles = np.tile(ground.points_m[rows], (len(turns), 1)) + sides * half_m
    reach = AIR * half_m
    boxes = shapely.box(*(middles - reach).T, *(middles + reach).T)
    whole = (_on_top(ground, boxes) == at).all(axis=1)
    return [(x, y) for x, y in middles[whole].tolist()]


def _around(middle: Point, half_m: float) -> Bounds:
    x, y = middle
    return x - half_m, y - half_m, x + half_m, y + half_m


def _spread(many: Sequence[Point], count: int) -> list[Point]:
    """So many of them, evenly along their order."""
    if count >= len(many):
        return list(many)
    return [many[at * len(many) // count] for at in range(count)]


def _offset(ground: Ground, cache: TileCache, pair: Pair, middles: Sequence[Point]) -> Offset:
    shifts, pixel = [], 1.0
    for middle in middles:
        grid = _grid(pair, ground.projection.crs, middle)
        pixel = grid.pixel_x
        shifts += [shift_between(*pictures) for pictures in _pictures(cache, pair, grid)]
    told = agreed(shifts) if shifts else Shift(0.0, 0.0, sure=False)
    east, north = (round(one * pixel, 3) + 0.0 if told.sure else 0.0 for one in (told.right_px, -told.down_px))
    names = (Path(pair.before.path).name, Path(pair.after.path).name)
    return Offset(*names, pair.pixel_m, east, north, len(shifts), told.sure)


def _grid(pair: Pair, crs: str, middle: Point) -> Grid:
    """A window about `middle` on the coarser scene's own pixels where they lie north up in the plane."""
    coarse = max((pair.before, pair.after), key=lambda one: one.pixel_m)
    bounds = _around(middle, pair.pixel_m * SIDE_PX / 2)
    own = grid_in(coarse, 0, crs, bounds)
    if own is None or abs(own.pixel_x / own.pixel_y - 1) > 1e-3:
        return Grid(crs, bounds[0], bounds[3], pair.pixel_m, pair.pixel_m, SIDE_PX, SIDE_PX)
    return own.cut(covering(own, bounds)._replace(width=SIDE_PX, height=SIDE_PX))


def _pictures(cache: TileCache, pair: Pair, grid: Grid) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """The window before and after in grey; nothing where a pixel of either is missing: its edge would be compared."""
    try:
        both = [mosaic(cache, [scene], grid) for scene in (pair.before, pair.after)]
    except BrokenRaster:  # the page that shows it says so
        return
    if all(one.mask is None for one in both):
        yield _grey(both[0].values), _grey(both[1].values)


def _grey(values: NDArray[np.uint8]) -> NDArray[np.float32]:
    if values.shape[2] == 1:
        return values[:, :, 0].astype(np.float32)
    return np.asarray(values[:, :, :3] @ np.array(GREY, np.float32))
