"""The columns of the roll-up: what the campaign's form and the answers carry, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal
from typing import Literal

from pipeline.amounts import area_in, rounded
from pipeline.forms.form import Field, Form
from pipeline.records import CampaignFacts
from pipeline.rollup.levels import COUNTY, Unit
from pipeline.rollup.tally import Asks, Tally
from pipeline.texts import Texts

Cell = str | int | Decimal | None  # None: there is no such figure, and a dash says so
Kind = Literal["level", "code", "name", "flag", "count", "area", "share", "check"]
FARMLAND = "used_farmland"
NEW_BUILDING = ("legal", "illegal")  # 新增建设用地 = 合法 + 违法; 其他 is in neither (15号令)
HANDLING = "handling"
MENDING = ("demolished", "regularised", "remaining")
_CARD = ("used_pbf", HANDLING, *MENDING)  # asked on the card only: columns where an answer carries them
LIMIT, BAND = Decimal("0.15"), Decimal("0.001")
AREA_DECIMALS = 2


@dataclass(frozen=True)
class Column:
    """One column: its band and heading in words, what kind of cell, and how to find it for a unit."""

    band: str
    heading: str
    kind: Kind
    value: Callable[[Unit], Cell]
    colour: str = ""  # of the verdict it belongs to


@dataclass(frozen=True)
class Plan:
    """What to write: the form's verdicts, what the answers carry, and the words and unit to write it in."""

    form: Form
    facts: CampaignFacts
    words: Texts
    carried: frozenset[str]  # questions that some answer answers
    reviews: Mapping[str, str] = field(default_factory=dict)  # states of city and province in words, in order

    def heading(self, key: str) -> str:
        """What the form calls a question, without its unit."""
        words = self.form[key].heading[self.words.language].partition("\n")[0]
        return words.partition("（")[0].partition(" (")[0]

    def area(self, area_m2: Decimal) -> Decimal:
        """Square metres in the office's unit, rounded once, half up."""
        return area_in(self.facts.area_unit, float(area_m2), AREA_DECIMALS)


def asks_of(form: Form) -> Asks:
    """What of this form's answers is summed."""
    numbers = tuple(one.key for one in form.fields if one.by == "officer" and one.unit == "area")
    due = {
        verdict.code: tuple(one.key for one in form.fields if one.key in numbers and _due(form, one, verdict.code))
        for verdict in form.verdict.choices
    }
    choices = tuple(one.key for one in form.fields if one.key == HANDLING)
    return Asks(form.verdict_key, numbers, choices, due)


def _due(form: Form, one: Field, verdict: str) -> bool:
    """Whether a verdict alone makes it due, whatever else is said."""
    return form.holds(one.needed, {form.verdict_key: verdict})


def carried(rows: Sequence[Unit]) -> frozenset[str]:
    """The questions that some answer answers; the last row holds all counties."""
    tallies = rows[-1].account.verdicts.values()
    return frozenset(key for one in tallies for key in (*one.said, *(question for question, _ in one.chosen)))


def left_out(plan: Plan) -> list[str]:
    """What the form's card asks, and no answer carries: named, not shown as nothing."""
    known = {one.key for one in plan.form.fields}
    return [plan.heading(key) for key in _CARD if key in known and key not in plan.carried]


def columns(plan: Plan, rows: Sequence[Unit]) -> list[Column]:
    """All columns in order."""
    verdicts = [column for one in plan.form.verdict.choices for column in _verdict(plan, one.code)]
    front = [*_unit(plan), *_came(plan), *_progress(plan), *_review(plan)]
    return [*front, *verdicts, *_building(plan), *_checks(plan, rows)]


def _unit(plan: Plan) -> Iterator[Column]:
    words, band = plan.words, plan.words["rollup.band.unit"]
    yield Column(band, words["rollup.column.level"], "level", lambda one: words[f"rollup.level.{one.level}"])
    yield Column(band, words["rollup.column.code"], "code", lambda one: one.code)
    yield Column(band, words["rollup.column.name"], "name", lambda one: one.name or words["rollup.all"])


def _came(plan: Plan) -> Iterator[Column]:
    words, band = plan.words, plan.words["rollup.band.came"]
    yield Column(band, words["rollup.column.announced"], "count", lambda one: one.announced)
    yield Column(band, words["rollup.column.came"], "count", lambda one: one.came)
    yield from _sums(plan, band, lambda one: one.account.asked, words["rollup.column.asked"])


def _progress(plan: Plan) -> Iterator[Column]:
    words, band = plan.words, plan.words["rollup.band.progress"]
    yield Column(band, words["rollup.column.answered"], "count", lambda one: one.account.answered.pieces)
    yield Column(band, words["rollup.column.share"], "share", answered_share)
    yield Column(band, words["rollup.column.conflict"], "count", lambda one: one.account.conflict.pieces)
    yield Column(band, words["rollup.column.open"], "count", lambda one: one.account.open.pieces)


def _review(plan: Plan) -> Iterator[Column]:
    """Answered pieces by how far city and province are with them, and those that break a rule."""
    words, band = plan.words, plan.words["rollup.band.review"]
    for state, label in plan.reviews.items():
        yield Column(band, label, "count", _in_state(state))
    if plan.reviews:
        yield Column(band, words["rollup.column.times_returned"], "count", lambda one: one.times_returned)
        yield Column(band, words["rollup.column.to_correct"], "count", lambda one: one.to_correct)


def _in_state(state: str) -> Callable[[Unit], int]:
    return lambda one: one.reviewed(state)


