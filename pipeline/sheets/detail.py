"""Decides the before/after page of each piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from pipeline.geometry.extent import Extent, frame_extent, to_frame
from pipeline.records import Piece, Scene
from pipeline.sheets import figures
from pipeline.sheets.box import Box
from pipeline.sheets.fields import piece_fields, reason_words, scene_words, with_fields
from pipeline.sheets.figures import MISSING
from pipeline.sheets.framing import PHASES, framed
from pipeline.sheets.grid import frame_grid
from pipeline.sheets.ground import Ground
from pipeline.sheets.labels import Occupancy, anchors, inside, main_ring, place, ring_box
from pipeline.sheets.misregistration import page_words
from pipeline.sheets.names import county_names, town_names
from pipeline.sheets.order import Order, destination
from pipeline.sheets.plan import (
    ABSENT,
    BARE,
    DAMAGED,
    FULL,
    HOLE,
    NOTE_MM,
    PARTIAL,
    UNCONFIGURED,
    Book,
    Border,
    DetailSheet,
    Locator,
    MapLabel,
    Outline,
    Vertex,
    View,
    Window,
)
from pipeline.sheets.scale import MM_PER_M, scale_bar
from pipeline.sheets.standard_sheets import sheet_fields
from pipeline.sheets.vertices import vertex_labels, vertex_table, vertices
from pipeline.sheets.vicinity import has_vicinity, vicinity
from pipeline.sheets.window import borders, corners_deg, hidden, holes, outlines

CELL_MM = 0.5
BAR_AIR_MM = 8.0  # beside the bar, for its last label and its unit
SHOWN_MM = 0.6  # less of a neighbour than this in the frame gets no number
EDGE_MM = 0.6  # numbers keep this distance from the neat line
NONE: Mapping[str, str] = {}
LABEL_STYLE = {"neighbour": "neighbour_label", "focus": "focus_label", "part": "part_label"}
LEGEND_ORDER = (
    *("focus", HOLE, "part", "fragment", "neighbour", "neighbour_part"),
    *("county_line", "neighbour_county_line", "town_line", "grid", BARE),
)

Cover = Callable[[Sequence[Scene], Any], float]


def detail_sheets(order: Order, first_page: int, cover: Cover) -> Iterator[DetailSheet]:
    """The pages of the asked pieces in page order; `cover(scenes, geometry)` is the share of a piece with imagery."""
    for at, row in enumerate(order.drawn):
        yield detail_sheet(order, row, first_page + at, cover)


def detail_sheet(order: Order, row: int, page: int, cover: Cover, unseen: Mapping[str, str] = NONE) -> DetailSheet:
    """The page of piece `row`; scenes whose path is in `unseen` are named, and left out unless only DAMAGED."""
    ground, piece = order.ground, order.ground.pieces[row]
    scale, extent = framed(order, row)
    kinds = _kinds(ground, row, ground.visible(extent))
    views = {phase: _view(order, phase, row, extent, cover, unseen) for phase in PHASES}
    corners = vertices(order, row, extent, scale) if wants_vertices(order) else ()
    window = _window(order, kinds, scale, extent, any(one.note for one in views.values()), corners)
    grid = frame_grid(extent, scale, window.corners_deg)
    slot = order.detail.first("scale_bar").box
    return DetailSheet(
        kind="detail",
        layout=order.detail,
        name=destination(piece.seq),
        label=str(page),
        fields=with_fields(_fields(order, row, scale, grid.step_m, page), _reasons(order, kinds)),
        row=row,
        patch_uid=piece.patch_uid,
        window=window,
        grid=grid,
        views=views,
        legend=_legend(ground, window, views, extent),
        bar=scale_bar(scale, slot.w_mm - BAR_AIR_MM),
        locator=_locator_frame(order, extent),
        qr=qr_words(order, piece),
        vertices=corners,
        corners=vertex_table(order, corners),
        vicinity=vicinity(order, row, extent) if has_vicinity(order) else None,
    )


def wants_vertices(order: Order) -> bool:
    """True where the corners of a piece are shown on its page."""
    return order.settings.vertices == "page" and any(order.detail.of_kind("vertices"))


def _fields(order: Order, row: int, scale: int, step_m: float, page: int) -> Mapping[str, str]:
    words, piece = order.words, order.ground.pieces[row]
    x_m, y_m = order.ground.points_m[row].tolist()
    own = piece_fields(piece, (x_m, y_m), order.county_words, order.facts.area_unit, words)
    own |= {name: told or MISSING for name, told in sheet_fields(piece, order.facts.crs, order.sheet_system).items()}
    angle = float(order.ground.convergence_deg[row])
    own |= {
        "title": words.say("sheet.title.detail", **order.fields),
        "subtitle": words.say("sheet.subtitle.detail", **order.fields),
        "heading": words.say("sheet.heading.detail", number=piece.seq, quoted=own["quoted"]),
        "of_total": words.say("sheet.of_total", number=piece.seq, total=order.fields["total"]),
        "page": words.say("sheet.page_of", page=page),
        "step": f"{step_m:g}",
        "scale": words.say("sheet.scale", scale=f"{scale:,}"),
        "convergence": words.say("sheet.convergence", angle=signed_minutes(angle)),
    }
    return with_fields(order.fields, own)


def _reasons(order: Order, kinds: list[tuple[int, str]]) -> Mapping[str, str]:
    """Why those that are drawn and not asked about are not."""
    return {"reasons": reason_words((order.ground.pieces[row] for row, _ in kinds), order.words)}


def signed_minutes(angle_deg: float) -> str:
    """An angle to the minute with its sign: +1°05′."""
    minutes = round(abs(angle_deg) * 60)
    sign = "" if not minutes else "+" if angle_deg > 0 else "−"
    return f"{sign}{minutes // 60}°{minutes % 60:02d}′"


def qr_words(order: Order, piece: Piece) -> str:
    """What the QR code of a piece says: its uid, an address made of it, or nothing."""
    template = order.settings.qr
    if template in ("id", "off"):
        return piece.patch_uid if template == "id" else ""
    return template.format(uid=piece.patch_uid, county_code=piece.county_code, campaign=order.facts.id)


def _kinds(ground: Ground, focus: int, rows: Sequence[int]) -> list[tuple[int, str]]:
    """How each visible piece is drawn, the focus last so that it lies above."""
    told = [(row, _kind(ground.pieces[focus], ground.pieces[row])) for row in rows if row != focus]
    return [(row, kind) for row, kind in told if kind] + [(focus, "focus")]


def _kind(focus: Piece, other: Piece) -> str:
    same = other.patch_uid == focus.patch_uid
    if not other.asked:
        return "fragment" if same and focus.piece_no == 1 else ""
    if same:
        return "part"
    return "neighbour" if other.own else "neighbour_part"


def _window(
    order: Order,
    kinds: list[tuple[int, str]],
    scale: int,
    extent: Extent,
    noted: bool,
    corners: tuple[Vertex, ...],
) -> Window:
    ground, thin = order.ground, order.settings.line_mm
    drawn = outlines(ground, kinds, extent, scale, thin)
    lines = borders(ground, extent, scale, thin, "_line")
    along = hidden(lines, drawn)
    struck = _struck(ground, kinds, extent, scale)
    return Window(
        extent,
        scale,
        ground.projection.crs,
        corners_deg(ground.projection, extent),
        (*drawn, *holes(ground.shapes[kinds[-1][0]], extent, scale)),
        (*lines, *along),
        _labels(order, kinds, drawn, lines, (extent, scale), noted, corners, struck),
        struck,
    )


def _struck(
    ground: Ground, kinds: list[tuple[int, str]], extent: Extent, scale: int
) -> tuple[tuple[float, float], ...]:
    """Where fragments are struck out: most are too small to show how their outline is drawn."""
    rows = [row for row, kind in kinds if kind == "fragment"]
    points = to_frame(ground.points_m[rows], extent, scale) if rows else ()
    return tuple((float(x), float(y)) for x, y in points)


def _labels(
    order: Order,
    kinds: list[tuple[int, str]],
    drawn: tuple[Outline, ...],
    lines: tuple[Border, ...],
    ground: tuple[Extent, int],
    noted: bool,
    corners: tuple[Vertex, ...],
    struck: Sequence[tuple[float, float]],
) -> tuple[MapLabel, ...]:
    """The focus number, whose its other parts are, its neighbours' numbers, names of counties; the patch itself and a
    note stay free."""
    frame = order.detail.first("map_frame").box
    taken = Occupancy(frame.w_mm, frame.h_mm, CELL_MM)
    paper = taken.frame.inset(EDGE_MM)
    taken.take_shapes([ring for one in drawn for ring in one.rings], filled=False)
    taken.take_shapes([one.points for one in lines], filled=False)
    taken.take_shapes([ring for one in drawn if one.kind in ("focus", "part") for ring in one.rings])
    for x, y in struck:
        taken.take(Box(x - 1.0, y - 1.0, 2.0, 2.0))
    if noted:
        taken.take(Box(0.0, 0.0, frame.w_mm, NOTE_MM))
    found = []
    for (row, kind), outline in sorted(zip(kinds, drawn, strict=True), key=_by_importance):
        ring, words = main_ring(outline.rings), _label_words(order.ground.pieces[row], kind)
        shape = ring_box(ring).common(paper)
        if words and min(shape.w_mm, shape.h_mm) > 0 and _shows(shape):
            x_mm, y_mm = to_frame(order.ground.points_m[row], *ground)[0].tolist()
            found += _label(order, taken, words, LABEL_STYLE[kind], anchors(ring, shape), (x_mm, y_mm))
        if kind == "focus":
            found += vertex_labels(order, taken, corners)
    counties = any(one.kind != "town_line" for one in lines)
    names = county_names(order, *ground, taken, "county_name", own=True) if counties else ()
    return (*found, *names, *town_names(order, *ground, taken, "town_label", own=False))


def _by_importance(one: tuple[tuple[int, str], Outline]) -> int:
    (_, kind), _ = one
    return {"focus": 0, "part": 1}.get(kind, 2)


def _label_words(piece: Piece, kind: str) -> str:
    """The number on the map; on another county's part of the patch whose it is."""
    if kind == "part":
        return piece.county_name
    return str(piece.seq) if kind in LABEL_STYLE and piece.seq else ""


