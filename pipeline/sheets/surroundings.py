"""What lies about the patches: towns, roads and places, where an office has such layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from pipeline.geometry.extent import Extent
from pipeline.geometry.projection import Projection, project


@dataclass(frozen=True)
class Feature:
    """A named thing of the ground in the campaign's CRS; the name may be empty."""

    name: str
    geometry: Any


@dataclass(frozen=True)
class Surroundings:
    """Towns (polygons), roads (lines) and places (points) of a county and about it."""

    towns: tuple[Feature, ...] = ()
    roads: tuple[Feature, ...] = ()
    places: tuple[Feature, ...] = ()


@dataclass(frozen=True)
class Placed:
    """Features of one kind on the plane, with a tree to ask them."""

    names: tuple[str, ...]
    shapes: Any
    tree: Any

    def within(self, extent: Extent) -> list[tuple[str, Any]]:
        """Names and shapes of those that meet the extent, in their order."""
        rows = np.sort(self.tree.query(shapely.box(*extent.bounds), predicate="intersects")).tolist()
        return [(self.names[row], self.shapes[row]) for row in rows]


def placed(projection: Projection, features: Sequence[Feature]) -> Placed:
    """Features on the plane."""
    shapes = project(projection, [one.geometry for one in features])
    return Placed(tuple(one.name for one in features), shapes, shapely.STRtree(shapes))
