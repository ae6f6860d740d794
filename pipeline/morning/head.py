"""The top of the page: what it is, whether the books balance, what waits for somebody, and the figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.accounts import CountyStatus
from pipeline.issues import Issue
from pipeline.morning.changes import dated
from pipeline.morning.figures import area, count, day, percent
from pipeline.morning.markup import Markup, joined, shortened, tag
from pipeline.records import CampaignFacts
from pipeline.texts import Texts

NAMED = 6  # counties or files named in one line before "and others"
WIDE_FIGURE = 9  # characters: longer ones are set smaller


def masthead(facts: CampaignFacts, words: Texts, county_date: str = "") -> Markup:
    """Title, office, campaign, date and that of the county layer; the classification where there is one."""
    date = words.say("morning.as_of", date=day(facts.map_date, words)) if facts.map_date else ""
    counties = words.say("morning.county_layer", date=dated(county_date, words)) if county_date else ""
    told = [facts.office.unit, words.say("morning.campaign", id=facts.id), date, counties]
    mark = facts.office.classification
    line = tag("p", *(tag("span", one) for one in told if one), class_="office")
    return joined(tag("p", mark, class_="mark") if mark else None, tag("h1", facts.title), line)


def verdict(wrong: Sequence[str], words: Texts) -> Markup:
    """One sentence on the books; every account that does not hold is named."""
    if not wrong:
        sentence = joined(tag("b", words["morning.balance"]), " ", tag("span", words["morning.balance_means"]))
        return tag("p", sentence, class_="verdict good", role="status")
    told = tag("p", tag("b", words["morning.no_balance"]), " ", tag("span", words["morning.no_balance_means"]))
    rows = (tag("li", shortened(one, 300)) for one in wrong)
    return tag("div", told, tag("ul", *rows), class_="verdict bad", role="alert")


def waiting(
    counties: Sequence[CountyStatus],
    books: Mapping[str, Any],
    issues: Sequence[Issue],
    refused: Sequence[str],
    words: Texts,
) -> Markup:
    """What somebody has to look at, gravest first."""
    lines = list(_lines(counties, books, issues, refused, words))
    quiet = tag("p", words["morning.nothing_waits"], class_="quiet")
    return joined(tag("h2", words["morning.waits"]), tag("ul", *lines, class_="waits") if lines else quiet)


def _lines(
    counties: Sequence[CountyStatus],
    books: Mapping[str, Any],
    issues: Sequence[Issue],
    refused: Sequence[str],
    words: Texts,
) -> Iterator[Markup]:
    failed = [one.name for one in counties if one.problem]
    grave = Counter(str(one.severity) for one in issues)
    yield from _line("refused", "bad", "deliveries", len(refused), refused, words)
    yield from _line("unpublished", "bad", "counties", len(failed), failed, words)
    for word in ("missing", "partial"):
        names = [one.name for one in counties if one.word == word]
        yield from _line(word, "look", "counties", len(names), names, words)
    for state in ("conflict", "unmatched"):
        yield from _line(state, "look", "returns", books["returns"][state], (), words)
    for state, number in (
        ("to_correct", sum(one.to_correct for one in counties)),
        ("sent_back", sum(_sent_back(one) for one in counties)),
    ):
        yield from _line(state, "look", "counties", number, (), words)
    yield from _line("quarantined", "look", "deliveries", books["records"]["quarantined"], (), words)
    for level in ("error", "warning"):
        yield from _line(level, "look", "issues", grave[level], (), words)


def _sent_back(one: CountyStatus) -> int:
    """Pieces that city or province returned and that wait for the county."""
    return sum(number for state, number in one.reviews.items() if state.endswith("_returned"))


def _line(key: str, kind: str, place: str, number: int, names: Sequence[str], words: Texts) -> Iterator[Markup]:
    if number:
        listed = words["morning.list_separator"].join(shortened(one, 40) for one in names[:NAMED])
        more = words.say("morning.and_more", count=count(number)) if number > NAMED and names else ""
        link = tag("a", words[f"morning.waiting.{key}"], href=f"#{place}")
        named = tag("small", listed, more) if names else None
        yield tag("li", tag("b", count(number)), tag("span", joined(link, " ", named)), class_=kind)


def tiles(books: Mapping[str, Any], counties: int, unit: str, words: Texts) -> Markup:
    """The accounts, each as the equation that must hold."""
    made = (_records(books, words), _area(books, unit, words), _pieces(books, words), _counties(books, counties, words))
    return tag("div", *made, _sheets(books, words), _returns(books, words), class_="tiles")


def _records(books: Mapping[str, Any], words: Texts) -> Markup:
    one = books["records"]
    signs = [("=", "accepted"), ("+", "quarantined"), ("+", "duplicate")]
    told = None if one["announced"] is None else words.say("morning.of_announced", count=count(one["announced"]))
    return _tile(
        "received", count(one["received"]), told, [(sign, name, count(one[name])) for sign, name in signs], words
    )


def _area(books: Mapping[str, Any], unit: str, words: Texts) -> Markup:
    signs = [("=", "inside"), ("+", "outside"), ("−", "double")]
    m2 = books["area_m2"]
    rows = [(sign, name, area(m2[name], unit)) for sign, name in signs]
    exact = f"{m2['accepted']:,.1f} {words['unit.m2']}"
    return _tile("area", area(m2["accepted"], unit), exact, rows, words, unit=words[f"unit.{unit}"])


def _pieces(books: Mapping[str, Any], words: Texts) -> Markup:
    one = books["pieces"]
    rest = [("+", name, count(number)) for name, number in one["not_asked"].items()]
    return _tile("pieces", count(one["all"]), None, [("=", "asked", count(one["asked"])), *rest], words)


def _counties(books: Mapping[str, Any], counties: int, words: Texts) -> Markup:
    one = books["counties"]
    rows = [("", name, count(one[name])) for name in ("missing", "partial", "zero", "unknown")]
    told = words.say("morning.of_counties", count=count(counties))
    return _tile("with_patches", count(one["with_patches"]), told, rows, words)


def _sheets(books: Mapping[str, Any], words: Texts) -> Markup:
    drawn, rows = books["sheets"]["pieces_drawn"], books["checklists"]["rows"]
    told = [("", "pieces_drawn", count(drawn)), ("", "rows", count(rows))]
    return _tile("pages", count(books["sheets"]["pages"]), None, told, words)


def _returns(books: Mapping[str, Any], words: Texts) -> Markup:
    one = books["returns"]
    whole = one["open"] + one["answered"] + one["conflict"]
    rows = [("", name, count(one[name])) for name in ("open", "conflict", "unmatched")]
    told = words.say("morning.answered_share", share=percent(one["answered"], whole)) if whole else None
    return _tile("answered", count(one["answered"]), told, rows, words)


def _tile(
    name: str, figure: str, told: str | None, rows: Sequence[tuple[str, str, str]], words: Texts, **named: str
) -> Markup:
    lines = (
        tag("div", tag("dt", tag("i", sign) if sign else None, words[f"morning.item.{item}"]), tag("dd", number))
        for sign, item, number in rows
    )
    big = tag("p", tag("b", figure, class_="long" if len(figure) > WIDE_FIGURE else None), tag("small", told or ""))
    return tag("section", tag("h2", words.say(f"morning.tile.{name}", **named)), big, tag("dl", *lines))
