"""The headers and the index of a shapefile, held against the files before GDAL sees them.

GDAL reads a cut .shp as records without outline, and follows an index wherever it leads, in silence.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.errors import Refusal

_AGAIN = "ask the sender to export it again"
_MAGIC, _HEAD = 9994, 100
Ints = npt.NDArray[np.int64]


def declared_records(shp: Path, shx: Path) -> int:
    """The number of records by the index.

    Raises:
        Refusal: a header does not fit its file, or the index leads elsewhere than to one record after another.
    """
    for path in (shp, shx):
        _sizes_agree(path)
    pairs = np.frombuffer(shx.read_bytes()[_HEAD:], ">i4").astype(np.int64).reshape(-1, 2) * 2
    offsets, lengths = pairs[:, 0], pairs[:, 1]
    there = offsets != 0  # some programs write nothing for a record without outline
    if (offsets[there] + lengths[there] + 8 > shp.stat().st_size).any():
        raise Refusal("the .shx points beyond the end of the .shp", _AGAIN)
    if len(np.unique(offsets[there])) < there.sum():
        raise Refusal("the .shx leads to one record of the .shp twice", _AGAIN)
    if (_lengths_at(shp, offsets[there]) != lengths[there]).any():
        raise Refusal("the .shx and the .shp do not agree where records begin", _AGAIN)
    return len(pairs)


def _sizes_agree(path: Path) -> None:
    size = path.stat().st_size
    with path.open("rb") as source:
        head = source.read(_HEAD)
    if len(head) < _HEAD or int.from_bytes(head[:4], "big") != _MAGIC:
        raise Refusal(f"the {path.suffix} has no valid header", _AGAIN)
    said = int.from_bytes(head[24:28], "big") * 2
    if said > size:
        raise Refusal(f"the {path.suffix} is cut off: {size} of {said} bytes", _AGAIN)
    if said < size:
        raise Refusal(f"the {path.suffix} says that it has {said} bytes, and has {size}", _AGAIN)
    if path.suffix == ".shx" and (size - _HEAD) % 8:
        raise Refusal("the .shx ends in the middle of an entry", _AGAIN)


def _lengths_at(shp: Path, offsets: Ints) -> Ints:
    """What the headers of the records at these offsets say of their length, bytes; -1 where none can be."""
    data = np.memmap(shp, np.uint8, "r")
    inside = (offsets >= _HEAD) & (offsets + 8 <= len(data))
    words = np.full(len(offsets), -1, np.int64)
    quads = [data[offsets[inside] + step].astype(np.int64) for step in (4, 5, 6, 7)]
    words[inside] = ((quads[0] << 24) + (quads[1] << 16) + (quads[2] << 8) + quads[3]) * 2
    return words
