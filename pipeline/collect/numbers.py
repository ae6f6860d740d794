"""Numbers as people write them, in the form's unit; a number in another unit is not converted in silence."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from pipeline.amounts import AREA_DECIMALS, rounded
from pipeline.collect.spelling import Raw, plain, said_text

_NUMBER = re.compile(r"([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:e[+-]?\d{1,2})?)([^\d.,+-].*)?")
_KEPT_DIGITS = 15  # what a workbook keeps of a number
UNIT_WORDS = {
    "mu": ("亩", "市亩", "mu", "mou"),
    "ha": ("公顷", "ha", "hectare", "hectares"),
    "ac": ("英亩", "ac", "acre", "acres"),
    "m2": ("平方米", "平米", "m2", "m^2", "sqm", "squaremetres"),
}
_M2 = {"mu": Decimal(2000) / 3, "ha": Decimal(10000), "ac": Decimal("4046.8564224"), "m2": Decimal(1)}


class OtherUnit(ValueError):
    """The number carries another unit than the form's; `converted` is what it would be in that."""

    def __init__(self, converted: str) -> None:
        super().__init__(converted)
        self.converted = converted


def number_of(raw: Raw, unit: str = "") -> Decimal:
    """The number a cell says, in `unit` ("mu", "ha", "ac"; "" for plain numbers).

    Raises:
        OtherUnit: another unit of area stands behind the number.
        ValueError: it is no number.
    """
    if isinstance(raw, bool):
        raise ValueError("no number")
    if isinstance(raw, int | float):
        if not math.isfinite(raw):
            raise ValueError("no number")
        return Decimal(f"{raw:.{_KEPT_DIGITS}g}")
    text = "".join(plain(said_text(raw)).casefold().split()).removeprefix("'")
    found = _NUMBER.fullmatch(text)
    if not isinstance(raw, str) or not found or not any(one.isdigit() for one in found[1]):
        raise ValueError("no number")
    value = Decimal(found[1].replace(",", ""))
    return value if not found[2] else _in_unit(value, found[2], unit)


def unit_of(words: str) -> str:
    """The unit that words name, "" if none."""
    return next((unit for unit, names in UNIT_WORDS.items() if words in names), "")


def _in_unit(value: Decimal, words: str, unit: str) -> Decimal:
    named = unit_of(words)
    if not unit or not named:
        raise ValueError("no number")
    if named != unit:
        raise OtherUnit(converted(value, named, unit))
    return value


def converted(value: Decimal, unit: str, into: str) -> str:
    """An area of one unit in another, rounded to its decimals."""
    return spelt_number(rounded(value * _M2[unit] / _M2[into], AREA_DECIMALS[into]))


def spelt_number(value: Decimal) -> str:
    """A number in plain digits without needless zeros."""
    plain_digits = format(value, "f")
    if "." in plain_digits:
        plain_digits = plain_digits.rstrip("0").rstrip(".")
    return "0" if plain_digits in ("-0", "") else plain_digits
