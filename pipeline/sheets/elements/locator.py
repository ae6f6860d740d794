"""Where the frame lies: in its county, or among roads and places where such layers were delivered."""

from __future__ import annotations

from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas
from pipeline.sheets.layout import Slot
from pipeline.sheets.pens import Pens, draw_borders, draw_labels, moved, moved_box, set_words, strokes
from pipeline.sheets.plan import Book, DetailSheet, Vicinity

OPTIONS = {"dot_mm": 0.22}
LEAST_MM = 2.2  # a frame smaller than this on the locator is shown this large
TITLE_MM = 5.0
POINT_MM = 0.7


def furnish(canvas: Canvas, slot: Slot, book: Book, pens: Pens) -> None:
    """The box; in it the county with all its pieces, unless each page has its own ground there."""
    style = pens.style
    canvas.rect(slot.box, None, style.stroke("box"))
    if book.locator is None:
        return
    _title(canvas, slot.box, pens.words["sheet.locator"], pens)
    rings = [moved(ring, slot.box) for ring in book.locator.rings]
    if rings:
        canvas.area(rings, style.colour("locator_county"), style.stroke("locator_county"))
    dot_mm, colour = slot.options["dot_mm"], style.colour("locator_dot")
    with canvas.clipped(slot.box):  # a patch may reach beyond its county, and its middle lie there
        for x_mm, y_mm in book.locator.dots:
            canvas.circle(x_mm + slot.box.x_mm, y_mm + slot.box.y_mm, dot_mm, colour)


def draw(canvas: Canvas, slot: Slot, sheet: DetailSheet, pens: Pens) -> None:
    """The frame of this page."""
    if sheet.vicinity is not None:
        _vicinity(canvas, slot.box, sheet.vicinity, pens)
        return
    box = moved_box(sheet.locator, slot.box)
    grow = max(LEAST_MM - min(box.w_mm, box.h_mm), 0.0) / 2
    with canvas.clipped(slot.box):
        canvas.rect(box.inset(-grow), None, pens.style.stroke("locator_frame_casing"))
        canvas.rect(box.inset(-grow), None, pens.style.stroke("locator_frame"))


def _title(canvas: Canvas, box: Box, words: str, pens: Pens) -> None:
    title = Box(box.x_mm + 1.2, box.y_mm + 0.4, box.w_mm - 2.4, TITLE_MM - 0.8)
    set_words(canvas, title, words, pens.style.text("small_title"))


def _vicinity(canvas: Canvas, box: Box, told: Vicinity, pens: Pens) -> None:
    style = pens.style
    _title(canvas, box, told.title, pens)
    frame = Box(box.x_mm, box.y_mm + TITLE_MM, box.w_mm, box.h_mm - TITLE_MM)
    with canvas.clipped(frame.inset(0.15)):
        if told.roads:
            canvas.lines([moved(one, frame) for one in told.roads], *strokes(style, "road"))
        draw_borders(canvas, pens, told.borders, frame)
        for x, y in told.places:
            canvas.circle(frame.x_mm + x, frame.y_mm + y, 0.4, style.colour("place"), style.stroke("place"))
        canvas.rect(moved_box(told.frame, frame), None, style.stroke("locator_frame_casing"))
        canvas.rect(moved_box(told.frame, frame), None, style.stroke("locator_frame"))
        draw_labels(canvas, pens, told.labels, frame)
        x, y = told.point
        canvas.circle(frame.x_mm + x, frame.y_mm + y, POINT_MM, style.colour("patch_point"), style.stroke("vertex"))
    canvas.line([(frame.x_mm, frame.y_mm), (frame.right, frame.y_mm)], style.stroke("hairline"))
