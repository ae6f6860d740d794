"""The self-check of a book before it is published: what each page must hold, against what its file holds.

A record is taken while a page is drawn; the file is read afterwards, from its own bytes. What differs is said in a
sentence, and the book is withheld.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import Refusal
from pipeline.geometry.projection import Projection, to_plane
from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas, Inked
from pipeline.sheets.fonts import Font
from pipeline.sheets.imagery import FrameImage
from pipeline.sheets.operators import PT_PER_MM
from pipeline.sheets.pdf import Edges
from pipeline.sheets.plan import DetailSheet, OverviewSheet, Sheet
from pipeline.sheets.reading import FrameRead, ImageRead, PageRead, image_digest, read_pages, words_digest

PAPER_MM = 0.1  # a frame lies where it should within this on paper
TOUCH_MM = 0.3  # words that share more than this, both ways, cannot be read; ink beyond the paper likewise
MARGIN_SHARE = 0.1  # of a frame's side stays free about the patch, where the office does not fill its frames more
FEWEST_SAID = 5  # so many faults are told, the others counted
TIGHT_KINDS = ("index_table", "patch_list")  # lists, whose lines stand as close as their letters allow
Ground = tuple[float, float, float, float]  # minx, miny, maxx, maxy


@dataclass(frozen=True)
class PictureRecord:
    """An image as it was given to the file: its bytes, its ground and the side of a pixel there."""

    phase: str
    digest: str
    ground: Ground
    pixel: float
    blank: bool  # not two values among its pixels


@dataclass(frozen=True)
class SharedRecord:
    """What all pages of a layout share: how many marks, and the digest of their words."""

    marks: int
    words: str


@dataclass(frozen=True)
class PageRecord:
    """What a page must hold, taken while it was drawn."""

    name: str
    patch: str  # number or uid of the piece, "" of other pages
    words: str
    furniture: str
    frames: tuple[tuple[Box, float, Ground, int], ...]  # place on paper, height of the page, ground, scale
    piece: Ground | None
    pictures: tuple[PictureRecord, ...]
    faults: tuple[str, ...]  # what was seen while it was drawn

    @property
    def told(self) -> str:
        return f"{self.name} (patch {self.patch})" if self.patch else self.name


@dataclass(frozen=True)
class BookRecord:
    """What a book must hold."""

    projection: Projection
    margin_share: float
    pages: tuple[PageRecord, ...]


def picture_record(phase: str, made: FrameImage) -> PictureRecord:
    """What is remembered of an image."""
    minx, _, maxx, _ = made.ground
    return PictureRecord(phase, image_digest(made.jpeg), made.ground, (maxx - minx) / made.width_px, made.blank)


def shared_record(furniture: Canvas, font: Font) -> SharedRecord:
    """What is remembered of furniture."""
    return SharedRecord(len(furniture.inked), _words(furniture.inked, font))


def page_record(
    sheet: Sheet, canvas: Canvas, shared: SharedRecord, bounds_m: Any, pictures: Sequence[PictureRecord]
) -> PageRecord:
    """What a drawn page must hold; `bounds_m` are the bounds of each piece of the county."""
    detail = sheet if isinstance(sheet, DetailSheet) else None
    return PageRecord(
        name=sheet.name,
        patch=(detail.fields.get("patch_no") or detail.patch_uid) if detail else "",
        words=_words(canvas.inked[shared.marks :], canvas.font),
        furniture=shared.words,
        frames=tuple(_frames(sheet)),
        piece=tuple(bounds_m[detail.row].tolist()) if detail else None,
        pictures=tuple(pictures),
        faults=tuple(page_faults(sheet, canvas)),
    )


def _words(marks: Sequence[Inked], font: Font) -> str:
    return words_digest(font.encoded(one.words) for one in marks if one.kind == "text")


def _frames(sheet: Sheet) -> Iterator[tuple[Box, float, Ground, int]]:
    if isinstance(sheet, DetailSheet | OverviewSheet):
        for kind in ("map_frame", "overview_map"):
            for slot in sheet.layout.of_kind(kind):
                place = sheet.placed(slot).box
                yield place, sheet.layout.height_mm, sheet.window.extent.bounds, sheet.window.scale


def margin_share(fill_share: float) -> float:
    """The share of a frame's side that stays free about a patch, where patches may fill `fill_share` of it."""
    return min(MARGIN_SHARE, 0.9 * (1 - fill_share) / 2)


