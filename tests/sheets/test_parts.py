"""Books of several files: nothing lost, nothing twice, every link arrives, and no file larger than was asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.book_parts import BookPart, page_link
from pipeline.errors import Refusal
from pipeline.records import Piece
from pipeline.sheets.book import BookSummary, draw_book
from pipeline.sheets.canvas import Box, Canvas, TextStyle
from pipeline.sheets.fonts import load_font
from pipeline.sheets.inspection import check_book
from pipeline.sheets.pdf import PdfWriter, Remote
from pipeline.sheets.settings import RenderSettings
from tests.sheets import scenery

NAME = "429901_sheets.pdf"


def draw(folder: Path, pieces: list[Piece], settings: RenderSettings, language: str = "zh") -> BookSummary:
    """A book with imagery under all pieces, in a folder of its own."""
    middle = scenery.square(scenery.LON, scenery.LAT, 0.001)
    scene = scenery.scene(folder.parent, "before", middle, 3000)
    folder.mkdir()
    facts, county, about = scenery.facts(language), scenery.county(), scenery.surroundings()
    return draw_book(folder / NAME, facts, county, pieces, [scene], [scene], settings, lambda *_: None, about)


def near(count: int) -> list[Piece]:
    return scenery.scattered(count, spread=0.1)


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, BookSummary]]:
    """One book whole, in parts and by town."""
    folder = tmp_path_factory.mktemp("books")
    kinds = {
        "whole": RenderSettings(part_mb=0),
        "parts": RenderSettings(part_mb=1),
        "following": RenderSettings(part_mb=1, vertices="following"),
        "town": RenderSettings(book_by="town"),
        "town_parts": RenderSettings(book_by="town", part_mb=1, vertices="following"),
    }
    return {kind: (folder / kind, draw(folder / kind, near(18), settings)) for kind, settings in kinds.items()}


def pages(folder: Path, made: BookSummary) -> Iterator[pypdf.PageObject]:
    for part in made.parts:
        yield from pypdf.PdfReader(folder / part.file).pages


def test_a_book_that_would_grow_too_large_goes_on_in_another_file(books: dict[str, tuple[Path, BookSummary]]) -> None:
    folder, made = books["parts"]
    assert [one.file for one in made.parts] == [NAME, "429901_sheets_2.pdf", "429901_sheets_3.pdf"]
    assert sorted(one.name for one in folder.iterdir()) == sorted(one.file for one in made.parts)
    for one in made.parts:
        assert (folder / one.file).stat().st_size <= 1_000_000
        assert len(pypdf.PdfReader(folder / one.file).pages) == one.pages
    assert [one.first_page for one in made.parts[1:]] == [one.last_page + 1 for one in made.parts[:-1]]
    assert made.parts[-1].last_page == made.pages


def test_parts_say_page_for_page_what_the_whole_book_says(books: dict[str, tuple[Path, BookSummary]]) -> None:
    whole, parts = ([page.extract_text() for page in pages(*books[kind])] for kind in ("whole", "parts"))
    assert whole == parts
    assert books["whole"][1].page_of == books["parts"][1].page_of


@pytest.mark.parametrize("kind", ["parts", "following", "town", "town_parts"])
def test_every_link_and_bookmark_arrives(books: dict[str, tuple[Path, BookSummary]], kind: str) -> None:
    folder, made = books[kind]
    read = {one.file: pypdf.PdfReader(folder / one.file) for one in made.parts}
    goals = set()
    for part in made.parts:
        reader = read[part.file]
        named = {name: reader.get_destination_page_number(one) for name, one in reader.named_destinations.items()}
        for link in (one.get_object() for page in reader.pages for one in page.get("/Annots", [])):
            if "/Dest" in link:
                goals.add(part.first_page + named[link["/Dest"]])
            elif "/URI" not in link["/A"]:
                (other,) = (one for one in made.parts if one.file == link["/A"]["/F"]["/UF"])
                goals.add(other.first_page + link["/A"]["/D"][0])
    overviews = set(range(1, 1 + made.overview_pages + made.cluster_pages))
    overviews |= {one.first_page for one in made.parts if one.town and not one.file.endswith("_2.pdf")}
    assert set(made.page_of.values()) < goals <= set(made.page_of.values()) | overviews
    first = read[NAME]
    remote = [one["/A"]["/F"]["/UF"] for one in outline(first) if "/A" in one]
    assert remote == [one.file for one in made.parts[1:]]
    for file, reader in read.items():
        back = [one["/A"]["/F"]["/UF"] for one in outline(reader) if "/A" in one]
        assert file == NAME or back == [NAME]


def outline(reader: pypdf.PdfReader) -> Iterator[pypdf.generic.DictionaryObject]:
    """The entries at the top of an outline."""
    at = reader.trailer["/Root"]["/Outlines"]["/First"]
    while at is not None:
        yield at
        at = at.get("/Next")


def test_the_index_leads_into_the_right_file(books: dict[str, tuple[Path, BookSummary]]) -> None:
    folder, made = books["parts"]
    index = pypdf.PdfReader(folder / NAME).pages[made.page_of[made.pieces_drawn[0]] - 2]
    goals = [one.get_object() for one in index["/Annots"]]  # type: ignore[attr-defined]
    for uid, link in zip(made.pieces_drawn, goals, strict=True):
        file, _, place = page_link(made.parts, made.page_of[uid]).partition("#page=")
        if file == NAME:
            assert link["/Dest"] == f"piece-{made.pieces_drawn.index(uid) + 1}"
        else:
            assert (link["/A"]["/F"]["/UF"], link["/A"]["/D"][0]) == (file, int(place) - 1)


def test_a_book_by_town_has_a_file_for_each_town_in_order(books: dict[str, tuple[Path, BookSummary]]) -> None:
    folder, made = books["town"]
    assert [one.town for one in made.parts] == ["", "第0镇", "第1镇", "第2镇"]
    assert [one.file for one in made.parts[1:]] == [f"429901_sheets_town0{at}.pdf" for at in (1, 2, 3)]
    of = {one.patch_uid: one for one in near(18)}
    told = [(of[uid].town, of[uid].patch_no) for uid in made.page_of]
    assert told == sorted(told)
    assert set(made.page_of) == set(of)
    for one in made.parts[1:]:
        first, *others = (page.extract_text() for page in pypdf.PdfReader(folder / one.file).pages)
        assert one.town in first
        assert [of[uid].town for words in others for uid in of if uid in words] == [one.town] * 6


def test_pieces_without_a_town_come_last_and_a_county_without_towns_is_one_book(tmp_path: Path) -> None:
    some = [replace(one, town="" if one.seq in (1, 4) else "甲镇") for one in near(5)]
    made = draw(tmp_path / "some", some, RenderSettings(book_by="town"))
    assert [one.town for one in made.parts] == ["", "甲镇", "未注明乡镇"]
    assert [int(uid.split("-")[1]) for uid in made.pieces_drawn] == [2, 3, 5, 1, 4]
    none = draw(tmp_path / "none", [replace(one, town="") for one in near(3)], RenderSettings(book_by="town"))
    assert [(one.file, one.town) for one in none.parts] == [(NAME, "")]


def test_the_same_input_gives_the_same_bytes_in_every_file(
    books: dict[str, tuple[Path, BookSummary]], tmp_path: Path
) -> None:
    folder, made = books["town_parts"]
    again = draw(tmp_path / "again", near(18), RenderSettings(book_by="town", part_mb=1, vertices="following"))
    assert again == made
    for one in made.parts:
        assert (folder / one.file).read_bytes() == (tmp_path / "again" / one.file).read_bytes()


def test_the_check_goes_over_all_files(books: dict[str, tuple[Path, BookSummary]]) -> None:
    folder, made = books["parts"]
    files = [folder / one.file for one in made.parts]
    check_book(files, made.record)
    with pytest.raises(Refusal, match=f"{made.parts[0].pages} pages, {made.pages} were drawn"):
        check_book(files[0], made.record)
    with pytest.raises(Refusal, match=f"page {made.parts[1].first_page}, piece-.*does not say"):
        check_book([files[0], files[2], files[1]], made.record)


def test_a_failing_book_leaves_none_of_its_files(tmp_path: Path) -> None:
    pieces = near(18)
    pieces[-1] = replace(pieces[-1], village="\U0001f3e0")
    with pytest.raises(Exception, match="U\\+1F3E0"):
        draw(tmp_path / "book", pieces, RenderSettings(part_mb=1))
    assert list((tmp_path / "book").iterdir()) == []


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3)), min_size=1, max_size=8))
def test_a_file_is_never_larger_than_it_was_said_to_become(shapes: list[tuple[int, int]]) -> None:
    import tempfile

    font, elsewhere = load_font(None), {"far": Remote("x_2.pdf", 3)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.pdf"
        with PdfWriter(path, "书", "zh", font, elsewhere=elsewhere) as writer:
            for number, (words, links) in enumerate(shapes):
                canvas = Canvas(297, 210, font)
                canvas.destination(f"at-{number}")
                canvas.text(10, 10, "".join(map(chr, range(0x4E00 + 40 * number, 0x4E00 + 40 * number + words))), STYLE)
                for at in range(links):
                    canvas.link(Box(at, 1, 1, 1), ("#far", "#late", "#at-0")[at])
                grown = writer.size_bytes + writer.page_bytes(canvas)
                writer.bookmark("页", writer.page(canvas, str(number)))
                assert writer.size_bytes <= grown + 320  # the bookmark
            said = writer.size_bytes
            elsewhere["late"] = Remote("x_3.pdf", 0)
        assert path.stat().st_size <= said


STYLE = TextStyle(8.0)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=6))
def test_every_page_lies_in_one_file(counts: list[int]) -> None:
    first, parts = 1, []
    for at, count in enumerate(counts):
        parts.append(BookPart(f"b_{at}.pdf", first, count))
        first += count
    links = [page_link(parts, page) for page in range(1, first)]
    assert links == [f"b_{at}.pdf#page={page}" for at, count in enumerate(counts) for page in range(1, count + 1)]
    with pytest.raises(ValueError, match="no part"):
        page_link(parts, first)
