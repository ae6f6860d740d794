"""Standard sheets: published numbers, and what must hold of every sheet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.geometry.sheet_index import SERIES, SheetEdges, grid_square, sheet_edges, sheet_number, sheets_of

lons, lats, scales = st.floats(-180, 180), st.floats(-59.99, 59.99), st.sampled_from(sorted(SERIES))


def dms(degrees: int, minutes: int, seconds: float = 0.0) -> float:
    return degrees + minutes / 60 + seconds / 3600


@pytest.mark.parametrize(
    ("lon_deg", "lat_deg", "scale", "number"),
    [
        (dms(116, 28, 15), dms(39, 54, 30), 50_000, "J50E001010"),
        (dms(117, 17, 24), dms(31, 50, 57), 50_000, "H50E001014"),
        (dms(116, 28, 15), dms(39, 54, 30), 1_000_000, "J50"),
        (105.0, 35.0, 10_000, "I48G024049"),
        (-99.15, 47.03, 1_000_000, "L14"),
        (151.2, -33.87, 1_000_000, "SI56"),
    ],
)
def test_known_points_lie_on_their_sheets(lon_deg: float, lat_deg: float, scale: int, number: str) -> None:
    assert sheet_number(lon_deg, lat_deg, scale) == number


def test_known_sheets_have_their_edges() -> None:
    assert sheet_edges("J50E001010") == SheetEdges(116.25, dms(39, 50), 116.5, 40.0)
    assert sheet_edges("I48G024049") == SheetEdges(105.0, 35.0, dms(105, 3, 45), dms(35, 2, 30))
    assert sheet_edges("SI56") == SheetEdges(150.0, -36.0, 156.0, -32.0)


@pytest.mark.parametrize(
    ("scale", "wide_s", "high_s", "length"),
    [
        (500_000, 10_800, 7_200, 10),
        (250_000, 5_400, 3_600, 10),
        (100_000, 1_800, 1_200, 10),
        (50_000, 900, 600, 10),
        (25_000, 450, 300, 10),
        (10_000, 225, 150, 10),
        (5_000, 112.5, 75, 10),
        (2_000, 37.5, 25, 10),
        (1_000, 18.75, 12.5, 12),
        (500, 9.375, 6.25, 12),
    ],
)
def test_sheets_have_the_size_of_their_scale(scale: int, wide_s: float, high_s: float, length: int) -> None:
    number = sheet_number(113.87, 30.53, scale)
    edges = sheet_edges(number)
    assert len(number) == length
    assert (edges.east_deg - edges.west_deg) * 3600 == pytest.approx(wide_s)
    assert (edges.north_deg - edges.south_deg) * 3600 == pytest.approx(high_s)


@given(lons, lats, scales)
def test_a_point_lies_on_its_sheet_and_the_sheet_has_its_number(lon_deg: float, lat_deg: float, scale: int) -> None:
    number = sheet_number(lon_deg, lat_deg, scale)
    edges = sheet_edges(number)
    turned = lon_deg - 360 if lon_deg >= 180 - 1e-10 else lon_deg
    assert edges.west_deg - 1e-10 <= turned <= edges.east_deg
    assert edges.south_deg - 1e-10 <= lat_deg <= edges.north_deg
    assert sheet_number((edges.west_deg + edges.east_deg) / 2, (edges.south_deg + edges.north_deg) / 2, scale) == number


@given(lons, lats, scales)
def test_an_edge_belongs_to_the_sheet_east_and_north_of_it(lon_deg: float, lat_deg: float, scale: int) -> None:
    edges = sheet_edges(sheet_number(lon_deg, lat_deg, scale))
    assert sheet_edges(sheet_number(edges.west_deg, edges.south_deg, scale)) == edges
    beyond = sheet_edges(sheet_number(edges.east_deg, edges.south_deg, scale))
    assert beyond.west_deg == pytest.approx(edges.east_deg if edges.east_deg < 180 else -180)


@given(lons.filter(lambda one: one < 179), lats, st.sampled_from([10_000, 50_000]))
def test_the_sheets_of_a_rectangle_hold_its_corners_each_once(lon_deg: float, lat_deg: float, scale: int) -> None:
    bounds = (lon_deg, max(lat_deg - 0.2, -59.9), lon_deg + 0.3, max(lat_deg, -59.8))
    found = sheets_of(bounds, scale)
    assert len(found) == len(set(found))
    assert {sheet_number(x, y, scale) for x in bounds[::2] for y in bounds[1::2]} <= set(found)
    assert found[0] == sheet_number(bounds[0], bounds[3], scale)


@pytest.mark.parametrize("number", ["", "J61", "W50", "J50E001025", "J50E1010", "J50L001001", "J50K00010001X"])
def test_what_is_no_number_is_refused(number: str) -> None:
    with pytest.raises(ValueError, match="not a sheet number"):
        sheet_edges(number)


def test_there_are_no_such_sheets_near_the_poles_and_of_other_scales() -> None:
    with pytest.raises(ValueError, match="joined"):
        sheet_number(25.0, 65.0, 10_000)
    with pytest.raises(ValueError, match="not a scale"):
        sheet_number(25.0, 45.0, 20_000)


@pytest.mark.parametrize(
    ("easting_m", "northing_m", "zone", "lat_deg", "square"),
    [
        (448_251.8, 5_411_932.7, 31, 48.8583, "31U DQ 48 11"),  # the Eiffel tower
        (323_394.6, 4_307_395.6, 18, 38.8977, "18S UJ 23 07"),  # the White House
        (334_873.2, 6_252_266.1, 56, -33.8568, "56H LH 34 52"),  # Sydney Opera House
    ],
)
def test_known_points_lie_in_their_squares(
    easting_m: float, northing_m: float, zone: int, lat_deg: float, square: str
) -> None:
    assert grid_square(easting_m, northing_m, zone, lat_deg) == square


@given(st.integers(1, 60), st.floats(170_000, 830_000), st.floats(0, 9_300_000))
def test_neighbouring_kilometres_have_names_of_their_own(zone: int, easting_m: float, northing_m: float) -> None:
    lat_deg = northing_m / 111_000
    here = grid_square(easting_m, northing_m, zone, lat_deg)
    assert len({here, grid_square(easting_m - 1000, northing_m, zone, lat_deg)}) == 2
    assert grid_square(easting_m // 1000 * 1000, northing_m // 1000 * 1000, zone, lat_deg) == here


def test_there_is_no_square_beyond_utm() -> None:
    with pytest.raises(ValueError, match="UTM ends"):
        grid_square(500_000, 9_900_000, 31, 85)
    with pytest.raises(ValueError, match="no square"):
        grid_square(50_000, 900_000, 31, 8)
