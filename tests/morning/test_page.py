"""The morning page tells what the books tell, in both languages, and nothing delivered can act on it."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.issues import Code, Issue
from pipeline.morning.figures import area, count, percent
from pipeline.morning.markup import Markup, escaped, shortened, tag
from pipeline.morning.page import Morning, morning_page
from pipeline.morning.returned import SHOWN_DISPUTES, ReturnedFile, Returns, VerdictMark
from pipeline.rollup.disputes import Answer, Dispute
from pipeline.texts import languages, texts
from tests.morning.province import changes_of, morning

VOID = {"meta", "input"}
SELF_CLOSING = {"td", "th", "tr"}
HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(2)>\u202e\x00&amp;'\ud800"


class Reader(HTMLParser):
    """A strict reader: every element is closed in its turn, but cells and rows, which HTML closes itself."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[tuple[tuple[str, ...], str]] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        assert len({key for key, _ in attributes}) == len(attributes), (name, attributes)
        closing = {"td", "th"} if name in ("td", "th") else SELF_CLOSING if name == "tr" else set()
        while closing and self.open[-1] in closing:
            self.open.pop()
        self.found.append((name, dict(attributes)))
        if name not in VOID:
            self.open.append(name)

    def handle_endtag(self, name: str) -> None:
        while self.open[-1] in SELF_CLOSING and name in ("table", "thead", "tbody", "tfoot"):
            self.open.pop()
        assert self.open.pop() == name

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.text.append((tuple(self.open), data))

    def links(self) -> list[str]:
        return [str(one["href"]) for name, one in self.found if name == "a"]

    def words(self) -> str:
        return "\n".join(one for where, one in self.text if where[-1] not in ("style", "script"))


@cache
def page(number: int = 10, language: str = "zh", answers: bool = False) -> str:
    return morning_page(morning(number, language, answers))


def keys(language: str) -> list[str]:
    every = texts(language).keys
    return [one for one in every() if one.startswith("morning.")]


def rows_of(html: str, table: str) -> list[list[str]]:
    """The cells of a table's body as text: what a reader copies into a spreadsheet."""
    inside = re.search(rf"<table[^>]*{table}.*?</table>", html, re.S)
    assert inside
    rows = re.split(r"<tr[^>]*>", inside[0])[1:]
    return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in re.split(r"<t[dh][^>]*>", row)[1:]] for row in rows]


@pytest.mark.parametrize("language", languages())
def test_page_is_well_formed_and_in_the_language_of_the_campaign(language: str) -> None:
    made = morning(10, language, True)
    counties = [replace(made.counties[0], bare_frames=3), *made.counties[1:]]
    read = Reader(morning_page(replace(made, changes=[changes_of(3)], counties=counties)))
    words = texts(language)
    assert read.found[0] == ("html", {"lang": {"zh": "zh-CN"}.get(language, language)})
    assert words["morning.balance"] in read.words()
    told = [one for one in keys(language) if one.split(".")[1] in ("section", "word", "meaning")]
    assert [one for one in told if words[one] not in read.words()] == []


def test_same_morning_same_bytes() -> None:
    assert morning_page(morning(10)) == morning_page(morning(10))


