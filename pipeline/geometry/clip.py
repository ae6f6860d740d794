"""Patches cut at county borders, with an account of every square metre.

What lies inside one county passes untouched; the rest is cut on a rectangle of the county first, then on the border
itself. Each patch must balance: its area = pieces + outside − what several counties claim. One that does not is cut
again by a second road (the whole county, coordinates near zero, a fine grid), and if that fails too it is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from pipeline.geometry.area import Ellipsoid, area_m2
from pipeline.geometry.ground import Ground, sure
from pipeline.geometry.lookup import UNDECIDED
from pipeline.geometry.repair import areal

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

BALANCE = 1e-9  # of the patch's area
ROUNDING = 2e-10  # of the area: less is what rounding in the cut leaves behind, and not ground
_LAST_DIGIT_DEG = 5.7e-14  # a few last digits of a coordinate, some 6 nm
_SQUARE_DEGREE_M2 = 1.24e10  # of ground, at most
WORTH_PREPARING = 20  # patches by a county: it takes as long to prepare as to cut it to so many boxes
_NO_COMMON_GROUND = "F********"  # DE-9IM: exact, and in a third of the time of an intersection
_MARGIN = 1.0123456789e-6  # degrees round a patch's box when a county is cut to it


@dataclass(frozen=True)
class Clip:
    """Pieces and remainders as indices into the input, sorted by patch, then county."""

    piece_patch: Ints
    piece_county: Ints
    piece_geometry: Geometries
    piece_area_m2: Floats
    piece_whole: npt.NDArray[np.bool_]  # the piece is its patch, untouched
    remainder_patch: Ints
    remainder_geometry: Geometries
    remainder_area_m2: Floats
    double_m2: Floats  # per patch: sum of its pieces − area of their union
    unbalanced: Ints  # patches that no road balanced


def clip(patches: Geometries, patch_area_m2: Floats, ground: Ground, ellipsoid: Ellipsoid) -> Clip:
    """Cut valid patches (degrees) by valid counties.

    Args:
        patches: polygons or multipolygons, shape (n,).
        patch_area_m2: their areas as `area_m2` gives them, shape (n,).
        ground: the counties, m polygons or multipolygons; they may overlap and leave gaps.
        ellipsoid: of the CRS.
    """
    patch, county, geometry, whole = _pieces(patches, ground)
    area = np.where(whole, patch_area_m2[patch], 0.0)
    area[~whole] = area_m2(geometry[~whole], ellipsoid)
    real = area > 0
    found = _Pieces(patch[real], county[real], geometry[real], area[real], whole[real])
    return _account(patches, patch_area_m2, ground, ellipsoid, found)


@dataclass(frozen=True)
class _Road:
    """A way to cut: with the patch's first corner at zero, on a grid."""

    near_zero: bool = False
    grid_deg: float | None = None


_GRIDS = (1e-11, 1e-10)  # degrees, about 1 and 10 micrometres
_STRAIGHT = _Road()
_ROADS = (_STRAIGHT, _Road(near_zero=True), *(_Road(grid_deg=grid) for grid in _GRIDS))


@dataclass(frozen=True)
class _Pieces:
    patch: Ints
    county: Ints
    geometry: Geometries
    area: Floats
    whole: npt.NDArray[np.bool_]


_NOTHING = _Pieces(np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0, object), np.zeros(0), np.zeros(0, bool))


def _pieces(patches: Geometries, ground: Ground) -> tuple[Ints, Ints, Geometries, npt.NDArray[np.bool_]]:
    """Patch, county and ground of each piece, and whether it is the whole patch; sorted by patch, then county."""
    boxes = shapely.bounds(patches)
    holder = sure(ground, boxes)
    known, open_ = np.flatnonzero(holder != UNDECIDED), np.flatnonzero(holder == UNDECIDED)
    pair, county = ground.tree.query(shapely.box(*boxes[open_].T))
    patch, county, geometry, whole = _met(patches, ground, open_[pair], county)
    patch, county = np.concatenate([known, patch]), np.concatenate([holder[known], county])
    geometry = np.concatenate([patches[known], geometry])
    whole = np.concatenate([np.ones(len(known), bool), whole])
    order = np.lexsort((county, patch))
    return patch[order], county[order], geometry[order], whole[order]


