"""Edited GeoPackages of QGIS and QField, read with SQLite alone: the file with its write-ahead log, never the original.

The geometry is not read but recognised: its digest is compared with the one that was sent.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import shapely

from pipeline.collect.evidence import origin_of, returned
from pipeline.collect.grid import Grid
from pipeline.collect.headings import UID, find_columns
from pipeline.collect.mapped import Fit, by_maps, fitting, left
from pipeline.collect.marks import MAX_ROWS
from pipeline.collect.returned import Remark, ReturnedFile, ReturnedRow
from pipeline.collect.tabular import read_table, table_of
from pipeline.collect.unread import Unread
from pipeline.collect.values import Terms
from pipeline.errors import Refusal
from pipeline.forms.identity import outline_digest
from pipeline.io.geopackage_screen import screened_tables

SUFFIXES = (".gpkg",)
BESIDE = ("-wal", "-shm", "-journal")
NO_OUTLINE = "none"  # a feature whose outline was taken away or cannot be read
_ENVELOPES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}
_LOGGED = b"\x02\x02"
_SQLITE = b"SQLite format 3\0"


def read_geopackage(
    path: Path, beside: Mapping[str, Path], name: str, digest: str, scratch: Path, terms: Terms
) -> ReturnedFile:
    """What the layers with patch uids of a GeoPackage say, or those that a column map fits; `beside` holds its -wal,
    -shm and -journal, by suffix.

    Raises:
        Unread: it is damaged, was copied while open, or has no such layer.
    """
    copy = _copied(path, beside, scratch)
    rows: list[ReturnedRow] = []
    remarks: list[Remark] = []
    asked: list[str] = []
    layers = _layers(copy, {one: copy.with_name(copy.name + one) for one in beside})
    fits: list[tuple[Grid, Fit]] = []
    read = 0
    with closing(sqlite3.connect(f"file:{copy}?mode=ro&immutable=1", uri=True)) as base:
        base.execute("PRAGMA trusted_schema=0")
        base.text_factory = lambda data: data.decode("utf-8", "replace")
        for layer, outline in layers.items():
            grid, outlines = _grid(base, layer, outline, name)
            if fit := fitting(grid, terms):
                fits.append((grid, fit))
                continue
            columns = find_columns(grid, terms)
            if columns is None or UID not in columns.keys:
                continue
            read += 1
            table = table_of(grid, columns, terms)
            more, doubts = read_table(table, [], terms)
            place = {table.place(row): outlines[row] for row in table.rows}
            rows += [_with_outline(one, place[one.place]) for one in more]
            remarks += doubts
            asked += table.asked
    if fits and not read:
        return by_maps(fits, name, digest, terms)
    if not read:
        raise Unread("no_layer")
    remarks += [left(*one) for one in fits]
    return returned("geopackage", digest, name, origin_of([], rows, terms), rows, remarks, asked)


def _copied(path: Path, beside: Mapping[str, Path], scratch: Path) -> Path:
    """A private copy with its logs, under a name of our own: folding a log in writes."""
    copy = scratch / "layer.gpkg"
    for stale in scratch.glob("layer.gpkg*"):
        stale.unlink()
    shutil.copyfile(path, copy)
    for suffix, place in beside.items():
        shutil.copyfile(place, copy.with_name(copy.name + suffix))
    return copy


def _layers(copy: Path, beside: Mapping[str, Path]) -> dict[str, str]:
    """Feature tables with the names of their geometry columns, after all that can be wrong was looked for."""
    with copy.open("rb") as source:
        head = source.read(100)
    if not head.startswith(_SQLITE):
        raise Unread("kind")
    if head[18:20] == _LOGGED and "-wal" not in beside:
        raise Unread("log_missing")
    try:
        counts, _ = screened_tables(copy, {f".gpkg{suffix}": place for suffix, place in beside.items()})
    except Refusal as refusal:
        raise Unread("geopackage", detail=refusal.sentence) from refusal
    if sum(counts.values()) > MAX_ROWS:
        raise Unread("large")
    with closing(sqlite3.connect(f"file:{copy}?mode=ro&immutable=1", uri=True)) as base:
        found = base.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchall()
    columns = {str(table): str(column) for table, column in found}
    return {layer: columns.get(layer, "") for layer in counts}


def _grid(base: sqlite3.Connection, layer: str, outline: str, name: str) -> tuple[Grid, list[str]]:
    """A layer as a table, its column names as the headings, and the digest of each row's outline."""
    titles = [str(one[1]) for one in base.execute(f"PRAGMA table_info({_quoted(layer)})")]
    keys = [str(one[1]) for one in base.execute(f"PRAGMA table_info({_quoted(layer)})") if one[5]]
    order = f" ORDER BY {_quoted(keys[0])}" if len(keys) == 1 else ""
    shown = [one for one in titles if one != outline]
    wanted = ", ".join(_quoted(one) for one in (*shown, *([outline] if outline else ()), *keys[:1]))
    rows: list[list[Any]] = [list(shown)]
    names, outlines = [""], [""]
    for at, row in enumerate(base.execute(f"SELECT {wanted} FROM {_quoted(layer)}{order}"), 1):
        rows.append([None if isinstance(one, bytes) else one for one in row[: len(shown)]])
        names.append(f"fid {row[-1] if keys else at}")
        outlines.append(_outline(row[len(shown)]) if outline else "")
    return Grid(name, layer, rows, names=names), outlines


def _outline(blob: object) -> str:
    """The digest of an outline as GeoPackages write it; one part alone is a plain polygon."""
    if not isinstance(blob, bytes) or blob[:2] != b"GP" or len(blob) < 8:
        return NO_OUTLINE
    try:
        shape = shapely.from_wkb(blob[8 + _ENVELOPES[blob[3] >> 1 & 7] :])
    except (KeyError, shapely.errors.ShapelyError, NotImplementedError):  # the last of them for curves
        return NO_OUTLINE
    parts = shapely.get_parts(shape)
    return outline_digest(parts[0] if len(parts) == 1 else shape)


def _with_outline(row: ReturnedRow, outline: str) -> ReturnedRow:
    return replace(row, given={**row.given, "geometry": outline}) if outline else row


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
