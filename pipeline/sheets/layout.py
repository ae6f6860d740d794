"""Layouts (`config/layouts/*.toml`): where on the paper each element of a sheet stands, in millimetres."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.errors import USAGE, Refusal
from pipeline.sheets.box import Box
from pipeline.sheets.elements import kinds, options_of
from pipeline.sheets.style import named_file
from pipeline.shelf import read_toml

RESERVED = {"name", "kind", "box_mm", "follows"}


@dataclass(frozen=True)
class Slot:
    """The place of one element on the paper, with the options its kind knows."""

    name: str
    kind: str
    box: Box
    options: Mapping[str, Any]
    follows: str = ""  # an element above it: what that leaves free of its box, this one rises into


@dataclass(frozen=True)
class Layout:
    """A page size and its slots in the order they are drawn."""

    path: str
    width_mm: float
    height_mm: float
    slots: tuple[Slot, ...]

    def of_kind(self, kind: str) -> Iterator[Slot]:
        return (one for one in self.slots if one.kind == kind)

    def first(self, kind: str) -> Slot:
        """The first slot of a kind.

        Raises:
            Refusal: the layout has none.
        """
        for one in self.of_kind(kind):
            return one
        raise Refusal(f"{self.path} has no element of kind {kind}", "add one to the layout", USAGE)


@cache
def load_layout(name: str) -> Layout:
    """The layout `name` of `config/layouts/`, or the file of that path.

    Raises:
        Refusal: no such file, an unknown element or option, a box that leaves the paper, two elements of one name.
    """
    path = named_file("layouts", name)
    read = read_toml(path)
    _known(path, "the layout", read, {"page", "elements"})
    page = read.get("page", {})
    _known(path, "[page]", page, {"width_mm", "height_mm"})
    paper = Box(0.0, 0.0, float(page.get("width_mm", 297)), float(page.get("height_mm", 210)))
    slots = tuple(_slot(path, paper, one) for one in read.get("elements", []))
    names = [one.name for one in slots]
    for twice in sorted({one for one in names if names.count(one) > 1}):
        raise Refusal(f"{path} names two elements {twice}", "give each a name of its own", USAGE)
    for at, one in enumerate(slots):
        if one.follows and one.follows not in names[:at]:
            raise Refusal(
                f"{path}: element {one.name} follows {one.follows}, which no element before it is", code=USAGE
            )
    return Layout(str(path), paper.w_mm, paper.h_mm, slots)


def _slot(path: Path, paper: Box, read: Mapping[str, Any]) -> Slot:
    name, kind = str(read.get("name", "")), str(read.get("kind", ""))
    if not name or kind not in kinds():
        raise Refusal(f"{path}: element {name!r} has no known kind", f"there are: {', '.join(kinds())}", USAGE)
    usual = options_of(kind)
    _known(path, f"element {name}", read, RESERVED | set(usual))
    own = {key: value for key, value in read.items() if key not in RESERVED}
    box = _box(path, name, paper, read.get("box_mm"))
    return Slot(name, kind, box, {**usual, **own}, str(read.get("follows", "")))


def _box(path: Path, name: str, paper: Box, numbers: Any) -> Box:
    if not isinstance(numbers, list) or len(numbers) != 4:
        raise Refusal(f"{path}: element {name} needs box_mm = [x, y, width, height]", code=USAGE)
    box = Box(*(float(one) for one in numbers))
    if not paper.contains(box) or box.w_mm < 0 or box.h_mm < 0:
        raise Refusal(f"{path}: element {name} leaves the paper", "give its box_mm in millimetres", USAGE)
    return box


def _known(path: Path, where: str, read: Mapping[str, Any], known: set[str]) -> None:
    for one in sorted(set(read) - known):
        raise Refusal(f"{path}: {where} has an unknown key {one}", f"known: {', '.join(sorted(known))}", USAGE)


def filled(template: str, fields: Mapping[str, str], where: str) -> str:
    """A text template with its {fields} filled; "" as soon as one of them is empty.

    Raises:
        Refusal: the template names a field there is not, or its braces do not match.
    """
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]
        values = [fields[one] for one in names]
    except (KeyError, ValueError) as problem:
        known = ", ".join(sorted(fields))
        raise Refusal(f"{where}: no field for the template {template!r}", f"there are: {known}", USAGE) from problem
    return "" if names and not all(values) else template.format_map(fields)
