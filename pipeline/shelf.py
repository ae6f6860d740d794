"""Where the files of `config/` lie: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pipeline.errors import USAGE, Refusal


@cache
def shelf() -> Path:
    """The folder with campaigns, forms, layouts, styles, vocabularies and fonts."""
    package = Path(str(files("pipeline")))
    inside = package / "_config"
    return inside if inside.is_dir() else package.parent / "config"


def shelf_file(name: str, own: Path | None = None, kind: str = "*") -> Path:
    """The file `name` ("layouts/detail_a4.toml"), or the office's own file where it names one; `kind` is the pattern of
    the names that might have been meant.

    Raises:
        Refusal: there is no such file.
    """
    path = own if own is not None else shelf() / name
    if not path.is_file():
        pattern = "*" if own else kind
        there = sorted(one.stem for one in path.parent.glob(f"{pattern}{path.suffix}")) if path.parent.is_dir() else []
        raise Refusal(f"{path} does not exist", f"there are: {', '.join(there)}" if there else "", USAGE)
    return path


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file.

    Raises:
        Refusal: the file cannot be read, or is not TOML; the sentence names file, line and column.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as problem:
        raise Refusal(f"{path} cannot be read: {problem.strerror}", code=USAGE) from problem
    except UnicodeDecodeError as problem:
        raise Refusal(f"{path} is not UTF-8 text", "save it as UTF-8", USAGE) from problem
    except tomllib.TOMLDecodeError as problem:
        raise Refusal(f"{path} is not valid TOML: {problem}", code=USAGE) from problem
