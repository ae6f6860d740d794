"""What a form asks on paper, decided: a section's band, and for each field its label, when it is due, its ticks.

What a workbook has a place for is asked here too, no more and no less; photos are named, not stuck on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from pipeline.forms.form import Choice, Field, Form
from pipeline.forms.mistakes import ALWAYS, TABS
from pipeline.forms.sections import either, section_words
from pipeline.forms.workbook import heading
from pipeline.records import CampaignFacts
from pipeline.sheets.lines import broken
from pipeline.texts import Texts

WIDTH_MM, HALF_MM, LABEL_MM, PAD_MM = 182.0, 91.0, 36.6, 1.6
LABEL_PT, DUE_PT, TICK_PT, TAG_PT = 7.4, 6.6, 7.4, 7.4
LABEL_LINE_MM, DUE_LINE_MM, TICK_LINE_MM = 3.2, 2.9, 4.0
TICK_MM, TICK_AIR_MM, TICK_GAP_MM = 2.6, 1.0, 2.4
ROW_MM, LONG_MM, CELL_AIR_MM = 7.0, 12.0, 1.4  # at least
WRITTEN_MM, WRITTEN_LONG_MM, TICKED_MM = 9.6, 20.0, 1.0  # a hand's wish: a line, some lines, beside ticks
MOST_COLUMNS = 7  # of ticks
HALF_LINES = 1  # more lines of ticks take the whole width
PHOTOS, PLOT = "photos", "part_no"

Width = Callable[[str, float], float]  # of words at a size in points, millimetres


@dataclass(frozen=True)
class Tick:
    """A choice to tick, from the left edge of the room."""

    x_mm: float
    line: int
    words: str


@dataclass(frozen=True)
class Tag:
    """The verdict that the ticks from this line on belong under."""

    line: int
    words: str


@dataclass(frozen=True)
class Draft:
    """A field before it has a place: its words in lines, its ticks, the height it needs and the one it wishes."""

    key: str
    label: tuple[str, ...]
    due: tuple[str, ...]
    blank: str  # what the room to write in says itself
    wide: bool
    least_mm: float
    wish_mm: float
    ticks: tuple[Tick, ...] = ()
    tags: tuple[Tag, ...] = ()


@dataclass(frozen=True)
class Section:
    """Fields that the same answers ask for, in rows of one or two; `note` stands at the right of the band."""

    tab: str
    words: str
    note: str
    rows: tuple[tuple[Draft, ...], ...]


def sections_of(form: Form, facts: CampaignFacts, words: Texts, width: Width) -> tuple[Section, ...]:
    """The sections of a card in order; a tab whose fields are asked for under several conditions makes several."""
    found: dict[tuple[str, tuple[str, ...]], list[Field]] = {}
    for one in sorted(form.written, key=lambda each: TABS.index(each.tab)):
        found.setdefault((one.tab, one.when), []).append(one)
    return tuple(
        Section(
            tab,
            section_words(form, tab, when, words),
            _note(at, fields, words),
            _rows([_draft(form, one, facts, words, width) for one in fields]),
        )
        for at, ((tab, when), fields) in enumerate(found.items())
    )


def _note(at: int, fields: Sequence[Field], words: Texts) -> str:
    told = [words["card.how"]] if at == 0 else []
    told += [words["card.plots"] for one in fields if one.key == PLOT]
    return words["sheet.joint"].join(told)


def label_words(one: Field, facts: CampaignFacts, words: Texts) -> str:
    """A field's heading on one line."""
    return heading(one, facts, words).replace("\n", words["form.heading_joint"])


