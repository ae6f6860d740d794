"""What the field form asks of an answer, and says where it is not so."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

import pytest

from pipeline.forms.field_rules import FieldRule, field_rule
from pipeline.forms.form import Choice, Field, Form
from pipeline.forms.sections import either
from pipeline.records import CampaignFacts
from pipeline.texts import texts

Answers = dict[str, str | float | None]


@pytest.fixture
def called(form: Form, facts: CampaignFacts) -> dict[str, str]:
    return {one.column(facts.area_unit): one.heading[facts.language] for one in form.asked}


def rule_of(form: Form, facts: CampaignFacts, called: dict[str, str], key: str) -> FieldRule:
    one = form[key]
    return field_rule(form, one, one.column(facts.area_unit), called, texts(facts.language))


def holds(rule: FieldRule, called: dict[str, str], answers: Answers) -> bool:
    """What QGIS makes of the expression, by the same words in SQL."""
    base = sqlite3.connect(":memory:")
    columns = ", ".join(f'? AS "{one}"' for one in called)
    sql = re.sub(r'to_string\(("\w+")\)', r"cast(\1 AS text)", rule.expression)
    row: Any = base.execute(f"SELECT {sql} FROM (SELECT {columns})", [answers.get(one) for one in called]).fetchone()
    return bool(row[0])


def first_kind(form: Form, verdict: str) -> Choice:
    return next(one for one in form["verdict_sub"].choices if one.under == verdict)


def test_a_kind_of_case_belongs_to_its_verdict(form: Form, facts: CampaignFacts, called: dict[str, str]) -> None:
    rule = rule_of(form, facts, called, "verdict_sub")
    codes = [one.code for one in form.verdict.choices]
    for one in codes:
        for other in codes:
            said: Answers = {"verdict": one, "verdict_sub": first_kind(form, other).code}
            assert holds(rule, called, said) == (one == other)
        assert not holds(rule, called, {"verdict": one})
    assert holds(rule, called, {})


def test_what_is_due_for_some_verdicts_is_due_for_those_alone(
    form: Form, facts: CampaignFacts, called: dict[str, str]
) -> None:
    some = [one for one in form.asked if one.needed and "always" not in one.needed and not one.stamp]
    assert some
    for one in some:
        rule = rule_of(form, facts, called, one.key)
        named = {code: (asked.key, choice) for code, (asked, choice) in form.answers.items()}
        due = {code for code, (key, choice) in named.items() if not holds(rule, called, {key: choice.code})}
        assert {code for code in due if code in one.needed} == set(one.needed)
        assert all(any(named[code] == named[other] for other in one.needed) for code in due)
        told = either(form, one.needed, texts(facts.language))
        assert told in rule.sentence
        assert all(named[code][1].label[facts.language] in told for code in one.needed)


@pytest.mark.parametrize("profile", ["cn"], indirect=True)
def test_parts_are_no_larger_than_their_whole(form: Form, facts: CampaignFacts, called: dict[str, str]) -> None:
    rule = rule_of(form, facts, called, "used_farmland")
    assert holds(rule, called, {"verdict": "legal", "used_mu": 2.0, "used_farmland_mu": 2.0})
    assert not holds(rule, called, {"verdict": "legal", "used_mu": 2.0, "used_farmland_mu": 2.01})
    assert not holds(rule, called, {"verdict": "legal", "used_mu": 2.0, "used_farmland_mu": -1.0})
    assert called["used_mu"] in rule.sentence


def test_every_rule_says_what_is_wrong_by_the_name_of_its_field(
    form: Form, facts: CampaignFacts, called: dict[str, str]
) -> None:
    for one in form.asked:
        rule = rule_of(form, facts, called, one.key)
        assert bool(rule.expression) == bool(rule.sentence) == (one.heading[facts.language] in rule.sentence)


def test_bounds_hold_at_the_bound(form: Form, facts: CampaignFacts, called: dict[str, str]) -> None:
    one = Field("share", dict.fromkeys(("zh", "en"), "S"), "number", "officer", low=1.0, high=5.0)
    rule = field_rule(form, one, "share", {**called, "share": "S"}, texts(facts.language))
    good = [holds(rule, {**called, "share": "S"}, {"share": value}) for value in (None, 0.99, 1.0, 5.0, 5.01)]
    assert good == [True, False, True, True, False]
