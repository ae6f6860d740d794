"""Change masks: GeoTIFFs of integer classes made into polygons along the edges of their pixels.

Only what the office declares is read: the classes named in `[inputs.mask]`. 0 and what the file masks are background.
The whole mask is outlined at once from a mapped file of one byte a pixel, so that there are no seams.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
import shapely
from pyproj import CRS
from rasterio.errors import RasterioError
from rasterio.windows import Window

from pipeline.campaign import MaskRules
from pipeline.errors import Refusal
from pipeline.io.readers.geometries import Geometries, to_wkb
from pipeline.io.readers.pixel_area import areas_m2
from pipeline.io.readers.raw import Raw, Remark
from pipeline.io.readers.regions import Codes, Ints, Regions, regions
from pipeline.io.readers.tiff_blocks import refuse_damaged

MAX_PIXELS = 2_000_000_000
MAX_CLASSES = 255  # more is an image, not a mask
_STRIP_PIXELS = 16 << 20
_SMALL_RANGE = 1 << 16
_AGAIN = "ask the sender to export it again"
_AS_MASK = "ask for one band of whole numbers, 0 for no change"


@dataclass(frozen=True)
class Mask:
    """A mask's codes (0 background, 1 … as in `values`), shape (rows, columns), and how it lies on the ground."""

    codes: Codes
    values: list[int]  # the class of code 1, 2, …
    transform: rasterio.Affine
    crs: str


def read_mask(path: Path, rules: MaskRules, assumed_crs: str = "", max_pixels: int = MAX_PIXELS) -> list[Raw]:
    """The regions of a mask as one layer, with number, type, class, pixels and area in the plane of the mask.

    `assumed_crs` tells the size of a pixel where the file has no coordinate system. `rows` number all regions, small
    ones too. A number is made of the class and the place of the region's first pixel on the ground.

    Raises:
        Refusal: it is no mask of whole numbers, has a class that no rule names, is not georeferenced, too large, cut
            off or damaged.
    """
    refuse_damaged(path)
    with tempfile.TemporaryFile(dir=path.parent) as room:
        try:
            mask = _read(path, room, rules, max_pixels)
            return [_layer(mask, rules, assumed_crs)]
        except (RasterioError, ValueError, OSError) as problem:
            raise Refusal(f"the mask cannot be read: {problem!s:.200}", _AGAIN) from problem


def _read(path: Path, room: Any, rules: MaskRules, max_pixels: int) -> Mask:
    with rasterio.open(path, driver="GTiff") as source:
        _refuse_no_mask(source, rules, max_pixels)
        room.truncate(source.height * source.width)
        codes: Codes = np.memmap(room, np.uint8, "r+", 0, (source.height, source.width))
        values: dict[int, int] = {}
        for window in _strips(source):
            rows = slice(window.row_off, window.row_off + window.height)
            codes[rows] = _coded(source.read(1, window=window), source.read_masks(1, window=window), values)
        _refuse_unnamed(values, rules)
        for value, name in rules.classes.items():
            if value in values and not name:  # named as what is no patch
                codes[codes == values[value]] = 0
        crs = source.crs.to_wkt() if source.crs else ""
        return Mask(codes, list(values), source.transform, crs)


def _refuse_no_mask(source: Any, rules: MaskRules, max_pixels: int) -> None:
    """Refuse by the header alone what would not be a mask, or could not be read."""
    if source.count != 1:
        raise Refusal(f"it has {source.count} bands: it is an image, not a mask", _AS_MASK)
    kind = np.dtype(source.dtypes[0]) if source.dtypes[0] in np.sctypeDict else np.dtype(complex)
    if not np.issubdtype(kind, np.integer):
        raise Refusal(f"its values are {source.dtypes[0]}, not whole numbers", _AS_MASK)
    if source.width * source.height > max_pixels:
        hint = f"ask for it in parts of at most {max_pixels} pixels"
        raise Refusal(f"it has {source.width} × {source.height} pixels", hint)
    if source.transform == rasterio.Affine.identity() or source.transform.determinant == 0:
        raise Refusal("it is not georeferenced", "ask for a GeoTIFF with its place on the ground")
    if source.nodata in rules.classes:
        sentence = f"it says that {source.nodata:g} means no data, and [inputs.mask] names that class"
        raise Refusal(sentence, "ask for a mask whose value of no data is 0")


def _refuse_unnamed(values: dict[int, int], rules: MaskRules) -> None:
    unnamed = sorted(set(values) - set(rules.classes))
    if unnamed:
        shown = ", ".join(str(one) for one in unnamed[:20])
        hint = f'write {unnamed[0]} = "…" there, or {unnamed[0]} = "" for what is no patch'
        raise Refusal(f"it has classes that [inputs.mask] classes does not name: {shown}", hint)


