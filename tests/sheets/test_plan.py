from __future__ import annotations

import re
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from pipeline.forms.identity import row_code
from pipeline.geometry.extent import frame_extent
from pipeline.geometry.projection import county_projection, to_geographic, to_plane
from pipeline.sheets import figures
from pipeline.sheets.box import Box
from pipeline.sheets.code import bars
from pipeline.sheets.detail import book_of, detail_sheet, detail_sheets, signed_minutes
from pipeline.sheets.fields import county_full, crs_words, scene_words
from pipeline.sheets.grid import GRID_MM, frame_grid, graticule
from pipeline.sheets.imagery import piece_cover
from pipeline.sheets.index import index_page_count, index_sheets
from pipeline.sheets.order import take_order
from pipeline.sheets.overview import overview_sheets
from pipeline.sheets.plan import ALONG, HOLE, DetailSheet
from pipeline.sheets.scale import PIXEL_SLACK, SERIES, detail_scale, overview_scale, scale_bar
from pipeline.sheets.settings import RenderSettings
from pipeline.sheets.window import corners_deg
from pipeline.texts import texts
from tests.sheets import scenery

FRAME = (133.0, 120.0)
sizes = st.floats(0.1, 60_000)


def all_covered(scenes: object, geometry: object) -> float:
    del scenes, geometry
    return 1.0


def sheet(pieces: list, row: int = 0, **more: object) -> DetailSheet:  # type: ignore[type-arg]
    order = scenery.order(pieces, **more)  # type: ignore[arg-type]
    return detail_sheet(order, row, 3, lambda scenes, geometry: piece_cover(scenes, geometry, "EPSG:4490"))


# -- scales ------------------------------------------------------------------------------------------------


@given(sizes, sizes, st.floats(0.05, 30))
def test_the_scale_is_the_largest_that_keeps_the_rule(wide: float, high: float, pixel: float) -> None:
    scale = detail_scale(wide, high, FRAME, pixel)

    def keeps(one: int) -> bool:
        fits = wide <= 0.5500001 * FRAME[0] * one / 1000 and high <= 0.5500001 * FRAME[1] * one / 1000
        return fits and pixel * 1000 / one <= 0.5 * (1 + PIXEL_SLACK) + 1e-7

    assert keeps(scale)
    assert not any(keeps(one) for one in SERIES if one < scale and not np.isclose(one, scale))


@pytest.mark.parametrize(
    ("pixel_m", "scale"),
    [(0.2, 500), (0.5, 1_000), (2, 5_000), (5, 10_000), (5.002, 10_000), (5.06, 20_000), (10, 20_000)],
)
def test_the_pixel_sets_the_largest_scale(pixel_m: float, scale: int) -> None:
    assert detail_scale(5, 5, FRAME, pixel_m) == scale


def test_a_patch_beyond_the_series_still_fits() -> None:
    assert detail_scale(90_000, 10, FRAME, 2) == 2_000_000


@given(st.floats(100, 1e6), st.floats(100, 1e6))
def test_an_overview_fits_and_wastes_little(wide: float, high: float) -> None:
    scale = overview_scale(wide, high, (286, 257))
    filled = max(wide / 286, high / 257) * 1000 / scale
    assert filled <= 0.96
    assert filled > 0.7 or scale == 100


@given(st.sampled_from([*SERIES, 75_000, 400_000]), st.floats(15, 80))
def test_the_bar_is_as_long_as_it_says(scale: int, most_mm: float) -> None:
    bar = scale_bar(scale, most_mm)
    metres = float(bar.labels[2]) * (1000 if bar.unit == "km" else 1)
    assert bar.length_mm == pytest.approx(metres * 1000 / scale)
    assert most_mm / 2.6 < bar.length_mm <= most_mm + 1e-9
    assert float(bar.labels[1]) * 2 == float(bar.labels[2])


# -- figures -----------------------------------------------------------------------------------------------


@given(st.floats(0, 1e9))
def test_areas_are_rounded_half_up_from_the_value_itself(area_m2: float) -> None:
    mu = (Decimal(repr(area_m2)) * 15 / 10000).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert figures.area(area_m2, "mu") == (f"{mu:,}" if mu or not area_m2 else "<0.01")


