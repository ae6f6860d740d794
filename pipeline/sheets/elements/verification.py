"""What is filled in by hand: the verdict, remarks, who and when; and until when."""

from __future__ import annotations

from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas
from pipeline.sheets.layout import Slot
from pipeline.sheets.pens import Pens, set_words
from pipeline.sheets.plan import Book

OPTIONS = {
    "title_mm": 5.5,
    "row_mm": 5.6,
    "remark_lines": 3,
    "columns": 0,
}  # columns: 0 = 2 or 3, as suits the verdicts
PAD_MM = 2.0
CHECK_MM = 3.0


def furnish(canvas: Canvas, slot: Slot, book: Book, pens: Pens) -> None:
    """The box: nothing in it is of this page."""
    box, options, style = slot.box, slot.options, pens.style
    bar = Box(box.x_mm, box.y_mm, box.w_mm, options["title_mm"])
    canvas.rect(bar, style.colour("table_band"))
    _title(canvas, bar.inset(0.8), book.fields["deadline_line"], pens)
    canvas.line([(bar.x_mm, bar.bottom), (bar.right, bar.bottom)], style.stroke("hairline"))
    foot = _verdicts(canvas, slot, book.verdicts, bar.bottom + 1.0, pens)
    _remarks(canvas, slot, foot, pens)
    _signature(canvas, slot, pens)
    canvas.rect(box, None, style.stroke("box"))


def _title(canvas: Canvas, bar: Box, deadline: str, pens: Pens) -> None:
    """What the box is for; where a deadline is known, it stands at the other end."""
    style = pens.style.text("small_title")
    set_words(canvas, bar, pens.words["sheet.verification"], style, "middle" if not deadline else "start")
    if deadline:
        taken_mm = canvas.text_width_mm(pens.words["sheet.verification"], style) + PAD_MM
        rest = Box(bar.x_mm + taken_mm, bar.y_mm, bar.w_mm - taken_mm, bar.h_mm)
        set_words(canvas, rest, deadline, pens.style.text("deadline"), "end")


def _verdicts(canvas: Canvas, slot: Slot, verdicts: tuple[str, ...], top: float, pens: Pens) -> float:
    columns = slot.options["columns"] or (3 if len(verdicts) % 2 or len(verdicts) > 4 else 2)
    width, height = (slot.box.w_mm - 2 * PAD_MM) / columns, slot.options["row_mm"]
    for at, verdict in enumerate(verdicts):
        left, y = slot.box.x_mm + PAD_MM + at % columns * width, top + at // columns * height
        canvas.rect(Box(left, y + (height - CHECK_MM) / 2, CHECK_MM, CHECK_MM), None, pens.style.stroke("check"))
        words = Box(left + CHECK_MM + 1.2, y, width - CHECK_MM - 2.0, height)
        set_words(canvas, words, verdict, pens.style.text("verdict"), "start", 5.0, 2)
    return float(top + -(-len(verdicts) // columns) * height)


def _remarks(canvas: Canvas, slot: Slot, top: float, pens: Pens) -> None:
    bottom = slot.box.bottom - slot.options["row_mm"] - 1.5
    label = Box(slot.box.x_mm + PAD_MM, top + 0.4, slot.box.w_mm - 2 * PAD_MM, 4.0)
    set_words(canvas, label, pens.words["sheet.remarks"], pens.style.text("table_label"))
    count = slot.options["remark_lines"]
    first = top + 0.4 + 4.0
    for row in range(count):
        y = first + (bottom - first) * (row + 0.5) / count
        canvas.line([(label.x_mm, y), (label.right, y)], pens.style.stroke("write"))


def _signature(canvas: Canvas, slot: Slot, pens: Pens) -> None:
    height = slot.options["row_mm"]
    y, half = slot.box.bottom - height - 0.8, (slot.box.w_mm - 2 * PAD_MM) / 2
    for at, key in enumerate(("sheet.officer", "sheet.signed_date")):
        left = slot.box.x_mm + PAD_MM + at * (half + 1.0)
        set_words(canvas, Box(left, y, 11.0, height), pens.words[key], pens.style.text("table_label"))
        line = y + height - 0.9
        canvas.line([(left + 11.5, line), (left + half - 1.0, line)], pens.style.stroke("write"))
