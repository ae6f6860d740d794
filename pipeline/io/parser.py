"""The parser child: strangers' files in, Arrow tables and a report out. Runs in a process of its own.

`python -m pipeline.io.parser JOB.json` reads a job {deliveries, encoding, out}; for each delivery it writes
`<out>/<key>/report.json` and one Arrow IPC file per layer: `__row__`, `__wkb__` and every attribute as text. It
never stops at one bad file, and says of each what it saw. Names of files in a report are relative to the delivery
("" is the delivery itself), so that what was parsed once serves a file that was renamed or came twice.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import struct
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any

from pipeline.errors import Refusal
from pipeline.io.encoding import Encoding, dbf_rows, decide, decoded, read_dbf_header
from pipeline.io.unpack import unpack

VERSION = 4  # of what is parsed and how: part of the key under which results are kept
ROW, WKB = "__row__", "__wkb__"
MAX_DEPTH = 8
_INSTRUCTIONS = (b"gdal_streamed_alg", b"<OGRVRT", b"<!DOCTYPE")
_LINK = re.compile(rb'"crs"\s*:\s*\{[^{}]*(\{[^{}]*\}[^{}]*)?"link"')
_AGAIN = "ask the sender to export it again"
Words = Callable[[bytes], str]
Parts = Mapping[str, tuple[str, Path]]  # suffix in small letters → name as delivered, where it lies


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
        parse_delivery(delivery, Path(job["out"]) / delivery["key"], job["encoding"])


def parse_delivery(delivery: dict[str, Any], folder: Path, encoding: str) -> Report:
    """Parse one delivery into `folder`; what cannot be read is in the report."""
    report = Report()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".tmp-unpacked-") as scratch, _refusing(report, ""):
        for source in _sources(delivery, Path(scratch), report):
            with _refusing(report, source.shown):
                _parse_source(source, folder, encoding, report)
    text = json.dumps(asdict(report), ensure_ascii=False, indent=1)
    (folder / "report.json").write_text(text, encoding="utf-8")
    return report


@contextmanager
def _refusing(report: Report, shown: str) -> Iterator[None]:
    """What goes wrong inside is written into the report; the other files go on."""
    try:
        yield
    except Refusal as refusal:
        _refuse(report, shown, "FILE_UNREADABLE", refusal)
    except Exception as problem:  # hostile files raise odd classes
        _refuse(report, shown, "FILE_UNREADABLE", Refusal(f"it cannot be read: {problem!s:.300}", _AGAIN))


def _refuse(report: Report, file: str, code: str, refusal: Refusal) -> None:
    report.refused.append(RefusedReport(file, code, refusal.sentence, refusal.hint))


def _sources(delivery: dict[str, Any], scratch: Path, report: Report) -> Iterator[Source]:
    """What there is to open: members of an archive, or the delivered files under safe names."""
    parts = {_split(name)[1]: (name, Path(path)) for name, path in delivery["parts"]}
    if delivery["kind"] != "zip":
        yield from _source("", parts, scratch / "s", report)
        return
    folder = scratch / "zip"
    folder.mkdir()
    stems: dict[str, dict[str, tuple[str, Path]]] = {}
    for one in unpack(next(iter(parts.values()))[1], folder):
        inside, gdb, _ = one.name.partition(".gdb/")
        if gdb:
            report.ignored.append(f"/{inside}.gdb")
            continue
        stem, suffix = _split(one.name)
        stems.setdefault(stem.casefold(), {})[suffix] = (one.name, one.path)
    report.ignored = sorted(set(report.ignored))
    for at, (_, members) in enumerate(sorted(stems.items())):
        yield from _source("/", members, scratch / f"s{at:04d}", report)


def _split(name: str) -> tuple[str, str]:
    for tail in (".shp.xml", ".gpkg-wal", ".gpkg-shm", ".gpkg-journal"):
        if name.casefold().endswith(tail):
            return name[: -len(tail)], tail
    suffix = PurePosixPath(name.replace("\\", "/")).suffix
    return name[: len(name) - len(suffix)], suffix.casefold()


def _source(prefix: str, parts: Parts, folder: Path, report: Report) -> Iterator[Source]:
    """The sources among files of one stem; `prefix` is "" where they are the delivery itself."""
    folder.mkdir()
    leads = {".shp": "shapefile", ".gpkg": "gpkg", ".geojson": "geojson", ".json": "geojson"}
    for suffix, kind in leads.items():
        if suffix not in parts:
            continue
        own = parts if kind == "shapefile" else {one: parts[one] for one in parts if one.startswith(f"{suffix}-")}
        copies = {one: _copied(path, folder / f"layer{one}") for one, (_, path) in sorted(own.items())}
        lead = copies.get(suffix) or _copied(parts[suffix][1], folder / f"layer{suffix}")
        yield Source(prefix and prefix + parts[suffix][0], kind, lead, copies)
    if not leads.keys() & parts.keys():
        report.ignored += [prefix and prefix + name for name, _ in parts.values()]


def _copied(path: Path, name: Path) -> Path:
    """A private copy under a name of our own (GDAL chooses by suffix, and may write beside what it opens)."""
    shutil.copyfile(path, name)
    return name


def _parse_source(source: Source, folder: Path, encoding: str, report: Report) -> None:
    if source.format == "shapefile":
        _parse_shapefile(source, folder, encoding, report)
    elif source.format == "gpkg":
        _parse_geopackage(source, folder, report)
    else:
        _screen_json(source.path)
        _parse_layer(source, folder, report, "", Encoding("utf-8", "GeoJSON is UTF-8"), -1)


def _screen_json(path: Path) -> None:
    """Refuse what looks like GeoJSON by its name and is something else, or would have GDAL look elsewhere."""
    data = path.read_bytes()
    for mark in _INSTRUCTIONS:
        if mark in data[: 1 << 16]:
            raise Refusal(f"it is not data but instructions to a program ({mark.decode()})", "ask for plain data")
    if not data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        raise Refusal("it is not GeoJSON", _AGAIN)
    if _LINK.search(data):
        raise Refusal('its "crs" is a link to somewhere else', "ask for coordinates in longitude and latitude")


def _parse_shapefile(source: Source, folder: Path, encoding: str, report: Report) -> None:
    for suffix, what in ((".shx", "index"), (".dbf", "attribute table")):
        if suffix not in source.sidecars:
            raise Refusal(f"its {suffix} ({what}) is missing", "ask for all parts of the shapefile, zipped together")
    declared = _shp_records(source.sidecars[".shp"], source.sidecars[".shx"])
    dbf = read_dbf_header(source.sidecars[".dbf"])
    if dbf.records != declared:
        raise Refusal(f"the .shp has {declared} records and the .dbf {dbf.records}", _AGAIN)
    deleted = int((dbf_rows(source.sidecars[".dbf"], dbf)[:, 0] == ord("*")).sum())
    if deleted:
        hint = "ask the sender to pack the table, and to say whether these records count"
        raise Refusal(f"{deleted} records are marked as deleted in the .dbf", hint)
    try:
        decided = decide(source.sidecars[".dbf"], source.sidecars.get(".cpg"), encoding)
    except Refusal as refusal:
        _refuse(report, source.shown, "ENCODING_AMBIGUOUS", refusal)
        return
    _parse_layer(source, folder, report, "", decided, declared)


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
        for kind, name, sql in base.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_master").fetchall():
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


def _parse_layer(source: Source, folder: Path, report: Report, layer: str, encoding: Encoding, declared: int) -> None:
    """Read one layer whole and write its Arrow table; `layer` is "" where the file has but one."""
    import pyarrow as pa
    from pyogrio.raw import read_arrow

    # ISO 8859-1 is one to one: GDAL hands over the bytes of a DBF as they are, and we decode them strictly.
    option = {"encoding": "ISO-8859-1"} if source.format == "shapefile" else {}
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        meta, table = read_arrow(source.path, layer=layer or None, datetime_as_string=True, **option)
        if 0 <= declared != table.num_rows:
            sentence = f"{table.num_rows} records were read of the {declared} it says it has"
            _refuse(report, source.shown, "RECORDS_LOST", Refusal(sentence, _AGAIN))
            return
        geometry = _geometry_column(table, meta["geometry_name"] or "wkb_geometry")
        at = [one for one in range(table.num_columns) if one != geometry]
        words = _words(encoding.name) if source.format == "shapefile" else _plain
        fields = _unique([_plain_name(table.column_names[one], words) for one in at])
        columns = [pa.array(range(table.num_rows), pa.int64()), _safe_wkb(table, geometry)]
        columns += [_as_text(table.column(one), words) for one in at]
    name = f"layer{len(report.layers):03d}.arrow"
    _write(folder / name, pa.table(columns, [ROW, WKB, *fields]))
    evidence = "; ".join([encoding.evidence, *dict.fromkeys(str(one.message) for one in said)])
    types = [str(table.column(one).type) for one in at]
    facts = (encoding.name, evidence, max(declared, table.num_rows), table.num_rows, fields, types)
    report.layers.append(LayerReport(source.shown, layer, source.format, name, meta["crs"] or "", *facts))


def _write(path: Path, table: Any) -> None:
    import pyarrow as pa

    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def _words(encoding: str) -> Words:
    """From the bytes of a DBF, as GDAL hands them over, to text; half a character at the end is left out."""

    def words(raw: bytes) -> str:
        delivered = raw.decode("utf-8").encode("iso-8859-1")
        text = decoded(delivered, encoding)
        if len(text.encode(encoding)) < len(delivered):
            warnings.warn("half a character at the end of a text, cut there by the sender, was left out", stacklevel=1)
        return text

    return words


def _plain(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        warnings.warn("bytes that are not UTF-8 are shown as \ufffd", stacklevel=1)
        return raw.decode("utf-8", "replace")


def _plain_name(name: str, words: Words) -> str:
    return name if name.isascii() else words(name.encode("utf-8", "surrogateescape"))


def _unique(names: Sequence[str]) -> list[str]:
    """The names, a number behind those that came before or are our own."""
    seen, made = {ROW, WKB}, []
    for name in names:
        free = (one for one in (name, *(f"{name}_{at}" for at in range(2, len(names) + 4))) if one not in seen)
        made.append(next(free))
        seen.add(made[-1])
    return made


def _as_text(column: Any, words: Words) -> Any:
    """A column as text: numbers in plain digits, dates in ISO 8601, bytes in hexadecimal."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _as_words(column, words)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pa.array([one.as_py().hex() if one.is_valid else None for one in column], pa.string())
    if pa.types.is_floating(kind):
        return pa.array([_digits(one) for one in pc.cast(column, pa.string()).to_pylist()], pa.string())
    if pa.types.is_nested(kind) or pa.types.is_dictionary(kind):
        return pa.array([str(one.as_py()) if one.is_valid else None for one in column], pa.string())
    return pc.cast(column, pa.string(), safe=False)


