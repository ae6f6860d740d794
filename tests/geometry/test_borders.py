"""Gaps and overlaps between counties: found where they are, of the size they have, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.geometry.area import Ellipsoid, area_m2
from pipeline.geometry.borders import GAP, OVERLAP, THIN, disagreements

E = Ellipsoid()


def box(west: float, east: float, south: float = 35.0, north: float = 35.1) -> shapely.Polygon:
    return shapely.box(west, south, east, north)


def found(*counties: shapely.Geometry, width_m: float = 1.0) -> list[tuple[str, int, int, float]]:
    made = disagreements(np.array(counties, object), E, width_m)
    return [(one.kind, one.county, one.other, one.area_m2) for one in made.found]


def square_m2(shape: shapely.Geometry) -> float:
    return float(area_m2(np.array([shape], object), E)[0])


def test_counties_that_fit_say_nothing() -> None:
    assert (
        found(box(105, 105.1), box(105.1, 105.2), box(105, 105.2, 35.1, 35.2).union(box(105.05, 105.1, 35.1, 35.2)))
        == []
    )


@settings(max_examples=30, deadline=None)
@given(st.floats(1e-6, 5e-3))
def test_an_overlap_has_the_area_it_has(width_deg: float) -> None:
    (one,) = found(box(105, 105.1 + width_deg), box(105.1, 105.2), width_m=0)
    assert one[:3] == (OVERLAP, 0, 1)
    assert one[3] == pytest.approx(square_m2(box(105.1, 105.1 + width_deg)), rel=1e-6)


def test_a_gap_between_two_closed_by_a_third_belongs_to_the_first_two() -> None:
    ring = box(104.9, 105.3, 34.9, 35.2).difference(box(105, 105.2))
    (one,) = found(box(105, 105.1), box(105.10002, 105.2), ring)
    assert one[:3] == (GAP, 0, 1)
    assert one[3] == pytest.approx(square_m2(box(105.1, 105.10002)), rel=1e-6)


def test_what_is_thinner_than_a_metre_is_a_sliver() -> None:
    assert [one[0] for one in found(box(105, 105.100001), box(105.1, 105.2))] == [THIN[OVERLAP]]


def test_a_hole_is_a_gap_unless_an_enclave_fills_it() -> None:
    ring = box(105, 105.2).difference(box(105.05, 105.1, 35.02, 35.05))
    assert [one[:3] for one in found(ring)] == [(GAP, 0, -1)]
    assert found(ring, box(105.05, 105.1, 35.02, 35.05)) == []


def test_a_lonely_vertex_on_a_shared_border_is_no_ground() -> None:
    left = shapely.Polygon([(105, 35), (105.1, 35), (105.1, 35.03), (105.1, 35.1), (105, 35.1)])
    made = disagreements(np.array([left, box(105.1, 105.2)], object), E, 1.0)
    assert made.found == []
    assert made.pairs == 1
