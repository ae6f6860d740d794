"""Imagery under the overviews: light, in its place, plain where there is none, and never at the cost of a book."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pypdf
import pytest
import rasterio
from PIL import Image
from rasterio.transform import from_origin

from pipeline.geometry.projection import county_projection, to_plane
from pipeline.io.rasters import TileCache, read_scene
from pipeline.records import Scene
from pipeline.sheets import backdrop
from pipeline.sheets.backdrop import laid_under
from pipeline.sheets.book import BookSummary, draw_book
from pipeline.sheets.imagery import FrameImage
from pipeline.sheets.overview import overview_sheets
from pipeline.sheets.plan import BACKDROP, OverviewSheet
from pipeline.sheets.settings import RenderSettings
from tests.sheets import scenery

SETTINGS = RenderSettings(overview_imagery="after", overview_pdf=True, misregistration=False)
PLANE = county_projection("EPSG:4490", scenery.LON, scenery.LAT)
X, Y = (float(one) for one in to_plane(PLANE, scenery.LON, scenery.LAT))
PIXEL_M = 20.0


def ground(path: Path, values: np.ndarray | None = None, shift_m: float = 0.0, pixel_m: float = PIXEL_M) -> Scene:
    """Dark green grain about the middle of the county, 24 km wide, or what is given."""
    if values is None:
        values = np.random.default_rng(5).integers(20, 60, (3, 1200, 1200), dtype=np.uint8)
        values[1] += 30
    side = values.shape[1]
    place = from_origin(X - side * pixel_m / 2 + shift_m, Y + side * pixel_m / 2, pixel_m, pixel_m)
    profile = {"driver": "GTiff", "width": side, "height": side, "count": 3, "dtype": "uint8", "tiled": True}
    path.parent.mkdir(exist_ok=True)
    with rasterio.open(path, "w", crs=PLANE.crs, transform=place, **profile) as file:
        file.write(values)
    return read_scene(path, "after", "2025-09-22", "GF", None, "EPSG:4490", "0")


def under(scenes: list[Scene]) -> tuple[OverviewSheet, dict[str, FrameImage]]:
    order = replace(scenery.order(scenery.scattered(5), settings=SETTINGS), backdrop=tuple(scenes))
    with TileCache() as cache:
        return laid_under(cache, order, overview_sheets(order)[0])


def shown(made: FrameImage) -> np.ndarray:
    with Image.open(io.BytesIO(made.jpeg)) as held:
        return np.asarray(held.convert("RGB")).astype(float)


def test_the_county_is_light_what_lies_beyond_lighter_and_grey(tmp_path: Path) -> None:
    sheet, made = under([ground(tmp_path / "a.tif")])
    image = shown(made[BACKDROP])
    high, wide = image.shape[:2]
    inside, beyond = image[high // 2 - 50 : high // 2 + 50, wide // 2 - 50 : wide // 2 + 50], image[:, 8:40]
    assert 165 < inside.mean() < 200 < 215 < beyond.mean() < 245
    assert inside[:, :, 1].mean() - inside[:, :, 0].mean() > 4
    assert abs(beyond[:, :, 1].mean() - beyond[:, :, 0].mean()) < 1.5
    assert BACKDROP in sheet.legend


def test_what_has_no_imagery_is_as_plain_as_on_paper(tmp_path: Path) -> None:
    _, made = under([ground(tmp_path / "a.tif", shift_m=-12_000.0)])  # its eastern edge in the middle of the county
    _, both = under([ground(tmp_path / "a.tif", shift_m=-12_000.0), ground(tmp_path / "b.tif", shift_m=20_000.0)])
    assert made[BACKDROP].cover < both[BACKDROP].cover < 1
    image = shown(both[BACKDROP])
    high, wide = image.shape[:2]
    inside = image[high // 2 - 20 : high // 2 + 20, wide * 5 // 9 : wide * 5 // 9 + 20]
    assert np.abs(inside - 255).max() < 3


def test_a_county_beyond_the_scenes_has_a_plain_overview(tmp_path: Path) -> None:
    sheet, made = under([ground(tmp_path / "a.tif", shift_m=200_000.0)])
    assert made == {}
    assert BACKDROP not in sheet.legend


def test_files_that_would_cost_too_much_or_cannot_be_opened_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, gone = ground(tmp_path / "a.tif"), ground(tmp_path / "gone.tif")
    Path(gone.path).write_bytes(b"II*\0none")
    sheet, made = under([gone, one])
    assert BACKDROP in made
    assert Path(gone.path).name in sheet.fields["sources_line"]
    monkeypatch.setattr(backdrop, "COSTLY_PX", 1000)
    sheet, made = under([one])
    assert made == {}
    assert Path(one.path).name in sheet.fields["sources_line"]


def book(folder: Path, name: str, scenes: list[Scene], settings: RenderSettings = SETTINGS) -> BookSummary:
    given = (scenery.facts("en"), scenery.county(), scenery.scattered(5), [], [], settings)
    return draw_book(folder / name, *given, lambda *_: None, backdrop=scenes)


def test_the_book_and_the_overview_alone_carry_it_and_stay_small(tmp_path: Path) -> None:
    noise = np.random.default_rng(6).integers(0, 255, (3, 3000, 3000), dtype=np.uint8)
    made = book(tmp_path, "429901_sheets.pdf", [ground(tmp_path / "a.tif", noise, pixel_m=5.0)])
    alone = tmp_path / made.beside[0]
    assert alone.stat().st_size < 4_000_000
    for path in (tmp_path / "429901_sheets.pdf", alone):
        page = pypdf.PdfReader(path).pages[0]
        assert len(page.images) == 1
        assert "after imagery, faded" in page.extract_text()
    again = book(tmp_path / "again", "429901_sheets.pdf", [ground(tmp_path / "a.tif", noise, pixel_m=5.0)])
    assert (tmp_path / "again" / again.beside[0]).read_bytes() == alone.read_bytes()


def test_where_nobody_asked_for_it_nothing_changes(tmp_path: Path) -> None:
    made = book(tmp_path, "429901_sheets.pdf", [], replace(SETTINGS, overview_imagery="none"))
    page = pypdf.PdfReader(tmp_path / made.beside[0]).pages[0]
    assert len(page.images) == 0
    assert "toned down" not in page.extract_text()
