"""Which reader reads a file: by suffix, and by content where a suffix says little."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline.io.readers.raw import Raw

# Kinds by suffix. A GeoTIFF is a mask only where the campaign has rules for masks. A .txt is one of them only if it
# begins like a coordinate file; any other is no map.
SUFFIXES: Mapping[str, str] = {
    ".kml": "kml",
    ".fgb": "flatgeobuf",
    ".geojsonl": "geojson_lines",
    ".geojsons": "geojson_lines",
    ".ndjson": "geojson_lines",
    ".parquet": "parquet",
    ".geoparquet": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".xlsx": "workbook",
    ".db": "survey_db",
    ".sqlite": "survey_db",
    ".txt": "coordinate_text",
    ".tif": "mask",
    ".tiff": "mask",
}
_HEAD = 1 << 16


def is_lock(name: str) -> bool:
    """Whether a file of a FileGDB only says who has it open."""
    return name.casefold().endswith(".lock")


def claims(suffix: str, path: Path) -> bool:
    """Whether the file is what its suffix promises, where that must be asked of its content."""
    if suffix != ".txt":
        return suffix in SUFFIXES
    from pipeline.io.readers.coordinate_text import sniff

    with path.open("rb") as source:
        return sniff(source.read(_HEAD))


def reader(kind: str) -> Callable[[Path], list[Raw]]:
    """The reader of a kind that needs nothing but the file; its libraries are loaded only now.

    FileGDB, KML and masks need more: the parser calls them itself.

    Raises:
        KeyError: there is no such kind.
    """
    if kind in ("csv", "workbook"):
        from pipeline.io.readers import tables

        return {"csv": tables.read_csv, "workbook": tables.read_workbook}[kind]
    if kind == "flatgeobuf":
        from pipeline.io.readers.gdal_vectors import read_flatgeobuf

        return read_flatgeobuf
    from pipeline.io.readers import coordinate_text, geojson_lines, parquet, survey_db

    return {
        "coordinate_text": coordinate_text.read_coordinate_text,
        "geojson_lines": geojson_lines.read_geojson_lines,
        "parquet": parquet.read_parquet,
        "survey_db": survey_db.read_survey_db,
    }[kind]
