"""The layer `pieces`: which piece is asked about, in which order the pages come, and what the layer says of each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.cutting.cut import Cut
from pipeline.cutting.shares import reported_shares
from pipeline.cutting.towns import Renamed
from pipeline.fields import natural_key
from pipeline.io.tables import GEOMETRY, layer_table
from pipeline.layers import PIECES

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

PART_ROWS = 100_000
MU_M2, HA_M2, AC_M2 = 2000 / 3, 10_000.0, 4046.8564224
FRAGMENT, MINIMUM, SLIVER = "fragment", "minimum", "sliver"
REASONS = ("", FRAGMENT, MINIMUM, SLIVER)  # the later outweighs the earlier
SOURCE = ("delivery", "source_file", "source_layer", "source_row")
CARRIED = ("patch_uid", "patch_no", "town", "village", "patch_type", "patch_type_name", "phase_before", "phase_after")
PLACE = ("town", "village")
# Of the patch table, what cutting and accounts need.
CUT_COLUMNS = (*CARRIED, *SOURCE, "county_code", "area_m2", "area_reported", GEOMETRY)


class Asking(Protocol):
    """The settings of `[clip]` that decide which pieces a county is asked about."""

    @property
    def fragment_m2(self) -> float: ...
    @property
    def fragment_share(self) -> float: ...
    @property
    def minimum_m2(self) -> float: ...


@dataclass(frozen=True)
class Pieces:
    """The pieces in order of county and page.

    Rows of the patch and county tables, number within the patch, page (0 where not asked), reason (an index into
    REASONS), area, share, place, box; and the layer as a table without its geometry, which `ground` puts together
    for some rows: all of it at once would be another gigabyte.
    """

    patch: Ints
    county: Ints
    number: Ints
    seq: Ints
    reason: Ints
    area_m2: Floats
    share: Floats
    place_deg: Floats
    box_deg: Floats
    table: pa.Table
    cut_wkb: pa.Array  # of pieces that are not their whole patch
    cut_row: Ints  # where in it, −1 for the others
    rest_reported: pa.Array  # of each remainder, its share of the reported area

    @property
    def asked(self) -> Bools:
        made: Bools = self.reason == 0
        return made

    def __len__(self) -> int:
        return len(self.patch)


def pieces_of(cut: Cut, patches: pa.Table, counties: pa.Table, towns: Renamed, asking: Asking, crs: str) -> Pieces:
    """The layer of the pieces of a cut, in order of county and page; some lie in other `towns` than delivered."""
    patch_area = patches["area_m2"].to_numpy()
    share = cut.area_m2 / patch_area[cut.patch]
    reason = _reasons(cut, share, asking)
    number, count = _numbered(cut)
    town = _told(patches["town"], cut.patch, towns.piece, towns.town)
    village = _told(patches["village"], cut.patch, towns.piece, np.full(len(towns.piece), "", object))
    order = _page_order(cut, patches, (village, town), reason == 0)
    patch, county, m2 = cut.patch[order], cut.county[order], cut.area_m2[order]
    seq = _pages(county, reason[order] == 0)
    reported, rest_reported = reported_shares(cut, patches["area_reported"])
    columns = {name: _taken(patches[name], patch) for name in (*CARRIED, *SOURCE) if name not in PLACE}
    columns |= {name: _taken(one.words, one.row[order]) for name, one in zip(PLACE, (town, village), strict=True)}
    columns |= {
        "county_code": _taken(counties["code"], county),
        "county_name": _taken(counties["name"], county),
        "piece_no": number[order],
        "piece_count": count[order],
        "seq": seq,
        "area_m2": m2,
        "area_mu": m2 / MU_M2,
        "area_ha": m2 / HA_M2,
        "area_ac": m2 / AC_M2,
        "area_share": share[order],
        "area_reported_share": _taken(reported, order),
        "patch_area_m2": patch_area[patch],
        "asked": reason[order] == 0,
        "not_asked_reason": _taken(pa.array(REASONS), reason[order]),
        "lon_deg": cut.place_deg[order, 0],
        "lat_deg": cut.place_deg[order, 1],
    }
    own = np.array([one is not None for one in cut.wkb], bool)
    made = pa.array(cut.wkb[own], pa.binary())
    table = _layer(columns, cut, made, patches, crs)
    cut_row = np.where(own, np.cumsum(own) - 1, -1)[order]
    facts = (number[order], seq, reason[order], m2, share[order], cut.place_deg[order], cut.box_deg[order])
    return Pieces(patch, county, *facts, table, made, cut_row, rest_reported)


@dataclass(frozen=True)
class _Told:
    """What each piece is told: the word in a row of `words`."""

    words: pa.ChunkedArray
    row: Ints


def _told(column: pa.ChunkedArray, patch: Ints, pieces: Ints, others: npt.NDArray[np.object_]) -> _Told:
    """A column of the patch table for the piece of each `patch`, with other words for some pieces."""
    if not len(pieces):
        return _Told(column, patch)
    row = patch.copy()
    row[pieces] = len(column) + np.arange(len(pieces))
    words = pa.chunked_array([*column.chunks, pa.array(others, column.type)])
    return _Told(pa.chunked_array([words.combine_chunks()]), row)


def _taken(column: Any, rows: Ints) -> Any:
    made = column.take(pa.array(rows))
    return made.combine_chunks() if isinstance(made, pa.ChunkedArray) else made


def _reasons(cut: Cut, share: Floats, asking: Asking) -> Ints:
    """Why a piece is not asked about, 0 where it is."""
    reason = np.zeros(len(share), np.intp)
    reason[(cut.area_m2 < asking.fragment_m2) & (share < asking.fragment_share)] = REASONS.index(FRAGMENT)
    reason[cut.area_m2 < asking.minimum_m2] = REASONS.index(MINIMUM)
    reason[cut.sliver] = REASONS.index(SLIVER)
    return reason


def _numbered(cut: Cut) -> tuple[Ints, Ints]:
    """piece_no and piece_count of each piece: 1 is the largest; equal ones in order of counties."""
    order = np.lexsort((cut.county, -cut.area_m2, cut.patch))
    patch = cut.patch[order]
    number = np.empty(len(order), np.intp)
    number[order] = np.arange(len(order)) - np.searchsorted(patch, patch) + 1
    return number, np.bincount(cut.patch)[cut.patch] if len(patch) else number


def _page_order(cut: Cut, patches: pa.Table, places: tuple[_Told, _Told], asked: Bools) -> Ints:
    """County; asked ones first; town, village, number; north to south, west to east; identity."""
    names = [_ranks(patches["patch_no"])[cut.patch], *(_ranks(one.words)[one.row] for one in places)]
    lon, lat = cut.place_deg.T
    keys = (lon, -np.round(lat, 2), *names, ~asked, cut.county)
    order: Ints = np.lexsort(keys)
    if len(order) and np.logical_and.reduce([np.diff(one[order]) == 0 for one in keys]).any():
        uid = pc.rank(patches["patch_uid"].combine_chunks()).to_numpy()[cut.patch]
        order = np.lexsort((uid, *keys))
    return order


def _ranks(column: pa.ChunkedArray) -> Ints:
    """The place of each value of a column in natural order (2 before 10)."""
    coded = pc.dictionary_encode(pc.fill_null(column, "")).combine_chunks()
    words = coded.dictionary
    order = _counted_order(words)
    if order is None:
        keys = [natural_key(one) for one in words.to_pylist()]
        order = np.array(sorted(range(len(keys)), key=keys.__getitem__), np.intp)
    rank = np.empty(len(words), np.intp)
    rank[order] = np.arange(len(words))
    made: Ints = rank[coded.indices.to_numpy()]
    return made


def _counted_order(words: pa.Array) -> Ints | None:
    """The natural order of words that are one text and a number each ("TB17"), without a key for each of them.

    None where they are not, or where two have the same number ("TB17", "TB017").
    """
    parts = pc.extract_regex(words, r"^(?P<head>[^0-9]*)(?P<digits>[0-9]{1,18})$")
    if parts.null_count or len(pc.unique(parts.field("head"))) != 1 or not parts.field("head")[0].as_py().isascii():
        return None
    numbers = parts.field("digits").cast(pa.int64()).to_numpy()
    order: Ints = np.argsort(numbers, kind="stable")
    return order if (np.diff(numbers[order]) > 0).all() else None


def _pages(county: Ints, asked: Bools) -> Ints:
    """The page of each piece in its county's book: the asked ones count from 1, the others have 0."""
    running = np.cumsum(asked)
    first = np.searchsorted(county, county)
    before = np.concatenate([[0], running])[first]
    pages: Ints = np.where(asked, running - before, 0)
    return pages


