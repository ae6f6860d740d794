"""The parts of a sheet, one file each, named as layouts call them.

An element has `OPTIONS` (its options in a layout with their usual values) and one or both of
`draw(canvas, slot, sheet, pens)`, once a page, and `furnish(canvas, slot, book, pens)`, once a book: what is the same
on every page is declared so, never found out by comparing pages.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any


@cache
def kinds() -> tuple[str, ...]:
    """The kinds of elements a layout may name."""
    return tuple(sorted(one.name for one in pkgutil.iter_modules(__path__)))


@cache
def element(kind: str) -> ModuleType:
    """The module that draws a kind of element."""
    return import_module(f"{__name__}.{kind}")


def options_of(kind: str) -> dict[str, Any]:
    """The options a kind knows, with their usual values."""
    return dict(element(kind).OPTIONS)
