"""Draws what all cards of a county share: headings, labels, choices to tick, room to write, signatures, the foot."""

from __future__ import annotations

from pipeline.forms.card import GRID_MM, LEFT_MM, SKETCH_HEAD_MM, Band, Card, Cell, Given
from pipeline.forms.card_fields import (
    DUE_LINE_MM,
    DUE_PT,
    LABEL_LINE_MM,
    LABEL_MM,
    LABEL_PT,
    PAD_MM,
    TAG_PT,
    TICK_AIR_MM,
    TICK_LINE_MM,
    TICK_MM,
    TICK_PT,
    WIDTH_MM,
    Tag,
)
from pipeline.forms.form import Form
from pipeline.forms.paper import A4_MM, GREY, INK, PALE, RULE, STRONG, TEXT, THIN, columns, in_row, tick_box
from pipeline.forms.reach import whom_to_ask
from pipeline.records import CampaignFacts
from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas, Stroke, TextStyle
from pipeline.sheets.fonts import MM_PER_PT, Font
from pipeline.texts import Texts

FOOT = TextStyle(6.8, GREY)
FOOT_RULE_MM, FOOT_ROW_MM = 283.4, 3.5
_TITLE, _USE, _NOTE = TextStyle(15.0, INK, bold=True), TextStyle(7.6, INK), TextStyle(7.4, INK)
_LABEL, _DUE, _BLANK = TextStyle(LABEL_PT, INK), TextStyle(DUE_PT, GREY), TextStyle(7.4, GREY)
_TICK, _TAG = TextStyle(TICK_PT, INK), TextStyle(TAG_PT, INK, bold=True)
_BAND, _TAG_FILL = "#DDE3E9", "#E6EAEE"
_GRID = Stroke(0.12, "#D3D8DC")
_APART_MM = 4.0


def draw_furniture(card: Card, page: int, form: Form, facts: CampaignFacts, words: Texts, font: Font) -> Canvas:
    """What every card's page `page` shares; a page that many refer to."""
    canvas = Canvas(*A4_MM, font)
    if page == 0:
        with canvas.element("head"):
            in_row(canvas, Box(LEFT_MM, 9.0, 78.0, 8.0), words["card.title"], _TITLE)
            in_row(canvas, Box(LEFT_MM, 33.6, WIDTH_MM, 4.4), words["card.use"], _USE)
        with canvas.element("given"):
            for known in card.given:
                _given(canvas, known)
    for band in (one for one in card.bands if one.page == page):
        with canvas.element(f"band {band.words}"):
            _draw_band(canvas, band)
    for cell in (one for one in card.cells if one.page == page):
        with canvas.element(cell.key):
            _cell(canvas, cell)
    if page == card.pages - 1:
        _end(canvas, card, words)
    with canvas.element("foot"):
        _foot(canvas, form, facts, words, page + 1 < card.pages)
    return canvas


def _given(canvas: Canvas, one: Given) -> None:
    canvas.rect(one.box, None, RULE)
    label = Box(one.box.x_mm, one.box.y_mm, one.label_mm, one.box.h_mm)
    canvas.rect(label, PALE, RULE)
    _stacked(canvas, label, [(line, _LABEL, LABEL_LINE_MM) for line in one.label])


def _draw_band(canvas: Canvas, band: Band) -> None:
    box = band.box
    canvas.rect(box, _BAND, RULE)
    inner = Box(box.x_mm + PAD_MM, box.y_mm, box.w_mm - 2 * PAD_MM, box.h_mm)
    in_row(canvas, inner, band.words, STRONG)
    taken_mm = canvas.text_width_mm(band.words, STRONG) + 2 * PAD_MM
    in_row(canvas, Box(inner.x_mm + taken_mm, inner.y_mm, inner.w_mm - taken_mm, inner.h_mm), band.note, _NOTE, "end")


def _cell(canvas: Canvas, cell: Cell) -> None:
    box, draft = cell.box, cell.draft
    canvas.rect(box, None, RULE)
    label = Box(box.x_mm, box.y_mm, LABEL_MM, box.h_mm)
    canvas.rect(label, PALE, RULE)
    lines = [(one, _LABEL, LABEL_LINE_MM) for one in draft.label]
    _stacked(canvas, label, lines + [(one, _DUE, DUE_LINE_MM) for one in draft.due])
    if draft.ticks:
        _ticks(canvas, cell)
    elif draft.blank:
        room = cell.room
        in_row(canvas, Box(room.x_mm, room.y_mm, room.w_mm - PAD_MM, room.h_mm), draft.blank, _BLANK, "end")


