"""The words of how far the imagery of the two dates lies apart."""

from __future__ import annotations

import math

from pipeline.sheets import figures
from pipeline.sheets.alignment import Alignment, Offset
from pipeline.texts import Texts

SMALL_PX = 0.5  # less cannot be seen on paper, nor be told from the error of the measurement
TOLD_PX = 1.0  # from here on it is an issue of the county
COMPASS = ("e", "ne", "n", "nw", "w", "sw", "s", "se")


def page_words(offset: Offset, words: Texts) -> list[str]:
    """What a piece's page says of its two scenes: a phrase, or none where nothing is known."""
    if not offset.sure:
        return []
    key = "small" if offset.pixels < SMALL_PX else "page"
    return [words.say(f"sheet.offset.{key}", **offset_figures(offset, words))]


def book_words(alignment: Alignment, words: Texts) -> str:
    """What an overview says of all scenes: the largest offset, and how many could not be determined."""
    if not alignment.offsets:
        return ""
    sure = [one for one in alignment.offsets if one.sure]
    unsure = len(alignment.offsets) - len(sure)
    if not sure:
        return words["sheet.offset.unknown"]
    worst = max(sure, key=lambda one: one.pixels)
    key = "largest_small" if worst.pixels < SMALL_PX else "largest" if len(alignment.offsets) > 1 else "only"
    told = words.say(f"sheet.offset.{key}", **offset_figures(worst, words))
    rest = words.say("sheet.offset.unsure", count=unsure, total=len(alignment.offsets)) if unsure else ""
    return told + rest


def offset_figures(offset: Offset, words: Texts) -> dict[str, str]:
    """Pixels, metres and the direction of an offset, as texts print them."""
    turn = round(math.atan2(offset.north_m, offset.east_m) / (math.pi / 4)) % len(COMPASS)
    return {
        "pixels": figures.rounded(offset.pixels, 1),
        "metres": f"{offset.metres:.2g}" if offset.metres < 10 else figures.rounded(offset.metres, 0),
        "direction": words[f"sheet.direction.{COMPASS[turn]}"],
        "small": f"{SMALL_PX:g}",
    }
