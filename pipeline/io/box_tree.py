"""Boxes packed as SQLite's R*tree keeps them, without asking it to grow the tree box by box.

Its three tables are documented (sqlite.org/rtree.html, "Shadow Tables"). Nodes are big-endian: depth of the tree (in
the root) and number of cells, two bytes each, then cells of eight bytes (a row, or a node below) and four floats. One
or two levels hold what a small file needs.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

NODE_BYTES = 1228  # with pages of 4,096 bytes: 51 cells and the four bytes before them
_CELL = np.dtype([("id", ">i8"), ("box", ">f4", 4)])
_CELLS = 51
MOST_BOXES = _CELLS * _CELLS // 2
_ROOT = 1
_LOWER = np.array([True, False, True, False])
_STEP = 2.0**-23

Boxes = np.ndarray[Any, Any]


@dataclass(frozen=True)
class BoxTree:
    """The rows of an R*tree's tables."""

    nodes: tuple[tuple[int, bytes], ...]  # number of the node, its cells; the root first
    rows: tuple[tuple[int, int], ...]  # row of the layer, number of the leaf it is in
    parents: tuple[tuple[int, int], ...]  # number of a leaf, of the root


def box_tree(ids: np.ndarray[Any, Any], bounds: Boxes) -> BoxTree:
    """The tree of at most MOST_BOXES boxes; `bounds` are x, y least, then x, y greatest."""
    boxes = _outward(bounds)
    if len(ids) <= _CELLS:
        return BoxTree(((_ROOT, _node(0, ids, boxes)),), tuple((one, _ROOT) for one in ids.tolist()), ())
    leaves = list(enumerate(_leaves(boxes), _ROOT + 1))
    around = np.array([[*boxes[at].min(axis=0), *boxes[at].max(axis=0)] for _, at in leaves])[:, [0, 5, 2, 7]]
    root = (_ROOT, _node(1, np.array([number for number, _ in leaves]), around))
    nodes = [(number, _node(0, ids[at], boxes[at])) for number, at in leaves]
    rows = [(one, number) for number, at in leaves for one in ids[at].tolist()]
    return BoxTree((root, *nodes), tuple(sorted(rows)), tuple((number, _ROOT) for number, _ in leaves))


def _outward(bounds: Boxes) -> Boxes:
    """x from and to, y from and to as floats of four bytes, none smaller than it was; as SQLite rounds them."""
    exact = bounds[:, [0, 2, 1, 3]]
    boxes = exact.astype("f4")
    short = np.where(_LOWER, boxes > exact, boxes < exact)
    further = exact * np.where((exact < 0) == _LOWER, 1 + _STEP, 1 - _STEP)
    return np.where(short, further.astype("f4"), boxes)


def _leaves(boxes: Boxes) -> list[np.ndarray[Any, Any]]:
    """Neighbours together: strips from west to east, each cut from south to north; leaves are half full or more."""
    count = -(-len(boxes) * 4 // (_CELLS * 3))
    strips = round(count**0.5)
    x, y = boxes[:, :2].sum(axis=1), boxes[:, 2:].sum(axis=1)
    strip = np.empty(len(boxes), int)
    strip[np.argsort(x, kind="stable")] = np.arange(len(boxes)) * strips // len(boxes)
    return np.array_split(np.lexsort((y, strip)), count)


def _node(depth: int, ids: np.ndarray[Any, Any], boxes: Boxes) -> bytes:
    cells = np.empty(len(ids), _CELL)
    cells["id"], cells["box"] = ids, boxes
    return (struct.pack(">HH", depth, len(ids)) + cells.tobytes()).ljust(NODE_BYTES, b"\0")
