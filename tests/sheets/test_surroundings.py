"""Towns, roads and places about a patch; its corners; the standard sheets it lies on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from pipeline.geometry.projection import to_plane
from pipeline.geometry.sheet_index import sheet_edges
from pipeline.sheets.box import Box
from pipeline.sheets.detail import book_of, detail_sheet
from pipeline.sheets.fonts import load_font
from pipeline.sheets.ground import lay_ground, unshared
from pipeline.sheets.index import index_sheets
from pipeline.sheets.order import take_order
from pipeline.sheets.overview import overview_sheets
from pipeline.sheets.plan import DetailSheet
from pipeline.sheets.settings import RenderSettings
from pipeline.sheets.standard_sheets import sheet_fields
from pipeline.sheets.surroundings import Feature
from pipeline.sheets.vertices import vertex_sheets
from tests.sheets import scenery

ALERT = RenderSettings("alert_a4", "alert_overview_a3", "alert_index_a4", "alert")


def page(pieces: list, row: int = 0, **more: object) -> DetailSheet:  # type: ignore[type-arg]
    return detail_sheet(scenery.order(pieces, **more), row, 3, lambda *_: 1.0)  # type: ignore[arg-type]


# -- surroundings ------------------------------------------------------------------------------------------


def test_the_locator_shows_the_way_where_roads_and_places_were_delivered() -> None:
    patch = [scenery.piece(1, scenery.square(scenery.LON, scenery.LAT, 0.0005))]
    made, bare = page(patch, about=scenery.surroundings(), settings=ALERT), page(patch)
    assert bare.vicinity is None
    assert made.vicinity is not None
    assert made.vicinity.title == "位置示意 1:25,000"
    assert {"上坪村", "下坪村", "S201"} <= {one.words for one in made.vicinity.labels}
    assert len(made.vicinity.roads) == 1
    box = made.layout.first("locator").box
    assert made.vicinity.point == pytest.approx((box.w_mm / 2, (box.h_mm - 5) / 2), abs=0.1)
    boxes = [one.box for one in made.vicinity.labels]
    assert not any(a.overlaps(b) for at, a in enumerate(boxes) for b in boxes[:at])
    assert book_of(scenery.order(patch, about=scenery.surroundings())).locator is None


@pytest.mark.parametrize(
    ("village", "town", "told"),
    [("上坪村", "大悟乡", ["上坪村", "大悟乡"]), ("", "大悟乡", ["大悟乡"]), ("无名村", "", ["无名村"]), ("", "", [])],
)
def test_the_locator_names_village_and_town_of_the_patch_beside_its_point(
    village: str, town: str, told: list[str]
) -> None:
    patch = scenery.piece(1, scenery.square(scenery.LON, scenery.LAT, 0.0005), village=village, town=town)
    made = page([patch], about=scenery.surroundings(), settings=ALERT).vicinity
    assert made is not None
    own = [one for one in made.labels if one.style == "own_place"]
    assert [one.words for one in own] == told
    assert len({one.words for one in made.labels}) == len(made.labels)  # the village's own dot is not named again
    for one in own[:1]:  # beside the point, or led to it
        assert one.leader[1:] == (made.point,) or one.box.inset(-2.0).contains(Box(*made.point, 0.0, 0.0))
    boxes = [one.box for one in made.labels]
    assert not any(a.overlaps(b) for at, a in enumerate(boxes) for b in boxes[:at])


def test_a_village_without_room_for_its_town_is_named_alone() -> None:
    """Names of sixty characters: the two of them are higher than what is left of the locator, or wider."""
    patch = scenery.piece(
        1, scenery.square(scenery.LON, scenery.LAT, 0.0005), village="上坪村", town="很长的乡镇名" * 8
    )
    made = page([patch], about=scenery.surroundings(), settings=ALERT).vicinity
    assert made is not None
    assert [one.words for one in made.labels if one.style == "own_place"] == ["上坪村"]


def test_a_name_the_font_cannot_print_costs_the_name_alone() -> None:
    about = scenery.surroundings()
    about = replace(
        about, places=(*about.places, Feature("\U0001f3e0村", shapely.Point(scenery.LON, scenery.LAT + 0.002)))
    )
    patch = [scenery.piece(1, scenery.square(scenery.LON, scenery.LAT, 0.0005))]
    made, whole = (page(patch, about=one, settings=ALERT).vicinity for one in (about, scenery.surroundings()))
    assert made is not None
    assert whole is not None
    assert len(made.places) == len(whole.places) + 1
    assert {one.words for one in made.labels} == {one.words for one in whole.labels}


def test_towns_have_their_line_and_their_names() -> None:
    patch = [scenery.piece(1, scenery.square(scenery.LON + 0.001, scenery.LAT, 0.0005))]
    made = page(patch, about=scenery.surroundings())
    assert [one.kind for one in made.window.borders] == ["town_line"]
    assert "town_line" in made.legend
    assert {"西镇", "东镇"} <= {one.words for one in made.window.labels}
    inside = page(
        [scenery.piece(1, scenery.square(scenery.LON + 0.03, scenery.LAT, 0.0005))], about=scenery.surroundings()
    )
    assert inside.window.borders == ()
    assert not {"西镇", "东镇"} & {one.words for one in inside.window.labels}
    (whole,) = overview_sheets(scenery.order(scenery.scattered(30), about=scenery.surroundings()))
    assert "town" in whole.legend
    assert {"西镇", "东镇"} <= {one.words for one in whole.window.labels}


squares = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=12, unique=True)


@given(squares)
def test_no_edge_of_neighbours_is_drawn_twice_and_none_is_lost(cells: list[tuple[int, int]]) -> None:
    rings = [shapely.get_coordinates(shapely.box(x, y, x + 1, y + 1)) for x, y in cells]
    own, others = rings[:1], rings[1:]
    left = unshared(others, own)
    lines = shapely.union_all([shapely.linestrings(one) for one in [*own, *left]])
    every = shapely.union_all([shapely.linestrings(one) for one in rings])
    assert shapely.length(lines) == pytest.approx(
        sum(shapely.length(shapely.linestrings(one)) for one in [*own, *left])
    )
    assert shapely.equals(shapely.normalize(lines), shapely.normalize(every))


def test_a_county_on_both_sides_of_the_180th_meridian_is_one_county() -> None:
    """Its overview shows both parts beside each other, numbers degrees across 180, and draws no border there."""
    parts = shapely.box(179.9, -17.1, 180, -16.9), shapely.box(-180, -17.1, -179.92, -16.9)
    county = replace(scenery.county(), geometry=shapely.MultiPolygon(parts), neighbours=())
    pieces = [scenery.piece(at + 1, scenery.square(lon, -17, 0.001)) for at, lon in enumerate((179.95, -179.95))]
    ground = lay_ground("EPSG:4326", county, pieces, [], [])
    order = take_order(scenery.facts("en"), ground, RenderSettings(), load_font(None).width_mm)
    sheet, *_ = overview_sheets(order)
    upper_left, _, _, upper_right = sheet.window.corners_deg
    assert 179.5 < upper_left[0] < 180 < upper_right[0] < 180.5
    seam = shapely.linestrings(np.column_stack(to_plane(ground.projection, [180, 180], [-17.09, -16.91])))
    lines = [shapely.linestrings(one) for one in ground.borders.runs]
    assert shapely.distance(lines, seam.centroid).min() > 5_000
    assert shapely.length(lines).sum() == pytest.approx(2 * (0.18 * 106_500 + 0.2 * 110_660), rel=0.01)


# -- corners -----------------------------------------------------------------------------------------------


def test_every_corner_is_told_once_clockwise_from_the_north() -> None:
    holed = shapely.Polygon(
        [(113.87, 30.53), (113.872, 30.53), (113.872, 30.532), (113.87, 30.531)],
        [[(113.8706, 30.5303), (113.8709, 30.5303), (113.8709, 30.5306)]],
    )
    made = page([scenery.piece(1, holed)], settings=ALERT, language="en")
    cells = [one.cells for one in made.vertices]
    assert [one["vertex"] for one in cells] == [f"J{at}" for at in range(1, 8)]
    points = np.array([(float(one["lon"]), float(one["lat"])) for one in cells])
    assert {tuple(one) for one in points.tolist()} == set(map(tuple, shapely.get_coordinates(holed).tolist()))
    assert points[0].tolist() == [113.872, 30.532]
    assert not shapely.is_ccw(shapely.linearrings(points[:4]))
    assert made.corners is not None
    assert made.corners.rows[0][0] == "J1"
    assert made.corners.title == "Vertices: 7"
    named = [one.words for one in made.window.labels if one.style == "vertex_label"]
    assert set(named) <= {one["vertex"] for one in cells}
    assert len(named) >= 4


def test_corners_beyond_the_table_are_counted_and_none_are_shown_unasked() -> None:
    ring = shapely.Point(113.87, 30.53).buffer(0.001, quad_segs=60)
    made = page([scenery.piece(1, ring)], settings=ALERT, language="en")
    assert made.corners is not None
    assert len(made.corners.rows) < len(made.vertices) == 240
    assert made.corners.title.startswith(f"Vertices: the first {len(made.corners.rows)} of 240")
    assert not [one for one in made.window.labels if one.style == "vertex_label"]
    assert page([scenery.piece(1, ring)], settings=replace(ALERT, vertices="none"), language="en").corners is None
    assert page([scenery.piece(1, ring)]).vertices == ()


def test_corners_may_follow_all_sheets() -> None:
    pieces = scenery.scattered(40)
    assert vertex_sheets(scenery.order(pieces), 43) == []
    first, second = vertex_sheets(scenery.order(pieces, settings=RenderSettings(vertices="following")), 43)
    rows = [*first.rows, *second.rows]
    told = [(row.cells[0], row.cells[1]) for row in rows]
    assert told == [(str(number), f"J{at}") for number in range(1, 41) for at in range(1, 5)]
    assert (first.label, second.label) == ("43", "44")
    assert rows[-1].to == "piece-40"


# -- standard sheets ---------------------------------------------------------------------------------------


def test_a_page_names_the_sheets_its_patch_lies_on() -> None:
    inside = page([scenery.piece(1, scenery.square(113.87, 30.53, 0.0005))])
    assert inside.fields["map_sheet"] == "H49G036094"
    edges = sheet_edges("H49G036094")
    across = page([scenery.piece(1, scenery.square(edges.east_deg, 30.53, 0.0005))])
    assert across.fields["map_sheet"] == "H49G036095, H49G036094"
    corner = scenery.piece(1, scenery.square(edges.east_deg, edges.north_deg, 0.0005))
    assert sheet_fields(corner, "EPSG:4490", "gbt13989")["map_sheet"].endswith(" +2")
    assert inside.fields["map_sheet_small"] == "H49E009024"


def test_elsewhere_the_square_of_the_grid_is_named_and_the_office_has_its_wish() -> None:
    patch = [scenery.piece(1, scenery.square(113.87, 30.53, 0.0005))]
    assert page(patch, language="en").fields["map_sheet"] == "49R GP 75 81"
    assert page(patch, settings=RenderSettings(map_sheets="off")).fields["map_sheet"] == "—"
    assert (
        page(patch, language="en", settings=RenderSettings(map_sheets="gbt13989")).fields["map_sheet"] == "H49G036094"
    )


def test_the_overview_counts_the_pieces_of_each_sheet() -> None:
    (only,) = overview_sheets(scenery.order(scenery.scattered(40)))
    told = only.fields["sheets_line"]
    assert sum(int(one.split(")")[0]) for one in told.split("(")[1:]) == 40
    assert only.fields["pages_note"] == "序号 1 见第 3 页；序号 n 见第 n + 2 页。"


def test_a_list_has_no_column_that_nobody_delivered() -> None:
    unnumbered = [replace(one, patch_no="") for one in scenery.scattered(30)]
    (only,) = overview_sheets(scenery.order(unnumbered))
    assert only.listing is not None
    assert "patch_no" not in only.listing.density.fields
    assert "—" not in {cell for row in only.listing.rows for cell in row.cells}


def test_the_index_of_a_book_by_town_is_in_order_of_towns() -> None:
    pieces = [
        replace(one, town=f"{'丙甲乙'[one.seq % 3]}镇", village=f"村{one.seq % 2}") for one in scenery.scattered(12)
    ]
    (made,) = index_sheets(scenery.order(pieces, settings=RenderSettings(book_by="town")), 2)
    town, village = (list(made.density.fields).index(one) for one in ("town", "village"))
    told = [(row.cells[town], row.cells[village]) for row in made.rows]
    assert told == sorted(told)
    pages = [int(row.cells[-1]) for row in made.rows]
    assert pages == [*range(4, 8), *range(9, 13), *range(14, 18)]  # the overview of each town goes before
