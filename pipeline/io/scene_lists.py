"""Lists of imagery: a VRT mosaic, or a tile index as gdaltindex writes it. The files they name are the scenes.

Neither is opened by GDAL: a VRT can read any file of the machine, ask the network and run code. What is taken of it are
the names of plain files below its own folder; each of these is then opened as GeoTIFF and nothing else.
"""

from __future__ import annotations

import os
import sqlite3
import struct
import xml.etree.ElementTree as xml
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import Refusal

LISTS = (".vrt", ".gpkg", ".shp")
MOST_BYTES = 32 << 20  # of a VRT: twenty thousand scenes of three bands
MOST_SCENES = 100_000
LOCATION = "location"  # the column of a tile index, in any case
_PLAIN = {"SourceFilename", "SourceBand", "SourceProperties", "SrcRect", "DstRect", "NODATA"}
_COLOURS = ("Red", "Green", "Blue")
_NAME_THEM = 'name the images themselves: [inputs] before or after = ["…/*.tif"]'
_AGAIN = "make it again: gdaltindex -f GPKG index.gpkg *.tif"


@dataclass(frozen=True)
class Listed:
    """An image a list names; `bands` are those to show, () where the file itself decides."""

    path: Path
    bands: tuple[int, ...] = ()


@dataclass(frozen=True)
class _Band:
    """A band of a VRT: its colour, and for each file the band that is taken of it."""

    colour: str
    sources: dict[Path, int]


def listed_scenes(path: Path, bands: Sequence[int] = ()) -> list[Listed]:
    """The images a list names, the one on top first; `bands` as the campaign has them, counted in the list.

    Of a VRT the last source lies on top, of a tile index the first row. Whether the files are there is not asked.

    Raises:
        Refusal: the list is none, names what is not below its folder, or what it shows is more than its files.
    """
    if path.suffix.lower() == ".vrt":
        return _of_mosaic(path, tuple(bands))
    rows = _shapefile_rows(path) if path.suffix.lower() == ".shp" else _geopackage_rows(path)
    found = dict.fromkeys(_member(path, one) for one in rows if one)
    if not found:
        raise Refusal(f"{path.name} has no row with a {LOCATION}", _AGAIN)
    return [Listed(one, tuple(bands)) for one in found]


def _member(path: Path, told: str) -> Path:
    """The file a list means: below its folder, or of that name beside it where the list was made elsewhere."""
    name = told.strip().replace("\\", "/")
    if not name or name.startswith(("/vsi", "<", "{")) or "://" in name or "\0" in name:
        sentence = f"{path.name} names {told[:80]!r}: networks, archives and descriptions are not opened"
        raise Refusal(sentence, _NAME_THEM)
    if name.lower().endswith(".vrt"):
        raise Refusal(f"{path.name} names another VRT ({told[:80]})", _NAME_THEM)
    folder = Path(os.path.normpath(path.parent))
    below, beside = Path(os.path.normpath(folder / name)), folder / name.rpartition("/")[2]
    if beside.is_file() and not (below.is_relative_to(folder) and below.is_file()):
        return beside
    if not below.is_relative_to(folder):
        hint = f"put it above its images, or {_NAME_THEM}"
        raise Refusal(f"{path.name} names {told[:80]!r}, which is not below its own folder", hint)
    return below


# -- VRT -------------------------------------------------------------------------------------------------


def _of_mosaic(path: Path, asked: tuple[int, ...]) -> list[Listed]:
    bands = _mosaic_bands(path, _mosaic_tree(path))
    files = list(bands[0].sources)
    if len(files) > MOST_SCENES:
        raise Refusal(f"{path.name} names more than {MOST_SCENES} images", _NAME_THEM)
    if not all(1 <= one <= len(bands) for one in asked):
        raise Refusal(f"{path.name} has {len(bands)} bands, not {list(asked)}", "name one band or three")
    if any(list(one.sources) != files for one in bands):
        hint = "write them into one file each: gdal_translate -of COG"
        raise Refusal(f"{path.name} takes its bands from different files (gdalbuildvrt -separate)", hint)
    return [Listed(one, _bands_of(bands, one, asked)) for one in reversed(files)]


def _bands_of(bands: Sequence[_Band], file: Path, asked: tuple[int, ...]) -> tuple[int, ...]:
    """Which bands of a file stand for what the mosaic shows; () where the mosaic has the file's own, in their order."""
    taken = [one.sources[file] for one in bands]
    if not asked and taken == list(range(1, len(taken) + 1)):
        return ()
    return tuple(taken[one - 1] for one in asked or _shown(bands))


def _shown(bands: Sequence[_Band]) -> tuple[int, ...]:
    colours = [one.colour for one in bands]
    if set(_COLOURS) <= set(colours):
        return tuple(colours.index(one) + 1 for one in _COLOURS)
    return (1, 2, 3) if len(bands) - colours.count("Alpha") >= 3 else (1,)


