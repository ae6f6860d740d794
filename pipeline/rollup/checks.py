"""The identities of the roll-up: what must hold in every row and from level to level."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import reduce

from pipeline.accounts import AREA_TOLERANCE, CountyStatus
from pipeline.rollup.levels import ALL, COUNTY, Unit
from pipeline.rollup.tally import Account, Tally, total
from pipeline.texts import Texts


def faults(rows: Sequence[Unit], words: Texts) -> list[str]:
    """Every identity that does not hold, in words; none where the roll-up is sound."""
    return [
        words.say(f"rollup.fault.{fault}", name=one.name or words["rollup.all"], code=one.code)
        for one in rows
        for fault in _faults(one, rows)
    ]


def _faults(one: Unit, rows: Sequence[Unit]) -> Iterator[str]:
    account = one.account
    if not _same(account.asked, _sum([account.open, account.answered, account.conflict])):
        yield "states"
    if not _same(account.answered, _sum(list(account.verdicts.values()))):
        yield "verdicts"
    if not _same(account.answered, _sum(list(account.kinds.values()))):
        yield "kinds"
    if any(county.reviews for county in one.counties) and account.answered.pieces != _reviewed(one):
        yield "reviews"
    if one.level == COUNTY:
        yield from ["books"] if not _agrees(account, one.counties[0]) else []
    elif account != _of_counties(one, rows):
        yield "levels"


def _of_counties(one: Unit, rows: Sequence[Unit]) -> Account:
    codes = {county.code for county in one.counties}
    return total(row.account for row in rows if row.level == COUNTY and (one.level == ALL or row.code in codes))


def _reviewed(one: Unit) -> int:
    return sum(number for county in one.counties for number in county.reviews.values())


def _sum(parts: Sequence[Tally]) -> Tally:
    return reduce(Tally.__add__, parts, Tally())


def _same(one: Tally, other: Tally) -> bool:
    return (one.pieces, one.area_m2) == (other.pieces, other.area_m2)


def _agrees(account: Account, county: CountyStatus) -> bool:
    """Whether the findings say what the books say of a county."""
    numbers = account.asked.pieces, account.open.pieces, account.answered.pieces, account.conflict.pieces
    if numbers != (county.asked, county.open, county.answered, county.conflict):
        return False
    found = {code: one for code, one in account.verdicts.items() if one.pieces}  # some are a second parcel's only
    return found.keys() == county.verdicts.keys() and all(
        one.pieces == county.verdicts[code][0] and _near(one.area_m2, county.verdicts[code][1])
        for code, one in found.items()
    )


def _near(exact: Decimal, area_m2: float) -> bool:
    return abs(float(exact) - area_m2) <= AREA_TOLERANCE * max(area_m2, 1.0)
