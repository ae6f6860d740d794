"""Areas in the units of offices, rounded once, half up, at output.

1 亩 (mu) = 2000/3 m²; 1 ac = the international acre, 4046.8564224 m².
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from math import fsum

_PER_M2 = {"mu": Decimal(3) / Decimal(2000), "ha": Decimal("0.0001"), "ac": 1 / Decimal("4046.8564224")}
AREA_DECIMALS = {"mu": 2, "ha": 4, "ac": 4}


def rounded(value: float | Decimal, decimals: int) -> Decimal:
    """`value` with `decimals` places, ties away from zero."""
    exact = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    return exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def area_in(unit: str, area_m2: float, decimals: int | None = None) -> Decimal:
    """`area_m2` in "mu", "ha" or "ac", rounded to the decimals of that unit unless told otherwise."""
    return rounded(_exact(unit, area_m2), AREA_DECIMALS[unit] if decimals is None else decimals)


def _exact(unit: str, area_m2: float) -> Decimal:
    return Decimal(repr(float(area_m2))) * _PER_M2[unit]


def column_in(
    unit: str, areas_m2: Sequence[float], counts: Sequence[int] = (), decimals: int | None = None
) -> list[Decimal]:
    """Areas of a column in "mu", "ha" or "ac", rounded so that they add up to `area_in` of their exact sum.

    Each is rounded as `area_in` does; what the column then has too much or too little is taken from those or given to
    those that come nearest to it by that, a last digit each (the method of largest remainders). `counts` says how many
    areas each is the sum of: one that stands by itself is printed elsewhere too, and gives way last.
    """
    step = Decimal(1).scaleb(-(AREA_DECIMALS[unit] if decimals is None else decimals))
    told = [area_in(unit, one, decimals) for one in areas_m2]
    lack = area_in(unit, fsum(areas_m2), decimals) - sum(told, Decimal(0))
    way = step.copy_sign(lack)
    off = [(one - _exact(unit, area_m2)) * way for one, area_m2 in zip(told, areas_m2, strict=True)]
    alone = [count == 1 for count in counts] or [False] * len(told)
    for at in sorted(range(len(told)), key=lambda one: (off[one] >= 0, alone[one], off[one]))[: int(abs(lack) / step)]:
        told[at] += way
    return told
