"""The list of pieces: number, patch number, town or type, area, page; each row leads to its page."""

from __future__ import annotations

from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas
from pipeline.sheets.layout import Slot
from pipeline.sheets.pens import Pens, set_words
from pipeline.sheets.plan import IndexSheet

OPTIONS = {"columns": 6, "rows": 84, "gutter_mm": 3.0, "widths": [8.0, 20.0, 17.0, 11.5, 6.5]}
ANCHORS = ("end", "start", "start", "end", "end")
GAP_MM = 0.9


def draw(canvas: Canvas, slot: Slot, sheet: IndexSheet, pens: Pens) -> None:
    """Column by column, from the top."""
    deep = sheet.deep
    for column in range(-(-len(sheet.rows) // deep)):
        rows = sheet.rows[column * deep : (column + 1) * deep]
        head = _row(slot, column, 0)
        canvas.rect(head, pens.style.colour("table_band"))
        _cells(canvas, slot, head, sheet.headings, "index_head", pens)
        for at, one in enumerate(rows):
            row = _row(slot, column, at + 1)
            _cells(canvas, slot, row, one.cells, "index", pens)
            canvas.link(row, f"#{one.to}")
        canvas.lines(_hairlines(head, len(rows)), pens.style.stroke("hairline"))


def _row(slot: Slot, column: int, row: int) -> Box:
    box, columns, gutter = slot.box, slot.options["columns"], slot.options["gutter_mm"]
    width = (box.w_mm - gutter * (columns - 1)) / columns
    height = box.h_mm / (slot.options["rows"] + 1)
    return Box(box.x_mm + column * (width + gutter), box.y_mm + row * height, width, height)


def _hairlines(head: Box, rows: int) -> list[list[tuple[float, float]]]:
    levels = [head.bottom + row * head.h_mm for row in range(rows + 1)]
    return [[(head.x_mm, y), (head.right, y)] for y in levels]


def _cells(canvas: Canvas, slot: Slot, row: Box, words: tuple[str, ...], style: str, pens: Pens) -> None:
    widths = slot.options["widths"]
    left, unit = row.x_mm, row.w_mm / sum(widths)
    for told, width, anchor in zip(words, widths, ANCHORS, strict=True):
        cell = Box(left + GAP_MM / 2, row.y_mm, width * unit - GAP_MM, row.h_mm)
        set_words(canvas, cell, told, pens.style.text(style), anchor, 5.0, 1)
        left += width * unit
