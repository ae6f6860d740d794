"""What a workbook checks while it is filled in: lists, validations, and colour where an answer is due."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from pipeline.forms.cells import Look, put
from pipeline.forms.form import Choice, Field, Form
from pipeline.forms.mistakes import ALWAYS
from pipeline.forms.table import FIRST_ROW, Table, cell
from pipeline.texts import Texts

_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)
_MOST = 1e9
_ROW = FIRST_ROW + 1  # the first row of data, as formulas count


def choice_label(form: Form, choice: Choice, words: Texts) -> str:
    """The words of a choice in a workbook, "违法·未报即用" where it belongs under a verdict."""
    return form.label(choice, words.language, words["form.joint"])


def write_lists(book: Workbook, sheet: Worksheet, form: Form, words: Texts) -> dict[str, str]:
    """Fill the hidden sheet of choices; what each list is taken from, by field key.

    Beside the labels stand their codes and the verdict they belong under. A list under verdicts shows the lines of the
    verdict in the row alone, and all where there is none yet: by OFFSET, which Excel 2010, WPS and LibreOffice know.
    """
    sources: dict[str, str] = {}
    for at, one in enumerate(field for field in form.written if field.choices):
        for column, title in enumerate((one.key, f"{one.key}_code", f"{one.key}_under"), 3 * at):
            put(sheet, 0, column, title)
        verdicts = {each.code: each.label[words.language] for each in form.verdict.choices}
        for row, choice in enumerate(_by_verdict(one, list(verdicts)), 1):
            put(sheet, row, 3 * at, choice_label(form, choice, words))
            put(sheet, row, 3 * at + 1, choice.code)
            put(sheet, row, 3 * at + 2, verdicts.get(choice.under))
        for name, column in ((f"list_{one.key}", 3 * at), (f"under_{one.key}", 3 * at + 2)):
            letters = xl_col_to_name(column)
            book.define_name(name, f"=_lists!${letters}$2:${letters}${len(one.choices) + 1}")
        sources[one.key] = f"list_{one.key}"
    return sources


def _by_verdict(one: Field, verdicts: list[str]) -> list[Choice]:
    """The choices of one verdict together."""
    return sorted(one.choices, key=lambda choice: verdicts.index(choice.under) if choice.under else -1)


def add_validations(sheet: Worksheet, table: Table, sources: Mapping[str, str], words: Texts) -> None:
    """Check each open column as it is filled in, with a message in the reader's language."""
    columns = table.columns()
    for one in table.form.written:
        checked = _validation(one, table, sources, words) | {"error_title": words["form.check.title"]}
        at = columns[one.key]
        sheet.data_validation(FIRST_ROW, at, table.last_row, at, checked | _prompt(one, words))
    if table.extra:
        _add_numbers(sheet, table, words)


def _add_numbers(sheet: Worksheet, table: Table, words: Texts) -> None:
    """In rows for further plots: the numbers of the patches above."""
    at, first = table.columns()["patch_no"], FIRST_ROW + table.rows
    letters = xl_col_to_name(at)
    numbers = {"validate": "list", "source": f"=${letters}${_ROW}:${letters}${first}"}
    said = {"input_title": words["form.extra"][:32], "input_message": words["form.extra_hint"][:255]}
    sheet.data_validation(first, at, table.last_row, at, numbers | said)


def _prompt(one: Field, words: Texts) -> dict[str, object]:
    hint = one.hint.get(words.language, "")
    return {"input_title": one.heading[words.language].split("\n")[0][:32], "input_message": hint[:255]} if hint else {}


def _validation(one: Field, table: Table, sources: Mapping[str, str], words: Texts) -> dict[str, object]:
    match one.type:
        case "choice":
            return _listed(one, table, sources[one.key], words)
        case "date":
            days = {"validate": "date", "criteria": "between", "minimum": _FIRST_DAY, "maximum": _LAST_DAY}
            return days | {"error_message": words["form.check.date"]}
        case "number":
            return _number(one, words)
    message = words.say("form.check.text", length=one.length)
    return {"validate": "length", "criteria": "<=", "value": one.length, "error_message": message}


def _listed(one: Field, table: Table, source: str, words: Texts) -> dict[str, object]:
    """A list; one that depends on the verdict asks instead of refusing, where a program cannot reckon it."""
    if not any(choice.under for choice in one.choices):
        return {"validate": "list", "source": f"={source}", "error_message": words["form.check.choice"]}
    verdict, under = cell(table.columns()[table.form.verdict_key], _ROW), f"under_{one.key}"
    first = f"INDEX({source},MATCH({verdict},{under},0))"
    mine = f'IF({verdict}="",{source},OFFSET({first},0,0,COUNTIF({under},{verdict}),1))'
    asking = {"error_type": "warning", "error_message": words["form.check.under"]}
    return {"validate": "list", "source": f"={mine}", **asking}


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


def add_highlights(sheet: Worksheet, table: Table, look: Look, words: Texts) -> None:
    """Colour what is due and empty, or does not agree with the verdict or another cell; long columns where asked."""
    columns = table.columns()
    for one in table.form.written:
        for formula in _faults(table, one, words):
            _colour(sheet, table, columns[one.key], formula, look.wrong)
    for one in table.form.long:
        _colour(sheet, table, columns[one.key], _holds(table, one.when, words), look.asked)
        _colour(sheet, table, columns[one.key], "TRUE", look.not_asked)
    due = [formula for one in table.form.long if (formula := _due(table, one, words))]
    if due:
        _colour(sheet, table, table.code, f"OR({','.join(due)})", look.wrong)


def _colour(sheet: Worksheet, table: Table, column: int, formula: str, look: object) -> None:
    rule = {"type": "formula", "criteria": f"={formula}", "format": look, "stop_if_true": True}
    sheet.conditional_format(FIRST_ROW, column, table.last_row, column, rule)


def _faults(table: Table, one: Field, words: Texts) -> Iterator[str]:
    form, columns = table.form, table.columns()
    own, verdict = cell(columns[one.key], _ROW), cell(columns[form.verdict_key], _ROW)
    if one.key == form.verdict_key:
        others = [columns[each.key] for each in form.face if each.by == "officer" and each.key != one.key]
        long = [(table.first_long, table.seam - 1), (table.seam + 1, table.last)]
        spans = [(others[0], others[-1]), *(span for span in long if span[0] <= span[1])]
        said = "+".join(f"COUNTA({cell(first, _ROW)}:{cell(last, _ROW)})" for first, last in spans)
        yield f'AND({own}="",{said}>0)'
        return
    if due := _due(table, one, words):
        yield due
    if any(choice.under for choice in one.choices):
        yield f'AND({own}<>"",{verdict}<>"",LEFT({own},LEN({verdict}))<>{verdict})'
    if one.within in columns:
        yield f"AND(ISNUMBER({own}),{own}>N({cell(columns[one.within], _ROW)}))"


def _due(table: Table, one: Field, words: Texts) -> str:
    """When a field is due and empty; "" where it never is."""
    if not one.needed:
        return ""
    return f'AND({cell(table.columns()[one.key], _ROW)}="",{_holds(table, one.needed, words)})'


def _holds(table: Table, condition: tuple[str, ...], words: Texts) -> str:
    """Whether the answers of a row are such that a condition holds."""
    form, columns = table.form, table.columns()
    if condition == (ALWAYS,):
        return f'{cell(columns[form.verdict_key], _ROW)}<>""'
    told = []
    for one, choice in (form.answers[code] for code in condition):
        told.append(f'{cell(columns[one.key], _ROW)}="{choice_label(form, choice, words)}"')
    return f"OR({','.join(told)})"
