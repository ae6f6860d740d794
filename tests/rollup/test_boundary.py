"""The sheet of boundary changes: the counties as reckoned, their sums below, and no sheet where there is nothing."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from pipeline.rollup.book import HEAD_ROWS, write_rollup
from pipeline.texts import texts
from tests.morning.province import changes_of
from tests.rollup.answers import CN, CODES, INTERNATIONAL, world

AREAS = {("a", CODES[0]): 1000.0}


@pytest.mark.parametrize("form", [CN, INTERNATIONAL])
def test_rows_are_the_counties_and_sum(tmp_path: Path, form: object) -> None:
    made, changes = world(AREAS, [], form), changes_of(6)
    one, target = made.rollup, tmp_path / "rollup.xlsx"
    write_rollup(target, one.plan, one.rows, one.disputes, one.strays, changes.counties)
    words = one.plan.words
    rows = list(openpyxl.load_workbook(target)[words["rollup.sheet.changes"]].iter_rows(values_only=True))
    *counties, total = rows[HEAD_ROWS : HEAD_ROWS + 7]
    assert [row[0] for row in counties] == [each.code for each in changes.counties]
    assert counties[0][4] == words["moves.change.gone"]
    assert total[0] == words["rollup.all"]
    for column in (5, 6, 8):
        assert total[column] == sum(row[column] for row in counties)
    assert total[7] == pytest.approx(total[9]) == pytest.approx(sum(row[7] for row in counties), abs=0.04)


def test_no_changes_no_sheet(tmp_path: Path) -> None:
    one = world(AREAS, []).rollup
    write_rollup(tmp_path / "rollup.xlsx", one.plan, one.rows, one.disputes, one.strays)
    assert texts("zh")["rollup.sheet.changes"] not in openpyxl.load_workbook(tmp_path / "rollup.xlsx").sheetnames
