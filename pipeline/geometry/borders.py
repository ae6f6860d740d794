"""Where counties do not fit together: ground between them that none has, and ground that two have.

A layer whose counties share their borders vertex for vertex passes in one sweep; only counties with edges that fit no
neighbour's are looked at in pairs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from pipeline.geometry.area import Ellipsoid, area_m2
from pipeline.geometry.repair import areal
from pipeline.geometry.slivers import width_m

Geometries = npt.NDArray[np.object_]
Ints = npt.NDArray[np.intp]

GAP, OVERLAP = "gap", "overlap"
THIN = {GAP: "sliver_gap", OVERLAP: "sliver_overlap"}
REACH_DEG = 1e-4  # about 10 m: counties that come so near are meant to touch
LEAST_M2 = 0.01  # less is rounding of the coordinates, not ground
MAX_PAIRS = 500  # looked at in full, some 40 ms each; of a layer that fits nowhere no more need be seen


@dataclass(frozen=True)
class Disagreement:
    """Ground of one kind between two counties (rows of the layer; `other` −1 where one county alone is round it)."""

    kind: str
    county: int
    other: int
    area_m2: float
    geometry: shapely.Geometry


@dataclass(frozen=True)
class Borders:
    """What was found, in order of counties; how many pairs disagree, of which MAX_PAIRS at most were looked at."""

    found: list[Disagreement]
    pairs: int


def disagreements(counties: Geometries, ellipsoid: Ellipsoid, sliver_width_m: float) -> Borders:
    """Gaps and overlaps of valid counties (degrees): of each pair one of a kind, and every hole by itself.

    What is thinner on the whole than `sliver_width_m` (2 A/P) is a sliver of its kind. A hole in a county
    that no county fills is a gap of any width; a gap between several counties is seen where they come within
    REACH_DEG of one another.
    """
    edges = shapely.coverage_invalid_edges(counties, gap_width=REACH_DEG)
    pairs = _pairs(edges)
    tree = shapely.STRtree(counties)
    ground = [*_empty_holes(counties, tree)]
    for county, other in pairs[:MAX_PAIRS].tolist():
        ground += _between(counties, tree, edges, county, other)
    found = [one for one in (_judged(*part, ellipsoid, sliver_width_m) for part in ground) if one.area_m2 > LEAST_M2]
    return Borders(sorted(found, key=lambda one: (one.county, one.other, one.kind)), len(pairs))


def _pairs(edges: Geometries) -> Ints:
    """Counties whose misfitting edges come near one another; shape (n, 2), the lower row first."""
    wrong = np.flatnonzero(~shapely.is_empty(edges))
    one, other = shapely.STRtree(edges[wrong]).query(edges[wrong], predicate="dwithin", distance=REACH_DEG)
    pairs: Ints = np.column_stack([wrong[one], wrong[other]])[one < other]
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    return pairs[order]


_Part = tuple[str, int, int, shapely.Geometry]


def _between(
    counties: Geometries, tree: shapely.STRtree, edges: Geometries, county: int, other: int
) -> Iterator[_Part]:
    """What two counties both have and what lies between them, looked for round their misfitting edges."""
    boxes = shapely.bounds(edges[[county, other]])
    box = [*(boxes[:, :2].max(axis=0) - 2 * REACH_DEG), *(boxes[:, 2:].min(axis=0) + 2 * REACH_DEG)]
    near = np.sort(tree.query(shapely.box(*box)))
    parts = dict(zip(near.tolist(), areal(shapely.make_valid(shapely.clip_by_rect(counties[near], *box))), strict=True))
    yield OVERLAP, county, other, shapely.intersection(parts[county], parts[other])
    around = shapely.union_all(list(parts.values()))
    holes = _holes(np.array([around], object))[0]
    touching = shapely.dwithin(np.array(list(parts.values()), object)[:, None], holes, REACH_DEG / 1e4)
    mine = [hole for hole, by in zip(holes, touching.T, strict=True) if near[by][:2].tolist() == [county, other]]
    if mine:
        yield GAP, county, other, shapely.multipolygons(mine)


def _empty_holes(counties: Geometries, tree: shapely.STRtree) -> Iterator[_Part]:
    """Holes in one county with nothing of another in them."""
    holes, owner = _holes(counties)
    if len(holes) == 0:
        return
    shapely.prepare(holes)
    hole, county = tree.query(holes, predicate="intersects")
    shared = ~shapely.touches(holes[hole], counties[county])
    filled = np.zeros(len(holes), bool)
    filled[hole[shared]] = True
    for at in np.flatnonzero(~filled).tolist():
        yield GAP, int(owner[at]), -1, holes[at]


def _holes(areas: Geometries) -> tuple[Geometries, Ints]:
    """Interior rings as polygons, and the row each belongs to."""
    polygons, owner = shapely.get_parts(areas, return_index=True)
    rings, polygon = shapely.get_rings(polygons, return_index=True)
    inner = np.diff(polygon, prepend=-1) == 0
    return shapely.polygons(rings[inner]), owner[polygon[inner]]


def _judged(
    kind: str, county: int, other: int, geometry: shapely.Geometry, ellipsoid: Ellipsoid, sliver_width_m: float
) -> Disagreement:
    shape = areal(np.array([geometry], object))
    area = area_m2(shape, ellipsoid)
    thin = area[0] > 0 and width_m(shape, area, ellipsoid)[0] < sliver_width_m
    return Disagreement(THIN[kind] if thin else kind, county, other, float(area[0]), shape[0])
