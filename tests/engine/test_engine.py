"""The engine: fresh is fresh by content, failures are values, and a dead worker costs one job."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from pipeline.engine.digest import Digests, file_digest, value_digest
from pipeline.engine.run import Workshop, job_of, outputs_of, run_jobs
from pipeline.engine.stage import Done, Stage
from pipeline.engine.workers import engine_of
from pipeline.errors import Refusal


@dataclass(frozen=True)
class Task:
    out: Path
    unit: str
    text: str = ""


def write(task: Task) -> Done:
    path = task.out / f"{task.unit}.txt"
    path.write_text(task.text + task.unit)
    return Done((path,), {"letters": len(task.unit)})


def poison(task: Task) -> Done:
    """Dies whenever it is tried; the others are good."""
    if task.unit == "bad":
        os.kill(os.getpid(), signal.SIGKILL)
    return write(task)


def flaky(task: Task) -> Done:
    """Dies the first time."""
    mark = task.out / f"{task.unit}.tried"
    if task.unit == "bad" and not mark.exists():
        mark.write_text("")
        os.kill(os.getpid(), signal.SIGKILL)
    return write(task)


def refuse(task: Task) -> Done:
    raise Refusal(f"no road for {task.unit}", "turn back")


def broken(task: Task) -> Done:
    raise ZeroDivisionError(task.unit)


def stage(function: str) -> Stage:
    return Stage("draw", 1, "county", Task, f"tests.engine.test_engine:{function}")


def go(out: Path, function: str = "write", units: str = "a b c", parts: str = "1", workers: int = 1, **options: object):
    shop = Workshop.at(out, engine=engine_of(workers), **options)
    jobs = [job_of(stage(function), one, Task(out, one), {"part": parts}) for one in units.split()]
    outcomes = run_jobs(shop, jobs)
    shop.digests.save()
    return shop, outcomes


def statuses(outcomes: list) -> list[str]:
    return [one.status for one in outcomes]


def test_done_then_fresh_then_why(tmp_path: Path) -> None:
    assert statuses(go(tmp_path)[1]) == ["done"] * 3
    assert statuses(go(tmp_path)[1]) == ["fresh"] * 3
    _, changed = go(tmp_path, parts="2")
    assert {(one.status, one.why) for one in changed} == {("done", "part changed")}


def test_an_altered_or_missing_product_is_made_again(tmp_path: Path) -> None:
    go(tmp_path)
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "b.txt").unlink()
    _, outcomes = go(tmp_path)
    assert statuses(outcomes) == ["done", "done", "fresh"]
    assert "a.txt is missing or altered" in outcomes[0].why


def test_a_touched_file_is_still_fresh(tmp_path: Path) -> None:
    go(tmp_path)
    os.utime(tmp_path / "a.txt", (1, 1))
    assert statuses(go(tmp_path)[1]) == ["fresh"] * 3


@pytest.mark.parametrize("workers", [1, 2])
def test_failures_are_values(tmp_path: Path, workers: int) -> None:
    shop, outcomes = go(tmp_path, "refuse", "a", workers=workers)
    assert (outcomes[0].status, outcomes[0].problem) == ("refused", "no road for a\nhint: turn back")
    _, outcomes = go(tmp_path, "broken", "b", workers=workers)
    assert outcomes[0].status == "failed"
    assert "ZeroDivisionError" in outcomes[0].trace
    assert outputs_of(shop, "draw", "b") == {}


def test_same_bytes_whatever_the_engine(tmp_path: Path) -> None:
    for workers in (1, 2, 3):
        go(tmp_path / str(workers), units="a b c d e", workers=workers) if (
            tmp_path / str(workers)
        ).mkdir() is None else None
    digests = [[file_digest(one) for one in sorted((tmp_path / str(w)).glob("*.txt"))] for w in (1, 2, 3)]
    assert digests[0] == digests[1] == digests[2]
    assert len(digests[0]) == 5


def test_a_killed_worker_costs_one_job(tmp_path: Path) -> None:
    _, outcomes = go(tmp_path, "flaky", "a b bad c d", workers=2)
    assert statuses(outcomes) == ["done"] * 5


def test_poison_is_isolated(tmp_path: Path) -> None:
    _, outcomes = go(tmp_path, "poison", "a b bad c d", workers=2)
    assert statuses(outcomes) == ["done", "done", "failed", "done", "done"]
    assert "worker died 2 times" in outcomes[2].problem


def slow(task: Task) -> Done:
    (task.out / f"{task.unit}.pid").write_text(str(os.getpid()))
    time.sleep(30)
    return write(task)


def ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")
def test_workers_end_with_a_killed_parent(tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from tests.engine.test_engine import go
if __name__ == "__main__":
    go(Path({str(tmp_path)!r}), "slow", "a b", workers=2)
"""
    script = tmp_path / "parent.py"
    script.write_text(code)
    root = Path(__file__).parents[2]
    parent = subprocess.Popen([sys.executable, script], cwd=root, env={**os.environ, "PYTHONPATH": str(root)})
    try:
        wait_until(lambda: sum(one.stat().st_size > 0 for one in tmp_path.glob("*.pid")) == 2)
    finally:
        parent.kill()
        parent.wait()
    pids = [int(one.read_text()) for one in tmp_path.glob("*.pid")]
    wait_until(lambda: all(map(ended, pids)), 5)


def wait_until(true: Callable[[], bool], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def full(task: Task) -> Done:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(task.out / "x"))


def test_a_full_disk_is_no_bug(tmp_path: Path) -> None:
    _, (outcome,) = go(tmp_path, "full", "a")
    assert (outcome.status, outcome.trace) == ("refused", "")
    assert "No space left" in outcome.problem


def test_the_log_says_when(tmp_path: Path) -> None:
    go(tmp_path, units="a")
    (line,) = (tmp_path / "log" / "outcomes.jsonl").read_text().splitlines()
    assert datetime.fromisoformat(json.loads(line)["at"]).tzinfo


def test_digests_see_content_not_time(tmp_path: Path) -> None:
    path, memory = tmp_path / "x", tmp_path / "memory.json"
    path.write_text("one")
    first = Digests(memory)
    digest = first.of(path)
    first.save()
    stat = path.stat()
    path.write_text("two")  # same size, and its old time put back
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert Digests(memory).of(path) != digest


def test_a_racy_entry_is_hashed_again(tmp_path: Path) -> None:
    path, memory = tmp_path / "x", tmp_path / "memory.json"
    path.write_text("one")
    digests = Digests(memory)
    digests.of(path)
    digests.save()
    entry = Digests(memory)._known[str(path)]
    assert max(entry[1], entry[2]) + 50_000_000 >= entry[4]  # written and hashed at once: not to be trusted
    time.sleep(0.06)
    later = Digests(memory)
    later.of(path)
    later.save()
    entry = Digests(memory)._known[str(path)]
    assert max(entry[1], entry[2]) + 50_000_000 < entry[4]


def test_value_digest_ignores_the_order_of_keys() -> None:
    assert value_digest({"a": 1, "b": [2]}) == value_digest({"b": [2], "a": 1})
    assert value_digest({"a": 1}) != value_digest({"a": 2})
