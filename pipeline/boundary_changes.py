"""What a county layer of another date would change, as clip reckoned it and the reports tell it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.campaign import Files
    from pipeline.texts import Texts

FILE = "moves.json"
RECODED, RENAMED, GONE, NEW = "recoded", "renamed", "gone", "new"


@dataclass(frozen=True)
class CountyChange:
    """One county by both layers; "" stands for a code or name where one layer has no such county."""

    code: str
    name: str
    other_code: str
    other_name: str
    change: str  # "" | recoded | renamed | gone | new
    pieces: int  # it has now
    going: int  # pieces that would go to another county, at least in part
    coming: int  # pieces that would come from another
    goes_m2: float
    comes_m2: float
    nowhere_m2: float  # would be of no county
    sliver_m2: float  # its border moved by less than a sliver


@dataclass(frozen=True)
class BoundaryChanges:
    """The counties that something changes for, and the account of the ground of all pieces, m²:
    inside = same + moved + sliver + nowhere − double. `unbalanced` are uids for whose pieces that does not hold."""

    account_m2: Mapping[str, float]
    counties: tuple[CountyChange, ...]
    unbalanced: tuple[str, ...]


def read_changes(files: Files) -> list[BoundaryChanges]:
    """What clip found, none where no county layer of another date is given."""
    path = files.state_file(FILE)
    if not path.is_file():
        return []
    made: dict[str, Any] = json.loads(path.read_bytes())
    counties = tuple(CountyChange(**one) for one in made["counties"])
    return [BoundaryChanges(made["account_m2"], counties, tuple(made["unbalanced"]))]


def change_faults(changes: Sequence[BoundaryChanges], words: Texts) -> list[str]:
    """The pieces whose ground does not add up, in words."""
    wrong = [one.unbalanced for one in changes if one.unbalanced]
    return [words.say("account.moves", count=len(one), first=one[0]) for one in wrong]
