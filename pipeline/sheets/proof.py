"""The proof: a few telling pages of several counties in one PDF, as their books would have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline.io.rasters import TileCache
from pipeline.publish import private
from pipeline.records import CampaignFacts, County, Piece, Scene
from pipeline.sheets.chapters import piece_pages
from pipeline.sheets.fonts import Font, load_font
from pipeline.sheets.ground import NOTHING, lay_ground
from pipeline.sheets.index import index_page_count
from pipeline.sheets.order import Order, destination, take_order
from pipeline.sheets.overview import overview_sheets
from pipeline.sheets.pdf import PageRef, PdfWriter
from pipeline.sheets.press import Press, aligned, overview_page, piece_page, press_of, print_detail, print_overview
from pipeline.sheets.settings import RenderSettings
from pipeline.sheets.surroundings import Surroundings
from pipeline.texts import texts

MB = 2**20
OVERVIEW = "overview"  # among the reasons: the county's overview is wanted too


@dataclass(frozen=True)
class Telling:
    """A county with pages worth a look: `wanted` is seq → reasons (keys of the texts `proof.…`)."""

    county: County
    pieces: tuple[Piece, ...]
    before: tuple[Scene, ...]
    after: tuple[Scene, ...]
    wanted: dict[int, tuple[str, ...]] = field(default_factory=dict)
    overview: bool = False
    surroundings: Surroundings = NOTHING
    configured: frozenset[str] = frozenset()  # phases the campaign has imagery of
    deadline: str = ""  # when answers are due, as the office told it
    backdrop: tuple[Scene, ...] = ()  # under the overview


@dataclass(frozen=True)
class ProofPage:
    """A page of the proof: what it shows and why, and what its book would be withheld for."""

    county_code: str
    patch: str  # "" of an overview
    reasons: tuple[str, ...]  # in words of the campaign's language
    faults: tuple[str, ...]


def draw_proof(
    target: Path, facts: CampaignFacts, counties: Sequence[Telling], settings: RenderSettings
) -> list[ProofPage]:
    """Write the wanted pages of `counties` to `target`; what is wrong with a page is told, and withholds nothing.

    Raises:
        Refusal: a layout, style or font that is missing or mistaken, or a name the font lacks a character of.
    """
    font, told = load_font(Path(settings.font) if settings.font else None), []
    title = texts(facts.language).say("proof.title", title=facts.title)
    with (
        private(target) as path,
        TileCache(settings.cache_mb * MB) as cache,
        PdfWriter(path, title, facts.language, font, subject=facts.id, author=facts.office.unit) as writer,
    ):
        for one in counties:
            told += _print_county(one, aligned(_order(facts, one, settings, font), cache), writer, cache, font)
    return told


def _order(facts: CampaignFacts, one: Telling, settings: RenderSettings, font: Font) -> Order:
    ground = lay_ground(facts.crs, one.county, one.pieces, one.before, one.after, one.surroundings)
    order = take_order(facts, ground, settings, font.width_mm, one.deadline)
    return replace(order, configured=one.configured, backdrop=one.backdrop)


def _print_county(one: Telling, order: Order, writer: PdfWriter, cache: TileCache, font: Font) -> list[ProofPage]:
    overviews = overview_sheets(order)
    home = overviews[0].name if one.overview else ""
    kept = frozenset([home, *map(destination, one.wanted)])
    press = press_of(order, font, writer, cache, home=home, prefix=f"{one.county.code}/", kept=kept)
    told = []
    if one.overview:
        ahead = print_overview(press, *overview_page(press, overviews[0]))
        told.append(_noted(press, ahead, "", (OVERVIEW,)))
    first_page = len(overviews) + index_page_count(order) + 1
    for row, page in piece_pages(order, first_page).items():
        reasons = one.wanted.get(order.ground.pieces[row].seq)
        if reasons:
            sheet, made = piece_page(press, row, page)
            told.append(_noted(press, print_detail(press, sheet, made), sheet.fields["patch_no"], reasons))
    return told


def _noted(press: Press, page: PageRef, patch: str, reasons: tuple[str, ...]) -> ProofPage:
    """The page under a bookmark that says why it is here."""
    words = tuple(press.order.words[f"proof.{one}"] for one in reasons)
    press.writer.bookmark(" · ".join([*words, press.order.ground.county.name, *([patch] if patch else [])]), page)
    return ProofPage(press.order.ground.county.code, patch, words, press.record[-1].faults)
