"""Sheets as they are decided before anything is drawn: values that a test can read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.extent import Extent
from pipeline.records import Scene
from pipeline.sheets.box import Box
from pipeline.sheets.densities import Density, PanelDensity
from pipeline.sheets.grid import Graticule, Grid
from pipeline.sheets.layout import Layout, Slot
from pipeline.sheets.pdf import Corners
from pipeline.sheets.scale import ScaleBar

NOTE_MM = 5.0  # the strip at the top of a frame that lacks imagery
Rings = tuple[NDArray[np.float64], ...]
BARE = "bare"  # of the legend: ground without imagery
HOLE = "hole"  # of outlines: ground inside the patch that is not of it
ALONG = "county_along"  # of borders: the own one where the patch lies along it
BACKDROP = "backdrop"  # of the legend: the imagery under an overview
FULL, PARTIAL, ABSENT, UNCONFIGURED = "full", "partial", "absent", "unconfigured"
BROKEN, BLANK = "broken", "blank"  # why a file shows nothing: it cannot be opened, or has a single value there
DAMAGED = "damaged"  # why it shows less than it should: parts of it cannot be read


@dataclass(frozen=True)
class Outline:
    """A polygon of the map, rings in millimetres of the frame; `kind` names its strokes in the style."""

    kind: str  # focus | neighbour | part | neighbour_part | fragment | patch | unasked | HOLE
    rings: Rings


@dataclass(frozen=True)
class Border:
    """A border line in millimetres of the frame."""

    kind: str  # county | neighbour_county, over imagery with _line; ALONG
    points: NDArray[np.float64]


@dataclass(frozen=True)
class MapLabel:
    """Words at a baseline point of the frame, in a named text style, with a leader or none."""

    words: str
    style: str
    x_mm: float
    y_mm: float
    box: Box  # what they take, of the frame
    leader: tuple[tuple[float, float], ...] = ()
    to: str = ""  # a destination within the book


@dataclass(frozen=True)
class Window:
    """The ground under a frame and what is drawn on it."""

    extent: Extent
    scale: int
    crs: str
    corners_deg: Corners  # upper left, lower left, lower right, upper right: lon, lat
    outlines: tuple[Outline, ...]
    borders: tuple[Border, ...]
    labels: tuple[MapLabel, ...]
    struck: tuple[tuple[float, float], ...] = ()  # points of pieces nobody is asked about, struck out


@dataclass(frozen=True)
class View:
    """One of the two frames: its imagery and what its caption says."""

    phase: str
    caption: str
    sources: str
    note: str
    state: str  # full | partial | absent | unconfigured
    cover: float  # share of the piece with imagery
    scenes: tuple[Scene, ...]
    unseen: tuple[tuple[str, str], ...] = ()  # files under the frame that fail: name, BROKEN | BLANK | DAMAGED
    frame_cover: float = 0.0  # share of the frame with imagery, once that is read
    cloud: float = 0.0  # share of that imagery that may be cloud, where it is worth a word


@dataclass(frozen=True)
class Statistic:
    """A row of the statistics panel; `share` is its length beside the longest bar."""

    name: str
    count: str
    area: str
    share: float


@dataclass(frozen=True)
class IndexRow:
    """A piece in the index."""

    cells: tuple[str, ...]
    to: str


@dataclass(frozen=True)
class Locator:
    """The county in the small, millimetres of the locator's box: the same on every page."""

    rings: Rings
    dots: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Book:
    """What all pages of a book share: this alone may be declared once."""

    fields: Mapping[str, str]
    verdicts: tuple[str, ...]
    locator: Locator | None  # None: each page has its vicinity


@dataclass(frozen=True)
class Sheet:
    """A page, wholly decided; `fields` fill the text templates of its layout."""

    kind: str  # detail | overview | cluster | town | index
    layout: Layout
    name: str  # its destination within the book
    label: str  # its page label
    fields: Mapping[str, str]
    lifts_mm: Mapping[str, float] = field(default_factory=dict, kw_only=True)  # of elements that follow another

    def placed(self, slot: Slot) -> Slot:
        """The slot as it lies on this page: its top raised by what the element it follows leaves free."""
        lift = self.lifts_mm.get(slot.name, 0.0)
        box = slot.box
        return replace(slot, box=Box(box.x_mm, box.y_mm - lift, box.w_mm, box.h_mm + lift)) if lift else slot


@dataclass(frozen=True)
class Vertex:
    """A corner of the piece, millimetres of the frame, and what a table says of it: vertex, east, north, lon, lat."""

    x_mm: float
    y_mm: float
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Vicinity:
    """The ground about a page's frame, millimetres of the locator below its title."""

    title: str
    frame: Box
    point: tuple[float, float]
    borders: tuple[Border, ...]
    roads: Rings
    places: tuple[tuple[float, float], ...]
    labels: tuple[MapLabel, ...]


@dataclass(frozen=True)
class VertexTable:
    """The corners of a piece as a table has room for them."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    deep: int  # rows in a column
    density: PanelDensity


@dataclass(frozen=True)
class DetailSheet(Sheet):
    """The before/after page of one piece."""

    row: int
    patch_uid: str
    window: Window
    grid: Grid
    views: Mapping[str, View]
    legend: tuple[str, ...]
    bar: ScaleBar
    locator: Box
    qr: str
    vertices: tuple[Vertex, ...] = ()  # where the layout has their table and the office wants them
    corners: VertexTable | None = None
    vicinity: Vicinity | None = None  # where roads, places or towns were delivered, instead of the book's locator


@dataclass(frozen=True)
class Lettered:
    """A rectangle of the overview that has a page of its own."""

    letter: str
    box: Box
    to: str


@dataclass(frozen=True)
class Listing:
    """Pieces of an overview in the room its panel leaves, in equally deep columns."""

    headings: tuple[str, ...]
    rows: tuple[IndexRow, ...]
    columns: int
    density: PanelDensity
    title: str

    @property
    def deep(self) -> int:
        return -(-len(self.rows) // self.columns)


@dataclass(frozen=True)
class Inset:
    """A county in the small and the part of it that a page shows, millimetres of the inset's box."""

    rings: Rings
    frame: Box


@dataclass(frozen=True)
class OverviewSheet(Sheet):
    """The county, or a cluster of its pieces."""

    window: Window
    graticule: Graticule
    county_rings: Rings
    letters: tuple[Lettered, ...]
    statistics: tuple[Statistic, ...]
    total: Statistic
    legend: tuple[str, ...]
    bar: ScaleBar
    listing: Listing | None
    inset: Inset | None = None  # of a cluster or a town
    roads: Rings = ()
    places: tuple[tuple[float, float], ...] = ()
    sheet_lines: Rings = ()  # edges of standard map sheets
    unplaced: tuple[int, ...] = ()  # numbers there was no room for; they stand on a cluster page or in the index
    qr: str = ""


@dataclass(frozen=True)
class IndexSheet(Sheet):
    """A page of the list of pieces."""

    density: Density
    headings: tuple[str, ...]
    rows: tuple[IndexRow, ...]
    deep: int  # rows in a column
