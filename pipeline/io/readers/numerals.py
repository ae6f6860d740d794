"""Numbers as people write them in text files, and numbers of other programs as plain text."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")


def number(text: str) -> float:
    """The finite number a text is, full-width digits included.

    Raises:
        ValueError: it is anything else.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if not (plain.isascii() and _NUMBER.fullmatch(plain)):
        raise ValueError(f"{text[:40]!r} is not a number")
    value = float(plain)
    if abs(value) > 1e15:
        raise ValueError(f"{text[:40]!r} is no coordinate")
    return value


def is_number(text: str) -> bool:
    """Whether `number` understands it."""
    try:
        number(text)
    except ValueError:
        return False
    return True


def whole(text: str) -> int:
    """The whole number a text is.

    Raises:
        ValueError: it is anything else.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if not (plain.isascii() and plain.isdigit() and len(plain) < 16):
        raise ValueError(f"{text[:40]!r} is not a whole number")
    return int(plain)


def digits(value: float) -> str:
    """A floating point number in plain digits, whole ones without a point: identifiers come as numbers too."""
    said = repr(float(value))
    plain = format(Decimal(said), "f") if "e" in said else said
    return plain.removesuffix(".0")
