"""Change masks: every pixel of a class in one outline, whatever the tiles; areas true; what is no mask refused."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pyproj import Geod
from rasterio.features import rasterize

from pipeline.campaign import MaskRules
from pipeline.errors import Refusal
from pipeline.io.readers import masks
from pipeline.io.readers.masks import read_mask
from pipeline.io.readers.raw import Raw, Remark
from pipeline.io.readers.regions import regions
from tests.io.readers.damage import cuts, flips, outcome

PLACE = rasterio.Affine(2, 0, 38_383_000, 0, -2, 3_838_000)
RULES = MaskRules({1: "A", 2: "B"}, 0, 4)
DEGREES = rasterio.Affine(0.001, 0, 118, 0, -0.001, 32)


def tiff(path: Path, pixels: npt.NDArray[Any], crs: str | None = "EPSG:4526", **profile: Any) -> Path:
    bands = pixels if pixels.ndim == 3 else pixels[None]
    shape = {"count": len(bands), "height": bands.shape[1], "width": bands.shape[2], "dtype": bands.dtype}
    with rasterio.open(path, "w", driver="GTiff", crs=crs, **({"transform": PLACE} | shape | profile)) as sink:
        sink.write(bands)
    return path


CLASSES = {1: "A", 2: "B", 3: "C", -7: "推填土"}


def read(path: Path, minimum_m2: float = 0, classes: Mapping[int, str] = CLASSES, connected: int = 4) -> Raw:
    (made,) = read_mask(path, MaskRules(classes, minimum_m2, connected))
    return made


def drawn(raw: Raw, shape: tuple[int, int]) -> npt.NDArray[Any]:
    """The outlines burnt into pixels again."""
    pairs = [(shapely.from_wkb(one), int(is_of or 0)) for one, is_of in zip(raw.wkb, raw.fields["class"], strict=True)]
    return rasterize(pairs, shape, transform=PLACE, dtype="int32")


@given(arrays(np.uint8, st.tuples(st.integers(1, 24), st.integers(1, 24)), elements=st.integers(0, 3)))
def test_drawn_again_the_outlines_are_the_mask(tmp_path_factory: pytest.TempPathFactory, pixels: Any) -> None:
    path = tiff(tmp_path_factory.mktemp("m") / "m.tif", pixels)
    if not pixels.any():
        assert read(path).rows == []
        return
    raw = read(path)
    outlines = shapely.from_wkb(raw.wkb)
    assert shapely.is_valid(outlines).all()
    assert (drawn(raw, pixels.shape) == pixels).all()
    assert sum(int(one or 0) for one in raw.fields["pixels"]) == (pixels > 0).sum()
    assert [f"{one:.3f}" for one in shapely.area(outlines)] == raw.fields["area_px_m2"]


def test_strips_and_tiles_leave_no_seam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(1).integers(0, 3, (200, 150), np.uint8)
    pixels[20:180, 20:25] = 2
    once = read(tiff(tmp_path / "a.tif", pixels))
    monkeypatch.setattr(masks, "_STRIP_PIXELS", 150 * 16)
    tiled = read(tiff(tmp_path / "b.tif", pixels, tiled=True, blockxsize=16, blockysize=16, compress="deflate"))
    assert tiled.wkb == once.wkb
    assert tiled.fields == once.fields


def test_regions_that_meet_at_a_corner_are_two_or_one(tmp_path: Path) -> None:
    path = tiff(tmp_path / "a.tif", np.eye(3, dtype=np.uint8))
    assert read(path).fields["pixels"] == ["1", "1", "1"]
    (outline,) = shapely.from_wkb(read(path, connected=8).wkb)
    assert outline.is_valid
    assert len(outline.geoms) == 3
    assert outline.area == 12


@given(arrays(np.uint8, st.tuples(st.integers(1, 24), st.integers(1, 24)), elements=st.integers(0, 2)))
def test_regions_are_those_of_a_flood(tmp_path_factory: pytest.TempPathFactory, pixels: Any) -> None:
    """By edges and by corners: as many, of as many pixels each, in one order, as filling pixel by pixel finds."""
    path = tiff(tmp_path_factory.mktemp("m") / "m.tif", pixels)
    for connected in (4, 8):
        found = regions(pixels, connected)
        assert [
            (*one, int(code), int(count))
            for one, code, count in zip(found.first.tolist(), found.codes, found.pixels, strict=True)
        ] == flooded(pixels, connected)
        assert shapely.is_valid(found.outlines).all()
        assert (np.rint(shapely.area(found.outlines)) == found.pixels).all()
        raw = read(path, connected=connected)
        assert len(set(raw.fields["patch_no"])) == len(raw.rows)


def flooded(pixels: npt.NDArray[Any], connected: int) -> list[tuple[int, int, int, int]]:
    """(column, row, value, pixels) of each region by its first pixel, filled pixel by pixel."""
    steps = [(0, 1), (1, 0), (0, -1), (-1, 0)] + ([(1, 1), (1, -1), (-1, 1), (-1, -1)] if connected == 8 else [])
    left, made = {(int(row), int(column)) for row, column in np.argwhere(pixels)}, []
    for row, column in np.argwhere(pixels).tolist():
        if (row, column) not in left:
            continue
        left.discard((row, column))
        front, count = [(row, column)], 0
        while front:
            y, x = front.pop()
            count += 1
            beside = [(y + dy, x + dx) for dy, dx in steps]
            new = [one for one in beside if one in left and pixels[one] == pixels[row, column]]
            left.difference_update(new)
            front += new
        made.append((column, row, int(pixels[row, column]), count))
    return made


def test_the_number_of_a_region_is_its_place(tmp_path: Path) -> None:
    """The same ground cut otherwise, and with other regions before it, keeps its number; small pixels have tenths."""
    pixels = np.zeros((30, 30), np.uint8)
    pixels[10:15, 20:24] = 3
    (number,) = read(tiff(tmp_path / "a.tif", pixels)).fields["patch_no"]
    assert number == "3-E38383040-N3837980"
    pixels[2:4, 2:4] = 1
    window = tiff(tmp_path / "b.tif", pixels[1:, 1:], transform=PLACE @ rasterio.Affine.translation(1, 1))
    assert number in read(window).fields["patch_no"]
    west = rasterio.Affine(0.5, 0, -1000.25, 0, -0.5, 200)
    assert read(tiff(tmp_path / "c.tif", np.ones((2, 2), np.uint8), transform=west)).fields["patch_no"] == [
        "1-W10003-N2000"
    ]


def test_the_area_is_the_pixels_times_the_size_of_one(tmp_path: Path) -> None:
    chance = np.random.default_rng(3)
    raw = read(tiff(tmp_path / "a.tif", chance.integers(0, 4, (300, 300), np.uint8)))
    whole = np.array([float(one or 0) * 4 for one in raw.fields["pixels"]])
    assert np.abs(shapely.area(shapely.from_wkb(raw.wkb)) / whole - 1).max() < 1e-9


def test_small_regions_are_counted_and_do_not_move_the_numbers_of_others(tmp_path: Path) -> None:
    pixels = np.zeros((20, 20), np.int16)
    pixels[1, 1:3], pixels[5:10, 5:10], pixels[15, 15] = 1, -7, 4
    path = tiff(tmp_path / "a.tif", pixels, nodata=4)
    every, some = read(path), read(path, 50)
    assert every.fields["class"] == ["1", "-7"]
    assert every.remarks == []
    assert some.fields == {
        "patch_no": ["-7-E38383010-N3837990"],
        "patch_type": ["推填土"],
        "class": ["-7"],
        "pixels": ["25"],
        "area_px_m2": ["100.000"],
    }
    assert some.rows == [1]
    facts = {"regions": 1, "pixels": 2, "area_m2": 8.0, "minimum_m2": 50}
    assert some.remarks == [Remark("MASK_SMALL", facts)]


def test_classes_are_named_or_the_mask_is_refused(tmp_path: Path) -> None:
    pixels = np.array([[1, 2, 0], [9, 0, 2]], np.uint16)
    path = tiff(tmp_path / "a.tif", pixels)
    with pytest.raises(Refusal, match="does not name: 9") as refused:
        read(path)
    assert '9 = ""' in refused.value.hint
    assert read(path, classes={1: "A", 2: "", 9: "D"}).fields["patch_type"] == ["A", "D"]
    with pytest.raises(Refusal, match="2 means no data"):
        read(tiff(tmp_path / "b.tif", pixels, nodata=2))


def test_values_far_apart_are_classes_too(tmp_path: Path) -> None:
    pixels = np.array([[2**31, 2, 0], [9, 4_000_000_000, 2]], np.uint32)
    raw = read(tiff(tmp_path / "a.tif", pixels, nodata=4_000_000_000), classes={2**31: "A", 2: "B", 9: "C"})
    assert raw.fields["class"] == [str(2**31), "2", "9", "2"]


def test_areas_in_degrees_are_those_of_the_ellipsoid(tmp_path: Path) -> None:
    pixels = np.kron(np.eye(4, dtype=np.uint8), np.ones((8, 8), np.uint8))
    raw = read(tiff(tmp_path / "a.tif", pixels, "EPSG:4490", transform=DEGREES))
    for one, said in zip(raw.wkb, raw.fields["area_px_m2"], strict=True):
        dense = shapely.segmentize(shapely.from_wkb(one), 1e-5)  # edges of the ellipsoid's own are geodesics
        assert abs(Geod(ellps="GRS80").geometry_area_perimeter(dense)[0]) == pytest.approx(float(said or 0), rel=1e-6)


def test_without_a_system_nothing_is_left_out(tmp_path: Path) -> None:
    raw = read(tiff(tmp_path / "a.tif", np.eye(3, dtype=np.uint8), None), 1e9)
    assert raw.crs == ""
    assert raw.fields["area_px_m2"] == [None] * 3


@pytest.mark.parametrize(
    ("pixels", "profile", "words"),
    [
        (np.zeros((4, 4), np.float32), {}, "values are float32"),
        (np.zeros((4, 4), np.complex64), {}, "values are complex64"),
        (np.zeros((3, 4, 4), np.uint8), {}, "3 bands"),
        (np.arange(400, dtype=np.int32).reshape(20, 20), {}, "more than 255 classes"),
        (np.arange(400, dtype=np.int32).reshape(20, 20) * 10**6, {}, "more than 255 classes"),
        (np.zeros((4, 4), np.uint8), {"transform": rasterio.Affine.identity()}, "not georeferenced"),
    ],
)
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_what_is_no_mask_is_refused(tmp_path: Path, pixels: Any, profile: dict[str, Any], words: str) -> None:
    with pytest.raises(Refusal, match=words):
        read(tiff(tmp_path / "a.tif", pixels, **profile))


def test_disguises_and_giants_are_refused_before_they_are_read(tmp_path: Path) -> None:
    disguised = tmp_path / "v.tif"
    disguised.write_text('<VRTDataset rasterXSize="1" rasterYSize="1"/>')
    with pytest.raises(Refusal, match="not a GeoTIFF"):
        read(disguised)
    giant = tmp_path / "g.tif"
    shape = {"width": 300_000, "height": 300_000, "tiled": True, "sparse_ok": True, "transform": PLACE}
    rasterio.open(giant, "w", driver="GTiff", count=1, dtype="uint8", BIGTIFF="YES", **shape).close()
    with pytest.raises(Refusal, match="300000 × 300000 pixels"):
        read(giant)
    with pytest.raises(Refusal, match="20 × 20 pixels"):
        read_mask(tiff(tmp_path / "a.tif", np.zeros((20, 20), np.uint8)), RULES, max_pixels=399)


def test_a_header_that_says_less_is_refused(tmp_path: Path) -> None:
    """Fewer rows, a block without length, a second image: what GDAL would read with less on it, in silence."""
    path = tmp_path / "a.tif"
    tiff(path, np.ones((120, 120), np.uint8), tiled=True, blockxsize=32, blockysize=32, compress="deflate")
    data = path.read_bytes()
    for tag, at, value, words in ((257, 8, 32, "16 blocks, and 4"), (256, 8, 90, "16 blocks, and 12")):
        entry = data.index(struct.pack("<HH", tag, 3))
        path.write_bytes(data[: entry + at] + struct.pack("<H", value) + data[entry + at + 2 :])
        with pytest.raises(Refusal, match=words):
            read(path)
    lengths = struct.unpack_from("<I", data, data.index(struct.pack("<HH", 325, 3)) + 8)[0]
    path.write_bytes(data[:lengths] + bytes(2) + data[lengths + 2 :])
    with pytest.raises(Refusal, match="a place and no length"):
        read(path)
    with rasterio.open(path, "w", driver="GTiff", count=1, width=9, height=9, dtype="uint8", transform=PLACE) as sink:
        sink.write(np.ones((9, 9), np.uint8), 1)
    with rasterio.open(path, "r+") as sink:
        sink.build_overviews([2])  # an overview is no second image
    assert len(read(path).rows) == 1


@pytest.mark.parametrize("profile", [{}, {"tiled": True, "blockxsize": 16, "blockysize": 16}, {"BIGTIFF": "YES"}])
@pytest.mark.parametrize("compress", ["none", "deflate", "lzw", "zstd", "packbits"])
@pytest.mark.parametrize("kind", ["uint8", "int16", "uint32"])
def test_masks_of_every_make_are_read(tmp_path: Path, profile: dict[str, Any], compress: str, kind: str) -> None:
    pixels = np.random.default_rng(4).integers(0, 3, (70, 50)).astype(kind)
    raw = read(tiff(tmp_path / "a.tif", pixels, compress=compress, **profile))
    assert sum(int(one or 0) for one in raw.fields["pixels"]) == (pixels > 0).sum()
    for more in ({"nbits": 2}, {"sparse_ok": True}) if kind == "uint8" else ():
        other = read(tiff(tmp_path / "b.tif", pixels, compress=compress, **profile, **more))
        assert other.wkb == raw.wkb


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_cut_mask_is_refused_and_a_flipped_one_adds_up(tmp_path: Path) -> None:
    pixels = np.random.default_rng(2).integers(0, 2, (120, 120), np.uint8)
    path = tmp_path / "d.tif"
    data = tiff(path, pixels, tiled=True, blockxsize=32, blockysize=32, compress="deflate").read_bytes()
    for cut in cuts(data):
        assert not outcome(lambda one: read_mask(one, RULES), path, cut)
    for flipped in flips(data):
        for one in outcome(lambda one: read_mask(one, RULES), path, flipped):
            assert all(one.wkb)
