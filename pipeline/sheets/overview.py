"""Decides the overview of a county and the pages of its clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import fsum
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from pipeline.geometry.extent import Extent, extent_of, frame_extent, to_frame
from pipeline.geometry.projection import convergence_deg, to_geographic
from pipeline.records import Piece
from pipeline.sheets import figures
from pipeline.sheets.backdrop import backdrop_under
from pipeline.sheets.box import Box, between
from pipeline.sheets.chapters import Chapter
from pipeline.sheets.clusters import Rows, covered_m2, halves, letters, neighbourhoods
from pipeline.sheets.detail import rings_of, signed_minutes
from pipeline.sheets.fields import reason_words, scene_words, with_fields
from pipeline.sheets.grid import Graticule, graticule
from pipeline.sheets.index import index_page_count
from pipeline.sheets.listing import lifts_mm, listing, listing_mm
from pipeline.sheets.misregistration import book_words
from pipeline.sheets.names import county_names, town_names
from pipeline.sheets.numbers import number_pieces, overview_occupancy, place_letters
from pipeline.sheets.order import Order
from pipeline.sheets.panel import panel, tallied, total_m2
from pipeline.sheets.plan import BACKDROP, Inset, Lettered, Listing, Outline, OverviewSheet, Window
from pipeline.sheets.scale import MM_PER_M, overview_scale, scale_bar
from pipeline.sheets.sheet_lines import SheetLines, sheet_lines
from pipeline.sheets.standard_sheets import small_sheets_line
from pipeline.sheets.wayfinding import Ways, ways
from pipeline.sheets.window import borders, corners_deg, outlines

REACH = 0.03  # pieces nearer than this share of the frame's width hang together
MOST_CLUSTERS = 12  # more, and farther pieces hang together
WORTH = 1.5  # a cluster page shows its pieces at least so much larger
CLUSTER_MARGIN = 0.88
AIR_MM = 1.0
LEGEND_GAP_MM = 1.5  # between the legend and what follows
GAP_MM = 3.0  # between the statistics and what follows
LARGEST = 2_000  # no overview is drawn at a larger scale
LEGEND_ORDER = (
    *("patch", "unasked", "county", "town", "neighbour_area", "road_on_overview", "place_on_overview"),
    *("sheet_line", "graticule", "cluster", BACKDROP),
)


@dataclass(frozen=True)
class Page:
    """An overview page to be: which pieces it is for ((), the county) and the ground it shows."""

    letter: str  # of a cluster
    rows: tuple[int, ...]
    scale: int
    extent: Extent
    about: Extent  # the ground it was made for
    chapter: Chapter | None = None  # of a town

    @property
    def kind(self) -> str:
        return "town" if self.chapter else "cluster" if self.letter else "overview"

    @property
    def name(self) -> str:
        """Its destination within the book."""
        return self.chapter.name if self.chapter else f"cluster-{self.letter}" if self.letter else "overview"


def overview_sheets(order: Order) -> list[OverviewSheet]:
    """The overview, then the pages of its clusters."""
    whole = _whole(order)
    parts = _parts(order, whole)
    return [_sheet(order, one, parts, 1 + at, 1 + len(parts)) for at, one in enumerate((whole, *parts))]


def town_sheet(order: Order, chapter: Chapter, overviews: int) -> OverviewSheet:
    """The overview of a town, with all of it where its border is known; `overviews` pages stand before the index."""
    ground, rows = order.ground, chapter.rows
    towns = order.ground.around["towns"]
    shapes = [shape for name, shape in zip(towns.names, towns.shapes, strict=True) if name and name == chapter.town]
    bounds = np.vstack([ground.bounds_m[list(rows)], *(shapely.bounds(one) for one in shapes)])
    page = _page(order, "", rows, extent_of(bounds), CLUSTER_MARGIN)
    return _sheet(order, replace(page, chapter=chapter), (), chapter.first_page, overviews)


def _frame(order: Order) -> Box:
    return order.overview.first("overview_map").box


def _whole(order: Order) -> Page:
    return _page(order, "", (), extent_of(shapely.bounds(order.ground.county_shape)), 0.96)


def _page(order: Order, letter: str, rows: tuple[int, ...], ground: Extent, margin: float) -> Page:
    frame = _frame(order)
    scale = max(overview_scale(ground.width_m, ground.height_m, (frame.w_mm, frame.h_mm), margin), LARGEST)
    return Page(letter, rows, scale, frame_extent(ground.centre_m, scale, frame.w_mm, frame.h_mm), ground)


def _parts(order: Order, whole: Page) -> list[Page]:
    """Cluster pages: where pieces fill little of the frame, or are too many to number on one page."""
    drawn = np.array(order.drawn, dtype=np.int64)
    if not len(drawn):
        return []
    groups = [drawn[rows] for rows in _groups(order, whole, order.ground.bounds_m[drawn])]
    pages = [
        _page(order, letters(at), tuple(rows.tolist()), extent_of(order.ground.bounds_m[rows]), CLUSTER_MARGIN)
        for at, rows in enumerate(groups)
    ]
    return pages if all(one.scale * WORTH <= whole.scale for one in pages) or len(drawn) > order.settings.crowd else []


def _groups(order: Order, whole: Page, bounds_m: NDArray[np.float64]) -> list[Rows]:
    settings, points = order.settings, (bounds_m[:, :2] + bounds_m[:, 2:]) / 2
    found = _hanging_together(bounds_m, whole.extent.width_m, settings.cluster_pieces)
    sparse = covered_m2(bounds_m, found) < settings.cluster_share * whole.extent.area_m2
    chosen = [one for one in found if len(one) >= settings.cluster_pieces] if sparse else []
    if len(bounds_m) - sum(map(len, chosen)) > settings.crowd:
        chosen = [np.arange(len(bounds_m))]
    return [half for one in chosen for half in halves(points, one, settings.crowd)]


def _hanging_together(bounds_m: NDArray[np.float64], width_m: float, least: int) -> list[Rows]:
    reach = REACH
    while True:
        found = neighbourhoods(bounds_m, reach * width_m)
        if sum(len(one) >= least for one in found) <= MOST_CLUSTERS or reach > 1:
            return found
        reach *= 1.5


def _sheet(order: Order, page: Page, parts: Sequence[Page], number: int, overviews: int) -> OverviewSheet:
    rows = page.rows or tuple(order.drawn)
    numbered = set(page.rows or rows) - (set() if page.rows else {row for one in parts for row in one.rows})
    boxes = () if page.rows else tuple(_lettered(page, one) for one in parts)
    drawn = _map(order, page, numbered, boxes)
    window, lines = drawn.window, graticule(order.ground.projection, page.extent, page.scale)
    statistics = panel(order, rows, "type" if page.chapter else tallied(order))
    above, inset = order.overview.first("statistics"), _inset(order, page)
    used_mm = above.options["title_mm"] + above.options["row_mm"] * (len(statistics.rows) + 2) + GAP_MM
    kept_mm = next(order.overview.of_kind("inset")).box.h_mm if inset else 0.0
    listed = listing(order, set(rows), above.box.h_mm - used_mm - kept_mm, overviews)
    bar = scale_bar(page.scale, order.overview.first("scale_bar").box.w_mm - 12)
    on = {one.kind for one in window.outlines} | {one.kind for one in window.borders} | {"graticule"}
    on |= {"cluster"} if boxes else set()
    on |= {"neighbour_area"} if "county" in on else set()
    on |= {"road_on_overview"} if drawn.ways.roads else set()
    on |= {"place_on_overview"} if drawn.ways.places else set()
    on |= {"sheet_line"} if drawn.sheets.lines else set()
    on |= {BACKDROP} if backdrop_under(order, page.extent) else set()
    legend = tuple(one for one in LEGEND_ORDER if one in on)
    told = _fields(order, page, parts, rows, lines, drawn, number, overviews)
    return OverviewSheet(
        kind=page.kind,
        layout=order.overview,
        name=page.name,
        label=str(number),
        fields=with_fields(order.fields, statistics.fields, told),
        window=window,
        graticule=lines,
        county_rings=_county_rings(order, page),
        letters=boxes,
        statistics=statistics.rows,
        total=statistics.total,
        legend=legend,
        bar=bar,
        listing=listed,
        inset=inset,
        roads=drawn.ways.roads,
        places=drawn.ways.places,
        sheet_lines=drawn.sheets.lines,
        unplaced=drawn.unplaced,
        lifts_mm=_lifts_mm(order, used_mm, listed, len(legend)),
    )


def _inset(order: Order, page: Page) -> Inset | None:
    """The county in the small, on the page of a part of it whose layout has room for it."""
    slot = next(order.overview.of_kind("inset"), None)
    if slot is None or not page.rows:
        return None
    air_mm, title_mm = 1.0, slot.options["title_mm"]
    ground = extent_of(shapely.bounds(order.ground.county_shape))
    wide_mm, high_mm = slot.box.w_mm - 2 * air_mm, slot.box.h_mm - title_mm - 2 * air_mm
    scale = int(np.ceil(max(ground.width_m / wide_mm, ground.height_m / high_mm) * MM_PER_M))
    whole_m = slot.box.h_mm * scale / MM_PER_M
    left_m, top_m = ground.xmin_m - air_mm * scale / MM_PER_M, ground.ymax_m + (title_mm + air_mm) * scale / MM_PER_M
    extent = Extent(left_m, top_m - whole_m, left_m + slot.box.w_mm * scale / MM_PER_M, top_m)
    plain = shapely.simplify(order.ground.county_shape, 0.1 * scale / MM_PER_M)
    (left, bottom), (right, top) = to_frame(page.extent.ring()[[0, 2]], extent, scale).tolist()
    room = Box(0.0, title_mm, slot.box.w_mm, slot.box.h_mm - title_mm)
    return Inset(rings_of(plain, extent, scale), between(left, top, right, bottom).common(room))


def _lifts_mm(order: Order, statistics_mm: float, listed: Listing | None, legend_rows: int) -> dict[str, float]:
    used_mm = {one.name: statistics_mm for one in order.overview.of_kind("statistics")}
    used_mm |= {one.name: listing_mm(one, listed) for one in order.overview.of_kind("patch_list")}
    for one in order.overview.of_kind("legend"):
        deep = -(-legend_rows // one.options["columns"])
        used_mm[one.name] = min(one.options["title_mm"] + one.options["row_mm"] * deep + LEGEND_GAP_MM, one.box.h_mm)
    for one in order.overview.of_kind("text"):
        if one.name == "deadline":
            used_mm[one.name] = one.box.h_mm if order.fields["deadline"] else 0.0
    return lifts_mm(order.overview, used_mm)


def _lettered(whole: Page, part: Page) -> Lettered:
    """The rectangle about its pieces, with a little air."""
    return Lettered(part.letter, _on_paper(part.about, whole).inset(-AIR_MM), f"cluster-{part.letter}")


def _on_paper(ground: Extent, page: Page) -> Box:
    (left, bottom), (right, top) = to_frame(ground.ring()[[0, 2]], page.extent, page.scale).tolist()
    return Box(left, top, right - left, bottom - top)


@dataclass(frozen=True)
class Drawn:
    """What is on the map: patches, borders and all words in the window, what leads to them, sheets under them."""

    window: Window
    ways: Ways
    sheets: SheetLines
    unplaced: tuple[int, ...]


def _map(order: Order, page: Page, numbered: set[int], boxes: Sequence[Lettered]) -> Drawn:
    """Words in the order of their worth: numbers of patches, then counties and towns, sheets, places and roads."""
    ground, extent, scale, thin = order.ground, page.extent, page.scale, order.settings.line_mm
    own = [row for row in ground.visible(extent) if ground.pieces[row].own and _is_shown(page, ground.pieces[row])]
    kinds = [(row, "patch" if ground.pieces[row].asked else "unasked") for row in own]
    drawn = tuple(_symbol(order, one) for one in outlines(ground, kinds, extent, scale, thin))
    lines = borders(ground, extent, scale, thin)
    shown = [(row, one) for (row, kind), one in zip(kinds, drawn, strict=True) if kind == "patch"]
    taken = overview_occupancy((_frame(order).w_mm, _frame(order).h_mm), drawn, lines)
    marks = place_letters(order, taken, boxes)
    numbers, unplaced = number_pieces(order, taken, (extent, scale), shown, numbered, bool(page.rows))
    taken.take_shapes([one.points for one in lines] + [np.array(one.box.corners) for one in boxes], filled=False)
    names = county_names(order, extent, scale, taken, "neighbour_name", own=False)
    names += town_names(order, extent, scale, taken, "town_on_overview", own=True)
    sheets = sheet_lines(order, extent, scale, taken)
    around = ways(order, extent, scale, taken)
    window = Window(
        extent,
        scale,
        ground.projection.crs,
        corners_deg(ground.projection, extent),
        drawn,
        lines,
        (*numbers, *names, *sheets.labels, *around.labels, *marks),
    )
    return Drawn(window, around, sheets, unplaced)


def _is_shown(page: Page, piece: Piece) -> bool:
    """A town's people are asked about what is theirs."""
    return page.chapter is None or piece.town == page.chapter.town


