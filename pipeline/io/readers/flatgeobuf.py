"""The skeleton of a FlatGeobuf file: header, index, and features of stated sizes, one behind the other.

GDAL may read a cut file as a shorter one (5 of 60 cuts in silence); walking the sizes finds every cut.
"""

from __future__ import annotations

import struct
from pathlib import Path

from pipeline.errors import Refusal

MAGIC = b"fgb\x03fgb"
_AGAIN = "ask the sender to export it again"
_FEATURES, _NODE_SIZE = 8, 9  # fields of the header's table
_NODE_BYTES = 40  # of the index: a box of four doubles and an offset


def features_of(path: Path) -> int:
    """The number of features that stand in a file, which is what its header says where it says it.

    Raises:
        Refusal: it is no FlatGeobuf of version 3, is cut off, or has more or fewer features than it says.
    """
    data = path.read_bytes()
    if not data.startswith(MAGIC):
        raise Refusal("it is not FlatGeobuf (version 3)", _AGAIN)
    try:
        stated, begin = _header(data)
        standing = _walk(data, begin)
    except struct.error as problem:
        raise Refusal("the FlatGeobuf is cut off or damaged", _AGAIN) from problem
    if stated and stated != standing:
        raise Refusal(f"{standing} features stand in it, and it says it has {stated}", _AGAIN)
    return standing


def _header(data: bytes) -> tuple[int, int]:
    """The number of features stated (0: not known) and where the first one begins."""
    size = struct.unpack_from("<I", data, 8)[0]
    root = 12 + struct.unpack_from("<I", data, 12)[0]
    vtable = root - struct.unpack_from("<i", data, root)[0]
    features = _scalar(data, root, vtable, _FEATURES, "<Q", 0)
    node = _scalar(data, root, vtable, _NODE_SIZE, "<H", 16)
    return features, 12 + size + _index_bytes(features, node)


def _scalar(data: bytes, root: int, vtable: int, field: int, form: str, default: int) -> int:
    """A number of a flatbuffer's table."""
    if 4 + 2 * field + 2 > struct.unpack_from("<H", data, vtable)[0]:
        return default
    offset = struct.unpack_from("<H", data, vtable + 4 + 2 * field)[0]
    return int(struct.unpack_from(form, data, root + offset)[0]) if offset else default


def _index_bytes(features: int, node: int) -> int:
    """The size of the packed R-tree: levels of nodes up to the one root."""
    if features == 0 or node < 2:
        return 0
    level = nodes = features
    while level > 1:
        level = -(-level // node)
        nodes += level
    return nodes * _NODE_BYTES


def _walk(data: bytes, at: int) -> int:
    """How many features follow one another to the very end."""
    if at > len(data):
        raise struct.error("cut off in its index")
    count = 0
    while at < len(data):
        at += 4 + struct.unpack_from("<I", data, at)[0]
        count += 1
    if at != len(data):
        raise struct.error("cut off in a feature")
    return count
