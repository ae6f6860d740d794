"""Names and values of delivered attributes: which column is what, what a date says, what a text is worth.

The alias table is `config/vocabularies/fields.toml`; nothing here knows files or maps.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache

from pipeline.dates import span
from pipeline.shelf import read_toml, shelf_file

_UNIT = re.compile(r"[(（][^()（）]*[)）]$")
_SPACES = re.compile(r"\s+")
_NUMBER = re.compile(r"^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$")
_THOUSANDS = re.compile(r"^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$")
_NUMBERED = re.compile(r"_\d{1,2}$")
_WHOLE_FLOAT = re.compile(r"^([+-]?\d+)\.0+$")
_INVISIBLE = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200B, 0xFEFF])


@lru_cache(maxsize=1 << 16)
def tidy(text: str | None) -> str:
    """A delivered text as it is compared and printed: NFKC, no control or bidi marks, single spaces."""
    if not text:
        return ""
    if text.isascii() and text.isprintable():
        return _SPACES.sub(" ", text).strip()
    plain = unicodedata.normalize("NFKC", text).translate(_INVISIBLE)
    plain = "".join(" " if unicodedata.category(one) == "Cc" else one for one in plain)
    return _SPACES.sub(" ", plain).strip()


def number_text(text: str | None) -> str:
    """An identifier as text: digits stay digits, and a number read as 30.0 is 30 again."""
    plain = tidy(text)
    whole = _WHOLE_FLOAT.match(plain)
    return whole[1] if whole else plain


def header_key(name: str) -> str:
    """A column name as it is compared: width, case, spaces and a unit in brackets at its end do not matter."""
    plain = tidy(name).replace(" ", "").upper()
    return _UNIT.sub("", plain) or plain


@cache
def aliases(kind: str) -> dict[str, tuple[str, ...]]:
    """Canonical name → what it is called, most usual first, for "patch" or "county"."""
    table = read_toml(shelf_file("vocabularies/fields.toml"))[kind]
    return {name: tuple(header_key(one) for one in (name, *others)) for name, others in table.items()}


def match_fields(kind: str, delivered: Iterable[str], own: Mapping[str, str]) -> dict[str, str]:
    """Canonical name → delivered column, for those that are there.

    `own` (`[inputs.patch_fields]`) outranks the alias table, and a name in full outranks one that a DBF cut off. A
    column serves one canonical name only; one that could be cut off from names of several serves none.
    """
    columns = {header_key(one): one for one in reversed(list(delivered))}
    named = {name: (header_key(column),) for name, column in own.items()}
    found = {name: columns[one] for name, (one,) in named.items() if one in columns}
    found |= _cut_off(columns, named, found)
    for name, known in aliases(kind).items():
        if name in found:
            continue
        free = [columns[one] for one in known if one in columns and columns[one] not in found.values()]
        if free:
            found[name] = free[0]
    return found | _cut_off(columns, aliases(kind), found)


def _cut_off(
    columns: Mapping[str, str], known: Mapping[str, tuple[str, ...]], found: Mapping[str, str]
) -> dict[str, str]:
    """Canonical names not yet found whose column a DBF cut off or numbered: it is the only one, and can be no other."""
    meant = _meanings(known)
    candidates: dict[str, list[str]] = {}
    for key, column in columns.items():
        names = meant.get(key) or meant.get(_NUMBERED.sub("", key)) or set()
        if len(names) == 1 and column not in found.values():
            candidates.setdefault(min(names), []).append(column)
    return {name: ones[0] for name, ones in candidates.items() if name not in found and len(ones) == 1}


def _meanings(known: Mapping[str, tuple[str, ...]]) -> dict[str, set[str]]:
    """Every name that may be left of a column in a DBF → the canonical names it may stand for."""
    meant: dict[str, set[str]] = {}
    for name, spelled in known.items():
        for cut in (cut for one in spelled for cut in cut_keys(one)):
            meant.setdefault(cut, set()).add(name)
    return meant


DBF_NAME_BYTES = 10


@lru_cache(maxsize=1 << 12)
def cut_keys(key: str) -> frozenset[str]:
    """What is left of a column name in a DBF: ten bytes of it in GBK or UTF-8, eight where a number was put behind."""
    keys = {key}
    for encoding in ("gb18030", "utf-8"):
        raw = key.encode(encoding, "replace")
        keys |= {
            raw[:size].decode(encoding, "ignore") for size in (DBF_NAME_BYTES, DBF_NAME_BYTES - 2) if len(raw) > size
        }
    return frozenset(one for one in keys if len(one) > 1)


@lru_cache(maxsize=1 << 16)
def iso_date(text: str | None) -> str:
    """A date as ISO 8601, to the day or the month as it was given, or "" where it is neither.

    20250314, 2025/3/14, 2025年3月14日, 14 Mar 2025, 二〇二五年三月十四日, 2025-03-14T00:00:00 and 45730 (the day number
    of a spreadsheet) are 2025-03-14; 2025年3月 is 2025-03.
    """
    first, last = date_span(text)
    return first if first == last else first[:7] if first[:7] == last[:7] else ""


def date_span(text: str | None) -> tuple[str, str]:
    """First and last day of a date, month, quarter, year or period, ISO 8601; ("", "") where it is not understood."""
    return span(number_text(text))


def dates_apart(one: str, other: str) -> bool:
    """Whether two dates, each a day, a month or a period, have no day in common; False where one is not understood."""
    (first, last), (begin, end) = date_span(one), date_span(other)
    return bool(first and begin) and (last < begin or end < first)


def as_number(text: str | None) -> float | None:
    """A delivered number, or None where the text is not one.

    A comma every three digits is taken out; one elsewhere (3,25) may be a decimal point and is not guessed at.
    """
    plain = tidy(text)
    if _THOUSANDS.match(plain):
        plain = plain.replace(",", "")
    return float(plain) if _NUMBER.match(plain) else None


@cache
def area_units() -> dict[str, float]:
    """Square metres in each unit an area may be delivered in."""
    return dict(read_toml(shelf_file("vocabularies/fields.toml"))["area_units"])


@cache
def patch_types(vocabulary: str, language: str) -> dict[str, str]:
    """Names of patch types by code; empty where the profile has no vocabulary."""
    if not vocabulary:
        return {}
    return {
        code.upper(): name
        for code, name in read_toml(shelf_file(f"vocabularies/{vocabulary}.toml")).get(language, {}).items()
    }


def natural_key(text: str) -> tuple[tuple[int, int, str, str], ...]:
    """Sort key in which 2 comes before 10; digits are compared as text, for an identifier may have thousands."""
    parts = re.findall(r"\d+|\D+", text)
    return tuple(_digits_key(one) if one.isdecimal() else (1, 0, one, one) for one in parts)


def _digits_key(digits: str) -> tuple[int, int, str, str]:
    value = digits.lstrip("0")
    return 0, len(value), value, digits
