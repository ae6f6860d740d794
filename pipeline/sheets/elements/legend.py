"""What the lines on this sheet mean: only what is on it."""

from __future__ import annotations

from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas
from pipeline.sheets.layout import Slot
from pipeline.sheets.pens import Pens, draw_struck, set_words, strokes
from pipeline.sheets.plan import HOLE, DetailSheet, OverviewSheet

OPTIONS = {
    "title_mm": 4.5,
    "row_mm": 4.2,  # less where there are many rows
    "columns": 1,
    "swatch_mm": [7.0, 2.6],
    "text": "legend",
}
LINES_OVER_IMAGERY = {"county_line", "neighbour_county_line", "town_line"}
OVER_IMAGERY = {"focus", HOLE, "neighbour", "part", "neighbour_part", "fragment", "grid"} | LINES_OVER_IMAGERY
LINES = {"county", "town", "graticule", "sheet_line", "cluster", "road_on_overview"} | LINES_OVER_IMAGERY


def draw(canvas: Canvas, slot: Slot, sheet: DetailSheet | OverviewSheet, pens: Pens) -> None:
    """The title, and a row for each kind on the sheet."""
    title = Box(slot.box.x_mm, slot.box.y_mm, slot.box.w_mm, slot.options["title_mm"])
    set_words(canvas, title, pens.words["sheet.legend_title"], pens.style.text("small_title"))
    wide, high = slot.options["swatch_mm"]
    for kind, row in zip(sheet.legend, _rows(slot, len(sheet.legend)), strict=True):
        swatch = Box(row.x_mm, row.centre[1] - min(high, row.h_mm * 0.8) / 2, wide, min(high, row.h_mm * 0.8))
        _swatch(canvas, swatch, kind, pens)
        label = Box(swatch.right + 1.6, row.y_mm, row.right - swatch.right - 1.6, row.h_mm)
        told = {name: sheet.fields.get(name, "") for name in ("step", "reasons", "sheets", "backdrop")}
        words = pens.words.say(f"sheet.legend.{kind}", **told)
        set_words(canvas, label, words, pens.style.text(slot.options["text"]))


def _rows(slot: Slot, count: int) -> list[Box]:
    """The boxes of the rows, column by column, closer where they are many."""
    options, box = slot.options, slot.box
    deep = -(-count // options["columns"])
    high = min(options["row_mm"], (box.h_mm - options["title_mm"]) / max(deep, 1))
    wide = box.w_mm / options["columns"]
    top = box.y_mm + options["title_mm"]
    return [Box(box.x_mm + at // deep * wide, top + at % deep * high, wide - 1.0, high) for at in range(count)]


def _swatch(canvas: Canvas, box: Box, kind: str, pens: Pens) -> None:
    x, y = box.centre
    if kind in OVER_IMAGERY:
        canvas.rect(box, pens.style.colour("legend_imagery" if pens.pictures else "no_imagery"))
    if kind == "backdrop":
        canvas.rect(box, pens.style.colour("backdrop"))
        return
    if kind == "bare":
        canvas.rect(box, pens.style.colour("no_imagery"))
        canvas.hatch(box, pens.style.size_mm("hatch") / 2, pens.style.stroke("hatch"))
        return
    if kind == "grid":
        arms = [[(x - 1.0, y), (x + 1.0, y)], [(x, y - 1.0), (x, y + 1.0)]]
        _lines(canvas, arms, kind if pens.pictures else "grid_paper", pens)
    elif kind == "place_on_overview":
        canvas.circle(x, y, pens.style.size_mm("place"), pens.style.colour(kind), pens.style.stroke(kind))
    elif kind == HOLE:
        canvas.hatch(box.inset(box.h_mm * 0.2), pens.style.size_mm(HOLE), pens.style.stroke(HOLE))
        _area(canvas, box, "focus", pens)
    elif kind in LINES:
        with canvas.clipped(box):
            _lines(canvas, [[(box.x_mm, y), (box.right, y)]], kind, pens)
    else:
        _area(canvas, box, kind, pens)
    if kind == "fragment":
        draw_struck(canvas, pens, [(x, y)])


def _lines(canvas: Canvas, lines: list[list[tuple[float, float]]], kind: str, pens: Pens) -> None:
    canvas.lines(lines, *strokes(pens.style, kind))


def _area(canvas: Canvas, box: Box, kind: str, pens: Pens) -> None:
    inner = box.inset(box.h_mm * 0.2)
    fill = pens.style.colours.get(kind)
    for stroke in strokes(pens.style, kind):
        canvas.rect(inner, fill, stroke)
