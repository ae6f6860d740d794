"""The frames of a piece's page as images that a GIS, a slide or a message takes, world file and CRS beside them."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pyproj import CRS

from pipeline.sheets.canvas import Stroke
from pipeline.sheets.imagery import FrameImage
from pipeline.sheets.pens import ALONG_LINE, BORDER_ORDER, OUTLINE_ORDER, strokes
from pipeline.sheets.plan import ALONG, DetailSheet, MapLabel
from pipeline.sheets.style import Style

Kind = Literal["png", "jpeg"]
ENDS = {"png": (".png", ".pgw"), "jpeg": (".jpg", ".jgw")}
PIXEL_MM = 0.13  # about 200 dpi: coarser imagery is enlarged, so that lines and numbers can be read
SMOOTH = 2  # lines are drawn so much larger and reduced
QUALITY = 85
MM_PER_PT = 25.4 / 72


@dataclass(frozen=True)
class _Paper:
    """Pixels of the drawn image: of the frame's millimetres (x, y) at (x - x_mm, y - y_mm) × px_per_mm."""

    x_mm: float
    y_mm: float
    px_per_mm: tuple[float, float]

    def px(self, points_mm: Any) -> NDArray[np.float64]:
        return (np.asarray(points_mm, dtype=float) - (self.x_mm, self.y_mm)) * self.px_per_mm

    def width_px(self, width_mm: float) -> int:
        return max(1, round(width_mm * self.px_per_mm[0]))


def frame_file(
    sheet: DetailSheet, phase: str, made: FrameImage, style: Style, font: Path, kind: Kind
) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of a frame's image, its world file and its CRS.

    The image has the imagery of the frame with outlines and numbers of patches; it lies where its pixels lie.
    """
    image = _drawn(sheet, made, style, font)
    stem = f"{file_stem(sheet)}_{phase}"
    end, world = ENDS[kind]
    yield f"{stem}{end}", _encoded(image, kind)
    yield f"{stem}{world}", _world_file(made, image.size)
    yield f"{stem}{end}.aux.xml", _auxiliary(sheet.window.crs)


def file_stem(sheet: DetailSheet) -> str:
    """The number of the piece, and its patch number as far as any file system takes it."""
    number = sheet.fields["patch_no"]
    plain = "".join(one if one.isascii() and (one.isalnum() or one in "-_") else "_" for one in number).strip("_")[:40]
    return "_".join(one for one in (f"{int(sheet.fields['number']):04d}", plain) if one)


def _drawn(sheet: DetailSheet, made: FrameImage, style: Style, font: Path) -> Image.Image:
    ground = Image.open(io.BytesIO(made.jpeg)).convert("RGB")
    times = max(1, round(made.w_mm / made.width_px / PIXEL_MM))
    if times > 1:
        ground = ground.resize((ground.width * times, ground.height * times), Image.Resampling.BICUBIC)
    over = Image.new("RGBA", (ground.width * SMOOTH, ground.height * SMOOTH))
    paper = _Paper(made.x_mm, made.y_mm, (over.width / made.w_mm, over.height / made.h_mm))
    pencil = ImageDraw.Draw(over)
    _draw_borders(pencil, paper, sheet, style)
    _draw_outlines(pencil, paper, sheet, style)
    for border in (one for one in sheet.window.borders if one.kind == ALONG):
        _draw_line(pencil, paper, border.points, style.stroke(ALONG_LINE))
    for one in sheet.window.labels:
        _draw_label(pencil, paper, one, style, font)
    return Image.alpha_composite(ground.convert("RGBA"), over.reduce(SMOOTH)).convert("RGB")


def _draw_borders(pencil: ImageDraw.ImageDraw, paper: _Paper, sheet: DetailSheet, style: Style) -> None:
    for kind in BORDER_ORDER:
        lines = [one.points for one in sheet.window.borders if one.kind == kind]
        for stroke in strokes(style, kind) if lines else ():
            for line in lines:
                _draw_line(pencil, paper, line, stroke)


def _draw_outlines(pencil: ImageDraw.ImageDraw, paper: _Paper, sheet: DetailSheet, style: Style) -> None:
    for kind in OUTLINE_ORDER:
        rings = [ring for one in sheet.window.outlines if one.kind == kind for ring in one.rings]
        for stroke in strokes(style, kind) if rings else ():
            for ring in rings:
                _draw_line(pencil, paper, np.vstack([ring, ring[:1]]), stroke)


def _draw_line(pencil: ImageDraw.ImageDraw, paper: _Paper, points_mm: NDArray[np.float64], stroke: Stroke) -> None:
    width_px = paper.width_px(stroke.width_mm)
    for run in _dashes(points_mm, stroke.dash_mm):
        points = [(x, y) for x, y in paper.px(run).tolist()]
        pencil.line(points, stroke.colour, width_px, "curve")
        for x, y in (points[0], points[-1]) if not stroke.dash_mm else ():
            pencil.circle((x, y), width_px / 2, stroke.colour)


def _dashes(points_mm: NDArray[np.float64], dash_mm: Sequence[float]) -> Iterator[NDArray[np.float64]]:
    """The line itself, or its dashes, an even number of lengths in turn drawn and left."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points_mm, axis=0).T))])
    if not dash_mm or along[-1] == 0:
        yield points_mm
        return
    at, turn = 0.0, 0
    while at < along[-1]:
        end = min(at + dash_mm[turn % len(dash_mm)], float(along[-1]))
        if turn % 2 == 0:
            marks = np.concatenate([[at], along[(along > at) & (along < end)], [end]])
            yield np.column_stack([np.interp(marks, along, points_mm[:, axis]) for axis in (0, 1)])
        at, turn = end, turn + 1


