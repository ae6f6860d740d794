"""Table A: hostile containers, and documents that would have a program look elsewhere."""

from __future__ import annotations

import json
import os
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from tests.faults.fault import Fault, Spot, accepted, not_read, recorded, refused
from tests.faults.makers import (
    collection,
    cut,
    edited,
    feature,
    geopackage,
    layer,
    patched,
    shapefile,
    shapefile_members,
    writes,
    zipped,
)


def vrt(spot: Spot) -> str:
    """An OGR VRT that reads the bait as its own layer."""
    source = f"<SrcDataSource>{spot.bait}</SrcDataSource><SrcLayer>{spot.bait.stem}</SrcLayer>"
    return f'<OGRVRTDataSource><OGRVRTLayer name="p">{source}</OGRVRTLayer></OGRVRTDataSource>'


def vrt_far(spot: Spot) -> str:
    return vrt(spot).replace(str(spot.bait), f"/vsicurl/{spot.hook}vrt.geojson")


def gdalg(spot: Spot) -> str:
    return json.dumps({"type": "gdal_streamed_alg", "command_line": f"gdal vector pipeline ! read {spot.bait}"})


def gdalg_late(spot: Spot) -> str:
    """The same with its mark behind the first blocks of the file."""
    return json.dumps({"x": " " * 200_000} | json.loads(gdalg(spot)))


def wfs(spot: Spot) -> str:
    return f"<OGRWFSDataSource><URL>{spot.hook}wfs</URL></OGRWFSDataSource>"


def wms(spot: Spot) -> str:
    service = f'<Service name="WMS"><ServerUrl>{spot.hook}wms?</ServerUrl><Layers>x</Layers></Service>'
    size = "<SizeX>9</SizeX><SizeY>9</SizeY>"
    return f"<GDAL_WMS>{service}<DataWindow>{size}</DataWindow><BandsCount>3</BandsCount></GDAL_WMS>"


def raster_vrt(spot: Spot) -> str:
    raw = f"<SourceFilename relativetoVRT='0'>{spot.bait}</SourceFilename><ImageOffset>0</ImageOffset>"
    raw += "<PixelOffset>1</PixelOffset><LineOffset>8</LineOffset>"
    band = f'<VRTRasterBand dataType="Byte" band="1" subClass="VRTRawRasterBand">{raw}</VRTRasterBand>'
    return f'<VRTDataset rasterXSize="8" rasterYSize="1">{band}</VRTDataset>'


def esri_service(spot: Spot) -> str:
    """The first page of a feature service, which tells its reader to fetch the next one."""
    return collection([feature(spot.box())], properties={"exceededTransferLimit": True}, url=spot.hook)


def link(spot: Spot) -> str:
    crs = {"type": "link", "properties": {"href": f"{spot.hook}crs", "type": "proj4"}}
    return collection([feature(spot.box())], crs=crs)


def link_spread(spot: Spot) -> str:
    """The same with the key written in escapes and spread over lines."""
    return link(spot).replace('"crs"', '"\\u0063rs"\n').replace('"link"', '\n"l\\u0069nk"')


def link_last(spot: Spot) -> str:
    """The same behind the features, with another object between."""
    crs = {"properties": {"note": {"a": 1}, "href": f"{spot.hook}crs"}, "type": "link"}
    text = collection([feature(spot.box())])
    return text[:-1] + f', "crs": {json.dumps(crs)}' + "}"


def in_zip(content: Callable[[Spot], str], member: str) -> Callable[[Spot], None]:
    def build(spot: Spot) -> None:
        zipped(spot, [(member, content(spot).encode())])

    return build


def vrt_as_shp(spot: Spot) -> None:
    """A VRT under the name of each part of a shapefile that GDAL opens first."""
    parts = shapefile(spot)
    parts[".shp"].write_text(vrt(spot), encoding="utf-8")


def vrt_beside(spot: Spot) -> None:
    """A good shapefile with a VRT beside it under the same stem."""
    shapefile(spot, 2)
    spot.file(".vrt").write_text(vrt(spot), encoding="utf-8")


def sql(*statements: str, count: int = 3) -> Callable[[Spot], None]:
    """A GeoPackage of three boxes on which these statements were run."""

    def build(spot: Spot) -> None:
        edited(geopackage(spot, count), *(one.replace("$BAIT", str(spot.bait)) for one in statements))

    return build


