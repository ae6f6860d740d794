"""One county's book against a QGIS Atlas of the same design: CPU per page, bytes a page, memory, two processes.

The county is 20 × 16 km of the demo's ground, 100 patches, 2 m imagery of two dates as COG. Each measurement runs in a
process of its own, ours and QGIS by turns, because the machine is not ours alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

PAGES, FEW, ROUNDS = 100, 10, 2
DPI = (300, 200, 127)  # the default of a QGIS layout, what sheets need, what a 2 m pixel at 1:10,000 has
CASES = (("jpeg", 10_000, DPI), ("jpeg", 20_000, DPI), ("deflate", 10_000, DPI[:2]), ("deflate", 20_000, DPI[:2]))
QGIS_PYTHON = "/usr/bin/python3"
ATLAS = Path(__file__).with_name("qgis_atlas.py")
MANY, MOST = 1_000, 5_000


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        # by a process of its own: what measures memory inherits the peak of its parent
        subprocess.run([sys.executable, "-m", "tests.bench.county", str(folder), str(PAGES)], check=True)
        has_qgis = _has_qgis()
        if not has_qgis:
            print("no QGIS for /usr/bin/python3 here: the comparison with its Atlas is left out")
        for kind, scale, resolutions in CASES:
            _compare(folder, kind, scale, resolutions if has_qgis else ())
        _two_processes(folder)
        _memory(folder)


def _compare(folder: Path, kind: str, scale: int, resolutions: tuple[int, ...]) -> None:
    """A page in the steady state and the whole process, the least of a few rounds of each."""
    ours: list[dict[str, float]] = []
    theirs: dict[int, list[float]] = {dpi: [] for dpi in resolutions}
    for _ in range(ROUNDS):
        ours.append(_book(folder, kind, scale, PAGES, FEW)[0])
        for dpi in resolutions:
            theirs[dpi].append(_atlas(folder, kind, scale, dpi, FEW)[0]["page_ms"])
    best = min(ours, key=lambda one: one["page_ms"])
    bare = best["page_ms"] - best["check_ms"]
    made, whole = min((_book(folder, kind, scale, PAGES) for _ in range(ROUNDS)), key=lambda one: one[1])
    print(
        f"{kind} 1:{scale:,}: {bare:.1f} ms a page, {best['page_ms']:.1f} with its self-check "
        f"(+{100 * best['check_ms'] / bare:.0f} %), {made['kb']:.0f} KB; "
        f"whole process {1e3 * whole / PAGES:.1f} ms a page, peak {made['peak_mb']:.0f} MB"
    )
    for dpi, found in theirs.items():
        atlas = min(found)
        told, all_of_it = min((_atlas(folder, kind, scale, dpi) for _ in range(ROUNDS)), key=lambda one: one[1])
        print(
            f"  QGIS {told['version'].split('-')[0]}, {dpi} dpi: {atlas:.1f} ms a page = {atlas / bare:.1f}× ours, "
            f"{atlas / best['page_ms']:.1f}× with the self-check; whole process {1e3 * all_of_it / PAGES:.1f} ms = "
            f"{all_of_it / whole:.1f}×; {told['kb']:.0f} KB, peak {told['peak_mb']:.0f} MB",
            flush=True,
        )


def _two_processes(folder: Path) -> None:
    """Four books by one process, and by two at once: wall time, which wants two idle processors, and the processor
    time of the one against the longer of the two."""
    one_s, (one_cpu,) = _drawn_by([folder], 4)
    two_s, two_cpu = _drawn_by(_halves(folder), 2)
    print(
        f"four books: {one_s:.1f} s by one process, {two_s:.1f} s by two: {one_s / two_s:.2f}× in wall time "
        f"(load {os.getloadavg()[0]:.1f}), {one_cpu / max(two_cpu):.2f}× in processor time",
        flush=True,
    )


def _drawn_by(folders: list[Path], count: int) -> tuple[float, list[float]]:
    """So many books in each folder at once: wall seconds of all, processor seconds of each."""
    code = "import sys; from tests.bench.sheets import draw_books; draw_books(*sys.argv[1:])"
    begun = time.perf_counter()
    processes = [subprocess.Popen([sys.executable, "-c", code, str(one), str(count)]) for one in folders]
    spent = []
    for process in processes:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        spent.append(used.ru_utime + used.ru_stime)
    return time.perf_counter() - begun, spent


def _halves(folder: Path) -> list[Path]:
    """Two folders with the same imagery, so that two processes do not write one file."""
    for name in ("a", "b"):
        (folder / name).mkdir(exist_ok=True)
        if not (folder / name / "jpeg").exists():
            (folder / name / "jpeg").symlink_to(folder / "jpeg")
    return [folder / "a", folder / "b"]


def draw_books(folder: str, count: str) -> None:
    """So many books of PAGES pages, one after another."""
    from tests.bench.book import drawer

    draw = drawer(Path(folder), "jpeg", 10_000)
    for _ in range(int(count)):
        draw(PAGES)


def _memory(folder: Path) -> None:
    for pages in (PAGES, MANY, MOST):
        made, _ = _book(folder, "jpeg", 10_000, pages)
        print(f"{pages:,} pages: peak {made['peak_mb']:.0f} MB, {made['kb']:.0f} KB a page", flush=True)


def _book(folder: Path, kind: str, scale: int, pages: int, few: int | str = "") -> tuple[dict[str, float], float]:
    return _child([sys.executable, "-m", "tests.bench.book"], folder, kind, scale, pages, few)


def _atlas(folder: Path, kind: str, scale: int, dpi: int, few: int | str = "") -> tuple[dict[str, Any], float]:
    return _child([QGIS_PYTHON, str(ATLAS)], folder, kind, scale, dpi, PAGES, few)


def _child(command: list[str], *words: Any) -> tuple[dict[str, Any], float]:
    """What a process told in its last line, and its user CPU in seconds."""
    before = os.times().children_user
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # modules are compiled once, as where a program is installed
    if command[0] == QGIS_PYTHON:
        environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        [*command, *(str(one) for one in words if one != "")], capture_output=True, text=True, env=environment
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told, os.times().children_user - before


def _has_qgis() -> bool:
    try:
        return subprocess.run([QGIS_PYTHON, "-c", "import qgis.core"], capture_output=True).returncode == 0
    except OSError:
        return False


if __name__ == "__main__":
    main()
