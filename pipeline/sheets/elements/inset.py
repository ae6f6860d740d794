"""Where the map of a cluster lies in its county."""

from __future__ import annotations

from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas
from pipeline.sheets.layout import Slot
from pipeline.sheets.pens import Pens, moved, moved_box, set_words
from pipeline.sheets.plan import OverviewSheet

OPTIONS = {"title_mm": 6.0}
LEAST_MM = 2.2  # a frame smaller than this is shown this large


def draw(canvas: Canvas, slot: Slot, sheet: OverviewSheet, pens: Pens) -> None:
    """The county with the frame of this page."""
    if sheet.inset is None:
        return
    style, box = pens.style, slot.box
    title = Box(box.x_mm, box.y_mm, box.w_mm, slot.options["title_mm"])
    set_words(canvas, title, pens.words["sheet.locator"], style.text("panel_title"))
    with canvas.clipped(box):
        rings = [moved(ring, box) for ring in sheet.inset.rings]
        canvas.area(rings, style.colour("locator_county"), style.stroke("locator_county"))
        frame = moved_box(sheet.inset.frame, box)
        grow = max(LEAST_MM - min(frame.w_mm, frame.h_mm), 0.0) / 2
        canvas.rect(frame.inset(-grow), None, style.stroke("locator_frame_casing"))
        canvas.rect(frame.inset(-grow), None, style.stroke("inset_frame"))
