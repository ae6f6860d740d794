"""Newline-delimited GeoJSON (and RFC 8142 text sequences): one feature a line, so that a bad one sinks no other."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import Refusal
from pipeline.io.readers.arrow_text import text, unique
from pipeline.io.readers.characters import Characters, decode, words_of
from pipeline.io.readers.geometries import bracket_depth, from_geojson, to_wkb
from pipeline.io.readers.raw import Raw

_DEPTH = 40  # brackets within brackets; more is an attack on the parser's stack
_SEPARATOR = "\x1e"
BROKEN = "__line__"  # the text of a line that is no feature
_AGAIN = "ask the sender to export it again"


def sniff(head: bytes) -> bool:
    """Whether a file begins with a whole feature on a line of its own, or with a record separator."""
    plain = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if plain.startswith(b"\x1e"):
        return True
    line, more, _ = plain.partition(b"\n")
    if not more:
        return False
    try:
        return _feature(line.decode("utf-8", "replace")) is not None
    except ValueError:
        return False


def read_geojson_lines(path: Path) -> list[Raw]:
    """The features of a file, in order; longitude and latitude (RFC 7946).

    Raises:
        Refusal: it is not text, no line is a feature, or a coordinate system is named by a feature.
    """
    characters = _characters(path.read_bytes())
    records = list(_records(characters.text))
    features = [_understood(one) for _, one in records]
    if not any(features):
        raise Refusal("no line of it is a GeoJSON feature", _AGAIN)
    if any(one and "crs" in one for one in features):
        raise Refusal("its features name a coordinate system", "ask for coordinates in longitude and latitude")
    shapes = from_geojson([one.get("geometry") if one else None for one in features])
    fields = _fields(features)
    if not all(features):
        fields[BROKEN] = [None if one else line for one, (_, line) in zip(features, records, strict=True)]
    notes = [*characters.notes, *_notes(features, shapes)]
    rows = [at for at, _ in records]
    return [Raw("", "OGC:CRS84", fields, to_wkb(shapes), rows, -1, notes, characters.encoding, characters.evidence)]


def _characters(data: bytes) -> Characters:
    """The text: UTF-8 as the standard asks for, else what the bytes show."""
    text = data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")
    damaged = text.count("\ufffd")
    if damaged * 2 <= len(words_of(data)) + 1:  # else it is of another encoding, not damaged
        return Characters(text, "utf-8", "GeoJSON is UTF-8", damaged)
    return decode(data)


def _records(whole: str) -> Iterator[tuple[int, str]]:
    """Each record's text with the line it begins in (or its number, where they are set apart by separators)."""
    pieces = whole.split(_SEPARATOR) if _SEPARATOR in whole else whole.split("\n")
    for at, one in enumerate(pieces):
        if one.strip():
            yield at, one.strip()


def _understood(line: str) -> dict[str, Any]:
    """The feature, {} where the line is none."""
    try:
        return _feature(line)
    except ValueError:
        return {}


def _feature(line: str) -> dict[str, Any]:
    """The feature on a line.

    Raises:
        ValueError: it is none.
    """
    if bracket_depth(line, "[{", "]}") > _DEPTH:
        raise ValueError("nested too deeply")
    try:
        made = json.loads(line)
    except RecursionError as problem:
        raise ValueError("nested too deeply") from problem
    if not isinstance(made, dict) or made.get("type") != "Feature":
        raise ValueError("no feature")
    return made


def _fields(features: list[dict[str, Any]]) -> dict[str, list[str | None]]:
    """The properties as text, in the order they first appear; the feature's id where it has one."""
    named = [one["properties"] if isinstance(one.get("properties"), dict) else {} for one in features]
    keys = list(dict.fromkeys(key for one in named for key in one))
    fields = {key: [None if one.get(key) is None else _text(one[key]) for one in named] for key in keys}
    if any(one.get("id") is not None for one in features):
        name = unique([*keys, "id"])[-1]
        fields[name] = [None if one.get("id") is None else _text(one["id"]) for one in features]
    return fields


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else text(value)


def _notes(features: list[dict[str, Any]], shapes: Any) -> list[str]:
    broken = sum(not one for one in features)
    lost = sum(
        bool(one.get("geometry")) and shape is None for one, shape in zip(features, np.atleast_1d(shapes), strict=True)
    )
    notes = [f"{broken} lines are no features"] if broken else []
    return notes + ([f"{lost} geometries were not understood"] if lost else [])
