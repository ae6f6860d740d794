"""Content digests, remembered by what the file system says of a file.

A remembered digest is used only while (size, mtime, ctime, inode) are unchanged *and* the file was already older
than the moment of hashing by more than the clock's grain (git's rule for racy time stamps): a changed stat
triggers re-hashing and never decides by itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipeline.publish import write_bytes

GRAIN_NS = 50_000_000
BLOCK = 1 << 20


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def value_digest(value: Any) -> str:
    """SHA-256 of a value in canonical JSON (sorted keys; anything JSON lacks as its `str`)."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


class Digests:
    """Digests of files, kept between runs in one JSON file."""

    def __init__(self, memory: Path) -> None:
        self._memory = memory
        self._known: dict[str, list[Any]] = _load(memory)
        self._used: dict[str, list[Any]] = {}
        self._changed = False

    def of(self, path: Path) -> str:
        """The digest of a file; raises OSError where it cannot be read."""
        name = os.path.abspath(path)  # noqa: PTH100  (Path.absolute is ten times slower, and this runs 10^4 times)
        if name in self._used:
            return str(self._used[name][-1])
        stat = os.stat(name)  # noqa: PTH116
        seen = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
        entry = self._known.get(name)
        if entry is None or entry[:4] != seen or max(entry[1], entry[2]) + GRAIN_NS >= entry[4]:
            entry = [*seen, time.time_ns(), file_digest(Path(name))]
            self._changed = True
        self._used[name] = entry
        return str(entry[-1])

    def forget(self, path: Path) -> None:
        """Look at this file anew when it is asked for again in this run."""
        self._used.pop(os.path.abspath(path), None)  # noqa: PTH100

    def holds(self, path: Path, digest: str) -> bool:
        """Whether the file is there with this digest."""
        try:
            return self.of(path) == digest
        except OSError:
            return False

    def save(self) -> None:
        """Remember for the next run; entries not asked for in this run are kept."""
        if self._changed:
            everything = self._known | self._used
            write_bytes(self._memory, json.dumps(everything, separators=(",", ":")).encode())


def _load(memory: Path) -> dict[str, list[Any]]:
    try:
        loaded = json.loads(memory.read_bytes())
    except (OSError, ValueError):
        return {}
    return loaded if isinstance(loaded, dict) else {}


def folder_digest(folder: Path, names: Iterable[str] = ("**/*",)) -> str:
    """One digest for the files of a folder: their relative names and contents."""
    files = sorted({one for name in names for one in folder.glob(name) if one.is_file() and one.suffix != ".pyc"})
    return value_digest([[one.relative_to(folder).as_posix(), file_digest(one)] for one in files])