def _shows(shape: Box) -> bool:
    return max(shape.w_mm, shape.h_mm) >= SHOWN_MM


def _label(
    order: Order, taken: Occupancy, words: str, style: str, beside: Sequence[Box], point: tuple[float, float]
) -> list[MapLabel]:
    """Inside where it hides no outline, else beside; what is said of the patch itself always beside."""
    width, height = order.size_mm(words, style)
    placed = inside(taken, point, width, height) if style == LABEL_STYLE["neighbour"] else None
    placed = placed or place(taken, beside, point, width, height)
    return [] if placed is None else [order.label(words, style, placed.box, placed.leader)]


def _view(order: Order, phase: str, row: int, extent: Extent, cover: Cover, unseen: Mapping[str, str]) -> View:
    ground, words = order.ground, order.words
    caption = words[f"sheet.{phase}"]
    if not ground.scenes[phase] and phase not in order.configured:
        return View(
            phase,
            caption,
            words["sheet.no_imagery"],
            words[f"sheet.missing.unconfigured_{phase}"],
            UNCONFIGURED,
            0.0,
            (),
        )
    under = ground.scenes_under(phase, extent)
    scenes = tuple(one for one in under if unseen.get(one.path, DAMAGED) == DAMAGED)
    lost = tuple(dict.fromkeys((Path(one.path).name, unseen[one.path]) for one in under if one.path in unseen))
    share = cover(scenes, ground.pieces[row].geometry) if scenes else 0.0
    state = FULL if share >= 1 else PARTIAL if share > 0 else ABSENT
    note = "" if state == FULL else words.say(f"sheet.missing.{state}_{phase}", share=figures.percent(share))
    if lost:
        note = "; ".join(filter(None, (_lost_words(order, phase, lost), note if scenes else "")))
    told = [scene_words(scenes, words)]
    if phase == "after" and row in order.alignment.of_row:
        told += page_words(order.alignment.of_row[row], words)
    return View(phase, caption, words["sheet.joint"].join(told), note, state, share, scenes, lost)