def _strips(source: Any) -> Iterator[Window]:
    """Windows of whole rows of blocks, from the top."""
    block = source.block_shapes[0][0]
    step = max(_STRIP_PIXELS // source.width // block, 1) * block
    for top in range(0, source.height, step):
        yield Window(0, top, source.width, min(step, source.height - top))


def _coded(values: npt.NDArray[Any], valid: npt.NDArray[Any], known: dict[int, int]) -> Codes:
    """The pixels as codes; `known` (class → code) grows by what is new."""
    there = (values != 0) & (valid != 0)
    least, most = (int(one) for one in (values.min(), values.max()))
    if most - least >= _SMALL_RANGE:
        least, most = _few(values[there])
    if most - least >= _SMALL_RANGE:
        return _coded_by_sorting(values, there, known)
    places = np.where(there, values, least).astype(np.int64) - least
    counts = np.bincount(places[there], minlength=most - least + 1)
    table = _codes_of((np.flatnonzero(counts) + least).tolist(), known, least, most)
    return np.where(there, table[places], np.uint8(0))


def _few(values: npt.NDArray[Any]) -> tuple[int, int]:
    """The range of what is no background: a value of no data may lie far from the classes."""
    return (int(values.min()), int(values.max())) if len(values) else (0, 0)


def _codes_of(found: list[int], known: dict[int, int], least: int, most: int) -> Codes:
    """A table of codes by (value - least)."""
    table = np.zeros(most - least + 1, np.uint8)
    for one in found:
        table[one - least] = _code(one, known)
    return table


def _code(value: int, known: dict[int, int]) -> int:
    if value not in known and len(known) == MAX_CLASSES:
        raise Refusal(f"it has more than {MAX_CLASSES} classes: it is an image, not a mask", _AS_MASK)
    return known.setdefault(value, len(known) + 1)


def _coded_by_sorting(values: npt.NDArray[Any], there: npt.NDArray[np.bool_], known: dict[int, int]) -> Codes:
    found, places = np.unique(np.where(there, values, 0), return_inverse=True)
    table = np.array([_code(int(one), known) if one else 0 for one in found.tolist()], np.uint8)
    coded: Codes = table[places].reshape(values.shape)
    return coded


def _layer(mask: Mask, rules: MaskRules, assumed_crs: str) -> Raw:
    found = regions(mask.codes, rules.connected)
    classes = np.array([0, *mask.values], np.int64)[found.codes]
    ground = shapely.transform(found.outlines, lambda xy: _placed(mask.transform, xy))
    areas = _areas(mask, found, ground, mask.crs or assumed_crs)
    keep = np.flatnonzero(~(areas < rules.minimum_m2))
    numbers = _numbers(classes, found.first, mask.transform)
    fields: dict[str, list[str | None]] = {
        "patch_no": [numbers[at] for at in keep],
        "patch_type": [rules.classes[int(one)] for one in classes[keep]],
        "class": [str(one) for one in classes[keep]],
        "pixels": [str(one) for one in found.pixels[keep]],
        "area_px_m2": [None if np.isnan(one) else f"{one:.3f}" for one in areas[keep]],
    }
    note = f"{len(classes)} regions of pixels that share {'an edge' if rules.connected == 4 else 'an edge or a corner'}"
    small = _small(found, areas, keep, rules.minimum_m2)
    rows = [int(one) for one in keep]
    return Raw("", mask.crs, fields, to_wkb(ground[keep]), rows, len(rows), [note], "GeoTIFF", "a mask", small)


def _placed(transform: rasterio.Affine, xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    x = transform.a * xy[:, 0] + transform.b * xy[:, 1] + transform.c
    y = transform.d * xy[:, 0] + transform.e * xy[:, 1] + transform.f
    return np.column_stack([x, y])


def _areas(mask: Mask, found: Regions, ground: Geometries, crs: str) -> npt.NDArray[np.float64]:
    """The areas in square metres, NaN where nobody knows the unit of the coordinates.

    In a plane they are the pixels times the size of one, on the ellipsoid those of shapes of meridians and parallels.
    """
    if not crs:
        return np.full(len(ground), np.nan)
    system = CRS.from_user_input(crs)
    if system.is_geographic:
        return areas_m2(ground, system)
    pixel_m2 = abs(mask.transform.determinant) * system.axis_info[0].unit_conversion_factor ** 2
    made: npt.NDArray[np.float64] = found.pixels * pixel_m2
    return made


def _numbers(classes: Ints, first: Ints, transform: rasterio.Affine) -> list[str]:
    """Class, easting and northing of the upper left corner of the first pixel, in tenths where pixels are small.

    The same region in a mask cut otherwise, or beside others, keeps its number.
    """
    step = min(np.hypot(transform.a, transform.d), np.hypot(transform.b, transform.e))
    scale = 10 ** max(0, int(np.ceil(-np.log10(step))))
    ground = np.floor(_placed(transform, first.astype(np.float64)) * scale + 1e-3).astype(np.int64)
    rows = zip(classes.tolist(), ground.tolist(), strict=True)
    return [f"{one}-{_signed(x, 'EW')}-{_signed(y, 'NS')}" for one, (x, y) in rows]


def _signed(number: int, letters: str) -> str:
    return f"{letters[number < 0]}{abs(number)}"


def _small(found: Regions, areas: npt.NDArray[np.float64], keep: Ints, minimum_m2: float) -> list[Remark]:
    """What is below the minimum, counted."""
    left = np.setdiff1d(np.arange(len(areas)), keep)
    facts = {
        "regions": len(left),
        "pixels": int(found.pixels[left].sum()),
        "area_m2": float(areas[left].sum()),
        "minimum_m2": minimum_m2,
    }
    return [Remark("MASK_SMALL", facts)] if len(left) else []
