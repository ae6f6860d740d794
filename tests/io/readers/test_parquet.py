"""GeoParquet: every version's CRS, every type as text, and no file that is not whole."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
import shapely
from pyproj import CRS

from pipeline.errors import Refusal
from pipeline.io.readers.parquet import read_parquet
from tests.io.readers.damage import cuts, flips, outcome, records

SHAPES = [shapely.box(0, 0, 1, 2), None, shapely.box(3, 3, 4, 4)]
NOTHING = object()


def file(path: Path, crs: Any = NOTHING, encoding: str = "WKB", geo: bool = True, blobs: Any = None) -> Path:
    """A GeoParquet file whose metadata are written by hand."""
    column: dict[str, Any] = {"encoding": encoding, "geometry_types": []}
    if crs is not NOTHING:
        column["crs"] = crs
    about = {"version": "1.1.0", "primary_column": "shape", "columns": {"shape": column}}
    columns = {
        "图斑编号": ["001", "002", None],
        "area": [0.5, 1e22, 3.0],
        "when": [date(2025, 10, 8), None, None],
        "tags": [["a"], [], None],
        "flag": [True, None, False],
        "shape": blobs or [None if one is None else one.wkb for one in SHAPES],
    }
    table = pa.table(columns)
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(about)} if geo else {}), path)
    return path


def test_columns_are_text_and_geometries_as_delivered(tmp_path: Path) -> None:
    (raw,) = read_parquet(file(tmp_path / "a.parquet"))
    assert raw.fields == {
        "图斑编号": ["001", "002", None],
        "area": ["0.5", "10000000000000000000000", "3"],
        "when": ["2025-10-08", None, None],
        "tags": ['["a"]', "[]", None],
        "flag": ["true", None, "false"],
    }
    assert [None if one is None else shapely.from_wkb(one) for one in raw.wkb] == SHAPES
    assert raw.declared == 3


@pytest.mark.parametrize("epsg", [4490, 4526, 2362])
def test_the_system_is_that_of_the_metadata(tmp_path: Path, epsg: int) -> None:
    path = file(tmp_path / "a.parquet", CRS.from_epsg(epsg).to_json_dict())
    assert CRS.from_user_input(read_parquet(path)[0].crs).to_epsg() == epsg
    gpd.GeoDataFrame({"a": [1]}, geometry=SHAPES[:1], crs=epsg).to_parquet(path)
    assert CRS.from_user_input(read_parquet(path)[0].crs).to_epsg() == epsg


def test_no_key_means_longitude_and_latitude_and_null_means_unknown(tmp_path: Path) -> None:
    assert read_parquet(file(tmp_path / "a.parquet"))[0].crs == "OGC:CRS84"
    assert read_parquet(file(tmp_path / "b.parquet", None))[0].crs == ""


def test_bad_geometries_sink_no_other(tmp_path: Path) -> None:
    deep = b"\x01\x07\0\0\0\x01\0\0\0" * 200_000
    (raw,) = read_parquet(file(tmp_path / "a.parquet", blobs=[SHAPES[0].wkb, deep, b"\x01\x03\0\0\0\xff\xff\xff\xff"]))
    assert [one is None for one in raw.wkb] == [False, True, True]
    assert "2 geometries were not understood" in raw.notes


def test_what_is_no_geoparquet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="encoded as 'polygon'"):
        read_parquet(file(tmp_path / "a.parquet", encoding="polygon"))
    with pytest.raises(Refusal, match="without geometry metadata; its columns are 图斑编号, area"):
        read_parquet(file(tmp_path / "b.parquet", geo=False))
    with pytest.raises(Refusal, match="not understood"):
        read_parquet(file(tmp_path / "c.parquet", {"type": "nonsense"}))
    pyarrow.feather.write_feather(pa.table({"a": [1]}), tmp_path / "d.parquet")
    with pytest.raises(Refusal, match="Feather or Arrow"):
        read_parquet(tmp_path / "d.parquet")
    with pytest.raises(Refusal, match="not a Parquet file"):
        read_parquet(Path(__file__))


def test_damage_is_refused_or_costs_no_row(tmp_path: Path) -> None:
    path = tmp_path / "d.parquet"
    data = file(path).read_bytes()
    for cut in cuts(data):
        assert not outcome(read_parquet, path, cut)
    for flipped in flips(data):
        found = outcome(read_parquet, path, flipped)
        assert not found or records(found) == 3
