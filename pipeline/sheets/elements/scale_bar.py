"""The scale in figures and as a bar."""

from __future__ import annotations

from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas
from pipeline.sheets.layout import Slot
from pipeline.sheets.pens import Pens, set_words
from pipeline.sheets.plan import DetailSheet, OverviewSheet

OPTIONS = {"words_mm": 4.5, "bar_mm": 1.2}


def draw(canvas: Canvas, slot: Slot, sheet: DetailSheet | OverviewSheet, pens: Pens) -> None:
    """Figures above, bar below, labels at its start, middle and end."""
    box, bar = slot.box, sheet.bar
    title = Box(box.x_mm, box.y_mm, box.w_mm, slot.options["words_mm"])
    set_words(canvas, title, sheet.fields["scale"], pens.style.text("small_title"))
    left, top = box.x_mm + 1.0, title.bottom + 0.4
    for part in range(bar.parts):
        fill = pens.style.colour("bar_dark" if part % 2 == 0 else "bar_light")
        place = Box(left + part * bar.part_mm, top, bar.part_mm, slot.options["bar_mm"])
        canvas.rect(place, fill, pens.style.stroke("bar"))
    style = pens.style.text("bar_label")
    for share, words in zip((0.0, 0.5, 1.0), bar.labels, strict=True):
        canvas.text(left + share * bar.length_mm, top + slot.options["bar_mm"] + 2.4, words, style, "middle")
    end = left + bar.length_mm + canvas.text_width_mm(bar.labels[-1], style) / 2 + 0.8
    canvas.text(end, top + slot.options["bar_mm"] + 2.4, bar.unit, style)
