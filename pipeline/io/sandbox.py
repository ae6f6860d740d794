"""The supervisor of parser children: limits, a private folder, no network where the system allows, and blame.

A batch of deliveries is given to one child; if it dies or takes too long, the delivery it was at is tried alone, and
set aside with that reason if it kills its child again; the others go on. How long a child may take follows from the
bytes it is given.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import Refusal
from pipeline.io.child import beginning, run_child
from pipeline.io.parser import LayerReport, NamesReport, RefusedReport, Report
from pipeline.io.received import PARSER_VERSION, Delivery
from pipeline.publish import PRIVATE

_MAY_HOLD_MASKS = ("zip", "mask")
BATCH = 64
WALL_S = 900  # at most, and for what may be large inside: archives and GeoTIFFs where masks are read
WALL_BASE_S, WALL_S_PER_MB, WALL_S_PER_FILE = 60, 6, 2
CPU_S = 600
MEMORY_BYTES = 6 << 30
_BEGIN = beginning("pipeline.io.parser", MEMORY_BYTES, CPU_S)


@dataclass(frozen=True)
class Terms:
    """What the campaign says about reading, and the digest of what it says about masks."""

    encoding: str
    mask: Mapping[str, Any] | None
    mask_key: str


def parsed(
    deliveries: Sequence[Delivery],
    kept: Callable[[str], Path],
    cache: Path,
    encoding: str,
    step: Callable[[str], None],
    mask: Mapping[str, Any] | None = None,
) -> dict[str, tuple[Report, Path]]:
    """The report and folder of each delivery by its key; what was parsed before is not parsed again.

    `kept` gives the archived file of a digest. `mask` are the rules for change masks (classes, minimum_m2, connected,
    crs), None to read none; where they changed, what holds a GeoTIFF is parsed anew, and nothing else.
    """
    terms = Terms(encoding, mask, _key(mask))
    home = {one.key: cache / f"{one.key}-{PARSER_VERSION}{'-' + encoding if encoding else ''}" for one in deliveries}
    each = {one.key: one for one in deliveries}.values()
    fresh = [one for one in each if _is_stale(one, home[one.key] / "report.json", terms)]
    for at in range(0, len(fresh), BATCH):
        _parse_batch(fresh[at : at + BATCH], kept, cache, terms, home, step)
    return {key: (_read_report(folder / "report.json"), folder) for key, folder in home.items()}


def _key(mask: Mapping[str, Any] | None) -> str:
    text = json.dumps(mask, sort_keys=True, ensure_ascii=False, default=dict)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _is_stale(one: Delivery, report: Path, terms: Terms) -> bool:
    """Whether a delivery must be parsed: it never was, or under other rules for the GeoTIFFs in it."""
    if not report.exists():
        return True
    return one.kind in _MAY_HOLD_MASKS and _read_report(report).mask not in ("", terms.mask_key)


def _parse_batch(
    batch: Sequence[Delivery],
    kept: Callable[[str], Path],
    cache: Path,
    terms: Terms,
    home: dict[str, Path],
    step: Callable[[str], None],
) -> None:
    if not batch:
        return
    scratch = cache / f"{PRIVATE}{os.getpid()}-parse"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        problem = _run_child(batch, kept, scratch, terms)
        for one in batch:
            made = scratch / one.key
            if (made / "report.json").exists():
                shutil.rmtree(home[one.key], ignore_errors=True)
                made.rename(home[one.key])
                step(one.name)
            elif len(batch) == 1:
                _write_killed(home[one.key], problem, terms.mask_key if one.kind in _MAY_HOLD_MASKS else "")
        rest = [one for one in batch if _is_stale(one, home[one.key] / "report.json", terms)]
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if rest:  # deliveries are read in order: the first that is missing is the one to blame
        _parse_batch(rest[:1], kept, cache, terms, home, step)
        _parse_batch(rest[1:], kept, cache, terms, home, step)


def wall_s(batch: Sequence[Delivery], kept: Callable[[str], Path], masks: bool) -> float:
    """How long a child may take: a minute, two seconds for each delivery, six for each megabyte, at most `WALL_S`."""
    if masks and any(one.kind in _MAY_HOLD_MASKS for one in batch):
        return WALL_S  # a few kilobytes can be billions of pixels
    size = sum(kept(part.digest).stat().st_size for one in batch for part in one.parts)
    return min(WALL_S, WALL_BASE_S + WALL_S_PER_FILE * len(batch) + WALL_S_PER_MB * size / 1e6)


def _run_child(batch: Sequence[Delivery], kept: Callable[[str], Path], scratch: Path, terms: Terms) -> str:
    """Run one child; what went wrong in words, "" if nothing."""
    deliveries = [
        {
            "key": one.key,
            "kind": one.kind,
            "parts": [[part.name, str(kept(part.digest))] for part in one.parts],
        }
        for one in batch
    ]
    job = scratch / "job.json"
    told = {"encoding": terms.encoding, "mask": terms.mask, "mask_key": terms.mask_key, "out": "."}
    job.write_text(json.dumps({"deliveries": deliveries, **told}, default=dict), encoding="utf-8")
    limit_s = wall_s(batch, kept, terms.mask is not None)
    try:
        code, last = run_child(_BEGIN, job, scratch, limit_s)
    except subprocess.TimeoutExpired:
        return f"it was not read within {limit_s:.0f} seconds"
    return f"the parser ended with {code}: {last}"[:300] if code else ""


def _write_killed(folder: Path, problem: str, mask_key: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    hint = "look at the file in QGIS; ask the sender to export it again"
    refused = {"file": "", "code": "FILE_UNREADABLE", "sentence": problem or "it was not read", "hint": hint}
    tree = {"layers": [], "refused": [refused], "ignored": [], "mask": mask_key, "names": []}
    text = json.dumps(tree, ensure_ascii=False)
    (folder / "report.json").write_text(text, encoding="utf-8")


def _read_report(path: Path) -> Report:
    tree: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    try:
        layers = [LayerReport(**one) for one in tree["layers"]]
        refused = [RefusedReport(**one) for one in tree["refused"]]
        names = [NamesReport(**one) for one in tree["names"]]
        return Report(layers, refused, tree["ignored"], tree["mask"], names)
    except (KeyError, TypeError) as problem:
        raise Refusal(f"{path} is not a report of the parser", "delete out/.state/parsed and run again") from problem
