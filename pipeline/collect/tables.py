"""Findings and returned rows as columns of their layers."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import fsum
from typing import Any

from pipeline.collect.merge import Answer, Finding, Merged
from pipeline.collect.photo_checks import Seen
from pipeline.collect.returned import Doubt, Remark, ReturnedFile, ReturnedRow
from pipeline.collect.reviews import Review, ReviewTable, reason_words, told
from pipeline.forms.form import Form
from pipeline.texts import Texts

Row = tuple[str, str]  # digest of the return, place within it


def finding_columns(findings: Sequence[Finding], form: Form, language: str) -> dict[str, list[Any]]:
    """Columns of the layer `findings`, one row a sent piece."""
    said = [one.answer.said if one.answer else {} for one in findings]
    verdicts = [one.get(form.verdict_key, "") for one in said]
    subs = [one.get("verdict_sub", "") for one in said]
    names = choice_names(form, language)
    return {
        "patch_uid": [one.sent.patch_uid for one in findings],
        "patch_no": [one.sent.patch_no for one in findings],
        "county_code": [one.sent.county_code for one in findings],
        "county_name": [one.sent.county_name for one in findings],
        "seq": [one.sent.seq for one in findings],
        "state": [one.state for one in findings],
        "verdict": verdicts,
        "verdict_name": [names.get(one, "") for one in verdicts],
        "verdict_sub": subs,
        "verdict_sub_name": [names.get(one, "") for one in subs],
        "area_m2": [one.sent.area_m2 for one in findings],
        "parcels": [len(one.answer.rows) if one.answer else 0 for one in findings],
        "answers": [_spoken(one.answers) if one.answers else "" for one in findings],
        "return_file": [one.answer.file if one.answer else "" for one in findings],
        "return_digest": [one.answer.digest if one.answer else "" for one in findings],
        "place": [one.answer.place if one.answer else "" for one in findings],
        "decided": [one.decided for one in findings],
    }


Rules = Mapping[tuple[str, str], Mapping[str, str]]  # patch_uid and county code → rule → severity


def asked_rules(remarks: Iterable[Remark]) -> Rules:
    """The rules that ask something of a piece, each with its severity."""
    asked: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for one in remarks:
        if one.code is Doubt.CHECK and one.patch_uid:
            asked[one.patch_uid, one.county_code][one.facts["rule"]] = one.facts["severity"]
    return asked


def errors_of(finding: Finding, asked: Rules) -> list[str]:
    """The rules for which an answer that counts is to be corrected."""
    rules = asked.get(finding.sent.key, {}) if finding.state == "answered" else {}
    return sorted(rule for rule, severity in rules.items() if severity == "error")


def review_columns(
    findings: Sequence[Finding],
    reviews: Sequence[Review],
    asked: Rules,
    table: ReviewTable,
    words: Texts,
) -> dict[str, list[Any]]:
    """Columns of the layer `findings` beside the answers: which rules ask something, and what reviews say."""
    return {
        "questions": [", ".join(sorted(asked.get(one.sent.key, ()))) for one in findings],
        "to_correct": [", ".join(errors_of(one, asked)) for one in findings],
        "review": [one.state for one in reviews],
        "review_reason": [reason_words(one.returned, table, words) if one.returned else "" for one in reviews],
        "reviews": [told(one) for one in reviews],
    }


def photo_columns(seen: Sequence[Seen]) -> dict[str, list[Any]]:
    """Columns of the layer `photos`, a row for each photo beside each patch it is named for."""
    return {
        "file": [one.photo.file for one in seen],
        "digest": [one.photo.digest for one in seen],
        "return_file": [one.return_file for one in seen],
        "patch_uid": [one.sent.patch_uid if one.sent else "" for one in seen],
        "county_code": [one.sent.county_code if one.sent else "" for one in seen],
        "patch_no": [one.sent.patch_no if one.sent else "" for one in seen],
        "named": [one.named for one in seen],
        "lon_deg": [one.photo.lon_deg for one in seen],
        "lat_deg": [one.photo.lat_deg for one in seen],
        "azimuth_deg": [one.photo.azimuth_deg for one in seen],
        "taken": [one.photo.taken for one in seen],
        "distance_m": [one.distance_m for one in seen],
        "found": [one.found for one in seen],
        "readable": [not one.photo.problem and bool(one.photo.digest) for one in seen],
        "place": [one.place for one in seen],
        "direction": [one.direction for one in seen],
        "time": [one.time for one in seen],
        "reuse": [one.reuse for one in seen],
    }


def choice_names(form: Form, language: str) -> Mapping[str, str]:
    """The words of every choice of verdict and kind of case, by code."""
    keys = (form.verdict_key, "verdict_sub")
    fields = [one for one in form.fields if one.key in keys]
    return {choice.code: choice.label[language] for one in fields for choice in one.choices}


def _spoken(answers: Sequence[Answer]) -> str:
    """All answers with the return each stands in, the one that counts first."""
    said = [
        {
            "file": one.file,
            "place": one.place,
            "parcels": [{"parcel": row.part, **row.said} for row in one.rows],
        }
        for one in answers
    ]
    return json.dumps(said, ensure_ascii=False)


def returned_columns(returned: Iterable[ReturnedFile], merged: Merged) -> dict[str, list[Any]]:
    """Columns of the layer `returned`: every row that said anything, with what became of it.

    taken: it counts; contained: the answer that counts says the same; superseded: another was issued upon it;
    overruled: a person decided for another; conflict: nobody has decided yet; unmatched: it could not be given to a
    piece, or was refused; left: a person decided that its file counts not.
    """
    return fated_columns(returned, fates(merged))


def fated_columns(returned: Iterable[ReturnedFile], fates_of: Mapping[Row, tuple[str, str]]) -> dict[str, list[Any]]:
    """The same of some of the files, where the fates of all rows are known."""
    rows = [(file, row) for file in returned for row in file.rows if row.said]
    told = [fates_of.get(row_of(file, row), ("left", "")) for file, row in rows]
    return {
        "return_file": [file.name for file, _ in rows],
        "return_digest": [file.digest for file, _ in rows],
        "place": [row.place for _, row in rows],
        "patch_uid": [row.patch_uid for _, row in rows],
        "county_code": [row.county_code or file.county_code for file, row in rows],
        "parcel": [row.part for _, row in rows],
        "fate": [fate for fate, _ in told],
        "reason": [reason for _, reason in told],
        "said": [json.dumps(dict(row.said), ensure_ascii=False, sort_keys=True) for _, row in rows],
    }


def row_of(file: ReturnedFile, row: ReturnedRow) -> Row:
    """A row of a return, the same under whatever name the same bytes came again."""
    return _row(file.digest, file.name, row)


def _row(digest: str, name: str, row: ReturnedRow) -> Row:
    return digest, row.place.removeprefix(f"{name}!")


def fates(merged: Merged) -> dict[Row, tuple[str, str]]:
    """By (digest of the return, place within it): what became of a row, and the reason or the decision."""
    made: dict[Row, tuple[str, str]] = {}
    for one in merged.unmatched:
        made[_row(one.digest, one.file, one.row)] = ("unmatched", str(one.code))
    for finding in merged.findings:
        for at, answer in enumerate(finding.answers):
            for row in _rows(answer):
                made.setdefault(_row(answer.digest, answer.file, row), (_fate(finding, at, answer), finding.decided))
        for answer in finding.superseded:
            made.update((_row(answer.digest, answer.file, row), ("superseded", "")) for row in _rows(answer))
    return made


def _rows(answer: Answer) -> tuple[ReturnedRow, ...]:
    return (*answer.rows, *answer.again)


def _fate(finding: Finding, at: int, answer: Answer) -> str:
    if finding.state == "conflict":
        return "conflict"
    if at == 0:
        return "taken"
    return "contained" if answer.says() <= finding.answers[0].says() else "overruled"


def county_tallies(findings: Sequence[Finding], form: Form, asked: Rules | None = None) -> dict[str, dict[str, Any]]:
    """By county code: how many pieces are open, answered (of them to be corrected) and in conflict, and count and area
    (m²) by verdict."""
    states: dict[str, Counter[str]] = defaultdict(Counter)
    areas: dict[tuple[str, str], list[float]] = defaultdict(list)
    for one in findings:
        states[one.sent.county_code][one.state] += 1
        states[one.sent.county_code]["to_correct"] += bool(errors_of(one, asked or {}))
        if one.answer:
            areas[one.sent.county_code, one.answer.said[form.verdict_key]].append(one.sent.area_m2)
    order = [one.code for one in form.verdict.choices]
    return {
        code: {
            **{state: count[state] for state in ("open", "answered", "conflict", "to_correct")},
            "verdicts": {one: [len(areas[code, one]), fsum(areas[code, one])] for one in order if (code, one) in areas},
        }
        for code, count in sorted(states.items())
    }


def file_tallies(returned: Sequence[ReturnedFile], columns: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """What each returned file came to: rows by fate."""
    fates: dict[str, Counter[str]] = defaultdict(Counter)
    for digest, fate in zip(columns["return_digest"], columns["fate"], strict=True):
        fates[digest][fate] += 1
    return [
        {"file": one.name, "digest": one.digest, "door": one.door, "rows": dict(sorted(fates[one.digest].items()))}
        for one in returned
    ]
