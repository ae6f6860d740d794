"""Every record becomes an accepted patch, a quarantined one with its reason, or the duplicate of a named one."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from pipeline.errors import Refusal
from pipeline.fields import area_units, as_number, header_key, iso_date, number_text, patch_types, tidy
from pipeline.geometry.area import Ellipsoid, area_m2
from pipeline.geometry.crs import Way, crs_name, finite, inside_world, to_storage, way_between
from pipeline.geometry.identity import first_of_same, outlines, patch_uid
from pipeline.geometry.repair import Repair, repaired
from pipeline.intake.read import ReadLayer
from pipeline.issues import Code, Issue
from pipeline.layers import CANONICAL

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

_AREAL = (3, 6)
_DATES = ("phase_before", "phase_after")
_IDS = ("patch_no", "county_code", "patch_type")
AREA_TOLERANCE = 0.05  # of the computed area, before a reported one is questioned


@dataclass(frozen=True)
class Rules:
    """What the campaign says about patches."""

    campaign: str
    storage_crs: str
    ellipsoid: Ellipsoid
    assumed_crs: str
    area_unit: str
    own_fields: Mapping[str, str]
    vocabulary: str
    language: str
    county_codes: frozenset[str]


@dataclass
class Records:
    """All received records, column by column, in the order in which the first counts."""

    delivery: list[str] = field(default_factory=list)
    file: list[str] = field(default_factory=list)
    layer: list[str] = field(default_factory=list)
    row: list[int] = field(default_factory=list)
    crs: list[str] = field(default_factory=list)
    values: dict[str, list[str]] = field(default_factory=lambda: {one: [] for one in CANONICAL})
    columns: list[Mapping[str, str]] = field(default_factory=list)  # canonical name → delivered column
    raw: list[dict[str, str | None]] = field(default_factory=list)  # delivered name → delivered text
    extra: list[dict[str, str]] = field(default_factory=list)  # what has no canonical name
    delivered: list[Any] = field(default_factory=list)  # geometry as delivered
    geometry: list[Any] = field(default_factory=list)  # in the storage CRS, repaired
    reason: list[str] = field(default_factory=list)  # issue code of the quarantine, "" so far
    sentence: list[dict[str, Any]] = field(default_factory=list)  # facts of that issue
    area_unit: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.row)


@dataclass(frozen=True)
class Sorted:
    """What became of all records; `uid`, `first` and `area_m2` are aligned with them."""

    records: Records
    status: list[str]  # accepted | quarantined | duplicate
    uid: list[str]  # "" where quarantined
    first: Ints  # index of the record that stands for it (itself where accepted)
    area_m2: Floats
    repair: list[str]
    issues: list[Issue]

    def accepted(self) -> Ints:
        return np.flatnonzero(np.array([one == "accepted" for one in self.status], bool))


def sort_out(layers: Sequence[ReadLayer], rules: Rules) -> Sorted:
    """Sort all records of all layers, given in the order in which the first counts."""
    records = Records()
    issues: list[Issue] = []
    for layer in layers:
        _take_layer(records, layer, rules, issues)
    geometry, repairs = _repair(records, rules.ellipsoid)
    _settle_repairs(records, repairs, issues)
    area = area_m2(geometry, rules.ellipsoid)
    for at in np.flatnonzero(~(area > 0)):
        records.reason[at] = records.reason[at] or Code.BAD_GEOMETRY  # an outline without ground
    good = np.flatnonzero(np.array([one == "" for one in records.reason], bool))
    first = np.arange(len(records))
    first[good] = good[first_of_same(_storage(records, good), [records.values["patch_no"][one] for one in good])]
    uids = _uids(records, good, rules.campaign)
    status = ["quarantined" if reason else "accepted" for reason in records.reason]
    for at in good[first[good] != good]:
        status[at] = "duplicate"
    _area_units(records, area, status, rules.area_unit)
    result = Sorted(records, status, uids, first, area, _repair_words(records, repairs), issues)
    came = zip(geometry, records.geometry, records.reason, strict=True)
    records.geometry = [other if reason else one for one, other, reason in came]  # what is set aside stays as it came
    issues += _quarantine_issues(records)
    issues += _duplicate_issues(result)
    issues += _value_issues(result, rules)
    return result


def _take_layer(records: Records, layer: ReadLayer, rules: Rules, issues: list[Issue]) -> None:
    """Append a layer's records with canonical values, delivered and storage geometry, and first reasons."""
    found = layer.canonical("patch", dict(rules.own_fields))
    delivered = layer.geometries()
    reason = _shape_reasons(delivered, layer.has_geometry())
    source = layer.report.crs or rules.assumed_crs
    moved, name = np.full(layer.count, None, object), ""
    try:
        way, name = _way(layer, source, rules.storage_crs, issues)
        moved = _to_storage(delivered, way, reason)
    except Refusal as refusal:
        code = Code.CRS_REFUSED if source else Code.NO_CRS
        issues.append(_layer_issue(layer, code, problem=refusal.sentence, hint=refusal.hint, count=layer.count))
        reason[:] = code
    records.delivery += [layer.delivery] * layer.count
    records.file += [layer.report.file] * layer.count
    records.layer += [layer.report.name] * layer.count
    records.row += layer.rows().tolist()
    records.crs += [name] * layer.count
    records.delivered += list(delivered)
    records.geometry += list(moved)
    records.reason += [str(one) for one in reason]
    records.sentence += [{} for _ in range(layer.count)]
    records.area_unit += [""] * layer.count
    _take_values(records, layer, found)
    if layer.count == 0:
        issues.append(_layer_issue(layer, Code.FILE_EMPTY))
    issues.append(
        _layer_issue(layer, Code.ENCODING_DECIDED, encoding=layer.report.encoding, evidence=layer.report.evidence)
    )


