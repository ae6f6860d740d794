"""Draws `00_START_HERE.pdf`: a sheet A4 whose front is understood from its picture."""

from __future__ import annotations

from pathlib import Path

from pipeline.forms.paper import (
    A4_MM,
    BLUE,
    FACT,
    GREY,
    HEADING,
    INK,
    LABEL,
    NAME,
    PALE,
    PLACE,
    RULE,
    SMALL,
    STRONG,
    STRONG_LINE,
    TEXT,
    THIN,
    TINY,
    TITLE,
    columns,
    in_row,
    leading_mm,
    paragraph,
    tick_box,
)
from pipeline.forms.pictograms import bullet, desk_icon, leaf, patch_shape, phone_icon, table_icon
from pipeline.forms.sketch import DOT_MM, Sketch
from pipeline.forms.start import FILE, Start, Verdict, Way
from pipeline.records import CampaignFacts
from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas, Stroke, TextStyle
from pipeline.sheets.fonts import MM_PER_PT, Font, MissingGlyph
from pipeline.sheets.pdf import PdfWriter
from pipeline.texts import Texts, texts

LEFT_MM, WIDTH_MM, FOOT_MM = 14.0, 182.0, 285.5
SKETCH = Box(LEFT_MM, 0.0, 78.0, 72.0)  # its height on the page follows what stands above
DIGIT = TextStyle(6.5, INK, halo_mm=0.35)  # on the sketch
STEP, CHOICE, LEAD = TextStyle(8.4, INK), TextStyle(7.8, INK), TextStyle(9.0, INK, bold=True)
_GAP_MM, _HEAD_MM = 3.2, 8.4  # between blocks; a heading with its rule
_LEAST_ROW_MM, _MOST_ROW_MM = 4.6, 7.0  # of the tables
_ICON_MM, _APART_MM = 17.5, 4.0
_ABREAST = 4  # verdicts side by side
_DOT = "#FFD400", Stroke(0.25, INK)  # as on the sheets; no verdict has this colour
_ANCHORS = ("start", "end", "end", "start", "start")  # of the columns of the table of towns
_TASK_ANCHORS = ("end", "start", "start", "start", "end")
_BORDER = Stroke(0.45, "#7A1040", join="round")


def number_mm(font: Font) -> tuple[float, float]:
    """The width of one digit and the height of a number on the sketch."""
    return font.width_mm("0", DIGIT.size_pt), DIGIT.size_pt * MM_PER_PT * 0.9


def write_start(target: Path, start: Start, sketch: Sketch, facts: CampaignFacts, font: Font) -> None:
    """Write the page as a PDF; the same values give the same bytes.

    Raises:
        MissingGlyph: the font lacks a character of a name.
    """
    pages = draw_start(start, sketch, texts(facts.language), font)
    with PdfWriter(target, f"{start.heading} {start.place}", facts.language, font, facts.id, facts.office.unit) as book:
        for number, canvas in enumerate(pages, 1):
            book.page(canvas, str(number))


def draw_start(start: Start, sketch: Sketch, words: Texts, font: Font) -> tuple[Canvas, ...]:
    """The front: how it is done. The rest (what, whose, which files) below it where it has room, else on the back."""
    try:
        return _drawn(start, sketch, words, font)
    except MissingGlyph as problem:
        raise problem.at(FILE) from problem


