"""Areas in the office's unit, rounded once, at output."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

# 1 mu = 2000/3 m2; 1 acre (international) = 4046.8564224 m2.
_PER_M2 = {"mu": Decimal(3) / Decimal(2000), "ha": Decimal("0.0001"), "ac": 1 / Decimal("4046.8564224")}
AREA_DECIMALS = {"mu": 2, "ha": 4, "ac": 3}


def area_in(unit: str, area_m2: float) -> float:
    """`area_m2` in mu, ha or ac, rounded half up to the decimals of that unit."""
    exact = Decimal(repr(area_m2)) * _PER_M2[unit]
    return float(exact.quantize(Decimal(1).scaleb(-AREA_DECIMALS[unit]), ROUND_HALF_UP))
