"""The checklist an officer opens: its values, its rules, its print, and the same bytes each time."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from pipeline.book_parts import BookPart
from pipeline.forms.cleaning import clean_text
from pipeline.forms.form import Form
from pipeline.forms.identity import book_order, row_code
from pipeline.forms.table import EXTRA, FIRST_ROW, Table, extra_sign
from pipeline.forms.workbook import write_checklist
from pipeline.records import CampaignFacts, County, Piece
from pipeline.texts import texts

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, form: Form, facts: CampaignFacts, county: County, pages: dict[str, int]) -> Write:
    def done(pieces: list[Piece], name: str = "429901_checklist.xlsx", **more: Any) -> Path:
        target = tmp_path / name
        told = (more.get("facts", facts), more.get("county", county), pieces, pages)
        rows = write_checklist(target, form, *told, parts=more.get("parts", ()), deadline=more.get("deadline", ""))
        assert rows == len(book_order(pieces))
        return target

    return done


def _table(path: Path) -> list[list[Any]]:
    return CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python(skip_empty_area=False)


def test_one_row_per_asked_own_piece_in_book_order(write: Write, form: Form, pieces: list[Piece]) -> None:
    table = _table(write(pieces))
    keys = [one.key for one in form.face]
    rows = table[FIRST_ROW : FIRST_ROW + len(book_order(pieces))]
    assert [row[keys.index("row_no")] for row in rows] == [1, 2, 3, 4]
    assert [row[keys.index("patch_no")] for row in rows] == [one.patch_no for one in book_order(pieces)]
    assert [row[keys.index("page")] for row in rows] == [3, 4, 5, 6]
    assert [row[len(keys) + 1] for row in rows] == [one.patch_uid for one in book_order(pieces)]
    assert [row[len(keys)] for row in rows] == [row_code(one) for one in book_order(pieces)]


def test_officer_cells_are_empty(write: Write, form: Form, pieces: list[Piece]) -> None:
    for row in _table(write(pieces))[FIRST_ROW:]:
        assert all(value == "" for value, one in zip(row, form.face, strict=False) if one.by == "officer")


def test_areas_are_numbers_in_the_unit_of_the_office(
    write: Write, form: Form, facts: CampaignFacts, pieces: list[Piece]
) -> None:
    column = [one.key for one in form.face].index("area")
    each = {"mu": 10.0, "ha": 0.6667}[facts.area_unit]
    assert _table(write(pieces))[FIRST_ROW][column] == each


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    words=st.one_of(
        st.text(max_size=60),
        st.sampled_from(
            ["=1+1", "{=A1}", "http://x.y", "file:///etc/passwd", "@SUM(A1)", "00123", "1e5", "internal:A1"]
        ),
    )
)
def test_strangers_text_comes_back_as_text(
    write: Write, form: Form, make_piece: Callable[[int], Piece], words: str
) -> None:
    path = write([replace(make_piece(1), patch_no=words, town=words)])
    found = _table(path)[FIRST_ROW][[one.key for one in form.face].index("patch_no")]
    assert found == (clean_text(words) or "")
    with zipfile.ZipFile(path) as packed:
        for name in packed.namelist():
            if name.startswith("xl/worksheets/sheet"):
                assert b"<f>" not in packed.read(name)


def test_very_long_text_is_cut_where_one_sees_it(write: Write, make_piece: Callable[[int], Piece]) -> None:
    table = _table(write([replace(make_piece(1), patch_type_name="长" * 40000)]))
    assert any(str(value).endswith("…") for value in table[FIRST_ROW])


def test_the_only_links_are_to_the_countys_own_sheets(write: Write, pieces: list[Piece]) -> None:
    links = [one.target for one in _links(write(pieces))]
    assert links == ["429901_sheets.pdf"] * 4
    assert [one.location for one in _links(write(pieces))] == [f"page={page}" for page in (3, 4, 5, 6)]


def _links(path: Path) -> list[Any]:
    sheet = openpyxl.load_workbook(path).worksheets[0]
    return [cell.hyperlink for row in sheet.iter_rows() for cell in row if cell.hyperlink]


def test_an_odd_county_code_gets_no_link(write: Write, county: County, pieces: list[Piece]) -> None:
    assert _links(write(pieces, county=replace(county, code="../x"))) == []


def _letters(form: Form, rows: int = 4) -> dict[str, str]:
    """The letters of each field's column."""
    columns = Table(form, rows, reissued=False).columns()
    return {key: openpyxl.utils.get_column_letter(at + 1) for key, at in columns.items()}


