"""GeoJSON looked at as JSON before GDAL sees it: what it is, whether it leads elsewhere, how many features it has.

GDAL guesses what a document is from its first bytes, follows a `crs` that is a link, and leaves out what it does not
take for a feature.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from pipeline.errors import Refusal
from pipeline.io.width import within_columns

_AGAIN = "ask the sender to export it again"
_ALL = "ask for all features, page by page, or for the file the service was made from"
_PROGRAMS = (b"<OGRVRT", b"<!DOCTYPE", b"<VRTDataset", b"<OGRWFS", b"<GDAL_WMS")
_ONCE = ("type", "features", "geometry", "coordinates", "geometries", "crs")
_GEOMETRIES = ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection")


def screened_features(path: Path) -> int:
    """The number of features of a GeoJSON document.

    Raises:
        Refusal: it is something else, cut off, not UTF-8, or its coordinate system is a link.
    """
    data = path.read_bytes().removeprefix(b"\xef\xbb\xbf").lstrip()
    if not data.startswith(b"{"):
        mark = next((one for one in _PROGRAMS if one in data[: 1 << 16]), b"")
        if mark:
            raise Refusal(f"it is not data but instructions to a program ({mark.decode()})", "ask for plain data")
        raise Refusal("it is not GeoJSON", _AGAIN)
    return _count(_parsed(data))


def _parsed(data: bytes) -> dict[str, Any]:
    columns: set[str] = set()

    def taken(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return _taken(pairs, columns)

    try:
        tree = json.loads(data.decode(), object_pairs_hook=taken, parse_int=float)
    except UnicodeDecodeError as problem:
        raise Refusal(f"it is not UTF-8 text (byte {problem.start})", "ask the sender to save it as UTF-8") from problem
    except json.JSONDecodeError as problem:
        raise Refusal(f"it is no whole GeoJSON document ({problem})", _AGAIN) from problem
    except RecursionError as problem:
        raise Refusal("its objects are nested too deeply", _AGAIN) from problem
    within_columns(len(columns))
    made: dict[str, Any] = tree
    return made


def _taken(pairs: list[tuple[str, Any]], columns: set[str]) -> dict[str, Any]:
    """One object, without coordinates once they were read; columns are the names of properties so far."""
    made = dict(pairs)
    if len(made) < len(pairs):
        names = Counter(name for name, _ in pairs)
        twice = next((name for name in _ONCE if names[name] > 1), "")
        if twice:
            raise Refusal(f'an object of it has "{twice}" twice', "programs differ in which they read: ask for one")
    if made.get("type") == "Feature" and isinstance(made.get("properties"), dict):
        columns.update(made["properties"])
        return {"type": "Feature"}
    return {"type": made.get("type")} if "coordinates" in made else made


def _count(tree: dict[str, Any]) -> int:
    crs = tree.get("crs")
    if isinstance(crs, dict) and crs.get("type") not in ("name", "EPSG", None):
        raise Refusal('its "crs" is a link to somewhere else', "ask for coordinates in longitude and latitude")
    kind, features = tree.get("type"), tree.get("features")
    properties = tree.get("properties")
    for one in (tree, properties if isinstance(properties, dict) else {}):
        if one.get("exceededTransferLimit") is True:
            raise Refusal("it says that the service stopped before the end (exceededTransferLimit)", _ALL)
    if kind == "FeatureCollection" and isinstance(features, list):
        return len(features)
    if kind == "Feature" or kind in _GEOMETRIES:
        return 1
    if kind == "gdal_streamed_alg":
        raise Refusal("it is not data but instructions to a program (gdal_streamed_alg)", "ask for plain data")
    raise Refusal(f"it is not GeoJSON (its type is {str(kind)[:40]})", _AGAIN)