def _take_values(records: Records, layer: ReadLayer, found: dict[str, str]) -> None:
    columns = {one: layer.texts(one) for one in layer.report.fields}
    for name in CANONICAL:
        clean = number_text if name in _IDS else tidy
        texts = columns[found[name]] if name in found else [None] * layer.count
        records.values[name] += [clean(one) for one in texts]
    records.columns += [found] * layer.count
    others = [one for one in layer.report.fields if one not in found.values()]
    records.extra += [{one: columns[one][at] or "" for one in others} for at in range(layer.count)]
    records.raw += [{one: columns[one][at] for one in layer.report.fields} for at in range(layer.count)]


def _shape_reasons(delivered: Geometries, present: npt.NDArray[np.bool_]) -> npt.NDArray[np.object_]:
    reason = np.full(len(delivered), "", object)
    missing = shapely.is_missing(delivered)
    reason[missing & present] = Code.BAD_GEOMETRY
    reason[missing & ~present] = Code.NO_GEOMETRY
    reason[~missing & shapely.is_empty(delivered)] = Code.NO_GEOMETRY
    kinds = np.isin(shapely.get_type_id(delivered), _AREAL)
    reason[~missing & ~shapely.is_empty(delivered) & ~kinds] = Code.NOT_AREAL
    reason[(reason == "") & ~finite(delivered)] = Code.BAD_GEOMETRY
    return reason


def _way(layer: ReadLayer, source: str, storage: str, issues: list[Issue]) -> tuple[Way, str]:
    if not source:
        raise Refusal(f"{layer.report.file} has no coordinate system", 'set [inputs] patches_crs = "EPSG:…"')
    way, name = way_between(source, storage), crs_name(source)
    if not layer.report.crs:
        issues.append(_layer_issue(layer, Code.CRS_ASSIGNED, crs=name))
    if way.identity:
        issues.append(_layer_issue(layer, Code.CRS_IDENTITY, identity=way.identity))
    if way.shift:
        issues.append(_layer_issue(layer, Code.CRS_TRANSFORM, source=name, storage=storage, accuracy_m=way.accuracy_m))
    return way, name


