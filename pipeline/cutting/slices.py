"""What each county's own jobs read of the run: one Arrow file, and an index with what those jobs depend on."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from pipeline.campaign import Files
from pipeline.cutting.cut import Cut
from pipeline.cutting.pieces import CARRIED, SOURCE, Pieces, ground
from pipeline.engine.digest import file_digest, value_digest
from pipeline.io.tables import GEOMETRY, write_arrow
from pipeline.layers import PIECES
from pipeline.texts import texts

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

_BLOCK = 100_000  # patches
NEIGHBOUR_REACH = 0.15  # of a county's width and height: what its overview may show around it
_TOLD = ("area_reported", "remark")
_LEFT_OUT = (*SOURCE, "area_mu", "area_ha", "area_ac", "area_reported_share")
_COLUMNS = [one for one in PIECES.columns if one not in _LEFT_OUT]
_OWN = (
    *SOURCE,
    *CARRIED,
    *_TOLD,
    "patch_key",
    "geometry",
    "area_m2",
    "area_reported_m2",
    "area_reported_unit",
    "repair",
    "source_crs",
)


def told_columns(names: Sequence[str]) -> list[str]:
    """Of the columns of the patch table those that only `write_slices` needs."""
    return [one for one in names if one not in _OWN or one in (*_TOLD, "area_reported_unit")]


def write_slices(
    files: Files,
    cut: Cut,
    pieces: Pieces,
    patches: pa.Table,
    told: pa.Table,
    counties: pa.Table,
    shapes: Geometries,
    crs: str,
    language: str,
) -> tuple[dict[str, Any], list[Path]]:
    """A slice for each county that is asked about something; the index by code, and the files.

    Args:
        told: `told_columns` of the patch table, row by row as `patches`.

    A slice never tells the file or row a patch came from, which may change without any change of the patch.
    """
    near = _neighbours(shapes)
    digests = [sha256(blob).hexdigest() for blob in counties[GEOMETRY].to_pylist()]
    names = counties.drop_columns([GEOMETRY, "area_m2"]).to_pylist()
    blocked = _blocked(patches, shapes, cut)
    others = _parts_elsewhere(pieces)
    starts = np.searchsorted(pieces.county, np.arange(len(shapes) + 1)).tolist()
    table = _whole_table(pieces, _told(told, language), crs)
    index, made = {}, []
    for at, (start, end) in enumerate(itertools.pairwise(starts)):
        asked = pieces.asked[start:end]
        if not asked.any():
            continue
        code, around = names[at]["code"], [at, *near[at]]
        path = write_arrow(
            files.slice(code), _slice(table, pieces, patches, np.arange(start, end), others.get(at, _NONE))
        )
        box = pieces.box_deg[start:end][asked]
        index[code] = {
            "digest": value_digest([file_digest(path), *(digests[one] for one in around), [names[i] for i in around]]),
            "rows": around,
            "county_box": shapely.bounds(shapes[at]).tolist(),
            "box": [*box[:, :2].min(axis=0).tolist(), *box[:, 2:].max(axis=0).tolist()],
            "asked": int(asked.sum()),
            "blocked": at in blocked,
        }
        made.append(path)
    return index, made


def _whole_table(pieces: Pieces, told: pa.Table, crs: str) -> pa.Table:
    """What slices are cut from: every piece with what is told of its patch."""
    table = pieces.table.select(_COLUMNS).append_column("own", pa.array(np.ones(len(pieces), bool)))
    words = told.take(pa.array(pieces.patch))
    for name in words.column_names:
        table = table.append_column(name, words[name])
    return table.replace_schema_metadata({"crs": crs})


_NONE = np.zeros(0, np.intp)


def _slice(table: pa.Table, pieces: Pieces, patches: pa.Table, own: Ints, others: Ints) -> pa.Table:
    """A county's own pieces, then the other parts of those patches, which have no page in it."""
    made = table.slice(own[0], len(own))
    if len(others):
        strange = table.take(pa.array(others))
        for name, value in (("seq", 0), ("own", False)):
            at = strange.schema.get_field_index(name)
            strange = strange.set_column(at, name, pa.array([value] * len(others)))
        made = pa.concat_tables([made, strange])
    return made.append_column(GEOMETRY, ground(pieces, patches, np.concatenate([own, others]))).combine_chunks()


