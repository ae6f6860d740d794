"""Every format that is read, through the whole of ingest: the same two patches, accepted with number and outline."""

from __future__ import annotations

import json
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
import shapely
import xlsxwriter

from tests.stages.runs import issues, state, table, tuban

BOXES = [shapely.box(114.10 + at / 100, 29.88, 114.101 + at / 100, 29.881) for at in range(2)]
NUMBERS = ["0001", "0002"]


def frame() -> geopandas.GeoDataFrame:
    return geopandas.GeoDataFrame({"JCBH": NUMBERS, "XMC": ["云溪县"] * 2}, geometry=BOXES, crs=4326)


def features() -> list[str]:
    shapes = [json.loads(shapely.to_geojson(one)) for one in BOXES]
    made = [
        {"type": "Feature", "properties": {"JCBH": no}, "geometry": one}
        for no, one in zip(NUMBERS, shapes, strict=True)
    ]
    return [json.dumps(one) for one in made]


def as_kml(path: Path) -> None:
    frame().rename(columns={"JCBH": "监测编号"}).to_file(path, driver="KML", engine="pyogrio")


def as_flatgeobuf(path: Path) -> None:
    frame().to_file(path, driver="FlatGeobuf", engine="pyogrio")


def as_lines(path: Path) -> None:
    path.write_text("\n".join(features()) + "\n", encoding="utf-8")


def as_parquet(path: Path) -> None:
    frame().to_parquet(path)


def as_csv(path: Path) -> None:
    rows = [f'{no},"{one.wkt}"' for no, one in zip(NUMBERS, BOXES, strict=True)]
    path.write_bytes("\r\n".join(["监测编号,WKT", *rows]).encode("gb18030"))


def as_workbook(path: Path) -> None:
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["监测编号", "WKT"])
        for at, (number, one) in enumerate(zip(NUMBERS, BOXES, strict=True), start=1):
            sheet.write_row(at, 0, [number, one.wkt])


def as_survey_db(path: Path) -> None:
    base = sqlite3.connect(path)
    base.execute("CREATE TABLE TB (XZQDM TEXT, JCBH TEXT PRIMARY KEY, TBFW TEXT)")
    base.executemany(
        "INSERT INTO TB VALUES ('480121', ?, ?)", [(no, one.wkt) for no, one in zip(NUMBERS, BOXES, strict=True)]
    )
    base.commit()
    base.close()


def as_coordinates(path: Path) -> None:
    lines = [
        "[属性描述]",
        "坐标系=2000国家大地坐标系",
        "几度分带=3",
        "投影类型=高斯克吕格",
        "计量单位=米",
        "带号=38",
        "[地块坐标]",
    ]
    for at, number in enumerate(NUMBERS):
        x, y = 38_510_000 + at * 500, 3_306_000
        ring = [(x, y), (x + 90, y), (x + 90, y + 100), (x, y + 100), (x, y)]
        lines.append(f"{len(ring)},0.9,{number},,面,,,,@")
        lines += [f"J{i % 4 + 1},1,{north:.3f},{east:.3f}" for i, (east, north) in enumerate(ring)]
    path.write_bytes("\n".join(lines).encode("gb18030"))


def as_geodatabase(path: Path) -> None:
    frame().to_file(path, driver="OpenFileGDB", engine="pyogrio", layer="图斑")
    (path / "_gdb.HOST.1.2.sr.lock").touch()


def as_zipped_geodatabase(path: Path) -> None:
    folder = path.with_name("x.gdb")
    as_geodatabase(folder)
    with zipfile.ZipFile(path, "w") as archive:
        for one in sorted(folder.iterdir()):
            archive.write(one, f"某县/x.gdb/{one.name}")
    shutil.rmtree(folder)


def as_kmz(path: Path) -> None:
    as_kml(path.with_suffix(".kml"))
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(path.with_suffix(".kml"), "doc.kml")
        archive.writestr("files/icon.png", b"")
    path.with_suffix(".kml").unlink()


def as_mask(path: Path) -> None:
    """Two regions of 100 pixels of a second, and a speck below the minimum."""
    pixels = np.zeros((20, 60), np.uint8)
    pixels[5:15, 5:15], pixels[5:15, 30:40], pixels[5, 50] = 1, 3, 1
    place = rasterio.Affine(1e-4, 0, 114.10, 0, -1e-4, 29.88)
    size = {"count": 1, "height": 20, "width": 60, "dtype": "uint8"}
    with rasterio.open(path, "w", driver="GTiff", crs="EPSG:4490", transform=place, **size) as sink:
        sink.write(pixels, 1)