def _lost_words(order: Order, phase: str, lost: Sequence[tuple[str, str]]) -> str:
    """Which files show nothing or not all, for each reason once."""
    words, found = order.words, []
    for reason in sorted({one for _, one in lost}):
        files = words["sheet.list_separator"].join(name for name, one in lost if one == reason)
        found.append(words.say(f"sheet.missing.{reason}_{phase}", files=files))
    return "; ".join(found)


def _legend(ground: Ground, window: Window, views: Mapping[str, View], extent: Extent) -> tuple[str, ...]:
    on = {one.kind for one in window.outlines} | {one.kind for one in window.borders} | {"grid"}
    if any(not _covered(ground, one, extent) for one in views.values()):
        on.add(BARE)
    return tuple(one for one in LEGEND_ORDER if one in on)


def _covered(ground: Ground, view: View, extent: Extent) -> bool:
    """True where the outlines of the scenes leave no part of the frame bare."""
    if view.state == UNCONFIGURED:
        return True
    if any(why != DAMAGED for _, why in view.unseen) or not view.scenes:
        return False
    frame, outlines = shapely.box(*extent.bounds), ground.footprints[view.phase]
    near = outlines[shapely.intersects(outlines, frame)]
    return bool(np.any(shapely.contains(near, frame)) or shapely.contains(shapely.union_all(near), frame))


