"""Delivered outlines judged and brought into the campaign's system, some thousands at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

from pipeline.geometry.crs import Way, finite, inside_world, to_storage
from pipeline.geometry.identity import outlines, patch_uids
from pipeline.intake.read import ReadLayer
from pipeline.issues import Code

Geometries = npt.NDArray[np.object_]
Reasons = npt.NDArray[np.object_]
Bools = npt.NDArray[np.bool_]

_AREAL = (3, 6)


@dataclass(frozen=True)
class Shapes:
    """The outlines of some records; where a reason (an issue code) stands, there is no geometry and no uid."""

    geometry: Geometries  # in the storage CRS, as it came; None where it cannot be placed
    reason: Reasons  # "" where there is none
    uid: Any  # Arrow texts


@dataclass(frozen=True)
class Place:
    """How a layer's outlines get into the campaign's system, and what their numbers are made of."""

    way: Way
    crs: str  # the name of the delivered system
    campaign: str


def unplaced(count: int, reason: Code) -> Shapes:
    """The shapes of a layer that has no place in the campaign's system."""
    reasons = np.full(count, reason.value, object)
    return Shapes(np.full(count, None, object), reasons, pa.array([""] * count, pa.string()))


def placed(layer: ReadLayer, place: Place, keys: Any) -> Iterator[Shapes]:
    """The shapes of a layer in blocks; `keys` are the patch keys of its records."""
    start = 0
    for delivered, present in layer.blocks():
        yield _block(delivered, present, place, keys.slice(start, len(delivered)))
        start += len(delivered)


def _block(delivered: Geometries, present: Bools, place: Place, keys: Any) -> Shapes:
    reason = _reasons(delivered, present)
    moved = np.full(len(delivered), None, object)
    good = np.flatnonzero(reason == "")
    storage = to_storage(delivered[good], place.way)
    inside = inside_world(storage)
    astray = good[~inside]
    reason[astray] = np.where(finite(delivered[astray]), Code.OUT_OF_RANGE.value, Code.BAD_GEOMETRY.value)
    good = good[inside]
    moved[good] = storage[inside]
    uid = np.full(len(delivered), "", object)
    its = keys.take(pa.array(good)).to_pylist()
    uid[good] = patch_uids(place.campaign, its, outlines(delivered[good]), place.crs)
    return Shapes(moved, reason, pa.array(uid, pa.string()))


def _reasons(delivered: Geometries, present: Bools) -> Reasons:
    """What is wrong with each delivered geometry before anything is reckoned with it, "" for nothing."""
    missing, kind = shapely.is_missing(delivered), shapely.get_type_id(delivered)
    reason = np.full(len(delivered), "", object)
    reason[~np.isin(kind, _AREAL)] = Code.NOT_AREAL.value
    reason[shapely.is_empty(delivered)] = Code.NO_GEOMETRY.value
    reason[missing] = np.where(present, Code.BAD_GEOMETRY.value, Code.NO_GEOMETRY.value)[missing]
    return reason
