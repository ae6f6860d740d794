"""Small pictures of a piece before and after: for the card, and for a row of the workbook.

Decided here, in millimetres of the frame; north is up. What they show beside the outline is what a person needs who
sees nothing else of the map: the number, a scale bar, the county's border and the part that is another county's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import shapely

from pipeline.geometry.extent import Extent, frame_extent, to_frame
from pipeline.geometry.projection import Projection, project
from pipeline.io.rasters import TileCache
from pipeline.records import Piece, Scene
from pipeline.sheets.ground import OTHER, OWN, Ground
from pipeline.sheets.imagery import FrameImage, GroundFrame, frame_image
from pipeline.sheets.scale import ScaleBar, detail_scale, scale_bar
from pipeline.texts import Texts

PHASES = ("before", "after")
SHARE, PIXEL_MM = 0.5, 0.6  # of the frame a piece takes; the longest a native pixel is on paper
BAR_SHARE = 0.3  # of the frame's width, the longest scale bar
PIXEL_M = 2.0  # where there is no imagery
SEEN_SHARE = 0.01  # less of a patch is on these pictures smaller than a dash (0.7 mm)


@dataclass(frozen=True)
class Shot:
    """One picture: what lies in the frame, all of it in millimetres from the frame's upper left corner."""

    phase: str
    image: FrameImage
    number: str
    rings: tuple[Any, ...]  # the piece
    parts: tuple[Any, ...]  # rings of what other counties have of the same patch
    borders: tuple[Any, ...]  # lines between counties
    bar: ScaleBar


def shots_of(
    cache: TileCache,
    scenes: Sequence[Scene],
    projection: Projection,
    piece: Piece,
    size_mm: tuple[float, float],
    ground: Ground | None = None,
) -> tuple[Shot, ...]:
    """The pictures of a piece, before first; the same ground and scale in both, a phase without scenes left out.

    `ground` is that of its county on the same plane; without it no borders are known and no other county's part.

    Raises:
        BrokenRaster: a file cannot be opened.
    """
    shape = project(projection, [piece.geometry])[0]
    xmin, ymin, xmax, ymax = shape.bounds
    pixel_m = min((one.pixel_m for one in scenes), default=PIXEL_M)
    scale = detail_scale(xmax - xmin, ymax - ymin, size_mm, pixel_m, share=SHARE, pixel_mm=PIXEL_MM)
    extent = frame_extent(((xmin + xmax) / 2, (ymin + ymax) / 2), scale, *size_mm)
    frame = GroundFrame(projection.crs, extent.bounds, *size_mm)
    parts, borders = _around(ground, piece, extent) if ground else ([], [])
    drawn = (
        str(piece.seq),
        _placed(_rings_m([shape]), extent, scale),
        _placed(_rings_m(parts), extent, scale),
        _placed(borders, extent, scale),
        scale_bar(scale, size_mm[0] * BAR_SHARE, 2),
    )
    found = ((phase, [one for one in scenes if one.phase == phase]) for phase in PHASES)
    return tuple(Shot(phase, frame_image(cache, mine, frame), *drawn) for phase, mine in found if mine)


def _around(ground: Ground, piece: Piece, extent: Extent) -> tuple[list[Any], list[Any]]:
    """What other counties have of the patch, and lines between counties that meet the frame, both in metres."""
    others = [
        row
        for row in ground.visible(extent)
        if (one := ground.pieces[row]).patch_uid == piece.patch_uid and one.county_code != piece.county_code
    ]
    return [ground.shapes[row] for row in others], [
        line for kind, line in ground.borders.within(extent) if kind in (OWN, OTHER)
    ]


def _rings_m(shapes: Sequence[Any]) -> list[Any]:
    return [shapely.get_coordinates(one) for one in shapely.get_rings(shapely.get_parts(shapes))]


def _placed(lines: Sequence[Any], extent: Extent, scale: int) -> tuple[Any, ...]:
    return tuple(to_frame(one, extent, scale) for one in lines)


def reading_note(piece: Piece, words: Texts) -> str:
    """What has to be known to read the pictures of a piece: where north is, and what is another county's."""
    return words["sheet.joint"].join([words["sheet.picture.north"], *part_note(piece, words)])


def part_note(piece: Piece, words: Texts) -> list[str]:
    """What is said of other counties' part of the patch, where there is any: no dashes where nobody could see them."""
    if piece.piece_count < 2:
        return []
    seen = 1 - piece.area_share >= SEEN_SHARE
    return [words["sheet.picture.part" if seen else "sheet.picture.part_small"]]
