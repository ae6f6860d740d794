"""Check what was handed out against its sums: a county folder, a zip of one, the parts of one, or an output tree."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from pipeline.campaign import Files
from pipeline.engine.digest import file_digest
from pipeline.errors import Refusal
from pipeline.io.package_contents import contents_digest

SUMS = "SHA256SUMS"
_PART = re.compile(rf"{SUMS}_([0-9]{{1,4}})of([0-9]{{1,4}})\.txt")
_CHUNK = 1 << 20
_MOST_SUMS_BYTES = 4 << 20  # of a list of sums: 40,000 files
_WANTED = "name a county folder, a zip of one, the folder of its parts, or the output folder"
_DAMAGES = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error)

Open = Callable[[str], IO[bytes]]


@dataclass(frozen=True)
class Holding:
    """Files that belong together: where they lie, their names, and how to open one."""

    place: str
    names: tuple[str, ...]
    open: Open
    root: str = ""  # the folder inside a zip
    folder: Path | None = None  # where it lies, if not in a zip

    def text(self, name: str) -> str:
        with self.open(name) as source:
            return source.read(_MOST_SUMS_BYTES).decode("ascii", "replace")

    def digest(self, name: str) -> str:
        digest = hashlib.sha256()
        with self.open(name) as source:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
        return digest.hexdigest()


@dataclass(frozen=True)
class Verified:
    """What is wrong, in words; what was merely opened by another program; how many files were checked."""

    problems: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    files: int = 0

    def __add__(self, other: Verified) -> Verified:
        return Verified(self.problems + other.problems, self.opened + other.opened, self.files + other.files)


@dataclass(frozen=True)
class Part:
    """One part of a folder that was sent in several: which of how many, and what the whole folder holds."""

    place: str
    root: str
    number: int
    count: int
    whole: str  # the sums of the whole folder
    names: frozenset[str]


def part_sums(number: int, count: int) -> str:
    """The name of the sums of one part of a folder."""
    return f"{SUMS}_{number}of{count}.txt"


def verify_path(path: Path) -> Verified:
    """What is wrong at a place.

    Raises:
        Refusal: there is nothing with sums at this place, or a zip named itself cannot be unpacked.
    """
    if path.is_file():
        verified, found, _ = _check_zip(path)
    else:
        verified, found = _check_tree(path)
    if not found:
        raise Refusal(f"{path} holds no {SUMS}", _WANTED)
    return verified


def not_checked(path: Path) -> list[str]:
    """What `verify_path` could not see: where one part of a folder was named alone, that there are others."""
    if not zipfile.is_zipfile(path):
        return []
    with zipfile.ZipFile(path) as zipped:
        found = [_PART.fullmatch(PurePosixPath(one).name) for one in zipped.namelist()]
    return [
        f"{path} is part {one[1]} of {one[2]}: name the folder of its parts to check them all" for one in found if one
    ]


def altered(folder: Path) -> list[Path]:
    """The files of a county folder that are not as they were handed out: changed or put there since."""
    try:
        said = dict(_lines((folder / SUMS).read_text(encoding="ascii", errors="replace")))
    except OSError:
        return []
    files = [one for one in sorted(folder.rglob("*")) if one.is_file() and one != folder / SUMS]
    return [one for one in files if file_digest(one) != said.get(one.relative_to(folder).as_posix())]


# -- what there is ---------------------------------------------------------------------------------------


def _check_tree(path: Path) -> tuple[Verified, bool]:
    """All folders with sums below `path`, and all zips of such folders in it or in its `packages`; whether there are
    any."""
    folders = [_check(one) for one in _folders(path)]
    verified, something, parts = sum(folders, Verified()), bool(folders), list[Part]()
    for each in _zips(path):
        try:
            checked, found, here = _check_zip(each)
        except Refusal as problem:
            checked, found, here = Verified((problem.sentence,)), True, []
        verified, something = verified + checked, something or found
        parts += here
    return verified + Verified(tuple(_check_sets(parts))), something


def _folders(path: Path) -> Iterator[Holding]:
    handed_out = {one for one in (path / "counties").glob("*") if one.is_dir()}
    with_sums = {one.parent for one in path.rglob(f"{SUMS}*") if one.name == SUMS or _PART.fullmatch(one.name)}
    for folder in sorted(handed_out | with_sums):
        names = sorted(one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file())
        yield Holding(str(folder), tuple(names), partial(_open_file, folder), folder=folder)


def _zips(path: Path) -> list[Path]:
    """The packages of an output tree, and the zips that lie in a folder which is no county's itself."""
    return [] if (path / SUMS).exists() else sorted({*path.glob("packages/*.zip"), *path.glob("*.zip")})


def _check_zip(path: Path) -> tuple[Verified, bool, list[Part]]:
    """What is wrong in a zip, whether it has sums, and which parts lie in it.

    Raises:
        Refusal: it is no zip, or cannot be unpacked.
    """
    if not zipfile.is_zipfile(path):
        raise Refusal(f"{path} is not a zip", _WANTED)
    try:
        with zipfile.ZipFile(path) as zipped:
            holdings = list(_members(path, zipped))
            checked = sum((_check(one) for one in holdings), Verified())
            parts = [part for one in holdings for part in _parts(one)]
    except _DAMAGES as damaged:
        raise Refusal(f"{path} cannot be unpacked: {damaged}", "have it sent again, without a password") from None
    return checked, bool(holdings), parts


