"""Decides the index pages: every asked piece with its page."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.sheets import figures
from pipeline.sheets.fields import with_fields
from pipeline.sheets.figures import MISSING
from pipeline.sheets.order import Order, destination
from pipeline.sheets.panel import group_name, grouping
from pipeline.sheets.plan import IndexRow, IndexSheet

LEAST_DEEP = 28


def index_page_count(order: Order) -> int:
    """How many pages the index takes."""
    return -(-len(order.ground.drawn) // _per_page(order))


def index_sheets(order: Order, first_page: int) -> list[IndexSheet]:
    """The index pages, the first of which is page `first_page` of the book."""
    count, per_page = index_page_count(order), _per_page(order)
    rows = _rows(order, first_page + count)
    return [_sheet(order, rows[at * per_page : (at + 1) * per_page], at, count, first_page + at) for at in range(count)]


def _per_page(order: Order) -> int:
    slot = order.index.first("index_table")
    return int(slot.options["columns"] * slot.options["rows"])


def _deep(order: Order, rows: int) -> int:
    """Rows in a column: as many columns as the page has, but none of a few rows only."""
    options = order.index.first("index_table").options
    return int(min(max(-(-rows // options["columns"]), LEAST_DEEP), options["rows"]))


def _rows(order: Order, first_detail: int) -> list[IndexRow]:
    by, unit = grouping(order), order.facts.area_unit
    told = []
    for at, row in enumerate(order.ground.drawn):
        piece = order.ground.pieces[row]
        cells = (
            str(piece.seq),
            piece.patch_no or MISSING,
            group_name(piece, by) or MISSING,
            figures.area(piece.area_m2, unit),
            str(first_detail + at),
        )
        told.append(IndexRow(cells, destination(piece.seq)))
    return told


def _sheet(order: Order, rows: Sequence[IndexRow], at: int, count: int, page: int) -> IndexSheet:
    words, unit = order.words, order.words[f"sheet.unit_name.{order.facts.area_unit}"]
    keys = ("number", "patch_no", grouping(order), "area", "page")
    area_m2 = sum(order.ground.pieces[row].area_m2 for row in order.ground.drawn)
    total = f"{figures.area(area_m2, order.facts.area_unit)} {unit}"
    own = {
        "title": words.say("sheet.title.index", **order.fields),
        "subtitle": words.say("sheet.subtitle.index", **order.fields),
        "heading": words.say("sheet.heading.index", number=at + 1, total=count),
        "pieces_total": words.say("sheet.pieces_total", count=len(order.ground.drawn), area=total),
        "page": words.say("sheet.page_of", page=page),
    }
    return IndexSheet(
        kind="index",
        layout=order.index,
        name=f"index-{at + 1}",
        label=str(page),
        fields=with_fields(order.fields, own),
        headings=tuple(words.say(f"sheet.index.{one}", unit=unit) for one in keys),
        rows=tuple(rows),
        deep=_deep(order, len(rows)),
    )
