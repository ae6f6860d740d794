"""The list of patches beside their map, in the room the panel leaves; each row leads to its page."""

from __future__ import annotations

from dataclasses import replace

from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas
from pipeline.sheets.layout import Slot
from pipeline.sheets.pens import Pens, draw_rows, head_mm, set_words, table_row
from pipeline.sheets.plan import OverviewSheet

OPTIONS: dict[str, object] = {"title_mm": 7.0, "gutter_mm": 3.0, "densities": []}  # see pipeline/sheets/densities.py


def draw(canvas: Canvas, slot: Slot, sheet: OverviewSheet, pens: Pens) -> None:
    """As many columns as the plan chose, equally deep."""
    listing = sheet.listing
    if listing is None:
        return
    box, gutter_mm, density = slot.box, slot.options["gutter_mm"], listing.density
    title = Box(box.x_mm, box.y_mm, box.w_mm, slot.options["title_mm"] - 1.5)
    set_words(canvas, title, listing.title, pens.style.text("panel_title"))
    width_mm = (box.w_mm - gutter_mm * (listing.columns - 1)) / listing.columns
    head, body = (replace(pens.style.text(one), size_pt=density.text_pt) for one in ("list_head", "list"))
    top = box.y_mm + slot.options["title_mm"]
    for column in range(listing.columns):
        rows = listing.rows[column * listing.deep : (column + 1) * listing.deep]
        high_mm = head_mm(density.row_mm, density.text_pt)
        first = Box(box.x_mm + column * (width_mm + gutter_mm), top, width_mm, high_mm)
        told = (listing.headings, *(one.cells for one in rows))
        draw_rows(canvas, pens, first, density.fields, told, (head, body), density.row_mm)
        for at, one in enumerate(rows):
            canvas.link(table_row(first, at, density.row_mm), f"#{one.to}", " ".join(one.cells[:2]))