def _county_rings(order: Order, page: Page) -> tuple[Any, ...]:
    """The county as the paper shows it: cut a little beyond the frame."""
    plain = shapely.simplify(order.ground.county_shape, order.settings.line_mm * page.scale / MM_PER_M)
    shown = shapely.clip_by_rect(plain, *page.extent.grown(0.02 * page.extent.width_m).bounds)
    return rings_of(shown, page.extent, page.scale)


def _symbol(order: Order, outline: Outline) -> Outline:
    """The outline, or a small octagon where it would be too small to see."""
    points = np.vstack(outline.rings)
    low, high, least = points.min(axis=0), points.max(axis=0), order.style.size_mm("symbol")
    if max(high - low) >= least:
        return outline
    turns = np.arange(9) * np.pi / 4 + np.pi / 8
    return Outline(outline.kind, ((low + high) / 2 + least / 2 * np.column_stack((np.cos(turns), np.sin(turns))),))


def _fields(
    order: Order,
    page: Page,
    parts: Sequence[Page],
    rows: Sequence[int],
    lines: Graticule,
    drawn: Drawn,
    number: int,
    overviews: int,
) -> Mapping[str, str]:
    words, unit = order.words, order.facts.area_unit
    town = (page.chapter.town or words["sheet.bookmark.no_town"]) if page.chapter else ""
    named = dict(order.fields) | {"letter": page.letter, "town": town}
    total = f"{figures.area(total_m2(order, rows), unit)} {words[f'sheet.unit_name.{unit}']}"
    lettered = "、" if order.facts.language == "zh" else ", "
    clusters = lettered.join(one.letter for one in parts)
    return {
        "title": words.say("sheet.title.overview", **named),
        "subtitle": words.say(f"sheet.subtitle.{page.kind}", **named),
        "heading": words.say(f"sheet.heading.{page.kind}", **named),
        "pieces_total": words.say("sheet.pieces_total", count=len(rows), area=total),
        "clusters_note": words.say("sheet.clusters_note", letters=clusters) if parts and not page.rows else "",
        "unasked_note": "" if page.rows else _unasked(order),
        "quote_note": _quote_note(order, rows),
        "uncovered_note": words["sheet.uncovered_page"] if drawn.unplaced else "",
        "pages_note": "" if page.chapter else _pages_note(order, overviews),
        "sheets_line": small_sheets_line([order.ground.pieces[row] for row in rows], order.sheet_system, words),
        "sources_line": words.say("sheet.sources", before=_sources(order, "before"), after=_sources(order, "after")),
        "offset_line": book_words(order.alignment, words),
        "scale": words.say("sheet.scale", scale=f"{page.scale:,}"),
        "convergence": words.say("sheet.convergence", angle=signed_minutes(_convergence(order, page.extent))),
        "page": words.say("sheet.page_of", page=number),
        "step": _step(lines.step_deg),
        "sheets": drawn.sheets.words,
        BACKDROP: words[f"sheet.backdrop.{order.settings.overview_imagery}"] if order.backdrop else "",
        "reasons": reason_words((one for one in order.ground.pieces if one.own), words),
    }