@pytest.mark.parametrize("answers", [False, True])
def test_nothing_is_loaded_and_only_the_pages_own_script_may_run(answers: bool) -> None:
    html = page(10, "zh", answers)
    read = Reader(html)
    policy = next(one["content"] for name, one in read.found if one.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for name in ("style", "script"):
        inside = re.findall(rf"<{name}>(.*?)</{name}>", html, re.S)
        assert len(inside) == 1
        digest = base64.b64encode(hashlib.sha256(inside[0].encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy
    assert not re.search(r"https?:|//|@import|url\((?!#)", re.sub(r"content=\"[^\"]*\"", "", html.split("<script>")[0]))
    assert all("src" not in one and "style" not in one for _, one in read.found)


def test_figures_are_those_of_the_books() -> None:
    given_ = morning(40)
    shown = dict(re.findall(r"<h2>([^<]+)</h2><p><b>([^<]+)</b>", morning_page(given_)))
    books = given_.books
    words = texts("zh")
    assert shown[words["morning.tile.received"]] == count(books["records"]["received"])
    assert shown[words.say("morning.tile.area", unit="亩")] == area(books["area_m2"]["accepted"], "mu")
    assert shown[words["morning.tile.pieces"]] == count(books["pieces"]["all"])
    assert shown[words["morning.tile.with_patches"]] == count(books["counties"]["with_patches"])
    assert shown[words["morning.tile.pages"]] == count(books["sheets"]["pages"])
    items = re.findall(r"</i>([^<]+)</dt><dd>([^<]+)</dd>|<dt>([^<]+)</dt><dd>([^<]+)</dd>", morning_page(given_))
    told = {a or c: b or d for a, b, c, d in items}
    for name in ("accepted", "quarantined", "duplicate"):
        assert told[words[f"morning.item.{name}"]] == count(books["records"][name])
    for name in ("inside", "outside", "double"):
        assert told[words[f"morning.item.{name}"]] == area(books["area_m2"][name], "mu")
    for name in ("missing", "partial", "zero", "unknown"):
        assert told[words[f"morning.item.{name}"]] == count(books["counties"][name])


def test_every_county_has_its_row_and_the_sums_are_theirs() -> None:
    given_ = morning(40)
    _, *body, foot = rows_of(morning_page(given_), 'id="table"')
    counties = [one for one in body if len(one) == 11]
    assert [one[0] for one in counties] == sorted(one.code for one in given_.counties)
    for at, name in ((4, "came"), (5, "pieces"), (6, "asked"), (8, "pages"), (9, "rows")):
        figures = [int(one[at].replace(",", "")) for one in counties]
        assert figures == [getattr(one, name) for one in sorted(given_.counties, key=lambda one: one.code)]
        assert int(foot[at - 2].replace(",", "")) == sum(figures)
    groups = [one for one in body if len(one) == 9]
    cities = [one for one in groups if "市" in one[0]]
    assert sum(int(one[2].replace(",", "")) for one in cities) == sum(one.came for one in given_.counties)
    assert len(groups) == len(cities) + 1


def test_announced_none_and_announced_nothing_are_two_things() -> None:
    counties = {one[0]: one for one in rows_of(page(), 'id="table"') if len(one) == 11}
    for one in morning().counties:
        assert counties[one.code][3] == ("–" if one.announced is None else str(one.announced))
        assert counties[one.code][2].startswith(texts("zh")[f"morning.word.{one.word}"])


def test_links_lead_only_to_what_was_published() -> None:
    given_ = morning(100)
    linked = {one.split("/")[2] for one in Reader(morning_page(given_)).links() if one.startswith("../counties/")}
    assert linked == {one.code for one in given_.counties if one.published}
    one = next(one for one in given_.counties if one.published)
    for product in ("sheets.pdf", "checklist.xlsx", "project.qgz"):
        assert f"../counties/{one.code}/{one.code}_{product}" in Reader(morning_page(given_)).links()
    failed = next(one for one in given_.counties if one.problem)
    assert failed.problem in Reader(morning_page(given_)).words()


@pytest.mark.parametrize("answers", [False, True])
def test_links_inside_the_page_arrive(answers: bool) -> None:
    read = Reader(page(10, "zh", answers))
    ids = [one["id"] for _, one in read.found if "id" in one]
    assert len(ids) == len(set(ids))
    inside = {one for one in read.links() if one.startswith("#")}
    assert inside
    assert {one.removeprefix("#") for one in inside} <= set(ids)


def test_what_does_not_balance_is_told_first_and_in_red() -> None:
    html = morning_page(replace(morning(), imbalances=["pieces: all ≠ asked + not asked <b>"]))
    assert texts("zh")["morning.balance_means"] not in html
    verdict = html[html.index('class="verdict bad"') : html.index('class="tiles"')]
    assert "pieces: all ≠ asked + not asked &lt;b&gt;" in verdict


def test_refused_files_are_named_and_marked() -> None:
    html = page()
    assert "无投影.shp" in html[: html.index('id="counties"')]
    row = re.search(r'<tr class="refused">.*?<tr', html, re.S)
    assert row
    assert "无投影.shp" in row[0]
    assert texts("zh")["morning.issue.no_crs"] in row[0]


def hostile() -> Morning:
    given_ = morning(10, answers=True)
    facts = replace(given_.facts, title=HOSTILE, id=HOSTILE, office=replace(given_.facts.office, unit=HOSTILE))
    names = dict.fromkeys(("code", "name", "city_code", "city_name", "province_code", "province_name"), HOSTILE)
    bad = replace(given_.counties[0], **names)
    said = Answer(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    came = Returns(
        (VerdictMark("legal", HOSTILE, HOSTILE), *given_.returns.verdicts[1:]),
        (ReturnedFile(HOSTILE, HOSTILE, HOSTILE, {"taken": 1}, ""),),
        (Dispute(HOSTILE, HOSTILE, HOSTILE, HOSTILE, (said, replace(said, named="b"))),),
    )
    worse = replace(given_.counties[3], problem=HOSTILE)
    issue = Issue(Code.FRAGMENT, "clip", county_code=HOSTILE, source_file=HOSTILE, source_layer=HOSTILE, source_row=3)
    delivery = {**given_.books["by_delivery"][0], "file": HOSTILE, "layer": HOSTILE, "refused": HOSTILE}
    return replace(
        given_,
        facts=facts,
        counties=[bad, worse],
        outlines={HOSTILE: given_.outlines[given_.counties[0].code], worse.code: given_.outlines[worse.code]},
        issues=[issue],
        sentences=[HOSTILE],
        imbalances=[HOSTILE],
        books=given_.books | {"by_delivery": [delivery], "quarantine_by_reason": {HOSTILE: 1}},
        ingest=given_.ingest | {"refused_files": [HOSTILE]},
        returns=came,
    )


def test_hostile_names_are_words_and_nothing_else() -> None:
    html = morning_page(hostile())
    plain = Reader(page(10, "zh", True))
    read = Reader(html)
    assert sum(name == "script" for name, _ in read.found) == 1
    assert {name for name, _ in read.found} <= {name for name, _ in plain.found}
    assert {key for _, one in read.found for key in one} <= {key for _, one in plain.found for key in one}
    assert all(re.fullmatch(r"#[a-z]+|[a-z]+\.[a-z]+", one) for one in read.links())
    assert not re.search("[\x00-\x09\x0b-\x1f\u202a-\u202e\ud800-\udfff]", html)
    html.encode("utf-8")


@given(st.text(), st.text())
def test_what_goes_into_an_element_comes_out_as_text(words: str, attribute: str) -> None:
    read = Reader(tag("p", words, title=attribute))
    assert read.found == [("p", {"title": HTMLParserText(escaped(attribute)).words})]
    assert "".join(one for _, one in read.text) in ("", HTMLParserText(escaped(words)).words)


class HTMLParserText(HTMLParser):
    """Escaped text as a browser shows it."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.words = ""
        self.feed(f"<p>{markup}</p>")
        self.close()

    def handle_data(self, data: str) -> None:
        self.words += data


@given(st.text(), st.integers(1, 50))
def test_shortened_is_short_and_says_that_it_was_cut(words: str, length: int) -> None:
    short = shortened(words, length)
    assert len(short) <= length
    assert short.endswith("…") or short == " ".join(words[: 2 * length].split())


@pytest.mark.parametrize("language", languages())
def test_every_kind_of_issue_has_a_name(language: str) -> None:
    assert [one for one in Code if f"morning.issue.{one.lower()}" not in texts(language)] == []


def test_both_languages_have_the_same_words() -> None:
    assert {tuple(keys(language)) for language in languages()} == {tuple(keys("en"))}


def test_many_issues_show_their_first_and_say_where_the_others_are() -> None:
    given_ = morning(100)
    found = sum(one.code is Code.FRAGMENT for one in given_.issues)
    words = texts("zh").say("morning.more_issues", count=count(found - 20), code="FRAGMENT", campaign="2025Q3")
    assert words in Reader(morning_page(given_)).words()


def test_many_deliveries_still_sum_to_the_books() -> None:
    given_ = morning()
    one = {"delivery": "ab" * 32, "layer": "", "received": 5, "accepted": 3, "quarantined": 1, "duplicate": 1}
    many = [{**one, "file": f"{at}.shp"} for at in range(1000)]
    totals: dict[str, Any] = dict.fromkeys(("received", "accepted", "quarantined", "duplicate"), 0)
    totals |= {name: 1000 * one[name] for name in totals}
    html = morning_page(
        replace(given_, books=given_.books | {"by_delivery": many, "records": {"announced": None, **totals}})
    )
    _, *body, foot = rows_of(html, 'class="deliveries"')
    for at, name in enumerate(totals):
        assert (
            sum(int(row[at - 5].replace(",", "")) for row in body) == totals[name] == int(foot[at + 1].replace(",", ""))
        )


def test_nothing_at_all_is_a_page_too() -> None:
    given_ = morning()
    books = given_.books | {
        "records": dict.fromkeys(given_.books["records"], 0) | {"announced": None},
        "by_delivery": [],
    }
    empty = replace(
        given_, books=books, counties=[], issues=[], sentences=[], outlines={}, ingest={"refused_files": []}
    )
    words = texts("zh")
    read = Reader(morning_page(empty)).words()
    assert words["morning.no_map"] in read
    assert words["morning.no_issues"] in read
    assert words["morning.no_list"] in read


@pytest.mark.parametrize(("answers", "most"), [(False, 1_500_000), (True, 2_500_000)])
def test_a_nation_is_small_and_quick(answers: bool, most: int) -> None:
    given_ = morning(3000, answers=answers)
    start = time.process_time()
    html = morning_page(given_)
    assert time.process_time() - start < 3
    assert len(html.encode()) < most


def test_before_anybody_answered_the_page_does_not_speak_of_answers() -> None:
    html = page()
    assert all(
        one not in html for one in ('id="returns"', 'id="switch"', 'id="shares"', 'class="bar', '<defs><pattern id="v')
    )
    assert texts("zh")["morning.column.answered"] not in {one for row in rows_of(html, 'id="table"') for one in row}


def test_counties_of_which_nobody_spoke_can_be_folded_and_stand_there_all_the_same() -> None:
    given_ = morning(10)
    silent = [one for one in given_.counties if one.word == "unknown"]
    button = tag("button", texts("zh").say("morning.silent", count=len(silent)), type="button", id="silent")
    assert silent
    assert button.split(">")[1] in page()
    _, *rows = (one for one in rows_of(page(), 'id="table"') if len(one) == 11)
    assert {one[0] for one in rows} == {one.code for one in given_.counties}
    assert 'id="silent"' not in morning_page(replace(given_, counties=silent))


def answers_of(html: str, verdicts: int) -> tuple[list[list[str]], list[list[str]], list[str]]:
    """The answer columns of the county table: of counties, of cities and provinces, of all."""
    _, *body, foot = rows_of(html, 'id="table"')
    width = 11 + 2 + verdicts
    counties = [one[7 : 9 + verdicts] for one in body if len(one) == width]
    groups = [one[5 : 7 + verdicts] for one in body if len(one) == width - 2]
    return counties, groups, foot[5 : 7 + verdicts]


@pytest.mark.parametrize("language", languages())
def test_answers_of_counties_are_those_of_the_books(language: str) -> None:
    given_ = morning(40, language, True)
    codes = [one.code for one in given_.returns.verdicts]
    rows, groups, foot = answers_of(morning_page(given_), len(codes))
    ordered = sorted(given_.counties, key=lambda one: one.code)
    assert len(rows) == len(ordered)
    for row, one in zip(rows, ordered, strict=True):
        assert row[0] == (f"{one.answered}/{one.asked}" if one.asked else "–")
        assert row[1] == (str(one.conflict) if one.conflict else "")
        assert row[2:] == [str(one.verdicts.get(code, (0,))[0]) if one.answered else "" for code in codes]
    books = given_.books["returns"]
    assert foot[0] == f"{books['answered']}/{sum(books[one] for one in ('open', 'answered', 'conflict'))}"
    assert int(foot[1]) == books["conflict"]
    assert sum(map(int, foot[2:])) == books["answered"]
    cities = [one for one in groups if one != foot]
    assert [sum(int(one[at] or 0) for one in cities) for at in range(1, len(foot))] == [int(one) for one in foot[1:]]


def test_what_waits_for_the_county_and_how_far_reviews_are_is_told_in_every_row() -> None:
    labels = {"issued": "尚未报齐", "submitted": "已上报", "city_returned": "市级退回", "city_passed": "市级通过"}
    given_ = morning(20, "zh", True)
    made = [
        replace(
            one,
            to_correct=min(one.answered, 1),
            review="city_returned" if one.answered > 1 else "issued",
            reviews={"city_returned": 1, "city_passed": one.answered - 1} if one.answered > 1 else {},
        )
        for one in given_.counties
    ]
    html = morning_page(replace(given_, counties=made, returns=replace(given_.returns, review_labels=labels)))
    head, *body, foot = rows_of(html, 'id="table"')
    assert (head[9], head[13]) == ("须更正", "审核")
    rows = {one[0]: one for one in body if len(one) == len(head)}
    for one in made:
        told = rows[one.code][13]
        assert rows[one.code][9] == ("1" if one.answered else "")
        assert told == (f"市级退回 市级退回 1 市级通过 {one.answered - 1}" if one.answered > 1 and one.asked else "")
    back = sum(one.answered > 1 for one in made)
    assert f"市级退回 {back}" in foot[-5]
    assert re.search(rf"<b>{back}</b><span><a[^>]*>个图斑被市、省退回", html)


def test_bars_are_as_wide_as_what_they_say() -> None:
    given_ = morning(40, "zh", True)
    html = morning_page(given_)
    bars = re.findall(r'<svg viewBox="0 0 90.0 10" class="bar".*?</svg>', html)
    asked = [one for one in given_.counties if one.asked]
    assert len(bars) > len(asked)
    for bar in bars:
        parts = re.findall(r'<rect(?: x="([\d.]+)")? width="([\d.]+)" height="10" class="(\w+)">', bar)
        assert parts[0][1:] == ("90", "todo")
        ends = [float(x or 0) + float(width) for x, width, _ in parts[1:]]
        assert all(float(x or 0) >= end - 0.02 for (x, _, _), end in zip(parts[2:], ends, strict=False))
        assert max(ends, default=0) <= 90.01


def test_verdicts_have_their_colour_and_a_pattern_of_their_own() -> None:
    html = page(10, "en", True)
    patterns = re.findall(r'<pattern id="v(\d)".*?</pattern>', html)
    assert patterns == ["0", "1", "2", "3"]
    drawn = {re.sub(r'id="v\d"|fill="#[^"]*"', "", one) for one in re.findall(r"<pattern id=\"v\d.*?</pattern>", html)}
    assert len(drawn) == 4
    for one in morning(10, "en", True).returns.verdicts:
        assert one.colour in html


def test_the_map_carries_the_share_that_is_answered() -> None:
    given_ = morning(100, "zh", True)
    html = morning_page(given_)
    legend = html[html.index('id="shares"') :].split("</ul>")[0]
    told = dict(re.findall(r'<g class="share s-(\w+)">.*?<output>(\d+)</output>', legend))
    counts = {
        "all": sum(one.asked > 0 and one.answered == one.asked for one in given_.counties),
        "none": sum(one.asked > 0 and not one.answered for one in given_.counties),
        "nothing": sum(not one.asked for one in given_.counties),
    }
    assert {word: int(told[word]) for word in counts} == counts
    assert sum(map(int, told.values())) == len(given_.counties)
    map_ = html[html.index('id="map"') : html.index("</svg>", html.index('id="map"'))]
    for word, number in told.items():
        assert map_.count(f'class="s-{word}"') == int(number)


def test_conflicts_name_the_line_to_write_and_where_the_others_are() -> None:
    given_ = morning(150, "zh", True)
    html = morning_page(given_)
    assert len(given_.returns.disputes) > SHOWN_DISPUTES
    told = html[html.index('class="disputes"') :].split("</table>")[0]
    for one in given_.returns.disputes[:SHOWN_DISPUTES]:
        for answer in one.answers:
            assert f"姓名,日期,{one.id},take {answer.named},理由" in told
    more = count(len(given_.returns.disputes) - SHOWN_DISPUTES)
    assert texts("zh").say("morning.more_disputes", count=more) in Reader(html).words()


def test_returned_files_sum_to_their_total_and_link_to_their_receipts() -> None:
    given_ = morning(300, "zh", True)
    html = morning_page(given_)
    _, *body, foot = rows_of(html, 'class="returned"')
    for at, fate in ((2, "taken"), (3, "conflict")):
        assert sum(int(one[at - (len(one) < 5)].replace(",", "") or 0) for one in body) == int(
            foot[at - 1].replace(",", "")
        )
        assert int(foot[at - 1].replace(",", "")) == sum(one.rows.get(fate, 0) for one in given_.returns.files)
    links = [one for one in Reader(html).links() if one.startswith("returns/")]
    assert links
    assert all(one.isascii() for one in links)


@pytest.mark.parametrize(("part", "whole", "told"), [(999, 1000, "99 %"), (0, 5, "0 %"), (5, 5, "100 %"), (0, 0, "–")])
def test_percent_never_says_all_too_early(part: int, whole: int, told: str) -> None:
    assert percent(part, whole) == told


def test_area_is_rounded_once_half_up() -> None:
    assert area(2000 / 3 * 1234.5, "mu") == "1,234.50"
    assert area(50.0, "ha") == "0.01"
    assert escaped(Markup("<b>")) == "<b>"
