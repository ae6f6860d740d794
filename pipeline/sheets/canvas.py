"""A page in millimetres: origin at the top left, y down, text on its baseline.

Every mark is recorded with the box it inks and the element it belongs to, so that "nothing overlaps, nothing
leaves the paper" is a plain test. Coordinates are rounded to a hundredth of a point; the same calls give the
same operators.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any, NamedTuple

import numpy as np

from pipeline.sheets.box import Box, between
from pipeline.sheets.fonts import MM_PER_PT, Font
from pipeline.sheets.lines import broken
from pipeline.sheets.operators import PT_PER_MM, Points, colour, number, numbers, on_paper, path
from pipeline.sheets.pdf import (
    HALO_FONT,
    TEXT_FONT,
    Content,
    Corners,
    Edges,
    Furniture,
    ImageRef,
    Link,
    Viewport,
)

__all__ = ["Box", "Canvas", "Furniture", "ImageRef", "Inked", "Placed", "Stroke", "TextStyle"]

BOLD_EM = 0.032  # the stroke that thickens a letter
PRIMARY_MM = 0.02  # GDAL takes the largest viewport for the page's: the first is that much larger
SMALLEST_PT = 5.0
_STEP_PT = 0.05  # sizes of shrunk text
_ARC = 4 / 3 * (math.sqrt(2) - 1)  # control points of a quarter circle
_CAPS = {"butt": 0, "round": 1}
_JOINS = {"miter": 0, "round": 1}
_ANCHORS = {"start": 0.0, "middle": 0.5, "end": 1.0}


@dataclass(frozen=True)
class Stroke:
    """How a line is drawn."""

    width_mm: float
    colour: str  # "#RRGGBB"
    dash_mm: tuple[float, ...] = ()
    cap: str = "butt"  # | "round"
    join: str = "miter"  # | "round"


@dataclass(frozen=True)
class TextStyle:
    """How words are set; a halo is drawn around them first."""

    size_pt: float
    colour: str = "#000000"
    halo_mm: float = 0.0
    halo_colour: str = "#FFFFFF"
    bold: bool = False
    tracking_mm: float = 0.0


@dataclass(frozen=True)
class Inked:
    """One mark: its element, its kind (text, line, area, circle, image, hatch), its box, its words."""

    element: str
    kind: str
    box: Box
    words: str = ""
    cut_mm: float = 0.0  # how far it reaches beyond what it is clipped to


@dataclass(frozen=True)
class Placed:
    """An image with its place on paper."""

    image: ImageRef
    box: Box


class Canvas:
    """One page, or one piece of furniture. Its methods draw at once, in the order they are called."""

    def __init__(self, width_mm: float, height_mm: float, font: Font) -> None:
        self.width_mm, self.height_mm, self.font = width_mm, height_mm, font
        self._parts: list[str] = []
        self._state: dict[str, str] = {}
        self._stack: list[dict[str, str]] = []
        self._elements: list[str] = []
        self._clips: list[Box] = []
        self._inked: list[Inked] = []
        self._characters: set[str] = set()
        self._below: list[tuple[int, bool]] = []
        self._heading, self._description = "", ""
        self._xobjects: dict[int, None] = {}
        self._opacities: dict[int, None] = {}
        self._layers: dict[str, int] = {}
        self._links: list[Link] = []
        self._destinations: list[tuple[str, float]] = []
        self._viewports: list[Viewport] = []

    @property
    def box(self) -> Box:
        """The whole page."""
        return Box(0.0, 0.0, self.width_mm, self.height_mm)

    @property
    def inked(self) -> list[Inked]:
        """Every mark so far, in order of drawing."""
        return list(self._inked)

    # -- words -------------------------------------------------------------------------------------------

    def text(
        self,
        x_mm: float,
        y_mm: float,
        words: str,
        style: TextStyle,
        anchor: str = "start",
        rotate_deg: float = 0.0,
    ) -> Box:
        """Set `words` with their anchor at (x, y) on the baseline; returns the inked box.

        `rotate_deg` turns them counter-clockwise about that point: 90 reads upwards. Raises MissingGlyph.
        """
        set_ = _typeset(self.font, words)
        if not words:
            return Box(x_mm, y_mm, 0.0, 0.0)
        self._characters.update(words)
        width_mm = self.text_width_mm(words, style)
        turn = math.radians(rotate_deg)
        back_mm = _ANCHORS[anchor] * width_mm
        left_mm, base_mm = x_mm - back_mm * math.cos(turn), y_mm + back_mm * math.sin(turn)
        self._set("tracking", f"{number(style.tracking_mm * PT_PER_MM)} Tc")
        shown = f"BT {self._text_matrix(left_mm, base_mm, turn)} <{set_.codes}> Tj ET"
        self._show(shown, style)
        return self._record_text(words, style, (left_mm, base_mm), width_mm, turn)

    def text_width_mm(self, words: str, style: TextStyle) -> float:
        """The advance width of `words`; raises MissingGlyph."""
        return _typeset(self.font, words).width_mm_pt * style.size_pt + style.tracking_mm * max(0, len(words) - 1)

    def fit(self, words: str, style: TextStyle, width_mm: float, min_pt: float = SMALLEST_PT) -> TextStyle:
        """`style`, shrunk until `words` are no wider than `width_mm`, but never below `min_pt`."""
        gaps_mm = style.tracking_mm * max(0, len(words) - 1)
        letters_mm = _typeset(self.font, words).width_mm_pt * style.size_pt
        if letters_mm + gaps_mm <= width_mm:
            return style
        wanted_pt = style.size_pt * max(0.0, width_mm - gaps_mm) / letters_mm
        size_pt = math.floor(wanted_pt / _STEP_PT + 1e-9) * _STEP_PT
        return replace(style, size_pt=round(min(style.size_pt, max(min_pt, size_pt)), 2))

    def wrap(self, words: str, style: TextStyle, width_mm: float) -> list[str]:
        """`words` in lines of at most `width_mm`, broken where hanzi and words may be."""
        return broken(words, lambda part: self.text_width_mm(part, style), width_mm)

    # -- shapes ------------------------------------------------------------------------------------------

    def line(self, points: Any, stroke: Stroke, closed: bool = False) -> None:
        """A polyline: (N, 2) millimetres."""
        self.lines([points], stroke, closed=closed)

    def lines(self, parts: Sequence[Any], *strokes: Stroke, closed: bool = False) -> None:
        """Polylines or rings as one path, a list of (N, 2) millimetres, drawn with each stroke: a casing first."""
        joined = _joined(parts)
        outline = self._path(joined, closed)
        for stroke in strokes:
            self._paint(outline, None, stroke)
            self._record_points("line", joined, stroke)

    def area(self, rings: Sequence[Any], fill: str | None, stroke: Stroke | None = None) -> None:
        """Rings of (N, 2) millimetres, even-odd: a hole is a ring inside another."""
        joined = _joined(rings)
        self._paint(self._path(joined, True), fill, stroke)
        self._record_points("area", joined, stroke)

    def rect(self, box: Box, fill: str | None = None, stroke: Stroke | None = None) -> None:
        self._paint(self._rectangle(box), fill, stroke)
        self._record("area", box.inset(-_reach_mm(stroke)))

    def circle(
        self, x_mm: float, y_mm: float, r_mm: float, fill: str | None = None, stroke: Stroke | None = None
    ) -> None:
        x, y, r = x_mm * PT_PER_MM, (self.height_mm - y_mm) * PT_PER_MM, r_mm * PT_PER_MM
        c = r * _ARC
        arcs = [
            (x + r, y + c, x + c, y + r, x, y + r),
            (x - c, y + r, x - r, y + c, x - r, y),
            (x - r, y - c, x - c, y - r, x, y - r),
            (x + c, y - r, x + r, y - c, x + r, y),
        ]
        curves = "".join(f"{numbers(*arc)} c\n" for arc in arcs)
        self._paint(f"{numbers(x + r, y)} m\n{curves}h\n", fill, stroke)
        self._record("circle", Box(x_mm - r_mm, y_mm - r_mm, 2 * r_mm, 2 * r_mm).inset(-_reach_mm(stroke)))

    def hatch(self, where: Box | Sequence[Any], spacing_mm: float, stroke: Stroke, angle_deg: float = 45.0) -> None:
        """Parallel lines inside a box or rings; `angle_deg` counter-clockwise from the horizontal.

        Lines of neighbouring hatches meet: they are counted from the page's corner.
        """
        joined = _joined([where.corners] if isinstance(where, Box) else where)
        if not joined.sizes:
            return
        around = joined.box
        self._push(f"{self._path(joined, True)}W* n")
        self._paint(self._path(_joined(_parallels(around, spacing_mm, angle_deg)), False), None, stroke)
        self._pop()
        self._record("hatch", around)

    def image(self, image: ImageRef | Placed, box: Box | None = None, opacity: float = 1.0) -> None:
        """An image stretched to `box`, or to its own place."""
        ref, where = (image.image, box or image.box) if isinstance(image, Placed) else (image, box)
        if where is None:
            raise ValueError("an image needs a box")
        self._xobjects[ref.number] = None
        state = ""
        if opacity < 1.0:
            percent = round(opacity * 100)
            self._opacities[percent] = None
            state = f"/G{percent} gs "
        scale = numbers(where.w_mm * PT_PER_MM, 0, 0, where.h_mm * PT_PER_MM, decimals=3)
        corner = numbers(where.x_mm * PT_PER_MM, (self.height_mm - where.bottom) * PT_PER_MM, decimals=3)
        self._parts.append(f"q {state}{scale} {corner} cm /X{ref.number} Do Q")
        self._record("image", where)

    def furniture(self, furniture: Furniture, heard: bool = False) -> None:
        """Draw what was declared static, below all else; its marks count as this page's.

        Who has the page read aloud is told its words with those of the page where it is to be `heard`.
        """
        if self._parts:
            raise ValueError("furniture lies below what is of the page: it is drawn first")
        self._xobjects[furniture.number] = None
        self._below.append((furniture.number, heard))
        if isinstance(furniture.drawing, Canvas):
            self._inked += furniture.drawing.inked

    # -- contexts ----------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def clipped(self, box: Box) -> Iterator[None]:
        """What is drawn inside shows only within `box`, and counts as inked only there."""
        self._push(f"{self._rectangle(box)}W n")
        self._clips.append(self._clips[-1].common(box) if self._clips else box)
        try:
            yield
        finally:
            self._clips.pop()
            self._pop()

    @contextlib.contextmanager
    def element(self, name: str) -> Iterator[None]:
        """What is drawn inside is recorded under `name`; the innermost name counts."""
        self._elements.append(name)
        try:
            yield
        finally:
            self._elements.pop()

    @contextlib.contextmanager
    def layer(self, name: str) -> Iterator[None]:
        """What is drawn inside belongs to the layer a reader can switch off under `name`."""
        at = self._layers.setdefault(name, len(self._layers))
        self._parts.append(f"/OC /L{at} BDC")
        try:
            yield
        finally:
            self._parts.append("EMC")

    # -- what is not ink ---------------------------------------------------------------------------------

    def describe(self, heading: str, description: str = "") -> None:
        """What the page is called and, where its own words would not do, what is read aloud in their place."""
        self._heading, self._description = heading, description

    def link(self, box: Box, target: str, words: str = "") -> None:
        """`box` leads to "#destination" in this PDF, or to a URI; `words` say where to."""
        self._links.append(Link(self._edges(box), target, words))

    def destination(self, name: str, y_mm: float = 0.0) -> None:
        """Links to "#name" lead here."""
        self._destinations.append((name, (self.height_mm - y_mm) * PT_PER_MM))

    def georeference(self, box_mm: Box, crs_wkt_or_epsg: str, gpts_lonlat: Corners, name: str) -> None:
        """Say where the frame `box_mm` lies on the ground; the first frame of a page is its primary one.

        `gpts_lonlat` are its corners in degrees of the geographic CRS that `crs_wkt_or_epsg` is built on:
        upper left, lower left, lower right, upper right. A frame may not be turned by 90 degrees or more.
        """
        _check_corners(gpts_lonlat)
        grown_mm = 0.0 if self._viewports else PRIMARY_MM / 2
        across = grown_mm / (box_mm.w_mm + 2 * grown_mm)
        up = grown_mm / (box_mm.h_mm + 2 * grown_mm)
        lpts = ((across, 1 - up), (across, up), (1 - across, up), (1 - across, 1 - up))
        edges = self._edges(box_mm.inset(-grown_mm))
        self._viewports.append(Viewport(name, edges, crs_wkt_or_epsg, lpts, gpts_lonlat))

    # -- handing over ------------------------------------------------------------------------------------

    def operators(self) -> bytes:
        """The content stream of what is of this page alone."""
        return "\n".join(self._parts).encode("ascii")

    def content(self) -> Content:
        """Operators and all they refer to, for the writer."""
        return Content(
            width_pt=self.width_mm * PT_PER_MM,
            height_pt=self.height_mm * PT_PER_MM,
            operators=self.operators(),
            below=tuple(self._below),
            heading=self._heading,
            description=self._description,
            characters=frozenset(self._characters),
            xobjects=tuple(self._xobjects),
            opacities=tuple(self._opacities),
            layers=tuple(self._layers),
            links=tuple(self._links),
            destinations=tuple(self._destinations),
            viewports=tuple(self._viewports),
        )

    # -- operators ---------------------------------------------------------------------------------------

    def _set(self, key: str, operator: str) -> None:
        """Change the graphics state, if it is not so already."""
        if self._state.get(key) != operator:
            self._state[key] = operator
            self._parts.append(operator)

    def _push(self, clip: str) -> None:
        self._parts.append(f"q {clip}")
        self._stack.append(dict(self._state))

    def _pop(self) -> None:
        self._parts.append("Q")
        self._state = self._stack.pop()

    def _pen(self, stroke: Stroke) -> None:
        for key, operator in _pen(stroke):
            self._set(key, operator)

    def _paint(self, outline: str, fill: str | None, stroke: Stroke | None) -> None:
        if not outline or (fill is None and stroke is None):
            return
        if fill is not None:
            self._set("fill", f"{colour(fill)} rg")
        if stroke is not None:
            self._pen(stroke)
        operator = "f*" if stroke is None else "S" if fill is None else "B*"
        self._parts.append(outline + operator)

    def _path(self, joined: _Joined, closed: bool) -> str:
        return path(on_paper(joined.points, self.height_mm), joined.sizes, closed)

    def _rectangle(self, box: Box) -> str:
        left, low, right, high = (round(one, 2) for one in self._edges(box))
        return f"{numbers(left, low, right - left, high - low)} re\n"

    def _edges(self, box: Box) -> Edges:
        top, bottom = self.height_mm - box.y_mm, self.height_mm - box.bottom
        return (box.x_mm * PT_PER_MM, bottom * PT_PER_MM, box.right * PT_PER_MM, top * PT_PER_MM)

    def _text_matrix(self, x_mm: float, y_mm: float, turn: float) -> str:
        at = numbers(x_mm * PT_PER_MM, (self.height_mm - y_mm) * PT_PER_MM)
        if turn == 0.0:
            return f"{at} Td"
        cos, sin = math.cos(turn), math.sin(turn)
        return f"{numbers(cos, sin, -sin, cos, decimals=6)} {at} Tm"

    def _show(self, shown: str, style: TextStyle) -> None:
        size = number(style.size_pt)
        if style.halo_mm > 0:
            self._pen(_halo(style))
            self._set("font", f"/{HALO_FONT} {size} Tf")
            self._set("mode", "1 Tr")
            self._parts.append(shown)
        if style.bold:
            self._pen(_thickening(style))
        self._set("fill", f"{colour(style.colour)} rg")
        self._set("font", f"/{TEXT_FONT} {size} Tf")
        self._set("mode", "2 Tr" if style.bold else "0 Tr")
        self._parts.append(shown)

    # -- the record --------------------------------------------------------------------------------------

    def _record(self, kind: str, box: Box, words: str = "") -> None:
        cut_mm = 0.0
        if self._clips:
            clip = self._clips[-1]
            cut_mm = max(clip.x_mm - box.x_mm, clip.y_mm - box.y_mm, box.right - clip.right, box.bottom - clip.bottom)
            box = box.common(clip)
        if box.w_mm >= 0 and box.h_mm >= 0:
            element = self._elements[-1] if self._elements else ""
            self._inked.append(Inked(element, kind, box, words, max(cut_mm, 0.0)))

    def _record_points(self, kind: str, joined: _Joined, stroke: Stroke | None) -> None:
        if joined.sizes:
            self._record(kind, joined.box.inset(-_reach_mm(stroke)))

    def _record_text(
        self, words: str, style: TextStyle, base: tuple[float, float], width_mm: float, turn: float
    ) -> Box:
        set_ = _typeset(self.font, words)
        low, high = set_.low_em * style.size_pt * MM_PER_PT, set_.high_em * style.size_pt * MM_PER_PT
        reach_mm = max(style.halo_mm, BOLD_EM / 2 * style.size_pt * MM_PER_PT if style.bold else 0.0)
        box = _turned(base, width_mm, low, high, turn).inset(-reach_mm)
        if words.strip():
            self._record("text", box, words)
        return box


class _Typeset(NamedTuple):
    """Words in a font: their codes in hexadecimal, the advance for one point of size, the ink's lowest and highest."""

    codes: str
    width_mm_pt: float
    low_em: float
    high_em: float


