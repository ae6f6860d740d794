"""Conduct a campaign: the stages in order, under one lock, each asked for its jobs when those before it are done."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from pipeline.campaign import Campaign, Files
from pipeline.county_jobs import county_slices
from pipeline.engine.run import Workshop, run_jobs, why_stale
from pipeline.engine.stage import Job, Outcome, Stage
from pipeline.engine.workers import engine_of, serial
from pipeline.errors import LOCKED, Refusal
from pipeline.publish import sweep
from pipeline.stages import clip, collect, export, ingest, render, report
from pipeline.verify import SUMS

ROOM_BYTES = 16 << 20
_ROOMS: dict[str, ModuleType] = {one.STAGE.name: one for one in (ingest, clip, render, export, collect, report)}


@dataclass
class Conducted:
    """All outcomes of a run, in order."""

    outcomes: list[Outcome] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    @property
    def failed(self) -> list[Outcome]:
        return _failed(self.outcomes)


def _failed(outcomes: Sequence[Outcome]) -> list[Outcome]:
    return [one for one in outcomes if one.status in ("failed", "refused")]


@dataclass(frozen=True)
class Wish:
    """What is asked of a run: which counties, how many workers, all over again."""

    only: tuple[str, ...] = ()
    workers: int = 1
    again: bool = False


def foresee(campaign: Campaign, stages: Sequence[Stage], wish: Wish) -> Iterator[str]:
    """What a run would do and why, a line a job; it ends at the first stage of the whole run that would run, since
    what follows depends on what that finds."""
    shop = Workshop.at(campaign.out, again=wish.again)
    above: set[str] = set()
    for stage in stages:
        found = [(job, why_stale(shop, job) or _follows(job, above)) for job in _jobs(campaign, stage, wish, shop)]
        stale = [(job, why) for job, why in found if why]
        yield from (f"{job.name}: {why}" for job, why in stale)
        if not stale:
            yield f"{stage.name}: fresh"
        elif stage.grain == "run" and any(one.grain == "county" for one in stages[stages.index(stage) :]):
            yield "what follows depends on what this finds"
            return
        above |= {job.unit for job, _ in stale}


def _follows(job: Job, above: set[str]) -> str:
    """A county's later products follow its earlier ones, and the report follows everything."""
    follows = job.unit in above or (above and job.stage == report.STAGE.name)
    return "follows what is done before it" if follows else ""


def conduct(campaign: Campaign, stages: Sequence[Stage], wish: Wish, talk: Callable[[str], None]) -> Conducted:
    """Run these stages; a stage of the whole run that fails ends the run.

    Raises:
        Refusal: another run holds the lock (75), or the input cannot be used (4).
    """
    done = Conducted()
    with locked(campaign.files):
        shop = Workshop.at(campaign.out, again=wish.again, talk=talk)
        sweep(campaign.out)
        try:
            for stage in stages:
                outcomes = _run_stage(campaign, stage, wish, shop)
                done.outcomes += outcomes
                done.doubts += _doubts(stage, shop)
                talk(stage_line(stage.name, outcomes))
                _hint(campaign, stage, outcomes, talk)
                _stop_if_full(campaign.out, outcomes)
                _stop_if_run_failed(stage, outcomes)
        finally:
            shop.digests.save()
    return done


def _hint(campaign: Campaign, stage: Stage, outcomes: Sequence[Outcome], talk: Callable[[str], None]) -> None:
    """Once, when folders were made, what their readers will miss."""
    words = export.hint(campaign) if stage is export.STAGE else ""
    if words and any(one.status == "done" for one in outcomes):
        talk(f"hint: {words}")


def _run_stage(campaign: Campaign, stage: Stage, wish: Wish, shop: Workshop) -> list[Outcome]:
    _refuse_other_version(stage, shop)
    jobs = _jobs(campaign, stage, wish, shop)
    shop.engine = serial if stage.grain == "run" else engine_of(wish.workers)
    if stage.grain == "county":
        _retire(campaign, stage, shop)
    outcomes = run_jobs(shop, jobs)
    for one in _failed(outcomes) if stage is export.STAGE else ():
        export.withdraw(campaign.files, one.unit)
    return outcomes


