"""Change masks: GeoTIFFs of integer classes made into polygons along the edges of their pixels.

Regions are of pixels that share an edge (4-connected); 0 and what the file masks are background. The whole mask is
outlined at once from a mapped file of one byte a pixel, so that there are no seams, and the pixels of the polygons are
counted against those of the mask.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
import shapely
from pyproj import CRS
from rasterio.errors import RasterioError
from rasterio.features import shapes
from rasterio.windows import Window

from pipeline.errors import Refusal
from pipeline.io.readers.geometries import Geometries, to_wkb
from pipeline.io.readers.pixel_area import areas_m2
from pipeline.io.readers.raw import Raw

MAX_PIXELS = 2_000_000_000
MAX_CLASSES = 255  # more is an image, not a mask
MAX_POLYGONS = 5_000_000
MAX_BLOCK_BYTES = 256 << 20  # of one block inflated; a mask in one strip of gigabytes is nobody's honest work
_STRIP_PIXELS = 16 << 20
_AGAIN = "ask the sender to export it again"
_AS_MASK = "ask for one band of whole numbers, 0 for no change"
Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Mask:
    """A mask's codes (0 background, 1 … as in `values`), shape (rows, columns), and how it lies on the ground."""

    codes: Codes
    values: list[int]  # the class of code 1, 2, …
    transform: rasterio.Affine
    crs: str


def is_tiff(head: bytes) -> bool:
    """Whether a file begins as TIFF or BigTIFF."""
    return head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def read_mask(
    path: Path, classes: Mapping[int, str] | None, min_area_m2: float, max_pixels: int = MAX_PIXELS
) -> list[Raw]:
    """The regions of a mask with class, class_name, pixels and area_px_m2; `rows` number all regions, small ones too.

    `classes` are the names of classes; one it does not name is kept and noted.

    Raises:
        Refusal: it is no mask of whole numbers, is not georeferenced, too large, cut off or damaged.
    """
    with path.open("rb") as source:
        head = source.read(4)
    if not is_tiff(head):
        raise Refusal("it is not a GeoTIFF", "ask for the mask as GeoTIFF")
    with tempfile.TemporaryFile() as room:
        try:
            mask = _read(path, room, max_pixels)
        except (RasterioError, ValueError, OSError) as problem:
            raise Refusal(f"the mask cannot be read: {problem!s:.200}", _AGAIN) from problem
        return [_layer(mask, classes or {}, min_area_m2)]


def _read(path: Path, room: Any, max_pixels: int) -> Mask:
    with rasterio.open(path, driver="GTiff") as source:
        _refuse_no_mask(source, max_pixels)
        size = source.height * source.width
        room.truncate(size)
        codes: Codes = np.memmap(room, np.uint8, "r+", 0, (source.height, source.width))
        values: dict[int, int] = {}
        for window in _strips(source):
            rows = slice(window.row_off, window.row_off + window.height)
            codes[rows] = _coded(source.read(1, window=window), source.read_masks(1, window=window), values)
        crs = source.crs.to_wkt() if source.crs else ""
        return Mask(codes, list(values), source.transform, crs)


def _refuse_no_mask(source: Any, max_pixels: int) -> None:
    """Refuse by the header alone what would not be a mask, or could not be read."""
    if source.count != 1:
        raise Refusal(f"it has {source.count} bands: it is an image, not a mask", _AS_MASK)
    kind = np.dtype(source.dtypes[0]) if source.dtypes[0] in np.sctypeDict else np.dtype(complex)
    if not np.issubdtype(kind, np.integer):
        raise Refusal(f"its values are {source.dtypes[0]}, not whole numbers", _AS_MASK)
    pixels = source.width * source.height
    if pixels > max_pixels:
        raise Refusal(f"it has {source.width} × {source.height} pixels", "ask for it in parts")
    rows, columns = source.block_shapes[0]
    if rows * columns * kind.itemsize > MAX_BLOCK_BYTES:
        raise Refusal(f"its blocks have {rows} × {columns} pixels", "ask for a tiled GeoTIFF")
    if source.transform == rasterio.Affine.identity() or source.transform.determinant == 0:
        raise Refusal("it is not georeferenced", "ask for a GeoTIFF with its place on the ground")


