"""Pixels on the ground: windows, grids, and how a grid of one CRS lies in another."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import shapely
from pyproj import CRS, Geod, Transformer
from rasterio.transform import Affine

from pipeline.records import Scene

ALIGNED_PX = 0.02  # grids closer than this are one grid

Bounds = tuple[float, float, float, float]  # minx, miny, maxx, maxy


class Window(NamedTuple):
    """A rectangle of pixels."""

    col: int
    row: int
    width: int
    height: int

    def common(self, other: Window) -> Window:
        """The intersection; width or height is 0 or less where the two are apart."""
        col, row = max(self.col, other.col), max(self.row, other.row)
        right = min(self.col + self.width, other.col + other.width)
        foot = min(self.row + self.height, other.row + other.height)
        return Window(col, row, right - col, foot - row)

    @property
    def empty(self) -> bool:
        return self.width <= 0 or self.height <= 0


@dataclass(frozen=True)
class Grid:
    """Square or oblong pixels, north up: the ground position of the upper left corner, and the pixel's sides."""

    crs: str
    left: float
    top: float
    pixel_x: float
    pixel_y: float  # positive
    width: int
    height: int

    @property
    def bounds(self) -> Bounds:
        return (
            self.left,
            self.top - self.height * self.pixel_y,
            self.left + self.width * self.pixel_x,
            self.top,
        )

    @property
    def transform(self) -> Affine:
        return Affine(self.pixel_x, 0.0, self.left, 0.0, -self.pixel_y, self.top)

    def cut(self, window: Window) -> Grid:
        left, top = self.left + window.col * self.pixel_x, self.top - window.row * self.pixel_y
        return Grid(self.crs, left, top, self.pixel_x, self.pixel_y, window.width, window.height)


@lru_cache(maxsize=64)
def transformer(source: str, target: str) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)


@lru_cache(maxsize=64)
def _geod(crs: str) -> Geod:
    geod = CRS.from_user_input(crs).get_geod()
    assert geod is not None
    return geod


@lru_cache(maxsize=64)
def _geographic(crs: str) -> str:
    geodetic = CRS.from_user_input(crs).geodetic_crs
    assert geodetic is not None
    return str(geodetic.to_wkt())


def pixel_m(crs: str, transform: tuple[float, ...], width: int, height: int) -> float:
    """The side of the square as large as the pixel in the middle, on the ellipsoid."""
    col, row = width / 2, height / 2
    xs, ys = zip(*(Affine(*transform) @ at for at in ((col, row), (col + 1, row), (col, row + 1))), strict=True)
    lon, lat = transformer(crs, _geographic(crs)).transform(xs, ys)
    geod = _geod(crs)
    _, _, across = geod.inv(lon[0], lat[0], lon[1], lat[1])
    _, _, down = geod.inv(lon[0], lat[0], lon[2], lat[2])
    return math.sqrt(across * down)


def outline(transform: Affine, width: int, height: int, steps: int, to: Transformer) -> Any:
    share = np.arange(steps) / steps
    zero, one = np.zeros(steps), np.ones(steps)
    cols = np.concatenate([share, one, 1 - share, zero]) * width
    rows = np.concatenate([zero, share, one, 1 - share]) * height
    xs, ys = to.transform(*(transform @ (cols, rows)))
    return shapely.polygons(np.column_stack([xs, ys]))


def north_up(scene: Scene) -> bool:
    """Whether the rows of the scene run east, its columns south."""
    a, b, _, d, e, _ = scene.transform
    return b == 0.0 and d == 0.0 and a > 0.0 and e < 0.0


