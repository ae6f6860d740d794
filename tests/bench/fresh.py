"""An unchanged run: the demo province, as a whole process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from pipeline.engine.run import Workshop, job_of, run_jobs
from pipeline.engine.stage import Done, Stage


def tuban(*words: str) -> tuple[float, float]:
    """Wall and user seconds of one call."""
    begun, before = time.perf_counter(), os.times().children_user
    ended = subprocess.run([sys.executable, "-m", "pipeline", *words], capture_output=True, text=True, check=False)
    assert ended.returncode in (0, 3), ended.stderr
    return time.perf_counter() - begun, os.times().children_user - before


@dataclass(frozen=True)
class Folder:
    """A stand-in for a county's products: as many files as the real ones, of a few bytes."""

    out: Path
    unit: str
    count: int


def fill(task: Folder) -> Done:
    folder = task.out / "counties" / task.unit
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{task.count}-{at}.bin" for at in range(task.count)]
    for path in paths:
        path.write_bytes(f"{task.unit} {path.name}".encode())
    return Done(tuple(paths), {"rows": 1})


def nation() -> None:
    """What the engine costs where nothing changed: 2,900 counties, two stages, twelve small files each."""
    stages = [
        (Stage(name, 1, "county", Folder, "tests.bench.fresh:fill"), count)
        for name, count in (("render", 3), ("export", 9))
    ]
    with tempfile.TemporaryDirectory() as scratch:
        seconds = []
        for _ in range(3):
            time.sleep(0.1)
            begun = time.perf_counter()
            shop = Workshop.at(Path(scratch))
            for stage, count in stages:
                units = [f"{one:06d}" for one in range(2_900)]
                jobs = [job_of(stage, one, Folder(Path(scratch), one, count), {"pieces": one}) for one in units]
                outcomes = run_jobs(shop, jobs)
            shop.digests.save()
            seconds.append(time.perf_counter() - begun)
    assert {one.status for one in outcomes} == {"fresh"}
    print(f"2,900 counties, 34,800 files: {seconds[2]:.2f} s wall where nothing changed")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        campaign = str(Path(folder) / "demo" / "campaign.toml")
        demo = tuban("demo", str(Path(folder) / "demo"))
        first = tuban("run", campaign)
        tuban("run", campaign)
        again = min(tuban("run", campaign) for _ in range(3))
    print(f"demo written in {demo[0]:.1f} s wall ({demo[1]:.1f} user)")
    print(f"first run {first[0]:.1f} s wall ({first[1]:.1f} user)")
    print(f"unchanged run {again[0]:.2f} s wall ({again[1]:.2f} user)")
    nation()
    print(f"tuban --help {min(tuban('--help') for _ in range(3))[0]:.2f} s wall")
