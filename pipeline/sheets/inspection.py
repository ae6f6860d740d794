"""The self-check of a book before it is published: what each page must hold, against what its file holds.

A record is taken while a page is drawn; the file is read afterwards, from its own bytes. What differs is said in a
sentence, and the book is withheld.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import Refusal
from pipeline.geometry.projection import Projection, to_plane
from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas, Inked
from pipeline.sheets.fonts import Font
from pipeline.sheets.imagery import FrameImage
from pipeline.sheets.operators import PT_PER_MM
from pipeline.sheets.pdf import Content, Edges, page_operators
from pipeline.sheets.plan import DetailSheet, IndexSheet, OverviewSheet, Sheet
from pipeline.sheets.proofreading import PAPER_MM, Ground, page_faults
from pipeline.sheets.reading import (
    FrameRead,
    ImageRead,
    LinkRead,
    PageRead,
    drawn_digest,
    furniture_digest,
    image_digest,
    read_pages,
    words_digest,
)

MARGIN_SHARE = 0.1  # of a frame's side stays free about the patch, where the office does not fill its frames more
PAGE_FIELD = "page"  # of a list
FEWEST_SAID = 5  # so many faults are told, the others counted


@dataclass(frozen=True, slots=True)
class PictureRecord:
    """An image as it was given to the file: its bytes, its ground and the side of a pixel there."""

    phase: str
    digest: str
    ground: Ground
    pixel: float
    blank: bool  # not two values among its pixels
    frame: Edges | None = None  # in points: where the frame of its phase lies on the page


@dataclass(frozen=True)
class SharedRecord:
    """What all pages of a layout share: how many marks, and the digest of what it says and of how it is drawn."""

    marks: int
    digest: str


@dataclass(frozen=True, slots=True)
class PageRecord:
    """What a page must hold, taken while it was drawn."""

    name: str
    patch: str  # number or uid of the piece, "" of other pages
    label: str
    drawn: str  # the digest of its operators
    words: str
    furniture: str
    frames: tuple[tuple[Box, float, Ground, int], ...]  # place on paper, height of the page, ground, scale
    piece: Ground | None
    pictures: tuple[PictureRecord, ...]
    links: tuple[tuple[Edges, str], ...]  # edges in points, "#name" or an address
    faults: tuple[str, ...]  # what was seen while it was drawn
    uid: str = ""  # of the piece
    cited: tuple[tuple[str, str], ...] = ()  # name of a page, and the number a list gives it

    @property
    def told(self) -> str:
        return f"{self.name} (patch {self.patch})" if self.patch else self.name


@dataclass(frozen=True)
class BookRecord:
    """What a book must hold: `files` as they are called once published, `pieces` (uid) a page each."""

    projection: Projection
    margin_share: float
    pages: tuple[PageRecord, ...]
    county: str = ""
    files: tuple[str, ...] = ()
    pieces: tuple[str, ...] = ()


def picture_record(phase: str, made: FrameImage, frame: Edges | None = None) -> PictureRecord:
    """What is remembered of an image, and of the frame it is for."""
    minx, _, maxx, _ = made.ground
    pixel = (maxx - minx) / made.width_px
    return PictureRecord(phase, image_digest(made.jpeg), made.ground, pixel, made.blank, frame)


def shared_record(furniture: Canvas, font: Font) -> SharedRecord:
    """What is remembered of furniture."""
    return SharedRecord(len(furniture.inked), furniture_digest(_coded(furniture.inked, font), furniture.operators()))


def page_record(
    sheet: Sheet,
    canvas: Canvas,
    made: Content,
    shared: SharedRecord,
    bounds_m: Any,
    pictures: Sequence[PictureRecord],
) -> PageRecord:
    """What a drawn page must hold: `made` is what goes to the file, `bounds_m` are the bounds of each piece."""
    detail = sheet if isinstance(sheet, DetailSheet) else None
    piece = tuple(bounds_m[detail.row].tolist()) if detail else None
    return PageRecord(
        name=sheet.name,
        patch=(detail.fields.get("patch_no") or detail.patch_uid) if detail else "",
        label=sheet.label,
        drawn=drawn_digest(page_operators(made)),
        words=words_digest(_coded(canvas.inked[shared.marks :], canvas.font)),
        furniture=shared.digest,
        frames=tuple(_frames(sheet)),
        piece=piece,
        pictures=tuple(pictures),
        links=tuple((one.edges_pt, one.target) for one in made.links),
        faults=tuple(page_faults(sheet, canvas, shared.marks, piece)),
        uid=detail.patch_uid if detail else "",
        cited=tuple(_cited(sheet)),
    )


def _cited(sheet: Sheet) -> Iterator[tuple[str, str]]:
    """What the lists of a page say of other pages."""
    listed = sheet.listing if isinstance(sheet, OverviewSheet) else sheet if isinstance(sheet, IndexSheet) else None
    fields = list(listed.density.fields) if listed else []
    if listed and PAGE_FIELD in fields:
        at = fields.index(PAGE_FIELD)
        yield from ((one.to, one.cells[at]) for one in listed.rows)


def _coded(marks: Sequence[Inked], font: Font) -> Iterator[bytes]:
    return (font.encoded(one.words) for one in marks if one.kind == "text")


def _frames(sheet: Sheet) -> Iterator[tuple[Box, float, Ground, int]]:
    if isinstance(sheet, DetailSheet | OverviewSheet):
        for kind in ("map_frame", "overview_map"):
            for slot in sheet.layout.of_kind(kind):
                place = sheet.placed(slot).box
                yield place, sheet.layout.height_mm, sheet.window.extent.bounds, sheet.window.scale


def margin_share(fill_share: float) -> float:
    """The share of a frame's side that stays free about a patch, where patches may fill `fill_share` of it."""
    return min(MARGIN_SHARE, 0.9 * (1 - fill_share) / 2)


