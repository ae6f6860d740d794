"""The GeoPackages a county is handed: its pieces with the finding fields to fill in, and its boundary."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from pipeline.amounts import area_in
from pipeline.forms.cleaning import clean_text
from pipeline.forms.form import Form
from pipeline.forms.identity import row_code
from pipeline.forms.layers import boundary_parts, patch_parts, qml
from pipeline.io.geopackage import add_style, check_package, write_layer
from pipeline.records import CampaignFacts, County, Piece

PATCHES, BOUNDARY = "patches", "boundary"
_KINDS = {"number": "real", "date": "date"}
Value = str | float | bool | None
_STYLES: dict[tuple[str, CampaignFacts], str] = {}  # by form and campaign: written once, the same in every county

# No delivery and no source row: inserting a row elsewhere must leave a county's files as they are.
_GIVEN: dict[str, tuple[str, Callable[[Piece], Value]]] = {
    "patch_uid": ("text", lambda one: one.patch_uid),
    "patch_no": ("text", lambda one: clean_text(one.patch_no) or None),
    "seq": ("integer", lambda one: one.seq or None),
    "county_code": ("text", lambda one: one.county_code),
    "county_name": ("text", lambda one: clean_text(one.county_name)),
    "piece_no": ("integer", lambda one: one.piece_no),
    "piece_count": ("integer", lambda one: one.piece_count),
    "area_m2": ("real", lambda one: one.area_m2),
    "area_share": ("real", lambda one: one.area_share),
    "asked": ("boolean", lambda one: one.asked),
    "not_asked_reason": ("text", lambda one: one.not_asked_reason or None),
    "town": ("text", lambda one: clean_text(one.town) or None),
    "village": ("text", lambda one: clean_text(one.village) or None),
    "patch_type": ("text", lambda one: clean_text(one.patch_type) or None),
    "patch_type_name": ("text", lambda one: clean_text(one.patch_type_name) or None),
    "phase_before": ("text", lambda one: clean_text(one.phase_before) or None),
    "phase_after": ("text", lambda one: clean_text(one.phase_after) or None),
    "area_reported": ("text", lambda one: clean_text(one.area_reported) or None),
    "remark": ("text", lambda one: clean_text(one.remark) or None),
}


def patch_kinds(form: Form, facts: CampaignFacts) -> dict[str, str]:
    """The columns of layer `patches` in order, with their kinds; what is given first, then the findings."""
    kinds: dict[str, str] = {}
    for name, (kind, _) in _GIVEN.items():
        kinds[name] = kind
        if name == "area_m2":
            kinds[f"area_{facts.area_unit}"] = "real"
    kinds |= {"page": "integer", "row_code": "text"}
    return kinds | {one.column(facts.area_unit): _KINDS.get(one.type, "text") for one in form.asked}


def write_patches(
    target: Path, form: Form, facts: CampaignFacts, pieces: Sequence[Piece], pages: Mapping[str, int]
) -> int:
    """Write `patches.gpkg`: one row per own piece, asked first in book order; return the number of rows."""
    rows = sorted((one for one in pieces if one.own), key=lambda one: (not one.asked, one.seq, one.patch_uid))
    kinds = patch_kinds(form, facts)
    empty: list[Value] = [None] * len(rows)
    columns: dict[str, Sequence[Value]] = dict.fromkeys(kinds, empty)
    columns |= {name: [value(one) for one in rows] for name, (_, value) in _GIVEN.items()}
    columns[f"area_{facts.area_unit}"] = [float(area_in(facts.area_unit, one.area_m2)) for one in rows]
    columns["page"] = [pages.get(one.patch_uid) for one in rows]
    columns["row_code"] = [row_code(one) if one.asked else None for one in rows]
    write_layer(target, PATCHES, columns, [one.geometry for one in rows], facts.crs, kinds=kinds)
    add_style(target, PATCHES, patches_qml(form, facts))
    check_package(target, {PATCHES: len(rows)}, {PATCHES: ["patch_uid", "county_code"]})
    return len(rows)


def write_boundary(target: Path, facts: CampaignFacts, county: County) -> int:
    """Write `boundary.gpkg`: the county and those around it, told apart by `role`; the number of rows."""
    rows = [("county", county.code, county.name, county.geometry)]
    rows += [
        ("neighbour", one.code, one.name, one.geometry) for one in sorted(county.neighbours, key=lambda one: one.code)
    ]
    columns = {
        "role": [one[0] for one in rows],
        "code": [one[1] for one in rows],
        "name": [clean_text(one[2]) for one in rows],
    }
    write_layer(target, BOUNDARY, columns, [one[3] for one in rows], facts.crs)
    add_style(target, BOUNDARY, _boundary_qml(facts))
    check_package(target, {BOUNDARY: len(rows)})
    return len(rows)


def patches_qml(form: Form, facts: CampaignFacts) -> str:
    """The style and form of layer `patches` for whoever opens the GeoPackage alone."""
    key = (repr(form), facts)
    if key not in _STYLES:
        _STYLES[key] = qml(patch_parts(form, facts, list(patch_kinds(form, facts))))
    return _STYLES[key]


@lru_cache(maxsize=8)
def _boundary_qml(facts: CampaignFacts) -> str:
    return qml(boundary_parts(facts))
