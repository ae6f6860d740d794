"""A county's book: decided, drawn and read back, one PDF with overview, index and a page for each asked piece."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.io.rasters import TileCache
from pipeline.publish import private
from pipeline.records import CampaignFacts, County, Piece, Scene
from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas
from pipeline.sheets.detail import book_of, detail_sheets
from pipeline.sheets.drawing import draw_furniture, draw_sheet
from pipeline.sheets.fonts import Font, load_font
from pipeline.sheets.ground import lay_ground
from pipeline.sheets.imagery import GroundFrame, frame_image, piece_cover
from pipeline.sheets.index import index_sheets
from pipeline.sheets.layout import Layout
from pipeline.sheets.order import Order, take_order
from pipeline.sheets.overview import overview_sheets
from pipeline.sheets.pdf import Bookmark, Furniture, PageRef, PdfWriter
from pipeline.sheets.pens import Pens, Picture
from pipeline.sheets.plan import ABSENT, PARTIAL, UNCONFIGURED, Book, DetailSheet, OverviewSheet, Sheet, View
from pipeline.sheets.reading import page_words, words_digest
from pipeline.sheets.settings import RenderSettings

Progress = Callable[[int, int], None]
MB = 2**20


@dataclass(frozen=True)
class BookSummary:
    """What became of a county's book."""

    pages: int
    pieces_drawn: tuple[str, ...]  # patch_uid in page order
    page_of: Mapping[str, int]  # patch_uid → page, from 1
    partial: tuple[tuple[str, str, float], ...]  # patch_uid, phase, share of the piece with imagery
    missing: tuple[tuple[str, str], ...]  # patch_uid, phase: not a pixel
    overview_pages: int
    cluster_pages: int
    index_pages: int
    unplaced: tuple[int, ...]  # numbers that stand on no overview, only in the index
    record: tuple[str, ...]  # digest of the words of each page


@dataclass
class _Log:
    """What the pages tell while they go out."""

    page_of: dict[str, int] = field(default_factory=dict)
    partial: list[tuple[str, str, float]] = field(default_factory=list)
    missing: list[tuple[str, str]] = field(default_factory=list)
    record: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Press:
    """What pages are printed with."""

    order: Order
    book: Book
    font: Font
    writer: PdfWriter
    cache: TileCache
    log: _Log
    furniture: dict[str, Furniture]

    def furnished(self, layout: Layout) -> Furniture:
        """What the pages of a layout share, drawn once."""
        if layout.path not in self.furniture:
            drawing = draw_furniture(layout, self.book, Pens(self.order.style, self.order.words), self.font)
            self.furniture[layout.path] = self.writer.furniture(layout.path, drawing)
        return self.furniture[layout.path]


def draw_book(
    target: Path,
    facts: CampaignFacts,
    county: County,
    pieces: Sequence[Piece],
    before: Sequence[Scene],
    after: Sequence[Scene],
    settings: RenderSettings,
    progress: Progress,
) -> BookSummary:
    """Write a county's book to `target`, read it back, publish it; `progress(done, total)` follows the pages.

    `pieces` are in page order: the county's own, asked (seq 1 … N) or not, and other counties' parts of the same
    patches (`own` False). Geometries are in `facts.crs`.

    Raises:
        Refusal: a layout, style or font that is missing or mistaken, or a name the font lacks a character of.
    """
    font = load_font(Path(settings.font) if settings.font else None)
    order = take_order(facts, lay_ground(facts.crs, county, pieces, before, after), settings, font.width_mm)
    with private(target) as path:
        summary = _print(path, order, font, progress)
        check_book(path, summary)
    return summary


def check_book(path: Path, summary: BookSummary) -> None:
    """Read a book back: as many pages as were drawn, and on each the words that were set, each once.

    Raises:
        ValueError: the file differs from what was drawn.
    """
    read = [words_digest(words) for words in page_words(path)]
    if len(read) != summary.pages:
        raise ValueError(f"{path.name} has {len(read)} pages, {summary.pages} were drawn")
    for at, (found, drawn) in enumerate(zip(read, summary.record, strict=True)):
        if found != drawn:
            raise ValueError(f"{path.name}: page {at + 1} does not say what was drawn on it")


def _print(path: Path, order: Order, font: Font, progress: Progress) -> BookSummary:
    facts = order.facts
    title = f"{order.county_words} {facts.title}"
    writer = PdfWriter(path, title, facts.language, font, subject=facts.id, author=facts.office.unit)
    with TileCache(order.settings.cache_mb * MB) as cache, writer:
        press = _Press(order, book_of(order), font, writer, cache, _Log(), {})
        overviews = overview_sheets(order)
        indexes = index_sheets(order, len(overviews) + 1)
        _print_overviews(press, overviews)
        _print_index(press, indexes)
        _print_details(press, len(overviews) + len(indexes) + 1, progress)
    return _summary(press, overviews, len(indexes))


