"""Imagery of a frame: native pixels at their place, honest about what is missing."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pyproj import Transformer

from pipeline.io.rasters import TileCache
from pipeline.records import Scene
from pipeline.sheets.box import Box
from pipeline.sheets.imagery import FrameImage, GroundFrame, frame_image, piece_cover
from tests.io.scenery import CRS, LEFT, PIXEL, STORAGE, TOP, jpeg_tiled, picture, scene, written

CASES = Path(os.environ.get("TUBAN_CASES", Path(__file__).parents[3] / "shared" / "cases"))
WIDTH, HEIGHT = 1200, 1000  # pixels of the scene


def frame(left: float, top: float, scale: float = 10_000, crs: str = CRS) -> GroundFrame:
    width, height = 133 * scale / 1000, 120 * scale / 1000
    return GroundFrame(crs, (left, top - height, left + width, top), 133, 120)


def decoded(image: FrameImage) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(image.jpeg))).astype(int)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return scene(jpeg_tiled(tmp_path_factory.mktemp("s") / "plain.tif", picture(WIDTH, HEIGHT), jpeg_quality=95))


@pytest.fixture(scope="module")
def holed(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    values = picture(WIDTH, HEIGHT).copy()
    values[:, 300:500, 400:700] = 0
    return scene(written(tmp_path_factory.mktemp("s") / "holed.tif", values, nodata=0, compress="deflate"))


@given(st.floats(0, 1000), st.floats(0, 700))
def test_a_crop_lies_where_its_pixels_lie(plain: Scene, east: float, south: float) -> None:
    view = frame(LEFT + east, TOP - south)
    with TileCache() as cache:
        image = frame_image(cache, [plain], view)
    assert image.cover == 1.0
    assert image.no_data_rings == ()
    mm = 1000 / 10_000
    col, row = (east + image.x_mm / mm) / PIXEL, (south + image.y_mm / mm) / PIXEL
    assert (col, row) == (pytest.approx(round(col), abs=1e-4), pytest.approx(round(row), abs=1e-4))
    assert -PIXEL * mm - 1e-9 <= image.x_mm <= 1e-4
    assert image.x_mm + image.w_mm >= 133 - 1e-4
    assert (image.w_mm, image.h_mm) == pytest.approx((image.width_px * PIXEL * mm, image.height_px * PIXEL * mm))
    left, top = round(col), round(row)
    expected = picture(WIDTH, HEIGHT)[:, top : top + image.height_px, left : left + image.width_px]
    assert np.abs(decoded(image) - np.moveaxis(expected, 0, -1)).mean() < 3


@given(st.floats(-1500, 2500), st.floats(-1300, 2100))
def test_cover_and_hatch_say_the_same(plain: Scene, east: float, south: float) -> None:
    view = frame(LEFT + east, TOP - south)
    with TileCache() as cache:
        image = frame_image(cache, [plain], view)
    inside = shapely.box(*view.extent).intersection(shapely.box(LEFT, TOP - 2 * HEIGHT, LEFT + 2 * WIDTH, TOP))
    assert image.cover == pytest.approx(inside.area / shapely.box(*view.extent).area, abs=1e-6)
    assert (image.cover == 1.0) == (image.no_data_rings == ())
    assert _hatched(image) == pytest.approx((1 - image.cover) * 133 * 120, abs=0.01)
    assert (image.jpeg == b"") == (image.width_px == 0)


def _hatched(image: FrameImage) -> float:
    area = shapely.Polygon()
    for ring in image.no_data_rings:
        area = area.symmetric_difference(shapely.Polygon(ring).buffer(0))
    return float(area.intersection(shapely.box(0, 0, 133, 120)).area)


def test_nodata_is_white_and_hatched_not_black(holed: Scene) -> None:
    with TileCache() as cache:
        image = frame_image(cache, [holed], frame(LEFT + 500, TOP - 400))
    assert 0.5 < image.cover < 0.95
    assert _hatched(image) == pytest.approx((1 - image.cover) * 133 * 120, rel=1e-6)
    assert decoded(image)[150:250, 200:400].min() >= 250
    box = Box(12, 29, 133, 120)
    assert min(ring[:, 0].min() for ring in image.rings(box)) > 12


def test_a_second_scene_fills_the_hole(plain: Scene, holed: Scene) -> None:
    with TileCache() as cache:
        image = frame_image(cache, [holed, plain], frame(LEFT + 500, TOP - 400))
    assert (image.cover, image.no_data_rings) == (1.0, ())
    expected = picture(WIDTH, HEIGHT)[:, 200 : 200 + image.height_px, 250 : 250 + image.width_px]
    assert np.abs(decoded(image) - np.moveaxis(expected, 0, -1)).mean() < 3


def test_another_crs_is_warped_to_the_frame(plain: Scene) -> None:
    to = Transformer.from_crs(CRS, "EPSG:4548", always_xy=True)
    x, y = to.transform(LEFT + 600, TOP - 500)
    with TileCache() as cache:
        image = frame_image(cache, [plain], frame(x, y, 5_000, "EPSG:4548"))
    assert (image.x_mm, image.y_mm, image.w_mm, image.h_mm) == pytest.approx((0, 0, 133, 120))
    assert image.cover == 1.0
    assert image.width_px == round(133 / (plain.pixel_m * 0.2))


@pytest.mark.parametrize("scale", [2_000, 10_000, 20_000, 50_000, 100_000])
def test_pixels_are_no_finer_than_paper_shows_nor_coarser_than_they_are(plain: Scene, scale: float) -> None:
    with TileCache() as cache:
        image = frame_image(cache, [plain], frame(LEFT, TOP, scale))
    pixel_mm = image.w_mm / image.width_px
    native_mm = PIXEL * 1000 / scale
    assert pixel_mm == pytest.approx(native_mm) or 0.1 < pixel_mm <= 0.202


def test_grey_stays_grey(tmp_path: Path) -> None:
    one = scene(written(tmp_path / "a.tif", picture(WIDTH, HEIGHT, 1)))
    with TileCache() as cache:
        image = frame_image(cache, [one], frame(LEFT + 100, TOP - 100))
    assert image.colours == 1
    assert Image.open(io.BytesIO(image.jpeg)).mode == "L"


def test_the_same_frame_gives_the_same_bytes(holed: Scene, plain: Scene) -> None:
    view = frame(LEFT + 500, TOP - 400)
    with TileCache() as one, TileCache() as other:
        frame_image(other, [plain], frame(LEFT, TOP))
        assert frame_image(one, [holed, plain], view).jpeg == frame_image(other, [holed, plain], view).jpeg


# -- pieces ----------------------------------------------------------------------------------------------


def square(east: float, south: float, side: float) -> shapely.Polygon:
    """A square of the scene's CRS with dense edges, in the storage CRS."""
    flat = shapely.box(LEFT + east, TOP - south - side, LEFT + east + side, TOP - south).segmentize(10)
    to = Transformer.from_crs(CRS, STORAGE, always_xy=True)
    return shapely.transform(flat, lambda xy: np.column_stack(to.transform(xy[:, 0], xy[:, 1])))


