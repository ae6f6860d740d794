"""A county's checklist and GeoPackage as they are handed out, and ways to fill them in."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import shapely

from pipeline.collect.bundle import read_bundle
from pipeline.collect.grid import Grid
from pipeline.collect.headings import find_columns
from pipeline.collect.returned import ReturnedFile
from pipeline.collect.values import Terms, terms_of
from pipeline.forms.form import load_form
from pipeline.forms.workbook import write_checklist
from pipeline.geometry.identity import check_character
from pipeline.records import CampaignFacts, County, Office, Piece

FORMS = {"cn": "verification_cn", "international": "verification_international"}
CAMPAIGN, CODE = "2025Q3", "429901"
COUNTY = County(CODE, "云溪县", "云州市", "某省", shapely.box(113.8, 30.4, 114.0, 30.6))


def uid(seq: int) -> str:
    core = f"ABCDEFGH{seq:04d}"
    return f"{CAMPAIGN}-{core}{check_character(core)}"


def number(seq: int) -> str:
    return f"42990120250000{seq:04d}"


def piece(seq: int) -> Piece:
    west = 113.81 + 0.02 * seq
    outline = shapely.box(west, 30.5, west + 0.001, 30.501)
    blank = Piece(
        uid(seq), number(seq), 1, 1, CODE, COUNTY.name, True, seq, True, "", 20000.0 / 3 * seq, 20000.0 / 3 * seq,
        1.0, west, 30.5005, outline,
    )  # fmt: skip
    return replace(blank, town="大悟乡", village="上坪村", patch_type="11", phase_before="2025-03-14")


PIECES = [piece(seq) for seq in (3, 1, 4, 2)]


@cache
def terms(profile: str = "cn") -> Terms:
    chinese = profile == "cn"
    title = "2025年第三季度土地卫片执法检查" if chinese else "Land change, third quarter 2025"
    office, day = Office(unit="某省自然资源厅"), date(2025, 10, 8)
    language, unit = ("zh", "mu") if chinese else ("en", "ha")
    facts = CampaignFacts(CAMPAIGN, title, profile, language, day, office, unit, "EPSG:4490", True)
    return terms_of(load_form(FORMS[profile]), facts)


@pytest.fixture(scope="session")
def checklist(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The checklist of a county as handed out, by profile; nobody writes into it."""

    @cache
    def made(profile: str) -> Path:
        by, path = terms(profile), tmp_path_factory.mktemp(profile) / "checklist.xlsx"
        write_checklist(path, by.form, by.facts, COUNTY, PIECES, {one.patch_uid: one.seq + 2 for one in PIECES})
        return path

    return made


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The GeoPackage of a county as handed out, by profile; nobody writes into it."""
    from pipeline.forms.package import write_patches

    @cache
    def made(profile: str) -> Path:
        by, path = terms(profile), tmp_path_factory.mktemp(profile) / "patches.gpkg"
        write_patches(path, by.form, by.facts, PIECES, {one.patch_uid: one.seq + 2 for one in PIECES})
        return path

    return made


class Sheet:
    """The checklist opened as an officer would, cells by row and key of a question."""

    def __init__(self, path: Path, by: Terms) -> None:
        self.book = openpyxl.load_workbook(path)
        self.sheet = self.book.worksheets[0]
        found = find_columns(Grid("", "", [[cell.value for cell in row] for row in self.sheet.iter_rows()]), by)
        assert found is not None
        self.columns = {key: at + 1 for key, at in found.keys.items()}

    def cell(self, row: int, key: str) -> Any:
        return self.sheet.cell(row, self.columns[key])

    def put(self, row: int, **values: Any) -> None:
        for key, value in values.items():
            cell = self.cell(row, key)
            cell.value = value.replace("_x", "_x005F_x") if isinstance(value, str) else value
            if isinstance(value, str):
                cell.data_type = "s"  # text, also where it begins like a formula

    def name(self, row: int, key: str) -> str:
        return str(self.cell(row, key).coordinate)

    def copy_row(self, source: int, target: int) -> None:
        for column in self.columns.values():
            self.sheet.cell(target, column).value = self.sheet.cell(source, column).value

    def save(self, path: Path) -> Path:
        self.book.save(path)
        return path


def read(path: Path, scratch: Path, profile: str = "cn", name: str = "") -> list[ReturnedFile]:
    """A return read in this process."""
    scratch.mkdir(exist_ok=True)
    return read_bundle(path, name or path.name, scratch, terms(profile), lambda _: None)


def edit_package(path: Path, rows: Mapping[int, Mapping[str, Any]], *, log: bool = False) -> None:
    """Fill in features of `patches` by their number, as QGIS does; `log` leaves the edits in the write-ahead log."""
    with closing(sqlite3.connect(path)) as base:
        for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            base.create_function(name, 1, lambda _: 0)
        if log:
            base.execute("PRAGMA journal_mode=WAL")
            base.execute("PRAGMA wal_autocheckpoint=0")
        for seq, values in rows.items():
            told = ", ".join(f'"{key}" = ?' for key in values)
            base.execute(f"UPDATE patches SET {told} WHERE seq = ?", [*values.values(), seq])
        base.commit()
        if log:  # a copy taken while the program is still open
            for tail in ("", "-wal", "-shm"):
                source = path.with_name(path.name + tail)
                source.with_name("open_" + source.name).write_bytes(source.read_bytes())
