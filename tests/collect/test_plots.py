"""Several plots of land in one patch: the rows handed out for them, and whose they are."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from pipeline.collect.merge import merge
from pipeline.collect.returned import Doubt
from pipeline.collect.sent import Sent, all_sent
from pipeline.forms.identity import row_code
from pipeline.forms.table import FIRST_ROW, Table, extra_sign
from pipeline.records import Piece

from .conftest import CAMPAIGN, CODE, PIECES, Sheet, number, piece, read, terms, uid

EXTRAS = Table(terms().form, len(PIECES), reissued=False).extra
FIRST_EXTRA = FIRST_ROW + len(PIECES) + 1  # as a spreadsheet counts
Rows = list[tuple[int, str, Mapping[str, Any]]]  # of the extra rows: which patch, plot number, answers
VERDICT = {"verdict": "违法"}


def filled(path: Path, target: Path, rows: Rows, **first: str) -> Path:
    sheet = Sheet(path, terms())
    sheet.put(FIRST_ROW + 1, **({"verdict": "合法"} | first))
    for at, (seq, plot, said) in enumerate(rows, FIRST_EXTRA):
        sheet.put(at, patch_no=number(seq), part_no=plot or None, **said)
    return sheet.save(target)


def told(path: Path, scratch: Path) -> list[tuple[str, str, Mapping[str, str]]]:
    (found,) = read(path, scratch)
    assert found.remarks == ()
    return [(one.patch_uid, one.part, one.said) for one in found.rows]


def merged(path: Path, scratch: Path) -> Any:
    (found,) = read(path, scratch)
    sent = all_sent(
        Sent(one.patch_uid, CODE, row_code(one), "", one.patch_no, one.seq, one.area_m2 * 0.0015, one.area_m2)
        for one in PIECES
    )
    return merge(sent, [found], terms().form, CAMPAIGN, ())


def test_a_further_plot_is_of_the_patch_whose_number_was_chosen(
    checklist: Callable[[str], Path], tmp_path: Path
) -> None:
    path = filled(checklist("cn"), tmp_path / "a.xlsx", [(1, "", VERDICT), (3, "", VERDICT), (1, "丙", VERDICT)])
    said = {"verdict": "illegal"}
    assert told(path, tmp_path / "s") == [
        (uid(1), "1", {"verdict": "legal"}),
        (uid(1), "2", said),
        (uid(3), "2", said),
        (uid(1), "丙", said),
    ]
    found = merged(path=path, scratch=tmp_path / "s")
    assert found.unmatched == []
    answered = {one.sent.patch_uid: [row.part for row in one.answer.rows] for one in found.findings if one.answer}
    assert answered == {uid(1): ["1", "2", "丙"], uid(3): ["2"]}


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.integers(1, len(PIECES)), max_size=EXTRAS), st.randoms(use_true_random=False))
def test_no_plot_is_lost_wherever_its_row_was_sorted_to(
    checklist: Callable[[str], Path], tmp_path: Path, chosen: list[int], shuffle: Any
) -> None:
    path = filled(checklist("cn"), tmp_path / "a.xlsx", [(seq, "", VERDICT) for seq in chosen])
    rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python(skip_empty_area=False)
    data = rows[FIRST_ROW:]
    shuffle.shuffle(data)
    with (tmp_path / "a.csv").open("w", encoding="utf-8", newline="") as target:
        csv.writer(target).writerows([*rows[:FIRST_ROW], *data])
    for name in ("a.xlsx", "a.csv"):
        found = told(tmp_path / name, tmp_path / "s")
        assert sorted(one for one, _, _ in found) == sorted([uid(1), *map(uid, chosen)])
        assert len({(one, part) for one, part, _ in found}) == len(found)
        assert {(one, "1") for one, part, _ in found if part == "1"} <= {(uid(1), "1")}


def test_an_untouched_row_says_nothing_and_one_without_a_number_is_kept(
    checklist: Callable[[str], Path], tmp_path: Path
) -> None:
    sheet = Sheet(checklist("cn"), terms())
    sheet.put(FIRST_EXTRA, patch_no=number(2))  # chosen, nothing said
    sheet.put(FIRST_EXTRA + 1, **VERDICT)
    assert sheet.cell(FIRST_EXTRA + 1, "patch_uid").value == extra_sign(CODE)
    found = merged(path=sheet.save(tmp_path / "a.xlsx"), scratch=tmp_path / "s")
    assert [one.code for one in found.unmatched] == [Doubt.NUMBER_MISSING]
    assert not any(one.answers for one in found.findings)


def test_a_number_that_is_nobodys_is_refused(checklist: Callable[[str], Path], tmp_path: Path) -> None:
    path = filled(checklist("cn"), tmp_path / "a.xlsx", [(77, "", VERDICT)])
    assert [one.code for one in merged(path=path, scratch=tmp_path / "s").unmatched] == [Doubt.NUMBER_UNKNOWN]


@pytest.mark.parametrize("plot", ["1", "１"])
def test_a_plot_called_as_the_first_is_for_people_to_tell(
    checklist: Callable[[str], Path], tmp_path: Path, plot: str
) -> None:
    path = filled(checklist("cn"), tmp_path / "a.xlsx", [(1, plot, VERDICT)])
    found = merged(path=path, scratch=tmp_path / "s")
    assert [one.state for one in found.findings if one.answers] == ["conflict"]


def refused(found: Any) -> list[tuple[Doubt, str]]:
    return sorted((one.code, one.row.said["verdict"]) for one in found.unmatched)


def plots(found: Any) -> dict[str, list[str]]:
    return {one.sent.patch_uid: [row.part for row in one.answer.rows] for one in found.findings if one.answer}


def resent(path: Path, tmp_path: Path, *changed: Piece) -> Any:
    """Merged where these pieces, too, were sent."""
    (found,) = read(path, tmp_path / "s")
    sent = (
        Sent(one.patch_uid, CODE, row_code(one), "", one.patch_no, one.seq, 1.0, 1.0) for one in [*PIECES, *changed]
    )
    return merge(all_sent(sent), [found], terms().form, CAMPAIGN, ())


@pytest.mark.parametrize("number_of_other", [number(1), f"0{number(1)}", "４２９９０１２０２５００００００" + "０１"])
def test_a_number_of_two_patches_is_for_people_to_tell(
    checklist: Callable[[str], Path], tmp_path: Path, number_of_other: str
) -> None:
    path = filled(checklist("cn"), tmp_path / "a.xlsx", [(1, "", VERDICT), (3, "", VERDICT)])
    found = resent(path, tmp_path, replace(piece(9), patch_no=number_of_other))
    assert refused(found) == [(Doubt.NUMBER_DOUBTFUL, "illegal")]
    assert plots(found) == {uid(1): ["1"], uid(3): ["2"]}


def test_a_number_that_was_typed_otherwise_is_still_the_patchs(
    checklist: Callable[[str], Path], tmp_path: Path
) -> None:
    sheet = Sheet(checklist("cn"), terms())
    wide = "".join(chr(ord(one) + 0xFEE0) for one in number(1))
    sheet.put(FIRST_EXTRA, patch_no=f" {wide}", **VERDICT)
    found = merged(path=sheet.save(tmp_path / "a.xlsx"), scratch=tmp_path / "s")
    assert plots(found) == {uid(1): ["2"]}


@pytest.mark.parametrize("cleared", [("patch_uid",), ("row_code",), ("row_no",)])
def test_one_sign_of_a_further_plot_is_enough(
    checklist: Callable[[str], Path], tmp_path: Path, cleared: tuple[str, ...]
) -> None:
    sheet = Sheet(filled(checklist("cn"), tmp_path / "a.xlsx", [(2, "", VERDICT)]), terms())
    for key in cleared:
        sheet.cell(FIRST_EXTRA, key).value = None
    assert plots(merged(path=sheet.save(tmp_path / "b.xlsx"), scratch=tmp_path / "s"))[uid(2)] == ["2"]


def test_a_uid_written_into_such_a_row_counts_where_its_number_agrees(
    checklist: Callable[[str], Path], tmp_path: Path
) -> None:
    sheet = Sheet(checklist("cn"), terms())
    sheet.put(FIRST_EXTRA, patch_no=number(2), patch_uid=uid(2), **VERDICT)
    sheet.put(FIRST_EXTRA + 1, patch_no=number(3), patch_uid=uid(2), verdict="合法")
    sheet.put(FIRST_EXTRA + 2, patch_uid=uid(2), verdict="其他")
    found = merged(path=sheet.save(tmp_path / "a.xlsx"), scratch=tmp_path / "s")
    assert plots(found) == {uid(2): ["2"]}
    assert refused(found) == [(Doubt.NO_IDENTITY, "legal"), (Doubt.NUMBER_MISSING, "other")]


def test_where_columns_were_sorted_apart_no_number_alone_is_believed(
    checklist: Callable[[str], Path], tmp_path: Path
) -> None:
    """The face is sorted, the id and the long columns right of it stay: nothing of such a sheet fits together."""
    path = filled(checklist("cn"), tmp_path / "a.xlsx", [(1, "", VERDICT | {"user_name": "甲"})], user_name="乙")
    sheet = Sheet(path, terms())
    last = sheet.columns["row_code"]
    for column in range(1, last + 1):
        one, other = sheet.sheet.cell(FIRST_ROW + 1, column), sheet.sheet.cell(FIRST_EXTRA, column)
        one.value, other.value = other.value, one.value
    found = merged(path=sheet.save(tmp_path / "b.xlsx"), scratch=tmp_path / "s")
    assert plots(found) == {}
    assert [one.code for one in found.unmatched] == [Doubt.ROW_CODE] * 2


def test_rows_pasted_from_another_countys_checklist_are_not_this_ones(
    checklist: Callable[[str], Path], tmp_path: Path
) -> None:
    sheet = Sheet(filled(checklist("cn"), tmp_path / "a.xlsx", [(1, "", VERDICT)]), terms())
    sheet.put(FIRST_EXTRA, patch_uid=extra_sign("429902"))
    found = merged(path=sheet.save(tmp_path / "b.xlsx"), scratch=tmp_path / "s")
    assert refused(found) == [(Doubt.NUMBER_UNKNOWN, "illegal")]


def test_counting_on_leaves_out_the_numbers_that_are_said(checklist: Callable[[str], Path], tmp_path: Path) -> None:
    path = filled(checklist("cn"), tmp_path / "a.xlsx", [(1, "", VERDICT), (1, "2", VERDICT), (1, "", VERDICT)])
    assert plots(merged(path=path, scratch=tmp_path / "s"))[uid(1)] == ["1", "2", "3", "4"]


def test_a_patchs_own_row_sorted_below_its_plot_stays_the_first(
    checklist: Callable[[str], Path], tmp_path: Path
) -> None:
    sheet = Sheet(checklist("cn"), terms())
    sheet.put(FIRST_ROW + 1, verdict="合法")
    sheet.sheet.insert_rows(FIRST_ROW + 1)
    sheet.copy_row(FIRST_ROW + 2, FIRST_ROW + 1)
    sheet.put(FIRST_ROW + 1, part_no="2", **VERDICT)
    said = {part: one["verdict"] for _, part, one in told(sheet.save(tmp_path / "a.xlsx"), tmp_path / "s")}
    assert said == {"1": "legal", "2": "illegal"}


def test_a_plot_without_verdict_in_one_of_two_readings_is_not_called_lost_where_it_counts(
    checklist: Callable[[str], Path], tmp_path: Path
) -> None:
    sheet = Sheet(filled(checklist("cn"), tmp_path / "a.xlsx", [(1, "2", VERDICT)]), terms())
    at = next(row for row in range(5, 9) if sheet.cell(row, "patch_uid").value == uid(1))
    sheet.put(at, verdict="合法")
    sheet.copy_row(at, FIRST_EXTRA + 2)
    sheet.put(FIRST_EXTRA + 2, verdict=None, checker="李")
    found = merged(path=sheet.save(tmp_path / "b.xlsx"), scratch=tmp_path / "s")
    assert plots(found)[uid(1)] == ["1", "2"]
    assert [(one.code, dict(one.row.said)) for one in found.unmatched] == [(Doubt.NO_VERDICT, {"checker": "李"})]


@pytest.mark.parametrize("part", ["long", "short"])
def test_long_columns_sorted_apart_from_the_short_table_are_believed_of_nobody(
    checklist: Callable[[str], Path], tmp_path: Path, part: str
) -> None:
    by = Table(terms().form, len(PIECES), reissued=False)
    sheet = Sheet(checklist("cn"), terms())
    for at in range(len(PIECES)):
        sheet.put(FIRST_ROW + 1 + at, verdict="违法")
    sheet.put(FIRST_ROW + 1, case_no="立1")
    span = range(by.first_long + 1, by.last + 2) if part == "long" else range(1, by.first_long + 1)
    one, two = ([sheet.sheet.cell(FIRST_ROW + row, column) for column in span] for row in (1, 2))
    for first, second in zip(one, two, strict=True):
        first.value, second.value = second.value, first.value
    (found,) = read(sheet.save(tmp_path / "a.xlsx"), tmp_path / "s")
    refused = {one.patch_uid: one.refused for one in found.rows}
    assert refused == {uid(1): "ROW_CODE", uid(2): "ROW_CODE", uid(3): "", uid(4): ""}


def test_a_short_table_sorted_where_nothing_stands_beside_it_is_read(
    checklist: Callable[[str], Path], tmp_path: Path
) -> None:
    by = Table(terms().form, len(PIECES), reissued=False)
    sheet = Sheet(checklist("cn"), terms())
    sheet.put(FIRST_ROW + 1, verdict="违法")
    one, two = ([sheet.sheet.cell(FIRST_ROW + row, at + 1) for at in range(by.first_long)] for row in (1, 2))
    for first, second in zip(one, two, strict=True):
        first.value, second.value = second.value, first.value
    assert told(sheet.save(tmp_path / "a.xlsx"), tmp_path / "s") == [(uid(1), "1", {"verdict": "illegal"})]
