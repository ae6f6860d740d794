"""Delivered names and values: spelled in many ways, meant in one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.fields import as_number, header_key, iso_date, match_fields, natural_key, number_text, tidy


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20250314", "2025-03-14"),
        ("2025/3/14", "2025-03-14"),
        ("2025.03.14", "2025-03-14"),
        ("2025年3月14日", "2025-03-14"),
        ("２０２５年３月１４日", "2025-03-14"),
        ("2025-03-14T00:00:00", "2025-03-14"),
        ("2025-03-14 08:00:00", "2025-03-14"),
        ("20250314.0", "2025-03-14"),
        ("2025年3月", "2025-03"),
        ("202503", "2025-03"),
        ("2025-02-30", ""),
        ("20251301", ""),
        ("14/03/2025", ""),
        ("soon", ""),
        ("", ""),
    ],
)
def test_dates(text: str, expected: str) -> None:
    assert iso_date(text) == expected


@given(st.dates(min_value=__import__("datetime").date(1950, 1, 1), max_value=__import__("datetime").date(2150, 1, 1)))
def test_every_day_in_every_spelling(day) -> None:
    spellings = [day.strftime(one) for one in ("%Y%m%d", "%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日")] + [
        f"{day.year}/{day.month}/{day.day}"
    ]
    assert {iso_date(one) for one in spellings} == {day.isoformat()}


def test_identifiers_stay_text() -> None:
    assert number_text("0012") == "0012"
    assert number_text("30.0") == "30"
    assert number_text("3.5") == "3.5"
    assert number_text("ＪＣ－００１") == "JC-001"
    assert number_text("130403SJBG26210183") == "130403SJBG26210183"


def test_headers_in_any_width_and_unit() -> None:
    assert header_key("建设用地面积（亩）") == header_key("建设用地面积(亩)") == "建设用地面积"
    assert header_key(" jcbh ") == "JCBH"
    found = match_fields("patch", ["监测编号", "行政区代码", "监测面积（亩）", "OTHER"], {})
    assert found == {"patch_no": "监测编号", "county_code": "行政区代码", "area_reported": "监测面积（亩）"}


def test_the_campaigns_own_names_come_first() -> None:
    assert match_fields("patch", ["JCBH", "FIRE_ID"], {"patch_no": "FIRE_ID"}) == {"patch_no": "FIRE_ID"}


def test_a_column_serves_one_name() -> None:
    found = match_fields("patch", ["JCBH", "MJ"], {"remark": "MJ"})
    assert found == {"remark": "MJ", "patch_no": "JCBH"}


@given(st.text())
def test_tidy_is_idempotent_and_harmless(text: str) -> None:
    once = tidy(text)
    assert tidy(once) == once
    assert "\n" not in once
    assert "\u202e" not in once


def test_numbers() -> None:
    assert as_number("1,234.5") == 1234.5
    assert as_number("３.２") == 3.2
    assert as_number("3.2亩") is None
    assert as_number(None) is None


def test_natural_order() -> None:
    assert sorted(["10", "2", "1", "JC-10", "JC-9"], key=natural_key) == ["1", "2", "10", "JC-9", "JC-10"]
