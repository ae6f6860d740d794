"""A first road that errs: what it loses or invents is noticed, and the second road mends it or the patch is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.geometry import clip as room
from pipeline.geometry.area import Ellipsoid, area_m2
from pipeline.geometry.ground import ground_of

E = Ellipsoid()
COUNTIES = np.array([shapely.box(105 + at * 0.1, 35, 105.1 + at * 0.1, 35.1) for at in range(2)], object)
PATCH = shapely.box(105.09, 35.02, 105.12, 35.04)


def cut(*patches: shapely.Geometry, counties: np.ndarray = COUNTIES) -> tuple[room.Clip, np.ndarray]:
    shapes = np.array(patches, object)
    area = area_m2(shapes, E)
    return room.clip(shapes, area, ground_of(counties, len(shapes)), E), area


def shares(made: room.Clip, area: np.ndarray) -> list[float]:
    return [round(float(one), 6) for one in made.piece_area_m2 / area[made.piece_patch]]


def test_a_lost_piece_is_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(counties: Any, _: Any) -> np.ndarray:
        return np.array([shapely.Polygon()] * len(counties) + [None], object)[:-1]

    monkeypatch.setattr(room, "_parts_in", nothing)
    made, area = cut(PATCH)
    assert made.piece_county.tolist() == [0, 1]
    assert shares(made, area) == pytest.approx([1 / 3, 2 / 3], abs=1e-4)
    assert len(made.remainder_patch) == len(made.unbalanced) == 0


def test_an_intersection_that_is_the_whole_other_side_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kind of wrong answer once given for A ∩ B: all of B."""
    monkeypatch.setattr(room, "_cut", lambda _patches, _near, counties: counties)
    made, area = cut(PATCH)
    assert shares(made, area) == pytest.approx([1 / 3, 2 / 3], abs=1e-4)
    assert len(made.unbalanced) == 0


def test_a_patch_that_no_road_balances_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    inside = shapely.box(105.01, 35.01, 105.02, 35.02)
    monkeypatch.setattr(room, "_union_and_rest", lambda *_: (None, None))
    monkeypatch.setattr(room, "_complete", lambda _found, patches, _area: np.zeros(len(patches), bool))
    made, _ = cut(PATCH, inside)
    assert made.unbalanced.tolist() == [0]
    assert 1 in made.piece_patch


ROBUSTNESS = {
    "an edge one rounding step off the border": shapely.Polygon(
        [(105.09, 35.02), (np.nextafter(105.1, 106), 35.02), (np.nextafter(105.1, 105), 35.04), (105.09, 35.04)]
    ),
    "a spike of a nanometre across the border": shapely.Polygon(
        [(105.09, 35.02), (105.1, 35.02), (105.1 + 1e-14, 35.03), (105.1, 35.04), (105.09, 35.04)]
    ),
    "a sliver along the border, hardly wider than a rounding step": shapely.Polygon(
        [(105.1, 35.0), (105.1, 35.1), (105.1 + 1e-13, 35.05)]
    ),
    "corner on corner": shapely.Polygon([(105.1, 35.1), (105.2, 35.1), (105.15, 35.15)]),
    "a box round two counties' common corner": shapely.box(105.0999999, 35.0999999, 105.1000001, 35.1000001),
    "the county itself": shapely.box(105, 35, 105.1, 35.1),
    "a comb whose hundred teeth end on the border": shapely.Polygon(
        [(105.05, 35.02)]
        + [(105.1 if at % 2 else 105.0999, 35.02 + at * 1e-4) for at in range(200)]
        + [(105.05, 35.04)]
    ),
    "nearly parallel edges that cross far away": shapely.Polygon(
        [(105.02, 34.95), (105.1 + 1e-9, 34.95), (105.1 - 1e-9, 35.15), (105.02, 35.15)]
    ),
}


@pytest.mark.parametrize("name", ROBUSTNESS)
@pytest.mark.parametrize("turn", [0.0, 1e-7, 0.3])
def test_robustness_cases_balance(name: str, turn: float) -> None:
    """Cases of our own (published ones are in test_published_failures); turned, so that nothing is axis-parallel."""
    counties, patch = (
        shapely.transform(one, lambda points: turned(points, turn)) for one in (COUNTIES, ROBUSTNESS[name])
    )
    assert shapely.is_valid(patch)
    made, area = cut(patch, counties=counties)
    assert len(made.unbalanced) == 0
    inside, outside = made.piece_area_m2.sum(), made.remainder_area_m2.sum()
    assert abs(inside + outside - made.double_m2[0] - area[0]) <= room.BALANCE * area[0]


