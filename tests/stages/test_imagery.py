"""Imagery through whole runs: who says when it was taken, what is broken, and that everything else goes on."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pypdf
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

from pipeline.io.tables import read_parquet
from tests.faults.campaign import TOML
from tests.faults.makers import layer
from tests.stages.runs import state, tuban

EAST = (106.5, 106.6, 104.5)  # of the patches; there is no imagery of the third
STEP = 2e-5  # degrees, about two metres


def image(path: Path, east: float, seed: int, **more: Any) -> Path:
    """Grain about a patch, 600 × 600 pixels."""
    values = np.random.default_rng(seed).integers(40, 200, (3, 600, 600), dtype=np.uint8)
    place = from_origin(east - 300 * STEP, 34.9005 + 300 * STEP, STEP, STEP)
    profile = {"driver": "GTiff", "width": 600, "height": 600, "count": 3, "dtype": "uint8", "crs": "EPSG:4490"}
    tiles = {"tiled": True, "blockxsize": 128, "blockysize": 128, "compress": "deflate"}
    path.parent.mkdir(exist_ok=True)
    with rasterio.open(path, "w", **profile, **tiles, transform=place, **more) as made:
        made.write(values)
    return path


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three counties with a patch each; of four images one is cut off, one says two dates, one is of another day."""
    folder = tmp_path_factory.mktemp("imagery")
    (folder / "deliveries").mkdir()
    counties = [shapely.box(*one) for one in ((106, 34, 106.55, 35), (106.55, 34, 107, 35), (104, 34, 105, 35))]
    layer(folder / "counties.gpkg", counties, XZQDM=["620101", "620102", "620103"], XZQMC=["甲县", "乙县", "丙县"])
    patches = [shapely.box(east - 0.0005, 34.9, east + 0.0005, 34.901) for east in EAST]
    fields = {"JCBH": ["A1", "A2", "A3"], "QSX": ["2024-05-01"] * 3, "HSX": ["2025-09"] * 3}
    layer(folder / "deliveries" / "patches.gpkg", patches, **fields)
    image(folder / "before" / "GF1_PMS_20240501_w.tif", EAST[0], 1, photometric="RGB")
    image(folder / "before" / "east.tif", EAST[1], 2, photometric="RGB")
    (folder / "before" / "east.xml").write_text("<m><ReceiveTime>2024-06-30 11:00:00</ReceiveTime></m>")
    image(folder / "after" / "cut_20250901.tif", EAST[0], 3, photometric="RGB")
    image(folder / "after" / "rows_20250902.tif", EAST[1], 4, photometric="MINISBLACK")
    boxes = [shapely.box(106.55, 34.8, 106.65, 35), shapely.box(106.4, 34.8, 106.55, 35)]
    files = {"LOCATION": ["D:\\dom\\rows_20250902.tif", "none_such.tif"], "时相": ["2025年9月3日", "2020-01-01"]}
    layer(folder / "index.gpkg", boxes, **files, 传感器=["GF-2", ""])
    listed = ["GF1_PMS_20240501_w.tif", "east.tif", "gone.tif"]
    layer(folder / "before" / "tiles.gpkg", [boxes[1], boxes[0], boxes[0]], location=listed)
    text = TOML.replace("F1", "I1") + 'before = "before/tiles.gpkg"\nafter = ["after/*.tif"]\nscenes = "index.gpkg"\n'
    (folder / "campaign.toml").write_text(text, encoding="utf-8")
    cut = folder / "after" / "cut_20250901.tif"
    os.truncate(cut, cut.stat().st_size // 3)
    made = tuban("run", folder / "campaign.toml", "--workers", "1")
    assert made.exit_code == 3, made.stderr  # a file was set aside
    return folder / "campaign.toml"


def said(campaign: Path, code: str) -> list[str]:
    table = read_parquet(campaign.parent / "out" / "tables" / "issues.parquet").to_pylist()
    return [one["sentence"] for one in table if one["code"] == code]


def pages(campaign: Path, code: str) -> list[str]:
    path = campaign.parent / "out" / "counties" / code / f"{code}_sheets.pdf"
    return [one.extract_text() for one in pypdf.PdfReader(path).pages]


def test_each_scene_has_the_date_of_its_weightiest_witness(campaign: Path) -> None:
    told = {Path(one["path"]).name: (one["date"], one["sensor"]) for one in state(campaign, "scenes.json")}
    assert told == {
        "GF1_PMS_20240501_w.tif": ("2024-05-01", "GF1 PMS"),
        "east.tif": ("2024-06-30", ""),
        "cut_20250901.tif": ("2025-09-01", ""),
        "rows_20250902.tif": ("2025-09-03", "GF-2"),
    }
    assert "2025-09-03  GF-2" in pages(campaign, "620102")[-1]


def test_dates_that_do_not_fit_are_told_with_both(campaign: Path) -> None:
    (differ,) = said(campaign, "IMAGERY_DATES_DIFFER")
    assert "the scene layer says 2025-09-03, its name says 2025-09-02" in differ
    (other,) = said(campaign, "IMAGERY_OTHER_DATE")
    assert "A2 gives 2024-05-01" in other
    assert "(east.tif) is of 2024-06-30" in other
    (idle,) = said(campaign, "SCENE_ROWS_IDLE")
    assert idle.startswith("1 of the 2 rows")


def test_bands_that_nobody_named_are_told(campaign: Path) -> None:
    (assumed,) = said(campaign, "IMAGERY_BANDS_ASSUMED")
    assert assumed.startswith("after/rows_20250902.tif")
    assert "1, 2, 3" in assumed


def test_a_broken_image_costs_a_frame_and_no_county(campaign: Path) -> None:
    (broken,) = said(campaign, "IMAGERY_BROKEN")
    assert "cut_20250901.tif is damaged about patch A1: 87.2 % of the frame" in broken
    assert str(campaign.parent) not in broken
    assert "after imagery is damaged here: cut_20250901.tif" in pages(campaign, "620101")[-1]
    assert "damaged" not in pages(campaign, "620102")[-1]
    folder = campaign.parent / "out" / "counties" / "620101"
    assert (folder / "SHA256SUMS").is_file()
    assert (folder / "before.tif").is_file()


def test_a_county_without_imagery_is_told_where_others_have_it(campaign: Path) -> None:
    missing = said(campaign, "IMAGERY_MISSING")
    assert [("A3" in one, "A1" in one) for one in sorted(missing, key=lambda one: "A3" in one)] == [
        (False, True),  # its one image after is cut off
        (True, False),
        (True, False),
    ]
    assert "none configured" not in pages(campaign, "620103")[-1]


def test_a_text_beside_an_image_that_changes_changes_what_is_told(campaign: Path) -> None:
    assert "fresh" in tuban("run", campaign, "--dry-run").stdout
    text = campaign.parent / "before" / "east.xml"
    text.write_text("<m><ReceiveTime>2024-05-01 11:00:00</ReceiveTime></m>")
    assert tuban("run", campaign, "--workers", "1").exit_code == 3
    assert said(campaign, "IMAGERY_OTHER_DATE") == []
    assert "2024-05-01" in pages(campaign, "620102")[-1]


def test_what_a_tile_index_names_is_shown_and_what_is_not_there_is_told(campaign: Path) -> None:
    shown = [Path(one["path"]).name for one in state(campaign, "scenes.json") if one["phase"] == "before"]
    assert shown == ["GF1_PMS_20240501_w.tif", "east.tif"]
    (gone,) = said(campaign, "FILE_UNREADABLE")
    assert gone.startswith("before/gone.tif could not be read: it is not there.")


def test_no_product_tells_where_on_this_machine_it_was_made(campaign: Path) -> None:
    out, here = campaign.parent / "out", str(campaign.parent).encode()
    products = [one for one in out.rglob("*") if one.is_file() and ".state" not in one.parts and "log" not in one.parts]
    assert len(products) > 20
    assert [one.name for one in products if any(here in part for part in _inner(one))] == []
    told = read_parquet(out / "tables" / "issues.parquet").to_pylist()
    assert not any(here.decode() in str(one) for one in told)


def _inner(path: Path) -> list[bytes]:
    """A file's bytes; of a zip what it holds, of a PDF its text."""
    if path.suffix in (".xlsx", ".qgz", ".zip"):
        with zipfile.ZipFile(path) as held:
            return [held.read(one) for one in held.namelist()]
    if path.suffix == ".pdf":
        return [page.extract_text().encode() for page in pypdf.PdfReader(path).pages]
    return [path.read_bytes()]
