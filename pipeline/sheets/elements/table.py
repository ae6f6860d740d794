"""The attribute table of a piece; which fields, in which rows, the layout says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.errors import USAGE, Refusal
from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas
from pipeline.sheets.figures import MISSING
from pipeline.sheets.layout import Slot
from pipeline.sheets.pens import Pens, set_words
from pipeline.sheets.plan import Book, DetailSheet
from pipeline.texts import Texts

OPTIONS = {
    "rows": [],  # of one or more fields: "area", "attributes.QSDWMC"
    "label_mm": 18.0,
    "keys": [],  # fields whose values are set stronger
    "lines": 2,
}
PAD_MM = 1.2


def furnish(canvas: Canvas, slot: Slot, book: Book, pens: Pens) -> None:
    """Lines and the names of the fields."""
    for row, box in enumerate(_row_boxes(slot)):
        if row % 2 == 0:
            canvas.rect(box, pens.style.colour("table_band"))
    for name, label, value in _cells(slot):
        set_words(canvas, label, field_label(book, pens.words, name), pens.style.text("table_label"), "start", 5.0, 2)
        if label.x_mm > slot.box.x_mm + PAD_MM * 1.5:
            left = label.x_mm - PAD_MM
            canvas.line([(left, value.y_mm), (left, value.bottom)], pens.style.stroke("hairline"))
    canvas.rect(slot.box, None, pens.style.stroke("box"))


def draw(canvas: Canvas, slot: Slot, sheet: DetailSheet, pens: Pens) -> None:
    """The values of this piece."""
    usual, key = (pens.style.text(one) for one in ("table_value", "table_key"))
    for name, _, value in _cells(slot):
        style = key if name in slot.options["keys"] else usual
        set_words(canvas, value, sheet.fields.get(name, MISSING), style, "start", 5.5, slot.options["lines"])


def field_label(book: Book, words: Texts, name: str) -> str:
    """The book's own name for a field, or the usual one."""
    key = f"sheet.field.{name}"
    if f"label.{name}" in book.fields:
        return book.fields[f"label.{name}"]
    if name.startswith("attributes."):
        return name.removeprefix("attributes.")
    if key not in words:
        raise Refusal(f"a table names the field {name}, which there is not", "see config/layouts/detail_a4.toml", USAGE)
    return words[key]


def _row_boxes(slot: Slot) -> list[Box]:
    height_mm = slot.box.h_mm / max(len(slot.options["rows"]), 1)
    return [
        Box(slot.box.x_mm, slot.box.y_mm + row * height_mm, slot.box.w_mm, height_mm)
        for row in range(len(slot.options["rows"]))
    ]


def _cells(slot: Slot) -> Iterator[tuple[str, Box, Box]]:
    """Name, box of the label and box of the value of every field."""
    label_mm = slot.options["label_mm"]
    rows: list[list[Any]] = slot.options["rows"]
    for names, box in zip(rows, _row_boxes(slot), strict=True):
        width_mm = box.w_mm / len(names)
        for at, name in enumerate(names):
            left = box.x_mm + at * width_mm + PAD_MM
            label = Box(left, box.y_mm, label_mm - PAD_MM, box.h_mm)
            yield name, label, Box(left + label_mm, box.y_mm, width_mm - label_mm - 2 * PAD_MM, box.h_mm)
