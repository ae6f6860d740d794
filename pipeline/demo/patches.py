"""Changes on the ground: ordinary ones placed among the fields, and one of every trouble.

Outlines are in metres in the ground CRS; a patch is delivered under the code of `county`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely

from pipeline.demo import outlines
from pipeline.demo.borders import OUTSIDE, Floats, Graph, Junction
from pipeline.demo.sizes import Size
from pipeline.demo.terrain import Block, Terrain

MU_M2 = 2000.0 / 3.0
APART_M = 24.0
ORDINARY, PARTIAL, ZERO, MISSING, UNKNOWN = "ordinary", "partial", "zero", "missing", "unknown"


@dataclass(frozen=True)
class Patch:
    """One change; `mark` names the trouble it stands for, `outline` is None for a record without geometry."""

    county: int
    outline: Any
    kind: str  # code of patch_types_cn
    angle_rad: float
    number: str = ""
    mark: str = ""
    remark: str = ""

    @property
    def tag(self) -> str:
        """The feature tag (TZ) of its kind."""
        return {"20": "ZZ", "KT": "S"}.get(self.kind, "")


@dataclass(frozen=True)
class Scene:
    """What patches are placed in: the counties, what became of their data, and the gap in the imagery."""

    size: Size
    graph: Graph
    terrain: Terrain
    states: tuple[str, ...]  # ORDINARY … UNKNOWN, per county
    gap: Any  # polygon without imagery before

    def live(self) -> list[int]:
        """The counties patches are delivered for."""
        return [at for at, state in enumerate(self.states) if state in (ORDINARY, PARTIAL)]


class Placer:
    """Keeps patches apart, off settlements and water, and off the gap."""

    def __init__(self, scene: Scene, rng: np.random.Generator) -> None:
        self.scene, self.rng = scene, rng
        self.built = shapely.STRtree([*scene.terrain.built(), scene.gap.buffer(30)])
        self.taken: list[Any] = []
        self.ground = shapely.box(*scene.size.ground_m).buffer(-60)

    def free(self, outline: Any, over_built: bool = False) -> bool:
        """Whether a patch may lie here."""
        hull = shapely.convex_hull(outline)
        if not self.ground.contains(hull):
            return False
        if not over_built and len(self.built.query(hull, predicate="intersects")):
            return False
        return not self.taken or not shapely.dwithin(np.array(self.taken), hull, APART_M).any()

    def take(self, patch: Patch) -> Patch:
        self.taken.append(shapely.convex_hull(patch.outline))
        return patch

    def first(self, found: Iterator[Patch]) -> Patch:
        """The first candidate that is free; where settlements leave no room, the first that meets no other."""
        candidates = list(found)
        for over_built in (False, True):
            for patch in candidates:
                if self.free(patch.outline, over_built):
                    return self.take(patch)
        raise AssertionError("no room for a patch")

    def points(self, inside: Any, tries: int) -> Iterator[tuple[float, float]]:
        """Random points of a polygon."""
        west, south, east, north = inside.bounds
        for _ in range(tries):
            x, y = float(self.rng.uniform(west, east)), float(self.rng.uniform(south, north))
            if shapely.contains_xy(inside, x, y):
                yield x, y


def place_patches(scene: Scene, rng: np.random.Generator) -> list[Patch]:
    """All patches, troubles first placed, numbered within each county; sorted by county and number."""
    placer = Placer(scene, rng)
    patches = [make(placer) for make in TROUBLES]
    for county in scene.live():
        count = int(rng.integers(scene.size.patches_per_county - 2, scene.size.patches_per_county + 3))
        inside = scene.graph.counties[county].buffer(-14)
        patches += [_ordinary(placer, county, inside) for _ in range(max(1, count - _of(patches, county)))]
    return _numbered(patches, rng)


def choose_states(graph: Graph) -> tuple[str, ...]:
    """Which counties have no data, and why; three counties that meet at one point all have some."""
    junction = max(graph.junctions, key=lambda one: _from_river(graph, one))
    states = [ORDINARY] * len(graph.counties)
    left = [at for at in range(len(graph.counties)) if at not in junction.counties]
    for state in (ZERO, MISSING, UNKNOWN, PARTIAL):
        plenty = [city for city, own in zip(graph.cities, states, strict=True) if own == ORDINARY]
        at = max(left, key=lambda one: (plenty.count(graph.cities[one]), -one))  # no city loses all of its data
        left.remove(at)
        states[at] = state
    return tuple(states)


def choose_gap(size: Size, graph: Graph, terrain: Terrain, states: tuple[str, ...]) -> Any:
    """A slanting strip in an ordinary county which the scenes of spring do not cover."""
    half, length = (62.0, 190.0) if size.name == "tiny" else (95.0, 520.0)
    strip = shapely.Polygon([(-half - 40, length), (half - 40, length), (half + 40, -length), (40 - half, -length)])
    built = shapely.STRtree(terrain.built())
    candidates: list[tuple[int, int, Any]] = []
    for county in (at for at, state in enumerate(states) if state == ORDINARY):
        inside = graph.counties[county].buffer(-30)
        for x, y in np.array(shapely.get_coordinates(shapely.segmentize(inside.buffer(-length / 2), length))):
            moved = outlines.placed(strip, float(x), float(y), 0.0)
            if inside.contains(moved):
                score = len(built.query(moved, predicate="intersects")) + 9 * terrain.is_hill(float(x), float(y))
                candidates.append((score, len(candidates), moved))
    return min(candidates, key=lambda one: one[:2])[2]


def _from_river(graph: Graph, junction: Junction) -> float:
    return float(shapely.distance(shapely.Point(junction.point), graph.river))


def _of(patches: list[Patch], county: int) -> int:
    return sum(one.county == county for one in patches)


def _numbered(patches: list[Patch], rng: np.random.Generator) -> list[Patch]:
    """Numbers 0001 … in each county, in no order of place; the doubled number is doubled."""
    order = rng.permutation(len(patches))
    numbered: list[Patch] = []
    for county in sorted({one.county for one in patches}):
        own = [patches[at] for at in order if patches[at].county == county]
        numbered += [replace(patch, number=f"{nth:04d}") for nth, patch in enumerate(own, start=1)]
    return [_doubled(patch, numbered) for patch in numbered]


def _doubled(patch: Patch, numbered: list[Patch]) -> Patch:
    if patch.mark != "doubled_number":
        return patch
    other = next(one for one in numbered if one.county == patch.county and not one.mark)
    return replace(patch, number=other.number)


def _ordinary(placer: Placer, county: int, inside: Any) -> Patch:
    """A change of an ordinary size and shape in its county."""
    rng, terrain = placer.rng, placer.scene.terrain
    for _ in range(30):
        area_m2 = float(np.clip(rng.lognormal(np.log(4.5), 0.95), 0.5, 80)) * MU_M2
        draw = _ORDINARY[int(rng.choice(len(_ORDINARY), p=(0.6, 0.28, 0.12)))]
        for x, y in placer.points(inside, 60):
            hill = terrain.is_hill(x, y)
            if hill and draw is not _pit and rng.random() < 0.8:
                continue
            patch = draw(placer, county, (x, y), area_m2, hill)
            if inside.contains(patch.outline) and placer.free(patch.outline):
                return placer.take(patch)
    raise AssertionError("no room for an ordinary patch")


def _site(placer: Placer, county: int, at: tuple[float, float], area_m2: float, hill: bool) -> Patch:
    rng = placer.rng
    block = placer.scene.terrain.block_at(*at)
    depth = block.parcel_m[1]
    height = max(1, round(np.sqrt(area_m2 * rng.uniform(0.4, 1.2)) / depth)) * depth
    outline = outlines.site(area_m2 / height, height, rng)
    x, y = _snapped(placer.scene.size, block, at, height)
    large = area_m2 > 25 * MU_M2
    kinds = ("GF", "CK", "DT") if hill else ("20", "GF", "DT", "TP") if large else ("20", "20", "YH", "DT")
    return Patch(county, outlines.placed(outline, x, y, block.angle_rad), str(rng.choice(kinds)), block.angle_rad)


def _pit(placer: Placer, county: int, at: tuple[float, float], area_m2: float, hill: bool) -> Patch:
    angle = float(placer.rng.uniform(0, np.pi))
    kinds = ("CK", "CK", "DT", "TD") if hill else ("DT", "TD", "KT")
    outline = outlines.placed(outlines.pit(area_m2, placer.rng), *at, angle)
    return Patch(county, outline, str(placer.rng.choice(kinds)), angle)


def _strip(placer: Placer, county: int, at: tuple[float, float], area_m2: float, hill: bool) -> Patch:
    angle = float(placer.rng.uniform(0, np.pi))
    width = float(placer.rng.uniform(6, 12))
    length = float(np.clip(area_m2 / width, 120, placer.scene.size.road_patch_m * 0.8))
    outline = outlines.placed(outlines.strip(length, width, placer.rng), *at, angle)
    return Patch(county, outline, "ND" if hill else str(placer.rng.choice(("DL1", "DL2", "ND"))), angle)


_ORDINARY = (_site, _pit, _strip)


def _snapped(size: Size, block: Block, at: tuple[float, float], height_m: float) -> tuple[float, float]:
    """A centre moved across the fields so that the site begins and ends on parcel borders."""
    west, _, _, north = size.ground_m
    cos, sin = np.cos(block.angle_rad), np.sin(block.angle_rad)
    v = -(at[0] - west) * sin + (at[1] - north) * cos - height_m / 2
    shift = np.round(v / block.parcel_m[1]) * block.parcel_m[1] - v
    return at[0] - shift * sin, at[1] + shift * cos


# One of every trouble. Each function finds a place and returns the patch with its mark.


def _somewhere(
    placer: Placer,
    mark: str,
    outline: Any,
    kind: str,
    remark: str = "",
    nth: int = 0,
    cities: int | None = None,
) -> Patch:
    """A trouble that needs no particular place: in an ordinary county (of one city), along the fields."""
    scene = placer.scene
    ordinary = [
        at for at, state in enumerate(scene.states) if state == ORDINARY and cities in (None, scene.graph.cities[at])
    ]
    county = ordinary[nth % len(ordinary)]
    inside = scene.graph.counties[county].buffer(-14)

    def candidates() -> Iterator[Patch]:
        for x, y in placer.points(inside, 400):
            angle = scene.terrain.block_at(x, y).angle_rad
            moved = outlines.placed(outline, x, y, angle)
            if inside.contains(shapely.convex_hull(moved)) and not scene.terrain.is_hill(x, y):
                yield Patch(county, moved, kind, angle, mark=mark, remark=remark)

    return placer.first(candidates())


def _along_borders(scene: Scene, inner: bool, step_m: float = 30.0) -> Iterator[tuple[int, int, float, float, float]]:
    """Left and right county, point and direction along borders between live counties, away from the river."""
    live = set(scene.live())
    for border in scene.graph.borders:
        pair = {border.left, border.right}
        if not (pair <= live if inner else border.right == OUTSIDE and border.left in live):
            continue
        length = border.line.length
        for at in np.arange(0.15 * length, 0.85 * length, step_m):
            x, y = border.line.interpolate(at).coords[0]
            ahead = border.line.interpolate(min(at + 60.0, length)).coords[0]
            if shapely.distance(shapely.Point(x, y), scene.graph.river) > 150:
                yield border.left, border.right, x, y, float(np.arctan2(ahead[1] - y, ahead[0] - x))


def _shares(scene: Scene, outline: Any) -> Floats:
    """The share of an outline in each county."""
    return np.asarray(shapely.area(shapely.intersection(np.array(scene.graph.counties), outline)) / outline.area)


def _straddles(placer: Placer) -> Patch:
    return _on_border(placer, "straddles", True, outlines.rectangle(76.0, 58.0), "20", (0.3, 0.7))


def _redelivered(placer: Placer) -> Patch:
    """Lies in a city that delivers a shapefile, so that the province's GeoJSON repeats it in another CRS."""
    return _somewhere(placer, "redelivered", outlines.rectangle(64.0, 44.0), "YH", cities=0)


