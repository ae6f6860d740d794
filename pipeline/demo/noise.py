"""Noise with the statistics of nature: spectra that fall with frequency, periodic in both directions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def spectral(shape: tuple[int, int], fall: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Periodic noise of mean 0 and deviation 1 whose amplitude falls with frequency to the power `fall`."""
    wave = _frequency(shape)
    wave[0, 0] = np.inf
    return _filtered(shape, wave**-fall, rng)


def band(shape: tuple[int, int], period_px: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Periodic noise of mean 0 and deviation 1 around one wavelength: tree crowns, clods of earth."""
    wave = _frequency(shape) * period_px
    return _filtered(shape, np.exp(-((wave - 1.0) ** 2) / 0.5), rng)


def high_passed(field: NDArray[np.float64], keep: NDArray[np.bool_]) -> NDArray[np.float64]:
    """A field without the frequencies not kept (an rfft2 mask), deviation 1."""
    out = np.fft.irfft2(np.fft.rfft2(field) * keep, s=field.shape)
    return np.asarray(out / out.std())


def tiled(texture: NDArray[np.int16], x0: int, y0: int, width: int, height: int) -> NDArray[np.int16]:
    """The window at pixel (x0, y0) of a texture repeated without end."""
    rows = np.arange(y0, y0 + height) % texture.shape[0]
    columns = np.arange(x0, x0 + width) % texture.shape[1]
    return np.asarray(texture[rows][:, columns])


def _frequency(shape: tuple[int, int]) -> NDArray[np.float64]:
    across = np.fft.rfftfreq(shape[1])
    down = np.fft.fftfreq(shape[0])
    return np.asarray(np.hypot(down[:, None], across[None, :]))


def _filtered(shape: tuple[int, int], gain: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    field = np.fft.irfft2(np.fft.rfft2(rng.standard_normal(shape)) * gain, s=shape)
    field -= field.mean()
    return np.asarray(field / field.std())
