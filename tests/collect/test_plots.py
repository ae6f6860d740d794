"""Several plots of land in one patch: the rows handed out for them, and whose they are."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
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
from pipeline.forms.table import EXTRA, FIRST_ROW, Table

from .conftest import CAMPAIGN, CODE, PIECES, Sheet, number, read, terms, uid

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
    assert sheet.cell(FIRST_EXTRA + 1, "patch_uid").value == EXTRA
    found = merged(path=sheet.save(tmp_path / "a.xlsx"), scratch=tmp_path / "s")
    assert [one.code for one in found.unmatched] == [Doubt.NO_IDENTITY]
    assert not any(one.answers for one in found.findings)


def test_a_number_that_is_nobodys_is_refused(checklist: Callable[[str], Path], tmp_path: Path) -> None:
    path = filled(checklist("cn"), tmp_path / "a.xlsx", [(77, "", VERDICT)])
    assert [one.code for one in merged(path=path, scratch=tmp_path / "s").unmatched] == [Doubt.NO_IDENTITY]


@pytest.mark.parametrize("plot", ["1", "１"])
def test_a_plot_called_as_the_first_is_for_people_to_tell(
    checklist: Callable[[str], Path], tmp_path: Path, plot: str
) -> None:
    path = filled(checklist("cn"), tmp_path / "a.xlsx", [(1, plot, VERDICT)])
    found = merged(path=path, scratch=tmp_path / "s")
    assert [one.state for one in found.findings if one.answers] == ["conflict"]
