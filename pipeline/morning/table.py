"""The county table: provinces, cities and counties, each with its own sums."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from pipeline.accounts import CountyStatus
from pipeline.morning.figures import area, count
from pipeline.morning.links import county_folder, product_link
from pipeline.morning.map import UNPUBLISHED
from pipeline.morning.markup import Markup, escaped, joined, shortened, tag
from pipeline.texts import Texts

TEXT_COLUMNS = ("code", "name", "word")
COUNTED = ("announced", "came", "pieces", "asked")
COLUMNS = (*TEXT_COLUMNS, *COUNTED, "area", "pages", "rows", "project")
NAME_LENGTH, PROBLEM_LENGTH = 60, 160


def county_table(counties: Sequence[CountyStatus], unit: str, words: Texts) -> Markup:
    """One row a county under its city and province; numbers of pages and rows lead to the files themselves."""
    heads = (_head(one, unit, words) for one in COLUMNS)
    foot = tag("tfoot", _sums("sum", words["morning.all"], counties, unit, words))
    search = tag("input", type="search", id="search", placeholder=words["morning.search"], hidden=True)
    table = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *_body(counties, unit, words)), foot, id="table")
    return joined(tag("p", search, class_="search"), tag("div", table, class_="wide"))


def _head(column: str, unit: str, words: Texts) -> Markup:
    name = words.say(f"morning.column.{column}", unit=words[f"unit.{unit}"])
    return tag("th", name, scope="col", class_=None if column in TEXT_COLUMNS else "n")


def _body(counties: Sequence[CountyStatus], unit: str, words: Texts) -> Iterator[Markup]:
    ordered = sorted(counties, key=lambda one: (one.province_code, one.city_code, one.code))
    for province, in_province in groupby(ordered, lambda one: one.province_code):
        mine = list(in_province)
        if province:
            yield _sums("province", mine[0].province_name or province, mine, unit, words)
        for city, in_city in groupby(mine, lambda one: one.city_code):
            own = list(in_city)
            if city:
                yield _sums("city", own[0].city_name or city, own, unit, words)
            yield from (_row(one, unit, words) for one in own)


def _row(one: CountyStatus, unit: str, words: Texts) -> Markup:
    figures = (tag("td", count(getattr(one, name))) for name in COUNTED)
    project = product_link(one, "project.qgz", "QGIS") if one.published else ""
    return tag(
        "tr",
        tag("td", _code(one)),
        tag("td", shortened(one.name, NAME_LENGTH)),
        tag("td", words[f"morning.word.{one.word}"], _problem(one, words)),
        *figures,
        tag("td", area(one.area_m2, unit)),
        tag("td", product_link(one, "sheets.pdf", count(one.pages))),
        tag("td", product_link(one, "checklist.xlsx", count(one.rows))),
        tag("td", project),
        class_=one.word,
    )


def _code(one: CountyStatus) -> Markup:
    folder = county_folder(one)
    return tag("a", one.code, href=folder) if folder else escaped(one.code)


def _problem(one: CountyStatus, words: Texts) -> Markup | None:
    if not one.problem:
        return None
    return tag("em", words[f"morning.word.{UNPUBLISHED}"], ": ", shortened(one.problem, PROBLEM_LENGTH))


def _sums(kind: str, name: str, counties: Sequence[CountyStatus], unit: str, words: Texts) -> Markup:
    """A row of sums; what was announced is a dash where nothing was announced at all."""
    size = tag("small", words.say("morning.counties_count", count=count(len(counties))))
    spoken = [one.announced for one in counties if one.announced is not None]
    sums = [sum(spoken) if spoken else None, *(_sum(counties, name) for name in COUNTED[1:])]
    return tag(
        "tr",
        tag("th", joined(shortened(name, NAME_LENGTH), " ", size), colspan=len(TEXT_COLUMNS), scope="rowgroup"),
        *(tag("td", count(one)) for one in sums),
        tag("td", area(sum(one.area_m2 for one in counties), unit)),
        *(tag("td", count(_sum(counties, name))) for name in ("pages", "rows")),
        tag("td"),
        class_=kind,
    )


def _sum(counties: Sequence[CountyStatus], name: str) -> int:
    return sum(int(getattr(one, name)) for one in counties)
