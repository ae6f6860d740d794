"""A small GeoPackage is a copy of an empty one: GDAL makes that once, SQLite fills its copies in memory.

GDAL takes some 3 ms for a file, however small; a copy less than a third. The triggers are taken out of the template and
put back behind the rows: they call functions that only readers of GeoPackages bring, and need not count one by one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.io.box_tree import MOST_BOXES, NODE_BYTES, BoxTree, box_tree

SMALL_ROWS = min(300, MOST_BOXES)  # above, GDAL is as fast
SMALL_BYTES = 32 << 20
_PLAIN = (pa.string(), pa.int64(), pa.float64(), pa.date32(), pa.bool_())
_MULTIPOLYGON = b"\1\6\0\0\0"  # little-endian WKB of two dimensions
# GeoPackage 1.3, clause 2.1.3: magic, version 0, flags "little-endian, envelope of x and y", CRS, the envelope.
_HEAD = np.dtype([("magic", "V4"), ("srs_id", "<i4"), ("box", "<f8", 4)])
_MAGIC = np.void(b"GP\0\3")


@dataclass(frozen=True)
class Template:
    """An empty GeoPackage of one layer without its triggers, and these as they stood."""

    layer: str
    index: str  # the name of its R*tree
    srs_id: int
    empty: bytes
    triggers: tuple[tuple[str, str, str, int, str], ...]


def template_of(package: bytes, layer: str, geometry: str) -> Template:
    """The template in an empty GeoPackage as GDAL made it.

    Raises:
        ValueError: its spatial index is not laid out as `box_tree` writes it.
    """
    index = f"rtree_{layer}_{geometry}"
    with closing(_opened(package)) as base:
        (root,) = base.execute(f"SELECT data FROM {_quoted(index + '_node')}").fetchone()
        if root != bytes(NODE_BYTES):
            raise ValueError(f"the index of an empty layer is {len(root)} bytes, not {NODE_BYTES} of nothing")
        (srs_id,) = base.execute("SELECT srs_id FROM gpkg_geometry_columns").fetchone()
        triggers = tuple(base.execute("SELECT * FROM sqlite_master WHERE type = 'trigger'"))
        base.execute("PRAGMA writable_schema = ON")
        base.execute("DELETE FROM sqlite_master WHERE type = 'trigger'")
        base.execute(f"DELETE FROM {_quoted(index + '_node')}")
        return Template(layer, index, srs_id, base.serialize(), triggers)


def suits(arrays: Mapping[str, pa.Array], wkb: Sequence[bytes | None], bounds: np.ndarray[Any, Any]) -> bool:
    """Whether a copy can hold these rows: few of them, plain columns, and no shape that is empty or has heights."""
    shaped = [one for one in wkb if one is not None]
    return (
        len(wkb) <= SMALL_ROWS
        and sum(map(len, shaped)) <= SMALL_BYTES
        and all(one.startswith(_MULTIPOLYGON) for one in shaped)
        and np.count_nonzero(np.isfinite(bounds).all(axis=1)) == len(shaped)
        and all(one.type in _PLAIN for one in arrays.values())
    )


def filled(
    template: Template, arrays: Mapping[str, pa.Array], wkb: Sequence[bytes | None], bounds: np.ndarray[Any, Any]
) -> bytes:
    """The GeoPackage with these rows, for which `suits` is true; `bounds` are x, y least, then x, y greatest."""
    ids = np.arange(1, len(wkb) + 1)
    shaped = np.array([one is not None for one in wkb], bool)
    columns = [ids.tolist(), _blobs(template.srs_id, wkb, bounds), *map(_values, arrays.values())]
    with closing(_opened(template.empty)) as base:
        base.execute("BEGIN")
        _insert(base, template.layer, len(columns), zip(*columns, strict=True))
        _index(base, template.index, box_tree(ids[shaped], bounds[shaped]))
        _account(base, len(wkb), bounds[shaped])
        base.execute("PRAGMA writable_schema = ON")
        _insert(base, "sqlite_master", 5, template.triggers)
        base.execute("COMMIT")
        return base.serialize()


def _opened(package: bytes) -> sqlite3.Connection:
    base = sqlite3.connect(":memory:", isolation_level=None)
    base.deserialize(package)
    return base


def _index(base: sqlite3.Connection, index: str, tree: BoxTree) -> None:
    _insert(base, f"{index}_node", 2, tree.nodes)
    _insert(base, f"{index}_rowid", 2, tree.rows)
    _insert(base, f"{index}_parent", 2, tree.parents)


def _account(base: sqlite3.Connection, count: int, bounds: np.ndarray[Any, Any]) -> None:
    """What a reader is told without reading the rows: how many, and where."""
    base.execute("UPDATE gpkg_ogr_contents SET feature_count = ?", (count,))
    if len(bounds):
        extent = [*bounds[:, :2].min(axis=0).tolist(), *bounds[:, 2:].max(axis=0).tolist()]
        base.execute("UPDATE gpkg_contents SET min_x = ?, min_y = ?, max_x = ?, max_y = ?", extent)


def _insert(base: sqlite3.Connection, table: str, width: int, rows: Iterable[Sequence[Any]]) -> None:
    base.executemany(f"INSERT INTO {_quoted(table)} VALUES ({', '.join('?' * width)})", rows)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _blobs(srs_id: int, wkb: Sequence[bytes | None], bounds: np.ndarray[Any, Any]) -> list[bytes | None]:
    """The shapes as GeoPackage has them: a head, then WKB."""
    heads = np.empty(len(wkb), _HEAD)
    heads["magic"], heads["srs_id"], heads["box"] = _MAGIC, srs_id, bounds[:, [0, 2, 1, 3]]
    raw, size = heads.tobytes(), _HEAD.itemsize
    return [one and raw[at * size : (at + 1) * size] + one for at, one in enumerate(wkb)]


def _values(array: pa.Array) -> list[Any]:
    """What SQLite is given; dates are text in GeoPackage."""
    plain = array.cast(pa.string()) if pa.types.is_date(array.type) else array
    return list(plain.to_pylist())
