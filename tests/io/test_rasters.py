"""Imagery: what is refused, what a scene says of itself, that windows are the file's own pixels."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer
from rasterio.enums import ColorInterp, Resampling
from rasterio.transform import Affine
from rasterio.windows import Window as RasterWindow

from pipeline.errors import Refusal
from pipeline.io.jpeg_tiles import JpegTiles
from pipeline.io.rasters import (
    Grid,
    TileCache,
    Window,
    mosaic,
    read_scene,
    scene_grid,
    write_sparse,
)
from tests.io.scenery import CRS, LEFT, PIXEL, STORAGE, TOP, jpeg_tiled, picture, scene, written

BIG_TILES = {"tiled": True, "blockxsize": 20480, "blockysize": 20480, "compress": "deflate"}
VRT = """<VRTDataset rasterXSize="4" rasterYSize="4"><VRTRasterBand dataType="Byte" band="1"
 subClass="VRTRawRasterBand"><SourceFilename>{path}</SourceFilename></VRTRasterBand></VRTDataset>"""


def test_a_scene_says_what_it_is(tmp_path: Path) -> None:
    one = scene(written(tmp_path / "a.tif", picture(300, 200, 4)))
    assert (one.width, one.height, one.bands, one.crs, one.stretch) == (300, 200, (1, 2, 3), CRS, None)
    assert one.pixel_m == pytest.approx(PIXEL, rel=1e-4)
    back = Transformer.from_crs(STORAGE, CRS, always_xy=True)
    flat = shapely.transform(one.footprint, lambda xy: np.column_stack(back.transform(xy[:, 0], xy[:, 1])))
    assert flat.bounds == pytest.approx((LEFT, TOP - 400, LEFT + 600, TOP), abs=1e-3)
    assert flat.area == pytest.approx(600 * 400, rel=1e-6)


def test_bands_follow_tags_unless_named(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tif", picture(40, 40, 4))
    with rasterio.open(path, "r+") as dataset:
        dataset.colorinterp = [ColorInterp.blue, ColorInterp.green, ColorInterp.red, ColorInterp.undefined]
    assert scene(path).bands == (3, 2, 1)
    assert scene(path, bands=(4,)).bands == (4,)
    assert scene(written(tmp_path / "b.tif", picture(40, 40, 1))).bands == (1,)
    for bad in ((5,), (1, 2), (0,)):
        with pytest.raises(Refusal, match="bands"):
            scene(path, bands=bad)


def test_sixteen_bit_is_stretched_once_for_the_whole_scene(tmp_path: Path) -> None:
    values = np.linspace(200, 4200, 200 * 100).reshape(1, 100, 200).astype(np.uint16)
    values[0, :10] = 0
    one = scene(written(tmp_path / "a.tif", values, nodata=0))
    low, high = one.stretch[0]
    assert 600 < low < 800  # 2 % of what is valid, which begins at 600
    assert 4050 < high < 4200
    with TileCache() as cache:
        whole = cache.read_window(one, Window(0, 0, 200, 100))
        assert whole.values.shape == (100, 200, 1)
        assert whole.values[99, 199, 0] == 255
        assert not whole.mask[:10].any()
        assert whole.mask[10:].all()


def test_a_palette_is_shown_in_its_colours(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tif", np.array([[[0, 1], [1, 0]]], np.uint8))
    with rasterio.open(path, "r+") as dataset:
        dataset.write_colormap(1, {0: (10, 20, 30, 255), 1: (200, 100, 50, 255)})
    with TileCache() as cache:
        values = cache.read_window(scene(path), Window(0, 0, 2, 2)).values
    assert values[0, :, :3].tolist() == [[10, 20, 30], [200, 100, 50]]


@pytest.mark.parametrize(
    ("profile", "sentence"),
    [
        ({"crs": None}, "no coordinate system"),
        ({"transform": Affine.identity()}, "no georeference"),
        ({"dtype": "complex64"}, "complex"),
        ({"width": 3_000_000, "sparse_ok": True, "tiled": True}, "declares 3000000"),
        ({"height": 20480, "width": 20480, "sparse_ok": True} | BIG_TILES, "blocks of"),
    ],
)
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_what_cannot_be_used_is_refused(tmp_path: Path, profile: dict, sentence: str) -> None:
    path = tmp_path / "a.tif"
    base = {"driver": "GTiff", "width": 40, "height": 40, "count": 1, "dtype": "uint8", "crs": CRS}
    with rasterio.open(path, "w", **(base | {"transform": Affine(2, 0, LEFT, 0, -2, TOP)} | profile)):
        pass
    with pytest.raises(Refusal, match=sentence) as caught:
        scene(path)
    assert "a.tif" in caught.value.sentence


def test_nothing_but_geotiff_is_opened(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(bytes(range(16)))
    (tmp_path / "a.tif").write_text(VRT.format(path=tmp_path / "secret"))
    with pytest.raises(Refusal, match="not a GeoTIFF"):
        scene(tmp_path / "a.tif")
    with pytest.raises(Refusal, match="is not there"):
        read_scene(Path(VRT), "after", "", "", None, STORAGE, "0")


@pytest.mark.parametrize("name", ["a.tif.ovr", "a.tif.OVR", "a.tif.msk", "a.ovr"])
def test_companions_of_another_kind_are_refused(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / "a.tif", picture(64, 64))
    (tmp_path / name).write_text(VRT.format(path="/etc/hostname"))
    with pytest.raises(Refusal, match="is not a TIFF"):
        scene(path)


def test_reading_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    one = scene(written(tmp_path / "a.tif", picture(600, 300).astype(np.uint16)))
    with TileCache() as cache:
        cache.read_window(one, Window(0, 0, 600, 300))
        cache.read_window(one, Window(0, 0, 150, 75), level=2)
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]


@pytest.fixture(scope="module")
def layouts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same picture in strips, in small and large tiles, and sparse."""
    folder = tmp_path_factory.mktemp("layouts")
    values = picture(1100, 700)
    tiled = {"tiled": True, "blockxsize": 128, "blockysize": 128, "compress": "deflate"}
    return {
        "strips": written(folder / "strips.tif", values),
        "tiles": written(folder / "tiles.tif", values, **tiled),
        "bands": written(folder / "bands.tif", values, interleave="band", **tiled),
    }


