"""Which ground of the pieces would be another county's by a county layer of another date."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

from pipeline.cutting.cut import Cut, Sharing, cut_table
from pipeline.geometry.area import Ellipsoid
from pipeline.geometry.clip import BALANCE
from pipeline.geometry.slivers import width_m
from pipeline.io.tables import GEOMETRY, geometries, layer_table
from pipeline.layers import MOVES

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

MOVED, SLIVER, NOWHERE, SAME = "moved", "sliver", "nowhere", "same"
PIECE_COLUMNS = ("patch_uid", "patch_no", "piece_no", "county_code", "county_name", "area_m2", GEOMETRY)
CRUMB_M = 1e-6  # thinner is what the last digits of coordinates leave at a border that both layers have
SAME_GROUND = 0.999  # of two counties' ground in common: one county under two codes


@dataclass(frozen=True)
class Moves:
    """The layer `moves`; old code → new code of counties that only changed their code; the account, m².

    The account: inside = same + moved + sliver + nowhere − double (ground that several counties of the other layer
    claim), within 1e-9; `unbalanced` are the uids of pieces for which that does not hold.
    """

    layer: pa.Table
    recoded: dict[str, str]
    account: dict[str, float]
    unbalanced: list[str]


def moves_of(
    pieces: pa.Table, counties: pa.Table, others: pa.Table, ellipsoid: Ellipsoid, sharing: Sharing, crs: str
) -> Moves:
    """Cut the pieces by the other county layer and keep what changes its county.

    Args:
        pieces: `PIECE_COLUMNS` of the layer `pieces`.
        counties: the county layer that made them.
        others: the county layer of another date, in the same CRS.
        sharing: its mode must be "split", its slivers "ask"; what is smaller *and* thinner than its slivers
            and not most of its piece is one: there a border moved, and hardly so.
    """
    recoded = recoded_counties(counties, others)
    now = np.array([recoded.get(code, code) for code in pieces["county_code"].to_pylist()], object)
    place = {code: at for at, code in enumerate(others["code"].to_pylist())}
    home = np.array([place.get(code, -1) for code in now.tolist()], np.intp)
    cut = cut_table(pieces, geometries(others), ellipsoid, sharing, home)
    to = np.array(others["code"].to_pylist(), object)[cut.county]
    parts = _parts(pieces, cut, np.flatnonzero(to != now[cut.patch]))
    width = _width_m(parts, pieces["area_m2"].to_numpy(), sharing.sliver_m2, ellipsoid)
    kind = np.where(parts.county < 0, NOWHERE, MOVED).astype(object)
    kind[width < sharing.sliver_width_m] = SLIVER
    kind[width < CRUMB_M] = SAME
    told = np.lexsort((parts.county, parts.row))
    told = told[kind[told] != SAME]
    layer = _layer(pieces, others, _Parts(*(column[told] for column in vars(parts).values())), kind[told], crs)
    wrong = pieces["patch_uid"].take(pa.array(_unbalanced(pieces, cut))).to_pylist()
    return Moves(layer, recoded, _account(pieces, cut, to == now[cut.patch], parts.area, kind), wrong)


@dataclass(frozen=True)
class _Parts:
    """Parts of pieces: the row of the piece, that of the other county (−1: none), m², shape."""

    row: Ints
    county: Ints
    area: Floats
    shapes: Geometries


def _parts(pieces: pa.Table, cut: Cut, away: Ints) -> _Parts:
    """The rows `away` of a cut, and what it left over."""
    return _Parts(
        np.concatenate([cut.patch[away], cut.rest_patch]),
        np.concatenate([cut.county[away], np.full(len(cut.rest_patch), -1)]),
        np.concatenate([cut.area_m2[away], cut.rest_area_m2]),
        np.concatenate([_shapes(pieces, cut, away), shapely.from_wkb(cut.rest_wkb)]),
    )


def _width_m(parts: _Parts, piece_m2: Floats, below_m2: float, ellipsoid: Ellipsoid) -> Floats:
    """The widths of small parts; infinite for those that are not small, or most of their piece."""
    small = np.flatnonzero(parts.area < np.minimum(below_m2, 0.5 * piece_m2[parts.row]))
    width = np.full(len(parts.row), np.inf)
    width[small] = width_m(parts.shapes[small], parts.area[small], ellipsoid)
    return width


def _unbalanced(pieces: pa.Table, cut: Cut) -> Ints:
    """Pieces whose parts are not their whole area, within 1e-9 of it."""
    count, area = pieces.num_rows, pieces["area_m2"].to_numpy()
    inside = np.bincount(cut.patch, cut.area_m2, count)
    parts = inside + np.bincount(cut.rest_patch, cut.rest_area_m2, count) - cut.double_m2
    return np.union1d(cut.unbalanced, np.flatnonzero(np.abs(parts - area) > BALANCE * area))


def _shapes(pieces: pa.Table, cut: Cut, rows: Ints) -> Geometries:
    """The shapes of parts: their own, or the whole piece's."""
    wkb = cut.wkb[rows]
    whole = np.array([one is None for one in wkb], bool)
    wkb[whole] = pieces[GEOMETRY].take(pa.array(cut.patch[rows[whole]])).to_numpy(zero_copy_only=False)
    made: Geometries = shapely.from_wkb(wkb)
    return made