def view(select: str) -> Callable[[Spot], None]:
    """A GeoPackage whose layer v is a view."""
    contents = (
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('v', 'features', 'v', 4490)"
    )
    columns = "INSERT INTO gpkg_geometry_columns VALUES ('v', 'geom', 'POLYGON', 4490, 0, 0)"
    return sql(f"CREATE VIEW v AS {select}", contents, columns)


def fake_feature_table(name: str) -> Callable[[Spot], None]:
    """A GeoPackage whose list of contents names something of SQLite's own as a layer."""
    values = f"('{name}', 'features', 'x', 4490)"
    return sql(f"INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES {values}")


def sqlite_virtual(spot: Spot) -> None:
    path = geopackage(spot)
    edited(
        path,
        "PRAGMA writable_schema=1",
        "INSERT INTO sqlite_master VALUES ('table', 'v', 'v', 0, 'CREATE VIRTUAL TABLE v USING VirtualOGR("
        f'"{spot.bait}")\')',
    )
    path.rename(spot.file(".sqlite"))


def wal(with_log: bool, damaged: bool = False) -> Callable[[Spot], None]:
    """A GeoPackage copied while open: the last edit stands in its write-ahead log only."""

    def build(spot: Spot) -> None:
        import shutil
        import sqlite3

        path = geopackage(spot)
        edited(path)
        base = sqlite3.connect(path)
        base.execute("PRAGMA synchronous=OFF")
        base.execute("PRAGMA journal_mode=WAL")
        base.execute("PRAGMA wal_autocheckpoint=0")
        base.execute("UPDATE p SET JCBH = 'late' WHERE fid = 1")
        base.commit()
        base.execute("UPDATE p SET JCBH = 'later' WHERE fid = 2")
        base.commit()
        copies = [f"{path}{tail}" for tail in ("", "-wal")]
        held = [(one, shutil.copy(one, f"{one}.copy")) for one in copies]
        base.close()
        for one, copy in held:
            shutil.move(copy, one)
        log = path.with_name(f"{path.name}-wal")
        if damaged:
            patched(log, log.stat().st_size - 100, b"\xff" * 8)
        if not with_log:
            log.unlink()

    return build


def journal(spot: Spot) -> None:
    """A GeoPackage copied in the middle of a transaction, with its rollback journal."""
    path = geopackage(spot)
    path.with_name(f"{path.name}-journal").write_bytes(bytes.fromhex("d9d505f920a163d7") + bytes(504))


def twins(first: str, second: str) -> Callable[[Spot], None]:
    def build(spot: Spot) -> None:
        one = dict(shapefile_members(spot))
        other = dict(shapefile_members(spot, first=3))
        members = list(one.items()) + [(first, b"")] if first != "p.shp" else list(one.items())
        with zipfile.ZipFile(spot.file(".zip"), "w") as archive:
            for name, data in members:
                archive.writestr(name, data)
            import warnings

            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                archive.writestr(second, other["p.shp"])

    return build


def two_layers(spot: Spot) -> None:
    layer(spot.file(".gpkg"), spot.boxes(2), name="a")
    layer(spot.file(".gpkg"), [spot.box(3)], name="b")


def two_shapefiles(spot: Spot) -> None:
    zipped(spot, shapefile_members(spot, "a", 2) + shapefile_members(spot, "b", 1, first=4))


def member(name: str) -> Callable[[Spot], None]:
    def build(spot: Spot) -> None:
        zipped(spot, [*shapefile_members(spot), (name, b"x")])

    return build


def name_with_nul(name: bytes, in_utf8: bool = False) -> Callable[[Spot], None]:
    """A NUL (for X) in the name of a member, in both of its headers."""

    def build(spot: Spot) -> None:
        zipped(spot, [(name.decode(), collection([feature(spot.box())]).encode())])
        data = bytearray(spot.file(".zip").read_bytes().replace(name, name.replace(b"X", b"\0")))
        if in_utf8:
            data[7] |= 8
            data[data.index(b"PK\1\2") + 9] |= 8
        spot.file(".zip").write_bytes(bytes(data))

    return build


def link_member(spot: Spot) -> None:
    info = zipfile.ZipInfo("p.shp")
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    zipped(spot, [(info, str(spot.bait).encode())])


