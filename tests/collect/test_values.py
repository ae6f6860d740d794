"""The spelling of answers: many ways to write the same day, number or choice, and the ones nobody can read."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.collect.dates import FIRST_DAY, LAST_DAY, day_of
from pipeline.collect.numbers import OtherUnit, number_of, spelt_number
from pipeline.collect.returned import Doubt
from pipeline.collect.spelling import column_letters, said_text
from pipeline.collect.values import NotTaken, spelt

from .conftest import terms

DAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    "written",
    [
        DAY, datetime(2026, 11, 21, 14, 3), 46347, 46347.0, 46347.6, 20261121, "2026-11-21", "2026/11/21", "2026.11.21",
        "2026年11月21日", "2026 年 11 月 21 日", "２０２６年１１月２１日", "２０２６－１１－２１", "20261121",
        " 2026-11-21 ",
        "2026-11-21T08:00:00", "2026-11-21 08:00", "2026/11/21 8:05:01", "21/11/2026", "11/21/2026", "21.11.2026",
        "21 Nov 2026", "Nov 21, 2026", "21-nov-2026", "2026‑11‑21", "46347", "2026年11月21号", "2026,11,21",
    ],
)  # fmt: skip
def test_one_day_in_many_ways(written: Any) -> None:
    assert day_of(written) == DAY


@pytest.mark.parametrize(
    "written",
    [
        "5/3/2026", "05-03-2026", "11-23", "11月23日", "2026年11月", "26.11.21", "21/11/26", "2026-13-01", "2026-02-30",
        "昨天", "20261301", 1, 12.5, 4.6e4 * 1000, "2026-11-21~2026-11-23", True, time(3, 4), "32/12/2026", "3 jx 2026",
    ],
)  # fmt: skip
def test_days_that_nobody_can_tell(written: Any) -> None:
    with pytest.raises(NotTaken) as refused:
        spelt(terms().form["checked_on"], written, terms())
    assert refused.value.code is Doubt.NOT_A_DATE


def test_the_same_day_and_month_is_one_day() -> None:
    assert day_of("5/5/2026") == date(2026, 5, 5)


def test_days_outside_the_limits_are_doubted() -> None:
    for written in ("1999-12-31", "2101-01-01"):
        with pytest.raises(NotTaken) as refused:
            spelt(terms().form["checked_on"], written, terms())
        assert refused.value.code is Doubt.OUT_OF_LIMITS


@given(st.dates(FIRST_DAY, LAST_DAY), st.sampled_from(["%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日", "%Y.%m.%d", "%Y%m%d"]))
def test_every_day_is_read_back(day: date, pattern: str) -> None:
    assert day_of(day.strftime(pattern)) == day


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (12.5, "12.5"), (12, "12"), (0.1 + 0.2, "0.3"), ("12.5", "12.5"), ("１２．５", "12.5"), ("12.50亩", "12.5"),
        ("12.5 亩", "12.5"), ("12.5mu", "12.5"), ("12.5 MU", "12.5"), ("1,234.5", "1234.5"), ("１，２３４", "1234"),
        ("1 234", "1234"), ("0.00", "0"), ("-0", "0"), (".5", "0.5"), ("5.", "5"), ("'7", "7"), ("1e2", "100"),
        ("+3", "3"), (1e-7, "0.0000001"), (0, "0"),
    ],
)  # fmt: skip
def test_one_number_in_many_ways(written: Any, value: str) -> None:
    assert spelt_number(number_of(written, "mu")) == value


NO_NUMBERS = [
    "约12",
    "12,5",
    "1,23",
    "12-13",
    "十二",
    "12亩左右",
    "12.5.1",
    "无",
    "1,2345",
    True,
    DAY,
    "nan",
    "inf",
    "e5",
]


@pytest.mark.parametrize("written", NO_NUMBERS)
def test_numbers_that_are_none(written: Any) -> None:
    with pytest.raises(NotTaken) as refused:
        spelt(terms().form["used"], written, terms())
    assert refused.value.code is Doubt.NOT_A_NUMBER


CONVERTED = [("1公顷", "15"), ("8333.3平方米", "12.5"), ("2 ha", "30"), ("1000㎡", "1.5")]


@pytest.mark.parametrize(("written", "converted"), CONVERTED)
def test_another_unit_is_offered_converted_but_not_taken(written: str, converted: str) -> None:
    with pytest.raises(OtherUnit) as refused:
        number_of(written, "mu")
    assert refused.value.converted == converted
    with pytest.raises(NotTaken) as doubted:
        spelt(terms().form["used"], written, terms())
    assert converted in doubted.value.facts["nearest"]


def test_a_plain_number_takes_no_unit_of_area() -> None:
    with pytest.raises(ValueError):
        number_of("12亩")


@given(st.decimals(0, 10**8, places=4, allow_nan=False, allow_infinity=False))
def test_every_number_is_read_back(value: Decimal) -> None:
    assert number_of(spelt_number(value), "mu") == value
    assert number_of(float(value), "mu") == value
    assert number_of(f"{value:,}亩", "mu") == value


@pytest.mark.parametrize(
    ("key", "written", "code"),
    [
        ("verdict", "违法", "illegal"), ("verdict", " 违 法　", "illegal"), ("verdict", "Unlawful", "illegal"),
        ("verdict", "illegal", "illegal"), ("verdict", "ILLEGAL", "illegal"), ("verdict", "合法。", "legal"),
        ("verdict_sub", "违法·未报即用", "illegal.unreported"), ("verdict_sub", "违法/未报即用", "illegal.unreported"),
        ("verdict_sub", "违法—未报即用", "illegal.unreported"), ("verdict_sub", "未报即用", "illegal.unreported"),
        ("verdict_sub", "illegal.unreported", "illegal.unreported"),
        ("verdict_sub", "unreported", "illegal.unreported"),
        ("verdict_sub", "Unlawful · used before applying for approval", "illegal.unreported"),
        ("verdict_sub", "其他·其他情形(备注说明)", "other.other_other"), ("actual_use", "光伏", "photovoltaic"),
    ],
)  # fmt: skip
def test_choices_by_words_and_codes(key: str, written: str, code: str) -> None:
    assert spelt(terms().form[key], written, terms()).value == code


def test_every_choice_is_read_by_each_of_its_names() -> None:
    for profile in ("cn", "international"):
        by = terms(profile)
        for one in by.form.fields:
            for choice in one.choices:
                names = [choice.code, *(by.form.label(choice, language, "·") for language in ("zh", "en"))]
                assert {spelt(one, name, by).value for name in names} == {choice.code}


def test_what_is_no_choice_names_the_allowed_words() -> None:
    with pytest.raises(NotTaken) as refused:
        spelt(terms().form["verdict"], "符合", terms())
    assert refused.value.facts["nearest"] == "合法；违法；其他"
    with pytest.raises(NotTaken) as refused:
        spelt(terms().form["verdict_sub"], "违法·未报既用", terms(), "illegal")
    assert refused.value.facts["nearest"].startswith("违法·未报即用")


@pytest.mark.parametrize("struck", ["", "  ", "/", "—", "——", "-", " / ", "…", "\n", "　"])
def test_a_struck_out_cell_says_nothing(struck: str) -> None:
    assert said_text(struck) == ""
    for one in terms().form.fields:
        assert spelt(one, struck, terms()).value == ""


def test_long_text_is_kept_whole_and_said() -> None:
    found = spelt(terms().form["finding_remark"], "长" * 600, terms())
    assert (len(found.value), found.doubt) == (600, Doubt.TOO_LONG)


@given(st.text())
def test_text_stays_what_it_is(words: str) -> None:
    once = said_text(words)
    assert said_text(once) == once


RAW = (st.text(), st.floats(), st.integers(), st.booleans(), st.dates(), st.datetimes(), st.times(), st.none())


@given(st.one_of(*RAW))
def test_whatever_stands_in_a_cell_is_taken_or_doubted(raw: Any) -> None:
    for one in terms().form.fields:
        with suppress(NotTaken):
            assert isinstance(spelt(one, raw, terms()).value, str)


def test_columns_have_letters() -> None:
    assert [column_letters(at) for at in (0, 25, 26, 701, 702, 16383)] == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]
