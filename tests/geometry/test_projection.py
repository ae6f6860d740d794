from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS

from pipeline.geometry.projection import (
    convergence_deg,
    county_projection,
    middle_deg,
    project,
    to_geographic,
    to_plane,
)

DATUMS = ["EPSG:4490", "EPSG:4269", "EPSG:4258", "EPSG:4326", "EPSG:4674", "EPSG:7844"]


@pytest.mark.parametrize(
    ("storage", "lon_deg", "lat_deg", "crs"),
    [
        ("EPSG:4490", 113.87, 30.53, "EPSG:4547"),  # CM 114°E
        ("EPSG:4490", 73.7, 39.0, "EPSG:4534"),  # the westernmost zone, CM 75°E
        ("EPSG:4490", 134.7, 48.0, "EPSG:4554"),  # the easternmost, CM 135°E
        ("EPSG:4269", -98.9, 46.9, "EPSG:26914"),
        ("EPSG:4258", 12.3, 45.5, "EPSG:25833"),
        ("EPSG:4326", 36.8, -1.3, "EPSG:32737"),
    ],
)
def test_the_datum_and_the_place_choose(storage: str, lon_deg: float, lat_deg: float, crs: str) -> None:
    assert county_projection(storage, lon_deg, lat_deg).crs == crs


@given(st.floats(75, 134.9), st.floats(18, 53))
def test_gauss_kruger_zone_is_the_nearest_meridian(lon_deg: float, lat_deg: float) -> None:
    made = county_projection("EPSG:4490", lon_deg, lat_deg)
    assert abs(made.meridian_deg - lon_deg) <= 1.5
    assert f"CM {made.meridian_deg}E" in CRS.from_user_input(made.crs).name


@given(st.sampled_from(DATUMS), st.floats(-179, 179), st.floats(-75, 75))
def test_every_plane_keeps_the_datum_and_comes_back(storage: str, lon_deg: float, lat_deg: float) -> None:
    made = county_projection(storage, lon_deg, lat_deg)
    plane = CRS.from_user_input(made.crs)
    assert plane.geodetic_crs is not None
    assert plane.geodetic_crs.equals(CRS.from_user_input(storage), ignore_axis_order=True)
    back = to_geographic(made, *to_plane(made, lon_deg, lat_deg))
    assert back == pytest.approx((lon_deg, lat_deg), abs=1e-8)


def test_a_datum_without_utm_in_epsg_gets_its_formulas() -> None:
    made = county_projection("EPSG:7844", 147.0, -33.0)  # GDA2020: EPSG says MGA
    assert made.kind == "utm_on_datum"
    easting, northing = to_plane(made, 147.0, -33.0)
    assert easting == pytest.approx(500_000, abs=1e-6)
    assert 6_300_000 < northing < 6_400_000


@given(st.floats(112.6, 115.4), st.floats(20, 50))
def test_convergence_is_that_of_the_sphere_within_a_hundredth(lon_deg: float, lat_deg: float) -> None:
    made = county_projection("EPSG:4490", 113.9, lat_deg)
    expected = (lon_deg - 114) * np.sin(np.radians(lat_deg))  # positive east of the central meridian
    assert float(convergence_deg(made, lon_deg, lat_deg)) == pytest.approx(expected, abs=0.01)


def test_a_long_edge_keeps_its_course() -> None:
    made = county_projection("EPSG:4490", 113.9, 45.0)
    edge = project(made, [shapely.linestrings([(113.0, 45.0), (115.0, 45.0)])])[0]
    middle = shapely.Point(*to_plane(made, 114.0, 45.0))
    assert edge.distance(middle) < 1.0
    assert shapely.linestrings([edge.coords[0], edge.coords[-1]]).distance(middle) > 100


TAVEUNI = shapely.MultiPolygon([shapely.box(179.5, -17.5, 180, -16.5), shapely.box(-180, -17.5, -179.6, -16.5)])


def test_the_middle_of_a_county_on_both_sides_of_the_180th_meridian_lies_in_it() -> None:
    lon_deg, lat_deg = middle_deg(TAVEUNI)
    assert (round(lon_deg, 9), lat_deg) == (179.95, -17.0)
    assert middle_deg(shapely.box(178, 0, 179, 1)) == (178.5, 0.5)
    mirrored = shapely.transform(TAVEUNI, lambda xy: xy * (-1, 1))
    assert middle_deg(mirrored)[0] == pytest.approx(-179.95)


@given(st.floats(-179.9, 179.9), st.floats(-60, 60))
def test_longitudes_run_on_across_180_and_are_the_same_places(lon_deg: float, lat_deg: float) -> None:
    """Of a frame as wide as three degrees the corners stand in order, wherever it lies."""
    plane = county_projection("EPSG:4326", lon_deg, lat_deg)
    x, y = to_plane(plane, lon_deg, lat_deg)
    lon, _ = to_geographic(plane, [x - 150_000, x, x + 150_000], [y, y, y])
    assert lon[0] < lon[1] < lon[2]
    assert abs((lon[1] - lon_deg + 180) % 360 - 180) < 1e-8
