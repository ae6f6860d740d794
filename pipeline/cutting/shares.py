"""The reported area of a patch shared among what it was cut into, so that the shares sum to it exactly."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.cutting.cut import Cut

Ints = npt.NDArray[np.intp]
_NUMBER = r"^[0-9]{1,15}(\.[0-9]{1,9})?$"


def reported_shares(cut: Cut, reported: pa.ChunkedArray) -> tuple[pa.Array, pa.Array]:
    """The share of each piece and of each remainder, as text with the decimal places the figure was delivered with.

    Shares go by area and are rounded down; what is left over goes to the largest part. "" where the delivered text
    is no plain number.
    """
    plain = pc.fill_null(pc.match_substring_regex(reported, _NUMBER), False)
    delivered = pc.if_else(plain, reported, "").combine_chunks()
    count = sum(np.bincount(rows, minlength=len(reported)) for rows in (cut.patch, cut.rest_patch))
    split = (count > 1) & pc.not_equal(delivered, "").to_numpy(zero_copy_only=False)
    own: tuple[dict[int, str], dict[int, str]] = {}, {}
    for patch, parts in _parts_of(cut, split).items():
        texts = shared(delivered[patch].as_py(), [area for _, _, area in parts])
        for (column, at, _), text in zip(parts, texts, strict=True):
            own[column][at] = text
    return _with(delivered, cut.patch, own[0]), _with(delivered, cut.rest_patch, own[1])


def _with(delivered: pa.Array, patch: Ints, own: dict[int, str]) -> pa.Array:
    """The delivered figure of each part's patch, or the part's own."""
    mask = np.zeros(len(patch), bool)
    mask[list(own)] = True
    texts = pa.array([own[at] for at in sorted(own)], pa.string())
    return pc.replace_with_mask(delivered.take(pa.array(patch)), pa.array(mask), texts)


def _parts_of(cut: Cut, split: npt.NDArray[np.bool_]) -> dict[int, list[tuple[int, int, float]]]:
    """For each split patch its pieces (0), then its remainder (1), with row and area."""
    made: dict[int, list[tuple[int, int, float]]] = defaultdict(list)
    for column, (patches, areas) in enumerate(((cut.patch, cut.area_m2), (cut.rest_patch, cut.rest_area_m2))):
        for at in np.flatnonzero(split[patches]).tolist():
            made[int(patches[at])].append((column, at, float(areas[at])))
    return made


def shared(reported: str, weights: list[float]) -> list[str]:
    """A decimal figure shared by weights, in its own decimal places."""
    places = len(reported.partition(".")[2])
    units = int(Decimal(reported).scaleb(places))
    exact = [Decimal(one) for one in weights]
    shares = [int(units * one / sum(exact)) for one in exact]
    shares[max(range(len(weights)), key=weights.__getitem__)] += units - sum(shares)
    return [f"{Decimal(one).scaleb(-places):.{places}f}" for one in shares]
