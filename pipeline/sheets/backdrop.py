"""The imagery under an overview: so light, and with so little colour, that patches and numbers stay legible on it in
colour and in black and white. What lies beyond the county is lighter still, and grey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import Refusal
from pipeline.geometry.extent import Extent
from pipeline.io.rasters import Grid, Pixels, TileCache, burnt, meets
from pipeline.records import Scene
from pipeline.sheets.imagery import FrameImage, GroundFrame, frame_image
from pipeline.sheets.order import Order
from pipeline.sheets.plan import BACKDROP, OverviewSheet

PIXEL_MM = 0.25  # on paper at most; an A3 page then has no more than 5 million of them
LIGHTER, LIGHTER_OUTSIDE = 0.6, 0.82  # of the way to white
COLOUR = 0.5  # of the colour is kept
COSTLY_PX = 400_000_000  # of a file without overviews that would be read for one page: some seconds
GREY = np.array([77, 150, 29], np.uint16)  # of 256
STRIP_PX = 256  # rows painted at once
NAMED = 2  # files that are left out and named


def backdrop_under(order: Order, extent: Extent) -> tuple[Scene, ...]:
    """The scenes that lie under a page, in their order."""
    crs = order.ground.projection.crs
    return tuple(one for one in order.backdrop if meets(one, crs, extent.bounds))


def laid_under(cache: TileCache, order: Order, sheet: OverviewSheet) -> tuple[OverviewSheet, dict[str, FrameImage]]:
    """The sheet with the imagery under it, where there is any; its sources tell which files are left out."""
    frame = _frame(order, sheet)
    scenes, left = _affordable(cache, backdrop_under(order, sheet.window.extent), frame)
    made = _made(cache, scenes, frame, order) if scenes else None
    if left:
        files = order.words["sheet.list_separator"].join(left[:NAMED])
        told = order.words.say("sheet.backdrop.left_out", count=len(left), files=files)
        sheet = replace(sheet, fields={**sheet.fields, "sources_line": f"{sheet.fields['sources_line']}; {told}"})
    return sheet, {BACKDROP: made} if made is not None and made.jpeg and made.cover > 0 else {}


def _frame(order: Order, sheet: OverviewSheet) -> GroundFrame:
    box = sheet.layout.first("overview_map").box
    return GroundFrame(order.ground.projection.crs, sheet.window.extent.bounds, box.w_mm, box.h_mm)


def _affordable(cache: TileCache, scenes: Sequence[Scene], frame: GroundFrame) -> tuple[list[Scene], list[str]]:
    """The scenes that are quick to read, and the names of those that cannot be opened or have no overviews to read."""
    kept, left = [], []
    for one in scenes:
        try:
            quick = cache.has_overviews(one) or _pixels(one, frame) <= COSTLY_PX
        except Refusal:
            quick = False
        kept += [one] if quick else []
        left += [] if quick else [Path(one.path).name]
    return kept, left


def _pixels(scene: Scene, frame: GroundFrame) -> float:
    left, low, right, high = frame.extent
    return min((right - left) * (high - low) / scene.pixel_m**2, float(scene.width) * scene.height)


def _made(cache: TileCache, scenes: Sequence[Scene], frame: GroundFrame, order: Order) -> FrameImage:
    def paint(grid: Grid, pixels: Pixels) -> Pixels:
        plain = [_rgb(order.style.colour(name)) for name in ("county_area", "neighbour_area")]
        return _toned(pixels, burnt(order.ground.county_shape, grid), plain)

    return replace(frame_image(cache, scenes, frame, PIXEL_MM, paint), blank=False)


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour.removeprefix("#")))


def _toned(pixels: Pixels, inside: NDArray[np.bool_], plain: Sequence[tuple[int, ...]]) -> Pixels:
    """The pixels made light; those without imagery as plain as the county and its neighbours are on paper."""
    values = np.full((*inside.shape, 4), 255, np.uint8)
    for top in range(0, len(inside), STRIP_PX):
        rows = slice(top, top + STRIP_PX)
        seen = None if pixels.mask is None else pixels.mask[rows]
        values[rows, :, :3] = _strip(pixels.values[rows], seen, inside[rows], plain)
    return Pixels(values, pixels.mask, pixels.damaged)


def _strip(
    values: NDArray[np.uint8], seen: NDArray[np.bool_] | None, inside: NDArray[np.bool_], plain: Sequence[Any]
) -> NDArray[np.uint8]:
    colours = (values if values.shape[2] == 1 else values[:, :, :3]).astype(np.uint16)
    grey = colours if values.shape[2] == 1 else (colours @ GREY >> 8)[:, :, None]
    dulled = np.where(inside[:, :, None], COLOUR * colours + (1 - COLOUR) * grey, grey)
    share = np.where(inside, 1 - LIGHTER, 1 - LIGHTER_OUTSIDE)[:, :, None]
    made = (255 - (255 - dulled) * share + 0.5).astype(np.uint8)
    made = np.broadcast_to(made, (*inside.shape, 3))
    if seen is None:
        return made
    bare = np.where(inside[:, :, None], np.array(plain[0], np.uint8), np.array(plain[1], np.uint8))
    return np.where(seen[:, :, None], made, bare)
