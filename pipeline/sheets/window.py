"""The ground under a frame: its corners, outlines and borders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from pipeline.geometry.extent import Extent, to_frame
from pipeline.geometry.projection import Projection, to_geographic
from pipeline.sheets.ground import THIN_FROM, Ground, rings_mm
from pipeline.sheets.pdf import Corners
from pipeline.sheets.plan import ALONG, HOLE, Border, Outline

WITHIN_MM = 0.35  # of an outline a border is hidden by it
LEAST_HOLE_MM = 1.0
LEAST_MM = 1.5  # less of a border only crosses it


def corners_deg(projection: Projection, extent: Extent) -> Corners:
    """Longitude and latitude of upper left, lower left, lower right and upper right."""
    x = (extent.xmin_m, extent.xmin_m, extent.xmax_m, extent.xmax_m)
    y = (extent.ymax_m, extent.ymin_m, extent.ymin_m, extent.ymax_m)
    lon, lat = to_geographic(projection, x, y)
    one, two, three, four = ((float(a), float(b)) for a, b in zip(lon, lat, strict=True))
    return one, two, three, four


def outlines(
    ground: Ground, kinds: Sequence[tuple[int, str]], extent: Extent, scale: int, thin_mm: float
) -> tuple[Outline, ...]:
    """Outlines of the pieces (row, kind) in frame millimetres, in the order given."""
    rows = [row for row, _ in kinds]
    many = rings_mm(ground.shapes[rows], ground.vertices[rows], extent, scale, thin_mm)
    return tuple(Outline(kind, tuple(rings)) for (_, kind), rings in zip(kinds, many, strict=True))


def borders(ground: Ground, extent: Extent, scale: int, thin_mm: float, suffix: str = "") -> tuple[Border, ...]:
    """Border lines that meet the frame, neighbours first, in frame millimetres; `suffix` goes onto their kind."""
    found = ground.borders.within(extent)
    return tuple(Border(kind + suffix, _thin(to_frame(line, extent, scale), thin_mm)) for kind, line in found)


def holes(shape: Any, extent: Extent, scale: int) -> tuple[Outline, ...]:
    """What lies inside a piece and is not of it, in frame millimetres; what is smaller than a line is not told."""
    inner = [ring for part in shapely.get_parts(shape) for ring in part.interiors]
    rings = [to_frame(shapely.get_coordinates(one), extent, scale) for one in inner]
    told = tuple(one for one in rings if np.ptp(one, axis=0).max() >= LEAST_HOLE_MM)
    return (Outline(HOLE, told),) if told else ()


def hidden(lines: Sequence[Border], drawn: Sequence[Outline]) -> tuple[Border, ...]:
    """The stretches of the county's own border that run along an outline of the patch itself, which lies above it."""
    own = [shapely.linestrings(one.points) for one in lines if one.kind == "county_line" and len(one.points) > 1]
    rings = [shapely.linestrings(ring) for one in drawn if one.kind in ("focus", "part") for ring in one.rings]
    if not own:
        return ()
    under = shapely.intersection(own, shapely.buffer(shapely.union_all(rings), WITHIN_MM, cap_style="flat"))
    runs = shapely.get_parts(shapely.line_merge(under[~shapely.is_empty(under)]))
    return tuple(Border(ALONG, shapely.get_coordinates(one)) for one in runs if one.length >= LEAST_MM)


def _thin(points: Any, thin_mm: float) -> Any:
    if len(points) < THIN_FROM:
        return points
    return shapely.get_coordinates(shapely.simplify(shapely.linestrings(points), thin_mm))
