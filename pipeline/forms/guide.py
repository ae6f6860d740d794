"""The second sheet of a checklist: how to fill it in."""

from __future__ import annotations

import math

from xlsxwriter.worksheet import Worksheet

from pipeline.amounts import AREA_DECIMALS
from pipeline.forms.cells import Look, half_widths, pixels, put
from pipeline.forms.footers import plain_footer
from pipeline.forms.form import Field, Form
from pipeline.forms.mistakes import ALWAYS
from pipeline.forms.reach import whom_to_ask
from pipeline.forms.rules import choice_label
from pipeline.forms.sections import either
from pipeline.records import CampaignFacts, County
from pipeline.texts import Texts

_WIDTHS_MM = (42, 100, 45)
_SIGNS = 100  # half-width characters of 10 pt across the sheet


def write_guide(
    sheet: Worksheet, look: Look, form: Form, facts: CampaignFacts, county: County, count: int, words: Texts
) -> None:
    """Write the rules, one line per open column, and every choice, on A4 upright."""
    for column, width_mm in enumerate(_WIDTHS_MM):
        sheet.set_column_pixels(column, column, pixels(width_mm))
    put(sheet, 0, 0, words["form.help.heading"], look.title_left)
    row = _write_rules(sheet, look, _rules(facts, county, count, words), 2)
    row = _write_columns(sheet, look, form, facts, row + 1, words)
    _write_choices(sheet, look, form, row + 1, words)
    sheet.set_h_pagebreaks([row + 1])
    sheet.set_footer(plain_footer(facts, county, words), {"scale_with_doc": False})
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.hide_gridlines(2)
    sheet.protect("")


def _rules(facts: CampaignFacts, county: County, count: int, words: Texts) -> list[str]:
    unit = words[f"unit.{facts.area_unit}"]
    lead = ["lead"] if facts.lead_note else []
    keys = ["fill", *lead, "quote", "red", "long", "sheet", "shared", "numbers", "back", "paper", "protect"]
    pdf, decimals = f"{county.code}_sheets.pdf", AREA_DECIMALS[facts.area_unit]
    said = {"county": county.name, "count": count, "unit": unit, "pdf": pdf, "decimals": decimals}
    rules = [words.say(f"form.help.{key}", **said) for key in ("scope", *keys)]
    ask = [one for one in (whom_to_ask(facts.office, words),) if one]
    return [rules[0], words["collect.guide.parcels"], *rules[1:], words["collect.guide.merged"], *ask]


def _write_rules(sheet: Worksheet, look: Look, rules: list[str], row: int) -> int:
    for number, rule in enumerate(rules, 1):
        said = f"{number}. {rule}"
        sheet.merge_range(row, 0, row, len(_WIDTHS_MM) - 1, "", look.plain)
        put(sheet, row, 0, said, look.plain)
        sheet.set_row(row, 15 * _lines(said, _SIGNS) + 2)
        row += 1
    return row


def _lines(said: str, signs: int) -> int:
    return math.ceil(half_widths(said) / signs)


def _write_columns(sheet: Worksheet, look: Look, form: Form, facts: CampaignFacts, row: int, words: Texts) -> int:
    put(sheet, row, 0, words["form.help.table"], look.strong)
    for column, key in enumerate(("column", "how", "due")):
        put(sheet, row + 1, column, words[f"form.help.{key}"], look.head)
    row += 2
    for one in form.written:
        said = one.hint.get(words.language, "") or words[f"form.help.fill_{'choice' if one.choices else one.type}"]
        unit = words[f"unit.{facts.area_unit}"]
        name = one.heading[words.language].replace("{unit}", unit).replace("\n", words["form.heading_joint"])
        for column, value in enumerate((name, said, _due(form, one, words))):
            put(sheet, row, column, value, look.boxed)
        sheet.set_row(row, 15 * max(_lines(said, 54), _lines(name, 22), _lines(_due(form, one, words), 24)) + 2)
        row += 1
    return row


def _due(form: Form, one: Field, words: Texts) -> str:
    if not one.needed:
        return words["form.help.free"]
    if one.needed == (ALWAYS,):
        return words["form.help.always"]
    return words.say("form.help.when", verdicts=either(form, one.needed, words))


def _write_choices(sheet: Worksheet, look: Look, form: Form, row: int, words: Texts) -> None:
    """A cell a choice, so that one can be copied; its question beside the first."""
    put(sheet, row, 0, words["form.help.choices"], look.strong)
    for one in (each for each in form.written if each.choices):
        name = one.heading[words.language].replace("\n", words["form.heading_joint"])
        if len(one.choices) > 1:
            sheet.merge_range(row + 1, 0, row + len(one.choices), 0, "", look.boxed)
        put(sheet, row + 1, 0, name, look.boxed)
        for choice in one.choices:
            row += 1
            put(sheet, row, 1, choice_label(form, choice, words), look.boxed)
            sheet.set_row(row, 15)
