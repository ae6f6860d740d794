"""What a workbook checks while it is filled in: lists, validations, and colour where an answer is due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from pipeline.forms.cells import Look, put
from pipeline.forms.form import Choice, Field, Form
from pipeline.forms.mistakes import ALWAYS
from pipeline.texts import Texts

_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)
_MOST = 1e9


def choice_label(form: Form, choice: Choice, words: Texts) -> str:
    """The words of a choice in a workbook, "违法·未报即用" where it belongs under a verdict."""
    return form.label(choice, words.language, words["form.joint"])


def write_lists(book: Workbook, sheet: Worksheet, form: Form, words: Texts) -> dict[str, str]:
    """Fill the hidden sheet of choices, codes beside labels; the defined name of each list by field key.

    Plain lists and no INDIRECT: WPS loses lists that depend on another cell.
    """
    names: dict[str, str] = {}
    for at, one in enumerate(field for field in form.face if field.choices):
        put(sheet, 0, 2 * at, one.key)
        put(sheet, 0, 2 * at + 1, f"{one.key}_code")
        for row, choice in enumerate(one.choices, 1):
            put(sheet, row, 2 * at, choice_label(form, choice, words))
            put(sheet, row, 2 * at + 1, choice.code)
        column = xl_col_to_name(2 * at)
        names[one.key] = f"list_{one.key}"
        book.define_name(names[one.key], f"=_lists!${column}$2:${column}${len(one.choices) + 1}")
    return names


def add_validations(
    sheet: Worksheet, form: Form, names: dict[str, str], first_row: int, count: int, words: Texts
) -> None:
    """Check each open column as it is filled in, with a message in the reader's language."""
    for column, one in enumerate(form.face):
        if one.by != "given":
            checked = _validation(one, names, words) | {"error_title": words["form.check.title"]}
            sheet.data_validation(first_row, column, first_row + count - 1, column, checked | _prompt(one, words))


def _prompt(one: Field, words: Texts) -> dict[str, object]:
    hint = one.hint.get(words.language, "")
    return {"input_title": one.heading[words.language].split("\n")[0][:32], "input_message": hint[:255]} if hint else {}


def _validation(one: Field, names: dict[str, str], words: Texts) -> dict[str, object]:
    match one.type:
        case "choice":
            return {
                "validate": "list",
                "source": f"={names[one.key]}",
                "error_message": words["form.check.choice"],
            }
        case "date":
            days = {"validate": "date", "criteria": "between", "minimum": _FIRST_DAY, "maximum": _LAST_DAY}
            return days | {"error_message": words["form.check.date"]}
        case "number":
            return _number(one, words)
    message = words.say("form.check.text", length=one.length)
    return {"validate": "length", "criteria": "<=", "value": one.length, "error_message": message}


def _number(one: Field, words: Texts) -> dict[str, object]:
    low = one.low if one.low is not None else -_MOST
    high = one.high if one.high is not None else _MOST
    key = "form.check.number" if one.high is None else "form.check.number_between"
    message = words.say(key, low=f"{low:g}", high=f"{high:g}")
    return {
        "validate": "decimal",
        "criteria": "between",
        "minimum": low,
        "maximum": high,
        "error_message": message,
    }


def add_highlights(sheet: Worksheet, form: Form, look: Look, first_row: int, count: int, words: Texts) -> None:
    """Colour what is due and empty, or does not agree with the verdict or another cell."""
    for column, one in enumerate(form.face):
        for formula in _faults(form, column, one, first_row + 1, words) if one.by != "given" else ():
            rule = {"type": "formula", "criteria": f"={formula}", "format": look.wrong}
            sheet.conditional_format(first_row, column, first_row + count - 1, column, rule)


def _faults(form: Form, column: int, one: Field, row: int, words: Texts) -> Iterator[str]:
    keys = [each.key for each in form.face]
    cell, verdict = _cell(column, row), _cell(keys.index(form.verdict_key), row)
    if one.key == form.verdict_key:
        others = [at for at, each in enumerate(form.face) if each.by == "officer" and each.key != one.key]
        yield f'AND({cell}="",COUNTA({_cell(others[0], row)}:{_cell(others[-1], row)})>0)'
        return
    if one.needed:
        yield f'AND({cell}="",{_when(form, one, verdict, words)})'
    if any(choice.under for choice in one.choices):
        yield f'AND({cell}<>"",{verdict}<>"",LEFT({cell},LEN({verdict}))<>{verdict})'
    if one.within in keys:
        yield f"AND(ISNUMBER({cell}),{cell}>N({_cell(keys.index(one.within), row)}))"


def _when(form: Form, one: Field, verdict: str, words: Texts) -> str:
    if one.needed == (ALWAYS,):
        return f'{verdict}<>""'
    labels = [each.label[words.language] for each in form.verdict.choices if each.code in one.needed]
    return "OR(" + ",".join(f'{verdict}="{label}"' for label in labels) + ")"


def _cell(column: int, row: int) -> str:
    return f"${xl_col_to_name(column)}{row}"
