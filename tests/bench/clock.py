"""User CPU of a call in this process, best of a few."""

from __future__ import annotations

import resource
from collections.abc import Callable
from typing import Any


def user_s(call: Callable[[], Any], times: int = 1) -> tuple[float, Any]:
    """The smallest user CPU of `times` calls in seconds, and what the last one returned."""
    best, made = float("inf"), None
    for _ in range(times):
        begun = resource.getrusage(resource.RUSAGE_SELF).ru_utime
        made = call()
        best = min(best, resource.getrusage(resource.RUSAGE_SELF).ru_utime - begun)
    return best, made


def peak_mb() -> float:
    """The largest resident memory of this process so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
