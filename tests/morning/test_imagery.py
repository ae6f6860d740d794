"""What the morning page tells of imagery: the counties with most to look at, and nothing where there is nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.accounts import CountyStatus
from pipeline.issues import Code, Issue
from pipeline.morning.imagery import SHOWN, imagery_doubts
from pipeline.texts import texts
from tests.morning import province

WORDS = texts("en")


def plain(count: int) -> list[CountyStatus]:
    return [replace(one, bare_frames=0, problem="") for one in province.counties(count)]


def issue(code: Code, county: str, **facts: str) -> Issue:
    return Issue(code, "render", facts, county_code=county)


def test_nothing_is_told_where_there_is_nothing() -> None:
    counties = plain(5)
    strange = [issue(Code.UNANNOUNCED, counties[0].code), Issue(Code.IMAGERY_UNDATED, "ingest", {"file": "a.tif"})]
    assert imagery_doubts(counties, strange, WORDS) is None


def test_the_worst_stand_first_and_the_rest_is_counted() -> None:
    counties = [replace(one, bare_frames=at) for at, one in enumerate(plain(15))]
    told = imagery_doubts(counties, [], WORDS)
    assert told is not None
    places = [told.find(one.code) for one in reversed(counties)]
    assert places[:SHOWN] == sorted(places[:SHOWN])
    assert min(places[:SHOWN]) > 0
    assert set(places[SHOWN:]) == {-1}
    assert "4 more counties" in told


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_kind_of_doubt_has_its_column(language: str) -> None:
    counties = plain(3)
    code = counties[1].code
    shift = {"before": "b.tif", "after": "a.tif", "pixels": "3.1", "metres": "6.2", "direction": "east", "small": "0.5"}
    found = [
        *[issue(Code.POSSIBLE_CLOUD, code)] * 7,
        *[issue(Code.IMAGERY_OTHER_DATE, code)] * 5,
        *[issue(Code.IMAGERY_BROKEN, code, file=f"<b>{at % 4}.tif", share="1") for at in range(8)],
        issue(Code.IMAGERY_APART, code, **shift | {"pixels": "1.2"}),
        issue(Code.IMAGERY_APART, code, **shift),
    ]
    told = imagery_doubts(counties, found, texts(language))
    assert told is not None
    row = told.partition("<tbody>")[2]
    assert row.count("<tr") == 1
    cells = [one.partition(">")[2] for one in row.split("<td")[1:]]
    assert cells[0] == code
    assert cells[2:5] == ["", "7", "5"]
    assert "3.1" in cells[5]
    assert "6.2" in cells[5]
    assert cells[6].count("&lt;b&gt;") == 3
    assert "4" in cells[6]
    assert "<b>" not in row
