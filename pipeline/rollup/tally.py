"""What counties answered, as sums that add up exactly.

Square metres are `Decimal`s of the delivered floats and the answers are decimal numbers already, so sums of sums are
the sum, in whatever order: what is rounded is rounded once, where it is written.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import reduce
from typing import Any

NOTHING = Decimal(0)
COLUMNS = (
    "patch_uid",
    "patch_no",
    "county_code",
    "county_name",
    "state",
    "verdict",
    "verdict_sub",
    "area_m2",
    "answers",
)
Kind = tuple[str, str]  # verdict, kind of case


@dataclass(frozen=True)
class Tally:
    """Some pieces together.

    `said` sums the numbers of an answer by question (areas in the office's unit), `missing` counts the land parcels
    that leave a question empty, `chosen` those that chose (question, code).
    """

    pieces: int = 0
    area_m2: Decimal = NOTHING
    said: Mapping[str, Decimal] = field(default_factory=dict)
    missing: Mapping[str, int] = field(default_factory=dict)
    chosen: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.pieces + other.pieces,
            self.area_m2 + other.area_m2,
            _added(self.said, other.said),
            _added(self.missing, other.missing),
            _added(self.chosen, other.chosen),
        )


@dataclass(frozen=True)
class Account:
    """What one unit was asked and what it answered; the form, not this, puts verdicts and kinds in order."""

    asked: Tally = Tally()
    open: Tally = Tally()
    answered: Tally = Tally()
    conflict: Tally = Tally()
    verdicts: Mapping[str, Tally] = field(default_factory=dict)
    kinds: Mapping[Kind, Tally] = field(default_factory=dict)

    def __add__(self, other: Account) -> Account:
        return Account(
            self.asked + other.asked,
            self.open + other.open,
            self.answered + other.answered,
            self.conflict + other.conflict,
            _added(self.verdicts, other.verdicts),
            _added(self.kinds, other.kinds),
        )

    def of(self, *verdicts: str) -> Tally:
        """The answered pieces of these verdicts together."""
        return reduce(Tally.__add__, (self.verdicts.get(one, Tally()) for one in verdicts), Tally())


def total(accounts: Iterable[Account]) -> Account:
    """Several units as one."""
    return reduce(Account.__add__, accounts, Account())


def _added(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> Mapping[Any, Any]:
    if not one or not other:
        return one or other
    made = dict(one)
    for key, value in other.items():
        made[key] = made[key] + value if key in made else value
    return made


@dataclass(frozen=True)
class Asks:
    """What of the answers is summed: keys of numbers and of choices, and which of the numbers each verdict owes."""

    verdict_key: str
    numbers: tuple[str, ...]
    choices: tuple[str, ...]
    due: Mapping[str, tuple[str, ...]]


def accounts(findings: Mapping[str, Sequence[Any]], asks: Asks) -> dict[str, Account]:
    """The account of every county that was asked, by code; `findings` has `COLUMNS`, one value a sent piece."""
    made: dict[str, _Open] = defaultdict(_Open)
    for code, state, verdict, sub, area_m2, answers in zip(
        *(findings[name] for name in ("county_code", "state", "verdict", "verdict_sub", "area_m2", "answers")),
        strict=True,
    ):
        made[code].take(state, (verdict, sub), Decimal(repr(float(area_m2))))
        if state == "answered":
            made[code].hear((verdict, sub), parcels_of(answers), asks)
    return {code: one.closed() for code, one in sorted(made.items())}


def parcels_of(answers: str) -> list[Mapping[str, str]]:
    """The land parcels of the answer that counts."""
    found: list[Mapping[str, str]] = json.loads(answers)[0]["parcels"] if answers else []
    return found


class _Open:
    """A county's account while it is being added up."""

    def __init__(self) -> None:
        self.states: dict[str, list[Any]] = defaultdict(lambda: [0, NOTHING])
        self.groups: dict[Kind, list[Any]] = defaultdict(lambda: [0, NOTHING])
        self.heard: dict[Kind, Tally] = {}

    def take(self, state: str, kind: Kind, area_m2: Decimal) -> None:
        for sums in [self.states[state], *([self.groups[kind]] if state == "answered" else [])]:
            sums[0] += 1
            sums[1] += area_m2

    def hear(self, kind: Kind, parcels: Iterable[Mapping[str, str]], asks: Asks) -> None:
        """Add what the parcels say, each under its own verdict where it gives one."""
        for said in parcels:
            own = said.get(asks.verdict_key, "")
            mine = (own, said.get("verdict_sub", "")) if own else kind
            self.heard[mine] = self.heard.get(mine, Tally()) + _heard(said, mine[0], asks)

    def closed(self) -> Account:
        kinds = _added({kind: Tally(*sums) for kind, sums in sorted(self.groups.items())}, self.heard)
        verdicts: dict[str, Tally] = {}
        for (verdict, _), one in kinds.items():
            verdicts[verdict] = verdicts.get(verdict, Tally()) + one
        states = {state: Tally(*sums) for state, sums in self.states.items()}
        asked = reduce(Tally.__add__, states.values(), Tally())
        unsaid, answered, conflict = (states.get(one, Tally()) for one in ("open", "answered", "conflict"))
        return Account(asked, unsaid, answered, conflict, verdicts, kinds)


def _heard(said: Mapping[str, str], verdict: str, asks: Asks) -> Tally:
    numbers = {key: number for key in asks.numbers if (number := _number(said.get(key, ""))) is not None}
    missing = {key: 1 for key in asks.due.get(verdict, ()) if key not in numbers}
    return Tally(said=numbers, missing=missing, chosen={(key, said[key]): 1 for key in asks.choices if said.get(key)})


def _number(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None
