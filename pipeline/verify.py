"""Check what was handed out against its sums: a county folder, a zip of one, or a whole output tree."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from pipeline.engine.digest import file_digest
from pipeline.errors import Refusal

SUMS = "SHA256SUMS"
Read = Callable[[str], bytes]
_WANTED = "name a county folder, a zip of one, or the output folder"


def verify_path(path: Path) -> tuple[list[str], int]:
    """What is wrong, in words, and how many files were checked.

    Raises:
        Refusal: there is nothing with sums at this place.
    """
    try:
        checked = [_check(*one) for one in (_zipped(path) if path.is_file() else _folders(path))]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as damaged:
        raise Refusal(f"{path} cannot be unpacked: {damaged}", "have it sent again, without a password") from None
    if not checked:
        raise Refusal(f"{path} holds no {SUMS}", _WANTED)
    return [words for problems, _ in checked for words in problems], sum(count for _, count in checked)


def altered(folder: Path) -> list[Path]:
    """The files of a county folder that are not as they were handed out: changed or put there since."""
    try:
        said = dict(_lines((folder / SUMS).read_text(encoding="ascii", errors="replace")))
    except OSError:
        return []
    files = [one for one in sorted(folder.rglob("*")) if one.is_file() and one != folder / SUMS]
    return [one for one in files if file_digest(one) != said.get(one.relative_to(folder).as_posix())]


def _folders(path: Path) -> Iterator[tuple[str, set[str], Read]]:
    handed_out = {one for one in (path / "counties").glob("*") if one.is_dir()}
    for folder in sorted(handed_out | {one.parent for one in path.rglob(SUMS)}):
        names = {one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file()}
        yield str(folder), names, partial(_read_file, folder)


def _zipped(path: Path) -> Iterator[tuple[str, set[str], Read]]:
    if not zipfile.is_zipfile(path):
        raise Refusal(f"{path} is not a zip", _WANTED)
    with zipfile.ZipFile(path) as zipped:
        names = [one for one in zipped.namelist() if not one.endswith("/")]
        for sums in sorted(one for one in names if PurePosixPath(one).name == SUMS):
            root = sums.removesuffix(SUMS)
            inside = {one.removeprefix(root) for one in names if one.startswith(root)}
            yield f"{path}/{root}", inside, partial(_read_member, zipped, root)


def _read_file(folder: Path, name: str) -> bytes:
    return (folder / name).read_bytes()


def _read_member(zipped: zipfile.ZipFile, root: str, name: str) -> bytes:
    return zipped.read(root + name)


def _check(place: str, names: set[str], read: Read) -> tuple[list[str], int]:
    if SUMS not in names:
        return [f"{place}: {SUMS} is missing"], 0
    said = dict(_lines(read(SUMS).decode("ascii", "replace")))
    problems = [f"{place}: {name} is missing" for name in sorted(set(said) - names)]
    problems += [f"{place}: {name} is not in {SUMS}" for name in sorted(names - set(said) - {SUMS})]
    there = sorted(set(said) & names)
    problems += [
        f"{place}: {name} was altered" for name in there if hashlib.sha256(read(name)).hexdigest() != said[name]
    ]
    return problems, len(there)


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        digest, _, name = line.partition("  ")
        if name:
            yield name, digest
