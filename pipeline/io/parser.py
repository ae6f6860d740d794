"""The parser child: strangers' files in, Arrow tables and a report out. Runs in a process of its own.

`python -m pipeline.io.parser JOB.json` reads a job {deliveries, encoding, out}; for each delivery it writes
`<out>/<digest>/report.json` and one Arrow IPC file per layer: `layer`, `row`, `wkb` and every attribute as text. It
never stops at one bad file, and says of each what it saw.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import struct
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from pipeline.errors import Refusal
from pipeline.io.encoding import Encoding, decide, read_dbf_header
from pipeline.io.unpack import unpack

VERSION = 3  # of what is parsed and how: part of the key under which results are kept
ROW, WKB = "__row__", "__wkb__"
MAX_DEPTH = 8
_DANGEROUS = (b"<OGRVRT", b"<VRTDataset", b"<OGRWFS", b"<GDAL_WMS", b"<WMS_", b"gdal_streamed_alg", b"<!DOCTYPE")


@dataclass
class LayerReport:
    """What was read of one layer."""

    file: str  # the delivered name, with the member's name for an archive
    name: str
    format: str
    table: str  # file name of its Arrow table
    crs: str  # WKT, "" if it carries none
    encoding: str
    evidence: str
    declared: int  # records the file says it has
    read: int
    fields: list[str]
    types: list[str]  # of the fields, as Arrow names them


@dataclass
class RefusedReport:
    """A file or layer that was not read, and why."""

    file: str
    code: str  # an issue code
    sentence: str
    hint: str


@dataclass
class Report:
    """All that was seen of one delivery."""

    layers: list[LayerReport] = field(default_factory=list)
    refused: list[RefusedReport] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Source:
    """Files of one format that are opened together, under names of our own."""

    shown: str
    format: str
    path: Path
    sidecars: dict[str, Path]


def main() -> None:
    """Do the job named on the command line."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    for delivery in job["deliveries"]:
        parse_delivery(delivery, Path(job["out"]) / delivery["digest"], job["encoding"])


def parse_delivery(delivery: dict[str, Any], folder: Path, encoding: str) -> Report:
    """Parse one delivery into `folder`; what cannot be read is in the report."""
    report = Report()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".tmp-unpacked-") as scratch:
        try:
            for source in _sources(delivery, Path(scratch), report):
                _parse_source(source, folder, encoding, report)
        except Refusal as refusal:
            _refuse(report, delivery["name"], "FILE_UNREADABLE", refusal)
    text = json.dumps(asdict(report), ensure_ascii=False, indent=1)
    (folder / "report.json").write_text(text, encoding="utf-8")
    return report


def _refuse(report: Report, file: str, code: str, refusal: Refusal) -> None:
    report.refused.append(RefusedReport(file, code, refusal.sentence, refusal.hint))


def _sources(delivery: dict[str, Any], scratch: Path, report: Report) -> Iterator[Source]:
    """What there is to open: members of an archive, or the delivered files under safe names."""
    kind, parts = delivery["kind"], [(name, Path(path)) for name, path in delivery["parts"]]
    if kind == "zip":
        folder = scratch / "zip"
        folder.mkdir()
        members = [(one.name, one.path) for one in unpack(parts[0][1], folder)]
        yield from _grouped(delivery["name"] + "/", members, scratch, report)
    else:
        yield from _grouped("", parts, scratch, report)


def _grouped(prefix: str, files: list[tuple[str, Path]], scratch: Path, report: Report) -> Iterator[Source]:
    stems: dict[str, dict[str, Path]] = {}
    names: dict[str, str] = {}
    for name, path in files:
        pure = PurePosixPath(name.replace("\\", "/"))
        stem, suffix = _split(pure)
        stems.setdefault(stem.casefold(), {})[suffix] = path
        names.setdefault(stem.casefold(), stem)
    for at, (key, parts) in enumerate(sorted(stems.items())):
        shown = prefix + names[key]
        yield from _source(shown, parts, scratch / f"s{at:04d}", report)


def _split(pure: PurePosixPath) -> tuple[str, str]:
    name = pure.as_posix()
    for tail in (".shp.xml", ".gpkg-wal", ".gpkg-shm", ".gpkg-journal"):
        if name.casefold().endswith(tail):
            return name[: -len(tail)], tail
    return name[: len(name) - len(pure.suffix)], pure.suffix.casefold()


def _source(shown: str, parts: dict[str, Path], folder: Path, report: Report) -> Iterator[Source]:
    folder.mkdir()
    if ".shp" in parts:
        copies = {suffix: _linked(path, folder / f"layer{suffix}") for suffix, path in sorted(parts.items())}
        yield Source(f"{shown}.shp", "shapefile", copies[".shp"], copies)
    for suffix, kind in ((".gpkg", "gpkg"), (".geojson", "geojson"), (".json", "geojson")):
        if suffix in parts:
            sidecars = {one: path for one, path in parts.items() if one.startswith(suffix + "-")}
            copies = {one: _linked(path, folder / f"layer{one}") for one, path in sidecars.items()}
            yield Source(shown + suffix, kind, _linked(parts[suffix], folder / f"layer{suffix}"), copies)
    if not {".shp", ".gpkg", ".geojson", ".json"} & set(parts):
        report.ignored += [shown + suffix for suffix in sorted(parts)]