def test_a_piece_inside_is_covered_exactly(plain: Scene, holed: Scene) -> None:
    assert piece_cover([plain], square(100, 100, 300), STORAGE) == 1.0
    assert piece_cover([holed], square(100, 100, 300), STORAGE) == 1.0


def test_two_metres_beyond_the_edge_are_seen(plain: Scene, holed: Scene) -> None:
    for one in (plain, holed):
        share = piece_cover([one], square(-2, 100, 300), STORAGE)
        assert share == pytest.approx(1 - 2 / 300, abs=1e-5)


def test_a_hole_counts_unless_another_scene_fills_it(plain: Scene, holed: Scene) -> None:
    half = square(700, 700, 200)  # the hole begins 100 m further east
    with TileCache() as cache:
        assert piece_cover([holed], half, STORAGE, cache) == pytest.approx(0.5, abs=0.01)
        assert piece_cover([holed, plain], half, STORAGE, cache) == 1.0
        assert piece_cover([holed], square(900, 700, 1), STORAGE, cache) == 0.0
    assert piece_cover([plain], square(5000, 0, 100), STORAGE) == 0.0
    assert piece_cover([], half, STORAGE) == 0.0


@pytest.mark.skipif(not (CASES / "stutsman_nd").is_dir(), reason="the real cases are not here")
def test_real_imagery_of_two_dates_lies_on_the_same_ground() -> None:
    found = sorted((CASES / "stutsman_nd" / "imagery").glob("*/*.tif"))
    after, before = (scene(path, storage_crs="EPSG:4269") for path in found)
    view = GroundFrame("EPSG:26914", (487000, 5206500, 488330, 5207700), 133, 120)
    with TileCache() as cache:
        images = [frame_image(cache, [one], view) for one in (before, after)]
    assert [image.cover for image in images] == [1.0, 1.0]
    assert images[0].x_mm != images[1].x_mm  # the grids differ by two metres
    assert all(len(image.jpeg) < 40_000 for image in images)
