"""What the field form checks of an answer: an expression QGIS and QField evaluate, and the sentence they show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipeline.forms.form import Field, Form
from pipeline.forms.mistakes import ALWAYS
from pipeline.forms.sections import either
from pipeline.texts import Texts


@dataclass(frozen=True)
class FieldRule:
    """What must hold of a field, and what is said where it does not; both empty where anything goes."""

    expression: str = ""
    sentence: str = ""


def field_rule(form: Form, one: Field, column: str, called: Mapping[str, str], words: Texts) -> FieldRule:
    """All that must hold of `column`, which asks `one`; `called` are the columns' names by the columns of the form."""
    found = list(_rules(form, one, column, called, words))
    if not found:
        return FieldRule()
    sentence = words["project.rule.joint"].join(rule.sentence for rule in found) + words["project.rule.end"]
    return FieldRule(" and ".join(rule.expression for rule in found), sentence)


def _rules(form: Form, one: Field, column: str, called: Mapping[str, str], words: Texts) -> Iterator[FieldRule]:
    name = called[column]
    if one.needed and not one.stamp and one.key != form.verdict_key:
        yield FieldRule(_due(form, one, column), _due_words(form, one, name, words))
    if any(choice.under for choice in one.choices):
        under = f'("{column}" is null or "{column}" like "{form.verdict_key}" || \'.%\')'
        yield FieldRule(under, words.say("project.rule.under", name=name, verdict=called[form.verdict_key]))
    if one.low is not None:
        yield FieldRule(f'("{column}" is null or "{column}" >= {one.low:g})', _bound("low", name, one.low, words))
    if one.high is not None:
        yield FieldRule(f'("{column}" is null or "{column}" <= {one.high:g})', _bound("high", name, one.high, words))
    for whole, whole_name in called.items():
        if one.within and whole in (one.within, *(f"{one.within}_{unit}" for unit in ("mu", "ha", "ac"))):
            part = f'("{column}" is null or "{column}" <= coalesce("{whole}", 0))'
            yield FieldRule(part, words.say("project.rule.within", name=name, whole=whole_name))


def _due(form: Form, one: Field, column: str) -> str:
    return f"(not ({holds(form, one.needed)}) or length(trim(coalesce(to_string(\"{column}\"), ''))) > 0)"


def holds(form: Form, condition: tuple[str, ...]) -> str:
    """Whether the answers of a feature are such that a condition (`when`, `needed`) holds."""
    if condition == (ALWAYS,):
        return f'"{form.verdict_key}" is not null'
    codes: dict[str, list[str]] = {}
    for one, choice in (form.answers[code] for code in condition):
        codes.setdefault(one.key, []).append(f"'{choice.code}'")
    return " or ".join(f"coalesce(\"{key}\", '') in ({', '.join(mine)})" for key, mine in codes.items())


def _due_words(form: Form, one: Field, name: str, words: Texts) -> str:
    if one.needed == (ALWAYS,):
        return words.say("project.rule.due", name=name)
    return words.say("project.rule.due_for", name=name, verdicts=either(form, one.needed, words))


def _bound(which: str, name: str, value: float, words: Texts) -> str:
    return words.say(f"project.rule.{which}", name=name, value=f"{value:g}")