def _stacked(canvas: Canvas, box: Box, lines: list[tuple[str, TextStyle, float]]) -> None:
    """Lines of words, each of its own height, in the middle of a label's box."""
    y_mm = box.centre[1] - sum(high_mm for _, _, high_mm in lines) / 2
    for said, style, high_mm in lines:
        in_row(canvas, Box(box.x_mm + PAD_MM, y_mm, box.w_mm - 2 * PAD_MM, high_mm), said, style)
        y_mm += high_mm


def _ticks(canvas: Canvas, cell: Cell) -> None:
    room, count = cell.room, cell.ticks[-1].line + 1
    top_mm = room.centre[1] - TICK_LINE_MM * count / 2
    for tag in cell.tags:
        _tag(canvas, cell, tag, top_mm)
    for one in cell.ticks:
        middle_mm = top_mm + TICK_LINE_MM * (one.line + 0.5)
        tick_box(canvas, room.x_mm + one.x_mm, middle_mm, TICK_MM)
        x_mm = room.x_mm + one.x_mm + TICK_MM + TICK_AIR_MM
        canvas.text(x_mm, middle_mm + 0.36 * TICK_PT * MM_PER_PT, one.words, _TICK)


def _tag(canvas: Canvas, cell: Cell, tag: Tag, top_mm: float) -> None:
    """The name of a verdict in front of its kinds of case."""
    wide_mm = max(canvas.text_width_mm(one.words, _TAG) for one in cell.tags) + PAD_MM
    y_mm = top_mm + TICK_LINE_MM * tag.line + 0.2
    box = Box(cell.room.x_mm + PAD_MM / 2, y_mm, wide_mm, TICK_LINE_MM - 0.4)
    canvas.rect(box, _TAG_FILL)
    in_row(canvas, box, tag.words, _TAG, "middle")


def _end(canvas: Canvas, card: Card, words: Texts) -> None:
    """A sketch where there is room for one, and the signatures."""
    for box in card.sketches:
        with canvas.element("sketch"):
            _sketch(canvas, box, words)
    with canvas.element("signatures"):
        _signatures(canvas, card, words)


def _sketch(canvas: Canvas, box: Box, words: Texts) -> None:
    head = Box(box.x_mm, box.y_mm, box.w_mm, SKETCH_HEAD_MM)
    paper = Box(box.x_mm, head.bottom, box.w_mm, box.h_mm - SKETCH_HEAD_MM)
    across, down = round(paper.w_mm / GRID_MM), round(paper.h_mm / GRID_MM)
    rises = [paper.x_mm + GRID_MM * at for at in range(1, across)]
    levels = [paper.y_mm + GRID_MM * at for at in range(1, down)]
    canvas.lines([[(x_mm, paper.y_mm), (x_mm, paper.bottom)] for x_mm in rises], _GRID)
    canvas.lines([[(paper.x_mm, y_mm), (paper.right, y_mm)] for y_mm in levels], _GRID)
    canvas.rect(head, _BAND, RULE)
    canvas.rect(paper, None, RULE)
    in_row(canvas, Box(head.x_mm + PAD_MM, head.y_mm, head.w_mm - PAD_MM, head.h_mm), words["card.sketch"], STRONG)


def _signatures(canvas: Canvas, card: Card, words: Texts) -> None:
    signs = words["card.signs"].split("|")
    for column, said in zip(columns(LEFT_MM, WIDTH_MM, [1.7, *[1.0] * (len(signs) - 1)]), signs, strict=True):
        y_mm = card.signs.bottom - 2.0
        canvas.text(column.x_mm, y_mm, said, TEXT)
        start_mm = column.x_mm + canvas.text_width_mm(said, TEXT) + 1.0
        canvas.line([(start_mm, y_mm + 0.6), (column.right - 3.0, y_mm + 0.6)], Stroke(0.2, INK))


def foot_row(row: int) -> Box:
    """A line of the foot, from 0."""
    return Box(LEFT_MM, FOOT_RULE_MM + 0.6 + row * FOOT_ROW_MM, WIDTH_MM, FOOT_ROW_MM)


def _foot(canvas: Canvas, form: Form, facts: CampaignFacts, words: Texts, more: bool) -> None:
    canvas.line([(LEFT_MM, FOOT_RULE_MM), (LEFT_MM + WIDTH_MM, FOOT_RULE_MM)], THIN)
    in_row(canvas, foot_row(0), words["form.lead_note"] if facts.lead_note else "", FOOT)
    made = words.say("card.form", form=form.title[facts.language], version=form.version)
    told = words["sheet.joint"].join([made, *([words["card.over"]] if more else [])])
    row = foot_row(1)
    in_row(canvas, row, told, FOOT)
    taken_mm = canvas.text_width_mm(told, FOOT) + _APART_MM
    rest = Box(row.x_mm + taken_mm, row.y_mm, row.w_mm - taken_mm, row.h_mm)
    in_row(canvas, rest, whom_to_ask(facts.office, words), FOOT, "end")
