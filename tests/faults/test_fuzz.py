"""What we parse ourselves, given anything at all: a value or a Refusal, never another exception."""

from __future__ import annotations

import io
import json
import re
import struct
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st
from rasterio import Affine
from rasterio.io import MemoryFile

from pipeline.config import read_campaign
from pipeline.errors import Refusal
from pipeline.fields import as_number, iso_date, natural_key, number_text, tidy
from pipeline.intake.expected import read_expected
from pipeline.io.encoding import decide, read_dbf_header
from pipeline.io.geojson import screened_features
from pipeline.io.geopackage_screen import log_frames, screened_tables
from pipeline.io.parser import MAX_DEPTH, depth
from pipeline.io.readers import filegdb, tiff_blocks
from pipeline.io.shapefile import declared_records
from pipeline.io.unpack import unpack
from pipeline.io.width import within_cells, within_columns
from tests.faults.campaign import TOML
from tests.faults.makers import collection, feature, layer

JUNK = st.binary(max_size=300)
EDITS = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=4)), max_size=6)


def edited(data: bytes, edits: list[tuple[float, bytes]], keep: float = 1.0) -> bytes:
    """The bytes with some put over others at relative places, and cut at `keep`."""
    made = bytearray(data)
    for share, piece in edits:
        at = int(share * len(made))
        made[at : at + len(piece)] = piece
    return bytes(made[: int(len(made) * keep)])


