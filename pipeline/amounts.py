"""Areas in the units of offices, rounded once, half up, at output.

1 亩 (mu) = 2000/3 m²; 1 ac = the international acre, 4046.8564224 m².
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

_PER_M2 = {"mu": Decimal(3) / Decimal(2000), "ha": Decimal("0.0001"), "ac": 1 / Decimal("4046.8564224")}
AREA_DECIMALS = {"mu": 2, "ha": 4, "ac": 4}


def rounded(value: float | Decimal, decimals: int) -> Decimal:
    """`value` with `decimals` places, ties away from zero."""
    exact = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    return exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def area_in(unit: str, area_m2: float, decimals: int | None = None) -> Decimal:
    """`area_m2` in "mu", "ha" or "ac", rounded to the decimals of that unit unless told otherwise."""
    exact = Decimal(repr(float(area_m2))) * _PER_M2[unit]
    return rounded(exact, AREA_DECIMALS[unit] if decimals is None else decimals)
