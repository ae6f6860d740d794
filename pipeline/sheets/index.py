"""Decides the index pages: every asked piece with its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline.errors import USAGE, Refusal
from pipeline.geometry.identity import code_of
from pipeline.records import Piece
from pipeline.sheets import figures
from pipeline.sheets.chapters import piece_pages
from pipeline.sheets.densities import Density, density_for
from pipeline.sheets.fields import with_fields
from pipeline.sheets.figures import MISSING
from pipeline.sheets.order import Order, destination
from pipeline.sheets.panel import grouping, total_m2
from pipeline.sheets.plan import IndexRow, IndexSheet
from pipeline.sheets.standard_sheets import sheet_fields

LEAST_DEEP = 12  # no column of fewer rows beside another
ALWAYS = ("number", "patch_no", "area", "page")


def index_page_count(order: Order) -> int:
    """How many pages the index takes."""
    rows = len(order.drawn)
    return -(-rows // density_for(order.index, rows).room)


def index_sheets(order: Order, first_page: int) -> list[IndexSheet]:
    """The index pages, equally full, the first of which is page `first_page` of the book."""
    count = index_page_count(order)
    if not count:
        return []
    density = _with_what_is_told(order, density_for(order.index, len(order.drawn)))
    rows = index_rows(order, tuple(density.fields), first_page + count)
    per_page = -(-len(rows) // count)
    return [
        _sheet(order, density, rows[at * per_page : (at + 1) * per_page], at, count, first_page + at)
        for at in range(count)
    ]


def index_rows(order: Order, fields: Sequence[str], first_detail: int) -> list[IndexRow]:
    """A row for each asked piece in page order; `first_detail` is the first page behind the index.

    Raises:
        Refusal: a field the index does not know.
    """
    told = []
    with_sheets = any(one.startswith("map_sheet") for one in fields)
    for row, page in piece_pages(order, first_detail).items():
        piece = order.ground.pieces[row]
        words = _words(order, piece, page)
        words |= sheet_fields(piece, order.facts.crs, order.sheet_system) if with_sheets else {}
        unknown = [one for one in fields if one not in words]
        if unknown:
            hint = f"there are: {', '.join(words)}"
            raise Refusal(f"{order.index.path} lists a field {unknown[0]} that the index has not", hint, USAGE)
        told.append(IndexRow(tuple(words[one] or MISSING for one in fields), destination(piece.seq)))
    return told


def index_headings(order: Order, fields: Sequence[str]) -> tuple[str, ...]:
    """What stands above the fields."""
    unit = order.words[f"sheet.unit_name.{order.facts.area_unit}"]
    named = {"group": grouping(order), "map_sheet": f"map_sheet_{order.sheet_system}"}
    return tuple(order.words.say(f"sheet.index.{named.get(one, one)}", unit=unit) for one in fields)


def _words(order: Order, piece: Piece, page: int) -> dict[str, str]:
    kind = piece.patch_type_name or piece.patch_type
    return {
        "number": str(piece.seq),
        "patch_no": piece.patch_no,
        "check_code": "" if piece.patch_no in order.telling else _check_code(piece),
        "group": piece.town if grouping(order) == "town" else kind,
        "town": piece.town,
        "village": piece.village,
        "type": kind,
        "area": figures.area(piece.area_m2, order.facts.area_unit),
        "phase_before": piece.phase_before,
        "phase_after": piece.phase_after,
        "centre": f"{piece.lon_deg:.6f}, {piece.lat_deg:.6f}",
        "map_sheet": "",
        "map_sheet_small": "",
        "page": str(page),
    }


def _check_code(piece: Piece) -> str:
    return code_of(piece.patch_uid, piece.county_code, piece.area_m2)


def _with_what_is_told(order: Order, density: Density) -> Density:
    """Without the fields that nobody delivered: a column of dashes says nothing."""
    rows = index_rows(order, tuple(density.fields), 0)
    told = {
        name
        for at, name in enumerate(density.fields)
        if name in ALWAYS or any(one.cells[at] != MISSING for one in rows)
    }
    return replace(density, fields={name: share for name, share in density.fields.items() if name in told})


def _deep(density: Density, rows: int) -> int:
    """Rows in a column: as many columns as the density has, but none of a few rows only."""
    return min(max(-(-rows // density.columns), LEAST_DEEP), density.rows)


def _sheet(order: Order, density: Density, rows: Sequence[IndexRow], at: int, count: int, page: int) -> IndexSheet:
    return IndexSheet(
        kind="index",
        layout=order.index,
        name=f"index-{at + 1}",
        label=str(page),
        fields=with_fields(order.fields, _fields(order, at, count, page)),
        density=density,
        headings=index_headings(order, tuple(density.fields)),
        rows=tuple(rows),
        deep=_deep(density, len(rows)),
    )


def _fields(order: Order, at: int, count: int, page: int) -> Mapping[str, str]:
    words, drawn = order.words, order.drawn
    unit = words[f"sheet.unit_name.{order.facts.area_unit}"]
    total = f"{figures.area(total_m2(order, drawn), order.facts.area_unit)} {unit}"
    return {
        "title": words.say("sheet.title.index", **order.fields),
        "subtitle": words.say("sheet.subtitle.index", **order.fields),
        "heading": words.say("sheet.heading.index", number=at + 1, total=count),
        "pieces_total": words.say("sheet.pieces_total", count=len(drawn), area=total),
        "page": words.say("sheet.page_of", page=page),
    }
