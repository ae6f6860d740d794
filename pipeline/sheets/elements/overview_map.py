"""The map of an overview: the county on its grey neighbours, pieces with their numbers, graticule."""

from __future__ import annotations

from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas
from pipeline.sheets.grid import Tick
from pipeline.sheets.layout import Slot
from pipeline.sheets.pens import Pens, draw_borders, draw_labels, draw_outlines, moved, moved_box, strokes
from pipeline.sheets.plan import BACKDROP, OverviewSheet

OPTIONS: dict[str, object] = {}
GAP_MM = 1.4


def draw(canvas: Canvas, slot: Slot, sheet: OverviewSheet, pens: Pens) -> None:
    """The map of this page."""
    frame = slot.box
    with canvas.clipped(frame):
        canvas.rect(frame, pens.style.colour("neighbour_area"))
        rings = [moved(ring, frame) for ring in sheet.county_rings]
        if rings:
            canvas.area(rings, pens.style.colour("county_area"))
        _backdrop(canvas, frame, pens)
        with canvas.layer(pens.words["layer.grid"]):
            canvas.lines([moved(line, frame) for line in sheet.graticule.lines], pens.style.stroke("graticule"))
            if sheet.sheet_lines:
                canvas.lines([moved(line, frame) for line in sheet.sheet_lines], pens.style.stroke("sheet_line"))
        if sheet.roads or sheet.places:
            with canvas.layer(pens.words["layer.ways"]):
                _ways(canvas, sheet, frame, pens)
        with canvas.layer(pens.words["layer.borders"]):
            draw_borders(canvas, pens, sheet.window.borders, frame)
        with canvas.layer(pens.words["layer.patches"]):
            draw_outlines(canvas, pens, sheet.window.outlines, frame)
            _clusters(canvas, sheet, frame, pens)
        with canvas.layer(pens.words["layer.labels"]):
            draw_labels(canvas, pens, sheet.window.labels, frame)
    canvas.rect(frame, None, pens.style.stroke("frame"))
    _degrees(canvas, sheet, frame, pens)
    canvas.georeference(frame, sheet.window.crs, sheet.window.corners_deg, sheet.fields["heading"])


def _backdrop(canvas: Canvas, frame: Box, pens: Pens) -> None:
    picture = pens.pictures.get(BACKDROP)
    if picture is not None and picture.image is not None:
        with canvas.layer(pens.words["layer.backdrop"]):
            canvas.image(picture.image, moved_box(picture.box, frame))


def _ways(canvas: Canvas, sheet: OverviewSheet, frame: Box, pens: Pens) -> None:
    kind = "place_on_overview"
    if sheet.roads:
        canvas.lines([moved(line, frame) for line in sheet.roads], *strokes(pens.style, "road_on_overview"))
    for x, y in sheet.places:
        radius, fill = pens.style.size_mm("place"), pens.style.colour(kind)
        canvas.circle(frame.x_mm + x, frame.y_mm + y, radius, fill, pens.style.stroke(kind))


def _clusters(canvas: Canvas, sheet: OverviewSheet, frame: Box, pens: Pens) -> None:
    for one in sheet.letters:
        box = moved_box(one.box, frame)
        canvas.rect(box, None, pens.style.stroke("cluster"))
        canvas.link(box, f"#{one.to}", one.letter)


def _degrees(canvas: Canvas, sheet: OverviewSheet, frame: Box, pens: Pens) -> None:
    style, lines = pens.style.text("graticule_label"), sheet.graticule
    rows: list[tuple[tuple[Tick, ...], float]] = [(lines.top, frame.y_mm - GAP_MM), (lines.bottom, frame.bottom + 3.2)]
    for ticks, y in rows:
        for one in ticks:
            canvas.text(frame.x_mm + one.at_mm, y, one.words, style, "middle")
    for one in lines.left:
        canvas.text(frame.x_mm - GAP_MM, frame.y_mm + one.at_mm, one.words, style, "middle", 90)
