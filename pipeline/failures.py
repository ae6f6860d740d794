"""What failed in a run, told so that a person can read it: one cause once, however many counties it stopped."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from pipeline.engine.stage import Outcome

NAMED, TOLD = 3, 20  # counties named of one cause, causes told of a run
ALL = "log/outcomes.jsonl"
_DIGITS = re.compile(r"\d+")


def failure_lines(failed: Sequence[Outcome]) -> Iterator[str]:
    """A paragraph a cause, in the order met, its words those of the first county; what merely follows comes last."""
    causes: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    waiting = 0
    without_book = {one.unit for one in failed if one.stage == "render"}
    for one in failed:
        if one.stage == "export" and one.unit in without_book:
            waiting += 1
        else:
            causes[one.stage, _DIGITS.sub("", one.problem)].append(one)
    for alike in list(causes.values())[:TOLD]:
        yield f"{alike[0].stage} {_units(alike)}: {alike[0].problem}"
    if len(causes) > TOLD:
        yield f"and {len(causes) - TOLD} other troubles: each county has its line in {ALL} of the output folder"
    if waiting:
        yield f"export: {waiting} of these counties wait for their book of sheets"


def _units(alike: Sequence[Outcome]) -> str:
    named = ", ".join(one.unit for one in alike[:NAMED])
    return named if len(alike) <= NAMED else f"{named} and {len(alike) - NAMED} more"