def _draw_label(pencil: ImageDraw.ImageDraw, paper: _Paper, one: MapLabel, style: Style, font: Path) -> None:
    for stroke in strokes(style, f"{one.style}_leader") if one.leader else ():
        _draw_line(pencil, paper, np.asarray(one.leader), stroke)
    text = style.text(one.style)
    letters = _letters(font, paper.width_px(text.size_pt * MM_PER_PT))
    (place,) = paper.px([(one.x_mm, one.y_mm)]).tolist()
    halo_px = paper.width_px(text.halo_mm) if text.halo_mm else 0
    pencil.text(place, one.words, text.colour, letters, "ms", stroke_width=halo_px, stroke_fill=text.halo_colour)


@cache
def _letters(font: Path, size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(font), size_px, layout_engine=ImageFont.Layout.BASIC)


def _encoded(image: Image.Image, kind: Kind) -> bytes:
    buffer = io.BytesIO()
    if kind == "png":
        image.save(buffer, "PNG")
    else:
        image.save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def _world_file(made: FrameImage, size_px: tuple[int, int]) -> bytes:
    """Six lines as every GIS reads them: the sides of a pixel, and the middle of the upper left one."""
    left, low, right, high = made.ground
    x, y = (right - left) / size_px[0], (high - low) / size_px[1]
    lines = (x, 0.0, 0.0, -y, left + x / 2, high - y / 2)
    return "".join(f"{one:.10f}\n" for one in lines).encode("ascii")


@cache
def _auxiliary(crs: str) -> bytes:
    """The CRS as GDAL and ArcGIS look for it beside an image, with the order of its axes: the image has x before y."""
    system = CRS.from_user_input(crs)
    words = escape(system.to_wkt("WKT1_GDAL", output_axis_rule=True))
    order = "2,1" if system.axis_info[0].direction == "north" else "1,2"
    told = f'<SRS dataAxisToSRSAxisMapping="{order}">{words}</SRS>'
    return f"<PAMDataset>\n  {told}\n</PAMDataset>\n".encode()
