"""Draws `<code>_cards.pdf`: a registration card for each asked piece, to be printed and filled in by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.amounts import AREA_DECIMALS
from pipeline.forms.card import LEFT_MM, PLACE, Card, Given, card_of, code_words
from pipeline.forms.card_fields import PAD_MM, WIDTH_MM
from pipeline.forms.card_furniture import FOOT, draw_furniture, foot_row
from pipeline.forms.card_pictures import draw_pictures
from pipeline.forms.cleaning import cut_text
from pipeline.forms.form import Form
from pipeline.forms.given import centre_words, given_value, place_words, share_words
from pipeline.forms.identity import book_order, row_code
from pipeline.forms.paper import A4_MM, INK, STRONG, TEXT, draw_code, in_row
from pipeline.forms.workbook import full_name
from pipeline.io.rasters import TileCache
from pipeline.records import CampaignFacts, County, Piece, Scene
from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas, TextStyle
from pipeline.sheets.fonts import Font, MissingGlyph
from pipeline.sheets.ground import Ground, lay_ground
from pipeline.sheets.pdf import Furniture, PdfWriter
from pipeline.texts import Texts, texts

CODE = Box(174.0, 7.0, 22.0, 22.0)
CACHE_BYTES = 32 << 20
_NUMBER = TextStyle(12.0, INK, bold=True)
_PLACE_LINE_MM = 4.1


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
    grounds: tuple[Ground, ...]  # that of the county, where there are pictures
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
    grounds = (lay_ground(facts.crs, county, pieces, (), ()),) if scenes else ()
    pack = Pack(card, facts, county, pages, code, words, font, scenes, grounds, deadline)
    title = f"{full_name(county, words)} {words['card.title']} {facts.id}"
    writer = PdfWriter(target, title, facts.language, font, facts.id, facts.office.unit)
    with TileCache(CACHE_BYTES) as cache, writer:
        drawn = (draw_furniture(card, page, form, facts, words, font) for page in range(card.pages))
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
        if page == 0:
            for ground in pack.grounds:
                with canvas.element("pictures"):
                    draw_pictures(canvas, writer, cache, ground, pack.scenes, pack.card.pictures, piece, pack.words)
        made.append(writer.page(canvas, str(piece.seq) if page == 0 else f"{piece.seq}-{page + 1}"))
    writer.bookmark(f"{piece.seq} {_line(piece.patch_no)}".strip(), made[0])


def _line(said: str) -> str:
    return " ".join(cut_text(said, 200, "…").split())


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
        in_row(canvas, foot_row(0), told, FOOT, "end")


def _beside(canvas: Canvas, pack: Pack, piece: Piece) -> None:
    """At the right of the head: when answers are due, and the check code to quote."""
    day = _line(pack.deadline)
    said = pack.words.say("form.deadline", date=day) if day else ""
    in_row(canvas, Box(LEFT_MM + 80.0, 10.0, 74.0, 6.0), said, STRONG, "end")
    code = f"{pack.words['form.code']} {row_code(piece)}"
    in_row(canvas, Box(LEFT_MM + 116.0, 24.0, 38.0, 7.0), code, TEXT, "end")


def _values(canvas: Canvas, pack: Pack, piece: Piece) -> None:
    for one in pack.card.given:
        lines = _lines(one, pack, piece)
        y_mm = one.box.centre[1] - _PLACE_LINE_MM * len(lines) / 2
        for at, said in enumerate(lines):
            line = Box(one.room.x_mm, y_mm + at * _PLACE_LINE_MM, one.room.w_mm, _PLACE_LINE_MM)
            in_row(canvas, Box(line.x_mm + PAD_MM, line.y_mm, line.w_mm - 2 * PAD_MM, line.h_mm), said, TEXT)


def _lines(one: Given, pack: Pack, piece: Piece) -> list[str]:
    """What a given box says: the place on two lines, all else on one."""
    phases = {"before": piece.phase_before, "after": piece.phase_after}
    if one.key in phases:
        return [_line(phases[one.key])]
    if one.key == PLACE:
        centre = (centre_words(piece.lon_deg, piece.lat_deg), share_words(piece, pack.words))
        lines = (_line(place_words(piece)), pack.words["sheet.joint"].join(part for part in centre if part))
        return [line for line in lines if line]
    page = pack.pages.get(piece.patch_uid)
    return [_said(given_value(one.key, piece, pack.facts, page, pack.words), one.key, pack.facts)]


def _said(value: str | float | None, key: str, facts: CampaignFacts) -> str:
    if value is None:
        return ""
    if key == "area":
        return f"{value:,.{AREA_DECIMALS[facts.area_unit]}f}"
    return _line(value) if isinstance(value, str) else f"{value:g}"


def _code(canvas: Canvas, piece: Piece, facts: CampaignFacts, template: str) -> None:
    said = code_words(template, piece, facts)
    if said:
        draw_code(canvas, CODE, said)
    in_row(canvas, Box(CODE.x_mm - 16.0, CODE.bottom + 0.2, CODE.w_mm + 16.0, 3.4), piece.patch_uid, FOOT, "end")
