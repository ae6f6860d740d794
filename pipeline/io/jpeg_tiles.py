"""Tiles of a JPEG-compressed GeoTIFF, decoded straight from the file: half the time GDAL takes for the same.

GDAL says where a tile lies; nothing else of the format is interpreted here.
"""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import rasterio
from numpy.typing import NDArray
from PIL import Image

from pipeline.io.geotiff import OPTIONS

_NAMESPACE = "TIFF"
_END, _START = b"\xff\xd9", b"\xff\xd8"  # of a JPEG stream
SHIFT_PX = 0.25  # an overview whose pixels lie farther than this from where its level has them is left to GDAL


class _Level(NamedTuple):
    """One resolution of the file, by its tiles."""

    dataset: Any
    tables: bytes
    drift: tuple[float, float]  # down and across: how far each pixel lies from its place, beyond the one before it


class JpegTiles:
    """The tiles of one file and of its overviews; closed with `close`."""

    def __init__(self, path: str, dataset: Any) -> None:
        self._path, self._dataset = path, dataset
        self._file = Path(path).open("rb")  # noqa: SIM115 (closed with the tiles)
        self._levels: dict[int, _Level | None] = {0: _Level(dataset, _tables(dataset), (0.0, 0.0))}

    def close(self) -> None:
        self._file.close()
        for level in self._levels.values():
            if level is not None and level.dataset is not self._dataset:
                level.dataset.close()

    def decoded(self, row: int, col: int, level: int = 0) -> NDArray[np.uint8] | None:
        """Tile (row, col) of pixels 2 ** `level` times as wide as the file's, as (rows, columns, 4), padding included.

        None where the file has no such tile (sparse), or no such overview that is read tile by tile.

        Raises:
            OSError: the stream is cut off or is no JPEG.
        """
        found = self._level(level)
        if found is None or _off_place(found, row, col):
            return None
        stream = self._stream(found.dataset, row, col)
        if not stream:
            return None
        with _opened(_whole(stream, found.tables)) as image:
            if (image.mode, image.size) != ("RGB", found.dataset.block_shapes[0][::-1]):
                raise OSError(f"tile {row}, {col} is a JPEG of {image.size} {image.mode}, not of colours and its size")
            image.load()
            return _pixels(image)

    def _stream(self, dataset: Any, row: int, col: int) -> bytes:
        at = dataset.get_tag_item(f"BLOCK_OFFSET_{col}_{row}", _NAMESPACE, bidx=1)
        if not at:
            return b""
        size = int(dataset.get_tag_item(f"BLOCK_SIZE_{col}_{row}", _NAMESPACE, bidx=1))
        self._file.seek(int(at))
        stream = self._file.read(size)
        if len(stream) < size or not stream.startswith(_START):
            raise OSError(f"tile {row}, {col} is cut off")
        return stream

    def _level(self, level: int) -> _Level | None:
        if level not in self._levels:
            self._levels[level] = _overview(self._path, self._dataset, level)
        return self._levels[level]


def _opened(stream: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(stream), formats=("JPEG",))
    except (SyntaxError, ValueError, struct.error, Image.DecompressionBombError) as problem:
        raise OSError(f"the stream of a tile is no JPEG: {problem}") from problem


def has_jpeg_tiles(dataset: Any) -> bool:
    """Whether the file is what `JpegTiles` reads: tiled, three bands of 8 bit as YCbCr JPEG."""
    return bool(
        dataset.tags(ns="IMAGE_STRUCTURE").get("COMPRESSION") == "YCbCr JPEG"
        and dataset.count == 3
        and dataset.dtypes[0] == "uint8"
        and dataset.block_shapes[0][1] < dataset.width
    )


def _overview(path: str, dataset: Any, level: int) -> _Level | None:
    """The overview of the file itself at a level, tiled as the file is."""
    factors = dataset.overviews(1)
    if 1 << level not in factors or any(one.endswith(".ovr") for one in dataset.files):
        return None
    with rasterio.Env(**OPTIONS):
        made = rasterio.open(path, driver="GTiff", overview_level=factors.index(1 << level))
    if not has_jpeg_tiles(made) or made.block_shapes[0] != dataset.block_shapes[0]:
        made.close()
        return None
    drift = (1 - dataset.height / made.height / (1 << level), 1 - dataset.width / made.width / (1 << level))
    return _Level(made, _tables(made), drift)


def _off_place(level: _Level, row: int, col: int) -> bool:
    """Whether pixels of this tile lie too far from where the level has them: of an odd number of pixels an overview
    has half of one more or less, each a little narrower or wider than two."""
    rows, cols = level.dataset.block_shapes[0]
    return bool(max(abs(level.drift[0]) * (row + 1) * rows, abs(level.drift[1]) * (col + 1) * cols) > SHIFT_PX)


def _tables(dataset: Any) -> bytes:
    tables = dataset.get_tag_item("JPEGTABLES", _NAMESPACE, bidx=1)
    return bytes.fromhex(tables) if tables else b""


def _whole(stream: bytes, tables: bytes) -> bytes:
    """An abbreviated stream with the tables it was written without."""
    return tables.removesuffix(_END) + stream[len(_START) :] if tables else stream


def _pixels(image: Image.Image) -> NDArray[np.uint8]:
    """The pixels of a coloured image, where they are: Pillow keeps four bytes of each."""
    try:
        packed: Any = pa.array(image).buffers()[-1]
    except ValueError:  # not in one piece of memory
        packed = image.tobytes("raw", "RGBX")
    return np.frombuffer(packed, np.uint8).reshape(image.height, image.width, 4)
