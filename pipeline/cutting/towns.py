"""The town of a piece: a patch that counties share was delivered with the town of one of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from pipeline.cutting.cut import Cut

Geometries = npt.NDArray[np.object_]
Names = npt.NDArray[np.object_]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Towns:
    """The layer of towns: all names ("" for none), and the valid polygons in parts, in the same order."""

    names: Names
    parts: Iterable[Geometries]


@dataclass(frozen=True)
class Renamed:
    """Pieces, as rows of a cut, that lie in another town than their patch was delivered with, and that town."""

    piece: Ints
    town: Names


NOTHING = Renamed(np.zeros(0, np.intp), np.zeros(0, object))


def renamed(cut: Cut, delivered: pa.ChunkedArray, wanted: Ints, counties: Geometries, towns: Towns) -> Renamed:
    """The pieces of shared patches whose inner point lies in another town than delivered, a town of their own county.

    A delivered name that the layer does not know is another spelling or a later one: the piece it was meant for keeps
    it. A patch without a town stays without: the layer would speak of the shared ones only.

    Args:
        delivered: the town of each patch.
        wanted: the county each patch was delivered for, −1 where that is none of the layer.
        counties: the polygons of the county layer, in the CRS of the towns.
    """
    piece, said = _shared(cut, delivered)
    at, town, own = _lying(cut, piece, counties, towns.parts)
    keeps = ~_known(said, towns.names) & _meant(cut, piece, wanted)
    keeps[at[own & (towns.names[town] == said[at])]] = True
    told = own & ~keeps[at] & (towns.names[town] != "")
    first, where = np.unique(at[told], return_index=True)
    return Renamed(piece[first], towns.names[town[told][where]])


def _shared(cut: Cut, delivered: pa.ChunkedArray) -> tuple[Ints, Names]:
    """Pieces of patches with several of them and a town, and that town."""
    next_same = np.diff(cut.patch) == 0
    several = np.flatnonzero(np.append(next_same, False) | np.append(False, next_same))
    said = pc.fill_null(delivered.take(pa.array(cut.patch[several])), "").to_numpy()
    return several[said != ""], said[said != ""]


def _lying(cut: Cut, piece: Ints, counties: Geometries, parts: Iterable[Geometries]) -> tuple[Ints, Ints, Bools]:
    """Which of the pieces lies in which town, in order of towns, and whether that is a town of the piece's county.

    Where two layers disagree about a border, the town at a piece may be one of the neighbour county.
    """
    points = shapely.STRtree(shapely.points(cut.place_deg[piece]))
    found, before = [(np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0, bool))], 0
    for shapes in parts:
        town, at = points.query(shapes, predicate="intersects")
        own = shapely.intersects(counties[cut.county[piece[at]]], shapely.point_on_surface(shapes[town]))
        found.append((at, town + before, own))
        before += len(shapes)
    at, town, own = (np.concatenate(column) for column in zip(*found, strict=True))
    return at, town, own


def _known(said: Names, names: Names) -> Bools:
    made: Bools = pc.is_in(pa.array(said, pa.string()), value_set=pa.array(names, pa.string())).to_numpy(False)
    return made


def _meant(cut: Cut, piece: Ints, wanted: Ints) -> Bools:
    """Of each patch the piece its town was meant for: in the county it was delivered for, else the largest."""
    patch, county = cut.patch[piece], cut.county[piece]
    order = np.lexsort((county, -cut.area_m2[piece], county != wanted[patch], patch))
    made = np.zeros(len(piece), bool)
    made[order[np.unique(patch[order], return_index=True)[1]]] = True
    return made
