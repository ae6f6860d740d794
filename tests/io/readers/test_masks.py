"""Change masks: every pixel of a class in one outline, whatever the tiles; areas true; what is no mask refused."""

from __future__ import annotations

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

from pipeline.errors import Refusal
from pipeline.io.readers import masks
from pipeline.io.readers.masks import read_mask
from pipeline.io.readers.raw import Raw
from tests.io.readers.damage import cuts, flips, outcome

PLACE = rasterio.Affine(2, 0, 38_383_000, 0, -2, 3_838_000)
DEGREES = rasterio.Affine(0.001, 0, 118, 0, -0.001, 32)


def tiff(path: Path, pixels: npt.NDArray[Any], crs: str | None = "EPSG:4526", **profile: Any) -> Path:
    bands = pixels if pixels.ndim == 3 else pixels[None]
    shape = {"count": len(bands), "height": bands.shape[1], "width": bands.shape[2], "dtype": bands.dtype}
    with rasterio.open(path, "w", driver="GTiff", crs=crs, **({"transform": PLACE} | shape | profile)) as sink:
        sink.write(bands)
    return path


def read(path: Path, min_area_m2: float = 0, classes: Mapping[int, str] | None = None) -> Raw:
    (made,) = read_mask(path, classes, min_area_m2)
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


def test_regions_that_meet_at_a_corner_are_two(tmp_path: Path) -> None:
    raw = read(tiff(tmp_path / "a.tif", np.eye(3, dtype=np.uint8)))
    assert raw.fields["pixels"] == ["1", "1", "1"]
    assert any("share an edge" in one for one in raw.notes)


def test_small_regions_are_counted_and_do_not_move_the_numbers_of_others(tmp_path: Path) -> None:
    pixels = np.zeros((20, 20), np.int16)
    pixels[1, 1], pixels[5:10, 5:10], pixels[15, 15] = 1, -7, 3
    path = tiff(tmp_path / "a.tif", pixels, nodata=3)
    every, some = read(path), read(path, 50, {-7: "推填土"})
    assert every.fields["class"] == ["1", "-7"]
    assert some.fields == {"class": ["-7"], "class_name": ["推填土"], "pixels": ["25"], "area_px_m2": ["100.000"]}
    assert some.rows == [1]
    assert "1 regions below 50 m² (1 pixels) were left out" in some.notes
    assert any("classes without a name: 1" in one for one in some.notes)


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
        read_mask(tiff(tmp_path / "a.tif", np.zeros((20, 20), np.uint8)), None, 0, max_pixels=399)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_cut_mask_is_refused_and_a_flipped_one_adds_up(tmp_path: Path) -> None:
    pixels = np.random.default_rng(2).integers(0, 2, (120, 120), np.uint8)
    path = tmp_path / "d.tif"
    data = tiff(path, pixels, tiled=True, blockxsize=32, blockysize=32, compress="deflate").read_bytes()
    for cut in cuts(data):
        assert not outcome(lambda one: read_mask(one, None, 0), path, cut)
    for flipped in flips(data):
        for one in outcome(lambda one: read_mask(one, None, 0), path, flipped):
            assert all(one.wkb)