# -- the file --------------------------------------------------------------------------------------------


def check_book(files: Path | Sequence[Path], record: BookRecord) -> None:
    """Read a book, of one file or of several in order, back and compare it with its record.

    Raises:
        Refusal: it has not the pages that were drawn, or one of them not what it should have.
    """
    read = [_read(path) for path in ([files] if isinstance(files, Path) else files)]
    found = list(_faults(read, record))
    if found:
        more = len(found) - FEWEST_SAID
        said = "; ".join(found[:FEWEST_SAID]) + (f"; and {more} more" if more > 0 else "")
        of = f" of county {record.county}" if record.county else ""
        raise Refusal(f"the book of sheets{of} does not pass its check: {said}", _hint(found))


def _read(path: Path) -> list[PageRead]:
    try:
        return list(read_pages(path))
    except ValueError as problem:
        raise Refusal(f"{path.name}: {problem}", "run again; a disk or its connection may be at fault") from problem


def _hint(found: Sequence[str]) -> str:
    if any("a single value" in one for one in found):
        return "declare the nodata value of that file, or leave it out of [inputs]"
    return "change the layout if it is the office's own; else please send us these lines with the campaign.toml"


def _faults(files: Sequence[Sequence[PageRead]], record: BookRecord) -> Iterator[str]:
    read = [page for pages in files for page in pages]
    if len(read) != len(record.pages):
        yield f"it has {len(read)} pages, {len(record.pages)} were drawn"
        return
    yield from _piece_faults(record)
    grounds, places = _grounds(read, record.projection), _Places(files, record)
    shown: dict[str, tuple[Ground, str]] = {}
    for at, (page, wanted) in enumerate(zip(read, record.pages, strict=True)):
        for fault in _page_faults(page, wanted, grounds[at], record.margin_share, shown):
            yield f"page {at + 1}, {wanted.told}: {fault}"
    for at, (page, wanted) in enumerate(zip(read, record.pages, strict=True)):  # often what follows from the others
        for fault in (*_label_faults(page, wanted, at + 1), *places.faults(at, page, wanted)):
            yield f"page {at + 1}, {wanted.told}: {fault}"


def _piece_faults(record: BookRecord) -> Iterator[str]:
    """Each piece that is asked about has a page, once."""
    drawn = Counter(one.uid for one in record.pages if one.uid)
    for one in record.pieces:
        if drawn[one] != 1:
            yield f"the patch {one} has {drawn[one] or 'no'} page{'s' if drawn[one] > 1 else ''}"
    yield from (f"the patch {one} has a page and is not asked about" for one in sorted(drawn.keys() - {*record.pieces}))


