"""The table of a piece's corners, in as many columns as the layout has; what has no room is told to be elsewhere."""

from __future__ import annotations

from dataclasses import replace

from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas
from pipeline.sheets.densities import PanelDensity
from pipeline.sheets.layout import Slot
from pipeline.sheets.pens import Pens, draw_rows, set_words
from pipeline.sheets.plan import DetailSheet

OPTIONS: dict[str, object] = {
    "title_mm": 5.0,
    "gutter_mm": 3.0,
    "densities": [],  # see pipeline/sheets/densities.py; fields: vertex, east, north, lon, lat
}


def draw(canvas: Canvas, slot: Slot, sheet: DetailSheet, pens: Pens) -> None:
    """Column by column, from the top, at the density the plan chose."""
    corners = sheet.corners
    if corners is None:
        return
    box, density = slot.box, corners.density
    title = Box(box.x_mm, box.y_mm, box.w_mm, slot.options["title_mm"])
    set_words(canvas, title, corners.title, pens.style.text("small_title"))
    gutter_mm = slot.options["gutter_mm"]
    width_mm = (box.w_mm - gutter_mm * (density.columns - 1)) / density.columns
    for column in range(-(-len(corners.rows) // corners.deep)):
        rows = corners.rows[column * corners.deep : (column + 1) * corners.deep]
        left = box.x_mm + column * (width_mm + gutter_mm)
        first = Box(left, title.bottom, width_mm, density.row_mm)
        _rows(canvas, first, density, (corners.headings, *rows), pens)


def _rows(canvas: Canvas, first: Box, density: PanelDensity, rows: tuple[tuple[str, ...], ...], pens: Pens) -> None:
    head, body = (replace(pens.style.text(one), size_pt=density.text_pt) for one in ("list_head", "vertex_row"))
    draw_rows(canvas, pens, first, density.fields, rows, (head, body))
