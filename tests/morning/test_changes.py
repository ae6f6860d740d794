"""What a county layer of another date would change stands on the page as it was reckoned, or not at all."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from pipeline.morning.changes import SHOWN
from pipeline.morning.figures import area, count
from pipeline.morning.page import morning_page
from pipeline.texts import languages, texts
from tests.morning.province import changes_of, morning


def section(html: str) -> str:
    found = re.search(r'<section id="changes".*?</section>', html, re.S)
    assert found
    return found[0]


@pytest.mark.parametrize("language", languages())
def test_counties_sum_to_what_is_said_of_them(language: str) -> None:
    changes, made = changes_of(7), morning(10, language)
    told = section(morning_page(replace(made, changes=[changes], county_dates=("2024-12-31", "2026-01-01"))))
    unit = made.facts.area_unit
    rows = re.split(r"<tr[^>]*>", told)[2:]
    assert len(rows) == len(changes.counties) + 1
    cells = [re.sub(r"<[^>]+>", "", one) for one in re.split(r"<t[dh][^>]*>", rows[-1])[1:]]
    moved = area(changes.account_m2["moved"], unit)
    assert cells[2:6] == [count(7), moved, count(7), moved]
    for name in ("moved", "inside", "same", "nowhere"):
        assert area(changes.account_m2[name], unit) in told
    assert texts(language)["moves.change.gone"] in rows[0]


def test_a_page_without_another_layer_does_not_speak_of_it() -> None:
    page = morning_page(morning(10))
    assert page == morning_page(replace(morning(10), county_dates=("", "2026-01-01")))
    assert "boundary_changes" not in page
    dated = morning_page(replace(morning(10), county_dates=("2024-12-31", "")))
    assert texts("zh").say("morning.county_layer", date="2024年12月31日") in dated


def test_nothing_changed_is_one_sentence_and_many_are_not_all_listed() -> None:
    nothing = section(morning_page(replace(morning(10), changes=[replace(changes_of(0), counties=())])))
    assert "<table" not in nothing
    many = section(morning_page(replace(morning(10), changes=[changes_of(SHOWN + 5)])))
    assert many.count("<tr") == SHOWN + 2
    assert texts("zh").say("morning.more_changes", count=5) in many
