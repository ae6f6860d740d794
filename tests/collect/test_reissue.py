"""What is asked again, and how its answer finds its place: a chain that no order of arrival can change."""

from __future__ import annotations

import csv
import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.collect.check_rules import load_rules
from pipeline.collect.checks import checks
from pipeline.collect.merge import Merged, answer_id, merge
from pipeline.collect.reissue import Reissue, reissues
from pipeline.collect.returned import Doubt, ReturnedFile
from pipeline.collect.reviews import load_reviews, review_all, review_lines
from pipeline.collect.sent import all_sent, sent_rows
from pipeline.collect.spelling import said_text
from pipeline.collect.tables import fates
from pipeline.collect.words import remark_words
from pipeline.decisions import Decision
from pipeline.forms.table import FIRST_ROW, Table
from pipeline.forms.workbook import Note, write_checklist
from pipeline.texts import texts
from tests.collect import test_merge as m

from .conftest import CAMPAIGN, CODE, COUNTY, PIECES, Sheet, number, piece, read, terms, uid

TABLE = load_reviews("reviews")
ILLEGAL = {"verdict": "illegal", "verdict_sub": "illegal.unreported"}


def finding(found: Merged, patch: str = "a") -> object:
    return next(one for one in found.findings if one.sent.patch_no == patch)


def based(name: str, base: str, **said: str) -> ReturnedFile:
    return m.file(name, replace(m.row("a", **said), base=base))


def ids(found: Merged) -> str:
    return "|".join(answer_id(one) for one in finding(found).answers)  # type: ignore[attr-defined]


FIRST = m.file("x", m.row("a", **m.FULL))


def test_an_answer_issued_upon_another_stands_in_its_place() -> None:
    later = based("b", ids(m.merged(FIRST)), **m.FULL | ILLEGAL)
    found = m.merged(FIRST, later)
    one = finding(found)
    assert (one.state, one.answer.file, [each.file for each in one.superseded]) == ("answered", "b", ["x"])  # type: ignore[attr-defined]
    assert fates(found)[FIRST.digest, "f!s!row 1"] == ("superseded", "")


def test_an_answer_upon_a_conflict_settles_it() -> None:
    other = m.file("y", m.row("a", **m.FULL | ILLEGAL))
    both = m.merged(FIRST, other)
    settled = m.merged(FIRST, other, based("b", ids(both), **m.FULL | {"checker": "Zhao"}))
    assert finding(settled).answer.said["checker"] == "Zhao"  # type: ignore[attr-defined]
    third = m.file("t", m.row("a", **m.FULL | {"checker": "Sun"}))  # and one that came from elsewhere does not
    assert finding(m.merged(FIRST, other, third, based("b", ids(both), **m.FULL))).state == "conflict"  # type: ignore[attr-defined]


def test_back_and_forth_is_a_chain_and_no_circle() -> None:
    a, b = m.FULL, m.FULL | ILLEGAL
    files = [FIRST]
    for at, said in enumerate([b, a, b]):
        files.append(based(f"n{at}", ids(m.merged(*files)), **said))
        assert finding(m.merged(*files)).answer.file == f"n{at}"  # type: ignore[attr-defined]
    random.Random(1).shuffle(files)
    assert finding(m.merged(*files)).answer.file == "n2"  # type: ignore[attr-defined]


def test_what_a_workbook_has_no_place_for_is_kept_through_a_reissue() -> None:
    field = m.file("x", m.row("a", **m.FULL, photo1="DCIM/p.jpg"), door="geopackage")
    later = m.merged(field, based("b", ids(m.merged(field)), **m.FULL | {"finding_remark": "more"}))
    assert finding(later).answer.said["photo1"] == "DCIM/p.jpg"  # type: ignore[attr-defined]
    last = m.merged(
        field, based("b", ids(m.merged(field)), **m.FULL | {"finding_remark": "more"}), based("c", ids(later), **m.FULL)
    )
    assert finding(last).answer.said["photo1"] == "DCIM/p.jpg"  # type: ignore[attr-defined]
    assert finding(last).answer.file == "c"  # type: ignore[attr-defined]


def test_a_decision_still_goes_before_and_a_file_left_out_gives_back_what_it_replaced() -> None:
    later = based("b", ids(m.merged(FIRST)), **m.FULL | ILLEGAL)
    left = m.merged(FIRST, later, decisions=(m.decision("b", "leave"),))
    assert finding(left).answer.file == "x"  # type: ignore[attr-defined]