def _refuse_other_version(stage: Stage, shop: Workshop) -> None:
    """A stage alone reads what those before it left, and another version may have written that otherwise."""
    order = list(_ROOMS)
    for before in (_ROOMS[name].STAGE for name in order[: order.index(stage.name)]):
        receipt = shop.receipts.find(before.name) if before.grain == "run" else None
        if receipt and receipt.parts.get("stage") != f"{before.name} {before.version}":
            sentence = f"what {before.name} left in {shop.out.name} is of another version of tuban"
            raise Refusal(sentence, "type `tuban run CONFIG`: it makes again what the new version makes otherwise")


def _jobs(campaign: Campaign, stage: Stage, wish: Wish, shop: Workshop) -> list[Job]:
    room = _ROOMS[stage.name]
    made: list[Job] = room.jobs(campaign, shop) if stage.grain == "run" else room.jobs(campaign, shop, wish.only)
    return made


def _doubts(stage: Stage, shop: Workshop) -> list[str]:
    """What a finished report says against calling the run wholly good."""
    receipt = shop.receipts.find(stage.name) if stage.name == "report" else None
    if receipt is None:
        return []
    tally = receipt.tally
    said = [
        (tally.get("imbalances"), "the books do not balance: see imbalances in reports/balance.json"),
        (
            tally.get("quarantine_passed"),
            "more records were set aside than [ingest] quarantine_share allows: see reports/quarantine.csv",
        ),
        (
            tally.get("refused_files"),
            f"{tally.get('refused_files')} files were set aside whole: see the issues in reports/index.html",
        ),
    ]
    return [words for true, words in said if true]


def _retire(campaign: Campaign, stage: Stage, shop: Workshop) -> None:
    """Products of counties that have no patches any more go; what people sent stays in the archive."""
    there = {one.code for one in county_slices(campaign)}
    made = {one.parent.name for one in campaign.files.county("").glob(f"*/{SUMS}")}
    for unit in (made | set(shop.receipts.units(stage.name))) - there:
        shutil.rmtree(campaign.files.work(stage.name, unit), ignore_errors=True)
        if stage.name == "export":
            export.withdraw(campaign.files, unit)
        shop.receipts.drop(stage.name, unit)


def _stop_if_full(out: Path, outcomes: Sequence[Outcome]) -> None:
    """What fails on a full disk fails in many words; this is said once."""
    free = shutil.disk_usage(out).free
    if free < ROOM_BYTES and _failed(outcomes):
        raise Refusal(f"the disk of {out} is full: {free >> 20} MB are left", "make room and run again")


def _stop_if_run_failed(stage: Stage, outcomes: Sequence[Outcome]) -> None:
    if stage.grain == "run":
        for one in outcomes:
            if one.status == "refused":
                raise Refusal(one.problem, code=one.code)
            if one.status == "failed":
                raise StageFailed(one)


class StageFailed(Exception):
    """A stage of the whole run ended with a bug; its outcome holds the trace."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.problem)
        self.outcome = outcome


def stage_line(name: str, outcomes: Sequence[Outcome]) -> str:
    """What a stage did, in one line."""
    count = {status: sum(one.status == status for one in outcomes) for status in ("done", "fresh", "failed", "refused")}
    words = [f"{number} {status}" for status, number in count.items() if number]
    seconds = sum(one.seconds for one in outcomes)
    facts = (
        ", ".join(f"{key} {value}" for one in outcomes for key, value in one.tally.items())
        if len(outcomes) == 1
        else ""
    )
    return (
        f"{name:<7} {', '.join(words) or 'nothing to do'}"
        + (f"  {seconds:.1f} s" if seconds else "")
        + (f"  ({facts})" if facts else "")
    )


@contextmanager
def locked(files: Files) -> Iterator[None]:
    """Hold the lock of a campaign: the kernel frees it when the process ends, however it ends.

    Raises:
        Refusal: another run holds it; exit code 75.
    """
    from filelock import FileLock, Timeout

    files.archive.mkdir(parents=True, exist_ok=True)
    lock = FileLock(files.archive / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise Refusal(f"another run holds {files.archive / '.lock'}", "wait until it ends", LOCKED) from None
    try:
        yield
    finally:
        lock.release()
