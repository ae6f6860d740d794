"""Decisions between answers that speak of nothing: a misspelt name must not pass for one that was carried out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from pipeline.collect.merge import Finding, piece_ids
from pipeline.collect.returned import ReturnedFile
from pipeline.decisions import Decision, names_file, of_verbs

Idle = tuple[Decision, str, str]  # the decision, what it should speak of (a key of `texts/*/issue.toml`), and its words


def idle_decisions(
    decisions: Sequence[Decision], findings: Sequence[Finding], returned: Sequence[ReturnedFile]
) -> list[Idle]:
    """The lines `take` and `leave` that name no piece, no returned file, or a file that says nothing of the piece."""
    between = of_verbs(decisions, "take", "leave")
    if not between:
        return []
    answers: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for one in findings:
        for each in piece_ids(one.sent):
            answers[each] |= {(answer.file, answer.digest) for answer in (*one.answers, *one.superseded)}
    files = {(one.name, one.digest) for one in returned}
    return [idle for one in between for idle in _idle(one, answers, files)]


def _idle(one: Decision, answers: dict[str, set[tuple[str, str]]], files: set[tuple[str, str]]) -> Iterator[Idle]:
    if one.verb == "take" and one.id in answers:
        if not _named(one.object, answers[one.id]):
            yield one, "answer" if _named(one.object, files) else "return", one.object
    elif not _named(one.id, files):
        yield one, "return" if one.verb == "leave" else "piece_or_return", one.id


def _named(said: str, files: set[tuple[str, str]]) -> bool:
    return any(names_file(said, *one) for one in files)
