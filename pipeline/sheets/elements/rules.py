"""The neat line and the hairlines between the bands of a sheet."""

from __future__ import annotations

from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas
from pipeline.sheets.layout import Slot
from pipeline.sheets.pens import Pens
from pipeline.sheets.plan import Book

OPTIONS = {
    "lines_mm": [],  # [x, y, x, y] each
    "bands_mm": [],  # [x, y, width, height] each, filled
    "frame": "neat",
    "line": "rule",
    "band": "table_band",
}


def furnish(canvas: Canvas, slot: Slot, book: Book, pens: Pens) -> None:
    """Bands, a frame about the slot's box, and lines."""
    del book
    for band in slot.options["bands_mm"]:
        canvas.rect(Box(*band), pens.style.colour(slot.options["band"]))
    canvas.rect(slot.box, None, pens.style.stroke(slot.options["frame"]))
    lines = [[(x0, y0), (x1, y1)] for x0, y0, x1, y1 in slot.options["lines_mm"]]
    if lines:
        canvas.lines(lines, pens.style.stroke(slot.options["line"]))
