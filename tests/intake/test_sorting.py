"""Records in any order and in any layers give the same patches; the ledger has each of them once, as it came."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from pipeline.geometry.area import Ellipsoid
from pipeline.intake.columns import patch_columns, quarantine_columns, record_columns
from pipeline.intake.doubts import doubts
from pipeline.intake.read import ReadLayer
from pipeline.intake.rules import Rules
from pipeline.intake.sorting import Sorted, sort_out
from pipeline.io.parser import ROW, WKB, LayerReport
from pipeline.io.tables import layer_table, write_arrow
from pipeline.issues import Code, issue_order
from pipeline.layers import PATCHES

RULES = Rules("T1", "EPSG:4490", Ellipsoid(), "", "", {}, "", "zh", frozenset(["620101"]))
FIELDS = ("JCBH", "XZQDM", "QSX", "JCMJ", "XMC", '附"注')
Row = tuple[Any, ...]  # geometry, then the fields


def square(at: int) -> shapely.Polygon:
    return shapely.box(105 + at / 100, 35, 105.001 + at / 100, 35.001)


BOW_TIE = shapely.Polygon([(105, 35), (105.01, 35.01), (105.01, 35), (105, 35.01)])
SPIKE = shapely.Polygon([(105, 35), (105.01, 35), (105.01, 35.01), (105, 35.01), (105, 35.02), (105, 35.01)])
SHAPES = st.sampled_from([square(0), square(1), square(2), BOW_TIE, SPIKE, None, shapely.Point(1, 2)])
TEXTS = st.sampled_from([None, "", "15.2", "7", "7.0", "2025年3月14日", "20250314", "甲　镇", 'a "b" \\ \n'])
# What stands beside number and shape depends on them, so that a patch delivered again is so in every respect.
ROWS = st.lists(st.tuples(SHAPES, st.sampled_from(["1", "2", None]), TEXTS), max_size=14)


def layer(folder: Path, rows: list[Row], name: str = "p", crs: str = "EPSG:4490") -> ReadLayer:
    columns = [pa.array(range(len(rows)), pa.int64()), pa.array([one[0] and one[0].wkb for one in rows], pa.binary())]
    columns += [pa.array([one[at + 1] for one in rows], pa.string()) for at in range(len(FIELDS))]
    path = write_arrow(folder / f"{name}.arrow", pa.table(columns, [ROW, WKB, *FIELDS]))
    facts = ("utf-8", "said so", len(rows), len(rows), list(FIELDS), ["string"] * len(FIELDS))
    return ReadLayer("d" * 64, LayerReport(f"{name}.gpkg", name, "gpkg", path.name, crs, *facts), path)


def full(rows: list[tuple[Any, ...]]) -> list[Row]:
    told: dict[Any, Row] = {}
    for shape, number, text in rows:
        told.setdefault((shape and shape.wkb, number), (shape, number, "620101", text, text, text, text))
    return [told[shape and shape.wkb, number] for shape, number, _ in rows]


def patches(found: Sorted) -> list[dict[str, Any]]:
    columns, geometry = patch_columns(found, RULES, {})
    table = layer_table(PATCHES, columns, geometry, "EPSG:4490")
    kept = [one for one in table.column_names if not one.startswith("source_")]
    return [{k: repr(v) for k, v in one.items()} for one in table.select(kept).to_pylist()]


def codes(found: Sorted) -> Counter[Code]:
    return Counter(one.code for one in doubts(found, RULES))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("layers")


@given(ROWS, st.randoms())
def test_shuffled_rows_give_the_same_tables(folder: Path, rows: list[Any], chance: Any) -> None:
    came = full(rows)
    shuffled = chance.sample(came, len(came))
    one, other = sort_out([layer(folder, came)], RULES), sort_out([layer(folder, shuffled)], RULES)
    assert patches(one) == patches(other)
    assert codes(one) == codes(other)
    assert Counter(one.status) == Counter(other.status)


@given(ROWS, st.integers(0, 14))
def test_a_file_cut_in_two_gives_the_same_patches(folder: Path, rows: list[Any], cut: int) -> None:
    came = full(rows)
    whole = sort_out([layer(folder, came)], RULES)
    parts = sort_out([layer(folder, came[:cut]), layer(folder, came[cut:], "q")], RULES)
    assert patches(whole) == patches(parts)
    assert whole.status.tolist() == parts.status.tolist()


@given(ROWS)
def test_every_record_stands_in_the_ledger_as_it_came(folder: Path, rows: list[Any]) -> None:
    came = full(rows)
    found = sort_out([layer(folder, came)], RULES)
    ledger = record_columns(found)
    assert [json.loads(one) for one in ledger["delivered"].to_pylist()] == [
        dict(zip(FIELDS, one[1:], strict=True)) for one in came
    ]
    assert ledger["delivered"].to_pylist() == [
        json.dumps(dict(zip(FIELDS, one[1:], strict=True)), ensure_ascii=False) for one in came
    ]
    aside, geometry = quarantine_columns(found)
    assert len(geometry) == len(aside["reason"]) == found.status.tolist().count("quarantined")
    named = ledger["duplicate_of"].to_pylist()
    assert [bool(one) for one in named] == (found.status == "duplicate").tolist()


def test_each_kind_of_doubt_is_said_of_its_record(folder: Path) -> None:
    rows = [
        (square(0), "1", "620101", "2025-13-77", "15", "甲", "x"),
        (square(0), "1", "620101", "2025-13-77", "15.001", "乙", "x"),
        (square(1), "1", "999999", "", "1", "甲", "x"),
        (BOW_TIE, "2", "620101", "", "", "", ""),
        (SPIKE, "3", "620101", "", "", "", ""),
        (square(2), "1", "620101", "", "", "", ""),
    ]
    found = sort_out([layer(folder, rows)], RULES)
    said = sorted(doubts(found, RULES), key=issue_order)
    assert {(one.code, one.source_row) for one in said} >= {
        (Code.DUPLICATE_DIFFERS, 1),
        (Code.DATE_UNREADABLE, 0),
        (Code.COUNTY_CODE_UNKNOWN, 2),
        (Code.NUMBER_DOUBLED, 0),
        (Code.NUMBER_DOUBLED, 5),
        (Code.AMBIGUOUS_SHAPE, 3),
        (Code.REPAIRED, 4),
    }
    (differs,) = [one for one in said if one.code is Code.DUPLICATE_DIFFERS]
    assert differs.facts["values"] == "county_name: 乙 ≠ 甲"
    assert differs.patch_uid == found.uids(found.first[[1]])[0]