def link_in_folder(suffix: str) -> Callable[[Spot], None]:
    """One part of a delivery is a link to something elsewhere."""

    def build(spot: Spot) -> None:
        if suffix in (".shp", ".dbf"):
            shapefile(spot)
            spot.file(suffix).unlink()
        spot.file(suffix).symlink_to(spot.bait)

    return build


def pipe(spot: Spot) -> None:
    os.mkfifo(spot.file(".gpkg"))


def bomb(spot: Spot) -> None:
    """64 MiB of nothing in 64 kB."""
    zipped(spot, [("p.geojson", bytes(64 << 20))])


def lying_bomb(spot: Spot) -> None:
    """A bomb whose headers say that it is small."""
    zipped(spot, [("p.geojson", bytes(32 << 20))])
    data = spot.file(".zip").read_bytes()
    spot.file(".zip").write_bytes(data.replace(struct.pack("<I", 32 << 20), struct.pack("<I", 1000)))


def many_members(spot: Spot) -> None:
    zipped(spot, [(f"{at}.txt", b"") for at in range(3000)], method=0)


def overlapping_bomb(spot: Spot) -> None:
    """Many entries of the directory that all point to the same compressed bytes."""
    data = zlib.compressobj(9, zlib.DEFLATED, -15)
    kernel = data.compress(bytes(1 << 20)) + data.flush()
    crc = zlib.crc32(bytes(1 << 20))
    head = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 33, crc, len(kernel), 1 << 20, 1, 0)
    local = b"PK\3\4" + head + b"p" + kernel
    entry = b"PK\1\2" + struct.pack("<H", 20) + head + struct.pack("<HHHII", 0, 0, 0, 0, 0) + b"p"
    entries = b"".join(entry[:-1] + bytes([97 + at]) for at in range(20))
    end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 20, 20, len(entries), len(local), 0)
    spot.file(".zip").write_bytes(local + entries + end)


def wrong_crc(spot: Spot) -> None:
    """One byte of a stored member is another."""
    members = dict(shapefile_members(spot))
    zipped(spot, members.items(), method=0)
    at = spot.file(".zip").read_bytes().index(members["p.shp"]) + 150
    patched(spot.file(".zip"), at, b"\x99")


def encrypted(spot: Spot) -> None:
    """The flag of encryption is set, in both headers."""
    zipped(spot, [("p.geojson", collection([feature(spot.box())]).encode())])
    data = bytearray(spot.file(".zip").read_bytes())
    data[6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    spot.file(".zip").write_bytes(bytes(data))


def gbk_names(spot: Spot) -> None:
    """Names in GBK without the flag of UTF-8, as Chinese Windows writes them."""
    zipped(spot, shapefile_members(spot, "XXXX"))
    name = "图斑".encode("gbk")
    spot.file(".zip").write_bytes(spot.file(".zip").read_bytes().replace(b"XXXX", name))


def odd_folders(spot: Spot) -> None:
    """A sub-folder, the litter of a Mac, and suffixes in capitals."""
    members = [(f"某县/成果/{name.upper()}", data) for name, data in shapefile_members(spot, count=2)]
    zipped(spot, [*members, ("__MACOSX/某县/._P.SHP", b"litter"), ("某县/.DS_Store", b"litter")])


def nested_zip(spot: Spot) -> None:
    inner = zipped(spot, shapefile_members(spot)).read_bytes()
    zipped(spot, [("inner.zip", inner), *shapefile_members(spot, first=5)])


def kml(body: str, head: str = "") -> str:
    return f'<?xml version="1.0"?>{head}<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{body}</Document></kml>'


def kml_mark(spot: Spot) -> str:
    ring = " ".join(f"{x},{y},0" for x, y in spot.box().exterior.coords)
    outer = f"<outerBoundaryIs><LinearRing><coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs>"
    return f"<Placemark><name>1</name><Polygon>{outer}</Polygon></Placemark>"


def two_folders(spot: Spot) -> str:
    second = replace(spot, lon_deg=spot.lon_deg + 0.003)
    return kml("".join(f"<Folder><name>f</name>{kml_mark(one)}</Folder>" for one in (spot, second)))


def network_link(spot: Spot) -> str:
    return kml(kml_mark(spot) + f"<NetworkLink><Link><href>{spot.hook}</href></Link></NetworkLink>")


LAUGHS = "<!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;'>]>"


def xxe(spot: Spot) -> str:
    return kml(kml_mark(spot) + "<name>&e;</name>", f"<!DOCTYPE x [<!ENTITY e SYSTEM '{spot.bait}'>]>")


def gpx(spot: Spot) -> str:
    """Another format of XML under a name that is read."""
    return f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "{spot.bait}">]><gpx>&e;</gpx>'


