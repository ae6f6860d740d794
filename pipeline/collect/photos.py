"""What a photo says of itself: its bytes' digest, and place, direction and time in its EXIF.

Only headers are read, never pixels; in the child, for photos are strangers' files like all others.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from PIL import Image

from pipeline.collect.returned import Photo
from pipeline.engine.digest import file_digest

LOOKED_INTO = (".jpg", ".jpeg", ".png", ".webp")
SUFFIXES = (*LOOKED_INTO, ".heic", ".heif", ".mp4")
MAX_BYTES, MAX_PIXELS = 128 << 20, 400_000_000
_FORMATS = ("JPEG", "MPO", "PNG", "WEBP")
_EXIF, _GPS = 0x8769, 0x8825
_TAKEN, _DIGITISED = 0x9003, 0x9004
_LAT_REF, _LAT, _LON_REF, _LON, _AZIMUTH = 1, 2, 3, 4, 17


def read_photo(path: Path, name: str, file: str) -> Photo:
    """The photo at `path`, called `name` by rows and `file` in places; one that cannot be looked into says why."""
    digest = file_digest(path)
    if PurePosixPath(name).suffix.casefold() not in LOOKED_INTO:
        return Photo(name, file, digest, problem="kind")
    try:
        taken, gps = _headers(path)
        return Photo(name, file, digest, *_place(gps), azimuth_deg=_azimuth(gps), taken=taken)
    except Exception:  # a damaged photo may raise anything at all
        return Photo(name, file, digest, problem="unread")


def unread_photo(path: Path, name: str, file: str) -> Photo:
    """A photo that ended a child before: its digest alone."""
    return Photo(name, file, file_digest(path), problem="unread")


def _headers(path: Path) -> tuple[str, Mapping[int, Any]]:
    """When it was taken, and its GPS tags."""
    if path.stat().st_size > MAX_BYTES:
        raise ValueError("too large")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # large pictures are no bombs as long as nobody unpacks them
        with Image.open(path, formats=_FORMATS) as image:
            if math.prod(image.size) > MAX_PIXELS:
                raise ValueError("too large")
            exif = image.getexif()
            own = exif.get_ifd(_EXIF)
            return _time(own.get(_TAKEN)) or _time(own.get(_DIGITISED)), exif.get_ifd(_GPS)


def _time(raw: object) -> str:
    try:
        return datetime.strptime(str(raw).strip("\0 "), "%Y:%m:%d %H:%M:%S").isoformat()
    except ValueError:
        return ""


def _place(gps: Mapping[int, Any]) -> tuple[float | None, float | None]:
    """Longitude and latitude; the point 0, 0 is what cameras write that know no place."""
    lon, lat = _degrees(gps.get(_LON)), _degrees(gps.get(_LAT))
    if lon is None or lat is None or not (lon <= 180 and lat <= 90) or lon == lat == 0:
        return None, None
    west, south = str(gps.get(_LON_REF)).strip("\0 ") == "W", str(gps.get(_LAT_REF)).strip("\0 ") == "S"
    return (-lon if west else lon), (-lat if south else lat)


def _degrees(raw: object) -> float | None:
    """Degrees, minutes and seconds as one number."""
    if not isinstance(raw, tuple) or len(raw) != 3:
        return None
    return _finite(sum(float(one) / 60**at for at, one in enumerate(raw)))


def _azimuth(gps: Mapping[int, Any]) -> float | None:
    raw = gps.get(_AZIMUTH)
    value = None if raw is None else _finite(float(raw))
    return None if value is None else round(value % 360, 2)


def _finite(value: float) -> float | None:
    return round(value, 8) if math.isfinite(value) and value >= 0 else None