saids = st.fixed_dictionaries(
    {"verdict": st.sampled_from(["legal", "illegal"])},
    optional={"checker": st.sampled_from(["Li", "Zhao"]), "photo1": st.just("p.jpg")},
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(saids, st.booleans()), min_size=1, max_size=6), st.randoms())
def test_order_of_arrival_changes_nothing_and_nothing_is_lost(steps: list, shuffled: random.Random) -> None:  # type: ignore[type-arg]
    files: list[ReturnedFile] = []
    for at, (said, upon) in enumerate(steps):
        base = ids(m.merged(*files)) if upon and files else ""
        files.append(based(f"n{at}", base, **said))
    mixed = [*files, *files]
    shuffled.shuffle(mixed)
    one, other = m.merged(*files), m.merged(*mixed)
    assert one.findings == other.findings
    here = finding(one)
    told = [*here.answers, *here.superseded]  # type: ignore[attr-defined]
    assert sorted(each.digest for each in told) == sorted(each.digest for each in files)
    assert here.answers  # type: ignore[attr-defined]
    if all(upon for _, upon in steps[1:]):
        assert here.state == "answered"  # type: ignore[attr-defined]


# The workbook to reissue

FULL: dict[str, str] = {
    "verdict": "legal", "verdict_sub": "legal.swap", "actual_use": "housing", "built_state": "built", "used": "3.5",
    "used_farmland": "0", "finding_remark": "云自然资批〔2024〕12号", "photos": "a.jpg", "checker": "李明",
    "checked_on": "2025-10-20", "user_name": "某公司",
}  # fmt: skip
LABELS = {"verdict": "合法", "verdict_sub": "合法·增减挂钩", "actual_use": "住宅", "built_state": "建成"}
BY = terms()
SENT = all_sent(
    sent_rows(
        {
            "patch_uid": [one.patch_uid for one in PIECES], "county_code": [CODE] * 4, "county_name": ["云溪县"] * 4,
            "patch_no": [one.patch_no for one in PIECES], "seq": [one.seq for one in PIECES],
            "area_m2": [one.area_m2 for one in PIECES], "asked": [True] * 4,
            "lon_deg": [one.lon_deg for one in PIECES], "lat_deg": [one.lat_deg for one in PIECES],
        },
        [one.geometry for one in PIECES], "mu",  # type: ignore[arg-type]
    )
)  # fmt: skip


def reissued(files: list[ReturnedFile], *decisions: Decision) -> tuple[Merged, list[Reissue]]:
    merged = merge(SENT, files, BY.form, CAMPAIGN, decisions)
    rules = load_rules("checks", BY.form.id)
    outlines = np.array([one.geometry for one in PIECES], object)
    merged.remarks += checks(merged.findings, BY.form, BY.facts, rules, files, lambda rows: outlines[list(rows)])
    reviews = review_all(merged.findings, review_lines(decisions, TABLE), TABLE)
    return merged, reissues(merged, reviews, BY.form, TABLE, remark_words(BY.form, BY.facts), texts("zh"))


def put(sheet: Sheet, at: int, **changed: object) -> None:
    sheet.put(at, **{**FULL, **LABELS, "used": 3.5, "used_farmland": 0, "checked_on": date(2025, 10, 20), **changed})


@pytest.fixture
def answered(checklist: object, tmp_path: Path) -> list[ReturnedFile]:
    """Rows 1 to 3 answered: well, with an error, without a name; row 4 left open."""
    sheet = Sheet(checklist("cn"), BY)  # type: ignore[operator]
    put(sheet, 5)
    put(sheet, 6, used=99.0)
    put(sheet, 7, checker=None)
    return read(sheet.save(tmp_path / "first.xlsx"), tmp_path / "s")


def again(notes: Mapping[str, Note], path: Path) -> Path:
    assert write_checklist(path, BY.form, BY.facts, COUNTY, PIECES, {}, notes) == len(notes)
    return path


def test_rows_come_back_with_the_reason_and_those_that_are_well_do_not(answered: list[ReturnedFile]) -> None:
    _, (one,) = reissued(answered, Decision("王芳", "2025-11-02", uid(1), "return", "city 3", "缺近景", 2))
    why = {seq: note.why for seq in range(1, 5) for key, note in one.notes.items() if key == uid(seq)}
    assert why[1] == "市级退回：需补充实地照片（王芳, 2025-11-02, 缺近景）。请补充或更正后发回。"
    assert why[2].startswith("R04")
    assert "核查人" in why[3]
    assert why[4] == "尚未核查。"
    _, (less,) = reissued(answered)
    assert uid(1) not in less.notes


