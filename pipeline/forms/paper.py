"""Pens and small strokes of the pages an officer reads: the start page and the registration card."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas, Stroke, TextStyle
from pipeline.sheets.code import bars
from pipeline.sheets.fonts import MM_PER_PT

A4_MM = (210.0, 297.0)
LEADING_EM = 1.36
MIDDLE_EM = 0.36  # from the baseline to the middle of figures and hanzi
SMALLEST_PT = 5.0
QUIET_MODULES = 2  # white about a code, beside the white of the paper

INK, GREY, BLUE, PALE, YELLOW, GREEN = (
    "#111111",
    "#51575E",
    "#1D4A73",
    "#F1F3F4",
    "#FFFBE0",
    "#2E7D4F",
)
TITLE = TextStyle(24.0, INK, bold=True)
PLACE = TextStyle(14.0, INK, bold=True)
HEADING = TextStyle(11.5, BLUE, bold=True)
STRONG = TextStyle(9.5, INK, bold=True)
TEXT = TextStyle(8.8, INK)
NAME = TextStyle(9.0, BLUE, bold=True)
SMALL = TextStyle(7.2, GREY)
FACT = TextStyle(17.0, INK, bold=True)
LABEL = TextStyle(8.0, GREY)
TINY = TextStyle(6.5, GREY)
RULE = Stroke(0.25, "#8A8F98")
THIN = Stroke(0.15, "#B8BDC2")
DARK = Stroke(0.35, INK)
STRONG_LINE = Stroke(0.6, BLUE)


def leading_mm(style: TextStyle) -> float:
    """From one baseline to the next."""
    return style.size_pt * MM_PER_PT * LEADING_EM


def ascent_mm(style: TextStyle) -> float:
    """From the top of a line to its baseline."""
    return style.size_pt * MM_PER_PT * 0.95


def paragraph(canvas: Canvas, x_mm: float, top_mm: float, width_mm: float, words: str, style: TextStyle) -> float:
    """Set `words` in lines below `top_mm`; returns where the next line would begin."""
    for line in canvas.wrap(words, style, width_mm):
        canvas.text(x_mm, top_mm + ascent_mm(style), line, canvas.fit(line, style, width_mm))
        top_mm += leading_mm(style)
    return top_mm


def in_row(canvas: Canvas, box: Box, words: str, style: TextStyle, anchor: str = "start") -> None:
    """Set `words` on the middle line of `box`, shrunk where they must be and cut where that is not enough."""
    if not words:
        return
    fitted = canvas.fit(words, style, box.w_mm, SMALLEST_PT)
    said = cut_to(canvas, words, fitted, box.w_mm)
    x_mm = {"start": box.x_mm, "middle": box.centre[0], "end": box.right}[anchor]
    canvas.text(x_mm, box.centre[1] + MIDDLE_EM * fitted.size_pt * MM_PER_PT, said, fitted, anchor)


def cut_to(canvas: Canvas, words: str, style: TextStyle, width_mm: float) -> str:
    """`words`, or as much of them as `width_mm` holds with a mark that they are cut."""
    while words and canvas.text_width_mm(words, style) > width_mm + 1e-6:
        words = words.rstrip("…")[:-1].rstrip() + "…" if len(words.rstrip("…")) > 1 else ""
    return words


def draw_code(canvas: Canvas, box: Box, words: str) -> None:
    """`words` as a QR code that fills the square at the top left of `box`."""
    size, runs = bars(words)
    module = box.w_mm / (size + 2 * QUIET_MODULES)
    left, top = box.x_mm + QUIET_MODULES * module, box.y_mm + QUIET_MODULES * module
    x, y, run = np.array(runs).T
    edges = np.stack((x, y, x + run, y, x + run, y + 1, x, y + 1), axis=1).reshape(-1, 4, 2)
    canvas.area(list(edges * module + (left, top)), INK)


def tick_box(canvas: Canvas, x_mm: float, middle_mm: float, side_mm: float) -> None:
    """An empty square to tick."""
    canvas.rect(Box(x_mm, middle_mm - side_mm / 2, side_mm, side_mm), None, Stroke(0.2, INK))


def columns(left_mm: float, width_mm: float, shares: Sequence[float]) -> list[Box]:
    """Boxes of no height side by side, in proportion to `shares`."""
    whole, x_mm, found = sum(shares), left_mm, []
    for one in shares:
        found.append(Box(x_mm, 0.0, width_mm * one / whole, 0.0))
        x_mm += width_mm * one / whole
    return found
