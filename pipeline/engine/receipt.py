"""The outcome of a job on disk, with the digests of all it came from and all it made."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.publish import write_json


@dataclass(frozen=True)
class Receipt:
    """What a stage did for a unit. `outputs` are paths relative to the output folder, with their digests."""

    stage: str
    unit: str
    key: str
    parts: Mapping[str, str]
    status: str
    outputs: Mapping[str, str] = field(default_factory=dict)
    tally: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    problem: str = ""
    trace: str = ""


class Receipts:
    """The receipts of one output folder: `.state/<stage>.json` and `.state/<stage>/<unit>.json`."""

    def __init__(self, state: Path) -> None:
        self._state = state

    def path(self, stage: str, unit: str) -> Path:
        return self._state / stage / f"{unit}.json" if unit else self._state / f"{stage}.json"

    def find(self, stage: str, unit: str = "") -> Receipt | None:
        """The receipt of a stage for a unit, or None where there is none that can be read."""
        try:
            return Receipt(**json.loads(self.path(stage, unit).read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, receipt: Receipt) -> None:
        write_json(self.path(receipt.stage, receipt.unit), vars(receipt) | {})

    def units(self, stage: str) -> Iterator[str]:
        """The units a county stage has receipts for, in order."""
        folder = self._state / stage
        if folder.is_dir():
            yield from sorted(one.stem for one in folder.glob("*.json") if not one.name.startswith("."))

    def drop(self, stage: str, unit: str) -> None:
        self.path(stage, unit).unlink(missing_ok=True)
