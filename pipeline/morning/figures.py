"""Figures, areas and dates as the page shows them, rounded once."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from pipeline.fields import area_units
from pipeline.texts import Texts

NOTHING = "–"


def count(value: int | None) -> str:
    """A count with commas between thousands, a dash where none was given."""
    return NOTHING if value is None else f"{value:,}"


def area(area_m2: float, unit: str) -> str:
    """An area in the office's unit ("mu", "ha", "ac") with two decimals, ties away from zero."""
    exact = Decimal(repr(float(area_m2))) / Decimal(repr(area_units()[unit]))
    return f"{exact.quantize(Decimal('0.01'), ROUND_HALF_UP):,}"


def percent(part: int, whole: int) -> str:
    """A share in whole per cent, rounded down: what is not done never reads 100 %."""
    return f"{100 * part // whole} %" if whole else NOTHING


def day(when: date, words: Texts) -> str:
    """A date in the language's own writing."""
    return words.say("morning.date", year=when.year, month=when.month, day=when.day)