def test_figures_read_as_an_office_prints_them() -> None:
    assert figures.area(666.67, "mu") == "1.00"
    assert figures.area(3.3333333333333335, "mu") == "0.01"  # 0.005 mu: half goes up
    assert figures.area(12_345.67, "ha") == "1.2346"
    assert figures.area(4046.8564224, "ac") == "1.0000"
    assert (figures.area(0.4, "ha"), figures.area(0.0, "ha")) == ("<0.0001", "0.0000")
    assert figures.rounded(1234567.005, 2) == "1,234,567.01"
    assert figures.grouped(3_385_500.0) == "3 385 500"
    assert (figures.percent(0.413), figures.percent(0.9999), figures.percent(1e-9)) == ("41.3", "99.9", "0.1")


@given(st.floats(-180, 180))
def test_degrees_minutes_seconds_come_back(angle: float) -> None:
    words = figures.dms(angle, "EW")
    whole, minutes, rest = words.replace("″", "′").replace("°", "′").split("′")[:3]
    assert float(rest) < 60
    assert int(minutes) < 60
    read = int(whole) + int(minutes) / 60 + float(rest) / 3600
    assert read == pytest.approx(abs(angle), abs=0.051 / 3600)
    assert words[-1] == "W" if angle < 0 else "E"


def test_sixty_seconds_never_stand() -> None:
    assert figures.dms(113 + 59 / 60 + 59.97 / 3600, "EW") == "114°00′00.0″E"
    assert figures.degrees(113.5, 1 / 60, "EW") == "113°30′E"
    assert signed_minutes(-0.0001) == "0°00′"
    assert (signed_minutes(0.219), signed_minutes(-1.5)) == ("+0°13′", "−1°30′")


# -- grids -------------------------------------------------------------------------------------------------


@given(st.floats(-1e6, 1e6), st.floats(0, 6e6), st.sampled_from(SERIES))
def test_grid_ticks_stand_on_round_numbers_and_clear_of_corners(x: float, y: float, scale: int) -> None:
    extent = frame_extent((x, y), scale, *FRAME)
    corners = ((113.0, 30.1), (113.0, 30.0), (113.1, 30.0), (113.1, 30.1))
    grid = frame_grid(extent, scale, corners)
    assert grid.step_m * 1000 / scale >= GRID_MM - 1e-6
    for tick in grid.x:
        ground = extent.xmin_m + tick.at_mm * scale / 1000
        assert ground / grid.step_m == pytest.approx(round(ground / grid.step_m), abs=1e-6)
        assert not tick.words or int(tick.words.replace(" ", "")) == round(ground)
        assert not tick.words or 7 <= tick.at_mm <= FRAME[0] - 7


@given(st.floats(-170, 170), st.floats(-59, 59), st.sampled_from(SERIES))
def test_ticks_in_degrees_lie_where_they_say(lon: float, lat: float, scale: int) -> None:
    projection = county_projection("EPSG:4326", lon, lat)
    extent = frame_extent(to_plane(projection, lon, lat), scale, *FRAME)
    grid = frame_grid(extent, scale, corners_deg(projection, extent))
    for one in grid.lon:
        x = extent.xmin_m + one.at_mm * scale / 1000
        there, _ = to_geographic(projection, x, extent.ymin_m)
        assert told_deg(one.words) == pytest.approx(there, abs=scale / 1000 * 0.4 / 55_000)
    for one in grid.lat:
        y = extent.ymax_m - one.at_mm * scale / 1000
        _, there = to_geographic(projection, extent.xmax_m, y)
        assert told_deg(one.words) == pytest.approx(there, abs=scale / 1000 * 0.4 / 110_000)
    assert grid.lon
    assert grid.lat


def told_deg(words: str) -> float:
    numbers = [float(one) for one in re.findall(r"\d+", words)]
    return sum(one / 60**at for at, one in enumerate(numbers)) * (-1 if words[-1] in "WS" else 1)


def test_graticule_lines_run_through_their_labels() -> None:
    projection = county_projection("EPSG:4490", 113.87, 30.53)
    extent = frame_extent(to_plane(projection, 113.87, 30.53), 75_000, 286, 257)
    made = graticule(projection, extent, 75_000)
    assert made.step_deg == pytest.approx(2 / 60)
    assert "113°52′E" in [one.words for one in made.top]
    at = next(one.at_mm for one in made.top if one.words == "113°52′E")
    edge_m = (extent.xmin_m + at * 75, extent.ymax_m)
    lon, _ = projection_back(projection, edge_m)
    assert lon == pytest.approx(113 + 52 / 60, abs=1e-6)