def _summary(press: _Press, overviews: Sequence[OverviewSheet], index_pages: int) -> BookSummary:
    log = press.log
    return BookSummary(
        pages=len(log.record),
        pieces_drawn=tuple(log.page_of),
        page_of=dict(log.page_of),
        partial=tuple(log.partial),
        missing=tuple(log.missing),
        overview_pages=sum(one.kind == "overview" for one in overviews),
        cluster_pages=sum(one.kind == "cluster" for one in overviews),
        index_pages=index_pages,
        unplaced=tuple(sorted({seq for one in overviews for seq in one.unplaced})),
        record=tuple(log.record),
    )


def _print_overviews(press: _Press, sheets: Sequence[OverviewSheet]) -> None:
    words, top = press.order.words, None
    for one in sheets:
        page = _print_sheet(press, one, {})
        title = words.say(f"sheet.bookmark.{one.kind}", letter=one.name.removeprefix("cluster-"))
        mark = press.writer.bookmark(title, page, top)
        top = top or mark


def _print_index(press: _Press, sheets: Sequence[Sheet]) -> None:
    pages = [_print_sheet(press, one, {}) for one in sheets]
    if pages:
        press.writer.bookmark(press.order.words["sheet.bookmark.index"], pages[0])


def _print_details(press: _Press, first_page: int, progress: Progress) -> None:
    order, total = press.order, len(press.order.ground.drawn)
    towns: dict[str, Bookmark] = {}
    for at, sheet in enumerate(detail_sheets(order, first_page, _cover(press))):
        page = _print_sheet(press, sheet, _pictures(press, sheet))
        _bookmark(press, sheet, page, towns)
        _note(press.log, sheet, first_page + at)
        progress(at + 1, total)


def _cover(press: _Press) -> Callable[[Sequence[Scene], Any], float]:
    return lambda scenes, geometry: piece_cover(scenes, geometry, press.order.facts.crs, press.cache)


def _bookmark(press: _Press, sheet: DetailSheet, page: PageRef, towns: dict[str, Bookmark]) -> None:
    """The piece under its town, where towns were delivered."""
    order, piece = press.order, press.order.ground.pieces[sheet.row]
    parent = None
    if any(one.town for one in order.ground.pieces):
        town = piece.town or order.words["sheet.bookmark.no_town"]
        if town not in towns:
            towns[town] = press.writer.bookmark(town, page)
        parent = towns[town]
    title = order.words.say("sheet.bookmark.patch", number=piece.seq, patch_no=sheet.fields["patch_no"])
    press.writer.bookmark(title, page, parent)


def _note(log: _Log, sheet: DetailSheet, page: int) -> None:
    log.page_of[sheet.patch_uid] = page
    for phase, view in sheet.views.items():
        if view.state == PARTIAL:
            log.partial.append((sheet.patch_uid, phase, view.cover))
        elif view.state in (ABSENT, UNCONFIGURED):
            log.missing.append((sheet.patch_uid, phase))


def _pictures(press: _Press, sheet: DetailSheet) -> dict[str, Picture]:
    return {phase: _picture(press, sheet, view) for phase, view in sheet.views.items() if view.scenes}


def _picture(press: _Press, sheet: DetailSheet, view: View) -> Picture:
    box, window = press.order.detail.first("map_frame").box, sheet.window
    frame = GroundFrame(window.crs, window.extent.bounds, box.w_mm, box.h_mm)
    made = frame_image(press.cache, view.scenes, frame)
    place = Box(made.x_mm, made.y_mm, made.w_mm, made.h_mm)
    image = press.writer.image(made.jpeg, made.width_px, made.height_px, made.colours) if made.jpeg else None
    return Picture(image, place, made.no_data_rings)


def _print_sheet(press: _Press, sheet: Sheet, pictures: Mapping[str, Picture]) -> PageRef:
    """Furniture first, then the page; what was set is recorded, to be compared with what the file says."""
    canvas = Canvas(sheet.layout.width_mm, sheet.layout.height_mm, press.font)
    canvas.furniture(press.furnished(sheet.layout))
    shared = len(canvas.inked)
    draw_sheet(canvas, sheet, Pens(press.order.style, press.order.words, pictures))
    told = [press.font.encoded(one.words) for one in canvas.inked[shared:] if one.kind == "text"]
    press.log.record.append(words_digest(told))
    return press.writer.page(canvas, sheet.label)
