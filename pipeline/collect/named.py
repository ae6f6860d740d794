"""Which answers a decision names: all of a file by its name or digest, or those of one row of it.

`export.xlsx`, `3f9a0c1e`: the file. `export.xlsx!data!B12`, `export.xlsx!12`, `patches.gpkg!fid 7`: the row, as a
receipt says its place. `export.xlsx!_id 4711`, `export.xlsx!uuid:0f2c…`: the row as its own system calls it, by a
heading that the column map names in `names`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

from pipeline.collect.returned import ReturnedRow
from pipeline.collect.spelling import plain
from pipeline.decisions import names_file

_CELL = re.compile(r"(?:row\s*|第\s*)?\$?[A-Z]{0,3}\$?(\d{1,7})(?:\s*行)?", re.I)
_FEATURE = re.compile(r"(?:fid|feature) (\S+)(?: .*)?")


class Placed(Protocol):
    """An answer: the file it stands in, and its rows."""

    @property
    def file(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def rows(self) -> tuple[ReturnedRow, ...]: ...
    @property
    def again(self) -> tuple[ReturnedRow, ...]: ...


One = TypeVar("One", bound=Placed)


def named_answers(said: str, answers: Sequence[One]) -> list[One]:
    """The answers that `said` names."""
    return [one for one in answers if names_answer(said, one)]


def names_answer(said: str, one: Placed) -> bool:
    """Whether `said` names the answer's file, or one of its rows."""
    if names_file(said, one.file, one.digest):
        return True
    return any(
        names_file(file, one.file, one.digest) and any(_is_row(row, where) for row in (*one.rows, *one.again))
        for file, where in _split(said)
    )


def file_named(said: str, name: str, digest: str) -> bool:
    """Whether `said` names the file, or anything in it."""
    return names_file(said, name, digest) or any(names_file(file, name, digest) for file, _ in _split(said))


def _split(said: str) -> Iterator[tuple[str, str]]:
    """Every way to take `said` for a file and a row of it: names of files may have the sign between them, too."""
    for at, sign in enumerate(said):
        if sign in "!！":
            yield said[:at], said[at + 1 :]


def _is_row(row: ReturnedRow, where: str) -> bool:
    words = " ".join(plain(where).split())
    return words.casefold() in _called(row) or _place(words) in _ends(row.place)


def _called(row: ReturnedRow) -> set[str]:
    """What its own system calls a row: heading and value, or a value alone that can be no number of a row."""
    whole = {one.casefold() for one in row.called}
    values = {one.partition(" ")[2] for one in whole}
    return whole | {one for one in values if not one.isdigit()}


def _ends(place: str) -> set[str]:
    """A row's place with and without what stands before it."""
    steps = place.split("!")
    return {_place("!".join(steps[at:])) for at in range(len(steps))}


def _place(words: str) -> str:
    """A place without its column, which is any of the row's."""
    front, sign, last = words.rpartition("!")
    found = _FEATURE.fullmatch(last) or _CELL.fullmatch(last)
    if not found:
        return words
    kind = f"{last.split()[0]} " if last.startswith(("fid ", "feature ")) else ""
    return f"{front}{sign}{kind}{found[1]}"
