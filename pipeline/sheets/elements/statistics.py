"""Counts and areas by town or by type, with bars and their total."""

from __future__ import annotations

from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas
from pipeline.sheets.layout import Slot
from pipeline.sheets.pens import Pens, set_words, strokes
from pipeline.sheets.plan import OverviewSheet, Statistic

OPTIONS = {"title_mm": 8.0, "row_mm": 5.6}
NAME, BAR, COUNT, AREA = (0.0, 0.34), (0.36, 0.26), (0.62, 0.13), (0.76, 0.23)  # start and width, shares of the panel


def draw(canvas: Canvas, slot: Slot, sheet: OverviewSheet, pens: Pens) -> None:
    """Title, heading, one row each, total."""
    box, row_mm = slot.box, slot.options["row_mm"]
    title = Box(box.x_mm, box.y_mm, box.w_mm, slot.options["title_mm"] - 1.5)
    set_words(canvas, title, sheet.fields["statistics_title"], pens.style.text("panel_title"))
    head = Box(box.x_mm, box.y_mm + slot.options["title_mm"], box.w_mm, row_mm)
    canvas.rect(head, pens.style.colour("table_band"))
    words = tuple(sheet.fields[f"statistics_{one}"] for one in ("name", "count", "area"))
    _cells(canvas, head, words, "panel_head", pens)
    for at, one in enumerate((*sheet.statistics, sheet.total)):
        row = Box(box.x_mm, head.bottom + at * row_mm, box.w_mm, row_mm)
        _row(canvas, row, one, pens)


def _row(canvas: Canvas, row: Box, one: Statistic, pens: Pens) -> None:
    _cells(canvas, row, (one.name, one.count, one.area), "panel", pens)
    if one.share > 0:
        bar = _part(row, BAR)
        high = row.h_mm * 0.45
        place = Box(bar.x_mm, row.centre[1] - high / 2, bar.w_mm * one.share, high)
        canvas.rect(place, pens.style.colour("statistic"))
    for stroke in strokes(pens.style, "hairline"):
        canvas.line([(row.x_mm, row.bottom), (row.right, row.bottom)], stroke)


def _cells(canvas: Canvas, row: Box, words: tuple[str, ...], style: str, pens: Pens) -> None:
    for told, part, anchor in zip(words, (NAME, COUNT, AREA), ("start", "end", "end"), strict=True):
        set_words(canvas, _part(row, part), told, pens.style.text(style), anchor, 5.0, 2)


def _part(row: Box, part: tuple[float, float]) -> Box:
    return Box(row.x_mm + 1.0 + part[0] * row.w_mm, row.y_mm, part[1] * row.w_mm - 1.0, row.h_mm)
