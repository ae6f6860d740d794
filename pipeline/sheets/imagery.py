"""The imagery of one map frame: a JPEG, where it lies in the frame, and what of the frame has none."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image

from pipeline.io.rasters import (
    Bounds,
    Grid,
    Pixels,
    TileCache,
    Window,
    burnt,
    covering,
    grid_in,
    hole_rings,
    meets,
    mosaic,
    moved,
    north_up,
    scene_grid,
)
from pipeline.records import Scene
from pipeline.sheets.box import Box
from pipeline.sheets.brightness import bright_share
from pipeline.sheets.operators import Points

COARSEST_PX_MM = 0.202  # a pixel on paper after halving: 126 to 252 dpi; two pixels of 2 m at 1:20,000 are one
WARPED_PX_MM = 0.127  # 200 dpi, where pixels are resampled anyway
QUALITY = 80
HALVED_CHROMA = 2  # Pillow's word for 4:2:0
GAP_MM = 1e-4  # edges closer than this are one
EDGE_SHARE = 1e-6  # of a piece: less beyond an outline is the rounding of a transform, not ground
SAMPLE_PX, NOISE = 8, 2  # one pixel in so many is looked at for whether an image is blank
COUNTED_PX = 4_000_000  # a piece is counted on no more pixels than these


@dataclass(frozen=True)
class GroundFrame:
    """A map frame: the sheet's projected CRS, its extent there (minx, miny, maxx, maxy), its size on paper."""

    crs: str
    extent: Bounds
    width_mm: float
    height_mm: float

    @property
    def mm_per_unit(self) -> float:
        """Millimetres on paper for one unit of the CRS."""
        return self.width_mm / (self.extent[2] - self.extent[0])


@dataclass(frozen=True)
class FrameImage:
    """What to draw in a frame; lengths are counted from the frame's upper left corner, y down.

    Attributes:
        jpeg: the image, b"" where no scene reaches the frame. It may reach over the frame's edge: draw it clipped.
        width_px, height_px, colours: of the image; 1 colour is grey.
        x_mm, y_mm, w_mm, h_mm: where the image lies.
        cover: share of the frame's area with imagery, exactly 1.0 if all of it.
        no_data_rings: rings to hatch (even-odd), clipped to the frame: where there is no imagery.
        ground: what the image shows (minx, miny, maxx, maxy) in the frame's CRS.
        blank: its pixels have a single value, but for the noise of a lossy file.
        bright: share of its pixels that are bright and colourless as clouds are, by the same look; 0.0 of grey ones.
        damaged: paths of files that cannot be read in some part of the frame.
    """

    jpeg: bytes
    width_px: int
    height_px: int
    colours: int
    x_mm: float
    y_mm: float
    w_mm: float
    h_mm: float
    cover: float
    no_data_rings: tuple[Points, ...]
    ground: Bounds
    blank: bool
    bright: float = 0.0
    damaged: tuple[str, ...] = ()

    def box(self, frame: Box) -> Box:
        """Where the image lies on the page, for a frame that lies at `frame`."""
        return Box(frame.x_mm + self.x_mm, frame.y_mm + self.y_mm, self.w_mm, self.h_mm)

    def rings(self, frame: Box) -> list[Points]:
        """`no_data_rings` on the page."""
        return [ring + np.array([frame.x_mm, frame.y_mm]) for ring in self.no_data_rings]


Paint = Callable[[Grid, Pixels], Pixels]


def _as_they_are(_: Grid, pixels: Pixels) -> Pixels:
    return pixels


def frame_image(
    cache: TileCache,
    scenes: Sequence[Scene],
    frame: GroundFrame,
    max_pixel_mm: float = COARSEST_PX_MM,
    paint: Paint = _as_they_are,
) -> FrameImage:
    """The imagery of a frame; of several scenes a later one fills what the earlier leave open.

    A north-up scene in the sheet's CRS is cropped, native pixels at their exact place; where it is finer than
    paper shows, halved until a pixel is just below `max_pixel_mm`. Any other is warped to 200 dpi or its own
    pixel, whichever is coarser. Pixels without imagery are painted white, and named to be hatched. `paint` makes of the
    pixels on their grid those that are encoded.

    Raises:
        BrokenRaster: a file cannot be opened.
    """
    near = [scene for scene in scenes if meets(scene, frame.crs, frame.extent)]
    if not near:
        return _nothing(frame)
    grid = _grid(near, frame, max_pixel_mm)
    pixels = mosaic(cache, near, grid)
    painted = paint(grid, pixels)
    place = _place(grid, frame)
    cover = _cover(grid, pixels, place, frame)
    return FrameImage(
        jpeg=_jpeg(painted),
        width_px=grid.width,
        height_px=grid.height,
        colours=1 if painted.values.shape[2] == 1 else 3,
        x_mm=place.x_mm,
        y_mm=place.y_mm,
        w_mm=place.w_mm,
        h_mm=place.h_mm,
        cover=cover,
        no_data_rings=() if cover == 1.0 else tuple(_no_data(grid, pixels, place, frame)),
        ground=grid.bounds,
        blank=_blank(pixels),
        bright=bright_share(pixels),
        damaged=pixels.damaged,
    )


