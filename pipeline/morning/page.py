"""The morning page: one HTML document that needs nothing but itself."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from pipeline.accounts import CountyStatus
from pipeline.boundary_changes import BoundaryChanges
from pipeline.issues import Issue
from pipeline.morning.bars import verdict_patterns, verdict_style
from pipeline.morning.changes import boundary_changes
from pipeline.morning.defects import defects
from pipeline.morning.head import masthead, tiles, verdict, waiting
from pipeline.morning.imagery import imagery_doubts
from pipeline.morning.map import county_map, legend, share_legend, switch
from pipeline.morning.markup import Markup, is_file_name, joined, tag
from pipeline.morning.received import deliveries
from pipeline.morning.returned import Returns, returned
from pipeline.morning.table import county_table
from pipeline.records import CampaignFacts
from pipeline.texts import Texts, texts

MANY = 200  # counties: from here on a printed map has plain tints
_HTML_LANGUAGE = {"zh": "zh-CN"}
_REPORTS = ("rollup.xlsx", "status.csv", "balance.json", "balance.csv", "quarantine.csv", "quarantine.gpkg")

_CHANGES = "boundary_changes.csv"


@dataclass(frozen=True)
class Morning:
    """All that the page tells; nothing on it is reckoned anew but the sums of cities and provinces."""

    facts: CampaignFacts
    books: dict[str, Any]  # balance.json
    counties: list[CountyStatus]
    issues: list[Issue]  # in their order
    sentences: list[str]  # of each issue
    imbalances: list[str]  # what does not hold; none: the books balance
    outlines: dict[str, Any]  # shapely geometries by county code, longitude and latitude in degrees
    ingest: dict[str, Any]  # the summary of ingest
    returns: Returns = field(default_factory=Returns)
    county_dates: tuple[str, str] = ("", "")  # ISO 8601, of the county layer and of the other one
    changes: Sequence[BoundaryChanges] = ()  # by the other county layer, where there is one

    @property
    def begun(self) -> bool:
        """Whether anything came back: before that the page does not speak of answers but in its tile."""
        told = self.books["returns"]
        return bool(self.returns.files) or any(told[one] for one in ("answered", "conflict", "unmatched"))


def morning_page(morning: Morning) -> str:
    """The page as HTML in the campaign's language: the same text for the same values."""
    words = texts(morning.facts.language)
    language = _HTML_LANGUAGE.get(words.language, words.language)
    many = "many" if len(morning.counties) > MANY else None
    body = tag("body", tag("main", *_sections(morning, words), class_=many), _script())
    return f"<!DOCTYPE html>\n{tag('html', _head(morning, words), body, lang=language)}\n"


def _head(morning: Morning, words: Texts) -> Markup:
    style = Markup(_asset("page.css") + _verdict_style(morning))
    title = words.say("morning.page_title", title=morning.facts.title)
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(style, _asset("page.js"))),
        tag("meta", name="viewport", content="width=device-width,initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", title),
        tag("style", style),
    )


def _verdict_style(morning: Morning) -> str:
    return verdict_style(morning.returns.verdicts) if morning.begun else ""


def _policy(style: str, script: str) -> str:
    """Nothing is loaded, and nothing runs but the two texts whose digests stand here."""
    allowed = f"style-src {_source(style)}; script-src {_source(script)}"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _asset(name: str) -> Markup:
    return Markup(files(__package__).joinpath(name).read_text(encoding="utf-8"))


def _script() -> Markup:
    return tag("script", _asset("page.js"))


def _sections(morning: Morning, words: Texts) -> list[Markup]:
    facts, books, counties = morning.facts, morning.books, morning.counties
    refused = list(morning.ingest["refused_files"])
    verdicts, labels = morning.returns.verdicts if morning.begun else None, morning.returns.review_labels
    found = defects(morning.issues, morning.sentences, counties, facts.id, words)
    came = [_section("returns", returned(morning.returns, words), words)] if morning.begun else []
    return [
        tag("header", tag("div", masthead(facts, words, morning.county_dates[0])), verdict(morning.imbalances, words)),
        tiles(books, len(counties), facts.area_unit, words),
        _sight(morning, refused, words),
        _section("counties", county_table(counties, facts.area_unit, words, verdicts, labels), words),
        *came,
        *(_section("imagery", one, words) for one in _imagery(morning, words)),
        *(_section("changes", one, words) for one in _changes(morning, words)),
        _section("issues", found, words),
        _section("deliveries", deliveries(books, refused, words), words),
        _section("elsewhere", _elsewhere(morning, words), words),
        *([verdict_patterns(morning.returns.verdicts)] if morning.begun else []),
    ]


def _sight(morning: Morning, refused: list[str], words: Texts) -> Markup:
    """What is taken in at one sight: the map, what its tints mean, and what waits for somebody."""
    counties, books = morning.counties, morning.books
    unspoken = tag("p", words["morning.no_list"], class_="quiet") if books["records"]["announced"] is None else None
    drawn = county_map(counties, morning.outlines, words, morning.begun)
    head = joined(tag("h2", words["morning.map"]), switch(words) if morning.begun else None)
    shares = share_legend(counties, words) if morning.begun else None
    told = joined(legend(counties, words), shares, unspoken)
    return tag(
        "div",
        tag("section", tag("div", head, class_="over"), drawn, class_="map"),
        tag(
            "aside", tag("h2", words["morning.legend"]), told, waiting(counties, books, morning.issues, refused, words)
        ),
        class_="sight",
    )


def _section(name: str, inside: Markup, words: Texts) -> Markup:
    note = tag("p", words[f"morning.note.{name}"], class_="quiet")
    return tag("section", tag("h2", words[f"morning.section.{name}"]), note, inside, id=name, class_="part")


def _imagery(morning: Morning, words: Texts) -> list[Markup]:
    """Nothing where there is nothing to tell."""
    found = imagery_doubts(morning.counties, morning.issues, words)
    return [] if found is None else [found]


def _changes(morning: Morning, words: Texts) -> list[Markup]:
    unit = morning.facts.area_unit
    return [boundary_changes(one, morning.county_dates[1], unit, words) for one in morning.changes]


def _elsewhere(morning: Morning, words: Texts) -> Markup:
    """The other doors to the same figures."""
    facts, names = morning.facts, (*_REPORTS, *([_CHANGES] if morning.changes else []))
    files_of = [(name, name.replace(".", "_")) for name in names]
    if is_file_name(facts.id):
        files_of += [(f"../{facts.id}.gpkg", "campaign_gpkg"), (f"../{facts.id}.qgz", "campaign_qgz")]
    rows = (
        tag("div", tag("dt", tag("a", href.removeprefix("../"), href=href)), tag("dd", words[f"morning.file.{key}"]))
        for href, key in files_of
    )
    return joined(tag("dl", *rows, class_="files"))
