"""Areas on the ellipsoid, with edges straight in longitude and latitude.

The authalic function of the ellipsoid is integrated exactly along each edge, in the series of the national 椭球面积
formula (二调/三调 database specification; terms to the ninth multiple of latitude). That is additive under cutting,
where geodesic edges are not, and every account of the project rests on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Geometries = npt.NDArray[np.object_]

_BLOCK = 1_000  # geometries reckoned at once: what is made of their vertices fits into the cache of a processor


@dataclass(frozen=True)
class Ellipsoid:
    """Semi-major axis in metres and inverse flattening."""

    a_m: float = 6378137.0
    inverse_flattening: float = 298.257222101

    @property
    def b_m(self) -> float:
        return self.a_m * (1 - 1 / self.inverse_flattening)

    @property
    def e2(self) -> float:
        f = 1 / self.inverse_flattening
        return f * (2 - f)


def coefficients(ellipsoid: Ellipsoid) -> Floats:
    """Signed A, B, C, D, E of the area series, times b²; shape (5,), square metres."""
    e2, e4, e6, e8 = (ellipsoid.e2**n for n in (1, 2, 3, 4))
    series = np.array(
        [
            1 + 3 / 6 * e2 + 30 / 80 * e4 + 35 / 112 * e6 + 630 / 2304 * e8,
            -(1 / 6 * e2 + 15 / 80 * e4 + 21 / 112 * e6 + 420 / 2304 * e8),
            3 / 80 * e4 + 7 / 112 * e6 + 180 / 2304 * e8,
            -(1 / 112 * e6 + 45 / 2304 * e8),
            5 / 2304 * e8,
        ]
    )
    return series * ellipsoid.b_m**2


def area_m2(geometries: Geometries, ellipsoid: Ellipsoid) -> Floats:
    """Area of each polygon or multipolygon (degrees), square metres; 0 for None, empty and what is not areal.

    Holes are subtracted whatever the direction of rings. Geometries of mixed kinds count their polygons.
    """
    total = np.zeros(len(geometries))
    for start in range(0, len(geometries), _BLOCK):
        total[start : start + _BLOCK] = _areas(geometries[start : start + _BLOCK], ellipsoid)
    return total


def _areas(geometries: Geometries, ellipsoid: Ellipsoid) -> Floats:
    """Polygons of one ring are taken as that ring; all others are taken apart."""
    one_ring = (shapely.get_type_id(geometries) == 3) & (shapely.get_num_interior_rings(geometries) == 0)
    one_ring &= ~shapely.is_empty(geometries)
    total = np.zeros(len(geometries))
    total[one_ring] = np.abs(ring_area_m2(geometries[one_ring], ellipsoid))
    total[~one_ring] = _many_ring_areas(geometries[~one_ring], ellipsoid)
    return total


def _many_ring_areas(geometries: Geometries, ellipsoid: Ellipsoid) -> Floats:
    parts, part_owner = shapely.get_parts(geometries, return_index=True)
    polygons, part = shapely.get_parts(parts, return_index=True)
    areal = shapely.get_type_id(polygons) == 3
    polygons, owner = polygons[areal], part_owner[part[areal]]
    rings, ring_polygon = shapely.get_rings(polygons, return_index=True)
    first = np.ones(len(rings), bool)
    first[1:] = ring_polygon[1:] != ring_polygon[:-1]
    signed = np.where(first, 1.0, -1.0) * np.abs(ring_area_m2(rings, ellipsoid))
    total: Floats = np.bincount(owner[ring_polygon], signed, minlength=len(geometries)).astype(np.float64)
    return total


def ring_area_m2(rings: Geometries, ellipsoid: Ellipsoid) -> Floats:
    """Signed area inside each closed ring (positive clockwise), square metres; shape (len(rings),).

    Polygons of one ring will do. Latitudes enter as differences from the ring's first vertex, so that small rings keep
    all their digits.
    """
    if len(rings) == 0:
        return np.zeros(0)
    coordinates, ring = shapely.get_coordinates(rings, return_index=True)
    start = np.searchsorted(ring, np.arange(len(rings)))
    lat0 = coordinates[start, 1]
    inner = ring[1:] == ring[:-1]
    edge_ring = ring[:-1][inner]
    dlon = np.radians(np.diff(coordinates[:, 0])[inner])
    dlat = np.radians(np.diff(coordinates[:, 1])[inner])
    reference = np.radians(lat0)
    offset = np.radians(coordinates[:-1, 1][inner] - lat0[edge_ring]) + dlat / 2  # of the edge's middle
    total = np.zeros(len(dlon))
    for k, c in zip((1, 3, 5, 7, 9), coefficients(ellipsoid), strict=True):
        total += c * _mean_sine_above(k, reference, edge_ring, offset, dlat)
    return np.bincount(edge_ring, total * dlon, minlength=len(rings)).astype(np.float64)


def _mean_sine_above(k: int, reference: Floats, ring: Ints, offset: Floats, span: Floats) -> Floats:
    """Mean of sin kφ along an edge less sin kφ₀: the edge's middle lies `offset` above φ₀, its ends `span` apart.

    φ₀ is the `reference` of the edge's ring.
    """
    base = np.sin(k * reference)[ring]
    rise = 2 * np.cos(k * (reference[ring] + offset / 2)) * np.sin(k * offset / 2)
    shrink = _sinc_less_one(k * span / 2)
    mean: Floats = rise + (base + rise) * shrink
    return mean


def _sinc_less_one(x: Floats) -> Floats:
    """sin(x)/x − 1 without cancellation for small x; x in radians."""
    x2 = x * x
    less: Floats = -x2 / 6 * (1 - x2 / 20 * (1 - x2 / 42 * (1 - x2 / 72 * (1 - x2 / 110))))
    large = np.abs(x) >= 0.5
    less[large] = np.sin(x[large]) / x[large] - 1
    return less
