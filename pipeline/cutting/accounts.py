"""The accounts of a clip, in total and by county (`clip_summary.json`)."""

from __future__ import annotations

import itertools
from collections import Counter
from math import fsum
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.cutting.cut import Cut
from pipeline.cutting.pieces import FRAGMENT, REASONS, Pieces

Ints = npt.NDArray[np.intp]


def summary(cut: Cut, pieces: Pieces, patches: pa.Table, counties: pa.Table, delivered: Ints) -> dict[str, Any]:
    """Areas, pieces and patches, and for each county its own; `delivered` is the county each patch came for, or −1."""
    homes = Counter(_homes(pieces, delivered).tolist())
    reasons = Counter(REASONS[one] for one in pieces.reason.tolist())
    not_asked = {one: reasons[one] for one in REASONS[1:] if reasons[one] or one == FRAGMENT}
    return {
        "area_m2": {
            "accepted": fsum(patches["area_m2"].to_pylist()),
            "inside": fsum(cut.area_m2.tolist()),
            "outside": fsum(cut.rest_area_m2.tolist()),
            "double": fsum(cut.double_m2.tolist()),
        },
        "pieces": {"all": len(pieces), "asked": reasons[""], "not_asked": not_asked},
        "counties": _by_county(pieces, counties, homes),
        "homeless": homes[-1],
        "unbalanced": patches["patch_uid"].take(pa.array(cut.unbalanced)).to_pylist(),
    }


def _by_county(pieces: Pieces, counties: pa.Table, homes: Counter[int]) -> dict[str, Any]:
    starts = np.searchsorted(pieces.county, np.arange(counties.num_rows + 1)).tolist()
    names = counties.drop_columns(["geometry", "area_m2"]).to_pylist()
    made = {}
    for at, (start, end) in enumerate(itertools.pairwise(starts)):
        made[names[at]["code"]] = names[at] | {
            "pieces": end - start,
            "asked": int(pieces.asked[start:end].sum()),
            "area_m2": fsum(pieces.area_m2[start:end].tolist()),
            "patches": homes[at],
        }
    return made


def _homes(pieces: Pieces, delivered: Ints) -> Ints:
    """The county each patch counts for: as delivered where there is such a county, else that of its largest piece."""
    home = delivered.copy()
    largest = np.flatnonzero((pieces.number == 1) & (delivered[pieces.patch] < 0))
    home[pieces.patch[largest]] = pieces.county[largest]
    return home