def _nothing(frame: GroundFrame) -> FrameImage:
    size = (frame.width_mm, frame.height_mm)
    return FrameImage(b"", 0, 0, 1, 0.0, 0.0, *size, 0.0, (_around(frame),), frame.extent, False)


def piece_cover(scenes: Sequence[Scene], geometry: Any, storage_crs: str, cache: TileCache | None = None) -> float:
    """The share of a piece that lies on imagery: inside a scene's outline, and on pixels it declares valid.

    `geometry` is in `storage_crs`, as the footprints are; 1.0 exactly when all of it is covered.

    Raises:
        BrokenRaster: a file cannot be opened.
    """
    near = [scene for scene in scenes if scene.footprint.intersects(geometry)]
    if not near or geometry.is_empty:
        return 0.0
    outside = _outside_share(near, geometry, storage_crs)
    if cache is None:
        with TileCache() as own:
            return _valid_share(own, near, geometry, storage_crs, outside)
    return _valid_share(cache, near, geometry, storage_crs, outside)


def _outside_share(scenes: Sequence[Scene], geometry: Any, storage_crs: str) -> float:
    """How much of a piece lies beyond the scenes' outlines, measured in their own CRS, where these are exact."""
    if len({scene.crs for scene in scenes}) == 1:
        outlines = shapely.union_all([_outline(scene) for scene in scenes])
        shape = moved(geometry, storage_crs, scenes[0].crs)
    else:
        outlines, shape = shapely.union_all([scene.footprint for scene in scenes]), geometry
    share: float = 0.0 if outlines.covers(shape) else shape.difference(outlines).area / shape.area
    return 0.0 if share < EDGE_SHARE else share


def _outline(scene: Scene) -> Any:
    a, b, c, d, e, f = scene.transform
    corners = [(0, 0), (scene.width, 0), (scene.width, scene.height), (0, scene.height)]
    return shapely.Polygon([(a * col + b * row + c, d * col + e * row + f) for col, row in corners])


# -- the grid --------------------------------------------------------------------------------------------


def _grid(scenes: Sequence[Scene], frame: GroundFrame, max_pixel_mm: float) -> Grid:
    """The first scene's own pixels where they lie north up in the sheet's CRS, else pixels of the frame."""
    first = scenes[0]
    level = _halvings(first, frame, max_pixel_mm)
    own = grid_in(first, level, frame.crs, frame.extent)
    if own is None:
        return _frame_grid(first, frame)
    window = covering(own, frame.extent)
    if len(scenes) == 1:
        window = window.common(Window(0, 0, own.width, own.height))
    return _frame_grid(first, frame) if window.empty else own.cut(window)


def _halvings(scene: Scene, frame: GroundFrame, max_pixel_mm: float) -> int:
    own = scene.crs == frame.crs and north_up(scene)
    pixel_mm = scene_grid(scene).pixel_x * frame.mm_per_unit if own else _pixel_mm(scene, frame)
    return max(0, math.floor(math.log2(max_pixel_mm / pixel_mm)))


def _pixel_mm(scene: Scene, frame: GroundFrame) -> float:
    return scene.pixel_m * frame.mm_per_unit


def _frame_grid(scene: Scene, frame: GroundFrame) -> Grid:
    left, low, right, high = frame.extent
    pixel_mm = max(WARPED_PX_MM, _pixel_mm(scene, frame))
    width, height = max(1, round(frame.width_mm / pixel_mm)), max(1, round(frame.height_mm / pixel_mm))
    return Grid(frame.crs, left, high, (right - left) / width, (high - low) / height, width, height)


def _place(grid: Grid, frame: GroundFrame) -> Box:
    """Where the grid lies in the frame, in millimetres from its upper left corner."""
    left, low, right, high = frame.extent
    x_scale, y_scale = frame.width_mm / (right - left), frame.height_mm / (high - low)
    minx, miny, maxx, maxy = grid.bounds
    return Box((minx - left) * x_scale, (high - maxy) * y_scale, (maxx - minx) * x_scale, (maxy - miny) * y_scale)


# -- what there is, and what not -------------------------------------------------------------------------


