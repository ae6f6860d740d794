"""What a county's own jobs read of the run: its pieces, its borders, and the imagery under it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import shapely

from pipeline.io.tables import geometries, read_arrow, read_parquet
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

    The layer has one row group a county, so only these are read.
    """
    table = read_parquet(path, groups=rows)
    shapes = geometries(table)
    names: list[dict[str, Any]] = table.drop_columns(["geometry"]).to_pylist()
    around = tuple(Neighbour(one["code"], one["name"], shape) for one, shape in zip(names[1:], shapes[1:], strict=True))
    own = names[0]
    return County(own["code"], own["name"], own["city_name"], own["province_name"], shapes[0], around)


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
