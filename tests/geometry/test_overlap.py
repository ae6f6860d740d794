"""Patches that claim the same ground: every pair found whatever the order, heaps bounded and counted."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest
import shapely
import shapely.affinity
from hypothesis import given
from hypothesis import strategies as st

from pipeline.geometry import overlap
from pipeline.geometry.area import Ellipsoid, area_m2
from pipeline.geometry.overlap import LISTED, Overlaps, overlaps, same_outline

GRS80 = Ellipsoid()
METRE = 1 / 111_000  # a degree, about
Geometries = npt.NDArray[np.object_]


def found(patches: Geometries, **tolerance: float) -> Overlaps:
    return overlaps(patches, area_m2(patches, GRS80), GRS80, **tolerance)


def pairs(result: Overlaps) -> set[tuple[int, int]]:
    return set(zip(result.left.tolist(), result.right.tolist(), strict=True))


def squares(corners: list[tuple[float, float]], side_m: float = 100) -> Geometries:
    x, y = np.array(corners, float).reshape(-1, 2).T * METRE
    return np.asarray(shapely.box(105 + x, 30 + y, 105 + x + side_m * METRE, 30 + y + side_m * METRE), object)


rectangles = st.lists(st.tuples(*[st.integers(0, 8)] * 2, *[st.integers(1, 4)] * 2), min_size=1, max_size=12)


def boxes(rows: list[tuple[int, int, int, int]]) -> Geometries:
    x, y, width, height = np.array(rows).T * 10 * METRE
    return np.asarray(shapely.box(105 + x, 30 + y, 105 + x + width, 30 + y + height), object)


@given(rectangles)
def test_every_pair_is_found_and_measured(rows: list[tuple[int, int, int, int]]) -> None:
    patches = boxes(rows)
    result = found(patches)
    common = {
        (one, other): area_m2(np.array([shapely.intersection(patches[one], patches[other])]), GRS80)[0]
        for one, other in itertools.combinations(range(len(patches)), 2)
    }
    assert pairs(result) == {pair for pair, size in common.items() if size > 1}
    for one, other, size, place in zip(result.left, result.right, result.area_m2, result.place, strict=True):
        assert size == pytest.approx(common[int(one), int(other)], rel=1e-9)
        assert shapely.intersects(place, patches[one])
        assert shapely.intersects(place, patches[other])
    assert result.others.sum() == 2 * len(result.left)


@given(rectangles, st.randoms(use_true_random=False))
def test_the_order_of_patches_does_not_matter(rows: list[tuple[int, int, int, int]], chance) -> None:
    order = list(range(len(rows)))
    chance.shuffle(order)
    straight = {frozenset(one) for one in pairs(found(boxes(rows)))}
    turned = {frozenset((order[one], order[two])) for one, two in pairs(found(boxes([rows[at] for at in order])))}
    assert straight == turned


@given(rectangles, st.integers(1, 5))
def test_batches_change_nothing(rows: list[tuple[int, int, int, int]], size: int) -> None:
    whole = found(boxes(rows))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(overlap, "_BATCH", size)
        parts = found(boxes(rows))
    assert pairs(whole) == pairs(parts)
    assert (whole.others == parts.others).all()


def test_a_common_border_is_no_overlap_and_a_metre_is_tolerated() -> None:
    touching = squares([(0, 0), (100, 0), (0, 100)])
    assert pairs(found(touching)) == set()
    assert pairs(found(squares([(0, 0), (99.995, 0)]))) == set()  # half a square metre
    assert pairs(found(squares([(0, 0), (99.9, 0)]))) == {(0, 1)}
    assert pairs(found(squares([(0, 0), (99.9, 0)]), tolerance_m2=1000)) == set()


def test_the_tolerance_grows_with_the_smaller_patch() -> None:
    large = squares([(0, 0), (99_999, 0)], side_m=100_000)  # a strip a metre wide: a hundred thousandth
    assert pairs(found(large, tolerance_share=1e-4)) == set()
    assert pairs(found(large)) == {(0, 1)}


def test_inside_another_and_multipart() -> None:
    outer = squares([(0, 0)], 1000)[0]
    ring = outer.difference(squares([(200, 200)], 600)[0])
    inner, in_hole = squares([(20, 20)], 50)[0], squares([(300, 300)], 50)[0]
    both = shapely.MultiPolygon([in_hole, squares([(950, 950)], 100)[0]])
    result = found(np.array([ring, inner, in_hole, both], object))
    assert pairs(result) == {(0, 1), (0, 3), (2, 3)}
    assert result.share.tolist() == pytest.approx([1.0, 0.2, 1.0], abs=1e-3)


def test_one_patch_over_very_many_is_counted_and_listed_to_the_cap() -> None:
    side = 150
    small = squares([(x * 20, y * 20) for x in range(side) for y in range(side)], 10)
    cover = shapely.buffer(shapely.Point(105 + 1500 * METRE, 30 + 1500 * METRE), 5000 * METRE, quad_segs=2000)
    for patches in (np.append(small, cover), np.append(cover, small)):
        result = found(patches)
        assert len(result.left) == LISTED
        assert result.heaped().tolist() == [int(np.argmax(area_m2(patches, GRS80)))]
        assert result.others.max() == side * side
        assert result.unexamined == 0


def test_a_heap_ends_by_count_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    heap = squares([(0.01 * at, 0) for at in range(400)])
    whole = found(heap)
    assert set(whole.others.tolist()) == {399}
    assert len(whole.left) == LISTED * (LISTED + 1) // 2
    monkeypatch.setattr(overlap, "EXAMINED_AT_LEAST", 1000)
    monkeypatch.setattr(overlap, "EXAMINED", 0)
    monkeypatch.setattr(overlap, "_BATCH", 1000)
    cut = found(heap)
    assert 390 < cut.unexamined < 400
    assert pairs(cut) <= pairs(whole)


def test_nothing_overlaps_nothing() -> None:
    assert len(found(np.zeros(0, object)).left) == 0
    assert len(same_outline(np.zeros(0, object))) == 0


@given(rectangles, st.integers(0, 50))
def test_same_outline_names_the_first(rows: list[tuple[int, int, int, int]], turn: int) -> None:
    patches = boxes(rows)
    again = np.array([shapely.affinity.translate(one, 0.3e-3 * METRE, 0) for one in patches], object)  # 0.3 mm
    turned = shapely.normalize(again) if turn % 2 else again
    first = same_outline(np.concatenate([patches, turned]))
    expected = [rows.index(one) for one in rows]
    assert first.tolist() == expected * 2


def test_a_centimetre_is_another_outline() -> None:
    assert same_outline(squares([(0, 0), (0.01, 0), (0, 0.01)])).tolist() == [0, 1, 2]


def test_many_of_one_outline_and_a_grid_of_equal_squares() -> None:
    same = np.repeat(squares([(0, 0)]), 1000)
    grid = squares([(x * 100, y * 100) for x in range(50) for y in range(50)])
    first = same_outline(np.concatenate([same, grid[1:]]))
    assert first[:1000].tolist() == [0] * 1000
    assert (first[1000:] == np.arange(1000, len(first))).all()
