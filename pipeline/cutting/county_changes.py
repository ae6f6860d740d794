"""What a county layer of another date changes, county by county, and its sentences."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from math import fsum

import pyarrow as pa

from pipeline.boundary_changes import GONE, NEW, RECODED, RENAMED, BoundaryChanges, CountyChange
from pipeline.cutting.moves import MOVED, NOWHERE, SLIVER, Moves
from pipeline.issues import Code, Issue
from pipeline.texts import Texts


def boundary_changes(moves: Moves, pieces: pa.Table, counties: pa.Table, others: pa.Table) -> BoundaryChanges:
    """The account and every county that changes, has ground that would go or come, in order of codes."""
    ground, held = _Ground(moves), Counter(pieces["county_code"].to_pylist())
    found = [_change(*one, ground, held) for one in _pairs(_names(counties), _names(others), moves.recoded)]
    found.sort(key=lambda one: one.code or one.other_code)
    concerned = [one for one in found if one.change or one.goes_m2 or one.comes_m2 or one.nowhere_m2 or one.sliver_m2]
    return BoundaryChanges(moves.account, tuple(concerned), tuple(moves.unbalanced))


class _Ground:
    """The rows of the layer `moves` gathered by county: m² and pieces, as they are now and as they would be."""

    def __init__(self, moves: Moves) -> None:
        self.goes: dict[tuple[str, str], list[float]] = defaultdict(list)
        self.comes: dict[str, list[float]] = defaultdict(list)
        self.going: dict[str, set[tuple[str, int]]] = defaultdict(set)
        self.coming: dict[str, set[tuple[str, int]]] = defaultdict(set)
        names = ("county_code", "other_code", "kind", "area_m2", "patch_uid", "piece_no")
        for code, other, kind, area, *piece in zip(*(moves.layer[name].to_pylist() for name in names), strict=True):
            self.goes[code, kind].append(area)
            if kind == MOVED:
                self.comes[other].append(area)
                self.going[code].add(tuple(piece))
                self.coming[other].add(tuple(piece))


def _pairs(
    old: Mapping[str, str], new: Mapping[str, str], recoded: Mapping[str, str]
) -> Iterator[tuple[str, str, str, str]]:
    """Code and name now, code and name by the other layer, of every county there is in either."""
    for code, name in old.items():
        other = recoded.get(code, code)
        yield (code, name, other, new[other]) if other in new else (code, name, "", "")
    met = {*old, *recoded.values()}
    yield from (("", "", code, name) for code, name in new.items() if code not in met)


def _change(
    code: str, name: str, other: str, other_name: str, ground: _Ground, held: Mapping[str, int]
) -> CountyChange:
    return CountyChange(
        code,
        name,
        other,
        other_name,
        _word(code, name, other, other_name),
        held[code],
        len(ground.going[code]),
        len(ground.coming[other]) if other else 0,
        fsum(ground.goes[code, MOVED]),
        fsum(ground.comes[other]) if other else 0.0,
        fsum(ground.goes[code, NOWHERE]),
        fsum(ground.goes[code, SLIVER]),
    )


def _word(code: str, name: str, other: str, other_name: str) -> str:
    if not code:
        return NEW
    if not other:
        return GONE
    return RECODED if code != other else RENAMED if name != other_name else ""


def _names(counties: pa.Table) -> dict[str, str]:
    return dict(zip(counties["code"].to_pylist(), counties["name"].to_pylist(), strict=True))


def move_issues(moves: Moves, changes: BoundaryChanges, date: str, words: Texts) -> list[Issue]:
    """What changes, in sentences: one for each pair of counties, one for each county recoded, renamed, gone or new."""
    date = date or words["issue.undated"]
    changed = [_county_issue(one, date, words) for one in changes.counties if one.change]
    return [*_pair_issues(moves.layer, date, words), *changed]


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


def _county_issue(one: CountyChange, date: str, words: Texts) -> Issue:
    mine, other = f"{one.code} {one.name}".strip(), f"{one.other_code} {one.other_name}".strip()
    what = words.say(f"issue.county_{one.change}", other=other)
    facts = {"name": mine or other, "what": what, "date": date}
    return Issue(Code.COUNTY_CHANGED, "clip", facts, county_code=one.code or one.other_code)
