"""Two ways to do jobs, of one type: here, or in supervised local processes. Both give the same bytes.

A worker that dies (killed, out of memory, a crash in a native library) costs the job it held, which is tried once
more by a fresh worker; a second death makes it a failed outcome, and the other jobs go on.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from pipeline.engine.stage import Job, Outcome, do

ATTEMPTS = 2
JOBS_PER_WORKER = 50  # then a fresh process, so that no library's memory grows for ever

Engine = Callable[[Iterable[Job]], Iterator[Outcome]]


def serial(jobs: Iterable[Job]) -> Iterator[Outcome]:
    """One after the other, in this process."""
    for job in jobs:
        yield do(job)


def processes(count: int) -> Engine:
    """An engine of `count` local processes, started afresh (spawn), so that nothing depends on fork."""

    def engine(jobs: Iterable[Job]) -> Iterator[Outcome]:
        waiting = deque((job, 1) for job in jobs)
        crew: list[_Worker] = []
        try:
            while waiting or crew:
                while waiting and len(crew) < count:
                    crew.append(_Worker.start())
                for worker in crew:
                    if worker.held is None and waiting:
                        worker.give(*waiting.popleft())
                busy = [worker for worker in crew if worker.held is not None]
                for worker in _ready(busy):
                    yield from worker.take(waiting)
                crew = [worker for worker in crew if worker.fit(bool(waiting))]
        finally:
            for worker in crew:
                worker.stop()

    return engine


def engine_of(workers: int) -> Engine:
    """The engine for a number of workers; 1 works in this process."""
    return serial if workers <= 1 else processes(workers)


def default_workers() -> int:
    """As many as there are processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass
class _Worker:
    process: Any
    pipe: Connection
    held: tuple[Job, int] | None = None
    done: int = 0
    alive: bool = True

    @classmethod
    def start(cls) -> _Worker:
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        process = context.Process(target=_serve, args=(there,), daemon=True)
        process.start()
        there.close()
        return cls(process, here)

    def give(self, job: Job, attempt: int) -> None:
        self.held = (job, attempt)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # dead: take() finds out, hands the job on
            self.pipe.send(job)

    def take(self, waiting: deque[tuple[Job, int]]) -> Iterator[Outcome]:
        assert self.held is not None
        (job, attempt), self.held = self.held, None
        try:
            outcome: Outcome = self.pipe.recv()
        except (EOFError, ConnectionResetError, OSError):
            self.alive = False
            self.process.join()
            if attempt < ATTEMPTS:
                waiting.appendleft((job, attempt + 1))
            else:
                words = f"the worker died {attempt} times on it (exit code {self.process.exitcode})"
                yield Outcome(job.stage, job.unit, "failed", problem=words)
            return
        self.done += 1
        yield outcome

    def fit(self, more: bool) -> bool:
        """Whether to keep this worker; one that is spent is stopped."""
        if self.held is not None:
            return True
        if self.alive and more and self.done < JOBS_PER_WORKER:
            return True
        self.stop()
        return False

    def stop(self) -> None:
        self.pipe.close()
        if self.held is not None:
            self.process.terminate()
        self.process.join(5)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.process.close()


def _ready(busy: list[_Worker]) -> list[_Worker]:
    by_pipe = {worker.pipe: worker for worker in busy}
    return [by_pipe[pipe] for pipe in wait(list(by_pipe)) if isinstance(pipe, Connection)]


def _serve(pipe: Connection) -> None:
    """A worker's life: take a job, do it, hand back its outcome, until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when all stop
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with contextlib.suppress(EOFError, OSError):
        while True:
            pipe.send(do(pipe.recv()))


def _end_with_parent() -> None:
    """A parent that was killed has freed its lock: what its workers still write would meet the next run."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)
