"""Shifts between two pictures: found to a fraction of a pixel, and not found where there is nothing to find."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.geometry.registration import Shift, agreed, shift_between

SIDE, FINE, ROOM = 256, 4, 80  # pixels of a picture, fine pixels in one of them, fine pixels about it


def land(seed: int) -> NDArray[np.float64]:
    """Rough ground with fields on it, in fine pixels, of unit contrast."""
    rng = np.random.default_rng(seed)
    side = SIDE * FINE + 2 * ROOM
    rate = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    shape = np.exp(-((rate / 0.2) ** 2)) / np.maximum(rate, 2e-3) ** 1.2
    ground = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((side, side))) * shape, s=(side, side))
    ground = (ground - ground.mean()) / ground.std()
    for _ in range(60):
        x, y, wide, high = *rng.integers(0, side, 2), *rng.integers(40, 250, 2)
        ground[y : y + high, x : x + wide] += 1.5 * rng.normal()
    return ground / ground.std()


def seen(
    ground: NDArray[np.float64], right: int = 0, down: int = 0, year: int = 1, **light: float
) -> NDArray[np.uint8]:
    """A picture of the ground whose contents lie so many fine pixels to the right and down."""
    rows = slice(ROOM - down, ROOM - down + SIDE * FINE)
    cols = slice(ROOM - right, ROOM - right + SIDE * FINE)
    pixels = ground[rows, cols].reshape(SIDE, FINE, SIDE, FINE).mean(axis=(1, 3))
    noise = np.random.default_rng(year).normal(0, light.get("noise", 4.0), pixels.shape)
    values = light.get("middle", 120.0) + light.get("contrast", 30.0) * pixels + noise
    return np.clip(values, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("pixels", [(0.0, 0.0), (0.5, -0.25), (2.0, 1.5), (7.0, -3.5), (-7.0, 7.0)])
@pytest.mark.parametrize("light", [{}, {"middle": 80.0, "contrast": -15.0}, {"noise": 12.0}])
def test_a_known_shift_is_found(pixels: tuple[float, float], light: dict[str, float]) -> None:
    ground = land(3)
    right, down = (round(one * FINE) for one in pixels)
    told = shift_between(seen(ground), seen(ground, right, down, 2, **light))
    assert told.sure
    assert (told.right_px, told.down_px) == pytest.approx(pixels, abs=0.3)


def test_other_ground_is_not_compared() -> None:
    found = [shift_between(seen(land(seed)), seen(land(seed + 50), year=2)) for seed in range(8)]
    assert not any(one.sure for one in found)


def test_nothing_to_see_is_not_compared() -> None:
    flat = np.full((SIDE, SIDE), 90, np.uint8)
    rng = np.random.default_rng(5)
    noisy = [flat + rng.normal(0, 3, flat.shape) for _ in range(2)]
    assert not shift_between(flat, flat).sure
    assert not shift_between(*noisy).sure


def test_what_repeats_is_ambiguous() -> None:
    """Blocks of a codec, rows of an orchard: they fit at every shift by their own distance."""
    rows, cols = np.mgrid[:SIDE, :SIDE]
    grid = np.where((rows % 8 == 0) | (cols % 8 == 0), 110, 90).astype(np.uint8)
    rng = np.random.default_rng(6)
    first, second = (grid + rng.normal(0, 3, grid.shape) for _ in range(2))
    assert not shift_between(first, second).sure


def test_a_shift_beyond_reach_is_not_taken_for_a_smaller_one() -> None:
    ground = land(4)
    assert not shift_between(seen(ground), seen(np.roll(ground, 50 * FINE, axis=1), year=2)).sure


def test_most_must_agree() -> None:
    good = [Shift(1.0 + at / 20, -2.0, sure=True) for at in range(5)]
    stray, unsure = Shift(9.0, 4.0, sure=True), Shift(0.0, 0.0, sure=False)
    told = agreed([*good, stray])
    assert told.sure
    assert (told.right_px, told.down_px) == pytest.approx((1.1, -2.0), abs=0.1)
    assert not agreed(good[:2]).sure
    assert not agreed([*good, *[unsure] * 5]).sure
    assert not agreed([]).sure
