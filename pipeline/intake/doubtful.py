"""Values that contradict one another or the outline they belong to: columns in, rows and facts out.

Nothing is changed or set aside; each check names the rows it doubts and what its sentence has to say of them. A check
says nothing where it cannot know.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from pipeline.fields import as_number, date_span, tidy
from pipeline.geometry.crs import parse_crs
from pipeline.geometry.offset import likely_systems, lon_lat

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Texts = Sequence[str]

AREA_WRONG, AREA_OFF = 0.05, 0.01  # of the computed area (Q16)
CENTRE_M = 50.0  # from the patch (Q17)
THIN = 25.0  # perimeter² / 4π area: 1 for a circle, 1.3 for a square (Q11)
SPIKE_DEG = 10.0  # (Q20)
_SPIKE_LEG_M = 1.0
_SAMPLE = 1_000  # centres by which their system is told
_METRES = 111_320.0  # in a degree
_POWER = re.compile(r"[0-9](?:\.[0-9]+)?[Ee]\+?[0-9]+")


@dataclass(frozen=True)
class Doubts:
    """Rows in doubt for one reason (an issue code), and what the sentence about each says."""

    code: str
    rows: Ints
    facts: dict[str, list[Any]]  # each as long as `rows`


def area_differs(reported_m2: Floats, computed_m2: Floats, rounding_m2: Floats) -> list[Doubts]:
    """Reported areas off by more than `AREA_WRONG`, and those off by more than `AREA_OFF`, of the computed area.

    NaN is no report. `rounding_m2` is what rounding alone may have taken or added (`rounding`).
    """
    off = np.abs(reported_m2 - computed_m2) - rounding_m2
    share = np.where(computed_m2 > 0, off / np.where(computed_m2 > 0, computed_m2, 1.0), np.nan)
    codes = {"AREA_DIFFERS": share > AREA_WRONG, "AREA_OFF": (share > AREA_OFF) & (share <= AREA_WRONG)}
    return [_area_doubts(code, np.flatnonzero(rows), reported_m2, computed_m2) for code, rows in codes.items()]


def _area_doubts(code: str, rows: Ints, reported_m2: Floats, computed_m2: Floats) -> Doubts:
    one, other = reported_m2[rows], computed_m2[rows]
    facts = {"reported_m2": one.tolist(), "computed_m2": other.tolist(), "percent": (100 * (one / other - 1)).tolist()}
    return Doubts(code, rows, facts)


def rounding(texts: Texts, unit_m2: float) -> Floats:
    """Half a unit of the last digit of each written number, square metres; 0 where it is no number."""
    digits = np.array([_decimals(one) for one in texts], float)
    half: Floats = np.where(digits >= 0, 0.5 * 10.0**-digits * unit_m2, 0.0)
    return half


def _decimals(text: str) -> int:
    plain = tidy(text)
    return len(plain.partition(".")[2]) if as_number(plain) is not None and "e" not in plain.lower() else -1


def dates_reversed(before: Texts, after: Texts) -> Doubts:
    """Rows whose first image was certainly not taken before the second: a month may hold both days (Q18)."""
    begins, ends = _spans(before)[:, 0], _spans(after)[:, 1]
    rows = np.flatnonzero((begins != "") & (ends != "") & (begins >= ends))
    return Doubts("DATES_REVERSED", rows, {"before": _taken(before, rows), "after": _taken(after, rows)})


def dates_ahead(dates: Texts, day: str) -> Doubts:
    """Rows whose date begins after `day` (ISO 8601), the date of the campaign's maps (Q18)."""
    begins = _spans(dates)[:, 0]
    rows = np.flatnonzero((begins > day) & (begins != ""))
    return Doubts("DATE_AHEAD", rows, {"text": _taken(dates, rows), "day": [day] * len(rows)})


def _spans(texts: Texts) -> npt.NDArray[np.str_]:
    """First and last day of each date, shape (n, 2); each different text is read once."""
    if len(texts) == 0:
        return np.zeros((0, 2), "U10")
    different, which = np.unique(np.asarray(texts, str), return_inverse=True)
    return np.array([date_span(one) for one in different.tolist()], "U10")[which]