def _partly_outside(placer: Placer) -> Patch:
    return _on_border(placer, "partly_outside", False, outlines.rectangle(70.0, 52.0), "DT", (0.35, 0.8))


def _on_border(placer: Placer, mark: str, inner: bool, outline: Any, kind: str, share: tuple[float, float]) -> Patch:
    scene = placer.scene

    def candidates() -> Iterator[Patch]:
        for left, right, x, y, angle in _along_borders(scene, inner):
            moved = outlines.placed(outline, x, y, angle)
            shares = _shares(scene, moved)
            fits = share[0] < shares[left] < share[1] and int((shares > 0.05).sum()) == 1 + inner
            if fits and np.isclose(shares[left] + shares[right] * inner, shares.sum(), atol=1e-9):
                owner = left if not inner or shares[left] >= shares[right] else right
                yield Patch(owner, moved, kind, angle, mark=mark)

    return placer.first(candidates())


def _sliver(placer: Placer) -> Patch:
    """Nearly all in one county: pushed off the border until 2 to 8 m² are left beyond it."""
    scene, outline = placer.scene, outlines.rectangle(84.0, 50.0)

    def candidates() -> Iterator[Patch]:
        for left, right, x, y, angle in _along_borders(scene, True, 45.0):
            away = _off_border(scene, outline, (x, y, angle), left, right)
            if away is not None:
                yield Patch(left, away, "20", angle, mark="sliver")

    return placer.first(candidates())


