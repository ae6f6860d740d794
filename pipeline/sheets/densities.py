"""How densely the index is set: an index layout offers several densities, and the rows decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.errors import USAGE, Refusal
from pipeline.sheets.layout import Layout


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
    return [_density(where, one) for one in slot.options["densities"]]


def _density(where: str, read: Any) -> Density:
    try:
        made = Density(**read)
        if min(made.columns, made.rows, made.text_pt, *made.fields.values()) > 0:
            return made
        problem = "a number of it is not positive"
    except (TypeError, AttributeError) as mistake:
        problem = str(mistake)
    raise Refusal(
        f"{where} has a density that cannot be read: {problem}",
        "a density has columns, rows, text_pt and fields = { name = share of the width, … }",
        USAGE,
    )
