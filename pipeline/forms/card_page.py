"""Draws `<code>_cards.pdf`: a registration card for each asked piece, to be printed and filled in by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.amounts import AREA_DECIMALS
from pipeline.forms.card import (
    LABEL_MM,
    LABEL_PT,
    LEFT_MM,
    LINE_MM,
    PAD_MM,
    PICTURE_MM,
    TICK_MM,
    TICK_PT,
    WIDTH_MM,
    Card,
    Cell,
    card_of,
    code_words,
)
from pipeline.forms.cleaning import cut_text
from pipeline.forms.form import Form
from pipeline.forms.given import given_value
from pipeline.forms.identity import book_order, row_code
from pipeline.forms.paper import (
    A4_MM,
    DARK,
    GREY,
    INK,
    LABEL,
    PALE,
    RULE,
    SMALL,
    STRONG,
    TEXT,
    THIN,
    TINY,
    columns,
    draw_code,
    in_row,
    tick_box,
)
from pipeline.forms.shots import PHASES, Shot, shots_of
from pipeline.forms.workbook import full_name
from pipeline.geometry.projection import Projection, county_projection, middle_deg
from pipeline.io.rasters import TileCache
from pipeline.records import CampaignFacts, County, Piece, Scene
from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas, Stroke, TextStyle
from pipeline.sheets.fonts import MM_PER_PT, Font, MissingGlyph
from pipeline.sheets.pdf import Furniture, PdfWriter
from pipeline.texts import Texts, texts

CODE = Box(174.0, 9.0, 22.0, 22.0)
CACHE_BYTES = 32 << 20
_TITLE, _NUMBER = TextStyle(15.0, INK, bold=True), TextStyle(12.0, INK, bold=True)
_TICK, _DUE = TextStyle(TICK_PT, INK), TextStyle(5.8, GREY)
_LABEL_LINE_MM = 3.1


@dataclass(frozen=True)
class Pack:
    """What the cards of a county are made with."""

    card: Card
    facts: CampaignFacts
    county: County
    pages: Mapping[str, int]  # of the sheets, by patch_uid
    code: str  # what the QR code says: "id", "off", or an address with {uid}, {county_code}, {campaign}
    words: Texts
    font: Font
    scenes: Sequence[Scene]
    projection: Projection
    deadline: str


def write_cards(
    target: Path,
    form: Form,
    facts: CampaignFacts,
    county: County,
    pieces: Sequence[Piece],
    pages: Mapping[str, int],
    font: Font,
    code: str = "id",
    scenes: Sequence[Scene] = (),
    deadline: str = "",
) -> int:
    """Write the cards of a county and return how many; a county without asked pieces gets no file.

    Args:
        pages: The page of the sheets by patch_uid.
        code: What the QR code says: "id", "off" or an address with {uid}, {county_code}, {campaign}.
        scenes: What the pictures show; without any there are none.
        deadline: When answers are due, as announced; "" where nobody said.

    Raises:
        MissingGlyph: the font lacks a character.
    """
    rows = book_order(list(pieces))
    if not rows:
        return 0
    words = texts(facts.language)
    card = card_of(form, facts, words, font.width_mm, bool(scenes))
    projection = county_projection(facts.crs, *middle_deg(county.geometry))
    pack = Pack(card, facts, county, pages, code, words, font, scenes, projection, deadline)
    title = f"{full_name(county, words)} {words['card.title']} {facts.id}"
    writer = PdfWriter(target, title, facts.language, font, facts.id, facts.office.unit)
    with TileCache(CACHE_BYTES) as cache, writer:
        drawn = (_furniture(card, page, form, facts, words, font) for page in range(card.pages))
        shared = [writer.furniture(f"card{page}", one) for page, one in enumerate(drawn)]
        for piece in rows:
            try:
                _print(writer, cache, shared, pack, piece)
            except MissingGlyph as problem:
                raise problem.at(f"{target.name}, {words['form.name.seq']} {piece.seq}") from problem
    return len(rows)


def _print(writer: PdfWriter, cache: TileCache, shared: Sequence[Furniture], pack: Pack, piece: Piece) -> None:
    """The pages of one card."""
    made = []
    for page, furniture in enumerate(shared):
        canvas = Canvas(*A4_MM, pack.font)
        canvas.furniture(furniture, heard=True)
        _draw(canvas, pack, page, piece)
        if page == 0 and pack.card.pictures:
            with canvas.element("pictures"):
                _pictures(canvas, writer, cache, pack, piece)
        made.append(writer.page(canvas, str(piece.seq) if page == 0 else f"{piece.seq}-{page + 1}"))
    writer.bookmark(f"{piece.seq} {_line(piece.patch_no)}".strip(), made[0])


def _pictures(canvas: Canvas, writer: PdfWriter, cache: TileCache, pack: Pack, piece: Piece) -> None:
    found = {one.phase: one for one in shots_of(cache, pack.scenes, pack.projection, piece, PICTURE_MM)}
    dates = {"before": piece.phase_before, "after": piece.phase_after}
    for phase, frame in zip(PHASES, pack.card.pictures, strict=True):
        if phase in found:
            _picture(canvas, writer, frame, found[phase])
        canvas.rect(frame, None, DARK)
        caption = f"{pack.words[f'sheet.{phase}']}  {_line(dates[phase])}".strip()
        in_row(canvas, Box(frame.x_mm, frame.bottom + 0.6, frame.w_mm, 4.0), caption, LABEL)


def _picture(canvas: Canvas, writer: PdfWriter, frame: Box, shot: Shot) -> None:
    image = shot.image
    with canvas.clipped(frame):
        if image.jpeg:
            ref = writer.image(image.jpeg, image.width_px, image.height_px, image.colours)
            canvas.image(ref, image.box(frame))
        rings = [ring + (frame.x_mm, frame.y_mm) for ring in shot.rings]
        canvas.lines(rings, Stroke(0.9, "#000000", join="round"), Stroke(0.45, "#FFD400", join="round"), closed=True)


def _line(said: str) -> str:
    return " ".join(cut_text(said, 200, "…").split())


def _furniture(card: Card, page: int, form: Form, facts: CampaignFacts, words: Texts, font: Font) -> Canvas:
    """What every card's page `page` shares: labels, boxes, choices, signatures."""
    canvas = Canvas(*A4_MM, font)
    if page == 0:
        with canvas.element("head"):
            in_row(canvas, Box(LEFT_MM, 9.0, 90.0, 8.0), words["card.title"], _TITLE)
            in_row(canvas, Box(LEFT_MM, 31.6, 140.0, 3.8), words["card.use"], SMALL)
        with canvas.element("given"):
            _given_labels(canvas, card)
    for band in (one for one in card.bands if one.page == page):
        with canvas.element(f"band {band.words}"):
            canvas.rect(band.box, "#E2E6EA", RULE)
            in_row(canvas, Box(band.box.x_mm + 2, band.box.y_mm, WIDTH_MM - 4, band.box.h_mm), band.words, STRONG)
    for cell in (one for one in card.cells if one.page == page):
        with canvas.element(cell.key):
            _cell(canvas, cell)
    if page == card.pages - 1:
        with canvas.element("signatures"):
            _signatures(canvas, card, words)
    with canvas.element("foot"):
        _foot(canvas, form, facts, words)
    return canvas


