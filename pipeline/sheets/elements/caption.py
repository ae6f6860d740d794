"""What stands above a frame: the phase, and the imagery's own dates and sensors."""

from __future__ import annotations

from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas
from pipeline.sheets.layout import Slot
from pipeline.sheets.pens import Pens, set_words
from pipeline.sheets.plan import Book, DetailSheet

OPTIONS = {"phase": "before", "name_mm": 22.0}


def furnish(canvas: Canvas, slot: Slot, book: Book, pens: Pens) -> None:
    """The name of the phase."""
    del book
    box = Box(slot.box.x_mm, slot.box.y_mm, slot.options["name_mm"], slot.box.h_mm)
    set_words(canvas, box, pens.words[f"sheet.{slot.options['phase']}"], pens.style.text("caption"))


def draw(canvas: Canvas, slot: Slot, sheet: DetailSheet, pens: Pens) -> None:
    """Dates and sensors of this frame."""
    name_mm = slot.options["name_mm"]
    box = Box(slot.box.x_mm + name_mm, slot.box.y_mm, slot.box.w_mm - name_mm, slot.box.h_mm)
    view = sheet.views[slot.options["phase"]]
    set_words(canvas, box, view.sources, pens.style.text("caption_sources"), "end", 5.0, 2)
