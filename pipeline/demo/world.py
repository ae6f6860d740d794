"""From a seed to files: draws the counties, the ground and the changes, and hands them to the writers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import shapely

from pipeline.demo import deliveries, names
from pipeline.demo.borders import Graph, draw_graph
from pipeline.demo.deliveries import Record, spelled
from pipeline.demo.imagery import takes_at, write_imagery
from pipeline.demo.painter import Painter
from pipeline.demo.patches import (
    MISSING,
    MU_M2,
    PARTIAL,
    UNKNOWN,
    ZERO,
    Patch,
    Scene,
    choose_gap,
    choose_states,
    place_patches,
)
from pipeline.demo.province import EDITION, DemoSummary, Trouble, summary_files
from pipeline.demo.sizes import GROUND_CRS, Size
from pipeline.demo.terrain import draw_terrain
from pipeline.publish import write_text

ELLIPSOID = pyproj.Geod(a=6378137.0, rf=298.257222101)
SUPPLEMENT = "省级补充图斑.geojson"
QUARANTINED = ("bow_tie", "no_geometry")

SENTENCES = {
    "triple_point": "lies in three counties, over the point where they meet",
    "straddles": "lies in two counties",
    "redelivered": "delivered twice: in the city's shapefile and, in longitude and latitude, by the province",
    "sliver": "crosses a county border by less than 10 m2 and less than 1 %",
    "partly_outside": "lies partly outside all counties",
    "outside": "lies wholly outside all counties",
    "no_imagery": "has no imagery before",
    "partial_imagery": "has imagery before for about half of its area",
    "big": "is larger than 100 mu",
    "long_road": "is a road strip, long and narrow",
    "hole": "has a hole",
    "multipart": "consists of two parts",
    "bow_tie": "its ring crosses itself, its area depends on the method: to be quarantined",
    "self_touching": "its ring touches itself at a vertex: repaired without doubt",
    "spike": "its ring has a spike of no width: repaired without doubt",
    "small": "is 300 m2",
    "formula": "its remark begins with an equals sign",
    "exact_duplicate": "delivered twice in one file, equal in everything",
    "duplicate_differs": "delivered twice in one file, the second time with another type and remark",
    "doubled_number": "bears the number of another patch of its county, with another outline",
    "no_geometry": "has no geometry: to be quarantined",
    "area_disagrees": "its reported area is 12 % larger than its outline",
}


@dataclass(frozen=True)
class _World:
    """What is drawn, before it is written."""

    scene: Scene
    patches: list[Patch]
    codes: list[tuple[str, str]]  # code and name of each county
    towns: list[tuple[int, str, str, Any]]  # county, code, name, polygon in metres


@dataclass(frozen=True)
class _Sent:
    """A delivered row with its patch and the file it goes into."""

    patch: Patch
    delivery: str
    record: Record


def write_world(folder: Path, size: Size, seed: int, progress: Callable[[str], None]) -> DemoSummary:
    """Write every file of the province; the sizes of the files are not filled in yet."""
    progress(f"demo: drawing a province of {size.name} size from seed {seed}")
    world, painter = _draw(size, seed)
    sent = _sent(world, np.random.default_rng([seed, 5]))
    progress(f"demo: {len(sent)} records in {len({one.delivery for one in sent})} deliveries")
    paths = [
        *_write_boundaries(folder, world),
        *_write_surroundings(folder / "surroundings", world),
        *_write_deliveries(folder, sent),
        _write_expected(folder, world, sent, np.random.default_rng([seed, 6])),
        _write_campaign(folder),
        *write_imagery(folder / "imagery", painter, world.patches, world.scene.gap, progress),
    ]
    return _summary(folder, size, seed, world, sent, paths)


def _draw(size: Size, seed: int) -> tuple[_World, Painter]:
    graph = draw_graph(size, np.random.default_rng([seed, 1]))
    terrain = draw_terrain(size, graph, np.random.default_rng([seed, 2]))
    painter = Painter(terrain, np.random.default_rng([seed, 3]))
    states = choose_states(graph)
    scene = Scene(size, graph, terrain, states, choose_gap(size, graph, terrain, states))
    patches = place_patches(scene, np.random.default_rng([seed, 4]))
    codes = names.county_names(graph.cities)
    return _World(scene, patches, codes, _towns(graph, codes, np.random.default_rng([seed, 7]))), painter


def _towns(graph: Graph, codes: list[tuple[str, str]], rng: np.random.Generator) -> list[tuple[int, str, str, Any]]:
    """Four to six towns per county: Voronoi cells inside it."""
    towns = []
    for county, polygon in enumerate(graph.counties):
        west, south, east, north = polygon.bounds
        seeds = rng.uniform((west, south), (east, north), (int(rng.integers(4, 7)), 2))
        cells = shapely.voronoi_polygons(shapely.MultiPoint(seeds), extend_to=polygon, ordered=True).geoms
        words = rng.permutation(names.TOWNS)
        parts = [_polygonal(shapely.intersection(cell, polygon)) for cell in cells]
        for nth, part in enumerate(part for part in parts if part.area > 5000.0):
            ending = str(rng.choice(names.TOWN_ENDINGS))
            towns.append((county, f"{codes[county][0]}{100 + nth}", f"{words[nth]}{ending}", part))
    return towns


def _polygonal(geometry: Any) -> Any:
    parts = [one for one in shapely.get_parts(geometry) if one.geom_type == "Polygon"]
    return shapely.MultiPolygon(parts)


def _geographic(outline: Any, digits: int) -> Any:
    """Metres to longitude and latitude; rounding keeps shared vertices shared."""
    turn = pyproj.Transformer.from_crs(GROUND_CRS, deliveries.GEOGRAPHIC, always_xy=True).transform
    return shapely.transform(
        outline, lambda points: np.round(np.column_stack(turn(points[:, 0], points[:, 1])), digits)
    )


def _sent(world: _World, rng: np.random.Generator) -> list[_Sent]:
    """All delivered rows: each patch once, the supplement's share of them, and the repeated ones."""
    sent: list[_Sent] = []
    for patch in world.patches:
        supplement = patch.mark == "no_geometry" or (not patch.mark and rng.random() < 0.16)
        delivery = SUPPLEMENT if supplement else _delivery(world, patch)
        one = _Sent(patch, delivery, _record(world, patch, delivery, len(sent)))
        sent += [one, *_repeats(one)]
    return sorted(sent, key=lambda one: one.delivery)


