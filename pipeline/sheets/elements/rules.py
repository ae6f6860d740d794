"""The neat line and the hairlines between the bands of a sheet."""

from __future__ import annotations

from pipeline.sheets.canvas import Canvas
from pipeline.sheets.layout import Slot
from pipeline.sheets.pens import Pens
from pipeline.sheets.plan import Book

OPTIONS = {"lines_mm": [], "frame": "neat", "line": "rule"}  # lines_mm: [x, y, x, y] each


def furnish(canvas: Canvas, slot: Slot, book: Book, pens: Pens) -> None:
    """A frame about the slot's box, and lines."""
    del book
    canvas.rect(slot.box, None, pens.style.stroke(slot.options["frame"]))
    lines = [[(x0, y0), (x1, y1)] for x0, y0, x1, y1 in slot.options["lines_mm"]]
    if lines:
        canvas.lines(lines, pens.style.stroke(slot.options["line"]))
