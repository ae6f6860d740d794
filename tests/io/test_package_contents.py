"""What a GeoPackage holds: the same after programs opened it, another after any value of any row was changed."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from pipeline.io.geopackage import add_style, write_layer
from pipeline.io.package_contents import _bytes, contents_digest

ROWS = 7


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gpkg") / "patches.gpkg"
    shapes = [shapely.box(110 + at, 30, 110.5 + at, 30.5) for at in range(ROWS)]
    columns = {
        "name": [f"图斑{at}" for at in range(ROWS)],
        "area": [at / 7 for at in range(ROWS)],
        "note": [None] * ROWS,
    }
    write_layer(path, "patches", columns, shapes, "EPSG:4490", kinds={"note": "text"})
    add_style(path, "patches", "<qgis/>")
    return path


@pytest.fixture
def package(master: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(master, tmp_path / "patches.gpkg"))


def done(*statements: str) -> Callable[[Path], None]:
    def do(path: Path) -> None:
        with closing(sqlite3.connect(path)) as base:
            for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
                base.create_function(name, 1, lambda _: 0)
            for one in statements:
                base.execute(one)
            base.commit()

    return do


OPENED = {
    "in WAL and back": done("PRAGMA journal_mode=WAL", "PRAGMA user_version=9", "PRAGMA journal_mode=DELETE"),
    "extents": done("UPDATE gpkg_contents SET min_x = min_x - 1e-9, last_change = '2025-11-01T00:00:00Z'"),
    "index": done("UPDATE rtree_patches_geom SET maxx = maxx + 1"),
    "reference systems": done("DELETE FROM gpkg_spatial_ref_sys WHERE srs_id = 0"),
    "packed": done("VACUUM"),
}
CHANGED = {
    "a value": done("UPDATE patches SET area = area + 1e-12 WHERE fid = 3"),
    "nothing for a text": done("UPDATE patches SET note = '' WHERE fid = 3"),
    "an outline": done("UPDATE patches SET geom = (SELECT geom FROM patches WHERE fid = 1) WHERE fid = 2"),
    "a row less": done("DELETE FROM patches WHERE fid = 5"),
    "two rows exchanged": done("UPDATE patches SET fid = 99 WHERE fid = 1", "UPDATE patches SET fid = 1 WHERE fid = 2"),
    "a column": done("ALTER TABLE patches ADD COLUMN more TEXT"),
    "a style": done("UPDATE layer_styles SET styleQML = '<other/>'"),
    "the system of its outlines": done("UPDATE gpkg_geometry_columns SET srs_id = -1"),
}


@pytest.mark.parametrize("how", OPENED)
def test_opened_is_the_same(master: Path, package: Path, how: str) -> None:
    OPENED[how](package)
    assert package.read_bytes() != master.read_bytes()
    assert contents_digest(package) == contents_digest(master)


@pytest.mark.parametrize("how", CHANGED)
def test_changed_is_another(master: Path, package: Path, how: str) -> None:
    CHANGED[how](package)
    assert contents_digest(package) != contents_digest(master)


def test_an_open_log_counts_and_is_left_alone(master: Path, package: Path) -> None:
    with closing(sqlite3.connect(package)) as base:
        base.execute("PRAGMA journal_mode=WAL")
        base.execute("PRAGMA wal_autocheckpoint=0")
        assert contents_digest(package) == contents_digest(master)
        base.execute("UPDATE layer_styles SET styleName = 'mine'")
        base.commit()
        before = {one.name: one.read_bytes() for one in package.parent.iterdir() if not one.name.endswith("-shm")}
        assert len(before["patches.gpkg-wal"]) > 0
        assert contents_digest(package) != contents_digest(master)
        assert before == {one.name: one.read_bytes() for one in package.parent.iterdir() if one.name in before}


@pytest.mark.parametrize("data", [b"", b"SQLite format 3\0" + bytes(200), b"no"])
def test_what_is_no_package_is_said(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.gpkg").write_bytes(data)
    with pytest.raises(ValueError, match=r"x\.gpkg"):
        contents_digest(tmp_path / "x.gpkg")


values = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.text(), st.binary())


@given(st.lists(values, max_size=5), st.lists(values, max_size=5))
def test_no_two_lists_of_values_have_the_same_bytes(one: list[object], other: list[object]) -> None:
    same = b"".join(map(_bytes, one)) == b"".join(map(_bytes, other))
    assert same == ([(type(each), repr(each)) for each in one] == [(type(each), repr(each)) for each in other])
