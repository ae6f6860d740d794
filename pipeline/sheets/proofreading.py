"""What of a page is wrong as it was drawn: its marks against its paper, its sheet and the ground it shows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.extent import Extent, to_frame
from pipeline.sheets.box import Box, between
from pipeline.sheets.canvas import Canvas, Inked
from pipeline.sheets.plan import DetailSheet, OverviewSheet, Sheet
from pipeline.sheets.saying import unsaid
from pipeline.sheets.scale import MM_PER_M

PAPER_MM = 0.1  # a mark lies where it should within this on paper
TOUCH_MM = 0.3  # words that share more than this, both ways, cannot be read; ink beyond the paper likewise
PEN_MM = 3.0  # no pen is wider
TIGHT_KINDS = ("index_table", "patch_list")  # lists, whose lines stand as close as their letters allow
Ground = tuple[float, float, float, float]  # minx, miny, maxx, maxy


def page_faults(sheet: Sheet, canvas: Canvas, shared: int = 0, piece: Ground | None = None) -> Iterator[str]:
    """What leaves the paper or its frame, words that lie on others, words missing or twice, a patch or a scale bar
    that is not as it should be.

    `shared` is how many of the first marks are of furniture, `piece` the bounds of the page's piece on the ground.
    """
    marks = canvas.inked
    edges = np.array([(b.x_mm, b.y_mm, b.x_mm + b.w_mm, b.y_mm + b.h_mm) for b in (one.box for one in marks)])
    paper = np.array((0.0, 0.0, canvas.width_mm, canvas.height_mm))
    edges = edges.reshape(-1, 4)
    outside = ((edges[:, :2] < paper[:2] - TOUCH_MM) | (edges[:, 2:] > paper[2:] + TOUCH_MM)).any(axis=1)
    yield from (f"{_mark(marks[at])} leaves the paper" for at in np.flatnonzero(outside)[:1])
    yield from (f"{_mark(one)} is cut by its frame" for one in marks if one.kind == "text" and one.cut_mm > TOUCH_MM)
    tight = {slot.name for slot in sheet.layout.slots if slot.kind in TIGHT_KINDS}
    words = [at for at, one in enumerate(marks) if one.kind == "text" and one.element not in tight]
    for one, other in _clashes(edges[words]):
        yield f"{_mark(marks[words[one]])} lies on {_mark(marks[words[other]])}"
    own = marks[shared:]
    yield from unsaid(sheet, own)
    yield from _number_faults(sheet)
    yield from _covered(own)
    yield from _bar_faults(sheet, own)
    if isinstance(sheet, DetailSheet) and piece is not None:
        yield from _outline_faults(sheet, own, piece)


def _mark(one: Inked) -> str:
    return f"{one.words!r} of {one.element}" if one.words else f"a mark ({one.kind}) of {one.element}"


def _clashes(edges: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pairs of rows whose rectangles (left, top, right, foot) share more than a touch."""
    left, top, right, foot = edges.T
    across = np.minimum.outer(right, right) - np.maximum.outer(left, left)
    down = np.minimum.outer(foot, foot) - np.maximum.outer(top, top)
    found = np.argwhere(np.triu((across > TOUCH_MM) & (down > TOUCH_MM), 1))
    return [(one, other) for one, other in found.tolist()]


def _number_faults(sheet: Sheet) -> Iterator[str]:
    """A page must say the number it is called by."""
    said = sheet.fields.get("page", sheet.label)
    if sheet.label not in re.findall(r"\d+", said):
        yield f"says {said!r} and is page {sheet.label}"


def _covered(marks: Sequence[Inked]) -> Iterator[str]:
    """Imagery must lie below all else."""
    for at, image in enumerate(marks):
        if image.kind == "image":
            below = (one for one in marks[:at] if one.kind in ("text", "line", "circle") and _share(one.box, image.box))
            yield from (f"{_mark(one)} is covered by an image" for one in islice(below, 1))


def _share(one: Box, other: Box) -> bool:
    common = one.common(other)
    return min(common.w_mm, common.h_mm) > TOUCH_MM


def _bar_faults(sheet: Sheet, marks: Sequence[Inked]) -> Iterator[str]:
    """A scale bar must be as long on paper as its last label says, at the scale of the map."""
    if not isinstance(sheet, DetailSheet | OverviewSheet):
        return
    bar = sheet.bar
    length_m = float(bar.labels[-1]) * (1000.0 if bar.unit == "km" else 1.0)
    wanted_mm = length_m / sheet.window.scale * MM_PER_M
    for slot in sheet.layout.of_kind("scale_bar"):
        parts = [one.box for one in marks if one.element == slot.name and one.kind == "area"]
        span_mm = parts[-1].x_mm - parts[0].x_mm if len(parts) > 1 else 0.0
        drawn_mm = span_mm * len(parts) / max(len(parts) - 1, 1)
        if abs(drawn_mm - wanted_mm) > PAPER_MM:
            yield f"the scale bar is {drawn_mm:.1f} mm long and says {wanted_mm:.1f} mm"


def _outline_faults(sheet: DetailSheet, marks: Sequence[Inked], piece: Ground) -> Iterator[str]:
    """In each frame a line must be drawn about the piece, where it lies on the ground."""
    extent, scale = sheet.window.extent, sheet.window.scale
    for slot in sheet.layout.of_kind("map_frame"):
        wanted = _on_page(piece, extent, scale, sheet.placed(slot).box)
        drawn = (one.box for one in marks if one.element == slot.name and one.kind in ("line", "area"))
        if not any(_surrounds(one, wanted) for one in drawn):
            yield f"{slot.name} does not show the patch where it lies"


def _on_page(ground: Ground, extent: Extent, scale: int, frame: Box) -> Box:
    (left, low), (right, top) = to_frame(np.array(ground).reshape(2, 2), extent, scale).tolist()
    return between(frame.x_mm + left, frame.y_mm + top, frame.x_mm + right, frame.y_mm + low)


def _surrounds(drawn: Box, wanted: Box) -> bool:
    """Whether `drawn` is `wanted` with half a pen's width on every side."""
    sides = (
        wanted.x_mm - drawn.x_mm,
        wanted.y_mm - drawn.y_mm,
        drawn.right - wanted.right,
        drawn.bottom - wanted.bottom,
    )
    return max(sides) - min(sides) < PAPER_MM and min(sides) > -PAPER_MM and max(sides) < PEN_MM / 2
