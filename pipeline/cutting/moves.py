"""Which ground of the pieces would be another county's by a county layer of another date."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

from pipeline.cutting.cut import Cut, Sharing, cut_table
from pipeline.geometry.area import Ellipsoid
from pipeline.geometry.slivers import width_m
from pipeline.io.tables import GEOMETRY, geometries, layer_table
from pipeline.issues import Code, Issue
from pipeline.layers import MOVES
from pipeline.texts import Texts

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

MOVED, SLIVER, NOWHERE = "moved", "sliver", "nowhere"
PIECE_COLUMNS = ("patch_uid", "patch_no", "piece_no", "county_code", "county_name", "area_m2", GEOMETRY)
SAME_GROUND = 0.999  # of two counties' ground in common: one county under two codes


@dataclass(frozen=True)
class Moves:
    """The layer `moves`; old code → new code of counties that only changed their code; the account, m².

    The account: inside = same + moved + sliver + nowhere − double (ground that several counties of the other layer
    claim), within 1e-9.
    """

    layer: pa.Table
    recoded: dict[str, str]
    account: dict[str, float]


def moves_of(
    pieces: pa.Table, counties: pa.Table, others: pa.Table, ellipsoid: Ellipsoid, sharing: Sharing, crs: str
) -> Moves:
    """Cut the pieces by the other county layer and keep what changes its county.

    Args:
        pieces: `PIECE_COLUMNS` of the layer `pieces`.
        counties: the county layer that made them.
        others: the county layer of another date, in the same CRS.
        sharing: its mode must be "split", its slivers "ask"; what is smaller *and* thinner than its slivers is one.
    """
    cut = cut_table(pieces, geometries(others), ellipsoid, sharing, np.full(pieces.num_rows, -1))
    recoded = recoded_counties(counties, others)
    now = np.array([recoded.get(code, code) for code in pieces["county_code"].to_pylist()], object)
    to = np.array(others["code"].to_pylist(), object)[cut.county]
    away = np.flatnonzero(to != now[cut.patch])
    row = np.concatenate([cut.patch[away], cut.rest_patch])
    county = np.concatenate([cut.county[away], np.full(len(cut.rest_patch), -1)])
    area = np.concatenate([cut.area_m2[away], cut.rest_area_m2])
    shapes = np.concatenate([_shapes(pieces, cut, away), shapely.from_wkb(cut.rest_wkb)])
    thin = np.flatnonzero(area < sharing.sliver_m2)
    kind = np.where(county < 0, NOWHERE, MOVED).astype(object)
    kind[thin[width_m(shapes[thin], area[thin], ellipsoid) < sharing.sliver_width_m]] = SLIVER
    order = np.lexsort((county, row))
    layer = _layer(pieces, others, row[order], county[order], area[order], kind[order], shapes[order], crs)
    return Moves(layer, recoded, _account(pieces, cut, away, area, kind))


def _shapes(pieces: pa.Table, cut: Cut, rows: Ints) -> Geometries:
    """The shapes of parts: their own, or the whole piece's."""
    wkb = cut.wkb[rows]
    whole = np.array([one is None for one in wkb], bool)
    wkb[whole] = pieces[GEOMETRY].take(pa.array(cut.patch[rows[whole]])).to_numpy(zero_copy_only=False)
    made: Geometries = shapely.from_wkb(wkb)
    return made


def _layer(
    pieces: pa.Table,
    others: pa.Table,
    row: Ints,
    county: Ints,
    area: Floats,
    kind: npt.NDArray[np.object_],
    shapes: Geometries,
    crs: str,
) -> pa.Table:
    mine = pieces.select(PIECE_COLUMNS[:-1]).take(pa.array(row))
    codes, names = ([*others[name].to_pylist(), ""] for name in ("code", "name"))  # −1 is the last: no county
    columns: dict[str, Any] = {name: mine[name] for name in PIECE_COLUMNS[:-2]}
    columns |= {
        "other_code": [codes[at] for at in county],
        "other_name": [names[at] for at in county],
        "kind": kind.tolist(),
        "area_m2": area,
        "area_share": area / mine["area_m2"].to_numpy(),
    }
    return layer_table(MOVES, columns, shapes, crs)