def projection_back(projection: object, point: tuple[float, float]) -> tuple[float, float]:
    from pipeline.geometry.projection import to_geographic

    return to_geographic(projection, *point)  # type: ignore[arg-type,no-any-return]


# -- words -------------------------------------------------------------------------------------------------


def test_the_crs_is_said_in_words() -> None:
    cn, us = county_projection("EPSG:4490", 113.9, 30.5), county_projection("EPSG:4269", -98.9, 46.9)
    assert crs_words(cn, texts("zh")) == "2000国家大地坐标系 高斯-克吕格投影 3°分带 中央经线114°E"
    assert crs_words(us, texts("en")) == "NAD83 / UTM zone 14N"


def test_a_county_is_named_in_the_order_of_the_language() -> None:
    assert county_full(scenery.county(), texts("zh")) == "湖北省孝感市云溪县"
    assert county_full(scenery.county(), texts("en")) == "云溪县, 孝感市, 湖北省"


def test_imagery_is_never_blank(tmp_path: Path) -> None:
    from dataclasses import replace

    known = scenery.scene(tmp_path, "before", scenery.square(113.87, 30.53, 0.001), 200)
    unknown = replace(known, date="", sensor="")
    assert scene_words([known], texts("zh")) == "2025-03-14  GF-1D  2 m"
    assert scene_words([unknown], texts("en")) == "date unknown  sensor unknown  2 m"
    many = [replace(known, date=f"2025-03-{day}", path=str(day)) for day in (16, 14, 15)]
    assert scene_words(many, texts("zh")) == "2025-03-14 至 2025-03-16，共3景"


def test_both_languages_have_every_word() -> None:
    zh, en = ({one for one in texts(lang).keys() if one.startswith("sheet.")} for lang in ("zh", "en"))  # noqa: SIM118
    assert zh == en
    assert len(zh) > 80


# -- detail sheets -----------------------------------------------------------------------------------------


def test_every_asked_piece_gets_a_sheet_in_order_and_no_other() -> None:
    pieces = [
        *scenery.scattered(12),
        *scenery.straddling(13),
        scenery.piece(0, scenery.square(113.87, 30.53, 1e-5), asked=False),
    ]
    sheets = list(detail_sheets(scenery.order(pieces), 4, all_covered))
    assert [one.fields["of_total"] for one in sheets] == [f"序号 {n} / 13" for n in range(1, 14)]
    assert [one.label for one in sheets] == [str(n) for n in range(4, 17)]
    assert [one.name for one in sheets] == [f"piece-{n}" for n in range(1, 14)]


def test_the_piece_lies_whole_and_amid_its_frame() -> None:
    for one in detail_sheets(scenery.order(scenery.scattered(20)), 1, all_covered):
        focus = one.window.outlines[-1]
        assert focus.kind == "focus"
        points = np.vstack(focus.rings)
        assert ((points.min(axis=0) + points.max(axis=0)) / 2).tolist() == pytest.approx([66.5, 60.0], abs=0.01)
        assert np.ptp(points, axis=0)[0] <= 0.55 * 133 + 1e-6


def test_parts_and_fragments_stand_on_the_page_of_the_largest_piece() -> None:
    made = sheet(scenery.straddling(1))
    assert [one.kind for one in made.window.outlines] == ["part", "fragment", "focus"]
    assert {"part", "fragment", "county_line", "focus", "grid"} <= set(made.legend)
    assert made.fields["share"] == "第1块，共3块，占66.0 %"
    assert {one.words for one in made.window.labels} >= {"1", "云溪县", "青石县"}


