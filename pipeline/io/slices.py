"""What a county's own jobs read of the run: its pieces, its borders, what lies about it, and the imagery under it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import shapely

from pipeline.io.tables import GEOMETRY, geometries, read_arrow, read_rows, write_arrow
from pipeline.records import County, Neighbour, Piece, Scene

_PLAIN = [name for name in Piece.__dataclass_fields__ if name not in ("geometry", "attributes")]


def read_pieces(path: Path) -> list[Piece]:
    """The pieces of a slice, the county's own first, in page order."""
    table = read_arrow(path)
    columns = {name: table[name].to_pylist() for name in _PLAIN}
    attributes = [json.loads(one) for one in table["attributes"].to_pylist()]
    shapes = geometries(table)
    return [
        Piece(**{name: column[at] for name, column in columns.items()}, attributes=attributes[at], geometry=shapes[at])
        for at in range(table.num_rows)
    ]


def read_county(path: Path, rows: Sequence[int]) -> County:
    """The county in the first of these rows of the county layer, with those in the others as its neighbours.

    The layer has small row groups, so that few others are read.
    """
    table = read_rows(path, rows)
    shapes = geometries(table)
    names: list[dict[str, Any]] = table.drop_columns(["geometry"]).to_pylist()
    around = tuple(Neighbour(one["code"], one["name"], shape) for one, shape in zip(names[1:], shapes[1:], strict=True))
    own = names[0]
    return County(own["code"], own["name"], own["city_name"], own["province_name"], shapes[0], around)


def write_around(path: Path, kinds: Any, names: Any, shapes: Any) -> Path:
    """Publish what lies about a county: arrays of kinds, names and geometries, in the order they are drawn."""
    blobs = pa.array(shapely.to_wkb(shapes), pa.binary())
    columns = {"kind": pa.array(kinds, pa.string()), "name": pa.array(names, pa.string()), GEOMETRY: blobs}
    return write_arrow(path, pa.table(columns))


def read_around(path: Path) -> dict[str, list[tuple[str, Any]]]:
    """Name and geometry of what lies about a county, by kind; nothing where there is no such file."""
    found: dict[str, list[tuple[str, Any]]] = {}
    if path.is_file():
        table = read_arrow(path)
        told = zip(table["kind"].to_pylist(), table["name"].to_pylist(), geometries(table), strict=True)
        for kind, name, shape in told:
            found.setdefault(kind, []).append((name, shape))
    return found


def scene_of(row: dict[str, Any]) -> Scene:
    """A scene as ingest wrote it into `scenes.json`."""
    facts = {name: row[name] for name in Scene.__dataclass_fields__}
    stretch = row["stretch"]
    return Scene(
        **facts
        | {
            "bands": tuple(row["bands"]),
            "transform": tuple(row["transform"]),
            "footprint": shapely.from_wkt(row["footprint"]),
            "stretch": tuple(tuple(one) for one in stretch) if stretch else None,
        }
    )
