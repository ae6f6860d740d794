"""Figures as they are printed: rounded once, half up, from the value itself."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from pipeline import amounts

MISSING = "—"


def rounded(value: float | Decimal, decimals: int) -> str:
    """`value` with `decimals` places and commas between thousands, ties away from zero."""
    return f"{amounts.rounded(value, decimals):,}"


def area(area_m2: float, unit: str, decimals: int | None = None) -> str:
    """An area in `unit` ("mu", "ha", "ac"), with the decimals of that unit unless told otherwise.

    What is there but too small for them never reads as nothing: "<0.01".
    """
    return _told(amounts.area_in(unit, area_m2, decimals), area_m2)


def area_column(areas_m2: Sequence[float], counts: Sequence[int], unit: str) -> list[str]:
    """Areas of a column, rounded so that they add up to `area` of their sum; each is the sum of `counts` areas."""
    told = amounts.column_in(unit, areas_m2, counts)
    return [_told(one, area_m2) for one, area_m2 in zip(told, areas_m2, strict=True)]


def _told(amount: Decimal, area_m2: float) -> str:
    if amount or area_m2 <= 0:
        return f"{amount:,}"
    return f"<{Decimal(1).scaleb(int(amount.as_tuple().exponent))}"


def grouped(metres: float) -> str:
    """A whole number of metres with spaces between thousands, as grids are labelled."""
    return f"{round(metres):,}".replace(",", " ")


def percent(share: float) -> str:
    """A share as a percentage of one decimal; what is less than all never reads 100.0, nor some as 0.0."""
    words = rounded(Decimal(repr(float(share))) * 100, 1)
    if words == "100.0" and share < 1:
        return "99.9"
    return "0.1" if words == "0.0" and share > 0 else words


def dms(angle_deg: float, letters: str, decimals: int = 1) -> str:
    """An angle as degrees, minutes, seconds with its letter: `letters` is "EW" or "NS"."""
    units = 10**decimals
    total = int(rounded(Decimal(repr(abs(float(angle_deg)))) * 3600 * units, 0).replace(",", ""))
    seconds, minutes = total % (60 * units), total // (60 * units)
    whole, part = divmod(seconds, units)
    tail = f"{whole:02d}.{part:0{decimals}d}" if decimals else f"{whole:02d}"
    return f"{minutes // 60}°{minutes % 60:02d}′{tail}″{letters[angle_deg < 0]}"


def degrees(angle_deg: float, step_deg: float, letters: str) -> str:
    """A graticule label as short as its step allows: 113°, 113°30′ or 113°30′15″; 180°30′ east is 179°30′ west."""
    angle_deg = angle_deg - 360 if angle_deg > 180 else angle_deg + 360 if angle_deg < -180 else angle_deg
    seconds = round(abs(angle_deg) * 3600)
    words = f"{seconds // 3600}°"
    if step_deg < 1:
        words += f"{seconds // 60 % 60:02d}′"
    if step_deg * 60 < 1:
        words += f"{seconds % 60:02d}″"
    return words + letters[angle_deg < 0]
