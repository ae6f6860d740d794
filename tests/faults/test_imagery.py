"""Imagery in disguise or of absurd size (rows A3, C13, C16): an issue that names the file, and the run goes on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin

from tests.faults.campaign import GOOD, ingested, spot_of
from tests.faults.containers import raster_vrt, wms
from tests.faults.makers import cut, writes
from tests.stages.runs import state


def geotiff(path: Path, side_px: int = 16, **more: object) -> Path:
    profile = {"driver": "GTiff", "width": side_px, "height": side_px, "count": 3, "dtype": "uint8", "crs": "EPSG:4490"}
    with rasterio.open(path, "w", **profile, transform=from_origin(106.4, 34.95, 0.01, 0.01), **more) as made:
        if side_px < 1000:
            made.write(np.full((3, side_px, side_px), 99, np.uint8))
    return path


def test_imagery_that_is_none(campaign: Path) -> None:
    spot = spot_of(campaign, 0, "imagery", "http://127.0.0.1:9/")
    secret = b"nobody-may-read-this"
    spot.bait.write_bytes(secret)
    folder = campaign.parent / "imagery"
    folder.mkdir()
    writes(".tif", raster_vrt)(spot)
    spot.file(".tif").rename(folder / "vrt.tif")
    writes(".tif", wms)(spot)
    spot.file(".tif").rename(folder / "wms.tif")
    (folder / "empty.tif").write_bytes(b"")
    cut(geotiff(folder / "cut.tif"), 0.5)
    geotiff(folder / "absurd.tif", 2_100_000, SPARSE_OK=True, tiled=True, blockxsize=65536, blockysize=65536)
    geotiff(folder / "good.tif")
    text = campaign.read_text(encoding="utf-8")
    campaign.write_text(text + 'before = ["imagery/*.tif"]\n', encoding="utf-8")
    happened = ingested(campaign)
    assert happened.by_file[GOOD] == (2, 0, 0)
    refused = {one["source_file"] for one in happened.found if one["code"] == "FILE_UNREADABLE"}
    assert refused >= {f"imagery/{name}.tif" for name in ("vrt", "wms", "empty", "absurd")}
    here = str(campaign.parent)
    assert not [one for one in happened.found if here in json.dumps(one)]
    assert "good.tif" in json.dumps(state(campaign, "scenes.json"))
    assert all(secret not in one.read_bytes() for one in (campaign.parent / "out").rglob("*") if one.is_file())