def _mosaic_tree(path: Path) -> xml.Element:
    if path.stat().st_size > MOST_BYTES:
        raise Refusal(f"{path.name} is larger than {MOST_BYTES >> 20} MB", _NAME_THEM)
    data = path.read_bytes()
    if b"<!DOCTYPE" in data.upper() or b"\0" in data:  # in UTF-16 it would not be seen
        raise Refusal(f"{path.name} declares a DOCTYPE, which a VRT has not", _NAME_THEM)
    try:
        tree = xml.fromstring(data)
    except xml.ParseError as problem:
        raise Refusal(f"{path.name} is no VRT: {problem}", "make it again: gdalbuildvrt") from problem
    if tree.tag != "VRTDataset":
        raise Refusal(f"{path.name} is no VRT, but {tree.tag[:40]}", "make it again: gdalbuildvrt")
    if "subClass" in tree.attrib:
        raise Refusal(
            f"{path.name} reckons its pixels ({tree.attrib['subClass'][:40]})", "write them: gdal_translate -of COG"
        )
    return tree


def _mosaic_bands(path: Path, tree: xml.Element) -> list[_Band]:
    found = [_mosaic_band(path, one) for one in tree.iterfind("VRTRasterBand")]
    if not found or not found[0].sources:
        raise Refusal(f"{path.name} names no image", "make it again: gdalbuildvrt")
    return found


def _mosaic_band(path: Path, band: xml.Element) -> _Band:
    if "subClass" in band.attrib:
        raise Refusal(
            f"{path.name} reckons its pixels ({band.attrib['subClass'][:40]})", "write them: gdal_translate -of COG"
        )
    sources: dict[Path, int] = {}
    for one in band:
        if one.tag.endswith("Source"):
            file, number = _source(path, one)
            sources.setdefault(file, number)
    return _Band((band.findtext("ColorInterp") or "").strip(), sources)


def _source(path: Path, source: xml.Element) -> tuple[Path, int]:
    """The file of a source and its band; a source that does more than lay a file down is refused."""
    more = sorted({one.tag for one in source} - _PLAIN)
    if source.tag not in ("SimpleSource", "ComplexSource") or more:
        what = f"{source.tag} with {', '.join(more)}" if more else source.tag
        raise Refusal(
            f"{path.name} changes the values of its images ({what[:80]})", "write them: gdal_translate -of COG"
        )
    number = (source.findtext("SourceBand") or "1").strip()
    if not number.isdecimal() or not 1 <= int(number) < 1000:
        raise Refusal(f"{path.name} shows {number[:20]!r} of an image, which is no band", _NAME_THEM)
    return _member(path, source.findtext("SourceFilename") or ""), int(number)


# -- tile index ------------------------------------------------------------------------------------------


def _geopackage_rows(path: Path) -> list[str]:
    """The locations of the first layer that has such a column."""
    from pipeline.io.geopackage_screen import screened_tables

    try:
        tables, _ = screened_tables(path, {})
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as base:
            for table in tables:
                names = [str(one[1]) for one in base.execute(f"PRAGMA table_info({_quoted(table)})")]
                for column in [one for one in names if one.lower() == LOCATION]:
                    rows = base.execute(f"SELECT {_quoted(column)} FROM {_quoted(table)} ORDER BY rowid")
                    return _few(path, (str(one[0] or "") for one in rows))
    except Refusal as refusal:
        raise Refusal(f"{path.name}: {refusal.sentence}", refusal.hint) from refusal
    except sqlite3.DatabaseError as problem:
        raise Refusal(f"{path.name}: the GeoPackage is damaged ({problem})", _AGAIN) from problem
    raise Refusal(f"{path.name} has no column {LOCATION}: it is no tile index", _AGAIN)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _few(path: Path, rows: Iterator[str]) -> list[str]:
    found = [one for _, one in zip(range(MOST_SCENES + 1), rows, strict=False)]
    if len(found) > MOST_SCENES:
        raise Refusal(f"{path.name} names more than {MOST_SCENES} images", _NAME_THEM)
    return found


def _shapefile_rows(path: Path) -> list[str]:
    """The locations in the table of a shapefile."""
    table = next((one for end in (".dbf", ".DBF") if (one := path.with_suffix(end)).is_file()), None)
    if table is None:
        raise Refusal(f"{path.name} has no .dbf beside it: it names no image", _AGAIN)
    with table.open("rb") as file:
        head = file.read(32).ljust(32, b"\0")
        records, start, size = struct.unpack("<IHH", head[4:12])
        at, length = _location_span(path, file.read(max(start - 32, 0)))
        file.seek(start)
        rows = [file.read(size) for _ in range(min(records, MOST_SCENES + 1))]
    if not rows or len(rows[-1]) < size:
        raise Refusal(f"{table.name} is cut off", _AGAIN)
    return _few(path, (_text(one[at : at + length]) for one in rows if one[:1] != b"*"))


def _location_span(path: Path, fields: bytes) -> tuple[int, int]:
    at = 1
    for begin in range(0, len(fields) - 31, 32):
        one = fields[begin : begin + 32]
        if one[:1] == b"\r":
            break
        if one[:11].split(b"\0")[0].decode("latin-1").lower() == LOCATION:
            return at, one[16]
        at += one[16]
    raise Refusal(f"{path.name} has no column {LOCATION}: it is no tile index", _AGAIN)


def _text(raw: bytes) -> str:
    plain = raw.split(b"\0")[0].strip(b" ")
    try:
        return plain.decode("utf-8")
    except UnicodeDecodeError:
        return plain.decode("gb18030", "replace")
