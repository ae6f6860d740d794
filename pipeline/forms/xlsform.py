"""The form as an XLSForm for ODK and Kobo, and the county's patches as the list it chooses from.

What it asks is what the field project asks, under the same keys, so that `config/maps/kobo.toml` and `odk.toml` read an
export of it back. Sources: xlsform.org (columns, select_one_from_file); ODK Collect reads `geometry` of the list as
"latitude longitude altitude accuracy".
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from pipeline.amounts import area_in
from pipeline.forms.cells import put
from pipeline.forms.columns import plain
from pipeline.forms.form import Choice, Field, Form, asked_for
from pipeline.forms.given import place_words
from pipeline.forms.identity import book_order, row_code
from pipeline.forms.mail import ascii_name
from pipeline.forms.mistakes import ALWAYS, TABS
from pipeline.publish import private, write_text
from pipeline.records import CampaignFacts, County, Piece
from pipeline.texts import languages, texts

Row = Mapping[str, str]
_TYPES = {"text": "text", "long": "text", "number": "decimal", "date": "date", "photo": "image"}
_NAMES = {"zh": "中文 (zh)", "en": "English (en)"}
SHEETS = frozenset(("survey", "choices", "settings"))
MOST_PX = 1600  # of a photo's longer side, as in the field project
_DAYS = ". >= date('2000-01-01') and . <= date('2100-12-31')"


def write_xlsform(folder: Path, form: Form, facts: CampaignFacts, county: County, pieces: Sequence[Piece]) -> int:
    """Write `<code>_form.xlsx` and `patches_<code>.csv` into `folder`; the number of patches in the list.

    The list is the media file of the form: the same values give the same bytes.
    """
    called = f"patches_{ascii_name(county.code)}"
    asked = book_order(list(pieces))
    write_text(folder / f"{called}.csv", _list(asked, facts))
    survey = [*_head(called, county, facts), *_questions(form, facts), {"type": "end", "name": "end"}]
    sheets = {"survey": survey, "choices": list(_choices(form)), "settings": [_settings(form, facts, county)]}
    _write(folder / f"{ascii_name(county.code)}_form.xlsx", sheets, facts)
    return len(asked)


def _list(pieces: Sequence[Piece], facts: CampaignFacts) -> str:
    """The patches: name, label, what the form shows of each, and where it is."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["name", "label", "patch_no", "row_code", "area", "place", "geometry"])
    for one in pieces:
        place, number = plain(place_words(one)) or "", plain(one.patch_no) or ""
        label = " ".join(each for each in (str(one.seq), number, place) if each)
        area = str(area_in(facts.area_unit, one.area_m2))
        where = f"{one.lat_deg:.7f} {one.lon_deg:.7f} 0 0"
        cells = [one.patch_uid, label, number, row_code(one), area, place, where]
        table.writerow([_told(cell) for cell in cells])
    return text.getvalue()


def _told(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula (faults D1, CWE-1236)."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@") else cell


def _said(column: str, words: Mapping[str, str]) -> dict[str, str]:
    """A text in every language: "label::中文 (zh)"."""
    return {f"{column}::{_NAMES.get(language, language)}": words.get(language, "") for language in languages()}


def _words(key: str, **values: str) -> dict[str, str]:
    return {language: texts(language).say(key, **values) for language in languages()}


def _head(called: str, county: County, facts: CampaignFacts) -> Iterator[Row]:
    """Which patch, and what is known of it; its check code goes with the answer."""
    yield {"type": "start", "name": "start"}
    chosen = {"type": f"select_one_from_file {called}.csv", "name": "patch_uid", "required": "yes"}
    yield chosen | {"appearance": "autocomplete"} | _said("label", _words("form.xlsform.patch"))
    yield {"type": "calculate", "name": "county_code", "calculation": f"'{county.code}'"}
    for name, column in (("row_code", "row_code"), *((f"{one}_shown", one) for one in ("patch_no", "area", "place"))):
        found = f"instance('{called}')/root/item[name = ${{patch_uid}}]/{column}"
        yield {"type": "calculate", "name": name, "calculation": found}
    shown = {
        language: texts(language).say(
            "form.xlsform.chosen",
            number="${patch_no_shown}",
            area="${area_shown}",
            unit=texts(language)[f"unit.{facts.area_unit}"],
            place="${place_shown}",
        )
        for language in languages()
    }
    yield {"type": "note", "name": "patch_note", "relevant": "${patch_uid} != ''"} | _said("label", shown)


