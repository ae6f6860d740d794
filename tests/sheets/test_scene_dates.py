"""Dates of imagery against those of the record: told where no scene under the piece can be of the recorded day."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.records import Scene
from pipeline.sheets.scene_dates import other_dates
from tests.sheets import scenery

PATCH = scenery.square(scenery.LON, scenery.LAT, 0.001)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return scenery.scene(tmp_path_factory.mktemp("s"), "before", PATCH, size_m=400)


@pytest.mark.parametrize(
    ("recorded", "shown", "told"),
    [
        ("2025-03-14", "2025-03-14", False),
        ("2025-03-14", "2025-03-15", True),
        ("2025-03", "2025-03-14", False),
        ("2025年一季度", "2025-03-14", False),
        ("2024", "2025-03-14", True),
        ("2025-03-14", "2025-03", False),
        ("", "2025-03-14", False),
        ("2025-03-14", "", False),
        ("last spring", "2025-03-14", False),
    ],
)
def test_a_day_that_cannot_be_the_recorded_one_is_told(scene: Scene, recorded: str, shown: str, told: bool) -> None:
    piece, dated = scenery.piece(1, PATCH, phase_before=recorded), replace(scene, date=shown)
    found = list(other_dates(piece, "before", [dated]))
    assert [(one.recorded, one.shown, one.file) for one in found] == (
        [(recorded, shown, Path(scene.path).name)] if told else []
    )
    assert not list(other_dates(piece, "after", [dated]))  # the record gives no date after


def test_one_scene_under_the_piece_that_fits_is_enough_and_one_beside_it_is_not(scene: Scene) -> None:
    piece = scenery.piece(1, PATCH, phase_before="2025-03-14")
    wrong, right = replace(scene, date="2020-01-01"), scene
    assert not list(other_dates(piece, "before", [wrong, right]))
    beside = replace(right, footprint=scenery.square(scenery.LON + 0.01, scenery.LAT, 0.001))
    assert [one.shown for one in other_dates(piece, "before", [wrong, beside])] == ["2020-01-01"]
