"""The statistics panel of an overview: by town where towns were delivered and the office does not want types."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum

from pipeline.records import Piece
from pipeline.sheets import figures
from pipeline.sheets.fields import type_words
from pipeline.sheets.order import Order
from pipeline.sheets.plan import Statistic

LEAST_ROWS = 3

Group = tuple[str, list[float]]  # its name, the areas of its pieces in m²


@dataclass(frozen=True)
class Panel:
    """Rows by area, largest first, their total, and the words above them."""

    rows: tuple[Statistic, ...]
    total: Statistic
    fields: Mapping[str, str]


def panel(order: Order, rows: Sequence[int], by: str) -> Panel:
    """Counts and areas of the pieces `rows`, `by` "town" or "type"; what has no room is summed in the last row."""
    groups = _groups(order, rows, by)
    shown, rest = _split(groups, _room(order))
    if rest:
        name = order.words.say("sheet.others", count=len(rest))
        shown = [*shown, (name, [one for _, areas in rest for one in areas])]
    unit = order.facts.area_unit
    areas = figures.area_column([fsum(one) for _, one in shown], [len(one) for _, one in shown], unit)
    shares = [*_shares(groups[: len(shown) - bool(rest)]), *([0.0] if rest else [])]
    told = [
        Statistic(name, f"{len(one):,}", area, share)
        for (name, one), area, share in zip(shown, areas, shares, strict=True)
    ]
    whole = figures.area(total_m2(order, rows), unit)
    return Panel(tuple(told), Statistic(order.words["sheet.all"], f"{len(rows):,}", whole, 0.0), _fields(order, by))


def total_m2(order: Order, rows: Sequence[int]) -> float:
    """The area of many pieces, summed exactly: the same in whatever order they stand."""
    return fsum(order.ground.pieces[row].area_m2 for row in rows)


def grouping(order: Order) -> str:
    """ "town" where any piece has one, else "type"."""
    return "town" if any(one.town for one in order.ground.pieces if one.own) else "type"


def tallied(order: Order) -> str:
    """What the panel counts by: as the office wants it, but by type where nobody gave a town."""
    return "type" if order.settings.tally == "type" else grouping(order)


def group_name(piece: Piece, by: str) -> str:
    """The town, or the type with its code: the tally is the key to the codes that lists and maps use."""
    return piece.town if by == "town" else type_words(piece)


def _groups(order: Order, rows: Sequence[int], by: str) -> list[Group]:
    """Groups by area, the largest first."""
    found: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        piece = order.ground.pieces[row]
        found[group_name(piece, by) or order.words["sheet.not_given"]].append(piece.area_m2)
    return sorted(found.items(), key=lambda one: (-fsum(one[1]), one[0]))


def _shares(groups: Sequence[Group]) -> list[float]:
    """The length of each bar beside the longest."""
    largest = fsum(groups[0][1]) if groups else 0.0
    return [fsum(areas) / largest if largest else 0.0 for _, areas in groups]


def _room(order: Order) -> int:
    slot = order.overview.first("statistics")
    rows = (slot.box.h_mm - slot.options["title_mm"]) / slot.options["row_mm"]
    return max(int(rows) - 2, LEAST_ROWS)  # but the heading and the total


def _split(groups: list[Group], room: int) -> tuple[list[Group], list[Group]]:
    return (groups, []) if len(groups) <= room else (groups[: room - 1], groups[room - 1 :])


def _fields(order: Order, by: str) -> Mapping[str, str]:
    words = order.words
    unit = words[f"sheet.unit_name.{order.facts.area_unit}"]
    return {
        "statistics_title": words[f"sheet.statistics.by_{by}"],
        "statistics_name": words[f"sheet.statistics.{by}"],
        "statistics_count": words["sheet.statistics.count"],
        "statistics_area": words.say("sheet.statistics.area", unit=unit),
    }
