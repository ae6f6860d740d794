"""What an element draws with: style, words, pictures; and the few strokes that several elements share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas, ImageRef, Stroke, TextStyle
from pipeline.sheets.plan import ALONG, HOLE, Border, MapLabel, Outline, Rings
from pipeline.sheets.style import Style
from pipeline.texts import Texts

MM_PER_PT = 25.4 / 72
MIDDLE_EM = 0.36  # from the baseline to the middle of figures and hanzi
LEADING_EM = 1.35
CELL_PAD_EM = 0.35
HEAD_ROWS = 1.5  # of a row, the most that the heading of a list takes for words on two lines
ONE_LINE_SHARE = 0.85  # a heading is shrunk so far before it is broken
LEAST_SHARE = 0.75  # words of a table are shrunk so far before they are broken
FIGURES = ("number", "area", "page", "east", "north", "lon", "lat")  # fields of a table that stand to the right
# borders from below; _line: over imagery
BORDER_ORDER = (
    "town",
    "town_line",
    "neighbour_county",
    "neighbour_county_line",
    ALONG,
    "county",
    "county_line",
)
OUTLINE_ORDER = ("unasked", "patch", "neighbour_part", "neighbour", "part", "fragment", "focus")
ALONG_LINE = f"{ALONG}_line"  # over the outline; ALONG itself is the band below it
STRUCK_MM = 0.8  # arms of the cross over a piece nobody is asked about


@dataclass(frozen=True)
class Picture:
    """The imagery of a frame, its place and its gaps, millimetres of the frame."""

    image: ImageRef | None
    box: Box
    bare: Rings


@dataclass(frozen=True)
class Pens:
    """Style and words of the book, pictures of the page by phase."""

    style: Style
    words: Texts
    pictures: Mapping[str, Picture] = field(default_factory=dict)


def moved(points: Any, frame: Box) -> Any:
    """Points of a frame as points of the page."""
    return np.asarray(points, dtype=float) + (frame.x_mm, frame.y_mm)


def moved_box(box: Box, frame: Box) -> Box:
    return Box(box.x_mm + frame.x_mm, box.y_mm + frame.y_mm, box.w_mm, box.h_mm)


def set_words(
    canvas: Canvas, box: Box, words: str, style: TextStyle, anchor: str = "start", min_pt: float = 5.0, lines: int = 1
) -> None:
    """Words in the middle of a box: shrunk to fit its width, then broken into at most `lines` lines.

    What fits nowhere ends in an ellipsis at the smallest size, so that nothing leaves its box.
    """
    fitted = canvas.fit(words, style, box.w_mm, min_pt)
    told = [words]
    if canvas.text_width_mm(words, fitted) > box.w_mm + 1e-6:
        told = _shortened(canvas, canvas.wrap(words, fitted, box.w_mm), fitted, box.w_mm, lines)
    _set_lines(canvas, box, told, fitted, anchor)


def _shortened(canvas: Canvas, told: list[str], style: TextStyle, width_mm: float, lines: int) -> list[str]:
    if len(told) <= lines:
        return told
    last = told[lines - 1]
    while last and canvas.text_width_mm(last + "…", style) > width_mm:
        last = last[:-1]
    return [*told[: lines - 1], last + "…"]


def _set_lines(canvas: Canvas, box: Box, told: list[str], style: TextStyle, anchor: str) -> None:
    size_mm = style.size_pt * MM_PER_PT
    lead_mm = min(LEADING_EM * size_mm, box.h_mm / len(told))
    x_mm = {"start": box.x_mm, "middle": box.centre[0], "end": box.right}[anchor]
    y_mm = box.centre[1] + MIDDLE_EM * size_mm - lead_mm * (len(told) - 1) / 2
    for row, line in enumerate(told):
        canvas.text(x_mm, y_mm + row * lead_mm, line, style, anchor)


def draw_rows(
    canvas: Canvas,
    pens: Pens,
    first: Box,
    widths: Mapping[str, float],
    rows: Sequence[Sequence[str]],
    styles: tuple[TextStyle, TextStyle],
    row_mm: float = 0.0,
) -> None:
    """A table of fields with their shares of the width: `first` is the box of its heading, which rows follow.

    Rows are as high as the heading, or `row_mm`.
    """
    canvas.rect(first, pens.style.colour("table_band"))
    high_mm = row_mm or first.h_mm
    pad_mm = CELL_PAD_EM * styles[1].size_pt * MM_PER_PT
    least_pt = max(5.0, styles[1].size_pt * LEAST_SHARE)
    lines = max(int(high_mm / (LEADING_EM * least_pt * MM_PER_PT)), 1)
    boxes = [first, *(table_row(first, at, high_mm) for at in range(len(rows) - 1))]
    for at, (box, cells) in enumerate(zip(boxes, rows, strict=True)):
        for (name, cell), told in zip(_cells(box, widths, pad_mm), cells, strict=True):
            anchor = "end" if name in FIGURES else "start"
            if at == 0 and row_mm:
                _set_heading(canvas, cell, told, styles[0], anchor, least_pt)
            else:
                set_words(canvas, cell, told, styles[min(at, 1)], anchor, least_pt, lines)
    canvas.lines(
        [[(first.x_mm, one.bottom), (first.right, one.bottom)] for one in boxes], pens.style.stroke("hairline")
    )


def head_mm(row_mm: float, text_pt: float) -> float:
    """The height of a heading above rows: two lines, where a row has no room for them."""
    return max(row_mm, min(HEAD_ROWS * row_mm, 2 * LEADING_EM * text_pt * MM_PER_PT))


def table_row(first: Box, at: int, row_mm: float) -> Box:
    """The box of row `at` below a heading."""
    return Box(first.x_mm, first.bottom + at * row_mm, first.w_mm, row_mm)


def _cells(row: Box, widths: Mapping[str, float], pad_mm: float) -> Iterator[tuple[str, Box]]:
    left, unit = row.x_mm, row.w_mm / sum(widths.values())
    for name, share in widths.items():
        yield name, Box(left + pad_mm, row.y_mm, share * unit - 2 * pad_mm, row.h_mm)
        left += share * unit


def _set_heading(canvas: Canvas, cell: Box, words: str, style: TextStyle, anchor: str, least_pt: float) -> None:
    """On one line where that takes little shrinking, else broken on two."""
    if canvas.text_width_mm(words, style) * ONE_LINE_SHARE <= cell.w_mm:
        set_words(canvas, cell, words, style, anchor, least_pt)
        return
    sizes = np.arange(style.size_pt, least_pt, -0.25).tolist()
    for smaller in (replace(style, size_pt=one) for one in sizes):
        told = canvas.wrap(words, smaller, cell.w_mm)
        if len(told) == 2:
            _set_lines(canvas, cell, told, smaller, anchor)
            return
    set_words(canvas, cell, words, style, anchor, least_pt, 2)


def draw_outlines(canvas: Canvas, pens: Pens, outlines: Sequence[Outline], frame: Box) -> None:
    """Outlines by kind, each kind's casing below its line, the focus above all; filled where the style says so."""
    for kind in OUTLINE_ORDER:
        many = [[moved(ring, frame) for ring in one.rings] for one in outlines if one.kind == kind]
        fill = pens.style.colours.get(kind)
        for rings in many if fill else ():
            _filled(canvas, rings, str(fill), strokes(pens.style, kind))
        if many and not fill:
            canvas.lines([ring for rings in many for ring in rings], *strokes(pens.style, kind), closed=True)


