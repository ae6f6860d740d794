"""What is to be said of single records: only rows of which something is said are looked at one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from pipeline.fields import date_span
from pipeline.intake.decided import record_ids
from pipeline.intake.differing import differences
from pipeline.intake.rules import Rules
from pipeline.intake.sorting import Sorted
from pipeline.intake.values import DATES
from pipeline.issues import Code, Issue

Geometries = npt.NDArray[np.object_]
Ints = npt.NDArray[np.intp]
Facts = Iterable[dict[str, Any]]

_OF_LAYERS = [Code.NO_CRS.value, Code.CRS_REFUSED.value]  # said once for the layer


def doubts(found: Sorted, rules: Rules) -> list[Issue]:
    """All issues of records, in no order."""
    return [
        *_repairs(found),
        *_released(found),
        *_quarantine(found),
        *_duplicates(found),
        *_unknown_counties(found, rules),
        *_dates(found),
        *_doubled_numbers(found),
    ]


def record_issues(
    found: Sorted, rows: Ints, codes: Sequence[Code], facts: Facts, uids: Sequence[str], shapes: Geometries
) -> list[Issue]:
    """One issue for each of some records: where it came from, its number, and a place on the ground of its shape."""
    records = found.records
    place = [records.of_source(name, rows).to_pylist() for name in ("delivery", "file", "layer")]
    named = [records.values[name].column(rows).to_pylist() for name in ("county_code", "patch_no")]
    columns = zip(codes, facts, uids, *place, records.row[rows].tolist(), *named, places(shapes), strict=True)
    return [
        Issue(
            code,
            "ingest",
            {"file": file, "row": row + 1, "patch_no": number or "—", **more},
            uid,
            county,
            delivery,
            file,
            layer,
            row,
            where,
        )
        for code, more, uid, delivery, file, layer, row, county, number, where in columns
    ]


def places(shapes: Geometries) -> list[str]:
    """A point on each shape as hexadecimal WKB; "" where it has no ground to stand on."""
    points = np.full(len(shapes), None, object)
    sound = shapely.is_valid(shapes) & ~shapely.is_empty(shapes)
    points[sound] = shapely.point_on_surface(shapes[sound])
    there = ~(shapely.is_missing(points) | shapely.is_empty(points))
    made = np.full(len(shapes), "", object)
    made[there] = shapely.to_wkb(points[there], hex=True)
    return list(made)


def _of_accepted(found: Sorted, rows: Ints, code: Code, facts: Facts) -> list[Issue]:
    return record_issues(found, rows, [code] * len(rows), facts, found.uids(rows), found.geometry[rows])


def _repairs(found: Sorted) -> list[Issue]:
    done = [one for one in found.repairs if one.agreed and one.structure_m2 > 0]
    rows = np.array([one.row for one in done], np.intp)
    facts = [
        {
            "before": one.vertices_before,
            "after": one.vertices_after,
            "reason": one.reason,
            "area_m2": one.structure_m2,
        }
        for one in done
    ]
    return record_issues(
        found, rows, [Code.REPAIRED] * len(rows), facts, [""] * len(rows), found.records.geometry[rows]
    )


def _released(found: Sorted) -> list[Issue]:
    rows = np.array(sorted(found.released), np.intp)
    chosen = [found.released[row] for row in rows.tolist()]
    facts = [{"was": Code.AMBIGUOUS_SHAPE.value, "reading": one.object, "decided": one.words} for one in chosen]
    return record_issues(found, rows, [Code.RELEASED] * len(rows), facts, found.uids(rows), found.geometry[rows])


def _quarantine(found: Sorted) -> list[Issue]:
    rows = np.flatnonzero((found.reason != "") & ~np.isin(found.reason, _OF_LAYERS))
    readings = {
        one.row: {name: getattr(one, name) for name in ("reason", "outline_m2", "structure_m2", "linework_m2")}
        for one in found.repairs
        if not (one.agreed or one.tangled)
    }
    names = dict(zip(rows.tolist(), record_ids(found.records, rows), strict=True))
    codes = [Code(one) for one in found.reason[rows]]
    facts = [readings.get(row, {}) | {"record": names[row]} for row in rows.tolist()]
    return record_issues(found, rows, codes, facts, [""] * len(rows), found.geometry[rows])


def _duplicates(found: Sorted) -> list[Issue]:
    again = np.flatnonzero(found.status == "duplicate")
    first = found.first[again]
    names, rows = found.records.of_source("file", first).to_pylist(), (found.records.row[first] + 1).tolist()
    values = differences(found, again, first)
    said = [_again(found, at, *one) for at, *one in zip(again.tolist(), names, rows, values, strict=True)]
    codes, facts = [code for code, _ in said], [fact for _, fact in said]
    return record_issues(found, again, codes, facts, found.uids(first), found.geometry[again])


def _again(found: Sorted, at: int, name: str, row: int, values: str) -> tuple[Code, dict[str, Any]]:
    """What is to be said of a record for which another stands."""
    if at in found.superseded:
        words = found.superseded[at].words
        return Code.SUPERSEDED, {"newer_file": name, "newer_row": row, "decided": words}
    same = {"first_file": name, "first_row": row}
    return (Code.DUPLICATE_DIFFERS, same | {"values": values}) if values else (Code.DUPLICATE, same)


def _unknown_counties(found: Sorted, rules: Rules) -> list[Issue]:
    codes = found.records.values["county_code"]
    unknown = codes.holds(lambda code: bool(code) and code not in rules.county_codes)
    rows = np.flatnonzero(unknown & (found.status == "accepted"))
    facts = [{"county": code} for code in codes.column(rows).to_pylist()]
    return _of_accepted(found, rows, Code.COUNTY_CODE_UNKNOWN, facts)


def _dates(found: Sorted) -> list[Issue]:
    said = []
    for name in DATES:
        values = found.records.values[name]
        odd = values.holds(lambda text: bool(text) and not date_span(text)[0])
        rows = np.flatnonzero(odd & (found.status == "accepted"))
        facts = [{"field": name, "text": text} for text in values.column(rows).to_pylist()]
        said += _of_accepted(found, rows, Code.DATE_UNREADABLE, facts)
    return said


def _doubled_numbers(found: Sorted) -> list[Issue]:
    """Different patches under one number of one county."""
    values = found.records.values
    rows = np.flatnonzero((found.status == "accepted") & values["patch_no"].holds(bool))
    county, number = values["county_code"].names()[rows], values["patch_no"].names()[rows]
    keys = county.astype(np.int64) << 32 | number
    _, key, counts = np.unique(keys, return_inverse=True, return_counts=True)
    many = counts[key] > 1
    facts = [{"count": count} for count in counts[key][many].tolist()]
    return _of_accepted(found, rows[many], Code.NUMBER_DOUBLED, facts)