def _rules(path: Path) -> dict[str, Any]:
    """The validations of the table by the letter of their column, those of rows for further plots apart."""
    found = openpyxl.load_workbook(path).worksheets[0].data_validations.dataValidation
    named = {str(one.sqref).split(":")[0]: one for one in found}
    return {
        cell.rstrip("0123456789") if cell.endswith(str(FIRST_ROW + 1)) else cell: one for cell, one in named.items()
    }


def test_lists_dates_and_numbers_are_checked(write: Write, form: Form, pieces: list[Piece]) -> None:
    path = write(pieces)
    book, rules, letters = openpyxl.load_workbook(path), _rules(path), _letters(form)
    kinds = {
        "choice": "list",
        "date": "date",
        "number": "decimal",
        "text": "textLength",
        "long": "textLength",
    }
    for one in (*form.face, *form.long):
        letter = letters[one.key]
        if one.by == "given":
            assert letter not in rules
            continue
        assert rules[letter].type == kinds[one.type]
        assert rules[letter].error
        if one.choices:
            depends = any(choice.under for choice in one.choices)
            assert depends or rules[letter].formula1 == f"list_{one.key}"
            _check_list(book, form, one.key)


def test_a_further_plot_chooses_from_the_numbers_of_the_county(write: Write, form: Form, pieces: list[Piece]) -> None:
    path, letter, first = write(pieces), _letters(form)["patch_no"], FIRST_ROW + 1
    chosen = _rules(path)[f"{letter}{first + 4}"]
    assert (chosen.type, chosen.formula1) == ("list", f"${letter}${first}:${letter}${first + 3}")
    rows = _table(path)[FIRST_ROW:]
    extra = Table(form, 4, reissued=False).extra
    assert len(rows) == 4 + extra
    assert all(row[0] == EXTRA and row[len(form.face) + 1] == extra_sign(pieces[0].county_code) for row in rows[4:])


@pytest.mark.slow
def test_kinds_of_case_follow_the_verdict_of_the_row(
    write: Write, form: Form, facts: CampaignFacts, pieces: list[Piece], tmp_path: Path
) -> None:
    """The list's formula, reckoned by LibreOffice in cells of its own."""
    if not shutil.which("soffice"):
        pytest.skip("LibreOffice is not installed")
    path, letters, words = write(pieces), _letters(form), texts(facts.language)
    formula = _rules(path)[letters["verdict_sub"]].formula1
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    verdicts = [None, *form.verdict.choices]
    for row, verdict in enumerate(verdicts, FIRST_ROW + 1):
        sheet[f"{letters['verdict']}{row}"] = verdict.label[facts.language] if verdict else None
        mine = formula.replace(f"${letters['verdict']}{FIRST_ROW + 1}", f"${letters['verdict']}{row}")
        for at, told in enumerate((f"ROWS({mine})", f"INDEX({mine},1)", f"INDEX({mine},ROWS({mine}))"), 1):
            sheet.cell(row, 100 + at).value = f"={told}"
    book.save(tmp_path / "reckoned.xlsx")
    made = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,1"
    home = f"-env:UserInstallation=file://{tmp_path}/home"
    command = ["soffice", home, "--headless", "--convert-to", made, "--outdir", str(tmp_path), "reckoned.xlsx"]
    subprocess.run(command, capture_output=True, check=True, timeout=120, cwd=tmp_path)
    (saved,) = tmp_path.glob("reckoned*.csv")
    with saved.open(encoding="utf-8", newline="") as source:
        found = [row[100:103] for row in csv.reader(source)][FIRST_ROW:]
    for verdict, told in zip(verdicts, found, strict=False):
        labels = [
            form.label(one, facts.language, words["form.joint"])
            for one in form["verdict_sub"].choices
            if verdict is None or one.under == verdict.code
        ]
        assert (told[0], told[1]) == (str(len(labels)), labels[0])
        assert told[2] == labels[-1]


