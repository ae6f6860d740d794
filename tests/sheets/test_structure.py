"""The structure of a book: what is read aloud, page by page, and where each link belongs and leads."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdf
import pytest

from pipeline.sheets.book import draw_book
from pipeline.sheets.canvas import Box, Canvas, TextStyle
from pipeline.sheets.fonts import load_font
from pipeline.sheets.pdf import PdfWriter
from pipeline.sheets.settings import RenderSettings
from tests.sheets import scenery

COUNT = 8


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("book") / "429901_sheets.pdf"
    given = (scenery.facts(), scenery.county(), scenery.scattered(COUNT), [], [])
    draw_book(made, *given, RenderSettings(), lambda *_: None)
    return made


@pytest.fixture(scope="module")
def reader(path: Path) -> pypdf.PdfReader:
    return pypdf.PdfReader(path, strict=True)


def sections(reader: pypdf.PdfReader) -> list[Any]:
    root = reader.trailer["/Root"]["/StructTreeRoot"]
    (document,) = root["/K"]
    assert (document["/S"], document["/P"]) == ("/Document", root)
    return list(document["/K"])


def parents(reader: pypdf.PdfReader) -> dict[int, Any]:
    """The parent tree, whose leaves must hold what their limits say."""
    found: dict[int, Any] = {}
    for leaf in reader.trailer["/Root"]["/StructTreeRoot"]["/ParentTree"]["/Kids"]:
        rows = leaf["/Nums"]
        keys = list(rows[::2])
        assert list(leaf["/Limits"]) == [keys[0], keys[-1]]
        found |= dict(zip(keys, rows[1::2], strict=True))
    assert list(found) == sorted(found) == list(range(len(found)))
    return found


def notes(page: Any) -> Iterator[Any]:
    return (one.get_object() for one in page.get("/Annots", []))


def test_every_page_is_a_section_named_by_its_heading(reader: pypdf.PdfReader) -> None:
    assert reader.trailer["/Root"]["/MarkInfo"] == {"/Marked": True}
    headings = ["分布图", "索引 1 / 1", *(f"{n} · 图斑 42990120250{n:03d}" for n in range(1, COUNT + 1))]
    assert [one["/T"] for one in sections(reader)] == headings
    for one, page in zip(sections(reader), reader.pages, strict=True):
        leaf = one["/K"][0].get_object()
        assert (leaf["/Pg"], leaf["/K"], one["/S"]) == (page, 0, "/Sect")
        assert one["/T"].split(" · ")[0] in page.extract_text()


def test_a_map_is_described_and_a_list_is_read(reader: pypdf.PdfReader) -> None:
    overview, index, *pieces = (one["/K"][0].get_object() for one in sections(reader))
    assert (index["/S"], "/Alt" in index) == ("/P", False)
    assert {one["/S"] for one in (overview, *pieces)} == {"/Figure"}
    assert f"{COUNT} 个图斑" in overview["/Alt"]
    for number, one in enumerate(pieces, 1):
        told = one["/Alt"].split("；")
        assert f"图斑编号：42990120250{number:03d}" in told
        assert f"乡镇、村：第{number % 3}镇" in told
        assert {"前时相：2025-03-14", "核查结论：合法、违法、其他", f"第 {number + 2} 页"} < set(told)
        assert not [at for at in told if at.endswith(("—", "："))], told


def test_the_tree_leads_from_pages_and_links_to_their_elements(reader: pypdf.PdfReader) -> None:
    tree = parents(reader)
    keys = []
    for page, one in zip(reader.pages, sections(reader), strict=True):
        leaf, *links = (kid.get_object() for kid in one["/K"])
        keys.append(page["/StructParents"])
        assert [each.get_object() for each in tree[keys[-1]]] == [leaf]
        for note, element in zip(notes(page), links, strict=True):
            keys.append(note["/StructParent"])
            assert tree[keys[-1]].get_object() == element
            assert (element["/S"], element["/K"]["/Obj"], element["/K"]["/Pg"]) == ("/Link", note, page)
        assert ("/Tabs" in page) == bool(links)
    assert keys == list(tree)


def test_a_link_says_where_it_leads(reader: pypdf.PdfReader) -> None:
    overview, index, *pieces = reader.pages
    named = {name: reader.get_destination_page_number(one) for name, one in reader.named_destinations.items()}
    for page in (overview, index):
        led = {named[one["/Dest"]]: one["/Contents"].split() for one in notes(page)}
        assert set(led) == set(range(2, 2 + COUNT))
        for at, words in led.items():
            text = reader.pages[at].extract_text()
            assert f"序号 {words[0]} / {COUNT}" in text
            assert all(one in text for one in words)
    for page in pieces:
        home, project = notes(page)
        assert (named[home["/Dest"]], home["/Contents"]) == (0, "分布图")
        assert project["/A"]["/URI"] == "429901_project.qgz"  # beside the book, by a relative address
        assert project["/Contents"] == "在 QGIS 中打开 429901_project.qgz"


@pytest.mark.skipif(not shutil.which("pdfinfo"), reason="poppler is not installed")
def test_poppler_finds_the_book_tagged_and_reads_its_index(path: Path) -> None:
    told, read = (
        subprocess.run(["pdfinfo", *given, path], capture_output=True, text=True, errors="replace", check=True)
        for given in ([], ["-struct-text"])
    )
    assert "Tagged:          yes" in told.stdout
    assert (told.stderr, read.stderr) == ("", "")
    assert "42990120250008" in read.stdout[read.stdout.index("P (block)") :]


def test_furniture_is_heard_where_that_is_wanted(tmp_path: Path) -> None:
    font = load_font()
    with PdfWriter(tmp_path / "x.pdf", "x", "en", font) as writer:
        shared = Canvas(100, 100, font)
        shared.text(5, 5, "label", TextStyle(8))
        for heard in (False, True):
            page = Canvas(100, 100, font)
            page.furniture(writer.furniture("shared", shared), heard=heard)
            page.text(20, 5, "value", TextStyle(8))
            writer.page(page, "1")
            with pytest.raises(ValueError, match="drawn first"):
                page.furniture(writer.furniture("shared", shared))
    unheard, heard = (
        one.get_contents().get_data().split(b"BDC")[0] for one in pypdf.PdfReader(tmp_path / "x.pdf").pages
    )
    assert (b"/Artifact BMC" in unheard, b" Do" in unheard) == (True, True)
    assert (b"/Artifact BMC" in heard, b" Do" in heard) == (False, False)


def test_a_tree_of_many_links_has_leaves(tmp_path: Path) -> None:
    font = load_font()
    with PdfWriter(tmp_path / "x.pdf", "x", "en", font) as writer:
        for at in range(3):
            page = Canvas(100, 100, font)
            page.destination(f"page-{at}")
            for row in range(400):
                page.link(Box(1, 1, 1, 1), f"#page-{row % 3}", str(row))
            writer.page(page, str(at))
    reader = pypdf.PdfReader(tmp_path / "x.pdf", strict=True)
    tree = parents(reader)
    assert len(tree) == 3 * 401
    assert all(tree[one["/StructParent"]]["/K"]["/Obj"] == one for page in reader.pages for one in notes(page))
    named = {name: reader.get_destination_page_number(one) for name, one in reader.named_destinations.items()}
    assert all(named[one["/Dest"]] == int(one["/Contents"]) % 3 for page in reader.pages for one in notes(page))
