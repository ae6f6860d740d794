"""A child process for a stranger's file: limits, no network where the system allows, a private folder to stand in.

Limits are set in the child itself, before any library is loaded. Network goes by CLONE_NEWNET, for plain users with
CLONE_NEWUSER; where both are forbidden, driver list and screening of contents stand alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from pipeline.io.drivers import parser_environment

_KEPT = ("PATH", "SYSTEMROOT", "TMPDIR", "LD_LIBRARY_PATH")
_BEGIN = """
import sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, ({memory_bytes}, {memory_bytes}))
    resource.setrlimit(resource.RLIMIT_CPU, ({cpu_s}, {cpu_s}))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
except (ImportError, ValueError, OSError):
    pass
try:
    import ctypes
    unshare = ctypes.CDLL(None).unshare
    unshare(0x40000000) and unshare(0x50000000)
except (OSError, AttributeError):
    pass
from {module} import main
main(sys.argv[1])
"""


def beginning(module: str, memory_bytes: int, cpu_s: int) -> str:
    """The program of a child: limits first, then `main` of the module with the path it is given."""
    return _BEGIN.format(module=module, memory_bytes=memory_bytes, cpu_s=cpu_s)


def run_child(program: str, given: Path, cwd: Path, wall_s: float) -> tuple[int, str]:
    """Run such a program; its exit code and the last line it said on stderr.

    Raises:
        subprocess.TimeoutExpired: it took longer than `wall_s` seconds.
    """
    ended = subprocess.run(
        [sys.executable, "-P", "-c", program, str(given)],
        env=_environment(),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=wall_s,
        check=False,
    )
    said = ended.stderr.decode("utf-8", "replace").strip()
    return ended.returncode, said.rpartition("\n")[2]


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | {"PYTHONPATH": str(Path(__file__).parents[2])} | parser_environment()
