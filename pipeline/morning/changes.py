"""What a county layer of another date would change: the ground of all pieces, and each county concerned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pipeline.boundary_changes import BoundaryChanges, CountyChange
from pipeline.morning.figures import area, count, day
from pipeline.morning.markup import Markup, joined, shortened, tag
from pipeline.texts import Texts

SHOWN = 100
_FIGURES = ("pieces", "going", "goes_m2", "coming", "comes_m2", "nowhere_m2", "sliver_m2")
_COLUMNS = ("now", "other", *_FIGURES, "change")


def boundary_changes(changes: BoundaryChanges, other_date: str, unit: str, words: Texts) -> Markup:
    """One sentence, then a row a county that goes, comes, or gives or gets ground; the rest is in the workbook."""
    if not changes.counties:
        return tag("p", words.say("morning.changes_nothing", date=dated(other_date, words)))
    rest = len(changes.counties) - SHOWN
    more = words.say("morning.more_changes", count=count(rest)) if rest > 0 else None
    return joined(
        tag("p", _sentence(changes, other_date, unit, words)),
        tag("div", _table(changes.counties, unit, words), class_="wide"),
        tag("p", more, class_="quiet") if more else None,
    )


def dated(when: str, words: Texts) -> str:
    """The date of a county layer as the page writes it, or that it has none."""
    return day(date.fromisoformat(when), words) if when else words["issue.undated"]


def _sentence(changes: BoundaryChanges, other_date: str, unit: str, words: Texts) -> str:
    account = changes.account_m2
    areas = {name: area(account[name], unit) for name in ("inside", "same", "moved", "nowhere", "sliver", "double")}
    going = count(sum(one.going for one in changes.counties))
    when = dated(other_date, words)
    return words.say("morning.changes", date=when, pieces=going, unit=words[f"unit.{unit}"], **areas)


def _table(counties: Sequence[CountyChange], unit: str, words: Texts) -> Markup:
    named = words[f"unit.{unit}"]
    heads = (tag("th", words.say(f"moves.county.{one}", unit=named), scope="col") for one in _COLUMNS)
    body = tag("tbody", *(_row(one, unit, words) for one in counties[:SHOWN]))
    foot = tag("tfoot", tag("tr", tag("th", words["morning.all"], colspan=2), *_sums(counties, unit), tag("td")))
    return tag("table", tag("thead", tag("tr", *heads)), body, foot, class_="returned")


def _row(one: CountyChange, unit: str, words: Texts) -> Markup:
    return tag(
        "tr",
        tag("td", shortened(f"{one.code} {one.name}".strip(), 60)),
        tag("td", shortened(f"{one.other_code} {one.other_name}".strip(), 60)),
        *_sums([one], unit),
        tag("td", words[f"moves.change.{one.change}"] if one.change else ""),
    )


def _sums(counties: Sequence[CountyChange], unit: str) -> list[Markup]:
    """The figures of one county, or of several together, in the order of the columns."""
    sums = {name: sum(getattr(one, name) for one in counties) for name in _FIGURES}
    shown = (area(value, unit) if name.endswith("_m2") else count(value) for name, value in sums.items())
    return [tag("td", one if value else "") for one, value in zip(shown, sums.values(), strict=True)]
