"""Patches cut at county borders, with an account of every square metre.

What lies inside one county passes untouched; the rest is cut on a rectangle of the county first, then on the border
itself. Each patch must balance: its area = pieces + outside − what several counties claim. One that does not is cut
again by a second road (the whole county, then a fine grid), and if that fails too it is named.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from pipeline.geometry.area import Ellipsoid, area_m2
from pipeline.geometry.repair import areal

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

BALANCE = 1e-9  # of the patch's area
ROUNDING = 2e-10  # of the area: less is what rounding in the cut leaves behind, and not ground
_GRIDS = (1e-11, 1e-10)  # degrees, about 1 and 10 micrometres
_MARGIN = 1e-6  # degrees round a patch's box when a county is cut to it


@dataclass(frozen=True)
class Clip:
    """Pieces and remainders as indices into the input, sorted by patch, then county."""

    piece_patch: Ints
    piece_county: Ints
    piece_geometry: Geometries
    piece_area_m2: Floats
    remainder_patch: Ints
    remainder_geometry: Geometries
    remainder_area_m2: Floats
    double_m2: Floats  # per patch: sum of its pieces − area of their union
    unbalanced: Ints  # patches that no road balanced


def clip(patches: Geometries, patch_area_m2: Floats, counties: Geometries, ellipsoid: Ellipsoid) -> Clip:
    """Cut valid patches (degrees) by valid counties.

    Args:
        patches: polygons or multipolygons, shape (n,).
        patch_area_m2: their areas as `area_m2` gives them, shape (n,).
        counties: polygons or multipolygons, shape (m,); they may overlap and leave gaps.
        ellipsoid: of the CRS.
    """
    patch, county, geometry, whole = _pieces(patches, counties)
    area = np.where(whole, patch_area_m2[patch], 0.0)
    area[~whole] = area_m2(geometry[~whole], ellipsoid)
    real = area > 0
    found = _Pieces(patch[real], county[real], geometry[real], area[real])
    return _account(patches, patch_area_m2, counties, ellipsoid, found, _sure(found, whole[real], len(patches)))


@dataclass(frozen=True)
class _Pieces:
    patch: Ints
    county: Ints
    geometry: Geometries
    area: Floats


def _pieces(patches: Geometries, counties: Geometries) -> tuple[Ints, Ints, Geometries, npt.NDArray[np.bool_]]:
    tree = shapely.STRtree(patches)
    boxes = shapely.box(*shapely.bounds(counties).T)
    county_of, patch_of = tree.query(boxes)
    rows: list[tuple[Ints, Ints, Geometries, npt.NDArray[np.bool_]]] = []
    starts = np.searchsorted(county_of, np.arange(len(counties) + 1))
    for at in range(len(counties)):
        near = np.sort(patch_of[starts[at] : starts[at + 1]])
        if len(near):
            rows.append(_in_county(patches, near, counties[at], at))
    if not rows:
        return np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0, object), np.zeros(0, bool)
    patch, county, geometry, whole = (np.concatenate(column) for column in zip(*rows, strict=True))
    order = np.lexsort((county, patch))
    return patch[order], county[order], geometry[order], whole[order]


def _in_county(
    patches: Geometries, near: Ints, county: shapely.Geometry, at: int
) -> tuple[Ints, Ints, Geometries, npt.NDArray[np.bool_]]:
    shapely.prepare(county)
    inside = shapely.contains_properly(county, patches[near])
    border = near[~inside]
    border = border[shapely.intersects(county, patches[border])]
    shapely.destroy_prepared(county)
    cut = _cut(patches[border], county)
    patch = np.concatenate([near[inside], border])
    geometry = np.concatenate([patches[near[inside]], cut])
    whole = np.concatenate([np.ones(inside.sum(), bool), np.zeros(len(border), bool)])
    return patch, np.full(len(patch), at, np.intp), geometry, whole


def _cut(patches: Geometries, county: shapely.Geometry) -> Geometries:
    """The areal intersections of patches with one county, by way of the county's part round each patch."""
    made = np.empty(len(patches), object)
    for row, (patch, box) in enumerate(zip(patches, shapely.bounds(patches), strict=True)):
        try:
            near = shapely.clip_by_rect(county, *(box[:2] - _MARGIN), *(box[2:] + _MARGIN))
            made[row] = shapely.intersection(patch, near)
        except shapely.GEOSException:  # a rectangle can leave a degenerate edge: take the whole county
            made[row] = shapely.intersection(patch, county)
    return areal(made)


