"""In what a patch that was delivered again differs from the first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.fields import header_key
from pipeline.intake.records import Records, Source
from pipeline.intake.sorting import Sorted
from pipeline.intake.values import canonical, shown
from pipeline.intake.words import Words
from pipeline.layers import CANONICAL

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.intp]

_COMPARED = [name for name in CANONICAL if name not in ("center_x", "center_y")]
SAME_AREA = 0.001  # of the first: reported areas that are no nearer are different


@dataclass(frozen=True)
class _Attribute:
    """One attribute of some pairs of records."""

    name: str
    pair: Ints  # the pairs it is about
    one: Any  # Arrow texts of the first records
    other: Any
    differ: Bools


def differences(found: Sorted, again: Ints, first: Ints) -> list[str]:
    """For each pair of records the attributes that differ in more than spelling, with both values; "" for none."""
    words: list[list[str]] = [[] for _ in again]
    for each in (*_canonical(found, again, first), *_extra(found.records, again, first)):
        there = np.flatnonzero(each.differ)
        one, other = (texts.take(pa.array(there)).to_pylist() for texts in (each.one, each.other))
        for pair, left, right in zip(each.pair[there].tolist(), one, other, strict=True):
            words[pair].append(f"{each.name}: {right} ≠ {left}")
    return ["; ".join(one) for one in words]


def _canonical(found: Sorted, again: Ints, first: Ints) -> Iterator[_Attribute]:
    area, before = found.reported_m2[again], found.reported_m2[first]
    same_area = np.abs(before - area) <= SAME_AREA * np.abs(before)
    for name in _COMPARED:
        values = found.records.values[name]
        one, other = values.some(first), values.some(again)
        pairs = _compared(name, np.arange(len(again)), one, other)
        yield replace(pairs, differ=pairs.differ & ~same_area) if name == "area_reported" else pairs


def _extra(records: Records, again: Ints, first: Ints) -> Iterator[_Attribute]:
    """Attributes without a canonical name, under the name that the first has for them."""
    sources = records.source[first], records.source[again]
    for left, right in np.unique(np.stack(sources, axis=1), axis=0):
        pair = np.flatnonzero((sources[0] == left) & (sources[1] == right))
        one, other = records.sources[left], records.sources[right]
        keys = {header_key(name): name for name in other.extra()}
        for name in one.extra():
            if header_key(name) in keys:
                values = _texts(one, name, first[pair]), _texts(other, keys[header_key(name)], again[pair])
                yield _compared(name, pair, *values)


def _compared(name: str, pair: Ints, one: Words, other: Words) -> _Attribute:
    meant = [shown(name, canonical(name, each)).column() for each in (one, other)]
    differ = pc.not_equal(*meant).to_numpy(zero_copy_only=False)
    return _Attribute(name, pair, one.column(), other.column(), differ)


def _texts(source: Source, name: str, rows: Ints) -> Words:
    some = source.fields[name].some(rows - source.rows.start)
    return Words(pc.fill_null(some.texts, ""), some.codes)
