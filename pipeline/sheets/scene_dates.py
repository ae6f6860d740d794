"""The dates of imagery against those of the patch record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.fields import dates_apart
from pipeline.records import Piece, Scene


@dataclass(frozen=True)
class OtherDate:
    """The imagery of a page is of another day than the patch record says."""

    patch_uid: str
    phase: str
    recorded: str  # as the record has it
    shown: str  # of the scene on top
    file: str  # its name


def other_dates(piece: Piece, phase: str, scenes: Sequence[Scene]) -> Iterator[OtherDate]:
    """One where a date is recorded and no scene under the piece can be of it; `scenes` are those of its frame.

    A month or a quarter on either side fits every day of it; without a date on either side there is nothing to say.
    """
    recorded = piece.phase_before if phase == "before" else piece.phase_after
    under = [one for one in scenes if one.footprint.intersects(piece.geometry)] if recorded else []
    if under and all(dates_apart(recorded, one.date) for one in under):
        yield OtherDate(piece.patch_uid, phase, recorded, under[0].date, Path(under[0].path).name)
