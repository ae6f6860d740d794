"""Jobs of counties: which there are, and what each depends on. No geo library is needed to find that all is fresh."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.campaign import Campaign, Files
from pipeline.engine.digest import file_digest, folder_digest, value_digest
from pipeline.errors import Refusal
from pipeline.records import CampaignFacts
from pipeline.shelf import shelf


@dataclass(frozen=True)
class CountySlice:
    """One county's entry in `slices.json`, with the imagery under its asked pieces."""

    code: str
    digest: str
    rows: tuple[int, ...]
    asked: int
    blocked: bool
    scenes: tuple[dict[str, Any], ...]
    backdrop: tuple[dict[str, Any], ...] = ()  # imagery under its overviews, where the office wants that

    @property
    def scenes_digest(self) -> str:
        """Of what the imagery shows, wherever it lies."""
        return _shown_digest(self.scenes)

    @property
    def backdrop_digest(self) -> str:
        """The same of the imagery under its overviews."""
        return _shown_digest(self.backdrop)


def _shown_digest(scenes: Sequence[dict[str, Any]]) -> str:
    return value_digest([{key: value for key, value in one.items() if key != "path"} for one in scenes])


def county_slices(campaign: Campaign) -> list[CountySlice]:
    """All counties that are asked about something, in order of codes.

    Raises:
        Refusal: clip has not run.
    """
    slices, scenes = _read(campaign.files, "slices.json"), _read(campaign.files, "scenes.json")
    phase = campaign.sections["render"].overview_imagery
    beneath = [one for one in scenes if one["phase"] == phase]
    return [_slice(code, one, scenes, beneath) for code, one in sorted(slices.items())]


def wanted(slices: Sequence[CountySlice], only: Sequence[str]) -> list[CountySlice]:
    """The counties whose code begins with one of `only`; all where that is empty.

    Raises:
        Refusal: one of them is the beginning of no code of a county with patches.
    """
    strange = [prefix for prefix in only if not any(one.code.startswith(prefix) for one in slices)]
    if strange:
        codes = ", ".join(one.code for one in slices[:12])
        raise Refusal(
            f"no county with patches has a code that begins with {' or '.join(strange)}", f"there are: {codes}"
        )
    return [one for one in slices if not only or one.code.startswith(tuple(only))]


def around_digests(campaign: Campaign) -> dict[str, str]:
    """Code → digest of the towns, roads and places about a county, for those that have any."""
    path = campaign.files.around
    found: dict[str, str] = json.loads(path.read_bytes()) if path.is_file() else {}
    return found


def _read(files: Files, name: str) -> Any:
    path = files.state_file(name)
    try:
        return json.loads(path.read_bytes())
    except OSError:
        raise Refusal("there are no clipped patches yet", "run `tuban run` or `tuban clip` first") from None


def _slice(
    code: str, entry: dict[str, Any], scenes: Sequence[dict[str, Any]], beneath: Sequence[dict[str, Any]]
) -> CountySlice:
    box = _frame_reach(entry["box"])
    under = tuple(one for one in scenes if _touch(box, one["box"]))
    wide = _overview_reach(entry["county_box"]) if beneath else box
    backdrop = tuple(one for one in beneath if _touch(wide, one["box"]))
    return CountySlice(code, entry["digest"], tuple(entry["rows"]), entry["asked"], entry["blocked"], under, backdrop)


def _overview_reach(box: Sequence[float]) -> list[float]:
    """Degrees of ground that a county's overviews may show: the county, and as much again where it is narrow."""
    west, south, east, north = box
    turn = max(math.cos(math.radians((south + north) / 2)), 0.01)
    high = max(north - south, (east - west) * turn)
    x, y = (west + east) / 2, (south + north) / 2
    return [x - high / turn, y - high, x + high / turn, y + high]


def _frame_reach(box: Sequence[float]) -> list[float]:
    """Degrees of ground that the frames of a county's sheets may show: a patch fills at least a good half of its
    frame, or the frame is a few kilometres wide at the smallest scale that imagery asks for."""
    west, south, east, north = box
    dx, dy = (east - west) + 0.1, (north - south) + 0.1
    return [west - dx, south - dy, east + dx, north + dy]


def _touch(one: Sequence[float], other: Sequence[float]) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def county_facts(campaign: Campaign) -> CampaignFacts:
    """The facts of the campaign, with the CRS that the county layer gave it.

    How the office is reached is left out, but for its telephone: another address draws no sheet anew. What says it
    (START_HERE, workbook, card) is given the whole.
    """
    office = replace(campaign.facts.office, contact="", mail="", address="")
    return replace(campaign.facts, office=office, crs=_read(campaign.files, "ingest_summary.json")["crs"])


def deadlines(campaign: Campaign) -> dict[str, str]:
    """When answers are due, by county code, as far as the list of announced counties says so and can be read."""
    from pipeline.intake.expected import expected_or_why

    announced, _ = expected_or_why(campaign.inputs.expected)
    return {code: one.deadline for code, one in announced.items() if one.deadline}


@cache
def shelf_digest(shelves: tuple[str, ...]) -> str:
    """One digest of the folders of `config/` a stage reads, and of all texts."""
    folders = [shelf() / one for one in shelves] + [Path(__file__).parent / "texts"]
    return value_digest([folder_digest(one) for one in folders])


def own_files(campaign: Campaign, settings: Any, names: Sequence[str]) -> tuple[Any, list[str]]:
    """The settings with an office's own files (values with a suffix, relative to the campaign file) as whole paths,
    and the digests of those files."""
    values = {name: getattr(settings, name) for name in names}
    paths = {name: (campaign.file.parent / value).resolve() for name, value in values.items() if Path(value).suffix}
    digests = [file_digest(one) for one in paths.values()]
    return replace(settings, **{name: str(path) for name, path in paths.items()}), digests
