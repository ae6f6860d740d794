"""A county's book: decided, drawn and read back; overview, index and a page for each asked piece, in PDFs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline.book_parts import SHEET_IMAGES, BookPart
from pipeline.io.rasters import TileCache
from pipeline.records import CampaignFacts, County, Piece, Scene
from pipeline.sheets.alignment import Offset
from pipeline.sheets.binding import Binding
from pipeline.sheets.chapters import Chapter, chapters
from pipeline.sheets.fonts import Font, load_font
from pipeline.sheets.frame_files import frame_file
from pipeline.sheets.ground import NOTHING, lay_ground
from pipeline.sheets.index import index_sheets
from pipeline.sheets.inspection import BookRecord, check_book, margin_share
from pipeline.sheets.order import Order, take_order
from pipeline.sheets.overview import overview_sheets, town_sheet
from pipeline.sheets.pdf import Bookmark, PageRef, PdfWriter
from pipeline.sheets.plan import ABSENT, PARTIAL, UNCONFIGURED, DetailSheet, OverviewSheet, Sheet
from pipeline.sheets.press import (
    Images,
    Press,
    aligned,
    image_bytes,
    overview_page,
    page_bytes,
    piece_page,
    press_of,
    print_detail,
    print_overview,
    print_sheet,
)
from pipeline.sheets.scene_dates import OtherDate, other_dates
from pipeline.sheets.settings import RenderSettings
from pipeline.sheets.surroundings import Surroundings
from pipeline.sheets.vertices import vertex_sheets

Progress = Callable[[int, int], None]
MB = 2**20
ROUGH_BYTES = 1_000_000  # a page without its imagery takes less, but a few


@dataclass(frozen=True)
class BookSummary:
    """What became of a county's book."""

    pages: int
    parts: tuple[BookPart, ...]  # its files
    beside: tuple[str, ...]  # files that are no part of it, relative to its folder
    pieces_drawn: tuple[str, ...]  # patch_uid in page order
    page_of: Mapping[str, int]  # patch_uid → page, from 1
    partial: tuple[tuple[str, str, float], ...]  # patch_uid, phase, share of the piece with imagery
    missing: tuple[tuple[str, str], ...]  # patch_uid, phase: not a pixel
    unseen: tuple[tuple[str, str, str, str], ...]  # patch_uid, phase, file that shows nothing there, why
    other_dates: tuple[OtherDate, ...]  # of imagery, than the record says
    bare: tuple[tuple[str, str, float], ...]  # patch_uid, phase, share of the frame without imagery
    cloudy: tuple[tuple[str, str, float], ...]  # patch_uid, phase, share of the frame that may be cloud
    offsets: tuple[Offset, ...]  # of the scenes of the two dates
    overview_pages: int
    cluster_pages: int
    index_pages: int
    unplaced: tuple[int, ...]  # numbers that stand on no overview, only in the index
    record: BookRecord  # what was drawn, to be compared with what the file holds


@dataclass
class _Run:
    """A press and the file it prints into now, with the bookmarks of towns in that file."""

    press: Press
    binding: Binding
    images: Path | None  # the folder for frames as images
    beside: list[str] = field(default_factory=list)  # files that are no part of the book
    towns: dict[str, Bookmark] = field(default_factory=dict)

    def go_on(self) -> None:
        """Go on in the next file of the same kind."""
        self.binding.go_on()
        self._turn()

    def begin(self, kind: str, town: str = "") -> None:
        """Begin a file of another kind."""
        self.binding.begin(kind, town)
        self._turn()

    def _turn(self) -> None:
        self.press = replace(self.press, writer=self.binding.writer, furniture={})
        self.towns = {}


