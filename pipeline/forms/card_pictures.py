"""The pictures of a card, before and after: imagery, the patch and its number, county lines, a scale bar, a caption."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.forms.cleaning import cut_text
from pipeline.forms.paper import DARK, GREY, INK, in_row
from pipeline.forms.shots import PHASES, Shot, part_note, shots_of
from pipeline.io.rasters import TileCache
from pipeline.records import Piece, Scene
from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas, Stroke, TextStyle
from pipeline.sheets.ground import Ground
from pipeline.sheets.pdf import PdfWriter
from pipeline.sheets.scale import ScaleBar
from pipeline.texts import Texts

CAPTION = TextStyle(7.6, INK)
_NONE = TextStyle(8.0, GREY)
_NUMBER = TextStyle(11.0, INK, halo_mm=0.6, bold=True)
_LABEL = TextStyle(7.0, INK, halo_mm=0.5)
_YELLOW, _RED, _PALE = "#FFD400", "#7A1040", "#F6DDE7"
_CASING, _OUTLINE = Stroke(0.9, "#000000", join="round"), Stroke(0.45, _YELLOW, join="round")
_PART = Stroke(0.45, _YELLOW, (1.5, 1.0))
_BORDERS = Stroke(1.0, _PALE, join="round"), Stroke(0.4, _RED, (2.4, 0.9))
_EDGE_MM, _BAR_MM = 2.0, 1.0


def draw_pictures(
    canvas: Canvas,
    writer: PdfWriter,
    cache: TileCache,
    ground: Ground,
    scenes: Sequence[Scene],
    frames: Sequence[Box],
    piece: Piece,
    words: Texts,
) -> None:
    """Draw a piece as `scenes` show it into two frames of one size; the captions stand below."""
    shots = shots_of(cache, scenes, ground.projection, piece, (frames[0].w_mm, frames[0].h_mm), ground)
    found = {one.phase: one for one in shots}
    notes = dict(zip(PHASES, _notes(piece, shots, words), strict=True))
    dates = {"before": piece.phase_before, "after": piece.phase_after}
    for phase, frame in zip(PHASES, frames, strict=True):
        if phase in found and found[phase].image.jpeg:
            _picture(canvas, writer, frame, found[phase])
        else:
            in_row(canvas, frame, words["sheet.legend.bare"], _NONE, "middle")
        canvas.rect(frame, None, DARK)
        caption = f"{words[f'sheet.{phase}']} {' '.join(cut_text(dates[phase], 40, '…').split())}".strip()
        told = words["sheet.joint"].join(one for one in (caption, notes[phase]) if one)
        in_row(canvas, Box(frame.x_mm, frame.bottom + 0.5, frame.w_mm, 4.2), told, CAPTION)


def _notes(piece: Piece, shots: Sequence[Shot], words: Texts) -> tuple[str, str]:
    """What has to be known to read the pictures, shared out between their captions."""
    border = [words["card.border"]] if any(one.borders for one in shots) else []
    joint = words["sheet.joint"]
    return joint.join([words["sheet.picture.north"], *border]), joint.join(part_note(piece, words))


def _picture(canvas: Canvas, writer: PdfWriter, frame: Box, shot: Shot) -> None:
    image = shot.image
    with canvas.clipped(frame):
        ref = writer.image(image.jpeg, image.width_px, image.height_px, image.colours)
        canvas.image(ref, image.box(frame))
        canvas.lines(_placed(frame, shot.borders), *_BORDERS)
        canvas.lines(_placed(frame, shot.parts), _CASING, _PART, closed=True)
        canvas.lines(_placed(frame, shot.rings), _CASING, _OUTLINE, closed=True)
    canvas.text(frame.x_mm + _EDGE_MM, frame.y_mm + 5.0, shot.number, _NUMBER)
    _bar(canvas, frame, shot.bar)


def _placed(frame: Box, lines: Sequence[Any]) -> list[Any]:
    return [line + (frame.x_mm, frame.y_mm) for line in lines]


def _bar(canvas: Canvas, frame: Box, bar: ScaleBar) -> None:
    """A bar at the lower left, its first half black, its length beside it."""
    box = Box(frame.x_mm + _EDGE_MM, frame.bottom - _EDGE_MM - _BAR_MM, bar.length_mm, _BAR_MM)
    canvas.rect(box.inset(-0.3), "#FFFFFF")
    canvas.rect(box, "#FFFFFF", Stroke(0.2, INK))
    canvas.rect(Box(box.x_mm, box.y_mm, bar.length_mm / 2, _BAR_MM), INK)
    canvas.text(box.right + 1.0, box.bottom + 0.3, f"{bar.labels[-1]} {bar.unit}", _LABEL)
