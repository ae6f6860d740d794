"""The letters of PDF: numbers, strings, colours and paths, always spelled the same way."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

PT_PER_MM = 72 / 25.4
DECIMALS = 2  # a hundredth of a point is 0.0035 mm

Points = NDArray[np.float64]  # (N, 2): x, y


def number(value: float, decimals: int = DECIMALS) -> str:
    """A real number without exponent, trailing zeros or minus zero."""
    words = f"{value:.{decimals}f}"
    if "." in words:
        words = words.rstrip("0").rstrip(".")
    return "0" if words in ("-0", "") else words


def numbers(*values: float, decimals: int = DECIMALS) -> str:
    return " ".join(number(one, decimals) for one in values)


def text_string(words: str) -> str:
    """A PDF text string: literal where ASCII, else UTF-16 in hexadecimal."""
    if words.isascii() and words.isprintable():
        return "(" + words.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)") + ")"
    return "<FEFF" + words.encode("utf-16-be").hex().upper() + ">"


def byte_string(words: str) -> str:
    """The UTF-8 bytes of `words` as a PDF string: for names of destinations, which are compared bytewise."""
    return "<" + words.encode("utf-8").hex().upper() + ">"


@cache
def colour(code: str) -> str:
    """ "#RRGGBB" as the three operands of `rg` and `RG`."""
    if len(code) != 7 or code[0] != "#":
        raise ValueError(f"{code!r} is not a colour: #RRGGBB")
    return numbers(*(int(code[at : at + 2], 16) / 255 for at in (1, 3, 5)), decimals=3)


def path(points: Points, sizes: Sequence[int], closed: bool) -> str:
    """Move and line operators for polylines in points, `sizes` of them each, all spelled at once.

    Vertices that fall together on paper are left out, and so is a polyline of a single one.
    """
    if not sizes:
        return ""
    rounded = np.round(points, DECIMALS) + 0.0  # + 0.0: no minus zero
    kept = _kept(rounded, np.asarray(sizes), closed)
    starts = np.cumsum([0, *sizes[:-1]])
    end = "h\n" if closed else ""
    counts = np.add.reduceat(kept, starts, dtype=np.int64).tolist()
    forms = ["%.9g %.9g m\n" + "%.9g %.9g l\n" * (one - 1) + end for one in counts if one]
    return "".join(forms) % tuple(rounded[kept].ravel().tolist())


def _kept(rounded: Points, sizes: NDArray[np.int64], closed: bool) -> NDArray[np.bool_]:
    """Which vertices are spelled: the ends of each polyline, and what moves on paper; of a ring one end only."""
    lasts = np.cumsum(sizes) - 1
    firsts = lasts - sizes + 1
    kept = np.ones(len(rounded), dtype=bool)
    kept[1:] = (rounded[1:] != rounded[:-1]).any(axis=1)
    rings = (sizes > 3) & (rounded[firsts] == rounded[lasts]).all(axis=1) & closed
    ends = lasts - rings
    kept[firsts] = kept[ends] = True
    kept[lasts[rings]] = False
    kept[firsts[sizes == 1]] = False
    return kept


def on_paper(points: Any, height_mm: float) -> Points:
    """(N, 2) millimetres, y down, as points of PDF, y up."""
    array = np.asarray(points, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != 2:
        raise ValueError(f"points have shape {array.shape}, not (N, 2)")
    if not np.isfinite(array).all():
        raise ValueError("points are not finite")
    flipped = np.empty_like(array)
    np.multiply(array[:, 0], PT_PER_MM, out=flipped[:, 0])
    np.multiply(height_mm - array[:, 1], PT_PER_MM, out=flipped[:, 1])
    return flipped
