"""Tables of other systems through a declared map: the same findings, the same doubts, and nothing lost."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings

from pipeline.collect.bundle import read_bundle
from pipeline.collect.called import brought
from pipeline.collect.maps import load_maps, map_paths, mistakes
from pipeline.collect.merge import Merged, merge
from pipeline.collect.remembered import remember, remembered
from pipeline.collect.returned import Doubt, ReturnedFile
from pipeline.collect.sent import Sent, SentAll, all_sent
from pipeline.collect.tables import returned_columns
from pipeline.collect.values import Terms
from pipeline.collect.words import remark_words
from pipeline.errors import Refusals
from pipeline.forms.identity import row_code

from .conftest import CODE, COUNTY, PIECES, number, terms, uid
from .test_round_trip import Finding, cell_of, many

LEDGER = """
headings = ["图斑编号", "判定类型"]
[patch]
patch_no = "图斑编号"
county = "县名称"
part_no = "地块编号"
[answers]
verdict = "判定类型"
verdict_sub = "具体情形"
used = "实际用地面积（公顷）"
checked_on = "核查日期"
checker = ["调查人", "举证人员"]
finding_remark = "备注"
[words.verdict]
"合法用地" = "legal"
"违法用地" = "illegal"
"非新增" = "other"
[dates]
checked_on = "%d/%m/%Y"
[units]
used = "ha"
"""


def by(text: str, folder: Path, profile: str = "cn") -> Terms:
    path = folder / "ledger.toml"
    path.write_text(text, encoding="utf-8")
    known = terms(profile)
    return replace(known, maps=load_maps([path], known.form))


def shelved(profile: str = "cn") -> Terms:
    known = terms(profile)
    return replace(known, maps=load_maps(map_paths(("kobo", "odk"), Path()), known.form))


def put(path: Path, rows: Sequence[Sequence[Any]], separator: str = ",", encoding: str = "utf-8-sig") -> Path:
    with path.open("w", encoding=encoding, newline="") as target:
        csv.writer(target, delimiter=separator, quoting=csv.QUOTE_ALL).writerows(rows)
    return path


def read(path: Path, known: Terms) -> ReturnedFile:
    scratch = path.parent / "scratch"
    scratch.mkdir(exist_ok=True)
    (one,) = read_bundle(path, path.name, scratch, known, lambda _: None)
    return one


def sent() -> SentAll:
    order = sorted(PIECES, key=lambda one: one.seq)
    return all_sent(
        [
            Sent(one.patch_uid, CODE, row_code(one), "", one.patch_no, one.seq, 10.0, 6667.0, COUNTY.name)
            for one in order
        ]
    )


def merged(*files: ReturnedFile, known: Terms, pieces: SentAll | None = None) -> Merged:
    pieces = pieces or sent()
    return merge(pieces, brought(files, pieces), known.form, known.facts.id, ())


def said(found: Merged) -> dict[str, dict[str, str]]:
    return {one.sent.patch_uid: dict(one.answer.said) for one in found.findings if one.answer}


HEAD = [
    "图斑编号",
    "县名称",
    "地块编号",
    "判定类型",
    "具体情形",
    "实际用地面积（公顷）",
    "核查日期",
    "调查人",
    "举证人员",
    "备注",
]


def line(seq: int, verdict: str = "违法用地", county: str = COUNTY.name, **more: str) -> list[str]:
    cells = {
        "图斑编号": number(seq),
        "县名称": county,
        "判定类型": verdict,
        "具体情形": "未报即用",
        "实际用地面积（公顷）": "0.5",
        "核查日期": "03/10/2025",
        "举证人员": "李",
        **more,
    }
    return [cells.get(one, "") for one in HEAD]


@pytest.mark.parametrize(("separator", "encoding"), [(",", "gb18030"), (";", "utf-8-sig"), ("\t", "utf-16")])
def test_a_ledger_says_what_a_checklist_would(tmp_path: Path, separator: str, encoding: str) -> None:
    known = by(LEDGER, tmp_path)
    path = put(
        tmp_path / "台账.csv",
        [["融合台账"], HEAD, line(1), line(3, "合法用地", CODE, 具体情形="")],
        separator,
        encoding,
    )
    one = read(path, known)
    assert (one.door, one.remarks) == ("mapped", ())
    assert one.rows[0].place == "台账.csv!A3"
    found = merged(one, known=known)
    full = {
        "verdict": "illegal", "verdict_sub": "illegal.unreported", "used": "7.5", "checked_on": "2025-10-03",
        "checker": "李",
    }  # fmt: skip
    del full["verdict_sub"]
    assert said(found) == {uid(1): {**full, "verdict_sub": "illegal.unreported"}, uid(3): full | {"verdict": "legal"}}
    assert not found.unmatched
    columns = returned_columns([brought([one], sent())[0]], found)
    assert columns["fate"] == ["taken", "taken"]
    assert columns["patch_uid"] == [uid(1), uid(3)]


def test_the_same_ledger_as_a_workbook(tmp_path: Path) -> None:
    known = by(LEDGER, tmp_path)
    book = openpyxl.Workbook()
    sheet = book.create_sheet("2025")
    for one in ([], HEAD, line(2)):
        sheet.append(one)
    sheet.cell(3, HEAD.index("核查日期") + 1).value = date(2025, 10, 3)
    sheet.cell(3, HEAD.index("备注") + 1).value = "=1+1"
    book.save(tmp_path / "台账.xlsx")
    one = read(tmp_path / "台账.xlsx", known)
    assert one.rows[0].said["checked_on"] == "2025-10-03"
    assert one.rows[0].place == "台账.xlsx!2025!A3"
    (doubt,) = one.remarks
    assert (doubt.code, doubt.place) == (Doubt.FORMULA, "台账.xlsx!2025!J3")


def test_rows_that_fit_no_piece_or_several_are_named_and_kept(tmp_path: Path) -> None:
    known = by(LEDGER, tmp_path)
    twin = Sent("2025Q3-TWIN", "429902", "Z", "", number(1), 9, 1.0, 1.0, "江口县")
    pieces = all_sent([*sent().by_key.values(), twin])
    rows = [line(99), line(1, county=""), line(1, county="江口县"), line(1, county="不存在县"), ["", *line(1)[1:]]]
    one = read(put(tmp_path / "a.csv", [HEAD, *rows]), known)
    found = merged(one, known=known, pieces=pieces)
    why = [(each.row.place, each.code) for each in found.unmatched]
    assert why == [
        ("a.csv!A2", Doubt.NUMBER_UNKNOWN),
        ("a.csv!A3", Doubt.NUMBER_DOUBTFUL),
        ("a.csv!A5", Doubt.NUMBER_UNKNOWN),
        ("a.csv!A6", Doubt.NO_IDENTITY),
    ]
    assert said(found).keys() == {"2025Q3-TWIN"}
    words = remark_words(known.form, known.facts)
    assert all(number(99) in words(each) for each in found.remarks if each.place == "a.csv!A2")
    fates = returned_columns([brought([one], pieces)[0]], found)["fate"]
    assert fates == ["unmatched", "unmatched", "taken", "unmatched", "unmatched"]


def test_a_word_that_the_map_does_not_translate_is_doubted_at_its_cell(tmp_path: Path) -> None:
    known = by(LEDGER, tmp_path)
    one = read(put(tmp_path / "a.csv", [HEAD, line(1, "待定")]), known)
    assert [(each.code, each.place) for each in one.remarks] == [(Doubt.NOT_A_CHOICE, "a.csv!D2")]
    assert [each.code for each in merged(one, known=known).unmatched] == [Doubt.NO_VERDICT]


def test_columns_that_nobody_names_are_listed_once(tmp_path: Path) -> None:
    known = by(LEDGER, tmp_path)
    rows = [[*HEAD, "批次", "空列"], [*line(1), "一", ""], [*line(2), "二", ""]]
    (doubt,) = read(put(tmp_path / "a.csv", rows), known).remarks
    assert (doubt.code, dict(doubt.facts)) == (Doubt.NOT_MAPPED, {"map": "ledger", "columns": "批次"})


def test_columns_that_are_not_there_are_listed_once(tmp_path: Path) -> None:
    known = by(LEDGER, tmp_path)
    (doubt,) = read(put(tmp_path / "a.csv", [HEAD[:-1], line(1)[:-1]]), known).remarks
    assert (doubt.code, doubt.facts["columns"]) == (Doubt.MAP_MISSING, "备注")


def test_land_parcels_are_told_by_their_column_alone(tmp_path: Path) -> None:
    known = by(LEDGER, tmp_path)
    rows = [
        line(1, 地块编号="1"),
        line(1, 地块编号="2", **{"实际用地面积（公顷）": "0.2"}),
        line(2),
        line(2, "合法用地", 具体情形=""),
    ]
    found = merged(read(put(tmp_path / "a.csv", [HEAD, *rows]), known), known=known)
    parcels = {one.sent.patch_uid: len(one.answer.rows) for one in found.findings if one.answer}
    assert parcels == {uid(1): 2}
    assert [one.sent.patch_uid for one in found.findings if one.state == "conflict"] == [uid(2)]


def test_constants_answer_only_rows_that_say_anything(tmp_path: Path) -> None:
    text = LEDGER.replace("[words.verdict]", '[constants]\nbuilt_state = "built"\n[words.verdict]')
    known = by(text, tmp_path)
    blank = [number(2), COUNTY.name, *[""] * 8]
    found = merged(read(put(tmp_path / "a.csv", [HEAD, line(1), blank]), known), known=known)
    assert said(found)[uid(1)]["built_state"] == "built"
    assert said(found).keys() == {uid(1)}


def test_our_own_checklist_is_never_read_by_an_offices_map(tmp_path: Path) -> None:
    known = by(LEDGER.replace('["图斑编号", "判定类型"]', '["图斑编号", "核查结论"]'), tmp_path)
    rows = [["图斑编号", "核查结论", "图斑唯一码", "校验码"], [number(1), "违法", uid(1), row_code(PIECES[1])]]
    one = read(put(tmp_path / "a.csv", [["patch_no", "核查结论", "patch_uid", "row_code"], rows[1]]), known)
    assert one.door == "csv"


def test_what_was_read_by_a_map_is_remembered(tmp_path: Path) -> None:
    known = shelved()
    one = read(put(tmp_path / "k.csv", kobo({1: {"verdict": "legal"}}, status="Not Approved")), known)
    remember(tmp_path / "m.json", [one])
    assert remembered(tmp_path / "m.json") == [one]


# Kobo and ODK

GROUPS = {"verdict": "finding", "verdict_sub": "finding"}


def kobo(
    findings: Mapping[int, Finding], *, groups: str = "/", labels: bool = False, profile: str = "cn", status: str = ""
) -> list[list[str]]:
    """An export as Kobo writes it: groups before the headings, its own columns before and behind."""
    known = terms(profile)
    keys = [one.key for one in known.form.asked]

    def heading(key: str) -> str:
        one = known.form[key]
        name = known.name(one).replace("\n", "") if labels else one.key
        return f"evidence{groups}{name}" if groups else name

    def value(key: str, code: str) -> str:
        if known.form[key].type != "choice" or not code:
            return code
        return str(cell_of(profile, key, code)) if labels else code.replace(".", "_")

    codes = {one.patch_uid: row_code(one) for one in PIECES}
    head = ["start", "end", "patch_uid", "row_code", *map(heading, keys), "photo1_URL", "_id", "_uuid"]
    head += ["_submission_time", "_validation_status", "__version__", "_index"]
    rows = [
        ["2025-10-20T08:00:00", "x", uid(seq), codes[uid(seq)], *(value(key, each.get(key, "")) for key in keys)]
        + ["", "17", "ab-12", "2025-10-20T09:00:00", status, "vX", "1"]
        for seq, each in findings.items()
    ]
    return [head, *rows]


@pytest.mark.parametrize("profile", ["cn", "international"])
@pytest.mark.parametrize(("groups", "labels", "separator"), [("/", False, ";"), ("", False, ","), ("/", True, ";")])
def test_through_kobo(tmp_path: Path, profile: str, groups: str, labels: bool, separator: str) -> None:
    known = shelved(profile)
    keys = [one.key for one in known.form.asked]

    @settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(many(profile, keys))
    def law(findings: dict[int, Finding]) -> None:
        path = put(tmp_path / "k.csv", kobo(findings, groups=groups, labels=labels, profile=profile), separator)
        one = read(path, known)
        assert (one.door, one.remarks) == ("mapped", ())
        assert {row.patch_uid: dict(row.said) for row in one.rows} == {uid(seq): findings[seq] for seq in findings}
        assert {row.part for row in one.rows} == {"1"}

    law()


def test_through_odk_central(tmp_path: Path) -> None:
    rows = kobo({2: {"verdict": "illegal", "verdict_sub": "illegal.beyond"}}, groups="-")
    head = ["SubmissionDate" if one == "_submission_time" else "KEY" if one == "_uuid" else one for one in rows[0]]
    head = ["ReviewState" if one == "_validation_status" else one for one in head]
    one = read(put(tmp_path / "o.csv", [head, rows[1]]), shelved())
    assert [dict(row.said) for row in one.rows] == [{"verdict": "illegal", "verdict_sub": "illegal.beyond"}]
    rows[1][head.index("ReviewState")] = "rejected"
    again = read(put(tmp_path / "p.csv", [head, rows[1]]), shelved())
    assert [each.code for each in again.remarks if each.code is Doubt.SET_ASIDE] == [Doubt.SET_ASIDE]


def test_a_submission_that_kobo_refuses_is_named_and_does_not_count(tmp_path: Path) -> None:
    known = shelved()
    one = read(put(tmp_path / "k.csv", kobo({1: {"verdict": "legal"}}, status="Not Approved")), known)
    found = merged(one, known=known)
    assert [each.code for each in found.unmatched] == [Doubt.SET_ASIDE]
    assert {each.state for each in found.findings} == {"open"}
    assert [each.code for each in found.remarks] == [Doubt.SET_ASIDE]


def test_two_submissions_of_one_piece_that_differ_wait_for_a_person(tmp_path: Path) -> None:
    known = shelved()
    rows = kobo({1: {"verdict": "legal"}}) + kobo({1: {"verdict": "illegal"}})[1:]
    found = merged(read(put(tmp_path / "k.csv", rows), known), known=known)
    assert [one.sent.patch_uid for one in found.findings if one.state == "conflict"] == [uid(1)]


def test_several_choices_in_one_cell_or_in_columns_of_their_own(tmp_path: Path) -> None:
    known = shelved()
    one = known.form["actual_use"]
    form = replace(
        known.form, fields=tuple(replace(each, type="multi") if each is one else each for each in known.form.fields)
    )
    known = replace(known, form=form)
    rows = kobo({1: {"verdict": "legal"}, 2: {"verdict": "legal"}})
    at = rows[0].index("evidence/actual_use")
    rows[1][at] = "housing transport"
    rows = [[*row[: at + 1], *more, *row[at + 1 :]] for row, more in zip(
        rows, (["evidence/actual_use/housing", "evidence/actual_use/commerce"], ["1", "0"], ["1", "1"]), strict=True
    )]  # fmt: skip
    found = [row.said.get("actual_use") for row in read(put(tmp_path / "k.csv", rows), known).rows]
    assert found == ["transport|housing", "housing|commerce"]


# What may be wrong in a map


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("headings = ", "heads = "), ["heads is not a known key", "headings is missing"]),
        (("[answers]\nverdict =", "[answers]\nverdikt ="), ["[answers] verdikt is no", "[answers] verdict is missing"]),
        (('"合法用地" = "legal"', '"合法用地" = "lawful"'), ["[words.verdict] 合法用地 = 'lawful'"]),
        (("%d/%m/%Y", "dd.mm.yyyy"), ["[dates] checked_on"]),
        (('used = "ha"', 'used = "qing"'), ["[units] used"]),
        (("patch_no = ", "number = "), ["[patch] number is not known", "[patch] names no column"]),
        (("headings", 'encoding = "gb99"\nheadings'), ["encoding = 'gb99'"]),
        (("headings", 'delimiter = "ab"\nheadings'), ["delimiter is not right"]),
    ],
)
def test_every_mistake_in_a_map_is_named(tmp_path: Path, change: tuple[str, str], told: list[str]) -> None:
    with pytest.raises(Refusals) as caught:
        by(LEDGER.replace(*change, 1), tmp_path)
    sentences = [one.sentence for one in caught.value.found]
    assert [any(part in one for one in sentences) for part in told] == [True] * len(told), sentences


def test_the_shipped_maps_are_without_mistakes() -> None:
    for profile in ("cn", "international"):
        assert len(shelved(profile).maps) == 2
    assert list(mistakes({"headings": ["a"], "own_form": True}, terms().form)) == []


def test_areas_in_another_declared_unit_are_the_same_ground(tmp_path: Path) -> None:
    known = by(LEDGER, tmp_path)
    rows = [line(1, **{"实际用地面积（公顷）": str(Decimal(one) / 15)}) for one in ("3", "7.5")]
    assert [each.said["used"] for each in read(put(tmp_path / "a.csv", [HEAD, *rows]), known).rows] == ["3", "7.5"]
