"""Everything that arrives is kept: delivered files under their SHA-256, grouped into deliveries.

The inbox is never changed; a file is opened without following links and must be a regular file.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import Refusal
from pipeline.publish import private, write_json

SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".qpj", ".cst")
READABLE = {".zip": "zip", ".shp": "shapefile", ".gpkg": "gpkg", ".geojson": "geojson", ".json": "geojson"}
# Suffixes of files that may hold patches but are not read yet: they are work left to do, and said so.
MAPS_NOT_READ = tuple(
    ".gdb .mdb .kml .kmz .gml .dxf .dwg .tab .mif .fgb .parquet .db .sqlite .rar .7z .tar .gz .csv .xlsx .xls"
    " .txt .dbf .shx .geojsonl".split()
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


def group(paths: Iterable[Path]) -> list[tuple[Path, list[Path]]]:
    """The files that belong together: (the one that leads, all of them), in order of names.

    Parts of a shapefile follow their .shp; `x.gpkg-wal` follows `x.gpkg`.
    """
    files = sorted(set(paths))
    by_stem = {(one.parent, one.stem.casefold()): one for one in files if one.suffix.casefold() == ".shp"}
    groups: dict[Path, list[Path]] = {}
    for path in files:
        groups.setdefault(_leader(path, by_stem, files), []).append(path)
    return sorted(groups.items())


def _leader(path: Path, shapefiles: dict[tuple[Path, str], Path], files: list[Path]) -> Path:
    low = path.name.casefold()
    if low.endswith(".shp.xml"):
        return shapefiles.get((path.parent, low.removesuffix(".shp.xml")), path)
    if path.suffix.casefold() in SHAPEFILE_PARTS:
        return shapefiles.get((path.parent, path.stem.casefold()), path)
    for tail in ("-wal", "-shm", "-journal"):
        owner = path.with_name(path.name.removesuffix(tail))
        if low.endswith(tail) and owner in files:
            return owner
    return path


def delivery_of(lead: Path, files: list[Path], digest: Callable[[Path], str]) -> Delivery:
    """The delivery these files are, by the digests of their contents."""
    parts = tuple(Part(one.name, digest(one)) for one in files)
    if len(parts) == 1:
        whole = parts[0].digest
    else:
        manifest = sorted(f"{part.name.casefold()[len(lead.stem) :]} {part.digest}" for part in parts)
        whole = hashlib.sha256("\n".join(manifest).encode()).hexdigest()
    return Delivery(lead.name, READABLE.get(lead.suffix.casefold(), ""), whole, parts)


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
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    with os.fdopen(handle, "rb") as source, copy.open("wb") as target:
        if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
            raise Refusal(f"{path} is not a regular file", "put the file itself into the folder")
        digest = hashlib.sha256()
        while block := source.read(1 << 20):
            digest.update(block)
            target.write(block)
    return digest.hexdigest()
