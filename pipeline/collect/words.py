"""Doubts in words."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.collect.returned import Remark
from pipeline.forms.form import Form
from pipeline.forms.workbook import heading
from pipeline.records import CampaignFacts
from pipeline.texts import texts

Words = Callable[[Remark], str]


def remark_words(form: Form, facts: CampaignFacts) -> Words:
    """What is wrong and what to do, in one sentence of the campaign's language; questions by their heading."""
    words = texts(facts.language)
    named = {field.key: heading(field, facts, words).replace("\n", "") for field in form.fields}

    def sentence(one: Remark) -> str:
        told = dict(one.facts)
        if "field" in told:
            told["field"] = named.get(told["field"], told["field"])
        return words.say(f"collect.{one.code.lower()}", **{"place": one.place, **told})

    return sentence
