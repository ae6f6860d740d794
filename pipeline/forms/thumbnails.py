"""Thumbnails: the small pictures of a piece as JPEGs, for the picture sheet of the workbook."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from pipeline.forms.dashes import dashes
from pipeline.forms.shots import Shot
from pipeline.sheets.fonts import COMMITTED
from pipeline.sheets.imagery import FrameImage
from pipeline.sheets.scale import ScaleBar
from pipeline.shelf import shelf_file

PX_PER_MM = 6.0
FINER = 4  # times, outlines are drawn
LARGEST_BYTES = 15_000
_QUALITIES = (80, 65, 50, 35)
_BLACK, _WHITE, _YELLOW, _RED, _PALE = (0, 0, 0), (255, 255, 255), (255, 212, 0), (122, 16, 64), (246, 221, 231)
_DASH_MM, _PART_MM = (2.4, 0.9), (1.5, 1.0)  # on and off, of borders and of another county's part
_EDGE_MM, _BAR_MM = 1.2, 0.9  # words and bar from the frame; the height of the bar
_NUMBER_MM, _LABEL_MM = 3.8, 2.8  # em

Ink = tuple[tuple[int, int, int], Image.Image]  # a colour, and how much of it each pixel has


def thumbnails(shots: Sequence[Shot], size_mm: tuple[float, float]) -> Mapping[str, bytes]:
    """JPEGs of at most `LARGEST_BYTES` by phase, of the phases that have imagery there; both show the same lines."""
    shown = [one for one in shots if one.image.jpeg]
    inks = list(_inks(shown[0], size_mm)) if shown else []
    return {one.phase: _thumbnail(one, size_mm, inks) for one in shown}


def _thumbnail(shot: Shot, size_mm: tuple[float, float], inks: Sequence[Ink]) -> bytes:
    picture = _laid(shot.image, size_mm)
    for colour, mask in inks:
        picture.paste(colour, mask=mask)
    _words(picture, (_EDGE_MM, _EDGE_MM / 2), shot.number, _NUMBER_MM, "la")
    _bar(picture, shot.bar)
    return _small(picture, PX_PER_MM)


def _inks(shot: Shot, size_mm: tuple[float, float]) -> Iterator[Ink]:
    """Borders, then another county's part, then the piece, each over its casing."""
    size_px = round(size_mm[0] * PX_PER_MM), round(size_mm[1] * PX_PER_MM)
    told = (
        (_PALE, shot.borders, 5),
        (_RED, [dash for one in shot.borders for dash in dashes(one, *_DASH_MM)], 2),
        (_BLACK, shot.parts, 4),
        (_YELLOW, [dash for one in shot.parts for dash in dashes(one, *_PART_MM)], 2),
        (_BLACK, shot.rings, 4),
        (_YELLOW, shot.rings, 2),
    )
    return ((colour, _inked(lines, size_px, width_px)) for colour, lines, width_px in told if lines)


def _inked(lines: Sequence[Any], size_px: tuple[int, int], width_px: int) -> Image.Image:
    """How much ink each pixel has; drawn larger and reduced: Pillow's thin lines lose half their width by chance."""
    ink = Image.new("L", (size_px[0] * FINER, size_px[1] * FINER))
    pen = ImageDraw.Draw(ink)
    for line in lines:
        pen.line([(x, y) for x, y in (line * PX_PER_MM * FINER).tolist()], 255, width_px * FINER, joint="curve")
    return ink.reduce(FINER)


def _bar(picture: Image.Image, bar: ScaleBar) -> None:
    """A bar of two parts at the lower left, its length beside it."""
    pen, top = ImageDraw.Draw(picture), picture.height / PX_PER_MM - 1.5 * _EDGE_MM - _BAR_MM
    for part, fill in zip(range(bar.parts), (_BLACK, _WHITE), strict=True):
        left = _EDGE_MM + part * bar.part_mm
        corners = [(left, top), (left + bar.part_mm, top + _BAR_MM)]
        pen.rectangle([(round(x * PX_PER_MM), round(y * PX_PER_MM)) for x, y in corners], fill, _BLACK)
    beside = (_EDGE_MM + bar.length_mm + 0.8, top + _BAR_MM / 2)
    _words(picture, beside, f"{bar.labels[-1]} {bar.unit}", _LABEL_MM, "lm")


def _words(picture: Image.Image, at_mm: tuple[float, float], words: str, em_mm: float, anchor: str) -> None:
    """White words with a black edge."""
    at = (round(at_mm[0] * PX_PER_MM), round(at_mm[1] * PX_PER_MM))
    font = _font(round(em_mm * PX_PER_MM))
    ImageDraw.Draw(picture).text(at, words, _WHITE, font, anchor, stroke_width=2, stroke_fill=_BLACK)


@cache
def _font(em_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(shelf_file(COMMITTED, None)), em_px, layout_engine=ImageFont.Layout.BASIC)


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
