"""The county map and its legend as inline SVG."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.accounts import CountyStatus
from pipeline.morning.figures import count
from pipeline.morning.links import county_folder
from pipeline.morning.markup import Markup, joined, tag
from pipeline.morning.outlines import FEW_GROUPS, Drawing, Label, Outline, drawing_of
from pipeline.texts import Texts

WORDS = ("complete", "partial", "missing", "zero", "unknown", "unannounced")
UNPUBLISHED = "unpublished"
SHARES = ("s-all", "s-most", "s-some", "s-none", "s-nothing")  # of the asked pieces that are answered

# A pattern for each state that must be told apart on a black-and-white copy: size, and what is drawn on the ground.
_PATTERNS = {
    "partial": (14, "M-2 16L16-2M-9 9L9-9M5 23L23 5", 2),
    "missing": (16, "M0 0L16 16M16 0L0 16", 2),
    "unknown": (16, "M7 8h2", 2.5),
    "unannounced": (12, "M0 6h12", 1.6),
}


def county_map(
    counties: Sequence[CountyStatus], outlines: Mapping[str, Any], words: Texts, begun: bool = False
) -> Markup:
    """The counties by their word, each with its figures as a tooltip and a link to its folder.

    Once answering has `begun`, each also carries its share, so that the page can show the one or the other.
    """
    shown = [one for one in counties if one.code in outlines]
    drawing = drawing_of(_outlines(shown, outlines))
    if not drawing.paths:
        return tag("p", words["morning.no_map"], class_="quiet")
    by_word = [_counties_of(word, shown, drawing, words, begun) for word in WORDS]
    borders = [tag("path", d=one) for one in drawing.borders]
    return tag(
        "svg",
        tag("defs", *(_pattern(*one) for one in _PATTERNS.items())),
        *by_word,
        tag("g", *borders, class_="border") if borders else None,
        tag("g", *(_failed(one, drawing) for one in shown if one.problem), class_="failed"),
        tag(
            "g",
            *(_label(one) for one in drawing.labels),
            class_="names groups" if drawing.labels_name_groups else "names",
        ),
        id="map",
        viewBox=f"0 0 {drawing.width} {drawing.height}",
        aria_label=words["morning.map"],
    )


def _outlines(shown: Sequence[CountyStatus], shapes: Mapping[str, Any]) -> list[Outline]:
    """The counties by city, or by province where cities would crowd the map."""
    by_city = len({one.city_code for one in shown}) <= FEW_GROUPS
    return [_outline(one, shapes[one.code], by_city) for one in shown]


def _outline(one: CountyStatus, shape: Any, by_city: bool) -> Outline:
    lines = (one.name, count(one.asked)) if one.asked else (one.name,)
    if by_city:
        return Outline(one.code, shape, lines, one.city_code, one.city_name or one.city_code)
    return Outline(one.code, shape, lines, one.province_code, one.province_name or one.province_code)


def _pattern(word: str, drawn: tuple[int, str, float]) -> Markup:
    size, strokes, width = drawn
    ground = tag("rect", width=size, height=size, class_="ground")
    line = tag("path", d=strokes, stroke_width=width)
    return tag(
        "pattern", ground, line, id=f"p-{word}", width=size, height=size, patternUnits="userSpaceOnUse", class_=word
    )


def share_class(one: CountyStatus) -> str:
    """Which share of a county's asked pieces is answered: all, most (over a half), some, none, or nothing asked."""
    if not one.asked:
        return "s-nothing"
    if one.answered == one.asked:
        return "s-all"
    return "s-most" if 2 * one.answered > one.asked else "s-some" if one.answered else "s-none"


def _counties_of(
    word: str, shown: Sequence[CountyStatus], drawing: Drawing, words: Texts, begun: bool
) -> Markup | None:
    mine = [_county(one, drawing, words, begun) for one in shown if one.word == word and one.code in drawing.paths]
    return tag("g", *mine, class_=word) if mine else None


def _county(one: CountyStatus, drawing: Drawing, words: Texts, begun: bool) -> Markup:
    title = tag("title", tooltip(one, words, begun))
    path = tag("path", title, d=drawing.paths[one.code], class_=share_class(one) if begun else None)
    folder = county_folder(one)
    return tag("a", path, href=folder) if folder else path


def tooltip(one: CountyStatus, words: Texts, begun: bool = False) -> str:
    """A county in one line."""
    said = words[f"morning.word.{one.word}"]
    told = words.say("morning.tooltip", name=one.name, code=one.code, word=said, came=one.came, asked=one.asked)
    answers = words.say("morning.tooltip_answered", answered=one.answered, conflict=one.conflict)
    return told + answers if begun and one.asked else told


def _failed(one: CountyStatus, drawing: Drawing) -> Markup | None:
    return tag("path", d=drawing.paths[one.code]) if one.code in drawing.paths else None


def _label(label: Label) -> Markup:
    top = label.y + round(label.size * (0.35 if len(label.lines) == 1 else -0.2))
    more = (tag("tspan", one, x=label.x, dy="1.2em") for one in label.lines[1:])
    return tag("text", label.lines[0], *more, x=label.x, y=top, font_size=label.size)


def legend(counties: Sequence[CountyStatus], words: Texts) -> Markup:
    """Every state with its count, those that no county is in as well: a zero is an answer."""
    found: Counter[str] = Counter(one.word for one in counties)
    rows = [_legend_row(word, found[word], words) for word in WORDS]
    failed = sum(bool(one.problem) for one in counties)
    return tag("ul", *rows, _legend_row(UNPUBLISHED, failed, words) if failed else None, class_="legend", id="legend")


def share_legend(counties: Sequence[CountyStatus], words: Texts) -> Markup:
    """The shares with the counties of each; hidden until the map shows them."""
    found: Counter[str] = Counter(share_class(one) for one in counties)
    rows = [_legend_row(one, found[one], words, "share") for one in SHARES]
    return tag("ul", *rows, class_="legend", id="shares", hidden=True)


def switch(words: Texts) -> Markup:
    """Two buttons: what the map shows. Without a script there is nothing to switch, and they stay hidden."""
    buttons = (
        tag("button", words[f"morning.show.{name}"], type="button", data_show=name, aria_pressed=pressed)
        for name, pressed in (("legend", "true"), ("shares", "false"))
    )
    return tag("p", *buttons, class_="switch", id="switch", hidden=True)


def _legend_row(word: str, number: int, words: Texts, kind: str = "") -> Markup:
    box = tag("rect", x="1.5", y="1.5", width="31", height="21", rx="2")
    swatch = tag("svg", tag("g", box, class_=f"{kind} {word}".strip()), viewBox="0 0 34 24", aria_hidden="true")
    name = tag("b", words[f"morning.{kind or 'word'}.{word}"])
    meaning = None if kind else tag("small", words[f"morning.meaning.{word}"])
    said = tag("span", joined(name, " ", meaning))
    return tag("li", swatch, said, tag("output", count(number)), data_word=word, class_=None if number else "none")
