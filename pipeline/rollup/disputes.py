"""What of the returns waits for a person: answers that disagree, and rows that belong to no piece."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.forms.form import Form
from pipeline.texts import Texts

SIGNS = 12  # of a digest, where a name alone would not tell two files apart


@dataclass(frozen=True)
class Answer:
    """One of several answers: where it stands, in words, and how a decision names its file."""

    file: str
    place: str
    said: str
    named: str


@dataclass(frozen=True)
class Dispute:
    """A piece with answers that disagree; `id` is what a decision speaks of."""

    county_code: str
    county_name: str
    patch_no: str
    id: str
    answers: tuple[Answer, ...]

    @property
    def one_file(self) -> bool:
        """Whether all stand in one file: no decision can choose between them, the county sends it anew."""
        return len({one.named for one in self.answers}) == 1


@dataclass(frozen=True)
class Stray:
    """A returned row that was not taken, and why."""

    county_code: str
    county_name: str
    patch_uid: str
    file: str
    place: str
    reason: str  # a code of doubt
    said: str


def disputes(
    findings: Iterable[Mapping[str, Any]], returned: Iterable[Mapping[str, Any]], form: Form, words: Texts
) -> list[Dispute]:
    """Every piece in conflict with its answers, in the order of the findings.

    Args:
        findings: Rows of the layer `findings`, or those in conflict alone.
        returned: Rows of the layer `returned`.
    """
    rows: dict[str, list[Mapping[str, Any]]] = {}
    for one in returned:
        if one["fate"] == "conflict":
            rows.setdefault(one["patch_uid"], []).append(one)
    found = [one for one in findings if one["state"] == "conflict"]
    return [_dispute(one, _mine(one, rows), form, words) for one in found]


def _mine(finding: Mapping[str, Any], rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Mapping[str, Any]]:
    """Its rows: a return that does not say its county speaks of the one that was asked."""
    mine = rows.get(finding["patch_uid"], [])
    return [one for one in mine if one["county_code"] in ("", finding["county_code"])]


def _dispute(finding: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], form: Form, words: Texts) -> Dispute:
    files: dict[str, set[str]] = {}
    for one in rows:
        files.setdefault(one["return_file"], set()).add(one["return_digest"])
    answers = tuple(
        Answer(
            one["return_file"],
            one["place"],
            said_words(one["said"], form, words),
            one["return_file"] if len(files[one["return_file"]]) == 1 else one["return_digest"][:SIGNS],
        )
        for one in rows
    )
    key = f"{finding['patch_uid']}/{finding['county_code']}"
    return Dispute(finding["county_code"], finding["county_name"], finding["patch_no"], key, answers)


def strays(returned: Iterable[Mapping[str, Any]], names: Mapping[str, str], form: Form, words: Texts) -> list[Stray]:
    """Every row that was not taken, as the layer `returned` has them; `names` of counties by code."""
    return [
        Stray(
            one["county_code"],
            names.get(one["county_code"], ""),
            one["patch_uid"],
            one["return_file"],
            one["place"],
            one["reason"],
            said_words(one["said"], form, words),
        )
        for one in returned
        if one["fate"] == "unmatched"
    ]


def said_words(said: str, form: Form, words: Texts) -> str:
    """Verdict, kind of case and numbers of an answer in the words of the form; the rest of it where there are none."""
    values: dict[str, str] = json.loads(said)
    shown = [_value(key, values[key], form, words) for key in _telling(form) if values.get(key)]
    rest = [_value(key, value, form, words) for key, value in sorted(values.items()) if value]
    return words["rollup.separator"].join(shown or rest)


def _telling(form: Form) -> list[str]:
    keys = [one.key for one in form.face if one.by == "officer" and one.unit == "area"]
    return [form.verdict_key, "verdict_sub", *keys]


def _value(key: str, value: str, form: Form, words: Texts) -> str:
    field = next((one for one in form.fields if one.key == key), None)
    if field is None:
        return value
    labels = {choice.code: choice.label[words.language] for choice in field.choices}
    if key in (form.verdict_key, "verdict_sub"):
        return labels.get(value, value)
    name = field.heading[words.language].partition("\n")[0].partition("（")[0].partition(" (")[0]
    return f"{name} {labels.get(value, value)}"