def test_a_county_that_returned_nothing_is_not_asked_again() -> None:
    assert reissued([])[1] == []


def test_the_workbook_reads_back_as_what_it_was_issued_upon(answered: list[ReturnedFile], tmp_path: Path) -> None:
    merged, (one,) = reissued(answered, Decision("王芳", "", CODE, "return", "city 3", "", 2))
    path = again(one.notes, tmp_path / f"{CODE}_open.xlsx")
    (untouched,) = read(path, tmp_path / "s")
    assert untouched.remarks == ()
    before = {each.sent.patch_uid: dict(each.answer.said) for each in merged.findings if each.answer}
    assert {row.patch_uid: dict(row.said) for row in untouched.rows} == before
    assert {row.patch_uid: row.base for row in untouched.rows} == {key: one.notes[key].base for key in before}
    both, _ = reissued([*answered, untouched])
    assert [each.state for each in both.findings] == [each.state for each in merged.findings]
    assert not any(each.superseded for each in both.findings)


def test_a_mended_row_takes_the_place_of_the_old_one_through_every_save(
    answered: list[ReturnedFile], tmp_path: Path
) -> None:
    _, (one,) = reissued(answered)
    sheet = Sheet(again(one.notes, tmp_path / "o.xlsx"), BY)
    row = next(at for at in range(5, 9) if sheet.cell(at, "patch_uid").value == uid(2))
    sheet.put(row, used=13.0)
    path = sheet.save(tmp_path / "mended.xlsx")
    for target in (path, as_csv(path, tmp_path / "mended.csv")):
        files = [*answered, *read(target, tmp_path / "s")]
        for order in (files, files[::-1]):
            merged, (left,) = reissued(order)
            mine = next(each for each in merged.findings if each.sent.patch_uid == uid(2))
            assert (mine.state, mine.answer.said["used"], len(mine.superseded)) == ("answered", "13", 1)  # type: ignore[union-attr]
            assert set(left.notes) == {uid(3), uid(4)}


def as_csv(path: Path, target: Path) -> Path:
    """What "save as CSV" keeps of the first sheet."""
    with target.open("w", newline="", encoding="gb18030") as out:
        for row in openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True):
            cells = (one.date() if hasattr(one, "date") else one for one in row)
            csv.writer(out).writerow(["" if one is None else one for one in cells])
    return target


def test_the_same_values_give_the_same_bytes_and_the_first_checklist_has_no_such_column(tmp_path: Path) -> None:
    notes = {uid(1): Note("尚未核查。"), uid(3): Note("=1+1", "0" * 16, FULL)}
    one, two = again(notes, tmp_path / "1.xlsx"), again(notes, tmp_path / "2.xlsx")
    assert one.read_bytes() == two.read_bytes()
    sheet = Sheet(one, BY).sheet
    heads = [cell.value for cell in sheet[4]]
    table = Table(BY.form, 2, reissued=True)
    assert heads[table.note : table.first_long] == ["本行退回原因", "校验码", "patch_uid", "base"]
    assert sheet.cell(6, table.note + 1).data_type == "s"
    assert next(sheet.column_dimensions[cell.column_letter].hidden for cell in sheet[4][table.uid : table.first_long])


@pytest.fixture
def of_plots(checklist: object, tmp_path: Path) -> list[ReturnedFile]:
    """Patch 1 answered for three plots of land; one in a numbered row, all without what is due."""
    sheet = Sheet(checklist("cn"), BY)  # type: ignore[operator]
    put(sheet, FIRST_ROW + 1, checked_on=None)
    for at, plot in ((9, "乙"), (10, None)):
        sheet.put(at, patch_no=number(1), part_no=plot, verdict="违法", user_name=f"用户{at}")
    return read(sheet.save(tmp_path / "plots.xlsx"), tmp_path / "s")


def plots_of(found: Merged) -> dict[str, str]:
    one = next(each for each in found.findings if each.sent.patch_uid == uid(1))
    assert one.answer is not None
    return {row.part: row.said.get("user_name", "") for row in one.answer.rows}


