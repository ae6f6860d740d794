"""City and province pass or return what a county answered; what they say never changes an answer.

A piece is answered all the while: a return opens it to be answered anew and leaves the answer where it is. It stands
until the level that returned it passes it, or an answer comes that was issued upon that very return.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.collect.merge import Finding, piece_ids
from pipeline.decisions import Decision, of_verbs
from pipeline.engine.digest import value_digest
from pipeline.errors import USAGE, Refusal, Refusals
from pipeline.shelf import read_toml, shelf_file
from pipeline.texts import Texts, languages

ISSUED, SUBMITTED = "issued", "submitted"
MARK = "!"  # before the id of a review, where ids of answers stand too
_BETWEEN = re.compile(r"[\s,，、]+")


@dataclass(frozen=True)
class Level:
    """Who reviews."""

    code: str
    label: Mapping[str, str]
    also: tuple[str, ...] = ()

    def is_called(self, word: str) -> bool:
        """Whether a decision that says `word` speaks of this level."""
        return word.casefold() in {one.casefold() for one in (self.code, *self.also, *self.label.values())}


@dataclass(frozen=True)
class ReviewTable:
    """The levels in order, and the reasons for a return by number."""

    levels: tuple[Level, ...]
    reasons: Mapping[int, Mapping[str, str]]


@dataclass(frozen=True)
class Line:
    """One review as decided: by which level, of what, and why."""

    decision: Decision
    level: Level
    reasons: tuple[int, ...]

    @property
    def mark(self) -> str:
        """What an answer that was issued upon this review calls it."""
        one = self.decision
        return MARK + value_digest([one.who, one.when, one.id, one.verb, one.object, one.reason])[:16]


@dataclass(frozen=True, slots=True)
class Review:
    """What the levels say of one piece.

    `state` is "" (not answered), "submitted", "<level>_passed" or "<level>_returned"; `standing` are the lines in
    force, at most one a level, `lines` all that were ever said of it.
    """

    state: str = ""
    standing: tuple[Line, ...] = ()
    lines: tuple[Line, ...] = ()

    @property
    def returned(self) -> Line | None:
        """The return that stands, if one does."""
        return next((one for one in self.standing if self.state == f"{one.level.code}_returned"), None)


def load_reviews(name: str | Path) -> ReviewTable:
    """The table of `config/forms/<name>.toml`, or of the office's own file.

    Raises:
        Refusal: there is none, or it is not right.
    """
    own = Path(name) if str(name).endswith(".toml") else None
    path = shelf_file(f"forms/{name}.toml", own, "reviews*")
    tree = read_toml(path)
    try:
        levels = tuple(Level(one["code"], _labels(one), tuple(one.get("also", ()))) for one in tree["levels"])
        reasons = {int(one["no"]): _labels(one) for one in tree["reasons"]}
    except (KeyError, TypeError, ValueError) as problem:
        hint = "a level has code, zh and en, a reason no, zh and en"
        raise Refusal(f"{path}: {problem} is missing or not right", hint, USAGE) from problem
    return ReviewTable(levels, reasons)


def _labels(one: Mapping[str, Any]) -> dict[str, str]:
    return {language: str(one[language]) for language in languages()}


def review_lines(decisions: Sequence[Decision], table: ReviewTable) -> list[Line]:
    """The reviews among all decisions, in the order of the file.

    Raises:
        Refusals: a level or reason that is none, named by row.
    """
    found: list[Refusal] = []
    lines = [line for one in of_verbs(decisions, "pass", "return") for line in _line(one, table, found)]
    if found:
        raise Refusals(found)
    return lines


def _line(one: Decision, table: ReviewTable, found: list[Refusal]) -> list[Line]:
    word, *numbers = _BETWEEN.split(one.object)
    levels = [each for each in table.levels if each.is_called(word)]
    reasons = tuple(int(each) for each in numbers if each.isdigit())
    if not levels:
        there = ", ".join(each.code for each in table.levels)
        found.append(Refusal(f"decisions.csv row {one.row}: nobody reviews as {word!r}", f"there are: {there}"))
    elif strange := [each for each in reasons if each not in table.reasons]:
        there = f"{min(table.reasons)} to {max(table.reasons)}"
        found.append(Refusal(f"decisions.csv row {one.row}: there is no reason {strange[0]}", f"there are {there}"))
    else:
        return [Line(one, levels[0], reasons)]
    return []


def review_all(findings: Sequence[Finding], lines: Sequence[Line], table: ReviewTable) -> list[Review]:
    """What the levels say of each finding, in their order."""
    by_id: dict[str, list[Line]] = defaultdict(list)
    for one in lines:
        by_id[one.decision.id].append(one)
    return [_review(one, by_id, table) for one in findings]


def unused(lines: Iterable[Line], findings: Iterable[Finding]) -> list[Decision]:
    """Reviews that speak of no county and no piece."""
    known = {each for one in findings for each in (*piece_ids(one.sent), one.sent.county_code)}
    return [one.decision for one in lines if one.decision.id not in known]


def _review(finding: Finding, by_id: Mapping[str, Sequence[Line]], table: ReviewTable) -> Review:
    """Lines about the piece itself go before lines about its county; of several of one level the last counts."""
    if not by_id:
        return Review(SUBMITTED if finding.state == "answered" else "")
    county = list(by_id.get(finding.sent.county_code, ()))
    own = sorted(
        (line for each in piece_ids(finding.sent) for line in by_id.get(each, ())), key=lambda one: one.decision.row
    )
    known = frozenset().union(*(one.base for one in (*finding.answers, *finding.superseded)))
    lines = (*county, *own)
    standing = {one.level.code: one for one in lines if one.mark not in known}  # an answer may have been issued upon it
    in_force = tuple(standing[one.code] for one in table.levels if one.code in standing)
    return Review(_state(in_force) if finding.state == "answered" else "", in_force, lines)


def _state(standing: Sequence[Line]) -> str:
    """From the lowest level up: a return stops there, a pass goes on, a level that says nothing is left out."""
    state = SUBMITTED
    for one in standing:
        if one.decision.verb == "return":
            return f"{one.level.code}_returned"
        state = f"{one.level.code}_passed"
    return state


def county_review(states: Sequence[str], table: ReviewTable) -> str:
    """A county's state: issued until every piece is answered; returned where any piece is; else as far as all are."""
    if any(one == "" for one in states):
        return ISSUED
    order = [SUBMITTED, *(f"{one.code}_passed" for one in table.levels)]
    returned = [f"{one.code}_returned" for one in table.levels if f"{one.code}_returned" in states]
    return returned[-1] if returned else min(states, key=order.index, default=ISSUED)


