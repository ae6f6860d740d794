"""Write whole or not at all: a private name, fsync, rename."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PRIVATE = ".tmp-"


@contextlib.contextmanager
def private(target: Path) -> Iterator[Path]:
    """A private path beside `target`, with its suffix; published under its name if the block succeeds.

    The caller writes the file, reads it back, and leaves the block; any exception removes the private file.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    path = target.with_name(f"{PRIVATE}{os.getpid()}-{target.name}")
    try:
        yield path
        _sync(path)
        path.replace(target)
        _sync(target.parent)
    finally:
        path.unlink(missing_ok=True)


def write_bytes(target: Path, data: bytes) -> None:
    """Publish `data` as `target`."""
    with private(target) as path:
        path.write_bytes(data)


def write_text(target: Path, words: str) -> None:
    write_bytes(target, words.encode("utf-8"))


def write_json(target: Path, value: Any) -> None:
    write_text(target, json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def safe_name(name: str, digest: str) -> str:
    """A file name (without suffix) that any file system takes: what `name` says, in any script, and never that of
    other content."""
    plain = re.sub(r"[^\w.-]+", "_", name).strip("._")[-60:]
    return f"{plain}_{digest[:8]}".lstrip("._")


def swap_folder(made: Path, target: Path) -> None:
    """Put the finished folder `made` in the place of `target`; both lie on one file system."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for path in sorted(made.rglob("*")):
        if path.is_file():
            _sync(path)
    old = target.with_name(f"{PRIVATE}old-{target.name}")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    made.rename(target)
    _sync(target.parent)
    shutil.rmtree(old, ignore_errors=True)


@contextlib.contextmanager
def private_folder(target: Path) -> Iterator[Path]:
    """A private folder beside `target`, published in its place if the block succeeds and else removed."""
    made = target.with_name(f"{PRIVATE}{os.getpid()}-{target.name}")
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    try:
        yield made
        swap_folder(made, target)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Remove what killed writers left under `folder`."""
    if not folder.is_dir():
        return
    for here, folders, names in os.walk(folder):
        for name in [one for one in folders if one.startswith(PRIVATE)]:
            shutil.rmtree(Path(here) / name, ignore_errors=True)
            folders.remove(name)
        for name in names:
            if name.startswith(PRIVATE):
                (Path(here) / name).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
