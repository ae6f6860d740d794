"""GeoJSON of field apps and of QGIS: the properties of its features as a table; outlines are not looked at.

Programs write outlines rounded (RFC 7946 advises seven decimals), so none can be compared with the one that was sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.collect.evidence import origin_of, returned
from pipeline.collect.grid import Grid
from pipeline.collect.headings import UID, find_columns
from pipeline.collect.mapped import by_maps, fitting
from pipeline.collect.marks import MAX_CELLS, MAX_COLUMNS, MAX_ROWS
from pipeline.collect.returned import ReturnedFile
from pipeline.collect.spelling import Raw
from pipeline.collect.tabular import read_table, table_of
from pipeline.collect.unread import Unread
from pipeline.collect.values import Terms

SUFFIXES = (".geojson", ".json")
_LARGEST = 64 << 20
_DEEPEST = 8  # groups within groups


def read_geojson(path: Path, name: str, digest: str, terms: Terms) -> ReturnedFile:
    """What the features of a GeoJSON file say: by the first column map that fits, or by our own names of columns.

    Raises:
        Unread: it is no GeoJSON, far too large, or has neither.
    """
    grid = _grid(_features(path), name)
    if fit := fitting(grid, terms):
        return by_maps([(grid, fit)], name, digest, terms)
    columns = find_columns(grid, terms)
    if columns is None or UID not in columns.keys:
        raise Unread("no_table")
    table = table_of(grid, columns, terms)
    rows, remarks = read_table(table, [], terms)
    return returned("geojson", digest, name, origin_of([], rows, terms), rows, remarks, table.asked)


def _features(path: Path) -> list[Mapping[str, Any]]:
    """The properties of each feature."""
    if path.stat().st_size > _LARGEST:
        raise Unread("large")
    data = path.read_bytes()
    if data.count(b"{") + data.count(b"[") + data.count(b",") > MAX_CELLS:
        raise Unread("large")  # a byte or two may become an object of a hundred
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError) as problem:
        raise Unread("no_table") from problem
    features = tree.get("features") if isinstance(tree, dict) else None
    if not isinstance(features, list):
        raise Unread("no_table")
    found = [one.get("properties") if isinstance(one, dict) else None for one in features]
    return [dict(_flat(one)) if isinstance(one, dict) else {} for one in found]


def _flat(properties: Mapping[str, Any], lead: str = "", depth: int = 0) -> Iterator[tuple[str, Raw]]:
    """Groups as "group/question"; several choices one after another; what is neither text nor number is nothing."""
    for key, value in properties.items():
        if isinstance(value, dict) and depth < _DEEPEST:
            yield from _flat(value, f"{lead}{key}/", depth + 1)
        elif isinstance(value, list):
            yield lead + key, " ".join(one for one in value if isinstance(one, str)) or None
        else:
            yield lead + key, value if isinstance(value, str | int | float) else None


def _grid(features: Sequence[Mapping[str, Raw]], name: str) -> Grid:
    titles = list(dict.fromkeys(key for one in features for key in one))
    if len(features) > MAX_ROWS or len(titles) > MAX_COLUMNS or len(features) * len(titles) > MAX_CELLS:
        raise Unread("large")
    rows: list[list[Raw]] = [list(titles), *([one.get(title) for title in titles] for one in features)]
    return Grid(name, "", rows, names=["", *(f"feature {at}" for at in range(1, len(rows)))])
