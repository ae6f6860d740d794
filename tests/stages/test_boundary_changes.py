"""The demo province by a county layer of another date: told everywhere, and nothing handed out changes."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from math import fsum
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import openpyxl
import pytest
import shapely

from pipeline.geometry.area import Ellipsoid, area_m2
from pipeline.texts import texts
from tests.stages.runs import issues, run_stages, state, table, tree, tuban


def other_layer(folder: Path) -> dict[str, str]:
    """A later county layer: one county merged into its neighbour, one recoded, one renamed, one border moved.

    Gives the code of each by what happened to it: gone, into, recoded, renamed, gives, takes.
    """
    source = next((folder / "boundaries").glob("count*.gpkg"))
    frame = geopandas.read_file(source, engine="pyogrio")
    code = next(one for one in frame.columns if set(frame[one].astype(str)) == set(codes(folder)))
    name = next(one for one in frame.columns if set(frame[one].astype(str)) == set(names(folder)))
    frame = frame.set_index(code, drop=False)
    busy = sorted(codes(folder), key=lambda one: -held(folder)[one])
    gone = busy[0]
    into = next(one for one in busy[1:] if frame.geometry[one].intersection(frame.geometry[gone]).length > 0)
    gives, takes = neighbours(frame, [one for one in busy if one not in (gone, into)])
    renamed, recoded = [one for one in busy if one not in (gone, into, gives, takes)][:2]
    shapes = frame.geometry.to_dict()
    shapes[into] = shapely.union(shapes[into], shapes.pop(gone))
    middle = shapely.box(*shapely.bounds(shapes[gives])[:2], shapes[gives].centroid.x, shapely.bounds(shapes[gives])[3])
    strip = shapely.intersection(shapes[gives], middle)
    shapes[gives], shapes[takes] = shapely.difference(shapes[gives], strip), shapely.union(shapes[takes], strip)
    frame = frame.drop(index=gone)
    frame = frame.set_geometry([shapes[one] for one in frame.index], crs=frame.crs)
    frame.loc[renamed, name] = "新名区"
    frame.loc[recoded, code] = "320999"
    frame.to_file(folder / "boundaries" / "later.gpkg", layer="later", engine="pyogrio", index=False)
    return {"gone": gone, "into": into, "recoded": recoded, "renamed": renamed, "gives": gives, "takes": takes}


def neighbours(frame: Any, among: list[str]) -> tuple[str, str]:
    shared = {(a, b): frame.geometry[a].intersection(frame.geometry[b]).length for a in among for b in among if a != b}
    return max(shared, key=lambda pair: shared[pair])


def codes(folder: Path) -> list[str]:
    return [one["code"] for one in table(folder / "campaign.toml", "counties")]


def names(folder: Path) -> list[str]:
    return [one["name"] for one in table(folder / "campaign.toml", "counties")]


def held(folder: Path) -> dict[str, int]:
    return {
        code: one["pieces"] for code, one in state(folder / "campaign.toml", "clip_summary.json")["counties"].items()
    }


def with_other(campaign: Path) -> None:
    text = campaign.read_text(encoding="utf-8")
    dates = "counties_date = 2024-12-31\ncounties_other_date = 2026-01-01"
    inputs = f'[inputs]\n{dates}\ncounties_other = "boundaries/later.gpkg"\n'
    campaign.write_text(text.replace("[inputs]\n", inputs, 1), encoding="utf-8")


@pytest.fixture
def changed(finished: Path) -> tuple[Path, dict[str, str]]:
    return finished, other_layer(finished)


def test_what_changes_is_told_and_nothing_handed_out_is_touched(changed: tuple[Path, dict[str, str]]) -> None:
    folder, what = changed
    campaign, out = folder / "campaign.toml", folder / "out"
    before, text = tree(out), campaign.read_text(encoding="utf-8")
    with_other(campaign)
    assert tuban("run", campaign).exit_code == 0
    after = tree(out)
    assert {one for one in after if after[one] != before.get(one) and one.startswith("counties/")} == set()
    assert after.keys() - before.keys() == {
        "tables/counties_other.parquet", "tables/moves.parquet", "reports/boundary_changes.csv",
    }  # fmt: skip
    check_counties(campaign, what)
    check_parts(campaign)
    check_reports(campaign, what)
    campaign.write_text(text, encoding="utf-8")
    assert tuban("run", campaign).exit_code == 0
    assert tree(out) == before


def check_counties(campaign: Path, what: dict[str, str]) -> None:
    """What happened to each county, and how much ground goes and comes."""
    made = state(campaign, "moves.json")
    found = {one["code"]: one for one in made["counties"]}
    told = {one: found[what[one]]["change"] for one in ("gone", "recoded", "renamed")}
    assert told == {one: one for one in told}
    assert found[what["recoded"]]["other_code"] == "320999"
    assert found[what["gone"]]["other_code"] == ""
    assert found[what["into"]]["coming"] == found[what["gone"]]["going"] == found[what["gone"]]["pieces"] > 0
    assert found[what["into"]]["comes_m2"] == pytest.approx(found[what["gone"]]["goes_m2"], rel=1e-9)
    assert found[what["takes"]]["comes_m2"] == pytest.approx(found[what["gives"]]["goes_m2"], rel=1e-9)
    assert found[what["renamed"]]["goes_m2"] == found[what["recoded"]]["goes_m2"] == 0
    account, parts = made["account_m2"], ("same", "moved", "sliver", "nowhere")
    assert fsum(account[one] for one in parts) - account["double"] == pytest.approx(account["inside"], rel=1e-9)
    assert account["inside"] == pytest.approx(state(campaign, "clip_summary.json")["area_m2"]["inside"], rel=1e-12)
    assert made["unbalanced"] == []
    said = [one["facts"]["what"] for one in issues(campaign) if one["code"] == "COUNTY_CHANGED"]
    assert len(said) == 3


def check_parts(campaign: Path) -> None:
    """Each pair of counties has the ground that an overlay of the two layers finds by itself."""
    later = geopandas.read_file(campaign.parent / "boundaries" / "later.gpkg", engine="pyogrio")
    key = next(one for one in later.columns if "320999" in set(later[one].astype(str)))
    pieces = geopandas.read_parquet(campaign.parent / "out/tables/pieces.parquet")
    cut = geopandas.overlay(
        pieces[["county_code", "geometry"]], later[[key, "geometry"]].to_crs(pieces.crs), keep_geom_type=True
    )
    expected: dict[tuple[str, str], list[float]] = defaultdict(list)
    areas = area_m2(np.asarray(cut.geometry), Ellipsoid())
    for mine, other, area in zip(cut["county_code"], cut[key].astype(str), areas.tolist(), strict=True):
        expected[mine, other].append(area)
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for one in table(campaign, "moves"):
        found[one["county_code"], one["other_code"]].append(one["area_m2"])
    for pair, parts in found.items():
        assert pair[0] != pair[1]
        assert pair[1] == "" or fsum(parts) == pytest.approx(fsum(expected[pair]), rel=1e-6, abs=0.01)
    unsaid = {mine: other for mine, other in expected if mine != other and (mine, other) not in found}
    assert all(other == "320999" or fsum(expected[mine, other]) < 0.01 for mine, other in unsaid.items())


def check_reports(campaign: Path, what: dict[str, str]) -> None:
    reports, words = campaign.parent / "out" / "reports", texts("zh")
    books = json.loads((reports / "balance.json").read_bytes())
    assert books["county_layer"] == {"date": "2024-12-31", "other_date": "2026-01-01"}
    assert books["moves_m2"] == state(campaign, "moves.json")["account_m2"]
    moves = table(campaign, "moves")
    head, *rows = list(csv.reader((reports / "boundary_changes.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert head[0] == words["moves.column.patch_no"]
    assert [row[-1] for row in rows] == [one["patch_uid"] for one in moves]
    assert {row[6] for row in rows} <= {words[f"moves.kind.{one}"] for one in ("moved", "sliver", "nowhere")}
    page = (reports / "index.html").read_text(encoding="utf-8")
    assert words.say("morning.county_layer", date="2024年12月31日") in page
    assert 'id="changes"' in page
    sheet = openpyxl.load_workbook(reports / "rollup.xlsx")[words["rollup.sheet.changes"]]
    listed = [one["code"] or one["other_code"] for one in state(campaign, "moves.json")["counties"]]
    assert [sheet.cell(at, 1).value or sheet.cell(at, 3).value for at in range(5, 5 + len(listed))] == listed
    moved = next(one for one in moves if one["county_code"] == what["gone"])
    told = tuban("explain", campaign, moved["patch_uid"]).stdout
    assert "county layer of 2024-12-31" in told
    assert (
        f"by the other county layer (2026-01-01) {moved['area_m2']:,.2f} m2 (moved) would be of {what['into']}" in told
    )


def test_a_changed_other_layer_recuts_no_county(changed: tuple[Path, dict[str, str]]) -> None:
    folder, _ = changed
    campaign = folder / "campaign.toml"
    slices = state(campaign, "slices.json")
    with_other(campaign)
    run_stages(campaign, "ingest", "clip")
    assert state(campaign, "slices.json") == slices
    first = (folder / "out/tables/moves.parquet").read_bytes()
    later = folder / "boundaries" / "later.gpkg"
    frame = geopandas.read_file(later, engine="pyogrio").iloc[:-1]
    frame.to_file(later, layer="later", engine="pyogrio")
    run_stages(campaign, "ingest", "clip")
    assert state(campaign, "slices.json") == slices
    assert (folder / "out/tables/moves.parquet").read_bytes() != first
    assert state(campaign, "moves.json")["account_m2"]["nowhere"] > 0


def test_a_date_of_no_layer_is_refused(world: Path) -> None:
    campaign = world / "campaign.toml"
    text = campaign.read_text(encoding="utf-8")
    campaign.write_text(text.replace("[inputs]\n", "[inputs]\ncounties_other_date = 2026-01-01\n", 1), encoding="utf-8")
    result = tuban("settings", campaign)
    assert result.exit_code == 2
    assert "counties_other is missing" in result.stderr
