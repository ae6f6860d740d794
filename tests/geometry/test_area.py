"""Areas against the national formula, pyproj's geodesics, and the law that parts sum to the whole."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from pipeline.geometry.area import Ellipsoid, area_m2

CGCS2000 = Ellipsoid()


def box_area(lon: float, lat: float, width: float, height: float) -> float:
    return float(area_m2(np.array([shapely.box(lon, lat, lon + width, lat + height)], object), CGCS2000)[0])


def test_the_national_test_vector() -> None:
    assert box_area(105.0, 35.0, 0.0625, 1 / 24) == pytest.approx(26_367_263.06, abs=0.02)


@pytest.mark.parametrize(
    ("lon", "lat", "expected_m2"),
    [(104.0, 22.0, 31761.612), (105.4, 35.0, 28131.835), (106.5, 22.0, 31761.612), (106.5, 50.0, 22151.430)],
)
def test_small_boxes(lon: float, lat: float, expected_m2: float) -> None:
    assert box_area(lon, lat, 1 / 600, 1 / 600) == pytest.approx(expected_m2, abs=0.002)


@given(
    st.floats(-170, 170),
    st.floats(-75, 75),
    st.floats(1e-5, 0.2),
    st.floats(0.1, 0.9),
    st.lists(st.floats(0.4, 1.0), min_size=5, max_size=20),
)
def test_parts_sum_to_the_whole(lon: float, lat: float, size: float, cut: float, radii: list[float]) -> None:
    angle = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    ring = np.column_stack([lon + size * np.cos(angle) * radii, lat + size * np.sin(angle) * radii])
    whole = shapely.polygons(ring)
    west, south, east, north = whole.bounds
    line = west + (east - west) * cut
    halves = [shapely.box(west - 1, south - 1, line, north + 1), shapely.box(line, south - 1, east + 1, north + 1)]
    parts = area_m2(shapely.intersection(whole, np.array(halves, object)), CGCS2000)
    total = area_m2(np.array([whole], object), CGCS2000)[0]
    # the cut vertex is rounded to a double: allow a last digit of longitude times the height of the shape
    rounding = np.spacing(180.0) * (north - south) * 111_320.0**2 * 4
    assert parts.sum() == pytest.approx(total, rel=1e-9, abs=rounding)


@given(st.floats(-170, 170), st.floats(-60, 60), st.floats(1e-4, 0.003))
def test_near_geodesic_area(lon: float, lat: float, size: float) -> None:
    ring = [(lon, lat), (lon + size, lat + size / 3), (lon + size / 2, lat + size), (lon - size / 4, lat + size / 2)]
    ours = area_m2(np.array([shapely.Polygon(ring)], object), CGCS2000)[0]
    geod = Geod(a=6378137, rf=298.257222101).geometry_area_perimeter(shapely.Polygon(ring))[0]
    assert ours == pytest.approx(abs(geod), rel=5e-6)  # a patch of some 300 m


def test_holes_multiparts_and_nothing() -> None:
    outer, inner = shapely.box(105, 35, 105.01, 35.01), shapely.box(105.002, 35.002, 105.004, 35.004)
    holed = outer.difference(inner)
    two = shapely.MultiPolygon([inner, shapely.box(106, 35, 106.001, 35.001)])
    mixed = shapely.GeometryCollection([inner, shapely.LineString([(0, 0), (1, 1)])])
    areas = area_m2(
        np.array([outer, inner, holed, two, None, shapely.Polygon(), shapely.Point(1, 1), mixed], object), CGCS2000
    )
    assert areas[2] == pytest.approx(areas[0] - areas[1], rel=1e-12)
    assert areas[3] > areas[1]
    assert areas[4:7].tolist() == [0, 0, 0]
    assert areas[7] == areas[1]