def _layer(pieces: pa.Table, others: pa.Table, parts: _Parts, kind: npt.NDArray[np.object_], crs: str) -> pa.Table:
    mine = pieces.select(PIECE_COLUMNS[:-1]).take(pa.array(parts.row))
    codes, names = ([*others[name].to_pylist(), ""] for name in ("code", "name"))  # −1 is the last: no county
    columns: dict[str, Any] = {name: mine[name] for name in PIECE_COLUMNS[:-2]}
    columns |= {
        "other_code": [codes[at] for at in parts.county],
        "other_name": [names[at] for at in parts.county],
        "kind": kind.tolist(),
        "area_m2": parts.area,
        "area_share": parts.area / mine["area_m2"].to_numpy(),
    }
    return layer_table(MOVES, columns, parts.shapes, crs)


def _account(pieces: pa.Table, cut: Cut, stays: Bools, area: Floats, kind: npt.NDArray[np.object_]) -> dict[str, float]:
    same = np.concatenate([cut.area_m2[stays], area[kind == SAME]])
    parts = {"inside": pieces["area_m2"].to_numpy(), SAME: same, "double": cut.double_m2}
    parts |= {one: area[kind == one] for one in (MOVED, SLIVER, NOWHERE)}
    return {name: fsum(values.tolist()) for name, values in parts.items()}


def recoded_counties(counties: pa.Table, others: pa.Table) -> dict[str, str]:
    """Counties whose code is gone and whose ground a county of a new code has, all but a thousandth."""
    codes, new_codes = counties["code"].to_pylist(), others["code"].to_pylist()
    both = set(codes) & set(new_codes)
    gone = [at for at, code in enumerate(codes) if code not in both]
    new = [at for at, code in enumerate(new_codes) if code not in both]
    if not gone or not new:
        return {}
    mine, theirs = geometries(counties.take(gone)), geometries(others.take(new))
    one, other = shapely.STRtree(theirs).query(mine)
    sizes = np.stack([shapely.area(mine[one]), shapely.area(theirs[other])])
    alike = sizes.min(axis=0) >= SAME_GROUND * sizes.max(axis=0)  # the others need not be cut, and that is most
    one, other, largest = one[alike], other[alike], sizes.max(axis=0)[alike]
    same = shapely.equals_exact(shapely.normalize(mine[one]), shapely.normalize(theirs[other]))
    cut = np.flatnonzero(~(np.isin(one, one[same]) | np.isin(other, other[same])))  # seconds for a nation
    common = shapely.area(shapely.intersection(mine[one[cut]], theirs[other[cut]]))
    same[cut] = common >= SAME_GROUND * largest[cut]
    return {codes[gone[a]]: new_codes[new[b]] for a, b in zip(one[same].tolist(), other[same].tolist(), strict=True)}
