"""Rules R03–R15: answers held against themselves, their patch and one another. A breach is a question, never a verdict.

What the doors and the merge say already is not said again: unknown or doubled patches (R01), changed locked cells
(R02), a kind of case under another verdict (R03), a part larger than its whole in one row (R05), answers the form
makes due (R13). Photos (R12) stand in `photo_checks`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pipeline.amounts import AREA_DECIMALS, area_in
from pipeline.collect.check_rules import Rule
from pipeline.collect.documents import Outlines, Papers, scattered
from pipeline.collect.merge import Answer, Finding, places_of, still_due
from pipeline.collect.numbers import spelt_number
from pipeline.collect.returned import Doubt, Remark, ReturnedFile, ReturnedRow
from pipeline.collect.sent import Sent
from pipeline.forms.form import Form
from pipeline.records import CampaignFacts

_M2_OF_MU = 2000 / 3


@dataclass(frozen=True, slots=True)
class Case:
    """One answer as the rules see it."""

    answer: Answer
    sent: Sent
    form: Form
    unit: str
    places: frozenset[str]  # questions that its file had a place for

    @property
    def area(self) -> Decimal:
        """The patch's area in the office's unit, as it stands in the checklist."""
        return Decimal(repr(self.sent.area))

    def verdict(self, row: ReturnedRow) -> str:
        """The verdict of a row."""
        return row.said.get(self.form.verdict_key, "")

    def unasked(self, row: ReturnedRow, keys: Iterable[str]) -> list[str]:
        """Those that the merge does not call due already: nothing is asked twice."""
        asked = list(keys)
        due = still_due(row, self.form, self.places) if asked else ()
        return [one for one in asked if one not in due]

    def total(self, key: str) -> Decimal | None:
        """What its land parcels say together, None where none says it."""
        said = [one for row in self.answer.rows if (one := number(row, key)) is not None]
        return sum(said, Decimal(0)) if said else None

    def tolerance(self, rule: Rule, count: int = 1) -> Decimal:
        """How far sums of `count` numbers may differ: each was rounded on its own."""
        least = Decimal(count) / 2 * Decimal(1).scaleb(-AREA_DECIMALS[self.unit])
        return max(area_in(self.unit, rule["tolerance_mu"] * _M2_OF_MU, 9), least)


@dataclass(frozen=True, slots=True)
class Breach:
    """What a rule asks back: which of its sentences, of which row, with which facts."""

    row: ReturnedRow
    facts: Mapping[str, str]
    kind: str = ""  # of the sentence, where a rule has several


def checks(
    findings: Sequence[Finding],
    form: Form,
    facts: CampaignFacts,
    rules: Mapping[str, Rule],
    returned: Iterable[ReturnedFile],
    outlines: Outlines,
) -> list[Remark]:
    """Everything to ask back, but for photos; in the order of the findings.

    Every answer that counts is held against the rules, and each of those that are in conflict. `outlines` gives
    the shapes of pieces (degrees) by `Sent.at`.
    """
    places = file_places(returned, form)
    cases = [
        Case(answer, one.sent, form, facts.area_unit, places.get(answer.digest, frozenset()))
        for one in findings
        for answer in standing(one)
    ]
    made = [remark for case in cases for remark in _asked(case, rules)]
    if "R14" in rules:
        papers = [_papers(one, rules["R14"]) for one in cases]
        made += [
            remark_of(rules["R14"], cases[at].sent, _first(cases[at], facts_of))
            for at, facts_of in scattered(papers, outlines, rules["R14"]["near_m"])
        ]
    return made


def standing(finding: Finding) -> tuple[Answer, ...]:
    """The answers that are looked at: the one that counts, or all that disagree."""
    return finding.answers[:1] if finding.state == "answered" else finding.answers


def file_places(returned: Iterable[ReturnedFile], form: Form) -> dict[str, frozenset[str]]:
    """By digest of a file: the questions it had a place for, and those that any row answers."""
    return {one.digest: places_of(one, form).union(*(row.said for row in one.rows)) for one in returned}


def remark_of(rule: Rule, sent: Sent, breach: Breach) -> Remark:
    """A breach as a remark; its facts name rule, sentence and severity."""
    told = {"rule": rule.id, "kind": breach.kind, "severity": rule.severity, **breach.facts}
    return Remark(Doubt.CHECK, breach.row.place, *sent.key, facts=told)


def number(row: ReturnedRow, key: str) -> Decimal | None:
    """A number of a row, None where it does not say it."""
    return Decimal(row.said[key]) if row.said.get(key) else None


def _asked(case: Case, rules: Mapping[str, Rule]) -> Iterator[Remark]:
    for name, ask in _OF_ANSWERS.items():
        if name in rules:
            yield from (remark_of(rules[name], case.sent, one) for one in ask(rules[name], case))
    for name, each in _OF_ROWS.items():
        if name in rules:
            found = (one for row in case.answer.rows for one in each(rules[name], case, row))
            yield from (remark_of(rules[name], case.sent, one) for one in found)


def _first(case: Case, facts: Mapping[str, str]) -> Breach:
    return Breach(case.answer.rows[0], facts)


def _larger(rule: Rule, case: Case) -> Iterator[Breach]:
    """R04: the area used by all parcels against the patch."""
    used = case.total(rule["used"])
    if used is not None and used > case.area + case.tolerance(rule, len(case.answer.rows)):
        yield _first(case, {"field": rule["used"], "used": spelt_number(used), "area": spelt_number(case.area)})


def _more_farmland(rule: Rule, case: Case) -> Iterator[Breach]:
    """R05: farmland against the area used, where that is not said against the patch."""
    farmland, used = case.total(rule["farmland"]), case.total(rule["used"])
    whole = case.area if used is None else used
    if farmland is not None and farmland > whole + case.tolerance(rule, len(case.answer.rows)):
        told = {"field": rule["farmland"], "part": spelt_number(farmland), "whole": spelt_number(whole)}
        yield _first(case, told)


def _unequal_parcels(rule: Rule, case: Case) -> Iterator[Breach]:
    """R06: several parcels that say less than the patch together (more is R04), or parts that are not their whole."""
    rows, key = case.answer.rows, rule["used"]
    used = case.total(key)
    whole = len(rows) > 1 and all(number(row, key) is not None for row in rows)
    if used is not None and whole and used < case.area - case.tolerance(rule, len(rows)):
        told = {"field": key, "count": str(len(rows)), "used": spelt_number(used), "area": spelt_number(case.area)}
        yield _first(case, told)
    for row in rows:
        yield from _unequal_parts(case, rule, row, rule["parts"], key, "parts")


def _unequal_parts(
    case: Case, rule: Rule, row: ReturnedRow, parts: Sequence[str], key: str, kind: str = ""
) -> Iterator[Breach]:
    """Parts of a row that do not sum to its whole; parts that are not said count as nothing."""
    said, whole = [one for one in (number(row, each) for each in parts) if one is not None], number(row, key)
    if not said or whole is None:
        return
    total = sum(said, Decimal(0))
    if abs(total - whole) > case.tolerance(rule, len(said) + 1):
        told = {"fields": "|".join(parts), "field": key, "sum": spelt_number(total), "whole": spelt_number(whole)}
        yield Breach(row, told, kind)


def _unlikely(rule: Rule, _: Case, row: ReturnedRow) -> Iterator[Breach]:
    """R03: a kind of case that seldom goes with what was seen."""
    for one in rule["unlikely"]:
        if row.said.get(one["when"]) in one["says"] and row.said.get(one["but"]) in one["seen"]:
            told = {"field": one["when"], "said": row.said[one["when"]]}
            yield Breach(row, told | {"other": one["but"], "seen": row.said[one["but"]]})


def _without_document(rule: Rule, case: Case, row: ReturnedRow) -> Iterator[Breach]:
    """R07: no document at all, or one of which number, date or area is missing."""
    if case.verdict(row) not in rule["verdicts"]:
        return
    begun = [group for group in rule["documents"] if any(row.said.get(key) for key in group)]
    for group in begun:
        missing = case.unasked(row, [key for key in group if _is_asked(case, key) and not row.said.get(key)])
        if missing:
            yield Breach(row, {"fields": "|".join(missing)}, "part")
    keys = [key for group in rule["documents"] for key in group]
    mute = not begun and _is_asked(case, *keys, rule["grounds"]) and not _has_digit(row, rule["grounds"])
    if mute and case.unasked(row, keys) == keys:
        yield Breach(row, {"field": _place(case, rule["grounds"], *keys)})


def _approved_less(rule: Rule, case: Case, row: ReturnedRow) -> Iterator[Breach]:
    """R08: each approved area against the area used."""
    used = number(row, rule["used"])
    for key in rule["approved"]:
        approved = number(row, key)
        if used is not None and approved is not None and approved + case.tolerance(rule) < used:
            told = {"field": key, "approved": spelt_number(approved), "used": spelt_number(used)}
            yield Breach(row, told)


def _approved_late(rule: Rule, _: Case, row: ReturnedRow) -> Iterator[Breach]:
    """R09: each date of approval against the day works began."""
    begun = row.said.get(rule["begun_on"], "")
    for key in rule["approved_on"]:
        if begun and row.said.get(key, "") > begun:
            told = {"field": key, "approved": row.said[key], "other": rule["begun_on"], "begun": begun}
            yield Breach(row, told)


def _without_record(rule: Rule, case: Case, row: ReturnedRow) -> Iterator[Breach]:
    """R10: kinds of case that stand on a record, without its number."""
    said = any(row.said.get(key) for key in rule["numbers"]) or _has_digit(row, rule["grounds"])
    asked = _is_asked(case, *rule["numbers"], rule["grounds"])
    mute = asked and not said and case.unasked(row, rule["numbers"]) == list(rule["numbers"])
    if row.said.get(rule["kind"]) in rule["kinds"] and mute:
        yield Breach(row, {"said": row.said[rule["kind"]], "field": _place(case, rule["grounds"], *rule["numbers"])})


def _unhandled(rule: Rule, case: Case, row: ReturnedRow) -> Iterator[Breach]:
    """R11: nothing said of how it is handled."""
    key = rule["handling"]
    mute = _is_asked(case, key) and not row.said.get(key) and case.unasked(row, [key])
    if case.verdict(row) in rule["verdicts"] and mute:
        yield Breach(row, {"field": key})


def _unsigned(rule: Rule, case: Case, row: ReturnedRow) -> Iterator[Breach]:
    """R13: no name or no day."""
    missing = [key for key in rule["signed"] if _is_asked(case, key) and not row.said.get(key)]
    unsaid = case.unasked(row, missing)
    if unsaid:
        yield Breach(row, {"fields": "|".join(unsaid)})


def _unequal_handled(rule: Rule, case: Case, row: ReturnedRow) -> Iterator[Breach]:
    """R15: what was demolished, regularised and remains against the area used."""
    if case.verdict(row) in rule["verdicts"]:
        yield from _unequal_parts(case, rule, row, rule["parts"], rule["used"])


def _is_asked(case: Case, *keys: str) -> bool:
    return bool(case.places.intersection(keys))


def _place(case: Case, *keys: str) -> str:
    """The first of some questions that the file has a place for."""
    return next(one for one in keys if one in case.places)


def _has_digit(row: ReturnedRow, key: str) -> bool:
    """Whether a text may hold the number of a document: all have digits."""
    return any(one.isdigit() for one in row.said.get(key, ""))


def _papers(case: Case, rule: Rule) -> Papers:
    said = [row.said for row in case.answer.rows]
    return Papers(
        case.sent.at,
        case.sent.patch_uid,
        case.sent.patch_no,
        tuple(one[key] for one in said for key in rule["numbers"] if one.get(key)),
        tuple(one[rule["grounds"]] for one in said if one.get(rule["grounds"])),
    )


_OF_ANSWERS: dict[str, Callable[[Rule, Case], Iterator[Breach]]] = {
    "R04": _larger,
    "R05": _more_farmland,
    "R06": _unequal_parcels,
}
_OF_ROWS: dict[str, Callable[[Rule, Case, ReturnedRow], Iterator[Breach]]] = {
    "R03": _unlikely,
    "R07": _without_document,
    "R08": _approved_less,
    "R09": _approved_late,
    "R10": _without_record,
    "R11": _unhandled,
    "R13": _unsigned,
    "R15": _unequal_handled,
}
