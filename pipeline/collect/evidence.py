"""Which campaign, county and form a file says it is of: hidden sheet, properties, head of the table, its ids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.collect.grid import Grid
from pipeline.collect.identities import Listed, code_of, number_of, uid_of
from pipeline.collect.returned import Remark, ReturnedFile, ReturnedRow
from pipeline.collect.spelling import Raw, plain, said_text
from pipeline.collect.values import Terms

META = "_meta"
_STATED = re.compile(r"([A-Za-z0-9_-]{1,40}) ([A-Za-z0-9_-]+@\S{1,40}) (\S{1,40})")
_PLACE = re.compile(r"\(\s*([A-Za-z0-9]*\d[A-Za-z0-9]*)\s*\)")
_LIST = ("patch_uid", "row_code", "patch_no")


@dataclass(frozen=True)
class Origin:
    """What a file says of itself; "" where it says nothing."""

    campaign: str = ""
    county_code: str = ""
    form: str = ""  # "<id>@<version>"


def origin_of(told: Iterable[Origin], rows: Sequence[ReturnedRow], terms: Terms) -> Origin:
    """One origin from all that speak, the strongest first; where they disagree, the one that is not the campaign's.

    The campaign is told by the ids of the rows where nothing else says it.
    """
    said = list(told)
    form = f"{terms.form.id}@{terms.form.version}"
    campaigns = [one.campaign for one in said if one.campaign]
    if not campaigns:
        own = {one.patch_uid.rpartition("-")[0] for one in rows if one.patch_uid}
        campaigns = sorted(own) if len(own) == 1 else []
    counties = [one.county_code for one in said if one.county_code]
    return Origin(
        _stranger(campaigns, terms.facts.id),
        counties[0] if counties else "",
        _stranger([one.form for one in said if one.form], form),
    )


def returned(
    door: str,
    digest: str,
    name: str,
    origin: Origin,
    rows: Sequence[ReturnedRow],
    remarks: Sequence[Remark],
    asked: Iterable[str],
) -> ReturnedFile:
    """A returned file of what was read of it; `asked` are the questions its tables have a place for."""
    said = (origin.campaign, origin.county_code, origin.form)
    places = tuple(dict.fromkeys(asked))
    return ReturnedFile(digest, name, door, *said, tuple(rows), tuple(remarks), asked=places)


def _stranger(said: Sequence[str], own: str) -> str:
    return next((one for one in said if one != own), own if said else "")


def of_values(values: Mapping[str, str]) -> Origin:
    """The origin in the keys and values of the hidden sheet, or of the properties."""
    form, version = values.get("form", ""), values.get("form_version", "")
    return Origin(values.get("campaign", ""), values.get("county_code", ""), f"{form}@{version}" if form else "")


def of_head(grid: Grid, head: int) -> Origin:
    """The origin in the rows above the headings: the line that states it, else the county's code in brackets."""
    texts = [plain(said_text(cell)) for row in grid.rows[:head] for cell in row if isinstance(cell, str)]
    for text in texts:
        if stated := _STATED.fullmatch(text):
            return Origin(stated[1], stated[3], stated[2])
    places = [found[1] for text in texts for found in _PLACE.finditer(text)]
    return Origin(county_code=places[0] if len(set(places)) == 1 else "")


def read_meta(rows: Sequence[Sequence[Raw]]) -> tuple[dict[str, str], list[Listed]]:
    """The keys and values of the hidden sheet, and its list of what was sent."""
    values: dict[str, str] = {}
    for at, row in enumerate(rows):
        cells = [plain(said_text(cell)) for cell in row]
        if set(_LIST) <= set(cells):
            return values, _listed(rows[at + 1 :], [cells.index(one) for one in _LIST])
        if len(cells) > 1 and cells[0] and cells[1]:
            values.setdefault(cells[0], cells[1])
    return values, []


def _listed(rows: Sequence[Sequence[Raw]], at: Sequence[int]) -> list[Listed]:
    uid, code, number = at
    full = [row for row in rows if len(row) > max(at)]
    made = [Listed(uid_of(row[uid]), code_of(row[code]), number_of(row[number])) for row in full]
    return [one for one in made if one.patch_uid]
