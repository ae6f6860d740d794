"""The list of patches beside their map, in the room the panel leaves; each row leads to its page."""

from __future__ import annotations

from dataclasses import replace

from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas
from pipeline.sheets.layout import Slot
from pipeline.sheets.pens import Pens, draw_rows
from pipeline.sheets.plan import OverviewSheet

OPTIONS: dict[str, object] = {
    "row_mm": 4.4,
    "columns": 2,  # at most
    "gutter_mm": 3.0,
    "fields": {"number": 6, "patch_no": 22, "area": 12, "page": 6},  # shares of a column, as in the index
}


def draw(canvas: Canvas, slot: Slot, sheet: OverviewSheet, pens: Pens) -> None:
    """As many columns as the plan chose, equally deep."""
    if not sheet.listing.rows:
        return
    box, gutter_mm, listing = slot.box, slot.options["gutter_mm"], sheet.listing
    width_mm = (box.w_mm - gutter_mm * (listing.columns - 1)) / listing.columns
    styles = pens.style.text("list_head"), pens.style.text("list")
    for column in range(listing.columns):
        rows = listing.rows[column * listing.deep : (column + 1) * listing.deep]
        first = Box(box.x_mm + column * (width_mm + gutter_mm), box.y_mm, width_mm, slot.options["row_mm"])
        cells = (listing.headings, *(one.cells for one in rows))
        draw_rows(canvas, pens, first, slot.options["fields"], cells, styles)
        for at, one in enumerate(rows):
            canvas.link(replace(first, y_mm=first.y_mm + (at + 1) * first.h_mm), f"#{one.to}")
