"""What belongs together, what it is called, and what cannot be opened."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.engine.digest import file_digest
from pipeline.io.received import delivery_of, group, shown_names


def touch(folder: Path, *names: str) -> list[Path]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return [folder / one for one in names]


def grouped(paths: list[Path]) -> list[list[str]]:
    return [[one.name for one in files] for _, files in group(paths)]


def test_parts_follow_their_shapefile(tmp_path: Path) -> None:
    paths = touch(tmp_path, "A.SHP", "a.dbf", "A.Shx", "a.shp.xml", "b.gpkg", "b.gpkg-wal", "c.dbf")
    assert grouped(paths) == [["A.SHP", "A.Shx", "a.dbf", "a.shp.xml"], ["b.gpkg", "b.gpkg-wal"], ["c.dbf"]]


def test_names_that_differ_by_case_stay_two_shapefiles(tmp_path: Path) -> None:
    paths = touch(tmp_path, "A.shp", "A.dbf", "a.shp", "a.dbf", "A.SHP")
    assert grouped(paths) == [["A.SHP"], ["A.dbf", "A.shp"], ["a.dbf", "a.shp"]]


def test_folders_stand_for_what_was_not_named(tmp_path: Path) -> None:
    files = touch(tmp_path, "x.gdb/a1.gdbtable", "full/p.gpkg", "unread/p.gpkg", "q.gpkg")
    (tmp_path / "empty").mkdir()
    folders = [one for one in tmp_path.iterdir() if one.is_dir()]
    assert [lead.name for lead, _ in group([*folders, files[1], files[3]])] == ["p.gpkg", "q.gpkg", "unread", "x.gdb"]
    assert [lead.name for lead, _ in group([tmp_path / "x.gdb", files[0]])] == ["x.gdb"]


def test_a_filegdb_is_its_files_without_locks(tmp_path: Path) -> None:
    touch(tmp_path, "x.gdb/a00000001.gdbtable", "x.gdb/h.1.sr.lock", "x.gdb/timestamps", "y/a00000001.gdbtable")
    ((lead, files), (other, _)) = group([tmp_path / "x.gdb", tmp_path / "y"])
    assert (lead.name, other.name) == ("x.gdb", "y")
    assert [one.name for one in files] == ["a00000001.gdbtable", "timestamps"]
    found = delivery_of("x.gdb", lead, files, file_digest)
    assert (found.kind, len(found.parts)) == ("filegdb", 2)
    (tmp_path / "x.gdb").rename(tmp_path / "z.gdb")
    ((lead, files),) = group([tmp_path / "z.gdb"])
    assert delivery_of("z.gdb", lead, files, file_digest).key == found.key
    (tmp_path / "z.gdb" / "more").mkdir()
    ((lead, files),) = group([tmp_path / "z.gdb", tmp_path / "z.gdb" / "more"])
    assert delivery_of("z.gdb", lead, files, file_digest).problem == "more in it is a folder, and only files are read"
    (tmp_path / "l.gdb").symlink_to(tmp_path / "z.gdb")
    ((lead, files),) = group([tmp_path / "l.gdb", *(tmp_path / "l.gdb").iterdir()])
    assert "link" in delivery_of("l.gdb", lead, files, file_digest).problem


def test_what_lies_beside_a_geotiff_follows_it(tmp_path: Path) -> None:
    beside = ("m.tif", "m.tif.aux.xml", "m.tif.vat.dbf", "m.tfw", "M.TIF.ovr", "n.tfw", "o.aux.xml")
    assert grouped(touch(tmp_path, *beside)) == [
        ["M.TIF.ovr"],
        ["m.tfw", "m.tif", "m.tif.aux.xml", "m.tif.vat.dbf"],
        ["n.tfw"],
        ["o.aux.xml"],
    ]


def test_names_tell_deliveries_apart(tmp_path: Path) -> None:
    paths = touch(tmp_path, "1/p.shp", "2/p.shp", "q.shp")
    assert list(shown_names(paths).values()) == ["1/p.shp", "2/p.shp", "q.shp"]


def test_what_cannot_be_opened_says_why(tmp_path: Path) -> None:
    (real,) = touch(tmp_path, "p.gpkg")
    (tmp_path / "l.gpkg").symlink_to(real)
    (tmp_path / "gone.gpkg").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "f.gpkg")
    for name, why in (("l", "link"), ("gone", "link"), ("f", "regular"), ("never", "cannot be opened")):
        path = tmp_path / f"{name}.gpkg"
        found = delivery_of(path.name, path, [path], file_digest)
        assert why in found.problem
        assert found.kind == ""
    assert delivery_of("p", real, [real], file_digest).problem == ""


def test_the_same_bytes_under_another_suffix_are_another_reading(tmp_path: Path) -> None:
    one, other = touch(tmp_path, "p.gpkg", "p.geojson")
    other.write_bytes(one.read_bytes())
    first, second = (delivery_of(path.name, path, [path], file_digest) for path in (one, other))
    assert first.digest == second.digest
    assert first.key != second.key
