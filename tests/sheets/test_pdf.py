"""The PDF writer: strict readers read it, words come back once, frames lie where they lie on the ground."""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path

import numpy as np
import pypdf
import pytest
from PIL import Image
from pyproj import Transformer
from rasterio.control import GroundControlPoint
from rasterio.transform import from_gcps

from pipeline.sheets.canvas import Box, Canvas, Stroke, TextStyle
from pipeline.sheets.fonts import load_font
from pipeline.sheets.operators import PT_PER_MM
from pipeline.sheets.pdf import PdfWriter

FONT = load_font()
WORDS = ["云溪县 2025 年图斑详图", "犍亳郯鄄睢歙嵊", "m² ′ ″ ° × ㎡", "(a\\b)"]
EXTENT = (484000.0, 3384000.0, 486660.0, 3386400.0)
LEFT, RIGHT = Box(12, 29, 133, 120), Box(152, 29, 133, 120)


def jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), "#336699").save(buffer, "JPEG")
    return buffer.getvalue()


def corners(extent: tuple[float, float, float, float], crs: str) -> tuple:
    left, low, right, high = extent
    to = Transformer.from_crs(crs, "EPSG:4490", always_xy=True)
    return tuple(to.transform(*at) for at in ((left, high), (left, low), (right, low), (right, high)))


def book(path: Path, pages: int = 3) -> None:
    with PdfWriter(path, "图册 & <样张>", "zh", FONT, subject="2025Q3", author="某省") as writer:
        base = Canvas(297, 210, FONT)
        base.rect(Box(7, 7, 283, 196), stroke=Stroke(0.5, "#000000"))
        base.text(12, 200, "坐标系", TextStyle(5.5))
        furniture = writer.furniture("base", base)
        image = writer.image(jpeg(), 40, 30)
        first = None
        for at in range(pages):
            page = Canvas(297, 210, FONT)
            page.furniture(furniture)
            for row, words in enumerate(WORDS):
                page.text(20, 160 + 8 * row, words, TextStyle(8, halo_mm=0.3))
            with page.layer("影像"):
                page.image(image, LEFT)
            page.georeference(LEFT, "EPSG:4547", corners(EXTENT, "EPSG:4547"), "前时相")
            page.georeference(RIGHT, "EPSG:4547", corners(EXTENT, "EPSG:4547"), "后时相")
            page.destination(f"piece-{at}")
            page.link(Box(10, 10, 20, 5), f"#piece-{pages - 1 - at}")
            page.link(Box(40, 10, 20, 5), "https://example.org/(x)")
            ref = writer.page(page, f"详图 {at + 1}")
            first = writer.bookmark(f"第 {at + 1} 页", ref, first if at == 1 else None) if at < 2 else first


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> pypdf.PdfReader:
    path = tmp_path_factory.mktemp("pdf") / "book.pdf"
    book(path)
    return pypdf.PdfReader(io.BytesIO(path.read_bytes()), strict=True)


def test_the_same_pages_give_the_same_bytes(tmp_path: Path) -> None:
    book(tmp_path / "a.pdf")
    book(tmp_path / "b.pdf")
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    assert b"CreationDate" not in (tmp_path / "a.pdf").read_bytes()


def test_words_come_back_once_with_halo_and_furniture(reader: pypdf.PdfReader) -> None:
    for page in reader.pages:
        text = page.extract_text()
        for words in [*WORDS, "坐标系"]:
            assert text.count(words) == 1


def test_title_language_labels_outline_and_layers(reader: pypdf.PdfReader) -> None:
    root = reader.trailer["/Root"]
    assert (reader.metadata.title, root["/Lang"], reader.metadata.author) == ("图册 & <样张>", "zh", "某省")
    assert reader.xmp_metadata.dc_title == {"x-default": "图册 & <样张>"}
    assert reader.page_labels == ["详图 1", "详图 2", "详图 3"]
    assert [one.title for one in reader.outline if not isinstance(one, list)] == ["第 1 页"]
    assert [one.title for one in reader.outline[1]] == ["第 2 页"]
    assert root["/OCProperties"]["/OCGs"][0].get_object()["/Name"] == "影像"


def test_links_lead_forward_and_back(reader: pypdf.PdfReader) -> None:
    assert sorted(reader.named_destinations) == ["piece-0", "piece-1", "piece-2"]
    links = [one.get_object() for one in reader.pages[0]["/Annots"]]
    goal = links[0]["/Dest"]
    named = goal.decode() if isinstance(goal, bytes) else str(goal)
    assert reader.get_destination_page_number(reader.named_destinations[named]) == 2
    assert links[1]["/A"]["/URI"] == "https://example.org/(x)"


