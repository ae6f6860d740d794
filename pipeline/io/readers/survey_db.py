"""The SQLite `.db` of 国土调查云 and 举证: a table of patches with their outlines as WKT in TBFW, read without GDAL.

Only plain tables are read: a view can hide records, a virtual table can read other files. The table's name varies.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import Refusal
from pipeline.io.readers.characters import encoding_of
from pipeline.io.readers.column_names import PATCH_NUMBER, plain
from pipeline.io.readers.numerals import digits
from pipeline.io.readers.raw import Raw
from pipeline.io.readers.sheet import Cells, Sheet
from pipeline.io.readers.tables import has_outline_column, layer

MAGIC = b"SQLite format 3\0"
_AGAIN = "ask the sender to export it again"
_CLOSE = "ask the sender to close the program that uses it and to send it again"


class _Text(bytes):
    """Text as it is stored, so that it is not taken for a blob."""


@dataclass(frozen=True)
class Table:
    """A table with all it holds, text still as bytes."""

    name: str
    columns: list[str]
    rows: list[tuple[Any, ...]]


def read_survey_db(path: Path) -> list[Raw]:
    """The tables with outlines; other tables, views and virtual tables are named in the notes of the first.

    A write-ahead log must have been folded in by the caller.

    Raises:
        Refusal: it is no SQLite database, damaged, of another kind, or holds no outlines.
    """
    head = path.read_bytes()[:100]
    if not head.startswith(MAGIC):
        raise Refusal("it is not a SQLite database", _AGAIN)
    _refuse_cut(head, path.stat().st_size)
    if head[18:20] == b"\x02\x02":
        raise Refusal("it was copied while open: edits may be missing (write-ahead log)", _CLOSE)
    try:
        tables, others = _read(path)
    except (sqlite3.Error, UnicodeDecodeError, OverflowError) as problem:
        raise Refusal(f"the database is damaged ({problem!s:.120})", _AGAIN) from problem
    return _layers(tables, others)


def _refuse_cut(head: bytes, size: int) -> None:
    """Hold the pages the header states against the file; SQLite itself forgives half a last page."""
    if len(head) < 100:
        raise Refusal("the database is cut off in its header", _AGAIN)
    page, pages = struct.unpack_from(">H", head, 16)[0], struct.unpack_from(">I", head, 28)[0]
    stated = (65536 if page == 1 else page) * pages
    if head[24:28] == head[92:96] and stated > size:  # the count is valid where both change counters agree
        raise Refusal(f"the database is cut off: {size} of {stated} bytes", _AGAIN)


def _read(path: Path) -> tuple[list[Table], list[str]]:
    """The plain tables, and what there is besides."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as base:
        base.execute("PRAGMA trusted_schema=0")
        base.execute("PRAGMA cell_size_check=1")
        if base.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise Refusal("the database is damaged (quick_check)", _AGAIN)
        schema = base.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_master ORDER BY name").fetchall()
        plain_tables = [name for kind, name, sql in schema if kind == "table" and _is_plain(name, sql)]
        _refuse_other_kinds({name.casefold() for name in plain_tables})
        base.text_factory = _Text
        return [_table(base, one) for one in plain_tables], list(_others(schema))


def _is_plain(name: str, sql: str) -> bool:
    return not name.startswith("sqlite_") and not _is_virtual(sql)


def _is_virtual(sql: str) -> bool:
    return sql.upper().split()[:2] == ["CREATE", "VIRTUAL"]


def _others(schema: list[tuple[str, str, str]]) -> Iterator[str]:
    for kind, name, sql in schema:
        if kind in ("view", "trigger"):
            yield f"{kind} {name!r} was not read"
        elif kind == "table" and _is_virtual(sql):
            yield f"virtual table {name!r} was not read"


def _refuse_other_kinds(names: set[str]) -> None:
    if "gpkg_contents" in names:
        raise Refusal("it is a GeoPackage", "rename it to .gpkg")
    if "geometry_columns" in names:
        raise Refusal("it is a SpatiaLite or OGR database", "ask for a GeoPackage")


def _table(base: sqlite3.Connection, name: str) -> Table:
    quoted = name.replace('"', '""')
    found = base.execute(f'SELECT * FROM "{quoted}"')
    return Table(name, [one[0] for one in found.description], found.fetchall())


def _layers(tables: list[Table], others: list[str]) -> list[Raw]:
    encoding, evidence = _encoding(tables)
    sheets = [_sheet(one, encoding) for one in tables]
    spatial = [one for one in sheets if has_outline_column(one)]
    numbered = [one for one in spatial if {plain(name) for name in one.columns} & set(PATCH_NUMBER)]
    chosen = numbered or spatial
    if not chosen:
        about = "; ".join(f"{one.name} ({', '.join(one.columns)[:120]})" for one in sheets)
        raise Refusal(f"no table holds outlines: {about or 'there is none'}"[:600], "ask for outlines as WKT in TBFW")
    made = [layer(one, encoding, evidence) for one in chosen]
    left = [f"table {one.name!r} with {len(one.rows)} rows was not read" for one in sheets if one not in chosen]
    made[0].notes.extend([*left, *others])
    return [_counted(one) for one in made]


def _counted(raw: Raw) -> Raw:
    count = len(raw.rows)
    return Raw(raw.name, raw.crs, raw.fields, raw.wkb, raw.rows, count, raw.notes, raw.encoding, raw.evidence)


def _encoding(tables: list[Table]) -> tuple[str, str]:
    """One encoding for all text of the file: programs of one office write all tables alike."""
    texts = (cell for one in tables for row in one.rows for cell in row if isinstance(cell, _Text))
    name, evidence = encoding_of(one for one in texts if not one.isascii())
    return name, f"text in the database: {evidence}"


def _sheet(table: Table, encoding: str) -> Sheet:
    rows: list[Cells] = [[_text(cell, encoding) for cell in row] for row in table.rows]
    return Sheet(table.name, table.columns, rows, list(range(len(rows))))


def _text(cell: Any, encoding: str) -> str | None:
    """A stored value as text: blobs in hexadecimal, numbers in plain digits."""
    kinds: dict[type, Callable[[Any], str]] = {
        _Text: lambda one: one.decode(encoding, "replace"),
        bytes: lambda one: one.hex(),
        float: digits,
        int: str,
    }
    return None if cell is None else kinds[type(cell)](cell) or None
