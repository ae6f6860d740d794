"""A county layer of another date: what would change its county is told, and every square metre accounted for."""

from __future__ import annotations

from math import fsum
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.cutting.county_changes import boundary_changes
from pipeline.cutting.moves import moves_of, recoded_counties
from pipeline.geometry.area import Ellipsoid, area_m2
from pipeline.io.tables import GEOMETRY
from pipeline.stages.clip import Section
from tests.intake.test_counties import CAMPAIGN, layer
from tests.stages.runs import issues, run_stages, state, table

E = Ellipsoid()


def box(west: float, east: float, south: float = 34.0, north: float = 35.0) -> Any:
    return shapely.box(west, south, east, north)


def counties(**shapes: Any) -> pa.Table:
    wkb = pa.array(shapely.to_wkb(np.array(list(shapes.values()), object)), pa.binary())
    return pa.table({"code": list(shapes), "name": [code.upper() for code in shapes], GEOMETRY: wkb})


def pieces(*given: tuple[str, Any]) -> pa.Table:
    shapes = np.array([shape for _, shape in given], object)
    columns: dict[str, Any] = {
        "patch_uid": [f"U{at}" for at in range(len(given))],
        "patch_no": [str(at) for at in range(len(given))],
        "piece_no": [1] * len(given),
        "county_code": [code for code, _ in given],
        "county_name": [code.upper() for code, _ in given],
        "area_m2": area_m2(shapes, E),
        GEOMETRY: pa.array(shapely.to_wkb(shapes), pa.binary()),
    }
    return pa.table(columns)


def told(given: pa.Table, now: pa.Table, other: pa.Table) -> list[tuple[str, str, str]]:
    made = moves_of(given, now, other, E, Section(), "EPSG:4490").layer.to_pylist()
    return [(one["patch_uid"], one["other_code"], one["kind"]) for one in made]


NOW = counties(a=box(105, 106), b=box(106, 107))


def test_only_what_changes_its_county_is_told() -> None:
    given = pieces(("a", box(105.5, 105.51)), ("a", box(105.99, 106)), ("b", box(106, 106.01)))
    assert told(given, NOW, NOW) == []
    assert told(given, NOW, counties(a=box(105, 105.995), b=box(105.995, 107))) == [("U1", "b", "moved")]
    assert told(given, NOW, counties(a=box(105, 107))) == [("U2", "a", "moved")]


def test_the_same_layer_changes_nothing_where_borders_wind() -> None:
    """A piece cut at a border has its new corners a last digit beside it: that is no ground of the other county."""
    rng = np.random.default_rng(5)
    line = np.column_stack([106 + rng.normal(0, 0.01, 400), np.linspace(34, 35, 400)])
    west, east = (shapely.Polygon([*line, (side, 35), (side, 34)]) for side in (105, 107))
    now = counties(a=west, b=east)
    patches = [shapely.Point(106, lat).buffer(0.004) for lat in rng.uniform(34.1, 34.9, 200)]
    parts = [(code, one & shape) for one in patches for code, shape in (("a", west), ("b", east))]
    assert told(pieces(*(one for one in parts if one[1].area > 0)), now, now) == []


def test_a_county_that_only_changed_its_code_moves_nothing() -> None:
    other = counties(a=box(105, 106), c=box(106, 107))
    assert recoded_counties(NOW, other) == {"b": "c"}
    assert told(pieces(("b", box(106.1, 106.2))), NOW, other) == []


def test_ground_of_no_county_and_slivers_are_told_as_such() -> None:
    given = pieces(("b", box(106.9, 106.99, 34.5, 34.51)), ("a", box(105.9999, 106, 34.5, 34.5001)))
    other = counties(a=box(105, 105.999999), b=box(105.999999, 106.95))
    assert told(given, NOW, other) == [("U0", "", "nowhere"), ("U1", "b", "sliver")]


def test_a_small_piece_that_goes_whole_is_no_sliver() -> None:
    given = pieces(("b", box(106, 106.00001, 34.5, 34.50001)))
    assert told(given, NOW, counties(a=box(105, 107))) == [("U0", "a", "moved")]


@settings(max_examples=40, deadline=None)
@given(st.floats(105.2, 106.8), st.floats(105.2, 106.8), st.floats(-0.2, 0.2), st.integers(0, 2**31))
def test_the_account_closes(border: float, other_border: float, gap: float, seed: int) -> None:
    """Whatever the other layer is, with a gap or an overlap: inside = same + moved + sliver + nowhere − double."""
    rng = np.random.default_rng(seed)
    now = counties(a=box(105, border), b=box(border, 107))
    other = counties(a=box(105, other_border), c=box(other_border + gap, 107.0, 34.1))
    given = []
    for x, y in rng.uniform([105, 34], [106.9, 34.9], (12, 2)):
        patch = shapely.Point(x, y).buffer(0.05)
        given += [(code, patch & shapely.from_wkb(wkb)) for code, _, wkb in zip(*now.to_pydict().values(), strict=True)]
    kept = [(code, shape) for code, shape in given if shape.area > 0]
    moves = moves_of(pieces(*kept), now, other, E, Section(), "EPSG:4490")
    account = moves.account
    sums = account["same"] + account["moved"] + account["sliver"] + account["nowhere"] - account["double"]
    assert sums == pytest.approx(account["inside"], rel=1e-9)
    assert moves.unbalanced == []
    told = boundary_changes(moves, pieces(*kept), now, other).counties
    assert fsum(one.goes_m2 for one in told) == pytest.approx(account["moved"], rel=1e-12)
    assert fsum(one.comes_m2 for one in told) == pytest.approx(account["moved"], rel=1e-12)
    assert fsum(one.nowhere_m2 + one.sliver_m2 for one in told) == pytest.approx(
        account["nowhere"] + account["sliver"], rel=1e-12
    )


def test_from_the_campaign_to_the_issue_and_back(tmp_path: Path) -> None:
    layer(tmp_path / "counties.gpkg", [box(105, 106), box(106, 107)], XZQDM=["620101", "620102"], XZQMC=["A", "B"])
    now = [box(105, 105.9), box(105.9, 107)]
    layer(tmp_path / "later.gpkg", now, XZQDM=["620101", "620109"], XZQMC=["A", "N"])
    shapes = [box(105.95, 105.951, 34.5, 34.501), box(105.5, 105.501, 34.5, 34.501)]
    layer(tmp_path / "patches.gpkg", shapes, JCBH=["1", "2"])
    campaign = tmp_path / "campaign.toml"
    with_other = CAMPAIGN + 'counties_other = "later.gpkg"\ncounties_other_date = 2026-01-01\n'
    campaign.write_text(with_other, encoding="utf-8")
    run_stages(campaign, "ingest", "clip")
    (one,) = table(campaign, "moves")
    assert (one["patch_no"], one["county_code"], one["other_code"], one["kind"]) == ("1", "620101", "620109", "moved")
    found = [one for one in issues(campaign) if one["code"].startswith("COUNTY_")]
    assert sorted(one["code"] for one in found) == ["COUNTY_CHANGED", "COUNTY_CHANGED", "COUNTY_OTHERWISE"]
    account = state(campaign, "moves.json")["account_m2"]
    assert account["moved"] == pytest.approx(one["area_m2"], rel=1e-9)
    campaign.write_text(CAMPAIGN, encoding="utf-8")
    run_stages(campaign, "ingest", "clip")
    assert not (tmp_path / "out/tables/moves.parquet").exists()
    assert not [one for one in issues(campaign) if one["code"].startswith("COUNTY_")]