def _linked(path: Path, name: Path) -> Path:
    """A private copy under a name of our own (GDAL chooses by suffix, and may write beside what it opens)."""
    shutil.copyfile(path, name)
    return name


def _parse_source(source: Source, folder: Path, encoding: str, report: Report) -> None:
    try:
        _screen(source.path)
        if source.format == "shapefile":
            _parse_shapefile(source, folder, encoding, report)
        elif source.format == "gpkg":
            _parse_geopackage(source, folder, report)
        else:
            _parse_layer(source, folder, report, None, Encoding("utf-8", "GeoJSON is UTF-8"), -1)
    except Refusal as refusal:
        _refuse(report, source.shown, "FILE_UNREADABLE", refusal)
    except Exception as problem:  # hostile files raise odd classes: the file is set aside, the others go on
        _refuse(report, source.shown, "FILE_UNREADABLE", Refusal(f"it cannot be read: {problem}", _AGAIN))


_AGAIN = "ask the sender to export it again"


def _screen(path: Path) -> None:
    with path.open("rb") as source:
        head = source.read(1 << 16)
    for mark in _DANGEROUS:
        if mark in head:
            raise Refusal(f"it is not data but instructions to a program ({mark.decode()})", "ask for plain data")
    if path.suffix in (".geojson", ".json") and b'"link"' in head and b'"crs"' in head:
        raise Refusal('its "crs" is a link to somewhere else', "ask for coordinates in longitude and latitude")


def _parse_shapefile(source: Source, folder: Path, encoding: str, report: Report) -> None:
    for suffix, what in ((".shx", "index"), (".dbf", "attribute table")):
        if suffix not in source.sidecars:
            raise Refusal(f"its {suffix} ({what}) is missing", "ask for all parts of the shapefile, zipped together")
    declared = _shp_records(source.sidecars[".shp"], source.sidecars[".shx"])
    dbf = read_dbf_header(source.sidecars[".dbf"])
    if dbf.records != declared:
        raise Refusal(f"the .shp has {declared} records and the .dbf {dbf.records}", _AGAIN)
    deleted = _deleted_rows(source.sidecars[".dbf"], dbf.header_bytes, dbf.record_bytes, dbf.records)
    if deleted:
        hint = "ask the sender to pack the table, and to say whether these records count"
        raise Refusal(f"{deleted} records are marked as deleted in the .dbf", hint)
    try:
        decided = decide(source.sidecars[".dbf"], source.sidecars.get(".cpg"), encoding)
    except Refusal as refusal:
        _refuse(report, source.shown, "ENCODING_AMBIGUOUS", refusal)
        return
    _parse_layer(source, folder, report, None, decided, declared)


