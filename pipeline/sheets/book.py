"""A county's book: decided, drawn and read back, one PDF with overview, index and a page for each asked piece."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.io.rasters import TileCache
from pipeline.publish import private
from pipeline.records import CampaignFacts, County, Piece, Scene
from pipeline.sheets.detail import detail_sheets
from pipeline.sheets.fonts import Font, load_font
from pipeline.sheets.ground import NOTHING, lay_ground
from pipeline.sheets.index import index_sheets
from pipeline.sheets.inspection import BookRecord, check_book, margin_share
from pipeline.sheets.order import Order, take_order
from pipeline.sheets.overview import overview_sheets
from pipeline.sheets.pdf import Bookmark, PageRef, PdfWriter
from pipeline.sheets.plan import ABSENT, PARTIAL, UNCONFIGURED, DetailSheet, OverviewSheet, Sheet
from pipeline.sheets.press import Press, press_of, print_detail, print_sheet
from pipeline.sheets.settings import RenderSettings
from pipeline.sheets.surroundings import Surroundings
from pipeline.sheets.vertices import vertex_sheets

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
    record: BookRecord  # what was drawn, to be compared with what the file holds


@dataclass
class _Log:
    """What the pages tell while they go out."""

    page_of: dict[str, int] = field(default_factory=dict)
    partial: list[tuple[str, str, float]] = field(default_factory=list)
    missing: list[tuple[str, str]] = field(default_factory=list)


def draw_book(
    target: Path,
    facts: CampaignFacts,
    county: County,
    pieces: Sequence[Piece],
    before: Sequence[Scene],
    after: Sequence[Scene],
    settings: RenderSettings,
    progress: Progress,
    surroundings: Surroundings = NOTHING,
) -> BookSummary:
    """Write a county's book to `target`, read it back, publish it; `progress(done, total)` follows the pages.

    `pieces` are in page order: the county's own, asked (seq 1 … N) or not, and other counties' parts of the same
    patches (`own` False). Geometries are in `facts.crs`.

    Raises:
        Refusal: a layout, style or font that is missing or mistaken, a name the font lacks a character of, or a
            book that does not pass its check.
    """
    font = load_font(Path(settings.font) if settings.font else None)
    ground = lay_ground(facts.crs, county, pieces, before, after, surroundings)
    order = take_order(facts, ground, settings, font.width_mm)
    with private(target) as path:
        summary = _print(path, order, font, progress)
        check_book(path, summary.record)
    return summary


def _print(path: Path, order: Order, font: Font, progress: Progress) -> BookSummary:
    facts = order.facts
    title = f"{order.county_words} {facts.title}"
    writer = PdfWriter(path, title, facts.language, font, subject=facts.id, author=facts.office.unit)
    with TileCache(order.settings.cache_mb * MB) as cache, writer:
        overviews = overview_sheets(order)
        indexes = index_sheets(order, len(overviews) + 1)
        press = press_of(order, font, writer, cache, home=overviews[0].name)
        _print_overviews(press, overviews)
        _print_index(press, indexes)
        first = len(overviews) + len(indexes) + 1
        log = _print_details(press, first, progress)
        _print_vertices(press, vertex_sheets(order, first + len(log.page_of)))
    return _summary(press, log, overviews, len(indexes))


def _summary(press: Press, log: _Log, overviews: Sequence[OverviewSheet], index_pages: int) -> BookSummary:
    return BookSummary(
        pages=len(press.record),
        pieces_drawn=tuple(log.page_of),
        page_of=dict(log.page_of),
        partial=tuple(log.partial),
        missing=tuple(log.missing),
        overview_pages=sum(one.kind == "overview" for one in overviews),
        cluster_pages=sum(one.kind == "cluster" for one in overviews),
        index_pages=index_pages,
        unplaced=tuple(sorted({seq for one in overviews for seq in one.unplaced})),
        record=BookRecord(
            press.order.ground.projection, margin_share(press.order.settings.fill_share), tuple(press.record)
        ),
    )


def _print_overviews(press: Press, sheets: Sequence[OverviewSheet]) -> None:
    words, top = press.order.words, None
    for one in sheets:
        page = print_sheet(press, one)
        title = words.say(f"sheet.bookmark.{one.kind}", letter=one.name.removeprefix("cluster-"))
        mark = press.writer.bookmark(title, page, top)
        top = top or mark


def _print_index(press: Press, sheets: Sequence[Sheet]) -> None:
    pages = [print_sheet(press, one) for one in sheets]
    if pages:
        press.writer.bookmark(press.order.words["sheet.bookmark.index"], pages[0])


def _print_vertices(press: Press, sheets: Sequence[Sheet]) -> None:
    pages = [print_sheet(press, one) for one in sheets]
    if pages:
        press.writer.bookmark(press.order.words["sheet.bookmark.vertices"], pages[0])


def _print_details(press: Press, first_page: int, progress: Progress) -> _Log:
    order, total = press.order, len(press.order.ground.drawn)
    towns: dict[str, Bookmark] = {}
    log = _Log()
    for at, sheet in enumerate(detail_sheets(order, first_page, press.cover)):
        page = print_detail(press, sheet)
        _bookmark(press, sheet, page, towns)
        _note(log, sheet, first_page + at)
        progress(at + 1, total)
    return log


def _bookmark(press: Press, sheet: DetailSheet, page: PageRef, towns: dict[str, Bookmark]) -> None:
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
