"""What a book is decided from: facts, ground, settings, words and the measure of its letters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipeline.records import CampaignFacts
from pipeline.sheets.box import Box
from pipeline.sheets.fields import book_fields, county_full
from pipeline.sheets.ground import Ground
from pipeline.sheets.labels import Leader
from pipeline.sheets.layout import Layout, load_layout
from pipeline.sheets.plan import MapLabel
from pipeline.sheets.settings import RenderSettings
from pipeline.sheets.style import Style, load_style
from pipeline.texts import Texts, texts

MM_PER_PT = 25.4 / 72
DIGIT_HEIGHT_EM = 0.78  # of figures and capitals, with a little air
BELOW_EM = 0.02  # of it below the baseline


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

    @property
    def county_words(self) -> str:
        return county_full(self.ground.county, self.words)

    def size_mm(self, words: str, style: str) -> tuple[float, float]:
        """Width and height of the ink of figures or a name in a text style, with its halo."""
        text = self.style.text(style)
        wide = self.measure(words, text.size_pt) + text.tracking_mm * (len(words) - 1)
        return wide + 2 * text.halo_mm, text.size_pt * MM_PER_PT * DIGIT_HEIGHT_EM + 2 * text.halo_mm

    def label(self, words: str, style: str, box: Box, leader: Leader | tuple[()] = (), to: str = "") -> MapLabel:
        """The label whose ink fills `box`, of the size `size_mm` gave."""
        text = self.style.text(style)
        base_mm = box.bottom - text.halo_mm - text.size_pt * MM_PER_PT * BELOW_EM
        return MapLabel(words, style, box.centre[0], base_mm, box, leader, to)


def take_order(
    facts: CampaignFacts, ground: Ground, settings: RenderSettings, measure: Callable[[str, float], float]
) -> Order:
    """Read layouts, style and words of a book.

    Raises:
        Refusal: a layout or style that is missing or mistaken.
    """
    words = texts(facts.language)
    return Order(
        facts,
        ground,
        settings,
        words,
        load_style(settings.style),
        measure,
        load_layout(settings.detail_layout),
        load_layout(settings.overview_layout),
        load_layout(settings.index_layout),
        book_fields(facts, ground.county, ground.projection, words, len(ground.drawn)),
    )


def destination(seq: int) -> str:
    """The name of a piece's page within the book."""
    return f"piece-{seq}"
