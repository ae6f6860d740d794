"""The imagery of both dates: mosaics of 8-bit JPEG COG tiles, painted strip by strip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.features import rasterize
from rasterio.transform import Affine

from pipeline.demo.changes import draw_changes
from pipeline.demo.cover import AUTUMN, SPRING, palette
from pipeline.demo.painter import Bytes, Painter, Window
from pipeline.demo.patches import Patch
from pipeline.demo.sizes import GROUND_CRS, PIXEL_M, Size
from pipeline.publish import private

STRIP_PX = 640


@dataclass(frozen=True)
class Take:
    """One satellite pass: sensor, day, and how it renders colour."""

    sensor: str
    day: date
    gain: tuple[float, float, float]
    haze: float


BEFORE = (
    Take("GF1D_PMS", date(2025, 3, 14), (1.02, 1.0, 1.0), 0.13),
    Take("GF6_PMS", date(2025, 3, 18), (1.05, 1.02, 0.98), 0.09),
)
AFTER = (
    Take("ZY302_TMS", date(2025, 9, 22), (0.96, 0.98, 1.02), 0.1),
    Take("GF1B_PMS", date(2025, 9, 25), (0.99, 0.99, 0.97), 0.14),
)


def tile_windows(size: Size) -> list[Window]:
    """The windows of the tiles of one date, row by row from the north-west."""
    across, down = size.tiles
    width, height = size.width_px // across, size.height_px // down
    return [(column * width, row * height, width, height) for row in range(down) for column in range(across)]


def takes_at(size: Size, x_m: float, y_m: float) -> tuple[Take, Take]:
    """The passes before and after that show a point of the ground."""
    west, _, _, north = size.ground_m
    column, row = (x_m - west) / PIXEL_M, (north - y_m) / PIXEL_M
    windows = tile_windows(size)
    inside = [at for at, (x, y, w, h) in enumerate(windows) if x <= column < x + w and y <= row < y + h] or [0]
    return _takes(inside[0], len(windows))


def write_imagery(
    folder: Path, painter: Painter, patches: Sequence[Patch], gap: Any, progress: Callable[[str], None]
) -> list[Path]:
    """Both dates of the whole ground; the tiles of the first date have no data in the gap.

    Returns the files in the order written.
    """
    windows = tile_windows(painter.terrain.size)
    paths: list[Path] = []
    for at, window in enumerate(windows):
        before, after = _takes(at, len(windows))
        progress(f"imagery: tile {at + 1} of {len(windows)}, {before.day} and {after.day}")
        images = _paint(painter, window, patches, before, after)
        blank = _blank(painter, window, gap)
        for name, take, image, hidden in (
            ("before", before, images[0], blank),
            ("after", after, images[1], None),
        ):
            path = folder / name / f"{take.sensor}_{take.day:%Y%m%d}_T{at + 1:02d}.tif"
            _write(path, image, painter.bounds(window), hidden)
            paths.append(path)
    return paths


def _takes(at: int, count: int) -> tuple[Take, Take]:
    half = min(1, at * 2 // count)
    return BEFORE[half], AFTER[half]


def _paint(
    painter: Painter, window: Window, patches: Sequence[Patch], before: Take, after: Take
) -> tuple[Bytes, Bytes]:
    column, row, width, height = window
    images = np.empty((3, height, width), np.uint8), np.empty((3, height, width), np.uint8)
    spring, autumn = (
        palette(SPRING, before.gain, before.haze),
        palette(AUTUMN, after.gain, after.haze),
    )
    for top in range(0, height, STRIP_PX):
        deep = min(STRIP_PX, height - top)
        ground = painter.ground((column, row + top, width, deep))
        images[0][:, top : top + deep] = painter.colours(ground, spring)
        draw_changes(painter, ground, patches)
        images[1][:, top : top + deep] = painter.colours(ground, autumn)
    return images


def _blank(painter: Painter, window: Window, gap: Any) -> NDArray[np.bool_] | None:
    """The pixels of a window in the gap, None if there are none."""
    west, _, _, north = painter.bounds(window)
    transform = Affine(PIXEL_M, 0.0, west, 0.0, -PIXEL_M, north)
    blank = np.asarray(rasterize([gap], (window[3], window[2]), transform=transform, dtype="uint8"), dtype=bool)
    return blank if blank.any() else None


def _write(
    path: Path, image: Bytes, bounds: tuple[float, float, float, float], blank: NDArray[np.bool_] | None
) -> None:
    """A JPEG COG; pixels without data are black under an internal mask, as JPEG keeps no exact value."""
    profile = {
        "driver": "COG",
        "dtype": "uint8",
        "count": 3,
        "height": image.shape[1],
        "width": image.shape[2],
        "crs": GROUND_CRS,
        "transform": Affine(PIXEL_M, 0.0, bounds[0], 0.0, -PIXEL_M, bounds[3]),
        "compress": "JPEG",
        "quality": 82,
        "blocksize": 512,
        "overview_resampling": "average",
        "overview_quality": 82,
        "num_threads": 1,
    }
    if blank is not None:
        image[:, blank] = 0
    with private(path) as made, rasterio.open(made, "w", **profile) as out:
        out.write(image)
        if blank is not None:
            out.write_mask(np.where(blank, 0, 255).astype(np.uint8))
