"""Which pieces share an overview page of their own."""

from __future__ import annotations

from collections.abc import Iterator
from string import ascii_uppercase
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Rows = NDArray[np.int64]


def neighbourhoods(bounds_m: NDArray[np.float64], reach_m: float) -> list[Rows]:
    """Rows of pieces that hang together when no gap is wider than `reach_m`; by first row, rows ascending.

    `bounds_m` is (n, 4): xmin, ymin, xmax, ymax on the plane.
    """
    boxes = shapely.box(*bounds_m.T)
    left, right = shapely.STRtree(boxes).query(boxes, predicate="dwithin", distance=reach_m)
    root = np.arange(len(bounds_m))
    while True:
        lowest = root.copy()
        np.minimum.at(lowest, left, root[right])
        lowest = lowest[lowest]
        if np.array_equal(lowest, root):
            return [np.flatnonzero(root == one) for one in np.unique(root)]
        root = lowest


def halves(points_m: NDArray[np.float64], rows: Rows, most: int) -> Iterator[Rows]:
    """`rows` cut across their longer side at the middle piece until no group has more than `most`."""
    if len(rows) <= most:
        yield np.sort(rows)
        return
    spans = np.ptp(points_m[rows], axis=0)
    order = rows[np.argsort(points_m[rows, int(spans[1] > spans[0])], kind="stable")]
    yield from halves(points_m, order[: len(order) // 2], most)
    yield from halves(points_m, order[len(order) // 2 :], most)


def covered_m2(bounds_m: NDArray[np.float64], groups: list[Rows]) -> float:
    """The area of the rectangles about the groups."""
    return float(sum(_rectangle_m2(bounds_m[one]) for one in groups))


def _rectangle_m2(bounds_m: Any) -> float:
    return float(np.prod(bounds_m[:, 2:].max(axis=0) - bounds_m[:, :2].min(axis=0)))


def letters(number: int) -> str:
    """0 → A, 25 → Z, 26 → AA."""
    first, last = divmod(number, 26)
    return (letters(first - 1) if first else "") + ascii_uppercase[last]