def _taken(texts: Texts, rows: Ints) -> list[str]:
    return [texts[at] for at in rows.tolist()]


def county_name_differs(codes: Texts, names: Texts, known: Mapping[str, str]) -> Doubts:
    """Rows whose county name is not that of their code in the county layer (Q06).

    云溪, 云溪县 and 青川市云溪县 are one; a code that is not `known` or an empty name is nothing to compare.
    """
    pairs = list(zip(codes, names, strict=True))
    wrong = {pair for pair in set(pairs) if pair[1] and pair[0] in known and not _same_name(pair[1], known[pair[0]])}
    rows = np.flatnonzero(np.array([pair in wrong for pair in pairs], bool))
    facts = {"county": _taken(codes, rows), "name": _taken(names, rows)}
    return Doubts("COUNTY_NAME_DIFFERS", rows, facts | {"known": [known[one] for one in facts["county"]]})


def _same_name(one: str, other: str) -> bool:
    short, long = sorted((_bare(one), _bare(other)), key=len)
    return short == long or (len(short) > 1 and (long.startswith(short) or long.endswith(short)))


def _bare(name: str) -> str:
    return tidy(name).replace(" ", "").casefold()


def numbers_mangled(numbers: Texts) -> Doubts:
    """Patch numbers that a spreadsheet turned into a power of ten: 1.30403E+17 has lost its last digits (Q07)."""
    rows = np.flatnonzero(np.array([bool(_POWER.fullmatch(one)) for one in numbers], bool))
    return Doubts("NUMBER_MANGLED", rows, {})


def types_unknown(types: Texts, known: Mapping[str, str]) -> Doubts:
    """Patch types that the vocabulary of the campaign does not have, as code or as name; none without one (Q19)."""
    words = {*known, *(one.casefold() for one in known.values())}
    odd = [bool(known and one and not {one.upper(), one.casefold()} & words) for one in types]
    rows = np.flatnonzero(np.array(odd, bool))
    return Doubts("TYPE_UNKNOWN", rows, {"type": _taken(types, rows)})


@dataclass(frozen=True)
class Edges:
    """Every edge of some polygons, ring after ring: one entry each."""

    row: Ints  # the polygon or multipolygon it belongs to
    start: Floats  # its first vertex, degrees, shape (n, 2)
    way_m: Floats  # from its first vertex to its second, metres, shape (n, 2)
    length_m: Floats
    before: Ints  # the edge that ends where it begins


