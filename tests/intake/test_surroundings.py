"""Towns, roads and places: each county has its own, a broken file costs nothing, a changed road costs its counties."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pypdf
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from pipeline.intake.surroundings import REACH_DEG, Feature, around, near
from pipeline.io.slices import read_around
from tests.intake.test_deliveries import box, campaign, layer
from tests.stages.runs import issues, run_stages, state, tuban

__all__ = ["campaign"]
WEST, EAST = "620101", "620102"  # 105 to 106 and 106 to 107 degrees east, both 34 to 35 north
LINE = shapely.LineString([(105.49, 34.1), (105.51, 34.1)])


@pytest.fixture
def told(campaign: Path) -> Path:
    """A patch in each county, and words for all three kinds of surroundings."""
    folder = campaign.parent
    layer(folder / "deliveries" / "good.gpkg", [box(105.5), box(106.5)], JCBH=["1", "2"])
    text = campaign.read_text(encoding="utf-8")
    keys = '\ntowns = "around/towns*"\nroads = ["around/roads*"]\nplaces = "around/places*"\n'
    campaign.write_text(text.replace("[inputs]", f"[inputs]{keys}"), encoding="utf-8")
    (folder / "around").mkdir()
    towns = [shapely.box(105, 34, 105.5, 35), shapely.box(105.5, 34, 106, 35)]
    layer(folder / "around" / "towns.gpkg", towns, XZQMC=["西镇", "东镇"])
    road = shapely.LineString([(105.4, 34.1005), (106.6, 34.1005)])
    layer(folder / "around" / "roads.gpkg", [road], LXMC=["S201"])
    layer(folder / "around" / "places.gpkg", [shapely.Point(105.502, 34.102)], DMMC=["上坪村"])
    return campaign


def seen(campaign: Path, code: str) -> dict[str, list[str]]:
    told = read_around(campaign.parent / "out" / ".state" / "surroundings" / f"{code}.arrow")
    return {kind: [name for name, _ in found] for kind, found in told.items()}


def outcomes(campaign: Path) -> list[dict[str, Any]]:
    path = campaign.parent / "out" / "log" / "outcomes.jsonl"
    return [json.loads(one) for one in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def rebuilt(campaign: Path) -> dict[str, str]:
    """Which books were drawn by this run, and why."""
    before = len(outcomes(campaign))
    run_stages(campaign, "ingest", "clip", "render")
    return {one["unit"]: one["why"] for one in outcomes(campaign)[before:] if one["stage"] == "render"}


def test_each_county_gets_what_lies_about_it(told: Path) -> None:
    run_stages(told, "ingest")
    assert seen(told, WEST) == {"places": ["上坪村"], "roads": ["S201"], "towns": ["东镇", "西镇"]}
    assert seen(told, EAST) == {"roads": ["S201"], "towns": ["东镇"]}  # the border town reaches it
    assert set(state(told, "surroundings.json")) == {WEST, EAST}


def test_one_changed_road_rebuilds_only_the_counties_it_touches(told: Path) -> None:
    assert rebuilt(told) == {WEST: "never done", EAST: "never done"}
    assert rebuilt(told) == {}
    roads = told.parent / "around" / "roads.gpkg"
    long_way = [(105.4, 34.1005), (106.4, 34.1005), (106.6, 34.2)]  # mended in the east, the same in the west
    layer(roads, [shapely.LineString(long_way)], LXMC=["S201"])
    assert rebuilt(told) == {EAST: "surroundings changed"}
    roads.rename(roads.with_name("roads of 2025.gpkg"))
    assert rebuilt(told) == {}
    (told.parent / "around" / "places.gpkg").unlink()
    text = told.read_text(encoding="utf-8")
    told.write_text(text.replace('places = "around/places*"', ""), encoding="utf-8")
    assert rebuilt(told) == {WEST: "surroundings changed"}
    assert "places" not in seen(told, WEST)


def test_names_stand_on_the_sheets(told: Path) -> None:
    run_stages(told, "ingest", "clip", "render")
    book = told.parent / "out" / ".state" / "work" / "render" / WEST / f"{WEST}_sheets.pdf"
    words = [one.extract_text() for one in pypdf.PdfReader(book).pages]
    assert "西镇" in words[0]
    assert "S201" in words[-1]
    assert "上坪村" in words[-1]
    assert tuban("proof", told).exit_code == 0
    proof = pypdf.PdfReader(told.parent / "out" / "proof.pdf")
    assert "上坪村" in "".join(one.extract_text() for one in proof.pages)


def test_a_broken_file_is_an_issue_and_nothing_more(told: Path) -> None:
    folder = told.parent / "around"
    (folder / "towns.gpkg").write_bytes(b"no package")
    (folder / "towns.docx").write_bytes(b"letter")
    layer(folder / "places.gpkg", [LINE, shapely.Point(105.5, 34.1), shapely.Point(500, 34.1)], DMMC=["甲", "乙", "丙"])
    layer(folder / "roads.gpkg", [LINE], crs=None, LXMC=["S9"])
    run_stages(told, "ingest", "clip", "render", "export", "collect", "report")
    assert state(told, "ingest_summary.json")["refused_files"] == []
    said = [(one["code"], one["facts"]["file"]) for one in issues(told, "ingest") if "SURR" in one["code"]]
    assert sorted(said) == [
        ("SURROUNDINGS_LEFT_OUT", "places.gpkg"),
        ("SURROUNDINGS_UNREAD", "roads.gpkg"),
        ("SURROUNDINGS_UNREAD", "towns.docx"),
        ("SURROUNDINGS_UNREAD", "towns.gpkg"),
    ]
    assert seen(told, WEST) == {"places": ["乙"]}


def test_outlines_that_cross_themselves_are_mended_and_settlements_become_points(told: Path) -> None:
    folder = told.parent / "around"
    layer(
        folder / "towns.gpkg",
        [shapely.Polygon([(105.1, 34.1), (105.2, 34.2), (105.2, 34.1), (105.1, 34.2)])],
        MC=["镇"],
    )
    layer(folder / "places.gpkg", [box(105.502)], DMMC=["村"])
    run_stages(told, "ingest")
    found = read_around(told.parent / "out" / ".state" / "surroundings" / f"{WEST}.arrow")
    assert shapely.is_valid(found["towns"][0][1])
    assert found["places"][0][1].geom_type == "Point"


# -- laws --------------------------------------------------------------------------------------------------

spots = st.tuples(st.floats(-0.2, 2.2), st.floats(-0.2, 1.2))
things = st.lists(
    st.one_of(
        st.builds(lambda at, name: Feature("places", name, shapely.Point(at).wkb), spots, st.sampled_from("甲乙")),
        st.builds(
            lambda a, b, name: Feature("roads", name, shapely.LineString([a, b]).wkb), spots, spots, st.just("")
        ).filter(lambda one: shapely.from_wkb(one.wkb).length > 0),
    ),
    max_size=8,
)
COUNTIES = np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)], object)


def dealt(features: list[Feature]) -> dict[int, list[tuple[str, str, bytes]]]:
    return {
        at: list(zip(one.kinds, one.names, shapely.to_wkb(one.geometry), strict=True))
        for at, one in near(around(features), COUNTIES)
    }


@given(things, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_repetitions_change_nothing(features: list[Feature], chance: Any) -> None:
    shuffled = features + features[:2]
    chance.shuffle(shuffled)
    assert dealt(shuffled) == dealt(features)


@given(things)
def test_nothing_within_reach_is_lost_and_nothing_beyond_it_is_told(features: list[Feature]) -> None:
    made = dealt(features)
    for at, county in enumerate(COUNTIES):
        west, south, east, north = county.bounds
        reach = shapely.box(west - REACH_DEG, south - REACH_DEG, east + REACH_DEG, north + REACH_DEG)
        ground = {(one.kind, one.name, one.wkb): shapely.from_wkb(one.wkb) for one in features}
        roads = sum(shape.intersection(reach).length for key, shape in ground.items() if key[0] == "roads")
        places = {key for key, shape in ground.items() if key[0] == "places" and shape.intersects(reach)}
        mine = made.get(at, [])
        assert {one for one in mine if one[0] == "places"} == places
        lengths = [shapely.from_wkb(blob).length for kind, _, blob in mine if kind == "roads"]
        assert sum(lengths) == pytest.approx(roads, abs=1e-9)
