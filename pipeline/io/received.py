"""Everything that arrives is kept: delivered files under their SHA-256, grouped into deliveries.

The inbox is never changed; a file is opened without following links and must be a regular file.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import Refusal
from pipeline.io.readers.choice import SUFFIXES, is_lock
from pipeline.publish import private, write_json

PARSER_VERSION = 10  # of what is parsed and how: part of the key under which results are kept
SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".qpj", ".cst")
PICTURE_TAILS = (".aux.xml", ".xml", ".ovr", ".vat.dbf", ".vat.cpg")  # of what programs leave beside a GeoTIFF
WORLD_FILES = (".tfw", ".tifw", ".tiffw", ".wld")
READABLE = {".zip": "zip", ".kmz": "kmz", ".shp": "shapefile", ".gpkg": "gpkg"}
READABLE |= {".geojson": "geojson", ".json": "geojson", **SUFFIXES}
FILEGDB = "filegdb"
WAIT = "let the folder come to rest, then run again"
# Suffixes of files that may hold patches but are not read yet: they are work left to do, and said so.
_MAPS = "gdb mdb kmz gml dxf dwg dgn tab mif xls xlsb ods tif tiff rar 7z tar gz zip dbf shx"
_MAPS += " arrow feather topojson gpx osm pbf"
MAPS_NOT_READ = tuple(f".{one}" for one in _MAPS.split())


@dataclass(frozen=True)
class Part:
    """One delivered file: the name it came by, and its digest."""

    name: str
    digest: str


@dataclass(frozen=True)
class Delivery:
    """Files that are read together: an archive, a GeoPackage, the parts of a shapefile, the files of a FileGDB.

    `digest` speaks of content alone: the SHA-256 of the file, or of the parts' suffixes and digests.
    """

    name: str
    kind: str  # zip | kmz | shapefile | gpkg | filegdb | mask … "" (not read)
    digest: str
    parts: tuple[Part, ...]
    problem: str = ""  # why it could not even be opened
    hint: str = ""  # what to do about that, where there is something better than another format

    @property
    def key(self) -> str:
        """What its parsed form is kept under: the same bytes under another suffix are read in another way."""
        return f"{self.digest[:40]}-{self.kind}"


def group(paths: Iterable[Path]) -> list[tuple[Path, list[Path]]]:
    """The files that belong together: (the one that leads, all of them), in order of names.

    Parts of a shapefile follow their .shp, a world file its GeoTIFF, `x.gpkg-wal` follows `x.gpkg`; the files of a
    FileGDB follow their folder. Any other folder stands for itself, and only where nothing in it was named too.
    """
    named = sorted(set(paths))
    folders = {one for one in named if one.is_dir()}
    files = [one for one in named if one not in folders]
    entered = {above for one in files for above in one.parents if above in folders}
    geodatabases = {one for one in folders if _is_geodatabase(one) and folders.isdisjoint(_gdb_above(one))}
    apart = {one for one in folders - entered - geodatabases if geodatabases.isdisjoint(one.parents)}
    whole = {one: _inside(one) for one in geodatabases} | {one: [one] for one in apart if any(one.iterdir())}
    files = [one for one in files if geodatabases.isdisjoint(one.parents)]
    exact = {one.with_suffix(""): one for one in files if one.suffix.casefold() == ".shp"}
    shapefiles = {stem.with_name(stem.name.casefold()): one for stem, one in exact.items()} | exact
    known = set(files)
    groups: dict[Path, list[Path]] = whole
    for path in files:
        groups.setdefault(_leader(path, shapefiles, known), []).append(path)
    return sorted(groups.items())


def _leader(path: Path, shapefiles: dict[Path, Path], known: set[Path]) -> Path:
    low = path.name.casefold()
    if low.endswith(".shp"):
        return path
    for tail in (*PICTURE_TAILS, *WORLD_FILES):
        bare = path.name[: -len(tail)] if low.endswith(tail) else ""
        names = [bare] if tail in PICTURE_TAILS else [bare + one for one in _PICTURES]
        found = [one for one in names if one.endswith(_PICTURES) and path.with_name(one) in known]
        if bare and found:
            return path.with_name(found[0])
    for suffix in (".shp.xml", *SHAPEFILE_PARTS):
        if low.endswith(suffix):
            stem = path.with_name(path.name[: -len(suffix)])
            return shapefiles.get(stem) or shapefiles.get(stem.with_name(stem.name.casefold())) or path
    for tail in ("-wal", "-shm", "-journal"):
        owner = path.with_name(path.name.removesuffix(tail))
        if low.endswith(tail) and owner in known:
            return owner
    return path


_PICTURES = (".tif", ".tiff", ".TIF", ".TIFF")


def _is_geodatabase(folder: Path) -> bool:
    return folder.suffix.casefold() == ".gdb" or (folder / "a00000001.gdbtable").is_file()


def _gdb_above(folder: Path) -> list[Path]:
    return [one for one in folder.parents if one.suffix.casefold() == ".gdb"]


def _inside(folder: Path) -> list[Path]:
    """The files of a FileGDB without those that only say who has it open; the folder itself where it is none."""
    if folder.is_symlink():
        return [folder]
    try:
        return sorted(one for one in folder.iterdir() if not is_lock(one.name)) or [folder]
    except OSError:
        return [folder]


def delivery_of(name: str, lead: Path, files: list[Path], digest: Callable[[Path], str]) -> Delivery:
    """The delivery these files are, by the digests of their contents; it says so where one cannot be opened."""
    folder = lead not in files
    try:
        problem = next((one for one in (_unusable(file, folder) for file in files) if one), "")
        parts = () if problem else tuple(Part(one.name, digest(one)) for one in files)
    except OSError as unreadable:
        parts, problem = (), f"it cannot be opened ({unreadable.strerror})"
    if problem:
        return Delivery(name, "", "", (), problem, "put the files themselves there, or a zip of them")
    if len(parts) == 1 and not folder:
        whole = parts[0].digest
    else:
        own = 0 if folder else len(lead.stem)
        manifest = sorted(f"{part.name.casefold()[own:]} {part.digest}" for part in parts)
        whole = hashlib.sha256("\n".join(manifest).encode()).hexdigest()
    return Delivery(name, FILEGDB if folder else READABLE.get(lead.suffix.casefold(), ""), whole, parts)


def _unusable(path: Path, inside: bool) -> str:
    """Why a file cannot be taken; `inside` where it is one of a folder that is taken whole."""
    mode = path.lstat().st_mode
    which = f"{path.name} in it" if inside else "it"
    if stat.S_ISLNK(mode):
        return f"{which} is a link to something elsewhere"
    if stat.S_ISDIR(mode):
        gdb = not inside and _is_geodatabase(path)
        return "it is an empty folder" if gdb else f"{which} is a folder, and only files are read"
    return "" if stat.S_ISREG(mode) else f"{which} is not a regular file"


def shown_names(leads: Sequence[Path]) -> dict[Path, str]:
    """What each delivery is called: its name, with folders before it where the name alone would speak of several."""
    depth = dict.fromkeys(leads, 1)
    while True:
        names = {one: "/".join(one.parts[-depth[one] :]) for one in leads}
        count = Counter(names.values())
        alike = [one for one in leads if count[names[one]] > 1 and depth[one] < len(one.parts) - 1]
        if not alike:
            return names
        for one in alike:
            depth[one] += 1


def keep(path: Path, digest: str, received: Path) -> Path:
    """The archived copy of a delivered file, made now if it is new.

    Raises:
        Refusal: it is not a regular file, or its content is no longer what its digest says.
    """
    kept = received / digest
    if not kept.exists():
        with private(kept) as copy:
            seen = _copy_regular(path, copy)
            if seen != digest:
                raise Refusal(f"{path.name} changed while it was read", WAIT)
            copy.chmod(0o444)
        write_json(received / f"{digest}.json", {"sha256": digest, "name": path.name, "bytes": kept.stat().st_size})
    return kept


def _copy_regular(path: Path, copy: Path) -> str:
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except OSError as problem:
        raise Refusal(f"{path.name} cannot be opened any more ({problem.strerror})", WAIT) from problem
    with os.fdopen(handle, "rb") as source, copy.open("wb") as target:
        if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
            raise Refusal(f"{path.name} is not a regular file", "put the file itself into the folder")
        digest = hashlib.sha256()
        while block := source.read(1 << 20):
            digest.update(block)
            target.write(block)
    return digest.hexdigest()
