"""The list of pieces, at the density the plan chose; each row leads to its page."""

from __future__ import annotations

from dataclasses import replace

from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas
from pipeline.sheets.layout import Slot
from pipeline.sheets.pens import HEAD_ROWS, Pens, draw_rows, head_mm, table_row
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
        row_mm = box.h_mm / (density.rows + HEAD_ROWS)
        first = Box(left, box.y_mm, width_mm, head_mm(row_mm, density.text_pt))
        told = (sheet.headings, *(one.cells for one in rows))
        draw_rows(canvas, pens, first, density.fields, told, (head, body), row_mm)
        for at, one in enumerate(rows):
            canvas.link(table_row(first, at, row_mm), f"#{one.to}", " ".join(one.cells[:2]))
