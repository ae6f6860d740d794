"""The files as people send them: a GBK shapefile in a zip, GeoPackages, GeoJSON; boundaries; announcements.

Geometries given here are in EPSG:4490 (longitude, latitude in degrees) unless said otherwise.
"""

from __future__ import annotations

import csv
import io
import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyproj
import shapely

from pipeline.publish import private, write_bytes, write_text

GEOGRAPHIC = "EPSG:4490"
GK_ZONE_38 = "EPSG:4526"  # 3-degree zone 38 with the zone number before the easting
GK_114E = "EPSG:4547"
STAMP = (2025, 9, 29, 16, 40, 0)
WRITTEN = "2025-09-29T08:40:00.000Z"

# Canonical name, then the name in each kind of delivery.
SHAPEFILE = {
    "county_code": "XZQDM", "county_name": "XMC", "patch_no": "JCBH", "patch_type": "TBLX", "feature_tag": "TZ",
    "phase_before": "QSX", "phase_after": "HSX", "center_x": "XZB", "center_y": "YZB", "area_mu": "JCMJ",
    "town": "XZMC", "village": "CMC", "remark": "BZ",
}  # fmt: skip
GEOPACKAGE = {
    **{key: name for key, name in SHAPEFILE.items() if key != "area_mu"},
    "patch_no": "TBBH", "county_code": "XZQHDM", "area_m2": "TBMJ",
}  # fmt: skip
GEOJSON = {
    "patch_no": "监测编号", "county_code": "行政区代码", "county_name": "县名称", "patch_type": "图斑类型",
    "feature_tag": "特征", "phase_before": "前时相", "phase_after": "后时相", "center_x": "中心点经度",
    "center_y": "中心点纬度", "area_mu": "监测面积（亩）", "town": "乡镇", "village": "村", "remark": "备注",
}  # fmt: skip
EXPECTED = (
    "code", "announced_patches", "announced_area_mu", "status", "reason", "contact", "phone", "deadline",
)  # fmt: skip


@dataclass(frozen=True)
class Record:
    """One delivered row: canonical attributes and an outline in EPSG:4490, or None."""

    values: Mapping[str, str | float]
    outline: Any


def spelled(day: date, style: str) -> str:
    """A date as offices write it: compact, slashed, dashed or in Chinese."""
    return {
        "compact": f"{day:%Y%m%d}",
        "slashed": f"{day.year}/{day.month}/{day.day}",
        "dashed": f"{day:%Y-%m-%d}",
        "chinese": f"{day.year}年{day.month}月{day.day}日",
    }[style]


def write_shapefile_zip(path: Path, stem: str, records: Sequence[Record]) -> None:
    """A zip of a GBK shapefile without .cpg in zone-prefixed Gauss-Krüger; member names are raw GBK."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / f"{stem}.shp"
        _write(made, records, SHAPEFILE, GK_ZONE_38, driver="ESRI Shapefile", encoding="GBK")
        members = {part: (Path(folder) / f"{stem}{part}").read_bytes() for part in (".shp", ".shx", ".dbf", ".prj")}
    members[".dbf"] = _plain_dbf(members[".dbf"])
    write_bytes(path, _gbk_zip(stem, members))


def write_geopackage(path: Path, layer: str, records: Sequence[Record]) -> None:
    """A GeoPackage in Gauss-Krüger 114°E, areas in square metres."""
    options = {"VERSION": "1.3"}
    with private(path) as made:
        _write(made, records, GEOPACKAGE, GK_114E, layer=layer, driver="GPKG", dataset_options=options)


def write_geojson(path: Path, records: Sequence[Record]) -> None:
    """GeoJSON in longitude and latitude, attributes under their Chinese names."""
    features = [
        {
            "type": "Feature",
            "properties": {name: record.values[key] for key, name in GEOJSON.items()},
            "geometry": None if record.outline is None else shapely.geometry.mapping(record.outline),
        }
        for record in records
    ]
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in features)
    write_text(path, f'{{"type": "FeatureCollection", "name": "{path.stem}", "features": [\n{lines}\n]}}\n')


def write_polygons(path: Path, layer: str, columns: Mapping[str, Sequence[str]], polygons: Sequence[Any]) -> None:
    """A GeoPackage of multipolygons in EPSG:4490 with text columns: counties, towns."""
    write_features(path, layer, columns, [_multi(one) for one in polygons], "MultiPolygon")


def write_features(
    path: Path, layer: str, columns: Mapping[str, Sequence[str]], shapes: Sequence[Any], kind: str
) -> None:
    """A GeoPackage of geometries of one kind in EPSG:4490 with text columns: roads, villages."""
    with private(path) as made, _fixed_date():
        pyogrio.raw.write(
            made,
            shapely.to_wkb(np.array(shapes)),
            [np.array(list(values), dtype=object) for values in columns.values()],
            list(columns),
            layer=layer,
            driver="GPKG",
            geometry_type=kind,
            crs=GEOGRAPHIC,
            dataset_options={"VERSION": "1.3"},
        )


def write_expected(path: Path, rows: Sequence[Sequence[object]]) -> None:
    """`expected.csv` as a spreadsheet program saves it: UTF-8 with BOM, CRLF."""
    words = io.StringIO()
    csv.writer(words).writerows([EXPECTED, *rows])
    write_bytes(path, words.getvalue().encode("utf-8-sig"))


@contextmanager
def _fixed_date() -> Iterator[None]:
    """GDAL writes this date into GeoPackages and DBF headers instead of asking the clock."""
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": WRITTEN})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def _write(path: Path, records: Sequence[Record], names: Mapping[str, str], crs: str, **options: Any) -> None:
    turn = pyproj.Transformer.from_crs(GEOGRAPHIC, crs, always_xy=True).transform
    outlines = [
        None if one.outline is None else shapely.transform(one.outline, turn, interleaved=False) for one in records
    ]
    if options["driver"] == "GPKG":
        outlines = [None if one is None else _multi(one) for one in outlines]
    with _fixed_date():
        pyogrio.raw.write(
            path,
            shapely.to_wkb(np.array(outlines, dtype=object)),
            [_column([one.values[key] for one in records]) for key in names],
            list(names.values()),
            geometry_type="MultiPolygon" if options["driver"] == "GPKG" else "Polygon",
            crs=crs,
            **options,
        )


def _multi(outline: Any) -> Any:
    return outline if outline.geom_type == "MultiPolygon" else shapely.MultiPolygon([outline])


def _column(values: Sequence[str | float]) -> Any:
    return np.array(values, dtype=object if any(isinstance(one, str) for one in values) else np.float64)


def _plain_dbf(data: bytes) -> bytes:
    """Header date fixed, language byte 0: nothing in the file says that it is GBK."""
    header = bytearray(data[:32])
    header[1:4] = bytes((STAMP[0] - 1900, STAMP[1], STAMP[2]))
    header[29] = 0
    return bytes(header) + data[32:]


def _gbk_zip(stem: str, members: Mapping[str, bytes]) -> bytes:
    """A zip whose member names are GBK bytes without the UTF-8 flag, as old Windows tools write them.

    `zipfile` cannot write such names: it gets ASCII names of the same length, replaced afterwards.
    """
    raw = stem.encode("gbk")
    ascii_stem = (b"@" + b"qzjx" * len(raw))[: len(raw)]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, data in members.items():
            info = zipfile.ZipInfo(ascii_stem.decode() + part, STAMP)
            info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 0, 0
            archive.writestr(info, data)
    return packed.getvalue().replace(ascii_stem, raw)