def _delivery(world: _World, patch: Patch) -> str:
    """The file of a patch's city: shapefiles and GeoPackages by turns."""
    city = world.scene.graph.cities[patch.county]
    name = names.CITY_NAMES[city]
    return f"{name}监测图斑_2025Q3.gpkg" if city % 2 else f"{name}2025年三季度监测图斑.zip"


def _repeats(one: _Sent) -> list[_Sent]:
    """The further deliveries of a patch that came more than once."""
    if one.patch.mark == "exact_duplicate":
        return [one]
    if one.patch.mark == "redelivered":
        return [replace(one, delivery=SUPPLEMENT)]
    if one.patch.mark == "duplicate_differs":
        values = {**one.record.values, "patch_type": "DT", "remark": "补报，类型已更正"}
        return [replace(one, record=Record(values, one.record.outline))]
    return []


def _record(world: _World, patch: Patch, delivery: str, nth: int) -> Record:
    outline = _geographic(patch.outline, 10)
    inside = shapely.point_on_surface(shapely.make_valid(patch.outline))
    lon, lat = shapely.get_coordinates(_geographic(inside, 6))[0]
    before, after = takes_at(world.scene.size, inside.x, inside.y)
    style = _style(delivery, nth)
    town, village = _place(world, inside)
    area_m2 = abs(ELLIPSOID.geometry_area_perimeter(shapely.make_valid(outline))[0])
    area_m2 *= 1.12 if patch.mark == "area_disagrees" else 1.0
    values: dict[str, str | float] = {
        "county_code": world.codes[patch.county][0],
        "county_name": world.codes[patch.county][1],
        "patch_no": patch.number,
        "patch_type": patch.kind,
        "feature_tag": patch.tag,
        "phase_before": spelled(before.day, style),
        "phase_after": spelled(after.day, style),
        "center_x": float(lon),
        "center_y": float(lat),
        "area_mu": round(float(area_m2 / MU_M2), 2),
        "area_m2": round(float(area_m2), 2),
        "town": town,
        "village": village,
        "remark": patch.remark,
    }
    return Record(values, None if patch.mark == "no_geometry" else outline)


def _style(delivery: str, nth: int) -> str:
    if delivery == SUPPLEMENT:
        return "chinese"
    if delivery.endswith(".gpkg"):
        return "slashed"
    return "dashed" if nth % 9 == 4 else "compact"


def _place(world: _World, point: Any) -> tuple[str, str]:
    """The town a point lies in, whatever county the patch is delivered for (outside all: the nearest); the village."""
    town = world.towns[int(np.argmin(shapely.distance(np.array([one[3] for one in world.towns]), point)))]
    villages = [one for one in world.scene.terrain.settlements if not one.urban]
    village = min(villages, key=lambda one: float(np.hypot(one.x_m - point.x, one.y_m - point.y)))
    return town[2], village.name


