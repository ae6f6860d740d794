"""Roads and places on an overview give way to patches, and stay few."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sheets.overview import overview_sheets
from pipeline.sheets.plan import OverviewSheet
from pipeline.sheets.surroundings import Feature, Surroundings
from pipeline.sheets.wayfinding import APART_MM, PLACES_APART_MM, SHORTEST_MM
from tests.sheets import scenery


def about(seed: int, roads: int, places: int) -> Surroundings:
    rng, middle = np.random.default_rng(seed), np.array([scenery.LON, scenery.LAT])
    ends = middle + rng.uniform(-1.2, 1.2, (roads, 2, 2)) * scenery.HALF
    at = middle + rng.uniform(-1.2, 1.2, (places, 2)) * scenery.HALF
    lines = [Feature(f"S{no}" if no % 3 else "", shapely.LineString(one)) for no, one in enumerate(ends)]
    return Surroundings((), tuple(lines), tuple(Feature("上坪村", shapely.Point(one)) for one in at))


def numbers(sheet: OverviewSheet) -> list[tuple[str, object]]:
    return [(one.words, one.box) for one in sheet.window.labels if one.style.startswith("overview_label")]


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 99), roads=st.integers(0, 120), places=st.integers(0, 300))
def test_they_move_no_number_lie_on_nothing_and_leave_the_sheet_calm(seed: int, roads: int, places: int) -> None:
    pieces = scenery.scattered(60)
    (made,) = overview_sheets(scenery.order(pieces, about=about(seed, roads, places)))
    (bare,) = overview_sheets(scenery.order(pieces))
    assert numbers(made) == numbers(bare)
    boxes = [one.box for one in made.window.labels]
    assert not any(a.overlaps(b) for at, a in enumerate(boxes) for b in boxes[:at])
    frame = made.layout.first("overview_map").box
    lengths = [shapely.LineString(one).length for one in made.roads]
    assert sum(lengths) <= frame.w_mm * frame.h_mm / APART_MM
    assert min(lengths, default=SHORTEST_MM) >= SHORTEST_MM * 0.99
    points = shapely.points(np.array(made.places).reshape(-1, 2))
    near = shapely.STRtree(points).query(points, predicate="dwithin", distance=PLACES_APART_MM * 0.999)
    assert (near[0] == near[1]).all()
    shapes = shapely.union_all([shapely.Polygon(one.rings[0]) for one in made.window.outlines])
    assert not shapely.intersects(points, shapes).any()
    assert ("road_on_overview" in made.legend) == bool(made.roads)
    assert ("place_on_overview" in made.legend) == bool(made.places)


def test_pieces_of_a_road_are_one_road_and_longer_roads_come_first() -> None:
    west, east, lat = scenery.LON - scenery.HALF, scenery.LON + scenery.HALF, scenery.LAT
    cuts = np.linspace(west, east, 400)
    pieces = [Feature("", shapely.LineString([(a, lat), (b, lat)])) for a, b in pairwise(cuts)]
    side = Feature("", shapely.LineString([(west, lat + 0.01), (west + 0.001, lat + 0.012)]))
    (made,) = overview_sheets(scenery.order(scenery.scattered(3), about=Surroundings((), (*pieces, side), ())))
    assert len(made.roads) == 1
    assert np.ptp(made.roads[0][:, 0]) > 150
