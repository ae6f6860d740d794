"""The inbox for returns, and what is kept of it: every returned file under its SHA-256, whatever becomes of the inbox.

A unit is what was sent in one go: a file, a GeoPackage with its -wal and -shm, or a folder. Its manifest says which
files it held under which names; what was read once counts for ever.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.engine.digest import value_digest
from pipeline.io.received import group, keep
from pipeline.publish import write_json

KEPT, ALTERED = "kept", "altered"
_LEFT = (".", "~$")  # what programs leave beside open files


@dataclass(frozen=True)
class Unit:
    """What was sent in one go: its name, and its files as (path within it, SHA-256)."""

    name: str
    files: tuple[tuple[str, str], ...]

    @property
    def digest(self) -> str:
        """Of its content alone: the same files under another name are the same return."""
        return self.files[0][1] if len(self.files) == 1 else value_digest([list(one) for one in self.files])


@dataclass(frozen=True)
class Arrived:
    """A unit in the inbox, with the places of its files in the same order."""

    unit: Unit
    places: tuple[Path, ...]


def arrived(returns: Path, digest: Callable[[Path], str]) -> list[Arrived]:
    """What lies in the inbox now, in order of names: each entry of it, and each file that was found altered in a
    county's folder."""
    return [_arrived(name, lead, paths, digest) for name, lead, paths in _entries(returns)]


def _entries(returns: Path) -> Iterator[tuple[str, Path, list[Path]]]:
    if not returns.is_dir():
        return
    top = sorted(one for one in returns.iterdir() if one.name not in (KEPT, ALTERED) and not _left(one))
    altered = sorted(one for one in (returns / ALTERED).glob("*/*") if not _left(one))
    for folder in [one for one in top if one.is_dir() and not one.is_symlink()]:
        inside = sorted(one for one in folder.rglob("*") if _plain(one) and not _left(one))
        if inside:
            yield folder.name, folder, inside
    for lead, paths in group([one for one in (*top, *altered) if _plain(one)]):
        yield lead.relative_to(returns).as_posix(), lead.parent, sorted(paths)


def _plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _left(path: Path) -> bool:
    return path.name.startswith(_LEFT)


def _arrived(name: str, folder: Path, paths: Sequence[Path], digest: Callable[[Path], str]) -> Arrived:
    files = tuple((one.relative_to(folder).as_posix(), digest(one)) for one in paths)
    return Arrived(Unit(name, files), tuple(paths))


def keep_unit(one: Arrived, returns: Path) -> bool:
    """Keep a unit's files and its manifest; whether it is new.

    Raises:
        Refusal: a file changed while it was copied.
    """
    kept, unit = returns / KEPT, one.unit
    manifest = kept / f"{unit.digest}.unit.json"
    if manifest.exists():
        return False
    for (_, sha), place in zip(unit.files, one.places, strict=True):
        keep(place, sha, kept)
    write_json(manifest, {"name": unit.name, "files": [list(file) for file in unit.files]})
    return True


def kept_units(returns: Path) -> list[Unit]:
    """Every unit that was ever read, in order of digests."""
    units = []
    for manifest in sorted((returns / KEPT).glob("*.unit.json")):
        value = json.loads(manifest.read_bytes())
        units.append(Unit(value["name"], tuple((path, sha) for path, sha in value["files"])))
    return units


def lay_out(unit: Unit, returns: Path, folder: Path) -> Path:
    """The unit as it was sent, under its own names in a private folder; the path to read: the file or the folder."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, sha in unit.files:
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        source = returns / KEPT / sha
        try:
            os.link(source, place)  # read-only in the archive, and read only here
        except OSError:
            shutil.copyfile(source, place)
    leads = [name for name, _ in unit.files if not name.endswith(("-wal", "-shm", "-journal"))]
    return folder / leads[0] if len(leads) == 1 and "/" not in leads[0] else folder
