"""The workbook as a spreadsheet reads it: plain numbers that add up, nothing invented, the same bytes."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from pipeline.rollup.book import DASH, HEAD_ROWS, write_rollup
from pipeline.rollup.columns import Column, columns
from pipeline.rollup.kinds import kind_rows
from pipeline.texts import texts
from tests.rollup.answers import CN, CODES, INTERNATIONAL, M2_PER_MU, Said, World, answer, facts_of, world

ZH = texts("zh")
AREAS = {(patch, code): 1000.0 / (at + 3) for at, code in enumerate(CODES[:3]) for patch in "abcdefg"}
SAID = [
    *(
        Said(patch, CODES[0], "x.xlsx", (answer("legal", "current", used="1", used_farmland="0.85"),))
        for patch in "abc"
    ),
    Said("d", CODES[0], "x.xlsx", (answer("illegal", "beyond", used="1", used_farmland="0.45"),)),
    Said("a", CODES[1], "x.xlsx", (answer("other", "no_change"),)),
    Said("b", CODES[1], "x.xlsx", (answer("illegal", "unreported", used="2"),)),
    Said("c", CODES[1], "x.xlsx", (answer("illegal", "unreported"),)),
    Said("c", CODES[1], "y.xlsx", (answer("legal", "supply"),)),
]


def written(made: World, folder: Path) -> Path:
    target = folder / "rollup.xlsx"
    one = made.rollup
    write_rollup(target, one.plan, one.rows, one.disputes, one.strays)
    return target


def table(path: Path, name: str, words: Any = ZH) -> list[dict[str, Any]]:
    """The rows below the headings, by "band heading" (the band where there is one) → value."""
    sheet = openpyxl.load_workbook(path)[words[f"rollup.sheet.{name}"]]
    bands: list[str] = []
    for cell in sheet[HEAD_ROWS - 1]:
        bands.append(str(cell.value or (bands[-1] if bands and name == "units" else "")))
    heads = [f"{band} {cell.value}".strip() for band, cell in zip(bands, sheet[HEAD_ROWS], strict=True)]
    rows = []
    for row in sheet.iter_rows(min_row=HEAD_ROWS + 1, values_only=True):
        if row[0] is None:
            break
        rows.append(dict(zip(heads, row, strict=True)))
    return rows


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(world(AREAS, SAID), tmp_path_factory.mktemp("book"))


def test_every_row_adds_up_as_it_stands(book: Path) -> None:
    rows = table(book, "units")
    assert len(rows) == len(CODES) + 3 + 2 + 1  # four counties in three cities in two provinces, and all
    for one in rows:
        states = [one[f"核查进度 {name}"] for name in ("未核查", "已核查", "答复矛盾")]
        assert one["下发图斑 需核查"] == sum(states)
        verdicts = [one[f"{name} 个数"] for name in ("合法", "违法", "其他")]
        assert one["核查进度 已核查"] == sum(verdicts)
        assert one["新增建设用地（合法＋违法） 个数"] == verdicts[0] + verdicts[1]
        assert one["校核 个数差"] == 0
    assert [one["行政区 级别"] for one in rows][-1] == "合计"


def test_counties_sum_to_cities_provinces_and_all(book: Path) -> None:
    rows = table(book, "units")
    counted = [
        name
        for name in rows[0]
        if name.endswith(("个数", "需核查", "已核查", "未核查", "答复矛盾", "收到", "未填耕地"))
    ]
    assert len(counted) > 9
    for name in counted:
        by_level = {level: sum(one[name] for one in rows if one["行政区 级别"] == level) for level in "省市县"}
        assert set(by_level.values()) == {rows[-1][name]}
    counties = [one for one in rows if one["行政区 级别"] == "县"]
    exact = sum((Decimal(repr(area)) for area in AREAS.values()), Decimal(0)) / M2_PER_MU
    assert rows[-1]["下发图斑 面积"] == float(round(exact, 2))
    difference = rows[-1]["下发图斑 面积"] - sum(one["下发图斑 面积"] for one in counties)
    assert rows[-1]["校核 舍入差"] == pytest.approx(difference, abs=1e-9)


def test_kinds_sum_to_what_was_answered(book: Path) -> None:
    units = {one["行政区 代码"] or "": one for one in table(book, "units")}
    rows = table(book, "kinds")
    codes = {one["代码"] or "" for one in rows}
    assert codes == {code for code, one in units.items() if one["核查进度 已核查"]}
    for code in codes:
        mine = [one for one in rows if (one["代码"] or "") == code]
        kinds, (whole,) = mine[:-1], mine[-1:]
        assert whole["核查结论"] == "合计"
        assert sum(one["个数"] for one in kinds) == whole["个数"] == units[code]["核查进度 已核查"]
        for verdict in ("合法", "违法", "其他"):
            assert sum(one["个数"] for one in kinds if one["核查结论"] == verdict) == units[code][f"{verdict} 个数"]


def test_the_ratio_and_its_flags() -> None:
    def flags(legal: str, illegal: str, *more: Mapping[str, str]) -> tuple[Any, Any, Any]:
        said = [
            Said("a", CODES[0], "x", (answer("legal", "current", used_farmland=legal),)),
            Said("b", CODES[0], "x", (answer("illegal", "beyond", used_farmland=illegal), *more)),
        ]
        made = world(AREAS, said).rollup
        shown = {
            one.heading: one.value(made.rows[-1]) for one in columns(made.plan, made.rows) if one.band == "违法占耕比"
        }
        return shown["违法占耕比"], shown["标记"], shown["未填耕地"]

    assert flags("85", "15") == (Decimal("0.1500"), "达15%，临界", 0)
    assert flags("85.01", "15") == (Decimal("0.1500"), "临界", 0)  # shown as 15.00 %, and still below
    assert flags("8511", "1489") == (Decimal("0.1489"), "", 0)
    assert flags("0", "0") == (None, "", 0)
    assert flags("50", "50", answer("illegal", "beyond")) == (Decimal("0.5000"), "达15%，数据不全", 1)
    assert flags("50", "0", answer("other", "slope")) == (Decimal("0.0000"), "", 0)


def test_where_there_is_nothing_to_divide_by_stands_a_dash(book: Path) -> None:
    *_, west, whole = table(book, "units")
    assert west["行政区 代码"] == CODES[3]
    assert (west["核查进度 核查率"], west["违法占耕比 违法占耕比"], west["下发图斑 应收"]) == (DASH, DASH, DASH)
    assert west["违法 其中耕地"] == DASH  # nobody said anything of it
    assert whole["核查进度 核查率"] == 0.2857  # 6 of 21, rounded down


def test_what_only_the_card_asks_is_shown_only_where_it_was_answered(tmp_path: Path) -> None:
    def heads(said: Sequence[Said]) -> tuple[set[str], str]:
        path = written(world(AREAS, said), tmp_path)
        sheet = openpyxl.load_workbook(path).worksheets[0]
        notes = " ".join(
            str(row[0].value) for row in sheet.iter_rows(min_row=HEAD_ROWS + len(CODES) + 7) if row[0].value
        )
        return set(table(path, "units")[0]), notes

    before, told = heads(SAID)
    assert "违法 立案" not in before
    assert "处置情况" in told
    handled = answer("illegal", "beyond", handling="case", demolished="0.5", used_pbf="0.1")
    after, told = heads([Said("a", CODES[0], "x", (handled,))])
    assert {"违法 立案", "违法 拆除复耕面积", "违法 其中永久基本农田"} <= after
    assert "处置情况" not in told
    assert "剩余未整改面积" in told


def test_a_form_without_lawful_and_unlawful_has_no_ratio(tmp_path: Path) -> None:
    said = [Said("a", CODES[0], "x", (answer("authorised", "permit", used="0.5"),))]
    rows = table(written(world(AREAS, said, INTERNATIONAL), tmp_path), "units", texts("en"))
    assert {"Authorised Pieces", "Unauthorised Area", "Inconclusive Pieces"} <= set(rows[0])
    assert not [one for one in rows[0] if "atio" in one or "armland" in one]
    assert rows[-1]["Authorised Pieces"] == 1


def test_conflicts_and_rows_not_taken_have_file_cell_and_what_to_do(book: Path) -> None:
    rows = table(book, "doubts")
    assert [(one["文件"], one["所在位置"]) for one in rows] == [
        ("x.xlsx", "x.xlsx!核查表!11.1"),
        ("y.xlsx", "y.xlsx!核查表!5.1"),
    ]
    assert all(one["图斑唯一码"] == f"C-c/{CODES[1]}" for one in rows)
    assert "take y.xlsx" in rows[1]["如何处理"]


def test_no_formula_no_link_and_ready_to_print(book: Path) -> None:
    with zipfile.ZipFile(book) as packed:
        sheets = [packed.read(name).decode() for name in packed.namelist() if "worksheets/sheet" in name]
    assert not any("<f>" in one or "<hyperlink" in one for one in sheets)
    for sheet in openpyxl.load_workbook(book).worksheets:
        assert (sheet.page_setup.paperSize, sheet.page_setup.orientation) == (9, "landscape")
        assert sheet.page_setup.fitToWidth in (None, 1)  # one is what a program takes where nothing is said
        assert sheet.page_setup.fitToHeight == 0
        assert sheet.print_title_rows == "$3:$4"
        assert sheet.freeze_panes


def test_same_answers_same_bytes(tmp_path: Path) -> None:
    first = written(world(AREAS, SAID), tmp_path).read_bytes()
    assert written(world(AREAS, SAID), tmp_path).read_bytes() == first


@pytest.mark.parametrize("form", [CN, INTERNATIONAL], ids=["cn", "international"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_before_any_answer_there_is_a_book_too(tmp_path: Path, form: Any, language: str) -> None:
    made = world(AREAS, form=form, facts=replace(facts_of(form), language=language))
    rows = table(written(made, tmp_path), "units", texts(language))
    assert len(rows) == len(made.rollup.rows)
    book = openpyxl.load_workbook(tmp_path / "rollup.xlsx")
    assert [sheet.cell(HEAD_ROWS + 1, 1).value for sheet in book.worksheets[1:]] == [
        texts(language)["rollup.nothing_answered"],
        texts(language)["rollup.nothing_waits"],
    ]


def test_strangers_words_are_text(tmp_path: Path) -> None:
    evil = '=HYPERLINK("x")\x07\u202e&D'
    made = world(AREAS, [Said("z", CODES[0], evil, (answer("legal", "prior"),))])
    named = [replace(one, name=evil) for one in made.rollup.rows]
    facts = replace(made.rollup.plan.facts, title=evil)
    target = tmp_path / "rollup.xlsx"
    write_rollup(target, replace(made.rollup.plan, facts=facts), named, (), made.rollup.strays)
    sheets = openpyxl.load_workbook(target).worksheets
    assert {cell.data_type for sheet in sheets for row in sheet for cell in row} <= {"s", "n"}
    assert "&&D" in zipfile.ZipFile(target).read("xl/worksheets/sheet1.xml").decode().replace("&amp;", "&")


def test_columns_say_what_kind_they_are() -> None:
    made = world(AREAS, SAID).rollup
    shown: list[Column] = columns(made.plan, made.rows)
    for one in shown:
        for row in made.rows:
            value = one.value(row)
            assert value is None or isinstance(value, str) == (one.kind in ("level", "code", "name", "flag"))


def test_an_only_province_is_not_said_twice_among_the_kinds() -> None:
    made = world(AREAS, SAID)
    only = [one for one in made.rollup.rows if not one.code.startswith("33")]
    few = [replace(only[-1], counties=tuple(one for one in only[-1].counties if one.code < "33"))]
    levels = [one.unit.level for one in kind_rows(made.rollup.plan, [*only[:-1], *few])]
    assert "province" not in levels
    assert "province" in [one.unit.level for one in kind_rows(made.rollup.plan, made.rollup.rows)]
