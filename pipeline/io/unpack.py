"""A walker of strangers' zip archives: nothing is extracted by name, everything is counted and checked.

Limits follow from the faults of archives seen in the wild: traversal, links, bombs, lying headers, names twice,
wrong checksums (Python's zipfile verifies CRC-32 while inflating, GDAL does not).
"""

from __future__ import annotations

import lzma
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pipeline.errors import Refusal
from pipeline.io.archive_names import decide_names, member_name
from pipeline.io.encoding import Encoding

MAX_MEMBERS = 2_000
MAX_BYTES = 4 << 30
MAX_RATIO = 300
_BLOCK = 1 << 20
_JUNK = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
Named = tuple[str, zipfile.ZipInfo]


@dataclass(frozen=True)
class Member:
    """One file of an archive: its name as understood, and where it was put."""

    name: str
    path: Path


@dataclass(frozen=True)
class Unpacked:
    """What was in an archive, in order of names, and the encoding of those that are not marked as UTF-8."""

    members: tuple[Member, ...]
    names: Encoding | None  # None where all of those are ASCII


def unpack(archive: Path, folder: Path, most: int = MAX_MEMBERS, budget: int = MAX_BYTES) -> Unpacked:
    """All files of a zip, put under numbered names into `folder`.

    At most so many, and so many bytes in all: an archive in an archive shares the limits of that.

    Raises:
        Refusal: the archive is damaged, encrypted, too large, or its names are not to be trusted.
    """
    try:
        with zipfile.ZipFile(archive) as zipped:
            infos = [one for one in zipped.infolist() if not one.orig_filename.endswith("/")]
            _within(infos, most)
            decided = decide_names(infos)
            named = [(member_name(one, decided), one) for one in infos]
            _screen(named)
            kept = sorted((one for one in named if not _junk(one[0])), key=lambda one: one[0])
            _no_twins([name for name, _ in kept])
            return Unpacked(tuple(_taken_out(zipped, kept, folder, budget)), decided)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error) as problem:
        raise Refusal(f"the archive is damaged ({problem})", "ask the sender to send it again") from problem
    except (EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as problem:
        raise Refusal(
            f"the archive cannot be unpacked ({problem})", "ask for a plain zip without password"
        ) from problem


def _junk(name: str) -> bool:
    return any(name.startswith(one) or name.endswith(one) for one in _JUNK) or PurePosixPath(name).name.startswith("._")


def _within(infos: Sequence[zipfile.ZipInfo], most: int) -> None:
    if len(infos) > most:
        raise Refusal(f"the archive has {len(infos)} files, more than {most}", "ask for smaller archives")


def _screen(named: Iterable[Named]) -> None:
    for name, info in named:
        if info.flag_bits & 0x1:
            raise Refusal(f"{name!r} in the archive is encrypted", "ask for an archive without password")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise Refusal(f"{name!r} in the archive is a link", "ask for the file itself")
        if _escapes(name):
            raise Refusal(f"{name!r} in the archive points out of it", "ask for an archive made anew")
        if info.file_size > 10_000_000 and info.file_size > MAX_RATIO * max(info.compress_size, 1):
            raise Refusal(f"{name!r} in the archive inflates more than {MAX_RATIO} times", "ask what it is")


def _escapes(name: str) -> bool:
    steps = name.replace("\\", "/").split("/")
    return (
        not name
        or name.startswith(("/", "\\"))
        or ".." in steps
        or ":" in steps[0]
        or any(ord(one) < 32 for one in name)
    )


def _no_twins(names: list[str]) -> None:
    seen: set[str] = set()
    for name in names:
        key = unicodedata.normalize("NFC", name).casefold()
        if key in seen:
            raise Refusal(f"the archive holds {name!r} twice", "programs differ in which they read: ask for one")
        seen.add(key)


def _taken_out(zipped: zipfile.ZipFile, kept: Iterable[Named], folder: Path, budget: int) -> Iterator[Member]:
    for at, (name, info) in enumerate(kept):
        path = folder / f"{at:04d}{PurePosixPath(name).suffix.lower()[:12]}"
        budget -= _inflate(zipped, info, path, budget)
        yield Member(name, path)


def _inflate(zipped: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path, budget: int) -> int:
    size = 0
    with zipped.open(info) as source, path.open("wb") as target:
        while block := source.read(_BLOCK):
            size += len(block)
            if size > budget:
                raise Refusal(f"the archive inflates to more than {MAX_BYTES >> 30} GiB", "ask for smaller archives")
            target.write(block)
    return size
