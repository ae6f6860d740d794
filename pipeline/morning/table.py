"""The county table: provinces, cities and counties, each with its own sums; answers once there are any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from pipeline.accounts import CountyStatus
from pipeline.morning.bars import answer_bar, swatch, verdict_counts
from pipeline.morning.figures import area, count
from pipeline.morning.links import county_folder, product_link
from pipeline.morning.map import UNPUBLISHED, share_class
from pipeline.morning.markup import Markup, escaped, joined, shortened, tag
from pipeline.morning.returned import VerdictMark
from pipeline.texts import Texts

TEXT_COLUMNS = ("code", "name", "word")
COUNTED = ("announced", "came", "pieces", "asked")
LAST = ("area", "pages", "rows", "project")
NAME_LENGTH, PROBLEM_LENGTH = 60, 160


def county_table(
    counties: Sequence[CountyStatus], unit: str, words: Texts, verdicts: Sequence[VerdictMark] | None = None
) -> Markup:
    """One row a county under its city and province; numbers of pages and rows lead to the files themselves.

    `verdicts` are those of the form once somebody has answered, None before: then nothing is said of answers.
    """
    heads = [_head(one, unit, words) for one in (*TEXT_COLUMNS, *COUNTED)]
    heads += _answer_heads(verdicts, words) if verdicts is not None else []
    heads += [_head(one, unit, words) for one in LAST]
    foot = tag("tfoot", _sums("sum", words["morning.all"], counties, unit, words, verdicts))
    search = tag("input", type="search", id="search", placeholder=words["morning.search"], hidden=True)
    body = tag("tbody", *_body(counties, unit, words, verdicts))
    table = tag(
        "table", tag("thead", tag("tr", *heads)), body, foot, id="table", class_=None if verdicts is None else "answers"
    )
    return joined(tag("p", search, class_="search"), tag("div", table, class_="wide"))


def _head(column: str, unit: str, words: Texts) -> Markup:
    name = words.say(f"morning.column.{column}", unit=words[f"unit.{unit}"])
    return tag("th", name, scope="col", class_=None if column in TEXT_COLUMNS else "n")


def _answer_heads(verdicts: Sequence[VerdictMark], words: Texts) -> list[Markup]:
    """Answered, in conflict, and each verdict with its mark."""
    marked = [joined(swatch(at), shortened(one.label, 24)) for at, one in enumerate(verdicts)]
    names = [words["morning.column.answered"], words["morning.column.conflict"], *marked]
    return [tag("th", one, scope="col", class_="n") for one in names]


def _body(
    counties: Sequence[CountyStatus], unit: str, words: Texts, verdicts: Sequence[VerdictMark] | None
) -> Iterator[Markup]:
    ordered = sorted(counties, key=lambda one: (one.province_code, one.city_code, one.code))
    for province, in_province in groupby(ordered, lambda one: one.province_code):
        mine = list(in_province)
        if province:
            yield _sums("province", mine[0].province_name or province, mine, unit, words, verdicts)
        for city, in_city in groupby(mine, lambda one: one.city_code):
            own = list(in_city)
            if city:
                yield _sums("city", own[0].city_name or city, own, unit, words, verdicts)
            yield from (_row(one, unit, words, verdicts) for one in own)


def _answers(counties: Sequence[CountyStatus], verdicts: Sequence[VerdictMark] | None) -> list[Markup]:
    """The cells that speak of answers, of one county or of several together."""
    if verdicts is None:
        return []
    asked, answered, conflict = (_sum(counties, name) for name in ("asked", "answered", "conflict"))
    found = verdict_counts(counties, verdicts)
    share = 1000 * answered // asked if asked else -1
    told = f"{count(answered)}/{count(asked)}" if asked else count(None)
    return [
        tag("td", answer_bar(found, conflict, asked, verdicts), tag("span", told), class_="a", data_v=share),
        tag("td", count(conflict) if conflict else "", class_="look" if conflict else None),
        *(tag("td", count(found[one.code]) if answered else "") for one in verdicts),
    ]


def _row(one: CountyStatus, unit: str, words: Texts, verdicts: Sequence[VerdictMark] | None) -> Markup:
    figures = (tag("td", count(getattr(one, name))) for name in COUNTED)
    project = product_link(one, "project.qgz", "QGIS") if one.published else ""
    return tag(
        "tr",
        tag("td", _code(one)),
        tag("td", shortened(one.name, NAME_LENGTH)),
        tag("td", words[f"morning.word.{one.word}"], _problem(one, words)),
        *figures,
        *_answers([one], verdicts),
        tag("td", area(one.area_m2, unit)),
        tag("td", product_link(one, "sheets.pdf", count(one.pages))),
        tag("td", product_link(one, "checklist.xlsx", count(one.rows))),
        tag("td", project),
        class_=f"{one.word} {share_class(one)}" if verdicts is not None else one.word,
    )


def _code(one: CountyStatus) -> Markup:
    folder = county_folder(one)
    return tag("a", one.code, href=folder) if folder else escaped(one.code)


def _problem(one: CountyStatus, words: Texts) -> Markup | None:
    if not one.problem:
        return None
    return tag("em", words[f"morning.word.{UNPUBLISHED}"], ": ", shortened(one.problem, PROBLEM_LENGTH))


def _sums(
    kind: str,
    name: str,
    counties: Sequence[CountyStatus],
    unit: str,
    words: Texts,
    verdicts: Sequence[VerdictMark] | None,
) -> Markup:
    """A row of sums; what was announced is a dash where nothing was announced at all."""
    size = tag("small", words.say("morning.counties_count", count=count(len(counties))))
    spoken = [one.announced for one in counties if one.announced is not None]
    sums = [sum(spoken) if spoken else None, *(_sum(counties, name) for name in COUNTED[1:])]
    return tag(
        "tr",
        tag("th", joined(shortened(name, NAME_LENGTH), " ", size), colspan=len(TEXT_COLUMNS), scope="rowgroup"),
        *(tag("td", count(one)) for one in sums),
        *_answers(counties, verdicts),
        tag("td", area(sum(one.area_m2 for one in counties), unit)),
        *(tag("td", count(_sum(counties, name))) for name in ("pages", "rows")),
        tag("td"),
        class_=kind,
    )


def _sum(counties: Sequence[CountyStatus], name: str) -> int:
    return sum(int(getattr(one, name)) for one in counties)
