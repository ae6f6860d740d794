"""Words of strangers in names and remarks are words in every product: nothing of them runs, links, hides or escapes."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
import zipfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import fiona
import openpyxl
import pypdf
import pytest
from PIL import Image

from pipeline.forms.card_page import write_cards
from pipeline.forms.coordinates import write_coordinates
from pipeline.forms.form import Form
from pipeline.forms.kmz import write_kmz
from pipeline.forms.mail import ascii_name, folder_name
from pipeline.forms.package import write_boundary, write_patches
from pipeline.forms.qgis import write_project
from pipeline.forms.shapefile import write_shapefile
from pipeline.forms.sketch import sketch_of
from pipeline.forms.start import Notice, start_of
from pipeline.forms.start_page import SKETCH, number_mm, write_start
from pipeline.forms.workbook import write_checklist
from pipeline.forms.xlsform import write_xlsform
from pipeline.io.readers.coordinate_text import read_coordinate_text
from pipeline.records import CampaignFacts, County, Office, Piece
from pipeline.sheets.book import draw_book
from pipeline.sheets.fonts import load_font
from pipeline.sheets.settings import RenderSettings

HIDDEN = "\u202e\u200f\u2066\x00\x07\x1b\x85"  # bidi marks and control characters
PAYLOADS = {
    "formula": '=HYPERLINK("http://evil.example","x")',
    "command": "@SUM(1)+cmd|' /C calc'!A0",
    "plus": "+1+1",
    "link": "http://evil.example/x",
    "file link": "file:///etc/passwd#x",
    "markup": "<script>alert(1)</script><b onload=x>&lt;img src=x&gt;",
    "cdata": "]]><!ENTITY x SYSTEM 'file:///etc/passwd'>&x;",
    "expression": "[% env('HOME') %] \" || 1 || \" $[name]",
    "pdf": ") Tj ET Q (x) /URI (http://evil.example) \\(",
    "path": "../../../etc/passwd\\..\\x:y*?",
    "hidden": f"a{HIDDEN}b",
    "lines": "one\r\ntwo\x0bthree\u2028four",
    "footer": '&A&[File]&"x"',
    "txt": "[地块坐标]\r\n3,0,1,x,面,,,,@\r\nJ1,1,1,1,@＠，",
}
LIVE_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f]")


@pytest.mark.parametrize("profile", ["cn"], indirect=True)
@pytest.mark.parametrize("name", sorted(PAYLOADS))
def test_words_of_strangers_are_words(
    name: str, tmp_path: Path, facts: CampaignFacts, form: Form, county: County, pieces: list[Piece]
) -> None:
    made = _made(tmp_path, form, facts, county, pieces, PAYLOADS[name])
    _check_workbook(made)
    _check_xlsform(made)
    _check_pdfs(made)
    _check_project(made)
    _check_kmz(made)
    _check_tables(made)
    _check_coordinates(made, pieces)
    _check_file_names(PAYLOADS[name])


def _made(folder: Path, form: Form, facts: CampaignFacts, county: County, pieces: list[Piece], evil: str) -> Path:
    """All that a county is handed, with these words in every place strangers' words go."""
    folder = folder / "made"
    folder.mkdir()
    office = Office(evil, evil, evil, evil, classification=evil, contact=evil, mail=evil, address=evil)
    facts = replace(facts, title=evil, office=office)
    county = replace(
        county, name=evil, city_name=evil, neighbours=tuple(replace(one, name=evil) for one in county.neighbours)
    )
    named = dict.fromkeys(
        ("patch_no", "town", "village", "patch_type", "patch_type_name", "phase_before", "phase_after", "remark"), evil
    )
    pieces = [replace(one, county_name=evil, **named) for one in pieces]
    pages = {one.patch_uid: one.seq + 2 for one in pieces if one.asked}
    font = load_font()
    pictures = {one.patch_uid: {"before": _jpeg()} for one in pieces}
    write_checklist(folder / "c.xlsx", form, facts, county, pieces, pages, pictures=pictures, deadline=evil)
    write_xlsform(folder, form, facts, county, pieces)
    write_patches(folder / "patches.gpkg", form, facts, pieces, pages)
    write_boundary(folder / "boundary.gpkg", facts, county)
    write_project(folder / "project.qgz", form, facts, county, pieces, "EPSG:4547")
    write_kmz(folder / "p.kmz", facts, county, pieces, pages)
    write_shapefile(folder / "p", facts, pieces, pages)
    write_coordinates(folder / "p_coordinates.txt", facts, county, pieces)
    write_cards(folder / "cards.pdf", form, facts, county, pieces, pages, font, deadline=evil)
    notice = Notice(evil, evil, evil, evil)
    start = start_of(form, facts, county, pieces, pages, notice, ["SHA256SUMS"], folder_name(evil, facts.id))
    write_start(folder / "start.pdf", start, sketch_of(facts, county, pieces, SKETCH, number_mm(font)), facts, font)
    return folder