def _quote_note(order: Order, rows: Sequence[int]) -> str:
    """What to quote; the check code too where a number leaves it open which patch is meant."""
    if not any(order.ground.pieces[row].patch_no for row in rows):
        return ""
    doubtful = any(order.ground.pieces[row].patch_no not in order.telling for row in rows)
    return order.words["sheet.quote_note_code" if doubtful else "sheet.quote_note"]


def _pages_note(order: Order, overviews: int) -> str:
    """How a number leads to its page: pages follow numbers, but in a book by town."""
    drawn = order.drawn
    if not drawn:
        return ""
    if order.by_town:
        return order.words.say("sheet.pages_note_by_town", files=f"{order.ground.county.code}_sheets_town01.pdf …")
    ahead = overviews + index_page_count(order)
    first = order.ground.pieces[drawn[0]].seq
    return order.words.say("sheet.pages_note", first=first, page=ahead + 1, ahead=ahead + 1 - first)


def _step(step_deg: float) -> str:
    seconds = round(step_deg * 3600)
    return f"{seconds}″" if seconds < 60 else f"{seconds // 60}′" if seconds < 3600 else f"{seconds // 3600}°"


def _convergence(order: Order, extent: Extent) -> float:
    lon, lat = to_geographic(order.ground.projection, *extent.centre_m)
    return float(convergence_deg(order.ground.projection, lon, lat))


def _sources(order: Order, phase: str) -> str:
    scenes = order.ground.scenes[phase]
    return scene_words(scenes, order.words) if scenes else order.words["sheet.no_imagery"]


def _unasked(order: Order) -> str:
    words, unit = order.words, order.facts.area_unit
    left = [one for one in order.ground.pieces if one.own and not one.asked]
    area = f"{figures.area(fsum(one.area_m2 for one in left), unit)} {words[f'sheet.unit_name.{unit}']}"
    reasons = reason_words(left, words)
    return words.say("sheet.unasked_note", count=len(left), reasons=reasons, area=area) if left else ""
