"""Suspicion that coordinates are not what they are said to be: displaced, exchanged, or in another system.

Nothing here moves a patch. Points are tried under another reading, and where that reading fits the counties clearly
better than the delivered one, the figures of both are returned as evidence. A point fits where it lies in the county
it is delivered for; without a known code, where it lies in any county.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import comb, erfc, sqrt

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS, Transformer

from pipeline.geometry.crs import geographic_of, parse_crs

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]
Move = Callable[[Floats], Floats]

MANY = 100  # points below which nothing is said of a displacement
CHANCE = 1e-4  # probability that as many points more would fit by accident
FITS, FAILS = 0.9, 0.1  # shares of points that must fit, and at most fit as delivered, for another system
FEW = 3  # points below which nothing is said of another system
_DISPLACED_SAMPLE, _SYSTEM_SAMPLE = 100_000, 2_000
_METRES = 111_320.0  # in a degree


@dataclass(frozen=True)
class CountyGround:
    """The county layer, ready to be asked which points lie in which county."""

    counties: Geometries  # polygons in the storage CRS, degrees
    tree: shapely.STRtree

    def fits(self, xy: Floats, declared: Ints) -> Bools:
        """Whether points (n, 2), degrees, lie in county `declared` (an index), or in any where it is -1."""
        inside = np.zeros(len(xy), bool)
        usable = np.isfinite(xy).all(axis=1)
        named = np.flatnonzero(usable & (declared >= 0))
        inside[named] = shapely.contains_xy(self.counties[declared[named]], *xy[named].T)
        free = np.flatnonzero(usable & (declared < 0))
        at, county = self.tree.query(shapely.points(xy[free]))
        met = shapely.contains_xy(self.counties[county], *xy[free[at]].T)
        inside[free[at[met]]] = True
        return inside


def county_ground(counties: Geometries) -> CountyGround:
    """Counties made ready (prepared) for many questions; they stay so."""
    shapely.prepare(counties)
    return CountyGround(counties, shapely.STRtree(counties))


@dataclass(frozen=True)
class Displaced:
    """The figures that speak for a displacement by GCJ-02; shares are 0 … 1 of `count` points."""

    whose: str  # "patches" | "counties": which of the two layers carries the offset
    count: int
    as_delivered: float
    corrected: float
    gained: int  # points that fit only when corrected
    lost: int  # points that fit only as delivered
    shift_m: float  # median length of the offset


@dataclass(frozen=True)
class Misread:
    """The figures that speak for another coordinate system, or for x and y exchanged."""

    swapped: bool
    systems: tuple[str, ...]  # those under which the points fit, best first; the declared one where it holds
    count: int
    as_delivered: float
    corrected: float


def displaced(patches: Geometries, declared: Ints, ground: CountyGround) -> list[Displaced]:
    """Whether patches (degrees) fit their counties clearly better once the GCJ-02 offset is taken away, or put on.

    The second says that the county layer is displaced and the patches are not. At most one is returned, and none for
    fewer than `MANY` patches. `declared` has the index of the county each is delivered for, -1 where it is not known.
    """
    rows = _sample(len(patches), _DISPLACED_SAMPLE)
    xy, named = shapely.get_coordinates(shapely.centroid(patches[rows])), declared[rows]
    if len(xy) < max(MANY, len(rows)):  # too few, or some without a place
        return []
    came = ground.fits(xy, named)
    tried = [("patches", without_gcj02(xy)), ("counties", with_gcj02(xy))]
    found = [_compared(whose, xy, moved, came, ground.fits(moved, named)) for whose, moved in tried]
    return sorted((one for one in found if _clearly_better(one)), key=lambda one: -one.corrected)[:1]


def _compared(whose: str, xy: Floats, moved: Floats, came: Bools, then: Bools) -> Displaced:
    shift = (moved - xy) * np.column_stack([np.cos(np.radians(xy[:, 1])), np.ones(len(xy))]) * _METRES
    shares = float(came.mean()), float(then.mean())
    gained, lost = int((then & ~came).sum()), int((came & ~then).sum())
    return Displaced(whose, len(xy), *shares, gained, lost, float(np.median(np.hypot(*shift.T))))


def _clearly_better(one: Displaced) -> bool:
    """A sign test on the points that change sides; and most of what did not fit must fit then."""
    mends = (1 - one.corrected) * 2 <= 1 - one.as_delivered
    return mends and _tail(one.lost, one.gained + one.lost) <= CHANCE


def _tail(few: int, of: int) -> float:
    """Probability of at most `few` tails among `of` tosses of a coin."""
    if of > 1000:
        return erfc((of - 2 * few) / sqrt(2 * of)) / 2
    return float(sum(comb(of, k) for k in range(few + 1)) / 2**of)


def misread(xy: Floats, declared: Ints, crs: str, ground: CountyGround) -> list[Misread]:
    """Whether points (n, 2) as delivered in `crs` miss the counties, and hit them exchanged or in another system.

    `xy` are delivered coordinates, a point a patch; `declared` as for `displaced`. At most one is returned: exchanged
    axes before another system, for that is what happens more often.
    """
    rows = _sample(len(xy), _SYSTEM_SAMPLE)
    sample, named = xy[rows], declared[rows]
    if len(sample) < FEW:
        return []
    came = _share(sample, named, crs, ground)
    if came >= FAILS:
        return []
    read = sample[:, ::-1]
    if (share := _share(read, named, crs, ground)) >= FITS:
        return [Misread(True, (crs,), len(sample), came, share)]
    for swapped, points in ((False, sample), (True, read)):
        systems, share = _best_systems(points, named, crs, ground)
        if share >= FITS:
            return [Misread(swapped, systems, len(sample), came, share)]
    return []


def _best_systems(xy: Floats, declared: Ints, crs: str, ground: CountyGround) -> tuple[tuple[str, ...], float]:
    """The other systems under which most points fit, and the share that does; several may share their numbers."""
    box = tuple(shapely.total_bounds(ground.counties).tolist())
    shares = {one: _share(xy, declared, one, ground) for one in likely_systems(xy, crs, box)}
    best = max(shares.values(), default=0.0)
    return tuple(one for one, share in shares.items() if share == best), best


def _share(xy: Floats, declared: Ints, crs: str, ground: CountyGround) -> float:
    return float(ground.fits(lon_lat(xy, crs), declared).mean())


def lon_lat(xy: Floats, crs: str) -> Floats:
    """Points (n, 2) of a system in the geographic system under `crs`; infinite where they have no image."""
    source = parse_crs(crs)
    if source.is_geographic:
        return np.where((np.abs(xy) <= [180.0, 90.0]).all(axis=1, keepdims=True), xy, np.inf)
    move = Transformer.from_crs(source, parse_crs(geographic_of(crs)), always_xy=True)
    return np.column_stack(move.transform(xy[:, 0], xy[:, 1]))


def likely_systems(xy: Floats, crs: str, box: tuple[float, ...]) -> list[str]:
    """Systems other than `crs` the numbers could be in: degrees as they are, metres in the zones near a place.

    `box` is that place, west, south, east, north in degrees.
    """
    if np.all(np.abs(xy) <= [180.0, 90.0]):
        return [] if parse_crs(crs).is_geographic else [geographic_of(crs)]
    west, south, east, north = box
    codes = [*_gauss_krueger(float(np.median(xy[:, 0])), west, east), *_utm(crs, west, south, east, north), 3857]
    own = parse_crs(crs).to_epsg()
    return [f"EPSG:{one}" for one in codes if one != own]


def _gauss_krueger(x: float, west: float, east: float) -> Iterator[int]:
    """CGCS2000 zones by their prefix, or else by the meridians near the counties; three degrees before six."""
    zone = int(x // 1e6)
    for step, zones, prefixed, plain in ((3, range(25, 46), 4513, 4534), (6, range(13, 24), 4491, 4502)):
        if zone in zones:
            yield prefixed + zone - zones[0]
        elif 0 <= x < 1e6:
            meridians = range(75, 136, step)
            yield from (plain + at for at, one in enumerate(meridians) if west - step < one < east + step)


def _utm(crs: str, west: float, south: float, east: float, north: float) -> Iterator[int]:
    """UTM zones on WGS 84 (or NAD83 where the declared system rests on it) over the counties, one to each side."""
    first, last = (int((one + 180) // 6) + 1 for one in (west, east))
    nad83 = parse_crs(crs).geodetic_crs == CRS.from_epsg(4269)
    for zone in range(max(first - 1, 1), min(last + 1, 60) + 1):
        if nad83 and zone <= 23:
            yield 26900 + zone
        if north > 0:
            yield 32600 + zone
        if south < 0:
            yield 32700 + zone


def delivered_points(patches: Geometries) -> tuple[Floats, Ints]:
    """The first vertex of each patch as delivered (n, 2), and the rows of those that have a finite one."""
    coordinates, row = shapely.get_coordinates(patches, return_index=True)
    rows, start = np.unique(row, return_index=True)
    firsts = coordinates[start]
    usable = np.isfinite(firsts).all(axis=1)
    return firsts[usable], rows[usable]


def _sample(count: int, size: int) -> Ints:
    """At most `size` rows of `count`, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, size)).astype(np.intp))


