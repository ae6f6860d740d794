"""Numbers of pieces and letters of clusters on an overview."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.geometry.extent import Extent, to_frame
from pipeline.sheets.box import Box
from pipeline.sheets.labels import Occupancy, Placed, anchors, main_ring, place, ring_box
from pipeline.sheets.order import Order, destination
from pipeline.sheets.plan import Border, Lettered, MapLabel, Outline

NUMBER, NUMBER_LARGE, LETTER = "overview_label", "overview_label_large", "cluster_letter"


def overview_occupancy(size_mm: tuple[float, float], drawn: Sequence[Outline], lines: Sequence[Border]) -> Occupancy:
    """What is taken before any number: the pieces and the county boundary."""
    taken = Occupancy(*size_mm)
    taken.take_shapes([ring for one in drawn for ring in one.rings])
    taken.take_shapes([one.points for one in lines if one.kind == "county"], filled=False)
    return taken


def place_letters(order: Order, taken: Occupancy, boxes: Sequence[Lettered]) -> list[MapLabel]:
    """The letter of each cluster beside its rectangle, or in its middle where pieces stand all around."""
    return [_letter(order, taken, one) for one in boxes]


def _letter(order: Order, taken: Occupancy, one: Lettered) -> MapLabel:
    (x_mm, y_mm), (width, height) = one.box.centre, order.size_mm(one.letter, LETTER)
    beside = place(taken, [one.box], one.box.centre, width, height, far=False)
    box = beside.box if beside else Box(x_mm - width / 2, y_mm - height / 2, width, height)
    taken.take(box)
    return order.label(one.letter, LETTER, box, to=one.to)


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
