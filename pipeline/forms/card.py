"""The registration card (一图斑一卡), decided: which boxes stand where, the same on every card of a form.

All fields of the form are asked, also those that are on no face of the workbook; choices are ticked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.forms.form import Field, Form
from pipeline.forms.mistakes import ALWAYS
from pipeline.forms.workbook import heading
from pipeline.records import CampaignFacts, Piece
from pipeline.sheets.box import Box
from pipeline.texts import Texts

LEFT_MM, WIDTH_MM, AGAIN_MM, FOOT_MM = 14.0, 182.0, 22.0, 281.0
GIVEN_TOP_MM, GIVEN_ROW_MM = 36.0, 6.4
LABEL_MM, HALF_MM = 34.0, 91.0
ROW_MM, LINE_MM, LONG_MM = 7.0, 3.8, 12.0
PICTURE_MM = (89.5, 50.0)
TICK_MM, TICK_GAP_MM, PAD_MM = 2.6, 2.6, 1.6
TICK_PT, LABEL_PT = 7.2, 7.2
BAND_MM = 5.6
SIGNS_MM = 12.0
HEADED, WIDE = ("row_no", "patch_no"), ("place",)
CAPTION_MM = 5.5
HALF_LINES = 2  # more lines of choices take the whole width

Width = Callable[[str, float], float]  # of words at a size in points, millimetres


@dataclass(frozen=True)
class Tick:
    """A choice to tick, from the left edge of its cell's box."""

    x_mm: float
    line: int
    words: str


@dataclass(frozen=True)
class Cell:
    """One field: its label, when it is due, and the box to write into or the choices to tick."""

    key: str
    label: str
    due: str
    page: int  # of the card, from 0
    box: Box  # label and room to write
    ticks: tuple[Tick, ...] = ()

    @property
    def room(self) -> Box:
        """Where the answer goes."""
        return Box(self.box.x_mm + LABEL_MM, self.box.y_mm, self.box.w_mm - LABEL_MM, self.box.h_mm)


@dataclass(frozen=True)
class Band:
    """A line that says who fills in what follows."""

    words: str
    page: int
    box: Box


@dataclass(frozen=True)
class Given:
    """One field that is filled in already."""

    key: str
    label: str
    box: Box


@dataclass(frozen=True)
class Card:
    """What all cards of a county share; `pictures` are empty frames before and after, none without imagery."""

    pages: int
    given: tuple[Given, ...]
    pictures: tuple[Box, ...]
    cells: tuple[Cell, ...]
    bands: tuple[Band, ...]
    signs: Box  # on the last page


@dataclass
class _Pen:
    """Where the next row goes."""

    page: int
    y_mm: float

    def room_for(self, height_mm: float) -> None:
        if self.y_mm + height_mm > FOOT_MM:
            self.page, self.y_mm = self.page + 1, AGAIN_MM


def card_of(form: Form, facts: CampaignFacts, words: Texts, width: Width, pictures: bool) -> Card:
    """The card of a form, with or without room for pictures; `width` measures words."""
    given = _given(form, facts, words)
    pen = _Pen(0, given[-1].box.bottom + 2.5 if given else GIVEN_TOP_MM)
    frames = _frames(pen) if pictures else ()
    cells: list[Cell] = []
    bands: list[Band] = []
    for who in ("officer", "reviewer"):
        fields = [one for one in form.fields if one.by == who]
        if fields:
            pen.room_for(BAND_MM + ROW_MM)
            bands.append(Band(words[f"card.{who}"], pen.page, Box(LEFT_MM, pen.y_mm, WIDTH_MM, BAND_MM)))
            pen.y_mm += BAND_MM
            cells += _flow([_draft(form, one, facts, words, width) for one in fields], pen)
    pen.room_for(SIGNS_MM)
    signs = Box(LEFT_MM, pen.y_mm, WIDTH_MM, SIGNS_MM)
    return Card(pen.page + 1, given, frames, tuple(cells), tuple(bands), signs)


def _given(form: Form, facts: CampaignFacts, words: Texts) -> tuple[Given, ...]:
    """What is known, in boxes two to a row, places alone; number and patch number stand in the heading."""
    found: list[Given] = []
    x_mm, y_mm = LEFT_MM, GIVEN_TOP_MM
    for one in (each for each in form.fields if each.by == "given" and each.key not in HEADED):
        wide = one.key in WIDE
        if wide and x_mm > LEFT_MM:
            x_mm, y_mm = LEFT_MM, y_mm + GIVEN_ROW_MM
        box = Box(x_mm, y_mm, WIDTH_MM if wide else HALF_MM, GIVEN_ROW_MM)
        found.append(Given(one.key, _label(one, facts, words), box))
        full = box.right > LEFT_MM + WIDTH_MM - 1.0
        x_mm, y_mm = (LEFT_MM, box.bottom) if full else (box.right, y_mm)
    return tuple(found)


