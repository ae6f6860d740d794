"""Arrow columns as text: numbers in plain digits, dates in ISO 8601, bytes in hexadecimal, lists as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.io.readers.numerals import digits


def as_text(column: Any) -> list[str | None]:
    """A column's values as text; null stays None."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return as_text(column.cast(kind.value_type))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _words(column)
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_decimal(kind):
        return list(pc.cast(column, pa.string()).to_pylist())
    return [None if one is None else text(one) for one in column.to_pylist()]


def _words(column: Any) -> list[str | None]:
    """Texts; where one is not UTF-8, its bytes are shown as U+FFFD."""
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        raw = column.cast(pa.binary() if pa.types.is_string(column.type) else pa.large_binary())
        return [None if one is None else one.decode("utf-8", "replace") for one in raw.to_pylist()]


def text(value: Any) -> str:
    """One value as text."""
    if isinstance(value, float):
        return digits(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=text)
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def unique(names: Sequence[str]) -> list[str]:
    """The names, a number behind those that came before."""
    made: list[str] = []
    for name in names:
        tries = (name, *(f"{name}_{at}" for at in range(2, len(names) + 2)))
        made.append(next(one for one in tries if one not in made))
    return made
