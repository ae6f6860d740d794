"""GeoJSON and GeoPackages of field apps: their properties are a table, by our columns or by a column map."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.collect.bundle import read_bundle
from pipeline.collect.returned import Doubt
from pipeline.forms.identity import row_code

from .conftest import CODE, PIECES, edit_package, uid
from .test_hostile import reason_of
from .test_maps import kobo, merged, read, said, shelved
from .test_round_trip import Finding, many

CODES = {one.patch_uid: row_code(one) for one in PIECES}


def write(path: Path, features: Sequence[Mapping[str, Any]]) -> Path:
    shape = {"type": "Point", "coordinates": [113.81, 30.5]}
    made = [{"type": "Feature", "properties": one, "geometry": shape} for one in features]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": made}, ensure_ascii=False), encoding="utf-8")
    return path


def exported(table: list[list[str]], *, nested: bool = False) -> list[dict[str, Any]]:
    """The rows of an export as properties, groups as objects where a program writes them so."""
    made: list[dict[str, Any]] = []
    for row in table[1:]:
        one: dict[str, Any] = {}
        for heading, cell in zip(table[0], row, strict=True):
            group, _, name = heading.rpartition("/")
            place = one.setdefault(group, {}) if nested and group else one
            place[name if nested else heading] = cell or None
        made.append(one)
    return made


@pytest.mark.parametrize("nested", [False, True])
def test_through_an_export_of_kobo(tmp_path: Path, nested: bool) -> None:
    known = shelved()
    keys = [one.key for one in known.form.asked]

    @settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(many("cn", keys))
    def law(findings: dict[int, Finding]) -> None:
        one = read(write(tmp_path / "k.geojson", exported(kobo(findings), nested=nested)), known)
        assert one.door == "mapped"
        assert {row.patch_uid: dict(row.said) for row in one.rows} == {uid(seq): findings[seq] for seq in findings}
        assert said(merged(one, known=known)) == {uid(seq): findings[seq] for seq in findings}

    law()


def test_our_own_layer_saved_as_geojson(tmp_path: Path) -> None:
    known = shelved()
    features = [
        {"patch_uid": uid(1), "row_code": CODES[uid(1)], "county_code": CODE, "verdict": "legal", "used_mu": 3.5},
        {"patch_uid": uid(2), "row_code": CODES[uid(2)], "county_code": CODE, "verdict": None, "photo1": None},
        {"patch_uid": None, "verdict": "other", "photo1": "DCIM\\a.jpg"},
    ]
    one = read(write(tmp_path / "p.json", features), known)
    assert (one.door, one.campaign) == ("geojson", "2025Q3")
    assert [(row.patch_uid, dict(row.said)) for row in one.rows] == [
        (uid(1), {"verdict": "legal", "used": "3.5"}),
        ("", {"verdict": "other", "photo1": "DCIM/a.jpg"}),
    ]
    assert one.rows[0].place == "p.json!feature 1"
    assert {each.code for each in merged(one, known=known).remarks} >= {Doubt.NO_IDENTITY}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b'{"features": 7}',
        b'{"features": [1, null]}',
        b"[" * 100_000,
        b'{"a": ' * 100_000,
        b"\xff\xfe",
    ],
)
def test_what_is_no_table_is_told_alone_and_passed_over_in_a_folder(tmp_path: Path, data: bytes) -> None:
    known = shelved()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json").write_bytes(data)
    (tmp_path / "s").mkdir()
    alone = read_bundle(tmp_path / "in" / "a.json", "a.json", tmp_path / "s", known, lambda _: None)
    assert reason_of(alone) == "no_table"
    assert read_bundle(tmp_path / "in", "in", tmp_path / "s", known, lambda _: None) == []


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["patch_uid", "verdict", "a"]), inner),
    max_leaves=8,
)


@given(st.lists(trees, max_size=4))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_tree_is_read_or_refused(tmp_path: Path, found: list[Any]) -> None:
    (tmp_path / "s").mkdir(exist_ok=True)
    features = [{"properties": {"patch_uid": uid(1), "verdict": one}} for one in found] + found
    (tmp_path / "a.geojson").write_text(json.dumps({"features": features}), encoding="utf-8")
    (one,) = read_bundle(tmp_path / "a.geojson", "a.geojson", tmp_path / "s", shelved(), lambda _: None)
    assert one.door in ("geojson", "")


def layer_of(path: Path, table: list[list[str]], package: Path) -> Path:
    """A layer with the rows of an export, in a GeoPackage as QGIS saves one."""
    shutil.copyfile(package, path)
    names = ", ".join(f'"{one}" TEXT' for one in table[0])
    with closing(sqlite3.connect(path)) as base:
        base.execute("DELETE FROM gpkg_ogr_contents") if _has(base, "gpkg_ogr_contents") else None
        base.execute(f"CREATE TABLE export (fid INTEGER PRIMARY KEY, geom BLOB, {names})")
        base.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) "
            "VALUES ('export', 'features', 'e', 4490)"
        )
        base.execute("INSERT INTO gpkg_geometry_columns VALUES ('export', 'geom', 'POINT', 4490, 0, 0)")
        marks = ", ".join("?" * len(table[0]))
        columns = ", ".join(f'"{one}"' for one in table[0])
        base.executemany(
            f"INSERT INTO export ({columns}) VALUES ({marks})", [[cell or None for cell in row] for row in table[1:]]
        )
        base.commit()
    return path


def _has(base: sqlite3.Connection, table: str) -> bool:
    return bool(base.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchall())


def test_an_export_as_a_geopackage(tmp_path: Path, package: Any) -> None:
    known = shelved()
    table = kobo({1: {"verdict": "legal", "verdict_sub": "legal.prior"}, 2: {"verdict": "other"}}, status="")
    table[2][table[0].index("_validation_status")] = "Not Approved"
    path = layer_of(tmp_path / "e.gpkg", table, package("cn"))
    with closing(sqlite3.connect(path)) as base:
        for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            base.create_function(name, 1, lambda _: 0)
        base.execute("DELETE FROM gpkg_contents WHERE table_name = 'patches'")
        base.execute("DELETE FROM gpkg_geometry_columns WHERE table_name = 'patches'")
        base.execute("DELETE FROM gpkg_extensions WHERE table_name = 'patches'")
        base.execute("DROP TABLE patches")
        base.commit()
    one = read(path, known)
    assert (one.door, one.rows[0].place) == ("mapped", "e.gpkg!export!fid 1")
    found = merged(one, known=known)
    assert said(found) == {uid(1): {"verdict": "legal", "verdict_sub": "legal.prior"}}
    assert [each.code for each in found.unmatched] == [Doubt.SET_ASIDE]
    assert one.rows[0].called == ("_id 17", "_uuid ab-12")


def test_another_systems_layer_beside_our_own_is_named_and_not_read(tmp_path: Path, package: Any) -> None:
    path = layer_of(tmp_path / "e.gpkg", kobo({1: {"verdict": "other"}}), package("cn"))
    edit_package(path, {2: {"verdict": "legal"}})
    one = read(path, shelved())
    assert (one.door, [row.patch_uid for row in one.rows]) == ("geopackage", [uid(2)])
    assert [each.code for each in one.remarks] == [Doubt.NOT_ALONE]
