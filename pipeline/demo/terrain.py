"""The ground of the province as vectors and one elevation grid: what the imagery is painted from.

Coordinates are metres in the ground CRS; angles are radians from east, anticlockwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from pipeline.demo.borders import Floats, Graph, fractal
from pipeline.demo.cover import Cover
from pipeline.demo.names import village_name
from pipeline.demo.noise import high_passed, spectral
from pipeline.demo.sizes import Size

GRID_M = 20.0  # spacing of the elevation grid
COARSE_M = 200.0


@dataclass(frozen=True)
class Block:
    """A block of fields between tracks; its parcels have one direction and one mix of crops."""

    ring: Floats
    angle_rad: float
    parcel_m: tuple[float, float]  # along and across the direction
    crops: NDArray[np.uint8]  # 256 crops to draw from


@dataclass(frozen=True)
class Settlement:
    """A village or a county seat."""

    x_m: float
    y_m: float
    radius_m: float
    angle_rad: float
    name: str
    urban: bool
    seed: int


@dataclass(frozen=True)
class Trace:
    """A line of some cover and width."""

    cover: Cover
    width_m: float
    line: Floats


@dataclass(frozen=True)
class Terrain:
    """Everything that lies on the ground; `elevation` is 0 where the hills begin, north up."""

    size: Size
    elevation: NDArray[np.float32]
    shade: NDArray[np.float32]  # -1 … 1, light from the south-east
    blocks: tuple[Block, ...]
    block_tree: Any  # STRtree of the seeds of the blocks
    settlements: tuple[Settlement, ...]
    traces: tuple[Trace, ...]
    areas: tuple[tuple[Cover, Floats], ...]  # ponds, the river, its sand banks

    def block_at(self, x_m: float, y_m: float) -> Block:
        """The block of fields a point lies in."""
        return self.blocks[int(self.block_tree.nearest(shapely.Point(x_m, y_m)))]

    def is_hill(self, x_m: float, y_m: float) -> bool:
        west, _, _, north = self.size.ground_m
        row, column = int((north - y_m) / GRID_M), int((x_m - west) / GRID_M)
        height, width = self.elevation.shape
        return bool(self.elevation[min(max(row, 0), height - 1), min(max(column, 0), width - 1)] > -0.1)

    def built(self) -> list[Any]:
        """Outlines no change is drawn on: settlements, the river and ponds, main roads."""
        places = [shapely.Point(one.x_m, one.y_m).buffer(one.radius_m * 1.15) for one in self.settlements]
        waters = [shapely.make_valid(shapely.Polygon(ring)) for _, ring in self.areas]
        wide = [one for one in self.traces if one.cover in (Cover.ROAD, Cover.HIGHWAY, Cover.WATER)]
        return places + waters + [shapely.LineString(one.line).buffer(one.width_m) for one in wide]


def draw_terrain(size: Size, graph: Graph, rng: np.random.Generator) -> Terrain:
    """The terrain of a province."""
    river = _river_line(size, graph)
    seats = [_seat(county, size, rng) for county in graph.counties]
    elevation, relief = _elevation(size, river, seats, rng)
    villages = _villages(size, elevation, river, seats, rng)
    blocks, tree = _blocks(size, rng)
    return Terrain(
        size,
        elevation,
        _shade(relief),
        blocks,
        tree,
        (*villages, *seats),
        (*_streams(size, river, rng), *_lanes(villages, rng), *_roads(size, graph, seats, rng)),
        (*_ponds(size, elevation, rng), *_river(river, rng)),
    )


def smooth(line: Floats, passes: int) -> Floats:
    """A line without its corners (Chaikin's cutting), ends kept."""
    for _ in range(passes):
        cut = np.empty((2 * len(line) - 2, 2))
        cut[0::2] = 0.75 * line[:-1] + 0.25 * line[1:]
        cut[1::2] = 0.25 * line[:-1] + 0.75 * line[1:]
        line = np.vstack([line[:1], cut, line[-1:]])
    return line


def _river_line(size: Size, graph: Graph) -> Any:
    """The border the river follows, without its finest turns: the river meanders, the border zigzags."""
    west, south, east, north = size.ground_m
    line = shapely.clip_by_rect(graph.river, west - 900, south - 900, east + 900, north + 900)
    line = line if line.geom_type == "LineString" else max(line.geoms, key=lambda one: one.length)
    count = max(8, int(line.length / 170))
    knots = shapely.get_coordinates(shapely.line_interpolate_point(line, np.linspace(0, line.length, count)))
    return shapely.LineString(smooth(knots, 3))


def _seat(county: Any, size: Size, rng: np.random.Generator) -> Settlement:
    parts = shapely.get_parts(county)
    largest = parts[int(np.argmax(shapely.area(parts)))]
    x, y = shapely.get_coordinates(shapely.maximum_inscribed_circle(largest, tolerance=10.0))[0]
    radius = size.cell_m * rng.uniform(0.085, 0.125)
    return Settlement(
        float(x), float(y), float(radius), float(rng.normal(0, 0.08)), "", True, int(rng.integers(1 << 30))
    )


def _grid(size: Size, step_m: float) -> tuple[Floats, Floats]:
    """The coordinates of a grid over the ground, columns from west, rows from north."""
    west, south, east, north = size.ground_m
    return np.arange(west + step_m / 2, east, step_m), np.arange(north - step_m / 2, south, -step_m)


def _elevation(
    size: Size, river: Any, seats: list[Settlement], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Hills away from the river and the seats, positive where there is forest; and their relief."""
    x, y = _grid(size, GRID_M)
    shape = (len(y), len(x))
    broad = spectral(shape, 2.0, rng)
    ridges = _ridges(shape, rng)
    tilt = 1.1 * (0.55 - (x - x[0]) / (x[-1] - x[0]))[None, :]
    low = _lowland(size, river, seats)
    rows = np.minimum((np.arange(shape[0]) * GRID_M / COARSE_M).astype(int), low.shape[0] - 1)
    columns = np.minimum((np.arange(shape[1]) * GRID_M / COARSE_M).astype(int), low.shape[1] - 1)
    raw = broad + 0.4 * ridges + tilt - _blurred(low[rows][:, columns])
    foot = np.quantile(raw, 0.78)
    return np.asarray(raw - foot, dtype=np.float32), np.asarray(ridges, dtype=np.float32)


def _ridges(shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Sharp ridges between rounded valleys, as long as a hill and finer ones across them."""
    fall = np.abs(np.fft.fftfreq(shape[0]))[:, None] + np.fft.rfftfreq(shape[1])[None, :]
    broad = 1.0 - 1.3 * np.abs(high_passed(spectral(shape, 1.9, rng), fall > 0.012))
    fine = 1.0 - np.abs(high_passed(spectral(shape, 1.7, rng), fall > 0.04))
    return np.asarray(broad + 0.55 * fine)


def _lowland(size: Size, river: Any, seats: list[Settlement]) -> Floats:
    """How much the river and the seats press the ground down, on the coarse grid."""
    x, y = _grid(size, COARSE_M)
    xs, ys = np.meshgrid(x, y)
    reach = 0.22 * size.cell_m
    low = 2.2 * np.exp(-((shapely.distance(shapely.points(xs, ys), river.simplify(30)) / reach) ** 2))
    for seat in seats:
        low += 2.0 * np.exp(-((xs - seat.x_m) ** 2 + (ys - seat.y_m) ** 2) / (3.2 * seat.radius_m) ** 2)
    return np.asarray(low)


def _blurred(grid: Floats) -> Floats:
    """Box means over one coarse cell, so that the coarse grid leaves no steps."""
    width = int(COARSE_M / GRID_M)
    kernel = np.ones(width) / width
    for axis in (0, 1, 0, 1):
        pads = [(width // 2, width - 1 - width // 2) if one == axis else (0, 0) for one in (0, 1)]
        padded = np.cumsum(np.pad(grid, pads, mode="edge"), axis=axis)
        zero = np.zeros_like(np.take(padded, [0], axis=axis))
        sums = np.concatenate([zero, padded], axis=axis)
        count = grid.shape[axis]
        upper = np.take(sums, np.arange(width, width + count), axis=axis)
        grid = (upper - np.take(sums, np.arange(count), axis=axis)) * kernel[0]
    return grid


def _shade(relief: NDArray[np.float32]) -> NDArray[np.float32]:
    down, across = np.gradient(relief.astype(np.float64))
    light = down - across  # from the south-east, where the morning sun of a satellite pass stands
    return np.asarray(np.clip(-light / (2.2 * light.std()), -1, 1), dtype=np.float32)


def _hill(size: Size, elevation: NDArray[np.float32], x: Floats, y: Floats) -> NDArray[np.float32]:
    west, _, _, north = size.ground_m
    rows = np.clip(((north - y) / GRID_M).astype(int), 0, elevation.shape[0] - 1)
    columns = np.clip(((x - west) / GRID_M).astype(int), 0, elevation.shape[1] - 1)
    return np.asarray(elevation[rows, columns])


def _jittered(size: Size, step_m: float, jitter: float, rng: np.random.Generator, rim: int = 0) -> Floats:
    """Points of a disturbed lattice over the ground and `rim` cells beyond, (n, 2)."""
    west, south, east, north = size.ground_m
    columns = np.arange(-rim, int((east - west) / step_m) + 1 + rim)
    rows = np.arange(-rim, int((north - south) / step_m) + 1 + rim)
    cells = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
    return np.asarray((cells + 0.5 + rng.uniform(-jitter, jitter, cells.shape)) * step_m + (west, south))


def _villages(
    size: Size,
    elevation: NDArray[np.float32],
    river: Any,
    seats: list[Settlement],
    rng: np.random.Generator,
) -> list[Settlement]:
    points = _jittered(size, 1.75 * size.block_m, 0.33, rng)
    flat = _hill(size, elevation, points[:, 0], points[:, 1]) < -0.25
    dry = shapely.distance(shapely.points(points), river) > 260
    scale = min(1.0, size.block_m / 400)
    return [
        _village(float(x), float(y), scale, rng)
        for x, y in points[flat & dry]
        if all(np.hypot(x - seat.x_m, y - seat.y_m) > 1.5 * seat.radius_m + 120 for seat in seats)
    ]


def _village(x_m: float, y_m: float, scale: float, rng: np.random.Generator) -> Settlement:
    radius_m = float(scale * np.clip(rng.lognormal(4.8, 0.35), 70, 260))
    angle, seed = float(rng.normal(0, 0.14)), int(rng.integers(1 << 30))
    return Settlement(x_m, y_m, radius_m, angle, village_name(rng), False, seed)


def _blocks(size: Size, rng: np.random.Generator) -> tuple[tuple[Block, ...], Any]:
    seeds = _jittered(size, size.block_m, 0.34, rng, rim=2)
    cells = shapely.voronoi_polygons(shapely.MultiPoint(seeds), ordered=True).geoms
    phase = rng.uniform(0, 6.28, 3)
    blocks = []
    for (x, y), cell in zip(seeds, cells, strict=True):
        swing = np.sin(x / 2900 + phase[0]) + np.sin(y / 2300 + phase[1]) + np.sin((x + y) / 1700 + phase[2])
        angle = 0.22 * swing + rng.normal(0, 0.03) + (np.pi / 2 if rng.random() < 0.35 else 0.0)
        parcel = (float(rng.uniform(48, 120)), float(rng.uniform(15, 38)))
        blocks.append(Block(shapely.get_coordinates(cell), float(angle), parcel, _crops(rng)))
    return tuple(blocks), shapely.STRtree(shapely.points(seeds))


def _crops(rng: np.random.Generator) -> NDArray[np.uint8]:
    """256 crops in the proportions of one block: mostly grain, some vegetables, ponds or orchards."""
    lead = rng.choice([Cover.GRAIN, Cover.FALLOW, Cover.RAPE, Cover.FISHPOND, Cover.ORCHARD, Cover.HOTHOUSE],
                      p=[0.47, 0.21, 0.16, 0.06, 0.08, 0.02])  # fmt: skip
    kinds = [Cover.GRAIN, Cover.RAPE, Cover.FALLOW, Cover.GREENS, Cover.STUBBLE, Cover.ORCHARD, lead]
    shares = np.array([0.25, 0.1, 0.12, 0.12, 0.1, 0.03, 0.0])
    shares[-1] = 3.0 if lead in (Cover.FISHPOND, Cover.HOTHOUSE) else 0.7
    return rng.choice(np.array(kinds, dtype=np.uint8), 256, p=shares / shares.sum())


def _wander(start: Floats, end: Floats, step_m: float, rough: float, rng: np.random.Generator) -> Floats:
    line = fractal((float(start[0]), float(start[1])), (float(end[0]), float(end[1])), step_m, rough, rng)
    return smooth(line, 2)


def _streams(size: Size, river: Any, rng: np.random.Generator) -> list[Trace]:
    west, south, east, north = size.ground_m
    traces = []
    for _ in range(max(5, int((east - west) * (north - south) / 22e6))):
        spring = np.array([rng.uniform(west, east), rng.uniform(south, north)])
        mouth = shapely.get_coordinates(shapely.line_interpolate_point(river, river.project(shapely.Point(spring))))
        bend = (mouth[0] - spring) * 0.3 * rng.uniform(-1, 1)
        end = mouth[0] + np.array([-bend[1], bend[0]])
        width = float(rng.uniform(7, 13))
        traces.append(Trace(Cover.WATER, width, _wander(spring, end, 110, 0.2, rng)))
    return traces


def _lanes(villages: list[Settlement], rng: np.random.Generator) -> list[Trace]:
    """A lane from each village to its two nearest neighbours."""
    points = np.array([(one.x_m, one.y_m) for one in villages])
    if len(points) < 2:
        return []
    pairs = set()
    for at, point in enumerate(points):
        near = np.argsort(np.hypot(*(points - point).T), kind="stable")[1:3]
        pairs |= {(min(at, int(one)), max(at, int(one))) for one in near}
    return [Trace(Cover.LANE, 5.0, _wander(points[a], points[b], 160, 0.05, rng)) for a, b in sorted(pairs)]


def _roads(size: Size, graph: Graph, seats: list[Settlement], rng: np.random.Generator) -> list[Trace]:
    """County roads between the seats of neighbours, and one motorway from west to east."""
    pairs = sorted({(one.right, one.left) for one in graph.borders if min(one.left, one.right) >= 0})
    centre = [np.array([one.x_m, one.y_m]) for one in seats]
    roads = [Trace(Cover.ROAD, 11.0, _wander(centre[a], centre[b], 420, 0.07, rng)) for a, b in pairs]
    west, south, east, north = size.ground_m
    ends = [np.array([x, south + (north - south) * rng.uniform(0.3, 0.7)]) for x in (west - 99, east + 99)]
    line = _wander(ends[0], ends[1], 1600, 0.06, rng)
    line = smooth(line, 2)
    return [*roads, Trace(Cover.HIGHWAY, 28.0, line), Trace(Cover.MEDIAN, 3.0, line)]


def _ponds(size: Size, elevation: NDArray[np.float32], rng: np.random.Generator) -> list[tuple[Cover, Floats]]:
    points = _jittered(size, 640.0, 0.45, rng)
    points = points[_hill(size, elevation, points[:, 0], points[:, 1]) < -0.05]
    return [(Cover.WATER, _blob(x, y, float(rng.lognormal(3.1, 0.45)), rng)) for x, y in points]


def _blob(x: float, y: float, radius_m: float, rng: np.random.Generator) -> Floats:
    angles = np.linspace(0, 2 * np.pi, 9)[:-1]
    radii = radius_m * rng.uniform(0.6, 1.3, 8)
    ring = np.column_stack([x + 1.3 * radii * np.cos(angles), y + radii * np.sin(angles)])
    return smooth(np.vstack([ring, ring[:1]]), 2)


def _river(line: Any, rng: np.random.Generator) -> list[tuple[Cover, Floats]]:
    """The river bed as sand, and the water in it, narrower and off its centre."""
    points = shapely.get_coordinates(shapely.segmentize(line, 20.0))
    slope = np.gradient(points, axis=0)
    normal = np.column_stack([-slope[:, 1], slope[:, 0]]) / np.hypot(*slope.T)[:, None]
    sway = np.interp(np.arange(len(points)), np.arange(0, len(points) + 12, 12),
                     rng.uniform(0, 1, len(points) // 12 + 2)[: len(range(0, len(points) + 12, 12))])  # fmt: skip
    bed = np.full(len(points), 42.0)
    left, right = bed - 30 * np.clip(sway - 0.55, 0, 1), bed - 30 * np.clip(0.45 - sway, 0, 1)
    return [
        (Cover.SAND, _ribbon(points, normal, bed, bed)),
        (Cover.RIVER, _ribbon(points, normal, left, right)),
    ]


def _ribbon(points: Floats, normal: Floats, left: Floats, right: Floats) -> Floats:
    return np.vstack([points + normal * left[:, None], (points - normal * right[:, None])[::-1]])
