"""The north arrow: grid north, with the convergence of the meridians."""

from __future__ import annotations

from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas
from pipeline.sheets.layout import Slot
from pipeline.sheets.pens import Pens, set_words
from pipeline.sheets.plan import Book, DetailSheet, OverviewSheet

OPTIONS = {"arrow_mm": 9.0}


def furnish(canvas: Canvas, slot: Slot, book: Book, pens: Pens) -> None:
    """The arrow."""
    del book
    x, top, high = slot.box.centre[0], slot.box.y_mm + 4.2, slot.options["arrow_mm"]
    half, notch, foot = high * 0.26, top + high * 0.76, top + high
    left, right = [(x, top), (x - half, foot), (x, notch)], [(x, top), (x + half, foot), (x, notch)]
    stroke = pens.style.stroke("arrow")
    canvas.area([left], pens.style.colour("bar_light"), stroke)
    canvas.area([right], pens.style.colour("bar_dark"), stroke)
    title = Box(slot.box.x_mm, slot.box.y_mm, slot.box.w_mm, 4.0)
    set_words(canvas, title, pens.words["sheet.north"], pens.style.text("small_title"), "middle")


def draw(canvas: Canvas, slot: Slot, sheet: DetailSheet | OverviewSheet, pens: Pens) -> None:
    """The convergence on this page."""
    foot = slot.box.y_mm + 4.2 + slot.options["arrow_mm"] + 0.6
    box = Box(slot.box.x_mm, foot, slot.box.w_mm, slot.box.bottom - foot)
    set_words(canvas, box, sheet.fields["convergence"], pens.style.text("tiny"), "middle", 5.0, 2)
