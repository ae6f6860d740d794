"""Check what was handed out against its sums: a county folder, a zip of one, or a whole output tree."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from pipeline.errors import Refusal

SUMS = "SHA256SUMS"
Read = Callable[[str], bytes]


def verify_path(path: Path) -> tuple[list[str], int]:
    """What is wrong, in words, and how many files were checked.

    Raises:
        Refusal: there is nothing with sums at this place.
    """
    checked = [_check(*one) for one in (_zipped(path) if path.is_file() else _folders(path))]
    if not checked:
        raise Refusal(f"{path} holds no {SUMS}", "name a county folder, a zip of one, or the output folder")
    return [words for problems, _ in checked for words in problems], sum(count for _, count in checked)


def _folders(path: Path) -> Iterator[tuple[str, set[str], Read]]:
    for sums in sorted(path.rglob(SUMS)):
        folder = sums.parent
        names = {one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file()}
        yield str(folder), names, partial(_read_file, folder)


def _zipped(path: Path) -> Iterator[tuple[str, set[str], Read]]:
    if not zipfile.is_zipfile(path):
        raise Refusal(f"{path} is not a zip", "name a county folder, a zip of one, or the output folder")
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
