"""Words of the sheet or of the book, from templates of the layout."""

from __future__ import annotations

from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas
from pipeline.sheets.layout import Slot, filled
from pipeline.sheets.pens import LEADING_EM, MM_PER_PT, Pens, set_words
from pipeline.sheets.plan import Book, Sheet

OPTIONS = {
    "text": [],  # templates; one with an empty field is left out
    "style": "text",
    "anchor": "start",
    "separator": "  ·  ",
    "static": False,  # the same on every page: only fields of the book
    "stack": False,  # each template on lines of its own, from the top
    "wrap": True,  # of a stack: long words go on on the next line, else they are shrunk to one
    "lines": 1,
    "min_pt": 5.0,
}


def furnish(canvas: Canvas, slot: Slot, book: Book, pens: Pens) -> None:
    """Static words."""
    if slot.options["static"]:
        _set(canvas, slot, book, pens)


def draw(canvas: Canvas, slot: Slot, sheet: Sheet, pens: Pens) -> None:
    """Words of this page."""
    if not slot.options["static"]:
        _set(canvas, slot, sheet, pens)


def _set(canvas: Canvas, slot: Slot, told: Book | Sheet, pens: Pens) -> None:
    parts = [filled(one, told.fields, f"element {slot.name}") for one in slot.options["text"]]
    parts = [one for one in parts if one]
    if slot.options["stack"]:
        _stack(canvas, slot, parts, pens)
    elif parts:
        _line(canvas, slot, slot.box, slot.options["separator"].join(parts), pens)


def _line(canvas: Canvas, slot: Slot, box: Box, words: str, pens: Pens) -> None:
    options = slot.options
    style = pens.style.text(options["style"])
    set_words(canvas, box, words, style, options["anchor"], options["min_pt"], options["lines"])


def _stack(canvas: Canvas, slot: Slot, parts: list[str], pens: Pens) -> None:
    style = pens.style.text(slot.options["style"])
    step_mm = LEADING_EM * style.size_pt * MM_PER_PT
    lines = (
        [line for one in parts for line in canvas.wrap(one, style, slot.box.w_mm)] if slot.options["wrap"] else parts
    )
    for row, line in enumerate(lines[: int(slot.box.h_mm / step_mm)]):
        _line(canvas, slot, Box(slot.box.x_mm, slot.box.y_mm + row * step_mm, slot.box.w_mm, step_mm), line, pens)