def takes(parse: Callable[[Path], object], suffix: str, data: bytes) -> None:
    """Parse a file of these bytes; nothing but a Refusal may come."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"x{suffix}"
        path.write_bytes(data)
        with suppress(Refusal):
            parse(path)


@cache
def whole(suffix: str) -> bytes:
    """An ordinary file of this kind."""
    with tempfile.TemporaryDirectory() as folder:
        lead = ".shp" if suffix in (".shx", ".dbf") else suffix
        path = Path(folder) / f"x{lead}"
        layer(path, [shapely.box(105, 34, 105.1, 34.1)] * 3, JCBH=["1", "2", "3"], XZQMC=["滕州市", "甲", "乙"])
        return path.with_suffix(suffix).read_bytes()


def archive() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name in ("a.shp", "夹/b.dbf", "c.geojson"):
            zipped.writestr(zipfile.ZipInfo(name), b"some text, " * 20)
    return made.getvalue()


def unpacked(path: Path) -> None:
    """Unpack; whatever was made lies in the folder, under a name of ours."""
    folder = path.with_name("unpacked")
    folder.mkdir()
    try:
        for one in unpack(path, folder).members:
            assert one.path.parent == folder
    finally:
        assert all(re.fullmatch(r"\d{4}(\.\w*)?.*", one.name) for one in folder.rglob("*"))
        assert {one.name for one in path.parent.iterdir()} == {path.name, "unpacked"}


@given(EDITS, st.floats(0, 1))
def test_archives(edits: list[tuple[float, bytes]], keep: float) -> None:
    takes(unpacked, ".zip", edited(archive(), edits, keep))


@given(JUNK)
def test_archives_of_nothing(data: bytes) -> None:
    takes(unpacked, ".zip", data)


@given(st.lists(st.text(min_size=1, max_size=20), max_size=4))
@example(["../x", "a", "a"])
@example(["\u0000"])
def test_names_in_archives(names: list[str]) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as zipped:
        for one in dict.fromkeys(names):
            with suppress(UnicodeEncodeError, IndexError):
                zipped.writestr(zipfile.ZipInfo(one), b"x")
    takes(unpacked, ".zip", made.getvalue())


@given(EDITS, st.floats(0, 1), st.sampled_from(["", "gb18030", "utf-8", "nonsense"]))
def test_tables_of_shapefiles(edits: list[tuple[float, bytes]], keep: float, option: str) -> None:
    takes(lambda path: decide(path, None, option), ".dbf", edited(whole(".dbf"), edits, keep))
    takes(read_dbf_header, ".dbf", edited(whole(".dbf"), edits, keep))


@given(JUNK)
def test_code_pages(data: bytes) -> None:
    """Any bytes as a .cpg beside a sound table."""

    def parse(path: Path) -> None:
        path.with_suffix(".dbf").write_bytes(whole(".dbf"))
        decide(path.with_suffix(".dbf"), path, "")

    takes(parse, ".cpg", data)


@cache
def geotiff(tiled: bool, big: str) -> bytes:
    options = {"tiled": tiled, "BIGTIFF": big} | ({"blockxsize": 16, "blockysize": 16} if tiled else {})
    with MemoryFile() as memory:
        profile = {"driver": "GTiff", "count": 1, "width": 40, "height": 40, "dtype": "uint8", "compress": "deflate"}
        with memory.open(**profile, transform=Affine(1, 0, 5, 0, -1, 5), **options) as sink:
            sink.write(np.ones((40, 40), np.uint8), 1)
        return bytes(memory.read())


@given(EDITS, st.floats(0, 1), st.booleans(), st.sampled_from(["YES", "NO"]))
def test_blocks_of_geotiffs(edits: list[tuple[float, bytes]], keep: float, tiled: bool, big: str) -> None:
    takes(tiff_blocks.refuse_damaged, ".tif", edited(geotiff(tiled, big), edits, keep))


@given(st.sampled_from([b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0", b"MM\0+\0\x08\0\0"]), JUNK)
def test_geotiffs_of_nothing(head: bytes, data: bytes) -> None:
    takes(tiff_blocks.refuse_damaged, ".tif", head + data)


@cache
def geodatabase() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        made = layer(Path(folder) / "x.gdb", [shapely.box(105, 34, 105.1, 34.1)] * 3, driver="OpenFileGDB")
        return {one.name: one.read_bytes() for one in made.iterdir()}


@given(st.sampled_from(["a00000001", "a00000009"]), EDITS, EDITS, st.floats(0, 1))
def test_tables_of_filegdb(
    hurt: str, table: list[tuple[float, bytes]], index: list[tuple[float, bytes]], keep: float
) -> None:
    """What is looked at in a FileGDB before GDAL, and to say what GDAL did not."""

    def parse(path: Path) -> None:
        files = geodatabase()
        files = files | {f"{hurt}.gdbtable": edited(files[f"{hurt}.gdbtable"], table, keep)}
        files |= {f"{hurt}.gdbtablx": edited(files[f"{hurt}.gdbtablx"], index)}
        path.mkdir()
        for name, data in files.items():
            (path / name).write_bytes(data)
        filegdb.refuse_damaged(path)
        filegdb.missing_tables(path)
        filegdb.unread_tables(path, {9: ("p", 0)}, {"p": 3})

    with tempfile.TemporaryDirectory() as folder, suppress(Refusal):
        parse(Path(folder) / "x.gdb")


@given(EDITS, EDITS, st.floats(0.8, 1))
def test_indexes_of_shapefiles(shp: list[tuple[float, bytes]], shx: list[tuple[float, bytes]], keep: float) -> None:
    def parse(path: Path) -> None:
        path.with_suffix(".shx").write_bytes(edited(whole(".shx"), shx))
        assert declared_records(path, path.with_suffix(".shx")) <= 3

    takes(parse, ".shp", edited(whole(".shp"), shp, keep))


@given(EDITS, st.floats(0, 1))
def test_geopackages(edits: list[tuple[float, bytes]], keep: float) -> None:
    takes(lambda path: screened_tables(path, {}), ".gpkg", edited(whole(".gpkg"), edits, keep))


@given(JUNK)
def test_write_ahead_logs(data: bytes) -> None:
    assert log_frames(data) >= 0

    def parse(path: Path) -> None:
        log = path.with_name(f"{path.name}-wal")
        log.write_bytes(data)
        screened_tables(path, {".gpkg-wal": log})

    takes(parse, ".gpkg", edited(whole(".gpkg"), [(18 / len(whole(".gpkg")), b"\2\2")]))


@given(EDITS, st.floats(0, 1))
def test_geojson_mutated(edits: list[tuple[float, bytes]], keep: float) -> None:
    text = collection([feature(shapely.box(105, 34, 105.1, 34.1), "滕")] * 2)
    takes(screened_features, ".geojson", edited(text.encode(), edits, keep))


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "features", "geometry", "crs", "properties", "coordinates", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(TREES)
@example({"type": ["FeatureCollection"]})
@example({"type": "FeatureCollection", "features": [1, None]})
def test_json_of_any_shape(tree: object) -> None:
    takes(screened_features, ".geojson", json.dumps(tree).encode())


@given(JUNK | st.lists(st.sampled_from([b"\1\7\0\0\0\1\0\0\0", b"\0\0\0\0\7\0\0\0\1", b"\1\1\0\0\0"])).map(b"".join))
def test_depth_of_anything(data: bytes) -> None:
    assert 0 <= depth(data) <= MAX_DEPTH + 1


@given(st.integers(0, 40))
def test_depth_counts(levels: int) -> None:
    data = b"\1\7\0\0\0\1\0\0\0" * levels + struct.pack("<BIdd", 1, 1, 0.0, 0.0)
    assert depth(data) == min(levels, MAX_DEPTH + 1)


def test_tables_beyond_all_measure_are_refused() -> None:
    within_cells(1_000_000, 40)
    with pytest.raises(Refusal):
        within_cells(1_000_000, 60)
    with pytest.raises(Refusal):
        within_columns(501)


ANYTHING = st.text(max_size=30) | st.from_regex(r"[\d年月日.\-/Ee+ ,]{0,20}")


@given(ANYTHING)
@example("9" * 4000)
@example("99991399")
def test_dates_and_numbers(text: str) -> None:
    day = iso_date(text)
    assert day == "" or re.fullmatch(r"\d{4}-\d{2}(-\d{2})?", day, re.ASCII)
    assert iso_date(day) == day
    number = as_number(text)
    assert number is None or isinstance(number, float)
    assert tidy(tidy(text)) == tidy(text)
    assert tidy(number_text(text)) == number_text(text)


def test_numbers_of_any_length_can_be_ordered() -> None:
    assert natural_key("9" * 4999) < natural_key("9" * 5000)


@given(
    JUNK
    | st.lists(st.sampled_from([b"code", b"patches", b",", b"\n", b'"', b"620101", b"3", b"\xff", b"\0"])).map(b"".join)
)
@example(b"code,patches\n620101," + b"9" * 5000)
@example(b"code,patches\n\xe5\x9b\xbe,1\n")
def test_announcements(data: bytes) -> None:
    takes(read_expected, ".csv", data)


@given(EDITS, st.floats(0, 1))
def test_campaign_files_mutated(edits: list[tuple[float, bytes]], keep: float) -> None:
    takes(read_campaign, ".toml", edited(TOML.encode(), edits, keep))


WORDS = [
    "[campaign]",
    "[inputs]",
    "[office]",
    "[clip]",
    "[ingest]",
    "[inputs.patch_fields]",
    "[[inputs.before]]",
    "x=1",
]
WORDS += ['id="F1"', 'title="t"', "map_date=2025-10-08", "map_date=1", "patches=[]", "patches=1", 'patches=["*"]']
WORDS += ['counties="x"', "levels=[2,5]", "levels=[[1]]", "before=[1]", 'before=[{path="*"}]', 'expected="x"', "id=nan"]
WORDS += [
    'profile="cn"',
    'profile="../x"',
    'language="xx"',
    "fragment_m2='a'",
    "quarantine_share=-1",
    'patches="\\u0000"',
]


@given(st.lists(st.sampled_from(WORDS), max_size=12))
def test_campaign_files_of_any_words(words: list[str]) -> None:
    takes(read_campaign, ".toml", "\n".join(words).encode())
