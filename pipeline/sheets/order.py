"""What a book is decided from: facts, ground, settings, words and the measure of its letters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from pipeline.records import CampaignFacts, Scene
from pipeline.sheets.alignment import NOT_MEASURED, Alignment
from pipeline.sheets.box import Box
from pipeline.sheets.fields import book_fields, county_full
from pipeline.sheets.fonts import MissingGlyph
from pipeline.sheets.ground import Ground
from pipeline.sheets.labels import Leader
from pipeline.sheets.layout import Layout, load_layout
from pipeline.sheets.plan import MapLabel
from pipeline.sheets.settings import RenderSettings
from pipeline.sheets.standard_sheets import label_words, numbering
from pipeline.sheets.style import Style, load_style
from pipeline.texts import Texts, texts

MM_PER_PT = 25.4 / 72
FIGURES_EM = (0.02, 0.76)  # below and above the baseline, of figures and capitals with a little air
NAMES_EM = (0.22, 0.88)  # of hanzi and of small letters


@dataclass(frozen=True)
class Order:
    """One county's commission; `measure` gives the width in millimetres of words at a size in points."""

    facts: CampaignFacts
    ground: Ground
    settings: RenderSettings
    words: Texts
    style: Style
    measure: Callable[[str, float], float]
    detail: Layout
    overview: Layout
    index: Layout
    fields: Mapping[str, str]
    alignment: Alignment = NOT_MEASURED
    configured: frozenset[str] = frozenset()  # phases the campaign has imagery of, if not in this county
    backdrop: tuple[Scene, ...] = ()  # under the overviews, where the office wants imagery there

    @property
    def by_town(self) -> bool:
        """True where pages follow towns: the office wants it so, and towns are known."""
        return self.settings.book_by == "town" and any(self.ground.pieces[row].town for row in self.ground.drawn)

    @property
    def drawn(self) -> list[int]:
        """Rows of the pieces that get a page, in page order: by number, or by town, village and number as delivered,
        what has none of them last."""
        rows = self.ground.drawn
        return sorted(rows, key=self._place_in_town) if self.by_town else rows

    def _place_in_town(self, row: int) -> tuple[bool, str, bool, str, str, int]:
        one = self.ground.pieces[row]
        return not one.town, one.town, not one.village, one.village, one.patch_no, one.seq

    @cached_property
    def telling(self) -> frozenset[str]:
        """The patch numbers that only one patch of the book has: any other is told by its check code."""
        told = Counter(self.ground.pieces[row].patch_no for row in self.ground.drawn)
        return frozenset(one for one, times in told.items() if one and times == 1)

    @property
    def sheet_system(self) -> str:
        """How standard sheets are numbered here."""
        return numbering(self.ground.projection, self.settings.map_sheets)

    @property
    def county_words(self) -> str:
        return county_full(self.ground.county, self.words)

    def size_mm(self, words: str, style: str) -> tuple[float, float]:
        """Width and height of the ink of figures or a name in a text style, with its halo."""
        text = self.style.text(style)
        try:
            letters = self.measure(words, text.size_pt)
        except MissingGlyph as lack:
            raise lack.at("a name on the map") from lack
        wide = letters + text.tracking_mm * (len(words) - 1)
        return wide + 2 * text.halo_mm, text.size_pt * MM_PER_PT * sum(_span_em(words)) + 2 * text.halo_mm

    def label(self, words: str, style: str, box: Box, leader: Leader | tuple[()] = (), to: str = "") -> MapLabel:
        """The label whose ink fills `box`, of the size `size_mm` gave."""
        text = self.style.text(style)
        base_mm = box.bottom - text.halo_mm - text.size_pt * MM_PER_PT * _span_em(words)[0]
        return MapLabel(words, style, box.centre[0], base_mm, box, leader, to)


def _span_em(words: str) -> tuple[float, float]:
    return FIGURES_EM if words.isascii() and words == words.upper() else NAMES_EM


def take_order(
    facts: CampaignFacts,
    ground: Ground,
    settings: RenderSettings,
    measure: Callable[[str, float], float],
    deadline: str = "",
) -> Order:
    """Read layouts, style and words of a book; names of the surroundings that the font cannot print are left out, and
    so is a `deadline` (when answers are due, as it was told).

    Raises:
        Refusal: a layout or style that is missing or mistaken.
    """
    words = texts(facts.language)
    return Order(
        facts,
        _printable(ground, measure),
        settings,
        words,
        load_style(settings.style),
        measure,
        load_layout(settings.detail_layout),
        load_layout(settings.overview_layout),
        load_layout(settings.index_layout),
        book_fields(facts, ground.county, ground.projection, words, len(ground.drawn), _printed(deadline, measure))
        | {"label.map_sheet": label_words(numbering(ground.projection, settings.map_sheets), words)},
    )


def _printable(ground: Ground, measure: Callable[[str, float], float]) -> Ground:
    """A road or place whose name the font lacks a character of is drawn without it: it must not cost the book."""

    around = {
        kind: replace(one, names=tuple(_printed(name, measure) for name in one.names))
        for kind, one in ground.around.items()
    }
    return replace(ground, around=around)


def _printed(name: str, measure: Callable[[str, float], float]) -> str:
    """The name on one line, "" where the font lacks a character of it."""
    name = " ".join(name.split())
    try:
        measure(name, 1.0)
    except MissingGlyph:
        return ""
    return name


def destination(seq: int) -> str:
    """The name of a piece's page within the book."""
    return f"piece-{seq}"
