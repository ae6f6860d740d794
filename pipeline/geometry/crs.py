"""Coordinate reference systems: which one, whether the way to the campaign's is known, and the way itself.

x is always longitude or easting. A way that PROJ knows only as ballpark is refused; WGS 84 and CGCS2000, and WGS 84
and NAD83, are stated identities (less than a metre or two apart), which a caller records.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

from pipeline.errors import Refusal
from pipeline.geometry.area import Ellipsoid

Geometries = npt.NDArray[np.object_]

# Geographic systems by EPSG code that are taken as one another's equals without a shift.
IDENTITIES = ({4326, 4979, 4490, 4480}, {4326, 4979, 4269})


@dataclass(frozen=True)
class Way:
    """How coordinates get from a source to the storage CRS."""

    source: str  # authority code or WKT
    storage: str
    identity: str  # "EPSG:4326 = EPSG:4490" where a stated identity was used, else ""
    accuracy_m: float  # of the transform as PROJ states it; 0 where there is none or it is exact
    shift: bool  # whether a datum transform is part of the way


@lru_cache(maxsize=256)
def parse_crs(text: str) -> CRS:
    """A CRS from an authority code or WKT (Esri spellings included).

    Raises:
        Refusal: PROJ does not understand it.
    """
    try:
        return CRS.from_user_input(text)
    except CRSError as problem:
        raise Refusal(
            f"the coordinate system {text[:80]!r} is not understood", "give it as EPSG:… in the campaign"
        ) from problem


def crs_name(text: str) -> str:
    """An authority code where the CRS has one that fits well (EPSG before others), else its WKT on one line."""
    crs = parse_crs(text)
    code = crs.to_epsg(min_confidence=25)  # PROJ is shy of Esri spellings: what it proposes is held against the CRS
    if code and parse_crs(f"EPSG:{code}").equals(crs, ignore_axis_order=True):
        return f"EPSG:{code}"
    known = ":".join(crs.to_authority(min_confidence=70) or ())
    return _LON_LAT.get(known, known) or crs.to_wkt(pretty=False)


# The same systems with longitude first; the order of x and y is always so here.
_LON_LAT = {"OGC:CRS84": "EPSG:4326", "OGC:CRS83": "EPSG:4269"}


def geographic_of(text: str) -> str:
    """The two-dimensional geographic CRS under a CRS: itself, or the base of a projected one.

    Raises:
        Refusal: there is none (a local or vertical system).
    """
    crs = parse_crs(text)
    base = crs.geodetic_crs
    if base is None or not base.is_geographic:
        raise Refusal(f"{crs.name} has no geographic coordinate system under it", "project the layer in QGIS first")
    return crs_name(base.to_2d().to_wkt())


def ellipsoid_of(text: str) -> Ellipsoid:
    """The ellipsoid of a CRS."""
    ellipsoid = parse_crs(text).ellipsoid
    assert ellipsoid is not None
    return Ellipsoid(ellipsoid.semi_major_metre, ellipsoid.inverse_flattening)


@lru_cache(maxsize=256)
def way_between(source: str, storage: str) -> Way:
    """The way from a source CRS to the geographic storage CRS.

    Raises:
        Refusal: no transform is known, or only a ballpark one.
    """
    base = geographic_of(source)
    if parse_crs(base) == parse_crs(storage):
        return Way(source, storage, "", 0.0, False)
    if _identical(base, storage):
        return Way(source, storage, f"{base} = {storage}", 0.0, False)
    try:
        transformer = Transformer.from_crs(parse_crs(base), parse_crs(storage), always_xy=True, allow_ballpark=False)
    except ProjError as problem:
        hint = "ask for the data in the campaign's datum, or for a transform grid or seven parameters"
        raise Refusal(
            f"no accurate transform from {parse_crs(base).name} to {parse_crs(storage).name} is known", hint
        ) from problem
    return Way(source, storage, "", max(transformer.accuracy or 0.0, 0.0), True)


def _identical(one: str, other: str) -> bool:
    codes = {parse_crs(one).to_epsg(70), parse_crs(other).to_epsg(70)}
    return any(codes <= known for known in IDENTITIES)


def to_storage(geometries: Geometries, way: Way) -> Geometries:
    """The geometries in the storage CRS, two-dimensional, vertex by vertex; None where a vertex has no image."""
    flat: Geometries = shapely.force_2d(geometries)
    crs = parse_crs(way.source)
    if not crs.is_geographic:
        flat = _transformed(flat, crs, parse_crs(geographic_of(way.source)))
    elif _unit_of(crs) != 1.0:
        flat = shapely.transform(flat, lambda xy: xy * _unit_of(crs))
    if way.shift:
        flat = _transformed(flat, parse_crs(geographic_of(way.source)), parse_crs(way.storage))
    return flat


def _unit_of(crs: CRS) -> float:
    """Degrees in one unit of a geographic CRS."""
    return float(np.degrees(crs.axis_info[0].unit_conversion_factor))


def _transformed(geometries: Geometries, source: CRS, target: CRS) -> Geometries:
    transformer = Transformer.from_crs(source, target, always_xy=True, allow_ballpark=False)

    def move(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))

    moved: Geometries = shapely.transform(geometries, move)
    return moved


def inside_world(geometries: Geometries) -> npt.NDArray[np.bool_]:
    """Whether all coordinates are finite and within longitude ±180 and latitude ±90 degrees."""
    box = shapely.bounds(geometries)
    limits = np.array([-180.0, -90.0, 180.0, 90.0]) * (1 + 1e-12)
    with np.errstate(invalid="ignore"):
        low = (box[:, :2] >= limits[:2]).all(axis=1)
        high = (box[:, 2:] <= limits[2:]).all(axis=1)
    inside: npt.NDArray[np.bool_] = low & high & finite(geometries)
    return inside


def finite(geometries: Geometries) -> npt.NDArray[np.bool_]:
    """Whether every coordinate is a finite number (True for None and empty)."""
    coordinates, owner = shapely.get_coordinates(geometries, return_index=True)
    bad = np.zeros(len(geometries), bool)
    bad[owner[~np.isfinite(coordinates).all(axis=1)]] = True
    return ~bad
