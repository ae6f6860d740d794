"""What may be cloud: broad, bright, colourless; and what is bright only, or white only in small."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.io.rasters import Pixels
from pipeline.sheets.book import BookSummary, draw_book
from pipeline.sheets.brightness import bright_share
from pipeline.sheets.settings import RenderSettings
from tests.sheets import scenery
from tests.sheets.test_alignment import MIDDLE, SIDE, land, words_of

HIGH, WIDE = 600, 660


def ground() -> NDArray[np.uint8]:
    """Fields, as pixels of a frame: red, green, blue and a byte of padding."""
    fields = np.moveaxis(land(3)[:, :HIGH, :WIDE] // 2, 0, -1)
    return np.dstack([fields, np.full((HIGH, WIDE), 255, np.uint8)])


def clouds(values: NDArray[np.uint8], share: float, middle: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """A round white cloud with soft edges whose dense part takes about `share` of the picture."""
    high, wide = values.shape[:2]
    y, x = middle or (high // 2, wide // 2)
    rows, cols = np.mgrid[:high, :wide]
    radius = np.sqrt(share * high * wide / np.pi)
    thick = np.clip((radius + 20 - np.hypot(rows - y, cols - x)) / 20, 0, 1)[:, :, None]
    return np.asarray(values * (1 - thick) + 238 * thick, np.uint8)


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_a_cloud_is_measured_by_its_area(share: float) -> None:
    assert bright_share(Pixels(clouds(ground(), share), None)) == pytest.approx(share, abs=0.04)


def test_fields_have_none() -> None:
    assert bright_share(Pixels(ground(), None)) == 0.0


def test_bright_sand_has_colour() -> None:
    sand = np.zeros((HIGH, WIDE, 4), np.uint8) + np.array([236, 214, 178, 255], np.uint8)
    assert bright_share(Pixels(sand, None)) == 0.0


def test_white_roofs_and_roads_are_too_narrow() -> None:
    town = ground()
    for x in range(10, WIDE - 20, 40):
        for y in range(10, HIGH - 14, 30):
            town[y : y + 12, x : x + 15] = 240
    town[300:306] = 235
    assert bright_share(Pixels(town, None)) < 0.01


def test_paper_where_there_is_no_imagery_does_not_count() -> None:
    values, mask = ground(), np.ones((HIGH, WIDE), bool)
    values[:, : WIDE // 2] = 255
    mask[:, : WIDE // 2] = False
    assert bright_share(Pixels(values, mask)) == 0.0
    assert bright_share(Pixels(values, np.zeros_like(mask))) == 0.0


def test_grey_imagery_tells_nothing() -> None:
    assert bright_share(Pixels(np.full((HIGH, WIDE, 1), 240, np.uint8), None)) == 0.0


# -- pages -----------------------------------------------------------------------------------------------


def drawn(folder: Path, **settings: float) -> BookSummary:
    seen = np.moveaxis(clouds(np.moveaxis(land(3) // 2, 0, -1), 0.02, (SIDE // 2, SIDE // 2)), -1, 0)
    scene = scenery.scene(folder, "after", MIDDLE, values=seen)
    piece = scenery.piece(1, scenery.square(scenery.LON, scenery.LAT, 0.0005))
    given = (scenery.facts(), scenery.county(), [piece], [], [scene], RenderSettings(**settings))  # type: ignore[arg-type]
    return draw_book(folder / "b.pdf", *given, lambda *_: None)


def test_a_page_says_possible_cloud_unless_the_office_does_not_want_it(tmp_path: Path) -> None:
    ((uid, phase, share),) = drawn(tmp_path).cloudy
    assert (uid, phase) == ("2025Q3-000000000001-X", "after")
    assert f"可能有云 {100 * share:.0f} %" in words_of(tmp_path)[-1]
    assert drawn(tmp_path, cloud_share=1).cloudy == ()
    assert "可能有云" not in words_of(tmp_path)[-1]
