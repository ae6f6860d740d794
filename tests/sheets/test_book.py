from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pypdf
import pytest

from pipeline.records import Piece, Scene
from pipeline.sheets.book import BookSummary, check_book, draw_book
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
            RenderSettings(),
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
    assert titles == ["总图", "图斑索引", "第1镇", "第2镇", "第0镇"]
    assert [one.title for one in towns[0]] == ["1 · 42990120250001", "4 · 42990120250004"]
    assert read.get_destination_page_number(towns[0][1]) == 2 + 3
    goals = [str(one.get_object()["/Dest"]) for one in read.pages[1]["/Annots"]]  # type: ignore[union-attr]
    assert goals == [f"piece-{n}" for n in range(1, 7)]
    assert {one.get_object()["/Dest"] for one in read.pages[0]["/Annots"]} == set(goals)  # type: ignore[union-attr]
    assert read.page_labels == [str(n) for n in range(1, 9)]


def test_the_same_input_gives_the_same_bytes(draw: Draw, tmp_path: Path) -> None:
    scene = scenery.scene(tmp_path, "before", scenery.square(113.87, 30.53, 0.001))
    assert draw(scenery.scattered(5), "one.pdf", [scene]) == draw(scenery.scattered(5), "two.pdf", [scene])
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
    check_book(path, made)
    with pytest.raises(ValueError, match="pages"):
        check_book(path, replace(made, pages=made.pages + 1))
    with pytest.raises(ValueError, match="page 2 does not say"):
        check_book(path, replace(made, record=(made.record[0], made.record[0], *made.record[2:])))
    cut = tmp_path / "cut.pdf"
    cut.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ValueError, match="whole"):
        check_book(cut, made)


def test_a_refused_book_leaves_nothing_behind(draw: Draw, tmp_path: Path) -> None:
    strange = replace(scenery.scattered(1)[0], town="\U0001f3e0")
    with pytest.raises(Exception, match="U\\+1F3E0"):
        draw([strange])
    assert list(tmp_path.iterdir()) == []


def test_a_county_of_fragments_alone_has_its_overview(draw: Draw) -> None:
    crumb = scenery.piece(0, scenery.square(113.87, 30.53, 1e-5), asked=False, not_asked_reason="fragment")
    made = draw([crumb], language="en")
    assert (made.pages, made.index_pages, made.pieces_drawn) == (1, 0, ())
