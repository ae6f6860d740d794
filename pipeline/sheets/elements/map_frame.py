"""One of the two maps of a detail sheet: imagery, grid, borders, outlines, numbers."""

from __future__ import annotations

from dataclasses import replace

from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas, Stroke
from pipeline.sheets.layout import Slot
from pipeline.sheets.pens import (
    Pens,
    draw_along,
    draw_borders,
    draw_holes,
    draw_labels,
    draw_outlines,
    draw_struck,
    moved,
    moved_box,
    set_words,
    strokes,
)
from pipeline.sheets.plan import ABSENT, NOTE_MM, Book, DetailSheet, View

OPTIONS = {"phase": "before"}
CROSS_MM = 1.2
CORNER_MM = 0.45
MOST_CORNERS = 40  # more would be a thicker outline
TICK_MM = 0.9
LABEL_GAP_MM = 1.2
BELOW_MM = 2.75  # from the lower edge to the baseline of degrees


def furnish(canvas: Canvas, slot: Slot, book: Book, pens: Pens) -> None:
    """The paper the map lies on."""
    del book
    canvas.rect(slot.box, pens.style.colour("no_imagery"))


def draw(canvas: Canvas, slot: Slot, sheet: DetailSheet, pens: Pens) -> None:
    """The map of this page."""
    view, frame = sheet.views[slot.options["phase"]], slot.box
    with canvas.clipped(frame):
        with canvas.layer(pens.words.say("layer.imagery", phase=view.caption)):
            _imagery(canvas, view, frame, pens)
        with canvas.layer(pens.words["layer.grid"]):
            _crosses(canvas, sheet, frame, strokes(pens.style, "grid" if view.phase in pens.pictures else "grid_paper"))
        with canvas.layer(pens.words["layer.borders"]):
            draw_borders(canvas, pens, sheet.window.borders, frame)
        with canvas.layer(pens.words["layer.patches"]):
            draw_holes(canvas, pens, sheet.window.outlines, frame)
            draw_outlines(canvas, pens, sheet.window.outlines, frame)
            draw_along(canvas, pens, sheet.window.borders, frame)
            draw_struck(canvas, pens, [(frame.x_mm + x, frame.y_mm + y) for x, y in sheet.window.struck])
            _corners(canvas, sheet, frame, pens)
        with canvas.layer(pens.words["layer.labels"]):
            draw_labels(canvas, pens, sheet.window.labels, frame)
        _note(canvas, view, frame, pens)
    canvas.rect(frame, None, pens.style.stroke("frame"))
    with canvas.layer(pens.words["layer.grid"]):
        _ticks(canvas, sheet, frame, pens)
    canvas.georeference(frame, sheet.window.crs, sheet.window.corners_deg, view.caption)


def _imagery(canvas: Canvas, view: View, frame: Box, pens: Pens) -> None:
    picture = pens.pictures.get(view.phase)
    if picture is not None:
        if picture.image is not None:
            canvas.image(picture.image, moved_box(picture.box, frame))
        if picture.bare:
            rings = [moved(ring, frame) for ring in picture.bare]
            canvas.area(rings, pens.style.colour("no_imagery"))
            canvas.hatch(rings, pens.style.size_mm("hatch"), pens.style.stroke("hatch"))
    elif view.state == ABSENT:
        canvas.hatch(frame, pens.style.size_mm("hatch"), pens.style.stroke("hatch"))


def _crosses(canvas: Canvas, sheet: DetailSheet, frame: Box, grid: list[Stroke]) -> None:
    """A row of crosses is one dashed line: the dash is the cross's arm, the gap the way to the next."""
    xs = [frame.x_mm + one.at_mm for one in sheet.grid.x]
    ys = [frame.y_mm + one.at_mm for one in sheet.grid.y]
    if not xs or not ys:
        return
    gap_mm = sheet.grid.step_m * 1000 / sheet.window.scale - 2 * CROSS_MM
    rows = [[(xs[0] - CROSS_MM, y), (xs[-1] + CROSS_MM, y)] for y in ys]
    columns = [[(x, min(ys) - CROSS_MM), (x, max(ys) + CROSS_MM)] for x in xs]
    for stroke in grid:
        canvas.lines(rows + columns, replace(stroke, dash_mm=(2 * CROSS_MM, gap_mm)))


def _corners(canvas: Canvas, sheet: DetailSheet, frame: Box, pens: Pens) -> None:
    for one in sheet.vertices if len(sheet.vertices) <= MOST_CORNERS else ():
        x, y = frame.x_mm + one.x_mm, frame.y_mm + one.y_mm
        canvas.circle(x, y, CORNER_MM, pens.style.colour("vertex"), pens.style.stroke("vertex"))


def _ticks(canvas: Canvas, sheet: DetailSheet, frame: Box, pens: Pens) -> None:
    style = pens.style.text("grid_label")
    ticks = []
    for one in sheet.grid.x:
        x = frame.x_mm + one.at_mm
        ticks.append([(x, frame.y_mm), (x, frame.y_mm - TICK_MM)])
        canvas.text(x, frame.y_mm - LABEL_GAP_MM, one.words, style, "middle")
    for one in sheet.grid.y:
        y = frame.y_mm + one.at_mm
        ticks.append([(frame.x_mm, y), (frame.x_mm - TICK_MM, y)])
        canvas.text(frame.x_mm - LABEL_GAP_MM, y, one.words, style, "middle", 90)
    if ticks:
        canvas.lines(ticks, pens.style.stroke("tick"))
    _degrees(canvas, sheet, frame, pens)


def _degrees(canvas: Canvas, sheet: DetailSheet, frame: Box, pens: Pens) -> None:
    """Longitude below, latitude on the right, in a colour of their own: they are another grid.

    Words go on from their tick, or end at it where they would pass the corner of the frame.
    """
    style, ticks = pens.style.text("degree_label"), []
    for one in sheet.grid.lon:
        x = frame.x_mm + one.at_mm
        ticks.append([(x, frame.bottom), (x, frame.bottom + TICK_MM)])
        fits = x + LABEL_GAP_MM / 2 + canvas.text_width_mm(one.words, style) <= frame.right
        gap_mm, anchor = (LABEL_GAP_MM / 2, "start") if fits else (-LABEL_GAP_MM / 2, "end")
        canvas.text(x + gap_mm, frame.bottom + BELOW_MM, one.words, style, anchor)
    for one in sheet.grid.lat:
        y = frame.y_mm + one.at_mm
        ticks.append([(frame.right, y), (frame.right + TICK_MM, y)])
        fits = y - LABEL_GAP_MM / 2 - canvas.text_width_mm(one.words, style) >= frame.y_mm
        gap_mm, anchor = (-LABEL_GAP_MM / 2, "start") if fits else (LABEL_GAP_MM / 2, "end")
        canvas.text(frame.right + BELOW_MM, y + gap_mm, one.words, style, anchor, 90)
    if ticks:
        canvas.lines(ticks, pens.style.stroke("degree_tick"))


def _note(canvas: Canvas, view: View, frame: Box, pens: Pens) -> None:
    if view.note:
        strip = Box(frame.x_mm, frame.y_mm, frame.w_mm, NOTE_MM)
        canvas.rect(strip, pens.style.colour("note"))
        set_words(canvas, strip.inset(0.4), view.note, pens.style.text("note"), "middle")
