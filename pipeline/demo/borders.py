"""County borders as a planar graph: every border is one fractal line, used by the counties on both sides.

Coordinates are metres in the ground CRS; (n, 2) arrays hold x, y.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from pipeline.demo.sizes import Size

Floats = NDArray[np.float64]
Vertex = tuple[float, float]
OUTSIDE = -1


@dataclass(frozen=True)
class Border:
    """A line between two counties (indices), or between a county and OUTSIDE."""

    left: int
    right: int
    line: Any  # shapely LineString


@dataclass(frozen=True)
class Junction:
    """A point where three counties meet."""

    counties: tuple[int, int, int]
    point: Vertex


@dataclass(frozen=True)
class Graph:
    """The counties of a province: polygons, the city of each, shared borders, junctions and the river line."""

    counties: tuple[Any, ...]
    cities: tuple[int, ...]
    borders: tuple[Border, ...]
    junctions: tuple[Junction, ...]
    river: Any  # LineString from north to south through the province, following a border

    @property
    def province(self) -> Any:
        """All counties as one polygon."""
        return shapely.coverage_union_all(list(self.counties))


@dataclass(frozen=True)
class _Lattice:
    seeds: Floats  # (n, 2)
    column: list[int]
    county: list[int]  # index of the county of each seed, or OUTSIDE


def draw_graph(size: Size, rng: np.random.Generator) -> Graph:
    """A graph whose polygons form a valid coverage."""
    lattice = _lattice(size, rng)
    cells = _voronoi(lattice.seeds)
    edges = _edges(cells)
    drawn = {
        edge: _border(edge, lattice.seeds[beside], size.border_step_m, rng)
        for edge, beside in edges.items()
        if any(lattice.county[one] != OUTSIDE for one in beside)
    }
    ours = [cell for cell, county in enumerate(lattice.county) if county != OUTSIDE]
    rings = [_ring(cells[cell], drawn) for cell in ours]
    return Graph(
        counties=_with_exclave(size, [shapely.Polygon(ring) for ring in rings], rng),
        cities=tuple(lattice.column[cell] * size.cities // size.columns for cell in ours),
        borders=tuple(_borders(edges, drawn, lattice)),
        junctions=tuple(_junctions(cells, lattice)),
        river=_river(size, edges, drawn, lattice),
    )


def fractal(start: Vertex, end: Vertex, step_m: float, roughness: float, rng: np.random.Generator) -> Floats:
    """A line from start to end by midpoint displacement, segments no longer than about `step_m`.

    The displacement grows against the length of the segments from level to level, as on real borders.
    """
    line = np.array([start, end])
    levels = max(1, int(np.ceil(np.log2(max(2.0, np.hypot(*(line[1] - line[0])) / step_m)))))
    for level in range(levels):
        line = _halve(line, roughness * 1.07**level, rng)
    return line


def fractal_ring(centre: Vertex, radius_m: float, step_m: float, roughness: float, rng: np.random.Generator) -> Floats:
    """A closed ring around `centre`, as rough as a border."""
    angles = np.linspace(0, 2 * np.pi, 7)[:-1] + rng.uniform(-0.2, 0.2, 6)
    radii = radius_m * rng.uniform(0.75, 1.2, 6)
    knots = np.column_stack([centre[0] + radii * np.cos(angles), centre[1] + radii * np.sin(angles)])
    sides = zip(knots, np.roll(knots, -1, axis=0), strict=True)
    lines = [fractal(tuple(a), tuple(b), step_m, roughness, rng)[:-1] for a, b in sides]
    ring = np.vstack(lines)
    return np.vstack([ring, ring[:1]])


def _halve(line: Floats, roughness: float, rng: np.random.Generator) -> Floats:
    step = np.diff(line, axis=0)
    shift = np.clip(rng.normal(0, roughness, len(step)), -2 * roughness, 2 * roughness)
    middle = (line[:-1] + line[1:]) / 2 + shift[:, None] * np.column_stack([-step[:, 1], step[:, 0]])
    out = np.empty((len(line) + len(middle), 2))
    out[0::2], out[1::2] = line, middle
    return out


def _lattice(size: Size, rng: np.random.Generator) -> _Lattice:
    """Jittered seeds: the counties, and two rings of cells around them that are not ours."""
    west, south = size.ground_m[:2]
    seeds, column, county, count = [], [], [], 0
    for col in range(-2, size.columns + 2):
        for row in range(-2, size.rows + 2):
            ours = 0 <= col < size.columns and 0 <= row < size.rows and (col, row) not in size.dropped
            jitter = rng.uniform(-0.21, 0.21, 2)
            seeds.append((np.array([col, row]) + 0.5 + size.margin + jitter) * size.cell_m + (west, south))
            column.append(col)
            county.append(count if ours else OUTSIDE)
            count += ours
    return _Lattice(np.array(seeds), column, county)


def _voronoi(seeds: Floats) -> list[list[Vertex]]:
    """The rings of the Voronoi cells in the order of the seeds, vertices rounded to a millimetre."""
    cells = shapely.voronoi_polygons(shapely.MultiPoint(seeds), ordered=True).geoms
    return [_distinct(np.round(shapely.get_coordinates(cell)[:-1], 3)) for cell in cells]


def _distinct(ring: Floats) -> list[Vertex]:
    points = [(float(x), float(y)) for x, y in ring]
    return [point for at, point in enumerate(points) if point != points[at - 1]]


def _sides(ring: list[Vertex]) -> list[tuple[Vertex, Vertex]]:
    return list(zip(ring, ring[1:] + ring[:1], strict=True))


def _edges(cells: list[list[Vertex]]) -> dict[tuple[Vertex, Vertex], list[int]]:
    """Each edge (lower vertex first) with the cells beside it."""
    edges: dict[tuple[Vertex, Vertex], list[int]] = {}
    for cell, ring in enumerate(cells):
        for a, b in _sides(ring):
            edges.setdefault((min(a, b), max(a, b)), []).append(cell)
    return edges


def _border(edge: tuple[Vertex, Vertex], seeds: Floats, step_m: float, rng: np.random.Generator) -> Floats:
    """A fractal line that stays between the seeds of its two cells, so that no border meets another.

    The kites of edge ends and seeds do not overlap: a line inside its own kite crosses no other.
    """
    kite = shapely.Polygon([edge[0], seeds[0], edge[1], seeds[1]])
    for roughness in np.linspace(0.19, 0.04, 60):
        line = fractal(*edge, step_m, float(roughness), rng)
        drawn = shapely.LineString(line)
        if drawn.is_simple and kite.contains(drawn):
            return line
    return np.array(edge)


def _ring(ring: list[Vertex], drawn: dict[tuple[Vertex, Vertex], Floats]) -> Floats:
    """The ring of a cell with its straight edges replaced by the drawn ones."""
    parts = [drawn[(a, b)] if a < b else drawn[(b, a)][::-1] for a, b in _sides(ring)]
    return np.vstack([part[:-1] for part in parts])


def _borders(
    edges: dict[tuple[Vertex, Vertex], list[int]],
    drawn: dict[tuple[Vertex, Vertex], Floats],
    lattice: _Lattice,
) -> list[Border]:
    found = []
    for edge, line in drawn.items():
        left, right = sorted((lattice.county[cell] for cell in edges[edge]), reverse=True)
        found.append(Border(left, right, shapely.LineString(line)))
    return found


def _junctions(cells: list[list[Vertex]], lattice: _Lattice) -> list[Junction]:
    meeting: dict[Vertex, list[int]] = {}
    for cell, ring in enumerate(cells):
        for vertex in ring:
            meeting.setdefault(vertex, []).append(lattice.county[cell])
    return [
        Junction((one[0], one[1], one[2]), vertex)
        for vertex, one in meeting.items()
        if len(one) == 3 and OUTSIDE not in one
    ]


def _river(
    size: Size,
    edges: dict[tuple[Vertex, Vertex], list[int]],
    drawn: dict[tuple[Vertex, Vertex], Floats],
    lattice: _Lattice,
) -> Any:
    """The line between the west and the east half of the lattice: border and, beyond the province, cell edge."""
    half = size.columns // 2
    lines = [
        drawn[edge] if edge in drawn else np.array(edge)
        for edge, beside in edges.items()
        if len(beside) == 2 and (lattice.column[beside[0]] < half) != (lattice.column[beside[1]] < half)
    ]
    line = shapely.line_merge(shapely.MultiLineString(lines))
    return line if line.geom_type == "LineString" else max(line.geoms, key=lambda one: one.length)


def _with_exclave(size: Size, counties: list[Any], rng: np.random.Generator) -> tuple[Any, ...]:
    """The last county gets a hole, filled by an exclave (飞地) of the county before it."""
    host, owner = len(counties) - 1, len(counties) - 2
    circle = shapely.maximum_inscribed_circle(counties[host], tolerance=5.0)
    centre = shapely.get_coordinates(circle)[0]
    for roughness in (0.14, 0.12, 0.1, 0.08, 0.05, 0.0):
        ring = fractal_ring(tuple(centre), 0.11 * size.cell_m, size.border_step_m, roughness, rng)
        if shapely.is_valid(shapely.Polygon(ring)):
            break
    counties[host] = shapely.Polygon(shapely.get_coordinates(counties[host].exterior), [ring])
    counties[owner] = shapely.MultiPolygon([counties[owner], shapely.Polygon(ring)])
    return tuple(counties)