def _frames(pen: _Pen) -> tuple[Box, ...]:
    """Two frames side by side with a line of words below each."""
    width_mm, height_mm = PICTURE_MM
    made = tuple(Box(x_mm, pen.y_mm, width_mm, height_mm) for x_mm in (LEFT_MM, LEFT_MM + WIDTH_MM - width_mm))
    pen.y_mm += height_mm + CAPTION_MM
    return made


def _label(one: Field, facts: CampaignFacts, words: Texts) -> str:
    return heading(one, facts, words).replace("\n", words["form.heading_joint"])


def code_words(template: str, piece: Piece, facts: CampaignFacts) -> str:
    """What the QR code of a card says: what that of the sheet says, or nothing."""
    if template in ("id", "off"):
        return piece.patch_uid if template == "id" else ""
    return template.format(uid=piece.patch_uid, county_code=piece.county_code, campaign=facts.id)


@dataclass(frozen=True)
class _Draft:
    """A field before it has a place."""

    key: str
    label: str
    due: str
    wide: bool
    height_mm: float
    ticks: tuple[Tick, ...]


def _draft(form: Form, one: Field, facts: CampaignFacts, words: Texts, width: Width) -> _Draft:
    label, due = _label(one, facts, words), _due(form, one, words)
    half = _ticks(one, words.language, HALF_MM - LABEL_MM, width)
    wide = one.type == "long" or _lines(half) > HALF_LINES
    ticks = _ticks(one, words.language, WIDTH_MM - LABEL_MM, width) if wide else half
    labels = math.ceil(width(label, LABEL_PT) / (LABEL_MM - 2 * PAD_MM)) + bool(due)
    least = LONG_MM if one.type == "long" else ROW_MM
    return _Draft(one.key, label, due, wide, max(least, LINE_MM * max(_lines(ticks), labels) + 1.2), ticks)


def _lines(ticks: Sequence[Tick]) -> int:
    return ticks[-1].line + 1 if ticks else 0


def _due(form: Form, one: Field, words: Texts) -> str:
    """When an answer is due, short."""
    if not one.needed:
        return ""
    if one.needed == (ALWAYS,):
        return words["card.always"]
    named = [each.label[words.language] for each in form.verdict.choices if each.code in one.needed]
    return words.say("card.when", verdicts=words["form.help.or"].join(named))


def _ticks(one: Field, language: str, width_mm: float, width: Width) -> tuple[Tick, ...]:
    """The choices in lines; those under another verdict begin a line of their own."""
    found: list[Tick] = []
    x_mm, line, under = PAD_MM, 0, None
    for choice in one.choices:
        said = choice.label[language]
        long_mm = TICK_MM + 1.0 + width(said, TICK_PT)
        parted = under is not None and choice.under != under
        if found and (parted or x_mm + long_mm > width_mm - PAD_MM):
            x_mm, line = PAD_MM, line + 1
        found.append(Tick(x_mm, line, said))
        x_mm, under = x_mm + long_mm + TICK_GAP_MM, choice.under
    return tuple(found)


def _flow(drafts: Sequence[_Draft], pen: _Pen) -> list[Cell]:
    """Two narrow fields to a row, a wide one alone; a row is as high as its highest."""
    cells: list[Cell] = []
    for row in _rows(drafts):
        height_mm = max(one.height_mm for one in row)
        pen.room_for(height_mm)
        width_mm = WIDTH_MM if row[0].wide or len(row) == 1 else HALF_MM
        for at, one in enumerate(row):
            box = Box(LEFT_MM + at * HALF_MM, pen.y_mm, width_mm, height_mm)
            cells.append(Cell(one.key, one.label, one.due, pen.page, box, one.ticks))
        pen.y_mm += height_mm
    return cells


def _rows(drafts: Sequence[_Draft]) -> list[list[_Draft]]:
    rows: list[list[_Draft]] = []
    for one in drafts:
        last = rows[-1] if rows else []
        if not one.wide and len(last) == 1 and not last[0].wide:
            last.append(one)
        else:
            rows.append([one])
    return rows
