"""Outlines repaired where nobody could dispute it; the others set aside with what can be read in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import shapely

from pipeline.decisions import Decision
from pipeline.geometry.area import Ellipsoid, area_m2
from pipeline.geometry.repair import Repair, repaired
from pipeline.intake.decided import reading, released
from pipeline.intake.records import Records
from pipeline.issues import Code

Geometries = npt.NDArray[np.object_]
Reasons = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Mended:
    """The shapes of all records after repair."""

    geometry: Geometries  # valid where there is no reason; what is set aside is as it came
    area_m2: Floats
    reason: Reasons  # issue code, "" where the record can be used
    repairs: tuple[Repair, ...]  # by row of the records
    released: Mapping[int, Decision]  # rows of which a person chose the reading


def mended(records: Records, ellipsoid: Ellipsoid, decisions: Sequence[Decision] = ()) -> Mended:
    """Repair what is invalid; an outline without ground, or with several meanings of which nobody chose one, gets its
    reason."""
    geometry, repairs = _repaired(records.geometry, ellipsoid)
    chosen = released(records, repairs, decisions)
    for one in repairs:
        if one.row in chosen:
            geometry[one.row] = reading(one, chosen[one.row])
    area = area_m2(geometry, ellipsoid)
    reason = records.reason.copy()
    for one in repairs:
        reason[one.row] = "" if one.row in chosen else _reason(one)
    reason[(reason == "") & ~(area > 0)] = Code.BAD_GEOMETRY.value
    aside = reason != ""
    geometry[aside] = records.geometry[aside]
    return Mended(geometry, area, reason, repairs, chosen)


def _repaired(came: Geometries, ellipsoid: Ellipsoid) -> tuple[Geometries, tuple[Repair, ...]]:
    there = np.flatnonzero(~shapely.is_missing(came))
    whole, repairs = repaired(came[there], ellipsoid)
    geometry = came.copy()
    geometry[there] = whole
    return geometry, tuple(replace(one, row=int(there[one.row])) for one in repairs)


def _reason(repair: Repair) -> str:
    if repair.tangled or (repair.agreed and repair.structure_m2 <= 0):
        return Code.BAD_GEOMETRY.value
    return "" if repair.agreed else Code.AMBIGUOUS_SHAPE.value


def repair_words(count: int, repairs: Sequence[Repair]) -> Reasons:
    """Why the outline of each record was repaired, "" where it was not."""
    words = np.full(count, "", object)
    for one in repairs:
        words[one.row] = one.reason if one.agreed else ""
    return words
