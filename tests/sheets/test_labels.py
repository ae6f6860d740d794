from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sheets.box import Box
from pipeline.sheets.clusters import covered_m2, halves, letters, neighbourhoods
from pipeline.sheets.labels import Occupancy, Placed, anchors, inside, main_ring, place, ring_box

WIDE, HIGH = 100.0, 80.0
shapes = st.lists(st.tuples(st.floats(0, 95), st.floats(0, 75), st.floats(0.2, 5), st.floats(0.2, 5)), max_size=60)


def placed_all(boxes: list[tuple[float, float, float, float]]) -> tuple[list[Box], list[Placed]]:
    taken = Occupancy(WIDE, HIGH)
    made = [Box(*one) for one in boxes]
    taken.take_shapes([np.array(one.corners) for one in made])
    found = [place(taken, [one], one.centre, 4.0, 1.6) for one in made]
    return made, [one for one in found if one is not None]


@given(shapes)
def test_numbers_meet_neither_each_other_nor_a_piece_nor_the_edge(boxes: list[tuple[float, ...]]) -> None:
    made, placed = placed_all(boxes)  # type: ignore[arg-type]
    assert all(Box(0, 0, WIDE, HIGH).contains(one.box) for one in placed)
    assert not any(a.box.overlaps(b.box) for a, b in combinations(placed, 2))
    assert not any(one.box.inset(0.25).overlaps(shape.inset(0.25)) for one in placed for shape in made)


def test_a_number_far_away_has_a_leader_to_its_piece() -> None:
    taken = Occupancy(WIDE, HIGH)
    shape = Box(50, 40, 1, 1)
    taken.take_shapes([np.array(shape.inset(-3).corners)])
    found = place(taken, [shape], shape.centre, 4.0, 1.6)
    assert found is not None
    assert found.leader[1] == shape.centre
    assert place(taken, [shape], shape.centre, 4.0, 1.6, far=False) is None


def test_no_room_is_no_label() -> None:
    taken = Occupancy(10, 10)
    taken.take(Box(0, 0, 10, 10))
    assert place(taken, [Box(5, 5, 1, 1)], (5.5, 5.5), 4, 2) is None
    assert inside(taken, (5, 5), 2, 1) is None


def test_a_number_inside_hides_no_outline() -> None:
    taken = Occupancy(WIDE, HIGH)
    ring = np.array([(10, 10), (20, 10), (20, 20), (10, 20), (10, 10)], dtype=float)
    taken.take_shapes([ring], filled=False)
    assert inside(taken, (15, 15), 4, 2) is not None
    assert inside(taken, (11, 15), 4, 2) is None


def test_anchors_of_a_large_outline_lie_on_it_and_in_the_frame() -> None:
    turn = np.linspace(0, 2 * np.pi, 200)
    ring = np.column_stack((30 * np.cos(turn), 30 * np.sin(turn)))
    shape = ring_box(ring).common(Box(0, 0, WIDE, HIGH))
    found = anchors(ring, shape)
    assert all(abs(np.hypot(*one.centre) - 30) < 1e-6 and shape.contains(one) for one in found)
    assert anchors(ring / 20, ring_box(ring / 20)) == [ring_box(ring / 20)]
    assert main_ring((ring / 20, ring)) is ring


@given(st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 1000)), min_size=1, max_size=40), st.floats(1, 200))
def test_neighbourhoods_part_the_pieces_where_gaps_are_wide(places: list[tuple[float, float]], reach: float) -> None:
    points = np.array(places)
    bounds = np.column_stack((points, points + 1))
    groups = neighbourhoods(bounds, reach)
    assert sorted(np.concatenate(groups).tolist()) == list(range(len(places)))
    for a, b in combinations(groups, 2):
        gaps = np.hypot(*np.maximum(np.abs(points[a][:, None] - points[b][None]) - 1, 0).transpose(2, 0, 1))
        assert gaps.min() > reach - 1e-9


def test_a_chain_hangs_together_end_to_end() -> None:
    xs = np.arange(200.0)[::-1] * 10
    bounds = np.column_stack((xs, xs * 0, xs + 1, xs * 0 + 1))
    assert len(neighbourhoods(bounds, 9.5)) == 1
    assert len(neighbourhoods(bounds, 8.5)) == 200
    assert covered_m2(bounds, [np.arange(200)]) == pytest.approx(1991)


@given(st.integers(1, 300), st.integers(1, 50))
def test_halves_share_out_every_piece_once(count: int, most: int) -> None:
    points = np.random.default_rng(count).uniform(0, 100, (count, 2))
    parts = list(halves(points, np.arange(count), most))
    assert sorted(np.concatenate(parts).tolist()) == list(range(count))
    assert max(map(len, parts)) <= most


def test_letters_go_on_after_z() -> None:
    assert [letters(one) for one in (0, 25, 26, 51, 52, 701, 702)] == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]