def _sure(found: _Pieces, whole: npt.NDArray[np.bool_], count: int) -> npt.NDArray[np.bool_]:
    """Patches that lie inside one county and touch no other: nothing is left to prove."""
    pieces = np.bincount(found.patch, minlength=count)
    inside = np.bincount(found.patch[whole], minlength=count)
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
            common = shapely.intersection(found.geometry[left], found.geometry[left + step])
        except shapely.GEOSException:  # the road patch by patch will find which
            return np.zeros(len(patches), bool)
        owner = found.patch[left]
        full[owner[shapely.area(common) > ROUNDING * shapely.area(patches[owner])]] = False
    return full


def _account(
    patches: Geometries,
    area: Floats,
    counties: Geometries,
    ellipsoid: Ellipsoid,
    found: _Pieces,
    sure: npt.NDArray[np.bool_],
) -> Clip:
    double = np.zeros(len(patches))
    rest_area = np.zeros(len(patches))
    rest: dict[int, shapely.Geometry] = {}
    fixed: dict[int, _Pieces] = {}
    unbalanced = []
    starts = np.searchsorted(found.patch, np.arange(len(patches) + 1))
    for patch in np.flatnonzero(~(sure | _complete(found, patches, area))).tolist():
        span = slice(starts[patch], starts[patch + 1])
        mine = _Pieces(found.patch[span], found.county[span], found.geometry[span], found.area[span])
        balance = _balance(patches[patch], area[patch], mine, ellipsoid)
        if balance is None:
            mine, balance = _second_road(patches[patch], area[patch], patch, counties, ellipsoid)
            fixed[patch] = mine
        if balance is None:
            unbalanced.append(patch)
            continue
        rest[patch], rest_area[patch], double[patch] = balance
    left = np.array([one for one in rest if rest_area[one] > 0], np.intp)
    pieces = _replaced(found, fixed)
    return Clip(
        pieces.patch,
        pieces.county,
        pieces.geometry,
        pieces.area,
        left,
        np.array([rest[one] for one in left], object),
        rest_area[left],
        double,
        np.array(unbalanced, np.intp),
    )


def _balance(
    patch: shapely.Geometry, area: float, mine: _Pieces, ellipsoid: Ellipsoid
) -> tuple[shapely.Geometry, float, float] | None:
    """Remainder, its area and the double ground of one patch, or None where they do not balance."""
    if len(mine.patch) == 0:
        return patch, float(area), 0.0
    inside = float(mine.area.sum())
    try:
        union = mine.geometry[0] if len(mine.patch) == 1 else shapely.union_all(mine.geometry)
        rest = areal(np.array([shapely.difference(patch, union)], object))
    except shapely.GEOSException:
        return None
    union_area, rest_area = area_m2(np.array([union, rest[0]], object), ellipsoid)
    double = inside - float(union_area) if len(mine.patch) > 1 else 0.0
    if abs(union_area + rest_area - area) > BALANCE * area or double < -BALANCE * area:
        return None
    tiny = ROUNDING * area
    return rest[0], 0.0 if rest_area <= tiny else float(rest_area), 0.0 if double <= tiny else double


def _second_road(
    patch: shapely.Geometry, area: float, row: int, counties: Geometries, ellipsoid: Ellipsoid
) -> tuple[_Pieces, tuple[shapely.Geometry, float, float] | None]:
    """Cut with whole counties, then on ever coarser grids."""
    near = np.flatnonzero(shapely.intersects(counties, patch))
    mine = _Pieces(np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0, object), np.zeros(0))
    for grid in (None, *_GRIDS):
        geometry = areal(shapely.intersection(counties[near], patch, grid_size=grid))
        areas = area_m2(geometry, ellipsoid)
        real = areas > 0
        mine = _Pieces(np.full(real.sum(), row, np.intp), near[real], geometry[real], areas[real])
        balance = _balance(patch, area, mine, ellipsoid)
        if balance is not None:
            return mine, balance
    return mine, None


def _replaced(found: _Pieces, fixed: dict[int, _Pieces]) -> _Pieces:
    if not fixed:
        return found
    kept = ~np.isin(found.patch, list(fixed))
    parts = [_Pieces(found.patch[kept], found.county[kept], found.geometry[kept], found.area[kept]), *fixed.values()]
    joined = _Pieces(
        *(np.concatenate([getattr(one, name) for one in parts]) for name in ("patch", "county", "geometry", "area"))
    )
    order = np.lexsort((joined.county, joined.patch))
    return _Pieces(joined.patch[order], joined.county[order], joined.geometry[order], joined.area[order])