def _met(
    patches: Geometries, ground: Ground, patch: Ints, county: Ints
) -> tuple[Ints, Ints, Geometries, npt.NDArray[np.bool_]]:
    """What is left of pairs whose boxes meet, and of it what is the whole patch.

    A county with many of them answers for itself. To the others' boxes the county is cut first: that is most of the
    work, and often the answer (nothing of the county, or nothing else).
    """
    whole, apart = _by_county(patches, ground.counties, patch, county)
    patch, county, whole = patch[~apart], county[~apart], whole[~apart]
    rest = np.flatnonzero(~whole)
    boxes = shapely.bounds(patches[patch[rest]]) + (-_MARGIN, -_MARGIN, _MARGIN, _MARGIN)
    near = np.empty(len(patch), object)
    near[rest] = _parts_in(ground.counties[county[rest]], boxes)
    whole[rest] = _is_box(near[rest], boxes)
    there = ~shapely.is_empty(near)
    patch, county, near, whole = patch[there], county[there], near[there], whole[there]
    rest = np.flatnonzero(~whole)
    whole[rest] = _within(near[rest], patches[patch[rest]])
    border = np.flatnonzero(~whole)
    geometry = patches[patch]
    geometry[border] = areal(_cut(patches[patch[border]], near[border], ground.counties[county[border]]))
    return patch, county, geometry, whole


