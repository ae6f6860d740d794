"""Cells as they come from any door, as plain text: one spelling for the same word, however it was typed."""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from pipeline.forms.cleaning import clean_text
from pipeline.io.readers.numerals import digits

Raw = str | float | bool | date | datetime | time | timedelta | None

_NOTHING = re.compile(r"[\s/\\\-_—–―－.…·、]*")  # how an empty cell is struck out on paper
_NUMERIC = re.compile(r"\d{1,20}(\.\d{1,6})?(E[+-]?\d{1,3})?", re.I)
_ERROR = re.compile(r"#(REF!|N/A|VALUE!|DIV/0!|NAME\?|NULL!|NUM!)")


def said_text(raw: Raw) -> str:
    """What a cell says, in NFC, without control characters and surrounding blanks; "" where it says nothing.

    Whole numbers have no point, dates are ISO 8601; a cell that is only struck out says nothing.
    """
    if raw is None or raw == "":
        return ""
    text = clean_text(_text(raw))
    return "" if _NOTHING.fullmatch(text) else text


def _text(raw: Raw) -> str:
    match raw:
        case None:
            return ""
        case str():
            return raw
        case bool():
            return "TRUE" if raw else "FALSE"
        case int() | float():
            return digits(raw) if math.isfinite(raw) else ""
        case datetime():
            return raw.date().isoformat() if raw.time() == time() else raw.isoformat(" ", "minutes")
    return raw.isoformat() if isinstance(raw, date | time) else str(raw)


def plain(text: str) -> str:
    """Full width made half width, blanks of every kind at the ends removed."""
    return unicodedata.normalize("NFKC", text).strip()


def number_key(number: str) -> str:
    """What tells patch numbers apart once a program has made numbers of them: "0012", "１２" and 12 are one."""
    text = " ".join(plain(number).split())
    return str(Decimal(text).normalize()) if _NUMERIC.fullmatch(text) else text


def folded(text: str) -> str:
    """Only what tells words apart: letters and digits, in small letters."""
    return "".join(one for one in unicodedata.normalize("NFKC", text).casefold() if one.isalnum())


def is_error(text: str) -> bool:
    """Whether a cell shows the error of a formula."""
    return bool(_ERROR.fullmatch(text))


def shown(text: str, length: int = 40) -> str:
    """What somebody typed, short enough to be quoted."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def column_letters(at: int) -> str:
    """The letters of a column counted from 0, as a spreadsheet shows them."""
    letters = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
