"""Terrain to pixels: the cover of every pixel of a window, and its colours on a day.

A window is (column, row, width, height) in pixels of the ground, origin in the north-west corner.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pipeline.demo.borders import Floats
from pipeline.demo.cover import Cover, grains
from pipeline.demo.noise import band, spectral, tiled
from pipeline.demo.sizes import PIXEL_M
from pipeline.demo.terrain import GRID_M, Block, Settlement, Terrain

Window = tuple[int, int, int, int]
Bytes = NDArray[np.uint8]
HOTHOUSE_ROOF, HOTHOUSE_GAP = 7, 4  # tints: a bright and a dark one
WOODED = (Cover.FOREST, Cover.SCRUB, Cover.ORCHARD, Cover.TREES)


@dataclass(frozen=True)
class Textures:
    """Two endless textures of deviation 64: mottled soil, and tree crowns; the periods differ."""

    mottle: NDArray[np.int16]
    crowns: NDArray[np.int16]


@dataclass
class Ground:
    """Cover and tint of every pixel of a window, (height, width), and the light on the hills."""

    window: Window
    cover: Bytes
    tint: Bytes
    shade: NDArray[np.int16]


class Painter:
    """Paints windows of one terrain; holds what is worth keeping from window to window."""

    def __init__(self, terrain: Terrain, rng: np.random.Generator) -> None:
        self.terrain = terrain
        self.textures = Textures(
            _scaled(0.75 * spectral((1024, 1024), 0.75, rng) + 0.65 * spectral((1024, 1024), 1.4, rng)),
            _scaled(band((896, 896), 4.6, rng) + 0.5 * spectral((896, 896), 0.9, rng)),
        )

    @cached_property
    def _block_boxes(self) -> Floats:
        return np.array([(*one.ring.min(axis=0), *one.ring.max(axis=0)) for one in self.terrain.blocks])

    def ground(self, window: Window) -> Ground:
        """The cover of a window, before any change."""
        bounds = self.bounds(window)
        width, height = window[2:]
        ids = self._block_ids(window, bounds)
        ground = Ground(
            window,
            np.full((height, width), Cover.GRAIN, np.uint8),
            np.zeros((height, width), np.uint8),
            np.zeros((height, width), np.int16),
        )
        for at in np.flatnonzero(_touching(self._block_boxes, bounds)):
            self._fields(ground, ids, int(at))
        self._hills(ground)
        self._overlay(ground, bounds)
        for place in self.terrain.settlements:
            self._settle(ground, place)
        return ground

    def colours(self, ground: Ground, table: NDArray[np.int16]) -> Bytes:
        """The image of a ground under a palette of `pipeline.demo.cover`, (3, height, width)."""
        texture = self._texture(ground)
        index = ground.cover.astype(np.uint16) * 256 + ground.tint
        out = np.empty((3, *ground.cover.shape), np.uint8)
        for channel in range(3):
            value = np.take(np.ascontiguousarray(table[:, channel]), index)
            value += texture
            np.clip(value, 4, 252, out=value)
            out[channel] = value
        return out

    def bounds(self, window: Window) -> tuple[float, float, float, float]:
        """West, south, east, north of a window in metres."""
        west, _, _, north = self.terrain.size.ground_m
        column, row, width, height = window
        left, top = west + column * PIXEL_M, north - row * PIXEL_M
        return (left, top - height * PIXEL_M, left + width * PIXEL_M, top)

    def pixels(self, line: Floats, window: Window) -> Floats:
        """Ground coordinates to pixel coordinates of a window."""
        left, _, _, top = self.bounds(window)
        return np.column_stack([(line[:, 0] - left) / PIXEL_M, (top - line[:, 1]) / PIXEL_M])

    def _texture(self, ground: Ground) -> NDArray[np.int16]:
        wooded = np.isin(np.arange(len(Cover)), WOODED)[ground.cover]
        texture = np.where(
            wooded, tiled(self.textures.crowns, *ground.window), tiled(self.textures.mottle, *ground.window)
        )
        texture *= grains()[ground.cover]
        texture >>= 6
        texture += ground.shade * wooded
        return texture

    def _block_ids(self, window: Window, bounds: tuple[float, float, float, float]) -> NDArray[np.int32]:
        image = Image.new("I", window[2:], 0)
        draw = ImageDraw.Draw(image)
        for at in np.flatnonzero(_touching(self._block_boxes, bounds)):
            draw.polygon(_flat(self.pixels(self.terrain.blocks[at].ring, window)), fill=int(at))
        return np.asarray(image, dtype=np.int32)

    def _fields(self, ground: Ground, ids: NDArray[np.int32], at: int) -> None:
        block = self.terrain.blocks[at]
        rows, columns = _slices(self.pixels(block.ring, ground.window), ids.shape)
        if rows.stop <= rows.start or columns.stop <= columns.start:
            return
        mask = ids[rows, columns] == at
        cover, tint = self._parcels(block, at, ground.window, rows, columns)
        np.copyto(ground.cover[rows, columns], cover, where=mask)
        np.copyto(ground.tint[rows, columns], tint, where=mask)

    def _parcels(self, block: Block, at: int, window: Window, rows: slice, columns: slice) -> tuple[Bytes, Bytes]:
        """Parcels in rows across the block's direction, each row cut at its own places."""
        u, v = self._turned(block.angle_rad, window, rows, columns)
        length, depth = block.parcel_m
        rng = np.random.default_rng(at)
        v /= np.float32(depth)
        row = np.floor(v).astype(np.int32)
        u /= np.float32(length)
        u += rng.random(64, dtype=np.float32)[row & 63]
        column = np.floor(u).astype(np.int32)
        tint = rng.permutation(256).astype(np.uint8)[(row * 37 + column * 101) & 255]
        cover = block.crops[tint]
        edge = ((v - row) * depth < 2.0) | ((u - column) * length < 2.2)
        cover[edge] = Cover.BUND
        houses = cover == Cover.HOTHOUSE
        if houses.any():
            tint[houses] = np.where((v - row)[houses] * depth % 12 < 8, HOTHOUSE_ROOF, HOTHOUSE_GAP)
        return cover, tint

    def _turned(
        self, angle_rad: float, window: Window, rows: slice, columns: slice
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Pixel centres of part of a window in metres along and across a direction."""
        x = (np.arange(columns.start, columns.stop) + window[0] + 0.5) * PIXEL_M
        y = -(np.arange(rows.start, rows.stop) + window[1] + 0.5) * PIXEL_M
        cos, sin = np.cos(angle_rad), np.sin(angle_rad)
        u = (x * cos).astype(np.float32)[None, :] + (y * sin).astype(np.float32)[:, None]
        v = (-x * sin).astype(np.float32)[None, :] + (y * cos).astype(np.float32)[:, None]
        return u, v

    def _hills(self, ground: Ground) -> None:
        """Forest above the foot of the hills, scrub along it; the edge frays with the texture."""
        height = self._upsampled(self.terrain.elevation, ground.window)
        height += tiled(self.textures.mottle, *ground.window) * np.float32(0.0011)
        scrub, forest = height > -0.07, height > 0.03
        ground.cover[scrub] = Cover.SCRUB
        ground.cover[forest] = Cover.FOREST
        light = self._upsampled(self.terrain.shade, ground.window)
        ground.shade[:] = light * 26

    def _upsampled(self, grid: NDArray[np.float32], window: Window) -> NDArray[np.float32]:
        """The part of the elevation grid under a window, bicubic."""
        column, row, width, height = window
        scale = PIXEL_M / GRID_M
        left, top = int(column * scale) - 2, int(row * scale) - 2
        count = (int(width * scale) + 6, int(height * scale) + 6)
        across = np.clip(np.arange(left, left + count[0]), 0, grid.shape[1] - 1)
        down = np.clip(np.arange(top, top + count[1]), 0, grid.shape[0] - 1)
        part = Image.fromarray(grid[down][:, across])
        x, y = column * scale - left, row * scale - top
        box = (x, y, x + width * scale, y + height * scale)
        return np.array(part.resize((width, height), Image.Resampling.BICUBIC, box=box))

    def _overlay(self, ground: Ground, bounds: tuple[float, float, float, float]) -> None:
        """Tracks between the blocks, then ponds and the river, then roads over them."""
        image = Image.new("L", ground.window[2:], 255)
        draw = ImageDraw.Draw(image)
        for at in np.flatnonzero(_touching(self._block_boxes, bounds)):
            ring = self.pixels(self.terrain.blocks[at].ring, ground.window)
            draw.line(_flat(ring), fill=int(Cover.TRACK), width=2)
        drawn = np.asarray(image)
        tracks = (drawn != 255) & (ground.cover != Cover.FOREST)
        ground.cover[tracks] = drawn[tracks]
        self._drape(ground, bounds)

    def _drape(self, ground: Ground, bounds: tuple[float, float, float, float]) -> None:
        image = Image.new("L", ground.window[2:], 255)
        draw = ImageDraw.Draw(image)
        box = shapely.box(*bounds)
        first = [one for one in self.terrain.traces if one.cover == Cover.WATER]
        for trace in first:
            self._trace(draw, trace.line, trace.width_m, trace.cover, ground.window, box)
        for cover, ring in self.terrain.areas:
            draw.polygon(_flat(self.pixels(ring, ground.window)), fill=int(cover))
        for trace in self.terrain.traces:
            if trace.cover != Cover.WATER:
                self._trace(draw, trace.line, trace.width_m, trace.cover, ground.window, box)
        drawn = np.asarray(image)
        mask = drawn != 255
        ground.cover[mask] = drawn[mask]

    def _trace(
        self,
        draw: ImageDraw.ImageDraw,
        line: Floats,
        width_m: float,
        cover: Cover,
        window: Window,
        box: object,
    ) -> None:
        if not shapely.intersects(shapely.box(*line.min(axis=0), *line.max(axis=0)), box):
            return
        width = max(1, round(width_m / PIXEL_M))
        draw.line(_flat(self.pixels(line, window)), fill=int(cover), width=width, joint="curve")

    def _settle(self, ground: Ground, place: Settlement) -> None:
        """Rows of houses facing south, yards and trees between them, inside a ragged outline."""
        reach = 1.3 * place.radius_m
        corners = np.array([(place.x_m - reach, place.y_m - reach), (place.x_m + reach, place.y_m + reach)])
        rows, columns = _slices(self.pixels(corners, ground.window), ground.cover.shape)
        if rows.stop <= rows.start or columns.stop <= columns.start:
            return
        u, v = self._turned(place.angle_rad, ground.window, rows, columns)
        inside = self._outline(place, ground.window, rows, columns) & ~np.isin(
            ground.cover[rows, columns], (Cover.RIVER, Cover.HIGHWAY, Cover.MEDIAN, Cover.ROAD)
        )
        cover, tint = (_town if place.urban else _village)(u, v, place.seed)
        np.copyto(ground.cover[rows, columns], cover, where=inside)
        np.copyto(ground.tint[rows, columns], tint, where=inside)

    def _outline(self, place: Settlement, window: Window, rows: slice, columns: slice) -> NDArray[np.bool_]:
        left, _, _, top = self.bounds(window)
        x = left + (np.arange(columns.start, columns.stop) + 0.5) * PIXEL_M - place.x_m
        y = top - (np.arange(rows.start, rows.stop) + 0.5) * PIXEL_M - place.y_m
        angle = np.arctan2(y[:, None], x[None, :])
        waves = np.random.default_rng(place.seed).uniform(0, 6.28, 3)
        edge = 0.85 + 0.16 * np.sin(2 * angle + waves[0]) + 0.12 * np.sin(3 * angle + waves[1])
        edge += 0.08 * np.sin(7 * angle + waves[2])
        return np.asarray(np.hypot(y[:, None], x[None, :]) < place.radius_m * edge)


def _village(u: NDArray[np.float32], v: NDArray[np.float32], seed: int) -> tuple[Bytes, Bytes]:
    """Houses of about 11 × 9 m on plots of 15 × 19 m, a lane every fourth row."""
    row, column, along, across, chance = _plots(u, v, 15.0, 19.0, seed)
    cover = np.where(chance % 5 < 3, Cover.YARD, Cover.TREES).astype(np.uint8)
    house = (chance > 50) & (along > 1.5) & (along < 13) & (across > 5) & (across < 14.5)
    cover[(chance > 50) & (along > 1.5) & (along < 13) & (across >= 14.5) & (across < 17)] = Cover.SHADOW
    cover[house] = Cover.ROOF
    cover[((row % 4 == 0) & (across < 4.5)) | ((column % 9 == 0) & (along < 4))] = Cover.LANE
    return cover, _roof_tints(chance)


def _town(u: NDArray[np.float32], v: NDArray[np.float32], seed: int) -> tuple[Bytes, Bytes]:
    """Slabs in walled quarters, streets around them, halls with coloured roofs among them."""
    street_u, street_v = np.mod(u, 168) < 14, np.mod(v, 132) < 12
    _, _, along, across, chance = _plots(u, v, 42.0, 33.0, seed)
    hall = chance % 7 == 0
    cover = np.where(chance % 3 == 0, Cover.TREES, Cover.YARD).astype(np.uint8)
    slab = (along > 4) & (along < 38) & (across > 5) & (across < np.where(hall, 28, 18)) & (chance > 24)
    cover[(along > 4) & (along < 38) & (across >= 18) & (across < 25) & (chance > 24) & ~hall] = Cover.SHADOW
    cover[slab] = np.where(hall, Cover.SHED, Cover.ROOF)[slab]
    cover[street_u | street_v] = Cover.ROAD
    return cover, _roof_tints(chance)


def _plots(
    u: NDArray[np.float32], v: NDArray[np.float32], width_m: float, depth_m: float, seed: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32], NDArray[np.float32], Bytes]:
    """Row and column of the plot of each pixel, metres inside it, and a number 0 … 255 per plot."""
    row, column = np.floor(v / depth_m).astype(np.int32), np.floor(u / width_m).astype(np.int32)
    deck = np.random.default_rng(seed).integers(0, 256, 4096).astype(np.uint8)
    chance = deck[(row * 61 + column * 17) & 4095]
    return row, column, u - column * np.float32(width_m), v - row * np.float32(depth_m), chance


def _roof_tints(chance: Bytes) -> Bytes:
    """Most roofs grey, some red, blue or white."""
    kinds = np.array([0, 1, 0, 1, 0, 5, 2, 1, 3, 0, 4, 1, 2, 0, 1, 5], dtype=np.uint8)
    return np.asarray(kinds[chance & 15] + (chance >> 4) * np.uint8(6))


def _scaled(texture: NDArray[np.float64]) -> NDArray[np.int16]:
    return np.asarray(np.clip(np.round(texture / texture.std() * 64), -200, 200), dtype=np.int16)


def _touching(boxes: Floats, bounds: tuple[float, float, float, float]) -> NDArray[np.bool_]:
    west, south, east, north = bounds
    across = (boxes[:, 0] < east) & (boxes[:, 2] > west)
    return np.asarray(across & (boxes[:, 1] < north) & (boxes[:, 3] > south))


def _flat(points: Floats) -> list[float]:
    return [float(one) for one in points.ravel()]


def _slices(points: Floats, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """The rows and columns of a window that the box of some pixel coordinates touches."""
    low, high = np.floor(points.min(axis=0)).astype(int), np.ceil(points.max(axis=0)).astype(int) + 1
    height, width = shape
    rows = slice(int(min(max(low[1], 0), height)), int(min(max(high[1], 0), height)))
    return rows, slice(int(min(max(low[0], 0), width)), int(min(max(high[0], 0), width)))