def _label_faults(page: PageRead, wanted: PageRecord, number: int) -> Iterator[str]:
    if not page.label == wanted.label == str(number):
        yield f"is numbered {page.label!r}, drawn as {wanted.label!r}"


class _Places:
    """Which page of the book each destination is, and each page of each file."""

    def __init__(self, files: Sequence[Sequence[PageRead]], record: BookRecord) -> None:
        self._named = {f"#{one.name}": at for at, one in enumerate(record.pages)}
        self._alone = len(record.pages) == 1  # an overview by itself, whose list speaks of the book
        starts = list(accumulate(map(len, files), initial=0))
        self._starts = dict(zip(record.files, starts, strict=False))
        self._own = [start for start, pages in zip(starts, files, strict=False) for _ in pages]

    def faults(self, at: int, page: PageRead, wanted: PageRecord) -> Iterator[str]:
        """Links that are not there, or lead elsewhere than was meant."""
        if len(page.links) != len(wanted.links):
            yield f"has {len(page.links)} links, {len(wanted.links)} were drawn"
            return
        for link, (edges, target) in zip(page.links, wanted.links, strict=True):
            if _apart(link.edges_pt, edges) > PAPER_MM * PT_PER_MM:
                yield f"the link to {target} lies elsewhere than it was drawn"
            if not self._leads(at, link, target):
                yield f"a link leads elsewhere than to {target}"
        for name, number in () if self._alone else wanted.cited:
            if number != str(self._named.get(f"#{name}", -1) + 1):
                yield f"says that {name} is on page {number}"

    def _leads(self, at: int, link: LinkRead, target: str) -> bool:
        if target not in self._named:
            return link.address == target
        start = self._starts.get(link.file, -1) if link.file else self._own[at]
        return link.page >= 0 and start >= 0 and start + link.page == self._named[target]


def _grounds(read: Sequence[PageRead], projection: Projection) -> list[list[Ground]]:
    """The ground of every frame of every page, reckoned from its corners in degrees, all at once."""
    corners = np.array([one.latlon_deg for page in read for one in page.frames]).reshape(-1, 4, 2)
    x, y = to_plane(projection, corners[:, :, 1], corners[:, :, 0])
    every = iter(zip(np.asarray(x).tolist(), np.asarray(y).tolist(), strict=True))
    return [[_ground(frame, *next(every)) for frame in page.frames] for page in read]


def _ground(frame: FrameRead, x: Sequence[float], y: Sequence[float]) -> Ground:
    """The ground of a frame's whole rectangle, from that of the four points it names, which lie a little inside."""
    across, up = frame.shares[0], frame.shares[3]
    left, right, low, high = (x[0] + x[1]) / 2, (x[2] + x[3]) / 2, (y[1] + y[2]) / 2, (y[0] + y[3]) / 2
    wide, tall = (right - left) / (1 - 2 * across), (high - low) / (1 - 2 * up)
    return left - across * wide, low - up * tall, right + across * wide, high + up * tall


def _page_faults(
    page: PageRead,
    wanted: PageRecord,
    grounds: Sequence[Ground],
    margin_share: float,
    shown: dict[str, tuple[Ground, str]],
) -> Iterator[str]:
    yield from wanted.faults
    if page.words != wanted.words:
        yield "does not say what was drawn on it"
    elif page.drawn != wanted.drawn:
        yield "is not as it was drawn"
    if page.furniture != (wanted.furniture,):
        yield "has not what all pages of its kind share, once"
    for box, height_mm, ground, scale in wanted.frames:
        yield from _frame_faults(page, grounds, edges_pt(box, height_mm), ground, scale * PAPER_MM / 1000)
        yield from _margin_faults(wanted.piece, ground, margin_share)
    yield from _picture_faults(page, wanted.pictures, grounds)
    yield from _likeness_faults(wanted, shown)


