"""The self-check under attack: a book that goes wrong in one way, on paper or in its file, is refused in words that
name the county, the page and the thing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.errors import Refusal
from pipeline.geometry.extent import Extent
from pipeline.records import Piece, Scene
from pipeline.sheets import book, detail, index, pdf, pens, press
from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas
from pipeline.sheets.elements import caption, index_table, map_frame, overview_map, scale_bar, table, text
from pipeline.sheets.pdf import Content, ImageRef, Link, PageRef, PdfWriter, Viewport
from pipeline.sheets.plan import IndexSheet
from pipeline.sheets.settings import RenderSettings
from tests.sheets import scenery

Patch = pytest.MonkeyPatch
LAST = "page 5, piece-3 (patch 42990120250003): "
LEFT, RIGHT = "map_before", "map_after"


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Piece], list[Scene], list[Scene]]:
    """Three pieces with imagery of their own at both dates."""
    folder = tmp_path_factory.mktemp("scenes")
    pieces = [scenery.piece(at + 1, scenery.square(113.87 + 0.004 * at, 30.53, 0.001)) for at in range(3)]
    scenes = [
        scenery.scene(folder, phase, pieces[1].geometry, 4000.0, values=noise(seed))
        for seed, phase in enumerate(("before", "after"))
    ]
    return pieces, scenes[:1], scenes[1:]


def noise(seed: int) -> Any:
    return np.random.default_rng(seed).integers(40, 200, (3, 2000, 2000), np.uint8)


@pytest.fixture
def draw(ground: tuple[list[Piece], list[Scene], list[Scene]], tmp_path: Path) -> Callable[[], None]:
    pieces, before, after = ground

    def drawn() -> None:
        given = (tmp_path / "429901_sheets.pdf", scenery.facts(), scenery.county(), pieces, before, after)
        book.draw_book(*given, RenderSettings(), lambda *_: None)

    return drawn


@pytest.fixture
def caught(draw: Callable[[], None], tmp_path: Path) -> Callable[[str], None]:
    """The book is refused for this reason, and nothing of it is left."""

    def refused(reason: str) -> None:
        with pytest.raises(Refusal) as told:
            draw()
        said = str(told.value)
        assert said.startswith("the book of sheets of county 429901 does not pass its check: ")
        assert reason in said, said
        assert list(tmp_path.iterdir()) == []

    return refused


def test_the_book_without_a_fault_passes(draw: Callable[[], None], tmp_path: Path) -> None:
    draw()
    assert [one.name for one in tmp_path.iterdir()] == ["429901_sheets.pdf"]


# -- the file is not what was drawn -----------------------------------------------------------------------


def rewritten(patch: Patch, change: Callable[[bytes], bytes]) -> None:
    """The content stream of the last page goes to the file changed."""
    spelled = pdf.page_operators

    def other(made: Content) -> bytes:
        told = spelled(made)
        if ("piece-3", made.height_pt) not in made.destinations:
            return told
        changed = change(told)
        assert changed != told
        return changed

    patch.setattr(pdf, "page_operators", other)


SHOWN = re.compile(rb"BT ([\d.]+) ([\d.]+) Td <[0-9A-F]+> Tj ET\n")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        pytest.param(lambda said: SHOWN.sub(b"", said, count=1), "does not say what was drawn on it", id="dropped"),
        pytest.param(lambda said: SHOWN.sub(rb"\g<0>\g<0>", said, count=1), "does not say", id="twice"),
        pytest.param(lambda said: SHOWN.sub(b"BT -99 9 Td <0001> Tj ET\n", said, count=1), "does not say", id="other"),
        pytest.param(
            lambda said: re.sub(rb"BT [\d.]+ [\d.]+ Td", b"BT -50 9 Td", said, count=1),
            "is not as it was drawn",
            id="off",
        ),
        pytest.param(
            lambda said: said.replace(b" l\nh\n", b" l\n2.83 0 l\nh\n", 1), "not as it was drawn", id="outline"
        ),
        pytest.param(lambda said: re.sub(rb"\n/X\d+ Do\n", b"\n", said), "kind share, once", id="no furniture"),
        pytest.param(
            lambda said: re.sub(rb"\n(/X\d+ Do)\n", rb"\n\1\n\1\n", said), "kind share, once", id="furniture twice"
        ),
        pytest.param(
            lambda said: re.sub(rb"\nq [^\n]* /X\d+ Do Q", b"", said, count=1), "has not the images", id="no image"
        ),
    ],
)
def test_a_page_that_changes_on_its_way_into_the_file(
    monkeypatch: Patch, caught: Callable[[str], None], change: Callable[[bytes], bytes], fault: str
) -> None:
    rewritten(monkeypatch, change)
    caught(LAST)
    caught(fault)


def test_images_that_change_places(monkeypatch: Patch, caught: Callable[[str], None]) -> None:
    """Each image of the file is the one before it."""
    kept: list[tuple[bytes, int, int, int]] = []
    image = PdfWriter.image

    def other(writer: PdfWriter, jpeg: bytes, width_px: int, height_px: int, colours: int = 3) -> ImageRef:
        kept.append((jpeg, width_px, height_px, colours))
        return image(writer, *kept[-2 if len(kept) > 1 else -1])

    monkeypatch.setattr(PdfWriter, "image", other)
    caught("page 4, piece-2 (patch 42990120250002): has not the images that were made for it, each once")


def test_an_image_that_comes_out_blank(monkeypatch: Patch, caught: Callable[[str], None]) -> None:
    image = PdfWriter.image

    def grey(writer: PdfWriter, jpeg: bytes, *size: int) -> ImageRef:
        return image(writer, jpeg[:400] + bytes(len(jpeg) - 400), *size)

    monkeypatch.setattr(PdfWriter, "image", grey)
    caught("page 3, piece-1 (patch 42990120250001): has not the images that were made for it, each once")


def test_a_page_too_few(monkeypatch: Patch, caught: Callable[[str], None]) -> None:
    finish = PdfWriter._finish

    def short(writer: PdfWriter) -> None:
        writer._pages.pop()
        finish(writer)

    monkeypatch.setattr(PdfWriter, "_finish", short)
    caught("it has 4 pages, 5 were drawn")


def test_pages_in_another_order(monkeypatch: Patch, caught: Callable[[str], None]) -> None:
    finish = PdfWriter._finish

    def turned(writer: PdfWriter) -> None:
        writer._pages[-1], writer._pages[-2] = writer._pages[-2], writer._pages[-1]
        finish(writer)

    monkeypatch.setattr(PdfWriter, "_finish", turned)
    caught(LAST + "does not say what was drawn on it")


def test_a_page_numbered_otherwise(monkeypatch: Patch, caught: Callable[[str], None]) -> None:
    finish = PdfWriter._finish

    def other(writer: PdfWriter) -> None:
        writer._pages[-1] = (writer._pages[-1][0], "6")
        finish(writer)

    monkeypatch.setattr(PdfWriter, "_finish", other)
    caught(LAST + "is numbered '6', drawn as '5'")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        pytest.param(
            lambda one: replace(one, target="#piece-2"),
            "page 2, index-1: a link leads elsewhere than to #piece-3",
            id="page",
        ),
        pytest.param(
            lambda one: replace(one, target="https://example.org/"),
            "a link leads elsewhere than to #piece-3",
            id="address",
        ),
        pytest.param(
            lambda one: replace(one, edges_pt=tuple(at + 9 for at in one.edges_pt)),
            "link to #piece-3 lies elsewhere",
            id="place",
        ),
    ],
)
def test_a_link_that_goes_astray(
    monkeypatch: Patch, caught: Callable[[str], None], change: Callable[[Link], Link], fault: str
) -> None:
    spelled = PdfWriter._annotation

    def astray(writer: PdfWriter, key: int, one: Link) -> str:
        return spelled(writer, key, change(one) if one.target == "#piece-3" else one)

    monkeypatch.setattr(PdfWriter, "_annotation", astray)
    caught(fault)


def test_a_destination_on_another_page(monkeypatch: Patch, caught: Callable[[str], None]) -> None:
    finish = PdfWriter._finish

    def other(writer: PdfWriter) -> None:
        writer._destinations["piece-3"] = writer._destinations["piece-2"]
        finish(writer)

    monkeypatch.setattr(PdfWriter, "_finish", other)
    caught("page 2, index-1: a link leads elsewhere than to #piece-3")


def test_a_link_too_few(monkeypatch: Patch, caught: Callable[[str], None]) -> None:
    page = PdfWriter.page

    def fewer(writer: PdfWriter, made: Content, label: str) -> PageRef:
        return page(writer, replace(made, links=made.links[1:]), label)

    monkeypatch.setattr(PdfWriter, "page", fewer)
    caught(LAST + "has 1 links, 2 were drawn")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        pytest.param(
            lambda one: replace(one, gpts_lonlat=tuple((lon + 4e-5, lat) for lon, lat in one.gpts_lonlat)),
            "a map frame lies elsewhere than its georeference says",
            id="corners",
        ),
        pytest.param(
            lambda one: replace(one, edges_pt=tuple(at + 1.2 for at in one.edges_pt)),
            "a map frame says nothing of where it lies",
            id="box",
        ),
        pytest.param(
            lambda one: replace(one, lpts=tuple((right, up - 0.01) for right, up in one.lpts)),
            "a map frame lies elsewhere than its georeference says",
            id="shares",
        ),
    ],
)
@pytest.mark.parametrize("name", ["前时相", "后时相"])
def test_a_frame_that_lies_elsewhere(
    monkeypatch: Patch, caught: Callable[[str], None], change: Callable[[Any], Any], fault: str, name: str
) -> None:
    spelled = PdfWriter._viewport

    def elsewhere(writer: PdfWriter, one: Viewport) -> str:
        return spelled(writer, change(one) if one.name == name else one)

    monkeypatch.setattr(PdfWriter, "_viewport", elsewhere)
    caught("page 3, piece-1 (patch 42990120250001): " + fault)


# -- what was drawn is not what was decided ---------------------------------------------------------------


def test_the_two_dates_change_frames(monkeypatch: Patch, caught: Callable[[str], None]) -> None:
    imagery, other = map_frame._imagery, {"before": "after", "after": "before"}

    def swapped(canvas: Canvas, view: Any, frame: Box, with_: Any) -> None:
        pictures = {other[phase]: one for phase, one in with_.pictures.items()}
        imagery(canvas, view, frame, replace(with_, pictures=pictures))

    monkeypatch.setattr(map_frame, "_imagery", swapped)
    caught(LAST + "the image before does not lie in the frame of its date")


def test_an_image_two_pixels_aside(monkeypatch: Patch, caught: Callable[[str], None]) -> None:
    placed = press._placed

    def aside(made: Any) -> Any:
        one = placed(made)
        return replace(one, box=replace(one.box, x_mm=one.box.x_mm + 2 * one.box.w_mm / made.width_px))

    monkeypatch.setattr(press, "_placed", aside)
    caught(LAST + "the image before lies a pixel or more from its ground")


def test_the_image_of_another_page(monkeypatch: Patch, caught: Callable[[str], None]) -> None:
    """A cache that gives what it gave before, for whatever ground."""
    frame_image, kept = press.frame_image, {}

    def stale(cache: Any, scenes: Any, frame: Any) -> Any:
        made = frame_image(cache, scenes, frame)
        first = kept.setdefault(scenes[0].phase, made)
        return replace(made, jpeg=first.jpeg)

    monkeypatch.setattr(press, "frame_image", stale)
    caught("(patch 42990120250002): the image before is that of piece-1 (patch 42990120250001), another ground")


def test_an_image_over_the_map(monkeypatch: Patch, caught: Callable[[str], None]) -> None:
    imagery = map_frame._imagery

    def late(canvas: Canvas, view: Any, frame: Box, with_: Any) -> None:
        canvas.line([frame.corners[0], frame.corners[2]], with_.style.stroke("tick"))
        imagery(canvas, view, frame, with_)

    monkeypatch.setattr(map_frame, "_imagery", late)
    caught("a mark (line) of map_after is covered by an image")


@pytest.mark.parametrize("frame", [LEFT, RIGHT])
@pytest.mark.parametrize("aside_mm", [1.0, None])
def test_a_patch_a_millimetre_aside_or_not_drawn(
    monkeypatch: Patch, caught: Callable[[str], None], frame: str, aside_mm: float | None
) -> None:
    outlines = pens.draw_outlines

    def aside(canvas: Canvas, with_: Any, many: Any, box: Box) -> None:
        if canvas._elements[-1] != frame:
            outlines(canvas, with_, many, box)
        elif aside_mm is not None:
            outlines(canvas, with_, many, replace(box, x_mm=box.x_mm + aside_mm))

    monkeypatch.setattr(map_frame, "draw_outlines", aside)
    caught(LAST + f"{frame} does not show the patch where it lies")


def test_a_patch_at_the_edge_of_its_frame(monkeypatch: Patch, caught: Callable[[str], None]) -> None:
    framed = detail.framed

    def aside(order: Any, row: int) -> tuple[int, Extent]:
        scale, extent = framed(order, row)
        by = 0.48 * extent.width_m
        return scale, Extent(extent.xmin_m + by, extent.ymin_m, extent.xmax_m + by, extent.ymax_m)

    monkeypatch.setattr(detail, "framed", aside)
    caught("the patch does not lie in its frame with a margin")


def test_a_scale_bar_too_short(monkeypatch: Patch, caught: Callable[[str], None]) -> None:
    drawn = scale_bar.draw

    def short(canvas: Canvas, slot: Any, sheet: Any, with_: Any) -> None:
        drawn(canvas, slot, replace(sheet, bar=replace(sheet.bar, part_mm=0.95 * sheet.bar.part_mm)), with_)

    monkeypatch.setattr(scale_bar, "draw", short)
    caught(LAST + "the scale bar is ")


def test_a_scale_in_figures_that_is_another(monkeypatch: Patch, caught: Callable[[str], None]) -> None:
    drawn = scale_bar.draw
    monkeypatch.setattr(
        scale_bar,
        "draw",
        lambda canvas, slot, sheet, with_: drawn(canvas, slot, with_fields(sheet, scale="1:7"), with_),
    )
    caught("scale does not say '1:")


def with_fields(sheet: Any, **fields: str) -> Any:
    return replace(sheet, fields={**sheet.fields, **fields})


@pytest.mark.parametrize(
    ("room", "fault"),
    [
        (caption, "caption_before does not say '2025-03-14"),
        (table, "table does not say '42990120250003"),
        (text, "title does not say '湖北省孝感市云溪县2025年第三季度检查', once"),
    ],
)
def test_an_element_that_is_not_drawn(monkeypatch: Patch, caught: Callable[[str], None], room: Any, fault: str) -> None:
    monkeypatch.setattr(room, "draw", lambda *_: None)
    caught(fault)


def test_a_value_in_the_row_of_another(monkeypatch: Patch, caught: Callable[[str], None]) -> None:
    drawn = table.draw

    def mistaken(canvas: Canvas, slot: Any, sheet: Any, with_: Any) -> None:
        drawn(canvas, slot, with_fields(sheet, area=sheet.fields["area_m2"], area_m2=sheet.fields["area"]), with_)

    monkeypatch.setattr(table, "draw", mistaken)
    caught(LAST + "table does not say")


def test_words_drawn_twice(monkeypatch: Patch, caught: Callable[[str], None]) -> None:
    """In a free corner, where they lie on nothing."""
    drawn = text.draw

    def twice(canvas: Canvas, slot: Any, sheet: Any, with_: Any) -> None:
        drawn(canvas, slot, sheet, with_)
        if slot.name == "page":
            drawn(canvas, replace(slot, box=replace(slot.box, x_mm=10.0, y_mm=1.0)), sheet, with_)

    monkeypatch.setattr(text, "draw", twice)
    caught(LAST + "page does not say '第 5 页', once")


@pytest.mark.parametrize(
    ("x_mm", "fault"), [(0.2, "'1' of map_after is cut by its frame"), (-9.0, "map_after does not say '1'")]
)
def test_a_label_that_its_frame_cuts_or_hides(
    monkeypatch: Patch, caught: Callable[[str], None], x_mm: float, fault: str
) -> None:
    labels = map_frame.draw_labels

    def moved(canvas: Canvas, with_: Any, told: Any, frame: Box) -> None:
        labels(canvas, with_, [replace(one, x_mm=x_mm) for one in told], frame)

    monkeypatch.setattr(map_frame, "draw_labels", moved)
    caught(fault)


def test_a_label_off_the_paper(monkeypatch: Patch, caught: Callable[[str], None]) -> None:
    labels = overview_map.draw_labels

    def moved(canvas: Canvas, with_: Any, told: Any, frame: Box) -> None:
        canvas._clips.append(Box(-999, -999, 9999, 9999))
        labels(canvas, with_, [replace(one, x_mm=one.x_mm + 500.0) for one in told], frame)
        canvas._clips.pop()

    monkeypatch.setattr(overview_map, "draw_labels", moved)
    caught("page 1, overview: '1' of map leaves the paper")


def test_words_over_words(monkeypatch: Patch, caught: Callable[[str], None]) -> None:
    drawn = text.draw

    def over(canvas: Canvas, slot: Any, sheet: Any, with_: Any) -> None:
        lies = next((one.box for one in sheet.layout.slots if one.name == "title"), slot.box)
        drawn(canvas, replace(slot, box=lies) if slot.name == "subtitle" else slot, sheet, with_)

    monkeypatch.setattr(text, "draw", over)
    caught("of title lies on ")


def test_a_page_that_says_another_number(monkeypatch: Patch, caught: Callable[[str], None]) -> None:
    sheet = press.detail_sheet
    monkeypatch.setattr(press, "detail_sheet", lambda *given: with_fields(sheet(*given), page="第 7 页"))
    caught(LAST + "says '第 7 页' and is page 5")


def test_an_index_that_says_another_page(monkeypatch: Patch, caught: Callable[[str], None]) -> None:
    monkeypatch.setattr(index, "piece_pages", lambda order, first: {row: first + row + 1 for row in order.drawn})
    caught("page 2, index-1: says that piece-1 is on page 4")


def test_an_index_without_a_row(monkeypatch: Patch, caught: Callable[[str], None]) -> None:
    drawn = index_table.draw

    def short(canvas: Canvas, slot: Any, sheet: IndexSheet, with_: Any) -> None:
        drawn(canvas, slot, replace(sheet, rows=sheet.rows[:-1]), with_)

    monkeypatch.setattr(index_table, "draw", short)
    caught("page 2, index-1: index does not say")


def test_a_piece_with_two_pages(monkeypatch: Patch, caught: Callable[[str], None]) -> None:
    chapters, add = book.chapters, PdfWriter._add_destination

    def once(writer: PdfWriter, name: str, *where: Any) -> None:
        if name not in writer._destinations:
            add(writer, name, *where)

    monkeypatch.setattr(book, "chapters", lambda *given: [replace(one, rows=(0, 1, 2, 2)) for one in chapters(*given)])
    monkeypatch.setattr(PdfWriter, "_add_destination", once)
    caught("the patch 2025Q3-000000000003-X has 2 pages")


def test_a_piece_without_a_page(monkeypatch: Patch, caught: Callable[[str], None]) -> None:
    """Nothing leads to it either: where something does, the writer itself gives up."""
    chapters, link = book.chapters, Canvas.link
    monkeypatch.setattr(book, "chapters", lambda *given: [replace(one, rows=(0, 1)) for one in chapters(*given)])
    with pytest.raises(ValueError, match="links lead to destinations nobody named: piece-3"):
        caught("")

    def unlinked(canvas: Canvas, box: Box, target: str, words: str = "") -> None:
        if target != "#piece-3":
            link(canvas, box, target, words)

    monkeypatch.setattr(Canvas, "link", unlinked)
    caught("the patch 2025Q3-000000000003-X has no page")
