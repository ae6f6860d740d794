"""Towns, roads and places about the patches: read as counties are, but what cannot be drawn is said and left out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from pipeline.errors import Refusal
from pipeline.fields import tidy
from pipeline.geometry.crs import crs_name, inside_world, to_storage, way_between
from pipeline.geometry.repair import areal
from pipeline.intake.read import ReadLayer
from pipeline.issues import Code, Issue

Geometries = npt.NDArray[np.object_]
Boxes = npt.NDArray[np.float64]

REACH_DEG = 0.05  # beyond the box of a county, what its sheets may still show
FIELDS = {"towns": "town", "roads": "road", "places": "place"}  # kinds in the alias table
POLYGONS, LINES = (3, 6), (1, 2, 5)
SHAPES = {"towns": POLYGONS, "roads": LINES, "places": (0, 4, *POLYGONS)}


@dataclass(frozen=True)
class Around:
    """Features of all kinds in the storage CRS, each once, in an order that no file decides."""

    kinds: npt.NDArray[np.object_]
    names: npt.NDArray[np.object_]
    geometry: Geometries


@dataclass(frozen=True)
class Feature:
    """One thing of the ground: its kind, its name ("" for none), its outline as WKB."""

    kind: str
    name: str
    wkb: bytes


def around(features: Sequence[Feature]) -> Around:
    """All features, the same one delivered twice taken once."""
    told = sorted({(one.kind, one.name, one.wkb) for one in features})
    kinds, names, blobs = (np.array([*one, None], object)[:-1] for one in zip(*told, strict=True)) if told else _NONE
    return Around(kinds, names, shapely.from_wkb(blobs))


_NONE = tuple(np.zeros(0, object) for _ in range(3))


def features_of(kind: str, layer: ReadLayer, assumed_crs: str, storage: str) -> tuple[list[Feature], list[Issue]]:
    """What of a layer can be drawn as `kind` ("towns", "roads", "places"), and what is said of it."""
    try:
        return _features(kind, layer, assumed_crs, storage)
    except Refusal as refusal:
        return [], [unread(kind, layer.delivery, layer.report.file, refusal.sentence, refusal.hint)]


def unread(kind: str, delivery: str, file: str, problem: str, hint: str) -> Issue:
    """A file that shows nothing on any sheet."""
    facts = {"file": file, "kind": kind, "problem": problem, "hint": hint}
    return Issue(Code.SURROUNDINGS_UNREAD, "ingest", facts, delivery=delivery, source_file=file)


def _features(kind: str, layer: ReadLayer, assumed: str, storage: str) -> tuple[list[Feature], list[Issue]]:
    source = layer.report.crs or assumed
    if not source:
        raise Refusal("it has no coordinate system", 'set [inputs] counties_crs = "EPSG:…", or send the .prj with it')
    way = way_between(source, storage)
    delivered = layer.geometries()
    rows = np.flatnonzero(np.isin(shapely.get_type_id(delivered), SHAPES[kind]) & ~shapely.is_empty(delivered))
    moved = to_storage(delivered[rows], way)
    here = inside_world(moved)
    rows, moved = rows[here], _drawn(kind, moved[here])
    names = _names(kind, layer)
    kept = ~shapely.is_empty(moved)
    told = zip(rows[kept].tolist(), shapely.to_wkb(moved[kept]).tolist(), strict=True)
    found = [Feature(kind, names[row], blob) for row, blob in told]
    said = [] if layer.report.crs else [_about(layer, Code.CRS_ASSIGNED, crs=crs_name(source))]
    if way.identity:
        said.append(_about(layer, Code.CRS_IDENTITY, identity=way.identity))
    if len(found) < len(delivered):
        count, total = len(delivered) - len(found), len(delivered)
        said.append(_about(layer, Code.SURROUNDINGS_LEFT_OUT, kind=kind, count=count, total=total))
    return found, said


def _drawn(kind: str, moved: Geometries) -> Geometries:
    """Towns as valid polygons, places as points, roads as they are."""
    if kind == "roads":
        return moved
    wrong = np.flatnonzero((shapely.get_dimensions(moved) == 2) & ~shapely.is_valid(moved))
    if len(wrong):
        moved[wrong] = areal(shapely.make_valid(moved[wrong]))
    return moved if kind == "towns" else shapely.point_on_surface(moved)


def _names(kind: str, layer: ReadLayer) -> list[str]:
    column = layer.canonical(FIELDS[kind], {}).get("name")
    return [tidy(one) for one in layer.texts(column)] if column else [""] * layer.count


def _about(layer: ReadLayer, code: Code, **facts: str | int) -> Issue:
    file, name = layer.report.file, layer.report.name
    told = {"file": file, **facts}
    return Issue(code, "ingest", told, delivery=layer.delivery, source_file=file, source_layer=name)


def near(found: Around, counties: Geometries) -> Iterator[tuple[int, Around]]:
    """For each county that has any, its row and what lies in its box and `REACH_DEG` about it.

    Roads are cut at that box, so that one that is mended far away is the same here.
    """
    reach = shapely.bounds(counties) + np.array([-REACH_DEG, -REACH_DEG, REACH_DEG, REACH_DEG])
    box, row = shapely.STRtree(found.geometry).query(shapely.box(*reach.T), predicate="intersects")
    order = np.lexsort((row, box))
    starts = np.searchsorted(box[order], np.arange(len(counties) + 1)).tolist()
    for at, (start, end) in enumerate(itertools.pairwise(starts)):
        rows = row[order[start:end]]
        shapes = _cut(found.kinds[rows], found.geometry[rows], reach[at])
        there = ~shapely.is_empty(shapes)
        if there.any():
            yield at, Around(found.kinds[rows][there], found.names[rows][there], shapes[there])


def _cut(kinds: npt.NDArray[np.object_], shapes: Geometries, box: Boxes) -> Geometries:
    roads = kinds == "roads"
    shapes[roads] = shapely.clip_by_rect(shapes[roads], *box.tolist())
    return shapes