def _as_words(column: Any, words: Words) -> Any:
    """Texts, each different one decoded once where one of them is not ASCII."""
    import pyarrow as pa
    import pyarrow.compute as pc

    raw = pc.cast(column, pa.binary()).combine_chunks()
    known = raw.dictionary_encode()
    if isinstance(known, pa.ChunkedArray):
        known = known.chunk(0) if known.num_chunks else pa.array([], pa.binary()).dictionary_encode()
    texts = pa.array([words(one) for one in known.dictionary.to_pylist()], pa.string())
    return texts.take(known.indices)


def _digits(number: str | None) -> str | None:
    """A number in plain digits, never in powers of ten: identifiers come as floating point too."""
    return format(Decimal(number), "f") if number and "e" in number else number


def _geometry_column(table: Any, name: str) -> int:
    """The place of the geometries, -1 where there are none: the last of that name, for attributes come before."""
    return max((at for at, one in enumerate(table.column_names) if one == name), default=-1)


def _safe_wkb(table: Any, geometry: int) -> Any:
    """The geometries; what a parser in C would die of (nested deeply) or does not know (curves) made unreadable.

    They are read once here, in the child, so that one that kills its reader does so where nothing is lost.
    """
    import pyarrow as pa
    import shapely

    if geometry < 0:
        return pa.nulls(table.num_rows, pa.binary())
    blobs = [_safe(one) if one else None for one in table.column(geometry).to_pylist()]
    shapely.from_wkb(blobs, on_invalid="ignore")
    return pa.array(blobs, pa.binary())


_UNREADABLE = b"\0"


def _safe(wkb: bytes) -> bytes:
    order = "<" if wkb[0] == 1 else ">"
    kind = (struct.unpack_from(order + "I", wkb, 1)[0] & 0x0FFFFFFF) % 1000 if len(wkb) >= 5 else 0
    if depth(wkb) > MAX_DEPTH:
        return _UNREADABLE
    return wkb if 1 <= kind <= 7 else _UNREADABLE


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
