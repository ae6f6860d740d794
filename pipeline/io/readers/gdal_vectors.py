"""What GDAL reads well by itself: FileGDB folders, KML and unpacked KMZ, FlatGeobuf; every layer, and counted.

The counts that files state are held against what was read, for a cut file often reads as a shorter one. GDAL drivers
needed: OpenFileGDB, LIBKML, FlatGeobuf (and MEM). Which driver opens a file is decided by GDAL from its bytes, so the
bytes are looked at here first.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyogrio
from pyogrio.raw import read_arrow

from pipeline.errors import Refusal
from pipeline.io.readers.arrow_text import as_text, unique
from pipeline.io.readers.filegdb import records_standing, refuse_damaged, strangers
from pipeline.io.readers.flatgeobuf import features_of
from pipeline.io.readers.geometries import from_wkb, to_wkb
from pipeline.io.readers.raw import Raw
from pipeline.io.readers.xml_scan import scan

DRIVERS = ("OpenFileGDB", "LIBKML", "FlatGeobuf")
_AGAIN = "ask the sender to export it again"


def read_filegdb(folder: Path) -> list[Raw]:
    """The layers of a FileGDB folder (its name must end in .gdb); tables without geometry are named in the notes.

    Raises:
        Refusal: it is no FileGDB, holds links or folders, no layer, or fewer records than it states.
    """
    refuse_damaged(folder)
    others = strangers(folder)
    notes = [f"files that do not belong to a FileGDB: {', '.join(others)[:200]}"] if others else []
    made = _layers(folder, "utf-8", "FileGDB is Unicode", notes)
    listed, standing = _records_listed(folder), records_standing(folder)
    if listed < standing:  # the catalog is damaged, or a table (of a raster) is hidden
        hint = "ask for a FileGDB with the layer of patches alone, or a GeoPackage"
        raise Refusal(f"{standing - listed} records stand in tables that the FileGDB does not list", hint)
    return made


def _records_listed(folder: Path) -> int:
    """The records of all tables GDAL lists, with geometry or without."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return sum(int(pyogrio.read_info(folder, layer=name)["features"]) for name, _ in pyogrio.list_layers(folder))


def read_kml(path: Path) -> list[Raw]:
    """The layers of a KML file, one for each folder with placemarks.

    Raises:
        Refusal: it is no KML, declares entities, or fewer placemarks were read than stand in it.
    """
    found = _elements(path)
    notes = [f"{found['NetworkLink']} network links were not followed: what is behind them is not here"]
    notes = notes if found["NetworkLink"] else []
    made = _layers(path, "utf-8", "XML states its encoding", notes)
    read = sum(len(one.rows) for one in made)
    if read != found["Placemark"]:
        raise Refusal(f"{read} placemarks were read of the {found['Placemark']} that stand in it", _AGAIN)
    return made


def _elements(path: Path) -> Counter[str]:
    """How often each element stands in a KML file."""
    names: Counter[str] = Counter()
    roots: list[str] = []

    def hear(name: str, _: dict[str, str]) -> None:
        if not names:
            roots.append(name)
        names[name] += 1

    scan([path.read_bytes()], hear)
    if roots != ["kml"]:
        raise Refusal("it is not KML", _AGAIN)
    return names


def read_kmz_folder(folder: Path) -> list[Raw]:
    """The layers of every KML in an unpacked KMZ.

    Raises:
        Refusal: there is none, or one of them is refused.
    """
    found = sorted(one for one in folder.rglob("*") if one.suffix.casefold() == ".kml" and one.is_file())
    if not found:
        raise Refusal("the KMZ holds no .kml", _AGAIN)
    return [one for path in found for one in read_kml(path)]


def read_flatgeobuf(path: Path) -> list[Raw]:
    """The one layer of a FlatGeobuf file, its features in the order of the file's own index.

    Raises:
        Refusal: it is no FlatGeobuf, is cut, or holds fewer features than its header states.
    """
    stated = features_of(path)
    made = _layers(path, "utf-8", "FlatGeobuf is UTF-8", [])
    read = sum(len(one.rows) for one in made)
    if read != stated:
        raise Refusal(f"{read} features were read of the {stated} that stand in it", _AGAIN)
    return made


def _layers(path: Path, encoding: str, evidence: str, notes: Sequence[str]) -> list[Raw]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the list: reading says them again, layer by layer
            listed = [(str(name), kind) for name, kind in pyogrio.list_layers(path)]
        spatial = [name for name, kind in listed if kind is not None]
        tables = [f"table {name!r} has no geometry and was not read" for name, kind in listed if kind is None]
        made = [_layer(path, name, encoding, evidence) for name in spatial]
    except Refusal:
        raise
    except Exception as problem:  # GDAL's bindings raise odd classes on damaged files
        raise Refusal(f"it cannot be read: {problem!s:.200}", _AGAIN) from problem
    if not made:
        raise Refusal(f"it has no layer with geometry{': ' if tables else ''}{'; '.join(tables)[:300]}", _AGAIN)
    made[0].notes.extend([*notes, *tables])
    return made


def _layer(path: Path, name: str, encoding: str, evidence: str) -> Raw:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        about = pyogrio.read_info(path, layer=name, force_feature_count=True)
        meta, table = read_arrow(path, layer=name, datetime_as_string=True)
    declared = int(about["features"])
    if 0 <= declared != table.num_rows:
        raise Refusal(f"layer {name!r:.60}: {table.num_rows} records were read of the {declared} it states", _AGAIN)
    if table.num_rows == 0 and len(about["fields"]) == 0:  # so GDAL shows a table whose header it cannot read
        raise Refusal(f"layer {name!r:.60} has neither records nor columns: it is likely damaged", _AGAIN)
    at = _geometry_column(table, meta["geometry_name"] or "wkb_geometry")
    blobs = table.column(at).to_pylist() if at >= 0 else [None] * table.num_rows
    wkb = to_wkb(from_wkb(blobs))
    names = unique(table.column_names)
    fields = {one: as_text(table.column(place)) for place, one in enumerate(names) if place != at}
    lost = sum(bool(one) and other is None for one, other in zip(blobs, wkb, strict=True))
    notes = list(dict.fromkeys(str(one.message)[:200] for one in said))
    notes += [f"{lost} geometries are curves, or were not understood"] if lost else []
    rows = list(range(table.num_rows))
    return Raw(name, str(meta["crs"] or ""), fields, wkb, rows, declared, notes, encoding, evidence)


def _geometry_column(table: Any, name: str) -> int:
    """The place of the geometries, -1 where there are none: the last of that name, for attributes come before."""
    return max((at for at, one in enumerate(table.column_names) if one == name), default=-1)
