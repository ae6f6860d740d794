"""Clip on the tiny province: the accounts close, and each county's slice depends on nothing else."""

from __future__ import annotations

import json
from collections import defaultdict
from math import fsum
from pathlib import Path

import pyogrio
import pytest

from tests.stages.runs import run_stages, state, table


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
