"""What looks wrong though nothing is broken: values that contradict the outline or one another, patches over patches,
layers that lie beside their counties.

Each different pair of values is judged once, whole columns at a time; only rows in doubt are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.fields import area_units, patch_types
from pipeline.geometry.area import Ellipsoid
from pipeline.geometry.offset import CountyGround, county_ground, delivered_points, displaced, misread
from pipeline.geometry.overlap import LISTED, overlaps, same_outline
from pipeline.intake import doubtful
from pipeline.intake.doubtful import Doubts
from pipeline.intake.doubts import record_issues
from pipeline.intake.read import ReadLayer
from pipeline.intake.records import Source
from pipeline.intake.rules import Rules
from pipeline.intake.sorting import Sorted
from pipeline.issues import Code, Issue

Geometries = npt.NDArray[np.object_]
Ints = npt.NDArray[np.intp]
_BLOCK = 1 << 16  # patches whose edges are looked at together
Judge = Callable[..., Doubts | list[Doubts]]


def suspicions(found: Sorted, layers: Sequence[ReadLayer], counties: Geometries, rules: Rules) -> list[Issue]:
    """All issues about accepted records and their layers that take nothing away; `counties` in order of codes."""
    rows = found.accepted()
    made = [*_values(found, rows, rules), *_areas(found, rows), *_shapes(found, rows), *_centres(found, rows, rules)]
    issues = [issue for one in made for issue in _issues(found, one)]
    issues += _alike(found, rows, rules.ellipsoid)
    return issues + list(_layers(found, layers, county_ground(counties), rules))


def _values(found: Sorted, rows: Ints, rules: Rules) -> Iterator[Doubts]:
    types = patch_types(rules.vocabulary, rules.language)
    yield from _judged(found, rows, doubtful.dates_reversed, "phase_before", "phase_after")
    if rules.map_date:
        yield from _judged(found, rows, lambda dates: doubtful.dates_ahead(dates, rules.map_date), "phase_after")
    names = rules.county_names
    yield from _judged(
        found, rows, lambda one, two: doubtful.county_name_differs(one, two, names), "county_code", "county_name"
    )
    yield from _judged(found, rows, doubtful.numbers_mangled, "patch_no")
    for one in _judged(found, rows, lambda one: doubtful.types_unknown(one, types), "patch_type"):
        yield _once_a_layer(found, one)


def _judged(found: Sorted, rows: Ints, judge: Judge, *names: str) -> Iterator[Doubts]:
    """What `judge` says of each different combination of these values, for every row that has it."""
    columns = [found.records.values[name] for name in names]
    key = np.zeros(len(rows), np.int64)
    for one in columns:
        key = key << 32 | one.names()[rows].astype(np.int64)
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    texts = [[text or "" for text in one.column(rows[first]).to_pylist()] for one in columns]
    said = judge(*texts)
    for doubt in [said] if isinstance(said, Doubts) else said:
        at = np.full(len(first), -1)
        at[doubt.rows] = np.arange(len(doubt.rows))
        mine = np.flatnonzero(at[which] >= 0)
        facts = {name: [values[one] for one in at[which[mine]].tolist()] for name, values in doubt.facts.items()}
        yield Doubts(doubt.code, rows[mine], facts)


def _once_a_layer(found: Sorted, doubt: Doubts) -> Doubts:
    """Of the rows of one layer that are in doubt for one value the first, and how many they are."""
    (values,) = doubt.facts.values()
    kinds, which = np.unique(np.array(values, str), return_inverse=True)
    key = found.records.source[doubt.rows] * (len(kinds) + 1) + which
    _, first, count = np.unique(key, return_index=True, return_counts=True)
    facts = {name: [said[at] for at in first.tolist()] for name, said in doubt.facts.items()}
    return Doubts(doubt.code, doubt.rows[first], facts | {"count": count.tolist()})


def _areas(found: Sorted, rows: Ints) -> Iterator[Doubts]:
    """Reported areas beside the computed; how exactly they are written is looked at only where they are apart."""
    reported, computed = found.reported_m2[rows], found.area_m2[rows]
    apart = rows[np.abs(reported - computed) > doubtful.AREA_OFF * computed]
    texts = [one or "" for one in found.records.values["area_reported"].column(apart).to_pylist()]
    units = [area_units().get(found.area_unit[source], 1.0) for source in found.records.source[apart].tolist()]
    exact = np.array([doubtful.rounding([text], unit)[0] for text, unit in zip(texts, units, strict=True)], float)
    for one in doubtful.area_differs(found.reported_m2[apart], found.area_m2[apart], exact):
        yield Doubts(one.code, apart[one.rows], one.facts)


def _shapes(found: Sorted, rows: Ints) -> Iterator[Doubts]:
    for start in range(0, len(rows), _BLOCK):
        some = rows[start : start + _BLOCK]
        edges = doubtful.edges_of(found.geometry[some])
        for one in (doubtful.thin(edges, found.area_m2[some]), doubtful.spikes(edges)):
            yield Doubts(one.code, some[one.rows], one.facts)


def _centres(found: Sorted, rows: Ints, rules: Rules) -> Iterator[Doubts]:
    for one in found.records.sources:
        mine = rows[slice(*np.searchsorted(rows, (one.rows.start, one.rows.stop)))]
        if one.crs and {"center_x", "center_y"} <= one.names.keys() and len(mine):
            x, y = (
                [text or "" for text in found.records.values[name].column(mine).to_pylist()]
                for name in ("center_x", "center_y")
            )
            for doubt in doubtful.centre_outside(found.geometry[mine], x, y, one.crs, rules.storage_crs):
                yield Doubts(doubt.code, mine[doubt.rows], doubt.facts)


def _issues(found: Sorted, doubt: Doubts) -> list[Issue]:
    rows = doubt.rows
    facts = [{name: values[at] for name, values in doubt.facts.items()} for at in range(len(rows))]
    return record_issues(found, rows, [Code(doubt.code)] * len(rows), facts, found.uids(rows), found.geometry[rows])


def _alike(found: Sorted, rows: Ints, ellipsoid: Ellipsoid) -> list[Issue]:
    """One outline under several numbers, and patches that claim the same ground."""
    first = same_outline(found.geometry[rows])
    again = np.flatnonzero(first != np.arange(len(rows)))
    others = [{"other_no": one} for one in _numbers(found, rows[first[again]])]
    issues = _said(found, rows[again], Code.SAME_OUTLINE, others, found.geometry[rows[again]])
    alone = rows[first == np.arange(len(rows))]
    pairs = overlaps(found.geometry[alone], found.area_m2[alone], ellipsoid)
    numbers = _numbers(found, alone[pairs.left])
    facts = [
        {"other_no": number, "area_m2": float(area), "share": float(100 * share)}
        for number, area, share in zip(numbers, pairs.area_m2, pairs.share, strict=True)
    ]
    issues += _said(found, alone[pairs.right], Code.OVERLAP, facts, pairs.place)
    heaped = pairs.heaped()
    many = [{"count": int(pairs.others[one]), "listed": LISTED} for one in heaped.tolist()]
    issues += _said(found, alone[heaped], Code.OVERLAPS_MANY, many, found.geometry[alone[heaped]])
    if pairs.unexamined:
        issues.append(Issue(Code.OVERLAPS_NOT_CHECKED, "ingest", {"count": pairs.unexamined}))
    return issues


def _said(found: Sorted, rows: Ints, code: Code, facts: list[dict[str, Any]], shapes: Geometries) -> list[Issue]:
    return record_issues(found, rows, [code] * len(rows), facts, found.uids(rows), shapes)


def _numbers(found: Sorted, rows: Ints) -> list[str]:
    return [one or "—" for one in found.records.values["patch_no"].column(rows).to_pylist()]


def _layers(found: Sorted, layers: Sequence[ReadLayer], ground: CountyGround, rules: Rules) -> Iterator[Issue]:
    """Layers that lie beside their counties: displaced, with exchanged axes, or in another system than they say."""
    index = {code: at for at, code in enumerate(sorted(rules.county_codes))}
    codes = found.records.values["county_code"]
    known = np.array([index.get(one or "", -1) for one in codes.texts.to_pylist()], np.intp)[codes.codes]
    accepted = found.status == "accepted"
    for source, layer in zip(found.records.sources, layers, strict=True):
        mine = np.arange(source.rows.start, source.rows.stop)
        usable = mine[accepted[source.rows]]
        for one in displaced(found.geometry[usable], known[usable], ground):
            code = Code.DISPLACED_GCJ02 if one.whose == "patches" else Code.COUNTIES_DISPLACED_GCJ02
            facts = {"gained": one.gained, "lost": one.lost, "shift_m": one.shift_m}
            yield _of_layer(source, code, one, facts)
        if source.crs:
            xy, there = delivered_points(next(layer.blocks(), (np.empty(0, object), None))[0])
            for two in misread(xy, known[mine[there]], source.crs, ground):
                likely = " / ".join(two.systems)
                more = {"systems": likely, "crs": source.crs, "likely": (two.systems or ("",))[0]}
                yield _of_layer(source, Code.AXES_SWAPPED if two.swapped else Code.CRS_DOUBTFUL, two, more)


def _of_layer(source: Source, code: Code, figures: Any, more: dict[str, Any]) -> Issue:
    shares = {name: float(100 * getattr(figures, name)) for name in ("as_delivered", "corrected")}
    facts = {"file": source.file, "count": figures.count, **shares, **more}
    return Issue(code, "ingest", facts, delivery=source.delivery, source_file=source.file, source_layer=source.layer)
