"""The proof of a campaign: a few telling pages, drawn in seconds, for somebody to sign before thousands are.

Nothing that a run makes or remembers is touched: the one product is `out/proof.pdf`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.campaign import Campaign
from pipeline.county_jobs import CountySlice, county_facts, county_slices, deadlines, own_files, wanted
from pipeline.errors import Refusal
from pipeline.issues import Code
from pipeline.layers import PIECES

if TYPE_CHECKING:
    from pipeline.sheets.proof import ProofPage, Telling

PHASES = ("before", "after")
_COLUMNS = (
    *("patch_uid", "county_code", "county_name", "seq", "asked", "area_m2", "piece_count"),
    *("patch_no", "town", "village", "patch_type_name", "lon_deg", "lat_deg"),
)


@dataclass(frozen=True)
class Proof:
    """The file, and what each of its pages is."""

    path: Path
    pages: tuple[ProofPage, ...]


def make_proof(campaign: Campaign, only: Sequence[str] = ()) -> Proof:
    """Draw the telling pages of the counties whose code begins with one of `only`; of all where that is empty.

    Raises:
        Refusal: clip has not run, no county is asked about anything, or a layout, style or font is mistaken.
    """
    from pipeline.sheets.proof import draw_proof
    from pipeline.stages.render import OWN_FILES

    slices = {one.code: one for one in wanted(county_slices(campaign), only) if not one.blocked and one.asked}
    told = telling(_asked(campaign, slices), list(slices.values()), _found_bare(campaign, slices))
    if not told:
        raise Refusal("no county is asked about a patch: there is no sheet to prove", "see `tuban status`")
    settings, _ = own_files(campaign, campaign.sections["render"], OWN_FILES)
    target = campaign.out / "proof.pdf"
    counties = [_commission(campaign, slices[code], pages) for code, pages in told.items()]
    return Proof(target, tuple(draw_proof(target, county_facts(campaign), counties, settings)))


def telling(
    asked: Mapping[str, Any], slices: Sequence[CountySlice], found_bare: Mapping[str, int]
) -> dict[str, dict[int, tuple[str, ...]]]:
    """Which pages tell most: code → number of the piece → reasons; number 0 is the overview.

    `asked` are columns of the asked pieces, arrays of one length; `found_bare` patches that a run found without
    imagery, or (a smaller number) with less than all.
    """
    found: dict[str, dict[int, list[str]]] = {}
    for reason, row in _chosen(asked, _bareness(asked, slices, found_bare)):
        pages = found.setdefault(str(asked["county_code"][row]), {})
        pages.setdefault(0 if reason == "overview" else int(asked["seq"][row]), []).append(reason)
    return {code: {seq: tuple(reasons) for seq, reasons in pages.items()} for code, pages in found.items()}


def _chosen(asked: Mapping[str, Any], bareness: Any) -> Iterator[tuple[str, int]]:
    codes, areas = asked["county_code"], asked["area_m2"]
    if not len(codes):
        return
    _, first, counts = np.unique(codes, return_index=True, return_counts=True)
    yield "overview", int(first[np.argmax(counts)])
    yield "smallest", int(np.argmin(areas))
    yield "largest", int(np.argmax(areas))
    across = np.flatnonzero(asked["piece_count"] > 1)
    if len(across):
        yield "straddling", int(across[np.argmax(areas[across])])
    if bareness.any():
        yield "no_imagery", int(np.argmax(bareness))
    yield "longest_name", int(np.argmax([_letters(asked, row) for row in range(len(codes))]))


def _letters(asked: Mapping[str, Any], row: int) -> int:
    return sum(
        len(asked[name][row] or "") for name in ("county_name", "town", "village", "patch_type_name", "patch_no")
    )


def _bareness(asked: Mapping[str, Any], slices: Sequence[CountySlice], found_bare: Mapping[str, int]) -> Any:
    """How much imagery pieces lack: 2 all of it at a date, 1 some, 0 none that is known of."""
    found = np.array([found_bare.get(str(uid), 0) for uid in asked["patch_uid"]])
    return np.maximum(found, 2 * _bare(asked, slices))


def _found_bare(campaign: Campaign, codes: Iterable[str]) -> dict[str, int]:
    """What the books drawn so far say of imagery that is missing (holes in a scene are known by its pixels only)."""
    weights = {Code.IMAGERY_PARTIAL.name: 1, Code.IMAGERY_MISSING.name: 2}
    found: dict[str, int] = {}
    for code in codes:
        path = campaign.files.work("render", code) / "issues.jsonl"
        lines = path.read_text(encoding="utf-8").split("\n") if path.is_file() else []
        for line in filter(None, lines):
            issue = json.loads(line)
            weight = weights.get(issue["code"], 0)
            found[issue["patch_uid"]] = max(weight, found.get(issue["patch_uid"], 0))
    return found


def _bare(asked: Mapping[str, Any], slices: Sequence[CountySlice]) -> Any:
    """Which pieces lie beyond all scenes of a date that has some."""
    none = np.zeros(len(asked["seq"]), dtype=bool)
    return np.logical_or.reduce([none, *_bare_at(asked, slices).values()])


def _bare_at(asked: Mapping[str, Any], slices: Sequence[CountySlice]) -> dict[str, Any]:
    """For each date that has scenes, which pieces lie beyond all of them."""
    configured = {one["phase"] for each in slices for one in each.scenes}
    bare = {phase: np.zeros(len(asked["seq"]), dtype=bool) for phase in PHASES if phase in configured}
    for each in slices:
        own = np.flatnonzero(asked["county_code"] == each.code)
        x, y = asked["lon_deg"][own], asked["lat_deg"][own]
        for phase, told in bare.items():
            boxes = np.array([one["box"] for one in each.scenes if one["phase"] == phase]).reshape(-1, 4, 1)
            west, south, east, north = boxes[:, 0], boxes[:, 1], boxes[:, 2], boxes[:, 3]
            told[own] = ~((x >= west) & (x <= east) & (y >= south) & (y <= north)).any(axis=0)
    return bare


def bare_pieces(campaign: Campaign, slices: Sequence[CountySlice]) -> dict[str, dict[str, int]]:
    """How many asked pieces of each county lie beyond all scenes of a date that has some: code → phase → count."""
    asked = _asked(campaign, {one.code: one for one in slices})
    bare = _bare_at(asked, slices)
    codes = asked["county_code"]
    return {one.code: {phase: int(told[codes == one.code].sum()) for phase, told in bare.items()} for one in slices}


def _asked(campaign: Campaign, slices: Mapping[str, CountySlice]) -> dict[str, Any]:
    from pipeline.io.tables import read_parquet

    table = read_parquet(campaign.files[PIECES], _COLUMNS)
    columns = {name: np.array(table[name].to_pylist(), dtype=object) for name in ("county_code", "asked")}
    rows = np.flatnonzero(columns["asked"].astype(bool) & np.isin(columns["county_code"], list(slices)))
    return {name: np.array(table[name].take(rows).to_pylist()) for name in _COLUMNS}


def _commission(campaign: Campaign, one: CountySlice, pages: Mapping[int, tuple[str, ...]]) -> Telling:
    from pipeline.sheets.proof import Telling
    from pipeline.stages.render import read_backdrop, read_ground, read_surroundings

    county, pieces, before, after = read_ground(campaign.files, one)
    chosen = {seq: reasons for seq, reasons in pages.items() if seq}
    around = read_surroundings(campaign.files, one.code)
    configured = frozenset(one.phase for one in campaign.inputs.imagery)
    return Telling(
        county,
        tuple(pieces),
        tuple(before),
        tuple(after),
        chosen,
        0 in pages,
        around,
        configured,
        deadlines(campaign).get(one.code, ""),
        tuple(read_backdrop(one)),
    )
