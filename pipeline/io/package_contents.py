"""What a GeoPackage holds, whatever its bytes: programs that merely open one count that in its header, rewrite the
extents they are told by, and leave its rows alone."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import struct
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

_TABLES = """SELECT name, sql FROM sqlite_master JOIN gpkg_contents ON table_name = name
    WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"""
_SHAPES = "SELECT table_name, column_name, geometry_type_name, srs_id FROM gpkg_geometry_columns ORDER BY table_name"
_BESIDE = ("", "-wal")


def contents_digest(path: Path) -> str:
    """SHA-256 of every row of every layer and table that the GeoPackage lists, an open log beside it included.

    Not of what programs keep for themselves: extents, counts, indexes, reference systems, free pages.

    Raises:
        ValueError: it is damaged, or no GeoPackage.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "p.gpkg"  # what reads a log writes beside it
        for tail in _BESIDE:
            beside = path.with_name(path.name + tail)
            if beside.is_file():
                shutil.copyfile(beside, copy.with_name(copy.name + tail))
        try:
            return _digest(copy)
        except (sqlite3.Error, UnicodeError) as problem:
            raise ValueError(f"{path.name} cannot be read ({problem})") from problem


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with closing(sqlite3.connect(path)) as base:
        base.execute("PRAGMA trusted_schema = 0")
        for value in _values(base):
            digest.update(_bytes(value))
    return digest.hexdigest()


def _values(base: sqlite3.Connection) -> Iterator[object]:
    """Names and rows of all tables, in an order that does not depend on where they lie in the file."""
    for row in base.execute(_SHAPES):
        yield from row
    for table, _ in base.execute(_TABLES).fetchall():
        rows = base.execute(f"SELECT * FROM {_quoted(table)} ORDER BY rowid")
        yield from (table, *(one[0] for one in rows.description))
        for row in rows:
            yield from row


def _bytes(value: object) -> bytes:
    """A value of SQLite as bytes that no other value has."""
    if value is None:
        return b"n"
    if isinstance(value, int):
        return b"i%d;" % value
    if isinstance(value, float):
        return b"f" + struct.pack("<d", value)
    data = value if isinstance(value, bytes) else str(value).encode()
    return b"%c%d:" % (b"b" if isinstance(value, bytes) else b"t", len(data)) + data


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
