"""The plane a county is mapped on: one projected CRS for the whole county, chosen from its datum and place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.database import query_utm_crs_info

GAUSS_KRUGER, UTM, UTM_ON_DATUM = "gauss_kruger_3", "utm", "utm_on_datum"
CGCS2000_NAMES = ("CGCS2000", "China Geodetic Coordinate System 2000")
FIRST_GK_MERIDIAN, LAST_GK_MERIDIAN, FIRST_GK_CODE = 75, 135, 4534  # EPSG:4534 … 4554, eastings without zone
LONGEST_EDGE_DEG = 0.05  # an edge straight in longitude and latitude bends on the plane: 0.5 m on 5 km


@dataclass(frozen=True)
class Projection:
    """A projected CRS in metres, x east and y north.

    `crs` is an authority code or WKT; `kind` is one of `gauss_kruger_3`, `utm`, `utm_on_datum` (UTM's formulas on a
    datum for which EPSG lists no UTM).
    """

    crs: str
    storage: str
    datum: str
    kind: str
    zone: int
    north: bool
    meridian_deg: int


def county_projection(storage: str, lon_deg: float, lat_deg: float) -> Projection:
    """The projected CRS for a county whose middle lies at (`lon_deg`, `lat_deg`) of the geographic CRS `storage`.

    CGCS2000 gets the three-degree Gauss-Krüger zone of the middle (GB/T 33175), any other datum its UTM zone.
    """
    geographic = CRS.from_user_input(storage)
    meridian = round(lon_deg / 3) * 3
    if geographic.name in CGCS2000_NAMES and FIRST_GK_MERIDIAN <= meridian <= LAST_GK_MERIDIAN:
        code = FIRST_GK_CODE + (meridian - FIRST_GK_MERIDIAN) // 3
        return Projection(
            f"EPSG:{code}", storage, CGCS2000_NAMES[0], GAUSS_KRUGER, meridian // 3, lat_deg >= 0, meridian
        )
    return _utm(geographic, storage, lon_deg, lat_deg)


def middle_deg(geometry: Any) -> tuple[float, float]:
    """Longitude and latitude of a county's centroid, also where it lies on both sides of the 180th meridian."""
    if crosses_180(geometry):
        geometry = shapely.transform(geometry, lambda x, y: (np.where(x < 0, x + 360, x), y), interleaved=False)
    point = geometry.centroid
    return (point.x + 180) % 360 - 180 if point.x > 180 else point.x, point.y


def crosses_180(geometry: Any) -> bool:
    """Whether a county has parts on both sides of the 180th meridian."""
    west, _, east, _ = geometry.bounds
    return bool(east - west > 180)


def _utm(geographic: CRS, storage: str, lon_deg: float, lat_deg: float) -> Projection:
    zone = int((lon_deg + 180) // 6) % 60 + 1
    north = lat_deg >= 0
    name = f"{geographic.name} / UTM zone {zone}{'N' if north else 'S'}"
    code = _utm_listed(geographic.name).get(name)
    crs = f"EPSG:{code}" if code else _utm_wkt(geographic, name, zone, north)
    kind = UTM if code else UTM_ON_DATUM
    return Projection(crs, storage, geographic.name, kind, zone, north, zone * 6 - 183)


@cache
def _utm_listed(datum: str) -> dict[str, str]:
    """EPSG codes of the datum's UTM zones by name; PROJ takes some 50 ms to list them."""
    found = query_utm_crs_info(datum_name=datum)
    return {one.name: one.code for one in sorted(found, reverse=True) if one.auth_name == "EPSG"}


def _utm_wkt(geographic: CRS, name: str, zone: int, north: bool) -> str:
    conversion = {
        "type": "Conversion",
        "name": f"UTM zone {zone}{'N' if north else 'S'}",
        "method": {"name": "Transverse Mercator", "id": {"authority": "EPSG", "code": 9807}},
        "parameters": [
            {"name": "Latitude of natural origin", "value": 0, "unit": "degree"},
            {"name": "Longitude of natural origin", "value": zone * 6 - 183, "unit": "degree"},
            {"name": "Scale factor at natural origin", "value": 0.9996, "unit": "unity"},
            {"name": "False easting", "value": 500000, "unit": "metre"},
            {"name": "False northing", "value": 0 if north else 10000000, "unit": "metre"},
        ],
    }
    axes = [
        {"name": "Easting", "abbreviation": "E", "direction": "east", "unit": "metre"},
        {"name": "Northing", "abbreviation": "N", "direction": "north", "unit": "metre"},
    ]
    made = {
        "type": "ProjectedCRS",
        "name": name,
        "base_crs": geographic.to_json_dict(),
        "conversion": conversion,
        "coordinate_system": {"subtype": "Cartesian", "axis": axes},
    }
    return str(CRS.from_json_dict(made).to_wkt("WKT2_2019"))


@cache
def _transformer(source: str, target: str) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)


def to_plane(projection: Projection, lon_deg: Any, lat_deg: Any) -> tuple[Any, Any]:
    """Longitudes and latitudes as x and y in metres."""
    return _transformer(projection.storage, projection.crs).transform(lon_deg, lat_deg)


def to_geographic(projection: Projection, x_m: Any, y_m: Any) -> tuple[Any, Any]:
    """x and y in metres as longitudes and latitudes in degrees; longitudes run on where a zone crosses 180 degrees."""
    lon, lat = _transformer(projection.crs, projection.storage).transform(x_m, y_m)
    if abs(projection.meridian_deg) >= 174:  # the two zones beside it
        turned = np.round((np.asarray(lon) - projection.meridian_deg) / 360)
        lon = np.asarray(lon) - 360 * turned
    return lon, lat


def project(projection: Projection, geometries: Any) -> Any:
    """Geometries of the storage CRS on the plane, long edges kept on their true course."""
    dense = shapely.segmentize(np.asarray(geometries, dtype=object), LONGEST_EDGE_DEG)
    return shapely.transform(dense, lambda x, y: to_plane(projection, x, y), interleaved=False)


def convergence_deg(projection: Projection, lon_deg: Any, lat_deg: Any) -> Any:
    """The angle from true north to grid north, degrees, positive where grid north lies east of true north."""
    step_deg = 1e-4
    lon, lat = np.asarray(lon_deg, dtype=float), np.asarray(lat_deg, dtype=float)
    x0, y0 = to_plane(projection, lon, lat - step_deg)
    x1, y1 = to_plane(projection, lon, lat + step_deg)
    return -np.degrees(np.arctan2(x1 - x0, y1 - y0))
