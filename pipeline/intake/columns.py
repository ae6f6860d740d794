"""The layers that ingest writes, as columns of what was sorted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.fields import patch_types
from pipeline.intake.decided import record_ids
from pipeline.intake.delivered import as_json, extra_columns, other_spellings
from pipeline.intake.mended import repair_words
from pipeline.intake.records import Records
from pipeline.intake.rules import Rules
from pipeline.intake.sorting import Sorted
from pipeline.intake.values import patch_keys, shown
from pipeline.issues import Code
from pipeline.layers import CANONICAL

Geometries = npt.NDArray[np.object_]
Ints = npt.NDArray[np.intp]
Columns = dict[str, Any]


def patch_columns(found: Sorted, rules: Rules, before: Mapping[str, str]) -> tuple[Columns, Geometries]:
    """Columns and geometries of the layer `patches`, in order of uid.

    `before` has the uid that a patch key had in a withdrawn delivery of the same name.
    """
    records, rows = found.records, _by_uid(found)
    names = patch_types(rules.vocabulary, rules.language)
    types = records.values["patch_type"].each(lambda code: names.get((code or "").upper(), ""))
    columns = {
        "patch_uid": found.uid.take(pa.array(rows)),
        "patch_key": patch_keys(rules.campaign, records.values, rows),
        **{name: shown(name, records.values[name]).column(rows) for name in CANONICAL},
        "patch_type_name": types.column(rows),
        "area_m2": found.area_m2[rows],
        "area_reported_m2": found.reported_m2[rows],
        "area_reported_unit": pa.array(found.area_unit, pa.string()).take(pa.array(records.source[rows])),
        "repair": repair_words(len(records), found.repairs)[rows],
        "source_crs": records.of_source("crs", rows),
        "replaces": _replaced(found, rules, rows, before),
        **source_columns(records, rows),
    }
    columns |= other_spellings(records, rows)
    columns |= extra_columns(records, rows, set(columns))
    return columns, found.geometry[rows]


def _replaced(found: Sorted, rules: Rules, rows: Ints, before: Mapping[str, str]) -> Any:
    """The uid of the patch that each replaces: the same key with another outline, delivered before; "" for none."""
    older = {int(found.first[row]): found.records.uid[row].as_py() for row in sorted(found.superseded, reverse=True)}
    if not older and not before:
        return pa.array(np.full(len(rows), "", object), pa.string())
    keys, uids = patch_keys(rules.campaign, found.records.values, rows).to_pylist(), found.uids(rows)
    was = [older.get(row) or before.get(key, "") for row, key in zip(rows.tolist(), keys, strict=True)]
    return pa.array(["" if one == uid else one for one, uid in zip(was, uids, strict=True)], pa.string())


def _by_uid(found: Sorted) -> Ints:
    rows = found.accepted()
    order: Ints = rows[pc.sort_indices(found.uid.take(pa.array(rows))).to_numpy()]
    return order


def source_columns(records: Records, rows: Ints) -> Columns:
    """Where each record came from."""
    return {
        "delivery": records.of_source("delivery", rows),
        "source_file": records.of_source("file", rows),
        "source_layer": records.of_source("layer", rows),
        "source_row": records.row[rows],
    }


def record_columns(found: Sorted) -> Columns:
    """Columns of the layer `records`: every received record once, in the order in which the first counts."""
    records, rows = found.records, np.arange(len(found.records))
    again = found.status == "duplicate"
    return {
        **source_columns(records, rows),
        "status": found.status,
        "reason": _reasons(found),
        "patch_uid": found.uid,
        "duplicate_of": pc.if_else(pa.array(again), found.uid.take(pa.array(found.first)), ""),
        "county_code": records.values["county_code"].column(),
        "patch_no": records.values["patch_no"].column(),
        "delivered": as_json(records, rows),
    }


def _reasons(found: Sorted) -> Any:
    reasons = np.where(found.status == "duplicate", Code.DUPLICATE.value, found.reason)
    reasons[sorted(found.superseded)] = Code.SUPERSEDED.value
    return reasons


def quarantine_columns(found: Sorted) -> tuple[Columns, Geometries]:
    """Columns (but the sentence) and geometries of the layer `quarantine`."""
    records, rows = found.records, np.flatnonzero(found.status == "quarantined")
    columns = {
        **source_columns(records, rows),
        "record_id": record_ids(records, rows),
        "reason": found.reason[rows],
        "patch_no": records.values["patch_no"].column(rows),
        "county_code": records.values["county_code"].column(rows),
        "source_crs": records.of_source("crs", rows),
        "delivered": as_json(records, rows),
    }
    return columns, found.geometry[rows]
