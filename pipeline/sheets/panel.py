"""The statistics panel of an overview: by town where towns were delivered, else by type."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.records import Piece
from pipeline.sheets import figures
from pipeline.sheets.order import Order
from pipeline.sheets.plan import Statistic

LEAST_ROWS = 3


@dataclass(frozen=True)
class Panel:
    """Rows by area, largest first, their total, and the words above them."""

    rows: tuple[Statistic, ...]
    total: Statistic
    fields: Mapping[str, str]


def panel(order: Order, rows: Sequence[int], by: str) -> Panel:
    """Counts and areas of the pieces `rows`, `by` "town" or "type"; what has no room is summed in the last row."""
    pieces = [order.ground.pieces[row] for row in rows]
    counts, areas = _sums(order, pieces, by)
    names = sorted(counts, key=lambda one: (-areas[one], one))
    shown, rest = _split(names, _room(order))
    largest = max(areas.values(), default=0.0)
    told = [_row(order, one, counts[one], areas[one], largest) for one in shown]
    if rest:
        name = order.words.say("sheet.others", count=len(rest))
        told.append(_row(order, name, sum(counts[one] for one in rest), sum(areas[one] for one in rest), 0.0))
    total = _row(order, order.words["sheet.all"], len(pieces), sum(one.area_m2 for one in pieces), 0.0)
    return Panel(tuple(told), total, _fields(order, by))


def grouping(order: Order) -> str:
    """ "town" where any piece has one, else "type"."""
    return "town" if any(one.town for one in order.ground.pieces if one.own) else "type"


def group_name(piece: Piece, by: str) -> str:
    """The town, or the name of the type and else its code."""
    return piece.town if by == "town" else piece.patch_type_name or piece.patch_type


def _sums(order: Order, pieces: Sequence[Piece], by: str) -> tuple[Counter[str], dict[str, float]]:
    counts: Counter[str] = Counter()
    areas: dict[str, float] = defaultdict(float)
    for one in pieces:
        name = group_name(one, by) or order.words["sheet.not_given"]
        counts[name] += 1
        areas[name] += one.area_m2
    return counts, areas


def _room(order: Order) -> int:
    slot = order.overview.first("statistics")
    rows = (slot.box.h_mm - slot.options["title_mm"]) / slot.options["row_mm"]
    return max(int(rows) - 2, LEAST_ROWS)  # but the heading and the total


def _split(names: Sequence[str], room: int) -> tuple[Sequence[str], Sequence[str]]:
    return (names, []) if len(names) <= room else (names[: room - 1], names[room - 1 :])


def _row(order: Order, name: str, count: int, area_m2: float, largest_m2: float) -> Statistic:
    share = area_m2 / largest_m2 if largest_m2 else 0.0
    return Statistic(name, f"{count:,}", figures.area(area_m2, order.facts.area_unit), share)


def _fields(order: Order, by: str) -> Mapping[str, str]:
    words = order.words
    unit = words[f"sheet.unit_name.{order.facts.area_unit}"]
    return {
        "statistics_title": words[f"sheet.statistics.by_{by}"],
        "statistics_name": words[f"sheet.statistics.{by}"],
        "statistics_count": words["sheet.statistics.count"],
        "statistics_area": words.say("sheet.statistics.area", unit=unit),
    }
