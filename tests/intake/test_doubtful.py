"""Contradictions between values and outlines are noticed, and agreement is left alone."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from pipeline.geometry.area import Ellipsoid, area_m2
from pipeline.intake.doubtful import (
    area_differs,
    centre_outside,
    county_name_differs,
    dates_ahead,
    dates_reversed,
    edges_of,
    numbers_mangled,
    rounding,
    spikes,
    thin,
    types_unknown,
)

METRE = 1 / 111_000
MU = 2000 / 3


def square(x_m: float, y_m: float, side_m: float = 100) -> shapely.Polygon:
    x, y = 114 + x_m * METRE, 30 + y_m * METRE
    return shapely.box(x, y, x + side_m * METRE, y + side_m * METRE)


def at(east_m: float, north_m: float, turn_deg: float, *corners: tuple[float, float]) -> shapely.Polygon:
    """A polygon given in metres, turned and put on the ground."""
    flat = shapely.affinity.rotate(shapely.Polygon(corners), turn_deg, (0, 0))
    scale = np.array([METRE / np.cos(np.radians(30)), METRE])
    return shapely.transform(flat, lambda xy: xy * scale + [114 + east_m * METRE, 30 + north_m * METRE])


def test_areas_within_one_and_five_hundredths() -> None:
    computed = np.full(6, 10_000.0)
    reported = np.array([10_000, 10_090, 10_110, 9_510, 9_400, np.nan])
    wrong, off = area_differs(reported, computed, np.zeros(6))
    assert (wrong.code, wrong.rows.tolist()) == ("AREA_DIFFERS", [4])
    assert (off.code, off.rows.tolist()) == ("AREA_OFF", [2, 3])
    assert off.facts["percent"] == pytest.approx([1.1, -4.9])


@given(st.floats(200, 1e6), st.sampled_from([(0, "{:.0f}"), (1, "{:.1f}"), (2, "{:.2f}")]))
def test_rounding_is_no_contradiction(size_m2: float, spelled: tuple[int, str]) -> None:
    text = spelled[1].format(size_m2 / MU)
    assert float(rounding([text], MU)[0]) == pytest.approx(0.5 * 10.0 ** -spelled[0] * MU)
    doubts = area_differs(np.array([float(text) * MU]), np.array([size_m2]), rounding([text], MU))
    assert [len(one.rows) for one in doubts] == [0, 0]


def test_rounding_of_what_is_no_number() -> None:
    assert rounding(["", "about 3", "1e5", "12.50"], 1.0).tolist() == pytest.approx([0, 0, 0, 0.005])


def test_dates_in_the_wrong_order() -> None:
    before = ["2025-03-14", "2025-03-15", "2025-03", "2025", "", "2025年4月", "soon"]
    after = ["2025-03-15", "2025-03-15", "2025-03-02", "2025-01-01", "2020", "2025-03", "2020"]
    found = dates_reversed(before, after)
    assert found.rows.tolist() == [1, 3, 5]
    assert found.facts == {
        "before": ["2025-03-15", "2025", "2025年4月"],
        "after": ["2025-03-15", "2025-01-01", "2025-03"],
    }
    assert dates_reversed([], []).rows.tolist() == []


@given(st.dates(), st.integers(1, 400))
def test_dates_in_order_are_left_alone(day, later: int) -> None:
    from datetime import timedelta

    end = day + timedelta(later) if day.year < 9000 else day
    texts = ([day.isoformat(), day.isoformat()[:7]], [end.isoformat(), end.isoformat()[:7]])
    if day != end:
        assert dates_reversed(*texts).rows.tolist() == []
        assert dates_reversed(texts[0][:1], texts[1][1:]).rows.tolist() == []


def test_dates_after_the_maps() -> None:
    found = dates_ahead(["2025-10-09", "2025-10", "2025", "", "2026年", "x"], "2025-10-08")
    assert found.rows.tolist() == [0, 4]


def test_county_names_and_codes() -> None:
    known = {"480102": "东湖区", "480121": "云溪县", "38093": "Stutsman"}
    codes = ["480102", "480102", "480121", "480121", "480121", "480121", "999999", "38093", "38093", "480102"]
    names = ["东湖区", "云溪县", "云溪", "青川市云溪县", "云 溪县", "", "谁", "STUTSMAN COUNTY", "Barnes", "县"]
    found = county_name_differs(codes, names, known)
    assert found.rows.tolist() == [1, 8, 9]
    assert found.facts["known"] == ["东湖区", "Stutsman", "东湖区"]


def test_numbers_and_types() -> None:
    assert numbers_mangled(["1.30403E+17", "130403SJBG26210183", "12E5", "1E5A", "0012", ""]).rows.tolist() == [0]
    known = {"1A": "新增大型建设用地", "YH": "硬化地面"}
    assert types_unknown(["1a", "YH", "硬化地面", "9Z", ""], known).rows.tolist() == [3]
    assert types_unknown(["9Z"], {}).rows.tolist() == []


def test_thin_patches() -> None:
    patches = np.array([square(0, 0), at(0, 0, 20, (0, 0), (200, 0), (200, 2), (0, 2)), square(0, 0, 1000)], object)
    found = thin(edges_of(patches), area_m2(patches, Ellipsoid()))
    assert found.rows.tolist() == [1]
    assert found.facts["thinness"][0] == pytest.approx(404**2 / (4 * np.pi * 400), rel=0.01)


@given(st.floats(0, 360), st.floats(0.5, 20))
def test_a_sharp_corner_is_seen_however_it_is_turned(turn: float, angle_deg: float) -> None:
    tip = 50 / np.tan(np.radians(angle_deg) / 2) if angle_deg < 10 else 60
    half = tip * np.tan(np.radians(angle_deg) / 2)
    patches = np.array(
        [square(0, 0), at(500, 500, turn, (0, 0), (100, 50 - half), (100 + tip, 50), (100, 50 + half), (0, 100))],
        object,
    )
    before = shapely.to_wkb(patches).tolist()
    found = spikes(edges_of(patches))
    assert found.rows.tolist() == ([1] if angle_deg < 9.9 else [] if angle_deg > 10.1 else found.rows.tolist())
    for lon, lat in zip(found.facts["lon_deg"], found.facts["lat_deg"], strict=True):
        assert shapely.Point(lon, lat).touches(patches[1])
    assert shapely.to_wkb(patches).tolist() == before


def test_spikes_in_holes_and_parts_and_none() -> None:
    hole = shapely.Polygon(square(0, 0, 1000).exterior, [at(300, 300, 0, (0, 0), (200, 5), (200, -5)).exterior])
    both = shapely.MultiPolygon([square(2000, 0), at(3000, 0, 0, (0, 0), (200, 5), (200, -5))])
    assert spikes(edges_of(np.array([hole, both, square(0, 0)], object))).rows.tolist() == [0, 1]
    assert spikes(edges_of(np.zeros(0, object))).rows.tolist() == []


def centres(patches: np.ndarray, crs: str) -> tuple[list[str], list[str]]:
    lon, lat = shapely.get_coordinates(shapely.centroid(patches)).T
    x, y = Transformer.from_crs("EPSG:4490", crs, always_xy=True).transform(lon, lat)
    return [f"{one:.8f}" for one in x], [f"{one:.8f}" for one in y]


PATCHES = np.array([square(x, y) for x in range(0, 2000, 400) for y in range(0, 2000, 400)], object)


@pytest.mark.parametrize("source", ["EPSG:4490", "EPSG:4547"])
@pytest.mark.parametrize("written", ["EPSG:4490", "EPSG:4547", "EPSG:4526", "EPSG:4508"])
@pytest.mark.parametrize("swapped", [False, True])
def test_centres_in_any_spelling(source: str, written: str, swapped: bool) -> None:
    x, y = centres(PATCHES, written)
    pair = (y, x) if swapped else (x, y)
    (fine,) = centre_outside(PATCHES, *pair, source, "EPSG:4490")
    assert fine.rows.tolist() == []
    pair[0][3], pair[1][3] = pair[0][9], pair[1][9]
    pair[0][7] = ""
    (found,) = centre_outside(PATCHES, *pair, source, "EPSG:4490")
    assert (found.code, found.rows.tolist()) == ("CENTRE_OUTSIDE", [3])
    there = shapely.get_coordinates(shapely.centroid(PATCHES[[3, 9]]))
    expected = float(np.hypot(*((there[0] - there[1]) / METRE)))
    assert found.facts["distance_m"][0] == pytest.approx(expected, rel=0.2)


def test_fifty_metres_are_tolerated() -> None:
    x, y = centres(PATCHES, "EPSG:4490")
    y[0] = str(30 + 145 * METRE)
    y[1] = str(30 + (400 + 155) * METRE)
    (found,) = centre_outside(PATCHES, x, y, "EPSG:4490", "EPSG:4490")
    assert found.rows.tolist() == [1]
    assert found.facts["distance_m"] == pytest.approx([55], abs=1)


def test_centres_that_nobody_understands_are_said_once() -> None:
    x = [str(one) for one in range(len(PATCHES))]
    (found,) = centre_outside(PATCHES, x, x, "EPSG:4547", "EPSG:4490")
    assert (found.code, found.rows.tolist(), found.facts["count"]) == ("CENTRES_NOT_UNDERSTOOD", [0], [len(x)])
    assert centre_outside(PATCHES[:2], ["", "?"], ["1", "2"], "EPSG:4547", "EPSG:4490") == []


def test_each_doubt_has_its_sentence_in_both_languages() -> None:
    facts = {"file": "a", "row": 1, "patch_no": "7", "other_no": "8", "system": "EPSG:4547"}
    codes = (
        "area_off centre_outside centres_not_understood dates_reversed date_ahead county_name_differs number_mangled"
    )
    codes += (
        " type_unknown thin spike overlap overlaps_many overlaps_not_checked displaced_gcj02 counties_displaced_gcj02"
    )
    codes += " axes_swapped crs_doubtful file_warned same_outline"
    for language in ("zh", "en"):
        path = Path(__file__).parents[2] / "pipeline" / "texts" / language / "issue.toml"
        words = tomllib.loads(path.read_text(encoding="utf-8"))
        for code in codes.split():
            said = words[code].format_map(Anything(facts))
            assert said.endswith(("。", "."))


class Anything(dict):  # type: ignore[type-arg]
    def __missing__(self, key: str) -> str:
        return key