@dataclass
class _Log:
    """What the pages tell while they go out."""

    page_of: dict[str, int] = field(default_factory=dict)
    partial: list[tuple[str, str, float]] = field(default_factory=list)
    missing: list[tuple[str, str]] = field(default_factory=list)
    bare: list[tuple[str, str, float]] = field(default_factory=list)
    cloudy: list[tuple[str, str, float]] = field(default_factory=list)
    unseen: list[tuple[str, str, str, str]] = field(default_factory=list)
    other_dates: list[OtherDate] = field(default_factory=list)


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
    configured: Collection[str] = (),
    deadline: str = "",
    backdrop: Sequence[Scene] = (),
) -> BookSummary:
    """Write a county's book to `target`, read it back, publish it; `progress(done, total)` follows the pages.

    Further files lie beside `target` and are called after it: `<stem>_2.pdf` … where it would grow beyond
    `settings.part_mb`, `<stem>_town01.pdf` … of a book by town.

    `pieces` are in page order: the county's own, asked (seq 1 … N) or not, and other counties' parts of the same
    patches (`own` False). Geometries are in `facts.crs`. `configured` are the phases ("before", "after") the campaign
    has imagery of at all: a county beyond its scenes lacks it, one of a campaign without imagery was promised none.
    `deadline` is when answers are due, as the office told it. `backdrop` are the scenes that lie under the overviews.

    Raises:
        Refusal: a layout, style or font that is missing or mistaken, a name the font lacks a character of, or a
            book that does not pass its check.
    """
    font = load_font(Path(settings.font) if settings.font else None)
    ground = lay_ground(facts.crs, county, pieces, before, after, surroundings)
    order = take_order(facts, ground, settings, font.width_mm, deadline)
    order = replace(order, configured=frozenset(configured), backdrop=tuple(backdrop))
    with ExitStack() as published:
        binding = Binding(target, order, font, published)
        summary = _print(binding, order, font, progress)
        check_book(binding.paths, summary.record)
    return summary


def _print(binding: Binding, order: Order, font: Font, progress: Progress) -> BookSummary:
    with TileCache(order.settings.cache_mb * MB) as cache, binding:
        order = aligned(order, cache)
        overviews = overview_sheets(order)
        indexes = index_sheets(order, len(overviews) + 1)
        images = binding.images() if order.settings.sheet_images else None
        run = _Run(press_of(order, font, binding.writer, cache, home=overviews[0].name), binding, images)
        if order.settings.overview_pdf:
            _print_alone(run, overviews[0])
        _print_overviews(run, overviews)
        _print_index(run, indexes)
        log = _Log()
        for one in chapters(order, len(overviews) + len(indexes) + 1):
            _print_chapter(run, one, len(overviews), log, progress)
        _print_vertices(run)
    return _summary(run, log, overviews, len(indexes))


def _summary(run: _Run, log: _Log, overviews: Sequence[OverviewSheet], index_pages: int) -> BookSummary:
    press = run.press
    return BookSummary(
        pages=len(press.record),
        parts=run.binding.parts,
        beside=tuple(run.beside),
        pieces_drawn=tuple(log.page_of),
        page_of=dict(log.page_of),
        partial=tuple(log.partial),
        missing=tuple(log.missing),
        bare=tuple(log.bare),
        cloudy=tuple(log.cloudy),
        offsets=press.order.alignment.offsets,
        unseen=tuple(log.unseen),
        other_dates=tuple(log.other_dates),
        overview_pages=sum(one.kind == "overview" for one in overviews),
        cluster_pages=sum(one.kind == "cluster" for one in overviews),
        index_pages=index_pages,
        unplaced=tuple(sorted({seq for one in overviews for seq in one.unplaced})),
        record=replace(
            _record(press),
            files=tuple(one.file for one in run.binding.parts),
            pieces=tuple(press.order.ground.pieces[row].patch_uid for row in press.order.ground.drawn),
        ),
    )


def _record(press: Press) -> BookRecord:
    fill_share = press.order.settings.fill_share
    county = press.order.ground.county.code
    return BookRecord(press.order.ground.projection, margin_share(fill_share), tuple(press.record), county)


def _print_alone(run: _Run, sheet: OverviewSheet) -> None:
    """The overview by itself, without links."""
    order, facts = run.press.order, run.press.order.facts
    name = f"{order.ground.county.code}_overview.pdf"
    path, title = (
        run.binding.beside(name),
        f"{order.county_words} {facts.title} {order.words['sheet.bookmark.overview']}",
    )
    writer = PdfWriter(path, title, facts.language, run.press.font, facts.id, facts.office.unit)
    press = replace(run.press, writer=writer, kept=frozenset(), record=[], furniture={})
    with writer:
        print_overview(press, *overview_page(press, sheet))
    check_book(path, _record(press))
    run.beside.append(name)


def _save_images(run: _Run, sheet: DetailSheet, made: Images) -> None:
    """The frames of a page as images, where the office wants them and there is imagery."""
    kind, order = run.press.order.settings.sheet_images, run.press.order
    for phase, one in made.items():
        if run.images is not None and kind and one.jpeg:
            for name, data in frame_file(sheet, phase, one, order.style, run.press.font.path, kind):
                (run.images / name).write_bytes(data)
                run.beside.append(f"{SHEET_IMAGES}/{name}")


