"""Decide which jobs are fresh, do the others, and leave a receipt of each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.engine.digest import Digests, value_digest
from pipeline.engine.progress import Talk, progress, silent
from pipeline.engine.receipt import Receipt, Receipts
from pipeline.engine.stage import Job, Outcome, Stage
from pipeline.engine.workers import Engine, serial


@dataclass
class Workshop:
    """Where jobs are done: an output folder with its receipts and remembered digests."""

    out: Path
    receipts: Receipts
    digests: Digests
    engine: Engine = serial
    again: bool = False
    talk: Talk = silent

    @classmethod
    def at(cls, out: Path, **options: Any) -> Workshop:
        state = out / ".state"
        return cls(out, Receipts(state), Digests(state / "digests.json"), **options)


def job_of(stage: Stage, unit: str, task: Any, parts: Mapping[str, str]) -> Job:
    """A job with its key: the digest of the stage's name and version and of all parts."""
    everything = {"stage": f"{stage.name} {stage.version}", **parts}
    return Job(stage.name, unit, stage.work, task, everything, value_digest(everything))


def run_jobs(shop: Workshop, jobs: Sequence[Job]) -> list[Outcome]:
    """The outcomes of all jobs, in the order of the jobs; each outcome is on disk before the next is asked for."""
    found = {job.unit: why_stale(shop, job) for job in jobs}
    stale = [job for job in jobs if found[job.unit] != ""]
    ended = {job.unit: Outcome(job.stage, job.unit, "fresh") for job in jobs if found[job.unit] == ""}
    by_unit = {job.unit: job for job in stale}
    if stale:
        with progress(stale[0].stage, len(stale), shop.talk) as step:
            for outcome in shop.engine(stale):
                ended[outcome.unit] = _record(shop, by_unit[outcome.unit], replace(outcome, why=found[outcome.unit]))
                step(outcome.unit)
    return [ended[job.unit] for job in jobs]


def outputs_of(shop: Workshop, stage: str, unit: str = "") -> Mapping[str, str]:
    """What a stage made for a unit, digest by path relative to the output folder; nothing where it failed."""
    receipt = shop.receipts.find(stage, unit)
    return receipt.outputs if receipt and receipt.status == "done" else {}


def why_stale(shop: Workshop, job: Job) -> str:
    """Why the job must be done: "" where its products are there as its receipt says."""
    receipt = shop.receipts.find(job.stage, job.unit)
    if shop.again:
        return "asked again"
    if receipt is None:
        return "never done"
    if receipt.key != job.key:
        names = sorted(set(receipt.parts) | set(job.parts))
        return ", ".join(name for name in names if receipt.parts.get(name) != job.parts.get(name)) + " changed"
    if receipt.status != "done":
        return f"{receipt.status} before"
    missing = [name for name, digest in receipt.outputs.items() if not shop.digests.holds(shop.out / name, digest)]
    return f"{missing[0]} is missing or altered" if missing else ""


def _record(shop: Workshop, job: Job, outcome: Outcome) -> Outcome:
    names = [Path(one) for one in outcome.outputs]
    for path in names:
        shop.digests.forget(path)
    outputs = {path.relative_to(shop.out).as_posix(): shop.digests.of(path) for path in names}
    facts = {name: getattr(outcome, name) for name in ("status", "tally", "seconds", "problem", "trace")}
    shop.receipts.write(Receipt(job.stage, job.unit, job.key, job.parts, outputs=outputs, **facts))
    _log(shop.out / "log" / "outcomes.jsonl", outcome)
    return outcome


def _log(path: Path, outcome: Outcome) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    at = datetime.now(UTC).astimezone().isoformat(timespec="seconds")
    line = {"at": at} | {key: value for key, value in vars(outcome).items() if value not in ("", 0, (), {})}
    with path.open("a", encoding="utf-8") as log:
        log.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