def _given_labels(canvas: Canvas, card: Card) -> None:
    for one in card.given:
        box = one.box
        canvas.rect(box, None, RULE)
        canvas.rect(Box(box.x_mm, box.y_mm, LABEL_MM, box.h_mm), PALE, RULE)
        in_row(canvas, Box(box.x_mm + PAD_MM, box.y_mm, LABEL_MM - 2 * PAD_MM, box.h_mm), one.label, LABEL)


def _cell(canvas: Canvas, cell: Cell) -> None:
    box = cell.box
    canvas.rect(box, None, RULE)
    canvas.rect(Box(box.x_mm, box.y_mm, LABEL_MM, box.h_mm), PALE, RULE)
    style = TextStyle(LABEL_PT, INK)
    lines = canvas.wrap(cell.label, style, LABEL_MM - 2 * PAD_MM)
    high = _LABEL_LINE_MM * (len(lines) + bool(cell.due))
    y_mm = box.y_mm + (box.h_mm - high) / 2
    for line, pen in [*((one, style) for one in lines), *([(cell.due, _DUE)] if cell.due else [])]:
        in_row(canvas, Box(box.x_mm + PAD_MM, y_mm, LABEL_MM - 2 * PAD_MM, _LABEL_LINE_MM), line, pen)
        y_mm += _LABEL_LINE_MM
    _ticks(canvas, cell)


def _ticks(canvas: Canvas, cell: Cell) -> None:
    if not cell.ticks:
        return
    room, count = cell.room, cell.ticks[-1].line + 1
    top = room.y_mm + (room.h_mm - LINE_MM * count) / 2
    for one in cell.ticks:
        middle = top + LINE_MM * (one.line + 0.5)
        tick_box(canvas, room.x_mm + one.x_mm, middle, TICK_MM)
        x_mm = room.x_mm + one.x_mm + TICK_MM + 1.0
        canvas.text(x_mm, middle + 0.36 * TICK_PT * MM_PER_PT, one.words, _TICK)