def _strips(source: Any) -> Iterator[Window]:
    """Windows of whole rows of blocks, from the top."""
    block = source.block_shapes[0][0]
    step = max(_STRIP_PIXELS // source.width // block, 1) * block
    for top in range(0, source.height, step):
        yield Window(0, top, source.width, min(step, source.height - top))


def _coded(values: npt.NDArray[Any], valid: npt.NDArray[Any], known: dict[int, int]) -> Codes:
    """The pixels as codes; `known` (class → code) grows by what is new."""
    there = (values != 0) & (valid != 0)
    found, places = np.unique(np.where(there, values, 0), return_inverse=True)
    for one in found.tolist():
        if one and one not in known:
            if len(known) == MAX_CLASSES:
                raise Refusal(f"it has more than {MAX_CLASSES} classes: it is an image, not a mask", _AS_MASK)
            known[one] = len(known) + 1
    table = np.array([known[one] if one else 0 for one in found.tolist()], np.uint8)
    coded: Codes = table[places].reshape(values.shape)
    return coded


def _layer(mask: Mask, classes: Mapping[int, str], min_area_m2: float) -> Raw:
    outlines, codes = _outlines(mask)
    pixels = np.rint(shapely.area(outlines)).astype(np.int64)
    _check_sum(mask, codes, pixels)
    values = np.array([0, *mask.values], np.int64)[codes]
    ground = shapely.transform(outlines, lambda xy: _placed(mask.transform, xy))
    areas, notes = _areas(mask, ground)
    keep = np.flatnonzero(~(areas < min_area_m2))
    fields: dict[str, list[str | None]] = {
        "class": [str(one) for one in values[keep]],
        "class_name": [classes.get(int(one)) for one in values[keep]],
        "pixels": [str(one) for one in pixels[keep]],
        "area_px_m2": [None if np.isnan(one) else f"{one:.3f}" for one in areas[keep]],
    }
    notes += _said(mask, classes, pixels, keep, min_area_m2)
    rows = [int(one) for one in keep]
    return Raw("", mask.crs, fields, to_wkb(ground[keep]), rows, len(rows), notes, "", "a mask has no text")


def _outlines(mask: Mask) -> tuple[Geometries, npt.NDArray[np.int64]]:
    """All regions in pixels (column, row), and the code of each, in the order their last row is met."""
    made: list[Any] = []
    codes: list[int] = []
    for outline, code in shapes(mask.codes, mask=mask.codes, connectivity=4):
        rings = outline["coordinates"]
        made.append(shapely.Polygon(rings[0], rings[1:]))
        codes.append(int(code))
        if len(made) > MAX_POLYGONS:
            raise Refusal(f"it has more than {MAX_POLYGONS} regions", "ask for a mask that has been sieved")
    return np.array(made, object), np.array(codes, np.int64)


def _check_sum(mask: Mask, codes: npt.NDArray[np.int64], pixels: npt.NDArray[np.int64]) -> None:
    """Hold the pixels inside the outlines against those of the mask, class by class."""
    step = max(_STRIP_PIXELS // mask.codes.shape[1], 1)
    there = sum(
        np.bincount(mask.codes[top : top + step].ravel(), minlength=256) for top in range(0, len(mask.codes), step)
    )
    outlined = np.zeros(256, np.int64)
    np.add.at(outlined, codes, pixels)
    if not np.array_equal(np.asarray(there)[1:], outlined[1:]):
        raise ValueError("the outlines do not hold the pixels of the mask")


def _placed(transform: rasterio.Affine, xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    x = transform.a * xy[:, 0] + transform.b * xy[:, 1] + transform.c
    y = transform.d * xy[:, 0] + transform.e * xy[:, 1] + transform.f
    return np.column_stack([x, y])


def _areas(mask: Mask, ground: Geometries) -> tuple[npt.NDArray[np.float64], list[str]]:
    """The areas in square metres, NaN where nobody knows the unit of the coordinates."""
    if not mask.crs:
        unknown = "it states no coordinate system, so that areas are not known and no region was left out as small"
        return np.full(len(ground), np.nan), [unknown]
    return areas_m2(ground, CRS.from_wkt(mask.crs)), []


def _said(
    mask: Mask,
    classes: Mapping[int, str],
    pixels: npt.NDArray[np.int64],
    keep: npt.NDArray[np.int64],
    min_area_m2: float,
) -> list[str]:
    dropped = len(pixels) - len(keep)
    notes = [f"regions are of pixels that share an edge; {len(pixels)} were found"]
    if dropped:
        lost = int(pixels.sum() - pixels[keep].sum())
        notes.append(f"{dropped} regions below {min_area_m2:g} m² ({lost} pixels) were left out")
    unnamed = sorted(one for one in mask.values if classes and one not in classes)
    if unnamed:
        notes.append(f"classes without a name: {', '.join(map(str, unnamed[:20]))}")
    return notes
