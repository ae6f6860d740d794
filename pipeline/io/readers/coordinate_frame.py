"""The coordinate system of a 国土报备坐标 file: from what its head says, held against the numbers themselves.

EPSG: CGCS2000 3° zones 25–45 are 4513–4533 where eastings carry the zone number and 4534–4554 where they do not; 6°
zones 13–23 are 4491–4501 and 4502–4512. Xi'an 80 and Beijing 54 have such families of their own; they are named, so
that ingest can refuse them by name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.errors import Refusal

Pairs = npt.NDArray[np.float64]  # shape (vertices, 2), as written


@dataclass(frozen=True)
class Datum:
    """A Chinese datum: its geographic code and the first code of each family of zones."""

    words: str  # a pattern of how 坐标系 names it
    geographic: int
    three_with_zone: int
    three: int
    six_with_zone: int
    six: int


DATUMS = (
    Datum(r"2000|CGCS", 4490, 4513, 4534, 4491, 4502),
    Datum(r"80|西安|XI.?AN", 4610, 2349, 2370, 2327, 2338),
    Datum(r"54|北京|BEIJING", 4214, 2401, 2422, 21413, 21453),
)
_ZONES = {3: range(25, 46), 6: range(13, 24)}  # those of China do not overlap: the number tells the width


@dataclass(frozen=True)
class Frame:
    """How the two numbers of a vertex are meant."""

    crs: str  # "EPSG:…", "" if the head does not say
    x_column: int  # which of the two is easting or longitude: 1 by the format, 0 where the sender swapped them
    zone: int  # the zone number every easting begins with, 0 if none
    notes: tuple[str, ...]


def frame(head: Mapping[str, str], pairs: Pairs) -> Frame:
    """The frame of one block of parcels.

    Raises:
        Refusal: head and numbers contradict one another, or the projection or unit is another than the format's.
    """
    _refuse_other_projections(head)
    typical = np.median(pairs, axis=0) if len(pairs) else np.zeros(2)
    x_column, swapped = _x_column(typical)
    datum, unknown = _datum(head.get("坐标系", ""))
    if np.abs(typical).max() <= 180:
        crs = f"EPSG:{datum.geographic}" if datum else ""
        return Frame(crs, x_column, 0, (*unknown, *swapped, "its coordinates are in degrees"))
    prefix = int(typical[x_column] // 1e6) if typical[x_column] >= 1e6 else 0
    zone, width, guessed = _zone(head, prefix)
    crs = f"EPSG:{_code(datum, zone, width, bool(prefix))}" if datum and zone else ""
    return Frame(crs, x_column, prefix, (*unknown, *swapped, *guessed, *_parameters(head)))


def _refuse_other_projections(head: Mapping[str, str]) -> None:
    projection, unit = head.get("投影类型", ""), head.get("计量单位", "")
    if projection and not re.search(r"高斯|gauss|经纬|地理|无", projection, re.IGNORECASE):
        raise Refusal(f"its projection is {projection[:40]!r}, not Gauss-Krüger", "ask for Gauss-Krüger coordinates")
    if unit and not re.fullmatch(r"米|公尺|m|metre|meter|度|°|十进制度|degrees?", unit, re.IGNORECASE):
        raise Refusal(f"its unit is {unit[:40]!r}, neither metres nor degrees", "ask for coordinates in metres")


def _x_column(typical: Pairs) -> tuple[int, tuple[str, ...]]:
    """Which number is the easting: the second by the format, the first only where no northing looks like it."""
    first, second = typical
    degrees = 73 <= first <= 136 and 3 <= second <= 54
    metres = 1.3e6 <= second <= 6.2e6 and (first >= 1.3e7 or 1e5 <= first <= 9e5)
    if degrees or metres:
        return 0, ("its coordinates are written easting first, against the format, and were read so",)
    return 1, ()


def _datum(said: str) -> tuple[Datum | None, tuple[str, ...]]:
    plain = unicodedata.normalize("NFKC", said).upper()
    for datum in DATUMS:
        if re.search(datum.words, plain):
            return datum, ()
    return None, (f"its coordinate system {said[:40]!r} is not known" if said else "it names no coordinate system",)


def _zone(head: Mapping[str, str], prefix: int) -> tuple[int, int, tuple[str, ...]]:
    """Zone number and width in degrees from the head and the eastings; zone 0 if nobody says."""
    said, width = _stated(head, "带号"), _stated(head, "几度分带")
    if prefix and said and prefix != said:
        hint = "ask the sender which zone is meant"
        raise Refusal(f"it says zone {said}, but its eastings begin with {prefix}", hint)
    zone = said or prefix
    fit = [one for one, zones in _ZONES.items() if zone in zones]
    if zone and not fit:
        raise Refusal(f"zone {zone} is neither a 3° zone (25–45) nor a 6° zone (13–23) of China", "ask the sender")
    if fit and width and width != fit[0]:
        raise Refusal(f"zone {zone} is a {fit[0]}° zone, but the file says {width}°", "ask the sender which is meant")
    notes = () if said or not prefix else (f"it states no zone; {prefix} is what its eastings begin with",)
    if not zone:
        notes = ("it states no zone and its eastings carry none",)
    return zone, fit[0] if fit else 0, notes


def _stated(head: Mapping[str, str], key: str) -> int:
    """The whole number a line of the head gives, 0 if none."""
    found = re.search(r"\d+", unicodedata.normalize("NFKC", head.get(key, "")))
    return int(found[0][:6]) if found else 0


def _code(datum: Datum, zone: int, width: int, with_zone: bool) -> int:
    if width == 3:
        return (datum.three_with_zone if with_zone else datum.three) + zone - 25
    return (datum.six_with_zone if with_zone else datum.six) + zone - 13


def _parameters(head: Mapping[str, str]) -> tuple[str, ...]:
    said = head.get("转换参数", "")
    meant = re.search(r"[1-9]", said) is not None
    return (f"it states transformation parameters ({said[:60]}), which were not applied",) if meant else ()
