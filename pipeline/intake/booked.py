"""What the ledger knows of deliveries: which came, which are gone, and which of those came again under their name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.io.received import Delivery, Part
from pipeline.issues import Code, Issue
from pipeline.ledger import Ledger, add_lines, arrivals, read_ledger


def book_in(path: Path, deliveries: Sequence[Delivery]) -> Ledger:
    """The ledger with what came and what is gone since the last time."""
    present = [
        {
            "id": one.digest,
            "name": one.name,
            "kind": one.kind,
            "parts": [[part.name, part.digest] for part in one.parts],
        }
        for one in deliveries
        if one.digest
    ]
    ledger = read_ledger(path)
    return add_lines(path, ledger, arrivals(ledger, present))


def ledger_issues(ledger: Ledger) -> list[Issue]:
    """What was received once and is gone, and whether somebody wrote into the ledger."""
    gone = [line for line in ledger.last("received", "withdrawn").values() if line["event"] == "withdrawn"]
    found = [
        Issue(Code.WITHDRAWN, "ingest", {"file": one["name"], "digest": one["id"]}, source_file=one["name"])
        for one in gone
    ]
    altered = Issue(Code.LEDGER_ALTERED, "ingest", {"line": ledger.broken_at})
    return [*found, *([altered] if ledger.broken_at else [])]


def namesakes(ledger: Ledger, names: Collection[str]) -> list[Delivery]:
    """Withdrawn deliveries that were called like one that is there now: what a corrected file replaced, as archived;
    the last that went comes last."""
    last = sorted(ledger.last("received", "withdrawn").values(), key=lambda one: one["seq"])
    gone = [one["id"] for one in last if one["event"] == "withdrawn" and one["name"] in names]
    came = ledger.last("received")
    return [_archived(came[one]) for one in gone if one in came and _is_whole(came[one])]


def _archived(line: Mapping[str, Any]) -> Delivery:
    return Delivery(line["name"], line["kind"], line["id"], tuple(Part(*part) for part in line["parts"]))


def _is_whole(line: Mapping[str, Any]) -> bool:
    """Whether a line says how to read what came; one that somebody altered may not."""
    parts = line.get("parts")
    if not (line.get("kind") and isinstance(line["kind"], str) and isinstance(parts, list)):
        return False
    return all(isinstance(one, list) and len(one) == 2 and all(isinstance(each, str) for each in one) for one in parts)