def test_the_county_border_is_told_again_where_the_patch_hides_it() -> None:
    made = sheet(scenery.straddling(1))
    (along,) = [one.points for one in made.window.borders if one.kind == ALONG]
    for kinds in ({"county_line"}, {"focus"}, {"part"}):
        drawn = [one.points for one in made.window.borders if one.kind in kinds]
        drawn += [ring for one in made.window.outlines if one.kind in kinds for ring in one.rings]
        under = shapely.multilinestrings([shapely.linestrings(one) for one in drawn])
        assert shapely.distance(shapely.points(along), under).max() < 0.5
    shared = scenery.straddling(1)[0].geometry.bounds
    whole_mm = (shared[3] - shared[1]) * 111_000 / made.window.scale * 1000
    assert shapely.linestrings(along).length == pytest.approx(whole_mm, abs=1.5)
    inside = sheet([scenery.piece(1, scenery.square(113.87, 30.53, 0.001))])
    assert not [one for one in inside.window.borders if one.kind == ALONG]


def test_a_hole_of_a_patch_is_told_in_map_and_legend() -> None:
    outer = scenery.square(113.87, 30.53, 0.002)
    hole, speck = scenery.square(113.87, 30.53, 0.001), scenery.square(113.8706, 30.5306, 0.000001)
    pierced = shapely.difference(outer, shapely.union_all([hole, speck]))
    made = sheet([scenery.piece(1, pierced)])
    (told,) = [one for one in made.window.outlines if one.kind == HOLE]
    (ring,) = told.rings  # what is smaller than a line is not told
    (focus,) = [one for one in made.window.outlines if one.kind == "focus"]
    assert any(np.allclose(one, ring) for one in focus.rings)
    assert HOLE in made.legend
    assert HOLE not in sheet([scenery.piece(1, outer)]).legend


def test_a_patch_whose_number_another_has_is_told_by_its_check_code() -> None:
    rows = scenery.scattered(6)
    rows[1], rows[4] = replace(rows[1], patch_no=rows[0].patch_no), replace(rows[4], patch_no="")
    order = scenery.order(rows)
    index = index_sheets(order, 2)[0]
    at = list(index.density.fields).index("check_code")
    codes = [row_code(order.ground.pieces[row]) for row in order.drawn]
    assert [one.cells[at] for one in index.rows] == [*codes[:2], "—", "—", codes[4], "—"]
    pages = list(detail_sheets(order, 3, all_covered))
    assert [one.fields["check_code"] for one in pages] == codes
    note = overview_sheets(order)[0].fields["quote_note"]
    alone = scenery.order(scenery.scattered(6))
    assert "check_code" not in index_sheets(alone, 2)[0].density.fields
    words = texts("zh")
    told = [note, overview_sheets(alone)[0].fields["quote_note"]]
    assert told == [words["sheet.quote_note_code"], words["sheet.quote_note"]]


def test_the_second_largest_piece_shows_no_fragments() -> None:
    import dataclasses

    own, other, crumb = scenery.straddling(1)
    made = sheet([dataclasses.replace(own, piece_no=2), dataclasses.replace(other, piece_no=1), crumb])
    assert [one.kind for one in made.window.outlines] == ["part", "focus"]


def test_neighbours_carry_their_numbers_and_none_meets_another() -> None:
    made = next(detail_sheets(scenery.order(scenery.scattered(400, spread=0.1)), 1, all_covered))
    numbers = [one for one in made.window.labels if one.style == "neighbour_label"]
    boxes = [one.box for one in made.window.labels]
    assert len(numbers) > 5
    assert not any(a.overlaps(b) for at, a in enumerate(boxes) for b in boxes[:at])


def test_missing_values_are_a_dash_and_never_blank() -> None:
    made = sheet([scenery.piece(1, scenery.square(113.87, 30.53, 0.001))])
    assert made.fields["area_reported"] == "—"
    assert made.fields["phase_after"] == "—"
    assert made.fields["attributes.QSDWMC"] == "上坪村"
    assert made.views["before"].sources == "未配置影像"
    assert "未配置影像" in made.views["before"].note


def test_imagery_is_full_partial_or_absent_by_the_piece_not_by_the_frame(tmp_path: Path) -> None:
    patch = scenery.square(113.87, 30.53, 0.002)
    full = scenery.scene(tmp_path, "before", patch, 400)  # smaller than the frame, larger than the piece
    half = scenery.scene(tmp_path, "after", patch, 400, shift_m=200)
    away = scenery.scene(tmp_path, "after", patch, 400, shift_m=5000)
    made = sheet([scenery.piece(1, patch)], before=[full], after=[half])
    assert (made.views["before"].state, made.views["before"].note) == ("full", "")
    assert made.views["after"].state == "partial"
    assert made.views["after"].note == f"后时相影像未完全覆盖本图斑（{figures.percent(made.views['after'].cover)} %）"
    assert made.views["after"].cover == pytest.approx(0.5, abs=0.02)
    assert "bare" in made.legend
    gone = sheet([scenery.piece(1, patch)], before=[full], after=[away])
    assert (gone.views["after"].state, gone.views["after"].note) == ("absent", "后时相影像缺失")


