"""What may lie beside a book: frames as images that lie where their ground is, and the overview alone for a phone."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pypdf
import pytest
import rasterio

from pipeline.geometry.projection import county_projection, to_plane
from pipeline.records import Piece
from pipeline.sheets.book import BookSummary, draw_book
from pipeline.sheets.settings import RenderSettings
from tests.sheets import scenery

PATCH = scenery.square(113.87, 30.53, 0.001)


def draw(folder: Path, pieces: Sequence[Piece], **wanted: object) -> BookSummary:
    """A book with imagery before under the first piece, and after beside half of it."""
    before = scenery.scene(folder.parent, "before", PATCH, 1200)
    after = scenery.scene(folder.parent, "after", PATCH, 1200, 600)
    settings = RenderSettings(**wanted)  # type: ignore[arg-type]
    folder.mkdir()
    target, facts = folder / "429901_sheets.pdf", scenery.facts()
    return draw_book(target, facts, scenery.county(), pieces, [before], [after], settings, lambda *_: None)


@pytest.mark.parametrize(("kind", "end", "world"), [("png", "png", "pgw"), ("jpeg", "jpg", "jgw")])
def test_frames_as_images_lie_where_their_ground_is(tmp_path: Path, kind: str, end: str, world: str) -> None:
    far = scenery.piece(2, scenery.square(113.9, 30.56, 0.001), patch_no="甲-7/8")
    made = draw(tmp_path / "book", [scenery.piece(1, PATCH), far], sheet_images=kind)
    stems = [f"sheet_images/0001_42990120250001_{phase}" for phase in ("before", "after")]
    assert made.beside == tuple(f"{stem}.{one}" for stem in stems for one in (end, world, f"{end}.aux.xml"))
    projection = county_projection("EPSG:4490", scenery.LON, scenery.LAT)
    x_m, y_m = to_plane(projection, 113.87, 30.53)
    with rasterio.open(tmp_path / "book" / f"{stems[0]}.{end}") as image:
        assert f"EPSG:{image.crs.to_epsg()}" == projection.crs
        assert image.transform.a == -image.transform.e < 1.0  # enlarged, so that lines can be read
        pixels = image.read().astype(int)
        row, column = image.index(x_m, y_m)
        side_px = PATCH.bounds[2] - PATCH.bounds[0]
        edge_m, _ = to_plane(projection, 113.87 - side_px / 2, 30.53)
        _, left = image.index(edge_m, y_m)
    red, green, blue = pixels[:, row, left - 1 : left + 2]
    assert ((red > 180) & (green > 150) & (blue < 120)).any()  # the yellow outline lies on the western edge
    with rasterio.open(tmp_path / "before-0.tif") as scene:
        told = scene.read()[:, scene.index(x_m, y_m)[0], scene.index(x_m, y_m)[1]].astype(int)
    assert np.abs(pixels[:, row, column].mean() - told.mean()) < 90


def test_images_are_the_same_each_time_and_go_with_a_book_that_fails(tmp_path: Path) -> None:
    pieces = [scenery.piece(1, PATCH)]
    made = draw(tmp_path / "one", pieces, sheet_images="png", overview_pdf=True)
    assert draw(tmp_path / "two", pieces, sheet_images="png", overview_pdf=True) == made
    for name in made.beside:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    with pytest.raises(Exception, match="U\\+1F3E0"):
        draw(tmp_path / "bad", [*pieces, replace(pieces[0], seq=2, patch_no="\U0001f3e0")], sheet_images="png")
    assert list((tmp_path / "bad").iterdir()) == []


def test_the_overview_alone_is_small_and_leads_nowhere(tmp_path: Path) -> None:
    made = draw(tmp_path / "book", scenery.scattered(300), overview_pdf=True, vertices="none")
    path = tmp_path / "book" / "429901_overview.pdf"
    assert made.beside == (path.name,)
    assert path.stat().st_size < 1_000_000
    (page,) = pypdf.PdfReader(path).pages
    whole = pypdf.PdfReader(tmp_path / "book" / made.parts[0].file).pages[0]
    assert page.extract_text() == whole.extract_text()
    assert [one["/Measure"]["/GPTS"] for one in page["/VP"]] == [one["/Measure"]["/GPTS"] for one in whole["/VP"]]
    assert "/Annots" not in page
    assert "/Annots" in whole


@pytest.mark.skipif(not shutil.which("gdalinfo"), reason="gdal-bin is not installed")
def test_gdal_reads_where_the_overview_lies(tmp_path: Path) -> None:
    made = draw(tmp_path / "book", scenery.scattered(5), overview_pdf=True)
    path = tmp_path / "book" / "429901_overview.pdf"
    told = subprocess.run(["gdalinfo", "-json", str(path)], capture_output=True, text=True, check=False)
    if told.returncode:
        pytest.skip("this GDAL reads no PDF")
    info = json.loads(told.stdout)
    lon, lat = np.array(info["wgs84Extent"]["coordinates"][0]).T
    assert lon.min() < scenery.LON - scenery.HALF < scenery.LON + scenery.HALF < lon.max()
    assert lat.min() < scenery.LAT - scenery.HALF < scenery.LAT + scenery.HALF < lat.max()
    box, height_mm, (minx, miny, maxx, maxy), scale = made.record.pages[0].frames[0]
    left, east, _, top, _, north = info["geoTransform"]
    px_per_mm = info["size"][1] / height_mm
    read = [(left + x * px_per_mm * east, top + y * px_per_mm * north) for x, y in box.corners]
    wanted = [(minx, maxy), (maxx, maxy), (maxx, miny), (minx, miny)]
    assert np.array(read) == pytest.approx(np.array(wanted), abs=scale * 1e-4)  # a tenth of a millimetre on paper
