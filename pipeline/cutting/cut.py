"""The patches of a table cut at the county borders, with no more of them in memory as shapes than must be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

from pipeline.geometry.area import Ellipsoid
from pipeline.geometry.clip import Clip, clip
from pipeline.geometry.ground import Ground, ground_of, sure
from pipeline.geometry.lookup import UNDECIDED
from pipeline.geometry.slivers import assigned, merged, slivers

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

BATCH = 50_000  # patches that are in memory as shapes at once
OPEN_BATCH = 200_000  # of those near a border: the more of them a county has at once, the better


class Sharing(Protocol):
    """The settings of `[clip]` that decide what becomes of a patch on a border."""

    @property
    def mode(self) -> str: ...
    @property
    def assign(self) -> str: ...
    @property
    def slivers(self) -> str: ...
    @property
    def sliver_m2(self) -> float: ...
    @property
    def sliver_width_m(self) -> float: ...


@dataclass(frozen=True)
class Cut:
    """All pieces and remainders, as rows of the patch table and of the county layer, sorted by patch, then county.

    `wkb` and `place_deg` (a point inside) stand for the shape; a piece that is its whole patch has None in `wkb`.
    `before` are the rows (patch, county, m²) of what lay across a border before it was merged or assigned.
    """

    patch: Ints
    county: Ints
    area_m2: Floats
    wkb: Geometries
    place_deg: Floats
    box_deg: Floats
    sliver: Bools
    rest_patch: Ints
    rest_area_m2: Floats
    rest_wkb: Geometries
    rest_place_deg: Floats
    double_m2: Floats
    unbalanced: Ints
    before: tuple[Ints, Ints, Floats]


def cut_table(table: pa.Table, counties: Geometries, ellipsoid: Ellipsoid, sharing: Sharing, wanted: Ints) -> Cut:
    """Cut every patch of a table (WKB in `geometry`, `area_m2`) as `sharing` says.

    Args:
        wanted: the county each patch was delivered for, −1 where that is none of the layer.
    """
    ground = ground_of(counties, table.num_rows)
    area = table["area_m2"].to_numpy()
    parts: list[Cut] = []
    open_ = [(np.zeros(0, np.intp), np.zeros(0, object))]
    for rows, wkb in _batches(table):
        shapes = shapely.from_wkb(wkb)
        holder = sure(ground, shapely.bounds(shapes))
        known = np.flatnonzero(holder != UNDECIDED)
        parts.append(_untouched(rows[known], holder[known], shapes[known], area))
        open_.append((rows[holder == UNDECIDED], wkb[holder == UNDECIDED]))
    rows, wkb = (np.concatenate(column) for column in zip(*open_, strict=True))
    for start in range(0, len(rows), OPEN_BATCH):
        some = slice(start, start + OPEN_BATCH)
        parts.append(_cut_batch(rows[some], shapely.from_wkb(wkb[some]), area, ground, ellipsoid, sharing, wanted))
    return _joined(parts, table.num_rows)


def _batches(table: pa.Table) -> Iterator[tuple[Ints, Geometries]]:
    for start in range(0, table.num_rows, BATCH):
        some = table["geometry"].slice(start, BATCH)
        yield np.arange(start, start + len(some)), some.to_numpy(zero_copy_only=False)


def _untouched(rows: Ints, county: Ints, shapes: Geometries, area: Floats) -> Cut:
    return Cut(
        rows,
        county,
        area[rows],
        np.full(len(rows), None, object),
        _places(shapes),
        shapely.bounds(shapes),
        np.zeros(len(rows), bool),
        *_no_rest(),
        np.zeros(0),
        np.zeros(0, np.intp),
        (np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0)),
    )


def _no_rest() -> tuple[Ints, Floats, Geometries, Floats]:
    return np.zeros(0, np.intp), np.zeros(0), np.zeros(0, object), np.zeros((0, 2))


def _cut_batch(
    rows: Ints, shapes: Geometries, area: Floats, ground: Ground, ellipsoid: Ellipsoid, sharing: Sharing, wanted: Ints
) -> Cut:
    first = clip(shapes, area[rows], ground, ellipsoid)
    made, thin, moved = _shared(first, rows, shapes, area, ellipsoid, sharing, wanted)
    wkb = np.full(len(made.piece_patch), None, object)
    own = np.flatnonzero(~made.piece_whole)
    wkb[own] = shapely.to_wkb(made.piece_geometry[own])
    double = np.zeros(len(area))
    double[rows] = made.double_m2
    return Cut(
        rows[made.piece_patch],
        made.piece_county,
        made.piece_area_m2,
        wkb,
        _places(made.piece_geometry),
        shapely.bounds(made.piece_geometry),
        thin,
        rows[made.remainder_patch],
        made.remainder_area_m2,
        np.asarray(shapely.to_wkb(made.remainder_geometry), object),
        _places(made.remainder_geometry),
        double,
        rows[made.unbalanced],
        (rows[first.piece_patch[moved]], first.piece_county[moved], first.piece_area_m2[moved]),
    )


def _shared(
    cut: Clip, rows: Ints, shapes: Geometries, area: Floats, ellipsoid: Ellipsoid, sharing: Sharing, wanted: Ints
) -> tuple[Clip, Bools, Bools]:
    """The pieces as the settings want them, which of them are slivers, and which pieces of `cut` went elsewhere."""
    if sharing.mode == "assign":
        wish = wanted[rows] if sharing.assign == "delivered" else np.full(len(rows), -1)
        made = assigned(cut, wish, shapes, area[rows])
        home = np.full(len(rows), -1)
        home[made.piece_patch] = made.piece_county
        return made, np.zeros(len(made.piece_patch), bool), home[cut.piece_patch] != cut.piece_county
    if sharing.slivers == "ask":
        return cut, np.zeros(len(cut.piece_patch), bool), np.zeros(len(cut.piece_patch), bool)
    thin = slivers(cut, sharing.sliver_m2, sharing.sliver_width_m, ellipsoid)
    if sharing.slivers == "issue":
        return cut, thin, np.zeros(len(thin), bool)
    moved = thin & (cut.double_m2[cut.piece_patch] == 0)
    return merged(cut, moved, shapes, area[rows]), thin[~moved], moved


def _places(shapes: Geometries) -> Floats:
    """Longitude and latitude of a point inside each shape."""
    made: Floats = shapely.get_coordinates(shapely.point_on_surface(shapes)).reshape(-1, 2)
    return made


def _joined(parts: list[Cut], count: int) -> Cut:
    parts = parts or [_untouched(np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0, object), np.zeros(0))]
    names = [one for one in Cut.__dataclass_fields__ if one not in ("double_m2", "before")]
    columns = {name: np.concatenate([getattr(one, name) for one in parts]) for name in names}
    order = np.lexsort((columns["county"], columns["patch"]))
    rest = np.argsort(columns["rest_patch"], kind="stable")
    for name in columns:
        if name != "unbalanced":
            columns[name] = columns[name][rest if name.startswith("rest_") else order]
    double = sum((one.double_m2 for one in parts if len(one.double_m2)), np.zeros(count))
    patch, county, area = (np.concatenate(column) for column in zip(*(one.before for one in parts), strict=True))
    first = np.lexsort((county, patch))
    columns["unbalanced"] = np.sort(columns["unbalanced"])
    return Cut(**columns, double_m2=double, before=(patch[first], county[first], area[first]))
