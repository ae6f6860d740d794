"""Findings of a small province as collect writes them, made from answers through the real merge."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from pipeline.accounts import CountyStatus, announcement
from pipeline.collect.merge import merge
from pipeline.collect.returned import ReturnedFile, ReturnedRow
from pipeline.collect.sent import Sent, all_sent
from pipeline.collect.tables import county_tallies, finding_columns, returned_columns
from pipeline.decisions import Decision
from pipeline.forms.form import Form, load_form
from pipeline.records import CampaignFacts, Office
from pipeline.rollup.reckoning import Rollup, reckon

CN, INTERNATIONAL = load_form("verification_cn"), load_form("verification_international")
CODES = ("320102", "320104", "320205", "330106")
NAMES = ("玄武区", "秦淮区", "锡山区", "西湖区")
M2_PER_MU = Decimal(2000) / 3


def facts_of(form: Form = CN) -> CampaignFacts:
    chinese = form is CN
    language, unit = ("zh", "mu") if chinese else ("en", "ha")
    return CampaignFacts(
        "C", "2025年核查" if chinese else "Campaign", "cn", language, date(2025, 10, 8), Office("某厅"), unit,
        "EPSG:4490", True,
    )  # fmt: skip


@dataclass(frozen=True)
class Said:
    """One answer: the piece by (patch, county), the file it came in, and the parcels with what was said of each."""

    patch: str
    county: str
    file: str
    parcels: tuple[Mapping[str, str], ...]


def pieces(areas_m2: Mapping[tuple[str, str], float]) -> list[Sent]:
    """Asked pieces by (patch, county)."""
    return [
        Sent(f"C-{patch}", code, f"R{patch}{code}", "", patch, at, 1.0, area, NAMES[CODES.index(code)])
        for at, ((patch, code), area) in enumerate(sorted(areas_m2.items()), 1)
    ]


def returned_files(said: Sequence[Said], form: Form = CN) -> list[ReturnedFile]:
    """The files of the answers, each with a row a parcel."""
    names = sorted({one.file for one in said})
    return [_file(name, [one for one in said if one.file == name], form) for name in names]


def _file(name: str, said: Sequence[Said], form: Form) -> ReturnedFile:
    rows = tuple(
        ReturnedRow(f"C-{one.patch}", one.county, f"R{one.patch}{one.county}", str(part), parcel, {},
                    f"{name}!核查表!{at}.{part}")
        for at, one in enumerate(said, 5)
        for part, parcel in enumerate(one.parcels, 1)
    )  # fmt: skip
    shown = name.partition("#")[0]  # what stands behind # tells files of one name apart
    digest = hashlib.sha256(name.encode()).hexdigest()
    return ReturnedFile(digest, shown, "workbook", "C", "", f"{form.id}@{form.version}", rows)


@dataclass(frozen=True)
class World:
    """What collect would have written, and the roll-up of it."""

    findings: dict[str, list[Any]]
    returned: list[dict[str, Any]]
    counties: list[CountyStatus]
    rollup: Rollup


def world(
    areas_m2: Mapping[tuple[str, str], float],
    said: Sequence[Said] = (),
    form: Form = CN,
    decisions: Sequence[Decision] = (),
    facts: CampaignFacts | None = None,
) -> World:
    """Merge the answers as collect does, and reckon."""
    facts = facts or facts_of(form)
    files = returned_files(said, form)
    merged = merge(all_sent(pieces(areas_m2)), files, form, "C", decisions)
    findings = finding_columns(merged.findings, form, facts.language)
    columns = returned_columns(files, merged)
    returned = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    tallies = county_tallies(merged.findings, form)
    counties = [_county(code, name, areas_m2, tallies.get(code)) for code, name in zip(CODES, NAMES, strict=True)]
    return World(findings, returned, counties, reckon(findings, returned, counties, form, facts))


def _county(
    code: str, name: str, areas_m2: Mapping[tuple[str, str], float], tally: Mapping[str, Any] | None
) -> CountyStatus:
    mine = [area for (_, county), area in areas_m2.items() if county == code]
    tally = tally or {"open": 0, "answered": 0, "conflict": 0, "verdicts": {}}
    verdicts = {verdict: (count, area) for verdict, (count, area) in tally["verdicts"].items()}
    return CountyStatus(
        code=code, name=name, city_code=f"{code[:4]}00", city_name=f"{code[:4]}市", province_code=f"{code[:2]}0000",
        province_name=f"{code[:2]}省", announced=None if code == CODES[-1] else len(mine), came=len(mine),
        quarantined=0, word=announcement(len(mine), len(mine), len(mine)), pieces=len(mine), asked=len(mine),
        area_m2=sum(mine), pages=len(mine), rows=len(mine), problem="", open=tally["open"], answered=tally["answered"],
        conflict=tally["conflict"], verdicts=verdicts,
    )  # fmt: skip


def answer(verdict: str, sub: str = "", **numbers: str) -> dict[str, str]:
    """What an officer says of one parcel."""
    said = {"verdict": verdict, "verdict_sub": f"{verdict}.{sub}" if sub else "", "checker": "李", **numbers}
    return {key: value for key, value in said.items() if value}
