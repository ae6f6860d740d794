from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pypdf
import pytest

from pipeline.errors import Refusal
from pipeline.records import Piece, Scene
from pipeline.sheets.book import BookSummary, draw_book
from pipeline.sheets.canvas import Canvas, Stroke, TextStyle
from pipeline.sheets.fonts import load_font
from pipeline.sheets.index import index_sheets
from pipeline.sheets.inspection import BookRecord, check_book
from pipeline.sheets.proofreading import page_faults
from pipeline.sheets.settings import RenderSettings
from tests.sheets import scenery

Draw = Callable[..., BookSummary]


@pytest.fixture
def draw(tmp_path: Path) -> Draw:
    def drawn(
        pieces: list[Piece],
        name: str = "429901_sheets.pdf",
        before: list[Scene] | None = None,
        after: list[Scene] | None = None,
        language: str = "zh",
        settings: RenderSettings | None = None,
    ) -> BookSummary:
        seen: list[tuple[int, int]] = []
        target, facts = tmp_path / name, scenery.facts(language)
        made = draw_book(
            target,
            facts,
            scenery.county(),
            pieces,
            before or [],
            after or [],
            settings or RenderSettings(),
            lambda *at: seen.append(at),
        )
        total = len(made.pieces_drawn)
        assert seen == [(n, total) for n in range(1, total + 1)]
        return made

    return drawn


def test_a_book_has_overview_index_and_a_page_for_each_asked_piece(draw: Draw, tmp_path: Path) -> None:
    pieces = [*scenery.scattered(7), *scenery.straddling(8)]
    made = draw(pieces)
    read = pypdf.PdfReader(tmp_path / "429901_sheets.pdf")
    assert len(read.pages) == made.pages == 1 + 1 + 8
    assert (made.overview_pages, made.cluster_pages, made.index_pages) == (1, 0, 1)
    assert made.pieces_drawn == tuple(one.patch_uid for one in pieces if one.own and one.asked)
    assert list(made.page_of.values()) == list(range(3, 11))
    assert made.missing == tuple((uid, phase) for uid in made.pieces_drawn for phase in ("before", "after"))
    for uid, page in made.page_of.items():
        words = read.pages[page - 1].extract_text()
        assert words.count(uid) == 1
        assert sum(other in words for other in made.page_of) == 1
    sizes = {(round(float(one.mediabox.width)), round(float(one.mediabox.height))) for one in read.pages}
    assert sizes == {(842, 595), (1191, 842)}


def test_bookmarks_and_links_lead_to_the_pages(draw: Draw, tmp_path: Path) -> None:
    draw(scenery.scattered(6))
    read = pypdf.PdfReader(tmp_path / "429901_sheets.pdf")
    towns = [one for one in read.outline if isinstance(one, list)]
    titles = [one.title for one in read.outline if not isinstance(one, list)]
    assert titles == ["分布图", "图斑索引", "第1镇", "第2镇", "第0镇"]
    assert [one.title for one in towns[0]] == ["1 · 42990120250001", "4 · 42990120250004"]
    assert read.get_destination_page_number(towns[0][1]) == 2 + 3
    goals = [str(one.get_object()["/Dest"]) for one in read.pages[1]["/Annots"]]  # type: ignore[union-attr]
    assert goals == [f"piece-{n}" for n in range(1, 7)]
    assert {one.get_object()["/Dest"] for one in read.pages[0]["/Annots"]} == set(goals)  # type: ignore[union-attr]
    assert read.page_labels == [str(n) for n in range(1, 9)]


def test_the_same_input_gives_the_same_bytes(draw: Draw, tmp_path: Path) -> None:
    scene = scenery.scene(tmp_path, "before", scenery.square(113.87, 30.53, 0.001))
    one, two = (draw(scenery.scattered(5), name, [scene]) for name in ("one.pdf", "two.pdf"))
    one, two = (replace(made, parts=(), record=replace(made.record, files=())) for made in (one, two))
    assert one == two
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()


def test_partial_and_missing_imagery_are_told(draw: Draw, tmp_path: Path) -> None:
    patch = scenery.square(113.87, 30.53, 0.002)
    full, half = scenery.scene(tmp_path, "before", patch), scenery.scene(tmp_path, "after", patch, 400, shift_m=200)
    far = scenery.piece(2, scenery.square(113.9, 30.56, 0.001))
    made = draw([scenery.piece(1, patch), far], before=[full], after=[half])
    (uid, phase, cover), *others = made.partial
    assert (uid, phase, others) == ("2025Q3-000000000001-X", "after", [])
    assert cover == pytest.approx(0.5, abs=0.02)
    assert made.missing == ((far.patch_uid, "before"), (far.patch_uid, "after"))
    words = pypdf.PdfReader(tmp_path / "429901_sheets.pdf").pages[3].extract_text()
    assert "前时相影像缺失" in words
    assert "后时相影像缺失" in words


