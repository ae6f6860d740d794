"""A sheet onto a canvas, slot by slot; what is static goes out once a book."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.sheets.canvas import Canvas
from pipeline.sheets.elements import element
from pipeline.sheets.fonts import Font, MissingGlyph
from pipeline.sheets.layout import Layout
from pipeline.sheets.pens import Pens
from pipeline.sheets.plan import Book, IndexSheet, OverviewSheet, Sheet

COMPOSED = ("title", "subtitle", "place")  # fields made of others, which name the cause better


def draw_furniture(layout: Layout, book: Book, pens: Pens, font: Font) -> Canvas:
    """What every page of a layout shares."""
    canvas = Canvas(layout.width_mm, layout.height_mm, font)
    for slot in layout.slots:
        furnish = getattr(element(slot.kind), "furnish", None)
        if furnish is not None:
            with canvas.element(slot.name):
                furnish(canvas, slot, book, pens)
    return canvas


def draw_sheet(canvas: Canvas, sheet: Sheet, pens: Pens) -> None:
    """What is of this page alone, and its name as a destination.

    Raises:
        MissingGlyph: the font lacks a character; it names the sheet and the field.
    """
    try:
        _draw(canvas, sheet, pens)
    except MissingGlyph as lack:
        raise lack.at(_where(sheet, lack.character)) from lack


def _where(sheet: Sheet, character: str) -> str:
    """The field that has the character, the patch it is said of, and the sheet."""
    found = [(name, of) for name, words, of in _told(sheet) if character in words and name not in COMPOSED]
    name, of = found[0] if found else ("of the book", "")
    return f"field {name}{of}, sheet {sheet.name}"


def _told(sheet: Sheet) -> Iterator[tuple[str, str, str]]:
    """Name and words of every field of a sheet, and the patch they are said of."""
    patch = f", patch {sheet.fields['patch_no']}" if "patch_no" in sheet.fields else ""
    yield from ((name, words, patch) for name, words in sheet.fields.items())
    if isinstance(sheet, IndexSheet):
        for row in sheet.rows:
            cells = zip(sheet.density.fields, row.cells, strict=True)
            yield from ((name, words, f", number {row.cells[0]}") for name, words in cells)
    if isinstance(sheet, OverviewSheet):
        yield from (("town or type", one.name, "") for one in sheet.statistics)


def _draw(canvas: Canvas, sheet: Sheet, pens: Pens) -> None:
    canvas.destination(sheet.name)
    for slot in sheet.layout.slots:
        draw = getattr(element(slot.kind), "draw", None)
        if draw is not None:
            with canvas.element(slot.name):
                draw(canvas, sheet.placed(slot), sheet, pens)