def county_reviews(
    findings: Sequence[Finding], reviews: Sequence[Review], table: ReviewTable
) -> dict[str, dict[str, Any]]:
    """By county code: its state, how many pieces have which, and how often pieces were returned."""
    states: dict[str, list[str]] = defaultdict(list)
    returns: Counter[str] = Counter()
    for finding, review in zip(findings, reviews, strict=True):
        states[finding.sent.county_code].append(review.state)
        if finding.answers or finding.superseded:  # a word on the patch is none on a piece nobody answered
            returns[finding.sent.county_code] += sum(one.decision.verb == "return" for one in review.lines)
    return {
        code: {
            "review": county_review(mine, table),
            "reviews": dict(sorted(Counter(one for one in mine if one).items())),
            "times_returned": returns[code],
        }
        for code, mine in sorted(states.items())
    }


def review_labels(table: ReviewTable, words: Texts) -> dict[str, str]:
    """Every state a piece or a county can have, from issued upwards, in words."""
    made = {state: words[f"returns.review.{state}"] for state in (ISSUED, SUBMITTED)}
    for level in table.levels:
        for said in ("returned", "passed"):
            made[f"{level.code}_{said}"] = words.say(f"returns.review.{said}", level=level.label[words.language])
    return made


def reason_words(line: Line, table: ReviewTable, words: Texts) -> str:
    """Who returned it, why, and by whose word."""
    said = words["returns.separator"].join(table.reasons[one][words.language] for one in line.reasons)
    level, decided = line.level.label[words.language], line.decision.words
    return words.say("returns.reissue.returned", level=level, reasons=said, decided=decided)


def told(review: Review) -> str:
    """All lines about a piece as JSON, with whether they still stand; "" if there are none."""
    said = [
        {
            "level": one.level.code,
            "decision": one.decision.verb,
            "reasons": list(one.reasons),
            "who": one.decision.who,
            "when": one.decision.when,
            "why": one.decision.reason,
            "stands": one in review.standing,
        }
        for one in review.lines
    ]
    return json.dumps(said, ensure_ascii=False) if said else ""