def turned(points: np.ndarray, angle: float) -> np.ndarray:
    centre = np.array([105.1, 35.05])
    return (points - centre) @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) + centre


@settings(max_examples=60, deadline=None)
@given(st.floats(1e-7, 1e-4), st.floats(0, 1), st.floats(0, 3))
def test_patches_so_small_that_the_last_digit_shows_balance_as_well(size: float, place: float, turn: float) -> None:
    counties, patch = (
        shapely.transform(one, lambda points: turned(points, turn))
        for one in (COUNTIES, shapely.box(105.1 - size * place, 35.05, 105.1 + size * (1 - place), 35.05 + size))
    )
    made, area = cut(patch, counties=counties)
    assert len(made.unbalanced) == 0
    inside, outside = made.piece_area_m2.sum(), made.remainder_area_m2.sum()
    assert abs(inside + outside - made.double_m2[0] - area[0]) <= room.BALANCE * area[0]


def test_a_county_that_only_touches_gets_nothing() -> None:
    """Its corner lay on a side of the rectangle it was cut to: what the rectangle gave was not valid, and was used."""
    patch = shapely.Polygon([(110, -0.49997), (110.00002, -0.49997), (110.00002, -0.49996)])
    county = shapely.Polygon(
        [
            (110.00002, -0.49996),
            (110.0000195, -0.499959),
            (110, -0.49997),
            (110.0000195, -0.499939),
            (110.000021, -0.4999595),
            (110.000021, -0.499971),
        ]
    )
    assert shapely.relate(patch, county)[0] == "F"
    made, area = cut(patch, counties=np.array([county], object))
    assert made.piece_area_m2.sum() <= room.BALANCE * area[0]
    assert made.remainder_area_m2.sum() == pytest.approx(area[0], rel=1e-9)


def test_a_remainder_moved_back_from_zero_is_valid_and_stops_nothing() -> None:
    patch = shapely.Polygon([(180.00385165, 10.07971102), (180.00363758, 10.07992406), (180.00404363, 10.07973061)])
    counties = np.array(
        [
            shapely.Polygon(
                [
                    (180.0039966337869, 10.079640597463571),
                    (180.00359679984055, 10.079985990389133),
                    (179.98666978620793, 10.06615874692024),
                ]
            ),
            shapely.Polygon(
                [
                    (180.0039966337078, 10.079640597418043),
                    (180.0035967998348, 10.079985990487776),
                    (179.98645809107197, 10.095804089234196),
                ]
            ),
        ],
        object,
    )
    made, area = cut(patch, counties=counties)
    assert shapely.is_valid(made.remainder_geometry).all()
    inside, outside = made.piece_area_m2.sum(), made.remainder_area_m2.sum()
    assert abs(inside + outside - made.double_m2[0] - area[0]) <= room.BALANCE * area[0]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31))
def test_on_a_lattice_of_six_decimals_areas_are_those_of_whole_counties(seed: int) -> None:
    """Three counties over one another, all corners rounded as deliveries round them."""
    rng = np.random.default_rng(seed)
    corners = np.round(rng.uniform([113.2, 30.08], [113.25, 30.13], (3, 3, 2)), 6)
    counties = np.array([shapely.Polygon(one) for one in corners], object)
    middle = rng.choice(corners.reshape(-1, 2), 20) + rng.integers(-20, 20, (20, 2)) * 1e-6
    reach = rng.integers(1, 30, (20, 2)) * 1e-6
    patches = shapely.box(*np.round(np.hstack([middle - reach, middle + reach]), 6).T)
    patches = patches[shapely.is_valid(patches) & (shapely.area(patches) > 0)]
    made, area = cut(*patches, counties=counties[shapely.area(counties) > 0])
    ours = np.bincount(made.piece_patch, made.piece_area_m2, len(patches))
    whole = shapely.intersection(patches[:, None], counties[shapely.area(counties) > 0])
    theirs = area_m2(whole.ravel(), E).reshape(whole.shape).sum(axis=1)
    assert np.abs(ours - theirs) == pytest.approx(0, abs=1e-4 * area.max())
