"""How a change looks from above: drawn into the ground cover exactly where its patch lies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize
from rasterio.transform import Affine

from pipeline.demo.cover import Cover
from pipeline.demo.noise import tiled
from pipeline.demo.painter import Bytes, Ground, Painter
from pipeline.demo.patches import Patch
from pipeline.demo.sizes import PIXEL_M

Mask = NDArray[np.bool_]
Local = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int16]]  # metres along, across; mottle


def draw_changes(painter: Painter, ground: Ground, patches: Sequence[Patch]) -> None:
    """Draw the patches that touch the window of a ground into it."""
    bounds = painter.bounds(ground.window)
    box = shapely.box(*bounds)
    for patch in patches:
        if shapely.intersects(shapely.box(*patch.outline.bounds), box):
            _draw(painter, ground, patch)


def _draw(painter: Painter, ground: Ground, patch: Patch) -> None:
    outline = shapely.make_valid(patch.outline)
    left, _, _, top = painter.bounds(ground.window)
    west, south, east, north = outline.bounds
    height, width = ground.cover.shape
    first = (max(0, int((west - left) / PIXEL_M)), max(0, int((top - north) / PIXEL_M)))
    last = (min(width, int((east - left) / PIXEL_M) + 2), min(height, int((top - south) / PIXEL_M) + 2))
    if last[0] <= first[0] or last[1] <= first[1]:
        return
    rows, columns = slice(first[1], last[1]), slice(first[0], last[0])
    origin = (left + first[0] * PIXEL_M, top - first[1] * PIXEL_M)
    inside = _mask(outline, origin, (last[1] - first[1], last[0] - first[0]))
    local = _local(painter, ground, patch, origin, inside)
    inner = _mask(outline.buffer(-_RIM_M.get(patch.kind, 3.0)), origin, (inside.shape[0], inside.shape[1]))
    cover = _LOOKS.get(patch.kind, _earth)(local, inner)
    np.copyto(ground.cover[rows, columns], cover, where=inside)
    np.copyto(ground.tint[rows, columns], _tints(patch, local), where=inside)
    ground.shade[rows, columns][inside] = 0


def _mask(outline: Any, origin: tuple[float, float], shape: tuple[int, int]) -> Mask:
    if outline.is_empty:
        return np.zeros(shape, bool)
    transform = Affine(PIXEL_M, 0.0, origin[0], 0.0, -PIXEL_M, origin[1])
    return np.asarray(rasterize([outline], shape, transform=transform, dtype="uint8"), dtype=bool)


def _local(painter: Painter, ground: Ground, patch: Patch, origin: tuple[float, float], inside: Mask) -> Local:
    """Metres along and across the patch from its corner, and the texture of the ground."""
    height, width = inside.shape
    x = origin[0] + (np.arange(width) + 0.5) * PIXEL_M
    y = origin[1] - (np.arange(height) + 0.5) * PIXEL_M
    cos, sin = np.cos(patch.angle_rad), np.sin(patch.angle_rad)
    points = shapely.get_coordinates(patch.outline)
    u0 = (points[:, 0] * cos + points[:, 1] * sin).min()
    v0 = (points[:, 1] * cos - points[:, 0] * sin).min()
    u = (x * cos)[None, :] + (y * sin)[:, None] - u0
    v = (y * cos)[:, None] - (x * sin)[None, :] - v0
    left, _, _, top = painter.bounds(ground.window)
    column = ground.window[0] + round((origin[0] - left) / PIXEL_M)
    row = ground.window[1] + round((top - origin[1]) / PIXEL_M)
    mottle = tiled(painter.textures.mottle, column, row, width, height)
    return u.astype(np.float32), v.astype(np.float32), mottle


def _tints(patch: Patch, local: Local) -> Bytes:
    """One tint for a patch; sheds differ from hall to hall."""
    base = sum(patch.number.encode()) * 7
    u, v, _ = local
    hall = (u // 48).astype(np.int32) * 3 + (v // 34).astype(np.int32) * 5
    return ((base + np.where(patch.kind == "20", hall, 0)) & 255).astype(np.uint8)


def _earth(local: Local, inner: Mask) -> Bytes:
    """Bare soil, wet in its hollows, with the ruts of the machines."""
    u, v, mottle = local
    cover = np.where(mottle > 55, Cover.WET_EARTH, Cover.EARTH).astype(np.uint8)
    rut = np.abs((v + 6 * np.sin(u / 17)) % 31 - 9) < 1.6
    cover[rut & inner] = Cover.TRACK
    return cover


def _building(local: Local, inner: Mask) -> Bytes:
    """Halls of about 36 × 22 m in a hardened yard, each with its shadow; in a small plot one house."""
    u, v, mottle = local
    cover = np.where(mottle > 70, Cover.EARTH, Cover.CONCRETE).astype(np.uint8)
    along, across = u % 48, v % 34
    cover[inner & (along > 6) & (along < 42) & (across >= 26) & (across < 31)] = Cover.SHADOW
    cover[inner & (along > 6) & (along < 42) & (across > 5) & (across < 27)] = Cover.SHED
    return cover


def _hard(local: Local, inner: Mask) -> Bytes:
    """A concrete yard in slabs, asphalt along its middle."""
    u, v, _ = local
    cover = np.full(u.shape, Cover.CONCRETE, np.uint8)
    cover[inner & ((u % 24 < 1.8) | (v % 24 < 1.8))] = Cover.YARD
    cover[inner & (np.abs(v % 60 - 30) < 6)] = Cover.ASPHALT
    return cover


def _panels(local: Local, inner: Mask) -> Bytes:
    """Rows of photovoltaic panels, service roads between the fields of rows."""
    u, v, _ = local
    cover = np.full(u.shape, Cover.SCRUB, np.uint8)
    cover[inner & (v % 9 < 5.2) & (u % 64 > 5)] = Cover.PANEL
    cover[inner & (v % 72 < 5)] = Cover.TRACK
    return cover


def _pond(_: Local, inner: Mask) -> Bytes:
    return np.where(inner, Cover.WATER, Cover.WET_EARTH).astype(np.uint8)


def _quarry(local: Local, inner: Mask) -> Bytes:
    """Benches cut into the slope: pale rock, earth, shadow under the walls."""
    u, v, mottle = local
    step = (v + 0.35 * u + mottle * 0.05) % 22
    cover = np.where(step < 12, Cover.SAND, Cover.EARTH).astype(np.uint8)
    cover[inner & (step > 18)] = Cover.WET_EARTH
    return cover


def _road(middle: Cover, edge: Cover) -> Callable[[Local, Mask], Bytes]:
    return lambda _, inner: np.where(inner, middle, edge).astype(np.uint8)


_RIM_M = {"KT": 6.0, "CK": 5.0, "20": 4.0, "GF": 4.0, "DL1": 1.8, "DL2": 2.2, "ND": 1.5}
_LOOKS: dict[str, Callable[[Local, Mask], Bytes]] = {
    "20": _building,
    "YH": _hard,
    "GF": _panels,
    "KT": _pond,
    "CK": _quarry,
    "DL1": _road(Cover.ASPHALT, Cover.CONCRETE),
    "DL2": _road(Cover.EARTH, Cover.WET_EARTH),
    "ND": _road(Cover.CONCRETE, Cover.EARTH),
}
