"""Numbers of pieces and letters of clusters on an overview."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.geometry.extent import Extent, to_frame
from pipeline.sheets.box import Box
from pipeline.sheets.labels import Occupancy, Placed, anchors, main_ring, place, ring_box
from pipeline.sheets.order import Order, destination
from pipeline.sheets.plan import Border, Lettered, MapLabel, Outline

LARGE_MOST = 600  # pieces beyond which large numbers are not even tried
LEADERS_SHARE = 0.1  # of the numbers that may have a leader, for the large style
INSET_MM = 0.8
NUMBER, NUMBER_LARGE, LETTER = "overview_label", "overview_label_large", "cluster_letter"


def overview_occupancy(size_mm: tuple[float, float], drawn: Sequence[Outline], lines: Sequence[Border]) -> Occupancy:
    """What is taken before any number: the pieces and the county boundary."""
    taken = Occupancy(*size_mm)
    taken.take_shapes([ring for one in drawn for ring in one.rings])
    taken.take_shapes([one.points for one in lines if one.kind == "county"], filled=False)
    return taken


def place_letters(order: Order, taken: Occupancy, boxes: Sequence[Lettered]) -> list[MapLabel]:
    """The letter of each cluster beside its rectangle and on no other, or in it where pieces stand all around."""
    taken.take_shapes([np.array([*one.box.corners, one.box.corners[0]]) for one in boxes], filled=False)
    return [_letter(order, taken, one) for one in boxes]


def _letter(order: Order, taken: Occupancy, one: Lettered) -> MapLabel:
    (x_mm, y_mm), (width, height) = one.box.centre, order.size_mm(one.letter, LETTER)
    free = (at for at in (*_corners(one.box, width, height), *_beside(one.box, width, height)) if taken.free(at))
    box = next(free, Box(x_mm - width / 2, y_mm - height / 2, width, height))
    taken.take(box)
    return order.label(one.letter, LETTER, box, to=one.to)


def _corners(box: Box, width: float, height: float) -> list[Box]:
    """Places inside a rectangle, upper left first; none where it is small."""
    if box.w_mm < 3 * width or box.h_mm < 3 * height:
        return []
    xs, ys = (box.x_mm + INSET_MM, box.right - INSET_MM - width), (box.y_mm + INSET_MM, box.bottom - INSET_MM - height)
    return [Box(x, y, width, height) for y in ys for x in xs]


def _beside(box: Box, width: float, height: float) -> list[Box]:
    """Places outside a rectangle: at its upper corners, then along its sides."""
    left, right = box.x_mm - INSET_MM - width, box.right + INSET_MM
    above, below = box.y_mm - INSET_MM - height, box.bottom + INSET_MM
    middle = (box.centre[0] - width / 2, box.centre[1] - height / 2)
    sides = [(right, box.y_mm), (left, box.y_mm), (box.x_mm, above), (middle[0], above), (right, middle[1])]
    sides += [(left, middle[1]), (middle[0], below), (box.x_mm, below)]
    return [Box(x, y, width, height) for x, y in sides]


def number_pieces(
    order: Order,
    taken: Occupancy,
    ground: tuple[Extent, int],
    shown: Sequence[tuple[int, Outline]],
    numbered: set[int],
    others: bool,
) -> tuple[list[MapLabel], tuple[int, ...]]:
    """`place_numbers` in the large style where all find room so and few need a leader, else in the small one."""
    if len(shown) <= LARGE_MOST:
        tried = taken.copy()
        found, unplaced = place_numbers(order, tried, ground, shown, numbered, others, NUMBER_LARGE)
        if not unplaced and sum(bool(one.leader) for one in found) <= LEADERS_SHARE * len(found):
            taken.become(tried)
            return found, unplaced
    return place_numbers(order, taken, ground, shown, numbered, others, NUMBER)


def place_numbers(
    order: Order,
    taken: Occupancy,
    ground: tuple[Extent, int],
    shown: Sequence[tuple[int, Outline]],
    numbered: set[int],
    others: bool,
    style: str = NUMBER,
) -> tuple[list[MapLabel], tuple[int, ...]]:
    """Numbers of the pieces (row, outline) that are to be numbered, then of `others` where there is room.

    Also gives the numbers there was no room for.
    """
    first = [one for one in shown if one[0] in numbered]
    rest = [one for one in shown if others and one[0] not in numbered]
    found, unplaced = [], []
    for row, outline in (*first, *rest):
        seq = order.ground.pieces[row].seq
        placed = _place(order, taken, ground, row, outline, style)
        if placed is not None:
            found.append(order.label(str(seq), style, placed.box, placed.leader, destination(seq)))
        elif row in numbered:
            unplaced.append(seq)
    return found, tuple(unplaced)


def _place(
    order: Order, taken: Occupancy, ground: tuple[Extent, int], row: int, outline: Outline, style: str
) -> Placed | None:
    ring = main_ring(outline.rings)
    shape: Box = ring_box(ring).common(taken.frame)
    x_mm, y_mm = to_frame(order.ground.points_m[row], *ground)[0].tolist()
    size = order.size_mm(str(order.ground.pieces[row].seq), style)
    return place(taken, anchors(ring, shape), (x_mm, y_mm), *size)
