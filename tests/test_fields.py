"""Delivered names and values: spelled in many ways, meant in one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.fields import (
    aliases,
    as_number,
    cut_keys,
    date_span,
    header_key,
    iso_date,
    match_fields,
    natural_key,
    number_text,
    patch_types,
    tidy,
)


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
        ("2025-03-14T00:00:00+08:00", "2025-03-14"),
        ("2025/3/14 上午 8:00", "2025-03-14"),
        ("20250314103000", "2025-03-14"),
        ("2025－3－14", "2025-03-14"),
        ("2025年3月14号", "2025-03-14"),
        ("2025-03-14（周五）", "2025-03-14"),
        ("'2025-03-14", "2025-03-14"),
        ("二〇二五年三月十四日", "2025-03-14"),
        ("二零二五年十二月三十一日", "2025-12-31"),
        ("二〇二五年十月", "2025-10"),
        ("14 Mar 2025", "2025-03-14"),
        ("March 14, 2025", "2025-03-14"),
        ("2025-Mar-14", "2025-03-14"),
        ("45730", "2025-03-14"),
        ("45730.375", "2025-03-14"),
        ("2023-07", "2023-07"),
        ("2025年3月份", "2025-03"),
        ("2025.10", "2025-10"),
        ("2025.1", ""),  # October, where a spreadsheet dropped a zero
        ("20250300", "2025-03"),
        ("2025年3月下旬", "2025-03"),
        ("5/3/2026", ""),
        ("25.3.14", ""),
        ("20253", ""),
        ("2025", ""),
        ("2025-03-14 2025-04-15", ""),
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


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2025-03-14", "2025-03-14", "2025-03-14"),
        ("2023-07", "2023-07-01", "2023-07-31"),
        ("2025年3月中旬", "2025-03-11", "2025-03-20"),
        ("2025年2月底", "2025-02-21", "2025-02-28"),
        ("2025", "2025-01-01", "2025-12-31"),
        ("2009年度", "2009-01-01", "2009-12-31"),
        ("2025年第三季度", "2025-07-01", "2025-09-30"),
        ("2025Q3", "2025-07-01", "2025-09-30"),
        ("2026年上半年", "2026-01-01", "2026-06-30"),
        ("2026H2", "2026-07-01", "2026-12-31"),
        ("2008-03/2009-11", "2008-03-01", "2009-11-30"),
        ("2008年3月至2009年11月", "2008-03-01", "2009-11-30"),
        ("2024.3-2025.5", "2024-03-01", "2025-05-31"),
        ("20240301-20250514", "2024-03-01", "2025-05-14"),
        ("2025年3月14日～4月2日", "2025-03-14", "2025-04-02"),
        ("2009-2008", "", ""),
        ("1899年", "", ""),
        ("", "", ""),
    ],
)
def test_periods_keep_their_ends(text: str, first: str, last: str) -> None:
    assert date_span(text) == (first, last)


@given(st.text(alphabet="0123456789年月日季度上下半旬初底至-/.~ TQH:一二三十〇Mar", max_size=24))
def test_any_period_is_in_order(text: str) -> None:
    first, last = date_span(text)
    assert first <= last
    assert date_span(first) == (first, first)


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


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
@pytest.mark.parametrize("kind", ["patch", "county"])
def test_a_column_cut_off_by_a_dbf_means_no_other(kind: str, encoding: str) -> None:
    whole = {one: name for name, spelled in aliases(kind).items() for one in spelled}
    for name, spelled in aliases(kind).items():
        for one in spelled:
            cut = one.encode(encoding)[:10].decode(encoding, "ignore")
            assert set(match_fields(kind, [cut], {})) <= {whole.get(cut, name)}


def test_chinese_columns_of_a_dbf() -> None:
    gbk = ["监测图斑编", "县级行政区", "监测面积", "图斑中心点", "占用耕地面"]
    assert match_fields("patch", gbk, {}) == {
        "patch_no": "监测图斑编",
        "county_code": "县级行政区",
        "area_reported": "监测面积",
        "farmland_reported": "占用耕地面",  # 图斑中心点 may be x or y
    }
    utf_8 = ["图斑编", "县名称", "前时相", "行政区", "监测图"]  # the last two may be several
    assert match_fields("patch", utf_8, {}) == {"patch_no": "图斑编", "county_name": "县名称", "phase_before": "前时相"}


def test_numbered_columns_of_a_dbf() -> None:
    assert match_fields("patch", ["JCBH_1", "MJ"], {}) == {"patch_no": "JCBH_1", "area_reported": "MJ"}
    assert match_fields("patch", ["JCBH", "JCBH_1"], {}) == {"patch_no": "JCBH"}
    assert match_fields("patch", ["JCBH_1", "JCBH_2"], {}) == {}
    assert match_fields("patch", ["COUNTY_C_1"], {}) == {"county_code": "COUNTY_C_1"}
    assert match_fields("patch", ["LANDCLASS_"], {}) == {}


def test_the_campaigns_own_name_may_be_cut_off_too() -> None:
    own = {"patch_no": "二〇二五年图斑编号"}
    assert match_fields("patch", ["二〇二五年", "JCBH"], own) == {"patch_no": "二〇二五年"}
    assert match_fields("patch", ["二〇二五年图斑编号", "二〇二五年"], own) == {"patch_no": "二〇二五年图斑编号"}


@given(st.text(min_size=1, max_size=12))
def test_what_a_dbf_keeps_of_a_name_is_known(name: str) -> None:
    key = header_key(name)
    for encoding in ("gb18030", "utf-8"):
        kept = key.encode(encoding, "replace")[:10].decode(encoding, "ignore")
        assert len(kept) <= 1 or kept in cut_keys(key)


def test_types_of_a_year() -> None:
    assert patch_types("patch_types_cn", "zh")["1A"] == "新增大型建设用地"
    assert patch_types("patch_types_cn_2010", "zh")["3"] == "推填土转建设"
    assert patch_types("patch_types_cn_2026", "zh")["1"] == "耕地"
    for year in ("patch_types_cn", "patch_types_cn_2010", "patch_types_cn_2026"):
        assert set(patch_types(year, "zh")) == set(patch_types(year, "en"))


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
    assert as_number("1,234,567") == 1234567
    assert as_number("3,25") is None
    assert as_number("1,23") is None
    assert as_number("3.2亩") is None
    assert as_number(None) is None


def test_natural_order() -> None:
    assert sorted(["10", "2", "1", "JC-10", "JC-9"], key=natural_key) == ["1", "2", "10", "JC-9", "JC-10"]