def edges_pt(box: Box, height_mm: float) -> Edges:
    """The edges of a box on a page of this height."""
    left, low, right, high = box.x_mm, height_mm - box.bottom, box.right, height_mm - box.y_mm
    return left * PT_PER_MM, low * PT_PER_MM, right * PT_PER_MM, high * PT_PER_MM


def _frame_faults(
    page: PageRead, grounds: Sequence[Ground], edges: Edges, ground: Ground, within: float
) -> Iterator[str]:
    """A frame must be georeferenced, and to the ground it shows."""
    slack_pt = PAPER_MM * PT_PER_MM
    there = [at for at, one in enumerate(page.frames) if _apart(one.edges_pt, edges) < slack_pt]
    if not there:
        yield "a map frame says nothing of where it lies"
    elif _apart(_ground_at(page.frames[there[0]], grounds[there[0]], edges), ground) > within:
        yield "a map frame lies elsewhere than its georeference says"


def _margin_faults(piece: Ground | None, ground: Ground, share: float) -> Iterator[str]:
    if piece is not None:
        x, y = share * (ground[2] - ground[0]), share * (ground[3] - ground[1])
        inside = piece[0] >= ground[0] + x and piece[1] >= ground[1] + y
        if not (inside and piece[2] <= ground[2] - x and piece[3] <= ground[3] - y):
            yield "the patch does not lie in its frame with a margin"


def _picture_faults(page: PageRead, pictures: Sequence[PictureRecord], grounds: Sequence[Ground]) -> Iterator[str]:
    """Each image is there once, and lies in its frame where its pixels lie on the ground, within one of them."""
    if sorted(one.digest for one in page.images) != sorted(one.digest for one in pictures):
        yield "has not the images that were made for it, each once"
        return
    for one in pictures:
        same = [image for image in page.images if image.digest == one.digest]
        if one.frame is not None and not any(_touch(image.edges_pt, one.frame) for image in same):
            yield f"the image {one.phase} does not lie in the frame of its date"
        elif all(_apart(_image_ground(page, image, grounds), one.ground) > one.pixel for image in same):
            yield f"the image {one.phase} lies a pixel or more from its ground"
        if one.blank:
            yield f"the image {one.phase} shows a single value all over"


def _image_ground(page: PageRead, image: ImageRead, grounds: Sequence[Ground]) -> Ground:
    """The ground of an image by the frame it lies in: the one it shares most paper with."""
    shares = [_common_pt2(image.edges_pt, one.edges_pt) for one in page.frames]
    at = int(np.argmax(shares)) if shares else 0
    return _ground_at(page.frames[at], grounds[at], image.edges_pt) if shares else (np.nan,) * 4


def _likeness_faults(wanted: PageRecord, shown: dict[str, tuple[Ground, str]]) -> Iterator[str]:
    """The same image may stand for the same ground only."""
    for one in wanted.pictures:
        ground, where = shown.setdefault(one.digest, (one.ground, wanted.told))
        if _apart(ground, one.ground) > one.pixel:
            yield f"the image {one.phase} is that of {where}, another ground"


def _ground_at(frame: FrameRead, ground: Ground, edges: Edges) -> Ground:
    """The ground under a rectangle of paper, by a frame's edges and its ground."""
    left, low, right, high = frame.edges_pt
    across, up = (ground[2] - ground[0]) / (right - left), (ground[3] - ground[1]) / (high - low)
    return (
        ground[0] + (edges[0] - left) * across,
        ground[1] + (edges[1] - low) * up,
        ground[0] + (edges[2] - left) * across,
        ground[1] + (edges[3] - low) * up,
    )


def _touch(one: Edges, other: Edges) -> bool:
    return _common_pt2(one, other) > 0.5 * min(_common_pt2(one, one), _common_pt2(other, other))


def _common_pt2(one: Edges, other: Edges) -> float:
    wide, tall = min(one[2], other[2]) - max(one[0], other[0]), min(one[3], other[3]) - max(one[1], other[1])
    return max(wide, 0.0) * max(tall, 0.0)


def _apart(one: Ground, other: Ground) -> float:
    """How far the edges of two rectangles lie apart at most; NaN counts as far."""
    return max((abs(a - b) if a == a else np.inf) for a, b in zip(one, other, strict=True))
