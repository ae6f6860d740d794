"""The registration card (一图斑一卡), decided: which boxes stand where, the same on every card of a form.

A card is one sheet of paper where it can be: what was found and the pictures on the front, papers and case on the back.
A section is not torn apart, rows take what room there is for handwriting, and what then is left is for a sketch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from pipeline.forms.card_fields import (
    LABEL_MM,
    WIDTH_MM,
    Draft,
    Section,
    Tag,
    Tick,
    Width,
    label_words,
    sections_of,
)
from pipeline.forms.form import Form
from pipeline.forms.workbook import heading
from pipeline.records import CampaignFacts, Piece
from pipeline.sheets.box import Box
from pipeline.texts import Texts

LEFT_MM, AGAIN_MM, FOOT_MM = 14.0, 21.0, 281.5
GIVEN_TOP_MM, GIVEN_ROW_MM, PLACE_ROW_MM, GIVEN_AIR_MM = 39.0, 6.4, 9.4, 2.0
THIRD_LABEL_MM = 24.0
PICTURE_WIDE_MM, PICTURE_LEAST_MM, PICTURE_MOST_MM = 90.0, 42.0, 64.0
CAPTION_MM = 5.4
BAND_MM, SIGNS_MM = 5.6, 11.0
SKETCH_LEAST_MM, SKETCH_AIR_MM, SKETCH_HEAD_MM = 24.0, 3.0, 5.6
GRID_MM = WIDTH_MM / 35  # of a sketch, whole squares
HEADED, PLACE, PHASES = ("row_no", "patch_no"), "place", "phases"
THIRDS = 3  # short given fields to a row


@dataclass(frozen=True)
class Cell:
    """One field with its place on page `page` of the card, from 0: a label, and room to write in or to tick."""

    draft: Draft
    page: int
    box: Box

    @property
    def key(self) -> str:
        return self.draft.key

    @property
    def ticks(self) -> tuple[Tick, ...]:
        return self.draft.ticks

    @property
    def tags(self) -> tuple[Tag, ...]:
        return self.draft.tags

    @property
    def room(self) -> Box:
        """Where the answer goes."""
        return Box(self.box.x_mm + LABEL_MM, self.box.y_mm, self.box.w_mm - LABEL_MM, self.box.h_mm)


@dataclass(frozen=True)
class Band:
    """A line that says what follows and who fills it in."""

    words: str
    note: str
    page: int
    box: Box


@dataclass(frozen=True)
class Given:
    """One thing that is filled in already; `key` is a given field's, or "before" and "after"."""

    key: str
    label: tuple[str, ...]
    box: Box
    label_mm: float

    @property
    def room(self) -> Box:
        """Where it stands."""
        return Box(self.box.x_mm + self.label_mm, self.box.y_mm, self.box.w_mm - self.label_mm, self.box.h_mm)


@dataclass(frozen=True)
class Card:
    """What all cards of a county share; `pictures` are frames before and after, none without imagery."""

    pages: int
    given: tuple[Given, ...]
    pictures: tuple[Box, ...]
    cells: tuple[Cell, ...]
    bands: tuple[Band, ...]
    sketches: tuple[Box, ...]  # at most one; with `signs` on the last page
    signs: Box


@dataclass(frozen=True)
class _Page:
    """What stands on one page, and what room is left below it."""

    frames: tuple[Box, ...]
    bands: tuple[Band, ...]
    cells: tuple[Cell, ...]
    rest: Box


def card_of(form: Form, facts: CampaignFacts, words: Texts, width: Width, pictures: bool) -> Card:
    """The card of a form, with or without room for pictures; `width` measures words."""
    given = _given(form, facts, words)
    top_mm = (given[-1].box.bottom if given else GIVEN_TOP_MM) + GIVEN_AIR_MM
    signs = Box(LEFT_MM, FOOT_MM - SIGNS_MM, WIDTH_MM, SIGNS_MM)
    least_mm = PICTURE_LEAST_MM + CAPTION_MM if pictures else 0.0
    paged = _paged(sections_of(form, facts, words, width), FOOT_MM - top_mm - least_mm)
    pages = [
        _page(sections, page, AGAIN_MM if page else top_mm, FOOT_MM if page + 1 < len(paged) else signs.y_mm, least_mm)
        for page, sections in enumerate(paged)
    ]
    return Card(
        len(pages),
        given,
        pages[0].frames,
        tuple(cell for one in pages for cell in one.cells),
        tuple(band for one in pages for band in one.bands),
        _sketches(pages[-1].rest),
        signs,
    )


def _given(form: Form, facts: CampaignFacts, words: Texts) -> tuple[Given, ...]:
    """What is known: the place, short fields three to a row, both phases; the numbers stand in the heading."""
    fields = [one for one in form.fields if one.by == "given" and one.key not in HEADED]
    found: list[Given] = []
    y_mm = GIVEN_TOP_MM
    for one in (each for each in fields if each.key == PLACE):
        lines = tuple(heading(one, facts, words).split("\n"))
        found.append(Given(PLACE, lines, Box(LEFT_MM, y_mm, WIDTH_MM, PLACE_ROW_MM), LABEL_MM))
        y_mm += PLACE_ROW_MM
    short = [(one.key, label_words(one, facts, words)) for one in fields if one.key not in (PLACE, PHASES)]
    for at in range(0, len(short), THIRDS):
        found += _given_row(short[at : at + THIRDS], y_mm, THIRD_LABEL_MM)
        y_mm += GIVEN_ROW_MM
    if any(one.key == PHASES for one in fields):
        found += _given_row([(phase, words[f"sheet.{phase}"]) for phase in ("before", "after")], y_mm, LABEL_MM)
    return tuple(found)