def _shp_records(shp: Path, shx: Path) -> int:
    """The number of records by the index, after the sizes in both headers were held against the files."""
    for path in (shp, shx):
        size = path.stat().st_size
        with path.open("rb") as source:
            head = source.read(100)
        if len(head) < 100 or struct.unpack(">i", head[:4])[0] != 9994:
            raise Refusal(f"the {path.suffix} has no valid header", _AGAIN)
        said = struct.unpack(">i", head[24:28])[0] * 2
        if said > size:
            raise Refusal(f"the {path.suffix} is cut off: {size} of {said} bytes", _AGAIN)
    index = shx.read_bytes()[100:]
    ends = [2 * (offset + length) + 8 for offset, length in struct.iter_unpack(">ii", index[: len(index) // 8 * 8])]
    if ends and max(ends) > shp.stat().st_size:
        raise Refusal("the .shx points beyond the end of the .shp", _AGAIN)
    return len(ends)


def _deleted_rows(dbf: Path, header: int, record: int, count: int) -> int:
    with dbf.open("rb") as source:
        source.seek(header)
        body = source.read(record * count)
    return sum(1 for at in range(0, len(body), record or 1) if body[at : at + 1] == b"*")


def _parse_geopackage(source: Source, folder: Path, report: Report) -> None:
    import fiona

    tables = _screened_tables(source)
    layers = [one for one in fiona.listlayers(source.path) if one in tables]
    if not layers:
        raise Refusal("the GeoPackage has no feature table", "ask for a layer of polygons")
    for layer in layers:
        _parse_layer(source, folder, report, layer, Encoding("utf-8", "GeoPackage is UTF-8"), tables[layer])


def _screened_tables(source: Source) -> dict[str, int]:
    """Feature tables with their row counts, read with SQLite alone before GDAL opens the file."""
    head = source.path.read_bytes()[:100]
    if not head.startswith(b"SQLite format 3\0"):
        raise Refusal("it is not a GeoPackage", _AGAIN)
    if head[18:20] == b"\x02\x02":
        hint = "ask the sender to close QGIS, or for all three files (.gpkg, .gpkg-wal, .gpkg-shm)"
        if ".gpkg-wal" not in source.sidecars:
            raise Refusal("it was copied while open: edits may be missing (write-ahead log not delivered)", hint)
        _fold_log(source.path)
    try:
        return _read_tables(source.path)
    except sqlite3.DatabaseError as problem:
        raise Refusal(f"the GeoPackage is damaged ({problem})", _AGAIN) from problem


def _fold_log(path: Path) -> None:
    with sqlite3.connect(path) as base:
        base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        base.execute("PRAGMA journal_mode=DELETE")
    base.close()


def _read_tables(path: Path) -> dict[str, int]:
    base = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    try:
        base.execute("PRAGMA trusted_schema=0")
        base.execute("PRAGMA cell_size_check=1")
        if base.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise Refusal("the GeoPackage is damaged (quick_check)", _AGAIN)
        for kind, name, sql in base.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_master"):
            _screen_schema(kind, name, sql)
        tables = [row[0] for row in base.execute("SELECT table_name FROM gpkg_contents WHERE data_type = 'features'")]
        return {one: base.execute(f'SELECT count(*) FROM "{_quoted(one)}"').fetchone()[0] for one in sorted(tables)}
    finally:
        base.close()


def _screen_schema(kind: str, name: str, sql: str) -> None:
    hint = "ask for a GeoPackage with plain tables"
    if kind == "view":
        raise Refusal(f"it holds a view ({name}), which can hide or invent records", hint)
    if kind == "table" and sql.upper().startswith("CREATE VIRTUAL") and " USING RTREE" not in sql.upper():
        raise Refusal(f"it holds a virtual table ({name})", hint)
    known = ("rtree_", "gpkg_", "trigger_insert_feature_count", "trigger_delete_feature_count")
    if kind == "trigger" and not name.startswith(known):
        raise Refusal(f"it holds a trigger ({name})", hint)


def _quoted(name: str) -> str:
    return name.replace('"', '""')


def _parse_layer(
    source: Source,
    folder: Path,
    report: Report,
    layer: str | None,
    encoding: Encoding,
    declared: int,
) -> None:
    """Read one layer whole and write its Arrow table."""
    import pyarrow as pa
    from pyogrio.raw import read_arrow

    option = {"encoding": encoding.name} if source.format == "shapefile" else {}
    meta, table = read_arrow(source.path, layer=layer, datetime_as_string=True, **option)
    if 0 <= declared != table.num_rows:
        sentence = f"{table.num_rows} records were read of the {declared} it says it has"
        _refuse(report, source.shown, "RECORDS_LOST", Refusal(sentence, _AGAIN))
        return
    name = f"layer{len(report.layers):03d}.arrow"
    geometry = meta["geometry_name"] or "wkb_geometry"
    fields = [one for one in table.column_names if one != geometry]
    types = [str(table[one].type) for one in fields]
    columns = {ROW: pa.array(range(table.num_rows), pa.int64()), WKB: _safe_wkb(table, geometry)}
    columns |= {one: _as_text(table[one]) for one in fields}
    with pa.OSFile(str(folder / name), "wb") as sink, pa.ipc.new_file(sink, pa.table(columns).schema) as writer:
        writer.write_table(pa.table(columns))
    shown = layer if layer is not None else PurePosixPath(source.shown).stem
    facts = (encoding.name, encoding.evidence, max(declared, table.num_rows), table.num_rows, fields, types)
    report.layers.append(LayerReport(source.shown, shown, source.format, name, _crs_text(meta["crs"]), *facts))


def _crs_text(crs: str | None) -> str:
    return crs or ""


def _as_text(column: Any) -> Any:
    """A column as text: numbers in their shortest form, dates in ISO 8601, bytes in hexadecimal."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pa.array([one.as_py().hex() if one.is_valid else None for one in column], pa.string())
    if pa.types.is_nested(kind) or pa.types.is_dictionary(kind):
        return pa.array([str(one.as_py()) if one.is_valid else None for one in column], pa.string())
    if pa.types.is_boolean(kind):
        return pc.cast(column, pa.string())
    return pc.cast(column, pa.string(), safe=False)


def _safe_wkb(table: Any, name: str) -> Any:
    """The geometries, those nested too deeply for a parser in C taken out (they would kill the process)."""
    import pyarrow as pa

    if name not in table.column_names:
        return pa.nulls(table.num_rows, pa.binary())
    blobs = table[name].to_pylist()
    return pa.array([one if one and depth(one) <= MAX_DEPTH else None for one in blobs], pa.binary())


def depth(wkb: bytes) -> int:
    """How deeply collections are nested in a WKB geometry: 0 for anything else, `MAX_DEPTH` + 1 for more than that."""
    level, at = 0, 0
    while level <= MAX_DEPTH and len(wkb) >= at + 9:
        order = "<" if wkb[at] == 1 else ">"
        kind, count = struct.unpack_from(order + "II", wkb, at + 1)
        if (kind & 0x0FFFFFFF) % 1000 != 7 or count == 0:
            return level
        level, at = level + 1, at + (13 if kind & 0x20000000 else 9)
    return level


if __name__ == "__main__":
    main()
