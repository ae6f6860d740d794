"""GeoPackage, written the same way each time: version 1.3, named layers, styles inside, read back.

A small layer in a file of its own is filled into a copy of an empty file (`package_template`), others are GDAL's.

A file is built whole in a new private place (`pipeline.publish.private`): layers one after another, then
styles, then `check_package`. Nothing is ever written into a file that came from someone else.
"""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyogrio
import shapely

from pipeline.io.package_template import Template, filled, suits, template_of

# GDAL writes the day's time into gpkg_contents otherwise; it has to be set where GDAL reads it (ecosystem 2.4).
FIXED_TIME = "2000-01-01T00:00:00.000Z"
GEOMETRY, FID = "geom", "fid"
_TYPES = {
    "text": pa.string(),
    "integer": pa.int64(),
    "real": pa.float64(),
    "date": pa.date32(),
    "boolean": pa.bool_(),
}
_STYLES = """CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
    f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
    useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME)"""
_REGISTER = """INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change)
    VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?)"""
_STYLE = """INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column,
    styleName, styleQML, styleSLD, useAsDefault, description, owner, update_time)
    VALUES ('', '', ?, ?, ?, ?, '', 1, '', '', ?)"""


def write_layer(
    target: Path,
    layer: str,
    columns: Mapping[str, Any],
    geometry: Any,
    crs: str,
    *,
    kinds: Mapping[str, str] | None = None,
    geometry_type: str = "MultiPolygon",
    title: str = "",
    description: str = "",
) -> int:
    """Write one layer into `target`, a new file or one this run has begun; return the number of rows.

    Args:
        columns: Name to Arrow array or sequence, in the order of the layer; None is NULL.
        geometry: Array of shapely geometries (or None) in `crs`; polygons become multipolygons.
        crs: Authority code such as "EPSG:4490", or WKT.
        kinds: Name to "text", "integer", "real", "date" or "boolean"; what is left out is told by the values.
        geometry_type: As OGR names it; "Unknown" takes any.
        title: What QGIS lists the layer as; the layer's name if empty.

    Raises:
        ValueError: lengths differ, or a geometry is not of the type.
    """
    shapes = np.asarray(geometry, dtype=object)
    if geometry_type == "MultiPolygon":
        shapes = _multipolygons(shapes)
    arrays = _arrays(columns, kinds or {}, len(shapes))
    wkb, bounds, words = shapely.to_wkb(shapes, byte_order=1).tolist(), shapely.bounds(shapes), (title, description)
    if _alone(target, geometry_type, arrays) and suits(arrays, wkb, bounds):
        fields = tuple((name, array.type) for name, array in arrays.items())
        target.write_bytes(filled(_template(layer, fields, crs, words), arrays, wkb, bounds))
    else:
        _write(target, layer, arrays, wkb, crs, geometry_type, words)
    return len(shapes)


def _alone(target: Path, geometry_type: str, arrays: Mapping[str, pa.Array]) -> bool:
    """Whether this is the first layer of a file, of polygons, and all its columns are attributes."""
    taken = {name.casefold() for name in arrays} & {GEOMETRY, FID}
    return geometry_type == "MultiPolygon" and not taken and not target.exists()


@lru_cache(maxsize=64)
def _template(layer: str, fields: tuple[tuple[str, pa.DataType], ...], crs: str, words: tuple[str, str]) -> Template:
    """What GDAL makes of the layer without a row; kept, since a campaign's counties differ in rows only."""
    empty = io.BytesIO()
    _write(empty, layer, {name: pa.array([], kind) for name, kind in fields}, [], crs, "MultiPolygon", words)
    return template_of(empty.getvalue(), layer, GEOMETRY)


def _write(
    target: Path | io.BytesIO,
    layer: str,
    arrays: Mapping[str, pa.Array],
    wkb: Sequence[bytes | None],
    crs: str,
    geometry_type: str,
    words: tuple[str, str],
) -> None:
    """By GDAL: a new file, or one more layer."""
    title, description = words
    layer_options = {
        "GEOMETRY_NAME": GEOMETRY,
        "FID": FID,
        "SPATIAL_INDEX": "YES",
        "IDENTIFIER": title or layer,
    }
    if description:
        layer_options["DESCRIPTION"] = description
    more = isinstance(target, Path) and target.exists()
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": FIXED_TIME})
    pyogrio.write_arrow(
        pa.table({**arrays, GEOMETRY: pa.array(wkb, pa.binary())}),
        str(target) if isinstance(target, Path) else target,
        layer=layer,
        driver="GPKG",
        geometry_name=GEOMETRY,
        geometry_type=geometry_type,
        crs=crs,
        dataset_options=None if more else {"VERSION": "1.3"},
        layer_options=layer_options,
    )