def _draft(form: Form, one: Field, facts: CampaignFacts, words: Texts, width: Width) -> Draft:
    label = _lines(label_words(one, facts, words), LABEL_PT, width)
    due = _lines(due_words(form, one, words), DUE_PT, width)
    half, _ = _ticks(form, one, words.language, HALF_MM - LABEL_MM, width)
    wide = one.type == "long" or _high(half) > HALF_LINES
    ticks, tags = _ticks(form, one, words.language, (WIDTH_MM if wide else HALF_MM) - LABEL_MM, width)
    labels_mm = LABEL_LINE_MM * len(label) + DUE_LINE_MM * len(due)
    room_mm = max(labels_mm, TICK_LINE_MM * _high(ticks)) + CELL_AIR_MM
    least_mm = max(LONG_MM if one.type == "long" else ROW_MM, room_mm)
    return Draft(one.key, label, due, _blank(one, words), wide, least_mm, _wish(one, least_mm), ticks, tags)


def _lines(said: str, size_pt: float, width: Width) -> tuple[str, ...]:
    return tuple(broken(said, lambda part: width(part, size_pt), LABEL_MM - 2 * PAD_MM)) if said else ()


def _wish(one: Field, least_mm: float) -> float:
    if one.choices:
        return least_mm + TICKED_MM
    return max(least_mm, WRITTEN_LONG_MM if one.type == "long" else WRITTEN_MM)


def _blank(one: Field, words: Texts) -> str:
    if one.key == PHOTOS:
        return words["card.photos"]
    return words["card.date"] if one.type == "date" else ""


def due_words(form: Form, one: Field, words: Texts) -> str:
    """When an answer is due, short: what the band of its section says already is not said again."""
    if not one.needed:
        return ""
    if one.needed == (ALWAYS,) or set(one.needed) >= set(one.when):
        return words["card.always"]
    return words.say("card.when", verdicts=either(form, one.needed, words))


def _ticks(
    form: Form, one: Field, language: str, width_mm: float, width: Width
) -> tuple[tuple[Tick, ...], tuple[Tag, ...]]:
    """The choices at common stops; those of a verdict begin a line that has its name in front."""
    names = {each.code: each.label[language] for each in form.verdict.choices}
    groups: dict[str, list[Choice]] = {}
    for choice in one.choices:
        groups.setdefault(names.get(choice.under, ""), []).append(choice)
    tag_mm = max((width(name, TAG_PT) + 3 * PAD_MM for name in groups if name), default=0.0)
    said = [[each.label[language] for each in group] for group in groups.values()]
    ticks = _at_stops(said, PAD_MM + tag_mm, width_mm - PAD_MM, width)
    firsts = accumulate((len(group) for group in said), initial=0)
    return ticks, tuple(Tag(ticks[at].line, name) for name, at in zip(groups, firsts, strict=False) if name)


def _at_stops(groups: Sequence[Sequence[str]], left_mm: float, right_mm: float, width: Width) -> tuple[Tick, ...]:
    """The fewest lines that stops at equal distances allow, with the fewest stops for that."""
    tries = [_set(groups, left_mm, right_mm, count, width) for count in range(1, MOST_COLUMNS + 1)]
    return min(tries, key=_high)


def _set(
    groups: Sequence[Sequence[str]], left_mm: float, right_mm: float, count: int, width: Width
) -> tuple[Tick, ...]:
    pitch_mm, line, found = (right_mm - left_mm) / count, -1, []
    for group in groups:
        at, line = 0, line + 1
        for said in group:
            long_mm = TICK_MM + TICK_AIR_MM + width(said, TICK_PT)
            if at and left_mm + at * pitch_mm + long_mm > right_mm:
                at, line = 0, line + 1
            found.append(Tick(left_mm + at * pitch_mm, line, said))
            at += max(1, -int(-(long_mm + TICK_GAP_MM) // pitch_mm))
    return tuple(found)


def _high(ticks: Sequence[Tick]) -> int:
    return ticks[-1].line + 1 if ticks else 0


def _rows(drafts: Sequence[Draft]) -> tuple[tuple[Draft, ...], ...]:
    """Two narrow fields to a row, a wide one alone."""
    rows: list[tuple[Draft, ...]] = []
    for one in drafts:
        last = rows[-1] if rows else ()
        if not one.wide and len(last) == 1 and not last[0].wide:
            rows[-1] = (*last, one)
        else:
            rows.append((one,))
    return tuple(rows)
