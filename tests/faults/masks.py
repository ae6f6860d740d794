"""Change masks that are none, and GeoTIFFs whose header says less than there is."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio

from tests.faults.containers import raster_vrt
from tests.faults.fault import Fault, Spot, accepted, recorded, refused
from tests.faults.makers import cut, writes, zipped

_STEP_DEG = 0.0001
Pixels = npt.NDArray[Any]


def pixels(kind: str = "uint8") -> Pixels:
    """Three regions of 16 pixels in two classes that the campaign names."""
    made = np.zeros((40, 90), kind)
    for at, value in enumerate((1, 3, 1)):
        made[4:8, 4 + 20 * at : 8 + 20 * at] = value
    return made


def tiff(spot: Spot, made: Pixels, **profile: Any) -> Path:
    """A GeoTIFF of these pixels on the spot's ground."""
    bands = made if made.ndim == 3 else made[None]
    place = rasterio.Affine(_STEP_DEG, 0, spot.lon_deg, 0, -_STEP_DEG, spot.lat_deg + 0.004)
    shape = {"count": len(bands), "height": bands.shape[1], "width": bands.shape[2], "dtype": bands.dtype}
    with rasterio.open(
        spot.file(".tif"), "w", driver="GTiff", **({"crs": "EPSG:4490", "transform": place} | shape | profile)
    ) as sink:
        sink.write(bands)
    return spot.file(".tif")


def mask(made: Callable[[], Pixels] = pixels, **profile: Any) -> Callable[[Spot], None]:
    def build(spot: Spot) -> None:
        tiff(spot, made(), **profile)

    return build


def zipped_mask(spot: Spot) -> None:
    """A mask with what programs leave beside it, in a folder of an archive."""
    data = tiff(spot, pixels()).read_bytes()
    spot.file(".tif").unlink()
    beside = [("某县/m.tif.aux.xml", b"<PAMDataset/>"), ("某县/m.tif.vat.dbf", b"")]
    zipped(spot, [("某县/m.tif", data), *beside])


def cut_mask(spot: Spot) -> None:
    cut(tiff(spot, pixels(), compress="deflate"), 0.8)


def says_less(tag: int, value: int) -> Callable[[Spot], None]:
    """A GeoTIFF in one of whose tags another number stands."""

    def build(spot: Spot) -> None:
        path = tiff(spot, pixels(), tiled=True, blockxsize=16, blockysize=16, compress="deflate")
        data = path.read_bytes()
        at = data.index(struct.pack("<HH", tag, 3)) + 8
        path.write_bytes(data[:at] + struct.pack("<H", value) + data[at + 2 :])

    return build


def three_bands() -> Pixels:
    return np.zeros((3, 8, 8), np.uint8)


def unnamed() -> Pixels:
    return np.full((8, 8), 77, np.uint8)


MASKS: tuple[Fault, ...] = (
    accepted("A20", "mask", mask(), 3),
    accepted("A20", "mask_of_16_bits", mask(lambda: pixels("int16"), compress="lzw"), 3),
    accepted("A20", "mask_in_zip", zipped_mask, 3),
    refused("A3", "raster_vrt_as_mask", writes(".tif", raster_vrt), "not a GeoTIFF"),
    refused("B2", "mask_cut", cut_mask, "cut off|damaged"),
    refused("B2", "mask_says_lower", says_less(257, 8), "blocks, and"),
    refused("B2", "mask_says_narrower", says_less(256, 8), "blocks, and"),
    refused("B8", "mask_of_a_class_without_name", mask(unnamed), "does not name: 77"),
    refused("B8", "image_for_a_mask", mask(three_bands), "3 bands"),
    refused("B8", "mask_of_floats", mask(lambda: pixels("float32")), "not whole numbers"),
    refused("B8", "mask_whose_class_is_no_data", mask(nodata=1), "means no data"),
    recorded("C7", "mask_without_crs", mask(crs=None), (0, 3, 0), "NO_CRS"),
)
