"""The smallest campaign: two counties, no imagery, one good delivery; made once and copied."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely
from click.testing import Result

from tests.faults.fault import Fault, Spot
from tests.faults.makers import layer
from tests.stages.runs import issues, state, table, tuban

TOML = """[campaign]
id = "F1"
title = "faults"
language = "en"
[inputs]
patches = ["deliveries/**/*"]
counties = "counties.gpkg"
mask = { classes = { 1 = "A", 3 = "B" }, minimum_m2 = 100 }
"""
GOOD = "good.gpkg"


def make_campaign(folder: Path) -> Path:
    """A campaign with one good delivery of two patches; its campaign.toml."""
    (folder / "deliveries").mkdir(parents=True)
    counties = [shapely.box(105, 34, 106, 35), shapely.box(106, 34, 107, 35)]
    layer(folder / "counties.gpkg", counties, XZQDM=["620101", "620102"], XZQMC=["甲县", "乙县"])
    layer(folder / "deliveries" / GOOD, [shapely.box(106.5 + at, 34.9, 106.501 + at, 34.901) for at in (0, 0.1)])
    (folder / "campaign.toml").write_text(TOML, encoding="utf-8")
    return folder / "campaign.toml"


def copied(campaign: Path, folder: Path) -> Path:
    """A copy of a campaign, with what it has parsed; pipes cannot be copied."""
    ignore = shutil.ignore_patterns("*_pipe.gpkg")
    return Path(shutil.copytree(campaign.parent, folder, symlinks=True, ignore=ignore)) / "campaign.toml"


def spot_of(campaign: Path, at: int, stem: str, hook: str) -> Spot:
    """The ground and folder of the fault number `at`."""
    folder = campaign.parent / "deliveries" / stem
    folder.mkdir()
    bait = campaign.parent / "bait.geojson"
    return Spot(folder, stem, 105.01 + at % 70 * 0.01, 34.01 + at // 70 * 0.01, bait, hook)


def build_all(campaign: Path, faults: Sequence[Fault], hook: str = "http://127.0.0.1:9/") -> None:
    for at, one in enumerate(faults):
        one.build(spot_of(campaign, at, one.stem, hook))


@dataclass(frozen=True)
class Happened:
    """What became of a campaign: exit codes, counts by file, issues, records."""

    results: tuple[Result, ...]
    by_file: dict[str, tuple[int, int, int]]
    found: list[dict[str, Any]]
    records: list[dict[str, Any]]
    summary: dict[str, Any]

    def issues_of(self, stem: str) -> list[dict[str, Any]]:
        uids = {one["patch_uid"] for one in self.records if of_stem(one["source_file"], stem)} - {""}
        return [one for one in self.found if of_stem(one["source_file"], stem) or one["patch_uid"] in uids]

    def counts_of(self, stem: str) -> tuple[int, int, int]:
        found = [one for file, one in self.by_file.items() if of_stem(file, stem)]
        return (sum(one[0] for one in found), sum(one[1] for one in found), sum(one[2] for one in found))


def of_stem(file: str, stem: str) -> bool:
    """Whether a file as it is shown belongs to the delivery of this stem."""
    return file.split("/")[0].startswith(f"{stem}.") or f"/{stem}." in file or file.startswith(f"{stem}/")


def ingested(campaign: Path, *stages: str) -> Happened:
    """Run these stages through the command line and look at everything they left."""
    results = tuple(tuban(stage, campaign) for stage in stages or ("ingest", "clip"))
    for one in results:
        assert one.exit_code in (0, 3), one.stderr
    summary = state(campaign, "ingest_summary.json")
    by_file: dict[str, tuple[int, int, int]] = {}
    for one in summary["by_delivery"]:
        assert one["received"] == one["accepted"] + one["quarantined"] + one["duplicate"]
        before = by_file.get(one["file"], (0, 0, 0))
        counts = (one["accepted"], one["quarantined"], one["duplicate"])
        by_file[one["file"]] = (before[0] + counts[0], before[1] + counts[1], before[2] + counts[2])
    return Happened(
        results, by_file, list(issues(campaign, *(stages or ("ingest", "clip")))), table(campaign, "records"), summary
    )