@lru_cache(maxsize=8192)
def _typeset(font: Font, words: str) -> _Typeset:
    """Much of what a page says stands on others too, and each word is measured several times."""
    return _Typeset(font.encoded(words).hex().upper(), font.width_mm(words, 1.0), *font.extent_em(words))


@cache
def _pen(stroke: Stroke) -> tuple[tuple[str, str], ...]:
    """The graphics state of a stroke: what each operator sets, and the operator."""
    return (
        ("width", f"{number(stroke.width_mm * PT_PER_MM, 3)} w"),
        ("stroke", f"{colour(stroke.colour)} RG"),
        ("cap", f"{_CAPS[stroke.cap]} J"),
        ("join", f"{_JOINS[stroke.join]} j"),
        ("dash", f"[{numbers(*(one * PT_PER_MM for one in stroke.dash_mm))}] 0 d"),
    )


@cache
def _halo(style: TextStyle) -> Stroke:
    return Stroke(2 * style.halo_mm, style.halo_colour, join="round", cap="round")


@cache
def _thickening(style: TextStyle) -> Stroke:
    return Stroke(BOLD_EM * style.size_pt * MM_PER_PT, style.colour, join="round")


def _turned(base: tuple[float, float], width_mm: float, low_mm: float, high_mm: float, turn: float) -> Box:
    """The box about words turned by an angle about their baseline point."""
    x, y = base
    if turn == 0.0:
        return Box(x, y - high_mm, width_mm, high_mm - low_mm)
    cos, sin = math.cos(turn), math.sin(turn)
    xs = [x + along * cos - up * sin for along in (0.0, width_mm) for up in (low_mm, high_mm)]
    ys = [y - along * sin - up * cos for along in (0.0, width_mm) for up in (low_mm, high_mm)]
    return between(min(xs), min(ys), max(xs), max(ys))