def _given_row(named: Sequence[tuple[str, str]], y_mm: float, label_mm: float) -> list[Given]:
    wide_mm = WIDTH_MM / len(named)
    return [
        Given(key, (label,), Box(LEFT_MM + at * wide_mm, y_mm, wide_mm, GIVEN_ROW_MM), label_mm)
        for at, (key, label) in enumerate(named)
    ]


def _paged(sections: Sequence[Section], first_mm: float) -> list[list[Section]]:
    """The sections of each page: those of a tab together, on the next page where they do not fit."""
    pages: list[list[Section]] = [[]]
    room_mm = first_mm
    for block in _blocks(sections, first_mm):
        if _least(block) > room_mm:
            pages.append([])
            room_mm = FOOT_MM - AGAIN_MM
        pages[-1] += block
        room_mm -= _least(block)
    return [*pages, []] if room_mm < SIGNS_MM else pages


def _blocks(sections: Sequence[Section], most_mm: float) -> Iterator[list[Section]]:
    """What stays together: the sections of a tab, or single rows of it where it is higher than a page."""
    for _, alike in groupby(sections, key=lambda one: one.tab):
        block = list(alike)
        if _least(block) <= most_mm:
            yield block
        else:
            yield from ([part] for one in block for part in _torn(one))


def _torn(section: Section) -> Iterator[Section]:
    """A section row by row, its band above the first."""
    for at, row in enumerate(section.rows):
        yield Section(section.tab, section.words if at == 0 else "", section.note if at == 0 else "", (row,))


def _least(sections: Sequence[Section]) -> float:
    bands_mm = sum(BAND_MM for one in sections if one.words)
    return bands_mm + sum(_row_mm(row, 0.0) for one in sections for row in one.rows)


def _row_mm(row: Sequence[Draft], share: float) -> float:
    """The height of a row that comes to `share` (0 to 1) of what it wishes beyond the least."""
    least_mm, wish_mm = max(one.least_mm for one in row), max(one.wish_mm for one in row)
    return least_mm + share * (wish_mm - least_mm)


def _page(sections: Sequence[Section], page: int, top_mm: float, end_mm: float, pictures_mm: float) -> _Page:
    """A page between `top_mm` and `end_mm`: rows and pictures get of what is spare in proportion to their wishes."""
    pictured = pictures_mm > 0.0 and page == 0
    rows = [row for one in sections for row in one.rows]
    spare_mm = max(0.0, end_mm - top_mm - _least(sections) - (pictures_mm if pictured else 0.0))
    wished_mm = sum(_row_mm(row, 1.0) - _row_mm(row, 0.0) for row in rows)
    wished_mm += PICTURE_MOST_MM - PICTURE_LEAST_MM if pictured else 0.0
    share = min(1.0, spare_mm / wished_mm) if wished_mm else 0.0
    frames = _frames(top_mm, PICTURE_LEAST_MM + share * (PICTURE_MOST_MM - PICTURE_LEAST_MM)) if pictured else ()
    bands, cells, below_mm = _placed(sections, share, page, frames[0].bottom + CAPTION_MM if frames else top_mm)
    return _Page(frames, bands, cells, Box(LEFT_MM, below_mm, WIDTH_MM, spare_mm - share * wished_mm))


def _frames(top_mm: float, height_mm: float) -> tuple[Box, ...]:
    """Two frames side by side."""
    lefts = (LEFT_MM, LEFT_MM + WIDTH_MM - PICTURE_WIDE_MM)
    return tuple(Box(x_mm, top_mm, PICTURE_WIDE_MM, height_mm) for x_mm in lefts)


def _placed(
    sections: Sequence[Section], share: float, page: int, y_mm: float
) -> tuple[tuple[Band, ...], tuple[Cell, ...], float]:
    """Bands and rows below `y_mm`, and where they end."""
    bands: list[Band] = []
    cells: list[Cell] = []
    for one in sections:
        if one.words:
            bands.append(Band(one.words, one.note, page, Box(LEFT_MM, y_mm, WIDTH_MM, BAND_MM)))
            y_mm += BAND_MM
        for row in one.rows:
            cells += _cells(row, page, y_mm, _row_mm(row, share))
            y_mm = cells[-1].box.bottom
    return tuple(bands), tuple(cells), y_mm


def _cells(row: Sequence[Draft], page: int, y_mm: float, height_mm: float) -> list[Cell]:
    wide_mm = WIDTH_MM / len(row)
    boxes = (Box(LEFT_MM + at * wide_mm, y_mm, wide_mm, height_mm) for at in range(len(row)))
    return [Cell(one, page, box) for one, box in zip(row, boxes, strict=True)]


def _sketches(rest: Box) -> tuple[Box, ...]:
    """Room for a sketch above the signatures, where enough is left."""
    room_mm = rest.h_mm - SKETCH_AIR_MM
    if room_mm < SKETCH_LEAST_MM:
        return ()
    height_mm = SKETCH_HEAD_MM + (room_mm - SKETCH_HEAD_MM) // GRID_MM * GRID_MM
    return (Box(rest.x_mm, rest.y_mm + SKETCH_AIR_MM, rest.w_mm, height_mm),)


def code_words(template: str, piece: Piece, facts: CampaignFacts) -> str:
    """What the QR code of a card says: what that of the sheet says, or nothing."""
    if template in ("id", "off"):
        return piece.patch_uid if template == "id" else ""
    return template.format(uid=piece.patch_uid, county_code=piece.county_code, campaign=facts.id)
