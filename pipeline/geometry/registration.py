"""How far one picture of some ground lies off another: phase correlation on the strength of edges.

The spectrum of phases is weighted by a Gaussian, so that a pure shift gives a peak of known, Gaussian shape and its
place between pixels follows from three values without bias. Sources: Kuglin & Hines, "The phase correlation image
alignment method", 1975; Stone et al., "A fast direct Fourier-based algorithm for subpixel registration of images",
IEEE TGRS 39 (2001), for keeping to low frequencies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

SPREAD = 0.125  # standard deviation of the weight, cycles a pixel: noise, aliases and blocks of a codec lie above it
FARTHEST_SHARE = 1 / 8  # of a picture's side: a larger shift is not looked for
PEAK_RMS = 8.0  # a peak stands so many times above the rest; chance, and edges of other ground, reach six
RIVAL_SHARE = 0.7  # a second peak this high beside the first makes it ambiguous: rows of crops, blocks of a codec
NEAR_PX = 5  # what belongs to the peak itself
AGREE_PX = 0.75  # pictures agree with their median within this
FEWEST, AGREEING = 3, 0.6  # pictures that must agree, and their share of those that were compared


@dataclass(frozen=True)
class Shift:
    """The second picture against the first: right and down, pixels; `sure` only where a single peak says so."""

    right_px: float
    down_px: float
    sure: bool


def shift_between(first: NDArray[Any], second: NDArray[Any]) -> Shift:
    """Where what the first picture shows lies in the second; both (rows, columns) of one shape, any brightness."""
    surface = np.fft.irfft2(_phases(first, second), s=first.shape)
    reach = tuple(max(NEAR_PX + 2, int(side * FARTHEST_SHARE)) for side in first.shape)
    middle = np.roll(surface, reach, axis=(0, 1))[: 2 * reach[0] + 1, : 2 * reach[1] + 1]
    row, col = (int(one) for one in np.unravel_index(int(np.argmax(middle)), middle.shape))
    down, right = row - reach[0], col - reach[1]
    if abs(down) >= reach[0] or abs(right) >= reach[1]:
        return Shift(float(right), float(down), sure=False)
    exact = (right + _between(middle[row, col - 1 : col + 2]), down + _between(middle[row - 1 : row + 2, col]))
    return Shift(*exact, _stands_out(middle, row, col))


def agreed(shifts: Sequence[Shift]) -> Shift:
    """The median of what several pictures are sure of; sure only where most of those compared agree with it."""
    sure = [(one.right_px, one.down_px) for one in shifts if one.sure]
    if not sure:
        return Shift(0.0, 0.0, sure=False)
    middle = np.median(sure, axis=0)
    close = int((np.abs(np.array(sure) - middle) <= AGREE_PX).all(axis=1).sum())
    right, down = (float(one) for one in middle)
    return Shift(right, down, close >= FEWEST and close >= AGREEING * len(shifts))


def _phases(first: NDArray[Any], second: NDArray[Any]) -> NDArray[Any]:
    cross = _spectrum(second) * np.conj(_spectrum(first))
    size = np.abs(cross)
    weight = _weight(*first.shape)
    return np.asarray(np.divide(cross, size, out=np.zeros_like(cross), where=size > 1e-6) * weight)


def _spectrum(picture: NDArray[Any]) -> NDArray[Any]:
    """Of the strength of edges, which brightness and contrast do not move, faded out towards the picture's edge."""
    values = np.asarray(picture, np.float32)
    down, right = np.zeros_like(values), np.zeros_like(values)
    down[1:-1] = values[2:] - values[:-2]
    right[:, 1:-1] = values[:, 2:] - values[:, :-2]
    edges, fade = np.hypot(down, right), _fade(*values.shape)
    return np.asarray(np.fft.rfft2((edges - (edges * fade).sum() / fade.sum()) * fade))


@lru_cache(maxsize=4)
def _fade(height: int, width: int) -> NDArray[np.float32]:
    return np.outer(np.hanning(height), np.hanning(width)).astype(np.float32)


@lru_cache(maxsize=4)
def _weight(height: int, width: int) -> NDArray[np.float64]:
    squares = np.fft.fftfreq(height)[:, None] ** 2 + np.fft.rfftfreq(width)[None, :] ** 2
    return np.asarray(np.exp(-squares / (2 * SPREAD**2)))


def _between(three: NDArray[Any]) -> float:
    """The top of the Gaussian through three values around a peak, from the middle one."""
    low, top, high = np.log(np.maximum(three, three[1] * 1e-3)) if three[1] > 0 else (0.0, 0.0, 0.0)
    bend = low - 2 * top + high
    return float(np.clip(0.5 * (low - high) / bend, -0.5, 0.5)) if bend < 0 else 0.0


def _stands_out(surface: NDArray[Any], row: int, col: int) -> bool:
    rows, cols = np.ogrid[: surface.shape[0], : surface.shape[1]]
    rest = surface[(rows - row) ** 2 + (cols - col) ** 2 > NEAR_PX**2]
    top = surface[row, col]
    return bool(top > PEAK_RMS * np.sqrt(np.mean(rest**2)) and rest.max() < RIVAL_SHARE * top)