def _to_storage(delivered: Geometries, way: Way, reason: npt.NDArray[np.object_]) -> Geometries:
    moved = np.full(len(delivered), None, object)
    good = np.flatnonzero(reason == "")
    placed = to_storage(delivered[good], way)
    inside = inside_world(placed)
    reason[good[~inside]] = Code.OUT_OF_RANGE
    moved[good[inside]] = placed[inside]
    return moved


def _layer_issue(layer: ReadLayer, code: Code, **facts: Any) -> Issue:
    file, name = layer.report.file, layer.report.name
    facts = {"file": file, **facts}
    return Issue(code, "ingest", facts, delivery=layer.delivery, source_file=file, source_layer=name)


def _storage(records: Records, rows: Ints) -> Geometries:
    made = np.empty(len(rows), object)
    made[:] = [records.geometry[one] for one in rows]
    return made


def _repair(records: Records, ellipsoid: Ellipsoid) -> tuple[Geometries, list[Repair]]:
    """All geometries, repaired where undisputed; `records.geometry` still holds the outlines as they came."""
    everything = _storage(records, np.arange(len(records)))
    there = np.flatnonzero(~shapely.is_missing(everything))
    whole, repairs = repaired(everything[there], ellipsoid)
    everything[there] = whole
    moved = [Repair(int(there[one.row]), *list(vars(one).values())[1:]) for one in repairs]
    return everything, moved


def _settle_repairs(records: Records, repairs: Sequence[Repair], issues: list[Issue]) -> None:
    for one in repairs:
        if one.tangled or (one.agreed and one.structure_m2 <= 0):
            records.reason[one.row] = Code.BAD_GEOMETRY
        elif one.agreed:
            facts: dict[str, Any] = {"before": one.vertices_before, "after": one.vertices_after}
            facts |= {"reason": one.reason, "area_m2": one.structure_m2}
            issues.append(_record_issue(records, one.row, Code.REPAIRED, **facts))
        else:
            records.reason[one.row] = Code.AMBIGUOUS_SHAPE
            names = ("reason", "outline_m2", "structure_m2", "linework_m2")
            records.sentence[one.row] = {name: getattr(one, name) for name in names}


def _repair_words(records: Records, repairs: Sequence[Repair]) -> list[str]:
    words = [""] * len(records)
    for one in repairs:
        words[one.row] = one.reason if one.agreed else ""
    return words


def _uids(records: Records, good: Ints, campaign: str) -> list[str]:
    delivered = np.empty(len(good), object)
    delivered[:] = [records.delivered[one] for one in good]
    uids = [""] * len(records)
    for at, outline in zip(good, outlines(delivered), strict=True):
        uids[at] = patch_uid(campaign, patch_key(records, int(at), campaign), outline, records.crs[at])
    return uids


def patch_key(records: Records, at: int, campaign: str) -> str:
    """Campaign / county code / patch number as delivered: for people, and for knowing a redelivery."""
    return f"{campaign}/{records.values['county_code'][at]}/{records.values['patch_no'][at]}"


def _area_units(records: Records, area: Floats, status: Sequence[str], declared: str) -> None:
    """The unit of each layer's reported areas: as declared, else the one whose median ratio to the computed fits."""
    layers: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for at, one in enumerate(status):
        if one != "quarantined":
            layers[records.delivery[at], records.file[at], records.layer[at]].append(at)
    for rows in layers.values():
        reported = np.array([as_number(records.values["area_reported"][one]) or np.nan for one in rows])
        ratio = reported / area[rows]
        unit = declared or _fitting_unit(float(np.nanmedian(ratio))) if np.isfinite(ratio).any() else ""
        for at in rows:
            records.area_unit[at] = unit


def _fitting_unit(ratio: float) -> str:
    """The unit in which reported ÷ computed square metres is nearest to this ratio, if within a tenth."""
    off = {name: abs(ratio * size - 1) for name, size in area_units().items()}
    best = min(off, key=lambda one: off[one])
    return best if off[best] <= 0.1 else ""


