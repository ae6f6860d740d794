"""Scales: which one a sheet is drawn at, and the bar that shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

# 1:500 … 1:500,000 (GB/T 13989), with 1:20,000 as the step between 1:10,000 and 1:25,000.
SERIES = (500, 1_000, 2_000, 5_000, 10_000, 20_000, 25_000, 50_000, 100_000, 250_000, 500_000)
OVERVIEW_STEPS = (10, 12, 15, 20, 25, 30, 40, 50, 60, 75, 80)
MM_PER_M = 1000.0
PIXEL_SLACK = 0.01


def detail_scale(
    width_m: float,
    height_m: float,
    frame_mm: tuple[float, float],
    pixel_m: float,
    *,
    share: float = 0.55,
    pixel_mm: float = 0.5,
    series: Sequence[int] = SERIES,
) -> int:
    """The largest scale of the series at which the patch takes at most `share` of the frame either way and a
    native pixel at most `pixel_mm`; beyond the series 1, 2 and 5 × 10^n go on.

    The pixel may be `PIXEL_SLACK` longer: a 5 m pixel of a projected CRS is 4.998 m to 5.005 m on the ground.
    """
    pixel = pixel_m / pixel_mm / (1 + PIXEL_SLACK)
    need = max(width_m / frame_mm[0] / share, height_m / frame_mm[1] / share, pixel) * MM_PER_M
    return next(one for one in _onward(series) if one >= need * (1 - 1e-9))


def _onward(series: Sequence[int]) -> Iterator[int]:
    yield from sorted(series)
    for power in count(5):
        yield from (digit * int(10**power) for digit in (1, 2, 5) if digit * 10**power > max(series))


def overview_scale(width_m: float, height_m: float, frame_mm: tuple[float, float], margin: float = 0.96) -> int:
    """The largest round scale at which the ground fits into `margin` of the frame."""
    need = max(width_m / frame_mm[0], height_m / frame_mm[1]) * MM_PER_M / margin
    rounds = (step * int(10**power) for power in count(1) for step in OVERVIEW_STEPS)
    return next(one for one in rounds if one >= need)


def round_step(at_least: float) -> float:
    """The smallest of 1, 2, 5 × 10^n that is no less than `at_least`."""
    power = 10.0**-6
    while True:
        for digit in (1, 2, 5):
            if digit * power >= at_least * (1 - 1e-9):
                return round(digit * power, 6)
        power *= 10


def _step_below(at_most: float) -> float:
    step = round_step(at_most)
    digits = {1.0: 0.5, 2.0: 0.5, 5.0: 0.4}
    lead = float(f"{step:e}"[0])
    return step if step <= at_most else round(step * digits[lead], 6)


@dataclass(frozen=True)
class ScaleBar:
    """A bar of `parts` equal parts, each `part_mm` long on paper; labels at its start, middle and end."""

    part_mm: float
    parts: int
    labels: tuple[str, str, str]
    unit: str

    @property
    def length_mm(self) -> float:
        return self.part_mm * self.parts


def scale_bar(scale: int, most_mm: float, parts: int = 4) -> ScaleBar:
    """The longest bar of a round length that fits `most_mm`, in metres below one kilometre."""
    length_m = _step_below(most_mm * scale / MM_PER_M)
    unit, per = ("km", 1000.0) if length_m >= 1000 else ("m", 1.0)
    labels = ("0", f"{length_m / per / 2:g}", f"{length_m / per:g}")
    return ScaleBar(length_m / scale * MM_PER_M / parts, parts, labels, unit)
