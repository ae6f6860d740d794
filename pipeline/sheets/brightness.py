"""What of an image may be cloud: the share of it that is bright, without colour, and so over some width.

The two tests of a pixel are those of intensity and saturation in Zhang & Xiao, "Progressive refinement for cloud
detection", 2014 (their significance is high where intensity is high and saturation low), kept to fixed limits; the
width drops roofs, roads and single bright fields. Snow, salt, fresh concrete and overexposed ground pass them too:
this is a reason to look, never a finding.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.io.rasters import Pixels

STEP_PX = 8  # one pixel in so many, across and down, is looked at
BRIGHT = 185  # the darkest of red, green and blue
COLOURLESS = 26  # the brightest less the darkest
WIDE = 1  # of those looked at, so many on each side must be the same: 48 m on pixels of 2 m


def bright_share(pixels: Pixels) -> float:
    """The share of the pixels with imagery that are bright, colourless and not alone; 0.0 of grey images."""
    seen = pixels.values[::STEP_PX, ::STEP_PX]
    if seen.shape[2] == 1 or min(seen.shape[:2]) <= 2 * WIDE:
        return 0.0
    red, green, blue = (seen[:, :, band] for band in range(3))
    low, high = np.minimum(np.minimum(red, green), blue), np.maximum(np.maximum(red, green), blue)
    found = (low >= BRIGHT) & (high - low <= COLOURLESS)
    valid = None if pixels.mask is None else pixels.mask[::STEP_PX, ::STEP_PX]
    if valid is not None:
        found &= valid
    count = found.size if valid is None else int(np.count_nonzero(valid))
    return float(np.count_nonzero(_wide(found))) / count if count and found.any() else 0.0


def _wide(found: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What is found with all its neighbours, and these neighbours: an opening, by squares."""
    core = _spread(found, np.logical_and)
    return _spread(core, np.logical_or)


def _spread(found: NDArray[np.bool_], join: np.ufunc) -> NDArray[np.bool_]:
    """Each joined with its neighbours within WIDE; the image goes on at its edge."""
    padded = np.pad(found, WIDE, mode="edge")
    spans = range(2 * WIDE + 1)
    rows = join.reduce([padded[at : at + found.shape[0]] for at in spans])
    return np.asarray(join.reduce([rows[:, at : at + found.shape[1]] for at in spans]))