def _check_list(book: Any, form: Form, key: str) -> None:
    sheet, cells = next(iter(book.defined_names[f"list_{key}"].destinations))
    values = [cell.value for row in book[sheet][cells.replace("$", "")] for cell in row]
    assert len(values) == len(form[key].choices)
    assert None not in values


def test_officer_cells_alone_are_open_and_there_is_no_password(write: Write, form: Form, pieces: list[Piece]) -> None:
    sheet = openpyxl.load_workbook(write(pieces)).worksheets[0]
    assert sheet.protection.sheet
    assert not sheet.protection.password
    assert not sheet.protection.autoFilter  # False: allowed
    first, last = FIRST_ROW + 1, FIRST_ROW + 4
    for row in sheet.iter_rows(min_row=first, max_row=last, max_col=len(form.face)):
        assert [cell.protection.locked for cell in row] == [one.by == "given" for one in form.face]
    for row in sheet.iter_rows(min_row=last + 1, max_col=len(form.face)):
        assert [not cell.protection.locked for cell in row] == [
            one.by == "officer" or one.key == "patch_no" for one in form.face
        ]
    letters = _letters(form)
    for one in form.long:
        at = openpyxl.utils.column_index_from_string(letters[one.key])
        (column,) = (each for each in list(sheet.column_dimensions.values()) if each.min <= at <= each.max)
        assert not column.protection.locked
        assert all(sheet[f"{letters[one.key]}{row}"].protection.locked for row in range(1, first))


def test_it_prints_on_a4_with_its_head_on_every_page(write: Write, facts: CampaignFacts, pieces: list[Piece]) -> None:
    sheet = openpyxl.load_workbook(write(pieces)).worksheets[0]
    assert (sheet.page_setup.paperSize, sheet.page_setup.orientation) == (9, "landscape")
    assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
    assert sheet.print_title_rows == f"$1:${FIRST_ROW}"
    assert sheet.freeze_panes == f"C{FIRST_ROW + 1}"
    footer = sheet.oddFooter
    assert "&P" in footer.right.text
    assert facts.id in footer.left.text
    assert texts(facts.language)["form.footer_sign"].split(" ")[0] in footer.center.text


def test_the_day_of_return_stands_above_the_table(write: Write, facts: CampaignFacts, pieces: list[Piece]) -> None:
    words = texts(facts.language)
    told = words.say("form.deadline", date="2025-11-15")
    assert told in _table(write(pieces, deadline="2025-11-15"))[1]
    assert not any(told[:4] in str(cell) for cell in _table(write(pieces))[1])
    long = [str(cell) for cell in _table(write(pieces, deadline="期" * 500))[1]]
    assert max(map(len, long)) < 100


def test_old_programs_find_nothing_they_do_not_know(write: Write, pieces: list[Piece]) -> None:
    """Excel 2010 and WPS: no extensions, no formula in a cell, lists by the names of whole ranges."""
    path = write(pieces)
    with zipfile.ZipFile(path) as packed:
        for name in packed.namelist():
            if name.endswith(".xml"):
                held = packed.read(name).decode()
                assert not re.search(r"<extLst|x14:|xr:|<f>|<dataConsolidate", held), name
    book = openpyxl.load_workbook(path)
    for name, one in book.defined_names.items():
        assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]{0,254}", name)
        assert not re.fullmatch(r"[A-Za-z]{1,3}[0-9]+|[Rr][0-9]*[Cc][0-9]*", name)  # what is read as a cell
        assert re.fullmatch(r"_lists!\$[A-Z]+\$2:\$[A-Z]+\$[0-9]+", one.attr_text)