def test_every_frame_lies_where_it_lies_on_the_ground(reader: pypdf.PdfReader) -> None:
    frames = reader.pages[1]["/VP"]
    assert [one["/Name"] for one in frames] == ["前时相", "后时相"]
    sizes = [one["/BBox"] for one in frames]
    areas = [(float(b[2]) - float(b[0])) * (float(b[3]) - float(b[1])) for b in sizes]
    assert areas[0] > areas[1]  # GDAL takes the largest
    for frame, box in zip(frames, (LEFT, RIGHT), strict=True):
        measure = frame["/Measure"]
        assert (measure["/Subtype"], measure["/GCS"]["/EPSG"]) == ("/GEO", 4547)
        assert _ground(frame, box) == pytest.approx(EXTENT, abs=0.01)


def _ground(frame: pypdf.generic.DictionaryObject, box: Box) -> tuple[float, ...]:
    """The extent of a frame on paper, through the viewport's own numbers."""
    x0, y0, x1, y1 = (float(one) for one in frame["/BBox"])
    gpts = np.array(frame["/Measure"]["/GPTS"], float).reshape(4, 2)
    lpts = np.array(frame["/Measure"]["/LPTS"], float).reshape(4, 2)
    xs, ys = Transformer.from_crs("EPSG:4490", "EPSG:4547", always_xy=True).transform(gpts[:, 1], gpts[:, 0])
    points = [
        GroundControlPoint(row=y0 + v * (y1 - y0), col=x0 + u * (x1 - x0), x=x, y=y)
        for (u, v), x, y in zip(lpts, xs, ys, strict=True)
    ]
    to = from_gcps(points)
    left, low = to @ (box.x_mm * PT_PER_MM, (210 - box.bottom) * PT_PER_MM)
    right, high = to @ (box.right * PT_PER_MM, (210 - box.y_mm) * PT_PER_MM)
    return (left, low, right, high)


def test_the_font_is_embedded_once_and_pages_share_images(reader: pypdf.PdfReader) -> None:
    fonts = reader.pages[0]["/Resources"]["/Font"]
    programs = {one["/DescendantFonts"][0]["/FontDescriptor"].raw_get("/FontFile3").idnum for one in fonts.values()}
    assert len(programs) == 1
    used = [set(page["/Resources"]["/XObject"].keys()) for page in reader.pages]
    assert used[0] == used[1] == used[2]


def test_furniture_is_declared_once_and_is_static(tmp_path: Path) -> None:
    with PdfWriter(tmp_path / "x.pdf", "x", "en", FONT) as writer:
        one, other, linked = (Canvas(100, 100, FONT) for _ in range(3))
        other.text(1, 9, "other", TextStyle(8))
        linked.link(Box(0, 0, 1, 1), "#x")
        assert writer.furniture("base", one) is writer.furniture("base", Canvas(100, 100, FONT))
        with pytest.raises(ValueError, match="another drawing"):
            writer.furniture("base", other)
        with pytest.raises(ValueError, match="no links"):
            writer.furniture("linked", linked)
        page = Canvas(100, 100, FONT)
        page.furniture(writer.furniture("words", other))
        assert [mark.words for mark in page.inked] == ["other"]
        writer.page(page, "1")


def test_a_link_into_nothing_or_a_failing_block_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "x.pdf"
    page = Canvas(100, 100, FONT)
    page.link(Box(0, 0, 1, 1), "#nowhere")
    with pytest.raises(ValueError, match="nowhere"), PdfWriter(path, "x", "en", FONT) as writer:
        writer.page(page, "1")
    with pytest.raises(RuntimeError), PdfWriter(path, "x", "en", FONT):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_memory_is_flat_in_the_number_of_pages(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).bytes(200_000)
    tracemalloc.start()
    with PdfWriter(tmp_path / "x.pdf", "x", "en", FONT) as writer:
        peaks = []
        for at in range(60):
            page = Canvas(100, 100, FONT)
            page.image(writer.image(noise, 10, 10), page.box)
            writer.page(page, str(at))
            peaks.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert peaks[-1] - peaks[9] < 200_000  # 50 pages more, 10 MB more in the file
    assert (tmp_path / "x.pdf").stat().st_size > 12_000_000
