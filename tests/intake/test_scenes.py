"""When imagery was taken, and who says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from pipeline.campaign import ImageryFile
from pipeline.intake.scenes import (
    Said,
    SceneRow,
    all_said,
    by_row,
    contradiction,
    date_and_sensor,
    name_says,
    rows_of,
    text_says,
    usable,
)
from pipeline.io.scene_texts import MAX_BYTES, files_beside, read_said
from pipeline.records import Scene

BOX = shapely.box(113, 30, 114, 31)
GF = """<?xml version="1.0" encoding="utf-8"?><ProductMetaData><SatelliteID>GF2</SatelliteID><SensorID>PMS1</SensorID>
<ReceiveTime>2025-03-14 11:26:12</ReceiveTime><ProduceTime>2025-04-01 09:00:00</ProduceTime></ProductMetaData>"""
IMD = """version = "28.4";
BEGIN_GROUP = IMAGE_1
	satId = "WV02";
	firstLineTime = 2025-03-14T03:12:45.120000Z;
END_GROUP
"""
PAM = """<PAMDataset><Metadata domain="IMAGERY"><MDI key="ACQUISITIONDATETIME">2025-03-14 03:12:45</MDI>
<MDI key="SATELLITEID">WorldView-2</MDI></Metadata></PAMDataset>"""
STAC = {
    "type": "Feature",
    "properties": {"datetime": "2025-03-14T03:12:45Z", "platform": "jl1", "instruments": ["pms"]},
}
MTL = 'GROUP = L1\n  SPACECRAFT_ID = "LANDSAT_9"\n  SENSOR_ID = "OLI_TIRS"\n  DATE_ACQUIRED = 2025-03-14\nEND\n'
FGDC = "<metadata><pubdate>20250901</pubdate><sngdate><caldate>20250314</caldate></sngdate></metadata>"


@pytest.mark.parametrize(
    ("name", "text", "sensor"),
    [
        ("a.xml", GF, "GF2 PMS1"),
        ("a.IMD", IMD, "WV02"),
        ("a.tif.aux.xml", PAM, "WorldView-2"),
        ("a.json", json.dumps(STAC), "jl1 pms"),
        ("a_MTL.txt", MTL, "LANDSAT_9 OLI_TIRS"),
        ("a.tif.xml", FGDC, ""),
    ],
)
def test_texts_of_vendors_tell_date_and_sensor(tmp_path: Path, name: str, text: str, sensor: str) -> None:
    (tmp_path / "a.tif").touch()
    (tmp_path / name).write_text(text, encoding="utf-8")
    (found,) = files_beside()(tmp_path / "a.tif").texts
    assert found.name == name
    assert text_says(read_said(found)) == Said("sidecar", "2025-03-14", sensor)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe<",
        b"<a><ReceiveTime>soon</ReceiveTime></a>",
        b"[" * 200_000,
        b'{"datetime": 17, "acquired": null}',
        b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a><StartTime>&e;</StartTime></a>",
        b"<" * 300_000,
        GF.encode() + b" " * MAX_BYTES,
    ],
)
@pytest.mark.parametrize("name", ["a.xml", "a.json", "a.imd"])
def test_a_hostile_text_tells_nothing_and_breaks_nothing(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    assert text_says(read_said(tmp_path / name)).date == ""


def test_what_lies_beside_an_image_is_found_whatever_its_case_and_nothing_else(tmp_path: Path) -> None:
    for name in ("A.TIF", "a.XML", "a.tif.ovr", "A.TFW", "ab.xml", "b.tif.msk"):
        (tmp_path / name).touch()
    (tmp_path / "a.json").mkdir()
    found = files_beside()(tmp_path / "A.TIF")
    assert [one.name for one in found.texts] == ["a.XML"]
    assert [one.name for one in found.parts] == ["a.tif.ovr", "A.TFW"]


@pytest.mark.parametrize(
    ("stem", "date", "sensor"),
    [
        ("GF1D_PMS_20250314_T01", "2025-03-14", "GF1D PMS"),
        ("GF2_PMS1_E113.9_N30.5_20250314_L1A0001", "2025-03-14", "GF2 PMS1"),
        ("ZY302-TMS-20250922", "2025-09-22", "ZY302 TMS"),
        ("m_4709963_se_14_1_20120731", "2012-07-31", "NAIP"),
        ("S2B_MSIL2A_20250314T030529_N0511_R075_T50RKU", "2025-03-14", "S2B"),
        ("LC09_L1TP_123039_20250314_20250401_02_T1", "2025-03-14", "LC09"),
        ("云溪县_2025-03-14_dom", "2025-03-14", ""),
        ("sheet_12345678", "", ""),
        ("dom_20251399", "", ""),
    ],
)
def test_names_tell_date_and_sensor(stem: str, date: str, sensor: str) -> None:
    assert name_says(stem) == (date, sensor)


def test_the_weightiest_word_counts_and_its_contradiction_is_told() -> None:
    file = ImageryFile(Path("x/GF2_PMS1_E113_N30_20250314_L1A.tif"), "before", "", "", ())
    tags = {"TIFFTAG_DATETIME": "2025:09:01 10:00:00"}
    layer = [row("2025-03-12", BOX, file.path.name.casefold())]
    text = {"receivetime": "2025-03-13 11:00:00", "satelliteid": "GF2"}
    given = ImageryFile(file.path, "before", "2025-03-11", "", ())
    words = [
        all_said(given, tags, [text], layer),
        all_said(file, tags, [text], layer),
        all_said(file, tags, [text], []),
    ]
    words += [all_said(file, tags, [], []), all_said(ImageryFile(Path("x/a.tif"), "before", "", "", ()), tags, [], [])]
    dates = ["2025-03-11", "2025-03-12", "2025-03-13", "2025-03-14", "2025-09-01"]
    assert [date_and_sensor(one)[0] for one in words] == dates
    assert [date_and_sensor(one)[1] for one in words] == ["GF2", "GF2", "GF2", "GF2 PMS1", ""]
    told = [contradiction(one) for one in words]
    assert [one and (one[0].source, one[1].source) for one in told] == [
        ("campaign", "layer"),
        ("layer", "sidecar"),
        ("sidecar", "name"),
        None,  # the day a program wrote the file is no witness
        None,
    ]


def test_a_month_does_not_contradict_its_days() -> None:
    assert contradiction([Said("layer", "2025-03", ""), Said("name", "2025-03-14", "")]) is None
    assert contradiction([Said("layer", "2025-03", ""), Said("name", "2025-04-01", "")]) is not None


# -- the scene layer --------------------------------------------------------------------------------------


def row(date: str, outline: shapely.Polygon, file: str = "", phase: str = "", sensor: str = "") -> SceneRow:
    return SceneRow(Said("layer", date, sensor), file, phase, outline)


def mosaic(date: str = "") -> Scene:
    place = (1e-3, 0.0, 113.0, 0.0, -1e-3, 31.0)
    return Scene("x/dom.tif", "after", date, "", (1, 2, 3), "0", "EPSG:4490", place, 1000, 1000, 100.0, BOX)


def test_rows_speak_of_the_file_they_name_else_of_their_phase() -> None:
    files = [ImageryFile(Path(f"x/{name}.tif"), phase, "", "", ()) for name, phase in (("A", "before"), ("b", "after"))]
    named, placed, idle = row("1", BOX, "a.tif", "after"), row("2", BOX, "gf2_x", "after"), row("3", BOX, "gf2_y")
    rows = usable([named, placed, idle], files)
    assert [one.said.date for one in rows] == ["1", "2"]
    assert [[one.said.date for one in rows_of(file, rows)] for file in files] == [["1"], ["2"]]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.sampled_from(["2025-03-01", "2025-04-02", ""]))))
def test_a_mosaic_is_told_by_its_parts_and_no_ground_is_lost(given: list[tuple[int, int, str]]) -> None:
    rows = [
        row(date, shapely.box(113 + x / 8, 30 + y / 8, 113.3 + x / 8, 30.3 + y / 8), "", "after")
        for x, y, date in given
    ]
    parts = by_row(mosaic("2024-01-01"), rows)
    whole = shapely.union_all([one.footprint for one in parts])
    assert whole.symmetric_difference(BOX).area < 1e-9
    for one in parts:
        assert (one.path, one.transform) == ("x/dom.tif", mosaic().transform)
        claimed = [each.outline for each in rows if (each.said.date or "2024-01-01") == one.date]
        beyond = one.footprint.difference(shapely.union_all(claimed)).area
        assert beyond < 1e-9 or one.date == "2024-01-01"  # where no row speaks, what is known of the file counts


def test_one_row_that_names_the_file_speaks_of_all_of_it() -> None:
    half = shapely.box(113, 30, 113.5, 31)
    assert [one.footprint for one in by_row(mosaic("2025-03-01"), [row("2025-03-01", half, "dom.tif")])] == [BOX]
    two = by_row(
        mosaic(), [row("2025-03-01", half, "dom.tif"), row("2025-04-01", half.union(BOX), "dom.tif", sensor="GF2")]
    )
    assert [(one.date, one.sensor) for one in two] == [("2025-03-01", ""), ("2025-04-01", "GF2")]
