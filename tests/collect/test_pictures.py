"""Pictures in the cells of a returned workbook: whoever put them there is told, our own thumbnails are nobody's."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.drawing.image import Image as Picture
from PIL import Image

from pipeline.collect.returned import Doubt, ReturnedFile
from pipeline.forms.workbook import write_checklist
from pipeline.texts import languages, texts
from tests.collect.conftest import COUNTY, PIECES, Sheet, read, terms

ROW = 5


def photo(kind: str = "JPEG") -> io.BytesIO:
    made = io.BytesIO()
    Image.new("RGB", (8, 8), "green").save(made, kind)
    return made


def told(found: ReturnedFile) -> list[dict[str, str]]:
    return [dict(one.facts) for one in found.remarks if one.code is Doubt.PICTURES]


@pytest.fixture
def pasted(checklist: Callable[[str], Path], tmp_path: Path) -> Callable[..., ReturnedFile]:
    """The checklist read with pictures pasted at these cells of its first sheet."""

    def made(*cells: str, by: str = "cn") -> ReturnedFile:
        sheet = Sheet(checklist(by), terms(by))
        for cell in cells:
            sheet.sheet.add_image(Picture(photo()), cell)
        (found,) = read(sheet.save(tmp_path / "p.xlsx"), tmp_path / "s", by)
        return found

    return made


def test_pictures_are_told_with_their_cells(pasted: Callable[..., ReturnedFile]) -> None:
    name = texts("zh")["form.sheet_main"]
    assert told(pasted("J6", "H5")) == [{"count": "2", "cells": f" ({name}!H5, {name}!J6)"}]
    assert told(pasted()) == []


def test_the_same_in_the_form_of_other_countries(pasted: Callable[..., ReturnedFile]) -> None:
    assert told(pasted("C7", by="international")) == [
        {"count": "1", "cells": f" ({texts('en')['form.sheet_main']}!C7)"}
    ]


@pytest.mark.parametrize("language", languages())
def test_our_own_pictures_alarm_nobody(tmp_path: Path, language: str) -> None:
    """The sheet of thumbnails as it is handed out, and as Excel, WPS or LibreOffice save it again."""
    profile = {"zh": "cn", "en": "international"}[language]
    by, path, pages = terms(profile), tmp_path / "c.xlsx", {one.patch_uid: 3 for one in PIECES}
    shots = {one.patch_uid: {"before": photo().getvalue(), "after": photo().getvalue()} for one in PIECES}
    write_checklist(path, by.form, by.facts, COUNTY, PIECES, pages, pictures=shots)
    (found,) = read(path, tmp_path / "s", profile)
    assert told(found) == []
    book = openpyxl.load_workbook(path)
    assert len(book[texts(language)["card.pictures"]]._images) == 2 * len(PIECES)
    book.save(tmp_path / "again.xlsx")
    assert told(read(tmp_path / "again.xlsx", tmp_path / "s", profile)[0]) == []
    book = openpyxl.load_workbook(tmp_path / "again.xlsx")
    book.worksheets[0].add_image(Picture(photo()), "B9")
    book.save(tmp_path / "more.xlsx")
    assert [one["count"] for one in told(read(tmp_path / "more.xlsx", tmp_path / "s", profile)[0])] == ["1"]


def test_pictures_on_a_sheet_of_their_own_are_told_too(checklist: Callable[[str], Path], tmp_path: Path) -> None:
    book = openpyxl.load_workbook(checklist("cn"))
    book.create_sheet("现场照片").add_image(Picture(photo("PNG")), "A1")
    book.save(tmp_path / "p.xlsx")
    assert told(read(tmp_path / "p.xlsx", tmp_path / "s")[0]) == [{"count": "1", "cells": " (现场照片!A1)"}]


def test_pictures_that_wps_puts_into_cells(checklist: Callable[[str], Path], tmp_path: Path) -> None:
    """WPS writes a formula whose result is its own text."""
    sheet = Sheet(checklist("cn"), terms())
    sheet.put(ROW, photos='=DISPIMG("ID_0F6A",1)')
    name = f"{sheet.sheet.title}!{sheet.name(ROW, 'photos')}"
    (found,) = read(sheet.save(tmp_path / "p.xlsx"), tmp_path / "s")
    assert told(found) == [{"count": "1", "cells": f" ({name})"}]


@pytest.mark.parametrize("rich", [True, False])
def test_pictures_that_excel_places_in_cells(checklist: Callable[[str], Path], tmp_path: Path, rich: bool) -> None:
    """The cell has a mark of a rich value; without a list of pictures that is something else."""
    path = tmp_path / "p.xlsx"
    with zipfile.ZipFile(checklist("cn")) as old, zipfile.ZipFile(path, "w") as new:
        for one in old.infolist():
            data = old.read(one)
            if one.filename == "xl/worksheets/sheet1.xml":
                assert b'<c r="H5"' in data
                data = data.replace(b'<c r="H5"', b'<c vm="1" r="H5"')
            new.writestr(one.filename, data)
        if rich:
            new.writestr("xl/richData/richValueRel.xml", "<richValueRels/>")
    name = texts("zh")["form.sheet_main"]
    assert told(read(path, tmp_path / "s")[0]) == ([{"count": "1", "cells": f" ({name}!H5)"}] if rich else [])


def ods(frames: str) -> bytes:
    """A table of one question in the OpenDocument way, with frames in its third row."""
    heads = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{one}</text:p></table:table-cell>'
        for one in ("图斑编号", "核查结论", "照片")
    )
    schemas = "".join(
        f' xmlns:{one}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for one, name in (("office", "office"), ("table", "table"), ("text", "text"), ("draw", "drawing"))
    )
    content = (
        f'<office:document-content{schemas} xmlns:xlink="http://www.w3.org/1999/xlink"><office:body><office:spreadsheet>'
        f'<table:table table:name="表"><table:table-row>{heads}</table:table-row>'
        f'<table:table-row table:number-rows-repeated="2"><table:table-cell/></table:table-row>'
        f'<table:table-row><table:table-cell table:number-columns-repeated="2"/>{frames}</table:table-row>'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as parts:
        parts.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        parts.writestr("content.xml", content)
        parts.writestr("META-INF/manifest.xml", "<m/>")
    return made.getvalue()


@pytest.mark.parametrize(("href", "count"), [("Pictures/1.jpg", 1), ("./ObjectReplacements/Object 1", 0)])
def test_pictures_in_an_ods(tmp_path: Path, href: str, count: int) -> None:
    """The copies that LibreOffice makes of charts are none."""
    frame = f'<table:table-cell><draw:frame><draw:image xlink:href="{href}"/></draw:frame></table:table-cell>'
    (tmp_path / "p.ods").write_bytes(ods(frame))
    found: Any = read(tmp_path / "p.ods", tmp_path / "s")[0]
    assert told(found) == [{"count": "1", "cells": " (表!C4)"}] * count
