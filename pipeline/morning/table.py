"""The county table: provinces, cities and counties, each with its own sums; answers once there are any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Said:
    """What the table says of answers: by which verdicts, and the states of reviews in words, in order."""

    verdicts: Sequence[VerdictMark]
    labels: Mapping[str, str]

    @property
    def waiting(self) -> tuple[str, ...]:
        """What of the answers waits for somebody; to be corrected is told where collect tells it."""
        return ("conflict", "to_correct") if self.labels else ("conflict",)


def county_table(
    counties: Sequence[CountyStatus],
    unit: str,
    words: Texts,
    verdicts: Sequence[VerdictMark] | None = None,
    labels: Mapping[str, str] | None = None,
) -> Markup:
    """One row a county under its city and province; numbers of pages and rows lead to the files themselves.

    `verdicts` are those of the form once somebody has answered, None before: then nothing is said of answers.
    `labels` are the words of each state that city and province give, from the first upwards.
    """
    said = Said(verdicts, labels or {}) if verdicts is not None else None
    heads = [_head(one, unit, words) for one in (*TEXT_COLUMNS, *COUNTED)]
    heads += _answer_heads(said, words) if said else []
    heads += [_head(one, unit, words) for one in LAST]
    foot = tag("tfoot", _sums("sum", words["morning.all"], counties, unit, words, said))
    search = tag("input", type="search", id="search", placeholder=words["morning.search"], hidden=True)
    body = tag("tbody", *_body(counties, unit, words, said))
    table = tag("table", tag("thead", tag("tr", *heads)), body, foot, id="table", class_="answers" if said else None)
    return joined(tag("p", search, _silent(counties, words), class_="search"), tag("div", table, class_="wide"))


def _silent(counties: Sequence[CountyStatus], words: Texts) -> Markup | None:
    """The button for counties nobody spoke of and nothing came from; without the script all of them stand there."""
    silent = sum(one.word == "unknown" for one in counties)
    if silent in (0, len(counties)):
        return None
    told = words.say("morning.silent", count=count(silent))
    return tag("button", told, type="button", id="silent", aria_pressed="false", hidden=True)


def _head(column: str, unit: str, words: Texts) -> Markup:
    name = words.say(f"morning.column.{column}", unit=words[f"unit.{unit}"])
    return tag("th", name, scope="col", class_=None if column in TEXT_COLUMNS else "n")


def _answer_heads(said: Said, words: Texts) -> list[Markup]:
    """Answered, in conflict, to be corrected, each verdict with its mark, and how far the review is."""
    marked = [joined(swatch(at), shortened(one.label, 24)) for at, one in enumerate(said.verdicts)]
    names = [words[f"morning.column.{one}"] for one in ("answered", *said.waiting)]
    heads = [tag("th", one, scope="col", class_="n") for one in (*names, *marked)]
    return [*heads, *([tag("th", words["morning.column.review"], scope="col", class_="r")] if said.labels else [])]


def _body(counties: Sequence[CountyStatus], unit: str, words: Texts, said: Said | None) -> Iterator[Markup]:
    ordered = sorted(counties, key=lambda one: (one.province_code, one.city_code, one.code))
    for province, in_province in groupby(ordered, lambda one: one.province_code):
        mine = list(in_province)
        if province:
            yield _sums("province", mine[0].province_name or province, mine, unit, words, said)
        for city, in_city in groupby(mine, lambda one: one.city_code):
            own = list(in_city)
            if city:
                yield _sums("city", own[0].city_name or city, own, unit, words, said)
            yield from (_row(one, unit, words, said) for one in own)


def _answers(counties: Sequence[CountyStatus], said: Said | None) -> list[Markup]:
    """The cells that speak of answers, of one county or of several together."""
    if said is None:
        return []
    asked, answered, conflict = (_sum(counties, name) for name in ("asked", "answered", "conflict"))
    verdicts = said.verdicts
    found = verdict_counts(counties, verdicts)
    share = 1000 * answered // asked if asked else -1
    told = f"{count(answered)}/{count(asked)}" if asked else count(None)
    return [
        tag("td", answer_bar(found, conflict, asked, verdicts), tag("span", told), class_="a", data_v=share),
        *(_waiting(_sum(counties, name)) for name in said.waiting),
        *(tag("td", count(found[one.code]) if answered else "") for one in verdicts),
        *([_review(counties, said)] if said.labels else []),
    ]


def _waiting(number: int) -> Markup:
    return tag("td", count(number) if number else "", class_="look" if number else None)


def _review(counties: Sequence[CountyStatus], said: Said) -> Markup:
    """How far city and province are: of one county its state, and how many pieces stand where."""
    numbers = {state: sum(one.reviews.get(state, 0) for one in counties) for state in said.labels}
    told = [f"{said.labels[state]} {count(number)}" for state, number in numbers.items() if number]
    state = said.labels.get(counties[0].review, "") if len(counties) == 1 and counties[0].asked and told else ""
    back = any(number for state, number in numbers.items() if state.endswith("_returned"))
    rank = list(said.labels).index(counties[0].review) if state else -1
    lines = (tag("small", f" {one}") for one in told)
    return tag("td", state, *lines, class_="r look" if back else "r", data_v=rank)


def _row(one: CountyStatus, unit: str, words: Texts, said: Said | None) -> Markup:
    figures = (tag("td", count(getattr(one, name))) for name in COUNTED)
    project = product_link(one, "project.qgz", "QGIS") if one.published else ""
    return tag(
        "tr",
        tag("td", _code(one)),
        tag("td", shortened(one.name, NAME_LENGTH)),
        tag("td", words[f"morning.word.{one.word}"], _problem(one, words)),
        *figures,
        *_answers([one], said),
        tag("td", area(one.area_m2, unit)),
        tag("td", product_link(one, "sheets.pdf", count(one.pages))),
        tag("td", product_link(one, "checklist.xlsx", count(one.rows))),
        tag("td", project),
        class_=f"{one.word} {share_class(one)}" if said else one.word,
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
    said: Said | None,
) -> Markup:
    """A row of sums; what was announced is a dash where nothing was announced at all."""
    size = tag("small", words.say("morning.counties_count", count=count(len(counties))))
    spoken = [one.announced for one in counties if one.announced is not None]
    sums = [sum(spoken) if spoken else None, *(_sum(counties, name) for name in COUNTED[1:])]
    return tag(
        "tr",
        tag("th", joined(shortened(name, NAME_LENGTH), " ", size), colspan=len(TEXT_COLUMNS), scope="rowgroup"),
        *(tag("td", count(one)) for one in sums),
        *_answers(counties, said),
        tag("td", area(sum(one.area_m2 for one in counties), unit)),
        *(tag("td", count(_sum(counties, name))) for name in ("pages", "rows")),
        tag("td"),
        class_=kind,
    )


def _sum(counties: Sequence[CountyStatus], name: str) -> int:
    return sum(int(getattr(one, name)) for one in counties)
