"""A stranger's GeoPackage read with SQLite alone before GDAL opens it: it must not reckon, hide or be half there."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import Refusal
from pipeline.io.width import within_columns

_AGAIN = "ask the sender to export it again"
_PLAIN = "ask for a GeoPackage with plain tables"
_CLOSED = "ask the sender to close QGIS, or for all three files (.gpkg, .gpkg-wal, .gpkg-shm)"
_TRIGGERS = ("rtree_", "gpkg_", "trigger_insert_feature_count", "trigger_delete_feature_count")
_INDEXES = ("rtree_", "sqlite_")
_NOTHING = "ogr_empty_table"  # which GDAL lists where there is no layer at all
_JOURNAL = bytes.fromhex("d9d505f920a163d7")


def screened_tables(path: Path, sidecars: Mapping[str, Path]) -> tuple[dict[str, int], list[str]]:
    """Feature tables with their row counts, in order of names; and tables with outlines that are not listed as such.

    Raises:
        Refusal: it is no GeoPackage, damaged, was copied while written, or holds a view, trigger or computed column.
    """
    with path.open("rb") as source:
        head = source.read(100)
    if not head.startswith(b"SQLite format 3\0"):
        raise Refusal("it is not a GeoPackage", _AGAIN)
    journal = sidecars.get(".gpkg-journal")
    if journal and journal.read_bytes()[:8] == _JOURNAL:
        raise Refusal("it was copied while it was written (a rollback journal lies beside it)", _CLOSED)
    try:
        if head[18:20] == b"\x02\x02":
            _fold_log(path, sidecars.get(".gpkg-wal"))
        return _read_tables(path)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as problem:
        raise Refusal(f"the GeoPackage is damaged ({problem})", _AGAIN) from problem


def _fold_log(path: Path, log: Path | None) -> None:
    """Bring the write-ahead log into the private copy, if all of it is sound."""
    if log is None:
        raise Refusal("it was copied while open: edits may be missing (write-ahead log not delivered)", _CLOSED)
    written = log_frames(log.read_bytes())
    base = sqlite3.connect(path)
    try:
        sound = base.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1]
        if sound < written:
            raise Refusal(f"its write-ahead log is damaged: {max(sound, 0)} of {written} pages are sound", _CLOSED)
        base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        base.execute("PRAGMA journal_mode=DELETE")
    finally:
        base.close()


def log_frames(data: bytes) -> int:
    """How many pages a write-ahead log holds of its present round: those that carry the salt of its header.

    A page that is cut off counts. Source: the WAL format of SQLite.
    """
    if len(data) < 32:
        return 1 if data else 0
    (page,) = struct.unpack(">I", data[8:12])
    step = (page if 512 <= page <= 65536 else 4096) + 24
    begins = range(32, len(data), step)
    return sum(data[at + 8 : at + 16] == data[16:24] or at + step > len(data) for at in begins)


def _read_tables(path: Path) -> tuple[dict[str, int], list[str]]:
    base = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    try:
        base.execute("PRAGMA trusted_schema=0")
        base.execute("PRAGMA cell_size_check=1")
        schema = base.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_master").fetchall()
        for kind, name, sql in schema:
            _screen_schema(kind, name, sql)
        real = sorted(name for kind, name, _ in schema if kind == "table")
        for name in real:
            _screen_columns(base, name)
        if base.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise Refusal("the GeoPackage is damaged (quick_check)", _AGAIN)
        return _counted(base, real)
    finally:
        base.close()


def _counted(base: sqlite3.Connection, real: list[str]) -> tuple[dict[str, int], list[str]]:
    """What either list of the GeoPackage calls a feature table must be one; outlines nobody lists are named."""
    listed = {str(row[0]) for row in base.execute("SELECT table_name FROM gpkg_contents WHERE data_type = 'features'")}
    drawn = {str(row[0]) for row in base.execute("SELECT table_name FROM gpkg_geometry_columns")}
    for name in sorted(listed | drawn):
        if name not in real:
            raise Refusal(f"its layer {name} is not a table", _PLAIN)
        if name not in listed:
            raise Refusal(f"its table {name} has outlines but is not listed as a layer", _AGAIN)
    counts = {one: base.execute(f'SELECT count(*) FROM "{_quoted(one)}"').fetchone()[0] for one in sorted(listed)}
    others = [one for one in real if one not in listed and not one.startswith(_INDEXES) and _has_outlines(base, one)]
    if counts.get(_NOTHING) == 0:
        del counts[_NOTHING]
    return counts, others


def _has_outlines(base: sqlite3.Connection, table: str) -> bool:
    """Whether the first row of a table holds a geometry as GeoPackages write them."""
    row = base.execute(f'SELECT * FROM "{_quoted(table)}" LIMIT 1').fetchone() or ()
    return any(isinstance(one, bytes) and one[:2] == b"GP" for one in row)


def _screen_schema(kind: str, name: str, sql: str) -> None:
    if kind == "view":
        raise Refusal(f"it holds a view ({name}), which can hide or invent records", _PLAIN)
    if kind == "table" and sql.upper().startswith("CREATE VIRTUAL") and " USING RTREE" not in sql.upper():
        raise Refusal(f"it holds a virtual table ({name})", _PLAIN)
    if kind == "trigger" and not name.startswith(_TRIGGERS):
        raise Refusal(f"it holds a trigger ({name})", _PLAIN)


def _screen_columns(base: sqlite3.Connection, table: str) -> None:
    columns = base.execute(f'PRAGMA table_xinfo("{_quoted(table)}")').fetchall()
    within_columns(len(columns))
    computed = [one[1] for one in columns if one[6] in (2, 3)]
    if computed:
        raise Refusal(f"it holds a computed column ({table}.{computed[0]})", _PLAIN)


def _quoted(name: str) -> str:
    return name.replace('"', '""')
