"""The sizes and the catalog of a FileGDB held against its files: GDAL reads a cut table as an empty one, in silence.

Layout after the reverse-engineered specification by Even Rouault (github.com/rouault/dump_gdbtable/wiki/FGDB-Spec).
"""

from __future__ import annotations

import re
import shutil
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline.errors import Refusal

CATALOG = "GDB_SystemCatalog"
_TABLE = re.compile(r"a[0-9a-f]{8}\.gdbtabl[ex]")
_BESIDE = re.compile(r"a[0-9a-f]{8}\.(gdbindexes|spx|horizon|freelist|[^/]{1,80}\.atx)|gdb|timestamps|.*\.lock")
_INTERNAL = re.compile(r"GDB_.*|(T|N)_\d+_\w+|fras_\w+", re.IGNORECASE)  # of the system, topologies, networks, rasters
_COMPRESSED = re.compile(r".*\.(cdf|sdc|sdi|sdx|.*\.cdf)")
_AGAIN = "ask the sender to zip the whole .gdb folder again"
_VERSIONS = (3, 4)
_OFFSET_BYTES = (4, 5, 6)
_SYSTEM = 8  # a00000001 to a00000008: catalog, spatial references, items …
_NO_FILE = 2  # the format of the log of replicas, which has no table


def lay_out(delivered: Mapping[str, Path], folder: Path) -> list[str]:
    """Copy the tables of a FileGDB into a folder of our own (its name must end in .gdb); the names of strangers.

    Its indexes are left out: they say nothing that the tables do not say, and are not read.

    Raises:
        Refusal: it is compressed, or two files have one name.
    """
    folder.mkdir()
    others = []
    for name, path in sorted(delivered.items()):
        low = name.casefold()
        if _COMPRESSED.fullmatch(low):
            hint = "ask the sender to uncompress it (ArcGIS: Uncompress File Geodatabase Data), or for a GeoPackage"
            raise Refusal(f"the FileGDB is compressed ({name:.60})", hint)
        if not _TABLE.fullmatch(low):
            others += [] if _BESIDE.fullmatch(low) else [name]
        elif (folder / low).exists():
            raise Refusal(f"the FileGDB holds {name:.60} twice", _AGAIN)
        else:
            shutil.copyfile(path, folder / low)
    return others


def refuse_damaged(folder: Path) -> None:
    """Refuse a folder that is no FileGDB, holds anything but plain files, or a table shorter than it says.

    Raises:
        Refusal: it is one of these.
    """
    strange = sorted(one.name for one in folder.iterdir() if one.is_symlink() or not one.is_file())
    if strange:
        raise Refusal(f"the FileGDB holds what is no plain file: {strange[0]!r:.80}", _AGAIN)
    if not (folder / "a00000001.gdbtable").exists():
        raise Refusal("it is not a FileGDB: a00000001.gdbtable is missing", _AGAIN)
    for kind, other in (("gdbtable", "gdbtablx"), ("gdbtablx", "gdbtable")):
        for table in sorted(folder.glob(f"a????????.{kind}")):
            if not table.with_suffix(f".{other}").exists():
                raise Refusal(f"{table.with_suffix('.' + other).name} is missing from the FileGDB", _AGAIN)
    for table in sorted(folder.glob("a????????.gdbtable")):
        _refuse_cut(table, _table_bytes)
        _refuse_cut(table.with_suffix(".gdbtablx"), _index_bytes)


def unread_tables(folder: Path, catalog: Mapping[int, tuple[str, int]], counts: Mapping[str, int]) -> list[str]:
    """Hold the catalog (table number → name, format) and the records GDAL counts (by layer) against the tables.

    The names of tables of topologies, networks and rasters that hold records are returned: nobody reads them.

    Raises:
        Refusal: a table of the catalog is missing, or records stand in tables that are not read.
    """
    tables = {int(one.stem[1:], 16): one for one in sorted(folder.glob("a????????.gdbtable"))}
    for number, (name, kind) in sorted(catalog.items()):
        if kind != _NO_FILE and number not in tables:
            raise Refusal(f"the table of {name:.60} (a{number:08x}.gdbtable) is missing from the FileGDB", _AGAIN)
    inner = []
    for number, path in tables.items():
        name, _ = catalog.get(number, (path.name, 0))
        standing = _records(path)
        if _INTERNAL.fullmatch(name) and name not in counts:
            inner += [name] if standing and not name.upper().startswith("GDB_") else []
        elif standing != counts.get(name, 0):
            hint = "ask for a FileGDB with the layer of patches alone, or a GeoPackage"
            sentence = f"{standing} records stand in {name:.60}, of which {counts.get(name, 0)} could be read"
            raise Refusal(sentence, hint)
    return inner


def missing_tables(folder: Path) -> list[str]:
    """Tables that the index of the catalog leads to and that are not there, as far as it is an index without gaps."""
    data = (folder / "a00000001.gdbtablx").read_bytes()
    blocks, rows, size = struct.unpack_from("<III", data, 4)
    if size not in _OFFSET_BYTES or rows > blocks * 1024:
        return []
    offsets = [data[16 + at * size : 16 + (at + 1) * size] for at in range(rows)]
    there = [at for at, one in enumerate(offsets, 1) if any(one) and at > _SYSTEM]
    return [name for name in (f"a{at:08x}.gdbtable" for at in there) if not (folder / name).exists()]


def records_of_catalog(folder: Path) -> int:
    """How many tables the catalog has by its header."""
    return _records(folder / "a00000001.gdbtable")


def _records(table: Path) -> int:
    """The number of records by the header, deleted ones not counted."""
    head = _head(table)
    version, rows = struct.unpack_from("<II", head)
    return int(rows if version == 3 else struct.unpack_from("<Q", head, 16)[0])


def _refuse_cut(path: Path, stated: Callable[[bytes], int]) -> None:
    head = _head(path)
    if len(head) < 32 or struct.unpack_from("<I", head)[0] not in _VERSIONS:
        raise Refusal(f"{path.name} of the FileGDB has no valid header", _AGAIN)
    size = stated(head)
    if size > path.stat().st_size:
        raise Refusal(f"{path.name} of the FileGDB is cut off: {path.stat().st_size} of {size} bytes", _AGAIN)


def _head(path: Path) -> bytes:
    with path.open("rb") as source:
        return source.read(40)


def _table_bytes(head: bytes) -> int:
    return int(struct.unpack_from("<Q", head, 24)[0])


def _index_bytes(head: bytes) -> int:
    """Blocks of 1024 offsets of 4 to 6 bytes, between a header and a trailer of 16."""
    blocks, _, bytes_each = struct.unpack_from("<III", head, 4)
    if blocks and bytes_each not in _OFFSET_BYTES:
        raise Refusal("an index of the FileGDB has no valid header", _AGAIN)
    return int(16 + blocks * 1024 * bytes_each + 16) if blocks else 0
