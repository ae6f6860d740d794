"""Outlines of changes as an interpreter draws them: sites, pits, road strips, and the broken ones.

Outlines are in metres around (0, 0), x along the direction of the fields; `placed` turns and moves them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from pipeline.demo.borders import Floats, fractal
from pipeline.demo.terrain import smooth


def placed(outline: Any, x_m: float, y_m: float, angle_rad: float) -> Any:
    """An outline turned by an angle and moved to its place on the ground."""
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)

    def turn(points: Floats) -> Floats:
        x, y = points[:, 0], points[:, 1]
        return np.column_stack([x_m + x * cos - y * sin, y_m + x * sin + y * cos])

    return shapely.transform(outline, turn)


def rectangle(width_m: float, height_m: float) -> Any:
    return shapely.box(-width_m / 2, -height_m / 2, width_m / 2, height_m / 2)


def site(width_m: float, height_m: float, rng: np.random.Generator) -> Any:
    """A building site: a rectangle, one with a cut corner, an L, or one with a bent side."""
    w, h = width_m / 2, height_m / 2
    cut_x, cut_y = width_m * rng.uniform(0.25, 0.55), height_m * rng.uniform(0.25, 0.55)
    rings = (
        [(-w, -h), (w, -h), (w, h), (-w, h)],
        [(-w, -h), (w, -h), (w, h - 0.4 * cut_y), (w - 0.4 * cut_x, h), (-w, h)],
        [(-w, -h), (w, -h), (w, h - cut_y), (w - cut_x, h - cut_y), (w - cut_x, h), (-w, h)],
        [(-w, -h), (0.1 * w, -h * 1.08), (w, -h), (w * 1.04, 0.1 * h), (w, h), (-0.2 * w, h), (-w, h)],
    )
    return shapely.Polygon(rings[int(rng.integers(len(rings)))])


def pit(area_m2: float, rng: np.random.Generator) -> Any:
    """An irregular excavation of 12 to 40 vertices."""
    count = int(rng.integers(12, 41))
    angles = np.sort(np.linspace(0, 2 * np.pi, count, endpoint=False) + rng.uniform(-0.06, 0.06, count))
    waves, phase = rng.uniform(0.03, 0.2, 3), rng.uniform(0, 2 * np.pi, 3)
    radii = 1 + sum(waves[n] * np.cos((n + 1) * angles + phase[n]) for n in range(3))
    radii = radii + rng.normal(0, 0.03, count)
    ring = np.column_stack([1.35 * radii * np.cos(angles), radii * np.sin(angles)])
    polygon = shapely.Polygon(ring)
    return shapely.transform(polygon, lambda points: points * np.sqrt(area_m2 / polygon.area))


def strip(length_m: float, width_m: float, rng: np.random.Generator) -> Any:
    """A road strip with gentle bends, 20 to 60 vertices."""
    line = fractal((-length_m / 2, 0.0), (length_m / 2, 0.0), length_m / 6, 0.06, rng)
    middle = shapely.LineString(smooth(line, 1))
    return middle.buffer(width_m / 2, cap_style="flat", join_style="mitre")


def with_hole(width_m: float, height_m: float) -> Any:
    """A site around a pond that did not change."""
    angles = np.linspace(0, 2 * np.pi, 13)[:-1]
    hole = np.column_stack([0.24 * width_m * np.cos(angles), 0.22 * height_m * np.sin(angles)])
    return shapely.Polygon(shapely.get_coordinates(rectangle(width_m, height_m)), [hole[::-1]])


def two_parts(width_m: float, height_m: float) -> Any:
    """Two sites of one patch, a lane between them."""
    gap = 9.0
    left = shapely.box(-width_m / 2, -height_m / 2, -gap / 2, height_m / 2)
    right = shapely.box(gap / 2, -height_m / 2, width_m / 2, 0.3 * height_m)
    return shapely.MultiPolygon([left, right])


def bow_tie(width_m: float, height_m: float) -> Any:
    """A ring that crosses itself: its area is anything between nothing and two triangles."""
    w, h = width_m / 2, height_m / 2
    return shapely.Polygon([(-w, -h), (w, h), (w, -h * 0.8), (-w, h * 0.8)])


def self_touching(width_m: float, height_m: float) -> Any:
    """A ring that runs round an inner yard and touches itself at one vertex of its south side."""
    w, h = width_m / 2, height_m / 2
    yard = [(-0.4 * w, 0.1 * h), (0.0, 0.5 * h), (0.4 * w, 0.1 * h)]
    return shapely.Polygon([(-w, -h), (0.0, -h), *yard, (0.0, -h), (w, -h), (w, h), (-w, h)])


def spiked(width_m: float, height_m: float) -> Any:
    """A site with a spike of no width: out to a point and back over the same vertices."""
    w, h = width_m / 2, height_m / 2
    return shapely.Polygon([(-w, -h), (w, -h), (w, h), (w * 1.9, h * 1.6), (w, h), (-w, h)])
