"""A small sketch of a county: its outline, a dot for each asked piece, numbers where they have room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from pipeline.forms.identity import book_order
from pipeline.geometry.extent import Extent, frame_extent, to_frame
from pipeline.geometry.projection import county_projection, middle_deg, project, to_plane
from pipeline.records import CampaignFacts, County, Piece
from pipeline.sheets.box import Box
from pipeline.sheets.scale import MM_PER_M, ScaleBar, scale_bar

THIN_MM = 0.15  # an outline is thinned below this distance on paper
DOT_MM = 0.9  # radius
AIR_MM = 3.5
BAR_MM = 5.5  # the strip below the county that the scale bar stands in
MOST_NUMBERS = 60
Points = Any  # (n, 2) millimetres from the frame's upper left corner, y down


@dataclass(frozen=True)
class Number:
    """A number that found room beside its dot."""

    words: str
    box: Box


@dataclass(frozen=True)
class Sketch:
    """What is drawn, in millimetres from the upper left corner of the frame."""

    rings: tuple[Points, ...]
    neighbours: tuple[Points, ...]
    dots: Points
    numbers: tuple[Number, ...]
    bar: ScaleBar


def sketch_of(
    facts: CampaignFacts, county: County, pieces: Sequence[Piece], frame: Box, number_mm: tuple[float, float]
) -> Sketch:
    """The sketch for a frame of this size; `number_mm` is the width of one digit and the height of a number."""
    projection = county_projection(facts.crs, *middle_deg(county.geometry))
    shapes = project(projection, [county.geometry, *(one.geometry for one in county.neighbours)])
    extent, scale = _window(shapes[0], frame)
    plain = shapely.simplify(shapes, THIN_MM * scale / MM_PER_M)
    rows = book_order(list(pieces))
    dots = to_frame(np.column_stack(to_plane(projection, *_points(rows))), extent, scale)
    around = shapely.clip_by_rect(plain[1:], *extent.bounds)
    return Sketch(
        _rings(plain[0], extent, scale),
        tuple(ring for one in around for ring in _rings(one, extent, scale)),
        dots,
        tuple(_numbers(rows[:MOST_NUMBERS], dots, frame, number_mm)),
        scale_bar(scale, frame.w_mm / 3),
    )


def _points(rows: Sequence[Piece]) -> tuple[Any, Any]:
    return np.array([one.lon_deg for one in rows]), np.array([one.lat_deg for one in rows])


def _window(shape: Any, frame: Box) -> tuple[Extent, int]:
    """The county with a little air on all sides."""
    xmin, ymin, xmax, ymax = shapely.bounds(shape).tolist()
    most_mm = (frame.w_mm - 2 * AIR_MM, frame.h_mm - 2 * AIR_MM - BAR_MM)
    scale = int(np.ceil(max((xmax - xmin) / most_mm[0], (ymax - ymin) / most_mm[1]) * MM_PER_M))
    lift_m = BAR_MM / 2 * scale / MM_PER_M
    return frame_extent(((xmin + xmax) / 2, (ymin + ymax) / 2 - lift_m), scale, frame.w_mm, frame.h_mm), scale


def _rings(shape: Any, extent: Extent, scale: int) -> tuple[Points, ...]:
    parts = shapely.get_rings(shapely.get_parts(shape))
    return tuple(to_frame(shapely.get_coordinates(one), extent, scale) for one in parts)


def _numbers(rows: Sequence[Piece], dots: Points, frame: Box, number_mm: tuple[float, float]) -> list[Number]:
    """Numbers right, left, above or below their dots, none on another number or on a dot."""
    placed: list[Number] = []
    paper = Box(0.0, 0.0, frame.w_mm, frame.h_mm).inset(0.5)
    for piece, (x_mm, y_mm) in zip(rows, dots.tolist(), strict=False):
        words = str(piece.seq)
        w_mm, h_mm = number_mm[0] * len(words), number_mm[1]
        near = DOT_MM + 0.35
        places = (
            Box(x_mm + near, y_mm - h_mm / 2, w_mm, h_mm),
            Box(x_mm - near - w_mm, y_mm - h_mm / 2, w_mm, h_mm),
            Box(x_mm - w_mm / 2, y_mm - near - h_mm, w_mm, h_mm),
            Box(x_mm - w_mm / 2, y_mm + near, w_mm, h_mm),
        )
        free = (one for one in places if paper.contains(one) and _free(one, placed, dots))
        found = next(free, None)
        placed += [Number(words, found)] if found else []
    return placed


def _free(box: Box, placed: Sequence[Number], dots: Points) -> bool:
    if any(box.overlaps(one.box) for one in placed):
        return False
    x, y = dots[:, 0], dots[:, 1]
    across = (x > box.x_mm - DOT_MM) & (x < box.right + DOT_MM)
    return not bool((across & (y > box.y_mm - DOT_MM) & (y < box.bottom + DOT_MM)).any())
