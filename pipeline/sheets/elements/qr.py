"""The mark that leads back to the data: a QR code, with the same in letters."""

from __future__ import annotations

import numpy as np

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
    x, y, run = np.array(runs).T
    edges = np.stack((x, y, x + run, y, x + run, y + 1, x, y + 1), axis=1).reshape(-1, 4, 2)
    canvas.area(list(edges * module + (left, top)), pens.style.colour("code"))
