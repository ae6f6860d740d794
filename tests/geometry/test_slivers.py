"""Slivers and whole patches: ground changes hands, none is lost."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.geometry.area import Ellipsoid, area_m2
from pipeline.geometry.clip import Clip, clip
from pipeline.geometry.ground import ground_of
from pipeline.geometry.slivers import assigned, merged, slivers, width_m

E = Ellipsoid()
COUNTIES = np.array([shapely.box(105 + at * 0.1, 35, 105.1 + at * 0.1, 35.1) for at in range(2)], object)
METRE = 1 / 91_287  # degrees of longitude at 35° north


def cut(*patches: shapely.Geometry) -> tuple[Clip, np.ndarray, np.ndarray]:
    shapes = np.array(patches, object)
    area = area_m2(shapes, E)
    return clip(shapes, area, ground_of(COUNTIES, len(shapes)), E), shapes, area


def across(inside_m: float, beyond_m: float, south: float = 35.05) -> shapely.Polygon:
    return shapely.box(105.1 - inside_m * METRE, south, 105.1 + beyond_m * METRE, south + 0.001)


@pytest.mark.parametrize("width", [0.5, 2.0, 30.0])
def test_the_width_of_a_strip_is_its_width(width: float) -> None:
    strip = np.array([shapely.box(105, 35, 105 + width * METRE, 35.05)], object)
    assert width_m(strip, area_m2(strip, E), E)[0] == pytest.approx(width, rel=0.01)


def test_small_and_thin_makes_a_sliver_and_one_alone_does_not() -> None:
    made, _, _ = cut(across(100, 0.5), across(100, 5), across(0.3, 0.5))
    thin = slivers(made, 100.0, 1.0, E)
    pairs = set(zip(made.piece_patch[thin].tolist(), made.piece_county[thin].tolist(), strict=True))
    assert pairs == {(0, 1), (2, 0)}  # thin but the largest of its patch: stays


def test_merged_slivers_leave_their_patch_whole() -> None:
    made, shapes, area = cut(across(100, 0.5), across(100, 50))
    one = merged(made, slivers(made, 100.0, 1.0, E), shapes, area)
    assert list(zip(one.piece_patch.tolist(), one.piece_county.tolist(), strict=True)) == [(0, 0), (1, 0), (1, 1)]
    assert one.piece_geometry[0] is shapes[0]
    assert one.piece_whole.tolist() == [True, False, False]
    assert one.piece_area_m2[0] == area[0]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 20000), st.floats(0.01, 20000)), min_size=1, max_size=6), st.floats(0.1, 500))
def test_ground_changes_hands_and_none_is_lost(sides: list[tuple[float, float]], width: float) -> None:
    made, shapes, area = cut(*(across(*one) for one in sides))
    one = merged(made, slivers(made, 1e9, width, E), shapes, area)
    for now in (made, one):
        inside = np.bincount(now.piece_patch, now.piece_area_m2, len(area))
        outside = np.bincount(now.remainder_patch, now.remainder_area_m2, len(area))
        assert np.abs(inside + outside - area).max() <= 1e-9 * area.max()


def test_assigned_patches_are_whole_and_somewhere() -> None:
    made, shapes, area = cut(across(100, 50), across(100, 12_000), shapely.box(106, 35, 106.1, 35.1))
    largest = assigned(made, np.full(3, -1), shapes, area)
    assert largest.piece_county.tolist() == [0, 1]
    assert [a is b for a, b in zip(largest.piece_geometry, shapes[:2], strict=True)] == [True, True]
    assert largest.remainder_patch.tolist() == [2]
    delivered = assigned(made, np.array([1, 1, 1]), shapes, area)
    assert delivered.piece_county.tolist() == [1, 1]
    assert delivered.piece_area_m2.tolist() == area[:2].tolist()