def _parts_elsewhere(pieces: Pieces) -> dict[int, Ints]:
    """For each county the rows of other counties' pieces of its patches, in order."""
    split = np.flatnonzero(np.bincount(pieces.patch, minlength=1)[pieces.patch] > 1)
    split = split[np.argsort(pieces.patch[split], kind="stable")]
    made: dict[int, list[Ints]] = {}
    for group in np.split(split, np.flatnonzero(np.diff(pieces.patch[split])) + 1):
        for row in group.tolist():
            made.setdefault(int(pieces.county[row]), []).append(group[group != row])
    return {county: np.unique(np.concatenate(rows)) for county, rows in made.items()}


def _told(patches: pa.Table, language: str) -> pa.Table:
    """Of each patch what its county is told beyond the columns of its pieces; all else that was delivered as JSON.

    Made in blocks, for a million patches have half a gigabyte of words on the way.
    """
    starts = range(0, max(patches.num_rows, 1), _BLOCK)
    return pa.concat_tables([_told_block(patches.slice(start, _BLOCK), language) for start in starts]).combine_chunks()


def _told_block(patches: pa.Table, language: str) -> pa.Table:
    words = texts(language)
    remark, area = (pc.fill_null(patches[name], "") for name in ("remark", "area_reported"))
    units = pc.dictionary_encode(pc.fill_null(patches["area_reported_unit"], "")).combine_chunks()
    spoken = [f" {words[f'unit.{one}']}" if one else "" for one in units.dictionary.to_pylist()]
    unit = pa.array(spoken, pa.string()).take(units.indices)
    with_unit = pc.if_else(pc.equal(area, ""), "", pc.binary_join_element_wise(area, unit, ""))
    names = sorted(one for one in patches.column_names if one not in _OWN)
    entries = [one for one in (_entries(name, patches[name]) for name in names) if one is not None]
    inner = _listed(entries) if entries else _empty(patches.num_rows)
    attributes = pc.binary_join_element_wise("{", inner, "}", "")
    return pa.table({"area_reported": with_unit, "remark": remark, "attributes": attributes})


def _listed(entries: list[pa.Array]) -> pa.Array:
    """The entries of each row with commas between; a row without any is empty (skipping nulls, Arrow would drop it)."""
    ended = [pc.fill_null(pc.binary_join_element_wise(one, ", ", ""), "") for one in entries]
    return pc.replace_substring_regex(pc.binary_join_element_wise(*ended, ""), ", $", "")


def _empty(count: int) -> pa.Array:
    return pa.array([""] * count, pa.string())


def _entries(name: str, column: pa.ChunkedArray) -> pa.Array | None:
    """`"name": "value"` for each row, null where there is no value; None where there is none at all."""
    coded = pc.dictionary_encode(column).combine_chunks()
    words = [
        None if one in (None, "") else json.dumps({name: str(one)}, ensure_ascii=False)[1:-1]
        for one in coded.dictionary.to_pylist()
    ]
    if not any(words):
        return None
    return pa.array(words, pa.string()).take(coded.indices)


def _neighbours(shapes: Geometries) -> list[list[int]]:
    """The counties that lie within reach of each one's box, in order."""
    west, south, east, north = shapely.bounds(shapes).T
    dx, dy = (east - west) * NEIGHBOUR_REACH, (north - south) * NEIGHBOUR_REACH
    one, other = shapely.STRtree(shapes).query(shapely.box(west - dx, south - dy, east + dx, north + dy))
    made: list[list[int]] = [[] for _ in shapes]
    for at, near in sorted(zip(one.tolist(), other.tolist(), strict=True)):
        if at != near:
            made[at].append(near)
    return made


def _blocked(patches: pa.Table, shapes: Geometries, cut: Cut) -> set[int]:
    """Counties that a patch without balance touches: they are not published."""
    wrong = shapely.from_wkb(patches[GEOMETRY].take(pa.array(cut.unbalanced)).to_pylist())
    return {int(row) for shape in wrong for row in np.flatnonzero(shapely.intersects(shapes, shape))}


def drop_old_slices(files: Files, codes: Sequence[str]) -> None:
    """Remove the slices of counties that have no asked pieces any more."""
    folder = files.state / "slices"
    for path in folder.glob("*.arrow") if folder.is_dir() else ():
        if path.stem not in codes:
            path.unlink()
