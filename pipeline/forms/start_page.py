"""Draws `00_START_HERE.pdf`: one page A4 that is understood from its picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipeline.forms.paper import (
    A4_MM,
    BLUE,
    DARK,
    FACT,
    GREEN,
    GREY,
    HEADING,
    INK,
    LABEL,
    NAME,
    ORANGE,
    PALE,
    PLACE,
    RULE,
    SMALL,
    STRONG,
    STRONG_LINE,
    TEXT,
    THIN,
    TINY,
    TITLE,
    YELLOW,
    columns,
    in_row,
    leading_mm,
    paragraph,
)
from pipeline.forms.sketch import DOT_MM, Sketch
from pipeline.forms.start import Start, Way
from pipeline.records import CampaignFacts
from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas, Stroke, TextStyle
from pipeline.sheets.fonts import MM_PER_PT, Font, MissingGlyph
from pipeline.sheets.pdf import PdfWriter
from pipeline.texts import Texts, texts

LEFT_MM, WIDTH_MM = 14.0, 182.0
SKETCH = Box(LEFT_MM, 147.0, 84.0, 62.0)
DIGIT = TextStyle(6.5, INK, halo_mm=0.35)
_GAP_MM = 4.0


def number_mm(font: Font) -> tuple[float, float]:
    """The width of one digit and the height of a number on the sketch."""
    return font.width_mm("0", DIGIT.size_pt), DIGIT.size_pt * MM_PER_PT * 0.9


def write_start(target: Path, start: Start, sketch: Sketch, facts: CampaignFacts, font: Font) -> None:
    """Write the page as a PDF; the same values give the same bytes.

    Raises:
        MissingGlyph: the font lacks a character of a name.
    """
    canvas = Canvas(*A4_MM, font)
    draw_start(canvas, start, sketch, texts(facts.language))
    with PdfWriter(target, f"{start.heading} {start.place}", facts.language, font, facts.id, facts.office.unit) as book:
        book.page(canvas, "1")


def draw_start(canvas: Canvas, start: Start, sketch: Sketch, words: Texts) -> None:
    """Draw the whole page."""
    parts: tuple[tuple[str, Callable[[Canvas, Start, Sketch, Texts], None]], ...] = (
        ("head", _head),
        ("facts", _facts),
        ("ways", _ways),
        ("sketch", _sketch),
        ("pages", _pages),
        ("back", _back),
        ("files", _files),
        ("foot", _foot),
    )
    for name, draw in parts:
        with canvas.element(name):
            try:
                draw(canvas, start, sketch, words)
            except MissingGlyph as problem:
                raise _located(problem) from problem


def _located(problem: MissingGlyph) -> Exception:
    at = getattr(problem, "at", None)
    located: Exception = at("00_START_HERE.pdf") if at else problem
    return located


def _head(canvas: Canvas, start: Start, _: Sketch, __: Texts) -> None:
    canvas.rect(Box(0.0, 0.0, A4_MM[0], 5.0), BLUE)
    canvas.text(LEFT_MM, 19.0, start.heading, TITLE)
    right = Box(LEFT_MM + 92.0, 9.0, WIDTH_MM - 92.0, 5.0)
    in_row(canvas, right, start.classification, STRONG, "end")
    in_row(canvas, Box(right.x_mm, 14.5, right.w_mm, 5.0), start.unit, LABEL, "end")
    in_row(canvas, Box(LEFT_MM, 23.0, WIDTH_MM, 7.0), start.place, PLACE)
    in_row(canvas, Box(LEFT_MM, 30.0, WIDTH_MM, 5.5), start.campaign, TEXT)


def _facts(canvas: Canvas, start: Start, _: Sketch, __: Texts) -> None:
    for column, (name, value, below) in zip(
        columns(LEFT_MM, WIDTH_MM + 3.0, (1.0, 1.2, 1.1, 1.4)), start.facts, strict=True
    ):
        box = Box(column.x_mm, 39.0, column.w_mm - 3.0, 21.5)
        canvas.rect(box, PALE)
        canvas.rect(Box(box.x_mm, box.y_mm, 1.2, box.h_mm), ORANGE)
        inner = Box(box.x_mm + 3.5, box.y_mm, box.w_mm - 5.0, box.h_mm)
        in_row(canvas, Box(inner.x_mm, box.y_mm + 1.5, inner.w_mm, 4.0), name, LABEL)
        in_row(canvas, Box(inner.x_mm, box.y_mm + 6.0, inner.w_mm, 9.0), value, FACT)
        in_row(canvas, Box(inner.x_mm, box.y_mm + 15.8, inner.w_mm, 4.0), below, SMALL)


def _section(canvas: Canvas, x_mm: float, y_mm: float, width_mm: float, words: str) -> None:
    in_row(canvas, Box(x_mm, y_mm, width_mm, 6.0), words, HEADING)
    canvas.line([(x_mm, y_mm + 6.8), (x_mm + width_mm, y_mm + 6.8)], STRONG_LINE)


def _ways(canvas: Canvas, start: Start, _: Sketch, words: Texts) -> None:
    _section(canvas, LEFT_MM, 65.0, WIDTH_MM, words["start.way.heading"])
    icons = {"table": _table_icon, "desk": _desk_icon, "phone": _phone_icon}
    for column, way in zip(columns(LEFT_MM, WIDTH_MM + _GAP_MM, (1, 1, 1)), start.ways, strict=True):
        box = Box(column.x_mm, 74.5, column.w_mm - _GAP_MM, 61.5)
        canvas.rect(box, None, RULE)
        icons[way.kind](canvas, box.x_mm + 3.0, box.y_mm + 3.0)
        _way(canvas, Box(box.x_mm + 3.0, box.y_mm, box.w_mm - 6.0, box.h_mm), way)


def _way(canvas: Canvas, box: Box, way: Way) -> None:
    beside = Box(box.x_mm + 19.0, box.y_mm + 2.5, box.w_mm - 19.0, box.h_mm)
    paragraph(canvas, beside.x_mm, beside.y_mm + 0.6, beside.w_mm, way.name, STRONG)
    in_row(canvas, Box(box.x_mm, box.y_mm + 18.0, box.w_mm, 5.0), way.opened, NAME)
    y_mm = box.y_mm + 24.0
    for number, step in enumerate(way.steps, 1):
        _bullet(canvas, box.x_mm, y_mm, str(number))
        y_mm = paragraph(canvas, box.x_mm + 6.0, y_mm, box.w_mm - 6.0, step, TEXT) + 1.2


def _bullet(canvas: Canvas, x_mm: float, top_mm: float, number: str) -> None:
    canvas.circle(x_mm + 2.1, top_mm + 1.9, 2.1, BLUE)
    style = TextStyle(7.5, "#FFFFFF", bold=True)
    in_row(canvas, Box(x_mm, top_mm - 0.2, 4.2, 4.2), number, style, "middle")


def _table_icon(canvas: Canvas, x_mm: float, y_mm: float) -> None:
    canvas.rect(Box(x_mm, y_mm, 15.0, 12.0), "#FFFFFF", Stroke(0.4, GREEN))
    canvas.rect(Box(x_mm, y_mm, 15.0, 3.0), GREEN)
    canvas.rect(Box(x_mm + 10.0, y_mm + 3.2, 4.8, 8.6), YELLOW)
    lines = [[(x_mm, y_mm + at), (x_mm + 15.0, y_mm + at)] for at in (6.0, 9.0)]
    lines += [[(x_mm + at, y_mm + 3.0), (x_mm + at, y_mm + 12.0)] for at in (4.0, 10.0)]
    canvas.lines(lines, Stroke(0.25, GREEN))


def _desk_icon(canvas: Canvas, x_mm: float, y_mm: float) -> None:
    canvas.rect(Box(x_mm, y_mm, 15.0, 9.5), "#E6EEF3", DARK)
    _patch_shape(canvas, x_mm + 4.0, y_mm + 1.6, 1.0)
    canvas.rect(Box(x_mm + 6.5, y_mm + 9.6, 2.0, 1.6), INK)
    canvas.rect(Box(x_mm + 3.5, y_mm + 11.2, 8.0, 0.8), INK)


def _phone_icon(canvas: Canvas, x_mm: float, y_mm: float) -> None:
    canvas.rect(Box(x_mm + 4.0, y_mm - 0.5, 7.5, 13.0), "#FFFFFF", Stroke(0.7, INK, join="round"))
    canvas.rect(Box(x_mm + 4.7, y_mm + 0.6, 6.1, 10.0), "#E6EEF3")
    _patch_shape(canvas, x_mm + 5.3, y_mm + 2.4, 0.7)
    canvas.circle(x_mm + 7.75, y_mm + 11.5, 0.45, INK)


def _patch_shape(canvas: Canvas, x_mm: float, y_mm: float, size: float) -> None:
    corners = [(0.0, 1.5), (2.5, 0.0), (7.0, 1.2), (6.0, 4.6), (3.2, 6.2), (0.6, 5.0)]
    ring = [(x_mm + size * x, y_mm + size * y) for x, y in corners]
    canvas.lines([ring], Stroke(1.0 * size, INK, join="round"), Stroke(0.55 * size, "#FFD400"), closed=True)


def _sketch(canvas: Canvas, _: Start, sketch: Sketch, words: Texts) -> None:
    _section(canvas, LEFT_MM, 138.0, SKETCH.w_mm, words["start.sketch.heading"])
    if len(sketch.numbers) < len(sketch.dots):
        note = Box(LEFT_MM + 34.0, 139.0, SKETCH.w_mm - 34.0, 5.0)
        in_row(canvas, note, words["start.sketch.some"], SMALL, "end")
    with canvas.clipped(SKETCH):
        canvas.rect(SKETCH, "#ECEAE4")
        canvas.lines(_placed(sketch.neighbours), Stroke(0.15, "#A9AAA8"), closed=True)
        canvas.area(_placed(sketch.rings), "#FFFFFF", Stroke(0.45, "#7A1040", join="round"))
        for x_mm, y_mm in sketch.dots.tolist():
            canvas.circle(SKETCH.x_mm + x_mm, SKETCH.y_mm + y_mm, DOT_MM, ORANGE, Stroke(0.15, "#FFFFFF"))
        for one in sketch.numbers:
            box = one.box
            in_row(canvas, Box(SKETCH.x_mm + box.x_mm, SKETCH.y_mm + box.y_mm, box.w_mm, box.h_mm), one.words, DIGIT)
    canvas.rect(SKETCH, None, RULE)
    _bar(canvas, sketch)
    _north(canvas, words)


def _placed(rings: tuple[object, ...]) -> list[object]:
    return [ring + (SKETCH.x_mm, SKETCH.y_mm) for ring in rings]  # type: ignore[operator]


def _bar(canvas: Canvas, sketch: Sketch) -> None:
    bar, y_mm = sketch.bar, SKETCH.bottom - 1.6
    x_mm = SKETCH.x_mm + 2.5
    canvas.rect(Box(x_mm, y_mm - 0.9, bar.length_mm / 2, 0.9), INK)
    canvas.rect(Box(x_mm, y_mm - 0.9, bar.length_mm, 0.9), None, Stroke(0.15, INK))
    canvas.text(x_mm, y_mm - 1.5, bar.labels[0], TINY)
    canvas.text(x_mm + bar.length_mm, y_mm - 1.5, f"{bar.labels[2]} {bar.unit}", TINY, "middle")


def _north(canvas: Canvas, words: Texts) -> None:
    x_mm, y_mm = SKETCH.right - 5.0, SKETCH.y_mm + 3.0
    canvas.area([[(x_mm, y_mm), (x_mm + 1.6, y_mm + 5.0), (x_mm, y_mm + 4.0), (x_mm - 1.6, y_mm + 5.0)]], INK)
    canvas.text(x_mm, y_mm + 8.0, words["sheet.north"], SMALL, "middle")


def _pages(canvas: Canvas, start: Start, _: Sketch, words: Texts) -> None:
    left, width = SKETCH.right + 6.0, WIDTH_MM - SKETCH.w_mm - 6.0
    _section(canvas, left, 138.0, width, words["start.page.heading"])
    number, page = start.example
    _leaf(canvas, left, 147.5, words.say("start.page.patch", number=number), words.say("start.page.page", page=page))
    y_mm = 147.0
    for rule in start.pages:
        y_mm = paragraph(canvas, left + 27.0, y_mm, width - 27.0, rule, TEXT) + 1.0


def _leaf(canvas: Canvas, x_mm: float, y_mm: float, number: str, page: str) -> None:
    """A sheet in the small: the number above, the pair of images, the page below."""
    canvas.rect(Box(x_mm, y_mm, 23.0, 26.0), "#FFFFFF", DARK)
    in_row(canvas, Box(x_mm + 1.5, y_mm + 1.2, 20.0, 4.0), number, TextStyle(8.0, ORANGE, bold=True))
    for at, ground in enumerate(("#B9C7A4", "#C9B795")):
        frame = Box(x_mm + 1.5 + 10.2 * at, y_mm + 6.0, 9.8, 10.5)
        canvas.rect(frame, ground, THIN)
        _patch_shape(canvas, frame.x_mm + 2.2, frame.y_mm + 2.8, 0.75)
    canvas.lines([[(x_mm + 1.5, y_mm + at), (x_mm + 21.5, y_mm + at)] for at in (18.5, 20.0)], THIN)
    in_row(canvas, Box(x_mm + 1.5, y_mm + 21.2, 20.0, 4.0), page, TextStyle(7.5, BLUE, bold=True), "end")


def _back(canvas: Canvas, start: Start, _: Sketch, words: Texts) -> None:
    left, width = SKETCH.right + 6.0, WIDTH_MM - SKETCH.w_mm - 6.0
    top = 177.0
    _section(canvas, left, top, width, words["start.back.heading"])
    y_mm = top + 9.0
    for number, step in enumerate(start.back, 1):
        _bullet(canvas, left, y_mm, str(number))
        y_mm = paragraph(canvas, left + 6.0, y_mm, width - 6.0, step, TEXT) + 0.8


def _files(canvas: Canvas, start: Start, _: Sketch, words: Texts) -> None:
    top, foot = 213.5, 282.0
    _section(canvas, LEFT_MM, top, WIDTH_MM, words["start.file.heading"])
    row_mm = min(5.2, (foot - top - 8.5) / max(1, len(start.files)))
    places = columns(LEFT_MM, WIDTH_MM, (1.0, 2.1, 1.1))
    for at, cells in enumerate(start.files):
        y_mm = top + 8.0 + at * row_mm
        for place, said, style in zip(places, cells, (NAME, TEXT, LABEL), strict=True):
            in_row(canvas, Box(place.x_mm, y_mm, place.w_mm - 2.0, row_mm), said, style)
        canvas.line([(LEFT_MM, y_mm + row_mm), (LEFT_MM + WIDTH_MM, y_mm + row_mm)], THIN)


def _foot(canvas: Canvas, start: Start, _: Sketch, __: Texts) -> None:
    y_mm = 284.0
    canvas.line([(LEFT_MM, y_mm), (LEFT_MM + WIDTH_MM, y_mm)], Stroke(0.3, GREY))
    in_row(canvas, Box(LEFT_MM, y_mm + 0.8, WIDTH_MM, leading_mm(SMALL)), start.lead, SMALL)
    half = Box(LEFT_MM, y_mm + 4.6, WIDTH_MM / 2, leading_mm(TINY))
    in_row(canvas, half, start.foot[0], TINY)
    in_row(canvas, Box(half.right, half.y_mm, half.w_mm, half.h_mm), start.foot[1], TINY, "end")
