"""A table far larger than a checklist is refused before anything is made of it, however its bytes are laid out."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.collect import csv_door
from pipeline.collect.csv_door import read_csv
from pipeline.collect.marks import MAX_CELLS, MAX_ROWS
from pipeline.collect.unread import Unread
from tests.collect.conftest import CAMPAIGN, CODE, number, terms, uid

HEAD = "图斑编号{0}县级代码{0}图斑唯一码{0}核查结论\n"
ROW = f"{number(1)}{{0}}{CODE}{{0}}{uid(1)}{{0}}合法\n"


def reason_of(folder: Path, data: bytes) -> str:
    path = folder / "x.csv"
    path.write_bytes(data)
    with pytest.raises(Unread) as caught:
        read_csv(path, path.name, "", terms())
    return caught.value.reason


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("row", [1000, MAX_CELLS + 1])
def test_separators_are_counted_before_a_table_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, separator: str, row: int
) -> None:
    monkeypatch.setattr(csv_door, "_rows", lambda *_: pytest.fail("it was taken apart"))
    assert reason_of(tmp_path, (separator * row + "\n").encode() * ((MAX_CELLS + 1) // row + 1)) == "large"


def test_cells_are_counted_while_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty rows without a separator are rows too, and cells of another separator are cells."""
    monkeypatch.setattr(csv_door, "MAX_CELLS", 400)
    table = HEAD.format("，") + ROW.format("，") * 120
    assert reason_of(tmp_path, table.encode("gb18030")) == "large"
    assert reason_of(tmp_path, (HEAD + ROW).format(",").encode() + b"\n" * MAX_ROWS) == "large"


def test_a_row_wider_than_a_spreadsheet_is_no_row(tmp_path: Path) -> None:
    wide = ROW.format(",").rstrip() + "," * 16_384 + "\n"
    assert reason_of(tmp_path, (HEAD.format(",") + wide).encode()) == "large"
    assert reason_of(tmp_path, (wide + HEAD.format(",")).encode()) == "no_table"


def test_columns_that_a_spreadsheet_left_empty_are_read(tmp_path: Path) -> None:
    """A stray format in the last column of the sheet fills every line with separators."""
    lines = (HEAD + ROW).format(",").splitlines()
    path = tmp_path / "x.csv"
    path.write_text("\n".join(line + "," * (16_384 - 4) for line in lines), encoding="utf-8")
    (row,) = read_csv(path, path.name, "", terms()).rows
    assert (row.patch_uid.rpartition("-")[0], dict(row.said)) == (CAMPAIGN, {"verdict": "legal"})
