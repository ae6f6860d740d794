"""Counties under their cities and provinces, each unit with its own sums."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from pipeline.accounts import CountyStatus
from pipeline.rollup.tally import Account, total

PROVINCE, CITY, COUNTY, ALL = "province", "city", "county", "all"


@dataclass(frozen=True)
class Unit:
    """A county, or counties together: what was announced of them, what came, and their account."""

    level: str
    code: str
    name: str
    counties: tuple[CountyStatus, ...]
    account: Account

    @property
    def announced(self) -> int | None:
        """Patches announced, None where nothing was announced at all."""
        spoken = [one.announced for one in self.counties if one.announced is not None]
        return sum(spoken) if spoken else None

    @property
    def came(self) -> int:
        return sum(one.came for one in self.counties)

    @property
    def to_correct(self) -> int:
        """Answered pieces that break a rule which the office calls an error."""
        return sum(one.to_correct for one in self.counties)

    @property
    def times_returned(self) -> int:
        """How often pieces were returned by city or province."""
        return sum(one.times_returned for one in self.counties)

    def reviewed(self, state: str) -> int:
        """Answered pieces that are in a state of the reviews."""
        return sum(one.reviews.get(state, 0) for one in self.counties)


def units(counties: Sequence[CountyStatus], accounts: Mapping[str, Account]) -> list[Unit]:
    """Province, city, county, one under the other, and all together at the end."""
    ordered = sorted(counties, key=lambda one: (one.province_code, one.city_code, one.code))
    return [*_rows(ordered, accounts), _unit(ALL, "", "", ordered, accounts)]


def _rows(ordered: Sequence[CountyStatus], accounts: Mapping[str, Account]) -> Iterator[Unit]:
    for province, in_province in groupby(ordered, lambda one: one.province_code):
        mine = list(in_province)
        if province:
            yield _unit(PROVINCE, province, mine[0].province_name, mine, accounts)
        for city, in_city in groupby(mine, lambda one: one.city_code):
            own = list(in_city)
            if city:
                yield _unit(CITY, city, own[0].city_name, own, accounts)
            yield from (_unit(COUNTY, one.code, one.name, [one], accounts) for one in own)


def _unit(level: str, code: str, name: str, counties: Sequence[CountyStatus], accounts: Mapping[str, Account]) -> Unit:
    mine = (accounts.get(one.code, Account()) for one in counties)
    return Unit(level, code, name or code, tuple(counties), total(mine))
