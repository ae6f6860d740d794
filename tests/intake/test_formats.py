"""Every format that is read, through the whole of ingest: the same two patches, accepted with number and outline."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import geopandas
import pytest
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


FORMATS: dict[str, Callable[[Path], None]] = {
    "a.kml": as_kml,
    "a.fgb": as_flatgeobuf,
    "a.geojsonl": as_lines,
    "a.parquet": as_parquet,
    "a.csv": as_csv,
    "a.xlsx": as_workbook,
    "480121云溪县.db": as_survey_db,
    "a.txt": as_coordinates,
}


@pytest.mark.parametrize("name", FORMATS)
def test_two_patches_in_every_format(world: Path, name: str) -> None:
    for one in (world / "deliveries").iterdir():
        one.unlink()
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