def test_further_plots_come_back_in_rows_of_their_own_and_are_kept(
    of_plots: list[ReturnedFile], tmp_path: Path
) -> None:
    merged, (one,) = reissued(of_plots)
    assert plots_of(merged) == {"1": "某公司", "乙": "用户9", "2": "用户10"}
    note = one.notes[uid(1)]
    assert [plot.said["part_no"] for plot in note.plots] == ["2", "乙"]
    assert all("具体情形" in plot.why for plot in note.plots)
    path = again(one.notes, tmp_path / "o.xlsx")
    (untouched,) = read(path, tmp_path / "s")
    back, _ = reissued([*of_plots, untouched])
    assert (plots_of(back), any(each.superseded for each in back.findings)) == (plots_of(merged), False)
    sheet = Sheet(path, BY)
    at = next(row for row in range(5, 9) if sheet.cell(row, "part_no").value == "乙")
    sheet.put(at, user_name="丙")
    mended, _ = reissued([*of_plots, *read(sheet.save(tmp_path / "m.xlsx"), tmp_path / "s")])
    assert plots_of(mended) == {"1": "某公司", "乙": "丙", "2": "用户10"}
    assert not [each for each in mended.remarks if each.code is Doubt.PLOTS_GONE]


def test_a_plot_that_an_answer_upon_it_does_not_bring_is_told(of_plots: list[ReturnedFile], tmp_path: Path) -> None:
    _, (one,) = reissued(of_plots)
    sheet = Sheet(again(one.notes, tmp_path / "o.xlsx"), BY)
    at = next(row for row in range(5, 9) if sheet.cell(row, "part_no").value == "乙")
    sheet.sheet.delete_rows(at)
    found, _ = reissued([*of_plots, *read(sheet.save(tmp_path / "m.xlsx"), tmp_path / "s")])
    assert set(plots_of(found)) == {"1", "2"}
    (gone,) = [each for each in found.remarks if each.code is Doubt.PLOTS_GONE]
    assert (gone.patch_uid, gone.facts["plots"]) == (uid(1), "乙")


def test_what_a_reissued_file_has_no_column_for_stays_as_it_was_answered(
    answered: list[ReturnedFile], tmp_path: Path
) -> None:
    _, (one,) = reissued(answered)
    sheet = Sheet(again(one.notes, tmp_path / "o.xlsx"), BY)
    at = next(row for row in range(5, 9) if sheet.cell(row, "patch_uid").value == uid(2))
    sheet.put(at, used=13.0)
    sheet.sheet.delete_cols(sheet.columns["user_name"])
    found, _ = reissued([*answered, *read(sheet.save(tmp_path / "m.xlsx"), tmp_path / "s")])
    mine = next(each for each in found.findings if each.sent.patch_uid == uid(2))
    assert mine.answer is not None
    assert (mine.answer.said["used"], mine.answer.said["user_name"]) == ("13", "某公司")


def test_a_plot_added_in_a_reissue_takes_nothing_from_the_first() -> None:
    field = m.file("x", m.row("a", **m.FULL, photo1="DCIM/p.jpg"), door="geopackage")
    base = ids(m.merged(field))
    two = m.file("b", replace(m.row("a", **m.FULL), base=base), m.row("a", part="2", at=2, **m.FULL))
    rows = finding(m.merged(field, two)).answer.rows  # type: ignore[attr-defined]
    assert [row.said.get("photo1") for row in rows] == ["DCIM/p.jpg", None]


texts_of = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Co", "Cn"]), min_size=1, max_size=40)
findings = st.fixed_dictionaries(
    {"verdict": st.sampled_from([one.code for one in BY.form.verdict.choices])},
    optional={
        "used": st.integers(0, 10**6).map(lambda one: f"{one / 100:.2f}".rstrip("0").rstrip(".")),
        "checked_on": st.dates(date(2000, 1, 1), date(2100, 12, 31)).map(date.isoformat),
        "actual_use": st.sampled_from([one.code for one in BY.form["actual_use"].choices]),
        "finding_remark": texts_of,
    },
)


@settings(max_examples=40, deadline=None)
@given(findings)
def test_any_answer_goes_out_and_comes_back_as_itself(
    tmp_path_factory: pytest.TempPathFactory, said: Mapping[str, str]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    said = {key: kept for key, value in said.items() if (kept := said_text(value))}
    write_checklist(folder / "any.xlsx", BY.form, BY.facts, COUNTY, [piece(1)], {}, {uid(1): Note("x", "", said)})
    (found,) = read(folder / "any.xlsx", folder / "s")
    assert [dict(one.said) for one in found.rows] == [said]
