"""Files that would hurt: each is set aside with the reason and what to do, and the others beside it are read."""

from __future__ import annotations

import csv
import io
import shutil
import sqlite3
import struct
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.collect import marks, reading
from pipeline.collect.reading import read_return
from pipeline.collect.returned import Doubt, ReturnedFile, ReturnedRow
from pipeline.texts import languages, texts

from .conftest import CODE, Sheet, edit_package, read, terms, uid

Made = Callable[[str], Path]
_LEGAL = {"verdict": "legal"}


def reason_of(found: list[ReturnedFile]) -> str:
    """The key of the reason why the one file was not read."""
    (one,) = found
    (remark,) = one.remarks
    assert (remark.code, one.rows, one.door) == (Doubt.FILE_NOT_READ, (), "")
    said = remark.facts["reason"]
    words = terms().words
    keys = [key for key in words.keys() if key.startswith("collect.reason.")]  # noqa: SIM118
    facts = {key: value for key, value in remark.facts.items() if key != "reason"}
    (key,) = [key for key in keys if _same(words[key], said, facts)]
    return key.rpartition(".")[2]


def _same(text: str, said: str, facts: dict[str, str]) -> bool:
    try:
        return text.format(**facts) == said
    except KeyError:
        return False


@pytest.fixture
def put(tmp_path: Path) -> Callable[[str, bytes], Path]:
    def done(name: str, data: bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    return done


Put = Callable[[str, bytes], Path]


def zipped(files: Iterable[tuple[str, bytes]]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in files:
            target.writestr(name, data)
    return made.getvalue()


def altered(path: Path, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """A workbook with one part changed."""
    with zipfile.ZipFile(path) as parts:
        return zipped((one, change(parts.read(one)) if one == name else parts.read(one)) for one in parts.namelist())


# Kinds of files


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("表.et", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "et"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
        ("a.ods", zipped([("content.xml", b""), ("META-INF/manifest.xml", b"<m><encryption-data/></m>")]), "password"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "damaged"),
        ("a.xlsx", b"PK\x03\x04 nothing", "damaged"),
        ("a.xlsx", b"", "kind"),
        ("a.xlsx", b"<html><table/></html>", "kind"),
        ("a.xlsx", zipped([("word/document.xml", b"<a/>")]), "kind"),
        ("a.docx", b"PK\x03\x04", "kind"),
        ("a", b"", "kind"),
        ("a.rar", b"Rar!", "rar"),
        ("a.csv", b"\x80\x81\xff\xff", "encoding"),
        ("a.csv", "序号,图斑编号,核查结论\n1,2,\"合法\n".encode(), "quotes"),
        ("a.csv", b"", "no_table"),
        ("a.csv", "甲,乙\n1,2\n".encode(), "no_table"),
        ("a.gpkg", b"not SQLite at all" * 10, "kind"),
        ("a.gpkg", b"SQLite format 3\0" + b"\0" * 84, "geopackage"),
        ("a.gpkg-wal", b"\0" * 40, "log_alone"),
        ("a.zip", b"PK\x03\x04 nothing", "archive"),
        ("a.zip", zipped([("../../etc/passwd", b"")]), "archive"),
        ("a.zip", zipped([("A.csv", b""), ("a.csv", b"")]), "archive"),
    ],
)  # fmt: skip
def test_what_is_no_return_says_why(put: Put, tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    assert reason_of(read(put(name, data), tmp_path / "s")) == reason


@pytest.mark.parametrize("name", ["~$a.xlsx", ".~lock.a.xlsx#", "._a.xlsx", "Thumbs.db", ".DS_Store"])
def test_what_programs_leave_is_ignored(put: Put, tmp_path: Path, name: str) -> None:
    assert read(put(name, b"x"), tmp_path / "s") == []


def test_every_reason_and_doubt_has_its_sentence() -> None:
    facts = {
        Doubt.FILE_NOT_READ: ["reason"],
        Doubt.OTHER_CAMPAIGN: ["campaign", "form"],
        Doubt.OTHER_FORM: ["campaign", "form"],
        Doubt.CHANGED_GIVEN: ["field", "sent", "returned"],
        Doubt.NOT_A_CHOICE: ["field", "said", "why", "nearest"],
        Doubt.NOT_A_DATE: ["field", "said"],
        Doubt.NOT_A_NUMBER: ["field", "said", "nearest"],
        Doubt.OUT_OF_LIMITS: ["field", "said", "low", "high"],
        Doubt.TOO_LONG: ["field", "count", "length"],
        Doubt.STILL_DUE: ["fields"],
        Doubt.SET_ASIDE: ["heading", "said"],
        Doubt.NOT_MAPPED: ["map", "columns"],
        Doubt.MAP_MISSING: ["map", "columns"],
        Doubt.NOT_ALONE: ["map", "sheet"],
        Doubt.NUMBER_UNKNOWN: ["number", "county"],
        Doubt.NUMBER_DOUBTFUL: ["number"],
        Doubt.FORMULA: ["field", "cells", "said"],
        Doubt.HIDDEN_ROW: ["rows", "count"],
        Doubt.MERGED_ID: ["cells"],
        Doubt.COMMENTS: ["count", "cells"],
        Doubt.PICTURES: ["count", "cells"],
        Doubt.UNKNOWN_COLUMN: ["heading", "nearest"],
        Doubt.PLOTS_GONE: ["plots"],
        Doubt.CONFLICT: ["files", "county"],
    }
    for language in languages():
        for doubt in set(Doubt) - {Doubt.CHECK}:  # its rules have sentences of their own
            told = dict.fromkeys(facts.get(doubt, []), "§")
            said = texts(language).say(f"collect.{doubt.lower()}", **told)
            assert said.count("§") >= min(len(told), 1)
    every = [[key for key in texts(one).keys() if key.startswith("collect.")] for one in languages()]  # noqa: SIM118
    assert all(one == every[0] for one in every)


# Far cells, bombs, entities


def far_workbook(cell: str, value: object) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active["A1"] = "图斑编号"
    book.active[cell].value = value
    book.active[cell].font = openpyxl.styles.Font(bold=True)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def test_a_far_cell_is_found_before_it_is_loaded(put: Put, tmp_path: Path) -> None:
    found = read(put("a.xlsx", far_workbook("XFD1048576", 1)), tmp_path / "s")
    assert reason_of(found) == "far"
    assert {key: found[0].remarks[0].facts[key] for key in ("row", "column")} == {"row": "1048576", "column": "16384"}
    assert reason_of(read(put("b.xlsx", far_workbook("XFD1048576", "=1")), tmp_path / "s")) == "far"


def test_a_far_format_without_content_is_nothing(put: Put) -> None:
    by = terms()
    found = read_return(put("a.xlsx", far_workbook("XFD1048576", None)), by.form, by.facts)
    assert reason_of(found) == "no_table"


def test_a_far_cell_of_an_ods(put: Put, tmp_path: Path) -> None:
    def ods(body: str) -> bytes:
        head = '<office:document xmlns:office="o" xmlns:table="t"><table:table table:name="a">'
        return zipped([("content.xml", f"{head}{body}</table:table></office:document>".encode())])

    filled = '<table:table-row {}><table:table-cell office:value-type="float" office:value="1" {}/></table:table-row>'
    for rows, cells in (("table:number-rows-repeated='1048576'", ""), ("", "table:number-columns-repeated='16384'")):
        assert reason_of(read(put("a.ods", ods(filled.format(rows, cells))), tmp_path / "s")) == "far"


def test_a_bomb_is_stopped_while_it_inflates(
    put: Put, tmp_path: Path, checklist: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "MAX_INFLATED", 4 << 20)
    with zipfile.ZipFile(checklist("cn")) as parts:
        files = [(one, parts.read(one)) for one in parts.namelist()]
    bomb = put("a.xlsx", zipped([*files, ("xl/media/image1.png", b"\0" * (8 << 20))]))
    assert reason_of(read(bomb, tmp_path / "s")) == "large"


PARTS = ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "docProps/custom.xml", "xl/workbook.xml"]


@pytest.mark.parametrize("part", PARTS)
def test_entities_are_refused(put: Put, tmp_path: Path, checklist: Made, part: str) -> None:
    def declare(data: bytes) -> bytes:
        end = data.index(b"?>") + 2
        return data[:end] + b'<!DOCTYPE a [<!ENTITY b "c">]>' + data[end:]

    assert reason_of(read(put("a.xlsx", altered(checklist("cn"), part, declare)), tmp_path / "s")) == "damaged"


def _record(kind: int, data: bytes = b"") -> bytes:
    head = bytes([kind & 0x7F | 0x80, kind >> 7]) if kind > 0x7F else bytes([kind])
    return head + bytes([len(data)]) + data


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def binary_workbook(row: int, column: int) -> bytes:
    """An .xlsb with one number at A1 and one far away."""
    return binary({(0, 0): 1.0, (row, column): 1.0})


def binary(
    cells: Mapping[tuple[int, int], str | float],
    *,
    hidden: Sequence[int] = (),
    merged: Sequence[tuple[int, int, int, int]] = (),
    short: bool = False,
    from_1904: bool = False,
) -> bytes:
    """An .xlsb of one sheet as Excel writes it; `short` writes text in the form that has no column of its own."""
    body = []
    for row in sorted({at for at, _ in cells}):
        flags = bytes([0, 0x10 if row in hidden else 0])
        body.append(_record(0x00, struct.pack("<IIH", row, 0, 300) + flags + b"\0" * 5))
        for column, value in sorted((to, value) for (at, to), value in cells.items() if at == row):
            body.append(_cell(column, value, short and column > 0))
    areas = [_record(176, struct.pack("<4I", first, last, left, right)) for first, left, last, right in merged]
    last = max(at for at, _ in cells), max(to for _, to in cells)
    sheet = b"".join([
        _record(0x81), _record(0x94, struct.pack("<4I", 0, last[0], 0, last[1])), _record(0x91), *body,
        _record(0x92), *areas, _record(0x82),
    ])  # fmt: skip
    about = struct.pack("<II", 0, 1) + _wide("rId1") + _wide("a")
    epoch = _record(153, struct.pack("<II", int(from_1904), 0) + _wide(""))
    book = b"".join([_record(0x83), epoch, _record(0x8F), _record(0x9C, about), _record(0x90), _record(0x84)])
    space = "http://schemas.openxmlformats.org/package/2006/relationships"
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
    link = f'<Relationship Id="rId1" Type="{kind}" Target="worksheets/sheet1.bin"/>'
    linked = f'<Relationships xmlns="{space}">{link}</Relationships>'
    return zipped([
        ("[Content_Types].xml", b"<Types/>"), ("xl/workbook.bin", book),
        ("xl/_rels/workbook.bin.rels", linked.encode()), ("xl/worksheets/sheet1.bin", sheet),
    ])  # fmt: skip


def _cell(column: int, value: str | float, short: bool) -> bytes:
    head = b"\0\0\0\0" if short else struct.pack("<II", column, 0)
    if isinstance(value, str):
        return _record(17 if short else 6, head + _wide(value))
    return _record(16 if short else 5, head + struct.pack("<d", value))


def filled(path: Path) -> dict[tuple[int, int], str | float]:
    """The cells of a checklist in which the first piece was answered."""
    sheet = Sheet(path, terms())
    sheet.put(5, verdict="合法", finding_remark="x", used=3.5, checked_on=45950)
    return {
        (row, column): cell if isinstance(cell, str) else float(cell)
        for row, cells in enumerate(sheet.sheet.iter_rows(values_only=True))
        for column, cell in enumerate(cells)
        if cell is not None
    }


def test_a_filled_binary_workbook_comes_back(put: Put, tmp_path: Path, checklist: Made) -> None:
    cells = filled(checklist("cn"))
    (one,) = read(put("a.xlsb", binary(cells, hidden=[4], merged=[(4, 18, 5, 18)])), tmp_path / "s")
    assert (one.campaign, one.county_code, one.form) == ("2025Q3", CODE, "verification_cn@1")
    assert {each.code for each in one.remarks} == {Doubt.HIDDEN_ROW, Doubt.MERGED_ID}
    (one,) = read(put("b.xlsb", binary(cells, from_1904=True)), tmp_path / "s")
    assert [dict(row.said) for row in one.rows] == [
        {"verdict": "legal", "used": "3.5", "finding_remark": "x", "checked_on": "2029-10-21"}
    ]
    assert one.remarks == ()


def test_cells_that_a_reader_would_pass_over_are_not_passed_over(put: Put, tmp_path: Path, checklist: Made) -> None:
    data = binary(filled(checklist("cn")), short=True)
    assert reason_of(read(put("a.xlsb", data), tmp_path / "s")) == "damaged"


@given(st.binary(max_size=60), st.integers(0, 10**6))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_binary_sheet_is_read_or_refused(put: Put, tmp_path: Path, noise: bytes, at: int) -> None:
    sheet = zipfile.ZipFile(io.BytesIO(binary_workbook(3, 2))).read("xl/worksheets/sheet1.bin")
    at %= len(sheet)
    data = sheet[:at] + noise + sheet[at + len(noise) // 2 :]
    made = altered(put("x.xlsb", binary_workbook(3, 2)), "xl/worksheets/sheet1.bin", lambda _: data)
    assert reason_of(read(put("a.xlsb", made), tmp_path / "s")) in ("no_table", "damaged", "far")


@pytest.mark.parametrize(
    "begin", [b"\x09\x08\x10\x00\x00\x06\x05\x00" + b"\0" * 12, b"\x09\x08\x08\x00\x00\x05\x05\x00" + b"\0" * 4]
)
@pytest.mark.parametrize("before", [b"", b"\x86\x00\x00\x00"])
def test_an_old_workbook_locked_by_a_password_says_so(put: Put, tmp_path: Path, begin: bytes, before: bytes) -> None:
    """BOF, perhaps WRITEPROT, FILEPASS: where a real file has them, behind the first sector."""
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504
    locked = ole + begin + before + b"\x2f\x00\x36\x00" + b"x" * 0x36
    assert reason_of(read(put("a.xls", locked), tmp_path / "s")) == "password"
    plain = ole + begin + before + b"\xe1\x00\x02\x00\xb0\x04"
    assert reason_of(read(put("a.xls", plain), tmp_path / "s")) == "damaged"


def test_a_binary_workbook_is_read(put: Put, tmp_path: Path) -> None:
    assert reason_of(read(put("a.xlsb", binary_workbook(3, 2)), tmp_path / "s")) == "no_table"


def test_a_far_cell_of_a_binary_workbook(put: Put, tmp_path: Path) -> None:
    assert reason_of(read(put("a.xlsb", binary_workbook(1048575, 16383)), tmp_path / "s")) == "far"


_DEADLY = """
import os
from pipeline.collect import bundle
door = bundle._through_door
bundle._through_door = lambda suffix, one, *rest: os.abort() if one.name == "b.xlsx" else door(suffix, one, *rest)
main(sys.argv[1])
"""


def test_a_file_that_kills_its_child_is_set_aside(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, checklist: Made
) -> None:
    monkeypatch.setattr(reading, "_BEGIN", reading._BEGIN.replace("main(sys.argv[1])", _DEADLY))
    (tmp_path / "in").mkdir()
    for name in ("a.xlsx", "b.xlsx", "c.xlsx"):
        sheet = Sheet(checklist("cn"), terms())
        sheet.put(5, verdict="合法", finding_remark=name)
        sheet.save(tmp_path / "in" / name)
    by = terms()
    found = read_return(tmp_path / "in", by.form, by.facts, name="429901")
    assert [(one.name, len(one.rows)) for one in found] == [
        ("429901/a.xlsx", 1),
        ("429901/b.xlsx", 0),
        ("429901/c.xlsx", 1),
    ]
    assert reason_of(found[1:2]) == "killed"
    assert len({one.digest for one in found}) == 3


def test_a_return_that_is_never_read_is_given_up(put: Put, monkeypatch: pytest.MonkeyPatch, checklist: Made) -> None:
    monkeypatch.setattr(reading, "WALL_S", 0.001)
    by = terms()
    found = read_return(put("a.xlsx", checklist("cn").read_bytes()), by.form, by.facts)
    assert reason_of(found) == "killed"
    assert len(found[0].digest) == 64


# GeoPackages


def _edited(package: Made, folder: Path, *, log: bool = False) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "patches.gpkg"
    shutil.copyfile(package("cn"), path)
    edit_package(path, {2: {"verdict": "legal", "photo1": "DCIM\\p1.jpg"}}, log=log)
    return path


def test_edits_in_the_log_count_and_are_part_of_the_digest(package: Made, tmp_path: Path) -> None:
    before = read(package("cn"), tmp_path / "s")[0]
    path = _edited(package, tmp_path / "q", log=True).with_name("open_patches.gpkg")
    held = {one: one.read_bytes() for one in path.parent.glob("open_*")}
    assert len(held) == 3
    (found,) = read(path, tmp_path / "s")
    assert [row.patch_uid for row in found.rows] == [uid(2)]
    assert found.rows[0].place == "open_patches.gpkg!patches!fid 2"
    assert found.digest != before.digest
    assert {one: one.read_bytes() for one in held} == held  # the original stays as it came


def test_a_log_left_behind_is_missed(package: Made, tmp_path: Path) -> None:
    path = _edited(package, tmp_path / "q", log=True).with_name("open_patches.gpkg")
    path.with_name(path.name + "-wal").unlink()
    assert reason_of(read(path, tmp_path / "s")) == "log_missing"


@pytest.mark.parametrize(
    "said",
    [
        "CREATE VIEW v AS SELECT * FROM patches",
        "CREATE TRIGGER evil AFTER INSERT ON patches BEGIN DELETE FROM patches; END",
        "CREATE VIRTUAL TABLE f USING fts5(a)",
    ],
)
def test_a_geopackage_that_reckons_is_refused(package: Made, tmp_path: Path, said: str) -> None:
    path = _edited(package, tmp_path / "q")
    with closing(sqlite3.connect(path)) as base, base:
        base.execute(said)
    assert reason_of(read(path, tmp_path / "s")) == "geopackage"


def test_a_geopackage_of_something_else(package: Made, tmp_path: Path) -> None:
    path = _edited(package, tmp_path / "q")
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("ALTER TABLE patches RENAME COLUMN patch_uid TO was_uid")
    assert reason_of(read(path, tmp_path / "s")) == "no_layer"
    assert read(path.parent, tmp_path / "s") == []  # boundary.gpkg and the like lie among returns


def test_features_split_copied_and_added(package: Made, tmp_path: Path) -> None:
    path = _edited(package, tmp_path / "q")
    with closing(sqlite3.connect(path)) as base, base:
        for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            base.create_function(name, 1, lambda _: 1)
        base.execute(f"INSERT INTO patches (patch_uid, verdict) VALUES ('{uid(2)}', 'illegal')")
        base.execute("INSERT INTO patches (verdict) VALUES ('other')")
        base.execute("UPDATE patches SET geom = x'4750' WHERE seq = 2")
        base.execute("DELETE FROM patches WHERE seq = 3")
    (found,) = read(path, tmp_path / "s")
    told = [(row.patch_uid, row.part, row.said["verdict"], row.given["geometry"]) for row in found.rows]
    assert told == [(uid(2), "1", "legal", "none"), (uid(2), "1", "illegal", "none"), ("", "1", "other", "none")]
    assert found.rows[0].county_code == CODE


def test_a_column_of_the_crews_own_is_named(package: Made, tmp_path: Path) -> None:
    path = _edited(package, tmp_path / "q")
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("ALTER TABLE patches ADD COLUMN owner TEXT DEFAULT '张三'")
    (found,) = read(path, tmp_path / "s")
    assert [(one.code, one.place) for one in found.remarks] == [(Doubt.UNKNOWN_COLUMN, "patches.gpkg!patches!owner")]


# A circle as QGIS draws it, a triangulated surface, an outline cut short.
_CIRCLE = struct.pack("<BIIBII10d", 1, 10, 1, 1, 8, 5, 0, 0, 1, 1, 2, 0, 1, -1, 0, 0)
_STRANGE = [_CIRCLE, struct.pack("<BII", 1, 16, 0), struct.pack("<BII", 1, 3, 9), b""]


@pytest.mark.parametrize("wkb", _STRANGE)
def test_an_outline_of_another_kind_costs_no_answer(package: Made, tmp_path: Path, wkb: bytes) -> None:
    path = _edited(package, tmp_path / "q")
    edit_package(path, {2: {"geom": b"GP\0\1" + struct.pack("<i", 4490) + wkb}})
    (found,) = read(path, tmp_path / "s")
    assert [(row.patch_uid, row.said["verdict"], row.given["geometry"]) for row in found.rows] == [
        (uid(2), "legal", "none")
    ]


def test_doubts_of_a_geopackage_name_feature_and_column(package: Made, tmp_path: Path) -> None:
    path = _edited(package, tmp_path / "q")
    edit_package(path, {4: {"verdict": "属实", "used_mu": -3, "checked_on": "5/3/2026"}})
    (found,) = read(path, tmp_path / "s")
    assert [(one.code, one.place, one.patch_uid, one.county_code) for one in found.remarks] == [
        (Doubt.NOT_A_CHOICE, "patches.gpkg!patches!fid 4 verdict", uid(4), CODE),
        (Doubt.OUT_OF_LIMITS, "patches.gpkg!patches!fid 4 used", uid(4), CODE),
        (Doubt.NOT_A_DATE, "patches.gpkg!patches!fid 4 checked_on", uid(4), CODE),
    ]


# Folders and archives


def _qfield(package: Made, checklist: Made, folder: Path) -> Path:
    """A QField folder as it comes back, with the county's other files in it."""
    path = _edited(package, folder / "429901_A", log=True)
    for tail in ("", "-wal", "-shm"):
        path.with_name(f"open_patches.gpkg{tail}").replace(path.with_name(f"patches.gpkg{tail}"))
    files = {
        "DCIM/p1.jpg": b"\xff\xd8", "DCIM/p2.JPG": b"\xff\xd8", "429901_project.qgz": b"PK",
        "429901_sheets.pdf": b"%PDF",
        "before.tif": b"II*", "SHA256SUMS": b"", "~$x.xlsx": b"", "readme.txt": b"hello", "x.et": b"",
    }  # fmt: skip
    for name, data in files.items():
        (path.parent / name).parent.mkdir(exist_ok=True)
        (path.parent / name).write_bytes(data)
    shutil.copyfile(checklist("cn"), path.parent / "429901_checklist.xlsx")
    return path.parent


def _told(found: list[ReturnedFile]) -> list[tuple[str, str, list[str], tuple[str, ...]]]:
    names = {one.name: tuple(photo.name for photo in one.photos) for one in found}
    return [(one.name, one.door, [row.said.get("photo1", "") for row in one.rows], names[one.name]) for one in found]


def test_a_folder_is_read_door_by_door(package: Made, checklist: Made, tmp_path: Path) -> None:
    folder = _qfield(package, checklist, tmp_path)
    (folder / "link.xlsx").symlink_to(checklist("cn"))
    photos = ("DCIM/p1.jpg", "DCIM/p2.JPG")
    assert _told(read(folder, tmp_path / "s", name="r")) == [
        ("r/429901_checklist.xlsx", "workbook", [], photos),
        ("r/patches.gpkg", "geopackage", ["DCIM/p1.jpg"], photos),
        ("r/x.et", "", [], ()),
    ]


def test_a_zip_of_folders_is_read_as_the_folders(package: Made, checklist: Made, tmp_path: Path) -> None:
    folder = _qfield(package, checklist, tmp_path / "in")
    path = Path(shutil.make_archive(str(tmp_path / "r"), "zip", tmp_path / "in"))
    within, alone = read(path, tmp_path / "s"), read(folder, tmp_path / "s", name="r.zip/429901_A")
    assert within == alone
    by = terms()
    assert read_return(path, by.form, by.facts) == within
    nested = tmp_path / "outer.zip"
    nested.write_bytes(zipped([("一.zip", path.read_bytes())]))
    assert [one.rows for one in read(nested, tmp_path / "s", name="r")] == [
        tuple(_renamed(row, "r.zip", "r/一.zip") for row in one.rows) for one in within
    ]


def _renamed(row: ReturnedRow, old: str, new: str) -> ReturnedRow:
    return replace(row, place=row.place.replace(old, new, 1))


def test_archives_in_archives_have_an_end(tmp_path: Path) -> None:
    data = zipped([("a.csv", b"")])
    for _ in range(4):
        data = zipped([("a.zip", data)])
    (tmp_path / "r.zip").write_bytes(data)
    assert reason_of(read(tmp_path / "r.zip", tmp_path / "s")) == "nested"


def test_a_locked_zip(tmp_path: Path) -> None:
    data = bytearray(zipped([("a.csv", b"x")]))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    data[6] |= 1
    (tmp_path / "r.zip").write_bytes(data)
    assert reason_of(read(tmp_path / "r.zip", tmp_path / "s")) == "password"


def test_names_of_files_are_made_fit_for_print(checklist: Made, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    sheet = Sheet(checklist("cn"), terms())
    sheet.put(5, verdict="合法")
    sheet.save(folder / "a\n‮b.xlsx")
    (found,) = read(folder, tmp_path / "s", name="r")
    assert found.name == "r/a\nb.xlsx"
    assert dict(found.rows[0].said) == _LEGAL


# Chance


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["a.xlsx", "a.gpkg", "a.csv", "a.zip"]), st.data())
def test_bytes_that_fell_over_never_raise(
    checklist: Made, package: Made, tmp_path: Path, name: str, data: st.DataObject
) -> None:
    """Damage at random places is read, doubted or set aside, and nothing is taken that was not said."""
    source = package("cn") if name == "a.gpkg" else checklist("cn")
    whole = source.read_bytes() if name != "a.csv" else f"patch_uid,verdict\n{uid(1)},illegal\n".encode()
    whole = zipped([("b.xlsx", whole)]) if name == "a.zip" else whole
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole = whole[:at] + data.draw(st.binary(max_size=4)) + whole[at + data.draw(st.integers(0, 4)) :]
    path = tmp_path / name
    path.write_bytes(whole)
    for one in read(path, tmp_path / "s"):
        assert one.door or one.remarks


CELLS = st.one_of(st.text(max_size=8), st.sampled_from(["图斑编号", "verdict", "patch_uid", uid(1), "合法"]))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(CELLS, max_size=6), max_size=14))
def test_any_table_is_read_or_refused(tmp_path: Path, rows: list[list[str]]) -> None:
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8", errors="replace", newline="") as target:
        csv.writer(target).writerows(rows)
    (found,) = read(path, tmp_path / "s")
    assert found.door == "csv" or found.remarks