def gdb(spot: Spot, count: int = 3) -> Path:
    """A folder of a FileGDB with one layer."""
    return layer(spot.file(".gdb"), spot.boxes(count), driver="OpenFileGDB")


def gdb_folder(spot: Spot) -> None:
    gdb(spot)


def in_gdb(name: str, content: bytes | Callable[[Spot], str]) -> Callable[[Spot], None]:
    """A FileGDB in whose folder a file has this content."""

    def build(spot: Spot) -> None:
        data = content if isinstance(content, bytes) else content(spot).encode()
        (gdb(spot) / name).write_bytes(data)

    return build


def gdb_link(name: str) -> Callable[[Spot], None]:
    """A FileGDB one of whose files is a link to something elsewhere."""

    def build(spot: Spot) -> None:
        (gdb(spot) / name).unlink(missing_ok=True)
        (spot.file(".gdb") / name).symlink_to(spot.bait)

    return build


def gdb_is_a_link(spot: Spot) -> None:
    gdb(spot).rename(spot.folder.parent.parent / "elsewhere.gdb")
    spot.file(".gdb").symlink_to(spot.folder.parent.parent / "elsewhere.gdb")


def gdb_with_a_folder(spot: Spot) -> None:
    (gdb(spot) / "more").mkdir()
    (spot.file(".gdb") / "more" / "p.geojson").write_text(collection([feature(spot.box())]), encoding="utf-8")


def gdb_without(*names: str) -> Callable[[Spot], None]:
    def build(spot: Spot) -> None:
        made = gdb(spot)
        for name in names:
            (made / name).unlink()

    return build


def gdb_cut(name: str, share: float) -> Callable[[Spot], None]:
    def build(spot: Spot) -> None:
        cut(gdb(spot) / name, share)

    return build


def gdb_count(count: int) -> Callable[[Spot], None]:
    """A table whose header says that it has `count` records; there are three."""

    def build(spot: Spot) -> None:
        patched(gdb(spot) / f"{_OWN}table", 4, struct.pack("<I", count))

    return build


def gdb_table_forgotten(spot: Spot) -> None:
    """A table of patches that no catalog names."""
    made = gdb(spot)
    for suffix in ("table", "tablx"):
        shutil.copyfile(made / f"{_OWN}{suffix}", made / f"a00000010.gdb{suffix}")


def gdb_members(spot: Spot, home: str) -> list[tuple[str, bytes]]:
    """The files of a FileGDB as members of an archive; nothing stays in the folder."""
    made = gdb(spot)
    members = [(f"{home}{one.name}", one.read_bytes()) for one in sorted(made.iterdir())]
    shutil.rmtree(made)
    return members


def zipped_gdb(home: str, **more: bytes) -> Callable[[Spot], None]:
    def build(spot: Spot) -> None:
        zipped(spot, [*gdb_members(spot, home), *more.items()])

    return build


def gdb_link_in_zip(spot: Spot) -> None:
    info = zipfile.ZipInfo("x.gdb/a00000020.gdbtable")
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    zipped(spot, [*gdb_members(spot, "x.gdb/"), (info, str(spot.bait).encode())])


def renamed_gdb(spot: Spot) -> None:
    """A FileGDB whose folder lost its suffix."""
    gdb(spot).rename(spot.folder / f"{spot.stem}.bak")


def kmz(*members: tuple[str, Callable[[Spot], str | bytes]]) -> Callable[[Spot], None]:
    def build(spot: Spot) -> None:
        _kmz(spot, members).rename(spot.file(".kmz"))

    return build


def kmz_in_zip(*members: tuple[str, Callable[[Spot], str | bytes]]) -> Callable[[Spot], None]:
    def build(spot: Spot) -> None:
        inner = _kmz(spot, members).read_bytes()
        zipped(spot, [("某县/p.kmz", inner), *shapefile_members(spot, first=5)])

    return build