def _by_county(
    patches: Geometries, counties: Geometries, patch: Ints, county: Ints
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which pairs are a patch inside its county, and which have nothing in common, as far as preparing paid."""
    whole, apart = np.zeros(len(patch), bool), np.zeros(len(patch), bool)
    order = np.argsort(county, kind="stable")
    starts = np.searchsorted(county[order], np.arange(len(counties) + 1))
    for at in np.flatnonzero(np.diff(starts) >= WORTH_PREPARING).tolist():
        rows = order[starts[at] : starts[at + 1]]
        shapely.prepare(counties[at])
        whole[rows] = shapely.contains_properly(counties[at], patches[patch[rows]])
        open_ = rows[~whole[rows]]
        apart[open_] = ~shapely.intersects(counties[at], patches[patch[open_]])
        shapely.destroy_prepared(counties[at])
    return whole, apart


def _parts_in(counties: Geometries, boxes: Floats) -> Geometries:
    """Each county's part in a box; empty where there is none, and not always valid."""
    pairs = zip(counties, boxes.tolist(), strict=True)
    made = np.array([_part_in(county, box) for county, box in pairs] + [None], object)[:-1]
    wrong = ~shapely.is_valid(made)
    made[wrong] = counties[wrong]
    return made


def _part_in(county: shapely.Geometry, box: list[float]) -> shapely.Geometry:
    try:
        return shapely.clip_by_rect(county, *box)
    except shapely.GEOSException:
        return county


def _is_box(near: Geometries, boxes: Floats) -> npt.NDArray[np.bool_]:
    """Whether a county cut to a box is the whole box."""
    made: npt.NDArray[np.bool_] = (shapely.get_num_coordinates(near) == 5) & (shapely.get_type_id(near) == 3)
    corners = shapely.get_coordinates(near[made]).reshape(-1, 5, 2)
    sides = boxes[made].reshape(-1, 2, 1, 2)
    at_corner = ((corners == sides[:, 0]) | (corners == sides[:, 1])).all(axis=(1, 2))
    made[made] = at_corner & (shapely.area(near[made]) > 0)
    return made


def _within(near: Geometries, patches: Geometries) -> npt.NDArray[np.bool_]:
    try:
        shapely.prepare(near)
        inside: npt.NDArray[np.bool_] = shapely.contains_properly(near, patches)
    except shapely.GEOSException:  # a rectangle can leave a degenerate edge: then it is cut, which proves as much
        return np.zeros(len(near), bool)
    return inside


def _cut(patches: Geometries, near: Geometries, counties: Geometries) -> Geometries:
    """The intersections of patches with their counties' parts round them, or with the whole county if that fails."""
    try:
        made: Geometries = shapely.intersection(patches, near)
    except shapely.GEOSException:
        made = np.array([_cut_one(*one) for one in zip(patches, near, counties, strict=True)], object)
    return made


def _cut_one(patch: shapely.Geometry, near: shapely.Geometry, county: shapely.Geometry) -> shapely.Geometry:
    try:
        return shapely.intersection(patch, near)
    except shapely.GEOSException:
        return shapely.intersection(patch, county)


def _sure(found: _Pieces, count: int) -> npt.NDArray[np.bool_]:
    """Patches that lie inside one county and touch no other: nothing is left to prove."""
    pieces = np.bincount(found.patch, minlength=count)
    inside = np.bincount(found.patch[found.whole], minlength=count)
    made: npt.NDArray[np.bool_] = (pieces == 1) & (inside == 1)
    return made


def _complete(found: _Pieces, patches: Geometries, area: Floats) -> npt.NDArray[np.bool_]:
    """Patches whose pieces have their whole area and do not overlap: every piece lies in its patch, so nothing is
    outside and nothing is claimed twice."""
    total = np.bincount(found.patch, found.area, len(patches))
    full = np.abs(total - area) <= ROUNDING * area
    for step in range(1, int(np.bincount(found.patch).max(initial=0))):
        left = np.flatnonzero(found.patch[:-step] == found.patch[step:])
        left = left[full[found.patch[left]]]
        try:
            met = ~shapely.relate_pattern(found.geometry[left], found.geometry[left + step], _NO_COMMON_GROUND)
            common = shapely.intersection(found.geometry[left[met]], found.geometry[left[met] + step])
        except shapely.GEOSException:  # the road patch by patch will find which
            return np.zeros(len(patches), bool)
        owner = found.patch[left[met]]
        full[owner[shapely.area(common) > ROUNDING * shapely.area(patches[owner])]] = False
    return full


def _account(patches: Geometries, area: Floats, ground: Ground, ellipsoid: Ellipsoid, found: _Pieces) -> Clip:
    open_ = np.flatnonzero(~(_sure(found, len(patches)) | _complete(found, patches, area)))
    books = dict(zip(open_.tolist(), _balances(patches, area, open_, found, ellipsoid), strict=True))
    again = {patch for patch, book in books.items() if book is None} | _overlooked(books, patches, ground)
    fixed: dict[int, _Pieces] = {}
    for patch in sorted(again):
        fixed[patch], books[patch] = _second_road(patches[patch], area[patch], patch, ground, ellipsoid)
    double = np.zeros(len(patches))
    kept = {patch: book for patch, book in books.items() if book is not None}
    double[list(kept)] = [book.double_m2 for book in kept.values()]
    left = [patch for patch, book in kept.items() if book.rest_m2 > 0]
    pieces = _replaced(found, fixed)
    _settle(pieces, {patch: book.residue_m2 for patch, book in kept.items() if book.residue_m2})
    return Clip(
        pieces.patch,
        pieces.county,
        pieces.geometry,
        pieces.area,
        pieces.whole,
        np.array(left, np.intp),
        np.array([kept[patch].rest for patch in left] + [None], object)[:-1],
        np.array([kept[patch].rest_m2 for patch in left], float),
        double,
        np.array([patch for patch, book in books.items() if book is None], np.intp),
    )


@dataclass(frozen=True)
class _Book:
    """What of one patch lies in no county, how much ground several claim, and what the last digit of coordinates left
    of a patch so small that it shows."""

    rest: shapely.Geometry
    rest_m2: float
    double_m2: float
    residue_m2: float = 0.0


def _settle(pieces: _Pieces, residues: dict[int, float]) -> None:
    """Residues go to the largest pieces."""
    for patch, residue in residues.items():
        mine = np.flatnonzero(pieces.patch == patch)
        pieces.area[mine[pieces.area[mine].argmax()]] += residue


def _overlooked(books: Mapping[int, _Book | None], patches: Geometries, ground: Ground) -> set[int]:
    """Patches whose remainder has ground in common with a county: that piece was lost, and yet all balanced.

    GEOS has said of a patch inside a county that they have nothing in common, and that all of it is left (its issues
    942 and 1170), and of such a county's part in a box that there is none. So the whole county is asked: exact
    predicates whether ground is shared, a grid how much.
    """
    held = {patch: book for patch, book in books.items() if book is not None and book.rest_m2 > 0}
    owner = np.array(list(held), np.intp)
    rest = np.array([*(book.rest for book in held.values()), None], object)[:-1]
    at, county = ground.tree.query(rest)
    met = ~shapely.relate_pattern(rest[at], ground.counties[county], _NO_COMMON_GROUND)
    at, county = at[met], county[met]
    common = shapely.area(_common(rest[at], ground.counties[county]))
    mine = patches[owner[at]]
    lost = common > np.maximum(ROUNDING * shapely.area(mine), _GRIDS[0] * shapely.length(mine))
    return set(owner[at[lost]].tolist())


def _common(one: Geometries, other: Geometries) -> Geometries:
    try:
        made: Geometries = shapely.intersection(one, other, grid_size=_GRIDS[0])
    except shapely.GEOSException:
        made = shapely.intersection(shapely.make_valid(one), other)
    return made


def _balances(
    patches: Geometries, area: Floats, rows: Ints, found: _Pieces, ellipsoid: Ellipsoid, road: _Road = _STRAIGHT
) -> list[_Book | None]:
    """The books of the patches in `rows`, None where one does not balance."""
    starts, ends = np.searchsorted(found.patch, rows), np.searchsorted(found.patch, rows, "right")
    spans = [slice(start, end) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    pairs = [_union_and_rest(patches[row], found.geometry[span], road) for row, span in zip(rows, spans, strict=True)]
    shapes = np.array([*pairs, (None, None)], object)[:-1].reshape(-1, 2)
    areas = area_m2(shapes.ravel(), ellipsoid).reshape(-1, 2).tolist()
    inside = [float(found.area[span].sum()) for span in spans]
    return [
        _book(rest, union_m2, rest_m2, within, float(area[row]), _close(patches[row], road))
        if rest is not None
        else None
        for (_, rest), (union_m2, rest_m2), within, row in zip(pairs, areas, inside, rows, strict=True)
    ]


def _union_and_rest(
    patch: shapely.Geometry, pieces: Geometries, road: _Road
) -> tuple[shapely.Geometry, shapely.Geometry]:
    """The union of a patch's pieces and what is left of it; (None, None) where that cannot be said."""
    if len(pieces) == 0:
        return shapely.Polygon(), patch
    origin = _origin(patch, road)
    try:
        near = _moved(pieces, -origin)
        union = near[0] if len(near) == 1 else shapely.union_all(near, grid_size=road.grid_deg)
        rest = shapely.difference(_moved(patch, -origin), union, grid_size=road.grid_deg)
        return _moved(union, origin), areal(np.array([_valid(_moved(rest, origin))], object))[0]
    except shapely.GEOSException:
        return None, None


def _valid(shape: shapely.Geometry) -> shapely.Geometry:
    return shape if shape.is_valid else shapely.make_valid(shape)


def _close(patch: shapely.Geometry, road: _Road) -> float:
    """The ground, in m², that the last digits of a patch's coordinates, or the road's grid, can hide."""
    return (road.grid_deg or _LAST_DIGIT_DEG) * float(patch.length) * _SQUARE_DEGREE_M2


def _book(
    rest: shapely.Geometry, union_m2: float, rest_m2: float, inside_m2: float, area_m2: float, close_m2: float
) -> _Book | None:
    double, residue = inside_m2 - union_m2, area_m2 - union_m2 - rest_m2
    close = max(BALANCE * area_m2, close_m2)
    if abs(residue) > close or double < -close:
        return None
    tiny = max(ROUNDING * area_m2, close_m2)
    if inside_m2 == 0:
        return _Book(rest, area_m2, 0.0)
    rest_m2, double = 0.0 if rest_m2 <= tiny else rest_m2, 0.0 if double <= tiny else double
    residue = area_m2 - (inside_m2 + rest_m2 - double)
    if rest_m2 > inside_m2:
        return _Book(rest, rest_m2 + residue, double)
    return _Book(rest, rest_m2, double, residue)


def _second_road(
    patch: shapely.Geometry, area: float, row: int, ground: Ground, ellipsoid: Ellipsoid
) -> tuple[_Pieces, _Book | None]:
    """Cut with whole counties: as they are, near zero where coordinates have more digits, then on grids."""
    near = np.sort(ground.tree.query(patch))
    mine = _NOTHING
    alone, first = (np.array([patch], object), np.array([area])), np.zeros(1, np.intp)
    for road in _ROADS:
        try:
            geometry = _cut_by(road, patch, ground.counties[near])
        except shapely.GEOSException:
            continue
        areas = area_m2(geometry, ellipsoid)
        real = areas > 0
        count = int(real.sum())
        mine = _Pieces(np.full(count, row), near[real], geometry[real], areas[real], np.zeros(count, bool))
        book = _balances(*alone, first, replace(mine, patch=np.zeros(count, np.intp)), ellipsoid, road)[0]
        if book is not None and not _overlooked({0: book}, alone[0], ground):
            return mine, book
    return mine, None


def _cut_by(road: _Road, patch: shapely.Geometry, counties: Geometries) -> Geometries:
    origin = _origin(patch, road)
    cut = shapely.intersection(_moved(counties, -origin), _moved(patch, -origin), grid_size=road.grid_deg)
    return areal(_moved(cut, origin))


def _origin(patch: shapely.Geometry, road: _Road) -> Floats:
    return np.array(shapely.get_coordinates(patch)[0] if road.near_zero else (0.0, 0.0))


def _moved(shapes: Any, by: Floats) -> Any:
    return shapely.transform(shapes, lambda points: points + by) if by.any() else shapes


def _replaced(found: _Pieces, fixed: dict[int, _Pieces]) -> _Pieces:
    if not fixed:
        return found
    parts = [_rows(found, ~np.isin(found.patch, list(fixed))), *fixed.values()]
    joined = _Pieces(*(np.concatenate(column) for column in zip(*(vars(one).values() for one in parts), strict=True)))
    return _rows(joined, np.lexsort((joined.county, joined.patch)))


def _rows(found: _Pieces, rows: Any) -> _Pieces:
    return _Pieces(*(column[rows] for column in vars(found).values()))
