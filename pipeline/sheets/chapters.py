"""How the pages of a book follow one another: as pieces are numbered, or town by town."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from pipeline.sheets.order import Order


@dataclass(frozen=True)
class Chapter:
    """Pages of pieces that stand together: all of a county, or those of one town behind its own overview."""

    town: str  # as delivered; "" of the county, and of pieces without one
    rows: tuple[int, ...]
    first_page: int
    number: int = 0  # of a town, from 1; 0: the county's

    @property
    def name(self) -> str:
        """The destination of its overview, "" where it has none."""
        return f"town-{self.number}" if self.number else ""

    @property
    def first_piece(self) -> int:
        """The page of its first piece."""
        return self.first_page + (1 if self.number else 0)


def chapters(order: Order, first_page: int) -> list[Chapter]:
    """The chapters of a book whose first page after the index is `first_page`."""
    if not order.by_town:
        return [Chapter("", tuple(order.drawn), first_page)]
    made: list[Chapter] = []
    for town, rows in groupby(order.drawn, lambda row: order.ground.pieces[row].town):
        made.append(Chapter(town, tuple(rows), first_page, len(made) + 1))
        first_page += 1 + len(made[-1].rows)
    return made


def piece_pages(order: Order, first_page: int) -> dict[int, int]:
    """The page of each asked piece, by row."""
    return {row: one.first_piece + at for one in chapters(order, first_page) for at, row in enumerate(one.rows)}
