"""FileGDB, KML and FlatGeobuf: every layer, every record counted, nothing taken for whole that is not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
import shapely

from pipeline.errors import Refusal
from pipeline.io.readers.filegdb import lay_out
from pipeline.io.readers.flatgeobuf import features_of
from pipeline.io.readers.gdal_vectors import DRIVERS, read_filegdb, read_flatgeobuf, read_kml
from pipeline.io.readers.raw import Raw
from tests.io.readers.damage import cuts, flips, outcome, records, settled

RING = "<LinearRing><coordinates>0,0 1,0 1,1 0,0</coordinates></LinearRing>"
POLYGON = f"<Polygon><outerBoundaryIs>{RING}</outerBoundaryIs></Polygon>"


def frame(count: int = 40) -> gpd.GeoDataFrame:
    shapes = [shapely.box(at, 0, at + 1, 1) for at in range(count)]
    return gpd.GeoDataFrame({"编号": [f"{at:03d}" for at in range(count)]}, geometry=shapes, crs="EPSG:4490")


def placemark(name: str) -> str:
    return f"<Placemark><name>{name}</name>{POLYGON}</Placemark>"


def kml(path: Path, inside: str, head: str = "") -> Path:
    path.write_text(
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<kml xmlns="http://www.opengis.net/kml/2.2">'
        f"<Document>{inside}</Document></kml>",
        encoding="utf-8",
    )
    return path


def test_the_drivers_are_there() -> None:
    assert set(DRIVERS) <= set(pyogrio.list_drivers(read=True))


def test_every_folder_of_a_kml_is_a_layer(tmp_path: Path) -> None:
    folders = f"<Folder><name>甲</name>{placemark('b')}<Folder><name>乙</name>{placemark('c')}</Folder></Folder>"
    found = read_kml(kml(tmp_path / "a.kml", placemark("a") + folders + "<!-- <Placemark/> -->"))
    assert [one.fields["Name"] for one in found] == [["a"], ["b"], ["c"]]
    assert found[1].name == "甲"
    assert all(shapely.from_wkb(one.wkb[0]).area == 0.5 for one in found)


def test_network_links_are_counted(tmp_path: Path) -> None:
    link = "<NetworkLink><Link><href>http://127.0.0.1:9/x.kml</href></Link></NetworkLink>"
    path = kml(tmp_path / "a.kml", placemark("a") + link * 2)
    (said,) = read_kml(path)[0].remarks
    assert (said.code, said.facts) == ("LINKS_NOT_FOLLOWED", {"count": 2, "first": "http://127.0.0.1:9/x.kml"})
    assert read_kml(path, ["http://127.0.0.1:9/x.kml"])[0].remarks == []  # what lies beside it is read anyway
    with pytest.raises(Refusal, match="no patch and 1 network"):
        read_kml(kml(tmp_path / "b.kml", link))


@pytest.mark.parametrize(
    ("head", "inside", "words"),
    [
        ('<!DOCTYPE k [<!ENTITY a "b">]>', "&a;", "DOCTYPE"),
        ("", "<Placemark>", "XML is damaged"),
        ("", "", "no layer"),
    ],
)
def test_kml_that_declares_or_lacks_is_refused(tmp_path: Path, head: str, inside: str, words: str) -> None:
    with pytest.raises(Refusal, match=words):
        read_kml(kml(tmp_path / "a.kml", inside, head))


def test_disguises_are_refused(tmp_path: Path) -> None:
    for name, text in (("a.kml", "<OGRVRTDataSource/>"), ("b.kml", '{"type": "gdal_streamed_alg"}')):
        (tmp_path / name).write_text(text)
        with pytest.raises(Refusal):
            read_kml(tmp_path / name)
        with pytest.raises(Refusal, match="not FlatGeobuf"):
            read_flatgeobuf(tmp_path / name)


@pytest.mark.parametrize("index", ["YES", "NO"])
def test_flatgeobuf_comes_whole(tmp_path: Path, index: str) -> None:
    path = tmp_path / "a.fgb"
    frame().to_file(path, driver="FlatGeobuf", SPATIAL_INDEX=index)
    assert features_of(path) == 40
    (raw,) = read_flatgeobuf(path)
    assert sorted(raw.fields["编号"]) == [f"{at:03d}" for at in range(40)]  # type: ignore[type-var]
    assert "4490" in raw.crs


@pytest.mark.parametrize("index", ["YES", "NO"])
def test_damaged_flatgeobuf_is_refused_or_whole(tmp_path: Path, index: str) -> None:
    path = tmp_path / "a.fgb"
    frame().to_file(path, driver="FlatGeobuf", SPATIAL_INDEX=index)
    _sweep(read_flatgeobuf, path, 40)


def test_damaged_kml_is_refused_or_whole(tmp_path: Path) -> None:
    _sweep(read_kml, kml(tmp_path / "a.kml", "".join(placemark(f"{at}") for at in range(40))), 40)


def _sweep(read: Callable[[Path], list[Raw]], path: Path, count: int) -> None:
    data = path.read_bytes()
    for cut in cuts(data):
        assert not outcome(read, path, cut)
    for flipped in flips(data):
        found = outcome(read, path, flipped)
        assert not found or records(found) == count


def geodatabase(folder: Path) -> Path:
    frame().to_file(folder, driver="OpenFileGDB", layer="图斑", engine="pyogrio")
    frame(5).to_file(folder, driver="OpenFileGDB", layer="more", engine="pyogrio", mode="a")
    return folder


def test_every_layer_of_a_filegdb(tmp_path: Path) -> None:
    found = read_filegdb(geodatabase(tmp_path / "a.gdb"))
    assert [(one.name, len(one.rows)) for one in found] == [("图斑", 40), ("more", 5)]
    (tmp_path / "nothing.gdb").mkdir()
    (tmp_path / "a.gdb" / "link").symlink_to("/etc/hostname")
    with pytest.raises(Refusal, match="no plain file"):
        read_filegdb(tmp_path / "a.gdb")
    with pytest.raises(Refusal, match="is missing"):
        read_filegdb(tmp_path / "nothing.gdb")


def laid_out(given: Path, folder: Path) -> list[str]:
    return lay_out({one.name: one for one in given.iterdir()}, folder)


def test_only_the_tables_of_a_filegdb_are_laid_out(tmp_path: Path) -> None:
    given, own = geodatabase(tmp_path / "a.gdb"), tmp_path / "own.gdb"
    (given / "x.exe").write_bytes(b"")
    (given / "_gdb.HOST.1.2.sr.lock").write_bytes(b"")
    others = laid_out(given, own)
    assert others == ["x.exe"]
    assert {one.suffix for one in own.iterdir()} == {".gdbtable", ".gdbtablx"}
    found = read_filegdb(own, others)
    assert [len(one.rows) for one in found] == [40, 5]
    assert any("x.exe" in one for one in found[0].notes)


def test_a_compressed_filegdb_is_refused(tmp_path: Path) -> None:
    given = geodatabase(tmp_path / "a.gdb")
    for name in ("a00000009.cdf", "P.SDC"):
        (given / name).write_bytes(b"")
        with pytest.raises(Refusal, match="compressed"):
            laid_out(given, tmp_path / f"{name}.gdb")
        (given / name).unlink()
    (given / "A00000009.GDBTABLE").write_bytes(b"")
    with pytest.raises(Refusal, match="twice"):
        laid_out(given, tmp_path / "twins.gdb")


@pytest.mark.parametrize(
    ("gone", "words"),
    [
        (["a00000009.gdbtable"], "gdbtable is missing"),
        (["a00000009.gdbtablx"], "gdbtablx is missing"),
        (["a00000009.gdbtable", "a00000009.gdbtablx"], "table of 图斑"),
        (["a00000001.gdbtablx"], "gdbtablx is missing"),
        (["a00000004.gdbtable", "a00000004.gdbtablx"], "FileGDB cannot be read"),
    ],
)
def test_a_filegdb_without_a_table_is_refused(tmp_path: Path, gone: list[str], words: str) -> None:
    whole = geodatabase(tmp_path / "a.gdb")
    for one in gone:
        (whole / one).unlink()
    with pytest.raises(Refusal, match=words):
        read_filegdb(whole)


def test_records_beside_the_catalog_are_missed(tmp_path: Path) -> None:
    """A table that no catalog names, and one whose header says that it has more."""
    whole = geodatabase(tmp_path / "a.gdb")
    for suffix in (".gdbtable", ".gdbtablx"):
        shutil.copyfile(whole / f"a0000000a{suffix}", whole / f"a00000020{suffix}")
    with pytest.raises(Refusal, match=r"5 records stand in a00000020.gdbtable, of which 0"):
        read_filegdb(whole)
    for suffix in (".gdbtable", ".gdbtablx"):
        (whole / f"a00000020{suffix}").unlink()
    data = bytearray((whole / "a0000000a.gdbtable").read_bytes())
    data[4] = 6
    (whole / "a0000000a.gdbtable").write_bytes(data)
    with pytest.raises(Refusal, match="5"):
        read_filegdb(whole)


@pytest.mark.parametrize("suffix", [".gdbtable", ".gdbtablx"])
def test_damaged_filegdb_is_refused_or_whole(tmp_path: Path, suffix: str) -> None:
    whole = geodatabase(tmp_path / "a.gdb")
    target = max((one for one in whole.iterdir() if one.suffix == suffix), key=lambda one: one.name)
    data, hurt = target.read_bytes(), tmp_path / "b.gdb"
    for changed in [*cuts(data), *flips(data)]:
        shutil.rmtree(hurt, ignore_errors=True)
        shutil.copytree(whole, hurt)
        (hurt / target.name).write_bytes(changed)
        found = settled(read_filegdb, hurt)
        assert not found or records(found) == 45
