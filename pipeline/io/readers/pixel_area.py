"""Areas of outlines that run along pixels: exact where edges run along meridians and parallels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS

from pipeline.io.readers.geometries import Geometries

Numbers = npt.NDArray[np.float64]


def areas_m2(outlines: Geometries, crs: CRS) -> npt.NDArray[np.float64]:
    """Areas in square metres: in the plane of a projected CRS, on the ellipsoid of a geographic one.

    In longitude and the area of the zone below each parallel, a shape of meridians and parallels keeps its area.
    """
    if not crs.is_geographic:
        unit_m = crs.axis_info[0].unit_conversion_factor
        plane: npt.NDArray[np.float64] = shapely.area(outlines) * unit_m**2
        return plane
    ellipsoid = crs.ellipsoid
    assert ellipsoid is not None
    unit_rad, axis_m = crs.axis_info[0].unit_conversion_factor, ellipsoid.semi_major_metre
    flattening = 1 / ellipsoid.inverse_flattening if ellipsoid.inverse_flattening else 0.0
    equal = shapely.transform(
        outlines, lambda xy: np.column_stack([xy[:, 0] * unit_rad, _zone_m2(xy[:, 1] * unit_rad, axis_m, flattening)])
    )
    curved: npt.NDArray[np.float64] = shapely.area(equal)
    return curved


def _zone_m2(latitude_rad: Numbers, axis_m: float, flattening: float) -> Numbers:
    """The area between equator and parallel for a radian of longitude (Snyder 1987, 3-12)."""
    sine = np.sin(latitude_rad)
    e = np.sqrt(flattening * (2 - flattening))
    if e == 0:
        sphere: Numbers = axis_m**2 * sine
        return sphere
    made: Numbers = axis_m**2 * (1 - e**2) / 2 * (sine / (1 - (e * sine) ** 2) + np.arctanh(e * sine) / e)
    return made