def _signatures(canvas: Canvas, card: Card, words: Texts) -> None:
    signs = words["card.signs"].split("|")
    for column, said in zip(columns(LEFT_MM, WIDTH_MM, [1.7, *[1.0] * (len(signs) - 1)]), signs, strict=True):
        y_mm = card.signs.bottom - 2.0
        canvas.text(column.x_mm, y_mm, said, TEXT)
        start = column.x_mm + canvas.text_width_mm(said, TEXT) + 1.0
        canvas.line([(start, y_mm + 0.6), (column.right - 3.0, y_mm + 0.6)], Stroke(0.2, INK))


def _foot(canvas: Canvas, form: Form, facts: CampaignFacts, words: Texts) -> None:
    canvas.line([(LEFT_MM, 284.0), (LEFT_MM + WIDTH_MM, 284.0)], THIN)
    said = words["form.lead_note"] if facts.lead_note else ""
    in_row(canvas, Box(LEFT_MM, 284.5, 120.0, 3.5), said, TINY)
    made = words.say("start.form", form=form.title[facts.language], id=form.id, version=form.version)
    in_row(canvas, Box(LEFT_MM, 288.0, 120.0, 3.5), made, TINY)


def _draw(canvas: Canvas, pack: Pack, page: int, piece: Piece) -> None:
    """What is of this piece alone."""
    words, facts, county = pack.words, pack.facts, pack.county
    place = words.say("form.place", county=_line(full_name(county, words)), code=county.code)
    named = {"seq": piece.seq, "patch_no": _line(piece.patch_no), "place": place}
    with canvas.element("piece"):
        if page == 0:
            in_row(canvas, Box(LEFT_MM, 17.0, 156.0, 5.5), f"{place}  {_line(facts.title)}", TEXT)
            in_row(canvas, Box(LEFT_MM, 24.0, 114.0, 7.0), words.say("card.number", **named), _NUMBER)
            _beside(canvas, pack, piece)
            _values(canvas, pack, piece)
            _code(canvas, piece, facts, pack.code)
        else:
            in_row(canvas, Box(LEFT_MM, 12.0, WIDTH_MM, 7.0), words.say("card.again", **named), STRONG)
    canvas.describe(words.say("card.number" if page == 0 else "card.again", **named))
    with canvas.element("number"):
        told = words.say("card.foot", campaign=facts.id, uid=piece.patch_uid, row_code=row_code(piece))
        in_row(canvas, Box(LEFT_MM + 90.0, 288.0, WIDTH_MM - 90.0, 3.5), told, TINY, "end")


def _beside(canvas: Canvas, pack: Pack, piece: Piece) -> None:
    """At the right of the head: when answers are due, and the check code to quote."""
    day = _line(pack.deadline)
    said = pack.words.say("form.deadline", date=day) if day else ""
    in_row(canvas, Box(LEFT_MM + 92.0, 10.0, 62.0, 6.0), said, STRONG, "end")
    code = f"{pack.words['form.code']} {row_code(piece)}"
    in_row(canvas, Box(LEFT_MM + 116.0, 24.0, 38.0, 7.0), code, TEXT, "end")


def _values(canvas: Canvas, pack: Pack, piece: Piece) -> None:
    page = pack.pages.get(piece.patch_uid)
    for one in pack.card.given:
        said = _said(given_value(one.key, piece, pack.facts, page, pack.words), one.key, pack.facts)
        room = Box(one.box.x_mm + LABEL_MM + PAD_MM, one.box.y_mm, one.box.w_mm - LABEL_MM - 2 * PAD_MM, one.box.h_mm)
        in_row(canvas, room, said, TEXT)


def _said(value: str | float | None, key: str, facts: CampaignFacts) -> str:
    if value is None:
        return ""
    if key == "area":
        return f"{value:,.{AREA_DECIMALS[facts.area_unit]}f}"
    return "  ".join(value.split("\n")) if isinstance(value, str) else f"{value:g}"


def _code(canvas: Canvas, piece: Piece, facts: CampaignFacts, template: str) -> None:
    said = code_words(template, piece, facts)
    if said:
        draw_code(canvas, CODE, said)
    in_row(canvas, Box(CODE.x_mm - 14.0, CODE.bottom + 0.4, CODE.w_mm + 14.0, 3.2), piece.patch_uid, TINY, "end")
