"""A grid that says of most of the ground in which county it lies, without asking any geometry.

A cell that no border enters lies in one county, in none, or in several; a patch whose box touches only cells of one
county lies inside that county. The grid errs to one side only: a cell is undecided where a border might enter it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

CELL_DEG = 0.005  # some 500 m: larger than most patches, smaller than any county
MAX_CELLS = 2**24  # 64 MB; a layer that spans the world gets larger cells
UNDECIDED = -1
_BLOCK = 256  # counties whose vertices are in memory at once
_ONE = 2.0**20  # more than there are counties: what one county counts for in a sum of indices


@dataclass(frozen=True)
class Lookup:
    """`county[row, column]` is the index of the county that holds the whole cell, or UNDECIDED.

    Rows run north from `south_deg`, columns east from `west_deg`.
    """

    west_deg: float
    south_deg: float
    cell_deg: float
    county: npt.NDArray[np.int32]


def lookup_of(counties: Geometries) -> Lookup:
    """The grid of valid counties (degrees); they may overlap and leave gaps."""
    west, south, east, north = shapely.total_bounds(counties).tolist()
    cell = max(CELL_DEG, float(np.sqrt((east - west) * (north - south) / MAX_CELLS)))
    shape = int((north - south) // cell) + 3, int((east - west) // cell) + 3  # a column and a row to spare
    empty = Lookup(west, south, cell, np.full(shape, UNDECIDED, np.int32))
    entered, change = np.zeros(shape, np.int32), np.zeros(shape[0] * shape[1])
    for start in range(0, len(counties), _BLOCK):
        _draw(empty, counties[start : start + _BLOCK], start, entered, change)
    border = entered.cumsum(axis=0).cumsum(axis=1) > 0
    held = change.reshape(shape).cumsum(axis=1)
    alone = ~border & (held >= _ONE) & (held < 2 * _ONE)
    return Lookup(west, south, cell, np.where(alone, held - _ONE, UNDECIDED).astype(np.int32))


def sure_counties(lookup: Lookup, boxes_deg: Floats) -> npt.NDArray[np.int32]:
    """The county that surely holds each box (xmin, ymin, xmax, ymax), or UNDECIDED; shape (len(boxes_deg),)."""
    rows, columns = lookup.county.shape
    west, south, east, north = (_cells(lookup, boxes_deg[:, side], side % 2) for side in range(4))
    small = (west >= 0) & (south >= 0) & (east < columns) & (north < rows)
    small &= (east - west <= 1) & (north - south <= 1)
    sure = np.full(len(boxes_deg), UNDECIDED, np.int32)
    west, south, east, north = (side[small] for side in (west, south, east, north))
    held = lookup.county[south, west]
    same = (held == lookup.county[south, east]) & (held == lookup.county[north, west])
    sure[small] = np.where(same & (held == lookup.county[north, east]), held, UNDECIDED)
    return sure


def _cells(lookup: Lookup, degrees: Floats, axis: int) -> npt.NDArray[np.int32]:
    """Columns (axis 0) or rows (axis 1); the same rounding for borders and boxes, so that order is kept."""
    return np.floor((degrees - (lookup.west_deg, lookup.south_deg)[axis]) / lookup.cell_deg).astype(np.int32)


def _draw(lookup: Lookup, counties: Geometries, first: int, entered: npt.NDArray[np.int32], change: Floats) -> None:
    """Enter the cells of these counties' borders, and where a walk east along a row's middle enters or leaves them."""
    polygons, county = shapely.get_parts(counties, return_index=True)
    rings, polygon = shapely.get_rings(polygons, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    shell = np.diff(polygon, prepend=-1) > 0
    turn = np.where(shapely.is_ccw(rings) == shell, 1.0, -1.0)  # the county lies left of the edge, or right
    weight = turn * (_ONE + first + county[polygon])
    column, row = (_cells(lookup, points[:, axis], axis) for axis in (0, 1))
    edge = ring[1:] == ring[:-1]
    entered_new = np.flatnonzero(edge & ((column[1:] != column[:-1]) | (row[1:] != row[:-1])))
    starts = np.flatnonzero(np.diff(ring, prepend=-1))
    _enter(entered, column, row, starts, starts)
    _enter(entered, column, row, entered_new, entered_new + 1)
    middle = np.floor((points[:, 1] - lookup.south_deg) / lookup.cell_deg + 0.5).astype(np.int32)  # so many lie below
    crossing = np.flatnonzero(edge & (middle[1:] != middle[:-1]))
    _cross(lookup, points, column, middle, crossing, weight[ring[crossing]], change)


def _enter(
    entered: npt.NDArray[np.int32], column: npt.NDArray[np.int32], row: npt.NDArray[np.int32], one: Ints, other: Ints
) -> None:
    """Add a rectangle of cells from each vertex of `one` to that of `other`, as the changes at its corners."""
    west, east = np.minimum(column[one], column[other]), np.maximum(column[one], column[other]) + 1
    south, north = np.minimum(row[one], row[other]), np.maximum(row[one], row[other]) + 1
    for x, y, sign in ((west, south, 1), (east, south, -1), (west, north, -1), (east, north, 1)):
        np.add.at(entered, (y, x), sign)


def _cross(
    lookup: Lookup,
    points: Floats,
    column: npt.NDArray[np.int32],
    middle: npt.NDArray[np.int32],
    edge: Ints,
    weight: Floats,
    change: Floats,
) -> None:
    """Where edges cross the middles of rows, the sum of counties changes east of the crossing."""
    times = np.abs(middle[edge + 1] - middle[edge])
    sign = np.repeat(np.where(middle[edge + 1] > middle[edge], -weight, weight), times)
    first = np.repeat(np.minimum(middle[edge], middle[edge + 1]), times)
    row = first + np.arange(times.sum()) - np.repeat(times.cumsum() - times, times)
    edge = np.repeat(edge, times)
    (x0, y0), (x1, y1) = points[edge].T, points[edge + 1].T
    y = lookup.south_deg + (row + 0.5) * lookup.cell_deg
    at = _cells(lookup, x0 + (y - y0) / (y1 - y0) * (x1 - x0), 0)
    ends = column[edge], column[edge + 1]
    at = np.clip(at, np.minimum(*ends), np.maximum(*ends))  # whatever was rounded: in a cell of the edge
    np.add.at(change, row * lookup.county.shape[1] + at + 1, sign)
