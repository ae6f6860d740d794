"""CSV and workbooks: outlines in a cell or in rows, one way to read them or none, and no line that goes missing."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest
import shapely
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import Refusal
from pipeline.io.readers.raw import Raw
from pipeline.io.readers.tables import read_csv, read_workbook
from tests.io.readers.damage import cuts, flips, outcome, outlines, records, unclear

TRIANGLE = "POLYGON ((110 30, 111 30, 111 31, 110 30))"
AREA = 0.5


def read(tmp_path: Path, text: str | bytes) -> Raw:
    path = tmp_path / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    (made,) = read_csv(path)
    return made


def areas(raw: Raw) -> list[float | None]:
    return [None if one is None else shapely.from_wkb(one).area for one in raw.wkb]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_wkt_in_any_separator_and_encoding(tmp_path: Path, encoding: str, separator: str) -> None:
    lines = [["图斑编号", "名称", "图斑范围"], ["001", "甲村", f'"{TRIANGLE}"'], ["002", "乙村", f'"{TRIANGLE}"']]
    raw = read(tmp_path, "\n".join(separator.join(one) for one in lines).encode(encoding))
    assert raw.fields == {"图斑编号": ["001", "002"], "名称": ["甲村", "乙村"]}
    assert areas(raw) == [AREA, AREA]
    assert raw.rows == [1, 2]
    assert raw.crs == ""


@pytest.mark.parametrize(
    "cell",
    [
        TRIANGLE,
        "POLYGON((110 30,111 30,111 31))",
        "polygon （（110 30，111 30，111 31，110 30））",
        "110 30, 111 30, 111 31",
        "110,30;111,30;111,31;110,30",
        "110,30 111,30 111,31",
        "110,30,111,30,111,31,110,30",
        "110 30 0, 111 30 0, 111 31 0",
        shapely.from_wkt(TRIANGLE).wkb_hex,
    ],
)
def test_the_spellings_of_an_outline(tmp_path: Path, cell: str) -> None:
    assert areas(read(tmp_path, f'id,geometry\n1,"{cell}"\n')) == [AREA]


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "junk",
        "POLYGON ((110 30, 111 30))",
        "110,30,111,30,111,31",
        "110 30, 111 30, 111 3l",
        "CURVEPOLYGON (CIRCULARSTRING (0 0, 1 1, 2 0, 1 -1, 0 0))",
        "TRIANGLE ((0 0, 1 0, 1 1, 0 0))",
        "GEOMETRYCOLLECTION (" * 200_000,
        "00" + "FF" * 30,
        "POLYGON" + " " * 100_000,
        "(" * 100_000,
        "ab" * 100_000,
    ],
)
def test_what_is_not_understood_is_kept_and_sinks_no_other(tmp_path: Path, cell: str) -> None:
    raw = read(tmp_path, f'id,geometry\n1,"{TRIANGLE}"\n2,"{cell}"\n3,"{TRIANGLE}"\n')
    assert areas(raw) == [AREA, None, AREA]
    if cell:
        assert raw.fields["geometry"] == [None, cell, None]


def test_the_system_is_that_of_ewkt_and_of_one_kind(tmp_path: Path) -> None:
    raw = read(tmp_path, f'wkt\n"SRID=4490;{TRIANGLE}"\n"SRID=4490;{TRIANGLE}"\n"SRID=2362;{TRIANGLE}"\n"{TRIANGLE}"\n')
    assert raw.crs == "EPSG:4490"
    assert areas(raw) == [AREA, AREA, None, None]


ROWS = "图斑编号,x,y,备注\nA,0,0,甲\nA,4,0,\nA,4,4,\nA,0,0,\nB,5,5,\nB,6,5,\nB,6,6,\nB,5,5,\n"


def test_a_row_for_each_vertex(tmp_path: Path) -> None:
    raw = read(tmp_path, ROWS)
    assert raw.fields == {"图斑编号": ["A", "B"], "备注": ["甲", None]}
    assert areas(raw) == [8, 0.5]
    assert raw.rows == [1, 5]
    hole = ROWS.replace("B,", "A,").replace("5", "3").replace("6", "3.5")
    assert areas(read(tmp_path, hole.replace("3,3,", "3,1,").replace("3.5,3,", "3.5,1,"))) != [8]


def test_rings_by_number_and_merged_cells(tmp_path: Path) -> None:
    rows = ["P,1,0,0", ",1,9,0", ",1,9,9", ",1,0,9", ",2,1,1", ",2,2,1", ",2,2,2", "Q,1,0,0", ",1,1,0", ",1,1,1"]
    raw = read(tmp_path, "\n".join(["图斑编号,圈号,x,y", *rows, ""]))
    assert raw.fields == {"图斑编号": ["P", "Q"]}
    assert areas(raw) == [80.5, 0.5]


def test_vertices_scattered_over_the_table_are_not_guessed(tmp_path: Path) -> None:
    raw = read(tmp_path, "id,x,y\n" + "".join(f"{no},{x},{y}\n" for x, y in ((0, 0), (1, 0)) for no in "AABB"))
    assert areas(raw) == [None] * 4
    assert any("scattered" in one for one in raw.notes)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n", "its columns are a, b"),
        ('id,坐标串\n1,"30 110, 30 111, 31 111"\n', "order latitude, longitude"),
        ("id,x,y\n1,3838000,38383000\n1,3838000,38383100\n1,3838100,38383100\n", "order northing, easting"),
        ("id,x,y\n1,3838000,500000\n1,3838000,500100\n1,3838100,500100\n", "order northing, easting"),
        ("图斑编号,x,y\n1,110,30\n2,111,30\n3,111,31\n", "one point for each"),
        (f'id,wkt,geom\n1,"{TRIANGLE}","{TRIANGLE}"\n', "several columns hold outlines: wkt, geom"),
        ("id,wkt\n", "no line below"),
        (b"PK\x03\x04\0\0\0", "not a text file"),
        ("id,名\n1,é".encode("gb18030")[:8] + b"\xff\xff,\n", "neither UTF-8 nor GB18030"),
    ],
)
def test_what_can_be_read_in_no_way_or_in_several_is_refused(tmp_path: Path, text: str | bytes, words: str) -> None:
    with pytest.raises(Refusal, match=words):
        read(tmp_path, text)


def test_columns_that_name_northing_and_easting_may_stand_in_any_order(tmp_path: Path) -> None:
    raw = read(tmp_path, "id,北坐标,东坐标\n1,3838000,38383000\n1,3838000,38383100\n1,3838100,38383100\n")
    assert shapely.from_wkb(raw.wkb[0]).bounds == (38383000, 3838000, 38383100, 3838100)


def test_a_cell_longer_than_the_csv_module_allows_by_default(tmp_path: Path) -> None:
    """The limit belongs to the process: another reader of it may have set it lower."""
    csv.field_size_limit(131_072)
    remark = "r" * 300_000
    raw = read(tmp_path, f'id,remark,geom\n1,"{remark}","{TRIANGLE}"\n2,b,"{TRIANGLE}"\n')
    assert areas(raw) == [AREA, AREA]


def test_titles_stand_above_and_wkt_without_quotation_marks_is_put_together(tmp_path: Path) -> None:
    raw = read(tmp_path, f"某县图斑表\nid,name,wkt\n1,a,{TRIANGLE}\n2,b,{TRIANGLE}\n")
    assert areas(raw) == [AREA, AREA]
    assert raw.fields == {"id": ["1", "2"], "name": ["a", "b"]}
    assert "某县图斑表" in raw.notes[0]


def test_hanzi_that_could_be_another_script_are_refused_with_both_readings(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="ѧ or 学"):
        read(tmp_path, f'id,n,wkt\n1,学,"{TRIANGLE}"\n'.encode("gbk"))
    assert read(tmp_path, f'id,n,wkt\n1,château,"{TRIANGLE}"\n').fields["n"] == ["château"]


def delivery(count: int, encoding: str) -> bytes:
    lines = [
        f'{at:03d},第{at}号图斑,"POLYGON (({at} 0, {at + 1} 0, {at + 1} 1.125, {at} 0))",备注' for at in range(count)
    ]
    return "\n".join(["编号,名称,wkt,备注", *lines, ""]).encode(encoding)


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_damage_loses_no_line(tmp_path: Path, encoding: str) -> None:
    path, data = tmp_path / "damaged.csv", delivery(12, encoding)
    path.write_bytes(data)
    delivered = outlines(read_csv(path))
    assert len(delivered) == 12
    for cut in cuts(data):
        assert outlines(outcome(read_csv, path, cut)) <= delivered
        lines = cut.count(b"\n")
        assert lines < 2 or records(outcome(read_csv, path, cut)) >= lines - 1
    for flipped in flips(data):
        found = outcome(read_csv, path, flipped)
        assert records(found) >= 12 or unclear(found)


def test_a_lost_quotation_mark_costs_one_line(tmp_path: Path) -> None:
    data = delivery(12, "utf-8")
    for mark in (4, 5):
        place = [at for at, one in enumerate(data) if one == ord('"')][mark]
        raw = read(tmp_path, data[:place] + b"x" + data[place + 1 :])
        assert len(raw.rows) == 12
        assert [at for at, one in enumerate(raw.wkb) if one is None] == [2]


def test_vertex_rows_that_are_cut_give_no_other_outline(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(ROWS * 1)
    delivered = outlines(read_csv(path))
    for end in range(len(ROWS)):
        found = outcome(read_csv, path, ROWS[:end].encode())
        if records(found) == 2:
            assert outlines(found) <= delivered


cell = st.text(st.sampled_from("甲乙 ,;\"'\n0aé"), max_size=6)


@given(st.lists(st.tuples(cell, st.integers(0, 40)), min_size=1, max_size=8), st.sampled_from([",", ";", "\t"]))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, int]], separator: str
) -> None:
    sink = io.StringIO()
    writer = csv.writer(sink, delimiter=separator, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(["名称", "note", "wkt"])
    writer.writerows([name, "甲乙丙丁", f"POLYGON (({x} 0, {x} 1, {x + 1} 1, {x} 0))"] for name, x in rows)
    raw = read(tmp_path_factory.mktemp("t"), sink.getvalue())
    assert raw.fields["名称"] == [name if name.strip() else None for name, _ in rows]
    assert [shapely.from_wkb(one).bounds[0] for one in raw.wkb] == [x for _, x in rows]


def workbook(path: Path, sheets: dict[str, list[list[object]]], far: tuple[int, int] | None = None) -> Path:
    with xlsxwriter.Workbook(path) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for at, row in enumerate(rows):
                for column, value in enumerate(row):
                    sheet.write(at, column, value)
            if far:
                sheet.write(*far, "x")
    return path


TABLE: list[list[object]] = [["图斑编号", "面积", "WKT"], *([f"{at:03d}", at + 0.5, TRIANGLE] for at in range(20))]


def test_every_sheet_with_outlines_is_a_layer(tmp_path: Path) -> None:
    path = workbook(tmp_path / "b.xlsx", {"甲": TABLE, "说明": [["x"], ["y"]], "乙": [["某县"], *TABLE[:3]]})
    first, second = read_workbook(path)
    assert (first.name, second.name) == ("甲", "乙")
    assert first.fields["图斑编号"][:2] == ["000", "001"]
    assert first.fields["面积"][:2] == ["0.5", "1.5"]
    assert first.rows == list(range(1, 21))
    assert areas(first) == [AREA] * 20
    assert len(second.rows) == 2
    assert any("'说明'" in one for one in first.notes)


def test_numbers_of_workbooks_are_text_without_a_point(tmp_path: Path) -> None:
    numbers = [320102000123, 123456789012345678]
    path = workbook(tmp_path / "b.xlsx", {"a": [["id", "wkt"], *([one, TRIANGLE] for one in numbers)]})
    (raw,) = read_workbook(path)
    assert raw.fields["id"][0] == "320102000123"
    assert any("15 digits" in one for one in raw.notes)


def test_workbooks_without_outlines_or_beyond_measure_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"no sheet has outlines: sheet 'a' \(x\)"):
        read_workbook(workbook(tmp_path / "b.xlsx", {"a": [["x"], ["y"]]}))
    with pytest.raises(Refusal, match="1048576 rows × 16384 columns"):
        read_workbook(workbook(tmp_path / "c.xlsx", {"a": TABLE}, far=(1048575, 16383)))
    with pytest.raises(Refusal, match="declares entities"):
        read_workbook(repacked(tmp_path, lambda text: text.replace(b"<worksheet", b"<!DOCTYPE x><worksheet")))
    with pytest.raises(Refusal, match="neither"):
        read_workbook(Path(__file__))


def repacked(tmp_path: Path, change: object) -> Path:
    """A workbook whose sheets were changed by hand."""
    source, target = workbook(tmp_path / "s.xlsx", {"a": TABLE}), tmp_path / "t.xlsx"
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for one in old.namelist():
            text = old.read(one)
            new.writestr(one, change(text) if "worksheets" in one else text)  # type: ignore[operator]
    return target


def test_a_far_row_without_cells_is_seen(tmp_path: Path) -> None:
    far = repacked(tmp_path, lambda text: text.replace(b'<row r="2"', b'<row r="999999999"'))
    with pytest.raises(Refusal, match="999999999 rows"):
        read_workbook(far)


def test_damaged_workbooks_are_refused_or_whole(tmp_path: Path) -> None:
    path = workbook(tmp_path / "d.xlsx", {"a": TABLE})
    data = path.read_bytes()
    for cut in cuts(data):
        assert not outcome(read_workbook, path, cut)
    for flipped in flips(data):
        found = outcome(read_workbook, path, flipped)
        assert not found or records(found) == 20