def edges_of(geometries: Geometries) -> Edges:
    """The edges of polygons in degrees; metres are true to a thousandth within a few kilometres of a ring's start."""
    polygons, row = shapely.get_parts(geometries, return_index=True)
    rings, polygon = shapely.get_rings(polygons, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    at = np.flatnonzero(ring[1:] == ring[:-1])
    mine = ring[at]
    first = np.searchsorted(mine, np.arange(len(rings)))
    before = np.arange(len(at)) - 1
    filled = first < np.append(first[1:], len(at))
    before[first[filled]] = np.append(first[1:], len(at))[filled] - 1
    east = np.cos(np.radians(xy[at[np.minimum(first, max(len(at) - 1, 0))], 1])) if len(at) else np.zeros(0)
    way = (xy[at + 1] - xy[at]) * _METRES
    way[:, 0] *= east[mine]
    return Edges(row[polygon[mine]], xy[at], way, np.sqrt((way * way).sum(axis=1)), before)


def thin(edges: Edges, area_m2: Floats) -> Doubts:
    """Patches so thin that they may be left over from cutting, though roads and rivers are so too."""
    length_m = np.bincount(edges.row, edges.length_m, len(area_m2))
    with np.errstate(divide="ignore", invalid="ignore"):
        thinness = length_m**2 / (4 * np.pi * area_m2)
    rows = np.flatnonzero(thinness > THIN)
    return Doubts("THIN", rows, {"thinness": thinness[rows].tolist(), "area_m2": area_m2[rows].tolist()})


def spikes(edges: Edges) -> Doubts:
    """Patches with a corner sharper than `SPIKE_DEG` between edges of a metre and more; where the sharpest is."""
    legs = edges.length_m[edges.before], edges.length_m
    long = np.flatnonzero(np.minimum(*legs) >= _SPIKE_LEG_M)
    back = -edges.way_m[edges.before[long]]
    cosine = (back * edges.way_m[long]).sum(axis=1) / (legs[0][long] * legs[1][long])
    sharp = np.flatnonzero(cosine > np.cos(np.radians(SPIKE_DEG)))
    sharp = long[sharp[np.argsort(-cosine[sharp], kind="stable")]]
    rows, first, count = np.unique(edges.row[sharp], return_index=True, return_counts=True)
    place = edges.start[sharp[first]]
    facts = {"count": count.tolist(), "lon_deg": place[:, 0].tolist(), "lat_deg": place[:, 1].tolist()}
    return Doubts("SPIKE", rows, facts)


def centre_outside(
    geometries: Geometries, x: Texts, y: Texts, source_crs: str, storage_crs: str, limit_m: float = CENTRE_M
) -> list[Doubts]:
    """Rows whose delivered centre lies more than `limit_m` from the patch (Q17); one layer at a time.

    What the two numbers are (degrees, metres, which of them is x) is read from the whole layer: as most of them fit.
    Where fewer than half fit in any way, nothing is said of single rows, but that the centres are not understood.
    `geometries` are in `storage_crs`, degrees.
    """
    numbers = np.column_stack([_numbers(x), _numbers(y)])
    there = np.flatnonzero(np.isfinite(numbers).all(axis=1))
    if len(there) == 0:
        return []
    far_m = _best_reading(geometries[there], numbers[there], source_crs, storage_crs, limit_m)
    if (far_m <= limit_m).mean() < 0.5:
        return [Doubts("CENTRES_NOT_UNDERSTOOD", there[:1], {"count": [len(there)]})]
    rows = there[far_m > limit_m]
    facts = {"x": _taken(x, rows), "y": _taken(y, rows), "distance_m": far_m[far_m > limit_m].tolist()}
    return [Doubts("CENTRE_OUTSIDE", rows, facts)]


def _numbers(texts: Texts) -> Floats:
    """Written numbers, NaN where a text is none; all at once where all are plain."""
    try:
        return np.array([one or "nan" for one in texts], str).astype(float)
    except ValueError:
        return np.array([as_number(one) for one in texts], float)


def _best_reading(geometries: Geometries, xy: Floats, source: str, storage: str, limit_m: float) -> Floats:
    """Distances of centres from their patches, metres, in the reading in which most of a sample are near."""
    some = np.unique(np.linspace(0, len(xy) - 1, min(len(xy), _SAMPLE)).astype(np.intp))
    box = tuple(shapely.total_bounds(geometries).tolist())
    own = [] if parse_crs(source).is_geographic else [source]
    tried = [
        (way, crs)
        for way in (1, -1)  # as delivered, exchanged
        for crs in [storage, *own, *likely_systems(xy[some][:, ::way], storage, box)]
    ]
    near = [_distance_m(geometries[some], lon_lat(xy[some][:, ::way], crs)) <= limit_m for way, crs in tried]
    way, crs = tried[int(np.argmax([one.sum() for one in near]))]
    return _distance_m(geometries, lon_lat(xy[:, ::way], crs))


def _distance_m(geometries: Geometries, points: Floats) -> Floats:
    """Distance of each point (degrees) from its geometry; infinite for points that are nowhere."""
    far_m = np.full(len(points), np.inf)
    usable = np.flatnonzero(np.isfinite(points).all(axis=1))
    inside = shapely.contains_xy(geometries[usable], *points[usable].T)
    far_m[usable[inside]] = 0.0
    rest = usable[~inside]
    far_m[rest] = shapely.distance(_in_metres(geometries[rest], points[rest]), shapely.Point(0, 0))
    return far_m


def _in_metres(geometries: Geometries, origins: Floats) -> Geometries:
    """Each geometry in metres about its own origin (degrees): true to a thousandth within a few kilometres."""
    xy, row = shapely.get_coordinates(geometries, return_index=True)
    scale = np.column_stack([np.cos(np.radians(origins[:, 1])), np.ones(len(origins))]) * _METRES
    made: Geometries = shapely.set_coordinates(geometries.copy(), (xy - origins[row]) * scale[row])
    return made
