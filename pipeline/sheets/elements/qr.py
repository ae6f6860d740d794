"""The mark that leads back to the data: a QR code, what it is for, and the same in letters."""

from __future__ import annotations

import numpy as np

from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas
from pipeline.sheets.code import bars
from pipeline.sheets.layout import Slot
from pipeline.sheets.pens import Pens, set_words
from pipeline.sheets.plan import DetailSheet

OPTIONS = {
    "quiet": 2,  # white modules about the code, beside the white of the paper
    "code_mm": 19.5,
    "caption_mm": 0.0,  # above the code: what it is for
}


def _parts(canvas: Canvas, uid: str, box: Box, pens: Pens) -> tuple[str, ...]:
    """The uid, whole where that can be read, else its campaign and what is to be typed without the code."""
    style = pens.style.text("tiny")
    fitted = canvas.fit(uid, style, box.w_mm, 5.0)
    if canvas.text_width_mm(uid, fitted) <= box.w_mm:
        return (uid,)
    campaign, dash, rest = uid.rpartition("-")
    return campaign + dash, rest


def _rows(box: Box) -> tuple[Box, Box]:
    high = box.h_mm / 2
    return Box(box.x_mm, box.y_mm, box.w_mm, high), Box(box.x_mm, box.y_mm + high, box.w_mm, high)


def draw(canvas: Canvas, slot: Slot, sheet: DetailSheet, pens: Pens) -> None:
    """What the code is for, the code, the uid below."""
    quiet, side, caption_mm = slot.options["quiet"], slot.options["code_mm"], slot.options["caption_mm"]
    caption = Box(slot.box.x_mm, slot.box.y_mm, slot.box.w_mm, caption_mm)
    box = Box(caption.x_mm, caption.bottom, caption.w_mm, slot.box.h_mm - caption_mm)
    below = Box(box.x_mm, box.y_mm + side, box.w_mm, box.h_mm - side)
    for row, words in zip(_rows(below), _parts(canvas, sheet.patch_uid, below, pens), strict=False):
        set_words(canvas, row, words, pens.style.text("tiny"), "middle", 5.0)
    if not sheet.qr:
        return
    if caption_mm:
        told = "sheet.scan_id" if sheet.qr == sheet.patch_uid else "sheet.scan_url"
        set_words(canvas, caption, pens.words[told], pens.style.text("scan"), "middle")
    size, runs = bars(sheet.qr)
    module = side / (size + 2 * quiet)
    left, top = box.x_mm + (box.w_mm - side) / 2 + quiet * module, box.y_mm + quiet * module
    x, y, run = np.array(runs).T
    edges = np.stack((x, y, x + run, y, x + run, y + 1, x, y + 1), axis=1).reshape(-1, 4, 2)
    canvas.area(list(edges * module + (left, top)), pens.style.colour("code"))