def with_gcj02(xy: Floats) -> Floats:
    """Longitudes and latitudes (n, 2), degrees, moved as public map services in China move them.

    Formula as published in googollee/eviltransform on GitHub, on the ellipsoid of Krasovsky 1940; it holds within
    longitude 72.004 … 137.8347 and latitude 0.8293 … 55.8271, and points elsewhere are not moved.
    """
    inside = np.all((xy >= [72.004, 0.8293]) & (xy <= [137.8347, 55.8271]), axis=1, keepdims=True)
    return np.where(inside, xy + _gcj02_offset(xy), xy)


def without_gcj02(xy: Floats) -> Floats:
    """The points (n, 2), degrees, that `with_gcj02` moves to these, within a millimetre."""
    before = xy.copy()
    for _ in range(6):  # the offset changes by a thousandth from place to place: each step gains three digits
        before += xy - with_gcj02(before)
    return before


_A_M, _E2 = 6378245.0, 0.00669342162296594323  # Krasovsky 1940


def _gcj02_offset(xy: Floats) -> Floats:
    x, y = xy[:, 0] - 105.0, xy[:, 1] - 35.0
    wave = _waves(x, (20, 1 / 6), (20, 1 / 2))
    root = np.sqrt(np.abs(x))
    east_m = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east_m += wave + _waves(x, (20, 1), (40, 3), (150, 12), (300, 30))
    north_m = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north_m += wave + _waves(y, (20, 1), (40, 3), (160, 12), (320, 30))
    lat = np.radians(xy[:, 1])
    magic = 1 - _E2 * np.sin(lat) ** 2
    east_radius_m = _A_M / np.sqrt(magic) * np.cos(lat)
    north_radius_m = _A_M * (1 - _E2) / magic**1.5
    offset: Floats = np.degrees(np.column_stack([east_m / east_radius_m, north_m / north_radius_m]))
    return offset


def _waves(x: Floats, *waves: tuple[float, float]) -> Floats:
    """Two thirds of a sum of sines, each with its amplitude and half its length."""
    total: Floats = sum((high * np.sin(np.pi * x / half) for high, half in waves), np.zeros(len(x))) * 2 / 3
    return total
