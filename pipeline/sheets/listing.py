"""What the panel of an overview has room for: the list of its patches, and how far what follows rises."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pipeline.sheets.index import index_headings, index_page_count, index_rows
from pipeline.sheets.layout import Layout, Slot
from pipeline.sheets.order import Order
from pipeline.sheets.plan import Listing

NOTHING = Listing((), (), 1)


def listing(order: Order, rows: Collection[int], room_mm: float, overview_pages: int) -> Listing:
    """The list of the pieces `rows` in as few columns as `room_mm` allows; nothing where it does not fit whole."""
    slot = next(order.overview.of_kind("patch_list"), None)
    if slot is None or not rows:
        return NOTHING
    deep = max(int(room_mm / slot.options["row_mm"]) - 1, 0)  # but the heading
    if len(rows) > deep * slot.options["columns"]:
        return NOTHING
    fields = tuple(slot.options["fields"])
    every = index_rows(order, fields, overview_pages + index_page_count(order) + 1)
    told = tuple(one for one, row in zip(every, order.ground.drawn, strict=True) if row in rows)
    return Listing(index_headings(order, fields), told, -(-len(told) // deep))


def listing_mm(slot: Slot, told: Listing) -> float:
    """The height of a list."""
    return float(slot.options["row_mm"] * (told.deep + 1)) if told.rows else 0.0


def lifts_mm(layout: Layout, used_mm: Mapping[str, float]) -> dict[str, float]:
    """How far the top of each element rises that follows another: by the height that one leaves of its box."""
    lifts: dict[str, float] = {}
    boxes = {one.name: one.box for one in layout.slots}
    for one in layout.slots:
        if one.follows:
            before = one.follows
            height = boxes[before].h_mm + lifts.get(before, 0.0)
            lifts[one.name] = height - used_mm.get(before, height)
    return lifts
