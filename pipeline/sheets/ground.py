"""A county on its plane, reckoned once a book: shapes in metres, trees to ask them, borders in short pieces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from pipeline.geometry.extent import Extent, to_frame
from pipeline.geometry.projection import (
    Projection,
    convergence_deg,
    county_projection,
    crosses_180,
    middle_deg,
    project,
    to_plane,
)
from pipeline.records import County, Piece, Scene
from pipeline.sheets.surroundings import Placed, Surroundings, placed

CHUNK = 64  # vertices of a border piece; a frame then asks for a few hundred vertices, not for a county
BEYOND_MM = 4.0  # a large outline is cut this far outside the frame, where no pen reaches back in
THIN_FROM = 200  # vertices from which an outline is thinned before it is drawn
OWN, OTHER, TOWN = "county", "neighbour_county", "town"
NOTHING = Surroundings()


@dataclass(frozen=True)
class Borders:
    """Border lines cut into short runs; `ring` tells which runs follow one another."""

    kinds: tuple[str, ...]
    rings: tuple[int, ...]
    runs: tuple[NDArray[np.float64], ...]
    tree: Any

    def within(self, extent: Extent) -> list[tuple[str, NDArray[np.float64]]]:
        """Lines that meet the extent, (kind, (n, 2) metres), neighbours first so that the own line lies above."""
        rows = np.sort(self.tree.query(shapely.box(*extent.bounds), predicate="intersects")).tolist()
        joined: list[list[int]] = []
        for row in rows:
            follows = joined and row == joined[-1][-1] + 1 and self.rings[row] == self.rings[joined[-1][-1]]
            joined[-1].append(row) if follows else joined.append([row])
        return [(self.kinds[run[0]], self._line(run)) for run in joined]

    def _line(self, run: list[int]) -> NDArray[np.float64]:
        return np.vstack([self.runs[run[0]], *(self.runs[one][1:] for one in run[1:])])


@dataclass(frozen=True)
class Ground:
    """What every sheet of a county is decided from; row i of each array is piece i."""

    county: County
    projection: Projection
    pieces: tuple[Piece, ...]
    shapes: Any
    bounds_m: NDArray[np.float64]
    points_m: NDArray[np.float64]
    convergence_deg: NDArray[np.float64]
    vertices: NDArray[np.int64]
    tree: Any
    county_shape: Any
    neighbour_shapes: Any
    borders: Borders
    scenes: dict[str, tuple[Scene, ...]]
    footprints: dict[str, Any]
    around: dict[str, Placed]  # towns, roads, places

    @property
    def drawn(self) -> list[int]:
        """Rows of the pieces that get a page, in page order."""
        return [row for row, one in enumerate(self.pieces) if one.own and one.asked]

    def visible(self, extent: Extent) -> list[int]:
        """Rows of pieces that meet the extent."""
        rows = self.tree.query(shapely.box(*extent.bounds), predicate="intersects")
        return [int(one) for one in np.sort(rows)]

    def scenes_under(self, phase: str, extent: Extent) -> tuple[Scene, ...]:
        """The scenes of a phase whose footprint meets the extent."""
        hits = shapely.intersects(self.footprints[phase], shapely.box(*extent.bounds))
        return tuple(one for one, hit in zip(self.scenes[phase], np.atleast_1d(hits), strict=True) if hit)


def lay_ground(
    storage: str,
    county: County,
    pieces: Sequence[Piece],
    before: Sequence[Scene],
    after: Sequence[Scene],
    surroundings: Surroundings = NOTHING,
) -> Ground:
    """Project a county, its pieces, neighbours, scene outlines and what lies about them, all at once."""
    lon_deg, lat_deg = middle_deg(county.geometry)
    projection = county_projection(storage, lon_deg, lat_deg)
    shapes = project(projection, [one.geometry for one in pieces])
    lon, lat = np.array([(one.lon_deg, one.lat_deg) for one in pieces]).reshape(-1, 2).T
    around = project(projection, [one.geometry for one in county.neighbours])
    own = project(projection, [county.geometry])[0]
    towns = placed(projection, surroundings.towns)
    return Ground(
        county,
        projection,
        tuple(pieces),
        shapes,
        shapely.bounds(shapes).reshape(-1, 4),
        np.column_stack(to_plane(projection, lon, lat)),
        convergence_deg(projection, lon, lat),
        shapely.get_num_coordinates(shapes),
        shapely.STRtree(shapes),
        own,
        around,
        _borders(own, around, towns.shapes, crosses_180(county.geometry)),
        {"before": tuple(before), "after": tuple(after)},
        {"before": _outlines(projection, before), "after": _outlines(projection, after)},
        {
            "towns": towns,
            "roads": placed(projection, surroundings.roads),
            "places": placed(projection, surroundings.places),
        },
    )


def _outlines(projection: Projection, scenes: Sequence[Scene]) -> Any:
    return project(projection, [one.footprint for one in scenes])


def _borders(own: Any, around: Any, towns: Any, seam: bool) -> Borders:
    kinds: list[str] = []
    ring_numbers: list[int] = []
    runs: list[NDArray[np.float64]] = []
    own_rings = rings_m([own])[0]
    around_rings = [ring for rings in rings_m(around) for ring in rings]
    town_lines = unshared([ring for rings in rings_m(towns) for ring in rings], [*own_rings, *around_rings])
    lines = unshared(around_rings, own_rings)
    told = [(TOWN, town_lines), (OTHER, lines), (OWN, _outer(own_rings) if seam else own_rings)]
    for kind, line in [(kind, line) for kind, many in told for line in many]:
        number = len(ring_numbers)
        for start in range(0, len(line) - 1, CHUNK):
            kinds.append(kind)
            ring_numbers.append(number)
            runs.append(line[start : start + CHUNK + 1])
    return Borders(
        tuple(kinds), tuple(ring_numbers), tuple(runs), shapely.STRtree([shapely.linestrings(one) for one in runs])
    )


def unshared(rings: Sequence[NDArray[np.float64]], drawn: Sequence[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """What is left of rings when no edge is drawn twice, nor one of those already `drawn`, as polylines.

    Two neighbours share their border: drawn from either, its dashes would fill each other's gaps.
    """
    every = [*drawn, *rings]
    edges = [np.sort(_ends(one), axis=1) for one in every]
    first = np.zeros(sum(map(len, edges)), dtype=bool)
    first[np.unique(np.concatenate(edges), axis=0, return_index=True)[1]] = True
    cuts = np.cumsum([len(one) for one in edges])[:-1]
    kept = np.split(first, cuts)[len(drawn) :]
    return [line for ring, keep in zip(rings, kept, strict=True) for line in _kept_lines(ring, keep)]


def _outer(rings: Sequence[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Rings without the edges that two parts of one county share, as at the 180th meridian: no border runs there."""
    edges = [np.sort(_ends(one), axis=1) for one in rings]
    _, which, times = np.unique(np.concatenate(edges), axis=0, return_inverse=True, return_counts=True)
    kept = np.split(times[which.ravel()] == 1, np.cumsum([len(one) for one in edges])[:-1])
    return [line for ring, keep in zip(rings, kept, strict=True) for line in _kept_lines(ring, keep)]