def _drawn(start: Start, sketch: Sketch, words: Texts, font: Font) -> tuple[Canvas, ...]:
    front = Canvas(*A4_MM, font)
    y_mm = 62.2
    for name, draw in (("head", _head), ("facts", _facts)):
        with front.element(name):
            draw(front, start)
    with front.element("ways"):
        y_mm = _ways(front, start, words, y_mm) + _GAP_MM
    pages, (with_back, with_verdicts) = [front], _held(start, sketch, words, font, y_mm)
    y_mm = _middle(front, start, sketch, words, y_mm, with_back) + _GAP_MM
    if not with_verdicts:
        y_mm = _turned(pages, start, font)
    with pages[-1].element("verdicts"):
        y_mm = _verdicts(pages[-1], start, words, y_mm) + _GAP_MM
    if pages[-1] is front and (not with_back or _table_row_mm(start, y_mm) < _LEAST_ROW_MM):
        y_mm = _turned(pages, start, font)
    if not with_back:
        with pages[-1].element("back"):
            y_mm = _back(pages[-1], start, words, Box(LEFT_MM, y_mm, WIDTH_MM, 0.0)) + _GAP_MM
    _tables(pages[-1], start, words, y_mm)
    for canvas in pages:
        with canvas.element("foot"):
            _foot(canvas, start)
    return tuple(pages)


def _held(start: Start, sketch: Sketch, words: Texts, font: Font, top_mm: float) -> tuple[bool, bool]:
    """Whether the front has room below `top_mm` for how to send back, and for what to fill in: both, or one of them."""
    for with_back in (True, False):
        canvas = Canvas(*A4_MM, font)  # thrown away: it tells how low they reach
        y_mm = _middle(canvas, start, sketch, words, top_mm, with_back) + _GAP_MM
        if _verdicts(canvas, start, words, y_mm) <= FOOT_MM:
            return with_back, True
    return True, False


def _turned(pages: list[Canvas], start: Start, font: Font) -> float:
    """Turn to the back and return where it begins."""
    pages.append(Canvas(*A4_MM, font))
    return _again(pages[-1], start)


