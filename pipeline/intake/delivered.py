"""Delivered attributes as they came: as JSON for the ledger, and as columns beside the canonical ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.intake.records import Records, Source
from pipeline.intake.values import shown
from pipeline.intake.words import Words, joined, nothing
from pipeline.io.tables import BLOCK
from pipeline.layers import CANONICAL

Ints = npt.NDArray[np.intp]

_JSON = json.JSONEncoder(ensure_ascii=False)


def as_json(records: Records, rows: Ints) -> Any:
    """Every delivered attribute of some records, in ascending order, as JSON texts."""
    blocks = [
        block
        for one in records.sources
        for block in _json_blocks(one, rows[slice(*np.searchsorted(rows, (one.rows.start, one.rows.stop)))])
    ]
    return pa.chunked_array(blocks, pa.string())


def _json_blocks(source: Source, rows: Ints) -> Iterator[Any]:
    quoted = [Words(_quoted(one.texts), one.codes) for one in source.fields.values()]
    heads = [f"{', ' if at else ''}{_JSON.encode(name)}: " for at, name in enumerate(source.fields)]
    for start in range(0, len(rows), BLOCK):
        own = rows[start : start + BLOCK] - source.rows.start
        parts = [part for head, one in zip(heads, quoted, strict=True) for part in (pa.scalar(head), one.column(own))]
        opening = pa.array(["{"]).take(pa.array(np.zeros(len(own), np.int8)))
        yield pc.binary_join_element_wise(opening, *parts, "}", "")


def _quoted(texts: Any) -> Any:
    return pa.array(["null" if one is None else _JSON.encode(one) for one in texts.to_pylist()], pa.string())


def other_spellings(records: Records, rows: Ints) -> dict[str, Any]:
    """`<name>_delivered` for every canonical name whose value was put into another spelling somewhere."""
    made = {}
    for name in CANONICAL:
        given, value = records.given[name], shown(name, records.values[name])
        other = pc.and_(pc.not_equal(given.texts, ""), pc.not_equal(given.texts, value.texts))
        column = Words(pc.if_else(pc.fill_null(other, False), given.texts, None), given.codes).column(rows)
        if column.null_count < len(column):
            made[f"{name}_delivered"] = column
    return made


def extra_columns(records: Records, rows: Ints, taken: set[str]) -> dict[str, Any]:
    """Delivered attributes without a canonical name, under their own names."""
    heard = np.unique(records.source[rows]).tolist()
    names = sorted({name for at in heard for name in records.sources[at].extra()})
    made: dict[str, Any] = {}
    low = {one.casefold() for one in taken} | {"geometry", "geom", "fid"}
    for name in names:
        column = name if name.casefold() not in low else f"{name}_delivered"
        low.add(column.casefold())
        made[column] = joined([_extra(one, name) for one in records.sources]).column(rows)
    return made


def _extra(source: Source, name: str) -> Words:
    if name not in source.extra():
        return nothing(source.count)
    return Words(pc.fill_null(source.fields[name].texts, ""), source.fields[name].codes)
