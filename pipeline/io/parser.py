"""The parser child: strangers' files in, Arrow tables and a report out. Runs in a process of its own.

`python -m pipeline.io.parser JOB.json` reads a job {deliveries, encoding, mask, out}; for each delivery it writes
`<out>/<key>/report.json` and one Arrow IPC file per layer: `__row__`, `__wkb__` and every attribute as text. It
never stops at one bad file, and says of each what it saw. Names of files in a report are relative to the delivery
("" is the delivery itself), so that what was parsed once serves a file that was renamed or came twice.
"""

from __future__ import annotations

import json
import shutil
import struct
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipeline.campaign import MaskRules
from pipeline.errors import Refusal
from pipeline.io.encoding import Encoding, dbf_rows, decide, decoded, read_dbf_header
from pipeline.io.endings import last_line_whole
from pipeline.io.geojson import screened_features
from pipeline.io.geopackage_screen import screened_tables
from pipeline.io.readers.choice import reader
from pipeline.io.readers.raw import Raw
from pipeline.io.shapefile import declared_records
from pipeline.io.sources import Sorting, Source, sources
from pipeline.io.width import within_cells, within_columns

ROW, WKB = "__row__", "__wkb__"
MAX_DEPTH = 8
_AGAIN = "ask the sender to export it again"
Words = Callable[[bytes], str]


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
    remarks: list[dict[str, Any]] = field(default_factory=list)  # issues of their own: code, facts


@dataclass
class RefusedReport:
    """A file or layer that was not read, and why."""

    file: str
    code: str  # an issue code
    sentence: str
    hint: str


@dataclass
class NamesReport:
    """An archive whose names do not say their encoding, and the one they were read in."""

    file: str
    encoding: str
    evidence: str


@dataclass
class Report:
    """All that was seen of one delivery."""

    layers: list[LayerReport] = field(default_factory=list)
    refused: list[RefusedReport] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    mask: str = ""  # under which rules for masks GeoTIFFs were read or left, "" if there were none
    names: list[NamesReport] = field(default_factory=list)


@dataclass(frozen=True)
class Terms:
    """What the campaign says about reading: an encoding for tables ("" to decide), rules for masks (None: not read)."""

    encoding: str = ""
    mask: MaskRules | None = None
    mask_crs: str = ""
    mask_key: str = ""


def terms_of(job: dict[str, Any]) -> Terms:
    """The terms of a job as it stands in its file."""
    mask = job["mask"]
    if not mask:
        return Terms(job["encoding"], mask_key=job["mask_key"])
    classes = {int(value): code for value, code in mask["classes"].items()}
    rules = MaskRules(classes, mask["minimum_m2"], mask["connected"])
    return Terms(job["encoding"], rules, mask["crs"], job["mask_key"])


def main(named: str) -> None:
    """Do the job written in the file named."""
    job = json.loads(Path(named).read_text(encoding="utf-8"))
    for delivery in job["deliveries"]:
        parse_delivery(delivery, Path(job["out"]) / delivery["key"], terms_of(job))


def parse_delivery(delivery: dict[str, Any], folder: Path, terms: Terms) -> Report:
    """Parse one delivery into `folder`; what cannot be read is in the report."""
    report, scratch = Report(), folder / ".tmp-unpacked"
    scratch.mkdir(parents=True)
    sorting = Sorting(scratch, terms.mask is not None)
    with _refusing(report, ""):
        for source in sources(delivery, sorting):
            with _refusing(report, source.shown):
                _parse_source(source, folder, terms, report)
    shutil.rmtree(scratch)
    report.ignored = sorting.ignored
    report.names = [NamesReport(shown, one.name, one.evidence) for shown, one in sorting.names]
    report.mask = terms.mask_key if sorting.pictures else ""
    _without(f"{scratch}/", report)
    text = json.dumps(asdict(report), ensure_ascii=False, indent=1)
    (folder / "report.json").write_text(text, encoding="utf-8")
    return report


def _without(scratch: str, report: Report) -> None:
    """Take the places of private copies out of what GDAL said."""
    for refused in report.refused:
        refused.sentence = refused.sentence.replace(scratch, "")
    for layer in report.layers:
        layer.evidence = layer.evidence.replace(scratch, "")


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


def _parse_source(source: Source, folder: Path, terms: Terms, report: Report) -> None:
    if source.problem:
        raise source.problem
    if source.format == "shapefile":
        _parse_shapefile(source, folder, terms.encoding, report)
    elif source.format == "gpkg":
        _parse_geopackage(source, folder, report)
    elif source.format == "geojson":
        declared = screened_features(source.path)
        _parse_layer(source, folder, report, "", Encoding("utf-8", "GeoJSON is UTF-8"), declared)
    else:
        for raw in _raw_layers(source, terms):
            _take_raw(source, folder, report, raw)


def _raw_layers(source: Source, terms: Terms) -> list[Raw]:
    """The layers of a format that a reader of our own reads."""
    if source.format == "filegdb":
        from pipeline.io.readers.filegdb import lay_out
        from pipeline.io.readers.gdal_vectors import read_filegdb

        return read_filegdb(source.path, lay_out(source.sidecars, source.path))
    if source.format == "kml":
        from pipeline.io.readers.gdal_vectors import read_kml

        return read_kml(source.path, source.sidecars)
    if source.format == "mask" and terms.mask:
        from pipeline.io.readers.masks import read_mask

        return read_mask(source.path, terms.mask, terms.mask_crs)
    last_line_whole(source.format, source.path)
    return reader(source.format)(source.path)


