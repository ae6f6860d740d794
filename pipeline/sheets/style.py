"""How sheets look (`config/styles/*.toml`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from pipeline.errors import USAGE, Refusal
from pipeline.sheets.canvas import Stroke, TextStyle
from pipeline.shelf import read_toml, shelf_file


@dataclass(frozen=True)
class Style:
    """Named strokes, text styles and colours; one that a file of an office lacks is that of the standard style."""

    path: str
    strokes: Mapping[str, Stroke]
    texts: Mapping[str, TextStyle]
    colours: Mapping[str, str]
    sizes_mm: Mapping[str, float]

    def stroke(self, name: str) -> Stroke:
        return _named(self, "strokes", self.strokes, name)

    def text(self, name: str) -> TextStyle:
        return _named(self, "texts", self.texts, name)

    def colour(self, name: str) -> str:
        return _named(self, "colours", self.colours, name)

    def size_mm(self, name: str) -> float:
        return _named(self, "sizes_mm", self.sizes_mm, name)


STANDARD = "standard"
T = TypeVar("T")


def _named(style: Style, kind: str, group: Mapping[str, T], name: str) -> T:
    if name not in group and style.path != (usual := load_style(STANDARD)).path:
        return cast("T", _named(usual, kind, getattr(usual, kind), name))
    if name not in group:
        raise Refusal(f"{style.path} has no [{kind}] {name}", "copy it from config/styles/standard.toml", USAGE)
    return group[name]


@cache
def load_style(name: str) -> Style:
    """The style `name` of `config/styles/`, or the file of that path.

    Raises:
        Refusal: no such file, or a value that is no stroke, text style, colour or length.
    """
    path = named_file("styles", name)
    read = read_toml(path)
    return Style(
        path=str(path),
        strokes={key: _made(path, Stroke, key, one) for key, one in read.get("strokes", {}).items()},
        texts={key: _made(path, TextStyle, key, one) for key, one in read.get("texts", {}).items()},
        colours=dict(read.get("colours", {})),
        sizes_mm={key: float(one) for key, one in read.get("sizes_mm", {}).items()},
    )


def named_file(shelf: str, name: str) -> Path:
    """`config/<shelf>/<name>.toml`, or `name` itself where it is the path of a file."""
    own = Path(name) if name.endswith(".toml") else None
    return shelf_file(f"{shelf}/{name}.toml", own)


def _made(path: Path, kind: Any, key: str, values: Mapping[str, Any]) -> Any:
    try:
        return kind(**{name: tuple(one) if isinstance(one, list) else one for name, one in values.items()})
    except (TypeError, ValueError) as problem:
        raise Refusal(f"{path}: {key} is not a {kind.__name__}: {problem}", code=USAGE) from problem
