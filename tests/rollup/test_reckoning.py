"""Laws of the roll-up: nothing is lost from county to province, and what does not hold is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.rollup.checks import faults
from pipeline.rollup.columns import asks_of, columns
from pipeline.rollup.levels import ALL, CITY, COUNTY, PROVINCE, units
from pipeline.rollup.tally import Account, Tally, accounts, total
from pipeline.texts import texts
from tests.rollup.answers import CN, CODES, INTERNATIONAL, Said, answer, world

AREAS = st.floats(0.01, 5e6, allow_nan=False)
PATCHES = st.sampled_from("abcdefgh")
NUMBERS = st.decimals(0, 5000, places=2).map(str)
VERDICTS = st.sampled_from([choice.code for choice in CN["verdict_sub"].choices])


REVIEWS = {"submitted": "已上报", "city_returned": "市级退回", "city_passed": "市级通过"}


@given(st.lists(st.tuples(*[st.integers(0, 5)] * 3), min_size=len(CODES), max_size=len(CODES)))
@settings(max_examples=20)
def test_reviews_of_counties_sum_up_to_city_and_province_and_to_what_is_answered(
    numbers: list[tuple[int, int, int]],
) -> None:
    plain = world({("a", code): 1.0 for code in CODES})
    counties = [
        replace(
            one,
            reviews={state: number for state, number in zip(REVIEWS, mine, strict=True) if number},
            to_correct=mine[0],
        )
        for one, mine in zip(plain.counties, numbers, strict=True)
    ]
    made = {one.code: Account(answered=Tally(sum(mine))) for one, mine in zip(counties, numbers, strict=True)}
    rows = units(counties, made)
    plan = replace(plain.rollup.plan, reviews=REVIEWS)
    shown = {one.heading: one for one in columns(plan, rows) if one.band == plan.words["rollup.band.review"]}
    assert list(shown)[:3] == list(REVIEWS.values())
    for row in rows:
        assert sum(shown[label].value(row) for label in REVIEWS.values()) == row.account.answered.pieces  # type: ignore[misc]
        assert not any("已上报、通过、退回" in one for one in faults([row], plan.words))
    below = [one for one in rows if one.level == COUNTY]
    assert rows[-1].to_correct == sum(one.to_correct for one in below)
    short = replace(rows[-1], account=replace(rows[-1].account, answered=Tally(rows[-1].account.answered.pieces + 1)))
    if any(map(sum, numbers)):
        assert any("已上报、通过、退回" in one for one in faults([short], plan.words))


@st.composite
def parcels(draw: st.DrawFn) -> tuple[Mapping[str, str], ...]:
    made = []
    for code in draw(st.lists(VERDICTS, min_size=1, max_size=3)):
        numbers = draw(st.dictionaries(st.sampled_from(["used", "used_farmland", "used_pbf", "remaining"]), NUMBERS))
        made.append(answer(*code.split("."), **numbers))
    return tuple(made)


SAID = st.lists(
    st.builds(Said, PATCHES, st.sampled_from(CODES), st.sampled_from(["x.xlsx", "y.csv"]), parcels()), max_size=12
)
PIECES = st.dictionaries(st.tuples(PATCHES, st.sampled_from(CODES)), AREAS, min_size=1)


@settings(max_examples=60, deadline=None)
@given(PIECES, SAID)
def test_every_identity_holds_whatever_was_answered(areas: dict[tuple[str, str], float], said: list[Said]) -> None:
    rollup = world(areas, said).rollup
    assert rollup.faults == ()
    rows = {one.code: one for one in rollup.rows}
    for one in rollup.rows:
        account = one.account
        assert account.asked.pieces == account.open.pieces + account.answered.pieces + account.conflict.pieces
        assert account.asked.area_m2 == account.open.area_m2 + account.answered.area_m2 + account.conflict.area_m2
        assert account.answered.area_m2 == sum(each.area_m2 for each in account.verdicts.values())
        assert account == total(rows[county.code].account for county in one.counties)
    whole = rollup.rows[-1]
    assert whole.level == ALL
    assert whole.account.asked.pieces == len(areas)
    assert whole.account.asked.area_m2 == sum(Decimal(repr(one)) for one in areas.values())
    for level in (PROVINCE, CITY, COUNTY):
        assert total(one.account for one in rollup.rows if one.level == level) == whole.account


@settings(max_examples=30, deadline=None)
@given(PIECES, SAID, st.randoms(use_true_random=False))
def test_the_order_of_findings_changes_nothing(areas: dict, said: list[Said], chance: object) -> None:
    made = world(areas, said)
    order = list(range(len(made.findings["state"])))
    chance.shuffle(order)  # type: ignore[attr-defined]
    shuffled = {name: [column[at] for at in order] for name, column in made.findings.items()}
    again = accounts(shuffled, asks_of(CN))
    assert units(made.counties, again) == list(made.rollup.rows)


def test_each_parcel_counts_under_its_own_verdict_and_the_piece_once() -> None:
    two = (answer("legal", "current", used_farmland="1.5"), answer("illegal", "beyond", used_farmland="0.25"))
    whole = world({("a", CODES[0]): 900.0}, [Said("a", CODES[0], "x", two)]).rollup.rows[-1].account
    assert (whole.verdicts["legal"].pieces, whole.verdicts["illegal"].pieces) == (1, 0)
    assert whole.verdicts["legal"].said["used_farmland"] == Decimal("1.5")
    assert whole.verdicts["illegal"].said["used_farmland"] == Decimal("0.25")
    assert whole.answered.pieces == 1


def test_what_is_due_and_not_said_is_counted() -> None:
    said = [Said("a", CODES[0], "x", (answer("illegal", "beyond", used="2"),))]
    account = world({("a", CODES[0]): 900.0}, said).rollup.rows[-1].account
    assert account.verdicts["illegal"].missing == {"used_farmland": 1}
    assert "used_farmland" not in account.verdicts["illegal"].said


ONE = Tally(1, Decimal(100))
WRONG = {
    "states": lambda one: replace(one, open=one.open + ONE),
    "verdicts": lambda one: replace(one, verdicts={"legal": one.verdicts["legal"] + ONE}),
    "kinds": lambda one: replace(one, kinds={}),
    "books": lambda one: replace(one, asked=one.asked + ONE, open=one.open + ONE),
}


@pytest.mark.parametrize("fault", sorted(WRONG))
def test_what_does_not_hold_is_named(fault: str) -> None:
    made = world(
        {("a", CODES[0]): 900.0, ("b", CODES[0]): 50.0}, [Said("a", CODES[0], "x", (answer("legal", "prior"),))]
    )
    rows = [
        replace(one, account=WRONG[fault](one.account)) if one.code == CODES[0] else one for one in made.rollup.rows
    ]
    words = texts("en")
    told = faults(rows, words)
    assert words.say(f"rollup.fault.{fault}", name=rows[2].name, code=CODES[0]) in told
    assert words.say("rollup.fault.levels", name=words["rollup.all"], code="") in told


def test_a_sum_that_is_not_its_counties_is_named() -> None:
    rows = list(world({("a", CODES[0]): 900.0}).rollup.rows)
    rows[-1] = replace(rows[-1], account=Account())
    assert faults(rows, texts("zh")) == [texts("zh").say("rollup.fault.levels", name="合计", code="")]


def test_before_anybody_answered_everything_is_open() -> None:
    rollup = world({("a", CODES[0]): 900.0, ("a", CODES[1]): 50.0}, form=INTERNATIONAL).rollup
    assert rollup.faults == ()
    assert rollup.rows[-1].account.open.pieces == 2
    assert rollup.plan.carried == frozenset()
