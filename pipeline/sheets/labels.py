"""Where numbers go: greedily, on an occupancy raster, outside what they name, with a leader where they must go far."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pipeline.sheets.box import Box

CELL_MM = 0.25
EDGE_MM = 0.5  # words keep this distance from the frame, so that its line cuts no letter
NEAR_MM = 0.5  # from the shape to its number
FAR_MM = (1.6, 2.8, 4.2, 6.0, 8.5, 12.0, 16.0)  # then farther out, with a leader
SMALL_MM = 4.0  # a shape no larger than this is one anchor
ANCHORS, FAR_ANCHORS = 24, 4  # points of a larger outline that are tried
NEAR_TURNS = ((1.0, 0.0), (-1.0, 0.0), (0.0, -1.0), (0.0, 1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, -1.0), (-1.0, 1.0))
SIXTEENTHS = (0, 1, 15, 2, 14, 3, 13, 4, 12, 8, 7, 9, 6, 10, 5, 11)  # to the right first, then round
FAR_TURNS = tuple((cos(one * pi / 8), -sin(one * pi / 8)) for one in SIXTEENTHS)

Points = NDArray[np.float64]
Point = tuple[float, float]
Leader = tuple[Point, Point]


@dataclass(frozen=True)
class Placed:
    """A label's box, and the leader from its edge to the shape (empty where it stands beside it)."""

    box: Box
    leader: Leader | tuple[()] = ()


