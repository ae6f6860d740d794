"""GeoPackage: the same bytes whenever and wherever it is written, and nothing half written passes."""

from __future__ import annotations

import hashlib
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyogrio
import pytest
import shapely

from pipeline.io.geopackage import add_style, check_package, write_layer

WRITE = """
import sys, numpy as np, shapely
from pathlib import Path
from pipeline.io.geopackage import add_style, write_layer
target = Path(sys.argv[1])
shapes = shapely.box(np.arange(50) * 0.1 + 100, 30, np.arange(50) * 0.1 + 100.05, 30.05)
write_layer(target, "patches", {"uid": [f"u{i}" for i in range(50)]}, shapes, "EPSG:4490")
write_layer(target, "counties", {"code": ["429901"]}, [shapely.box(100, 30, 105, 31)], "EPSG:4490")
add_style(target, "patches", "<qgis/>")
"""


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A file with two layers."""
    target = tmp_path / "two.gpkg"
    subprocess.run(
        [sys.executable, "-c", WRITE, str(target)], check=True, env={"PYTHONHASHSEED": "1", "PYTHONPATH": "."}
    )
    return target


def test_two_processes_write_the_same_bytes(two: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.gpkg"
    subprocess.run(
        [sys.executable, "-c", WRITE, str(again)], check=True, env={"PYTHONHASHSEED": "2", "PYTHONPATH": "."}
    )
    digests = [hashlib.sha256(one.read_bytes()).hexdigest() for one in (two, again)]
    assert digests[0] == digests[1]


def test_version_journal_and_layers(two: Path) -> None:
    assert two.read_bytes()[18:20] == b"\x01\x01"  # not a write-ahead log
    assert sorted(one.name for one in two.parent.iterdir()) == ["two.gpkg"]
    with closing(sqlite3.connect(two)) as base:
        assert base.execute("PRAGMA user_version").fetchone()[0] == 10300
        contents = base.execute("SELECT table_name, data_type FROM gpkg_contents ORDER BY 1").fetchall()
        times = {row[0] for row in base.execute("SELECT last_change FROM gpkg_contents")}
    assert contents == [("counties", "features"), ("layer_styles", "attributes"), ("patches", "features")]
    assert times == {"2000-01-01T00:00:00.000Z"}


def test_polygons_become_multipolygons_and_null_stays(tmp_path: Path) -> None:
    target = tmp_path / "one.gpkg"
    shapes = [shapely.box(0, 0, 1, 1), shapely.MultiPolygon([shapely.box(2, 0, 3, 1)]), None]
    assert write_layer(target, "patches", {"n": [1, 2, 3]}, shapes, "EPSG:4326") == 3
    back = pyogrio.read_dataframe(target, layer="patches")
    assert [None if one is None else one.geom_type for one in back.geometry] == [
        "MultiPolygon",
        "MultiPolygon",
        None,
    ]
    assert back.geometry[0].equals(shapes[0])
    check_package(target, {"patches": 3})


def test_kinds_order_and_nothing(tmp_path: Path) -> None:
    target = tmp_path / "one.gpkg"
    columns = {
        "b_text": pa.array(["一", None]).dictionary_encode(),
        "a_real": np.array([0.1, np.pi]),
        "c_none": [None, None],
        "d_date": [date(2025, 3, 14), None],
        "e_flag": [True, None],
        "f_count": [None, 7],
    }
    shapes = shapely.box([0, 1], 0, [1, 2], 1)
    kinds = {"c_none": "real", "f_count": "integer"}
    write_layer(target, "patches", columns, shapes, "EPSG:4326", kinds=kinds)
    with closing(sqlite3.connect(target)) as base:
        info = [(row[1], row[2]) for row in base.execute("PRAGMA table_info(patches)")]
        rows = base.execute("SELECT b_text, a_real, c_none, d_date, e_flag, f_count FROM patches").fetchall()
    kinds_written = [("b_text", "TEXT"), ("a_real", "REAL"), ("c_none", "REAL"), ("d_date", "DATE")]
    assert info[2:] == [*kinds_written, ("e_flag", "BOOLEAN"), ("f_count", "INTEGER")]
    assert rows == [("一", 0.1, None, "2025-03-14", 1, None), (None, np.pi, None, None, None, 7)]


def test_other_geometry_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="geometry 1 is not a polygon"):
        write_layer(tmp_path / "a.gpkg", "patches", {}, [shapely.box(0, 0, 1, 1), shapely.Point(0, 0)], "EPSG:4326")
    write_layer(
        tmp_path / "b.gpkg",
        "issues",
        {"code": ["X"]},
        [shapely.Point(0, 0)],
        "EPSG:4326",
        geometry_type="Unknown",
    )
    check_package(tmp_path / "b.gpkg", {"issues": 1})


def test_unequal_lengths_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="column n has 2 values for 1 geometries"):
        write_layer(tmp_path / "a.gpkg", "patches", {"n": [1, 2]}, [shapely.box(0, 0, 1, 1)], "EPSG:4326")


SPOILT = [
    ('DELETE FROM "rtree_patches_geom" WHERE id = 7', "spatial index of patches has 49 entries"),
    ("UPDATE patches SET uid = 'u1' WHERE fid = 3", '"uid" repeat in layer patches'),
]


@pytest.mark.parametrize(("spoil", "said"), SPOILT)
def test_a_spoilt_file_does_not_pass(two: Path, spoil: str, said: str) -> None:
    with closing(sqlite3.connect(two)) as base, base:
        for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            base.create_function(name, 1, lambda _: 0)
        base.execute(spoil)
    with pytest.raises(OSError, match=said):
        check_package(two, {"patches": 50, "counties": 1}, {"patches": ["uid"]})


def test_too_few_rows_do_not_pass(two: Path) -> None:
    with pytest.raises(OSError, match="layer patches has 50 rows, not 51"):
        check_package(two, {"patches": 51})


def test_a_file_cut_short_does_not_pass(two: Path) -> None:
    two.write_bytes(two.read_bytes()[:-8192])
    with pytest.raises((OSError, sqlite3.DatabaseError)):
        check_package(two, {"patches": 50})


def test_several_styles_each_for_its_layer(two: Path) -> None:
    add_style(two, "counties", "<qgis><a/></qgis>", "x" * 50)
    with closing(sqlite3.connect(two)) as base:
        rows = base.execute(
            "SELECT f_table_name, f_geometry_column, styleName, useAsDefault FROM layer_styles"
        ).fetchall()
    assert rows == [("patches", "geom", "patches", 1), ("counties", "geom", "x" * 30, 1)]
