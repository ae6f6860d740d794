"""The county layer on entry: what is wrong with it is mended on record or reported, with the patches it concerns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas
import pytest
import shapely

from tests.stages.runs import issues, run_stages, table, tuban

CAMPAIGN = """
[campaign]
id = "T1"
title = "t"
language = "en"
[inputs]
patches = "patches.gpkg"
counties = "counties.gpkg"
"""
WEST, EAST = shapely.box(105, 34, 106, 35), shapely.box(106, 34, 107, 35)


def layer(path: Path, shapes: list[Any], **columns: list[Any]) -> None:
    geopandas.GeoDataFrame(columns, geometry=shapes, crs=4490).to_file(path, layer="p", engine="pyogrio")


def clipped(folder: Path, counties: list[Any], codes: list[str], names: list[str], patches: list[Any]) -> Path:
    layer(folder / "counties.gpkg", counties, XZQDM=codes, XZQMC=names)
    layer(folder / "patches.gpkg", patches, JCBH=[str(at) for at in range(len(patches))])
    (folder / "campaign.toml").write_text(CAMPAIGN, encoding="utf-8")
    run_stages(folder / "campaign.toml", "ingest", "clip")
    return folder / "campaign.toml"


def on_the_border(lat: float) -> Any:
    return shapely.box(105.999, lat, 106.003, lat + 0.001)


def codes(campaign: Path) -> list[str]:
    return [one["code"] for one in issues(campaign)]


def test_counties_that_fit_are_not_spoken_of(tmp_path: Path) -> None:
    campaign = clipped(tmp_path, [WEST, EAST], ["620101", "620102"], ["A", "B"], [on_the_border(34.1)])
    assert table(campaign, "borders") == []
    assert "COUNTIES_DISAGREE" not in codes(campaign)


@pytest.mark.parametrize(("reach", "kind"), [(0.002, "overlap"), (0.000005, "sliver_overlap")])
def test_an_overlap_is_reported_once_with_the_patches_on_it(tmp_path: Path, reach: float, kind: str) -> None:
    west = shapely.box(105, 34, 106 + reach, 35)
    patches = [on_the_border(34.1), on_the_border(34.2), shapely.box(105.5, 34.5, 105.501, 34.501)]
    campaign = clipped(tmp_path, [west, EAST], ["620101", "620102"], ["A", "B"], patches)
    (one,) = table(campaign, "borders")
    assert (one["kind"], one["county_a"], one["county_b"], one["patches"]) == (kind, "620101", "620102", 2)
    assert codes(campaign).count("COUNTIES_DISAGREE") == 1
    assert codes(campaign).count("CLAIMED_TWICE") == 2


def test_a_hole_that_no_county_fills_is_a_gap_and_an_enclave_fills_it(tmp_path: Path) -> None:
    hole = shapely.box(105.4, 34.4, 105.5, 34.5)
    patches = [shapely.box(105.45, 34.45, 105.451, 34.451)]
    campaign = clipped(tmp_path, [WEST.difference(hole), EAST], ["620101", "620102"], ["A", "B"], patches)
    (one,) = table(campaign, "borders")
    assert (one["kind"], one["county_a"], one["county_b"], one["patches"]) == ("gap", "620101", "", 1)
    layer(tmp_path / "counties.gpkg", [WEST.difference(hole), hole], XZQDM=["620101", "620103"], XZQMC=["A", "C"])
    run_stages(campaign, "ingest", "clip")
    assert table(campaign, "borders") == []
    assert [one["county_code"] for one in table(campaign, "pieces")] == ["620103"]


def test_a_faulty_outline_is_mended_on_record_and_one_code_of_two_names_is_told(tmp_path: Path) -> None:
    spike = shapely.Polygon([(105, 34), (106, 34), (106, 34.5), (105.5, 34.5), (106, 34.5), (106, 35), (105, 35)])
    campaign = clipped(
        tmp_path, [spike, EAST, shapely.box(107, 34, 108, 35)], ["620101", "620102", "620102"], ["A", "B", "C"],
        [on_the_border(34.1)],
    )  # fmt: skip
    assert codes(campaign).count("COUNTY_REPAIRED") == 1
    (doubled,) = [one for one in issues(campaign) if one["code"] == "COUNTY_DOUBLED"]
    assert doubled["facts"] == {"count": 2, "names": "B, C"}


def test_a_corner_on_one_side_of_a_border_only_is_told_but_is_no_gap(tmp_path: Path) -> None:
    west = shapely.Polygon([(105, 34), (106, 34), (106, 34.5), (106, 35), (105, 35)])
    campaign = clipped(tmp_path, [west, EAST], ["620101", "620102"], ["A", "B"], [on_the_border(34.1)])
    assert "BORDERS_UNEVEN" in codes(campaign)
    assert "COUNTIES_DISAGREE" not in codes(campaign)


def test_codes_that_are_none_of_the_table_are_told(tmp_path: Path) -> None:
    campaign = clipped(tmp_path, [WEST, EAST], ["990101", "620000"], ["A", "B"], [on_the_border(34.1)])
    (odd,) = [one for one in issues(campaign) if one["code"] == "COUNTY_CODE_ODD"]
    assert odd["facts"] == {"count": 2, "codes": "620000, 990101"}


@pytest.mark.parametrize("code", ["../../x", "javascript:alert(1)//", "a b", "x" * 41])
def test_a_code_that_could_not_name_a_folder_is_refused_before_anything_is_written(tmp_path: Path, code: str) -> None:
    layer(tmp_path / "counties.gpkg", [WEST], XZQDM=[code], XZQMC=["A"])
    layer(tmp_path / "patches.gpkg", [shapely.box(105.5, 34.5, 105.501, 34.501)], JCBH=["1"])
    (tmp_path / "campaign.toml").write_text(CAMPAIGN, encoding="utf-8")
    result = tuban("run", tmp_path / "campaign.toml")
    assert result.exit_code == 4
    assert "counties.gpkg row 1: county code" in result.stderr
    assert not (tmp_path / "out" / "counties").exists()
