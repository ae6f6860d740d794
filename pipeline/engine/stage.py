"""What a stage is, what a job is, and what became of it."""

from __future__ import annotations

import importlib
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pipeline.errors import Refusal, of_machine

Status = Literal["done", "fresh", "failed", "refused"]


@dataclass(frozen=True)
class Stage:
    """One stage of the pipeline, declared once as a value.

    `work` is the dotted name of a function `(task) -> Done`: it is imported only where there is work to do, and
    its name travels to other processes. `version` changes whenever the same inputs would give other products.
    """

    name: str
    version: int
    grain: Literal["run", "county"]
    section: type
    work: str
    shelves: tuple[str, ...] = ()  # folders of config/ and texts/ that it reads


@dataclass(frozen=True)
class Done:
    """What a job's function made: the files (the engine takes their digests) and a tally of what happened."""

    outputs: tuple[Path, ...]
    tally: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """One stage for one unit (the run, or a county)."""

    stage: str
    unit: str  # "" for the run
    work: str
    task: Any  # a frozen, picklable value: all that the function needs
    parts: Mapping[str, str]  # what its freshness depends on, digest by name
    key: str  # the digest of all parts

    @property
    def name(self) -> str:
        return f"{self.stage} {self.unit}".strip()


@dataclass(frozen=True)
class Outcome:
    """What became of a job."""

    stage: str
    unit: str
    status: Status
    seconds: float = 0.0
    tally: Mapping[str, Any] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    problem: str = ""
    code: int = 0  # exit code a refusal asks for
    trace: str = ""
    why: str = ""  # which part had changed


def do(job: Job) -> Outcome:
    """Do a job; whatever happens becomes an outcome."""
    begun = time.perf_counter()
    try:
        done: Done = _function(job.work)(job.task)
    except Exception as problem:  # the one place where a bug becomes an outcome
        refusal = problem if isinstance(problem, Refusal) else of_machine(problem)
        if refusal is not None:
            return _ended(job, "refused", begun, problem="\n".join(refusal.lines()), code=refusal.code)
        words = f"{type(problem).__name__}: {problem}"
        return _ended(job, "failed", begun, problem=words, trace=traceback.format_exc())
    return _ended(job, "done", begun, tally=dict(done.tally), outputs=tuple(str(one) for one in done.outputs))


def _function(dotted: str) -> Callable[[Any], Done]:
    module, _, name = dotted.partition(":")
    function: Callable[[Any], Done] = getattr(importlib.import_module(module), name)
    return function


def _ended(job: Job, status: Status, begun: float, **facts: Any) -> Outcome:
    return Outcome(job.stage, job.unit, status, round(time.perf_counter() - begun, 3), **facts)
