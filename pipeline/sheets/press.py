"""The press: prints sheets of one county into a PDF, and remembers what each page must hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline.io.rasters import BrokenRaster, TileCache
from pipeline.records import Scene
from pipeline.sheets import figures
from pipeline.sheets.alignment import measure_alignment
from pipeline.sheets.backdrop import laid_under
from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas
from pipeline.sheets.detail import book_of, detail_sheet
from pipeline.sheets.drawing import draw_furniture, draw_sheet
from pipeline.sheets.fonts import Font
from pipeline.sheets.hearing import description
from pipeline.sheets.imagery import FrameImage, GroundFrame, frame_image, piece_cover
from pipeline.sheets.inspection import (
    PageRecord,
    PictureRecord,
    SharedRecord,
    edges_pt,
    page_record,
    picture_record,
    shared_record,
)
from pipeline.sheets.layout import Layout
from pipeline.sheets.order import Order
from pipeline.sheets.pdf import Content, Furniture, ImageRef, Link, PageRef, PdfWriter
from pipeline.sheets.pens import Pens, Picture
from pipeline.sheets.plan import BARE, BLANK, BROKEN, DAMAGED, Book, DetailSheet, OverviewSheet, Sheet, View

IMAGE_BYTES = 300  # of an image beside its own
Images = Mapping[str, FrameImage]  # by phase


@dataclass(frozen=True)
class Press:
    """What the pages of a county are printed with.

    `record` grows with the pages. `home` is the destination that the locator of a page leads to, "" for none.
    Where pages of several counties stand in one PDF, `prefix` keeps their names apart; of links within the PDF only
    those to `kept` pages stay, all where it is None.
    """

    order: Order
    book: Book
    font: Font
    writer: PdfWriter
    cache: TileCache
    home: str = ""
    prefix: str = ""
    kept: frozenset[str] | None = None
    record: list[PageRecord] = field(default_factory=list)
    furniture: dict[str, tuple[Furniture, SharedRecord]] = field(default_factory=dict)

    def furnished(self, layout: Layout) -> tuple[Furniture, SharedRecord]:
        """What the pages of a layout share, drawn once."""
        if layout.path not in self.furniture:
            drawing = draw_furniture(layout, self.book, Pens(self.order.style, self.order.words), self.font)
            made = self.writer.furniture(self.prefix + layout.path, drawing)
            self.furniture[layout.path] = made, shared_record(drawing, self.font)
        return self.furniture[layout.path]

    def cover(self, scenes: Sequence[Scene], geometry: Any) -> float:
        """The share of a piece with imagery."""
        return piece_cover(scenes, geometry, self.order.facts.crs, self.cache)


def aligned(order: Order, cache: TileCache) -> Order:
    """The order with what is known of how the imagery of the two dates lies, where the office wants that said."""
    if not order.settings.misregistration:
        return order
    return replace(order, alignment=measure_alignment(order.ground, cache))


def press_of(order: Order, font: Font, writer: PdfWriter, cache: TileCache, **options: Any) -> Press:
    """A press for a county; `options` are further fields of `Press`."""
    return Press(order, book_of(order), font, writer, cache, **options)


def piece_page(press: Press, row: int, page: int) -> tuple[DetailSheet, Images]:
    """The page of a piece with the imagery of its frames; files that show nothing there are left out, and named.

    So are those named that are damaged there; what can be read of them is shown.
    """
    unseen: dict[str, str] = {}
    while True:
        try:
            sheet = detail_sheet(press.order, row, page, press.cover, unseen)
            made = frame_images(press, sheet)
        except BrokenRaster as problem:
            if problem.path in unseen:
                raise
            unseen[problem.path] = BROKEN
            continue
        found = {path: DAMAGED for image in made.values() for path in image.damaged if path not in unseen}
        found |= {one.path: BLANK for phase, image in made.items() if image.blank for one in sheet.views[phase].scenes}
        if not found:
            return shown(press, sheet, made), made
        unseen |= found


def frame_images(press: Press, sheet: DetailSheet) -> Images:
    """The imagery of the frames of a piece's page, by phase.

    Raises:
        BrokenRaster: a file cannot be opened.
    """
    return {phase: _image(press, sheet, view) for phase, view in sheet.views.items() if view.scenes}


def shown(press: Press, sheet: DetailSheet, made: Images) -> DetailSheet:
    """The sheet with what only its imagery tells: the share of each frame that has none, and what may be cloud."""
    views = {phase: _measured(press, view, made.get(phase)) for phase, view in sheet.views.items()}
    bare = any(one.no_data_rings for one in made.values()) and BARE not in sheet.legend
    return replace(sheet, views=views, legend=(*sheet.legend, BARE) if bare else sheet.legend)


def _measured(press: Press, view: View, made: FrameImage | None) -> View:
    if made is None:
        return view
    words, told = press.order.words, [view.sources]
    cloud = made.bright if made.bright > press.order.settings.cloud_share else 0.0
    if 0.0 < made.cover < 1.0:
        told.append(words.say("sheet.frame_bare", share=figures.percent(1 - made.cover)))
    if cloud:
        told.append(words.say("sheet.frame_cloud", share=figures.rounded(100 * cloud, 0)))
    return replace(view, frame_cover=made.cover, cloud=cloud, sources=words["sheet.joint"].join(told))


def print_detail(press: Press, sheet: DetailSheet, made: Images) -> PageRef:
    """Print the page of a piece with its imagery."""
    pictures = {phase: _picture(press, one) for phase, one in made.items()}
    frames = {one.options["phase"]: one.box for one in sheet.layout.of_kind("map_frame")}
    edges = {phase: edges_pt(box, sheet.layout.height_mm) for phase, box in frames.items()}
    shown = [picture_record(phase, one, edges.get(phase)) for phase, one in made.items() if one.jpeg]
    return print_sheet(press, sheet, pictures, shown)


def overview_page(press: Press, sheet: OverviewSheet) -> tuple[OverviewSheet, Images]:
    """An overview with the imagery that lies under it, where the office wants that."""
    return laid_under(press.cache, press.order, sheet) if press.order.backdrop else (sheet, {})


def print_overview(press: Press, sheet: OverviewSheet, made: Images) -> PageRef:
    """Print an overview with the imagery that lies under it."""
    pictures = {name: _picture(press, one) for name, one in made.items()}
    edges = edges_pt(sheet.layout.first("overview_map").box, sheet.layout.height_mm)
    return print_sheet(press, sheet, pictures, [picture_record(name, one, edges) for name, one in made.items()])


def page_bytes(press: Press, sheet: Sheet, made: Images | None = None) -> int:
    """What a page with its imagery takes of the file, never less: it is drawn, and not printed."""
    images = made or {}
    pictures = {phase: replace(_placed(one), image=ImageRef(0, 1, 1)) for phase, one in images.items() if one.jpeg}
    return press.writer.page_bytes(_drawn(press, sheet, pictures)) + image_bytes(images)


def image_bytes(made: Images) -> int:
    """What the imagery of a page takes of the file."""
    return sum(len(one.jpeg) + IMAGE_BYTES for one in made.values())


def print_sheet(
    press: Press,
    sheet: Sheet,
    pictures: Mapping[str, Picture] | None = None,
    shown: Sequence[PictureRecord] = (),
) -> PageRef:
    """Furniture first, then the page; what was drawn is recorded, to be compared with what the file holds."""
    canvas = _drawn(press, sheet, pictures or {})
    shared = press.furnished(sheet.layout)[1]
    made = _bound(press, canvas.content())
    press.record.append(page_record(sheet, canvas, made, shared, press.order.ground.bounds_m, shown))
    return press.writer.page(made, sheet.label)


def _drawn(press: Press, sheet: Sheet, pictures: Mapping[str, Picture]) -> Canvas:
    canvas = Canvas(sheet.layout.width_mm, sheet.layout.height_mm, press.font)
    canvas.furniture(press.furnished(sheet.layout)[0])
    draw_sheet(canvas, sheet, Pens(press.order.style, press.order.words, pictures))
    canvas.describe(sheet.fields["heading"], description(sheet, press.book, press.order.words))
    if isinstance(sheet, DetailSheet):
        _lead_on(press, canvas, sheet)
    return canvas


def _lead_on(press: Press, canvas: Canvas, sheet: DetailSheet) -> None:
    """The locator of a piece's page leads to the overview; its code to the record it names, or to the QGIS project."""
    words, project = press.order.words, f"{press.order.ground.county.code}_project.qgz"
    for slot in sheet.layout.of_kind("locator") if press.home else ():
        canvas.link(slot.box, f"#{press.home}", words["sheet.heading.overview"])
    for slot in sheet.layout.of_kind("qr"):
        if sheet.qr.startswith(("https://", "http://")):
            canvas.link(slot.box, sheet.qr, words["sheet.scan_url"])
        elif not press.prefix:  # pages of several counties lie beside no project
            canvas.link(slot.box, project, words.say("sheet.open_project", file=project))