FORMATS: dict[str, Callable[[Path], None]] = {
    "a.kml": as_kml,
    "a.fgb": as_flatgeobuf,
    "a.geojsonl": as_lines,
    "a.parquet": as_parquet,
    "a.csv": as_csv,
    "a.xlsx": as_workbook,
    "480121云溪县.db": as_survey_db,
    "a.txt": as_coordinates,
    "a.gdb": as_geodatabase,
    "a.zip": as_zipped_geodatabase,
    "a.kmz": as_kmz,
}


def emptied(world: Path) -> Path:
    """The folder of deliveries with nothing in it."""
    for one in (world / "deliveries").iterdir():
        one.unlink()
    return world / "deliveries"


@pytest.mark.parametrize("name", FORMATS)
def test_two_patches_in_every_format(world: Path, name: str) -> None:
    emptied(world)
    FORMATS[name](world / "deliveries" / name)
    (world / "deliveries" / "README.txt").write_text("nothing but words", encoding="utf-8")
    campaign = world / "campaign.toml"
    text = campaign.read_text(encoding="utf-8")
    own = '[inputs.patch_fields]\npatch_no = "地块编号"\n\n[archive]' if name == "a.txt" else "[archive]"
    text = text.replace("[inputs]", '[inputs]\npatches_crs = "EPSG:4490"', 1).replace("[archive]", own, 1)
    campaign.write_text(text, encoding="utf-8")
    result = tuban("ingest", campaign)
    assert result.exit_code == 0, result.stderr
    assert state(campaign, "ingest_summary.json")["records"] == {
        "received": 2,
        "accepted": 2,
        "quarantined": 0,
        "duplicate": 0,
    }
    patches = table(campaign, "patches")
    assert sorted(one["patch_no"] for one in patches) == NUMBERS
    assert all(8_000 < one["area_m2"] < 12_000 for one in patches)
    unread = [one["facts"]["file"] for one in issues(campaign, "ingest") if one["code"] == "FILE_NOT_READ"]
    assert unread == ["README.txt"]
    assert state(campaign, "ingest_summary.json")["refused_files"] == []


RULES = """
[inputs.mask]
classes = { 1 = "TD", 3 = "20" }
minimum_m2 = 200.0
"""


def ruled(campaign: Path, rules: str) -> None:
    """Put rules for masks into the campaign, in place of those that are there."""
    text = campaign.read_text(encoding="utf-8").partition("\n[inputs.mask]")[0]
    campaign.write_text(text + rules, encoding="utf-8")


def test_a_mask_is_read_by_its_rules_and_read_again_when_they_change(world: Path) -> None:
    inbox, campaign = emptied(world), world / "campaign.toml"
    as_mask(inbox / "mask.tif")
    as_csv(inbox / "a.csv")
    campaign.write_text(
        campaign.read_text(encoding="utf-8").replace("[inputs]", '[inputs]\npatches_crs = "EPSG:4490"', 1),
        encoding="utf-8",
    )
    assert tuban("ingest", campaign).exit_code == 0
    assert state(campaign, "ingest_summary.json")["refused_files"] == ["mask.tif"]
    (unread,) = [one for one in issues(campaign, "ingest") if one["code"] == "FILE_NOT_READ"]
    assert "[inputs.mask]" in unread["facts"]["hint"]
    parsed = {one.name: one.stat().st_mtime_ns for one in (world / "out" / ".state" / "parsed").iterdir()}

    ruled(campaign, RULES)
    assert tuban("ingest", campaign).exit_code == 0
    rows = [one for one in table(campaign, "patches") if one["source_file"] == "mask.tif"]
    assert {one["patch_type"]: one["pixels"] for one in rows} == {"TD": "100", "20": "100"}
    assert {one["patch_no"] for one in rows} == {"1-E1141005-N298795", "3-E1141030-N298795"}
    (small,) = [one for one in issues(campaign, "ingest") if one["code"] == "MASK_SMALL"]
    assert (small["facts"]["regions"], small["facts"]["pixels"], small["facts"]["minimum_m2"]) == (1, 1, 200.0)
    assert 90 < small["facts"]["area_m2"] < 110

    ruled(campaign, RULES.replace("200.0", "0"))
    assert tuban("ingest", campaign).exit_code == 0
    assert len([one for one in table(campaign, "patches") if one["source_file"] == "mask.tif"]) == 3
    after = {one.name: one.stat().st_mtime_ns for one in (world / "out" / ".state" / "parsed").iterdir()}
    assert {name for name in parsed if after[name] != parsed[name]} == {one for one in parsed if "mask" in one}


def test_a_lone_mask_without_rules_says_what_to_type(world: Path) -> None:
    as_mask(emptied(world) / "mask.tif")
    result = tuban("ingest", world / "campaign.toml")
    assert result.exit_code == 4
    assert "mask.tif" in result.stderr
    assert "write [inputs.mask]" in result.stderr
