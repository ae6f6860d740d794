"""A synthetic province: everything a technician would receive, true to look at, from a seed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.demo.sizes import size_named
from pipeline.publish import write_json

EDITION = 3  # of what make_demo draws; raised when its files change
STAMP_FILE = "demo.json"


@dataclass(frozen=True)
class Trouble:
    """Where one of the troubles lies: the delivered code and number, the delivery, and what is wrong."""

    county_code: str
    patch_no: str
    delivery: str
    sentence: str


@dataclass(frozen=True)
class DemoSummary:
    """What was written. Records are delivered rows: received = accepted + quarantined + duplicate."""

    size: str
    seed: int
    edition: int
    received: int
    duplicate: int
    quarantined: int  # a bow-tie and a row without geometry
    counties: Mapping[str, str]  # code: ordinary | partial | zero | missing | unknown
    troubles: Mapping[str, Trouble]
    files: Mapping[str, int]  # path below the folder: bytes

    @property
    def accepted(self) -> int:
        return self.received - self.duplicate - self.quarantined


def _silent(_: str) -> None:
    pass


def make_demo(
    folder: Path, size: str = "small", seed: int = 20251008, progress: Callable[[str], None] = _silent
) -> DemoSummary:
    """Write the province into `folder`: campaign.toml, deliveries, boundaries, imagery, expected.csv, demo.json.

    Where the same province already stands there complete nothing is done; files of another demo are
    replaced, files of anybody else are left alone.

    Raises:
        Refusal: there is no such size.
    """
    measures = size_named(size)
    there = _standing(folder)
    if there is not None and _is(there, size, seed) and _complete(folder, there):
        progress(f"demo: the province in {folder.name} is complete")
        return there
    _clear(folder, there)
    from pipeline.demo.world import write_world  # the geo libraries, only where there is work

    written = write_world(folder, measures, seed, progress)
    summary = replace(written, files={one: (folder / one).stat().st_size for one in sorted(written.files)})
    write_json(folder / STAMP_FILE, asdict(summary))
    return summary


def _standing(folder: Path) -> DemoSummary | None:
    """The summary of the demo that stands in a folder, None if there is none."""
    try:
        values = json.loads((folder / STAMP_FILE).read_text(encoding="utf-8"))
        return DemoSummary(**_with_troubles(values))
    except (OSError, ValueError, TypeError):
        return None


def _with_troubles(values: dict[str, Any]) -> dict[str, Any]:
    return {**values, "troubles": {name: Trouble(**one) for name, one in values["troubles"].items()}}


def _is(there: DemoSummary, size: str, seed: int) -> bool:
    return (there.size, there.seed, there.edition) == (size, seed, EDITION)


def _complete(folder: Path, there: DemoSummary) -> bool:
    paths = [(folder / name, length) for name, length in there.files.items()]
    return all(path.is_file() and path.stat().st_size == length for path, length in paths)


def _clear(folder: Path, there: DemoSummary | None) -> None:
    """Remove the files of an earlier demo, and nothing else."""
    (folder / STAMP_FILE).unlink(missing_ok=True)
    for name in there.files if there else ():
        (folder / name).unlink(missing_ok=True)


def summary_files(paths: Sequence[Path], folder: Path) -> dict[str, int]:
    """Paths below the folder with '/' on every system; sizes are filled in when all is written."""
    return {path.relative_to(folder).as_posix(): 0 for path in paths}