def _parse_shapefile(source: Source, folder: Path, encoding: str, report: Report) -> None:
    for suffix, what in ((".shx", "index"), (".dbf", "attribute table")):
        if suffix not in source.sidecars:
            raise Refusal(f"its {suffix} ({what}) is missing", "ask for all parts of the shapefile, zipped together")
    declared = declared_records(source.sidecars[".shp"], source.sidecars[".shx"])
    dbf = read_dbf_header(source.sidecars[".dbf"])
    within_columns(len(dbf.field_names))
    if dbf.records != declared:
        raise Refusal(f"the .shp has {declared} records and the .dbf {dbf.records}", _AGAIN)
    there = source.sidecars[".dbf"].stat().st_size
    if dbf.bytes > there:
        raise Refusal(f"the .dbf is cut off: {there} of {dbf.bytes} bytes", _AGAIN)
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


def _parse_geopackage(source: Source, folder: Path, report: Report) -> None:
    import fiona

    tables, others = screened_tables(source.path, source.sidecars)
    for one in others:
        hint = "ask for it as a layer, or to leave it out"
        _refuse(report, source.shown, "FILE_UNREADABLE", Refusal(f"its table {one} has outlines but is no layer", hint))
    if not tables:
        raise Refusal("the GeoPackage has no feature table", "ask for a layer of polygons")
    seen = fiona.listlayers(source.path)
    for layer, count in tables.items():
        if layer not in seen:
            raise Refusal(f"its layer {layer} is not listed as a layer", _AGAIN)
        _parse_layer(source, folder, report, layer, Encoding("utf-8", "GeoPackage is UTF-8"), count)


def _parse_layer(source: Source, folder: Path, report: Report, layer: str, encoding: Encoding, declared: int) -> None:
    """Read one layer whole and write its Arrow table; `layer` is "" where the file has but one."""
    import pyarrow as pa

    # ISO 8859-1 is one to one: GDAL hands over the bytes of a DBF as they are, and we decode them strictly.
    option = {"encoding": "ISO-8859-1"} if source.format == "shapefile" else {}
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        meta, table = _read_layer(source.path, layer, option)
        if 0 <= declared != table.num_rows:
            sentence = f"{table.num_rows} records were read of the {declared} it says it has"
            _refuse(report, source.shown, "RECORDS_LOST", Refusal(sentence, _AGAIN))
            return
        within_cells(table.num_rows, table.num_columns)
        geometry = _geometry_column(table, meta["geometry_name"] or "wkb_geometry")
        at = [one for one in range(table.num_columns) if one != geometry]
        words = _words(encoding.name) if source.format == "shapefile" else _plain
        fields = _unique([_plain_name(table.column_names[one], words) for one in at])
        columns = [pa.array(range(table.num_rows), pa.int64()), _safe_wkb(table, geometry)]
        columns += [_as_text(table.column(one), words) for one in at]
    name = f"layer{len(report.layers):03d}.arrow"
    _write(folder / name, pa.table(columns, [ROW, WKB, *fields]))
    types = [str(table.column(one).type) for one in at]
    facts = (encoding.name, encoding.evidence, max(declared, table.num_rows), table.num_rows, fields, types)
    warned = [{"code": "FILE_WARNED", "facts": {"said": one}} for one in dict.fromkeys(str(w.message) for w in said)]
    report.layers.append(LayerReport(source.shown, layer, source.format, name, meta["crs"] or "", *facts, warned))


def _read_layer(path: Path, layer: str, option: dict[str, str]) -> tuple[dict[str, Any], Any]:
    from pyogrio.errors import CRSError
    from pyogrio.raw import read_arrow

    try:
        meta, table = read_arrow(path, layer=layer or None, datetime_as_string=True, **option)
    except (CRSError, UnboundLocalError) as problem:  # the second where pyogrio gets no text for it at all
        raise Refusal("what it says of its coordinate system (.prj) is damaged", _AGAIN) from problem
    return meta, table


def _take_raw(source: Source, folder: Path, report: Report, raw: Raw) -> None:
    """Write the Arrow table of a layer that a reader of our own made."""
    import pyarrow as pa

    if 0 <= raw.declared != len(raw.rows):
        sentence = f"{len(raw.rows)} records were read of the {raw.declared} it says it has"
        _refuse(report, source.shown, "RECORDS_LOST", Refusal(sentence, _AGAIN))
        return
    within_columns(len(raw.fields))
    fields = _unique(list(raw.fields))
    columns = [pa.array(raw.rows, pa.int64()), _readable(raw.wkb)]
    columns += [pa.array(one, pa.string()) for one in raw.fields.values()]
    name = f"layer{len(report.layers):03d}.arrow"
    _write(folder / name, pa.table(columns, [ROW, WKB, *fields]))
    evidence = "; ".join([raw.evidence, *raw.notes])
    facts = (raw.encoding, evidence, max(raw.declared, len(raw.rows)), len(raw.rows), fields, ["string"] * len(fields))
    remarks = [asdict(one) for one in raw.remarks]
    report.layers.append(LayerReport(source.shown, raw.name, source.format, name, raw.crs, *facts, remarks))


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

    if geometry < 0:
        return pa.nulls(table.num_rows, pa.binary())
    return _readable(table.column(geometry).to_pylist())


def _readable(wkb: Sequence[bytes | None]) -> Any:
    import numpy as np
    import pyarrow as pa
    import shapely

    blobs = [_safe(one) if one else None for one in wkb]
    with np.errstate(invalid="ignore"):  # coordinates that are no numbers are set aside later
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
