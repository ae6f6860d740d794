"""What clip noticed: ground outside, claimed twice, given away or not asked about, and figures that disagree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

from pipeline.cutting.cut import Cut
from pipeline.cutting.pieces import REASONS, SLIVER, SOURCE, Pieces
from pipeline.issues import Code, Issue

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
_Say = Callable[..., Issue]


def doubts(cut: Cut, pieces: Pieces, patches: pa.Table, counties: pa.Table, delivered: Ints) -> list[Issue]:
    """All issues of a clip; `delivered` is the county each patch came for, or −1."""
    names = counties["name"].to_pylist()
    codes = counties["code"].to_pylist()
    differing = _differing(pieces, delivered)
    concerned = _concerned(cut, pieces, differing)
    say = _speaker(patches, concerned)
    return [
        *_outside(cut, patches["area_m2"].to_numpy(), say),
        *_claimed_twice(cut, pieces, names, say),
        *_not_asked(pieces, codes, names, say),
        *_given(cut, pieces, codes, names, say),
        *_differ(pieces, differing, delivered, codes, names, say),
        *_unbalanced(cut, patches, say),
    ]


def _concerned(cut: Cut, pieces: Pieces, differing: Ints) -> Ints:
    """Rows of the patches that something is to be said of."""
    parts = [cut.rest_patch, np.flatnonzero(cut.double_m2 > 0), pieces.patch[~pieces.asked], cut.before[0]]
    made: Ints = np.unique(np.concatenate([*parts, pieces.patch[differing], cut.unbalanced]))
    return made


def _speaker(patches: pa.Table, concerned: Ints) -> _Say:
    mine = patches.select(["patch_uid", "patch_no", *SOURCE]).take(pa.array(concerned)).to_pylist()
    told = dict(zip(concerned.tolist(), mine, strict=True))

    def say(code: Code, patch: int, place_deg: Any, county_code: str = "", **facts: Any) -> Issue:
        one = told[int(patch)]
        words = {"patch_no": one["patch_no"] or one["patch_uid"], **facts}
        point = "" if place_deg is None else shapely.to_wkb(shapely.Point(place_deg), hex=True)
        source = {name: one[name] for name in SOURCE}
        return Issue(code, "clip", words, one["patch_uid"], county_code, wkb_hex=point, **source)

    return say


def _outside(cut: Cut, area: Floats, say: _Say) -> Iterator[Issue]:
    for patch, place, left in zip(cut.rest_patch, cut.rest_place_deg, cut.rest_area_m2.tolist(), strict=True):
        whole = left >= area[patch] * (1 - 1e-9)
        code = Code.OUTSIDE if whole else Code.PARTLY_OUTSIDE
        yield say(code, patch, place, area_m2=left, share=f"{100 * left / area[patch]:.3g}")


def _claimed_twice(cut: Cut, pieces: Pieces, names: list[str], say: _Say) -> Iterator[Issue]:
    rows: dict[int, list[int]] = defaultdict(list)
    for at in np.flatnonzero(cut.double_m2[pieces.patch] > 0).tolist():
        rows[int(pieces.patch[at])].append(at)
    for patch, mine in sorted(rows.items()):
        mine.sort(key=pieces.number.__getitem__)
        told = ", ".join(names[pieces.county[at]] for at in mine)
        yield say(
            Code.CLAIMED_TWICE,
            patch,
            pieces.place_deg[mine[0]],
            area_m2=float(cut.double_m2[patch]),
            counties=told,
        )


def _not_asked(pieces: Pieces, codes: list[str], names: list[str], say: _Say) -> Iterator[Issue]:
    for at in np.flatnonzero(~pieces.asked).tolist():
        code = Code.SLIVER if REASONS[pieces.reason[at]] == SLIVER else Code.FRAGMENT
        county = pieces.county[at]
        facts = {"area_m2": float(pieces.area_m2[at]), "share": f"{100 * pieces.share[at]:.3g}"}
        yield say(code, pieces.patch[at], pieces.place_deg[at], codes[county], **facts, county=names[county])


def _given(cut: Cut, pieces: Pieces, codes: list[str], names: list[str], say: _Say) -> Iterator[Issue]:
    """Ground of one county that goes with the piece of another."""
    wanted = np.isin(pieces.patch, cut.before[0]) & (pieces.number == 1)
    home = {int(pieces.patch[at]): int(at) for at in np.flatnonzero(wanted)}
    for patch, county, m2 in zip(*(column.tolist() for column in cut.before), strict=True):
        at = home[patch]
        facts = {"area_m2": m2, "county": names[county], "other": names[pieces.county[at]]}
        yield say(Code.GIVEN_WHOLE, patch, pieces.place_deg[at], codes[pieces.county[at]], **facts)


def _differing(pieces: Pieces, delivered: Ints) -> Ints:
    """Rows of the largest pieces that lie in another county than their patch was delivered for."""
    came_for = delivered[pieces.patch]
    made: Ints = np.flatnonzero((pieces.number == 1) & (came_for >= 0) & (came_for != pieces.county))
    return made


def _differ(
    pieces: Pieces, rows: Ints, delivered: Ints, codes: list[str], names: list[str], say: _Say
) -> Iterator[Issue]:
    for at in rows.tolist():
        patch, county = int(pieces.patch[at]), pieces.county[at]
        facts = {"delivered": codes[delivered[patch]], "share": f"{100 * pieces.share[at]:.1f}"}
        place = pieces.place_deg[at]
        yield say(Code.COUNTY_CODE_DIFFERS, patch, place, codes[county], **facts, county=names[county])


def _unbalanced(cut: Cut, patches: pa.Table, say: _Say) -> Iterator[Issue]:
    for patch in cut.unbalanced.tolist():
        shape = shapely.from_wkb(patches["geometry"][patch].as_py())
        yield say(Code.UNBALANCED, patch, None, wkt=shapely.to_wkt(shape, rounding_precision=-1))