def test_the_coarser_pixel_of_both_dates_sets_the_scale(tmp_path: Path) -> None:
    from dataclasses import replace

    patch = scenery.square(113.87, 30.53, 0.0005)
    fine = scenery.scene(tmp_path, "before", patch, 4000)
    coarse = replace(scenery.scene(tmp_path, "after", patch, 4000), pixel_m=5.0)
    assert sheet([scenery.piece(1, patch)], before=[fine], after=[fine]).window.scale == 5_000
    assert sheet([scenery.piece(1, patch)], before=[fine], after=[coarse]).window.scale == 10_000


@pytest.mark.parametrize("shift_m", [-600.0, -560.0, 0.0, 560.0, 600.0])
def test_a_frame_moves_towards_imagery_and_keeps_its_patch(tmp_path: Path, shift_m: float) -> None:
    patch = scenery.square(113.87, 30.53, 0.0005)
    one = scenery.scene(tmp_path, "before", patch, 1300, shift_m=shift_m)
    made, amid = sheet([scenery.piece(1, patch)], before=[one], after=[one]), sheet([scenery.piece(1, patch)])
    moved_m = np.subtract(made.window.extent.centre_m, amid.window.extent.centre_m)
    assert moved_m[1] == pytest.approx(0, abs=0.01)
    assert np.sign(round(moved_m[0])) == np.sign(shift_m)
    left, high, right, low = inner(made)
    assert min(left, right) >= 0.15 * FRAME[0] - 0.01
    assert min(high, low) >= 0.15 * FRAME[1] - 0.01


def test_a_frame_stays_where_little_is_bare_or_nothing_helps(tmp_path: Path) -> None:
    patch = scenery.square(113.87, 30.53, 0.0005)
    amid = sheet([scenery.piece(1, patch)]).window.extent
    for size_m, shift_m in ((1300, 150.0), (200, 0.0), (1300, 50_000.0)):
        one = scenery.scene(tmp_path, "after", patch, size_m, shift_m=shift_m)
        assert sheet([scenery.piece(1, patch)], after=[one]).window.extent == amid


def inner(made: DetailSheet) -> tuple[float, float, float, float]:
    """The distances of the patch from the four sides of its frame, millimetres."""
    points = np.vstack(made.window.outlines[-1].rings)
    (left, high), (right, low) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return left, high, FRAME[0] - right, FRAME[1] - low


def test_the_same_order_gives_the_same_sheets() -> None:
    first, second = (sheet(scenery.scattered(30)) for _ in range(2))
    assert first.fields == second.fields
    assert first.window.labels == second.window.labels


@pytest.mark.parametrize(
    ("qr", "words"),
    [
        ("id", "2025Q3-000000000001-X"),
        ("off", ""),
        ("https://x/{uid}?c={county_code}", "https://x/2025Q3-000000000001-X?c=429901"),
    ],
)
def test_the_code_says_what_the_office_wants(qr: str, words: str) -> None:
    made = sheet(scenery.scattered(1), settings=RenderSettings(qr=qr))
    assert made.qr == words


def test_qr_runs_cover_the_dark_modules() -> None:
    size, runs = bars("2025Q3-ABCDEFGHIJKL-M")
    assert size >= 21
    assert {(0, 0, 7), (size - 7, 0, 7), (0, size - 1, 7)} <= set(runs)  # the three finders
    assert all(x + length <= size and y < size for x, y, length in runs)


# -- overview and index ------------------------------------------------------------------------------------


