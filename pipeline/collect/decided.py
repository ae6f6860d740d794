"""Decisions between answers that speak of nothing: a misspelt name must not pass for one that was carried out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from pipeline.collect.merge import Finding, piece_ids
from pipeline.collect.named import file_named, named_answers
from pipeline.collect.returned import ReturnedFile
from pipeline.decisions import Decision, names_file, of_verbs

Idle = tuple[Decision, str, str]  # the decision, what it should speak of (a key of `texts/*/issue.toml`), and its words


def idle_decisions(
    decisions: Sequence[Decision], findings: Sequence[Finding], returned: Sequence[ReturnedFile]
) -> list[Idle]:
    """The lines `take` and `leave` that name no piece, no returned file, a file or row that says nothing of the piece,
    or a file that answers it twice."""
    between = of_verbs(decisions, "take", "leave")
    if not between:
        return []
    about: dict[str, list[Finding]] = defaultdict(list)
    for one in findings:
        for each in piece_ids(one.sent):
            about[each].append(one)
    files = {(one.name, one.digest) for one in returned}
    return [idle for one in between for idle in _idle(one, about, files)]


def _idle(one: Decision, about: dict[str, list[Finding]], files: set[tuple[str, str]]) -> Iterator[Idle]:
    if one.verb == "take" and one.id in about:
        if not any(named_answers(one.object, (*each.answers, *each.superseded)) for each in about[one.id]):
            yield one, "answer" if any(file_named(one.object, *each) for each in files) else "return", one.object
        elif any(
            len({answer.says() for answer in named_answers(one.object, each.answers)}) > 1 for each in about[one.id]
        ):
            yield one, "row", one.object
    elif not _named(one.id, files):
        yield one, "return" if one.verb == "leave" else "piece_or_return", one.id


def _named(said: str, files: set[tuple[str, str]]) -> bool:
    return any(names_file(said, *one) for one in files)
