"""One GeoPackage per county for a nation: ours, and pyogrio writing the same rows one county after another."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import shapely

from pipeline.forms.form import load_form
from pipeline.forms.package import PATCHES, patch_kinds, write_patches
from pipeline.io import package_template
from pipeline.io.geopackage import write_layer
from pipeline.records import CampaignFacts, Office, Piece
from tests.bench.clock import user_s

COUNTIES, PIECES, BLOCK = 2_900, 100_000, 290
CRS = "EPSG:4490"
FORM = load_form("verification_cn")
OFFICE = Office(unit="某省自然资源厅")
FACTS = CampaignFacts("2025Q3", "2025年第三季度", "cn", "zh", date(2025, 10, 8), OFFICE, "mu", CRS, True)
KINDS = patch_kinds(FORM, FACTS)
LAYER, FRAME, TABLE = "write_layer", "pyogrio.write_dataframe", "pyogrio.write_arrow of finished tables"
PRODUCT, PRODUCT_BY_GDAL = "patches.gpkg as handed out", "the same with the layer by GDAL"
OPTIONS: dict[str, Any] = {"layer": PATCHES, "driver": "GPKG", "geometry_type": "MultiPolygon"}
PANDAS = {"text": "object", "integer": "Int64", "real": "float64", "boolean": "boolean", "date": "datetime64[ms]"}
ARROW = {"text": pa.string(), "integer": pa.int64(), "real": pa.float64(), "boolean": pa.bool_(), "date": pa.date32()}


def pieces_of(county: int, count: int) -> list[Piece]:
    """Stars of 10 to 60 vertices, with what a county is told of each."""
    rng = np.random.default_rng(county)
    code, made = f"{320000 + county}", []
    for seq, corners in enumerate(rng.integers(10, 60, count).tolist(), 1):
        angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
        ring = np.column_stack([np.cos(angle), np.sin(angle)]) * rng.uniform(3e-4, 1e-3, (corners, 1))
        shape = shapely.polygons(ring + rng.uniform([105, 35], [110, 40]))
        made.append(
            Piece(
                f"2025Q3-{county:06d}{seq:06d}", f"TB{seq}", 1, 1, code, f"第{county}县", True, seq, True, "", 6e4, 6e4,
                1.0, 105.0, 35.0, shape, "城关镇", "新建村", "11", "新增建设用地",
            )
        )  # fmt: skip
    return made


def columns_of(pieces: Sequence[Piece]) -> dict[str, list[Any]]:
    """The columns of layer `patches` as the form has them; what is left to the county is empty."""
    return {name: [getattr(one, name, None) for one in pieces] for name in KINDS}


def frame_of(columns: dict[str, list[Any]], shapes: Any) -> geopandas.GeoDataFrame:
    series = {name: pd.Series(values, dtype=PANDAS[KINDS[name]]) for name, values in columns.items()}
    return geopandas.GeoDataFrame(series, geometry=shapes, crs=CRS)


def table_of(columns: dict[str, list[Any]], shapes: Any) -> pa.Table:
    """With WKB made beforehand: what is timed is pyogrio alone."""
    arrays = {name: pa.array(values, ARROW[KINDS[name]]) for name, values in columns.items()}
    return pa.table(arrays | {"geom": pa.array(shapely.to_wkb(_multi(shapes)), pa.binary())})


def _multi(shapes: Any) -> Any:
    return shapely.multipolygons(shapes, indices=np.arange(len(shapes)))


def main() -> None:
    counts = np.bincount(np.random.default_rng(1).integers(0, COUNTIES, PIECES), minlength=COUNTIES).tolist()
    spent: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for first in range(0, COUNTIES, BLOCK):
            block = {county: pieces_of(county, counts[county]) for county in range(first, first + BLOCK)}
            for name, seconds in _block(Path(folder), block).items():
                spent[name] = spent.get(name, 0.0) + seconds
    print(f"{COUNTIES:,} counties, {PIECES:,} pieces of {len(KINDS)} columns, user CPU:")
    for ours, theirs in ((LAYER, FRAME), (LAYER, TABLE), (PRODUCT, PRODUCT_BY_GDAL)):
        print(f"  {ours} {spent[ours]:.2f} s; {theirs} {spent[theirs]:.2f} s, {spent[theirs] / spent[ours]:.1f}x")


def _block(folder: Path, block: dict[int, list[Piece]]) -> dict[str, float]:
    """Some counties by every road, one road after another: a busy machine is busy for all of them."""
    columns = {county: columns_of(pieces) for county, pieces in block.items()}
    shapes = {county: np.array([one.geometry for one in pieces], object) for county, pieces in block.items()}
    frames = {county: frame_of(columns[county], shapes[county]) for county in block}
    tables = {county: table_of(columns[county], shapes[county]) for county in block}

    def layer(path: Path, county: int) -> None:
        write_layer(path, PATCHES, columns[county], shapes[county], CRS, kinds=KINDS)

    def frame(path: Path, county: int) -> None:
        pyogrio.write_dataframe(frames[county], path, promote_to_multi=True, **OPTIONS)

    def table(path: Path, county: int) -> None:
        pyogrio.write_arrow(tables[county], path, geometry_name="geom", crs=CRS, **OPTIONS)

    def product(path: Path, county: int) -> None:
        write_patches(path, FORM, FACTS, block[county], {})

    roads = {LAYER: layer, FRAME: frame, TABLE: table, PRODUCT: product}
    seconds = {name: _each(folder, block, write) for name, write in roads.items()}
    with _without_copies():
        return seconds | {PRODUCT_BY_GDAL: _each(folder, block, product)}


@contextmanager
def _without_copies() -> Iterator[None]:
    """Every layer by GDAL, as before there was a template."""
    small, package_template.SMALL_ROWS = package_template.SMALL_ROWS, -1
    try:
        yield
    finally:
        package_template.SMALL_ROWS = small


def _each(folder: Path, counties: Iterable[int], write: Callable[[Path, int], None]) -> float:
    def all_of_them() -> None:
        for county in counties:
            write(folder / f"{county}.gpkg", county)

    seconds, _ = user_s(all_of_them)
    for path in folder.glob("*.gpkg"):
        path.unlink()
    return seconds


if __name__ == "__main__":
    main()
