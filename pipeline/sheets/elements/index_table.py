"""The list of pieces, at the density the plan chose; each row leads to its page."""

from __future__ import annotations

from dataclasses import replace

from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas
from pipeline.sheets.layout import Slot
from pipeline.sheets.pens import Pens, draw_rows
from pipeline.sheets.plan import IndexSheet

OPTIONS: dict[str, object] = {"gutter_mm": 4.0, "densities": []}  # densities: see pipeline/sheets/densities.py


def draw(canvas: Canvas, slot: Slot, sheet: IndexSheet, pens: Pens) -> None:
    """Column by column, from the top."""
    box, density, gutter_mm = slot.box, sheet.density, slot.options["gutter_mm"]
    width_mm = (box.w_mm - gutter_mm * (density.columns - 1)) / density.columns
    head, body = (replace(pens.style.text(one), size_pt=density.text_pt) for one in ("index_head", "index"))
    for column in range(-(-len(sheet.rows) // sheet.deep)):
        rows = sheet.rows[column * sheet.deep : (column + 1) * sheet.deep]
        left = box.x_mm + column * (width_mm + gutter_mm)
        first = Box(left, box.y_mm, width_mm, box.h_mm / (density.rows + 1))
        draw_rows(canvas, pens, first, density.fields, (sheet.headings, *(one.cells for one in rows)), (head, body))
        for at, one in enumerate(rows):
            canvas.link(replace(first, y_mm=first.y_mm + (at + 1) * first.h_mm), f"#{one.to}")
