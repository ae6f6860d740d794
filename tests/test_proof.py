"""The proof and the plan: what a technician looks at before a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pypdf

from pipeline.county_jobs import CountySlice
from pipeline.proof import telling
from tests.stages.runs import run_stages, tree, tuban


def county(code: str, *boxes: tuple[str, tuple[float, float, float, float]]) -> CountySlice:
    scenes = tuple({"phase": phase, "box": list(box)} for phase, box in boxes)
    return CountySlice(code, "", (), 1, False, scenes)


def asked(**columns: list[object]) -> dict[str, np.ndarray]:
    count = len(columns["county_code"])
    usual: dict[str, list[object]] = {
        "patch_uid": [f"u{at}" for at in range(count)],
        "seq": list(range(1, count + 1)),
        "area_m2": [float(100 + at) for at in range(count)],
        "piece_count": [1] * count,
        "lon_deg": [0.5] * count,
        "lat_deg": [0.5] * count,
    }
    words: dict[str, list[object]] = {
        name: [""] * count for name in ("county_name", "town", "village", "patch_type_name", "patch_no")
    }
    return {name: np.array(values) for name, values in (usual | words | columns).items()}


def test_each_reason_finds_its_page() -> None:
    columns = asked(
        county_code=["11", "11", "11", "22", "22", "33"],
        seq=[1, 2, 3, 1, 2, 1],
        area_m2=[5.0, 50.0, 7.0, 1.0, 20.0, 9.0],
        piece_count=[1, 1, 2, 1, 2, 1],
        village=["", "", "", "", "", "a very long name"],
        lon_deg=[0.5, 0.5, 5.0, 0.5, 0.5, 0.5],
    )
    box = ("before", (0.0, 0.0, 1.0, 1.0))
    told = telling(columns, [county(code, box) for code in ("11", "22", "33")], {})
    assert told == {
        "11": {0: ("overview",), 2: ("largest",), 3: ("no_imagery",)},
        "22": {1: ("smallest",), 2: ("straddling",)},
        "33": {1: ("longest_name",)},
    }


def test_what_a_run_found_bare_counts_and_nothing_asked_tells_nothing() -> None:
    columns = asked(county_code=["11", "11"])
    assert "no_imagery" not in {
        one for reasons in telling(columns, [county("11")], {})["11"].values() for one in reasons
    }
    assert "no_imagery" in telling(columns, [county("11")], {"u1": 1})["11"][2]
    assert telling(asked(county_code=[]), [], {}) == {}


def test_a_proof_has_its_pages_and_touches_nothing_else(world: Path) -> None:
    campaign = world / "campaign.toml"
    refused = tuban("proof", campaign)
    assert refused.exit_code == 4
    assert "tuban clip" in refused.stderr
    run_stages(campaign, "ingest", "clip")
    before = tree(world)
    states = {one: one.read_bytes() for one in (world / "out" / ".state").rglob("*") if one.is_file()}
    made = tuban("proof", campaign)
    assert made.exit_code == 0, made.stderr
    read = pypdf.PdfReader(world / "out" / "proof.pdf")
    assert len(read.pages) == len(made.stdout.splitlines()) > 3
    assert read.outline[0].title.startswith("图斑最多的分布图 · ")  # type: ignore[union-attr]
    (world / "out" / "proof.pdf").unlink()
    assert tree(world) == before
    assert {one: one.read_bytes() for one in (world / "out" / ".state").rglob("*") if one.is_file()} == states


def test_a_plan_tells_pages_and_room(world: Path) -> None:
    campaign = world / "campaign.toml"
    early = tuban("plan", campaign).stdout
    assert "ingest: never done" in early
    assert "known when `tuban clip` has run" in early
    assert not (world / "out").exists()
    run_stages(campaign, "ingest", "clip")
    lines = tuban("plan", campaign).stdout.splitlines()
    rows = [one.split() for one in lines if one[:1].isdigit() and len(one.split()) == 5]
    pages = sum(int(one[1]) for one in rows)
    assert any(f"{len(rows)} counties, {pages} pages" in one for one in lines)
    assert any(f"render: {len(rows)} counties to do" in one for one in lines)
    assert lines[-1].startswith("disk: about ")
