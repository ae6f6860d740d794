"""The `.db` of 国土调查云: whatever its table is called, text in two encodings, plain tables and nothing else."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import shapely

from pipeline.errors import Refusal
from pipeline.io.readers.survey_db import read_survey_db
from tests.io.readers.damage import cuts, flips, outcome, records

SQUARE = "POLYGON ((118.1 32.1, 118.2 32.1, 118.2 32.2, 118.1 32.1))"
PHOTOS = json.dumps([{"type": 1, "x": 118.1, "y": 32.1, "azimuth": 90}])
COLUMNS = "BSM INTEGER PRIMARY KEY, XZQDM TEXT, XMC TEXT, JCBH TEXT, TBLX TEXT, JCMJ REAL, PZD TEXT, TBFW TEXT"


def database(path: Path, table: str = "图斑信息表", encoding: str = "utf-8", count: int = 30, more: str = "") -> Path:
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as base:
        base.execute(f'CREATE TABLE "{table}" ({COLUMNS})')
        for at in range(count):
            name = "鼓楼区".encode(encoding)
            row = (at, "320106", name, f"{at:04d}", "2018", 1234567.5, PHOTOS, SQUARE if at else "POLYGON ((1 2")
            base.execute(f'INSERT INTO "{table}" VALUES (?,?,CAST(? AS TEXT),?,?,?,?,?)', row)
        base.executescript("CREATE TABLE ZP (ID TEXT, MC TEXT); INSERT INTO ZP VALUES ('1', 'a.jpg');" + more)
        base.commit()
    return path


@pytest.mark.parametrize("table", ["TB", "TBXX", '图斑"信息表'])
@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_the_table_is_known_by_its_columns(tmp_path: Path, table: str, encoding: str) -> None:
    (raw,) = read_survey_db(database(tmp_path / "a.db", table.replace('"', '""'), encoding))
    assert raw.name == table
    assert raw.fields["XMC"] == ["鼓楼区"] * 30
    assert raw.fields["JCBH"][7] == "0007"
    assert raw.fields["JCMJ"][0] == "1234567.5"
    assert raw.fields["PZD"][0] == PHOTOS
    assert raw.declared == len(raw.rows) == 30
    assert [one is None for one in raw.wkb] == [True, *[False] * 29]
    assert shapely.from_wkb(raw.wkb[1]).equals(shapely.from_wkt(SQUARE))
    assert any("'ZP'" in one for one in raw.notes)


def test_views_triggers_and_virtual_tables_are_named_and_not_read(tmp_path: Path) -> None:
    more = """
        CREATE VIEW tb2 AS SELECT * FROM TB WHERE JCBH < '0005';
        CREATE VIEW forever AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x AS TBFW FROM c;
        CREATE TRIGGER gone AFTER INSERT ON TB BEGIN DELETE FROM TB; END;
        CREATE VIRTUAL TABLE found USING fts5(JCBH, TBFW);
    """
    (raw,) = read_survey_db(database(tmp_path / "a.db", "TB", more=more))
    assert len(raw.rows) == 30
    for name in ("'tb2'", "'forever'", "'gone'", "'found'"):
        assert any(name in one for one in raw.notes)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("CREATE TABLE gpkg_contents (a)", "is a GeoPackage"),
        ("CREATE TABLE geometry_columns (a)", "SpatiaLite"),
        ("CREATE TABLE t (a, b)", "no table holds outlines: t"),
        ("PRAGMA journal_mode=WAL; CREATE TABLE t (a)", "copied while open"),
    ],
)
def test_other_databases_are_refused(tmp_path: Path, script: str, words: str) -> None:
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as base:
        base.executescript(script)
    with pytest.raises(Refusal, match=words):
        read_survey_db(path)


def test_damage_is_refused_or_costs_no_row(tmp_path: Path) -> None:
    path = tmp_path / "d.db"
    data = database(path, count=200).read_bytes()
    for cut in cuts(data):
        assert not outcome(read_survey_db, path, cut)
    for flipped in flips(data):
        found = outcome(read_survey_db, path, flipped)
        assert not found or records(found) == 200
