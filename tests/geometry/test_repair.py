"""Repairs that nobody could dispute are made; the others are left for a person."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from pipeline.geometry.area import Ellipsoid, area_m2
from pipeline.geometry.repair import areal, crossings, repaired

E = Ellipsoid()
BOW_TIE = shapely.Polygon([(105, 35), (105.01, 35.01), (105.01, 35), (105, 35.01)])
SPIKE = shapely.Polygon(
    [(105, 35), (105.01, 35), (105.01, 35.01), (105.005, 35.01), (105.005, 35.02), (105.005, 35.01), (105, 35.01)]
)
TOUCHING = shapely.Polygon([(0, 0), (4, 0), (4, 4), (2, 4), (2, 2), (1, 2), (2, 4), (0, 4)])


def test_a_bow_tie_is_left_for_a_person() -> None:
    geometry, repairs = repaired(np.array([BOW_TIE], object), E)
    assert geometry[0] is BOW_TIE
    assert not repairs[0].agreed
    assert repairs[0].outline_m2 == pytest.approx(0, abs=1e-6)
    assert repairs[0].linework_m2 > 400_000


@pytest.mark.parametrize("broken", [SPIKE, TOUCHING])
def test_undisputed_repairs(broken: shapely.Polygon) -> None:
    geometry, repairs = repaired(np.array([broken], object), E)
    assert repairs[0].agreed
    assert geometry[0].is_valid
    assert area_m2(geometry, E)[0] == pytest.approx(repairs[0].structure_m2)


def test_parts_that_overlap_are_left_for_a_person() -> None:
    twice = shapely.MultiPolygon([shapely.box(0, 0, 2, 2), shapely.box(1, 1, 3, 3)])
    _, repairs = repaired(np.array([twice], object), E)
    assert not repairs[0].agreed


def test_valid_ones_are_the_same_objects() -> None:
    box = np.array([shapely.box(0, 0, 1, 1)], object)
    geometry, repairs = repaired(box, E)
    assert geometry is box
    assert repairs == []


def test_only_polygons_remain() -> None:
    mixed = shapely.GeometryCollection(
        [shapely.box(0, 0, 1, 1), shapely.LineString([(0, 0), (5, 5)]), shapely.Point(3, 3)]
    )
    nested = shapely.GeometryCollection([mixed, shapely.box(4, 4, 5, 5)])
    got = areal(np.array([mixed, nested, shapely.Point(0, 0)], object))
    assert [one.geom_type for one in got] == ["Polygon", "MultiPolygon", "Polygon"]
    assert [one.area for one in got] == [1, 2, 0]


def comb(teeth: int) -> shapely.Polygon:
    """Two combs of teeth across one another: teeth² crossings times four."""
    steps = np.arange(teeth)
    low = np.column_stack([np.repeat(steps, 2) + np.tile([0.0, 0.5], teeth), np.tile([0.0, teeth], teeth)])
    ring = np.concatenate([low, [(teeth, -1), (0, -1)]])
    return shapely.Polygon(np.concatenate([ring, ring[:, ::-1]]) * 1e-4 + [105, 34])


def test_an_outline_crossed_thousands_of_times_is_not_read() -> None:
    whole, (one,) = repaired(np.array([comb(400)], object), E)
    assert one.tangled
    assert not one.agreed
    assert shapely.get_num_coordinates(whole[0]) == 4 * 400 + 5
    assert not repaired(np.array([comb(8)], object), E)[1][0].tangled


def test_crossings_are_counted() -> None:
    assert crossings(comb(10)) == pytest.approx(399)
    assert crossings(shapely.box(0, 0, 1, 1)) == 0


def test_an_outline_that_runs_to_and_fro_on_one_line_is_not_read() -> None:
    """Nothing crosses there, and yet every edge would be cut at every other's ends."""
    east = np.random.default_rng(1).random(300)
    ring = np.concatenate([np.column_stack([east, np.zeros(300)]), [(0, 1), (1, 1)]])
    assert repaired(np.array([shapely.Polygon(ring * 1e-3 + [105, 34])], object), E)[1][0].tangled


def test_all_tangles_together_have_a_limit_that_order_does_not_move() -> None:
    shapes = np.array([comb(7)] * 6 + [comb(5)] * 6 + [BOW_TIE] * 6, object)
    tight = 6 * crossings(comb(5)) + 3 * crossings(comb(7))
    for order in (np.arange(18), np.arange(18)[::-1], np.random.default_rng(2).permutation(18)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("pipeline.geometry.repair.ALL_CROSSINGS", tight)
            _, repairs = repaired(shapes[order], E)
        assert {int(order[one.row]) for one in repairs if one.tangled} == set(range(6))


def test_what_can_be_read_in_a_disputed_outline_comes_with_it() -> None:
    _, (one,) = repaired(np.array([BOW_TIE], object), E)
    readings = area_m2(np.array([one.structure, one.linework], object), E)
    assert readings.tolist() == [one.structure_m2, one.linework_m2]
