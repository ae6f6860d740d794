"""A sheet onto a canvas, slot by slot; what is static goes out once a book."""

from __future__ import annotations

from pipeline.sheets.canvas import Canvas
from pipeline.sheets.elements import element
from pipeline.sheets.fonts import Font
from pipeline.sheets.layout import Layout
from pipeline.sheets.pens import Pens
from pipeline.sheets.plan import Book, Sheet


def draw_furniture(layout: Layout, book: Book, pens: Pens, font: Font) -> Canvas:
    """What every page of a layout shares."""
    canvas = Canvas(layout.width_mm, layout.height_mm, font)
    for slot in layout.slots:
        furnish = getattr(element(slot.kind), "furnish", None)
        if furnish is not None:
            with canvas.element(slot.name):
                furnish(canvas, slot, book, pens)
    return canvas


def draw_sheet(canvas: Canvas, sheet: Sheet, pens: Pens) -> None:
    """What is of this page alone, and its name as a destination."""
    canvas.destination(sheet.name)
    for slot in sheet.layout.slots:
        draw = getattr(element(slot.kind), "draw", None)
        if draw is not None:
            with canvas.element(slot.name):
                draw(canvas, sheet.placed(slot), sheet, pens)