def test_the_guide_has_each_choice_in_a_cell_of_its_own_and_says_once_when_rows_are_added(
    write: Write, form: Form, facts: CampaignFacts, pieces: list[Piece]
) -> None:
    words = texts(facts.language)
    rows = CalamineWorkbook.from_path(str(write(pieces))).get_sheet_by_index(1).to_python()
    cells = [str(cell) for row in rows for cell in row if cell != ""]
    for one in (each for each in form.written if each.choices):
        assert {form.label(choice, facts.language, words["form.joint"]) for choice in one.choices} <= set(cells)
    numbered = [one for one in cells if re.match(r"[0-9]+\. ", one)]
    assert words["collect.guide.parcels"] == numbered[1].removeprefix("2. ")  # "the next rule" of the first


def test_a_footer_stays_within_what_excel_reads(
    write: Write, facts: CampaignFacts, county: County, pieces: list[Piece]
) -> None:
    path = write(pieces, facts=replace(facts, id="A" * 40), county=replace(county, name="&" * 200))
    with zipfile.ZipFile(path) as packed:
        sheet = packed.read("xl/worksheets/sheet1.xml").decode()
    footer = sheet.split("<oddFooter>")[1].split("</oddFooter>")[0].replace("&amp;", "&")
    assert len(footer) <= 255
    assert "&&" in footer


def test_identity_lies_in_a_hidden_sheet_and_in_properties(
    write: Write, form: Form, facts: CampaignFacts, pieces: list[Piece]
) -> None:
    book = openpyxl.load_workbook(write(pieces))
    assert [book[name].sheet_state for name in ("_lists", "_meta")] == ["hidden", "hidden"]
    meta = {row[0].value: row[1].value for row in book["_meta"].iter_rows(max_row=8)}
    expected = {
        "schema": form.schema,
        "form": form.id,
        "form_version": form.version,
        "language": facts.language,
    }
    expected |= {"area_unit": facts.area_unit, "campaign": facts.id, "county_code": "429901", "rows": "4"}
    assert meta == expected
    assert {one.name: one.value for one in book.custom_doc_props.props} == {
        f"tuban_{key}": value for key, value in expected.items()
    }
    uids = [row[0].value for row in book["_meta"].iter_rows(min_row=11)]
    assert uids == [one.patch_uid for one in book_order(pieces)]


def test_what_is_due_is_coloured(write: Write, form: Form, pieces: list[Piece]) -> None:
    sheet = openpyxl.load_workbook(write(pieces)).worksheets[0]
    coloured = {str(one.sqref).split(":")[0].rstrip("0123456789") for one in sheet.conditional_formatting}
    letters = _letters(form)
    due = {letters[one.key] for one in form.written if one.needed}
    assert due <= coloured


def test_the_same_values_give_the_same_bytes(write: Write, pieces: list[Piece]) -> None:
    one = write(pieces, "one.xlsx").read_bytes()
    assert write(list(reversed(pieces)), "two.xlsx").read_bytes() == one


def test_a_county_without_asked_pieces_gets_no_file(write: Write, pieces: list[Piece]) -> None:
    assert not write([one for one in pieces if not (one.own and one.asked)]).exists()


def test_pages_lead_into_the_file_they_lie_in(write: Write, form: Form, pieces: list[Piece]) -> None:
    parts = (BookPart("429901_sheets.pdf", 1, 4), BookPart("429901_sheets_2.pdf", 5, 2))
    sheet = openpyxl.load_workbook(write(pieces, parts=parts)).worksheets[0]
    column = [one.key for one in form.face].index("page") + 1
    cells = [sheet.cell(FIRST_ROW + 1 + at, column) for at in range(4)]
    assert [cell.value for cell in cells] == [3, 4, 5, 6]
    told = [f"{cell.hyperlink.target}#{cell.hyperlink.location}" for cell in cells]
    assert told == [f"429901_sheets{at}" for at in (".pdf#page=3", ".pdf#page=4", "_2.pdf#page=1", "_2.pdf#page=2")]
