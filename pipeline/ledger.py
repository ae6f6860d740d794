"""`archive/ledger.jsonl`: what happened to the evidence, in order, each line bound to the one before it.

Append-only; no clock: what counts is the order. A line holds `seq`, `event`, the facts of it, `before` (the seal of
the line above) and `seal`: the SHA-256 of the line without it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.publish import write_bytes

_FIRST: tuple[Mapping[str, Any], ...] = ({"seq": 0, "seal": ""},)


@dataclass(frozen=True)
class Ledger:
    """The lines of a ledger, and the number of the first that does not agree with its seal (0 for none)."""

    lines: tuple[Mapping[str, Any], ...]
    broken_at: int

    def last(self, *events: str) -> dict[str, Mapping[str, Any]]:
        """The last line of these events by `id`."""
        return {one["id"]: one for one in self.lines if one["event"] in events}


def read_ledger(path: Path) -> Ledger:
    """The ledger as it stands; lines that are no JSON end it there."""
    if not path.is_file():
        return Ledger((), 0)
    lines: list[Mapping[str, Any]] = []
    broken = 0
    texts = path.read_bytes().split(b"\n")
    for number, text in enumerate(texts if texts[-1] else texts[:-1], 1):
        line = _line(text)
        if line is None or line["seal"] != _seal(line) or line["before"] != (lines[-1]["seal"] if lines else ""):
            broken = broken or number
        if line is not None:
            lines.append(line)
    return Ledger(tuple(lines), broken)


def add_lines(path: Path, ledger: Ledger, events: Iterable[Mapping[str, Any]]) -> Ledger:
    """The ledger with these events behind it, written where there are any; each has `event` and `id`.

    What stands there stays as it is, byte by byte.
    """
    new: list[Mapping[str, Any]] = []
    for event in events:
        above: Mapping[str, Any] = new[-1] if new else (*_FIRST, *ledger.lines)[-1]
        line = {"seq": above["seq"] + 1, **event, "before": above["seal"]}
        new.append({**line, "seal": _seal(line)})
    if new:
        there = path.read_bytes() if path.is_file() else b""
        there += b"" if there.endswith(b"\n") or not there else b"\n"
        write_bytes(path, there + b"".join(_bytes(one) + b"\n" for one in new))
    return Ledger((*ledger.lines, *new), ledger.broken_at)


def arrivals(ledger: Ledger, present: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The events that bring the ledger to what lies there now: `received` for each delivery (`id`, `name`) it does
    not hold as present, or under none of its names, `withdrawn` for each it does and that is gone."""
    last = ledger.last("received", "withdrawn")
    names: dict[str, list[str]] = {}
    for one in present:
        names.setdefault(one["id"], []).append(one["name"])
    held = {one: line["name"] for one, line in last.items() if line["event"] == "received"}
    events = [{"event": "withdrawn", "id": one, "name": held[one]} for one in sorted(held.keys() - names.keys())]
    return events + [{"event": "received", **one} for one in present if held.get(one["id"]) not in names[one["id"]]]


_TEXTS = ("event", "id", "name", "before", "seal")


def _line(text: bytes) -> Mapping[str, Any] | None:
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return None
    whole = isinstance(line, dict) and all(isinstance(line.get(name), str) for name in _TEXTS)
    return line if whole and isinstance(line.get("seq"), int) else None


def _seal(line: Mapping[str, Any]) -> str:
    return hashlib.sha256(_bytes({key: value for key, value in line.items() if key != "seal"})).hexdigest()


def _bytes(line: Mapping[str, Any]) -> bytes:
    """As it stands in the file; half a sign, which only an edited line can hold, stays what it was."""
    return json.dumps(line, ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass")
