"""Every record becomes an accepted patch, a quarantined one with its reason, or the duplicate of a named one.

Records come in (`records`), their shapes are judged (`shapes`) and repaired (`mended`), duplicates are found here, what
is doubtful is said (`doubts`), and the columns of the layers are made (`columns`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.decisions import Decision
from pipeline.fields import area_units
from pipeline.geometry.identity import first_of_same
from pipeline.geometry.repair import Repair
from pipeline.intake.decided import rank_of_deliveries, superseding
from pipeline.intake.mended import Mended, mended
from pipeline.intake.read import ReadLayer
from pipeline.intake.records import Records, received
from pipeline.intake.rules import Rules
from pipeline.intake.values import area_unit, patch_keys, reported_areas
from pipeline.issues import Issue

Geometries = npt.NDArray[np.object_]
Objects = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Sorted:
    """What became of all records; every column is aligned with them."""

    records: Records
    geometry: Geometries  # valid and in the storage CRS; what is set aside is as it came
    area_m2: Floats
    reason: Objects  # issue code of the quarantine, "" where there is none
    status: Objects  # accepted | quarantined | duplicate
    uid: Any  # Arrow texts, "" where quarantined
    first: Ints  # index of the record that stands for it (itself where accepted)
    reported_m2: Floats  # the delivered area, NaN where none was delivered or its unit is not known
    area_unit: tuple[str, ...]  # of the reported areas of each source
    repairs: tuple[Repair, ...]
    said: tuple[Issue, ...]  # of whole layers
    released: Mapping[int, Decision]  # rows set aside, and taken by decision
    superseded: Mapping[int, Decision]  # rows for which a row of a newer delivery stands, by decision

    def accepted(self) -> Ints:
        return np.flatnonzero(self.status == "accepted")

    def uids(self, rows: Ints) -> list[str]:
        made: list[str] = self.uid.take(pa.array(rows)).to_pylist()
        return made


def sort_out(layers: Sequence[ReadLayer], rules: Rules) -> Sorted:
    """Sort all records of all layers, given in the order in which the first counts."""
    records, said = received(layers, rules)
    shapes = mended(records, rules.ellipsoid, rules.decisions)
    first, superseded = _first(records, shapes, rules)
    status = _status(shapes, first)
    units, reported = _reported(records, shapes, rules.area_unit)
    uid = pc.if_else(pa.array(shapes.reason == ""), records.uid, "")
    return Sorted(
        records,
        shapes.geometry,
        shapes.area_m2,
        shapes.reason,
        status,
        uid,
        first,
        reported,
        units,
        shapes.repairs,
        tuple(said),
        shapes.released,
        superseded,
    )


def _first(records: Records, shapes: Mended, rules: Rules) -> tuple[Ints, dict[int, Decision]]:
    """The record that stands for each: the first of those that are the same patch; and what a newer delivery replaced.

    What others supersede comes after them, whatever its digest.
    """
    rank = rank_of_deliveries(rules.deliveries, rules.decisions)
    late = np.array([rank.get(one.delivery, 0) for one in records.sources], np.intp)[records.source]
    good = np.flatnonzero(shapes.reason == "")
    good = good[np.argsort(late[good], kind="stable")]
    first = np.arange(len(records))
    first[good] = good[first_of_same(shapes.geometry[good], records.values["patch_no"].column(good).to_pylist())]
    replaced = _superseded(records, good, first, rules, rank)
    for row, (newer, _) in replaced.items():
        first[row] = newer
    while (first[first] != first).any():  # what stands for a record may be replaced itself, by what ranks before it
        first = first[first]
    return first, {row: decision for row, (_, decision) in replaced.items()}


def _superseded(
    records: Records, good: Ints, first: Ints, rules: Rules, rank: Mapping[str, int]
) -> dict[int, tuple[int, Decision]]:
    """Patches of a superseded delivery that a newer one delivers under the same key with another outline: by row, the
    newer row and the decision. What no newer holds stays."""
    pairs = superseding(rules.deliveries, rules.decisions)
    heard = {digest for pair in pairs for digest in pair}
    concerned = np.array([one.delivery in heard for one in records.sources], bool)[records.source[good]]
    rows = good[concerned]
    rows = rows[records.values["patch_no"].holds(bool)[rows]]
    keys, deliveries = patch_keys(rules.campaign, records.values, rows), records.of_source("delivery", rows)
    held: dict[str, dict[str, list[int]]] = defaultdict(dict)  # key → delivery, the newest first → rows that stand
    own = list(zip(rows.tolist(), keys.to_pylist(), deliveries.to_pylist(), strict=True))
    for row, key, delivery in own:
        held[key].setdefault(delivery, []).append(int(first[row]))
    found: dict[int, tuple[int, Decision]] = {}
    for row, key, delivery in own:
        newer = [one for one in held[key] if (one, delivery) in pairs]
        if newer:
            newest = min(newer, key=lambda one: (rank[one], one))
            there, here = held[key][newest], held[key][delivery]
            if first[row] not in there:
                stands = next((one for one in there if one not in here), there[0])
                found[row] = stands, pairs[newest, delivery]
    return found


def _status(shapes: Mended, first: Ints) -> Objects:
    status = np.where(shapes.reason == "", "accepted", "quarantined").astype(object)
    status[first != np.arange(len(first))] = "duplicate"
    return status


def _reported(records: Records, shapes: Mended, declared: str) -> tuple[tuple[str, ...], Floats]:
    """The unit of each source's reported areas, and those areas in square metres."""
    figures, usable = reported_areas(records.values), shapes.reason == ""
    units = []
    for one in records.sources:
        rows = np.arange(one.rows.start, one.rows.stop)[usable[one.rows]]
        units.append(area_unit(figures[rows], shapes.area_m2[rows], declared))
        figures[one.rows] *= area_units().get(units[-1], np.nan)
    return tuple(units), figures