def _filled(canvas: Canvas, rings: Sequence[Any], fill: str, pens: Sequence[Stroke]) -> None:
    """One area over its casing: a narrow one keeps its colour, and what lies beside it keeps its edge."""
    if len(pens) > 1:
        canvas.lines(list(rings), pens[0], closed=True)
    canvas.area(rings, fill, pens[-1])


def draw_holes(canvas: Canvas, pens: Pens, outlines: Iterable[Outline], frame: Box) -> None:
    """Thin lines across what lies inside the patch and is not of it, so that it looks like no second patch."""
    for one in (each for each in outlines if each.kind == HOLE):
        canvas.hatch([moved(ring, frame) for ring in one.rings], pens.style.size_mm(HOLE), pens.style.stroke(HOLE))


def draw_struck(canvas: Canvas, pens: Pens, points: Iterable[tuple[float, float]]) -> None:
    """A cross over each point of the page."""
    reach = STRUCK_MM
    arms = [[(x - reach, y - turn * reach), (x + reach, y + turn * reach)] for x, y in points for turn in (1, -1)]
    if arms:
        canvas.lines(arms, *strokes(pens.style, "struck"))


def strokes(style: Style, kind: str) -> list[Stroke]:
    """The strokes of a kind from below: its casing, where it has one, and its line."""
    casing = f"{kind}_casing"
    return [style.stroke(one) for one in (casing, kind) if one == kind or one in style.strokes]


def draw_borders(canvas: Canvas, pens: Pens, borders: Iterable[Border], frame: Box) -> None:
    """Border lines by kind, neighbours first."""
    told = list(borders)
    for kind in BORDER_ORDER:
        lines = [moved(one.points, frame) for one in told if one.kind == kind]
        if lines:
            canvas.lines(lines, *strokes(pens.style, kind))


def draw_along(canvas: Canvas, pens: Pens, borders: Iterable[Border], frame: Box) -> None:
    """The own border over the outline that lies along it; its band is below, among the borders."""
    lines = [moved(one.points, frame) for one in borders if one.kind == ALONG]
    if lines:
        canvas.lines(lines, pens.style.stroke(ALONG_LINE))


def draw_labels(canvas: Canvas, pens: Pens, labels: Iterable[MapLabel], frame: Box) -> None:
    """Numbers and names, with leaders and links."""
    for one in labels:
        if one.leader:
            canvas.lines([moved(one.leader, frame)], *strokes(pens.style, f"{one.style}_leader"))
        canvas.text(one.x_mm + frame.x_mm, one.y_mm + frame.y_mm, one.words, pens.style.text(one.style), "middle")
        if one.to:
            canvas.link(moved_box(one.box, frame), f"#{one.to}", one.words)
