"""The small pictures by which `00_START_HERE.pdf` is understood: a table, a screen, a telephone, a sheet."""

from __future__ import annotations

from pipeline.forms.paper import BLUE, DARK, GREEN, INK, THIN, YELLOW, in_row
from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas, Stroke, TextStyle


def bullet(canvas: Canvas, x_mm: float, top_mm: float, number: str) -> None:
    """A number in a disc."""
    canvas.circle(x_mm + 2.1, top_mm + 1.9, 2.1, BLUE)
    style = TextStyle(7.5, "#FFFFFF", bold=True)
    in_row(canvas, Box(x_mm, top_mm - 0.2, 4.2, 4.2), number, style, "middle")


def table_icon(canvas: Canvas, x_mm: float, y_mm: float) -> None:
    """A table with its yellow column."""
    canvas.rect(Box(x_mm, y_mm, 15.0, 12.0), "#FFFFFF", Stroke(0.4, GREEN))
    canvas.rect(Box(x_mm, y_mm, 15.0, 3.0), GREEN)
    canvas.rect(Box(x_mm + 10.0, y_mm + 3.2, 4.8, 8.6), YELLOW)
    lines = [[(x_mm, y_mm + at), (x_mm + 15.0, y_mm + at)] for at in (6.0, 9.0)]
    lines += [[(x_mm + at, y_mm + 3.0), (x_mm + at, y_mm + 12.0)] for at in (4.0, 10.0)]
    canvas.lines(lines, Stroke(0.25, GREEN))


def desk_icon(canvas: Canvas, x_mm: float, y_mm: float) -> None:
    """A screen that shows a patch."""
    canvas.rect(Box(x_mm, y_mm, 15.0, 9.5), "#E6EEF3", DARK)
    patch_shape(canvas, x_mm + 4.0, y_mm + 1.6, 1.0)
    canvas.rect(Box(x_mm + 6.5, y_mm + 9.6, 2.0, 1.6), INK)
    canvas.rect(Box(x_mm + 3.5, y_mm + 11.2, 8.0, 0.8), INK)


def phone_icon(canvas: Canvas, x_mm: float, y_mm: float) -> None:
    """A telephone that shows a patch."""
    canvas.rect(Box(x_mm + 4.0, y_mm - 0.5, 7.5, 13.0), "#FFFFFF", Stroke(0.7, INK, join="round"))
    canvas.rect(Box(x_mm + 4.7, y_mm + 0.6, 6.1, 10.0), "#E6EEF3")
    patch_shape(canvas, x_mm + 5.3, y_mm + 2.4, 0.7)
    canvas.circle(x_mm + 7.75, y_mm + 11.5, 0.45, INK)


def patch_shape(
    canvas: Canvas, x_mm: float, y_mm: float, size: float, colour: str = "#FFD400", bold: float = 1.0
) -> None:
    """The outline of a patch over its casing, as on sheets and screens: 7 × 6.2 mm times `size`."""
    corners = [(0.0, 1.5), (2.5, 0.0), (7.0, 1.2), (6.0, 4.6), (3.2, 6.2), (0.6, 5.0)]
    ring = [(x_mm + size * x, y_mm + size * y) for x, y in corners]
    canvas.lines([ring], Stroke(1.0 * size * bold, INK, join="round"), Stroke(0.55 * size * bold, colour), closed=True)


def leaf(canvas: Canvas, x_mm: float, y_mm: float, number: str, page: str) -> None:
    """A sheet in the small: the number above, the pair of images, the page below."""
    canvas.rect(Box(x_mm, y_mm, 23.0, 26.0), "#FFFFFF", DARK)
    style = TextStyle(7.2, INK, bold=True)
    lines = [number] if canvas.text_width_mm(number, style) <= 20.0 else number.rsplit(" ", 1)  # a long patch number
    for at, line in enumerate(lines):
        in_row(canvas, Box(x_mm + 1.5, y_mm + 0.9 + 3.5 * at, 20.0, 3.8), line, style)
    for at, ground in enumerate(("#B9C7A4", "#C9B795")):
        frame = Box(x_mm + 1.5 + 10.2 * at, y_mm + 8.6, 9.8, 9.6)
        canvas.rect(frame, ground, THIN)
        patch_shape(canvas, frame.x_mm + 2.2, frame.y_mm + 2.4, 0.75)
    canvas.lines([[(x_mm + 1.5, y_mm + at), (x_mm + 21.5, y_mm + at)] for at in (19.6, 20.8)], THIN)
    in_row(canvas, Box(x_mm + 1.5, y_mm + 21.4, 20.0, 4.0), page, TextStyle(7.5, BLUE, bold=True), "end")
