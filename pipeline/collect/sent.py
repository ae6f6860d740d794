"""What a county was sent: the pieces it is asked about, by which its answers are judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.amounts import area_in
from pipeline.collect.spelling import number_key
from pipeline.forms.cleaning import clean_text
from pipeline.forms.given import centre_words
from pipeline.forms.identity import outline_digest
from pipeline.geometry.identity import code_of


@dataclass(frozen=True, slots=True)
class Sent:
    """One asked piece as it stands in checklist and GeoPackage; areas in the office's unit."""

    patch_uid: str
    county_code: str
    row_code: str
    geometry: str  # digest of its outline
    patch_no: str
    seq: int
    area: float
    area_m2: float
    county_name: str = ""
    at: int = -1  # its row in the table of pieces
    centre: str = ""  # its middle as checklists print it

    @property
    def key(self) -> tuple[str, str]:
        return self.patch_uid, self.county_code


@dataclass(frozen=True)
class SentAll:
    """Everything that was sent, by piece; `counties_of` a patch are those that were asked about it."""

    by_key: dict[tuple[str, str], Sent]
    counties_of: dict[str, tuple[str, ...]] = field(default_factory=dict)
    codes: frozenset[str] = frozenset()  # all row codes
    centres: frozenset[str] = frozenset()  # all middles
    numbers: frozenset[str] = frozenset()  # what tells all patch numbers apart

    @cached_property
    def by_number(self) -> Mapping[str, Sequence[Sent]]:
        """The pieces of each number, by what tells numbers apart."""
        found: dict[str, list[Sent]] = defaultdict(list)
        for one in self.by_key.values():
            found[number_key(clean_text(one.patch_no))].append(one)
        return found


def sent_rows(
    columns: Mapping[str, Sequence[Any]], outlines: npt.NDArray[np.object_], area_unit: str, first: int = 0
) -> list[Sent]:
    """The asked rows of the table of pieces (columns as lists, outlines beside them), as counties hold them; of a part
    of it that begins with row `first`."""
    once: dict[str, str] = {}  # the few codes and names of counties
    middles = [centre_words(lon, lat) for lon, lat in zip(columns["lon_deg"], columns["lat_deg"], strict=True)]
    return [
        Sent(
            uid,
            once.setdefault(code, code),
            code_of(uid, code, area_m2),
            outline_digest(outlines[at]),
            columns["patch_no"][at],
            columns["seq"][at],
            float(area_in(area_unit, area_m2)),
            area_m2,
            once.setdefault(columns["county_name"][at], columns["county_name"][at]),
            first + at,
            middles[at],
        )
        for at, (uid, code, area_m2, asked) in enumerate(
            zip(*(columns[name] for name in ("patch_uid", "county_code", "area_m2", "asked")), strict=True)
        )
        if asked
    ]


def all_sent(sent: Iterable[Sent]) -> SentAll:
    """Everything that was sent, found by piece and by patch."""
    by_key = {one.key: one for one in sent}
    counties: dict[str, tuple[str, ...]] = {}
    for uid, code in sorted(by_key):
        counties[uid] = (*counties.get(uid, ()), code)
    codes = frozenset(one.row_code for one in by_key.values())
    centres = frozenset(one.centre for one in by_key.values())
    numbers = frozenset(number_key(clean_text(one.patch_no)) for one in by_key.values())
    return SentAll(by_key, counties, codes, centres, numbers)
