"""Regions of equal pixels as polygons along the edges of those pixels, in an order that no program decides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from rasterio.features import shapes

from pipeline.errors import Refusal
from pipeline.io.readers.geometries import Geometries

MAX_REGIONS = 5_000_000
_STRIP_PIXELS = 16 << 20
Codes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Regions:
    """Regions by their first pixel, row by row from the upper left; all four of one length.

    `outlines` are in pixels (column, row); `first` is the (column, row) of that first pixel, shape (regions, 2).
    """

    outlines: Geometries
    codes: Ints
    pixels: Ints
    first: Ints


def regions(codes: Codes, connected: int) -> Regions:
    """The regions of a raster of codes, 0 being background; `connected` is 4 (edges) or 8 (edges and corners).

    A region of 8 is a polygon for each of its parts that share an edge. Pixels are counted and held against the raster.

    Raises:
        Refusal: there are too many.
        ValueError: the outlines do not hold the pixels of the raster.
    """
    outlines, values = _outlines(codes)
    pixels = np.rint(shapely.area(outlines)).astype(np.int64)
    _check_sum(codes, values, pixels)
    found = _sorted(outlines, values, pixels, _first(outlines))
    return found if connected == 4 else _joined(found, codes.shape[1])


def _outlines(codes: Codes) -> tuple[Geometries, Ints]:
    """The outlines of all regions that share an edge, and the code of each."""
    made: list[shapely.Polygon] = []
    values: list[int] = []
    for outline, code in shapes(codes, mask=codes, connectivity=4):
        rings = outline["coordinates"]
        made.append(shapely.Polygon(rings[0], rings[1:]))
        values.append(int(code))
        if len(made) > MAX_REGIONS:
            raise Refusal(f"it has more than {MAX_REGIONS} regions", "ask for a mask that has been sieved")
    outlines = np.empty(len(made), object)
    outlines[:] = made
    return outlines, np.array(values, np.int64)


def _first(outlines: Geometries) -> Ints:
    """The first pixel of each: the left one of its uppermost row."""
    xy, owner = shapely.get_coordinates(outlines, return_index=True)
    order = np.lexsort((xy[:, 0], xy[:, 1], owner))
    begin = np.unique(owner[order], return_index=True)[1]
    first: Ints = np.rint(xy[order][begin]).astype(np.int64).reshape(-1, 2)
    return first


def _sorted(outlines: Geometries, codes: Ints, pixels: Ints, first: Ints) -> Regions:
    order = np.lexsort((first[:, 0], first[:, 1]))
    return Regions(outlines[order], codes[order], pixels[order], first[order])


def _check_sum(codes: Codes, values: Ints, pixels: Ints) -> None:
    """Hold the pixels inside the outlines against those of the raster, code by code."""
    step = max(_STRIP_PIXELS // codes.shape[1], 1)
    there = np.zeros(256, np.int64)
    for top in range(0, len(codes), step):
        there += np.bincount(codes[top : top + step].ravel(), minlength=256)
    outlined = np.zeros(256, np.int64)
    np.add.at(outlined, values, pixels)
    if not np.array_equal(there[1:], outlined[1:]):
        raise ValueError("the outlines do not hold the pixels of the mask")


def _joined(found: Regions, width: int) -> Regions:
    """Regions whose pixels touch at a corner made one, of several polygons."""
    leader = _leaders(len(found.codes), _touching(found, width))
    firsts, group = np.unique(leader, return_inverse=True)  # the leader has the first pixel of all
    order = np.argsort(group, kind="stable")
    outlines: Geometries = shapely.multipolygons(found.outlines[order], indices=group[order])
    alone = np.bincount(group, minlength=len(firsts)) == 1
    outlines[alone] = found.outlines[firsts[alone]]
    pixels = np.zeros(len(firsts), np.int64)
    np.add.at(pixels, group, found.pixels)
    return Regions(outlines, found.codes[firsts], pixels, found.first[firsts])


def _touching(found: Regions, width: int) -> Ints:
    """Pairs of regions of one code that have a corner in common: two such never share an edge, shape (pairs, 2)."""
    xy, owner = shapely.get_coordinates(found.outlines, return_index=True)
    corner = np.rint(xy[:, 1]).astype(np.int64) * (width + 1) + np.rint(xy[:, 0]).astype(np.int64)
    key = corner * 256 + found.codes[owner]
    order = np.lexsort((owner, key))
    key, owner = key[order], owner[order]
    pairs = np.column_stack([owner[:-1], owner[1:]])[(key[:-1] == key[1:]) & (owner[:-1] != owner[1:])]
    return np.unique(pairs, axis=0)


def _leaders(count: int, pairs: Ints) -> Ints:
    """For each region the lowest of all it hangs together with."""
    leader = list(range(count))

    def root(at: int) -> int:
        while leader[at] != at:
            leader[at] = leader[leader[at]]
            at = leader[at]
        return at

    for one, other in pairs.tolist():
        low, high = sorted((root(one), root(other)))
        leader[high] = low
    return np.array([root(at) for at in range(count)], np.int64)
