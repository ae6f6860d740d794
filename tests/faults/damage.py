"""Table B: damaged inputs, missing parts, wrong encodings, odd documents, depths."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

import shapely

from tests.faults.fault import Fault, Spot, accepted, not_read, recorded, refused, set_aside
from tests.faults.makers import (
    blob,
    collection,
    cut,
    edited,
    feature,
    geojson,
    geopackage,
    layer,
    patched,
    shapefile,
    shapefile_members,
    writes,
    zipped,
)


def cut_part(suffix: str, share: float) -> Callable[[Spot], None]:
    def build(spot: Spot) -> None:
        cut(shapefile(spot)[suffix], share)

    return build


def without(suffix: str) -> Callable[[Spot], None]:
    def build(spot: Spot) -> None:
        shapefile(spot)[suffix].unlink()

    return build


def cut_file(make: Callable[[Spot], Any], share: float) -> Callable[[Spot], None]:
    def build(spot: Spot) -> None:
        cut(make(spot), share)

    return build


def archive(spot: Spot) -> Any:
    return zipped(spot, shapefile_members(spot, count=3))


def boxes_geojson(spot: Spot) -> Any:
    return geojson(spot, spot.boxes(3))


def flatgeobuf(spot: Spot) -> Any:
    return layer(spot.file(".fgb"), spot.boxes(3))


def rows(spot: Spot, end: str = "") -> str:
    """A table of two boxes, with this behind its last cell."""
    lines = [f'"SRID=4490;{one.wkt}",{at},"note"' for at, one in enumerate(spot.boxes(2), 1)]
    return "\n".join(["WKT,JCBH,remark", *lines]) + end


def lines(spot: Spot) -> str:
    return "\n".join(json.dumps(feature(one, str(at))) for at, one in enumerate(spot.boxes(3), 1))


def deleted_record(spot: Spot) -> None:
    dbf = shapefile(spot)[".dbf"]
    (head,) = struct.unpack("<H", dbf.read_bytes()[8:10])
    patched(dbf, head, b"*")


def dbf_count(count: int) -> Callable[[Spot], None]:
    """A table whose header says that it has `count` records; there are three."""

    def build(spot: Spot) -> None:
        patched(shapefile(spot)[".dbf"], 4, struct.pack("<I", count))

    return build


def consistent_but_short(spot: Spot) -> None:
    """The index lost its last record and its header agrees; the .shp and the .dbf have three."""
    shx = shapefile(spot)[".shx"]
    data = bytearray(shx.read_bytes()[:-8])
    data[24:28] = struct.pack(">i", len(data) // 2)
    shx.write_bytes(bytes(data))


def index_says_one_record_twice(spot: Spot) -> None:
    """The index leads to the first record twice: the second would be lost and nobody would miss it."""
    shx = shapefile(spot)[".shx"]
    patched(shx, 108, shx.read_bytes()[100:108])


def header_says_less(spot: Spot) -> None:
    """The .shp says that it is shorter than it is."""
    shp = shapefile(spot)[".shp"]
    patched(shp, 24, struct.pack(">i", shp.stat().st_size // 4))


def in_encoding(encoding: str, cpg: str | None, language: int = 0, words: str = "滕州市") -> Callable[[Spot], None]:
    """A shapefile whose text is in `encoding`, with this .cpg (None: none) and language byte."""

    def build(spot: Spot) -> None:
        layer(spot.file(".shp"), spot.boxes(2), encoding=encoding, JCBH=["1", "2"], XZQMC=[words, words[::-1]])
        spot.file(".cpg").unlink()
        if cpg is not None:
            spot.file(".cpg").write_text(cpg, encoding="ascii")
        patched(spot.file(".dbf"), 29, bytes([language]))

    return build


def odd_bytes(spot: Spot) -> None:
    """A name that says UTF-8 and is no text in any encoding."""
    in_encoding("utf-8", "UTF-8")(spot)
    data = spot.file(".dbf").read_bytes()
    patched(spot.file(".dbf"), data.index("滕".encode()), b"\xff\xff\xff")


def long_names(spot: Spot) -> None:
    """What GDAL makes of long hanzi: a name and a text cut in mid-character."""
    layer(spot.file(".shp"), spot.boxes(2), JCBH=["1", "2"], 很长的字段名=["图" * 100, "斑"])


def ring(*points: tuple[Any, Any]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [list(points)]}


def odd_json(make: Callable[[Spot], Any]) -> Callable[[Spot], None]:
    """A good feature, and one whose geometry is this."""

    def build(spot: Spot) -> None:
        features = [feature(spot.box(), "1"), feature(make(spot), "2")]
        spot.file(".geojson").write_text(collection(features), encoding="utf-8")

    return build


def corner(spot: Spot, last: Any) -> Any:
    """A box whose third corner has this longitude."""
    x, y = spot.lon_deg + 0.001, spot.lat_deg
    return ring((x, y), (x + 0.0005, y), (last, y + 0.0005), (x, y))


def unclosed(spot: Spot) -> Any:
    x, y = spot.lon_deg + 0.001, spot.lat_deg
    return ring((x, y), (x + 0.0005, y), (x + 0.0005, y + 0.0005), (x, y + 0.0005))


def three_points(spot: Spot) -> Any:
    x, y = spot.lon_deg + 0.001, spot.lat_deg
    return ring((x, y), (x + 0.0005, y), (x, y))


def text_instead(find: str, put: str) -> Callable[[Spot], None]:
    """A collection of two in whose text something is replaced, once."""

    def build(spot: Spot) -> None:
        text = geojson(spot, spot.boxes(2)).read_text(encoding="utf-8")
        spot.file(".geojson").write_text(text.replace(find, put, 1), encoding="utf-8")

    return build


def endless_number(spot: Spot) -> None:
    odd_json(lambda one: corner(one, "$"))(spot)
    text = spot.file(".geojson").read_text(encoding="utf-8")
    spot.file(".geojson").write_text(text.replace('"$"', "1e400"), encoding="utf-8")


def nan(spot: Spot) -> None:
    odd_json(lambda one: corner(one, float("nan")))(spot)


def in_bytes(encoding: str) -> Callable[[Spot], None]:
    return writes(".geojson", lambda spot: collection([feature(spot.box(), "滕州")]).encode(encoding))


def two_lists(spot: Spot) -> None:
    """Two lists of features in one document: which is read is a matter of taste."""
    text = collection([feature(spot.box(), "1")])
    more = json.dumps([feature(spot.box(1), "2"), feature(spot.box(2), "3")])
    spot.file(".geojson").write_text(text[:-1] + f', "features": {more}' + "}", encoding="utf-8")


def with_bom(spot: Spot) -> None:
    data = geojson(spot, spot.boxes(2)).read_bytes()
    spot.file(".geojson").write_bytes(b"\xef\xbb\xbf" + data)


def long_number(spot: Spot) -> None:
    """An identifier of four thousand digits."""
    spot.file(".geojson").write_text(collection([feature(spot.box(), "9" * 4000)]), encoding="utf-8")


def odd_values(spot: Spot) -> None:
    """Attributes nobody expects where numbers, dates and codes stand."""
    words = ["1e999", "-1e999", "NaN", "1,,2", "٣", "99999999", "\u0000", "\ud800", "=1+1", "../..", "", None, True]
    words += [{"a": 1}, [1], 10**30, 1e-300, "\u202e", "图" * 5000]
    made = [
        feature(spot.box(at % 10, 0.0001 * (1 + at // 10)), str(at), MJ=one, QSX=one, XZQDM=one, TBLX=one)
        for at, one in enumerate(words)
    ]
    text = json.dumps({"type": "FeatureCollection", "features": made})
    spot.file(".geojson").write_text(text, encoding="utf-8")


def columns(spot: Spot) -> None:
    """Features of which each has columns of its own: a table of mostly nothing that fills the memory."""
    made = [feature(spot.box(at % 10), str(at), **{f"c{at}_{no}": 1 for no in range(200)}) for at in range(20)]
    spot.file(".geojson").write_text(collection(made), encoding="utf-8")


def nested_json(spot: Spot) -> None:
    """Collections in collections, two hundred thousand deep."""
    inner = '{"type":"GeometryCollection","geometries":['
    depth = 200_000
    text = collection([feature(spot.box()), feature({"type": "Point", "coordinates": "$"})])
    deep = inner * depth + "]}" * depth
    spot.file(".geojson").write_text(text.replace('{"type": "Point", "coordinates": "$"}', deep), encoding="utf-8")


def geometry(wkb: bytes) -> Callable[[Spot], None]:
    """A GeoPackage of two boxes of which the second has this geometry instead."""

    def build(spot: Spot) -> None:
        edited(geopackage(spot, 2), "UPDATE p SET geom = ? WHERE fid = 2", values=[blob(wkb)])

    return build


def registered_under_another_name(spot: Spot) -> None:
    """The list of contents calls the feature table an attribute table: GDAL and a person see no layer."""
    edited(geopackage(spot, 2), "UPDATE gpkg_contents SET data_type = 'attributes'")


def forgotten_table(spot: Spot) -> None:
    """A second table of patches that no list of contents names."""
    edited(geopackage(spot, 2), "CREATE TABLE q AS SELECT * FROM p")


NESTED = b"\1\7\0\0\0\1\0\0\0" * 200_000 + struct.pack("<BIdd", 1, 1, 105.0, 34.0)
MANY = struct.pack("<BIII", 1, 3, 1, 2**31 - 1)
CIRCLE = struct.pack("<BII", 1, 10, 1) + struct.pack("<BII6d", 1, 8, 3, 105.2, 34.2, 105.3, 34.2, 105.2, 34.2)
MEASURED = shapely.to_wkb(
    shapely.from_wkt("POLYGON ZM ((105.9 34.9 5 1, 105.9005 34.9 5 2, 105.9 34.9005 5 3, 105.9 34.9 5 1))"),
    output_dimension=4,
    flavor="iso",
)

B: tuple[Fault, ...] = (
    refused("B1", "shp_cut", cut_part(".shp", 0.6), r"\.shp is cut off"),
    refused("B1", "shp_cut_in_header", cut_part(".shp", 0.1), "no valid header"),
    refused("B1", "shp_header_says_less", header_says_less, r"\.shp"),
    refused("B1", "shx_leads_twice_to_one", index_says_one_record_twice, r"\.shx"),
    refused("B2", "dbf_cut", cut_part(".dbf", 0.6), r"\.dbf is cut off"),
    refused("B2", "shx_cut", cut_part(".shx", 0.9), r"\.shx is cut off"),
    refused("B2", "flatgeobuf_cut", cut_file(flatgeobuf, 0.7), "cut off"),
    refused("B2", "csv_cut", writes(".csv", lambda spot: rows(spot)[:-40]), "middle of a line"),
    accepted("B2", "csv_without_last_line_end", writes(".csv", rows), 2),
    accepted("B2", "csv_of_long_cells", writes(".csv", lambda spot: rows(spot)[:-1] + '\nand more"'), 2),
    refused("B2", "lines_cut", writes(".geojsonl", lambda spot: lines(spot)[:-40]), "middle of a line"),
    accepted("B2", "lines_without_last_line_end", writes(".geojsonl", lines), 3),
    refused("B3", "gpkg_cut", cut_file(geopackage, 0.7), "damaged"),
    refused("B3", "geojson_cut", cut_file(boxes_geojson, 0.7), "GeoJSON"),
    refused("B3", "zip_cut", cut_file(archive, 0.7), "archive is damaged"),
    refused("B3", "kml_cut", writes(".kml", '<?xml version="1.0"?><kml><Docu'), "XML is damaged"),
    refused("B4", "dbf_record_deleted", deleted_record, "marked as deleted"),
    refused("B4", "dbf_says_fewer", dbf_count(2), r"3 records and the \.dbf 2"),
    refused("B4", "dbf_says_more", dbf_count(4), r"3 records and the \.dbf 4"),
    refused("B4", "shx_has_fewer", consistent_but_short, r"2 records and the \.dbf 3"),
    not_read("B5", "shp_missing", without(".shp")),
    refused("B5", "shx_missing", without(".shx"), r"\.shx .index. is missing"),
    refused("B5", "dbf_missing", without(".dbf"), r"\.dbf .attribute table. is missing"),
    set_aside("B5", "prj_missing", without(".prj"), "NO_CRS", 0, 3),
    accepted("B5", "cpg_missing", without(".cpg"), 3),
    recorded("B6", "gbk_no_cpg", in_encoding("gb18030", None), (2, 0, 0), "ENCODING_DECIDED", "valid GB18030"),
    recorded("B6", "gbk_cpg_gbk", in_encoding("gb18030", "GBK"), (2, 0, 0), "ENCODING_DECIDED", "GBK|gb18030"),
    refused("B6", "neither_utf8_nor_gbk", odd_bytes, "not valid in it", "ENCODING_AMBIGUOUS"),
    refused("B6", "gbk_cpg_utf8", in_encoding("gb18030", "UTF-8"), "not valid in it", "ENCODING_AMBIGUOUS"),
    recorded("B6", "utf8_no_cpg", in_encoding("utf-8", None), (2, 0, 0), "ENCODING_DECIDED", "valid UTF-8"),
    recorded("B6", "utf8_cpg_utf8", in_encoding("utf-8", "UTF-8"), (2, 0, 0), "ENCODING_DECIDED", "utf-8"),
    refused("B6", "utf8_cpg_gbk", in_encoding("utf-8", "GBK"), "not valid in it", "ENCODING_AMBIGUOUS"),
    refused("B6", "utf8_cpg_gbk_fits", in_encoding("utf-8", "GBK", words="滕州"), "UTF-8 too", "ENCODING_AMBIGUOUS"),
    refused("B6", "utf8_ldid_gbk", in_encoding("utf-8", None, 0x4D, "滕州"), "valid UTF-8 too", "ENCODING_AMBIGUOUS"),
    recorded("B6", "gbk_ldid_gbk", in_encoding("gb18030", None, 0x4D), (2, 0, 0), "ENCODING_DECIDED", "0x4d"),
    refused("B6", "cpg_unknown", in_encoding("utf-8", "KLINGON"), "not known", "ENCODING_AMBIGUOUS"),
    recorded("B6", "big5_cpg_big5", in_encoding("big5", "950", words="臺灣鄉鎮"), (2, 0, 0), "ENCODING_DECIDED", "950"),
    recorded("B7", "names_cut_in_mid_character", long_names, (2, 0, 0), "FILE_WARNED", "half a character"),
    refused("B8", "endless_number", endless_number, "1e400|number|infinite"),
    set_aside("B8", "nan", nan, "BAD_GEOMETRY"),
    recorded("B8", "ring_left_open", odd_json(unclosed), (1, 1, 0), "BAD_GEOMETRY"),
    set_aside("B8", "coordinates_as_text", odd_json(lambda spot: corner(spot, "105.5")), "NO_GEOMETRY"),
    set_aside("B8", "absurd_coordinate", odd_json(lambda spot: corner(spot, 1e308)), "OUT_OF_RANGE"),
    set_aside("B8", "ring_of_three_points", odd_json(three_points), "BAD_GEOMETRY"),
    set_aside("B8", "no_geometry", odd_json(lambda _: None), "NO_GEOMETRY"),
    set_aside("B8", "unknown_type", odd_json(lambda _: {"type": "Blob", "coordinates": [1, 2]}), "NO_GEOMETRY"),
    refused("B8", "feature_of_another_type", text_instead('"Feature"', '"Future"'), "records", "RECORDS_LOST"),
    refused("B8", "two_lists_of_features", two_lists, "features"),
    accepted("B8", "byte_order_mark", with_bom, 2),
    refused("B8", "not_utf8", in_bytes("gbk"), "UTF-8"),
    refused("B8", "utf16", in_bytes("utf-16"), "not GeoJSON"),
    accepted("B8", "identifier_of_4000_digits", long_number, 1),
    accepted("B8", "odd_values", odd_values, 19),
    refused("B8", "columns_without_number", columns, "columns"),
    set_aside("B9", "curve", geometry(CIRCLE), "BAD_GEOMETRY"),
    accepted("B9", "measures_and_heights", geometry(MEASURED), 2),
    set_aside("B10", "nested_wkb", geometry(NESTED), "BAD_GEOMETRY"),
    set_aside("B10", "billions_of_vertices", geometry(MANY), "BAD_GEOMETRY"),
    set_aside("B10", "wkb_of_no_length", geometry(b""), "NO_GEOMETRY|BAD_GEOMETRY"),
    refused("B10", "nested_geojson", nested_json, "deep|nest|depth"),
    refused("B2", "gpkg_layer_unlisted", registered_under_another_name, "p has outlines"),
    recorded("B2", "gpkg_table_forgotten", forgotten_table, (2, 0, 0), "FILE_UNREADABLE", "q has outlines"),
)
