"""Figures, areas and dates as the page shows them, rounded once."""

from __future__ import annotations

from datetime import date

from pipeline.amounts import area_in
from pipeline.texts import Texts

NOTHING = "–"


def count(value: int | None) -> str:
    """A count with commas between thousands, a dash where none was given."""
    return NOTHING if value is None else f"{value:,}"


def area(area_m2: float, unit: str) -> str:
    """An area in the office's unit ("mu", "ha", "ac") with two decimals, ties away from zero."""
    return f"{area_in(unit, area_m2, 2):,}"


def percent(part: int, whole: int) -> str:
    """A share in whole per cent, rounded down: what is not done never reads 100 %."""
    return f"{100 * part // whole} %" if whole else NOTHING


def day(when: date, words: Texts) -> str:
    """A date in the language's own writing."""
    return words.say("morning.date", year=when.year, month=when.month, day=when.day)
