"""Ordinary files, and the small changes that make them faulty."""

from __future__ import annotations

import json
import sqlite3
import struct
import warnings
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import geopandas
import pyogrio
import shapely

from tests.faults.fault import Spot

# These files need not survive a power cut, and two hundred of them are written.
pyogrio.set_gdal_config_options({"OGR_SQLITE_SYNCHRONOUS": "OFF"})


def layer(path: Path, shapes: Sequence[Any], crs: int | None = 4490, name: str = "p", **more: Any) -> Path:
    """A vector file by its suffix, with numbers 1, 2, 3 … unless columns are given."""
    options = {one: more.pop(one) for one in ("encoding", "driver", "engine") if one in more}
    columns = more or {"JCBH": [str(at) for at in range(1, len(shapes) + 1)]}
    frame = geopandas.GeoDataFrame(columns, geometry=list(shapes), crs=crs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # GDAL says what it cuts; that is what is wanted here
        frame.to_file(path, **({"layer": name, "engine": "pyogrio"} | options))
    return path


def shapefile(spot: Spot, count: int = 3, **more: Any) -> dict[str, Path]:
    """A shapefile of `count` boxes: its parts by suffix."""
    layer(spot.file(".shp"), spot.boxes(count), **more)
    return {one: spot.file(one) for one in (".shp", ".shx", ".dbf", ".prj", ".cpg") if spot.file(one).exists()}


def geopackage(spot: Spot, count: int = 3, **more: Any) -> Path:
    return layer(spot.file(".gpkg"), spot.boxes(count), **more)


def edited(path: Path, *statements: str, values: Sequence[Any] = ()) -> None:
    """Run SQL on a GeoPackage; its triggers are taken out first, since they call functions SQLite has not."""
    base = sqlite3.connect(path)
    base.execute("PRAGMA synchronous=OFF")
    for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        base.execute(f'DROP TRIGGER "{name}"')
    for one in statements:
        base.execute(one, values if "?" in one else ())
    base.commit()
    base.close()


def blob(wkb: bytes, srs: int = 4490) -> bytes:
    """A GeoPackage geometry around a WKB."""
    return b"GP\x00\x01" + struct.pack("<i", srs) + wkb


def feature(geometry: Any, number: str = "1", **properties: Any) -> dict[str, Any]:
    shape = json.loads(shapely.to_geojson(geometry)) if isinstance(geometry, shapely.Geometry) else geometry
    return {"type": "Feature", "properties": {"JCBH": number, **properties}, "geometry": shape}


def collection(features: Iterable[Any], **more: Any) -> str:
    return json.dumps({"type": "FeatureCollection", **more, "features": list(features)}, ensure_ascii=False)


def geojson(spot: Spot, shapes: Iterable[Any], **more: Any) -> Path:
    features = [feature(one, str(at)) for at, one in enumerate(shapes, 1)]
    spot.file(".geojson").write_text(collection(features, **more), encoding="utf-8")
    return spot.file(".geojson")


def writes(suffix: str, text: str | bytes | Callable[[Spot], str | bytes]) -> Callable[[Spot], None]:
    """A builder that writes one file with this content."""

    def build(spot: Spot) -> None:
        content = text(spot) if callable(text) else text
        spot.file(suffix).write_bytes(content if isinstance(content, bytes) else content.encode())

    return build


def cut(path: Path, share: float) -> None:
    """Leave only the first part of a file."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


def patched(path: Path, at: int, data: bytes) -> None:
    """Put bytes over others."""
    whole = bytearray(path.read_bytes())
    whole[at : at + len(data)] = data
    path.write_bytes(bytes(whole))


def zipped(spot: Spot, members: Iterable[tuple[str | zipfile.ZipInfo, bytes]], method: int = 8) -> Path:
    """An archive with these members, in this order."""
    with zipfile.ZipFile(spot.file(".zip"), "w", method) as archive:
        for name, data in members:
            info = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name)
            info.compress_type = method
            archive.writestr(info, data)
    return spot.file(".zip")


def shapefile_members(spot: Spot, stem: str = "p", count: int = 1, first: int = 0) -> list[tuple[str, bytes]]:
    """The parts of a shapefile as members of an archive; nothing stays in the folder."""
    made = Spot(spot.folder, "in-the-making", spot.lon_deg + first * 0.0009, spot.lat_deg, spot.bait, spot.hook)
    parts = shapefile(made, count)
    members = [(f"{stem}{suffix}", path.read_bytes()) for suffix, path in parts.items()]
    for path in parts.values():
        path.unlink()
    return members
