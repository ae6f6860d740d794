"""Patches that claim the same ground: pairs that overlap by more than a tolerance, and patches of one outline.

Memory is flat (pairs come in batches of bounded size) and time is bounded: what lies in a heap of patches is listed
pair by pair up to `LISTED` pairs a patch, beyond that counted, and beyond `EXAMINED` pairs of boxes a patch on average
not examined, which the result says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from pipeline.geometry.area import Ellipsoid, area_m2
from pipeline.geometry.identity import SAME_M, first_of_same

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

TOLERANCE_M2 = 1.0
TOLERANCE_SHARE = 1e-6  # of the smaller patch
LISTED = 50  # pairs of one patch that are listed; the others are counted
EXAMINED = 50  # pairs of boxes a patch, on average over all patches …
EXAMINED_AT_LEAST = 1_000_000  # … and at least so many in all
_BATCH = 1_000_000  # pairs of boxes at once
_DEGREE_M = 111_700.0  # not less than any degree of latitude or longitude is long
_WEIGHTS = np.sqrt([2.0, 3.0, 5.0, 7.0])  # of a box's sides: boxes that differ have different sums


@dataclass(frozen=True)
class Overlaps:
    """Pairs of patches over the same ground, in order of (`left`, `right`), and how many others each patch meets."""

    left: Ints  # the earlier patch of a pair
    right: Ints
    area_m2: Floats  # of the ground both claim
    share: Floats  # of the smaller patch, 0 … 1
    place: Geometries  # a point on that ground
    others: Ints  # for every patch: how many others it overlaps; beyond `LISTED` with those not measured
    unexamined: int  # patches whose neighbours were not looked at, because there were too many pairs

    def heaped(self) -> Ints:
        """The patches that overlap more others than are listed."""
        return np.flatnonzero(self.others > LISTED)


def same_outline(geometries: Geometries) -> Ints:
    """For each patch the index of the first with the same outline, vertex by vertex within `SAME_M` (often itself).

    `geometries` are valid polygons or multipolygons in degrees.
    """
    first = np.arange(len(geometries))
    alike = _alike(geometries)
    first[alike] = alike[first_of_same(geometries[alike], [""] * len(alike))]
    return first


def _alike(geometries: Geometries) -> Ints:
    """Rows whose box nearly equals another's: two of the same outline are always among them."""
    box = shapely.bounds(geometries)
    poleward = np.cos(np.radians(np.minimum(np.abs(box[:, 1::2]).max(axis=1, initial=0.0), 89.0)))
    key = box @ _WEIGHTS
    reach = 2 * SAME_M / _DEGREE_M * _WEIGHTS.sum() / np.minimum(poleward, 1.0).min(initial=1.0)
    order = np.argsort(key, kind="stable")
    near = np.append(np.diff(key[order]) <= reach, False)[: len(order)]
    return np.sort(order[near | np.roll(near, 1)])


def overlaps(
    geometries: Geometries,
    patch_area_m2: Floats,
    ellipsoid: Ellipsoid,
    tolerance_m2: float = TOLERANCE_M2,
    tolerance_share: float = TOLERANCE_SHARE,
) -> Overlaps:
    """Pairs that overlap by more than `tolerance_m2` and by more than `tolerance_share` of the smaller.

    `geometries` are valid polygons or multipolygons in degrees, `patch_area_m2` their areas, square metres; patches of
    one outline should be there once (`same_outline`). A pair is listed while neither of its patches has `LISTED` pairs.
    """
    measure = _Measure(geometries, patch_area_m2, ellipsoid, tolerance_m2, tolerance_share)
    others = np.zeros(len(geometries), np.intp)
    found: list[tuple[Ints, Ints, Floats, Geometries]] = []
    unexamined = 0
    for left, right, left_out in _box_pairs(measure):
        unexamined += left_out
        meet = measure.interiors_meet(left, right)
        left, right = left[meet], right[meet]
        rank = _ranks(left, right, others)
        listed = rank < LISTED
        size, place = measure.common(left[listed], right[listed])
        over = size > measure.tolerance(left[listed], right[listed])
        found.append((left[listed][over], right[listed][over], size[over], place[over]))
        counted = np.concatenate([left[~listed], right[~listed], found[-1][0], found[-1][1]])
        np.add.at(others, counted, 1)
    lefts, rights, sizes, places = _joined(found)
    share = sizes / np.minimum(patch_area_m2[lefts], patch_area_m2[rights])
    return Overlaps(lefts, rights, sizes, share, places, others, unexamined)


def _times(rows: Ints) -> Ints:
    """For each entry, how often its row is named."""
    _, at, times = np.unique(rows, return_inverse=True, return_counts=True)
    return np.asarray(times[at], np.intp)


