"""How densely the index is set: an index layout offers several densities, and the rows decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pipeline.errors import USAGE, Refusal
from pipeline.sheets.layout import Layout, Slot

T = TypeVar("T")


@dataclass(frozen=True)
class Density:
    """Columns of the page, rows of a column, size of the text, and fields with their shares of a column's width."""

    columns: int
    rows: int
    text_pt: float
    fields: Mapping[str, float]

    @property
    def room(self) -> int:
        """Rows of a page."""
        return self.columns * self.rows


@dataclass(frozen=True, eq=False)
class PanelDensity:
    """Columns of a list in a panel, height of a row, size of the text, and fields with their shares of a column."""

    columns: int
    row_mm: float
    text_pt: float
    fields: Mapping[str, float]


def panel_densities(layout: Layout, slot: Slot) -> list[PanelDensity]:
    """The densities of a list, as the layout orders them.

    Raises:
        Refusal: they are missing or mistaken.
    """
    where = f"{layout.path}: element {slot.name}"
    if not slot.options["densities"]:
        raise Refusal(f"{where} has no densities", "give it [[elements.densities]]", USAGE)
    return [_made(PanelDensity, where, one, ("row_mm", "text_pt")) for one in slot.options["densities"]]


def density_for(layout: Layout, rows: int) -> Density:
    """The loosest density that holds `rows` on one page, else the densest.

    Raises:
        Refusal: the layout's densities are missing or mistaken.
    """
    offered = sorted(_offered(layout), key=lambda one: one.room)
    return next((one for one in offered if rows <= one.room), offered[-1])


def _offered(layout: Layout) -> list[Density]:
    slot = layout.first("index_table")
    where = f"{layout.path}: element {slot.name}"
    if not slot.options["densities"]:
        raise Refusal(f"{where} has no densities", "give it [[elements.densities]]", USAGE)
    return [_made(Density, where, one, ("rows", "text_pt")) for one in slot.options["densities"]]


def _made(kind: type[T], where: str, read: Any, numbers: tuple[str, str]) -> T:
    try:
        made = kind(**read)
        if min(read["columns"], *(read[one] for one in numbers), *read["fields"].values()) > 0:
            return made
        problem = "a number of it is not positive"
    except (TypeError, AttributeError) as mistake:
        problem = str(mistake)
    raise Refusal(
        f"{where} has a density that cannot be read: {problem}",
        f"a density has columns, {numbers[0]}, {numbers[1]} and fields = {{ name = share of the width, … }}",
        USAGE,
    )