def _bound(press: Press, made: Content) -> Content:
    """A page as it goes into a PDF with pages of other counties."""
    if not press.prefix and press.kept is None:
        return made
    return replace(
        made,
        links=tuple(_bound_link(press, one) for one in made.links if _is_kept(press, one)),
        destinations=tuple((press.prefix + name, top_pt) for name, top_pt in made.destinations),
    )


def _is_kept(press: Press, link: Link) -> bool:
    return not link.target.startswith("#") or press.kept is None or link.target[1:] in press.kept


def _bound_link(press: Press, link: Link) -> Link:
    return replace(link, target=f"#{press.prefix}{link.target[1:]}") if link.target.startswith("#") else link


def _image(press: Press, sheet: DetailSheet, view: View) -> FrameImage:
    box, window = press.order.detail.first("map_frame").box, sheet.window
    return frame_image(press.cache, view.scenes, GroundFrame(window.crs, window.extent.bounds, box.w_mm, box.h_mm))


def _picture(press: Press, made: FrameImage) -> Picture:
    image = press.writer.image(made.jpeg, made.width_px, made.height_px, made.colours) if made.jpeg else None
    return replace(_placed(made), image=image)


def _placed(made: FrameImage) -> Picture:
    return Picture(None, Box(made.x_mm, made.y_mm, made.w_mm, made.h_mm), made.no_data_rings)