class Occupancy:
    """Which cells of a frame are taken already, and which of them by words."""

    def __init__(self, width_mm: float, height_mm: float, cell_mm: float = CELL_MM) -> None:
        self.cell_mm = cell_mm
        self.frame = Box(0.0, 0.0, width_mm, height_mm)
        self._room = self.frame.inset(EDGE_MM)
        self._taken = np.zeros((int(np.ceil(height_mm / cell_mm)), int(np.ceil(width_mm / cell_mm))), dtype=bool)
        self._words = self._taken.copy()

    def copy(self) -> Occupancy:
        """The same, to be tried."""
        made = Occupancy(self.frame.w_mm, self.frame.h_mm, self.cell_mm)
        made.become(self)
        return made

    def become(self, other: Occupancy) -> None:
        """Take what the other one of the same size has taken, and nothing else."""
        self._taken, self._words = other._taken.copy(), other._words.copy()

    def free_among(self, lefts: Points, tops: Points, width_mm: float, height_mm: float) -> NDArray[np.int64]:
        """Which of many boxes of one size, given by their upper left corners, `free` would call so; in order."""
        room = self._room
        inside = (lefts >= room.x_mm) & (tops >= room.y_mm)
        inside &= (lefts + width_mm <= room.right) & (tops + height_mm <= room.bottom)
        rows = np.flatnonzero(inside)
        first_x, cells_x = self._runs(lefts[rows], width_mm)
        first_y, cells_y = self._runs(tops[rows], height_mm)
        down, across = np.arange(cells_y.max(initial=0)), np.arange(cells_x.max(initial=0))
        y = np.minimum(first_y[:, None] + down, self._taken.shape[0] - 1)
        x = np.minimum(first_x[:, None] + across, self._taken.shape[1] - 1)
        under = (down < cells_y[:, None])[:, :, None] & (across < cells_x[:, None])[:, None, :]
        hit = (self._taken[y[:, :, None], x[:, None, :]] & under).any(axis=(1, 2))
        return rows[~hit]

    def _runs(self, starts: Points, length_mm: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The first cell of each interval and the number of its cells."""
        first = (starts / self.cell_mm).astype(np.int64)
        return first, np.ceil((starts + length_mm) / self.cell_mm).astype(np.int64) - first

    def take(self, box: Box) -> None:
        """Take a box for words."""
        rows, columns = self._cells(box)
        self._taken[rows, columns] = self._words[rows, columns] = True

    def take_shapes(self, rings: Sequence[Points], filled: bool = True) -> None:
        """Take what lies on the rings, (n, 2) arrays in millimetres, and inside them where `filled`."""
        image = Image.fromarray(self._taken.view(np.uint8))
        pen = ImageDraw.Draw(image)
        for ring in rings:
            cells = (ring / self.cell_mm).ravel().tolist()
            pen.polygon(cells, fill=1) if filled else pen.line(cells, fill=1)
        self._taken = np.array(image, dtype=bool)

    def take_line(self, points: Leader) -> None:
        """Take the cells under a straight line."""
        self._taken[self._under(points)] = True

    def free(self, box: Box) -> bool:
        """True where the box lies inside the frame, off its line, and touches nothing taken."""
        rows, columns = self._cells(box)
        return self._room.contains(box) and not self._taken[rows, columns].any()

    def crosses_words(self, points: Leader) -> bool:
        """True where a straight line runs over words."""
        return bool(self._words[self._under(points)].any())

    def _under(self, points: Leader) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        (x0, y0), (x1, y1) = points
        steps = int(max(abs(x1 - x0), abs(y1 - y0)) / self.cell_mm) + 2
        rows = (np.linspace(y0, y1, steps) / self.cell_mm).astype(np.int64)
        columns = (np.linspace(x0, x1, steps) / self.cell_mm).astype(np.int64)
        return np.clip(rows, 0, len(self._taken) - 1), np.clip(columns, 0, self._taken.shape[1] - 1)

    def _cells(self, box: Box) -> tuple[slice, slice]:
        left, top = max(int(box.x_mm / self.cell_mm), 0), max(int(box.y_mm / self.cell_mm), 0)
        right, bottom = int(np.ceil(box.right / self.cell_mm)), int(np.ceil(box.bottom / self.cell_mm))
        return slice(top, max(bottom, top)), slice(left, max(right, left))


def main_ring(rings: Sequence[Points]) -> Points:
    """The ring with the largest box: of the parts of a patch the one its number stands beside."""
    return max(rings, key=lambda one: float(np.prod(np.ptp(one, axis=0))))


def ring_box(ring: Points) -> Box:
    """The box about a ring."""
    (left, top), (right, bottom) = ring.min(axis=0).tolist(), ring.max(axis=0).tolist()
    return Box(left, top, right - left, bottom - top)


def anchors(ring: Points, shape: Box) -> list[Box]:
    """What a label is set beside: a small shape itself, of a large one points of its outline, upper right first.

    `shape` is the part of the ring's box that the frame shows.
    """
    if max(shape.w_mm, shape.h_mm) <= SMALL_MM:
        return [shape]
    low, high = (shape.x_mm, shape.y_mm), (shape.right, shape.bottom)
    shown = ((ring >= low) & (ring <= high)).all(axis=1)
    points = ring[shown][:: max(int(shown.sum()) // ANCHORS, 1)]
    order = np.argsort(points[:, 1] - points[:, 0], kind="stable")
    return [Box(x, y, 0.0, 0.0) for x, y in points[order].tolist()] or [shape]


def place(
    taken: Occupancy, beside: Sequence[Box], point: Point, width_mm: float, height_mm: float, far: bool = True
) -> Placed | None:
    """The first free place for a label of that size, taken from then on; None where there is none.

    Places beside each anchor come first, then farther ones with a leader to the anchor or, where it is a shape, to
    `point` inside it.
    """
    for box, _ in _free_places(taken, beside, (NEAR_MM,), NEAR_TURNS, (width_mm, height_mm)):
        taken.take(box)
        return Placed(box)
    return _place_far(taken, beside, point, width_mm, height_mm) if far else None


def _place_far(
    taken: Occupancy, beside: Sequence[Box], point: Point, width_mm: float, height_mm: float
) -> Placed | None:
    for box, anchor in _free_places(taken, beside[:FAR_ANCHORS], FAR_MM, FAR_TURNS, (width_mm, height_mm)):
        target = point if anchor.w_mm or anchor.h_mm else anchor.centre
        leader = (nearest(box, target), target)
        if not taken.crosses_words(leader):
            taken.take(box)
            taken.take_line(leader)
            return Placed(box, leader)
    return None


def nearest(box: Box, point: Point) -> Point:
    """The point of a box that lies nearest to another point."""
    return min(max(point[0], box.x_mm), box.right), min(max(point[1], box.y_mm), box.bottom)


def _free_places(
    taken: Occupancy,
    beside: Sequence[Box],
    distances: Sequence[float],
    turns: Sequence[Point],
    size_mm: tuple[float, float],
) -> Iterator[tuple[Box, Box]]:
    """Free boxes of that size about the anchors, each with its anchor: the nearest distance first, turn by turn."""
    half, directions = np.array(size_mm) / 2, np.array(turns)
    centres = np.array([one.centre for one in beside]).reshape(-1, 1, 2)
    reaches = np.array([(one.w_mm / 2, one.h_mm / 2) for one in beside]).reshape(-1, 1, 2)
    for distance in distances:
        corners = (centres + directions * (reaches + distance + half) - half).reshape(-1, 2)
        for row in taken.free_among(corners[:, 0], corners[:, 1], *size_mm).tolist():
            x_mm, y_mm = corners[row].tolist()
            yield Box(x_mm, y_mm, *size_mm), beside[row // len(directions)]


def inside(taken: Occupancy, point: Point, width_mm: float, height_mm: float) -> Placed | None:
    """The label about a point inside its shape, taken from then on; None where anything is in its way."""
    box = Box(point[0] - width_mm / 2, point[1] - height_mm / 2, width_mm, height_mm)
    if not taken.free(box.inset(-NEAR_MM)):
        return None
    taken.take(box)
    return Placed(box)
