"""Odd deliveries beside good ones: every record accounted for, every file named, no crash."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import geopandas
import pytest
import shapely

from tests.stages.runs import issues, run_stages, state, table, tuban

CAMPAIGN = """
[campaign]
id = "T1"
title = "t"
[inputs]
patches = ["deliveries/**/*"]
counties = "counties*.gpkg"
"""


def box(x: float, y: float = 34.1, size: float = 0.001) -> shapely.Polygon:
    return shapely.box(x, y, x + size, y + size)


def layer(path: Path, shapes: list[Any], crs: int | None = 4490, name: str = "p", **columns: list[Any]) -> Path:
    columns = columns or {"JCBH": [str(at) for at in range(len(shapes))]}
    geopandas.GeoDataFrame(columns, geometry=shapes, crs=crs).to_file(path, layer=name, engine="pyogrio")
    return path


@pytest.fixture
def campaign(tmp_path: Path) -> Path:
    (tmp_path / "deliveries").mkdir()
    counties = [shapely.box(105, 34, 106, 35), shapely.box(106, 34, 107, 35)]
    layer(tmp_path / "counties.gpkg", counties, XZQDM=["620101", "620102"], XZQMC=["甲县", "乙县"])
    (tmp_path / "campaign.toml").write_text(CAMPAIGN, encoding="utf-8")
    return tmp_path / "campaign.toml"


@pytest.fixture
def inbox(campaign: Path) -> Path:
    layer(campaign.parent / "deliveries" / "good.gpkg", [box(105.5)])
    return campaign.parent / "deliveries"


def counted(campaign: Path) -> dict[str, tuple[int, int, int]]:
    """Accepted, quarantined and duplicate records by file, after ingest."""
    run_stages(campaign, "ingest", "clip")
    summary = state(campaign, "ingest_summary.json")
    statuses = Counter(one["status"] for one in table(campaign, "records"))
    assert {name: summary["records"][name] for name in statuses} == dict(statuses)
    pieces = {one["patch_uid"] for name in ("pieces", "remainders") for one in table(campaign, name)}
    assert pieces == {one["patch_uid"] for one in table(campaign, "patches")}
    return {one["file"]: (one["accepted"], one["quarantined"], one["duplicate"]) for one in summary["by_delivery"]}


def refused(campaign: Path) -> list[str]:
    names: list[str] = state(campaign, "ingest_summary.json")["refused_files"]
    return names


def test_the_same_file_twice_is_counted_twice(campaign: Path, inbox: Path) -> None:
    shutil.copy(inbox / "good.gpkg", inbox / "same.gpkg")
    assert counted(campaign) == {"good.gpkg": (1, 0, 0), "same.gpkg": (0, 0, 1)}
    (one,) = [one for one in issues(campaign, "ingest") if one["code"] == "DUPLICATE"]
    assert (one["facts"]["file"], one["facts"]["first_file"]) == ("same.gpkg", "good.gpkg")


def test_a_renamed_file_is_called_by_its_new_name(campaign: Path, inbox: Path) -> None:
    assert counted(campaign) == {"good.gpkg": (1, 0, 0)}
    (inbox / "good.gpkg").rename(inbox / "better.gpkg")
    assert counted(campaign) == {"better.gpkg": (1, 0, 0)}


def test_county_folders_with_files_of_one_name(campaign: Path, inbox: Path) -> None:
    for at, folder in enumerate(("620101", "620102")):
        (inbox / folder).mkdir()
        layer(inbox / folder / "图斑.shp", [box(105.1 + at)])
    assert counted(campaign).keys() == {"good.gpkg", "620101/图斑.shp", "620102/图斑.shp"}


def test_what_is_in_an_archive_is_read_or_named(campaign: Path, inbox: Path) -> None:
    for name in ("a", "b"):
        layer(inbox / f"{name}.shp", [box(105.1 if name == "a" else 105.2)])
    with zipfile.ZipFile(inbox / "z.zip", "w") as zipped:
        for path in [one for one in sorted(inbox.iterdir()) if one.stem in ("a", "b")]:
            zipped.write(path, f"夹/{path.name.upper()}")
            path.unlink()
        zipped.writestr("inner.zip", b"PK")
        zipped.writestr("d/x.gdb/a1.gdbtable", b"x")
        zipped.writestr("d/x.gdb/a2.gdbtable", b"x")
        zipped.writestr("readme.md", b"x")
    found = counted(campaign)
    assert found["z.zip/夹/A.SHP"] == found["z.zip/夹/B.SHP"] == (1, 0, 0)
    assert refused(campaign) == ["z.zip/d/x.gdb", "z.zip/inner.zip"]


def test_what_cannot_be_opened_stops_nobody(campaign: Path, inbox: Path) -> None:
    (inbox / "link.gpkg").symlink_to(inbox / "good.gpkg")
    os.mkfifo(inbox / "pipe.gpkg")
    (inbox / "x.gdb").mkdir()
    (inbox / "x.gdb" / "a1.gdbtable").write_bytes(b"x")
    for name in ("e.shp", "e.gpkg", "e.zip", "e.geojson"):
        (inbox / name).write_bytes(b"")
    assert counted(campaign)["good.gpkg"] == (1, 0, 0)
    assert refused(campaign) == ["e.geojson", "e.gpkg", "e.shp", "e.zip", "link.gpkg", "pipe.gpkg", "x.gdb"]


def test_layers_without_a_record_are_named(campaign: Path, inbox: Path) -> None:
    (inbox / "none.geojson").write_text('{"type": "FeatureCollection", "features": []}', encoding="utf-8")
    counted(campaign)
    assert [one["source_file"] for one in issues(campaign, "ingest") if one["code"] == "FILE_EMPTY"] == ["none.geojson"]


def test_outlines_without_ground_are_set_aside(campaign: Path, inbox: Path) -> None:
    line = shapely.Polygon([(105.2, 34.2), (105.3, 34.3), (105.2, 34.2), (105.2, 34.2)])
    point = shapely.Polygon([(105.2, 34.2)] * 4)
    flat = shapely.MultiPolygon([line])
    layer(inbox / "odd.gpkg", [line, point, flat, box(105.1)])
    assert counted(campaign)["odd.gpkg"] == (1, 3, 0)


def curved() -> bytes:
    """A GeoPackage geometry: a circle as CURVEPOLYGON of one CIRCULARSTRING."""
    import struct

    ring = struct.pack("<BII6d", 1, 8, 3, 105.2, 34.2, 105.3, 34.2, 105.2, 34.2)
    return b"GP\x00\x01" + struct.pack("<i", 4490) + struct.pack("<BII", 1, 10, 1) + ring


def test_curves_are_set_aside_and_do_not_kill(campaign: Path, inbox: Path) -> None:
    path = layer(inbox / "curves.gpkg", [box(105.1), box(105.2)])
    base = sqlite3.connect(path)
    for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        base.execute(f'DROP TRIGGER "{name}"')
    base.execute("UPDATE p SET geom = ? WHERE fid = 2", [curved()])
    base.execute("UPDATE p SET JCBH = CAST(x'b2e2' AS TEXT) WHERE fid = 1")
    base.commit()
    base.close()
    assert counted(campaign)["curves.gpkg"] == (1, 1, 0)
    (reason,) = [one["reason"] for one in table(campaign, "quarantine")]
    assert reason == "BAD_GEOMETRY"
    warned = [one["facts"]["said"] for one in issues(campaign, "ingest") if one["code"] == "FILE_WARNED"]
    assert any("not UTF-8" in one for one in warned)


def test_styles_in_a_geopackage_are_no_instructions(campaign: Path, inbox: Path) -> None:
    base = sqlite3.connect(inbox / "good.gpkg")
    base.execute("CREATE TABLE layer_styles (qml TEXT)")
    base.execute("INSERT INTO layer_styles VALUES ('<!DOCTYPE qgis><qgis/>')")
    base.commit()
    base.close()
    assert counted(campaign)["good.gpkg"] == (1, 0, 0)


def test_columns_that_are_called_like_ours(campaign: Path, inbox: Path) -> None:
    polygon = json.loads(shapely.to_geojson(box(105.2)))
    names = ("geometry", "fid", "wkb_geometry", "__wkb__", "__row__", "patch_uid", "area_m2", "AREA_M2", "source_row")
    feature = {"type": "Feature", "geometry": polygon, "properties": {"JCBH": "7", **{one: f"={one}" for one in names}}}
    text = json.dumps({"type": "FeatureCollection", "features": [feature]})
    (inbox / "names.geojson").write_text(text, encoding="utf-8")
    counted(campaign)
    (patch,) = [one for one in table(campaign, "patches") if one["patch_no"] == "7"]
    assert patch["patch_uid"].startswith("T1-")
    assert patch["area_m2"] > 1000
    assert set(patch.values()) >= {f"={one}" for one in names}


def test_numbers_as_floating_point_stay_numbers(campaign: Path, inbox: Path) -> None:
    layer(inbox / "n.gpkg", [box(105.2), box(105.3)], JCBH=[620102202500001.0, 3.2e17])
    counted(campaign)
    found = {one["patch_no"] for one in table(campaign, "patches")}
    assert found >= {"620102202500001", "320000000000000000"}


def test_texts_and_names_cut_in_mid_character(campaign: Path, inbox: Path) -> None:
    layer(inbox / "cut.shp", [box(105.2)], JCBH=["7"], 很长的字段名=["图" * 100])
    counted(campaign)
    (patch,) = [one for one in table(campaign, "patches") if one["patch_no"] == "7"]
    assert patch["很长的"] == "图" * 84


def test_the_sentence_of_a_layer_without_crs_is_its_own(campaign: Path, inbox: Path) -> None:
    layer(inbox / "nowhere.shp", [box(105.2)], crs=None)
    assert counted(campaign)["nowhere.shp"] == (0, 1, 0)
    (one,) = table(campaign, "quarantine")
    assert "patches_crs" in one["sentence"]


def test_a_county_file_of_several_layers_is_refused(campaign: Path, inbox: Path) -> None:
    assert inbox.exists()
    layer(campaign.parent / "counties.gpkg", [shapely.box(105, 34, 107, 35)], name="province", XZQDM=["620000"])
    result = tuban("ingest", campaign)
    assert result.exit_code == 4
    assert "2 layers" in result.stderr


def test_a_county_file_that_is_not_read_is_refused(campaign: Path, inbox: Path) -> None:
    assert inbox.exists()
    (campaign.parent / "counties2.gpkg").symlink_to(campaign.parent / "counties.gpkg")
    result = tuban("ingest", campaign)
    assert result.exit_code == 4
    assert "counties2.gpkg" in result.stderr


CASES = Path(os.environ.get("TUBAN_CASES", Path(__file__).parents[3] / "shared" / "cases")) / "odd_files"


@pytest.mark.skipif(not CASES.is_dir(), reason=f"the odd files of others are not at {CASES}")
def test_odd_files_of_others(campaign: Path, inbox: Path) -> None:
    for path in [one for one in CASES.rglob("*") if one.is_file()]:
        folder = inbox / path.parent.relative_to(CASES)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / path.name)
    found = counted(campaign)
    assert found["naturalearth_lowres.shp"][0] > 170
    assert found["curvepolygon.gpkg"] == (0, 1, 0)
