"""Small bars: how much is answered, and by which verdicts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pipeline.accounts import CountyStatus
from pipeline.morning.markup import Markup, tag
from pipeline.morning.returned import VerdictMark

WIDTH, HEIGHT, GAP = 90.0, 10, 1.2  # units of a bar
NO_COLOUR = "#9AA4AD"
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
# Strokes by which verdicts are told apart without colour, by their order in the form: size, path, width.
_STROKES = (
    (8, "", 0.0),
    (5, "M-1 1L1-1M0 5L5 0M4 6L6 4", 1.1),
    (4, "M0 2h1.4", 1.4),
    (4, "M0 1h4", 1.0),
    (5, "M-1 4L1 6M0 0L5 5M4-1L6 1", 1.1),
    (5, "M2.5 0v5M0 2.5h5", 0.8),
)


def verdict_style(verdicts: Sequence[VerdictMark]) -> str:
    """CSS that gives each verdict its colour: `.v0`, `.v1` … in the order of the form."""
    rules = [f".v{at} {{ fill: url(#v{at}); --v: {_colour(one)}; }}" for at, one in enumerate(verdicts)]
    plain = [f".many .v{at} {{ fill: {_colour(one)}; }}" for at, one in enumerate(verdicts)]
    return "\n".join([*rules, f"@media print {{ {' '.join(plain)} }}", ""]) if verdicts else ""


def _colour(one: VerdictMark) -> str:
    return one.colour if _COLOUR.fullmatch(one.colour) else NO_COLOUR


def verdict_patterns(verdicts: Sequence[VerdictMark]) -> Markup:
    """The patterns that `verdict_style` speaks of, in a picture that takes no room."""
    made = (_pattern(at, _colour(one)) for at, one in enumerate(verdicts))
    return tag("svg", tag("defs", *made), width=0, height=0, class_="patterns", aria_hidden="true")


def _pattern(at: int, colour: str) -> Markup:
    size, strokes, width = _STROKES[at % len(_STROKES)]
    ground = tag("rect", width=size, height=size, fill=colour)
    line = tag("path", d=strokes, stroke="#000", stroke_width=width, stroke_opacity=0.62, fill="none")
    return tag(
        "pattern", ground, line if strokes else None,
        id=f"v{at}", width=size, height=size, patternUnits="userSpaceOnUse",
    )  # fmt: skip


def answer_bar(found: Mapping[str, int], conflict: int, asked: int, verdicts: Sequence[VerdictMark]) -> Markup | None:
    """All that was asked as one bar: the answered by verdict in the form's order, what disagrees, and what is open."""
    if not asked:
        return None
    counts = [(f"v{at}", found.get(one.code, 0)) for at, one in enumerate(verdicts)] + [("clash", conflict)]
    parts, begun = [_part("todo", 0.0, WIDTH)], 0.0
    for kind, number in (one for one in counts if one[1]):
        width = WIDTH * number / asked
        parts.append(_part(kind, begun, max(width - GAP, 1.0)))
        begun += width
    return tag("svg", *parts, viewBox=f"0 0 {WIDTH} {HEIGHT}", class_="bar", aria_hidden="true")


def _part(kind: str, x: float, width: float) -> Markup:
    return tag("rect", x=f"{x:.4g}" if x else None, width=f"{width:.4g}", height=HEIGHT, class_=kind)


def swatch(at: int) -> Markup:
    """A verdict's colour and pattern beside its name."""
    return tag("svg", tag("rect", width=12, height=12, class_=f"v{at}"), viewBox="0 0 12 12", class_="swatch")


def verdict_counts(counties: Sequence[CountyStatus], verdicts: Sequence[VerdictMark]) -> dict[str, int]:
    """Answered pieces by verdict, of several counties together."""
    return {one.code: sum(county.verdicts.get(one.code, (0, 0.0))[0] for county in counties) for one in verdicts}
