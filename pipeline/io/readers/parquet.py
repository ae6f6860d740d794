"""GeoParquet with WKB geometries: columns as text, the CRS from its metadata (version 0.1 to 1.1).

By the specification a geometry column without the key `crs` is in OGC:CRS84, one with `crs: null` in an unknown system.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyproj import CRS
from pyproj.exceptions import CRSError

from pipeline.errors import Refusal
from pipeline.io.readers.arrow_text import as_text, unique
from pipeline.io.readers.geometries import from_wkb, to_wkb
from pipeline.io.readers.raw import Raw

MAGIC = b"PAR1"
FEATHER = (b"ARROW1", b"FEA1")
MAX_BYTES = 4 << 30  # of all columns, uncompressed
MAX_ROWS = 50_000_000
_AGAIN = "ask the sender to export it again"
_WAY_OUT = "ask for GeoParquet with WKB geometries, or a GeoPackage"


def read_parquet(path: Path) -> list[Raw]:
    """The one layer of a GeoParquet file.

    Raises:
        Refusal: it is cut, damaged, without geometry metadata, or its geometries are not WKB.
    """
    refuse_feather(path)
    try:
        return [_read(path)]
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise Refusal(f"the Parquet file is damaged ({problem!s:.160})", _AGAIN) from problem


def refuse_feather(path: Path) -> None:
    """Refuse by the first and last bytes what is no whole Parquet file.

    Raises:
        Refusal: it is Feather or Arrow, no Parquet, or cut.
    """
    with path.open("rb") as source:
        head = source.read(8)
        source.seek(max(path.stat().st_size - 4, 0))
        tail = source.read(4)
    if head.startswith(FEATHER):
        raise Refusal("it is a Feather or Arrow file, which is not read", _WAY_OUT)
    if not head.startswith(MAGIC):
        raise Refusal("it is not a Parquet file", _AGAIN)
    if tail != MAGIC:
        raise Refusal("the Parquet file is cut off: its end is missing", _AGAIN)


def _read(path: Path) -> Raw:
    with pq.ParquetFile(path, page_checksum_verification=True) as source:
        declared = source.metadata.num_rows
        _refuse_huge(source.metadata)
        geo = _geo(source)
        table = source.read()
    if table.num_rows != declared:
        raise Refusal(f"{table.num_rows} records were read of the {declared} it says it has", _AGAIN)
    return _raw(table, geo, declared)


def _refuse_huge(metadata: Any) -> None:
    size = sum(metadata.row_group(at).total_byte_size for at in range(metadata.num_row_groups))
    if size > MAX_BYTES or metadata.num_rows > MAX_ROWS:
        raise Refusal(f"it holds {metadata.num_rows} records in {size >> 20} MiB", "ask for it in parts")


def _geo(source: Any) -> dict[str, Any]:
    """The metadata under the key `geo`."""
    raw = (source.metadata.metadata or {}).get(b"geo")
    if raw is None:
        columns = ", ".join(source.schema_arrow.names)[:300]
        raise Refusal(f"it is Parquet without geometry metadata; its columns are {columns}", _WAY_OUT)
    geo = json.loads(raw)
    if not isinstance(geo, dict) or geo.get("primary_column") not in geo.get("columns", {}):
        raise Refusal("its geometry metadata name no geometry column", _AGAIN)
    return geo


def _raw(table: Any, geo: dict[str, Any], declared: int) -> Raw:
    primary = geo["primary_column"]
    about = geo["columns"][primary]
    if about.get("encoding") != "WKB":
        raise Refusal(f"its geometries are encoded as {about.get('encoding')!r:.40}, not as WKB", _WAY_OUT)
    if primary not in table.column_names:
        raise Refusal(f"its geometry column {primary!r:.60} is missing", _AGAIN)
    blobs = table.column(primary).cast(pa.binary()).to_pylist()
    wkb = to_wkb(from_wkb(blobs))
    names = unique(table.column_names)
    at = table.column_names.index(primary)
    fields = {name: as_text(table.column(one)) for one, name in enumerate(names) if one != at}
    notes = _notes(geo, blobs, wkb)
    rows = list(range(table.num_rows))
    return Raw("", _crs(about), fields, wkb, rows, declared, notes, "utf-8", "Parquet is UTF-8")


def _crs(about: dict[str, Any]) -> str:
    """The CRS as WKT or authority code, "" if it is said to be unknown."""
    said = about.get("crs", "OGC:CRS84")
    if said is None or isinstance(said, str):
        return said or ""
    try:
        return CRS.from_json_dict(said).to_wkt()
    except CRSError as problem:
        raise Refusal(f"its coordinate system is not understood ({problem!s:.120})", _AGAIN) from problem


def _notes(geo: dict[str, Any], blobs: list[bytes | None], wkb: list[bytes | None]) -> list[str]:
    about = geo["columns"][geo["primary_column"]]
    notes = [f"geometry column {one!r} was kept as text" for one in geo["columns"] if one != geo["primary_column"]]
    if "crs" not in about:
        notes.append("it states no coordinate system, which for GeoParquet means longitude and latitude (OGC:CRS84)")
    if about.get("edges") == "spherical":
        notes.append("its edges are said to be spherical; they were read as straight in longitude and latitude")
    lost = sum(bool(one) and other is None for one, other in zip(blobs, wkb, strict=True))
    return notes + ([f"{lost} geometries were not understood"] if lost else [])
