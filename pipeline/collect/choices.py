"""Choices by their words in any language, by their code, alone or with their verdict before them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.collect.spelling import folded
from pipeline.forms.form import Choice, Field, Form
from pipeline.texts import languages, texts

_FEW = 6  # choices that can all be named in one sentence
_BETWEEN = re.compile(r"[、，,;；|\n]")


@dataclass(frozen=True)
class Vocabulary:
    """The words of one question's choices: folded words → the codes they may mean."""

    codes: Mapping[str, tuple[str, ...]]
    labels: Mapping[str, str]  # code → words in the reader's language
    under: Mapping[str, str]  # code → verdict

    def code_of(self, text: str, verdict: str = "") -> str:
        """The code `text` means; where several verdicts have the same words, the one under `verdict`.

        Raises:
            ValueError: it means none, or several.
        """
        found = self.codes.get(folded(text), ())
        mine = [one for one in found if self.under[one] == verdict] if len(found) > 1 else list(found)
        if len(mine) != 1:
            raise ValueError("no choice")
        return mine[0]

    def codes_of(self, text: str) -> str:
        """The codes of several choices written one after another, in the order of the form, joined by "|".

        Raises:
            ValueError: one of them is no choice.
        """
        said = {self.code_of(one) for one in _BETWEEN.split(text) if folded(one)}
        return "|".join(one for one in self.labels if one in said)

    def nearest(self, text: str, verdict: str = "") -> list[str]:
        """The allowed words nearest to `text`: all where they are few, at most three otherwise."""
        labels = [label for code, label in self.labels.items() if not verdict or self.under[code] == verdict]
        if len(labels) <= _FEW:
            return labels
        by_word = {folded(one): one for one in labels}
        near = difflib.get_close_matches(folded(text), by_word, 3, 0.2)
        return [by_word[one] for one in near] or labels[:3]


def vocabulary(form: Form, one: Field, language: str) -> Vocabulary:
    """The words of a question's choices."""
    codes: dict[str, dict[str, None]] = {}
    for choice in one.choices:
        for word in _words(form, choice):
            codes.setdefault(folded(word), {})[choice.code] = None
    joint = texts(language)["form.joint"]
    labels = {choice.code: form.label(choice, language, joint) for choice in one.choices}
    under = {choice.code: choice.under for choice in one.choices}
    return Vocabulary({word: tuple(found) for word, found in codes.items()}, labels, under)


def _words(form: Form, choice: Choice) -> list[str]:
    alone = [choice.label[language] for language in languages()]
    joint = [form.label(choice, language, " ") for language in languages()]
    return [*alone, *joint, choice.code, choice.code.rpartition(".")[2]]
