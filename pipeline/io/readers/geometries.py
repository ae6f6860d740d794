"""WKT, WKB and GeoJSON of strangers, made plain: little-endian WKB of linear geometries, or None.

What would kill the parser in C (deep nesting) or stop it for all others (curves) is set aside before it is asked.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

Geometries = npt.NDArray[np.object_]
MAX_DEPTH = 8  # of nested collections; real ones have two
_BRACKETS = 16
_START = 80  # characters in which a geometry says what it is
_WKT = re.compile(
    r"\s*(?:SRID\s*=\s*(\d{1,9})\s*;)?\s*((?:MULTI)?(?:POLYGON|LINESTRING|POINT)|LINEARRING|GEOMETRYCOLLECTION)"
    r"\s*(?:Z|M|ZM)?\s*(?:\(|EMPTY)",
    re.IGNORECASE,
)
_CURVED = re.compile(r"CURVE|CIRCULAR|COMPOUND|SURFACE|TRIANGLE|\bTIN\b", re.IGNORECASE)
_HEX = re.compile(r"0[01][0-9A-Fa-f]{8,}")
_WIDE = str.maketrans("（），；．", "(),;.")


def looks_like_wkt(text: str) -> bool:
    """Whether a text begins as WKT or EWKT does, curves included."""
    plain = text[:_START].translate(_WIDE)
    return bool(_WKT.match(plain)) or bool(_CURVED.match(plain.strip()))


def looks_like_hex(text: str) -> bool:
    """Whether a text is WKB in hexadecimal."""
    return len(text) % 2 == 0 and bool(_HEX.fullmatch(text))


def from_wkt(texts: Sequence[str | None]) -> tuple[Geometries, list[int], int]:
    """The geometries (None where not understood), the SRID each states (0 if none), how many had open rings."""
    plain = [one.translate(_WIDE).strip() if one else None for one in texts]
    matches = [_WKT.match(one[:_START]) if one else None for one in plain]
    srids = [int(one[1]) if one and one[1] else 0 for one in matches]
    fit = [
        one.split(";", 1)[-1] if one and match and _is_linear(one) else None
        for one, match in zip(plain, matches, strict=True)
    ]
    with np.errstate(all="ignore"):
        made = _one_by_one(_parse_wkt, fit)
    open_rings = np.array([one is not None and shape is None for one, shape in zip(fit, made, strict=True)], bool)
    made[open_rings] = [_closed(one) for one, wrong in zip(fit, open_rings, strict=True) if wrong]
    return made, srids, sum(one is not None for one in made[open_rings])


def _parse_wkt(texts: Sequence[str | None]) -> Geometries:
    made: Geometries = shapely.from_wkt(np.array(texts, object), on_invalid="ignore")
    return made


def _is_linear(text: str) -> bool:
    return not _CURVED.search(text) and bracket_depth(text, "(", ")") <= _BRACKETS


def _closed(text: str | None) -> Any:
    """The geometry with its open rings closed, None where that is not what was wrong."""
    with np.errstate(all="ignore"):
        made = shapely.from_wkt(text, on_invalid="fix")
    return made if made is not None and not _collapsed(made) else None


def _collapsed(shape: Any) -> bool:
    """Whether a ring has too few points to have had an area."""
    counts: list[int] = [int(shapely.get_num_coordinates(one)) for one in shapely.get_rings(shape)]
    return min(counts, default=4) < 4


def bracket_depth(text: str, left: str, right: str) -> int:
    """How deeply brackets are nested, those in quoted text counted as well."""
    codes = np.frombuffer(text.encode("utf-8", "replace"), np.uint8)
    steps = np.isin(codes, [ord(one) for one in left]).astype(np.int32)
    steps -= np.isin(codes, [ord(one) for one in right])
    return int(np.cumsum(steps).max(initial=0))


def from_hex(texts: Sequence[str | None]) -> tuple[Geometries, list[int]]:
    """The geometries of WKB in hexadecimal, and the SRID each states."""
    blobs = [bytes.fromhex(one) if one and looks_like_hex(one) else None for one in texts]
    made = from_wkb(blobs)
    return made, [int(one) for one in np.maximum(shapely.get_srid(made), 0)]


def from_wkb(blobs: Sequence[bytes | None]) -> Geometries:
    """The geometries of WKB, None where it is not understood, nested too deeply, or curved."""
    return _one_by_one(_parse_wkb, [one if one and _is_plain(one) else None for one in blobs])


def _parse_wkb(blobs: Sequence[bytes | None]) -> Geometries:
    made: Geometries = shapely.from_wkb(np.array(blobs, object), on_invalid="ignore")
    return made


def _is_plain(wkb: bytes) -> bool:
    """Whether it is one of the seven linear kinds and its collections are not nested deeply."""
    level, at = 0, 0
    while len(wkb) >= at + 9 and level <= MAX_DEPTH:
        order = "<" if wkb[at] == 1 else ">"
        flags, count = struct.unpack_from(order + "II", wkb, at + 1)
        kind = (flags & 0x0FFFFFFF) % 1000
        if kind != 7 or count == 0:
            return bool(1 <= kind <= 7)
        level, at = level + 1, at + (13 if flags & 0x20000000 else 9)
    return False


def from_geojson(geometries: Sequence[Any]) -> Geometries:
    """The geometries of GeoJSON objects as Python has read them, None where they are none; rings are closed."""
    texts = [json.dumps(_with_closed_rings(one)) if isinstance(one, dict) else None for one in geometries]
    fit = [one if one and bracket_depth(one, "[{", "]}") <= _BRACKETS else None for one in texts]
    return _one_by_one(_parse_geojson, fit)


def _parse_geojson(texts: Sequence[str | None]) -> Geometries:
    made: Geometries = shapely.from_geojson(np.array(texts, object), on_invalid="ignore")
    return made


def _with_closed_rings(geometry: dict[str, Any]) -> dict[str, Any]:
    parts = geometry.get("coordinates")
    if geometry.get("type") == "Polygon" and isinstance(parts, list):
        return geometry | {"coordinates": [_ring(one) for one in parts]}
    if geometry.get("type") == "MultiPolygon" and isinstance(parts, list):
        return geometry | {"coordinates": [[_ring(r) for r in one] if isinstance(one, list) else one for one in parts]}
    return geometry


def _ring(ring: Any) -> Any:
    return [*ring, ring[0]] if isinstance(ring, list) and len(ring) > 2 and ring[0] != ring[-1] else ring


def _one_by_one(parse: Callable[[Sequence[Any]], Geometries], values: Sequence[Any]) -> Geometries:
    """All at once, or each alone where one of them raises what the parser does not catch."""
    try:
        return parse(values)
    except (NotImplementedError, shapely.errors.ShapelyError, ValueError, TypeError):
        made = np.full(len(values), None, object)
        for at, one in enumerate(values):
            made[at] = _alone(parse, one)
        return made


def _alone(parse: Callable[[Sequence[Any]], Geometries], value: Any) -> Any:
    try:
        return parse([value])[0]
    except (NotImplementedError, shapely.errors.ShapelyError, ValueError, TypeError):
        return None


def to_wkb(shapes: Geometries) -> list[bytes | None]:
    """Little-endian ISO WKB without SRID."""
    made = shapely.to_wkb(shapely.set_srid(shapes, 0), byte_order=1, flavor="iso")
    return [None if one is None else bytes(one) for one in np.atleast_1d(made)]
