"""Sheets under an overview: each number stands on its own sheet, each line is an edge of sheets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.geometry.extent import frame_extent
from pipeline.geometry.projection import Projection, county_projection, to_geographic, to_plane
from pipeline.geometry.sheet_index import grid_square, sheet_edges, sheet_number
from pipeline.sheets.box import Box
from pipeline.sheets.labels import Occupancy
from pipeline.sheets.order import Order
from pipeline.sheets.overview import overview_sheets
from pipeline.sheets.settings import RenderSettings
from pipeline.sheets.sheet_lines import SheetLines, sheet_lines
from tests.sheets import scenery

SIDE_MM = 280.0
BOOK = {one: scenery.order(scenery.scattered(1), language=one) for one in ("zh", "en")}
SCALES = st.sampled_from([20_000, 50_000, 75_000, 120_000, 300_000, 1_000_000])


def drawn(order: Order, projection: Projection, lon: float, lat: float, scale: int) -> SheetLines:
    x, y = to_plane(projection, lon, lat)
    extent = frame_extent((float(x), float(y)), scale, SIDE_MM, SIDE_MM)
    there = replace(order, ground=replace(order.ground, projection=projection))
    return sheet_lines(there, extent, scale, Occupancy(SIDE_MM, SIDE_MM, 1.0))


def lonlat(projection: Projection, lon: float, lat: float, scale: int, points_mm: Any) -> Any:
    x, y = to_plane(projection, lon, lat)
    at = (points_mm - SIDE_MM / 2) * (1, -1) * scale / 1000 + (x, y)
    return np.column_stack((*to_geographic(projection, *at.T), *at.T))


@settings(max_examples=40, deadline=None)
@given(lon=st.floats(74, 134), lat=st.floats(4, 52), scale=SCALES)
def test_a_number_of_gb_13989_stands_on_its_sheet_between_its_lines(lon: float, lat: float, scale: int) -> None:
    projection = county_projection("EPSG:4490", lon, lat)
    found = drawn(BOOK["zh"], projection, lon, lat, scale)
    series = int(found.words.split()[0].removeprefix("1:").replace(",", "")) if found.words else 0
    for one in found.labels:
        corners = lonlat(projection, lon, lat, scale, np.array(one.box.corners))
        assert {sheet_number(float(corner[0]), float(corner[1]), series) for corner in corners} == {one.words}
    for line in found.lines:
        points = lonlat(projection, lon, lat, scale, line)[:, :2]
        edges = sheet_edges(sheet_number(lon, lat, series))
        steps = points / (edges.east_deg - edges.west_deg, edges.north_deg - edges.south_deg)
        assert np.abs(steps - np.round(steps)).max(axis=0).min() < 1e-4


@settings(max_examples=40, deadline=None)
@given(lon=st.floats(-179, 179), lat=st.floats(-70, 70), scale=SCALES)
def test_a_square_of_the_utm_grid_holds_its_name(lon: float, lat: float, scale: int) -> None:
    projection = county_projection("EPSG:4326", lon, lat)
    found = drawn(BOOK["en"], projection, lon, lat, scale)
    for one in found.labels:
        for corner in lonlat(projection, lon, lat, scale, np.array(one.box.corners)):
            whole = grid_square(corner[2], corner[3], projection.zone, float(corner[1])).split()
            zone, letters, *figures = one.words.split()
            assert (letters, zone[:-1]) == (whole[1], whole[0][:-1])
            assert all(part.startswith(figure) for part, figure in zip(whole[2:], figures, strict=False))


def test_an_office_may_go_without() -> None:
    pieces = scenery.scattered(5)
    assert overview_sheets(scenery.order(pieces))[0].sheet_lines
    assert "sheet_line" in overview_sheets(scenery.order(pieces))[0].legend
    for wish in (RenderSettings(sheet_lines=False), RenderSettings(map_sheets="off")):
        (only,) = overview_sheets(scenery.order(pieces, settings=wish))
        assert only.sheet_lines == ()
        assert "sheet_line" not in only.legend


@pytest.mark.parametrize("lat", [60.5, -61.0])
def test_where_sheets_are_joined_there_are_no_lines(lat: float) -> None:
    assert drawn(BOOK["zh"], county_projection("EPSG:4490", 105, lat), 105, lat, 50_000).lines == ()


def test_a_number_gives_way_to_what_is_there() -> None:
    order, whole = BOOK["zh"], Occupancy(SIDE_MM, SIDE_MM, 1.0)
    whole.take(Box(0, 0, SIDE_MM, SIDE_MM))
    extent = frame_extent((500_000.0, 3_378_000.0), 75_000, SIDE_MM, SIDE_MM)
    assert sheet_lines(order, extent, 75_000, whole).labels == ()
