"""Where in the county the frame lies."""

from __future__ import annotations

from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas
from pipeline.sheets.layout import Slot
from pipeline.sheets.pens import Pens, moved, moved_box, set_words
from pipeline.sheets.plan import Book, DetailSheet

OPTIONS = {"dot_mm": 0.22}
LEAST_MM = 2.2  # a frame smaller than this on the locator is shown this large
TITLE_MM = 4.5


def furnish(canvas: Canvas, slot: Slot, book: Book, pens: Pens) -> None:
    """The county with all its pieces."""
    style = pens.style
    canvas.rect(slot.box, None, style.stroke("box"))
    title = Box(slot.box.x_mm + 1.2, slot.box.y_mm + 0.4, slot.box.w_mm - 2.4, TITLE_MM)
    set_words(canvas, title, pens.words["sheet.locator"], style.text("small_title"))
    rings = [moved(ring, slot.box) for ring in book.locator.rings]
    if rings:
        canvas.area(rings, style.colour("locator_county"), style.stroke("locator_county"))
    for x_mm, y_mm in book.locator.dots:
        canvas.circle(x_mm + slot.box.x_mm, y_mm + slot.box.y_mm, slot.options["dot_mm"], style.colour("locator_dot"))


def draw(canvas: Canvas, slot: Slot, sheet: DetailSheet, pens: Pens) -> None:
    """The frame of this page."""
    box = moved_box(sheet.locator, slot.box)
    grow = max(LEAST_MM - min(box.w_mm, box.h_mm), 0.0) / 2
    with canvas.clipped(slot.box):
        canvas.rect(box.inset(-grow), None, pens.style.stroke("locator_frame_casing"))
        canvas.rect(box.inset(-grow), None, pens.style.stroke("locator_frame"))
