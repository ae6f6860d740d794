"""Words between answers that speak of nothing are named; those that speak of anything are not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.collect.decided import idle_decisions
from pipeline.collect.merge import answer_id
from tests.collect.test_merge import FULL, decision, file, merged, row

FILES = (file("x", row("a", **FULL)), file("deep/y.xlsx", row("b", at=2, **FULL)))


@pytest.mark.parametrize(
    ("said", "verb", "thing", "told"),
    [
        ("C-a", "take", "x", []),
        ("C-a/1", "take", "deadbeef", [("return", "deadbeef")]),
        ("C-a", "take", "z.xlsx", [("return", "z.xlsx")]),
        ("C-a", "take", "y.xlsx", [("answer", "y.xlsx")]),
        ("C-b", "take", "y.xlsx", []),
        ("C-q", "take", "x", [("piece_or_return", "C-q")]),
        ("x", "take", "", []),
        ("y.xlsx", "leave", "", []),
        ("z.xlsx", "leave", "", [("return", "z.xlsx")]),
        ("C-a", "leave", "", [("return", "C-a")]),
        ("C-q", "pass", "city", []),  # said by the reviews
    ],
)
def test_what_speaks_of_nothing_is_named(said: str, verb: str, thing: str, told: list[tuple[str, str]]) -> None:
    lines = [decision(said, verb, thing)]
    found = idle_decisions(lines, merged(*FILES, decisions=tuple(lines)).findings, FILES)
    assert [what for _, what, _ in found] == [what for what, _ in told]
    assert [words for _, _, words in found] == [words for _, words in told]


def test_a_word_on_an_answer_that_another_was_issued_upon_is_not_idle() -> None:
    first = merged(FILES[0]).findings[0].answers[0]
    later = file("z", replace(row("a", at=9, **{**FULL, "verdict": "other"}), base=answer_id(first)))
    lines = [decision("C-a", "take", "x")]
    findings = merged(FILES[0], later, decisions=tuple(lines)).findings
    assert findings[0].superseded
    assert idle_decisions(lines, findings, (FILES[0], later)) == []
