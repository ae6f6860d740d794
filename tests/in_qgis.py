"""Running QGIS in tests, as another program: the QGIS of the machine, with its own Python and without a screen."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path

import pytest

PYTHON = "/usr/bin/python3"
CHECK = Path(__file__).parents[1] / "scripts" / "qgis_check.py"
_SECONDS = 300
_HEAD = """
import os, sys
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from qgis.core import *
from qgis.gui import *
application = QgsApplication([], True)
application.initQgis()
QgsGui.editorWidgetRegistry().initEditors()
def tell(*words):
    print(*words, sep="\\t", flush=True)
def opened(path):
    assert QgsProject.instance().read(path), QgsProject.instance().error()
    return {os.path.basename(one.source().split("|")[0]): one for one in QgsProject.instance().mapLayers().values()}
"""


@cache
def has_qgis() -> bool:
    known = subprocess.run([PYTHON, "-c", "import qgis.core"], capture_output=True, check=False)
    return known.returncode == 0


def need_qgis() -> None:
    """Skip the test where there is no QGIS, and say how it would come."""
    if not (Path(PYTHON).is_file() and has_qgis()):
        pytest.skip("QGIS is not installed here (apt install python3-qgis)")


def in_qgis(script: str, *words: str | Path) -> list[list[str]]:
    """What `script` tells (`tell(…)`, a line a call, tab between words); the rest of its output is QGIS's own."""
    need_qgis()
    script = f"{_HEAD}\n{script}\ntell('done')\nos._exit(0)  # QGIS may crash in its own tear-down\n"
    done = _run("-c", script, *words)
    told = [line.split("\t") for line in done.stdout.splitlines() if "\t" in line or line == "done"]
    assert told[-1:] == [["done"]], done.stdout + done.stderr
    return told[:-1]


def check_projects(*projects: Path) -> str:
    """What `scripts/qgis_check.py` says of projects."""
    need_qgis()
    done = _run(str(CHECK), *projects)
    return done.stdout if done.returncode == 0 else done.stdout + done.stderr


def _run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    command = [PYTHON, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS, env=clean)
