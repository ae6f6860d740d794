"""Small pictures of a piece before and after, with its outline: for the card, and for a row of the workbook."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from PIL import Image, ImageDraw

from pipeline.geometry.extent import frame_extent, to_frame
from pipeline.geometry.projection import Projection, project
from pipeline.io.rasters import TileCache
from pipeline.records import Piece, Scene
from pipeline.sheets.imagery import FrameImage, GroundFrame, frame_image
from pipeline.sheets.scale import detail_scale

PHASES = ("before", "after")
SHARE, PIXEL_MM = 0.5, 0.6  # of the frame a piece takes; the longest a native pixel is on paper
PIXEL_M = 2.0  # where there is no imagery
PX_PER_MM = 6.0  # of a thumbnail
FINER = 4  # times, outlines are drawn
LARGEST_BYTES = 15_000
_QUALITIES = (80, 65, 50, 35)
_CASING, _LINE = (0, 0, 0), (255, 212, 0)


@dataclass(frozen=True)
class Shot:
    """One picture: what lies in the frame, and the outline in millimetres from the frame's upper left corner."""

    phase: str
    image: FrameImage
    rings: tuple[Any, ...]


def shots_of(
    cache: TileCache,
    scenes: Sequence[Scene],
    projection: Projection,
    piece: Piece,
    size_mm: tuple[float, float],
) -> tuple[Shot, ...]:
    """The pictures of a piece, before first; the same ground and scale in both, a phase without scenes left out.

    Raises:
        BrokenRaster: a file cannot be opened.
    """
    shape = project(projection, [piece.geometry])[0]
    xmin, ymin, xmax, ymax = shape.bounds
    pixel_m = min((one.pixel_m for one in scenes), default=PIXEL_M)
    scale = detail_scale(xmax - xmin, ymax - ymin, size_mm, pixel_m, share=SHARE, pixel_mm=PIXEL_MM)
    extent = frame_extent(((xmin + xmax) / 2, (ymin + ymax) / 2), scale, *size_mm)
    frame = GroundFrame(projection.crs, extent.bounds, *size_mm)
    rings = tuple(
        to_frame(shapely.get_coordinates(one), extent, scale) for one in shapely.get_rings(shapely.get_parts(shape))
    )
    found = ((phase, [one for one in scenes if one.phase == phase]) for phase in PHASES)
    return tuple(Shot(phase, frame_image(cache, mine, frame), rings) for phase, mine in found if mine)


def thumbnail(shot: Shot, size_mm: tuple[float, float]) -> bytes:
    """A shot as a JPEG of at most `LARGEST_BYTES`, its outline drawn in; b"" where it has no imagery."""
    if not shot.image.jpeg:
        return b""
    picture = _laid(shot.image, size_mm)
    for colour, width_px in ((_CASING, 4), (_LINE, 2)):
        picture.paste(colour, mask=_inked(shot.rings, picture.size, width_px))
    return _small(picture, PX_PER_MM)


def _inked(rings: Sequence[Any], size_px: tuple[int, int], width_px: int) -> Image.Image:
    """How much ink each pixel has; drawn larger and reduced: Pillow's thin lines lose half their width by chance."""
    ink = Image.new("L", (size_px[0] * FINER, size_px[1] * FINER))
    pen = ImageDraw.Draw(ink)
    for ring in rings:
        pen.line([(x, y) for x, y in (ring * PX_PER_MM * FINER).tolist()], 255, width_px * FINER, joint="curve")
    return ink.reduce(FINER)


def thumbnails(shots: Sequence[Shot], size_mm: tuple[float, float]) -> Mapping[str, bytes]:
    """JPEGs by phase, of the phases that have imagery there."""
    made = {one.phase: thumbnail(one, size_mm) for one in shots}
    return {phase: jpeg for phase, jpeg in made.items() if jpeg}


def _laid(image: FrameImage, size_mm: tuple[float, float]) -> Image.Image:
    """The frame as pixels, white where there is no imagery."""
    paper = Image.new("RGB", (round(size_mm[0] * PX_PER_MM), round(size_mm[1] * PX_PER_MM)), (255, 255, 255))
    with Image.open(io.BytesIO(image.jpeg)) as held:
        part = held.convert("RGB").resize((round(image.w_mm * PX_PER_MM), round(image.h_mm * PX_PER_MM)))
    paper.paste(part, (round(image.x_mm * PX_PER_MM), round(image.y_mm * PX_PER_MM)))
    return paper


def _small(picture: Image.Image, px_per_mm: float) -> bytes:
    """As a JPEG that is small enough, of lower quality where it must be, then of fewer pixels."""
    made = (_encoded(picture, quality, px_per_mm) for quality in _QUALITIES)
    found = next((one for one in made if len(one) <= LARGEST_BYTES), b"")
    return found or _small(picture.reduce(2), px_per_mm / 2)


def _encoded(picture: Image.Image, quality: int, px_per_mm: float) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality, dpi=(px_per_mm * 25.4, px_per_mm * 25.4))
    return buffer.getvalue()
