"""The skeleton of a TIFF held against its file: one image, all of its blocks, each of the size it must have.

GDAL reads an image whose header says that it is lower, or whose block has no length, as one with less on it, in
silence. Layout after TIFF 6.0 (Adobe 1992) and the BigTIFF design (AWare Systems).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from pipeline.errors import Refusal

_AGAIN = "ask the sender to export it again"
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _SAMPLES, _ROWS, _PLANAR = 256, 257, 258, 259, 277, 278, 284
_OFFSETS, _LENGTHS, _TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_LENGTHS = 273, 279, 322, 323, 324, 325
_KIND = 254
_REDUCED, _MASK = 1, 4
_TYPES = {1: "u1", 3: "u2", 4: "u4", 16: "u8"}
_ODD = (struct.error, ValueError, KeyError, IndexError, ZeroDivisionError, OverflowError)
_MAX_IMAGES = 64
_MAX_BLOCKS = 20_000_000
MAX_BLOCK_BYTES = 256 << 20  # of one block inflated; a mask in one strip of gigabytes is nobody's honest work
_PLAIN, _DEFLATE = 1, (8, 32946)
Ints = npt.NDArray[np.int64]
Tags = Mapping[int, Ints]


@dataclass(frozen=True)
class Layout:
    """How the numbers of a TIFF are written: byte order, and whether it is a BigTIFF."""

    order: str
    big: bool

    def numbers(self, source: BinaryIO, at: int, form: str) -> tuple[int, ...]:
        source.seek(at)
        whole = self.order + form
        return struct.unpack(whole, source.read(struct.calcsize(whole)))


@dataclass(frozen=True)
class Blocks:
    """The blocks of one image: where and how long they are, how many bytes each must hold at least and at most."""

    offsets: Ints
    lengths: Ints
    least: Ints
    most: int
    compression: int


def is_tiff(head: bytes) -> bool:
    """Whether a file begins as TIFF or BigTIFF."""
    return head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def refuse_damaged(path: Path) -> None:
    """Hold the header of a TIFF against its file.

    Raises:
        Refusal: it is no TIFF, holds several images, or its blocks are not all there as it says.
    """
    with path.open("rb") as source:
        head = source.read(16)
        if not is_tiff(head):
            raise Refusal("it is not a GeoTIFF", "ask for the mask as GeoTIFF")
        layout = Layout("<" if head[:1] == b"I" else ">", 43 in head[2:4])
        try:
            images = list(_images(source, layout))
            blocks = _blocks(_only_one(images))
        except (*_ODD, OSError) as problem:  # of numbers that lead nowhere
            raise Refusal("the header of the GeoTIFF is cut off or damaged", _AGAIN) from problem
        _refuse_missing(blocks, path.stat().st_size)
        _refuse_short(source, blocks)


def _images(source: BinaryIO, layout: Layout) -> Iterator[Tags]:
    """The directories of the file, one behind the other."""
    seen: set[int] = set()
    (at,) = layout.numbers(source, 8, "Q") if layout.big else layout.numbers(source, 4, "I")
    while at:
        if at in seen or len(seen) == _MAX_IMAGES:
            raise ValueError("the directories lead in a circle")
        seen.add(at)
        tags, at = _directory(source, layout, at)
        yield tags


def _directory(source: BinaryIO, layout: Layout, at: int) -> tuple[Tags, int]:
    size, inline = (20, "Q") if layout.big else (12, "I")
    (count,) = layout.numbers(source, at, "Q" if layout.big else "H")
    first = at + (8 if layout.big else 2)
    if count > 4096:
        raise ValueError("a directory of so many entries is none")
    tags: dict[int, Ints] = {}
    for place in range(first, first + count * size, size):
        tag, kind, length = layout.numbers(source, place, f"HH{inline}")
        if kind in _TYPES and tag in _WANTED:
            tags[tag] = _values(source, layout, place + size - (8 if layout.big else 4), kind, length)
    (following,) = layout.numbers(source, first + count * size, inline)
    return tags, following


_WANTED = {_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _SAMPLES, _ROWS, _PLANAR, _OFFSETS, _LENGTHS}
_WANTED |= {_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_LENGTHS, _KIND}


def _values(source: BinaryIO, layout: Layout, place: int, kind: int, length: int) -> Ints:
    if length > _MAX_BLOCKS:
        raise ValueError("a list of so many blocks is none")
    item = np.dtype(layout.order + _TYPES[kind])
    whole = item.itemsize * length
    if whole > (8 if layout.big else 4):
        (place,) = layout.numbers(source, place, "Q" if layout.big else "I")
    source.seek(place)
    data = source.read(whole)
    if len(data) < whole:
        raise ValueError("a list of numbers is cut off")
    return np.frombuffer(data, item).astype(np.int64)


def _only_one(images: list[Tags]) -> Tags:
    """The one image that is neither an overview nor a mask of validity."""
    whole = [one for one in images if not int(one.get(_KIND, np.zeros(1, np.int64))[0]) & (_REDUCED | _MASK)]
    if len(whole) != 1:
        raise Refusal(f"the GeoTIFF holds {len(whole)} images", "ask for one file for each mask")
    return whole[0]


def _blocks(tags: Tags) -> Blocks:
    """The blocks of an image, as many as its dimensions need.

    Raises:
        Refusal: there are more or fewer.
    """
    width, height = int(tags[_WIDTH][0]), int(tags[_HEIGHT][0])
    tiled = _TILE_WIDTH in tags
    columns, rows = (int(tags[one][0]) for one in (_TILE_WIDTH, _TILE_HEIGHT)) if tiled else (width, 0)
    rows = rows or min(_one(tags, _ROWS, height), height)
    across, down = -(-width // columns), -(-height // rows)
    samples = _one(tags, _SAMPLES, 1)
    planes = samples if _one(tags, _PLANAR, 1) == 2 else 1
    row_bytes = -(-columns * _one(tags, _BITS, 1) * samples // planes // 8)
    if rows * row_bytes > MAX_BLOCK_BYTES:
        raise Refusal(f"its blocks have {rows} × {columns} pixels", "ask for a tiled GeoTIFF")
    offsets, lengths = (
        tags[one if one in tags else other] for one, other in ((_TILE_OFFSETS, _OFFSETS), (_TILE_LENGTHS, _LENGTHS))
    )
    needed = across * down * planes
    if not len(offsets) == len(lengths) == needed:
        raise Refusal(f"the GeoTIFF has {len(offsets)} blocks, and {needed} by its dimensions", _AGAIN)
    least = np.full(needed, rows * row_bytes, np.int64)
    if not tiled:  # the last strip may end where the image does
        least[down - 1 :: down] = (height - (down - 1) * rows) * row_bytes
    return Blocks(offsets, lengths, least, rows * row_bytes, _one(tags, _COMPRESSION, 1))


def _one(tags: Tags, tag: int, default: int) -> int:
    return int(tags[tag][0]) if tag in tags else default


def _refuse_missing(blocks: Blocks, size: int) -> None:
    """A block without place and length has no pixels (sparse); one with half of that or beyond the end is lost."""
    if ((blocks.offsets == 0) != (blocks.lengths == 0)).any():
        raise Refusal("a block of the GeoTIFF has a place and no length", _AGAIN)
    inside = (blocks.offsets >= 0) & (blocks.offsets <= size) & (blocks.lengths >= 0) & (blocks.lengths <= size)
    if not inside.all() or int((blocks.offsets + blocks.lengths).max(initial=0)) > size:
        raise Refusal(f"a block of the GeoTIFF lies beyond its {size} bytes: it is cut off", _AGAIN)


def _refuse_short(source: BinaryIO, blocks: Blocks) -> None:
    """Hold the length of each block, inflated where that is deflated, against what it must be."""
    if blocks.compression != _PLAIN and blocks.compression not in _DEFLATE:
        return  # other codecs are left to GDAL
    rows = np.column_stack([blocks.offsets, blocks.lengths, blocks.least]).tolist()
    for offset, length, least in rows:
        held = length if blocks.compression == _PLAIN else _inflated(source, offset, length, blocks.most)
        if length and held not in (least, blocks.most):
            raise Refusal("a block of the GeoTIFF does not hold the pixels it must", _AGAIN)


def _inflated(source: BinaryIO, offset: int, length: int, most: int) -> int:
    """The bytes of a deflated block, -1 where it is damaged or holds more than it may."""
    source.seek(offset)
    stream = zlib.decompressobj()
    try:
        held = len(stream.decompress(source.read(length), most + 1))
    except zlib.error:
        return -1
    return held if stream.eof else -1
