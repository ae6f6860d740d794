"""The counties that a county layer of another date would change, as cells of the roll-up."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.amounts import area_in
from pipeline.boundary_changes import CountyChange
from pipeline.rollup.columns import AREA_DECIMALS, Cell, Plan

_NAMED = ("county_code", "county_name", "other_code", "other_name")
_COUNTED = ("pieces", "going", "coming")
_FIGURES = ("pieces", "going", "goes_m2", "coming", "comes_m2", "nowhere_m2", "sliver_m2")


def change_heads(plan: Plan) -> list[str]:
    """Code and name by either layer, what becomes of the county, and its figures."""
    unit = plan.words[f"unit.{plan.facts.area_unit}"]
    named = [plan.words[f"moves.column.{one}"] for one in _NAMED]
    return [*named, *(plan.words.say(f"moves.county.{one}", unit=unit) for one in ("change", *_FIGURES))]


def change_cells(plan: Plan, counties: Sequence[CountyChange]) -> list[list[tuple[str, Cell]]]:
    """A row a county, all together last, each cell with its kind of look."""
    rows = [_named(plan, one) + _figures(plan, [one]) for one in counties]
    total: list[tuple[str, Cell]] = [("name", plan.words["rollup.all"]), *[("name", "")] * 4]
    return [*rows, total + _figures(plan, counties)]


def _named(plan: Plan, one: CountyChange) -> list[tuple[str, Cell]]:
    change = plan.words[f"moves.change.{one.change}"] if one.change else ""
    return [
        ("code", one.code), ("name", one.name), ("code", one.other_code), ("name", one.other_name), ("name", change),
    ]  # fmt: skip


def _figures(plan: Plan, counties: Sequence[CountyChange]) -> list[tuple[str, Cell]]:
    sums = {name: sum(getattr(one, name) for one in counties) for name in _FIGURES}
    return [
        ("count", sums[name])
        if name in _COUNTED
        else ("area", area_in(plan.facts.area_unit, sums[name], AREA_DECIMALS))
        for name in _FIGURES
    ]
