"""Towns of shared patches on the tiny province: each piece is told its own, and clip depends on the layer of towns."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pyogrio
import pytest
import shapely

from tests.stages.runs import run_stages, table, tuban


@pytest.fixture
def campaign(world: Path) -> Path:
    run_stages(world / "campaign.toml", "ingest", "clip")
    return world / "campaign.toml"


def towns(campaign: Path) -> dict[str, Any]:
    """Ground by name: several counties have a town of one name."""
    told = sorted((one["name"], one["geometry"]) for one in table(campaign, "towns"))
    groups = itertools.groupby(told, lambda one: one[0])
    return {name: shapely.union_all(shapely.from_wkb([wkb for _, wkb in some])) for name, some in groups}


def renamed(campaign: Path) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Pieces with another town than their patch, and those patches."""
    patches = {one["patch_uid"]: one for one in table(campaign, "patches")}
    pairs = [(one, patches[one["patch_uid"]]) for one in table(campaign, "pieces")]
    return [(piece, patch) for piece, patch in pairs if piece["town"] != patch["town"]]


def clip_outcome(campaign: Path) -> dict[str, Any]:
    assert tuban("clip", campaign).exit_code == 0
    lines = (campaign.parent / "out" / "log" / "outcomes.jsonl").read_text(encoding="utf-8").splitlines()
    told: dict[str, Any] = json.loads(lines[-1])
    return told


def test_pieces_of_a_shared_patch_are_told_the_town_they_lie_in(campaign: Path) -> None:
    found = renamed(campaign)
    assert found
    where = towns(campaign)
    for piece, patch in found:
        assert piece["piece_count"] > 1
        assert shapely.intersects_xy(where[piece["town"]], piece["lon_deg"], piece["lat_deg"])
        assert not shapely.intersects_xy(where[patch["town"]], piece["lon_deg"], piece["lat_deg"])
        assert (piece["village"], bool(patch["village"])) == ("", True)
    others = {one["patch_uid"]: one for one in table(campaign, "patches")}
    for piece in table(campaign, "pieces"):
        if piece["town"] == others[piece["patch_uid"]]["town"]:
            assert piece["village"] == others[piece["patch_uid"]]["village"]


def test_pages_of_a_town_stand_together(campaign: Path) -> None:
    asked = [(one["county_code"], one["seq"], one["town"]) for one in table(campaign, "pieces") if one["asked"]]
    turns = [key for key, _ in itertools.groupby(sorted(asked), lambda one: (one[0], one[2]))]
    assert len(turns) == len(set(turns))


def test_without_a_layer_of_towns_all_is_as_delivered(campaign: Path) -> None:
    text = campaign.read_text(encoding="utf-8")
    campaign.write_text(text.replace("towns = ", "# towns = "), encoding="utf-8")
    run_stages(campaign, "ingest", "clip")
    assert not (campaign.parent / "out" / "tables" / "towns.parquet").exists()
    assert renamed(campaign) == []


def test_clip_runs_again_for_another_town_and_not_for_another_road(campaign: Path) -> None:
    roads = next((campaign.parent / "surroundings").glob("roads*"))
    frame = pyogrio.read_dataframe(roads).iloc[1:]
    roads.unlink()
    frame.to_file(roads, layer="roads", engine="pyogrio")
    run_stages(campaign, "ingest")
    assert clip_outcome(campaign)["stage"] == "ingest"  # clip is fresh, and fresh is not logged

    layer = campaign.parent / "boundaries" / "towns.gpkg"
    piece, _ = renamed(campaign)[0]
    frame = pyogrio.read_dataframe(layer)
    frame.loc[frame["XZQMC"] == piece["town"], "XZQMC"] = "新名镇"
    layer.unlink()
    frame.to_file(layer, layer="towns", engine="pyogrio")
    run_stages(campaign, "ingest")
    outcome = clip_outcome(campaign)
    assert (outcome["stage"], "towns" in outcome["why"]) == ("clip", True)
    assert "新名镇" in {one["town"] for one, _ in renamed(campaign)}