def _print_page(run: _Run, sheet: Sheet) -> PageRef:
    return _counted(run, sheet, print_sheet(run.press, sheet))


def _counted(run: _Run, sheet: Sheet, page: PageRef) -> PageRef:
    run.binding.count(sheet.name, page)
    return page


def _print_overviews(run: _Run, sheets: Sequence[OverviewSheet]) -> None:
    words, top = run.press.order.words, None
    for one in sheets:
        sheet, made = overview_page(run.press, one)
        if not _has_room(run, sheet, made):
            run.go_on()
            top = None
        page = _counted(run, sheet, print_overview(run.press, sheet, made))
        title = words.say(f"sheet.bookmark.{one.kind}", letter=one.name.removeprefix("cluster-"))
        mark = run.press.writer.bookmark(title, page, top)
        top = top or mark


def _print_index(run: _Run, sheets: Sequence[Sheet]) -> None:
    pages = [_print_page(run, one) for one in sheets]
    if pages:
        run.press.writer.bookmark(run.press.order.words["sheet.bookmark.index"], pages[0])


def _print_vertices(run: _Run) -> None:
    """The corners of all pieces; in a book by town in a file of their own."""
    sheets = vertex_sheets(run.press.order, len(run.press.record) + 1)
    if sheets and run.press.order.by_town:
        run.begin("vertices")
    for at, one in enumerate(sheets):
        if not _has_room(run, one, {}):
            run.go_on()
        page = _print_page(run, one)
        if at == 0:
            run.press.writer.bookmark(run.press.order.words["sheet.bookmark.vertices"], page)


def _print_chapter(run: _Run, one: Chapter, overviews: int, log: _Log, progress: Progress) -> None:
    total = len(run.press.order.drawn)
    if one.number:
        _begin_town(run, one, overviews)
    for at, row in enumerate(one.rows):
        sheet, made = piece_page(run.press, row, one.first_piece + at)
        if not _has_room(run, sheet, made):
            run.go_on()
        page = print_detail(run.press, sheet, made)
        _save_images(run, sheet, made)
        _bookmark(run, sheet, page)
        _note(log, run.press.order.ground.pieces[row], sheet, run.binding.count(sheet.name, page))
        progress(len(log.page_of), total)


def _begin_town(run: _Run, one: Chapter, overviews: int) -> None:
    """A file of the town's own, which begins with its overview."""
    town = one.town or run.press.order.words["sheet.bookmark.no_town"]
    run.begin(f"town{one.number:02d}", town)
    run.press = replace(run.press, home=one.name)
    sheet, made = overview_page(run.press, town_sheet(run.press.order, one, overviews))
    page = _counted(run, sheet, print_overview(run.press, sheet, made))
    run.towns[town] = run.press.writer.bookmark(town, page)


def _has_room(run: _Run, sheet: Sheet, made: Images) -> bool:
    """Whether the page goes into the file; it is drawn for that only where the file is nearly full."""
    rough = run.binding.has_room(image_bytes(made) + ROUGH_BYTES)
    return rough or run.binding.has_room(page_bytes(run.press, sheet, made))


def _bookmark(run: _Run, sheet: DetailSheet, page: PageRef) -> None:
    """The piece under its town, where towns were delivered."""
    order, piece, writer = run.press.order, run.press.order.ground.pieces[sheet.row], run.press.writer
    parent = None
    if any(one.town for one in order.ground.pieces):
        town = piece.town or order.words["sheet.bookmark.no_town"]
        if town not in run.towns:
            run.towns[town] = writer.bookmark(town, page)
        parent = run.towns[town]
    title = order.words.say("sheet.bookmark.patch", number=piece.seq, patch_no=sheet.fields["patch_no"])
    writer.bookmark(title, page, parent)


def _note(log: _Log, piece: Piece, sheet: DetailSheet, page: int) -> None:
    log.page_of[sheet.patch_uid] = page
    for phase, view in sheet.views.items():
        log.unseen += [(sheet.patch_uid, phase, *one) for one in view.unseen]
        log.other_dates += other_dates(piece, phase, view.scenes)
        if view.cloud:
            log.cloudy.append((sheet.patch_uid, phase, view.cloud))
        if view.state != UNCONFIGURED and view.frame_cover < 1:
            log.bare.append((sheet.patch_uid, phase, 1 - view.frame_cover))
        if view.state == PARTIAL:
            log.partial.append((sheet.patch_uid, phase, view.cover))
        elif view.state in (ABSENT, UNCONFIGURED):
            log.missing.append((sheet.patch_uid, phase))