def _questions(form: Form, facts: CampaignFacts) -> Iterator[Row]:
    for tab in TABS:
        mine = [one for one in form.asked if one.tab == tab]
        if mine:
            answers = asked_for(mine)
            when = "" if answers == (ALWAYS,) else f" and ({_holds(form, answers)})"
            head = {"type": "begin_group", "name": tab, "relevant": f"${{patch_uid}} != ''{when}"}
            yield head | _said("label", _words(f"form.section.{tab}"))
            yield from (_question(one, form, facts) for one in mine)
            yield {"type": "end_group"}


def _question(one: Field, form: Form, facts: CampaignFacts) -> Row:
    kind = {"choice": f"select_one {one.key}", "multi": f"select_multiple {one.key}"}.get(one.type) or _TYPES[one.type]
    units = {language: texts(language)[f"unit.{facts.area_unit}"] for language in languages()}
    label = {
        language: one.heading[language]
        .replace("{unit}", units[language])
        .replace("\n", texts(language)["form.heading_joint"])
        for language in languages()
    }
    row = {"type": kind, "name": one.key} | _said("label", label) | _said("hint", one.hint)
    row |= {"required": _holds(form, one.needed)} if one.due == "firm" and one.needed else {}
    row |= {"relevant": _holds(form, one.when)} if one.when != (ALWAYS,) else {}
    row |= {"appearance": "multiline"} if one.type == "long" else {}
    row |= {"parameters": f"max-pixels={MOST_PX}"} if one.type == "photo" else {}
    row |= {"default": "today()"} if one.stamp == "day" else {}
    row |= {"choice_filter": f"under = '' or under = ${{{form.verdict_key}}}"} if _depends(one) else {}
    rule = " and ".join(_rules(one, form))
    return row | ({"constraint": rule} | _said("constraint_message", _words("form.xlsform.limits")) if rule else {})


def _depends(one: Field) -> bool:
    return any(each.under for each in one.choices)


def _holds(form: Form, condition: tuple[str, ...]) -> str:
    """Whether the answers so far make a condition true; what is soft may be missing, as in the field form."""
    if condition == (ALWAYS,):
        return "yes"
    named = (form.answers[code] for code in condition)
    return " or ".join(f"${{{one.key}}} = '{choice_name(each)}'" for one, each in named)


def _rules(one: Field, form: Form) -> Iterator[str]:
    if one.type == "number":
        yield from (
            f". {sign} {limit:.15g}" for sign, limit in ((">=", one.low), ("<=", one.high)) if limit is not None
        )
        if one.within in {each.key for each in form.asked}:
            yield f"(${{{one.within}}} = '' or . <= ${{{one.within}}})"
    elif one.type == "date":
        yield _DAYS
    elif one.type in ("text", "long"):
        yield f"string-length(.) <= {one.length}"


def _choices(form: Form) -> Iterator[Row]:
    for one in form.asked:
        names = [choice_name(each) for each in one.choices]
        if len(set(names)) < len(names):
            raise ValueError(f"two choices of {one.key} have one name in an XLSForm")
        for each, name in zip(one.choices, names, strict=True):
            yield {"list_name": one.key, "name": name, "under": each.under} | _said("label", each.label)


def is_ours(name: str) -> bool:
    """Whether a file is called like one of those two."""
    return name.endswith("_form.xlsx") or (name.startswith("patches_") and name.endswith(".csv"))


def choice_name(one: Choice) -> str:
    """A code as XLSForm takes it, without points."""
    return one.code.replace(".", "_")


def _settings(form: Form, facts: CampaignFacts, county: County) -> Row:
    name = f"{facts.title} {county.name}"
    return {
        "form_title": name,
        "form_id": f"tuban_{facts.id}_{ascii_name(county.code)}",
        "version": form.version,
        "default_language": _NAMES.get(facts.language, facts.language),
        "instance_name": "concat(${patch_no_shown}, ' ', ${place_shown})",
    }


def _write(target: Path, sheets: Mapping[str, Sequence[Row]], facts: CampaignFacts) -> None:
    made = datetime.combine(facts.map_date, datetime.min.time()) if facts.map_date else datetime(2000, 1, 1)
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with private(target) as path:
        book = xlsxwriter.Workbook(str(path), options)
        book.set_properties({"created": made, "title": facts.title})
        bold: Any = book.add_format({"bold": True})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            columns = list(dict.fromkeys(key for row in rows for key in row))
            for at, column in enumerate(columns):
                put(sheet, 0, at, column, bold)
                for down, row in enumerate(rows, 1):
                    if row.get(column):
                        put(sheet, down, at, row[column])
            sheet.freeze_panes(1, 0)
            sheet.set_column(0, len(columns) - 1, 24)
        book.close()
