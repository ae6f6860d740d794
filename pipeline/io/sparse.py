"""The imagery one county is handed: windows around its pieces, as one sparse COG."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rasterio.io import MemoryFile
from rasterio.windows import Window as RasterWindow

from pipeline.errors import Refusal
from pipeline.io.cog import PAPER, TILE_PX, Tag, Tile, geo_tags, write_cog
from pipeline.io.geotiff import opened
from pipeline.io.grids import Bounds, Grid, Window, covering, grid_in
from pipeline.io.mosaic import mosaic
from pipeline.io.tiles import TileCache
from pipeline.publish import private
from pipeline.records import Scene

MAX_BYTES = 1024 * 1024 * 1024

Places = dict[tuple[int, int], list[Window]]  # tile (row, column) -> windows of the image that meet it


@dataclass(frozen=True)
class SparseSummary:
    """What was written: size of the envelope, pixels with imagery in it, bytes of the file.

    With `filled_px` 0 no scene reaches any box, and there is no file.
    """

    width: int
    height: int
    filled_px: int
    bytes: int


def write_sparse(
    scenes: Sequence[Scene],
    boxes: Sequence[Bounds],
    target: Path,
    max_bytes: int = MAX_BYTES,
    cache: TileCache | None = None,
) -> SparseSummary:
    """Write what the scenes show inside `boxes` (minx, miny, maxx, maxy in the first scene's CRS) as one COG.

    RGB of 8 bit on the first scene's pixels; a later scene fills what the earlier leave open. JPEG quality 80,
    internal mask, overviews; the envelope between the boxes takes no room. Memory is flat, the same arguments
    give the same bytes, and the file is read back before it gets its name.

    Raises:
        Refusal: it would grow beyond `max_bytes`.
        BrokenRaster: a scene cannot be opened.
    """
    if not scenes or not boxes:
        raise ValueError("no scenes or no boxes: nothing to write")
    grid, windows = _envelope(scenes[0], boxes)
    places = _places(windows)
    if cache is None:
        with TileCache() as own:
            return _write(own, scenes, grid, places, target, max_bytes)
    return _write(cache, scenes, grid, places, target, max_bytes)


def _envelope(scene: Scene, boxes: Sequence[Bounds]) -> tuple[Grid, list[Window]]:
    """The grid around all boxes, and each box in its pixels."""
    around = (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )
    own = grid_in(scene, 0, scene.crs, around)
    if own is None:  # a turned scene: square pixels, north up
        side = abs(np.linalg.det(np.array(scene.transform).reshape(2, 3)[:, :2])) ** 0.5
        own = Grid(scene.crs, around[0], around[3], float(side), float(side), 1, 1)
    grid = own.cut(covering(own, around))
    inside = Window(0, 0, grid.width, grid.height)
    return grid, [covering(grid, box).common(inside) for box in boxes]


def _places(windows: Sequence[Window]) -> Places:
    found: Places = {}
    for window in windows:
        for row in range(window.row // TILE_PX, (window.row + window.height - 1) // TILE_PX + 1):
            for col in range(window.col // TILE_PX, (window.col + window.width - 1) // TILE_PX + 1):
                found.setdefault((row, col), []).append(window)
    return found


def _write(
    cache: TileCache, scenes: Sequence[Scene], grid: Grid, places: Places, target: Path, max_bytes: int
) -> SparseSummary:
    filled = 0

    def tile_at(row: int, col: int) -> Tile | None:
        nonlocal filled
        tile = _tile(cache, scenes, grid, Window(col * TILE_PX, row * TILE_PX, TILE_PX, TILE_PX), places[row, col])
        filled += 0 if tile is None else int(np.count_nonzero(tile.mask))
        return tile

    with private(target) as path:
        with path.open("wb") as file:
            write_cog(file, grid.width, grid.height, _tags(grid), places, tile_at, _budget(target, max_bytes))
        size = path.stat().st_size
        if filled:
            _read_back(path, grid, places, filled)
    if not filled:
        target.unlink()
        size = 0
    return SparseSummary(grid.width, grid.height, filled, size)


def _tile(
    cache: TileCache, scenes: Sequence[Scene], grid: Grid, place: Window, windows: Sequence[Window]
) -> Tile | None:
    """The pixels of one tile inside the windows; None if no scene has any."""
    values = np.full((TILE_PX, TILE_PX, 3), PAPER, np.uint8)
    mask = np.zeros((TILE_PX, TILE_PX), np.bool_)
    for window in windows:
        part = window.common(place)
        pixels = mosaic(cache, scenes, grid.cut(part))
        where = np.s_[
            part.row - place.row : part.row - place.row + part.height,
            part.col - place.col : part.col - place.col + part.width,
        ]
        values[where] = pixels.values[:, :, :3]
        mask[where] = True if pixels.mask is None else pixels.mask
    return Tile(values, mask) if mask.any() else None


def _tags(grid: Grid) -> list[Tag]:
    """The tags of a GeoTIFF that lies there, as GDAL spells them."""
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff", width=1, height=1, count=1, dtype="uint8", crs=grid.crs, transform=grid.transform
        ) as dataset:
            dataset.write(np.zeros((1, 1, 1), np.uint8))
        return geo_tags(memory.read())


def _budget(target: Path, max_bytes: int) -> Callable[[int], None]:
    spent = 0

    def spend(size: int) -> None:
        nonlocal spent
        spent += size
        if spent > max_bytes:
            raise Refusal(
                f"{target.name} would grow beyond {max_bytes // 2**20} MB",
                "hand out a reference to the shared mosaic instead, or raise the limit",
            )

    return spend


def _read_back(path: Path, grid: Grid, places: Places, filled: int) -> None:
    """Every tile decodes, and as many pixels count as imagery as were written."""
    seen = 0
    with opened(path) as dataset:
        if (dataset.width, dataset.height, dataset.count) != (grid.width, grid.height, 3):
            raise OSError(f"{path.name} reads back as {dataset.width} × {dataset.height}")
        for row, col in sorted(places):
            high, wide = min(TILE_PX, grid.height - row * TILE_PX), min(TILE_PX, grid.width - col * TILE_PX)
            place = RasterWindow(col * TILE_PX, row * TILE_PX, wide, high)
            dataset.read(1, window=place)
            seen += int(np.count_nonzero(dataset.dataset_mask(window=place)))
    if seen != filled:
        raise OSError(f"{path.name} reads back with {seen} pixels of imagery, {filled} were written")
