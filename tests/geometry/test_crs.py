"""Which coordinate system, which way, and no way at all."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from pipeline.errors import Refusal
from pipeline.geometry.crs import crs_name, geographic_of, inside_world, parse_crs, to_storage, way_between

GCS_2000 = (
    'GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,'
    '298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]'
)
GCS_WGS = (
    'GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],'
    'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]'
)
UNKNOWN = GCS_2000.replace("D_China_2000", "D_Mine").replace("GCS_China_Geodetic_Coordinate_System_2000", "GCS_Mine")
LOCAL = 'LOCAL_CS["Undefined Cartesian SRS"]'


def zone(name: str, easting: float) -> str:
    return (
        f'PROJCS["{name}",{GCS_2000},PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",{easting}],'
        'PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",108.0],PARAMETER["Scale_Factor",1.0],'
        'PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
    )


ZONE_36, CM_108 = zone("CGCS2000_3_Degree_GK_Zone_36", 36_500_000), zone("CGCS2000_3_Degree_GK_CM_108E", 500_000)


def square(x: float, y: float, size: float) -> np.ndarray:
    return np.array([shapely.box(x, y, x + size, y + size)], object)


@pytest.mark.parametrize(
    ("text", "name"), [(GCS_2000, "EPSG:4490"), (GCS_WGS, "EPSG:4326"), (ZONE_36, "EPSG:4524"), (CM_108, "EPSG:4545")]
)
def test_esri_spellings_have_their_codes(text: str, name: str) -> None:
    assert crs_name(text) == name
    assert geographic_of(text) in ("EPSG:4490", "EPSG:4326")


@pytest.mark.parametrize("text", [GCS_2000, ZONE_36, CM_108, "EPSG:4480", "EPSG:4549"])
def test_cgcs2000_needs_no_transform(text: str) -> None:
    way = way_between(text, "EPSG:4490")
    assert (way.identity, way.shift) == ("", False)


@pytest.mark.parametrize("text", [GCS_WGS, "EPSG:4326", "EPSG:3857", "EPSG:32648", "EPSG:4979"])
def test_wgs84_is_taken_as_cgcs2000_and_said(text: str) -> None:
    assert way_between(text, "EPSG:4490").identity == "EPSG:4326 = EPSG:4490"


@pytest.mark.parametrize(
    "text",
    [
        "EPSG:4610",
        "EPSG:2349",
        "EPSG:2370",
        "EPSG:4214",
        "EPSG:2401",
        "EPSG:4267",
        "EPSG:4479",
        UNKNOWN,
        LOCAL,
        "",
        "x",
    ],
)
def test_what_has_no_known_way_is_refused(text: str) -> None:
    with pytest.raises(Refusal):
        way_between(text, "EPSG:4490")


@pytest.mark.parametrize(
    "text", ["EPSG:4490", "EPSG:4326", "EPSG:3857", "EPSG:4524", "EPSG:4545", ZONE_36, "EPSG:32648"]
)
def test_there_and_back(text: str) -> None:
    crs = parse_crs(text)
    there = Transformer.from_crs(crs.geodetic_crs, crs, always_xy=True)
    delivered = shapely.transform(square(107.3, 34.5, 0.001), lambda xy: np.column_stack(there.transform(*xy.T)))
    placed = to_storage(delivered, way_between(text, "EPSG:4490"))
    assert np.allclose(shapely.bounds(placed), [[107.3, 34.5, 107.301, 34.501]], atol=1e-9)


@pytest.mark.parametrize(
    ("text", "easting"), [("EPSG:4545", 36_383_243.971), ("EPSG:4524", 383_243.971), ("EPSG:4490", 383_243)]
)
def test_a_zone_that_does_not_fit_is_nowhere(text: str, easting: float) -> None:
    placed = to_storage(square(easting, 3_838_000, 100), way_between(text, "EPSG:4490"))
    assert not inside_world(placed).any()


def test_the_whole_world_is_inside_it() -> None:
    assert inside_world(np.array([shapely.box(-180.00000000000003, -90, 180.00000000000003, 90)], object)).all()
    assert not inside_world(square(35, 105, 1)).any()