@given(data=st.data())
def test_any_window_is_the_files_own_pixels(layouts: dict[str, Path], data: st.DataObject) -> None:
    one = scene(layouts[data.draw(st.sampled_from(sorted(layouts)))])
    col, row = data.draw(st.integers(0, 1099)), data.draw(st.integers(0, 699))
    window = Window(col, row, data.draw(st.integers(1, 1100 - col)), data.draw(st.integers(1, 700 - row)))
    with TileCache(max_bytes=3_000_000) as cache:
        read = cache.read_window(one, window)
    assert read.mask is None
    expected = picture(1100, 700)[:, row : row + window.height, col : col + window.width]
    assert (np.moveaxis(read.values[:, :, :3], -1, 0) == expected).all()


def test_a_window_outside_is_a_bug_not_black(layouts: dict[str, Path]) -> None:
    with TileCache() as cache, pytest.raises(ValueError, match="outside"):
        cache.read_window(scene(layouts["tiles"]), Window(1000, 0, 200, 10))


def test_jpeg_tiles_decoded_straight_are_the_ones_gdal_decodes(tmp_path: Path) -> None:
    path = jpeg_tiled(tmp_path / "a.tif", picture(900, 500))
    with TileCache() as cache:
        ours = cache.read_window(scene(path), Window(0, 0, 900, 500)).values
    with rasterio.open(path) as dataset:
        theirs = np.moveaxis(dataset.read(), 0, -1)
    difference = np.abs(ours[:, :, :3].astype(int) - theirs)
    assert difference.mean() < 1  # the codecs differ in how they enlarge chroma
    assert difference.max() <= 12


