"""Names and values of delivered attributes: which column is what, what a date says, what a text is worth.

The alias table is `config/vocabularies/fields.toml`; nothing here knows files or maps.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache

from pipeline.shelf import read_toml, shelf_file

_UNIT = re.compile(r"[(（][^()（）]*[)）]$")
_SPACES = re.compile(r"\s+")
_DATE = re.compile(r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[T ].*)?$")
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
_MONTH = re.compile(r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*月?$|^(\d{4})(\d{2})$")
_NUMBER = re.compile(r"^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$")
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

    `own` (`[inputs.patch_fields]`) outranks the alias table. A column serves one canonical name only.
    """
    columns = {header_key(one): one for one in reversed(list(delivered))}
    found: dict[str, str] = {}
    for name, column in own.items():
        if header_key(column) in columns:
            found[name] = columns[header_key(column)]
    for name, known in aliases(kind).items():
        if name in found:
            continue
        free = [columns[one] for one in known if one in columns and columns[one] not in found.values()]
        if free:
            found[name] = free[0]
    return found


@lru_cache(maxsize=1 << 16)
def iso_date(text: str | None) -> str:
    """A date as ISO 8601 with the precision it was given in, or "" where it is not understood.

    20250314, 2025/3/14, 2025.03.14, 2025年3月14日 and 2025-03-14T00:00:00 are 2025-03-14; 2025年3月 is 2025-03.
    """
    plain = number_text(text)
    day = _COMPACT.match(plain) or _DATE.match(plain)
    if day:
        year, month, dom = (int(one) for one in day.groups())
        return f"{year:04d}-{month:02d}-{dom:02d}" if _is_day(year, month, dom) else ""
    part = _MONTH.match(plain)
    if part:
        year, month = (int(one) for one in part.groups() if one)
        return f"{year:04d}-{month:02d}" if 1900 <= year <= 2200 and 1 <= month <= 12 else ""
    return ""


def _is_day(year: int, month: int, day: int) -> bool:
    from calendar import monthrange

    return 1900 <= year <= 2200 and 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]


def as_number(text: str | None) -> float | None:
    """A delivered number, or None where the text is not one (a thousands comma is taken out)."""
    plain = tidy(text).replace(",", "")
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