def _off_border(scene: Scene, outline: Any, at: tuple[float, float, float], left: int, right: int) -> Any | None:
    """The outline beside a border point, bisected to a fragment of 2 to 8 m² beyond it; None if there is none."""
    x, y, angle = at
    for side in (1.0, -1.0):
        low, high = 0.0, 110.0
        for _ in range(18):
            middle = (low + high) / 2
            moved = outlines.placed(
                outline, x - side * middle * np.sin(angle), y + side * middle * np.cos(angle), angle
            )
            beyond = moved.intersection(scene.graph.counties[right]).area
            if (
                2.0 < beyond < 8.0
                and abs(moved.intersection(scene.graph.counties[left]).area + beyond - moved.area) < 1e-6
            ):
                return moved
            low, high = (middle, high) if beyond >= 8.0 else (low, middle)
    return None


def _triple_point(placer: Placer) -> Patch:
    scene = placer.scene
    live = set(scene.live())

    def candidates() -> Iterator[Patch]:
        for junction in sorted(scene.graph.junctions, key=lambda one: -_from_river(scene.graph, one)):
            if not set(junction.counties) <= live:
                continue
            for turn in np.linspace(0, np.pi / 2, 7)[:-1]:
                moved = outlines.placed(outlines.rectangle(96.0, 80.0), *junction.point, float(turn))
                shares = _shares(scene, moved)
                if int((shares > 0.06).sum()) == 3 and np.isclose(shares.sum(), 1.0):
                    yield Patch(int(np.argmax(shares)), moved, "DT", float(turn), mark="triple_point")

    return placer.first(candidates())


