"""What a run would do, told before it begins: counties, pages, imagery that is missing, room on the disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from pipeline.campaign import Campaign
from pipeline.conduct import Wish, foresee
from pipeline.county_jobs import CountySlice, county_slices, wanted
from pipeline.engine.stage import Stage
from pipeline.errors import Refusal
from pipeline.proof import PHASES, bare_pieces
from pipeline.stages.export import hint

FOLDER_BYTES = 400_000  # a county's folder before its pieces: overview, index, project, boundary
PIECE_BYTES = 260_000  # a page, and the imagery around its piece: what the demo's counties take, rounded up


@dataclass(frozen=True)
class CountyForecast:
    """A county that is asked: its pages of pieces, and how many of these lie beyond all scenes of a date."""

    code: str
    pages: int
    bare: Mapping[str, int]  # phase → pieces
    blocked: bool
    bytes_wanted: int  # what its folder takes, from the one there is, else as the demo's counties do


def forecast(campaign: Campaign, only: Sequence[str] = ()) -> list[CountyForecast]:
    """One row for each county whose code begins with one of `only`, every one where that is empty.

    Raises:
        Refusal: clip has not run.
    """
    slices = wanted(county_slices(campaign), only)
    bare = bare_pieces(campaign, slices)
    return [_county(campaign, one, bare[one.code]) for one in slices if one.asked]


def _county(campaign: Campaign, one: CountySlice, bare: Mapping[str, int]) -> CountyForecast:
    there = _bytes(campaign.files.county(one.code))
    return CountyForecast(one.code, one.asked, bare, one.blocked, there or FOLDER_BYTES + PIECE_BYTES * one.asked)


def _bytes(folder: Path) -> int:
    return sum(one.stat().st_size for one in folder.glob("*") if one.is_file())


def plan_lines(campaign: Campaign, stages: Sequence[Stage], wish: Wish) -> Iterator[str]:
    """The forecast as lines: what each stage would do, a line a county, and the sums."""
    yield from _stage_lines(foresee(campaign, stages, wish), stages)
    try:
        rows = forecast(campaign, wish.only)
    except Refusal:
        delivered = campaign.inputs.patches
        yield f"delivered: {_mb(sum(_size(one) for one in delivered))} in {len(delivered)} files"
        yield "counties and pages are known when `tuban clip` has run"
        return
    yield f"{'code':<12}{'pages':>7}" + "".join(f"{f'no {phase}':>11}" for phase in PHASES) + f"{'MB':>8}"
    for one in rows:
        counts = "".join(f"{one.bare.get(phase, 0):>11}" for phase in PHASES)
        yield f"{one.code:<12}{one.pages:>7}{counts}{one.bytes_wanted / 1e6:>8.1f}" + (
            "  blocked" if one.blocked else ""
        )
    yield from _sums(campaign, rows)
    yield from (f"hint: {words}" for words in [hint(campaign)] if words)


def _stage_lines(told: Iterator[str], stages: Sequence[Stage]) -> Iterator[str]:
    """`foresee` a line a stage: of jobs of counties only how many there are."""
    names = {one.name for one in stages if one.grain == "county"}
    for stage, lines in groupby(told, key=lambda line: line.split(maxsplit=1)[0].rstrip(":")):
        jobs = list(lines)
        single = stage not in names or jobs[0].startswith(f"{stage}:")
        yield from jobs if single else [f"{stage}: {len(jobs)} counties to do"]


def _sums(campaign: Campaign, rows: Sequence[CountyForecast]) -> Iterator[str]:
    bare = ", ".join(f"{sum(one.bare.get(phase, 0) for one in rows)} without {phase}" for phase in PHASES)
    pages = sum(one.pages for one in rows)
    yield f"{len(rows)} counties, {pages} pages of patches ({bare}), overviews and indexes beside"
    # a folder is drawn beside the one it replaces
    need, free = 2 * sum(one.bytes_wanted for one in rows), shutil.disk_usage(_there(campaign.out)).free
    yield f"disk: about {_mb(need)} wanted while it runs, {_mb(free)} free" + (": NOT ENOUGH" if need > free else "")


def _there(folder: Path) -> Path:
    return folder if folder.exists() else _there(folder.parent)


def _size(path: Path) -> int:
    return sum(one.stat().st_size for one in path.rglob("*") if one.is_file()) if path.is_dir() else path.stat().st_size


def _mb(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"
