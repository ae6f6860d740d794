"""How a form's conditions are told: which answers ask for a section, or make a field due."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.forms.form import Choice, Field, Form
from pipeline.forms.mistakes import ALWAYS
from pipeline.texts import Texts


def section_words(form: Form, tab: str, when: tuple[str, ...], words: Texts) -> str:
    """A section's name, and for which answers it is filled in where not for all."""
    section = words[f"form.section.{tab}"]
    if when == (ALWAYS,):
        return section
    return words.say("form.section_for", section=section, verdicts=either(form, when, words))


def either(form: Form, answers: Iterable[str], words: Texts) -> str:
    """The answers by their own words; with verdict or question only where two answers of the form are called alike."""
    language, named = words.language, [form.answers[code] for code in answers]
    alike = [each.label[language] for one in form.fields for each in one.choices]
    return words["form.help.or"].join(
        each.label[language] if alike.count(each.label[language]) == 1 else _full(form, one, each, words)
        for one, each in named
    )


def _full(form: Form, one: Field, choice: Choice, words: Texts) -> str:
    question = [] if one is form.verdict or choice.under else [one.heading[words.language].split("\n")[0]]
    return words["form.joint"].join([*question, form.label(choice, words.language, words["form.joint"])])