def locator_scale(order: Order) -> tuple[Extent, int]:
    """Extent and scale of the locator: the county with a little air."""
    box = order.detail.first("locator").box
    xmin, ymin, xmax, ymax = shapely.bounds(order.ground.county_shape).tolist()
    scale = int(np.ceil(max((xmax - xmin) / (box.w_mm - 3), (ymax - ymin) / (box.h_mm - 9)) * MM_PER_M))
    lift_m = 2.2 * scale / MM_PER_M
    return frame_extent(((xmin + xmax) / 2, (ymin + ymax) / 2 + lift_m), scale, box.w_mm, box.h_mm), scale


def locator(order: Order) -> Locator:
    """The county in the small, the same on every page."""
    extent, scale = locator_scale(order)
    plain = shapely.simplify(order.ground.county_shape, 0.1 * scale / MM_PER_M)
    rings = rings_of(plain, extent, scale)
    dots = to_frame(order.ground.points_m[order.drawn], extent, scale)
    return Locator(rings, tuple(dict.fromkeys((round(x, 1), round(y, 1)) for x, y in dots.tolist())))


def rings_of(shape: Any, extent: Extent, scale: int) -> tuple[Any, ...]:
    """Rings of one shape in frame millimetres."""
    parts = shapely.get_rings(shapely.get_parts(shape))
    return tuple(to_frame(shapely.get_coordinates(one), extent, scale) for one in parts)


def _locator_frame(order: Order, extent: Extent) -> Box:
    small, scale = locator_scale(order)
    corners = to_frame(extent.ring()[[0, 2]], small, scale)
    (left, bottom), (right, top) = corners.tolist()
    return Box(left, top, right - left, bottom - top)


def book_of(order: Order) -> Book:
    """What all pages of the book share."""
    profile = f"sheet.verdicts.{order.facts.profile}"
    words = order.words[profile if profile in order.words else "sheet.verdicts.international"]
    return Book(
        order.fields,
        order.settings.verdicts or tuple(words.split("|")),
        None if has_vicinity(order) else locator(order),
    )
