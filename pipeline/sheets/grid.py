"""Grids of a frame: crosses and ticks of the projected grid, and the lines of a graticule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.extent import Extent, to_frame
from pipeline.geometry.projection import Projection, to_geographic, to_plane
from pipeline.sheets.figures import degrees, grouped
from pipeline.sheets.pdf import Corners
from pipeline.sheets.scale import MM_PER_M, round_step

GRID_MM = 20.0  # the least distance of two grid lines on paper
LABEL_GUARD_MM = 7.0  # a grid label nearer to a corner would touch the next frame's or the corner
GRATICULE_MM = 42.0
DEGREES_MM = 34.0  # the least distance of two ticks in degrees, about
STEPS_DEG = tuple(one / 3600 for one in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 18000))


@dataclass(frozen=True)
class Tick:
    """A place on an edge of the frame, millimetres from its corner, with its label ("" near a corner)."""

    at_mm: float
    words: str


@dataclass(frozen=True)
class Grid:
    """The projected grid of a frame: ticks along x and y, step in metres; and ticks in degrees."""

    step_m: float
    x: tuple[Tick, ...]
    y: tuple[Tick, ...]
    lon: tuple[Tick, ...]  # on the lower edge
    lat: tuple[Tick, ...]  # on the right edge


def frame_grid(extent: Extent, scale: int, corners: Corners) -> Grid:
    """The grid of the frame at the smallest round step of at least 20 mm, and ticks in degrees.

    `corners` are upper left, lower left, lower right and upper right, lon, lat. Along an edge degrees are taken as
    linear: 0.01 mm off at 1:25,000 and at most 0.2 mm at 1:500,000.
    """
    step = round_step(GRID_MM * scale / MM_PER_M)
    xs = _multiples(extent.xmin_m, extent.xmax_m, step)
    ys = _multiples(extent.ymin_m, extent.ymax_m, step)
    across = [(one, (one - extent.xmin_m) * MM_PER_M / scale) for one in xs]
    down = [(one, (extent.ymax_m - one) * MM_PER_M / scale) for one in ys]
    return Grid(
        step,
        _ticks(across, extent.width_m, scale),
        _ticks(down, extent.height_m, scale),
        *_degree_ticks(corners, extent.width_m * MM_PER_M / scale, extent.height_m * MM_PER_M / scale),
    )


def _degree_ticks(corners: Corners, wide_mm: float, high_mm: float) -> tuple[tuple[Tick, ...], tuple[Tick, ...]]:
    _, lower_left, lower_right, upper_right = corners
    span = (upper_right[1] - lower_right[1]) / high_mm
    step = _step_deg(span * DEGREES_MM)
    lon = _along(lower_left[0], lower_right[0], step, wide_mm, "EW")
    lat = [Tick(high_mm - one.at_mm, one.words) for one in _along(lower_right[1], upper_right[1], step, high_mm, "NS")]
    return tuple(lon), tuple(lat)


def _along(low: float, high: float, step: float, side_mm: float, letters: str) -> list[Tick]:
    """Ticks of round degrees along an edge that runs from `low` to `high`."""
    places = [(one, (one - low) / (high - low) * side_mm) for one in _multiples(low, high, step)]
    guarded = [(one, at) for one, at in places if LABEL_GUARD_MM <= at <= side_mm - LABEL_GUARD_MM]
    return [Tick(at, degrees(one, step, letters)) for one, at in guarded]


def _multiples(low: float, high: float, step: float) -> list[float]:
    return [float(one) * step for one in range(int(np.ceil(low / step)), int(np.floor(high / step)) + 1)]


def _ticks(places: list[tuple[float, float]], side_m: float, scale: int) -> tuple[Tick, ...]:
    last_mm = side_m * MM_PER_M / scale - LABEL_GUARD_MM
    return tuple(Tick(at, grouped(value) if LABEL_GUARD_MM <= at <= last_mm else "") for value, at in places)


@dataclass(frozen=True)
class Graticule:
    """Meridians and parallels inside a frame: lines in frame millimetres, labels on its four edges."""

    step_deg: float
    lines: tuple[NDArray[np.float64], ...]
    top: tuple[Tick, ...]
    bottom: tuple[Tick, ...]
    left: tuple[Tick, ...]
    right: tuple[Tick, ...]


def graticule(projection: Projection, extent: Extent, scale: int) -> Graticule:
    """The graticule of a frame at the finest customary step that keeps its lines some 42 mm apart."""
    lon, lat = to_geographic(projection, *extent.ring(16).T)
    west, east, south, north = min(lon), max(lon), min(lat), max(lat)
    span_mm = extent.height_m * MM_PER_M / scale
    step = _step_deg((north - south) / span_mm * GRATICULE_MM)
    meridians = [_line(projection, extent, scale, one, (south, north), True) for one in _multiples(west, east, step)]
    parallels = [_line(projection, extent, scale, one, (west, east), False) for one in _multiples(south, north, step)]
    wide, high = extent.width_m * MM_PER_M / scale, extent.height_m * MM_PER_M / scale
    by_lon = list(zip(_multiples(west, east, step), meridians, strict=True))
    by_lat = list(zip(_multiples(south, north, step), parallels, strict=True))
    return Graticule(
        step,
        tuple(meridians + parallels),
        _crossings(by_lon, 1, 0.0, wide, step, "EW"),
        _crossings(by_lon, 1, high, wide, step, "EW"),
        _crossings(by_lat, 0, 0.0, high, step, "NS"),
        _crossings(by_lat, 0, wide, high, step, "NS"),
    )


def _step_deg(at_least: float) -> float:
    return next((one for one in STEPS_DEG if one >= at_least), STEPS_DEG[-1])


def _line(
    projection: Projection, extent: Extent, scale: int, at_deg: float, along: tuple[float, float], meridian: bool
) -> NDArray[np.float64]:
    run = np.linspace(*along, 33)
    fixed = np.full_like(run, at_deg)
    x, y = to_plane(projection, fixed, run) if meridian else to_plane(projection, run, fixed)
    return to_frame(np.column_stack((x, y)), extent, scale)


def _crossings(
    lines: list[tuple[float, NDArray[np.float64]]], axis: int, edge_mm: float, side_mm: float, step: float, letters: str
) -> tuple[Tick, ...]:
    found = []
    for value, points in lines:
        order = np.argsort(points[:, axis])
        at = float(np.interp(edge_mm, points[order, axis], points[order, 1 - axis], left=np.nan, right=np.nan))
        if LABEL_GUARD_MM <= at <= side_mm - LABEL_GUARD_MM:
            found.append(Tick(at, degrees(value, step, letters)))
    return tuple(found)
