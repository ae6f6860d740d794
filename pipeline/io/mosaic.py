"""A grid filled from scenes, copied where they lie on its pixels, warped where not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import rasterio
import rasterio.features
import rasterio.warp
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.transform import Affine

from pipeline.io.geotiff import OPTIONS
from pipeline.io.grids import Grid, Window, aligned, grid_in, level_transform, north_up, pixel_m, source_window
from pipeline.io.tiles import PAPER, Pixels, TileCache, slices
from pipeline.records import Scene


def mosaic(cache: TileCache, scenes: Sequence[Scene], grid: Grid) -> Pixels:
    """`grid` filled from scenes in their order: a later one fills only what the earlier left open.

    A scene on the grid's own pixels is copied, any other warped (bilinear). Open pixels are painted as paper.

    Raises:
        BrokenRaster: a file cannot be opened.
    """
    whole = Window(0, 0, grid.width, grid.height)
    filled: Pixels | None = None
    for scene in scenes:
        found = _onto(cache, scene, grid)
        if found is None:
            continue
        part, place = found
        if filled is None and place == whole and part.mask is None:
            return part
        filled = _fill(filled or _open_pixels(grid, part.values.shape[2]), part, place)
        if filled.mask is None:
            return filled
    return filled or _open_pixels(grid, 1)


def _open_pixels(grid: Grid, depth: int) -> Pixels:
    shape = (grid.height, grid.width)
    return Pixels(np.full((*shape, depth), PAPER, np.uint8), np.zeros(shape, np.bool_))


def _fill(onto: Pixels, part: Pixels, place: Window) -> Pixels:
    """Paint the open pixels; grey turns to colour where colour comes in."""
    assert onto.mask is not None
    depth = max(onto.values.shape[2], part.values.shape[2])
    values, painted = _with_depth(onto.values, depth), _with_depth(part.values, depth)
    where = slices(place, 0, 0)
    new = ~onto.mask[where] if part.mask is None else ~onto.mask[where] & part.mask
    _paint(values[where], painted, new)
    onto.mask[where] |= new
    damaged = tuple(dict.fromkeys((*onto.damaged, *part.damaged)))
    return Pixels(values, None if onto.mask.all() else onto.mask, damaged)


def _paint(onto: NDArray[np.uint8], part: NDArray[np.uint8], where: NDArray[np.bool_]) -> None:
    """Copy the pixels `where`: whole where that is all, and the four bytes of a coloured one as one number."""
    if where.all():
        onto[...] = part
    elif onto.shape[2] == 4:
        np.copyto(onto.view(np.uint32)[:, :, 0], np.ascontiguousarray(part).view(np.uint32)[:, :, 0], where=where)
    else:
        np.copyto(onto, part, where=where[:, :, None])


def _with_depth(values: NDArray[np.uint8], depth: int) -> NDArray[np.uint8]:
    return values if values.shape[2] == depth else np.repeat(values, depth, axis=2)


def _onto(cache: TileCache, scene: Scene, grid: Grid) -> tuple[Pixels, Window] | None:
    """The scene's pixels on `grid` and the window they fill; None where the two do not meet."""
    level = _level(scene, grid)
    own = grid_in(scene, level, grid.crs, grid.bounds)
    if own is None or not aligned(own, grid):
        return _warped(cache, scene, grid, level)
    at = Window(
        round((grid.left - own.left) / own.pixel_x),
        round((own.top - grid.top) / own.pixel_y),
        grid.width,
        grid.height,
    )
    part = at.common(Window(0, 0, own.width, own.height))
    if part.empty:
        return None
    return cache.read_window(scene, part, level), Window(part.col - at.col, part.row - at.row, part.width, part.height)


def _level(scene: Scene, grid: Grid) -> int:
    """`level_for` a grid; in the scene's own CRS its pixels need no measuring on the ellipsoid."""
    if scene.crs == grid.crs and north_up(scene):
        return level_for(scene, scene.pixel_m * math.sqrt(grid.pixel_x * grid.pixel_y / _area(scene)))
    return level_for(scene, ground_m(grid))


def _area(scene: Scene) -> float:
    return -scene.transform[0] * scene.transform[4]


def level_for(scene: Scene, ground_m: float) -> int:
    """The level whose pixels are no larger than `ground_m`, as near to it as can be."""
    return max(0, math.floor(math.log2(max(1.0, ground_m / scene.pixel_m)) + 0.01))


def ground_m(grid: Grid) -> float:
    transform = (grid.pixel_x, 0.0, grid.left, 0.0, -grid.pixel_y, grid.top)
    return pixel_m(grid.crs, transform, grid.width, grid.height)


def _warped(cache: TileCache, scene: Scene, grid: Grid, level: int) -> tuple[Pixels, Window] | None:
    source = source_window(scene, grid, level)
    if source is None:
        return None
    part = cache.read_window(scene, source, level)
    known = np.ones(part.values.shape[:2], np.bool_) if part.mask is None else part.mask
    values = part.values if part.mask is None else np.where(known[:, :, None], part.values, np.uint8(PAPER))
    to = {
        "src_transform": level_transform(scene, level) @ Affine.translation(source.col, source.row),
        "src_crs": _raster_crs(scene.crs),
        "dst_transform": grid.transform,
        "dst_crs": _raster_crs(grid.crs),
    }
    bands = np.full((values.shape[2], grid.height, grid.width), PAPER, np.uint8)
    mask = np.zeros((grid.height, grid.width), np.uint8)
    with rasterio.Env(**OPTIONS):
        rasterio.warp.reproject(
            np.moveaxis(values, -1, 0).copy(),
            bands,
            resampling=Resampling.bilinear,
            init_dest_nodata=False,
            **to,
        )
        rasterio.warp.reproject(known.astype(np.uint8), mask, resampling=Resampling.nearest, **to)
    filled = mask > 0
    if not filled.any() and not part.damaged:
        return None
    whole = None if filled.all() else filled
    pixels = Pixels(np.ascontiguousarray(np.moveaxis(bands, 0, -1)), whole, part.damaged)
    return pixels, Window(0, 0, grid.width, grid.height)


@lru_cache(maxsize=64)
def _raster_crs(crs: str) -> Any:
    return CRS.from_user_input(crs)


def hole_rings(mask: NDArray[np.bool_], speckle_px: int = 16) -> list[NDArray[np.float64]]:
    """The outlines of the False parts of `mask` in pixels (column, row), for even-odd filling.

    Parts of fewer than `speckle_px` pixels, noise at the edge of a lossy mask, are left out.
    """
    with rasterio.Env(**OPTIONS):
        calm = rasterio.features.sieve((~mask).astype(np.uint8), speckle_px)
        found = rasterio.features.shapes(calm, mask=calm > 0)
        return [np.array(ring, np.float64) for shape, _ in found for ring in shape["coordinates"]]


def burnt(geometry: Any, grid: Grid, every: bool = False) -> NDArray[np.bool_]:
    """The pixels whose middle lies in `geometry` (in the grid's CRS), or every one it touches."""
    with rasterio.Env(**OPTIONS):
        marks = rasterio.features.rasterize(
            [(geometry, 1)],
            out_shape=(grid.height, grid.width),
            transform=grid.transform,
            all_touched=every,
            dtype="uint8",
        )
    return np.asarray(marks > 0)
