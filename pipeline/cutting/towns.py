"""The town of a piece: a patch that counties share was delivered with the town of one of them."""

from __future__ import annotations

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
    """Names and valid polygons of the layer of towns, in its order."""

    names: Names
    shapes: Geometries


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
    at, town = shapely.STRtree(towns.shapes).query(shapely.points(cut.place_deg[piece]), predicate="intersects")
    order = np.lexsort((town, at))
    at, town = at[order], town[order]
    keeps = ~np.isin(said, towns.names) & _meant(cut, piece, wanted)
    keeps[at[towns.names[town] == said[at]]] = True
    told = ~keeps[at] & (towns.names[town] != "")
    at, town = at[told], town[told]
    own = _within(towns.shapes, town, counties, cut.county[piece[at]])
    first, where = np.unique(at[own], return_index=True)
    return Renamed(piece[first], towns.names[town[own][where]])


def _shared(cut: Cut, delivered: pa.ChunkedArray) -> tuple[Ints, Names]:
    """Pieces of patches with several of them and a town, and that town."""
    next_same = np.diff(cut.patch) == 0
    several = np.flatnonzero(np.append(next_same, False) | np.append(False, next_same))
    said = pc.fill_null(delivered.take(pa.array(cut.patch[several])), "").to_numpy()
    return several[said != ""], said[said != ""]


def _meant(cut: Cut, piece: Ints, wanted: Ints) -> Bools:
    """Of each patch the piece its town was meant for: in the county it was delivered for, else the largest."""
    patch, county = cut.patch[piece], cut.county[piece]
    order = np.lexsort((county, -cut.area_m2[piece], county != wanted[patch], patch))
    made = np.zeros(len(piece), bool)
    made[order[np.unique(patch[order], return_index=True)[1]]] = True
    return made


def _within(towns: Geometries, town: Ints, counties: Geometries, county: Ints) -> Bools:
    """Whether each town is of that county: where the layers disagree about a border, a neighbour's town is not."""
    pairs, back = np.unique(np.stack([town, county]), axis=1, return_inverse=True)
    inner = shapely.point_on_surface(towns[pairs[0]])
    made: Bools = shapely.intersects(counties[pairs[1]], inner)[back.ravel()]
    return made