def _layer(columns: dict[str, Any], cut: Cut, made: pa.Array, patches: pa.Table, crs: str) -> pa.Table:
    """The layer without its geometry, but with what GeoParquet says of it."""
    empty = layer_table(PIECES, {name: [] for name in PIECES.columns}, np.zeros(0, object), crs)
    arrays = {name: pa.array(columns[name], empty.schema.field(name).type) for name in PIECES.columns}
    return pa.table(arrays).replace_schema_metadata(_stated(empty.schema.metadata, cut, made, patches))


def ground(pieces: Pieces, patches: pa.Table, rows: Ints) -> pa.ChunkedArray:
    """The WKB of some pieces: the patch's own bytes where the piece is the whole patch."""
    cut_row = pieces.cut_row[rows]
    whole = cut_row < 0
    untouched = patches[GEOMETRY].take(pa.array(pieces.patch[rows][whole]))
    if whole.all():
        return untouched
    both = pa.chunked_array([*untouched.chunks, pieces.cut_wkb.take(pa.array(cut_row[~whole]))])
    place = np.where(whole, np.cumsum(whole) - 1, whole.sum() + np.cumsum(~whole) - 1)
    return both.take(pa.array(place))


def layer_parts(pieces: Pieces, patches: pa.Table) -> Iterator[pa.Table]:
    """The layer with its geometry, in parts."""
    for start in range(0, max(len(pieces), 1), PART_ROWS):
        part = pieces.table.slice(start, PART_ROWS)
        yield part.append_column(GEOMETRY, ground(pieces, patches, np.arange(start, start + part.num_rows)))


def _stated(meta: dict[bytes, bytes], cut: Cut, made: pa.Array, patches: pa.Table) -> dict[str, str]:
    """The GeoParquet metadata with kinds and box of the geometry."""
    geo = json.loads(meta[b"geo"])
    kinds = {_KINDS[one[1]] for one in pc.unique(pc.binary_slice(made, 0, 5)).to_pylist()}
    known = json.loads(patches.schema.metadata[b"geo"])["columns"][GEOMETRY]["geometry_types"]
    column = geo["columns"][GEOMETRY]
    column["geometry_types"] = sorted(kinds | set(known)) if len(cut.patch) else []
    if len(cut.patch):
        column["bbox"] = [*cut.box_deg[:, :2].min(axis=0).tolist(), *cut.box_deg[:, 2:].max(axis=0).tolist()]
    return {"geo": json.dumps(geo)}


_KINDS = {3: "Polygon", 6: "MultiPolygon"}  # the second byte of little-endian WKB
