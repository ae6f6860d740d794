"""Invalid polygons: repaired where every method gives the same ground, set aside where methods differ.

There are three readings of a faulty outline: the rings as they run (what wound twice counts twice, what wound
backwards cancels), by structure (rings as shells and holes) and by linework (every enclosed face). Where their areas
agree the repair changes nothing that anyone could dispute (self-touching rings, spikes); where they differ (a bow-tie
is 0 by its ring and 50 by the others) a person must say what was meant. An outline that crosses or retraces itself
thousands of times is not read at all (a few hundred vertices can keep the repair busy for minutes), and all outlines of
a run together may cross themselves so many times: beyond that the most crossed are not read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from pipeline.geometry.area import Ellipsoid, area_m2

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

_EMPTY = shapely.Polygon()
TOLERANCE = 1e-9  # of the area
MAX_CROSSINGS = 5_000  # about three seconds of repair
FREE_CROSSINGS = 10  # of every outline: a repair that costs no more than any other defect
ALL_CROSSINGS = 50_000  # of all outlines together beyond those: about half a minute
_SAMPLE = 256  # edges whose crossings are counted


@dataclass(frozen=True)
class Repair:
    """What was done to one polygon: its row, why, the three readings in square metres, and two of them as polygons."""

    row: int
    reason: str
    outline_m2: float
    structure_m2: float
    linework_m2: float
    vertices_before: int
    vertices_after: int
    structure: shapely.Geometry
    linework: shapely.Geometry

    @property
    def tangled(self) -> bool:
        """Whether the outline crosses itself too often to be read."""
        return bool(np.isnan(self.linework_m2))

    @property
    def agreed(self) -> bool:
        readings = (self.outline_m2, self.structure_m2, self.linework_m2)
        return not self.tangled and max(readings) - min(readings) <= TOLERANCE * max(readings)


def repaired(geometries: Geometries, ellipsoid: Ellipsoid) -> tuple[Geometries, list[Repair]]:
    """Valid geometries, and what was done to the invalid ones; those without agreement are left as they came.

    `geometries` are polygons or multipolygons in degrees, none None.
    """
    wrong = np.flatnonzero(~shapely.is_valid(geometries))
    if len(wrong) == 0:
        return geometries, []
    broken = geometries[wrong]
    tangled = _tangled(np.array([crossings(one) for one in broken]))
    structure, linework = np.full(len(wrong), _EMPTY, object), np.full(len(wrong), _EMPTY, object)
    structure[~tangled] = areal(shapely.make_valid(broken[~tangled], method="structure", keep_collapsed=False))
    linework[~tangled] = areal(shapely.make_valid(broken[~tangled], method="linework"))
    repairs = _repairs(wrong, broken, structure, linework, tangled, ellipsoid)
    whole = geometries.copy()
    agreed = np.array([one.agreed for one in repairs])
    whole[wrong[agreed]] = structure[agreed]
    return whole, repairs


def _repairs(
    rows: Ints, broken: Geometries, structure: Geometries, linework: Geometries, tangled: Bools, ellipsoid: Ellipsoid
) -> list[Repair]:
    readings = np.array([area_m2(one, ellipsoid) for one in (broken, structure, linework)])
    readings[1:, tangled] = np.nan
    reasons = [_kind(str(one)) for one in shapely.is_valid_reason(broken)]
    vertices = (shapely.get_num_coordinates(one).tolist() for one in (broken, structure))
    columns = zip(rows.tolist(), reasons, *readings.tolist(), *vertices, structure, linework, strict=True)
    return [Repair(*one) for one in columns]


def _tangled(crossed: Floats) -> Bools:
    """Which outlines are not read: those crossed too often, and the most crossed of those that together cost too much.

    What is read is decided by the outlines alone, never by their order: of equally crossed ones all or none.
    """
    cost = np.where(crossed > MAX_CROSSINGS, np.inf, np.maximum(crossed - FREE_CROSSINGS, 0))
    order = np.sort(cost)
    affordable = order[np.cumsum(order) <= ALL_CROSSINGS]
    limit = affordable[-1] if len(affordable) else 0.0
    if (cost <= limit).sum() > len(affordable):  # the last of several alike is too much
        limit = np.nextafter(limit, -1)
    tangled: Bools = (cost > limit) & (cost > 0)
    return tangled


def crossings(geometry: shapely.Geometry) -> float:
    """About how often the edges of a polygon cross one another or run along one another, from a sample of its edges."""
    points, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(geometry)), return_index=True)
    real = (ring[1:] == ring[:-1]) & (points[1:] != points[:-1]).any(axis=1)
    edges = shapely.linestrings(np.stack([points[:-1][real], points[1:][real]], axis=1))
    if len(edges) == 0:
        return 0.0
    sample = edges[np.unique(np.linspace(0, len(edges) - 1, _SAMPLE).astype(np.intp))]
    tree = shapely.STRtree(edges)
    met, touched = (tree.query(sample, predicate=one).shape[1] for one in ("intersects", "touches"))
    return float((met - touched - len(sample)) / len(sample) * len(edges) / 2)  # each edge meets itself


def _kind(reason: str) -> str:
    return reason.partition("[")[0].strip()


def areal(geometries: Geometries) -> Geometries:
    """The polygons of each geometry, as a polygon or multipolygon; an empty polygon where there are none."""
    made = geometries.copy()
    kind = shapely.get_type_id(geometries)
    mixed = np.flatnonzero(~np.isin(kind, (3, 6)))
    for row in mixed:
        parts = shapely.get_parts(shapely.get_parts(geometries[row : row + 1]))
        polygons = parts[shapely.get_type_id(parts) == 3]
        made[row] = polygons[0] if len(polygons) == 1 else shapely.multipolygons(polygons) if len(polygons) else _EMPTY
    return made
