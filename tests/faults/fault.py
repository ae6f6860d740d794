"""A fault: one way in which a delivery is hostile or damaged, and what must become of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import shapely

Outcome = Literal["refused", "quarantined", "accepted", "repaired", "recorded"]


@dataclass(frozen=True)
class Spot:
    """Where a fault is built: a folder of its own, a stem no other fault has, ground no other fault touches.

    `bait` is a file that must not be read, `hook` a web address that must not be asked.
    """

    folder: Path
    stem: str
    lon_deg: float
    lat_deg: float
    bait: Path
    hook: str

    def file(self, suffix: str) -> Path:
        return self.folder / f"{self.stem}{suffix}"

    def box(self, at: int = 0, size_deg: float = 0.0005) -> shapely.Polygon:
        """A patch; up to ten of them lie side by side."""
        x = self.lon_deg + at * 0.0009
        return shapely.box(x, self.lat_deg, x + size_deg, self.lat_deg + size_deg)

    def boxes(self, count: int) -> list[shapely.Polygon]:
        return [self.box(at) for at in range(count)]


@dataclass(frozen=True)
class Fault:
    """One builder and what is expected of it.

    `counts` are the accepted, quarantined and duplicate records; `code` and `says` are an issue of the file and a
    pattern of its sentence. `later` marks what is refused only because its format is not read.
    """

    row: str
    name: str
    build: Callable[[Spot], None]
    outcome: Outcome
    says: str = ""
    counts: tuple[int, int, int] = (0, 0, 0)
    code: str = "FILE_UNREADABLE"
    later: bool = False

    @property
    def stem(self) -> str:
        return f"{self.row}_{self.name}"


def refused(row: str, name: str, build: Callable[[Spot], None], says: str, code: str = "FILE_UNREADABLE") -> Fault:
    """The file is set aside whole, with what is wrong and what to do."""
    return Fault(row, name, build, "refused", says, code=code)


def not_read(row: str, name: str, build: Callable[[Spot], None]) -> Fault:
    """The file is of a format that is not read: it is named, with the way out."""
    return Fault(row, name, build, "refused", "format", code="", later=True)


def set_aside(
    row: str, name: str, build: Callable[[Spot], None], code: str, accepted: int = 1, count: int = 1
) -> Fault:
    """Single records are set aside with their reason; the rest of the file is taken."""
    return Fault(row, name, build, "quarantined", counts=(accepted, count, 0), code=code)


def accepted(row: str, name: str, build: Callable[[Spot], None], count: int) -> Fault:
    """All is taken: the fault does no harm here."""
    return Fault(row, name, build, "accepted", counts=(count, 0, 0), code="")


def recorded(
    row: str, name: str, build: Callable[[Spot], None], counts: tuple[int, int, int], code: str, says: str = ""
) -> Fault:
    """Taken, and what was found is on record."""
    return Fault(row, name, build, "recorded", says, counts, code)