def _kmz(spot: Spot, members: Sequence[tuple[str, Callable[[Spot], str | bytes]]]) -> Path:
    made = [(name, content(spot)) for name, content in members]
    return zipped(spot, [(name, one if isinstance(one, bytes) else one.encode()) for name, one in made])


def cut_kmz(spot: Spot) -> None:
    kmz(("doc.kml", doc))(spot)
    cut(spot.file(".kmz"), 0.7)


def doc(spot: Spot) -> str:
    return kml(kml_mark(spot))


def doc_with_links(spot: Spot) -> str:
    """A link into the archive, which is read anyway, and one to elsewhere."""
    links = ("files/more.kml", spot.hook)
    return kml(kml_mark(spot) + "".join(f"<NetworkLink><Link><href>{one}</href></Link></NetworkLink>" for one in links))


def second_doc(spot: Spot) -> str:
    return kml(kml_mark(replace(spot, lon_deg=spot.lon_deg + 0.003)))


def picture(_: Spot) -> bytes:
    return b"\x89PNG"


_OWN = "a00000009.gdb"  # the one table of patches


_EVER = "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT i AS fid, NULL AS geom FROM c"
_BIG = "SELECT fid, zeroblob(900000000) AS geom FROM p"
_FEWER = "SELECT * FROM p WHERE fid < 3"
_PATH = "SELECT 1 AS fid, file AS geom FROM pragma_database_list"
_LATER = "SELECT fid, geom, strftime('%f') AS JCBH FROM p"