def _members(path: Path, zipped: zipfile.ZipFile) -> Iterator[Holding]:
    names = [one for one in zipped.namelist() if not one.endswith("/")]
    roots = {one.removesuffix(PurePosixPath(one).name) for one in names if PurePosixPath(one).name == SUMS}
    for root in sorted(roots):
        inside = tuple(sorted(one.removeprefix(root) for one in names if one.startswith(root)))
        yield Holding(f"{path}/{root}", inside, partial(_open_member, zipped, root), root)


def _open_file(folder: Path, name: str) -> IO[bytes]:
    return (folder / name).open("rb")


def _open_member(zipped: zipfile.ZipFile, root: str, name: str) -> IO[bytes]:
    return zipped.open(root + name)


# -- what is said of it ----------------------------------------------------------------------------------


def _check(one: Holding) -> Verified:
    """A holding against its sums: those of the whole, or those of the parts that are there."""
    parts = _part_names(one)
    if SUMS not in one.names:
        return Verified((f"{one.place}: {SUMS} is missing",))
    whole = dict(_lines(one.text(SUMS)))
    own = {name: digest for sums in parts.values() for name, digest in _lines(one.text(sums))}
    said = whole | own
    alone = len(parts) == 1 and bool(one.root)  # one part of several: what the others hold is not missing here
    wanted = set(own) if alone else set(whole)
    there = set(one.names) - {SUMS} - set(parts.values())
    missing, strange = wanted - there - {SUMS}, there - set(said)
    renamed = _renamed(one, {name: said[name] for name in missing}, strange)
    problems = [f"{one.place}: {name} is in the zip twice" for name, n in Counter(one.names).items() if n > 1]
    problems += [f"{one.place}: {words}" for words in _unpacked_without(parts)] if not one.root else []
    problems += [f"{one.place}: {old} is called {new}" for new, old in sorted(renamed.items())]
    problems += [f"{one.place}: {name} is missing" for name in sorted(missing - set(renamed.values()))]
    problems += [f"{one.place}: {name} is not in {SUMS}" for name in sorted(strange - set(renamed))]
    known = sorted((there | ({SUMS} & set(own))) & set(said))
    other = [name for name in known if one.digest(name) != said[name]]
    opened = [name for name in other if _is_opened(one, name, said[name])]
    problems += [f"{one.place}: {name} was altered" for name in other if name not in opened]
    problems += [f"{one.place}: {words}" for words in _contradictions(whole, own)]
    told = [f"{one.place}: {name} was opened by another program; its contents are the same" for name in opened]
    return Verified(tuple(problems), tuple(told), len(known))


def _is_opened(one: Holding, name: str, said: str) -> bool:
    """Whether a file of an output tree holds what it held when it was handed out; only a GeoPackage can be told."""
    if one.folder is None or not name.endswith(".gpkg"):
        return False
    contents = _contents(one.folder).get(said, "")
    try:
        return bool(contents) and contents_digest(one.folder / name) == contents
    except ValueError:
        return False


def _contents(folder: Path) -> Mapping[str, str]:
    """What the GeoPackages of a county's folder held, by the digest of their bytes; nothing where it was moved."""
    out = folder.absolute().parent.parent
    try:
        found: Mapping[str, str] = json.loads(Files(out, out).contents(folder.name).read_bytes())
    except (OSError, ValueError):
        return {}
    return found


def _renamed(one: Holding, missing: Mapping[str, str], strange: Set[str]) -> dict[str, str]:
    """Old names of files that are there under another one: the same content, told by its digest."""
    lost = {digest: name for name, digest in sorted(missing.items(), reverse=True)}
    digests = {name: one.digest(name) for name in sorted(strange)} if lost else {}
    return {name: lost.pop(digest) for name, digest in digests.items() if digest in lost}


def _unpacked_without(parts: Mapping[tuple[int, int], str]) -> Iterator[str]:
    """Parts whose own sums are not in a folder that was put together of parts."""
    count = max((count for _, count in parts), default=0)
    missing = sorted(set(range(1, count + 1)) - {number for number, _ in parts})
    yield from (f"part {number} of {count} is missing" for number in missing)


def _part_names(one: Holding) -> dict[tuple[int, int], str]:
    """The sums of parts among the files, by number and count."""
    found = ((name, _PART.fullmatch(name)) for name in one.names)
    return {(int(match[1]), int(match[2])): name for name, match in found if match}


def _contradictions(whole: Mapping[str, str], own: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(set(own) - {SUMS}):
        if whole.get(name) != own[name]:
            yield f"its lists of sums disagree about {name}"


def _parts(one: Holding) -> Iterator[Part]:
    for number, count in _part_names(one):
        yield Part(one.place, one.root, number, count, one.text(SUMS), frozenset(one.names))


def _check_sets(parts: Sequence[Part]) -> Iterator[str]:
    """Parts of one folder against one another: all there, of one state, and together the whole folder."""
    for root in sorted({one.root for one in parts}):
        mine = [one for one in parts if one.root == root]
        name, count = root.rstrip("/"), max(one.count for one in mine)
        if len({(one.whole, one.count) for one in mine}) > 1:
            yield f"{name}: its parts are of different states; have all of them sent again"
            continue
        missing = sorted(set(range(1, count + 1)) - {one.number for one in mine})
        yield from (f"{name}: part {one} of {count} is missing" for one in missing)
        here = frozenset[str]().union(*(one.names for one in mine))
        if not missing:
            yield from (f"{name}: {one} is in none of its parts" for one, _ in _lines(mine[0].whole) if one not in here)


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        digest, _, name = line.partition("  ")
        if name:
            yield name, digest
