"""Clip on the tiny province: the accounts close, and each county's slice depends on nothing else."""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import Decimal
from math import fsum
from pathlib import Path

import pyogrio
import pytest

from tests.stages.runs import issues, run_stages, state, table


@pytest.fixture
def campaign(world: Path) -> Path:
    run_stages(world / "campaign.toml", "ingest", "clip")
    return world / "campaign.toml"


def test_areas_balance_patch_by_patch(campaign: Path) -> None:
    parts: dict[str, list[float]] = defaultdict(list)
    for one in table(campaign, "pieces") + table(campaign, "remainders"):
        parts[one["patch_uid"]].append(one["area_m2"])
    patches = table(campaign, "patches")
    assert set(parts) == {one["patch_uid"] for one in patches}
    for one in patches:
        assert fsum(parts[one["patch_uid"]]) == pytest.approx(one["area_m2"], rel=1e-9)


def test_pieces_are_numbered_and_shares_sum_to_what_lies_inside(campaign: Path) -> None:
    pieces: dict[str, list[dict]] = defaultdict(list)
    for one in table(campaign, "pieces"):
        pieces[one["patch_uid"]].append(one)
    assert max(len(one) for one in pieces.values()) == 3
    for own in pieces.values():
        own.sort(key=lambda one: one["piece_no"])
        assert [one["piece_no"] for one in own] == list(range(1, len(own) + 1))
        assert {one["piece_count"] for one in own} == {len(own)}
        assert [one["area_m2"] for one in own] == sorted((one["area_m2"] for one in own), reverse=True)


def test_pages_run_without_gap_and_fragments_have_none(campaign: Path) -> None:
    pages: dict[str, list[int]] = defaultdict(list)
    for one in table(campaign, "pieces"):
        assert (one["seq"] == 0) == (not one["asked"]) == (one["not_asked_reason"] == "fragment")
        if one["asked"]:
            pages[one["county_code"]].append(one["seq"])
    assert all(own == list(range(1, len(own) + 1)) for own in pages.values())
    assert state(campaign, "clip_summary.json")["pieces"]["not_asked"]["fragment"] == 1


def test_slices_do_not_know_where_a_patch_came_from(campaign: Path, world: Path) -> None:
    before = state(campaign, "slices.json")
    source = next((world / "deliveries").glob("*.gpkg"))
    frame = pyogrio.read_dataframe(source)
    source.unlink()
    frame.iloc[::-1].to_file(world / "deliveries" / "turned.gpkg", layer="x", engine="pyogrio")
    run_stages(campaign, "ingest", "clip")
    after = state(campaign, "slices.json")
    # of two records of one patch that say different things the first row counts, and the first row is another now
    told = json.loads((world / "demo.json").read_text(encoding="utf-8"))["troubles"]["duplicate_differs"]
    assert {code for code in before if after[code] != before[code]} <= {told["county_code"]}
    assert set(after) == set(before)


def test_one_changed_attribute_touches_only_its_counties(campaign: Path, world: Path) -> None:
    before = state(campaign, "slices.json")
    source = next((world / "deliveries").glob("*.gpkg"))
    frame = pyogrio.read_dataframe(source)
    column = next(one for one in frame.columns if one.upper() in ("BZ", "REMARK", "备注"))
    frame.loc[0, column] = "changed"
    layer = pyogrio.list_layers(source)[0][0]
    source.unlink()
    frame.to_file(source, layer=layer, engine="pyogrio")
    run_stages(campaign, "ingest", "clip")
    after = state(campaign, "slices.json")
    changed = {code for code in after if after[code]["digest"] != before[code]["digest"]}
    uid = next(one["patch_uid"] for one in table(campaign, "patches") if one["remark"] == "changed")
    assert changed == {one["county_code"] for one in table(campaign, "pieces") if one["patch_uid"] == uid}


def set_clip(campaign: Path, **settings: object) -> None:
    """Set keys of `[clip]` and clip again; what was ingested stays."""
    text = campaign.read_text(encoding="utf-8").partition("\n[clip]")[0]
    lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in settings.items())
    campaign.write_text(f"{text}\n[clip]\n{lines}\n", encoding="utf-8")
    run_stages(campaign, "clip")


def inside_and_outside(campaign: Path) -> float:
    area = state(campaign, "clip_summary.json")["area_m2"]
    assert area["inside"] + area["outside"] - area["double"] == pytest.approx(area["accepted"], rel=1e-9)
    return float(area["outside"])


def test_ways_to_share_a_patch_out(campaign: Path) -> None:
    split = {(one["patch_uid"], one["county_code"]): one for one in table(campaign, "pieces")}
    outside = inside_and_outside(campaign)

    set_clip(campaign, mode="assign")
    whole = table(campaign, "pieces")
    assert {one["piece_count"] for one in whole} == {1}
    assert all(split[one["patch_uid"], one["county_code"]]["piece_no"] == 1 for one in whole)
    assert inside_and_outside(campaign) < outside
    given = [one for one in issues(campaign, "clip") if one["code"] == "GIVEN_WHOLE"]
    assert len(given) == len(split) - len(whole)

    set_clip(campaign, slivers="issue", sliver_m2=1e6, sliver_width_m=1e6)
    told = [one["not_asked_reason"] for one in table(campaign, "pieces") if one["piece_no"] > 1]
    assert set(told) == {"sliver"}
    assert state(campaign, "clip_summary.json")["pieces"]["not_asked"]["sliver"] == len(told)
    assert inside_and_outside(campaign) == outside

    set_clip(campaign, slivers="merge", sliver_m2=1e6, sliver_width_m=1e6)
    assert len(table(campaign, "pieces")) == len(whole)
    assert inside_and_outside(campaign) == pytest.approx(outside)

    set_clip(campaign, minimum_m2=1e9)
    assert {one["not_asked_reason"] for one in table(campaign, "pieces")} == {"minimum"}
    assert state(campaign, "slices.json") == {}


def test_reported_areas_of_the_parts_sum_to_the_figure_as_delivered(campaign: Path) -> None:
    parts: dict[str, list[Decimal]] = defaultdict(list)
    for one in table(campaign, "pieces") + table(campaign, "remainders"):
        if one["area_reported_share"]:
            parts[one["patch_uid"]].append(Decimal(one["area_reported_share"]))
    told = {one["patch_uid"]: one["area_reported"] for one in table(campaign, "patches")}
    assert any(len(one) > 1 for one in parts.values())
    for uid, shares in parts.items():
        assert sum(shares) == Decimal(told[uid])
