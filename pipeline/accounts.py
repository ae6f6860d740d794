"""The accounts of a campaign: what was received, cut, drawn and asked, and whether it all balances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

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
        "returns": {"open": rows, "answered": 0, "conflict": 0, "unmatched": 0},
        "quarantine_by_reason": dict(ingest["quarantine_by_reason"]),
        "by_delivery": list(ingest["by_delivery"]),
    }


def imbalances(books: Mapping[str, Any], ingest: Mapping[str, Any], whole_run: bool) -> list[str]:
    """Every identity of the contract that does not hold, in words; `whole_run` is False where some counties failed."""
    found = [_of_records(name, one) for name, one in _records(books, ingest)]
    area = books["area_m2"]
    error = abs(area["inside"] + area["outside"] - area["double"] - area["accepted"])
    if error > AREA_TOLERANCE * area["accepted"]:
        found.append(f"areas differ by {error:.3g} m²: accepted ≠ inside + outside − double")
    pieces = books["pieces"]
    if pieces["all"] != pieces["asked"] + sum(pieces["not_asked"].values()):
        found.append("pieces: all ≠ asked + not asked")
    received = sum(one["received"] for one in books["by_delivery"])
    if received != books["records"]["received"]:
        found.append("records: the deliveries do not sum to what was received")
    if whole_run:
        asked = pieces["asked"]
        if not asked == books["sheets"]["pieces_drawn"] == books["checklists"]["rows"]:
            found.append(
                f"{asked} asked, {books['sheets']['pieces_drawn']} drawn, {books['checklists']['rows']} on checklists"
            )
    return [one for one in found if one]


def _records(books: Mapping[str, Any], ingest: Mapping[str, Any]) -> list[tuple[str, Mapping[str, int]]]:
    named = [("all", books["records"])]
    named += [(f"{one['file']} {one['layer']}", one) for one in books["by_delivery"]]
    return named + [(f"county {code}", one) for code, one in ingest["by_county"].items()]


def _of_records(name: str, one: Mapping[str, int]) -> str:
    fits = one["received"] == one["accepted"] + one["quarantined"] + one["duplicate"]
    return "" if fits else f"records of {name}: received ≠ accepted + quarantined + duplicate"
