"""The county layer: codes as text, valid polygons, one row a county, the campaign's geographic CRS."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from pipeline.admin import Parents, is_county_code, parents
from pipeline.errors import Refusal
from pipeline.fields import number_text, tidy
from pipeline.geometry.area import Ellipsoid, area_m2
from pipeline.geometry.crs import crs_name, ellipsoid_of, geographic_of, inside_world, to_storage, way_between
from pipeline.geometry.repair import areal, repaired
from pipeline.intake.read import ReadLayer
from pipeline.issues import Code, Issue

Geometries = npt.NDArray[np.object_]
_NAMED = 6  # codes in one sentence
_CODE = re.compile(r"[A-Za-z0-9_-]{1,40}")  # it names folders, files and links
Levels = str | tuple[int, ...] | tuple[str, ...]


@dataclass(frozen=True)
class Counties:
    """The counties in order of their codes, in the storage CRS."""

    codes: list[str]
    names: list[str]
    above: list[Parents]
    geometry: Geometries
    area_m2: npt.NDArray[np.float64]
    crs: str
    ellipsoid: Ellipsoid
    issues: list[Issue]


@dataclass(frozen=True)
class _Row:
    code: str
    name: str
    above: Parents


def county_layer(
    layers: Sequence[ReadLayer], assumed_crs: str, own: Mapping[str, str], levels: Levels, storage_crs: str = ""
) -> Counties:
    """One layer of counties from the files named in `[inputs] counties`, in `storage_crs` or their own geographic CRS.

    Raises:
        Refusal: a file without CRS, without a code column, with codes that lost their zeros, or with no polygon.
    """
    if not layers:
        raise Refusal("no county could be read", "look at [inputs] counties: a layer of polygons is wanted")
    _one_layer_a_file(layers)
    crs = storage_crs or geographic_of(_crs_of(layers[0], assumed_crs))
    rows: list[_Row] = []
    geometry = []
    issues: list[Issue] = []
    for layer in layers:
        rows += _rows(layer, dict(own), levels)
        geometry.append(_moved(layer, _crs_of(layer, assumed_crs), crs, issues))
    odd = sorted({row.code for row in rows if not is_county_code(levels, row.code)})
    if odd:
        named = ", ".join(odd[:_NAMED]) + (" …" if len(odd) > _NAMED else "")
        issues.append(Issue(Code.COUNTY_CODE_ODD, "ingest", {"count": len(odd), "codes": named}))
    if not rows:
        raise Refusal(f"{layers[0].report.file} has no county in it", "look at [inputs] counties and counties_other")
    return _united(rows, np.concatenate(geometry), crs, issues)


def _one_layer_a_file(layers: Sequence[ReadLayer]) -> None:
    """Towns, cities or the province beside the counties would be taken for counties that lie over the others."""
    names: dict[str, list[str]] = {}
    for one in layers:
        names.setdefault(one.report.file, []).append(one.report.name)
    for file, found in names.items():
        if len(found) > 1:
            hint = "export the layer of counties into a file of its own"
            raise Refusal(f"{file} has {len(found)} layers ({', '.join(found)})", hint)


def _crs_of(layer: ReadLayer, assumed: str) -> str:
    if not (layer.report.crs or assumed):
        raise Refusal(f"{layer.report.file} has no coordinate system", 'set [inputs] counties_crs = "EPSG:…"')
    return layer.report.crs or assumed


def _moved(layer: ReadLayer, source: str, storage: str, issues: list[Issue]) -> Geometries:
    way = way_between(source, storage)
    if not layer.report.crs:
        issues.append(_about(layer, Code.CRS_ASSIGNED, crs=crs_name(source)))
    if way.identity:
        issues.append(_about(layer, Code.CRS_IDENTITY, identity=way.identity))
    delivered = layer.geometries()
    if shapely.is_missing(delivered).any() or not np.isin(shapely.get_type_id(delivered), (3, 6)).all():
        row = int(np.flatnonzero(~np.isin(shapely.get_type_id(delivered), (3, 6)))[0])
        raise Refusal(f"{layer.report.file} row {row + 1} is not a polygon", "take it out of the county layer")
    moved = to_storage(delivered, way)
    if not inside_world(moved).all():
        row = int(np.flatnonzero(~inside_world(moved))[0])
        sentence = f"{layer.report.file} row {row + 1} lies outside the world in {crs_name(source)}"
        raise Refusal(sentence, "the coordinate system is probably another: set [inputs] counties_crs")
    return moved


def _about(layer: ReadLayer, code: Code, **facts: str) -> Issue:
    file, name = layer.report.file, layer.report.name
    words = {"file": file, **facts}
    return Issue(code, "ingest", words, delivery=layer.delivery, source_file=file, source_layer=name)


def _rows(layer: ReadLayer, own: dict[str, str], levels: Levels) -> list[_Row]:
    found = layer.canonical("county", own)
    fields = layer.report.fields
    wrong = [column for column in own.values() if column not in found.values()]
    if wrong or "code" not in found:
        missing = wrong[0] if wrong else "the county's code"
        sentence = f"{layer.report.file} has no column for {missing}; it has {', '.join(fields)}"
        raise Refusal(sentence, 'name it under [inputs.county_fields]: code = "…", name = "…"')
    columns = {one: [tidy(text) for text in layer.texts(one)] for one in fields}
    codes = [number_text(one) for one in columns[found["code"]]]
    _keep_zeros(layer, found["code"], codes)
    names = columns[found["name"]] if "name" in found else codes
    made = []
    for at, code in enumerate(codes):
        if not code:
            raise Refusal(f"{layer.report.file} row {at + 1} has no county code", "fill it in, or take the row out")
        if not _CODE.fullmatch(code):
            sentence = f"{layer.report.file} row {at + 1}: county code {code[:60]!r} cannot name a folder"
            raise Refusal(
                sentence, "codes are letters a to z, digits, - and _ (at most 40); name a column of such codes"
            )
        row = {one: columns[one][at] for one in fields} | {one: columns[column][at] for one, column in found.items()}
        made.append(_Row(code, names[at] or code, parents(levels, code, row)))
    return made


def _keep_zeros(layer: ReadLayer, column: str, codes: Sequence[str]) -> None:
    kind = dict(zip(layer.report.fields, layer.report.types, strict=True))[column]
    if ("int" in kind or "double" in kind) and len({len(one) for one in codes}) > 1:
        sentence = f"{layer.report.file}: the codes in {column} are numbers of uneven width, so leading zeros are lost"
        raise Refusal(sentence, "deliver the codes as text, or name another column under [inputs.county_fields]")


def _united(rows: Sequence[_Row], geometry: Geometries, crs: str, issues: list[Issue]) -> Counties:
    """One row a code, in order of codes: parts delivered as rows of their own are put together."""
    ellipsoid = ellipsoid_of(crs)
    valid, repairs = repaired(geometry, ellipsoid)
    for one in repairs:
        if one.tangled:
            sentence = f"the outline of county {rows[one.row].code} crosses itself thousands of times"
            raise Refusal(sentence, "mend it in QGIS (Fix geometries), or take another county layer")
        facts = {"name": rows[one.row].name, "reason": one.reason, "before": one.outline_m2, "after": one.linework_m2}
        issues.append(Issue(Code.COUNTY_REPAIRED, "ingest", facts, county_code=rows[one.row].code))
        if not one.agreed:
            valid[one.row] = areal(shapely.make_valid(geometry[one.row : one.row + 1]))[0]
    members: dict[str, list[int]] = {}
    for at, row in enumerate(rows):
        members.setdefault(row.code, []).append(at)
    issues += _doubled(rows, members)
    codes = sorted(members)
    merged = [
        valid[members[one][0]] if len(members[one]) == 1 else shapely.union_all(valid[members[one]]) for one in codes
    ]
    shapes = areal(np.array(merged, object))
    firsts = [rows[members[one][0]] for one in codes]
    facts_of = ([one.name for one in firsts], [one.above for one in firsts], shapes, area_m2(shapes, ellipsoid))
    return Counties(codes, *facts_of, crs, ellipsoid, issues)


def _doubled(rows: Sequence[_Row], members: Mapping[str, Sequence[int]]) -> list[Issue]:
    """Codes that rows of different names carry: parts of one county, or two counties taken for one."""
    names = {code: sorted({rows[at].name for at in own}) for code, own in members.items()}
    return [
        Issue(Code.COUNTY_DOUBLED, "ingest", {"count": len(members[code]), "names": ", ".join(one)}, county_code=code)
        for code, one in sorted(names.items())
        if len(one) > 1
    ]