def _check_workbook(made: Path) -> None:
    """No formula, and no link but to its sheets."""
    book = openpyxl.load_workbook(made / "c.xlsx")
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                assert not LIVE_BIDI.search(str(cell.value or ""))
    with zipfile.ZipFile(made / "c.xlsx") as packed:
        for name in packed.namelist():
            if name.endswith(".rels"):
                targets = re.findall(r'Target="([^"]*)" TargetMode="External"', packed.read(name).decode())
                assert all(re.fullmatch(r"429901_sheets\.pdf", one) for one in targets)


def _check_xlsform(made: Path) -> None:
    """No formula in the form, none in its list; what it calculates is ours."""
    for row in openpyxl.load_workbook(made / "429901_form.xlsx")["survey"].iter_rows():
        assert all(cell.data_type != "f" for cell in row)
    with (made / "patches_429901.csv").open(encoding="utf-8", newline="") as listed:
        cells = [cell for row in csv.reader(listed) for cell in row]
    assert cells
    assert not [one for one in cells if one[:1] in ("=", "+", "-", "@") or LIVE_BIDI.search(one)]


def _jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 6)).save(buffer, "JPEG")
    return buffer.getvalue()


def _check_pdfs(made: Path) -> None:
    """No action and no link out."""
    for name in ("start.pdf", "cards.pdf"):
        reader = pypdf.PdfReader(made / name)
        assert "/OpenAction" not in reader.trailer["/Root"]
        assert "/AA" not in reader.trailer["/Root"]
        assert all("/Annots" not in page for page in reader.pages)
        assert not any(LIVE_BIDI.search(page.extract_text()) for page in reader.pages)


def _check_project(made: Path) -> None:
    """Nothing runs, nothing is read from elsewhere."""
    with zipfile.ZipFile(made / "project.qgz") as packed:
        root = ElementTree.fromstring(packed.read("project.qgs"))
    assert not list(root.iter("macro"))
    assert not list(root.iter("script"))
    assert all("[% env" not in one.get("labelText", "") for one in root.iter("LayoutItem"))
    texts = [value for one in root.iter() for value in (*one.attrib.values(), one.text or "", one.tail or "")]
    assert not any(LIVE_BIDI.search(one) or "\x07" in one for one in texts)
    sources = [one.text or "" for one in root.iter("datasource")]
    assert all(one.startswith(("./patches.gpkg", "./boundary.gpkg")) for one in sources)


def _check_kmz(made: Path) -> None:
    """Nothing a globe would take for markup or a template."""
    with zipfile.ZipFile(made / "p.kmz") as packed:
        root = ElementTree.fromstring(packed.read("doc.kml"))
    for one in root.iter():
        assert not re.search(r"[<>&$]", one.text or "")
        assert not LIVE_BIDI.search(one.text or "")
    assert {one.tag.split("}")[1] for one in root.iter()} <= {
        *("kml", "Document", "name", "Style", "LabelStyle", "LineStyle", "PolyStyle", "color", "width", "scale"),
        *("Placemark", "styleUrl", "ExtendedData", "Data", "displayName", "value", "MultiGeometry", "Polygon", "Point"),
        *("outerBoundaryIs", "innerBoundaryIs", "LinearRing", "coordinates"),
    }


def _check_tables(made: Path) -> None:
    """Neither control characters nor bidi marks in any cell."""
    with fiona.open(made / "p.shp") as source:
        rows = [row.properties for row in source]
    with closing(sqlite3.connect(made / "patches.gpkg")) as base:
        base.row_factory = sqlite3.Row
        rows += [dict(one) for one in base.execute("SELECT patch_no, town, village, remark FROM patches")]
    for row in rows:
        for value in row.values():
            assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", str(value or ""))
            assert not LIVE_BIDI.search(str(value or ""))


def _check_coordinates(made: Path, pieces: list[Piece]) -> None:
    """As many parcels as pieces, each whole."""
    (layer,) = read_coordinate_text(made / "p_coordinates.txt")
    asked = [one.patch_uid for one in sorted(pieces, key=lambda one: one.seq) if one.own and one.asked]
    assert layer.fields["地块名称"] == asked
    assert all(one is not None for one in layer.wkb)


def _check_file_names(evil: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]*", ascii_name(evil))
    assert re.fullmatch(r"[A-Za-z0-9_-]*", folder_name(evil, "2025Q3"))


@pytest.mark.parametrize("profile", ["cn"], indirect=True)
def test_sheets_show_words_as_words(tmp_path: Path, facts: CampaignFacts, county: County, pieces: list[Piece]) -> None:
    """Those payloads that a font can set: what it cannot is refused with the character's name."""
    evil = PAYLOADS["markup"] + PAYLOADS["pdf"] + PAYLOADS["formula"]
    named = [
        replace(one, patch_no=evil, town=evil)
        for one in sorted(pieces, key=lambda one: (not one.own, not one.asked, one.seq))
    ]
    draw_book(tmp_path / "b.pdf", facts, replace(county, name=evil), named, [], [], RenderSettings(), lambda *_: None)
    reader = pypdf.PdfReader(tmp_path / "b.pdf")
    links = [note.get_object() for page in reader.pages for note in page.get("/Annots", [])]
    assert {str(one["/A"]["/URI"]) for one in links if "/URI" in str(one.get("/A", ""))} == {
        f"{county.code}_project.qgz"
    }
    assert "/OpenAction" not in reader.trailer["/Root"]
