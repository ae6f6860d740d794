"""What GDAL reads well by itself: FileGDB folders, KML, FlatGeobuf; every layer, and counted.

The counts that files state are held against what was read, for a cut file often reads as a shorter one. GDAL drivers
needed: OpenFileGDB, LIBKML, FlatGeobuf (and MEM). Which driver opens a file is decided by GDAL from its bytes, so the
bytes are looked at here first.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyogrio
from pyogrio.raw import read_arrow

from pipeline.errors import Refusal
from pipeline.io.readers.arrow_text import as_text, unique
from pipeline.io.readers.filegdb import CATALOG, missing_tables, records_of_catalog, refuse_damaged, unread_tables
from pipeline.io.readers.flatgeobuf import features_of
from pipeline.io.readers.geometries import from_wkb, to_wkb
from pipeline.io.readers.raw import UNREADABLE, Raw, Remark
from pipeline.io.readers.xml_scan import scan

DRIVERS = ("OpenFileGDB", "LIBKML", "FlatGeobuf")
_AGAIN = "ask the sender to export it again"


def read_filegdb(folder: Path, others: Sequence[str] = ()) -> list[Raw]:
    """The layers of a FileGDB folder of our own (its name must end in .gdb); what is not read is named in the notes.

    `others` are the names of files that came with it and do not belong to it.

    Raises:
        Refusal: it is no FileGDB, has no layer, or any table is missing, cut, or holds more records than are read.
    """
    refuse_damaged(folder)
    catalog = _catalog(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        names = [str(name) for name, _ in pyogrio.list_layers(folder)]
        counts = {one: int(pyogrio.read_info(folder, layer=one)["features"]) for one in names}
    inner = unread_tables(folder, catalog, counts)
    notes = [f"files that do not belong to a FileGDB: {', '.join(others)[:200]}"] if others else []
    notes += [f"tables of a topology, network or raster were not read: {', '.join(inner)[:200]}"] if inner else []
    return _layers(folder, "utf-8", "FileGDB is Unicode", notes)


def _catalog(folder: Path) -> dict[int, tuple[str, int]]:
    """The tables by number: name and format."""
    try:
        meta, table = read_arrow(folder, layer=CATALOG, return_fids=True)
        numbers = table.column(meta["fid_column"] or "fid").to_pylist()
        rows = zip(table.column("Name").to_pylist(), table.column("FileFormat").to_pylist(), strict=True)
        found = {int(at): (str(name), int(kind)) for at, (name, kind) in zip(numbers, rows, strict=True)}
    except Exception as problem:  # GDAL's bindings raise odd classes on damaged files
        missing = missing_tables(folder)
        said = f"{missing[0]} is missing from it" if missing else str(problem)
        raise Refusal(f"the FileGDB cannot be read: {said:.200}", _AGAIN) from problem
    stated = records_of_catalog(folder)
    if len(found) != stated:
        raise Refusal(f"{len(found)} tables were read of the {stated} in the catalog of the FileGDB", _AGAIN)
    return found


def read_kml(path: Path, beside: Collection[str] = ()) -> list[Raw]:
    """The layers of a KML file, one for each folder with placemarks; `beside` are the other KMLs of its archive.

    Raises:
        Refusal: it is no KML, declares entities, or fewer placemarks were read than stand in it.
    """
    found = _elements(path)
    far = [one for one in _links(path) if one not in beside] if found["NetworkLink"] else []
    if far and not found["Placemark"]:
        hint = "ask for the file that is behind them"
        raise Refusal(f"it holds no patch and {len(far)} network links, the first to {far[0]:.100}", hint)
    made = _layers(path, "utf-8", "XML states its encoding", [])
    read = sum(len(one.rows) for one in made)
    if read != found["Placemark"]:
        raise Refusal(f"{read} placemarks were read of the {found['Placemark']} that stand in it", _AGAIN)
    if far:
        made[0].remarks.append(Remark("LINKS_NOT_FOLLOWED", {"count": len(far), "first": far[0][:200]}))
    return made


def _links(path: Path) -> list[str]:
    """Where the network links of a KML lead; the document has been found to declare no entities."""
    links = ElementTree.parse(path).iter()
    return [
        next((str(inner.text or "").strip().removeprefix("./") for inner in one.iter() if _local(inner) == "href"), "")
        for one in links
        if _local(one) == "NetworkLink"
    ]


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


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
    read = to_wkb(from_wkb(blobs))
    wkb = [UNREADABLE if blob and one is None else one for blob, one in zip(blobs, read, strict=True)]
    names = unique(table.column_names)
    fields = {one: as_text(table.column(place)) for place, one in enumerate(names) if place != at}
    lost = wkb.count(UNREADABLE)
    notes = list(dict.fromkeys(str(one.message)[:200] for one in said))
    notes += [f"{lost} geometries are curves, or were not understood"] if lost else []
    rows = list(range(table.num_rows))
    return Raw(name, str(meta["crs"] or ""), fields, wkb, rows, declared, notes, encoding, evidence)


def _geometry_column(table: Any, name: str) -> int:
    """The place of the geometries, -1 where there are none: the last of that name, for attributes come before."""
    return max((at for at, one in enumerate(table.column_names) if one == name), default=-1)