def test_both_frames_carry_their_ground(draw: Draw, tmp_path: Path) -> None:
    draw([scenery.piece(1, scenery.square(113.87, 30.53, 0.001))])
    page = pypdf.PdfReader(tmp_path / "429901_sheets.pdf").pages[2]
    frames = [one.get_object() for one in page["/VP"]]  # type: ignore[attr-defined]
    middles = []
    for one in frames:
        left, low, right, high = (float(edge) * 25.4 / 72 for edge in one["/BBox"])
        ground = np.array(one["/Measure"]["/GPTS"], dtype=float).reshape(4, 2).mean(axis=0)
        assert ground.tolist() == pytest.approx([30.53, 113.87], abs=1e-6)
        middles.append(((left + right) / 2, 210 - (low + high) / 2))
    assert np.array(middles) == pytest.approx(np.array([(152 + 66.5, 89), (12 + 66.5, 89)]), abs=0.01)


def test_a_book_that_was_changed_is_found_out(draw: Draw, tmp_path: Path) -> None:
    made, path = draw(scenery.scattered(3)), tmp_path / "429901_sheets.pdf"
    record = made.record
    check_book(path, record)
    with pytest.raises(Refusal, match="5 pages, 4 were drawn"):
        check_book(path, replace(record, pages=record.pages[:-1]))
    with pytest.raises(Refusal, match="page 2, index-1: does not say"):
        check_book(path, with_page(record, 1, words=record.pages[0].words))
    with pytest.raises(Refusal, match=r"page 1.*has not what all pages of its kind share, once"):
        check_book(path, with_page(record, 0, furniture=record.pages[-1].furniture))
    cut = tmp_path / "cut.pdf"
    cut.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(Refusal, match="whole"):
        check_book(cut, record)


def with_page(record: BookRecord, at: int, **changes: object) -> BookRecord:
    page = replace(record.pages[at], **changes)  # type: ignore[arg-type]
    return replace(record, pages=(*record.pages[:at], page, *record.pages[at + 1 :]))


@pytest.fixture
def pictured(draw: Draw, tmp_path: Path) -> tuple[Path, BookRecord]:
    """A book of two pages with imagery at both dates."""
    pieces = [
        scenery.piece(1, scenery.square(113.87, 30.53, 0.001)),
        scenery.piece(2, scenery.square(113.872, 30.53, 0.001)),
    ]
    scenes = [scenery.scene(tmp_path, phase, pieces[0].geometry, 4000.0) for phase in ("before", "after")]
    made = draw(pieces, before=scenes[:1], after=scenes[1:])
    return tmp_path / "429901_sheets.pdf", made.record


