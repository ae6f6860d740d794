"""Decoded tiles of any scenes, kept while they are used."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio._err import CPLE_BaseError  # what the attributes of a dataset raise; it has no public name
from rasterio.enums import ColorInterp, MaskFlags, Resampling
from rasterio.errors import RasterioError
from rasterio.windows import Window as RasterWindow

from pipeline.io.geotiff import OPTIONS, BrokenRaster, open_geotiff
from pipeline.io.grids import Window, scene_grid
from pipeline.io.jpeg_tiles import JpegTiles, has_jpeg_tiles
from pipeline.records import Scene

UNIT_PX = 512  # what is decoded and kept at once, at least
STRIP_BYTES = 8 * 1024 * 1024
PAPER = 255  # what is painted where there is no imagery
PARTS = 16  # of the side of what is decoded at once: where it cannot be read whole, it is tried in so many
UNREADABLE = (RasterioError, CPLE_BaseError, OSError, MemoryError)


class Pixels(NamedTuple):
    """Decoded pixels.

    `values` are uint8 (rows, columns, 1) for grey or (rows, columns, 4) for red, green, blue and a byte of padding:
    so a JPEG encoder takes them without a copy. `mask` is bool (rows, columns), True where there is imagery, or
    None where there is imagery everywhere. `damaged` are the paths of files that cannot be read in some of the pixels,
    which then are no imagery.
    """

    values: NDArray[np.uint8]
    mask: NDArray[np.bool_] | None
    damaged: tuple[str, ...] = ()


class _Tile(NamedTuple):
    """What is decoded and kept at once; `lost` is True where the file cannot be read, None where it can everywhere."""

    values: NDArray[np.uint8]
    mask: NDArray[np.bool_] | None
    lost: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class _Source:
    """An open file and what reading it takes."""

    dataset: Any
    unit: tuple[int, int]  # rows, columns of what is decoded at once
    masked: bool
    floating: bool  # what is no finite number is no imagery, declared or not
    palette: NDArray[np.uint8] | None  # (256 or 65536, 4)
    jpeg: JpegTiles | None

    def close(self) -> None:
        self.dataset.close()
        if self.jpeg is not None:
            self.jpeg.close()


class TileCache:
    """Decoded tiles of any scenes, the least recently used given up; a context manager, one per process.

    A `level` is a power of two: level 1 has pixels twice as wide as the file's, read from its overviews where it
    has them. The fringe of fewer than that many pixels at the right and the foot is left out. Blocks that cannot be
    read are without imagery, and the pixels say so.
    """

    def __init__(self, max_bytes: int = 256 * 1024 * 1024, max_open: int = 16) -> None:
        self.max_bytes, self.max_open = max_bytes, max_open
        self._tiles: OrderedDict[tuple[Any, ...], _Tile] = OrderedDict()
        self._damaged: set[str] = set()
        self._sources: OrderedDict[str, _Source] = OrderedDict()
        self._bytes = 0

    def __enter__(self) -> TileCache:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every file and forget every tile."""
        for source in self._sources.values():
            source.close()
        self._sources.clear()
        self._tiles.clear()
        self._bytes = 0

    def masked(self, scene: Scene) -> bool:
        """Whether some of its pixels may be no imagery: declared so, no numbers, or found to be damaged."""
        source = self._source(scene.path)
        return source.masked or source.floating or scene.path in self._damaged

    def has_overviews(self, scene: Scene) -> bool:
        """Whether the file has its pixels in the small too.

        Raises:
            BrokenRaster: the file cannot be opened.
        """
        return bool(self._source(scene.path).dataset.overviews(1))

    def read_window(self, scene: Scene, window: Window, level: int = 0) -> Pixels:
        """The pixels of a window that lies in the scene.

        Raises:
            ValueError: the window reaches outside.
            BrokenRaster: the file cannot be opened.
        """
        grid = scene_grid(scene, level)
        if window.empty or window.common(Window(0, 0, grid.width, grid.height)) != window:
            raise ValueError(f"{window} reaches outside {scene.path}: {grid.width} × {grid.height}")
        rows, cols = self._source(scene.path).unit
        ahead = range(window.row // rows, (window.row + window.height - 1) // rows + 1)
        along = range(window.col // cols, (window.col + window.width - 1) // cols + 1)
        values = np.empty((window.height, window.width, self._depth(scene)), np.uint8)
        mask: NDArray[np.bool_] | None = None
        damaged: tuple[str, ...] = ()
        for row in ahead:
            for col in along:
                tile = self._tile(scene, level, row, col)
                height, width = tile.values.shape[:2]
                common = Window(col * cols, row * rows, width, height).common(window)
                to, of = slices(common, window.col, window.row), slices(common, col * cols, row * rows)
                values[to] = tile.values[of]
                if tile.mask is not None:
                    mask = np.ones(values.shape[:2], np.bool_) if mask is None else mask
                    mask[to] = tile.mask[of]
                if tile.lost is not None and tile.lost[of].any():
                    damaged = (scene.path,)
        return Pixels(values, mask, damaged)

    def _depth(self, scene: Scene) -> int:
        return 4 if self._source(scene.path).palette is not None or len(scene.bands) == 3 else 1

    def _tile(self, scene: Scene, level: int, row: int, col: int) -> _Tile:
        key = (scene.path, scene.bands, level, row, col)
        if key in self._tiles:
            self._tiles.move_to_end(key)
            return self._tiles[key]
        tile = self._decoded(scene, level, row, col)
        self._tiles[key] = tile
        self._bytes += _size(tile)
        while self._bytes > self.max_bytes and len(self._tiles) > 1:
            self._bytes -= _size(self._tiles.popitem(last=False)[1])
        return tile

    def _decoded(self, scene: Scene, level: int, row: int, col: int) -> _Tile:
        source, grid = self._source(scene.path), scene_grid(scene, level)
        rows, cols = source.unit
        part = Window(col * cols, row * rows, cols, rows).common(Window(0, 0, grid.width, grid.height))
        try:
            values = self._straight(scene, level, row, col, (part.height, part.width))
        except OSError:  # GDAL would fill up what is cut off
            return self._lost(scene, part)
        try:
            values, mask = self._read(scene, level, part, values)
        except UNREADABLE:
            return self._salvaged(scene, level, part)
        return _Tile(values, None if mask is None or mask.all() else mask)

    def _read(
        self, scene: Scene, level: int, part: Window, values: NDArray[np.uint8] | None
    ) -> tuple[NDArray[np.uint8], NDArray[np.bool_] | None]:
        """Values of a part, if they are not known already, and its mask; None: all is imagery."""
        source, shape = self._source(scene.path), (part.height, part.width)
        place, known, mask = RasterWindow(*(one << level for one in part)), None, None
        if values is None or source.masked:
            with rasterio.Env(**OPTIONS):
                if values is None:
                    values, known = _read(source, scene, place, shape, level)
                mask = source.dataset.dataset_mask(window=place, out_shape=shape) > 0 if source.masked else None
        return values, known if mask is None else mask if known is None else mask & known

    def _lost(self, scene: Scene, part: Window) -> _Tile:
        """A part of which nothing can be read."""
        self._damaged.add(scene.path)
        shape = (part.height, part.width)
        paper = np.full((*shape, self._depth(scene)), PAPER, np.uint8)
        return _Tile(paper, np.zeros(shape, np.bool_), np.ones(shape, np.bool_))

    def _salvaged(self, scene: Scene, level: int, part: Window) -> _Tile:
        """What of a part can be read, block by block; small blocks several at once."""
        tile, blocks = self._lost(scene, part), self._source(scene.path).dataset.block_shapes[0]
        assert tile.mask is not None
        assert tile.lost is not None
        high, wide = (max(one >> level, math.ceil(UNIT_PX / PARTS)) for one in blocks)
        places = [
            Window(col, row, wide, high).common(part)
            for row in range(part.row, part.row + part.height, high)
            for col in range(part.col, part.col + part.width, wide)
        ]
        for one in places if len(places) > 1 else ():
            try:
                values, mask = self._read(scene, level, one, None)
            except UNREADABLE:
                continue
            where = slices(one, part.col, part.row)
            tile.values[where], tile.mask[where], tile.lost[where] = values, True if mask is None else mask, False
        return tile

    def _straight(
        self, scene: Scene, level: int, row: int, col: int, shape: tuple[int, int]
    ) -> NDArray[np.uint8] | None:
        """The tile from its own JPEG stream, where it has one for these bands."""
        jpeg = self._source(scene.path).jpeg
        tile = None if jpeg is None or scene.bands != (1, 2, 3) else jpeg.decoded(row, col, level)
        return None if tile is None else tile[: shape[0], : shape[1]]

    def _source(self, path: str) -> _Source:
        if path in self._sources:
            self._sources.move_to_end(path)
            return self._sources[path]
        try:
            with rasterio.Env(**OPTIONS):
                source = _described(path, open_geotiff(path))
        except (RasterioError, CPLE_BaseError, OSError, ValueError) as problem:
            raise BrokenRaster(path, str(problem)) from problem
        self._sources[path] = source
        while len(self._sources) > self.max_open:
            self._sources.popitem(last=False)[1].close()
        return source


def _described(path: str, dataset: Any) -> _Source:
    masked = not all(MaskFlags.all_valid in flags for flags in dataset.mask_flag_enums)
    floating = np.dtype(dataset.dtypes[0]).kind == "f"
    palette = _palette(dataset)
    if has_jpeg_tiles(dataset):
        return _Source(dataset, dataset.block_shapes[0], masked, floating, palette, JpegTiles(path, dataset))
    return _Source(dataset, _unit(dataset), masked, floating, palette, None)


def _palette(dataset: Any) -> NDArray[np.uint8] | None:
    """The colours of a paletted file by value (a TIFF's have no transparency)."""
    if dataset.colorinterp[0] != ColorInterp.palette:
        return None
    table, size = dataset.colormap(1), 1 << 8 * np.dtype(dataset.dtypes[0]).itemsize
    return np.array([(*table.get(at, (0, 0, 0))[:3], PAPER) for at in range(size)], np.uint8)


def _read(
    source: _Source, scene: Scene, place: RasterWindow, shape: tuple[int, int], level: int
) -> tuple[NDArray[np.uint8], NDArray[np.bool_] | None]:
    """What to show, and which pixels are imagery as far as their values tell; None: all."""
    blend = Resampling.average if level and source.palette is None else Resampling.nearest
    kind = source.dataset.dtypes[scene.bands[0] - 1]
    raw = np.full((*shape, 4 if len(scene.bands) == 3 else 1), PAPER if kind == "uint8" else 0, kind)
    out = np.moveaxis(raw, -1, 0)[: len(scene.bands)]  # GDAL writes pixel by pixel, as the encoder reads
    source.dataset.read(list(scene.bands), window=place, out=out, resampling=blend)
    known = np.asarray(np.isfinite(out).all(axis=0)) if source.floating else None
    return _eight_bit(raw, scene, source.palette), known


def _unit(dataset: Any) -> tuple[int, int]:
    """Whole blocks, about UNIT_PX wide and high; of a file in strips, as many whole strips as STRIP_BYTES hold."""
    rows, cols = dataset.block_shapes[0]
    if cols >= dataset.width:
        high = max(rows, STRIP_BYTES // max(1, dataset.width * 3))
        return (math.ceil(high / rows) * rows, cols)
    return (math.ceil(UNIT_PX / rows) * rows, math.ceil(UNIT_PX / cols) * cols)


def _size(tile: _Tile) -> int:
    return sum(one.nbytes for one in tile if one is not None)


def slices(part: Window, col: int, row: int) -> tuple[slice, slice]:
    top, left = part.row - row, part.col - col
    return slice(top, top + part.height), slice(left, left + part.width)


def _eight_bit(raw: Any, scene: Scene, palette: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
    """(rows, columns, 1 or 4) of any type as values to show."""
    if palette is not None:
        return np.asarray(palette[raw[:, :, 0]], np.uint8)
    if scene.stretch is None:
        return np.asarray(raw, np.uint8)
    values = np.full(raw.shape, PAPER, np.uint8)
    for band, (low, high) in enumerate(scene.stretch):
        shares = (raw[:, :, band].astype(np.float32) - low) / (high - low)
        values[:, :, band] = np.nan_to_num(np.clip(shares, 0.0, 1.0)) * 255 + 0.5
    return values