def _jpeg(pixels: Pixels) -> bytes:
    height, width, depth = pixels.values.shape
    mode = "L" if depth == 1 else "RGBX"
    image = Image.frombuffer(mode, (width, height), np.ascontiguousarray(pixels.values), "raw", mode, 0, 1)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=QUALITY, subsampling=HALVED_CHROMA)
    return buffer.getvalue()


def _blank(pixels: Pixels) -> bool:
    """Whether what is shown has one value only, but for the noise of a lossy file; a still lake has more."""
    return _flat(pixels, SAMPLE_PX) and _flat(pixels, 1)


def _flat(pixels: Pixels, step_px: int) -> bool:
    """Whether every `step_px`th pixel with imagery has the same value, within noise."""
    seen = pixels.values[::step_px, ::step_px, :3]
    if pixels.mask is not None:
        seen = seen[pixels.mask[::step_px, ::step_px]]
    flat = seen.reshape(-1, seen.shape[-1])
    return bool(len(flat) > 1 and np.ptp(flat, axis=0).max() <= NOISE)


def _cover(grid: Grid, pixels: Pixels, place: Box, frame: GroundFrame) -> float:
    left, low, right, high = frame.extent
    across = _overlaps(grid.left + grid.pixel_x * np.arange(grid.width + 1), left, right)
    down = _overlaps(grid.pixel_y * np.arange(grid.height + 1) - grid.top, -high, -low)
    if _fills(place, frame) and (pixels.mask is None or pixels.mask[down > 0][:, across > 0].all()):
        return 1.0
    covered = across.sum() * down.sum() if pixels.mask is None else down @ pixels.mask @ across
    return min(float(covered) / ((right - left) * (high - low)), 1 - 1e-9)


def _fills(place: Box, frame: GroundFrame) -> bool:
    return place.inset(-GAP_MM).contains(Box(0.0, 0.0, frame.width_mm, frame.height_mm))


def _overlaps(edges: NDArray[np.floating[Any]], first: float, last: float) -> NDArray[np.floating[Any]]:
    """How much of each interval between `edges` lies between `first` and `last`."""
    return np.diff(np.clip(edges, first, last))


def _no_data(grid: Grid, pixels: Pixels, place: Box, frame: GroundFrame) -> list[Points]:
    rings = []
    if not _fills(place, frame):
        seen = place.common(Box(0.0, 0.0, frame.width_mm, frame.height_mm))
        rings += [_around(frame), np.array(seen.corners)]
    if pixels.mask is not None and not pixels.mask.all():
        scale = np.array([place.w_mm / grid.width, place.h_mm / grid.height])
        rings += [ring * scale + np.array([place.x_mm, place.y_mm]) for ring in hole_rings(pixels.mask)]
    return rings


def _around(frame: GroundFrame) -> Points:
    return np.array(Box(0.0, 0.0, frame.width_mm, frame.height_mm).corners)


def _valid_share(cache: TileCache, scenes: Sequence[Scene], geometry: Any, storage_crs: str, outside: float) -> float:
    if not any(cache.masked(scene) for scene in scenes):
        return 1.0 - outside
    grid = _counting_grid(scenes[0], geometry, storage_crs)
    shape = moved(geometry, storage_crs, grid.crs)
    inside = burnt(shape, grid)
    if not inside.any():
        inside = burnt(shape, grid, every=True)
    mask = mosaic(cache, scenes, grid).mask
    holes = 0.0 if mask is None else float(np.count_nonzero(inside & ~mask) / np.count_nonzero(inside))
    return 1.0 - max(outside, holes)


def _counting_grid(scene: Scene, geometry: Any, storage_crs: str) -> Grid:
    """Pixels of the scene's size under the piece, in the scene's CRS; on its own ones if they lie north up."""
    bounds = tuple(moved(geometry, storage_crs, scene.crs).bounds)
    own = grid_in(scene, 0, scene.crs, bounds) or _square_grid(scene, bounds)
    window = covering(own, bounds)
    if window.width * window.height <= COUNTED_PX:
        return own.cut(window)
    times = math.ceil(math.sqrt(window.width * window.height / COUNTED_PX))
    cut = own.cut(window)
    width, height = -(-window.width // times), -(-window.height // times)
    return Grid(cut.crs, cut.left, cut.top, cut.pixel_x * times, cut.pixel_y * times, width, height)


def _square_grid(scene: Scene, bounds: Bounds) -> Grid:
    a, b, _, d, e, _ = scene.transform
    side = math.sqrt(abs(a * e - b * d))
    return Grid(scene.crs, bounds[0], bounds[3], side, side, 1, 1)