def _write_boundaries(folder: Path, world: _World) -> list[Path]:
    counties, towns = folder / "boundaries" / "counties.gpkg", folder / "boundaries" / "towns.gpkg"
    cities = [names.CITY_NAMES[city] for city in world.scene.graph.cities]
    columns = {
        "XZQDM": [code for code, _ in world.codes],
        "XZQMC": [name for _, name in world.codes],
        "SHMC": cities,
        "SMC": [names.PROVINCE_NAME] * len(cities),
    }
    polygons = [_geographic(one, 9) for one in world.scene.graph.counties]
    deliveries.write_polygons(counties, "counties", columns, polygons)
    columns = {"XZQDM": [one[1] for one in world.towns], "XZQMC": [one[2] for one in world.towns]}
    deliveries.write_polygons(towns, "towns", columns, [_geographic(one[3], 9) for one in world.towns])
    return [counties, towns]


def _write_surroundings(folder: Path, world: _World) -> list[Path]:
    """Roads with their numbers (lanes have none) and villages, as an office has them to find the way."""
    terrain = world.scene.terrain
    roads = [one for one in terrain.traces if one.cover in names.ROADS]
    villages = [one for one in terrain.settlements if not one.urban]
    lines = [_geographic(shapely.LineString(one.line), 7) for one in roads]
    points = [_geographic(shapely.Point(one.x_m, one.y_m), 7) for one in villages]
    paths = [folder / "roads.gpkg", folder / "villages.gpkg"]
    columns = {"LXMC": names.road_names([one.cover for one in roads])}
    deliveries.write_features(paths[0], "roads", columns, lines, "LineString")
    deliveries.write_features(paths[1], "villages", {"DMMC": [one.name for one in villages]}, points, "Point")
    return paths


def _write_deliveries(folder: Path, sent: Sequence[_Sent]) -> list[Path]:
    paths = []
    for delivery in sorted({one.delivery for one in sent}):
        path = folder / "deliveries" / delivery
        records = [one.record for one in sent if one.delivery == delivery]
        if delivery.endswith(".zip"):
            deliveries.write_shapefile_zip(path, f"{delivery[:3]}监测图斑", records)
        elif delivery.endswith(".gpkg"):
            deliveries.write_geopackage(path, "监测图斑", records)
        else:
            deliveries.write_geojson(path, records)
        paths.append(path)
    return paths


def _write_expected(folder: Path, world: _World, sent: Sequence[_Sent], rng: np.random.Generator) -> Path:
    """What the province announced; nobody spoke of the UNKNOWN county."""
    rows = []
    for (code, _), state in zip(world.codes, world.scene.states, strict=True):
        if state != UNKNOWN:
            rows.append([code, *_announced(state, _came(code, sent)), *_contact(rng)])
    path = folder / "expected.csv"
    deliveries.write_expected(path, rows)
    return path


def _came(code: str, sent: Sequence[_Sent]) -> tuple[int, float]:
    """How many distinct patches came for a county, and their reported area; a repeated row counts once."""
    own = {id(one.patch): one for one in reversed(sent) if one.record.values["county_code"] == code}
    return len(own), round(sum(float(one.record.values["area_mu"]) for one in own.values()), 2)


def _announced(state: str, came: tuple[int, float]) -> tuple[int, str, str, str]:
    if state == ZERO:
        return 0, "0.00", "零图斑", "本季度监测范围内无变化"
    if state == MISSING:
        return 12, "86.40", "未接收", "数据未下发"
    if state == PARTIAL:
        return came[0] + 5, f"{came[1] + 31.25:.2f}", "部分接收", "云覆盖"
    return came[0], f"{came[1]:.2f}", "已接收", ""


def _contact(rng: np.random.Generator) -> tuple[str, str, str]:
    return names.person(rng), f"0999-{int(rng.integers(5000000, 5999999))}", "2025-11-15"


def _write_campaign(folder: Path) -> Path:
    """The campaign file; one written by a person is kept."""
    path = folder / "campaign.toml"
    if not path.exists():
        write_text(path, files(__package__).joinpath("campaign.toml").read_text(encoding="utf-8"))
    return path


def _summary(
    folder: Path, size: Size, seed: int, world: _World, sent: Sequence[_Sent], paths: Sequence[Path]
) -> DemoSummary:
    troubles = {
        one.patch.mark: Trouble(
            world.codes[one.patch.county][0], one.patch.number, one.delivery, SENTENCES[one.patch.mark]
        )
        for one in reversed(sent)
        if one.patch.mark
    }
    return DemoSummary(
        size=size.name,
        seed=seed,
        edition=EDITION,
        received=len(sent),
        duplicate=len(sent) - len(world.patches),
        quarantined=sum(one.patch.mark in QUARANTINED for one in sent),
        counties={code: state for (code, _), state in zip(world.codes, world.scene.states, strict=True)},
        troubles={name: troubles[name] for name in SENTENCES},
        files=summary_files(paths, folder),
    )