A: tuple[Fault, ...] = (
    refused("A1", "vrt_as_geojson", writes(".geojson", vrt), "instructions to a program"),
    refused("A1", "vrt_far_as_geojson", writes(".geojson", vrt_far), "instructions to a program"),
    refused("A1", "vrt_as_json", writes(".json", vrt), "instructions to a program"),
    refused(
        "A1",
        "vrt_behind_spaces",
        writes(".geojson", lambda spot: " \n" * 50_000 + vrt(spot)),
        "instructions|not GeoJSON",
    ),
    refused("A1", "vrt_as_gpkg", writes(".gpkg", vrt), "not a GeoPackage"),
    refused("A1", "vrt_as_shp", vrt_as_shp, r"\.shp has no valid header"),
    refused("A1", "vrt_as_zip", writes(".zip", vrt), "archive is damaged"),
    refused("A1", "vrt_in_zip", in_zip(vrt, "p.geojson"), "instructions to a program"),
    refused(
        "A1", "vrt_in_utf16", writes(".geojson", lambda spot: vrt(spot).encode("utf-16")), "instructions|not GeoJSON"
    ),
    accepted("A1", "vrt_beside_shapefile", vrt_beside, 2),
    refused("A2", "gdalg_as_geojson", writes(".geojson", gdalg), "instructions to a program"),
    refused("A2", "gdalg_mark_far_behind", writes(".geojson", gdalg_late), "GeoJSON|instructions"),
    refused("A2", "gdalg_in_zip", in_zip(gdalg, "p.json"), "instructions to a program"),
    refused("A3", "raster_vrt_as_geojson", writes(".geojson", raster_vrt), "instructions|not GeoJSON"),
    refused("A3", "raster_vrt_in_zip", in_zip(raster_vrt, "p.geojson"), "instructions|not GeoJSON"),
    refused("A4", "wfs_as_geojson", writes(".geojson", wfs), "instructions|not GeoJSON"),
    refused("A4", "wfs_in_zip", in_zip(wfs, "p.geojson"), "instructions|not GeoJSON"),
    refused("A4", "wms_as_json", writes(".json", wms), "instructions|not GeoJSON"),
    refused("A4", "page_of_a_service", writes(".geojson", esri_service), "exceededTransferLimit"),
    refused("A5", "crs_link", writes(".geojson", link), "link to somewhere else"),
    refused("A5", "crs_link_in_escapes", writes(".geojson", link_spread), "link to somewhere else"),
    refused("A5", "crs_link_last", writes(".geojson", link_last), "link to somewhere else"),
    refused("A5", "crs_link_in_zip", in_zip(link, "p.geojson"), "link to somewhere else"),
    refused("A6", "virtual_table_in_sqlite", sqlite_virtual, "rename it to .gpkg|virtual table"),
    refused("A6", "virtual_table_in_gpkg", sql("CREATE VIRTUAL TABLE v USING fts4(x)"), "virtual table"),
    refused("A7", "view_that_hides", view(_FEWER), "view"),
    refused("A7", "view_without_end", view(_EVER), "view"),
    refused("A7", "view_of_gigabytes", view(_BIG), "view"),
    refused("A7", "view_of_paths", view(_PATH), "view"),
    refused("A7", "view_of_the_clock", view(_LATER), "view"),
    refused(
        "A7", "trigger", sql("CREATE TRIGGER t AFTER INSERT ON p BEGIN DELETE FROM p WHERE fid = 1; END"), "trigger"
    ),
    refused("A7", "generated_column", sql("ALTER TABLE p ADD COLUMN x AS (zeroblob(900000000))"), "computed column"),
    refused("A7", "layer_that_is_a_function", fake_feature_table("pragma_database_list"), "pragma_database_list"),
    refused("A7", "layer_that_is_the_schema", fake_feature_table("sqlite_master"), "sqlite_master"),
    refused("A8", "open_without_its_log", wal(with_log=False), "copied while open"),
    recorded("A8", "open_with_its_log", wal(with_log=True), (3, 0, 0), "ENCODING_DECIDED"),
    refused("A8", "open_with_a_damaged_log", wal(with_log=True, damaged=True), "write-ahead log"),
    refused("A8", "in_a_transaction", journal, "while it was written"),
    refused("A9", "same_name_twice", twins("p.shp", "p.shp"), "twice"),
    refused("A9", "same_name_in_other_case", twins("p.shp", "P.SHP"), "twice"),
    refused("A9", "same_name_in_other_form", twins("e\u0301.txt", "\u00e9.txt"), "twice"),
    accepted("A10", "two_layers_in_gpkg", two_layers, 3),
    accepted("A10", "two_shapefiles_in_zip", two_shapefiles, 3),
    accepted("A10", "two_folders_in_kml", writes(".kml", two_folders), 2),
    refused("A11", "dots", member("../../out.shp"), "points out"),
    refused("A11", "absolute", member("/etc/out.shp"), "points out"),
    refused("A11", "backslashes", member("a\\..\\..\\out.shp"), "points out"),
    refused("A11", "drive_letter", member("C:/out.shp"), "points out"),
    refused("A11", "control_character", member("a\nb.shp"), "points out"),
    refused("A11", "nul_in_name", name_with_nul(b"p.geojsonX.txt"), "points out|damaged"),
    refused("A11", "nul_in_name_in_utf8", name_with_nul(b"p.geojsonX.txt", in_utf8=True), "points out|damaged"),
    refused("A11", "nul_at_the_beginning", name_with_nul(b"X.geojson"), "points out|damaged"),
    refused("A12", "link_in_zip", link_member, "link"),
    refused("A12", "shp_is_a_link", link_in_folder(".shp"), "link"),
    refused("A12", "dbf_is_a_link", link_in_folder(".dbf"), "link"),
    refused("A12", "geojson_is_a_link", link_in_folder(".geojson"), "link"),
    refused("A12", "a_pipe", pipe, "regular file"),
    refused("A13", "bomb", bomb, "inflates more"),
    refused("A13", "bomb_that_lies", lying_bomb, "damaged|inflates"),
    refused("A13", "many_members", many_members, "3000 files"),
    refused("A13", "overlapping_members", overlapping_bomb, "damaged"),
    refused("A14", "wrong_crc", wrong_crc, "CRC"),
    refused("A14", "encrypted", encrypted, "encrypted"),
    accepted("A15", "names_in_gbk", gbk_names, 1),
    accepted("A16", "folders_litter_capitals", odd_folders, 2),
    recorded("A16", "zip_in_zip", nested_zip, (1, 0, 0), "FILE_NOT_READ", "inner.zip"),
    refused("A17", "laughs_in_kml", writes(".kml", lambda spot: kml(kml_mark(spot), LAUGHS)), "entities"),
    refused("A17", "entity_in_kml", writes(".kml", xxe), "entities"),
    refused("A17", "entity_as_geojson", writes(".geojson", gpx), "instructions|not GeoJSON"),
    recorded("A18", "network_link", writes(".kml", network_link), (1, 0, 0), "LINKS_NOT_FOLLOWED", "not followed: 1"),
    recorded(
        "A18",
        "links_in_kmz",
        kmz(("doc.kml", doc_with_links), ("files/more.kml", second_doc), ("files/a.png", picture)),
        (2, 0, 0),
        "LINKS_NOT_FOLLOWED",
        "not followed: 1",
    ),
    accepted("A10", "two_kml_in_kmz", kmz(("doc.kml", doc), ("files/more.kml", second_doc)), 2),
    accepted("A16", "kmz_in_zip", kmz_in_zip(("doc.kml", doc), ("a.png", picture)), 2),
    recorded("A16", "map_in_kmz", kmz(("doc.kml", doc), ("p.shp", picture)), (1, 0, 0), "FILE_NOT_READ", r"kmz/p\.shp"),
    refused("A11", "dots_in_kmz", kmz(("doc.kml", doc), ("../../out.kml", doc)), "points out"),
    recorded(
        "A11",
        "dots_in_kmz_in_zip",
        kmz_in_zip(("doc.kml", doc), ("../../out.kml", doc)),
        (1, 0, 0),
        "FILE_UNREADABLE",
        "points out",
    ),
    refused("A13", "bomb_in_kmz", kmz(("doc.kml", lambda _: bytes(12 << 20))), "inflates more"),
    refused("A17", "entity_in_kmz", kmz(("doc.kml", xxe)), "entities"),
    refused("A18", "kmz_without_kml", kmz(("p.geojson", vrt), ("a.png", picture)), r"holds no \.kml"),
    refused("B3", "kmz_cut", cut_kmz, "archive is damaged"),
    recorded("A19", "qgis_project", writes(".qgs", "<!DOCTYPE qgis><qgis/>"), (0, 0, 0), "FILE_NOT_READ", r"\.qgs"),
    accepted("A20", "folder", gdb_folder, 3),
    accepted("A20", "folder_in_zip", zipped_gdb("某县/x.gdb/"), 3),
    accepted("A20", "files_in_zip_without_their_folder", zipped_gdb(""), 3),
    accepted("A20", "folder_renamed", renamed_gdb, 3),
    accepted("A20", "open_in_another_program", in_gdb("_gdb.HOST.1.2.sr.lock", b""), 3),
    recorded("A20", "vrt_in_it", in_gdb("run.vrt", vrt), (3, 0, 0), "ENCODING_DECIDED", r"run\.vrt"),
    recorded(
        "A20",
        "stranger_in_zip",
        zipped_gdb("x.gdb/", **{"x.gdb/b/run.py": b""}),
        (3, 0, 0),
        "ENCODING_DECIDED",
        r"b/run\.py",
    ),
    refused("A20", "vrt_as_table", in_gdb(f"{_OWN}table", vrt), "no valid header"),
    not_read("A20", "vrt_as_folder", writes(".gdb", vrt)),
    refused("A20", "link_in_it", gdb_link("a00000099.gdbtable"), "is a link"),
    refused("A20", "table_is_a_link", gdb_link(f"{_OWN}tablx"), "is a link"),
    refused("A20", "link_in_zip", gdb_link_in_zip, "is a link"),
    refused("A20", "folder_is_a_link", gdb_is_a_link, "is a link"),
    refused("A20", "folder_in_it", gdb_with_a_folder, "is a folder"),
    refused("A20", "empty_folder", lambda spot: spot.file(".gdb").mkdir(), "empty folder"),
    refused("A20", "compressed", in_gdb("a00000009.cdf", b""), "compressed"),
    refused("A20", "table_cut", gdb_cut(f"{_OWN}table", 0.8), "cut off"),
    refused("A20", "index_cut", gdb_cut(f"{_OWN}tablx", 0.5), "cut off"),
    refused("A20", "table_missing", gdb_without(f"{_OWN}table", f"{_OWN}tablx"), r"a00000009\.gdbtable is missing"),
    refused("A20", "index_missing", gdb_without(f"{_OWN}tablx"), "is missing"),
    refused("A20", "catalog_missing", gdb_without("a00000001.gdbtable"), "not a FileGDB"),
    refused("A20", "says_fewer", gdb_count(2), "records"),
    refused("A20", "says_more", gdb_count(4), "records"),
    refused("A20", "table_forgotten", gdb_table_forgotten, "3 records stand in"),
)
