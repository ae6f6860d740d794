"""Lines cut into dashes, for pictures whose pens know none."""

from __future__ import annotations

from typing import Any

import numpy as np


def dashes(points: Any, on: float, off: float) -> list[Any]:
    """The pieces of a line, an (n, 2) array, that its dashes ink, each an (m, 2) array; all lengths in its units."""
    line = np.asarray(points, dtype=float)
    along = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))))
    starts = np.arange(0.0, along[-1], on + off)
    return [_between(line, along, start, min(start + on, along[-1])) for start in starts.tolist()]


def _between(line: Any, along: Any, start: float, stop: float) -> Any:
    """The stretch of a line from one distance along it to another."""
    within = line[(along > start) & (along < stop)]
    ends = [[np.interp(at, along, line[:, axis]) for axis in (0, 1)] for at in (start, stop)]
    return np.vstack((ends[:1], within, ends[1:]))
