"""Scale and ground of a detail sheet: the patch in the middle, unless too much of the frame then had no imagery."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from pipeline.geometry.extent import Extent, frame_extent
from pipeline.sheets.order import Order
from pipeline.sheets.scale import detail_scale

PHASES = ("before", "after")
BARE_SHARE = 0.3  # of the frame without imagery at either date, before it is shifted
MARGIN_SHARE = 0.15  # of the frame's side that stays about the patch, where it is shifted
STEPS = 9  # places tried across and down: a quarter of the way to either side


def framed(order: Order, row: int) -> tuple[int, Extent]:
    """The scale of piece `row` and the ground its frames show, one for both dates."""
    settings, frame = order.settings, order.detail.first("map_frame").box
    xmin, ymin, xmax, ymax = order.ground.bounds_m[row].tolist()
    piece = Extent(xmin, ymin, xmax, ymax)
    scale = detail_scale(
        piece.width_m,
        piece.height_m,
        (frame.w_mm, frame.h_mm),
        _pixel_m(order, piece),
        share=settings.fill_share,
        pixel_mm=settings.pixel_mm,
        series=settings.scales,
    )
    extent = frame_extent(piece.centre_m, scale, frame.w_mm, frame.h_mm)
    x_m, y_m = _shift_m(order, piece, extent)
    centre = (piece.centre_m[0] + x_m, piece.centre_m[1] + y_m)
    return scale, frame_extent(centre, scale, frame.w_mm, frame.h_mm)


def _pixel_m(order: Order, piece: Extent) -> float:
    """The coarsest native pixel under the piece, so that neither frame is blown up."""
    under = [one.pixel_m for phase in PHASES for one in order.ground.scenes_under(phase, piece)]
    return max(under, default=order.settings.default_pixel_m)


def _shift_m(order: Order, piece: Extent, extent: Extent) -> tuple[float, float]:
    """The least shift east and north that shows the most imagery; none where there is enough, or it cannot help."""
    shown = [_imagery(order, phase, extent) for phase in PHASES if order.ground.scenes[phase]]
    if all(shapely.area(_cut(one, extent)) >= (1 - BARE_SHARE) * extent.area_m2 for one in shown):
        return 0.0, 0.0
    way_x = max(extent.width_m * (0.5 - MARGIN_SHARE) - piece.width_m / 2, 0.0)
    way_y = max(extent.height_m * (0.5 - MARGIN_SHARE) - piece.height_m / 2, 0.0)
    x, y = (one.ravel() for one in np.meshgrid(np.linspace(-way_x, way_x, STEPS), np.linspace(-way_y, way_y, STEPS)))
    frames = shapely.box(extent.xmin_m + x, extent.ymin_m + y, extent.xmax_m + x, extent.ymax_m + y)
    covered = sum(shapely.area(shapely.intersection(one, frames)) for one in shown)
    best = np.lexsort((np.hypot(x, y), -np.round(covered / extent.area_m2, 3)))[0]
    return float(x[best]), float(y[best])


def _imagery(order: Order, phase: str, extent: Extent) -> Any:
    """The outlines of the scenes under the frame and about it."""
    outlines = order.ground.footprints[phase]
    near = shapely.box(*extent.grown(extent.width_m / 2).bounds)
    return shapely.union_all(outlines[shapely.intersects(outlines, near)])


def _cut(imagery: Any, extent: Extent) -> Any:
    return shapely.clip_by_rect(imagery, *extent.bounds)