def reported_m2(records: Records, at: int) -> float:
    """The delivered area in square metres, NaN where none was delivered or its unit is not known."""
    number, unit = as_number(records.values["area_reported"][at]), records.area_unit[at]
    return number * area_units()[unit] if number is not None and unit else float("nan")


def _record_issue(records: Records, at: int, code: Code, uid: str = "", **facts: Any) -> Issue:
    shape = records.geometry[at]
    return Issue(
        code,
        "ingest",
        {
            "file": records.file[at],
            "row": records.row[at] + 1,
            "patch_no": records.values["patch_no"][at] or "—",
            **facts,
        },
        patch_uid=uid,
        county_code=records.values["county_code"][at],
        delivery=records.delivery[at],
        source_file=records.file[at],
        source_layer=records.layer[at],
        source_row=records.row[at],
        wkb_hex=_place_hex(shape),
    )


def _place_hex(shape: Any) -> str:
    """A point on a patch; "" where it has no ground to stand on."""
    if shape is None or shape.is_empty or not shape.is_valid:
        return ""
    point = shapely.point_on_surface(shape)
    return "" if point.is_empty else str(shapely.to_wkb(point, hex=True))


def _quarantine_issues(records: Records) -> list[Issue]:
    whole = (Code.NO_CRS, Code.CRS_REFUSED)  # said once for the layer
    rows = [at for at, reason in enumerate(records.reason) if reason and Code(reason) not in whole]
    return [_record_issue(records, at, Code(records.reason[at]), **records.sentence[at]) for at in rows]


def _duplicate_issues(found: Sorted) -> list[Issue]:
    records, issues = found.records, []
    for at in np.flatnonzero(found.first != np.arange(len(records))).tolist():
        first = int(found.first[at])
        differing = _differing(records, at, first)
        facts: dict[str, Any] = {"first_file": records.file[first], "first_row": records.row[first] + 1}
        if differing:
            facts["values"] = "; ".join(f"{name}: {other} ≠ {one}" for name, one, other in differing)
        code = Code.DUPLICATE_DIFFERS if differing else Code.DUPLICATE
        issues.append(_record_issue(records, at, code, found.uid[first], **facts))
    return issues


def _differing(records: Records, at: int, first: int) -> list[tuple[str, str, str]]:
    """(name, value of the first, value of the other) where both were delivered and differ in more than spelling."""
    both = [name for name in CANONICAL if name not in ("center_x", "center_y")]
    pairs = [(name, records.values[name][first], records.values[name][at]) for name in both]
    other = {header_key(name): (name, value) for name, value in records.extra[at].items()}
    pairs += [
        (name, value, other[header_key(name)][1])
        for name, value in records.extra[first].items()
        if header_key(name) in other
    ]
    found = [(name, one, two) for name, one, two in pairs if _meaning(name, one) != _meaning(name, two)]
    areas = reported_m2(records, first), reported_m2(records, at)
    same_area = abs(areas[0] - areas[1]) <= 0.001 * abs(areas[0])
    return [one for one in found if not (one[0] == "area_reported" and same_area)]


def _meaning(name: str, text: str) -> str:
    return (iso_date(text) or text) if name in _DATES else tidy(text)


def _value_issues(found: Sorted, rules: Rules) -> list[Issue]:
    records, issues = found.records, []
    doubled: dict[tuple[str, str], list[int]] = defaultdict(list)
    for at in found.accepted().tolist():
        key = (records.values["county_code"][at], records.values["patch_no"][at])
        if key[1]:
            doubled[key].append(at)
        if key[0] and key[0] not in rules.county_codes:
            issues.append(_record_issue(records, at, Code.COUNTY_CODE_UNKNOWN, found.uid[at], county=key[0]))
        for name in _DATES:
            text = records.values[name][at]
            if text and not iso_date(text):
                issues.append(_record_issue(records, at, Code.DATE_UNREADABLE, found.uid[at], field=name, text=text))
        reported = reported_m2(records, at)
        if abs(reported - found.area_m2[at]) > AREA_TOLERANCE * found.area_m2[at]:
            facts = {"reported_m2": reported, "computed_m2": float(found.area_m2[at])}
            issues.append(_record_issue(records, at, Code.AREA_DIFFERS, found.uid[at], **facts))
    for rows in doubled.values():
        if len(rows) > 1:
            issues += [_record_issue(records, at, Code.NUMBER_DOUBLED, found.uid[at], count=len(rows)) for at in rows]
    return issues


