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
from pipeline.io.readers.choice import SUFFIXES
from pipeline.publish import private, write_json

PARSER_VERSION = 7  # of what is parsed and how: part of the key under which results are kept
SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".qpj", ".cst")
READABLE = {".zip": "zip", ".shp": "shapefile", ".gpkg": "gpkg", ".geojson": "geojson", ".json": "geojson", **SUFFIXES}
# Suffixes of files that may hold patches but are not read yet: they are work left to do, and said so.
MAPS_NOT_READ = tuple(
    f".{one}"
    for one in "gdb mdb kmz gml dxf dwg tab mif xls tif tiff rar 7z tar gz zip dbf shx".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Part:
    """One delivered file: the name it came by, and its digest."""

    name: str
    digest: str


@dataclass(frozen=True)
class Delivery:
    """Files that are read together: an archive, a GeoPackage, or the parts of a shapefile.

    `digest` speaks of content alone: the SHA-256 of the file, or of the parts' suffixes and digests.
    """

    name: str
    kind: str  # zip | shapefile | gpkg | geojson | "" (not read)
    digest: str
    parts: tuple[Part, ...]
    problem: str = ""  # why it could not even be opened

    @property
    def key(self) -> str:
        """What its parsed form is kept under: the same bytes under another suffix are read in another way."""
        return f"{self.digest[:40]}-{self.kind}"


def group(paths: Iterable[Path]) -> list[tuple[Path, list[Path]]]:
    """The files that belong together: (the one that leads, all of them), in order of names.

    Parts of a shapefile follow their .shp; `x.gpkg-wal` follows `x.gpkg`; what lies in a `.gdb` folder follows that.
    A folder stands for itself only where nothing in it was named too.
    """
    named = sorted(set(paths))
    folders = {one for one in named if one.is_dir()}
    files = [one for one in named if one not in folders]
    entered = {above for one in files for above in one.parents if above in folders}
    geodatabases = {one for one in folders if one.suffix.casefold() == ".gdb"}
    whole = sorted(geodatabases | {one for one in folders - entered if any(one.iterdir())})
    files = [one for one in files if geodatabases.isdisjoint(one.parents)]
    exact = {one.with_suffix(""): one for one in files if one.suffix.casefold() == ".shp"}
    shapefiles = {stem.with_name(stem.name.casefold()): one for stem, one in exact.items()} | exact
    known = set(files)
    groups: dict[Path, list[Path]] = {one: [one] for one in whole}
    for path in files:
        groups.setdefault(_leader(path, shapefiles, known), []).append(path)
    return sorted(groups.items())


def _leader(path: Path, shapefiles: dict[Path, Path], known: set[Path]) -> Path:
    low = path.name.casefold()
    if low.endswith(".shp"):
        return path
    for suffix in (".shp.xml", *SHAPEFILE_PARTS):
        if low.endswith(suffix):
            stem = path.with_name(path.name[: -len(suffix)])
            return shapefiles.get(stem) or shapefiles.get(stem.with_name(stem.name.casefold())) or path
    for tail in ("-wal", "-shm", "-journal"):
        owner = path.with_name(path.name.removesuffix(tail))
        if low.endswith(tail) and owner in known:
            return owner
    return path


def delivery_of(name: str, lead: Path, files: list[Path], digest: Callable[[Path], str]) -> Delivery:
    """The delivery these files are, by the digests of their contents; it says so where one cannot be opened."""
    try:
        problem = next((one for one in map(_unusable, files) if one), "")
        parts = () if problem else tuple(Part(one.name, digest(one)) for one in files)
    except OSError as unreadable:
        parts, problem = (), f"it cannot be opened ({unreadable.strerror})"
    if problem:
        return Delivery(name, "", "", (), problem)
    if len(parts) == 1:
        whole = parts[0].digest
    else:
        manifest = sorted(f"{part.name.casefold()[len(lead.stem) :]} {part.digest}" for part in parts)
        whole = hashlib.sha256("\n".join(manifest).encode()).hexdigest()
    return Delivery(name, READABLE.get(lead.suffix.casefold(), ""), whole, parts)


def _unusable(path: Path) -> str:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return "it is a link to something elsewhere"
    if stat.S_ISDIR(mode):
        gdb = path.suffix.casefold() == ".gdb"
        return "file geodatabases are not read yet" if gdb else "it is a folder, and only files are read"
    return "" if stat.S_ISREG(mode) else "it is not a regular file"


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
                raise Refusal(f"{path} changed while it was read", "wait until it is wholly written, then run again")
            copy.chmod(0o444)
        write_json(received / f"{digest}.json", {"sha256": digest, "name": path.name, "bytes": kept.stat().st_size})
    return kept


def _copy_regular(path: Path, copy: Path) -> str:
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except OSError as problem:
        hint = "let the folder come to rest, then run again"
        raise Refusal(f"{path} cannot be opened any more ({problem.strerror})", hint) from problem
    with os.fdopen(handle, "rb") as source, copy.open("wb") as target:
        if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
            raise Refusal(f"{path} is not a regular file", "put the file itself into the folder")
        digest = hashlib.sha256()
        while block := source.read(1 << 20):
            digest.update(block)
            target.write(block)
    return digest.hexdigest()