def page_faults(sheet: Sheet, canvas: Canvas) -> Iterator[str]:
    """What of a page leaves the paper, and words that lie on others."""
    marks = canvas.inked
    edges = np.array([(b.x_mm, b.y_mm, b.x_mm + b.w_mm, b.y_mm + b.h_mm) for b in (one.box for one in marks)])
    paper = np.array((0.0, 0.0, canvas.width_mm, canvas.height_mm))
    outside = ((edges[:, :2] < paper[:2] - TOUCH_MM) | (edges[:, 2:] > paper[2:] + TOUCH_MM)).any(axis=1)
    yield from (f"{_mark(marks[at])} leaves the paper" for at in np.flatnonzero(outside)[:1])
    tight = {slot.name for slot in sheet.layout.slots if slot.kind in TIGHT_KINDS}
    words = [at for at, one in enumerate(marks) if one.kind == "text" and one.element not in tight]
    for one, other in _clashes(edges[words]):
        yield f"{_mark(marks[words[one]])} lies on {_mark(marks[words[other]])}"


def _mark(one: Inked) -> str:
    return f"{one.words!r} of {one.element}" if one.words else f"a mark ({one.kind}) of {one.element}"


def _clashes(edges: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pairs of rows whose rectangles (left, top, right, foot) share more than a touch."""
    left, top, right, foot = edges.T
    across = np.minimum.outer(right, right) - np.maximum.outer(left, left)
    down = np.minimum.outer(foot, foot) - np.maximum.outer(top, top)
    found = np.argwhere(np.triu((across > TOUCH_MM) & (down > TOUCH_MM), 1))
    return [(one, other) for one, other in found.tolist()]


# -- the file --------------------------------------------------------------------------------------------


def check_book(files: Path | Sequence[Path], record: BookRecord) -> None:
    """Read a book, of one file or of several in order, back and compare it with its record.

    Raises:
        Refusal: it has not the pages that were drawn, or one of them not what it should have.
    """
    read = [page for path in ([files] if isinstance(files, Path) else files) for page in _read(path)]
    found = list(_faults(read, record))
    if found:
        said = "; ".join(found[:FEWEST_SAID]) + (f"; and {len(found) - FEWEST_SAID} more" if found[5:] else "")
        raise Refusal(f"the book of sheets does not pass its check: {said}", _hint(found))


def _read(path: Path) -> list[PageRead]:
    try:
        return list(read_pages(path))
    except ValueError as problem:
        raise Refusal(f"{path.name}: {problem}", "run again; a disk or its connection may be at fault") from problem


def _hint(found: Sequence[str]) -> str:
    if any("a single value" in one for one in found):
        return "declare the nodata value of that file, or leave it out of [inputs]"
    return "change the layout if it is the office's own; else please send us these lines with the campaign.toml"


def _faults(read: Sequence[PageRead], record: BookRecord) -> Iterator[str]:
    if len(read) != len(record.pages):
        yield f"it has {len(read)} pages, {len(record.pages)} were drawn"
        return
    grounds = _grounds(read, record.projection)
    shown: dict[str, tuple[Ground, str]] = {}
    for at, (page, wanted) in enumerate(zip(read, record.pages, strict=True)):
        for fault in _page_faults(page, wanted, grounds[at], record.margin_share, shown):
            yield f"page {at + 1}, {wanted.told}: {fault}"


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
    if page.furniture != (wanted.furniture,):
        yield "has not what all pages of its kind share, once"
    for box, height_mm, ground, scale in wanted.frames:
        yield from _frame_faults(page, grounds, _edges_pt(box, height_mm), ground, scale * PAPER_MM / 1000)
        yield from _margin_faults(wanted.piece, ground, margin_share)
    yield from _picture_faults(page, wanted.pictures, grounds)
    yield from _likeness_faults(wanted, shown)


def _edges_pt(box: Box, height_mm: float) -> Edges:
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
        if all(_apart(_image_ground(page, image, grounds), one.ground) > one.pixel for image in same):
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


def _common_pt2(one: Edges, other: Edges) -> float:
    wide, tall = min(one[2], other[2]) - max(one[0], other[0]), min(one[3], other[3]) - max(one[1], other[1])
    return max(wide, 0.0) * max(tall, 0.0)


def _apart(one: Ground, other: Ground) -> float:
    """How far the edges of two rectangles lie apart at most; NaN counts as far."""
    return max((abs(a - b) if a == a else np.inf) for a, b in zip(one, other, strict=True))