def _account(pieces: pa.Table, cut: Cut, away: Ints, area: Floats, kind: npt.NDArray[np.object_]) -> dict[str, float]:
    stays = np.ones(len(cut.patch), bool)
    stays[away] = False
    parts = {"inside": pieces["area_m2"].to_numpy(), "same": cut.area_m2[stays], "double": cut.double_m2}
    parts |= {one: area[kind == one] for one in (MOVED, SLIVER, NOWHERE)}
    return {name: fsum(values.tolist()) for name, values in parts.items()}


def recoded_counties(counties: pa.Table, others: pa.Table) -> dict[str, str]:
    """Counties whose code is gone and whose ground a county of a new code has, all but a thousandth."""
    codes, new_codes = counties["code"].to_pylist(), others["code"].to_pylist()
    gone = [at for at, code in enumerate(codes) if code not in set(new_codes)]
    new = [at for at, code in enumerate(new_codes) if code not in set(codes)]
    if not gone or not new:
        return {}
    mine, theirs = geometries(counties.take(gone)), geometries(others.take(new))
    one, other = shapely.STRtree(theirs).query(mine)
    common = shapely.area(shapely.intersection(mine[one], theirs[other]))
    same = common >= SAME_GROUND * np.maximum(shapely.area(mine[one]), shapely.area(theirs[other]))
    return {codes[gone[a]]: new_codes[new[b]] for a, b in zip(one[same].tolist(), other[same].tolist(), strict=True)}


def move_issues(moves: Moves, counties: pa.Table, others: pa.Table, date: str, words: Texts) -> list[Issue]:
    """What changes, in sentences: one for each pair of counties, one for each county recoded, gone or new."""
    date = date or words["issue.undated"]
    return [*_pair_issues(moves.layer, date, words), *_county_issues(moves, counties, others, date, words)]


def _pair_issues(layer: pa.Table, date: str, words: Texts) -> list[Issue]:
    names = ("county_code", "county_name", "other_code", "other_name", "kind", "area_m2", "patch_uid")
    pairs: dict[tuple[str, ...], list[tuple[float, str]]] = defaultdict(list)
    for *pair, area, uid in zip(*(layer[name].to_pylist() for name in names), strict=True):
        pairs[tuple(pair)].append((area, uid))
    made = []
    for (code, name, other_code, other, kind), parts in sorted(pairs.items()):
        whom = f"{other_code} {other}".strip() or words["issue.border_nobody"]
        facts = {"name": f"{code} {name}", "other": whom, "date": date, "pieces": len({uid for _, uid in parts})}
        facts |= {"what": words[f"issue.move_{kind}"], "area_m2": fsum(area for area, _ in parts)}
        made.append(Issue(Code.COUNTY_OTHERWISE, "clip", facts, county_code=code))
    return made


def _county_issues(moves: Moves, counties: pa.Table, others: pa.Table, date: str, words: Texts) -> list[Issue]:
    old, new = _names(counties), _names(others)
    kept = {*moves.recoded, *moves.recoded.values()}
    changes = [("recoded", code, f"{code} {old[code]}", f"{to} {new[to]}") for code, to in moves.recoded.items()]
    changes += [("gone", code, f"{code} {name}", "") for code, name in old.items() if code not in {*new, *kept}]
    changes += [("new", code, f"{code} {name}", "") for code, name in new.items() if code not in {*old, *kept}]
    return [
        Issue(
            Code.COUNTY_CHANGED,
            "clip",
            {"name": name, "what": words.say(f"issue.county_{what}", other=other), "date": date},
            county_code=code,
        )
        for what, code, name, other in sorted(changes)
    ]


def _names(counties: pa.Table) -> Mapping[str, str]:
    return dict(zip(counties["code"].to_pylist(), counties["name"].to_pylist(), strict=True))