def _table_row_mm(start: Start, top_mm: float, tasks: bool = False) -> float:
    """The height of a row where the tables fill what is left of the paper, with the list to tick off or without it."""
    lines = [len(start.towns), len(start.files), -(-(len(start.tasks) - 1) // 2) + 1 if tasks else 0]
    heads_mm = sum(_HEAD_MM + _GAP_MM for one in lines if one) - _GAP_MM
    return (FOOT_MM - top_mm - heads_mm) / max(1, sum(lines))


def _tables(canvas: Canvas, start: Start, words: Texts, y_mm: float) -> None:
    """Whose patches are whose, in as many rows as there is room for; what is in the folder; the list to tick off."""
    ticked = bool(start.tasks) and _table_row_mm(start, y_mm, tasks=True) >= _LEAST_ROW_MM
    room_mm = _table_row_mm(start, y_mm, ticked)
    row_mm = min(max(room_mm, _LEAST_ROW_MM), _MOST_ROW_MM)
    towns = int((len(start.towns) + len(start.files)) * min(room_mm / row_mm, 1.0) + 1e-6) - len(start.files)
    if towns > 1:
        with canvas.element("towns"):
            y_mm = _towns(canvas, start, words, y_mm, towns, row_mm) + _GAP_MM
    with canvas.element("files"):
        y_mm = _files(canvas, start, words, y_mm, row_mm) + _GAP_MM
    if ticked:
        with canvas.element("tasks"):
            _tasks(canvas, start, words, y_mm, row_mm)


def _middle(canvas: Canvas, start: Start, sketch: Sketch, words: Texts, top_mm: float, with_back: bool) -> float:
    """The sketch at the left, from number to sheet and (`with_back`) how to send back at the right."""
    with canvas.element("sketch"):
        left_mm = _sketch(canvas, sketch, words, top_mm)
    with canvas.element("pages"):
        y_mm = _pages(canvas, start, words, top_mm) + 2.5
    if not with_back:
        return max(left_mm, y_mm)
    left, width = _right()
    with canvas.element("back"):
        return max(left_mm, _back(canvas, start, words, Box(left, y_mm, width, 0.0)))


def _head(canvas: Canvas, start: Start) -> None:
    canvas.rect(Box(0.0, 0.0, A4_MM[0], 5.0), BLUE)
    canvas.text(LEFT_MM, 19.0, start.heading, TITLE)
    right = Box(LEFT_MM + 92.0, 9.0, WIDTH_MM - 92.0, 5.0)
    in_row(canvas, right, start.classification, STRONG, "end")
    in_row(canvas, Box(right.x_mm, 14.5, right.w_mm, 5.0), start.unit, LABEL, "end")
    in_row(canvas, Box(LEFT_MM, 23.0, WIDTH_MM, 7.0), start.place, PLACE)
    half = WIDTH_MM * 0.58
    in_row(canvas, Box(LEFT_MM, 30.0, half if start.own else WIDTH_MM, 5.5), start.campaign, TEXT)
    in_row(canvas, Box(LEFT_MM + half + 2.0, 30.0, WIDTH_MM - half - 2.0, 5.5), start.own, LABEL, "end")


def _again(canvas: Canvas, start: Start) -> float:
    """The head of the back."""
    with canvas.element("head"):
        canvas.rect(Box(0.0, 0.0, A4_MM[0], 5.0), BLUE)
        in_row(canvas, Box(LEFT_MM, 9.0, WIDTH_MM, 6.0), f"{start.heading}  {start.place}", STRONG)
    return 19.0


def _facts(canvas: Canvas, start: Start) -> None:
    for column, (name, value, below) in zip(
        columns(LEFT_MM, WIDTH_MM + 3.0, (1.0, 1.1, 1.1, 1.5)), start.facts, strict=True
    ):
        box = Box(column.x_mm, 38.5, column.w_mm - 3.0, 21.0)
        canvas.rect(box, PALE)
        canvas.rect(Box(box.x_mm, box.y_mm, 1.2, box.h_mm), BLUE)
        inner = Box(box.x_mm + 3.5, box.y_mm, box.w_mm - 5.0, box.h_mm)
        in_row(canvas, Box(inner.x_mm, box.y_mm + 1.5, inner.w_mm, 4.0), name, LABEL)
        in_row(canvas, Box(inner.x_mm, box.y_mm + 6.0, inner.w_mm, 8.5), value, FACT)
        in_row(canvas, Box(inner.x_mm, box.y_mm + 15.6, inner.w_mm, 4.0), below, LABEL)


def _section(canvas: Canvas, x_mm: float, y_mm: float, width_mm: float, words: str) -> None:
    in_row(canvas, Box(x_mm, y_mm, width_mm, 6.0), words, HEADING)
    canvas.line([(x_mm, y_mm + 6.8), (x_mm + width_mm, y_mm + 6.8)], STRONG_LINE)


def _ways(canvas: Canvas, start: Start, words: Texts, top_mm: float) -> float:
    _section(canvas, LEFT_MM, top_mm, WIDTH_MM, words["start.way.heading"])
    icons = {"table": table_icon, "desk": desk_icon, "phone": phone_icon}
    top, bottom = top_mm + _HEAD_MM, top_mm
    places = columns(LEFT_MM, WIDTH_MM + _APART_MM, (1, 1, 1))
    for column, way in zip(places, start.ways, strict=True):
        icons[way.kind](canvas, column.x_mm + 3.0, top + 3.0)
        inner = Box(column.x_mm + 3.0, top, column.w_mm - _APART_MM - 5.0, 0.0)
        bottom = max(bottom, _way(canvas, inner, way))
    for column in places:
        canvas.rect(Box(column.x_mm, top, column.w_mm - _APART_MM, bottom - top), None, RULE)
    return bottom


def _way(canvas: Canvas, box: Box, way: Way) -> float:
    beside = Box(box.x_mm + 19.0, box.y_mm + 2.5, box.w_mm - 19.0, 0.0)
    paragraph(canvas, beside.x_mm, beside.y_mm + 0.6, beside.w_mm, way.name, STRONG)
    in_row(canvas, Box(box.x_mm, box.y_mm + _ICON_MM, box.w_mm, 5.0), way.opened, NAME)
    y_mm = box.y_mm + _ICON_MM + 5.8
    for number, step in enumerate(way.steps, 1):
        y_mm = _numbered(canvas, box.x_mm, y_mm, box.w_mm, str(number), step) + 0.9
    return y_mm + 0.6


def _numbered(canvas: Canvas, x_mm: float, y_mm: float, width_mm: float, number: str, said: str) -> float:
    bullet(canvas, x_mm, y_mm, number)
    return paragraph(canvas, x_mm + 5.6, y_mm, width_mm - 5.6, said, STEP)


def _sketch(canvas: Canvas, sketch: Sketch, words: Texts, top_mm: float) -> float:
    _section(canvas, LEFT_MM, top_mm, SKETCH.w_mm, words["start.sketch.heading"])
    frame = Box(SKETCH.x_mm, top_mm + _HEAD_MM, SKETCH.w_mm, SKETCH.h_mm)
    with canvas.clipped(frame):
        canvas.rect(frame, "#ECEAE4")
        canvas.lines(_placed(frame, sketch.neighbours), Stroke(0.15, "#A9AAA8"), closed=True)
        canvas.area(_placed(frame, sketch.rings), "#FFFFFF", _BORDER)
        for x_mm, y_mm in sketch.dots.tolist():
            canvas.circle(frame.x_mm + x_mm, frame.y_mm + y_mm, DOT_MM, *_DOT)
        for one in sketch.numbers:
            box = one.box
            in_row(canvas, Box(frame.x_mm + box.x_mm, frame.y_mm + box.y_mm, box.w_mm, box.h_mm), one.words, DIGIT)
    canvas.rect(frame, None, RULE)
    _bar(canvas, frame, sketch)
    _north(canvas, frame, words)
    _legend(canvas, Box(frame.x_mm, frame.bottom + 1.0, frame.w_mm, 4.4), words)
    if len(sketch.numbers) == len(sketch.dots):
        return frame.bottom + 5.4
    in_row(canvas, Box(frame.x_mm, frame.bottom + 5.4, frame.w_mm, 4.4), words["start.sketch.some"], SMALL)
    return frame.bottom + 9.8


def _legend(canvas: Canvas, row: Box, words: Texts) -> None:
    """What the dots and the line are."""
    dots, line = columns(row.x_mm, row.w_mm, (1.35, 1.0))
    y_mm = row.centre[1]
    canvas.circle(dots.x_mm + 1.4, y_mm, DOT_MM, *_DOT)
    in_row(canvas, Box(dots.x_mm + 3.6, row.y_mm, dots.w_mm - 4.6, row.h_mm), words["start.sketch.patch"], SMALL)
    canvas.line([(line.x_mm, y_mm), (line.x_mm + 5.0, y_mm)], _BORDER)
    in_row(canvas, Box(line.x_mm + 6.2, row.y_mm, line.w_mm - 6.2, row.h_mm), words["start.sketch.border"], SMALL)


def _placed(frame: Box, rings: tuple[object, ...]) -> list[object]:
    return [ring + (frame.x_mm, frame.y_mm) for ring in rings]  # type: ignore[operator]


def _bar(canvas: Canvas, frame: Box, sketch: Sketch) -> None:
    bar, y_mm = sketch.bar, frame.bottom - 1.6
    x_mm = frame.x_mm + 2.5
    canvas.rect(Box(x_mm, y_mm - 0.9, bar.length_mm / 2, 0.9), INK)
    canvas.rect(Box(x_mm, y_mm - 0.9, bar.length_mm, 0.9), None, Stroke(0.15, INK))
    canvas.text(x_mm, y_mm - 1.5, bar.labels[0], DIGIT)
    canvas.text(x_mm + bar.length_mm, y_mm - 1.5, f"{bar.labels[2]} {bar.unit}", DIGIT, "middle")


def _north(canvas: Canvas, frame: Box, words: Texts) -> None:
    x_mm, y_mm = frame.right - 5.0, frame.y_mm + 3.0
    canvas.area([[(x_mm, y_mm), (x_mm + 1.6, y_mm + 5.0), (x_mm, y_mm + 4.0), (x_mm - 1.6, y_mm + 5.0)]], INK)
    canvas.text(x_mm, y_mm + 8.0, words["sheet.north"], SMALL, "middle")


def _right() -> tuple[float, float]:
    """Left edge and width of what stands beside the sketch."""
    return SKETCH.right + 6.0, WIDTH_MM - SKETCH.w_mm - 6.0


def _pages(canvas: Canvas, start: Start, words: Texts, top_mm: float) -> float:
    left, width = _right()
    _section(canvas, left, top_mm, width, words["start.page.heading"])
    top = top_mm + _HEAD_MM
    leaf(canvas, left, top + 0.5, *start.example)
    y_mm = top
    for rule in start.pages:
        y_mm = paragraph(canvas, left + 26.0, y_mm, width - 26.0, rule, STEP) + 0.7
    return max(y_mm, top + 27.0)


def _back(canvas: Canvas, start: Start, words: Texts, box: Box) -> float:
    """How to send back, below the top of `box`."""
    _section(canvas, box.x_mm, box.y_mm, box.w_mm, words["start.back.heading"])
    y_mm = box.y_mm + _HEAD_MM
    for number, step in enumerate(start.back, 1):
        y_mm = _numbered(canvas, box.x_mm, y_mm, box.w_mm, str(number), step) + 0.7
    return y_mm


def _verdicts(canvas: Canvas, start: Start, words: Texts, top_mm: float) -> float:
    """The lead, what is due, and a column for each verdict with its kinds of case."""
    _section(canvas, LEFT_MM, top_mm, WIDTH_MM, words["start.verdict.heading"])
    y_mm = top_mm + _HEAD_MM
    if start.lead:
        y_mm = paragraph(canvas, LEFT_MM, y_mm, WIDTH_MM, start.lead, LEAD) + 0.5
    for said in start.due:
        y_mm = paragraph(canvas, LEFT_MM, y_mm, WIDTH_MM, said, STEP) + 0.5
    for row in (start.verdicts[at : at + _ABREAST] for at in range(0, len(start.verdicts), _ABREAST)):
        places = columns(LEFT_MM, WIDTH_MM + 3.0, [1.0] * len(row))
        y_mm = max(_verdict(canvas, place, one, y_mm + 1.0) for place, one in zip(places, row, strict=True))
    return paragraph(canvas, LEFT_MM, y_mm + 1.0, WIDTH_MM, start.colours, SMALL) if start.colours else y_mm


def _verdict(canvas: Canvas, place: Box, verdict: Verdict, top_mm: float) -> float:
    patch_shape(canvas, place.x_mm + 0.4, top_mm + 0.2, 0.58, verdict.colour or "#FFFFFF", 2.0)
    in_row(canvas, Box(place.x_mm + 6.0, top_mm - 0.2, place.w_mm - 9.0, 4.4), verdict.name, STRONG)
    if not verdict.kinds:
        return top_mm + 4.6
    return paragraph(canvas, place.x_mm, top_mm + 4.6, place.w_mm - 3.0, verdict.kinds, CHOICE)


def _towns(canvas: Canvas, start: Start, words: Texts, top_mm: float, lines: int, row_mm: float) -> float:
    """The table of towns, or as much of it as so many lines hold and how many more there are."""
    _section(canvas, LEFT_MM, top_mm, WIDTH_MM, words["start.town.heading"])
    in_row(canvas, Box(LEFT_MM + WIDTH_MM * 0.4, top_mm + 1.0, WIDTH_MM * 0.6, 5.0), start.town_note, SMALL, "end")
    shown = start.towns if lines >= len(start.towns) else start.towns[: lines - 1]
    places = columns(LEFT_MM, WIDTH_MM, (1.3, 0.6, 0.9, 1.5, 1.5))
    rows = _rows(canvas, top_mm, row_mm, lines)
    for at, (one, row) in enumerate(zip(shown, rows, strict=False)):
        pens = (LABEL,) * len(places) if at == 0 else (STRONG, TEXT, TEXT, TEXT, TEXT)
        told = (one.name, one.count, one.area, one.numbers, one.pages)
        for place, said, style, anchor in zip(places, told, pens, _ANCHORS, strict=True):
            in_row(canvas, Box(place.x_mm, row.y_mm, place.w_mm - 4.0, row.h_mm), said, style, anchor)
    if len(shown) < len(start.towns):
        in_row(canvas, rows[-1], words.say("start.town.more", count=len(start.towns) - len(shown)), TEXT)
    return rows[-1].bottom


def _files(canvas: Canvas, start: Start, words: Texts, top_mm: float, row_mm: float) -> float:
    _section(canvas, LEFT_MM, top_mm, WIDTH_MM, words["start.file.heading"])
    places = columns(LEFT_MM, WIDTH_MM, (1.25, 1.9, 1.05))
    rows = _rows(canvas, top_mm, row_mm, len(start.files))
    for cells, row in zip(start.files, rows, strict=True):
        for place, said, style in zip(places, cells, (NAME, TEXT, LABEL), strict=True):
            in_row(canvas, Box(place.x_mm, row.y_mm, place.w_mm - 2.0, row.h_mm), said, style)
    return rows[-1].bottom if rows else top_mm + _HEAD_MM


def _tasks(canvas: Canvas, start: Start, words: Texts, top_mm: float, row_mm: float) -> None:
    """A line with a box for each patch, in two columns."""
    _section(canvas, LEFT_MM, top_mm, WIDTH_MM, words["start.task.heading"])
    heads, *tasks = start.tasks
    deep = -(-len(tasks) // 2)
    rows = _rows(canvas, top_mm, row_mm, deep + 1)
    for side, left in enumerate(columns(LEFT_MM, WIDTH_MM + _APART_MM, (1, 1))):
        places = columns(left.x_mm + 5.0, left.w_mm - _APART_MM - 5.0, (0.6, 1.9, 2.1, 0.9, 0.8))
        for row, one in zip(rows, (heads, *tasks[side * deep : (side + 1) * deep]), strict=False):
            told = (one.number, one.patch_no, one.place, one.across, one.page)
            pens = (LABEL,) * len(told) if one is heads else (STRONG, TEXT, TEXT, LABEL, TEXT)
            for place, said, style, anchor in zip(places, told, pens, _TASK_ANCHORS, strict=True):
                in_row(canvas, Box(place.x_mm, row.y_mm, place.w_mm - 2.0, row.h_mm), said, style, anchor)
            if one is not heads:
                tick_box(canvas, left.x_mm + 0.4, row.centre[1], 3.0)


def _rows(canvas: Canvas, top_mm: float, row_mm: float, count: int) -> list[Box]:
    """The rows of a table below its heading, each with its rule drawn."""
    first_mm = top_mm + _HEAD_MM - 0.8
    rows = [Box(LEFT_MM, first_mm + at * row_mm, WIDTH_MM, row_mm) for at in range(count)]
    for one in rows:
        canvas.line([(one.x_mm, one.bottom), (one.right, one.bottom)], THIN)
    return rows


def _foot(canvas: Canvas, start: Start) -> None:
    y_mm = 287.0
    canvas.line([(LEFT_MM, y_mm), (LEFT_MM + WIDTH_MM, y_mm)], Stroke(0.3, GREY))
    half = Box(LEFT_MM, y_mm + 0.8, WIDTH_MM / 2, leading_mm(TINY))
    in_row(canvas, half, start.foot[0], TINY)
    in_row(canvas, Box(half.right, half.y_mm, half.w_mm, half.h_mm), start.foot[1], TINY, "end")
