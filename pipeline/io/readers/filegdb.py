"""The sizes the tables of a FileGDB state, held against its files: GDAL reads a cut table as an empty one, in silence.

Layout after the reverse-engineered specification by Even Rouault (github.com/rouault/dump_gdbtable/wiki/FGDB-Spec).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from pathlib import Path

from pipeline.errors import Refusal

_FILE = re.compile(
    r"a[0-9a-f]{8}\.(gdbtable|gdbtablx|gdbindexes|spx|horizon|freelist|[A-Za-z0-9_]{1,64}\.atx)|gdb|timestamps|.*\.lock"
)
_AGAIN = "ask the sender to zip the whole .gdb folder again"
_VERSIONS = (3, 4)
_SYSTEM = 8  # a00000001 to a00000008: catalog, spatial references, items …


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
    for table in sorted(folder.glob("a????????.gdbtable")):
        _refuse_cut(table, _table_bytes)
        _refuse_cut(table.with_suffix(".gdbtablx"), _index_bytes)


def records_standing(folder: Path) -> int:
    """The records that the headers of all tables but the eight of the system state (of version 3; others count 0)."""
    heads = [_head(one) for one in sorted(folder.glob("a????????.gdbtable")) if int(one.stem[1:], 16) > _SYSTEM]
    return sum(rows for version, rows in (struct.unpack_from("<II", head) for head in heads) if version == 3)


def strangers(folder: Path) -> list[str]:
    """Names of files that do not belong to a FileGDB."""
    return sorted(one.name for one in folder.iterdir() if not _FILE.fullmatch(one.name))


def _refuse_cut(path: Path, stated: Callable[[bytes], int]) -> None:
    if not path.exists():
        raise Refusal(f"{path.name} is missing from the FileGDB", _AGAIN)
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
    return int(16 + blocks * 1024 * bytes_each + 16) if blocks else 0