def test_an_overview_numbers_every_piece_without_collision() -> None:
    order = scenery.order(scenery.scattered(300))
    (only,) = overview_sheets(order)
    numbers = [one for one in only.window.labels if one.style.startswith("overview_label")]
    assert sorted(int(one.words) for one in numbers) == list(range(1, 301))
    assert {one.to for one in numbers} == {f"piece-{n}" for n in range(1, 301)}
    boxes = shapely.box(*np.array([(one.box.x_mm, one.box.y_mm, one.box.right, one.box.bottom) for one in numbers]).T)
    left, right = shapely.STRtree(boxes).query(shapely.buffer(boxes, -1e-6), predicate="intersects")
    assert np.array_equal(left, right)


def test_five_hundred_are_all_numbered_and_no_number_lies_on_a_patch() -> None:
    order = scenery.order(scenery.scattered(500, seed=3))
    (only,) = overview_sheets(order)
    numbers = {int(one.words): one for one in only.window.labels if one.to.startswith("piece")}
    assert sorted(numbers) == list(range(1, 501))
    assert only.unplaced == ()
    words = shapely.box(*np.array([edges(numbers[at].box) for at in range(1, 501)]).T)
    drawn = [one for one in only.window.outlines if one.kind == "patch"]
    patches = np.array([shapely.union_all([shapely.polygons(ring) for ring in one.rings]) for one in drawn])
    ahead, behind = shapely.STRtree(words).query(shapely.buffer(words, -1e-6), predicate="intersects")
    assert np.array_equal(ahead, behind)
    hidden, _ = shapely.STRtree(words).query(shapely.buffer(patches, -1e-6), predicate="intersects")
    assert hidden.size == 0


def edges(box: Box) -> tuple[float, float, float, float]:
    return box.x_mm, box.y_mm, box.right, box.bottom


