"""What the panel of an overview has room for: the list of its patches, and how far what follows rises."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from pipeline.sheets.densities import PanelDensity, panel_densities
from pipeline.sheets.figures import MISSING
from pipeline.sheets.index import index_headings, index_page_count, index_rows
from pipeline.sheets.layout import Layout, Slot
from pipeline.sheets.order import Order
from pipeline.sheets.pens import HEAD_ROWS
from pipeline.sheets.plan import Listing

LEAST_ROWS = 5  # a list of fewer of the largest says nothing


def listing(order: Order, rows: Collection[int], room_mm: float, overview_pages: int) -> Listing | None:
    """The pieces `rows` at the loosest density that holds them in `room_mm`, else the largest of them by area.

    None where the layout has no list, or no room for a few rows.
    """
    slot = next(order.overview.of_kind("patch_list"), None)
    if slot is None or not rows:
        return None
    offered = [(one, _deep(one, room_mm - slot.options["title_mm"])) for one in panel_densities(order.overview, slot)]
    whole = next((one for one, deep in offered if len(rows) <= deep * one.columns), None)
    if whole is not None:
        return _listing(order, whole, _in_page_order(order, rows), len(rows), overview_pages, dict(offered)[whole])
    density, deep = min(offered, key=lambda one: abs(one[0].columns - 2))
    count = deep * density.columns
    largest = sorted(rows, key=lambda one: (-order.ground.pieces[one].area_m2, one))[:count]
    return _listing(order, density, largest, len(rows), overview_pages, deep) if deep >= LEAST_ROWS else None


def _in_page_order(order: Order, rows: Collection[int]) -> list[int]:
    wanted = set(rows)
    return [one for one in order.drawn if one in wanted]


def _deep(density: PanelDensity, room_mm: float) -> int:
    return max(int(room_mm / density.row_mm - HEAD_ROWS), 0)


def _listing(
    order: Order, density: PanelDensity, rows: Sequence[int], count: int, overview_pages: int, deep: int
) -> Listing:
    first = overview_pages + index_page_count(order) + 1
    tried = index_rows(order, tuple(density.fields), first)
    told = [name for at, name in enumerate(density.fields) if any(one.cells[at] != MISSING for one in tried)]
    density = replace(density, fields={name: density.fields[name] for name in told})
    every = index_rows(order, tuple(density.fields), first)
    of_row = dict(zip(order.drawn, every, strict=True))
    title = "sheet.listing.whole" if len(rows) == count else "sheet.listing.largest"
    return Listing(
        index_headings(order, tuple(density.fields)),
        tuple(of_row[one] for one in rows),
        -(-len(rows) // deep),
        density,
        order.words.say(title, count=len(rows), total=count),
    )


def listing_mm(slot: Slot, told: Listing | None) -> float:
    """The height of a list with its title."""
    return float(slot.options["title_mm"] + told.density.row_mm * (told.deep + HEAD_ROWS)) if told else 0.0


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
