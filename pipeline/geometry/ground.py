"""The counties as clip wants them: with what is worth preparing once for many patches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from pipeline.geometry.lookup import UNDECIDED, Lookup, lookup_of, sure_counties

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

VERTICES_A_PATCH = 1000  # entering one vertex in the grid costs a thousandth of what the grid saves with a patch


@dataclass(frozen=True)
class Ground:
    """Valid counties (degrees), a tree of their boxes, and the grid if there are patches enough."""

    counties: Geometries
    tree: shapely.STRtree
    lookup: Lookup | None


def ground_of(counties: Geometries, patch_count: int) -> Ground:
    """Counties made ready for so many patches."""
    many = patch_count * VERTICES_A_PATCH > int(shapely.get_num_coordinates(counties).sum())
    tree = shapely.STRtree(shapely.box(*shapely.bounds(counties).T))
    return Ground(counties, tree, lookup_of(counties) if many else None)


def sure(ground: Ground, boxes_deg: Floats) -> Ints:
    """The county that surely holds each box, or UNDECIDED."""
    if ground.lookup is None:
        return np.full(len(boxes_deg), UNDECIDED, np.intp)
    return sure_counties(ground.lookup, boxes_deg).astype(np.intp)