@pytest.mark.skipif(not shutil.which("qpdf"), reason="qpdf is not installed")
def test_qpdf_finds_nothing_amiss(pictured: tuple[Path, BookRecord]) -> None:
    checked = subprocess.run(["qpdf", "--check", str(pictured[0])], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.skipif(not shutil.which("gdalinfo"), reason="gdal-bin is not installed")
def test_gdal_reads_where_the_primary_frame_lies(pictured: tuple[Path, BookRecord]) -> None:
    path, record = pictured
    box, height_mm, ground, scale = record.pages[2].frames[0]
    told = subprocess.run(["gdalinfo", "-json", f"PDF:3:{path}"], capture_output=True, text=True, check=False)
    if told.returncode:
        pytest.skip("this GDAL reads no PDF")
    info = json.loads(told.stdout)
    left, east, _, top, _, north = info["geoTransform"]
    px_per_mm = info["size"][1] / height_mm
    corners = [(left + x * px_per_mm * east, top + y * px_per_mm * north) for x, y in box.corners]
    wanted = [(ground[0], ground[3]), (ground[2], ground[3]), (ground[2], ground[1]), (ground[0], ground[1])]
    assert np.array(corners) == pytest.approx(np.array(wanted), abs=scale * 1e-4)
    assert info["metadata"][""]["TITLE"].startswith("湖北省孝感市云溪县")


def test_a_piece_leads_to_the_overview_and_the_overview_to_it(draw: Draw, tmp_path: Path) -> None:
    draw(scenery.scattered(3))
    read = pypdf.PdfReader(tmp_path / "429901_sheets.pdf")
    home, _ = (one.get_object() for one in read.pages[3]["/Annots"])  # type: ignore[union-attr]
    assert home["/Dest"] == "overview"
    assert read.named_destinations["overview"].page.idnum == read.pages[0].indirect_reference.idnum  # type: ignore[union-attr]


def test_a_code_that_names_an_address_leads_there_and_not_to_the_project(draw: Draw, tmp_path: Path) -> None:
    draw(scenery.scattered(1), settings=RenderSettings(qr="https://office.example/{uid}"))
    page = pypdf.PdfReader(tmp_path / "429901_sheets.pdf").pages[-1]
    _, code = (one.get_object() for one in page["/Annots"])  # type: ignore[union-attr]
    assert code["/A"]["/URI"].startswith("https://office.example/")


def test_a_map_that_lies_elsewhere_is_found_out(pictured: tuple[Path, BookRecord]) -> None:
    path, record = pictured
    (box, height_mm, ground, scale), after = record.pages[-1].frames
    nudged = tuple(one + 0.00011 * scale for one in ground)
    for frame, fault in (
        ((box, height_mm, nudged, scale), "elsewhere"),
        ((box.inset(1), height_mm, ground, scale), "nothing"),
    ):
        with pytest.raises(Refusal, match=f"page 4, piece-2.*a map frame .*{fault}"):
            check_book(path, with_page(record, -1 + len(record.pages), frames=(frame, after)))
    wide = (ground[0], ground[1], ground[2] - 0.2 * (ground[2] - ground[0]), ground[3])
    with pytest.raises(Refusal, match="does not lie in its frame with a margin"):
        check_book(path, with_page(record, 3, piece=wide))


def test_an_image_that_is_another_or_lies_elsewhere_is_found_out(pictured: tuple[Path, BookRecord]) -> None:
    path, record = pictured
    before, after = record.pages[3].pictures
    assert {before.pixel, after.pixel} == {2.0}
    assert before.digest == after.digest  # the same pixels at both dates, of the same ground
    other = record.pages[2].pictures[0]
    assert other.digest != before.digest
    shifted = replace(before, ground=tuple(one + 2.1 for one in before.ground))
    for wrong, fault in (
        (other, "has not the images that were made for it"),
        (shifted, "the image before lies a pixel or more from its ground"),
        (replace(before, blank=True), "the image before shows a single value"),
    ):
        with pytest.raises(Refusal, match=fault):
            check_book(path, with_page(record, 3, pictures=(wrong, after)))
    same = replace(other, digest=before.digest)
    with pytest.raises(Refusal, match=r"is that of piece-1 .*, another ground"):
        check_book(path, with_page(record, 2, pictures=(same, same)))


def test_words_on_words_and_marks_beyond_the_paper_are_faults() -> None:
    font, order = load_font(None), scenery.order(scenery.scattered(1))
    sheet = next(iter(index_sheets(order, 2)))
    canvas = Canvas(sheet.layout.width_mm, sheet.layout.height_mm, font)
    canvas.text(50, 50, "甲乙", TextStyle(9.0))
    canvas.text(58, 50, "丙丁", TextStyle(9.0))
    assert not [one for one in page_faults(sheet, canvas) if " say " not in one]
    canvas.text(51, 51, "戊己", TextStyle(9.0))
    canvas.line([(-1.0, 5.0), (5.0, 5.0)], Stroke(0.2, "#000000"))
    found = [one for one in page_faults(sheet, canvas) if " say " not in one]
    assert found == ["a mark (line) of  leaves the paper", "'甲乙' of  lies on '戊己' of "]


def test_a_refused_book_leaves_nothing_behind(draw: Draw, tmp_path: Path) -> None:
    strange = replace(scenery.scattered(1)[0], town="\U0001f3e0")
    with pytest.raises(Exception, match="U\\+1F3E0"):
        draw([strange])
    assert list(tmp_path.iterdir()) == []


def test_a_county_of_fragments_alone_has_its_overview(draw: Draw) -> None:
    crumb = scenery.piece(0, scenery.square(113.87, 30.53, 1e-5), asked=False, not_asked_reason="fragment")
    made = draw([crumb], language="en")
    assert (made.pages, made.index_pages, made.pieces_drawn) == (1, 0, ())


@pytest.mark.parametrize(
    ("language", "names"),
    [
        ("zh", {"影像（前时相）", "影像（后时相）", "坐标网", "境界", "图斑", "注记"}),
        ("en", {"Imagery (Before)", "Imagery (After)", "Grid", "Boundaries", "Patches", "Labels"}),
    ],
)
def test_layers_can_be_switched_off(draw: Draw, tmp_path: Path, language: str, names: set[str]) -> None:
    draw(scenery.scattered(2), language=language)
    book = pypdf.PdfReader(tmp_path / "429901_sheets.pdf")
    layers = book.trailer["/Root"]["/OCProperties"]["/OCGs"]
    assert len(layers) == len(names)  # each once a book, however many pages
    assert {one.get_object()["/Name"] for one in layers} == names
    for page in book.pages[-2:]:
        assert len(page["/Resources"]["/Properties"]) == len(names)
        content = page.get_contents().get_data()
        assert content.count(b"BDC") + content.count(b"BMC") == content.count(b"EMC") > len(names) + 2
