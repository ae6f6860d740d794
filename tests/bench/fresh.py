"""An unchanged run: the demo province, as a whole process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def tuban(*words: str) -> tuple[float, float]:
    """Wall and user seconds of one call."""
    begun, before = time.perf_counter(), os.times().children_user
    ended = subprocess.run([sys.executable, "-m", "pipeline", *words], capture_output=True, text=True, check=False)
    assert ended.returncode in (0, 3), ended.stderr
    return time.perf_counter() - begun, os.times().children_user - before


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
    print(f"tuban --help {min(tuban('--help') for _ in range(3))[0]:.2f} s wall")