def _ends(ring: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Both ends of each edge, to the millimetre."""
    points = np.round(ring, 3) @ (1, 1j)
    return np.column_stack((points[:-1], points[1:]))


def _kept_lines(ring: NDArray[np.float64], keep: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    turns = np.flatnonzero(np.diff(np.concatenate(([False], keep, [False])).astype(np.int8)))
    return [ring[start : stop + 1] for start, stop in turns.reshape(-1, 2).tolist()]


def rings_m(shapes: Any, moved: Callable[[Any], Any] = np.asarray) -> list[list[NDArray[np.float64]]]:
    """For each polygon or multipolygon its rings as (n, 2) arrays, all their points `moved` at once."""
    parts, of_shape = shapely.get_parts(np.asarray(shapes, dtype=object), return_index=True)
    rings, of_part = shapely.get_rings(parts, return_index=True)
    points, of_ring = shapely.get_coordinates(rings, return_index=True)
    points = moved(points)
    cuts = [0, *(np.flatnonzero(np.diff(of_ring)) + 1).tolist(), len(points)]
    found: list[list[NDArray[np.float64]]] = [[] for _ in range(len(shapes))]
    for (start, stop), owner in zip(pairwise(cuts), of_shape[of_part].tolist(), strict=False):
        if stop > start:
            found[owner].append(points[start:stop])
    return found


def rings_mm(shapes: Any, vertices: Any, extent: Extent, scale: int, thin_mm: float) -> list[list[NDArray[np.float64]]]:
    """`rings_m` in millimetres of a frame.

    Outlines of many vertices are cut a little beyond the frame, and thinned by less than a pen can show.
    """
    chosen = np.asarray(shapes, dtype=object)
    many = np.asarray(vertices) > THIN_FROM
    if many.any():
        chosen = chosen.copy()
        seen = shapely.clip_by_rect(chosen[many], *extent.grown(BEYOND_MM * scale / 1000).bounds)
        chosen[many] = shapely.simplify(seen, thin_mm * scale / 1000)
    return rings_m(chosen, lambda points: to_frame(points, extent, scale))
