"""A copy of the template is the file GDAL would have made: content, index, triggers; only where pages lie differs."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import fiona
import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline.io import package_template
from pipeline.io.geopackage import _write, add_style, check_package, write_layer
from pipeline.io.package_template import SMALL_ROWS

KINDS = {"text": "text", "whole": "integer", "real": "real", "day": "date", "flag": "boolean"}
_texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)
_places = st.floats(-180, 180).map(lambda at: round(at, 7))
_row = st.tuples(
    st.none() | _texts,
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats(),
    st.none() | st.dates(),
    st.none() | st.booleans(),
    st.none() | st.tuples(_places, _places, st.floats(1e-9, 5), st.booleans()),
)


def squares(count: int, seed: int = 1) -> np.ndarray[Any, Any]:
    x, y = np.random.default_rng(seed).uniform([73, 18], [135, 53], (count, 2)).T
    return shapely.box(x, y, x + 0.01, y + 0.01)


def shape(place: tuple[float, float, float, bool] | None) -> Any:
    if place is None:
        return None
    x, y, side, pair = place
    square = shapely.box(x, y, x + side, y + side)
    return shapely.MultiPolygon([square, shapely.box(x + 9, y, x + 9 + side, y + side)]) if pair else square


def by_gdal(target: Path, *args: Any, **more: Any) -> Path:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(package_template, "SMALL_ROWS", -1)
        write_layer(target, *args, **more)
    return target


def by_copy(target: Path, *args: Any, **more: Any) -> Path:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("pipeline.io.geopackage._write", _only_into_memory)
        write_layer(target, *args, **more)
    return target


def _only_into_memory(target: Any, *args: Any) -> None:
    assert not isinstance(target, Path), "GDAL wrote the file"
    _write(target, *args)


def content(path: Path) -> dict[str, Any]:
    """Every table with its rows, the schema, the boxes of the index, and what the header says."""
    with closing(sqlite3.connect(path)) as base:
        schema = sorted(base.execute("SELECT type, name, tbl_name, sql FROM sqlite_master"), key=repr)
        names = [row[1] for row in schema if row[0] == "table" and not row[1].endswith(("_node", "_rowid", "_parent"))]
        tables = {name: _rows(base, name) for name in names}
        pragmas = [base.execute(f"PRAGMA {one}").fetchone() for one in HEADER]
    # GDAL writes the extent with sixteen digits, which can be one too few.
    tables["gpkg_contents"] = [[_rounded(value) for value in row] for row in tables["gpkg_contents"]]
    return {"schema": schema, "tables": tables, "header": pragmas}


def _rows(base: sqlite3.Connection, name: str) -> list[Any]:
    quoted = name.replace('"', '""')
    return sorted(base.execute(f'SELECT * FROM "{quoted}"'), key=repr)


def _rounded(value: Any) -> Any:
    return float(f"{value:.16g}") if isinstance(value, float) else value


HEADER = ("application_id", "user_version", "encoding", "page_size", "auto_vacuum", "journal_mode", "freelist_count")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packages")


@given(st.lists(_row, max_size=6))
@example([])
@example([("", 0, float("nan"), date(1, 1, 1), False, None)])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_table_is_as_gdal_writes_it(folder: Path, rows: list[Any]) -> None:
    columns = {name: [row[at] for row in rows] for at, name in enumerate(KINDS)}
    shapes = np.array([shape(row[5]) for row in rows] + [None], object)[:-1]
    words: dict[str, Any] = {"kinds": KINDS, "title": "图斑", "description": "一份"}
    made = []
    for write, name in ((by_copy, "copy.gpkg"), (by_gdal, "gdal.gpkg")):
        (folder / name).unlink(missing_ok=True)
        made.append(content(write(folder / name, "patches", columns, shapes, "EPSG:4490", **words)))
    assert made[0] == made[1]
    check_package(folder / "copy.gpkg", {"patches": len(rows)})


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:4326", "EPSG:32650", 'LOCAL_CS["site",UNIT["metre",1]]'])
@pytest.mark.parametrize("layer", ["boundary", "图 \"斑'"])
def test_any_crs_and_name(tmp_path: Path, crs: str, layer: str) -> None:
    args = (layer, {"order": ["a", None], "a b": [1, 2]}, squares(2), crs)
    assert content(by_copy(tmp_path / "a.gpkg", *args)) == content(by_gdal(tmp_path / "b.gpkg", *args))


@pytest.mark.parametrize("count", [0, 1, 51, 52, 103, SMALL_ROWS])
def test_the_index_is_sound_and_finds_what_a_search_finds(tmp_path: Path, count: int) -> None:
    shapes = squares(count)
    path = by_copy(tmp_path / "a.gpkg", "patches", {"n": list(range(count))}, shapes, "EPSG:4490")
    with closing(sqlite3.connect(path)) as base:
        assert base.execute("SELECT rtreecheck('rtree_patches_geom')").fetchone() == ("ok",)
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    for window in ((90, 20, 110, 40), (73, 18, 75, 19), (134, 52, 136, 54)):
        found = pyogrio.read_dataframe(path, bbox=window)["n"].tolist()
        assert sorted(found) == np.flatnonzero(shapely.intersects(shapes, shapely.box(*window))).tolist()


def test_the_first_copy_and_the_tenth_have_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        by_copy(tmp_path / name, "patches", {"n": [1, 2, 3]}, squares(3), "EPSG:4490")
        by_copy(tmp_path / f"{name}_other", "patches", {"n": [1]}, squares(1, 2), "EPSG:4490")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_feature_more_is_indexed_and_counted(tmp_path: Path) -> None:
    path = by_copy(tmp_path / "a.gpkg", "patches", {"n": list(range(60))}, squares(60), "EPSG:4490")
    one = {"type": "MultiPolygon", "coordinates": [[[(0, 0), (1, 0), (1, 1), (0, 0)]]]}
    with fiona.open(path, "a", layer="patches") as layer:
        layer.write({"type": "Feature", "properties": {"n": 60}, "geometry": one})
    assert pyogrio.read_dataframe(path, bbox=(-1, -1, 2, 2))["n"].tolist() == [60]
    assert pyogrio.read_info(path, force_total_bounds=True)["features"] == 61
    check_package(path, {"patches": 61}, {"patches": ["n"]})


@pytest.mark.skipif(not shutil.which("ogrinfo"), reason="gdal-bin is not installed")
def test_rows_changed_and_taken_out_leave_the_index_right(tmp_path: Path) -> None:
    path = by_copy(tmp_path / "a.gpkg", "patches", {"n": list(range(120))}, squares(120), "EPSG:4490")
    add_style(path, "patches", "<qgis/>")
    for change in (
        "DELETE FROM patches WHERE n < 70",
        "UPDATE patches SET geom = (SELECT geom FROM patches WHERE n = 119) WHERE n = 100",
        "UPDATE patches SET geom = NULL WHERE n = 101",
        "UPDATE patches SET fid = 900 WHERE n = 102",
    ):
        subprocess.run(["ogrinfo", "-q", "-sql", change, str(path)], check=True, capture_output=True)
    check_package(path, {"patches": 50})
    with closing(sqlite3.connect(path)) as base:
        assert base.execute("SELECT rtreecheck('rtree_patches_geom')").fetchone() == ("ok",)
        boxes = [base.execute(BOX, (one,)).fetchone() for one in (101, 120)]
        assert base.execute("SELECT feature_count FROM gpkg_ogr_contents").fetchall() == [(50,)]
        assert base.execute("SELECT count(*) FROM rtree_patches_geom WHERE id IN (102, 103)").fetchone() == (0,)
        assert base.execute("SELECT count(*) FROM rtree_patches_geom WHERE id = 900").fetchone() == (1,)
    assert boxes[0] == boxes[1]


BOX = "SELECT minx, maxx, miny, maxy FROM rtree_patches_geom WHERE id = ?"


def unsuited() -> Iterator[Any]:
    many = squares(SMALL_ROWS + 1)
    yield pytest.param(many, {"n": [1] * len(many)}, {}, id="many rows")
    yield pytest.param([shapely.MultiPolygon()], {"n": [1]}, {}, id="an empty shape")
    yield pytest.param([shapely.force_3d(shapely.box(0, 0, 1, 1), 5)], {"n": [1]}, {}, id="heights")
    yield pytest.param([shapely.Point(1, 2)], {"n": [1]}, {"geometry_type": "Point"}, id="points")
    yield pytest.param([shapely.box(0, 0, 1, 1)], {"fid": [7]}, {}, id="numbered by its own column")
    yield pytest.param([shapely.box(0, 0, 1, 1)], {"n": np.array([1], "i2")}, {}, id="short numbers")


@pytest.mark.filterwarnings("ignore:Layer 'patches' has been declared with non-Z")
@pytest.mark.parametrize(("shapes", "columns", "more"), [*unsuited()])
def test_what_does_not_suit_is_gdals(tmp_path: Path, shapes: Any, columns: Any, more: Any) -> None:
    path = tmp_path / "a.gpkg"
    assert write_layer(path, "patches", columns, shapes, "EPSG:4490", **more) == len(shapes)
    assert content(path) == content(by_gdal(tmp_path / "b.gpkg", "patches", columns, shapes, "EPSG:4490", **more))
    assert pyogrio.read_info(path)["features"] == len(shapes)


def test_a_second_layer_joins_a_copy(tmp_path: Path) -> None:
    path = by_copy(tmp_path / "a.gpkg", "patches", {"n": [1, 2]}, squares(2), "EPSG:4490")
    write_layer(path, "counties", {"code": ["429901"]}, squares(1), "EPSG:4490")
    check_package(path, {"patches": 2, "counties": 1})
    assert [name for name, _ in pyogrio.list_layers(path).tolist()] == ["patches", "counties"]
