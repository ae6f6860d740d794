"""The mark that leads back to the data: a QR code, with the same in letters."""

from __future__ import annotations

from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas
from pipeline.sheets.code import bars
from pipeline.sheets.layout import Slot
from pipeline.sheets.pens import Pens, set_words
from pipeline.sheets.plan import DetailSheet

OPTIONS = {"quiet": 2, "code_mm": 19.5}  # white modules about the code, beside the white of the paper


def draw(canvas: Canvas, slot: Slot, sheet: DetailSheet, pens: Pens) -> None:
    """The code at the top of its slot, the uid below."""
    box, quiet = slot.box, slot.options["quiet"]
    side = slot.options["code_mm"]
    below = Box(box.x_mm, box.y_mm + side, box.w_mm, box.h_mm - side)
    set_words(canvas, below, sheet.patch_uid, pens.style.text("tiny"), "middle", 5.0, 2)
    if not sheet.qr:
        return
    size, runs = bars(sheet.qr)
    module = side / (size + 2 * quiet)
    left, top = box.x_mm + (box.w_mm - side) / 2 + quiet * module, box.y_mm + quiet * module
    rings = [_ring(left + x * module, top + y * module, run * module, module) for x, y, run in runs]
    canvas.area(rings, pens.style.colour("code"))


def _ring(x: float, y: float, width: float, height: float) -> list[tuple[float, float]]:
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
