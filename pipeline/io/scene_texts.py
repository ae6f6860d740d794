"""What lies beside an image file; of texts what they say, key by key, whatever their format.

They come from strangers: at most `MAX_BYTES` are looked at, by patterns and not by a parser, and nothing they refer to
is opened.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.shelf import read_toml, shelf_file

MAX_BYTES = 2 << 20  # a longer text tells nothing
DEEPEST = 8  # of a JSON
_PARTS = (".ovr", ".msk")
_PLACES = (".tfw", ".tifw", ".tiffw", ".wld", ".prj")  # where the pixels lie
_ELEMENT = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)(?:\s[^<>]{0,500})?>([^<>]{1,200})</")
_ITEM = re.compile(r"<MDI\s+key=\"([^\"]{1,100})\"[^<>]{0,200}>([^<>]{1,200})</")
_LINE = re.compile(r"^[ \t]*([A-Za-z_]\w{0,99})[ \t]*=[ \t]*\"?([^\";\r\n]{1,200})", re.MULTILINE)


@cache
def sidecar_words() -> Mapping[str, list[str]]:
    """`config/vocabularies/scene_sidecars.toml`: which texts are looked for, and what their keys mean."""
    return read_toml(shelf_file("vocabularies/scene_sidecars.toml"))


@dataclass(frozen=True)
class Beside:
    """Files that belong to an image: those that change its pixels or their place, and texts that may tell of it."""

    parts: tuple[Path, ...] = ()
    texts: tuple[Path, ...] = ()


def files_beside() -> Callable[[Path], Beside]:
    """Finds what lies beside an image, each folder listed once."""

    @cache
    def names_in(folder: Path) -> dict[str, Path]:
        return {one.name.casefold(): one for one in sorted(folder.iterdir(), reverse=True) if one.is_file()}

    return lambda path: _beside(path, names_in(path.parent))


def _beside(path: Path, there: Mapping[str, Path]) -> Beside:
    patterns = sidecar_words()["beside"]
    texts = [one.format(file=path.name, stem=path.stem) for one in patterns]
    parts = [f"{path.name}{one}" for one in _PARTS]
    parts += [f"{path.stem}{one}" for one in (*_PARTS, *_PLACES)]
    return Beside(_there(parts, there), _there(texts, there))


def _there(names: Sequence[str], there: Mapping[str, Path]) -> tuple[Path, ...]:
    found = dict.fromkeys(there.get(one.casefold()) for one in names)
    return tuple(one for one in found if one is not None)


def read_said(path: Path) -> dict[str, str]:
    """What a text says, by key in small letters, the first of each; nothing where it cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError:
        return {}
    if len(data) > MAX_BYTES:
        return {}
    text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", "replace")
    said: dict[str, str] = {}
    for key, value in _pairs(text, path.suffix.lower()):
        said.setdefault(key.lower(), value.strip())
    return {key: value for key, value in said.items() if value}


def _pairs(text: str, suffix: str) -> Iterator[tuple[str, str]]:
    if suffix == ".json":
        yield from _json_pairs(text)
    elif suffix == ".xml":
        yield from _ITEM.findall(text)
        yield from _ELEMENT.findall(text)
    else:
        yield from _LINE.findall(text)


def _json_pairs(text: str) -> Iterator[tuple[str, str]]:
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        return
    yield from _leaves("", tree, DEEPEST)


def _leaves(key: str, value: Any, deep: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and deep:
        for name, inner in value.items():
            yield from _leaves(name, inner, deep - 1)
    elif isinstance(value, list) and deep:
        for inner in value:
            yield from _leaves(key, inner, deep - 1)
    elif isinstance(value, str | int | float):
        yield key, str(value)
