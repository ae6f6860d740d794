"""Outlines written as lists of numbers: in one cell ("x y, x y, …" or "x,y;x,y;…"), or a row for each vertex."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipeline.errors import Refusal
from pipeline.io.readers.numerals import number
from pipeline.io.readers.rings import Vertices

_WIDE = str.maketrans("，；、", ",;,")
X_FIRST = "give easting (longitude) before northing (latitude), or name the columns easting and northing"


def vertices(text: str) -> Vertices:
    """The vertices of a list in one cell, shape (n, 2), in the order written.

    Raises:
        ValueError: it is no list of pairs, or can be read in more than one way.
    """
    plain = text.translate(_WIDE).strip(" ,;|\t\r\n[]")
    pairs = [re.split(r"[,\s]+", one.strip()) for one in _parts(plain)]
    if {len(one) for one in pairs} not in ({2}, {3}):
        raise ValueError("it is no list of x y pairs")
    return np.array([[number(one[0]), number(one[1])] for one in pairs])


def _parts(plain: str) -> list[str]:
    """The list cut into vertices, by the strongest separator in it."""
    for separator in (r"[;|]", r"\n"):
        if re.search(separator, plain):
            return [one for one in re.split(separator, plain) if one.strip()]
    parts = [one for one in plain.split(",") if one.strip()]
    if all(re.search(r"\S\s+\S", one.strip()) for one in parts):
        return parts
    spaced = plain.split()
    if len(spaced) > 1 and all(re.fullmatch(r"[^,]+,[^,]+", one) for one in spaced):
        return spaced
    flat = re.split(r"[,\s]+", plain)
    if len(flat) % 2 or flat[:2] != flat[-2:]:  # only a closed ring shows that two numbers make a vertex
        raise ValueError("it can be read as a list of vertices in more than one way")
    return [f"{x} {y}" for x, y in zip(flat[::2], flat[1::2], strict=True)]


def is_closed(ring: Vertices) -> bool:
    """Whether a ring ends where it begins."""
    return bool(np.array_equal(ring[0], ring[-1]))


def unclosed_ones(closed: Sequence[bool | None]) -> list[int]:
    """The places of outlines that are not closed where most are: likely cut off. None is one not understood."""
    known = [one for one in closed if one is not None]
    return [at for at, one in enumerate(closed) if one is False] if sum(known) * 2 > len(known) else []


def refuse_northing_first(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> None:
    """Refuse numbers of which the first can only be northing or latitude: nobody said that they are in that order.

    Raises:
        Refusal: they are.
    """
    if len(first) == 0:
        return
    one, other = float(np.median(np.abs(first))), float(np.median(np.abs(second)))
    if one <= 90 < other <= 180:
        raise Refusal("its coordinates are in the order latitude, longitude", X_FIRST)
    zoned = 1e6 <= one <= 1e7 and 1.3e7 <= other < 4.6e7
    if zoned or (1.1e6 <= one <= 1e7 and 1e5 <= other <= 9e5):
        raise Refusal("its coordinates are in the order northing, easting", X_FIRST)


def rings(points: Vertices, numbers: Sequence[str | None]) -> list[Vertices]:
    """The rings of one outline: a new one where the ring's number changes, or after a ring has closed."""
    made: list[Vertices] = []
    begin = 0
    for at in range(1, len(points) + 1):
        ends = at == len(points) or numbers[at] != numbers[begin]
        closes = at - begin > 3 and np.array_equal(points[at - 1], points[begin])
        if ends or closes:
            made.append(points[begin:at])
            begin = at
    return made