def _outside(placer: Placer) -> Patch:
    """Wholly beyond the province, delivered under the code of the nearest county with data."""
    scene = placer.scene
    beyond = placer.ground.difference(scene.graph.province.buffer(70))

    def candidates() -> Iterator[Patch]:
        for x, y in placer.points(beyond, 400):
            moved = outlines.placed(outlines.rectangle(60.0, 40.0), x, y, 0.3)
            if beyond.contains(moved):
                live = scene.live()
                near = shapely.distance(np.array(scene.graph.counties)[live], moved)
                yield Patch(live[int(np.argmin(near))], moved, "20", 0.3, mark="outside")

    return placer.first(candidates())


def _gap_patch(placer: Placer, mark: str, share: float) -> Patch:
    """A patch in the gap of the imagery, or across its edge; the gap itself keeps all others away."""
    scene = placer.scene
    centre = scene.gap.centroid
    _, south, _, north = scene.gap.bounds
    y = centre.y + (north - south) * (0.2 if share == 1.0 else -0.2)
    county = int(np.argmax(shapely.area(shapely.intersection(np.array(scene.graph.counties), scene.gap))))
    places = np.arange(scene.gap.bounds[0], scene.gap.bounds[2] + 60, 2.0)
    moved = [outlines.placed(outlines.rectangle(52.0, 40.0), float(x), float(y), 0.05) for x in places]
    grown = shapely.buffer(np.array(moved), 4.0)  # a pixel or two beyond the outline
    shares = shapely.area(shapely.intersection(grown, scene.gap)) / shapely.area(grown)
    best = moved[int(np.argmin(np.abs(shares - share)))]
    return placer.take(Patch(county, best, "20", 0.05, mark=mark))


TROUBLES: tuple[Callable[[Placer], Patch], ...] = (
    _triple_point,
    _straddles,
    _redelivered,
    _sliver,
    _partly_outside,
    _outside,
    lambda placer: _gap_patch(placer, "no_imagery", 1.0),
    lambda placer: _gap_patch(placer, "partial_imagery", 0.5),
    lambda placer: _somewhere(placer, "big", outlines.rectangle(286.0, 252.0), "GF", nth=0),
    lambda placer: _somewhere(
        placer, "long_road", outlines.strip(placer.scene.size.road_patch_m, 9.0, placer.rng), "DL2", nth=1
    ),
    lambda placer: _somewhere(placer, "hole", outlines.with_hole(92.0, 74.0), "DT", nth=2),
    lambda placer: _somewhere(placer, "multipart", outlines.two_parts(90.0, 52.0), "20", nth=3),
    lambda placer: _somewhere(placer, "bow_tie", outlines.bow_tie(70.0, 60.0), "DT", nth=0),
    lambda placer: _somewhere(placer, "self_touching", outlines.self_touching(66.0, 52.0), "YH", nth=1),
    lambda placer: _somewhere(placer, "spike", outlines.spiked(56.0, 44.0), "20", nth=2),
    lambda placer: _somewhere(placer, "small", outlines.rectangle(20.0, 15.0), "20", nth=3),
    lambda placer: _somewhere(
        placer, "formula", outlines.rectangle(58.0, 40.0), "YH", '=HYPERLINK("http://example.invalid","点击查看")', 0
    ),
    lambda placer: _somewhere(placer, "exact_duplicate", outlines.rectangle(50.0, 36.0), "20", nth=1),
    lambda placer: _somewhere(placer, "duplicate_differs", outlines.rectangle(48.0, 42.0), "YH", nth=2),
    lambda placer: _somewhere(placer, "doubled_number", outlines.rectangle(40.0, 34.0), "DT", nth=3),
    lambda placer: _somewhere(placer, "no_geometry", outlines.rectangle(44.0, 30.0), "20", nth=0),
    lambda placer: _somewhere(placer, "area_disagrees", outlines.rectangle(62.0, 47.0), "20", nth=1),
)  # fmt: skip
