"""What a written date says: its first and last day, so that a month stays a month and a season a season.

Day before month or month before day is never guessed (5/3/2026 says nothing), nor is a century.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta

Span = tuple[str, str]  # first and last day in ISO 8601; both "" where the text is not understood
UNKNOWN: Span = ("", "")

_SEP = r"\s*[-/._年–—]\s*"
_CLOCK = r"(?:[T ]*(?:上午|下午)?\s*\d{1,2}[:时点].*|Z)?"
_WEEKDAY = re.compile(r"\s*\(?(?:星期|周)[一二三四五六日天]\)?$")
_NUMERALS = "〇零○一二三四五六七八九"
_TENS = re.compile(r"([一二三四五六七八九廿]?)(十?)([一二三四五六七八九]?)(?=[月日号])")
_YEAR_WORDS = re.compile(rf"[{_NUMERALS}]{{4}}(?=年)")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DECADES = {"上旬": (1, 10), "中旬": (11, 20), "下旬": (21, 31), "初": (1, 10), "底": (21, 31)}
_TURNS = re.compile(r"至|到|~|--|—|–|/|-")
_EXCEL_DAYS = range(36_526, 54_789)  # 2000 … 2049; others are taken for a number
_EXCEL_EPOCH = date(1899, 12, 30)


def span(text: str) -> Span:
    """First and last day of a date, month, year, quarter, half year or period, as somebody wrote it.

    `text` is NFKC with single spaces (`pipeline.fields.tidy`).
    """
    plain = _in_digits(_WEEKDAY.sub("", text.strip("'\" ")))
    return _single(plain) or _period(plain) or UNKNOWN


def _in_digits(text: str) -> str:
    """二〇二五年三月十四日 as 2025年3月14日."""
    if not any(one in text for one in "年月日号"):
        return text
    digits = {one: str(max(at - 2, 0)) for at, one in enumerate(_NUMERALS)}
    text = _YEAR_WORDS.sub(lambda found: "".join(digits[one] for one in found[0]), text)
    return _TENS.sub(lambda found: _ten(found, digits), text)


def _ten(found: re.Match[str], digits: dict[str, str]) -> str:
    head, ten, tail = found.groups()
    if not ten and head != "廿":
        return digits.get(head, "") + digits.get(tail, "")
    tens = "2" if head == "廿" else digits.get(head, "1")
    return tens + digits.get(tail, "0")


def _single(text: str) -> Span | None:
    for pattern, read in _PATTERNS:
        found = pattern.fullmatch(text)
        if found:
            return read(found)
    return None


def _day(found: re.Match[str]) -> Span:
    year, month, day = (int(one) for one in found.group("y", "m", "d"))
    if day == 0:
        return _of_month(year, month)
    if not (_is_month(year, month) and day <= monthrange(year, month)[1]):
        return UNKNOWN
    return (f"{year:04d}-{month:02d}-{day:02d}",) * 2


def _of_month(year: int, month: int, first: int = 1, last: int = 31) -> Span:
    if not _is_month(year, month):
        return UNKNOWN
    last = min(last, monthrange(year, month)[1])
    return f"{year:04d}-{month:02d}-{first:02d}", f"{year:04d}-{month:02d}-{last:02d}"


def _is_month(year: int, month: int) -> bool:
    return 1900 <= year <= 2200 and 1 <= month <= 12


def _month(found: re.Match[str]) -> Span:
    return _of_month(int(found["y"]), int(found["m"]))


def _decade(found: re.Match[str]) -> Span:
    return _of_month(int(found["y"]), int(found["m"]), *_DECADES[found["part"]])


def _named(found: re.Match[str]) -> Span:
    """A date with an English month; a month where it has no day."""
    name, facts = found["name"].lower(), found.groupdict()
    if not any(_full_name(at).startswith(name) for at in range(12)):
        return UNKNOWN
    month = next(at for at in range(12) if _full_name(at).startswith(name)) + 1
    if not facts.get("d"):
        return _of_month(int(found["y"]), month)
    return span(f"{found['y']}-{month}-{found['d']}")


def _full_name(at: int) -> str:
    rest = ("uary", "ruary", "ch", "il", "", "e", "y", "ust", "tember", "ober", "ember", "ember")
    return _MONTHS[at] + rest[at]


def _part_of_year(found: re.Match[str]) -> Span:
    """A year, half year or quarter."""
    year, facts = int(found["y"]), found.groupdict()
    part, months = facts.get("q") or facts.get("h") or "1", 3 if facts.get("q") else 6 if facts.get("h") else 12
    at = "一二三四".find(part) + 1 or "上下".find(part) + 1 or int(part)
    begin, end = _of_month(year, (at - 1) * months + 1), _of_month(year, at * months)
    return (begin[0], end[1]) if begin[0] else UNKNOWN


def _serial(found: re.Match[str]) -> Span:
    """The day number of a spreadsheet (the 1900 system)."""
    days = int(found["n"])
    return ((_EXCEL_EPOCH + timedelta(days)).isoformat(),) * 2 if days in _EXCEL_DAYS else UNKNOWN


_Y, _M, _D = r"(?P<y>[0-9]{4})", r"(?P<m>[0-9]{1,2})", r"(?P<d>[0-9]{1,2})"
_NAME = r"(?P<name>[A-Za-z]{3,9})\.?"
_PATTERNS: list[tuple[re.Pattern[str], Callable[[re.Match[str]], Span]]] = [
    (re.compile(pattern), read)
    for pattern, read in (
        (rf"{_Y}{_SEP}{_M}\s*[-/._月–—]\s*{_D}\s*[日号]?{_CLOCK}", _day),
        (rf"{_Y} {_M} {_D}", _day),
        (rf"{_Y}(?P<m>[0-9]{{2}})(?P<d>[0-9]{{2}})(?:T?[0-9]{{4}}(?:[0-9]{{2}})?Z?|{_CLOCK})", _day),
        # 2025.1 is October where a spreadsheet dropped the zero of 2025.10, so it says nothing
        (rf"{_Y}(?:\s*[-/_年–—]\s*|\.(?!1$)){_M}\s*月?份?", _month),
        (rf"{_Y}(?P<m>[0-9]{{2}})", _month),
        (rf"{_Y}{_SEP}{_M}\s*月份?(?P<part>上旬|中旬|下旬|初|底)", _decade),
        (rf"{_Y}\s*(?:年度?)?", _part_of_year),
        (rf"{_Y}\s*年?度?\s*-?(?:[Qq](?=[1-4])|第?(?=.季))(?P<q>[1-4一二三四])(?:季度?)?", _part_of_year),
        (rf"{_Y}\s*年?度?\s*-?(?:[Hh](?=[12])|(?=.半年))(?P<h>[12上下])(?:半年)?", _part_of_year),
        (rf"{_D}[ -]{_NAME}[ ,-]+{_Y}", _named),
        (rf"{_NAME}[ -]{_D},? {_Y}", _named),
        (rf"{_Y}[ -]{_NAME}[ -]{_D}", _named),
        (rf"{_NAME}[ -]{_Y}", _named),
        (r"(?P<n>[0-9]{5})(?:\.[0-9]+)?", _serial),
    )
]


def _period(text: str) -> Span | None:
    """From one date to another; the second may leave out the year."""
    for turn in _TURNS.finditer(text):
        before, after = text[: turn.start()].strip(), text[turn.end() :].strip()
        first = _single(before)
        if not first or not first[0]:
            continue
        last = _single(after) or _single(f"{first[0][:4]}年{after}")
        if last and last[0] and first[0] <= last[1]:
            return first[0], last[1]
    return None
