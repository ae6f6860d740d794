"""Completed checklists read back, in a child process with limits: a stranger's file may end the child, never the run.

The child is given what is ours (form and campaign) and a list of paths, and hands back JSON. Before it opens a file it
writes down its name: where it dies or takes too long, that file is set aside with the reason and the others go on.
"""

from __future__ import annotations

import json
import pickle
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.collect.maps import ColumnMap
from pipeline.collect.remembered import remembered
from pipeline.collect.returned import Doubt, Remark, ReturnedFile
from pipeline.engine.digest import file_digest, folder_digest
from pipeline.forms.form import Form
from pipeline.io.child import beginning, run_child
from pipeline.records import CampaignFacts
from pipeline.texts import texts

WALL_S, CPU_S, MEMORY_BYTES = 600, 300, 4 << 30
MAX_DEATHS = 20  # of children over one return, then all of it is set aside
MOST_BYTES = 512 << 20  # of what a child hands back
MADE, BEGUN = "made.json", "begun.txt"
_BEGIN = beginning("pipeline.collect.in_child", MEMORY_BYTES, CPU_S)


def read_return(
    path: Path, form: Form, facts: CampaignFacts, *, name: str = "", maps: Sequence[ColumnMap] = ()
) -> list[ReturnedFile]:
    """What a return says: a file, a folder or a zip, its files in order of their names.

    `name` is what it is called in places and remarks, else the name of `path`; `maps` read tables of other
    systems. Nothing is raised for what a stranger sent: what cannot be read is a file with a remark that says why
    and what to do.
    """
    shown = name or path.name
    with tempfile.TemporaryDirectory(prefix="tuban-return-") as folder:
        scratch = Path(folder)
        deadly: dict[str, str] = {}  # name → what the child said last
        while len(deadly) <= MAX_DEATHS:
            at, last = _run_child((str(path.absolute()), shown, form, facts, tuple(maps), deadly), scratch)
            if _is_made(scratch / MADE):
                return remembered(scratch / MADE)
            if at in deadly:
                break
            deadly[at] = last
    return [_given_up(path, shown, facts)]


def _is_made(made: Path) -> bool:
    return made.is_file() and made.stat().st_size <= MOST_BYTES


def _given_up(path: Path, name: str, facts: CampaignFacts) -> ReturnedFile:
    digest = folder_digest(path) if path.is_dir() else file_digest(path)
    reason = texts(facts.language)["collect.reason.killed"]
    remark = Remark(Doubt.FILE_NOT_READ, name, facts={"reason": reason})
    return ReturnedFile(digest, name, "", "", "", "", remarks=(remark,))


def _run_child(job: tuple[Any, ...], scratch: Path) -> tuple[str, str]:
    """Run one child; the name of the file it was at when it ended, and what it said last."""
    for left in scratch.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    # Pickle goes one way only, from us to the child; what a stranger's file may have touched comes back as JSON.
    (scratch / "job").write_bytes(pickle.dumps(job))
    try:
        _, last = run_child(_BEGIN, scratch, scratch, WALL_S)
    except subprocess.TimeoutExpired:
        last = f"not read within {WALL_S} s"
    begun = scratch / BEGUN
    lines = begun.read_text(encoding="utf-8").splitlines() if begun.is_file() else []
    return (str(json.loads(lines[-1])) if lines else ""), last[:200]