@pytest.mark.parametrize(("width", "height"), [(2048, 1536), (2047, 1501), (1999, 1537)])
def test_jpeg_overviews_decoded_straight_show_the_same_ground(tmp_path: Path, width: int, height: int) -> None:
    values = picture(width, height)
    path = written(
        tmp_path / "a.tif", values, driver="COG", compress="jpeg", blocksize=256, overview_resampling="average"
    )
    one, whole = scene(path), Window(0, 0, width // 2, height // 2)
    with TileCache() as cache:
        ours = cache.read_window(one, whole, level=1).values[:, :, :3].astype(int)
    means = values[:, : height // 2 * 2, : width // 2 * 2].reshape(3, height // 2, 2, width // 2, 2).mean(axis=(2, 4))
    difference = np.abs(ours - np.moveaxis(means, 0, -1))
    assert difference.mean() < 1.5
    assert np.percentile(difference, 99.9) <= 8


def test_which_overviews_are_decoded_straight(tmp_path: Path) -> None:
    made = {}
    for name, width in (("even", 2048), ("odd", 2047)):
        path = written(tmp_path / f"{name}.tif", picture(width, 1536), driver="COG", compress="jpeg", blocksize=256)
        made[name] = path
    beside = jpeg_tiled(tmp_path / "beside.tif", picture(2048, 1536))
    options = {"TIFF_USE_OVR": "YES", "COMPRESS_OVERVIEW": "JPEG", "PHOTOMETRIC_OVERVIEW": "YCBCR"}
    with rasterio.Env(**options, GDAL_TIFF_OVR_BLOCKSIZE="256"), rasterio.open(beside, "r+") as dataset:
        dataset.build_overviews([2], Resampling.average)
    assert beside.with_suffix(".tif.ovr").is_file()
    for path, last_col, straight in (
        (made["even"], 3, True),
        (made["odd"], 0, True),
        (made["odd"], 3, False),
        (beside, 0, False),
    ):
        with rasterio.open(path) as dataset:
            tiles = JpegTiles(str(path), dataset)
            assert (tiles.decoded(0, last_col, 1) is not None) == straight, path.name
            assert tiles.decoded(0, 0, 5) is None
            tiles.close()


def test_coarse_levels_are_means_and_keep_their_place(tmp_path: Path) -> None:
    one = scene(written(tmp_path / "a.tif", picture(1000, 600)))
    with TileCache() as cache:
        level = cache.read_window(one, Window(10, 20, 100, 50), level=2).values
    part = picture(1000, 600)[:, 80:280, 40:440].reshape(3, 50, 4, 100, 4).mean(axis=(2, 4))
    assert np.abs(np.moveaxis(level[:, :, :3], -1, 0) - part).max() <= 2
    assert scene_grid(one, 2).pixel_x == 8


def test_the_cache_keeps_to_its_room(tmp_path: Path) -> None:
    one = scene(written(tmp_path / "a.tif", picture(4096, 512), tiled=True, blockxsize=512, blockysize=512))
    with TileCache(max_bytes=3 * 2**20) as cache:
        for col in range(0, 4096, 512):
            cache.read_window(one, Window(col, 0, 512, 512))
            assert cache._bytes <= 3 * 2**20
        assert cache._bytes == sum(tile.values.nbytes for tile in cache._tiles.values())


@pytest.mark.parametrize("make", [written, jpeg_tiled])
def test_a_file_cut_off_names_itself(tmp_path: Path, make) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (3, 600, 600), dtype=np.uint8)
    path = make(tmp_path / "a.tif", noise, tiled=True, blockxsize=256, blockysize=256, copy_src_overviews=False)
    one = scene(path)
    os.truncate(path, path.stat().st_size // 2)
    with TileCache() as cache:
        made = cache.read_window(one, Window(0, 0, 600, 600))
        assert cache.masked(one)
    assert made.damaged == (str(path),)
    assert made.mask is not None
    assert (made.values[~made.mask] == 255).all()
    assert 0 < np.count_nonzero(made.mask) < made.mask.size


# -- mosaics ---------------------------------------------------------------------------------------------


def grid(left: float, top: float, width: int, height: int, pixel: float = PIXEL, crs: str = CRS) -> Grid:
    return Grid(crs, left, top, pixel, pixel, width, height)


def test_later_scenes_fill_only_what_is_open(tmp_path: Path) -> None:
    first, second = np.full((3, 100, 100), 50, np.uint8), np.full((3, 100, 200), 200, np.uint8)
    first[:, :50] = 0
    one = scene(written(tmp_path / "a.tif", first, nodata=0))
    two = scene(written(tmp_path / "b.tif", second))
    with TileCache() as cache:
        both = mosaic(cache, [one, two], grid(LEFT, TOP, 250, 100))
    assert (both.values[50:, :100, 0] == 50).all()
    assert (both.values[:50, :200, 0] == 200).all()
    assert (both.values[:, 100:200, 0] == 200).all()
    assert both.mask[:, :200].all()
    assert not both.mask[:, 200:].any()
    assert (both.values[:, 200:] == 255).all()


def test_zone_numbers_in_eastings_cost_no_resampling(tmp_path: Path) -> None:
    values = picture(200, 100)
    prefixed = scene(
        written(tmp_path / "a.tif", values, crs="EPSG:4526", transform=Affine(2, 0, LEFT + 38e6, 0, -2, TOP))
    )
    with TileCache() as cache:
        read = mosaic(cache, [prefixed], grid(LEFT, TOP, 200, 100))
    assert (np.moveaxis(read.values[:, :, :3], -1, 0) == values).all()


def test_a_warp_shows_the_same_ground(tmp_path: Path) -> None:
    here = scene(written(tmp_path / "a.tif", picture(800, 800)))
    to = Transformer.from_crs(CRS, "EPSG:4548", always_xy=True)
    x, y = to.transform(LEFT + 800, TOP - 800)
    with TileCache() as cache:
        other = mosaic(cache, [here], grid(x - 100, y + 100, 100, 100, crs="EPSG:4548"))
    assert other.mask is None
    at = Transformer.from_crs("EPSG:4548", CRS, always_xy=True).transform(x - 100 + 61, y + 100 - 41)
    col, row = (at[0] - LEFT) / PIXEL, (TOP - at[1]) / PIXEL
    expected = picture(800, 800)[:, int(row), int(col)].astype(int)
    assert np.abs(other.values[20, 30, :3].astype(int) - expected).max() <= 4


def test_a_turned_scene_lies_right(tmp_path: Path) -> None:
    turned = Affine.translation(LEFT, TOP) @ Affine.rotation(30) @ Affine.scale(2, -2)
    one = scene(written(tmp_path / "a.tif", picture(500, 500), transform=turned))
    x, y = turned @ (250.5, 250.5)
    with TileCache() as cache:
        read = mosaic(cache, [one], grid(x - 20, y + 20, 20, 20))
    assert np.abs(read.values[10, 10, :3].astype(int) - picture(500, 500)[:, 250, 250]).max() <= 6


# -- sparse county imagery -------------------------------------------------------------------------------


def test_sparse_imagery_has_the_boxes_and_nothing_else(tmp_path: Path) -> None:
    one = scene(written(tmp_path / "a.tif", picture(3000, 2500)))
    boxes = [
        (LEFT + 101, TOP - 500, LEFT + 400, TOP - 101),
        (LEFT + 4000, TOP - 4500, LEFT + 4300, TOP - 4000),
    ]
    target = tmp_path / "after.tif"
    made = write_sparse([one], boxes, target)
    assert made.bytes == target.stat().st_size < 250_000
    with rasterio.open(target) as dataset:
        assert (dataset.width, dataset.height) == (made.width, made.height)
        assert dataset.crs.to_epsg() == 4547
        assert dataset.transform.e == -2
        assert dataset.overviews(1) == [2, 4, 8]
        mask = dataset.dataset_mask() > 0
        assert mask.sum() == made.filled_px
        values = dataset.read()
        for left, low, right, high in boxes:
            (west, north), (east, south) = (~dataset.transform @ at for at in ((left, high), (right, low)))
            rows = slice(math.floor(north), math.ceil(south))
            cols = slice(math.floor(west), math.ceil(east))
            assert mask[rows, cols].all()
            mask[rows, cols] = False
            col, row = int((dataset.transform.c - LEFT) / 2), int((TOP - dataset.transform.f) / 2)
            expected = picture(3000, 2500)[:, row + rows.start : row + rows.stop, col + cols.start : col + cols.stop]
            assert np.abs(values[:, rows, cols].astype(int) - expected).mean() < 2
        assert not mask.any()
    first = target.read_bytes()
    write_sparse([one], boxes, target)
    assert target.read_bytes() == first


def test_overviews_of_sparse_imagery_show_the_same_picture(tmp_path: Path) -> None:
    one = scene(written(tmp_path / "a.tif", picture(1500, 1200)))
    target = tmp_path / "after.tif"
    write_sparse([one], [(LEFT, TOP - 2400, LEFT + 3000, TOP)], target)
    with rasterio.open(target, overview_level=0) as half:
        assert (half.width, half.height) == (750, 600)
        expected = picture(1500, 1200).reshape(3, 600, 2, 750, 2).mean(axis=(2, 4))
        assert np.abs(half.read() - expected).mean() < 2
        assert (half.dataset_mask() == 255).all()


def test_sparse_imagery_beyond_every_scene_is_no_file(tmp_path: Path) -> None:
    one = scene(written(tmp_path / "a.tif", picture(100, 100)))
    made = write_sparse([one], [(LEFT + 5000, TOP, LEFT + 5100, TOP + 100)], tmp_path / "after.tif")
    assert (made.filled_px, made.bytes) == (0, 0)
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]


def test_sparse_imagery_keeps_to_its_budget(tmp_path: Path) -> None:
    one = scene(written(tmp_path / "a.tif", picture(800, 800)))
    with pytest.raises(Refusal, match="beyond 0 MB"):
        write_sparse([one], [one_box(one)], tmp_path / "after.tif", max_bytes=1000)
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]


def one_box(one) -> tuple[float, float, float, float]:
    return scene_grid(one).bounds


def test_sparse_imagery_is_read_again_like_any_scene(tmp_path: Path) -> None:
    one = scene(written(tmp_path / "a.tif", picture(900, 700), crs="EPSG:32650"))
    write_sparse([one], [one_box(one)], tmp_path / "b.tif")
    again = scene(tmp_path / "b.tif")
    assert replace(again, path=one.path, footprint=one.footprint) == one
    with TileCache() as cache:
        values = cache.read_window(again, Window(0, 0, 900, 700)).values[:, :, :3]
    assert np.abs(np.moveaxis(values, -1, 0).astype(int) - picture(900, 700)).mean() < 2
    with rasterio.open(tmp_path / "b.tif") as dataset:
        assert dataset.read(1, window=RasterWindow(0, 0, 10, 10)).shape == (10, 10)