def scene_grid(scene: Scene, level: int = 0) -> Grid:
    """The scene's own grid at a level; of a turned scene only width and height mean something."""
    a, _, c, _, e, f = scene.transform
    factor = 1 << level
    width, height = max(1, scene.width // factor), max(1, scene.height // factor)
    return Grid(scene.crs, c, f, a * factor, -e * factor, width, height)


def grid_in(scene: Scene, level: int, crs: str, bounds: Bounds) -> Grid | None:
    """The scene's grid as it lies in another CRS, where over `bounds` the two differ by a shift only.

    That is so in its own CRS, and between the forms of one projection with and without the zone number. None
    where pixels would have to be resampled.
    """
    if not north_up(scene):
        return None
    grid = scene_grid(scene, level)
    if scene.crs == crs:
        return grid
    left, low, right, high = bounds
    xs = np.array([left, right, left, right, (left + right) / 2])
    ys = np.array([low, low, high, high, (low + high) / 2])
    tx, ty = transformer(crs, scene.crs).transform(xs, ys)
    dx, dy = xs - tx, ys - ty
    if not (np.isfinite(dx).all() and np.isfinite(dy).all()):
        return None
    if np.ptp(dx) > ALIGNED_PX * grid.pixel_x or np.ptp(dy) > ALIGNED_PX * grid.pixel_y:
        return None
    shift_x, shift_y = float(dx.mean()), float(dy.mean())
    return Grid(crs, grid.left + shift_x, grid.top + shift_y, grid.pixel_x, grid.pixel_y, grid.width, grid.height)


def covering(grid: Grid, bounds: Bounds) -> Window:
    """The whole pixels of an endless grid that cover `bounds`; may reach outside the grid."""
    left, low, right, high = bounds
    slack = 1e-6  # of a pixel: edges that coincide
    col = math.floor((left - grid.left) / grid.pixel_x + slack)
    row = math.floor((grid.top - high) / grid.pixel_y + slack)
    end = math.ceil((right - grid.left) / grid.pixel_x - slack)
    foot = math.ceil((grid.top - low) / grid.pixel_y - slack)
    return Window(col, row, max(1, end - col), max(1, foot - row))


def meets(scene: Scene, crs: str, bounds: Bounds) -> bool:
    """Whether the rectangle around the scene's part under `bounds` of `crs` has pixels."""
    left, low, right, high = bounds
    if scene.crs == crs and north_up(scene):
        grid = scene_grid(scene)
        return not covering(grid, bounds).common(Window(0, 0, grid.width, grid.height)).empty
    return source_window(scene, Grid(crs, left, high, right - left, high - low, 1, 1), 0) is not None


def aligned(own: Grid, grid: Grid) -> bool:
    if abs(own.pixel_x / grid.pixel_x - 1) * grid.width > ALIGNED_PX:
        return False
    if abs(own.pixel_y / grid.pixel_y - 1) * grid.height > ALIGNED_PX:
        return False
    across, down = (grid.left - own.left) / own.pixel_x, (own.top - grid.top) / own.pixel_y
    return abs(across - round(across)) <= ALIGNED_PX and abs(down - round(down)) <= ALIGNED_PX


def level_transform(scene: Scene, level: int) -> Affine:
    return Affine(*scene.transform) @ Affine.scale(1 << level)


def source_window(scene: Scene, grid: Grid, level: int) -> Window | None:
    """The pixels of the scene under `grid`, with two to spare for interpolation."""
    left, low, right, high = grid.bounds
    share = np.linspace(0.0, 1.0, 9)
    xs = left + np.concatenate([share, share, 0 * share, 0 * share + 1]) * (right - left)
    ys = low + np.concatenate([0 * share, 0 * share + 1, share, share]) * (high - low)
    tx, ty = transformer(grid.crs, scene.crs).transform(xs, ys)
    known = np.isfinite(tx) & np.isfinite(ty)
    if not known.any():
        return None
    cols, rows = ~level_transform(scene, level) @ (tx[known], ty[known])
    col, row = math.floor(cols.min()) - 2, math.floor(rows.min()) - 2
    around = Window(col, row, math.ceil(cols.max()) + 2 - col, math.ceil(rows.max()) + 2 - row)
    own = scene_grid(scene, level)
    part = around.common(Window(0, 0, own.width, own.height))
    return None if part.empty else part


def moved(geometry: Any, source: str, target: str) -> Any:
    """`geometry` in another CRS, vertex by vertex."""
    if source == target:
        return geometry
    to = transformer(source, target)
    return shapely.transform(geometry, lambda xy: np.column_stack(to.transform(xy[:, 0], xy[:, 1])))