def _reach_mm(stroke: Stroke | None) -> float:
    return stroke.width_mm / 2 if stroke else 0.0


class _Joined(NamedTuple):
    """The points of many polylines in one array, and how many each has."""

    points: Points
    sizes: list[int]

    @property
    def box(self) -> Box:
        return between(*self.points.min(axis=0).tolist(), *self.points.max(axis=0).tolist())


def _joined(parts: Sequence[Any]) -> _Joined:
    arrays = [np.asarray(part, dtype=np.float64) for part in parts if len(part)]
    return _Joined(np.concatenate(arrays) if arrays else np.empty((0, 2)), [len(one) for one in arrays])


def _parallels(around: Box, spacing_mm: float, angle_deg: float) -> list[Points]:
    """Lines that cross the whole box, `spacing_mm` apart, counted from the page's corner."""
    turn = math.radians(angle_deg)
    along = np.array([math.cos(turn), -math.sin(turn)])
    across = np.array([math.sin(turn), math.cos(turn)])
    corners = np.array(around.corners)
    places, reach = corners @ across, corners @ along
    first, last = math.ceil(places.min() / spacing_mm), math.floor(places.max() / spacing_mm)
    ends = np.array([reach.min(), reach.max()])[:, None] * along
    return [ends + row * spacing_mm * across for row in range(first, last + 1)]


def _check_corners(gpts_lonlat: Corners) -> None:
    upper_left, lower_left, lower_right, upper_right = gpts_lonlat
    eastward = [
        (end[0] - start[0] + 180) % 360 - 180 for start, end in ((lower_left, lower_right), (upper_left, upper_right))
    ]
    northward = [upper_left[1] - lower_left[1], upper_right[1] - lower_right[1]]
    if min(eastward) <= 0 or min(northward) <= 0:
        raise ValueError("corners go upper left, lower left, lower right, upper right, each longitude, latitude")
