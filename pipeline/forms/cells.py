"""How cells of a checklist look, and the one way to write one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from pipeline.forms.cleaning import clean_text
from pipeline.forms.form import Field
from pipeline.texts import Texts

_GREY, _YELLOW, _LINE, _RED = "#F2F2F2", "#FFFBE0", "#8C8C8C", "#F8C9BE"
_LEFT = ("place", "verdict_sub", "finding_remark", "photos")


@dataclass(frozen=True)
class Look:
    """The cell formats of one workbook."""

    title: Any
    note_left: Any
    note_middle: Any
    note_due: Any
    note_right: Any
    band_given: Any
    band_officer: Any
    head: Any
    code: Any
    link: Any
    wrong: Any
    asked: Any  # a long column, where the row's answers ask for it
    not_asked: Any
    extra: Any  # says what a row for a further plot is for
    number_open: Any  # a patch number to choose
    blank: Any  # above the long columns
    plain: Any
    number: Any  # a patch number: on one line, shrunk if it must
    strong: Any
    caption: Any  # above a picture
    title_left: Any
    boxed: Any
    kinds: dict[tuple[str, ...], Any]

    def given(self, one: Field, area_decimals: int) -> Any:
        """The locked format of a given field."""
        if one.key == "patch_no":
            return self.number
        kind = f"area{area_decimals}" if one.unit == "area" else one.type
        return self.kinds["given", kind, _side(one)]

    def open(self, one: Field, area_decimals: int) -> Any:
        """The unlocked format of a field an officer fills in."""
        kind = f"area{area_decimals}" if one.unit == "area" else one.type
        return self.kinds["open", kind, _side(one)]

    def free(self, one: Field, area_decimals: int) -> Any:
        """The unlocked format of a long column: what colours it are the answers of its row."""
        kind = f"area{area_decimals}" if one.unit == "area" else one.type
        return self.kinds["free", kind, _side(one)]


def put(sheet: Worksheet, row: int, column: int, value: str | float | None, look: Any = None) -> None:
    """Write a cell, text as text without control and bidi signs; what the writer does not take is a bug and raises."""
    if value is None:
        code = sheet.write_blank(row, column, None, look)
    elif isinstance(value, str):
        code = sheet.write_string(row, column, clean_text(value), look)
    else:
        code = sheet.write_number(row, column, value, look)
    if code:
        raise ValueError(f"cell {row},{column} was not written: {code}")


def half_widths(words: str) -> float:
    """How wide words are, in half-width characters; Latin text on its own runs narrower than beside CJK."""
    wide = sum(ord(sign) > 0x2E7F for sign in words)
    return len(words) + wide if wide else 0.87 * len(words)


def pixels(width_mm: float) -> int:
    """The column width of `width_mm` at 96 dpi."""
    return round(width_mm * 96 / 25.4)


def look_of(book: Workbook, words: Texts) -> Look:
    """The formats of a workbook in the fonts of its language."""
    body = {"font_name": words["form.font_body"], "font_size": 9, "valign": "vcenter"}
    head_font = body | {"font_name": words["form.font_title"]}
    lines = {"border": 1, "border_color": _LINE}
    boxed = {**lines, "text_wrap": True}
    centred = {"align": "center"}

    def make(*parts: dict[str, Any]) -> Any:
        return book.add_format({key: value for part in parts for key, value in part.items()})

    return Look(
        title=make(head_font, centred, {"font_size": 15, "bold": True, "shrink": True}),
        note_left=make(body, {"align": "left", "font_size": 10, "shrink": True}),
        note_middle=make(body, centred, {"font_color": "#404040", "shrink": True}),
        note_due=make(head_font, centred, {"font_size": 11, "bold": True, "shrink": True}),
        note_right=make(body, {"align": "right", "font_size": 10}),
        band_given=make(head_font, boxed, centred, {"bg_color": "#E2E6EA"}),
        band_officer=make(head_font, boxed, centred, {"bg_color": "#FFEFA8"}),
        head=make(head_font, boxed, centred, {"bg_color": "#E2E6EA", "bold": True}),
        code=make(
            boxed,
            centred,
            {"font_name": "Consolas", "font_size": 8, "font_color": "#262626", "shrink": True},
            {"valign": "vcenter"},
        ),
        link=make(
            body,
            boxed,
            centred,
            {"bg_color": _GREY, "font_color": "#0B5394", "underline": 1, "num_format": "0"},
        ),
        number=make(
            body,
            {"border": 1, "border_color": _LINE, "bg_color": _GREY, "num_format": "@"},
            centred,
            {"shrink": True},
        ),
        wrong=make({"bg_color": _RED, **lines}),
        asked=make({"bg_color": _YELLOW, **lines}),
        not_asked=make({"bg_color": _GREY, **lines}),
        extra=make(body, boxed, {"bg_color": _GREY, "font_color": "#595959", "font_size": 8, "align": "left"}),
        number_open=make(
            body,
            {"border": 1, "border_color": _LINE, "bg_color": _YELLOW, "num_format": "@", "locked": False},
            centred,
            {"shrink": True},
        ),
        blank=make(body),
        plain=make(body, {"text_wrap": True, "font_size": 10, "valign": "top"}),
        strong=make(head_font, {"bold": True, "font_size": 12}),
        caption=make(head_font, {"bold": True, "font_size": 10, "text_wrap": True, "valign": "bottom"}),
        title_left=make(head_font, {"bold": True, "font_size": 15}),
        boxed=make(body, boxed, {"font_size": 10, "valign": "top", "align": "left"}),
        kinds=_kinds(make, body, boxed),
    )


def _kinds(make: Any, body: dict[str, Any], boxed: dict[str, Any]) -> dict[tuple[str, ...], Any]:
    numbers = {"text": "@", "long": "@", "choice": "@", "multi": "@", "number": "0", "date": "yyyy-mm-dd"}
    numbers |= {f"area{decimals}": "0." + "0" * decimals for decimals in range(1, 7)} | {"area0": "0"}
    states: dict[str, dict[str, Any]] = {
        "given": {**boxed, "bg_color": _GREY},
        "open": {**boxed, "bg_color": _YELLOW, "locked": False},
        "free": {"text_wrap": True, "locked": False},  # of a whole column: its boxes end with the table
    }
    return {
        (state, kind, side): make(body, {"align": side, "num_format": number}, states[state])
        for state in states
        for kind, number in numbers.items()
        for side in ("left", "center", "right")
    }


def _side(one: Field) -> str:
    if one.unit == "area":
        return "right"
    return "left" if one.type == "long" or one.key in _LEFT else "center"