def answered_share(one: Unit) -> Decimal | None:
    """Answered of asked, rounded down at four decimals: what is not done never reads 100 %."""
    asked = one.account.asked.pieces
    share = Decimal(one.account.answered.pieces) / asked if asked else None
    return share.quantize(Decimal("0.0001"), ROUND_FLOOR) if share is not None else None


def _verdict(plan: Plan, code: str) -> Iterator[Column]:
    choice = next(one for one in plan.form.verdict.choices if one.code == code)
    band = choice.label[plan.words.language]
    keys = [key for key in (FARMLAND, "used_pbf") if _shown(plan, key, code)]
    yield from _sums(plan, band, lambda one: one.account.of(code), plan.words["rollup.column.pieces"], choice.colour)
    for key in keys:
        yield _said(plan, band, key, (code,), choice.colour)
    if code == "illegal":
        yield from _handling(plan, band, choice.colour)


def _shown(plan: Plan, key: str, verdict: str) -> bool:
    """Whether a question has a column under a verdict: it is due there, or some answer to it was given."""
    if key in _CARD:
        return key in plan.carried and verdict in NEW_BUILDING
    return any(one.key == key and _due(plan.form, one, verdict) for one in plan.form.fields)


def _sums(
    plan: Plan, band: str, tally: Callable[[Unit], Tally], heading: str, colour: str = ""
) -> tuple[Column, Column]:
    area = plan.words["rollup.column.area"]
    return (
        Column(band, heading, "count", lambda one: tally(one).pieces, colour),
        Column(band, area, "area", lambda one: plan.area(tally(one).area_m2), colour),
    )


def _said(plan: Plan, band: str, key: str, verdicts: tuple[str, ...], colour: str = "") -> Column:
    def value(one: Unit) -> Decimal | None:
        said = one.account.of(*verdicts).said.get(key)
        return None if said is None else rounded(said, AREA_DECIMALS)

    return Column(band, plan.heading(key), "area", value, colour)


def _handling(plan: Plan, band: str, colour: str) -> Iterator[Column]:
    """How unlawful cases were handled (T4), as far as answers say it."""
    if HANDLING in plan.carried:
        for choice in plan.form[HANDLING].choices:
            yield Column(band, choice.label[plan.words.language], "count", _chose(choice.code), colour)
    yield from (_said(plan, band, key, ("illegal",), colour) for key in MENDING if key in plan.carried)


def _chose(code: str) -> Callable[[Unit], int]:
    return lambda one: one.account.of("illegal").chosen.get((HANDLING, code), 0)


def _building(plan: Plan) -> Iterator[Column]:
    """New building land and its ratio of unlawfully used farmland, for forms that know lawful and unlawful."""
    if not {*NEW_BUILDING} <= {one.code for one in plan.form.verdict.choices}:
        return
    words, band = plan.words, plan.words["rollup.band.building"]
    yield from _sums(plan, band, lambda one: one.account.of(*NEW_BUILDING), words["rollup.column.pieces"])
    if FARMLAND in {one.key for one in plan.form.fields}:
        yield _said(plan, band, FARMLAND, NEW_BUILDING)
        band = words["rollup.band.ratio"]
        yield Column(band, words["rollup.column.ratio"], "share", lambda one: _ratio(one.account.of, words)[0])
        yield Column(band, words["rollup.column.flag"], "flag", lambda one: _ratio(one.account.of, words)[1])
        yield Column(band, words["rollup.column.silent"], "count", lambda one: _silent(one.account.of))


def _ratio(of: Callable[..., Tally], words: Texts) -> tuple[Decimal | None, str]:
    """Unlawfully used farmland of all farmland newly built on, and its flag; nothing where nothing was built on."""
    whole = of(*NEW_BUILDING).said.get(FARMLAND, Decimal(0))
    if not whole:
        return None, ""
    ratio = of("illegal").said.get(FARMLAND, Decimal(0)) / whole
    told = [words["rollup.flag.reached"]] if ratio >= LIMIT else []
    told += [words["rollup.flag.near"]] if abs(ratio - LIMIT) <= BAND else []
    told += [words["rollup.flag.incomplete"]] if _silent(of) else []
    return rounded(ratio, 4), words["rollup.separator"].join(told)


def _silent(of: Callable[..., Tally]) -> int:
    return of(*NEW_BUILDING).missing.get(FARMLAND, 0)


def _checks(plan: Plan, rows: Sequence[Unit]) -> Iterator[Column]:
    """What must be nothing in every row, and how far rounded rows are from their rounded sum."""
    words, band = plan.words, plan.words["rollup.band.check"]
    rounded_area: Mapping[str, Decimal] = {
        one.code: plan.area(one.account.asked.area_m2) for one in rows if one.level == COUNTY
    }

    def difference(one: Unit) -> Cell:
        if one.level == COUNTY:
            return None
        return plan.area(one.account.asked.area_m2) - sum(rounded_area[county.code] for county in one.counties)

    yield Column(band, words["rollup.column.unbalanced"], "check", unbalanced)
    yield Column(band, words["rollup.column.rounding"], "area", difference)


def unbalanced(one: Unit) -> int:
    """Pieces without a state, or answered without a verdict: nothing, or the roll-up is wrong."""
    account = one.account
    states = account.asked.pieces - account.open.pieces - account.answered.pieces - account.conflict.pieces
    return abs(states) + abs(account.answered.pieces - account.of(*account.verdicts).pieces)
