"""The county's checklist as a workbook: one row per asked piece, easy to fill in and safe to read back.

Excel, WPS and LibreOffice alike: plain validations from a hidden sheet, no formulas in cells, no macros,
protection without a password.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path

import xlsxwriter
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from pipeline.amounts import AREA_DECIMALS
from pipeline.book_parts import BookPart, page_link
from pipeline.forms.cells import Look, half_widths, look_of, pixels, put
from pipeline.forms.cleaning import clean_text, cut_text
from pipeline.forms.footers import plain_footer, signed_footer
from pipeline.forms.form import Field, Form
from pipeline.forms.given import given_value
from pipeline.forms.guide import write_guide
from pipeline.forms.identity import book_order, geometry_digest, row_code
from pipeline.forms.picture_sheet import write_pictures
from pipeline.forms.rules import add_highlights, add_validations, choice_label, write_lists
from pipeline.forms.sections import section_words
from pipeline.forms.table import EXTRA, FIRST_ROW, SEAM_CODE, Table, extra_sign
from pipeline.records import CampaignFacts, County, Piece
from pipeline.texts import Texts, texts

_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
_SAFE = re.compile(r"[A-Za-z0-9_-]{1,80}")
_MARGIN_IN = 8 / 25.4
_CODE_MM, _NOTE_MM, _LINE_PT, _PAD_MM = 17, 52, 12, 2
_DAY_0 = date(1899, 12, 30)
LONGEST_NOTE, _TALLEST_PT = 1000, 400
_DUE_COLUMNS, _LONGEST_DAY = 3, 30  # where the day stands on which answers are due


@dataclass(frozen=True)
class Note:
    """Why a row is asked again, the ids of what it is issued upon, and the answer it begins with; `plots` are the rows
    of further plots of land below it."""

    why: str
    base: str = ""
    said: Mapping[str, str] = field(default_factory=dict)  # in canonical spelling, by the form's keys
    plots: tuple[Note, ...] = ()


Line = tuple[Piece, Note]  # one row of the table


def write_checklist(
    target: Path,
    form: Form,
    facts: CampaignFacts,
    county: County,
    pieces: Sequence[Piece],
    pages: Mapping[str, int],
    notes: Mapping[str, Note] | None = None,
    pictures: Mapping[str, Mapping[str, bytes]] | None = None,
    parts: Sequence[BookPart] = (),
    deadline: str = "",
) -> int:
    """Write the checklist of a county and return the number of pieces in it.

    Rows are the county's own asked pieces by number; `pages` gives the page of the sheets by patch_uid, and `parts` the
    files they lie in, `<code>_sheets.pdf` where none are told. With `notes` by patch_uid only those pieces are asked
    again, each with a column that says why, and rows of their own for further plots of land. `pictures` are JPEGs by
    patch_uid and phase, for a sheet of their own.
    `deadline` is when answers are due, "" where nobody said. A county without asked pieces gets no file. The same
    values give the same bytes.
    """
    rows = [one for one in book_order(list(pieces)) if notes is None or one.patch_uid in notes]
    if not rows:
        return 0
    words = texts(facts.language)
    book = xlsxwriter.Workbook(str(target), _OPTIONS)
    try:
        _describe(book, form, facts, county, rows)
        look = look_of(book, words)
        sheet = book.add_worksheet(words["form.sheet_main"])
        help_sheet = book.add_worksheet(words["form.sheet_help"])
        if pictures:
            album = book.add_worksheet(words["card.pictures"])
            album.set_footer(plain_footer(facts, county, words), {"scale_with_doc": False})
            write_pictures(album, look, rows, pictures, words)
        lists, meta = book.add_worksheet("_lists"), book.add_worksheet("_meta")
        sources = write_lists(book, lists, form, words)
        lines = list(_lines(rows, notes or {}))
        table = Table(form, len(lines), notes is not None)
        _write_table(sheet, look, table, facts, county, lines, pages, words, _linked(county, parts), deadline)
        add_validations(sheet, table, sources, words)
        add_highlights(sheet, table, look, words)
        write_guide(help_sheet, look, form, facts, county, len(rows), words)
        _write_meta(meta, form, facts, county, rows)
        for hidden in (lists, meta):
            hidden.hide()
        sheet.activate()
    finally:
        book.close()
    return len(rows)


def _describe(book: Workbook, form: Form, facts: CampaignFacts, county: County, rows: list[Piece]) -> None:
    made = datetime.combine(facts.map_date, time()) if facts.map_date else datetime(2000, 1, 1)
    title = f"{facts.title} {form.title[facts.language]} {county.name}"
    book.set_properties({"title": clean_text(title), "company": clean_text(facts.office.unit), "created": made})
    for key, value in _identity(form, facts, county, rows):
        book.set_custom_property(f"tuban_{key}", value, "text")


def _identity(form: Form, facts: CampaignFacts, county: County, rows: list[Piece]) -> list[tuple[str, str]]:
    return [
        ("schema", form.schema),
        ("form", form.id),
        ("form_version", form.version),
        ("language", facts.language),
        ("area_unit", facts.area_unit),
        ("campaign", facts.id),
        ("county_code", county.code),
        ("rows", str(len(rows))),
    ]


def _write_meta(sheet: Worksheet, form: Form, facts: CampaignFacts, county: County, rows: list[Piece]) -> None:
    at = 0
    for key, value in _identity(form, facts, county, rows):
        put(sheet, at, 0, key)
        put(sheet, at, 1, value)
        at += 1
    for column, key in enumerate(("patch_uid", "row_code", "geometry", "patch_no", "seq")):
        put(sheet, at + 1, column, key)
    for row, piece in enumerate(rows, at + 2):
        values: tuple[str | float, ...] = (
            piece.patch_uid,
            row_code(piece),
            geometry_digest(piece),
            clean_text(piece.patch_no),
            piece.seq,
        )
        for column, cell in enumerate(values):
            put(sheet, row, column, cell or None)


def _write_table(
    sheet: Worksheet,
    look: Look,
    table: Table,
    facts: CampaignFacts,
    county: County,
    lines: Sequence[Line],
    pages: Mapping[str, int],
    words: Texts,
    parts: Sequence[BookPart],
    deadline: str,
) -> None:
    form = table.form
    _set_up(sheet, look, table, facts, county, words)
    _write_head(sheet, look, table, facts, county, words, deadline)
    for at, (piece, note) in enumerate(lines, FIRST_ROW):
        cells = [
            given_value(one.key, piece, facts, pages.get(piece.patch_uid), words)
            if one.by == "given"
            else _said_value(form, one, note.said.get(one.key, ""), words)
            for one in form.face
        ]
        sheet.set_row(at, max(_height_pt(form.face, cells), _note_height_pt(note)))
        for column, (one, value) in enumerate(zip(form.face, cells, strict=True)):
            _write_cell(sheet, look, at, column, one, value, facts, parts)
        for column, one in table.long():
            if note.said.get(one.key):
                value = _said_value(form, one, note.said[one.key], words)
                put(sheet, at, column, value, look.free(one, AREA_DECIMALS[facts.area_unit]))
        put(sheet, at, table.code, row_code(piece), look.code)
        put(sheet, at, table.seam, row_code(piece), look.code)
        put(sheet, at, table.uid, piece.patch_uid, look.code)
        if table.reissued:
            put(sheet, at, table.note, clean_text(note.why)[:LONGEST_NOTE], look.kinds["given", "long", "left"])
            put(sheet, at, table.uid + 1, note.base or None, look.code)
    _write_extra(sheet, look, table, facts, county, words)


def _lines(rows: Sequence[Piece], notes: Mapping[str, Note]) -> Iterator[Line]:
    """The rows of the table: one a piece, with those of its further plots below it where it is asked again."""
    for piece in rows:
        note = notes.get(piece.patch_uid, Note(""))
        yield from ((piece, one) for one in (note, *note.plots))


def _write_extra(
    sheet: Worksheet, look: Look, table: Table, facts: CampaignFacts, county: County, words: Texts
) -> None:
    """Rows for further plots of land: the number of the patch is chosen, the rest is asked as of any other."""
    decimals = AREA_DECIMALS[facts.area_unit]
    for at in range(FIRST_ROW + table.rows, table.last_row + 1):
        sheet.set_row(at, 2 * _LINE_PT + 6)
        for column, one in enumerate(table.form.face):
            if one.key == "patch_no":
                put(sheet, at, column, None, look.number_open)
            elif one.by == "given":
                said = {"row_no": EXTRA, "place": words["form.extra"]}.get(one.key)
                put(
                    sheet, at, column, said, look.extra if one.key == "place" else look.kinds["given", "text", "center"]
                )
            else:
                put(sheet, at, column, None, look.open(one, decimals))
        put(sheet, at, table.code, EXTRA, look.code)
        put(sheet, at, table.seam, EXTRA, look.code)
        put(sheet, at, table.uid, extra_sign(county.code), look.code)
        if table.reissued:
            put(sheet, at, table.note, None, look.extra)


def _said_value(form: Form, one: Field, said: str, words: Texts) -> str | float | None:
    """An answer as an officer would have written it into its cell."""
    if not said:
        return None
    match one.type:
        case "number":
            return float(said)
        case "date":
            return float((date.fromisoformat(said) - _DAY_0).days)
        case "choice" | "multi":
            labels = {each.code: choice_label(form, each, words) for each in one.choices}
            return "\n".join(labels[code] for code in said.split("|"))
    return said


def _note_height_pt(note: Note) -> float:
    fit = (_NOTE_MM - _PAD_MM) / 1.7
    lines = sum(max(1, math.ceil(half_widths(line) / fit)) for line in note.why[:LONGEST_NOTE].split("\n"))
    return min(lines * _LINE_PT + 6, _TALLEST_PT)


def _write_cell(
    sheet: Worksheet,
    look: Look,
    row: int,
    column: int,
    one: Field,
    value: str | float | None,
    facts: CampaignFacts,
    parts: Sequence[BookPart],
) -> None:
    if one.by != "given":
        put(sheet, row, column, value, look.open(one, AREA_DECIMALS[facts.area_unit]))
        return
    if one.key == "page" and isinstance(value, int) and parts:
        sheet.write_url(row, column, f"external:{page_link(parts, value)}", look.link, str(value))
        put(sheet, row, column, value, look.link)  # the number stays a number, the link stays with the cell
        return
    put(sheet, row, column, value, look.given(one, AREA_DECIMALS[facts.area_unit]))


def _linked(county: County, parts: Sequence[BookPart]) -> Sequence[BookPart]:
    """The files that cells may lead to: none where the code of the county is no plain file name."""
    if not _SAFE.fullmatch(county.code):
        return ()
    return parts or (BookPart(f"{county.code}_sheets.pdf", 1, sys.maxsize),)


def _height_pt(face: Sequence[Field], cells: Sequence[str | float | None]) -> float:
    """Room for the longest given text, two lines at least; CJK counts double."""
    lines = [2]
    for one, value in zip(face, cells, strict=True):
        if one.key == "patch_no":
            continue
        fit = max(1.0, (one.width_mm - _PAD_MM) / 1.62)  # half-width characters of 9 pt that go on a line
        widths = [half_widths(line) for line in str(value or "").split("\n")]
        lines.append(sum(max(1, math.ceil(width / fit)) for width in widths))
    return max(lines) * _LINE_PT + 6


def _set_up(sheet: Worksheet, look: Look, table: Table, facts: CampaignFacts, county: County, words: Texts) -> None:
    """Widths, panes, filter, protection and print; the columns of ids are hidden, the long ones are not printed."""
    form = table.form
    for column, one in enumerate(form.face):
        sheet.set_column_pixels(column, column, pixels(one.width_mm))
    if table.reissued:
        sheet.set_column_pixels(table.note, table.note, pixels(_NOTE_MM))
    sheet.set_column_pixels(table.code, table.code, pixels(_CODE_MM))
    sheet.set_column(table.uid, table.first_long - 1, 34, None, {"hidden": True})
    for column, one in table.long():
        sheet.set_column_pixels(column, column, pixels(one.width_mm), look.free(one, AREA_DECIMALS[facts.area_unit]))
    sheet.freeze_panes(FIRST_ROW, 2)
    sheet.set_column(table.seam, table.seam, 34, None, {"hidden": True})
    sheet.autofilter(FIRST_ROW - 1, 0, table.last_row, table.last)
    sheet.protect("", {"autofilter": True, "sort": True, "format_columns": True, "format_rows": True})
    _set_print(sheet, table)
    sheet.set_footer(signed_footer(facts, county, words), {"scale_with_doc": False})


def _set_print(sheet: Worksheet, table: Table) -> None:
    sheet.set_paper(9)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=_MARGIN_IN, right=_MARGIN_IN, top=10 / 25.4, bottom=20 / 25.4)
    sheet.center_horizontally()
    sheet.repeat_rows(0, FIRST_ROW - 1)
    sheet.print_area(0, 0, table.last_row, table.code)
    sheet.hide_gridlines(2)
    sheet.set_zoom(100)


def _write_head(
    sheet: Worksheet,
    look: Look,
    table: Table,
    facts: CampaignFacts,
    county: County,
    words: Texts,
    deadline: str,
) -> None:
    """The four rows above the table."""
    form, code = table.form, table.code
    given = sum(one.by == "given" for one in form.face)
    title = words.say("form.title", campaign=facts.title, form=form.title[facts.language])
    title = words.say("returns.reissue.title", title=title) if table.reissued else title
    place = words.say("form.place", county=full_name(county, words), code=county.code)
    lead = words["form.lead_note"] if facts.lead_note else ""
    unit = words.say("form.unit_note", unit=words[f"unit.{facts.area_unit}"])
    _band(sheet, 0, 0, code, title, look.title)
    _band(sheet, 1, 0, given - 1, place, look.note_left)
    _write_notes(sheet, look, given, code - 3, _due_day(deadline, words), lead)
    _band(sheet, 1, code - 2, code, unit, look.note_right)
    _band(sheet, 2, 0, given - 1, words["form.band_given"], look.band_given)
    _band(sheet, 2, given, len(form.face) - 1, words["form.band_officer"], look.band_officer)
    for column in range(len(form.face), code + 1):
        put(sheet, 2, column, None, look.band_given)
    stated = f"{facts.id} {form.id}@{form.version} {county.code}"
    put(sheet, 2, table.uid, stated)  # hidden; CSV keeps nothing but cells
    for column, one in enumerate(form.face):
        put(sheet, 3, column, heading(one, facts, words), look.head)
    put(sheet, 3, code, words["form.code"], look.head)
    put(sheet, 3, table.uid, "patch_uid", look.head)
    if table.reissued:
        put(sheet, 3, table.note, words["returns.reissue.column"], look.head)
        put(sheet, 3, table.uid + 1, "base", look.head)
    _write_long_head(sheet, look, table, facts, words)
    for row, height in enumerate((26, 18, 15, 36)):
        sheet.set_row(row, height)


def _write_long_head(sheet: Worksheet, look: Look, table: Table, facts: CampaignFacts, words: Texts) -> None:
    """Above the long columns: their sections, each with the answers for which it is asked."""
    form = table.form
    for column, one in table.long():
        for row in (0, 1):
            put(sheet, row, column, None, look.blank)
        put(sheet, 3, column, heading(one, facts, words), look.head)
    for section, when, first, last in table.sections():
        _band(sheet, 2, first, last, section_words(form, section, when, words), look.band_officer)
    put(sheet, 3, table.seam, SEAM_CODE, look.head)


def _due_day(deadline: str, words: Texts) -> str:
    day = cut_text(deadline, _LONGEST_DAY, words["form.cut"])
    return words.say("form.deadline", date=day) if day else ""


def _write_notes(sheet: Worksheet, look: Look, first: int, last: int, due: str, lead: str) -> None:
    """Below the title: when answers are due, and that a patch is a lead."""
    if due:
        _band(sheet, 1, first, first + _DUE_COLUMNS - 1, due, look.note_due)
    _band(sheet, 1, first + _DUE_COLUMNS if due else first, last, lead, look.note_middle)


def _band(sheet: Worksheet, row: int, first: int, last: int, words: str, look: object) -> None:
    if last > first:
        sheet.merge_range(row, first, row, last, "", look)
    put(sheet, row, first, clean_text(words) or None, look)


def heading(one: Field, facts: CampaignFacts, words: Texts) -> str:
    """A field's heading in the campaign's language, with the office's unit."""
    return one.heading[facts.language].replace("{unit}", words[f"unit.{facts.area_unit}"])


def full_name(county: County, words: Texts) -> str:
    """County, city and province as the language orders them, each once."""
    if not words["form.smallest_first"]:
        return county.full_name
    names = dict.fromkeys((county.name, county.city_name, county.province_name))
    return ", ".join(one for one in names if one)
