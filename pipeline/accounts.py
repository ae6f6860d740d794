"""The accounts of a campaign: what was received, cut, drawn and asked, and whether it all balances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pipeline.texts import Texts

Word = Literal["complete", "partial", "missing", "zero", "unknown", "unannounced"]
AREA_TOLERANCE = 1e-9


@dataclass(frozen=True)
class CountyStatus:
    """One county as a manager sees it."""

    code: str
    name: str
    city_code: str
    city_name: str
    province_code: str
    province_name: str
    announced: int | None
    came: int  # patches that count for it, the quarantined among them
    quarantined: int
    word: Word
    pieces: int
    asked: int
    area_m2: float
    pages: int
    rows: int
    problem: str  # why its folder was not published, "" if it was
    open: int = 0  # asked pieces without an answer
    answered: int = 0
    conflict: int = 0  # answered in ways that disagree, and nobody has decided
    to_correct: int = 0  # of the answered: those that break a rule which the office calls an error
    review: str = ""  # how far city and province are: issued | submitted | <level>_returned | <level>_passed
    reviews: Mapping[str, int] = field(default_factory=dict)  # answered pieces by the same states
    times_returned: int = 0  # how often a piece of it was returned
    bare_frames: int = 0  # map frames of its sheets with ground that has no imagery
    verdicts: Mapping[str, tuple[int, float]] = field(default_factory=dict)  # answered pieces and m² by verdict

    @property
    def published(self) -> bool:
        return self.asked > 0 and not self.problem


def announcement(announced: int | None, came: int, pieces: int) -> Word:
    """The word for a county: announced and none came, fewer came, announced none, nobody spoke of it.

    The four are never merged. A county that has pieces though none was announced for it is "unannounced".
    """
    if announced is None:
        return "unannounced" if came or pieces else "unknown"
    if announced == 0:
        return "unannounced" if came or pieces else "zero"
    if came == 0:
        return "missing"
    return "partial" if came < announced else "complete"


def balance(
    campaign: str,
    ingest: Mapping[str, Any],
    clip: Mapping[str, Any],
    counties: Sequence[CountyStatus],
    announced: int | None,
    returns: Mapping[str, int],
) -> dict[str, Any]:
    """`balance.json` as the contract has it."""
    words = [one.word for one in counties]
    rows = sum(one.rows for one in counties)
    return {
        "campaign": campaign,
        "records": {"announced": announced, **ingest["records"]},
        "area_m2": dict(clip["area_m2"]),
        "pieces": dict(clip["pieces"]),
        "counties": {
            "with_patches": sum(one.pieces > 0 for one in counties),
            **{word: words.count(word) for word in ("zero", "missing", "partial", "unknown")},
        },
        "sheets": {
            "pages": sum(one.pages for one in counties),
            "pieces_drawn": sum(one.asked for one in counties if one.pages),
        },
        "checklists": {"rows": rows},
        "returns": dict(returns),
        "quarantine_by_reason": dict(ingest["quarantine_by_reason"]),
        "by_delivery": list(ingest["by_delivery"]),
    }


def imbalances(books: Mapping[str, Any], ingest: Mapping[str, Any], whole_run: bool, words: Texts) -> list[str]:
    """Every identity of the contract that does not hold, in words; `whole_run` is False where some counties failed."""
    accounts = _records(books, ingest, words)
    found = [words.say("account.records", what=name) for name, one in accounts if not _adds_up(one)]
    area = books["area_m2"]
    error = abs(area["inside"] + area["outside"] - area["double"] - area["accepted"])
    if error > AREA_TOLERANCE * area["accepted"]:
        found.append(words.say("account.areas", error=f"{error:.3g}"))
    pieces = books["pieces"]
    if pieces["all"] != pieces["asked"] + sum(pieces["not_asked"].values()):
        found.append(words["account.pieces"])
    received = sum(one["received"] for one in books["by_delivery"])
    if received != books["records"]["received"]:
        found.append(words["account.deliveries"])
    asked, drawn, rows = pieces["asked"], books["sheets"]["pieces_drawn"], books["checklists"]["rows"]
    if whole_run and not asked == drawn == rows:
        found.append(words.say("account.asked", asked=asked, drawn=drawn, rows=rows))
    returns = books["returns"]
    if pieces["asked"] != returns["open"] + returns["answered"] + returns["conflict"]:
        found.append(words.say("account.returns", asked=pieces["asked"], **returns))
    return found


def _records(books: Mapping[str, Any], ingest: Mapping[str, Any], words: Texts) -> list[tuple[str, Mapping[str, int]]]:
    """Every account of records there is, by name: in all, by delivery and layer, by county."""
    named = [(words["account.all"], books["records"])]
    named += [(f"{one['file']} {one['layer']}", one) for one in books["by_delivery"]]
    return named + [(words.say("account.county", code=code), one) for code, one in ingest["by_county"].items()]


def _adds_up(one: Mapping[str, int]) -> bool:
    return one["received"] == one["accepted"] + one["quarantined"] + one["duplicate"]