def patch_columns(found: Sorted, rules: Rules) -> tuple[dict[str, Any], Geometries]:
    """Columns and geometries of the layer `patches`, in order of uid."""
    records = found.records
    rows = sorted(found.accepted().tolist(), key=lambda at: found.uid[at])
    names = patch_types(rules.vocabulary, rules.language)
    values = {name: [_canonical_value(name, records.values[name][at]) for at in rows] for name in CANONICAL}
    columns: dict[str, Any] = {
        "patch_uid": [found.uid[at] for at in rows],
        "patch_key": [patch_key(records, at, rules.campaign) for at in rows],
        **values,
        "patch_type_name": [names.get(code.upper(), "") for code in values["patch_type"]],
        "area_m2": found.area_m2[rows],
        "area_reported_m2": [reported_m2(records, at) for at in rows],
        "area_reported_unit": [records.area_unit[at] for at in rows],
        "repair": [found.repair[at] for at in rows],
        "source_crs": [records.crs[at] for at in rows],
        **source_columns(records, rows),
    }
    columns |= _delivered_values(records, rows, values)
    columns |= _extra_columns(records, rows, set(columns))
    return columns, _storage(records, np.array(rows, np.intp))


def source_columns(records: Records, rows: Sequence[int]) -> dict[str, Any]:
    """Where each record came from."""
    return {
        "delivery": [records.delivery[at] for at in rows],
        "source_file": [records.file[at] for at in rows],
        "source_layer": [records.layer[at] for at in rows],
        "source_row": [records.row[at] for at in rows],
    }


def _canonical_value(name: str, text: str) -> str:
    return (iso_date(text) or text) if name in _DATES else text


def _delivered_values(
    records: Records, rows: Sequence[int], values: dict[str, list[str]]
) -> dict[str, list[str | None]]:
    """`<name>_delivered` for every canonical name whose value was put into another spelling somewhere."""
    made: dict[str, list[str | None]] = {}
    for name in CANONICAL:
        original = [records.raw[at].get(records.columns[at].get(name, "")) for at in rows]
        changed = [one if one and one != value else None for one, value in zip(original, values[name], strict=True)]
        if any(one is not None for one in changed):
            made[f"{name}_delivered"] = changed
    return made


def _extra_columns(records: Records, rows: Sequence[int], taken: set[str]) -> dict[str, list[str | None]]:
    """Delivered attributes without a canonical name, under their own names."""
    names = sorted({name for at in rows for name in records.extra[at]})
    made: dict[str, list[str | None]] = {}
    low = {one.casefold() for one in taken} | {"geometry", "geom", "fid"}
    for name in names:
        column = name if name.casefold() not in low else f"{name}_delivered"
        low.add(column.casefold())
        made[column] = [records.extra[at].get(name) for at in rows]
    return made


def record_columns(found: Sorted) -> dict[str, Any]:
    """Columns of the layer `records`: every received record once, in the order in which the first counts."""
    records, rows = found.records, range(len(found.records))
    return {
        **source_columns(records, rows),
        "status": found.status,
        "reason": [found_reason(found, at) for at in rows],
        "patch_uid": found.uid,
        "duplicate_of": [found.uid[int(found.first[at])] if found.status[at] == "duplicate" else "" for at in rows],
        "county_code": records.values["county_code"],
        "patch_no": records.values["patch_no"],
        "delivered": [json.dumps(one, ensure_ascii=False) for one in records.raw],
    }


def found_reason(found: Sorted, at: int) -> str:
    return str(Code.DUPLICATE) if found.status[at] == "duplicate" else found.records.reason[at]