def test_sparse_pieces_get_pages_of_their_clusters() -> None:
    pieces = [
        scenery.piece(n, scenery.square(113.83 + n % 3 * 0.001, 30.5 + n // 3 * 0.001, 0.0004)) for n in range(1, 10)
    ]
    pieces += [scenery.piece(9 + n, scenery.square(113.9 + n * 0.001, 30.57, 0.0004)) for n in range(1, 7)]
    pieces.append(scenery.piece(16, scenery.square(113.84, 30.58, 0.0004)))
    whole, *clusters = overview_sheets(scenery.order(pieces))
    assert [one.letter for one in whole.letters] == ["A", "B"]
    assert [one.name for one in clusters] == ["cluster-A", "cluster-B"]
    assert [one.words for one in whole.window.labels if one.style.startswith("overview_label")] == ["16"]
    numbers = {one.words for one in clusters[0].window.labels if one.style.startswith("overview_label")}
    assert numbers == {str(n) for n in range(1, 10)}
    assert all(one.window.scale * 1.5 <= whole.window.scale for one in clusters)
    assert clusters[1].total.count == "6"


def test_a_crowd_is_numbered_on_its_pages() -> None:
    order = scenery.order(scenery.scattered(90), settings=RenderSettings(crowd=40))
    whole, *parts = overview_sheets(order)
    assert [one.kind for one in parts] == ["cluster"] * len(parts)
    assert len(parts) >= 3
    assert not [one for one in whole.window.labels if one.style.startswith("overview_label")]
    assert sum(int(one.total.count) for one in parts) == 90


def test_statistics_sum_to_their_total_and_fold_what_has_no_room() -> None:
    from dataclasses import replace

    pieces = [replace(one, town=f"{one.seq % 40}镇") for one in scenery.scattered(80)]
    (only,) = overview_sheets(scenery.order(pieces))
    assert sum(int(one.count) for one in only.statistics) == int(only.total.count) == 80
    assert only.statistics[-1].name.startswith("其他 ")
    areas = [Decimal(one.area.replace(",", "")) for one in only.statistics]
    assert sum(areas) == Decimal(only.total.area.replace(",", ""))
    assert only.fields["pieces_total"].split(" · ")[1] == f"{only.total.area} 亩"
    assert only.statistics[0].share == 1.0


def test_a_tally_by_type_is_the_key_to_its_codes() -> None:
    pieces = [replace(one, patch_type=f"{one.seq % 3}", patch_type_name="光伏") for one in scenery.scattered(9)]
    by_type = RenderSettings(tally="type")
    for order in (
        scenery.order(pieces, settings=by_type),
        scenery.order([replace(one, town="") for one in pieces]),
    ):
        (only,) = overview_sheets(order)
        assert {one.name for one in only.statistics} == {"0 光伏", "1 光伏", "2 光伏"}
        assert only.fields["statistics_title"] == "分类型统计"
    assert overview_sheets(scenery.order(pieces))[0].fields["statistics_title"] == "分乡镇统计"


def test_what_is_whose_is_told_of_split_patches_and_nobody_is_asked_of_what_is_struck_out() -> None:
    own, other, crumb = scenery.straddling(1)
    theirs = replace(other, county_name="青石县")
    beside = scenery.piece(2, scenery.square(own.lon_deg, own.lat_deg - 0.001, 0.0004))
    foreign = replace(
        theirs, patch_uid="another", geometry=scenery.square(other.lon_deg, other.lat_deg - 0.001, 0.0004)
    )
    made = sheet([own, beside, theirs, crumb, foreign])
    assert sorted(one.kind for one in made.window.outlines) == [
        "focus",
        "fragment",
        "neighbour",
        "neighbour_part",
        "part",
    ]
    assert [one.words for one in made.window.labels if one.style == "part_label"] == ["青石县"]
    ((x, y),) = made.window.struck
    rings = next(one.rings for one in made.window.outlines if one.kind == "fragment")
    assert (rings[0].min(axis=0) <= (x, y)).all()
    assert (rings[0].max(axis=0) >= (x, y)).all()
    assert not [one for one in made.window.labels if one.box.overlaps(Box(x - 0.8, y - 0.8, 1.6, 1.6))]
    assert {"part", "fragment", "neighbour_part"} <= set(made.legend)


def test_a_sheet_names_the_number_to_quote() -> None:
    numbered = scenery.piece(1, scenery.square(113.87, 30.53, 0.001))
    assert sheet([numbered]).fields["heading"] == f"1 · 图斑 {numbered.patch_no}"
    nameless = replace(numbered, patch_no="")
    assert sheet([nameless]).fields["heading"] == f"1 · 图斑 {numbered.patch_uid}"
    assert overview_sheets(scenery.order([numbered]))[0].fields["quote_note"]
    assert not overview_sheets(scenery.order([nameless]))[0].fields["quote_note"]


@pytest.mark.parametrize(("told", "said"), [("2025-11-15", "交回期限：2025-11-15"), ("", ""), ("尽快😀", "")])
def test_a_deadline_is_told_where_it_is_known_and_can_be_printed(told: str, said: str) -> None:
    order = scenery.order(scenery.scattered(3))
    order = take_order(order.facts, order.ground, order.settings, order.measure, told)
    (only,) = overview_sheets(order)
    assert only.fields["deadline_line"] == book_of(order).fields["deadline_line"] == said
    slots = {one.name: only.placed(one).box for one in only.layout.slots}
    assert (slots["notes"].y_mm - slots["deadline"].y_mm > 5) == bool(said)  # what is not told takes no room


def test_the_index_leads_to_every_page() -> None:
    order = scenery.order(scenery.scattered(600))
    assert index_page_count(order) == 2
    first, second = index_sheets(order, 2)
    assert len(first.rows) == len(second.rows)
    rows = [*first.rows, *second.rows]
    assert [one.to for one in rows] == [f"piece-{n}" for n in range(1, 601)]
    assert [int(one.cells[-1]) for one in rows] == list(range(4, 604))


@pytest.mark.parametrize(("count", "pages"), [(8, 1), (19, 1), (77, 1), (179, 1), (500, 1), (1200, 3)])
def test_the_index_is_as_loose_as_its_rows_allow(count: int, pages: int) -> None:
    order = scenery.order(scenery.scattered(count))
    sheets = index_sheets(order, 2)
    assert len(sheets) == index_page_count(order) == pages
    density = sheets[0].density
    rooms = {
        one["columns"] * one["rows"]: one["text_pt"] for one in order.index.first("index_table").options["densities"]
    }
    holding = [room for room in rooms if room >= count]
    assert density.room == min(holding, default=max(rooms))
    assert density.text_pt == rooms[density.room]
    assert all(-(-len(one.rows) // one.deep) <= density.columns for one in sheets)
    assert all(len(one.cells) == len(one_sheet.headings) for one_sheet in sheets for one in one_sheet.rows)


def test_few_rows_tell_more_and_never_what_nobody_delivered() -> None:
    few, many = (index_sheets(scenery.order(scenery.scattered(count)), 2)[0] for count in (8, 400))
    assert set(many.density.fields) < set(few.density.fields) | {"group"}
    assert "phase_before" in few.density.fields
    assert not {"village", "phase_after"} & set(few.density.fields)
    assert "—" not in {cell for one in few.rows for cell in one.cells}


def test_the_panel_lists_the_patches_where_they_fit_and_what_follows_rises() -> None:
    few, many = (overview_sheets(scenery.order(scenery.scattered(count)))[0] for count in (19, 179))
    assert [one.cells[0] for one in few.listing.rows] == [str(n) for n in range(1, 20)]
    assert [one.cells[-1] for one in few.listing.rows] == [str(n) for n in range(3, 22)]
    assert few.listing.title == "图斑一览"
    shown = [float(one.cells[2].replace(",", "")) for one in many.listing.rows]
    every = sorted((float(figures.area(one.area_m2, "mu")) for one in scenery.scattered(179)), reverse=True)
    assert 20 < len(shown) < 179
    assert shown == every[: len(shown)]
    assert many.listing.title.startswith(f"面积最大的 {len(shown)} 个")
    legend = few.layout.first("legend")
    statistics, listed = few.layout.first("statistics"), few.placed(few.layout.first("patch_list"))
    used_mm = listed.options["title_mm"] + few.listing.density.row_mm * (few.listing.deep + 1)
    assert statistics.box.y_mm < listed.box.y_mm < few.placed(legend).box.y_mm < legend.box.y_mm
    assert listed.box.y_mm + used_mm <= few.placed(legend).box.y_mm
    assert few.placed(legend).box.y_mm < many.placed(legend).box.y_mm <= legend.box.y_mm
    assert few.placed(legend).box.bottom == pytest.approx(legend.box.bottom)


def test_numbers_are_large_where_there_is_room() -> None:
    few = overview_sheets(scenery.order(scenery.scattered(200)))[0]
    many = overview_sheets(scenery.order(scenery.scattered(650), settings=RenderSettings(crowd=700)))[0]
    assert {one.style for one in few.window.labels if one.to.startswith("piece")} == {"overview_label_large"}
    assert {one.style for one in many.window.labels if one.to.startswith("piece")} == {"overview_label"}


def test_a_county_without_asked_pieces_has_an_overview_and_no_index() -> None:
    crumb = scenery.piece(0, scenery.square(113.87, 30.53, 1e-5), asked=False, not_asked_reason="fragment")
    order = scenery.order([crumb])
    (only,) = overview_sheets(order)
    assert "1 个碎片" in only.fields["unasked_note"]
    assert index_sheets(order, 2) == []


def test_a_legend_says_why_pieces_are_not_asked_about() -> None:
    reasons = {"fragment": "碎片", "minimum": "过小图斑", "sliver": "狭长碎屑"}
    for reason, said in reasons.items():
        crumb = scenery.piece(0, scenery.square(113.87, 30.53, 1e-5), asked=False, not_asked_reason=reason)
        (only,) = overview_sheets(scenery.order([crumb]))
        assert only.fields["reasons"] == said
        assert f"1 个{said}" in only.fields["unasked_note"]
    own, part, crumb = scenery.straddling(1)
    made = detail_sheet(scenery.order([own, part, replace(crumb, not_asked_reason="sliver")]), 0, 3, lambda *_: 1.0)
    assert "fragment" in made.legend
    assert made.fields["reasons"] == "狭长碎屑"


def test_names_of_counties_stand_inside_their_county() -> None:
    order = scenery.order(scenery.scattered(60))
    (only,) = overview_sheets(order)
    frame, scale = only.window.extent, only.window.scale
    names = {one.words: one.box.centre for one in only.window.labels if one.style.startswith("neighbour_name")}
    assert set(names) == {"清源县", "青石县"}
    for neighbour, shape in zip(order.ground.county.neighbours, order.ground.neighbour_shapes, strict=True):
        x_mm, y_mm = names[neighbour.name]
        assert shape.contains(shapely.Point(frame.xmin_m + x_mm * scale / 1000, frame.ymax_m - y_mm * scale / 1000))
