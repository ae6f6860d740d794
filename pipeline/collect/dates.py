"""Dates as people write them, as ISO 8601; what can be read in two ways is not read."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from pipeline.collect.spelling import Raw, plain, said_text

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)
_EPOCH = date(1899, 12, 30)  # day 0 of a workbook's calendar
_TIME = r"(?:[t ]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:z|[+-]\d{2}:?\d{2})?)?"
_YEAR_FIRST = re.compile(rf"(\d{{4}})\s*[-/.年,\s]\s*(\d{{1,2}})\s*[-/.月,\s]\s*(\d{{1,2}})\s*[日号]?{_TIME}")
_YEAR_LAST = re.compile(rf"(\d{{1,2}})\s*[-/.\s]\s*(\d{{1,2}})\s*[-/.\s]\s*(\d{{4}}){_TIME}")
_DAY_NAMED = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[\s\-/.,]*([a-z]{3,9})\.?[\s\-/.,]*(\d{4})")
_MONTH_NAMED = re.compile(r"([a-z]{3,9})\.?[\s\-/.,]*(\d{1,2})(?:st|nd|rd|th)?[\s\-/.,]+(\d{4})")
_TOGETHER = re.compile(r"(\d{4})(\d{2})(\d{2})")
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_DASHES = str.maketrans("‐‑‒–—―−", "-------")


def day_of(raw: Raw) -> date:
    """The day a cell speaks of: a date of the workbook, its serial number, or a date in words.

    Raises:
        ValueError: it is no day, or day and month cannot be told apart.
    """
    if isinstance(raw, datetime):
        return raw.date()
    if isinstance(raw, date):
        return raw
    text = plain(said_text(raw)).casefold().translate(_DASHES)
    for pattern, order in ((_YEAR_FIRST, "ymd"), (_TOGETHER, "ymd"), (_DAY_NAMED, "dmy"), (_MONTH_NAMED, "mdy")):
        if found := pattern.fullmatch(text):
            value = dict(zip(order, found.groups(), strict=True))
            return date(int(value["y"]), _month(value["m"]), int(value["d"]))
    if found := _YEAR_LAST.fullmatch(text):
        return _year_last(*map(int, found.groups()))
    if found := _SERIAL.fullmatch(text):
        return _of_serial(int(found[1]))
    raise ValueError("no day")


def _month(said: str) -> int:
    if said.isdigit():
        return int(said)
    fitting = [at for at, name in enumerate(_MONTHS, 1) if name.startswith(said) or (said == "sept" and at == 9)]
    if len(fitting) != 1:
        raise ValueError("no month")
    return fitting[0]


def _year_last(one: int, other: int, year: int) -> date:
    """Day and month in either order, where only one order makes a day (or both the same)."""
    if one <= 12 and other <= 12 and one != other:
        raise ValueError("day and month cannot be told apart")
    day, month = (one, other) if one > 12 or one == other else (other, one)
    return date(year, month, day)


def _of_serial(days: int) -> date:
    """The day of a serial number, where it falls into this century: other numbers are no dates."""
    day = _EPOCH + timedelta(days)
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError("no day of this century")
    return day