def add_style(target: Path, layer: str, qml: str, name: str = "") -> None:
    """Put a QGIS style into the file as the layer's own; opened alone, anywhere, the layer is drawn with it."""
    with closing(sqlite3.connect(target)) as base, base:
        # Nothing to come back to: whoever publishes the file writes it out, or throws it away.
        base.executescript("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF")
        if not base.execute("SELECT 1 FROM sqlite_master WHERE name = 'layer_styles'").fetchone():
            base.execute(_STYLES)
            base.execute(_REGISTER, (FIXED_TIME,))
        base.execute(_STYLE, (layer, GEOMETRY, (name or layer)[:30], qml, FIXED_TIME))


def check_package(target: Path, rows: Mapping[str, int], unique: Mapping[str, Sequence[str]] | None = None) -> None:
    """Read a written file back: SQLite's own check, every layer with its rows and index, identities once.

    Args:
        rows: Layer to the number of rows it must have.
        unique: Layer to the columns whose values together must not repeat.

    Raises:
        OSError: the file is not what was written; a full disk is not always reported (faults 4).
    """
    if target.with_name(target.name + "-wal").exists():
        raise OSError(f"{target.name} has an open write-ahead log")
    with closing(sqlite3.connect(f"file:{_quoted(target)}?mode=ro", uri=True)) as base:
        if base.execute("PRAGMA quick_check").fetchone()[0] != "ok":
            raise OSError(f"{target.name} is damaged")
        for layer, count in rows.items():
            _check_layer(base, target, layer, count, (unique or {}).get(layer, ()))


def _check_layer(base: sqlite3.Connection, target: Path, layer: str, count: int, unique: Sequence[str]) -> None:
    found = base.execute(f'SELECT count(*) FROM "{layer}"').fetchone()[0]
    if found != count:
        raise OSError(f"{target.name}: layer {layer} has {found} rows, not {count}")
    indexed = base.execute(f'SELECT count(*) FROM "rtree_{layer}_{GEOMETRY}"').fetchone()[0]
    filled = base.execute(f'SELECT count(*) FROM "{layer}" WHERE "{GEOMETRY}" IS NOT NULL').fetchone()[0]
    if indexed != filled:
        raise OSError(f"{target.name}: the spatial index of {layer} has {indexed} entries, not {filled}")
    if unique:
        keys = ", ".join(f'"{key}"' for key in unique)
        once = base.execute(f'SELECT count(*) FROM (SELECT DISTINCT {keys} FROM "{layer}")').fetchone()[0]
        if once != count:
            raise OSError(f"{target.name}: {keys} repeat in layer {layer}")


def _multipolygons(shapes: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    kinds = shapely.get_type_id(shapes)
    strange = (kinds != -1) & (kinds != 3) & (kinds != 6)
    if strange.any():
        raise ValueError(f"geometry {int(np.flatnonzero(strange)[0])} is not a polygon")
    single = np.flatnonzero(kinds == 3)
    if single.size == 0:
        return shapes
    promoted = shapes.copy()
    promoted[single] = shapely.multipolygons(shapes[single], indices=np.arange(single.size))
    return promoted


def _arrays(columns: Mapping[str, Any], kinds: Mapping[str, str], count: int) -> dict[str, Any]:
    arrays = {name: _array(values, kinds.get(name)) for name, values in columns.items()}
    for name, array in arrays.items():
        if len(array) != count:
            raise ValueError(f"column {name} has {len(array)} values for {count} geometries")
    return arrays


def _array(values: Any, kind: str | None) -> Any:
    wanted = _TYPES[kind] if kind else None
    if not isinstance(values, pa.Array | pa.ChunkedArray):
        array = pa.array(values, wanted)
    elif pa.types.is_dictionary(values.type):
        array = values.cast(wanted or values.type.value_type)
    else:
        array = values if wanted is None else values.cast(wanted)
    return array.cast(pa.string()) if pa.types.is_null(array.type) else array


def _quoted(path: Path) -> str:
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
