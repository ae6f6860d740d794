"""Doubts in words."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.collect.returned import Doubt, Remark
from pipeline.forms.form import Form
from pipeline.forms.workbook import heading
from pipeline.records import CampaignFacts
from pipeline.texts import texts

Words = Callable[[Remark], str]


def remark_words(form: Form, facts: CampaignFacts) -> Words:
    """What is wrong and what to do, in one sentence of the campaign's language; questions by their heading."""
    words = texts(facts.language)
    joint = words["form.heading_joint"]
    named = {field.key: heading(field, facts, words).replace("\n", joint) for field in form.fields}
    labels = {choice.code: choice.label[facts.language] for field in form.fields for choice in field.choices}
    unit = words[f"unit.{facts.area_unit}"]

    def sentence(one: Remark) -> str:
        told = dict(one.facts)
        for key in ("field", "other"):
            if key in told:
                told[key] = named.get(told[key], told[key])
        if "fields" in told:
            keys = told["fields"].split("|")
            told["fields"] = words["returns.separator"].join(named.get(key, key) for key in keys)
        if one.code is not Doubt.CHECK:
            return words.say(f"collect.{one.code.lower()}", **{"place": one.place, **told})
        told |= {key: labels.get(told[key], told[key]) for key in ("said", "seen") if key in told}
        return words.say(_key_of(one), **{"unit": unit, **told})

    return sentence


def _key_of(one: Remark) -> str:
    """The key of a rule's sentence: "R12", or "R12" with the kind of breach."""
    rule, kind = one.facts["rule"].lower(), one.facts["kind"]
    return f"collect.check.{rule}_{kind}" if kind else f"collect.check.{rule}"
