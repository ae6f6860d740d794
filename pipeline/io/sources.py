"""What there is to open in a delivery: files of one format that belong together, under names of our own.

An archive is unpacked, a KMZ in it too; a FileGDB is known by its folder. What holds no map is named in `ignored`.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from pipeline.errors import Refusal
from pipeline.io.encoding import Encoding
from pipeline.io.readers.choice import SUFFIXES, claims
from pipeline.io.received import MAPS_NOT_READ, PICTURE_TAILS, SHAPEFILE_PARTS, WORLD_FILES
from pipeline.io.unpack import MAX_BYTES, MAX_MEMBERS, Member, unpack

LEADS = {".shp": "shapefile", ".gpkg": "gpkg", ".geojson": "geojson", ".json": "geojson", **SUFFIXES}
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".svg", ".webp", ".dae")  # what a KMZ shows its patches with
_PICTURE_TAILS = tuple(f"{tif}{tail}" for tif in (".tif", ".tiff") for tail in PICTURE_TAILS)
_TAILS = (".shp.xml", ".gpkg-wal", ".gpkg-shm", ".gpkg-journal", *_PICTURE_TAILS)
_CATALOG = "a00000001.gdbtable"
Parts = Mapping[str, tuple[str, Path]]  # suffix in small letters → name as delivered, where it lies


@dataclass(frozen=True)
class Source:
    """Files of one format that are opened together; `path` is the one that leads, a folder still to be made for a
    FileGDB, whose files are the `sidecars` by their names."""

    shown: str
    format: str
    path: Path
    sidecars: dict[str, Path]
    problem: Refusal | None = None  # why it cannot even be opened


@dataclass
class Sorting:
    """One delivery in sorting: where copies go, whether GeoTIFFs are masks, what was left, what archives may hold."""

    scratch: Path
    masks: bool
    ignored: list[str] = field(default_factory=list)
    names: list[tuple[str, Encoding]] = field(default_factory=list)  # archives whose names are in a decided encoding
    pictures: bool = False  # a GeoTIFF was seen, so that what is read depends on the rules for masks
    members: int = MAX_MEMBERS
    bytes_left: int = MAX_BYTES
    rooms: int = 0

    def room(self) -> Path:
        """A new folder, not made yet."""
        self.rooms += 1
        return self.scratch / f"{self.rooms:04d}"

    def unpacked(self, archive: Path, shown: str = "") -> tuple[Member, ...]:
        folder = self.room()
        folder.mkdir()
        unpacked = unpack(archive, folder, self.members, self.bytes_left)
        self.names += [(shown, unpacked.names)] if unpacked.names else []
        found = unpacked.members
        self.members -= len(found)
        self.bytes_left -= sum(one.path.stat().st_size for one in found)
        return found


def sources(delivery: Mapping[str, Any], sorting: Sorting) -> Iterator[Source]:
    """The sources of one delivery (kind, and parts as (name, path))."""
    parts = [(name, Path(path)) for name, path in delivery["parts"]]
    if delivery["kind"] == "filegdb":
        yield _geodatabase("", dict(parts), sorting)
    elif delivery["kind"] == "zip":
        yield from _in_zip(sorting.unpacked(parts[0][1]), sorting)
    elif delivery["kind"] == "kmz":
        yield from _in_kmz("", sorting.unpacked(parts[0][1]), sorting)
    else:
        yield from _of_stem("", {split(name)[1]: (name, path) for name, path in parts}, sorting)
    sorting.ignored = sorted(set(sorting.ignored))


def split(name: str) -> tuple[str, str]:
    """Stem and suffix of a name; suffixes of several parts are one."""
    low = name.casefold()
    for tail in _TAILS:
        if low.endswith(tail):
            return name[: -len(tail)], tail
    suffix = PurePosixPath(name.replace("\\", "/")).suffix
    return name[: len(name) - len(suffix)], suffix.casefold()


def _in_zip(members: Sequence[Member], sorting: Sorting) -> Iterator[Source]:
    homes: dict[str, dict[str, Path]] = {}
    stems: dict[str, dict[str, tuple[str, Path]]] = {}
    bare = {_folder(one.name) for one in members if PurePosixPath(one.name).name.casefold() == _CATALOG}
    for one in members:
        home, rest = _home(one.name, bare)
        stem, suffix = split(one.name)
        if rest:
            homes.setdefault(home, {})[rest] = one.path
        elif suffix == ".kmz":
            yield from _nested(one, sorting)
        else:
            stems.setdefault(stem.casefold(), {})[suffix] = (one.name, one.path)
    for home, files in sorted(homes.items()):
        yield _geodatabase(home and f"/{home}", files, sorting)
    for _, parts in sorted(stems.items()):
        yield from _of_stem("/", parts, sorting)


def _folder(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[0]


def _home(name: str, bare: set[str]) -> tuple[str, str]:
    """The FileGDB a member belongs to and its name in there; ("", "") if to none."""
    plain = name.replace("\\", "/")
    inside = re.match(r"((?:.*?/)?[^/]+\.gdb)/(.+)", plain, re.IGNORECASE)
    if inside:
        return inside[1], inside[2]
    folder, _, last = plain.rpartition("/")
    return (folder, last) if folder in bare and re.match(r"a[0-9a-f]{8}\.|gdb$|timestamps$", last, re.I) else ("", "")


def _geodatabase(shown: str, files: Mapping[str, Path], sorting: Sorting) -> Source:
    return Source(shown, "filegdb", sorting.room().with_suffix(".gdb"), dict(files))


def _nested(member: Member, sorting: Sorting) -> Iterator[Source]:
    shown = f"/{member.name}"
    try:
        members = sorting.unpacked(member.path, shown)
    except Refusal as problem:
        yield Source(shown, "kml", member.path, {}, problem)
        return
    yield from _in_kmz(shown, members, sorting)


def _in_kmz(shown: str, members: Sequence[Member], sorting: Sorting) -> Iterator[Source]:
    """The KMLs of a KMZ, each with the names of all as its sidecars; pictures are no maps."""
    found = {one.name.replace("\\", "/"): one.path for one in members if split(one.name)[1] == ".kml"}
    if not found:
        problem = Refusal("the KMZ holds no .kml", "ask the sender to export it again")
        yield Source(shown, "kml", sorting.scratch, {}, problem)
    for name, path in found.items():
        yield Source(f"{shown}/{name}", "kml", path, found)
    others = [one.name for one in members if split(one.name)[1] not in (".kml", *PICTURES)]
    sorting.ignored += [f"{shown}/{name}" for name in others]


def _of_stem(prefix: str, parts: Parts, sorting: Sorting) -> Iterator[Source]:
    """The sources among files of one stem; `prefix` is "" where they are the delivery itself."""
    folder = sorting.room()
    folder.mkdir()
    sorting.pictures = sorting.pictures or not {".tif", ".tiff"}.isdisjoint(parts)
    leads = {one: kind for one, kind in LEADS.items() if one in parts and _leads(one, kind, parts[one][1], sorting)}
    used: set[str] = set()
    for suffix, kind in leads.items():
        own = _own(suffix, kind, parts)
        used |= own
        copied = own - set(_PICTURE_TAILS)
        copies = {one: _copied(parts[one][1], folder / f"layer{one}") for one in sorted(copied)}
        lead = copies.pop(suffix) if kind != "shapefile" else copies[suffix]
        yield Source(prefix and prefix + parts[suffix][0], kind, lead, copies)
    left = [name for suffix, (name, _) in parts.items() if suffix not in used]
    left = left if not leads else [one for one in left if one.casefold().endswith(MAPS_NOT_READ)]
    sorting.ignored += [prefix and prefix + one for one in left]


def _leads(suffix: str, kind: str, path: Path, sorting: Sorting) -> bool:
    if kind == "mask":
        return sorting.masks
    return suffix not in SUFFIXES or claims(suffix, path)


def _own(suffix: str, kind: str, parts: Parts) -> set[str]:
    """The suffixes of the parts that go with the one that leads, and its own."""
    if kind == "shapefile":
        return {one for one in parts if one in SHAPEFILE_PARTS or one == ".shp.xml"}
    beside = WORLD_FILES if kind == "mask" else ()
    return {one for one in parts if one in (suffix, *beside) or one.startswith((f"{suffix}-", f"{suffix}."))}


def _copied(path: Path, name: Path) -> Path:
    """A private copy under a name of our own (GDAL chooses by suffix, and may write beside what it opens)."""
    shutil.copyfile(path, name)
    return name