def _joined(found: list[tuple[Ints, Ints, Floats, Geometries]]) -> tuple[Ints, Ints, Floats, Geometries]:
    nothing = (np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0), np.zeros(0, object))
    left, right, size, place = (np.concatenate(one) for one in zip(nothing, *found, strict=True))
    return left, right, size, place


def _ranks(left: Ints, right: Ints, before: Ints) -> Ints:
    """For each pair, how many pairs that of its patches which has more of them has already: shape (pairs,)."""
    ends = np.stack([left, right], axis=1).ravel()
    order = np.argsort(ends, kind="stable")
    start = np.flatnonzero(np.append(True, np.diff(ends[order]) != 0)) if len(ends) else order
    nth = np.empty(len(ends), np.intp)
    nth[order] = np.arange(len(ends)) - np.repeat(start, np.diff(np.append(start, len(ends))))
    ranks: Ints = (nth + before[ends]).reshape(-1, 2).max(axis=1)
    return ranks


@dataclass(frozen=True)
class _Measure:
    """Patches, and what it takes for two of them to overlap."""

    geometries: Geometries
    area_m2: Floats
    ellipsoid: Ellipsoid
    tolerance_m2: float
    tolerance_share: float

    def tolerance(self, left: Ints, right: Ints) -> Floats:
        smaller = np.minimum(self.area_m2[left], self.area_m2[right])
        tolerance: Floats = np.maximum(self.tolerance_m2, self.tolerance_share * smaller)
        return tolerance

    def interiors_meet(self, left: Ints, right: Ints) -> Bools:
        """Whether two patches share more than a border; the one that more pairs have in common is prepared."""
        swap = _times(right) > _times(left)
        one, other = self.geometries[np.where(swap, right, left)], self.geometries[np.where(swap, left, right)]
        shapely.prepare(one)
        meet: Bools = shapely.intersects(one, other)
        meet[meet] = ~shapely.touches(one[meet], other[meet])
        shapely.destroy_prepared(one)
        return meet

    def common(self, left: Ints, right: Ints) -> tuple[Floats, Geometries]:
        """The ground both claim, square metres, and a point on it."""
        swap = self.area_m2[right] > self.area_m2[left]
        large, small = self.geometries[np.where(swap, right, left)], self.geometries[np.where(swap, left, right)]
        shapely.prepare(large)
        ground = small.copy()
        cut = ~shapely.contains_properly(large, small)
        ground[cut] = shapely.intersection(large[cut], small[cut])
        shapely.destroy_prepared(large)
        return area_m2(ground, self.ellipsoid), shapely.point_on_surface(ground)


def _box_pairs(measure: _Measure) -> Iterator[tuple[Ints, Ints, int]]:
    """Pairs whose boxes have more ground in common than the tolerance, and how many patches are not examined.

    In order of the earlier patch; in batches, so that no query answers with more than `_BATCH` pairs or one patch's.
    """
    box = shapely.bounds(measure.geometries)
    tree = shapely.STRtree(measure.geometries)
    left_over = max(EXAMINED_AT_LEAST, EXAMINED * len(box))
    for begin, end in _batches(box):
        query, right = tree.query(measure.geometries[begin:end])
        left = query + begin
        left_over -= len(left)
        later = left < right
        left, right = left[later], right[later]
        enough = _box_area_m2(box[left], box[right]) > measure.tolerance(left, right)
        order = np.lexsort((right[enough], left[enough]))
        ended = left_over < 0 and end < len(box)
        yield left[enough][order], right[enough][order], len(box) - end if ended else 0
        if ended:
            return


def _batches(box: Floats) -> Iterator[tuple[int, int]]:
    """Ranges of rows of which together at most `_BATCH` pairs of boxes can touch: those of one row at the least."""
    reach = np.minimum(_within_slab(box[:, 0], box[:, 2]), _within_slab(box[:, 1], box[:, 3]))
    total = np.cumsum(reach)
    begin = 0
    while begin < len(box):
        done = total[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(total, done + _BATCH, side="right")))
        yield begin, end
        begin = end


def _within_slab(low: Floats, high: Floats) -> Ints:
    """How many intervals each interval meets, itself included."""
    begun = np.searchsorted(np.sort(low), high, side="right")
    over = np.searchsorted(np.sort(high), low, side="left")
    return np.asarray(begun - over, np.intp)


def _box_area_m2(one: Floats, other: Floats) -> Floats:
    """The ground that two boxes have in common, at most; square metres."""
    side = np.minimum(one[:, 2:], other[:, 2:]) - np.maximum(one[:, :2], other[:, :2])
    lowest = np.minimum(np.abs(one[:, [1, 3]]).min(axis=1), np.abs(other[:, [1, 3]]).min(axis=1))
    across = np.where(one[:, 1] * one[:, 3] <= 0, 1.0, np.cos(np.radians(lowest)))
    area: Floats = side[:, 0] * side[:, 1] * across * _DEGREE_M**2
    return area
