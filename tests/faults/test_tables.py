"""Every row of the fault tables: one run over all of them, the good delivery taken, each fault as it must be."""

from __future__ import annotations

import json
import re
from collections import Counter
from math import isclose
from pathlib import Path
from typing import Any

import pytest
import shapely

from pipeline.io import received
from pipeline.issue_words import sentence
from pipeline.issues import Issue
from tests.faults.builders import FAULTS
from tests.faults.campaign import GOOD, Happened, build_all, copied, ingested, spot_of
from tests.faults.fault import Fault
from tests.faults.makers import geojson, layer
from tests.stages.runs import table, tuban


def worded(one: dict[str, Any], language: str = "en") -> str:
    return sentence(Issue(**one), language)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda one: one.stem)
def test_each_fault_ends_as_it_must(everything: tuple[Path, Happened], fault: Fault) -> None:
    happened = everything[1]
    assert happened.counts_of(fault.stem) == fault.counts
    found = happened.issues_of(fault.stem)
    wanted = [one for one in found if not fault.code or re.fullmatch(fault.code, one["code"])]
    if fault.outcome == "accepted":
        assert not [one for one in found if one["code"] in ("FILE_UNREADABLE", "BAD_GEOMETRY", "OUTSIDE")]
        return
    assert wanted, [worded(one) for one in found]
    said = [worded(one).replace(fault.stem, "…") for one in wanted]
    assert any(re.search(fault.says, one, re.DOTALL) for one in said), said
    for one in wanted:
        assert all(fault.stem in worded(one, language) or one["patch_uid"] for language in ("en", "zh"))
        if fault.outcome == "refused":
            assert len(one["facts"]["hint"]) > 8


def test_the_good_delivery_is_taken(everything: tuple[Path, Happened]) -> None:
    assert everything[1].by_file[GOOD] == (2, 0, 0)


def test_every_record_stands_once(everything: tuple[Path, Happened]) -> None:
    campaign, happened = everything
    counts = Counter(one["status"] for one in happened.records)
    statuses = ("accepted", "quarantined", "duplicate")
    assert happened.summary["records"] == {"received": len(happened.records), **{one: counts[one] for one in statuses}}
    places = Counter(
        tuple(one[key] for key in ("source_file", "source_layer", "source_row")) for one in happened.records
    )
    assert set(places.values()) == {1}
    assert len(table(campaign, "quarantine")) == counts["quarantined"]
    by_file = Counter((one["source_file"], one["status"]) for one in happened.records)
    for file, (accepted, quarantined, duplicate) in happened.by_file.items():
        assert [by_file[file, one] for one in statuses] == [accepted, quarantined, duplicate]


def test_every_square_metre_stands_once(everything: tuple[Path, Happened]) -> None:
    campaign = everything[0]
    parts: Counter[str] = Counter()
    for one in [*table(campaign, "pieces"), *table(campaign, "remainders")]:
        parts[one["patch_uid"]] += one["area_m2"]
    patches = table(campaign, "patches")
    assert parts.keys() == {one["patch_uid"] for one in patches}
    for one in patches:
        assert isclose(parts[one["patch_uid"]], one["area_m2"], rel_tol=1e-9)


def test_an_edit_in_the_write_ahead_log_counts(everything: tuple[Path, Happened]) -> None:
    rows = [one for one in everything[1].records if one["source_file"] == "A8_open_with_its_log.gpkg"]
    assert [one["patch_no"] for one in rows] == ["late", "later", "3"]


def test_names_in_gbk_are_shown_in_hanzi(everything: tuple[Path, Happened]) -> None:
    assert "A15_names_in_gbk.zip/图斑.shp" in everything[1].by_file
    told = [one["facts"] for one in everything[1].found if one["source_file"] == "A15_names_in_gbk.zip"]
    assert [(one["encoding"], "names of the files" in one["evidence"]) for one in told] == [("gb18030", True)]


def test_hanzi_arrive_or_the_file_is_refused(everything: tuple[Path, Happened]) -> None:
    """Every encoding of row B6 that was taken gave the words that were written."""
    rows = [one for one in everything[1].records if one["source_file"].startswith("B6_")]
    assert len(rows) == 12
    assert {one for row in rows for one in (json.loads(row["delivered"])["XZQMC"],)} <= {
        "滕州市",
        "市州滕",
        "臺灣鄉鎮",
        "鎮鄉灣臺",
    }


def test_the_inbox_is_as_it_was(campaign: Path) -> None:
    """Row B12: reading leaves nothing beside the files and changes none."""
    inbox = campaign.parent / "deliveries"
    build_all(campaign, [one for one in FAULTS if one.row in ("A8", "A12", "A15", "B1", "B2", "B5")])
    before = [seen(one) for one in sorted(inbox.rglob("*"))]
    ingested(campaign, "ingest")
    assert [seen(one) for one in sorted(inbox.rglob("*"))] == before


def seen(path: Path) -> tuple[str, int, int, bytes]:
    state = path.lstat()
    return (path.name, state.st_mode, state.st_mtime_ns, path.read_bytes() if path.is_file() else b"")


def test_a_file_that_changes_is_refused(campaign: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row B11: between the digest and the copy somebody writes on; the file is set aside, and read in peace later."""
    path = geojson(spot_of(campaign, 0, "growing", ""), [shapely.box(105.1, 34.1, 105.101, 34.101)])
    copy = received._copy_regular

    def growing(source: Path, target: Path) -> str:
        if source.name == path.name:
            source.write_bytes(source.read_bytes() + b" ")
        return copy(source, target)

    monkeypatch.setattr(received, "_copy_regular", growing)
    happened = ingested(campaign, "ingest")
    assert happened.by_file[GOOD] == (2, 0, 0)
    assert happened.counts_of("growing") == (0, 0, 0)
    (said,) = happened.issues_of("growing")
    assert said["code"] == "FILE_UNREADABLE"
    assert "growing.geojson changed while it was read" in worded(said)
    assert "come to rest" in worded(said)
    assert happened.summary["refused_files"] == ["growing.geojson"]
    monkeypatch.undo()
    assert ingested(campaign).counts_of("growing") == (1, 0, 0)


def test_one_patch_is_the_same_through_every_format(campaign: Path) -> None:
    """Row C17: the first counts, its copies in other formats are duplicates, to the last bit of their outline."""
    spot = spot_of(campaign, 0, "same", "")
    shapes = [shapely.box(105.1 + at / 300, 34.1, 105.1 + at / 300 + 0.001, 34.101 + at / 7e5) for at in range(5)]
    geojson(spot, shapes)
    for suffix in (".gpkg", ".shp"):
        layer(spot.file(suffix), shapes)
    layer(spot.file(".gdb"), shapes, driver="OpenFileGDB")  # whose coordinates are whole multiples of a step
    happened = ingested(campaign)
    assert sorted(happened.counts_of("same")) == [0, 5, 15]
    assert happened.summary["records"]["quarantined"] == 0


@pytest.mark.slow
def test_all_stages_over_every_fault(everything: tuple[Path, Happened], tmp_path: Path) -> None:
    """The whole run: sheets, checklists and books of what was taken; it ends with 3, and its books balance."""
    campaign = copied(everything[0], tmp_path / "whole")
    result = tuban("run", campaign, "--workers", "2")
    assert result.exit_code == 3, result.stderr
    balance = json.loads((campaign.parent / "out" / "reports" / "balance.json").read_bytes())
    assert balance["records"]["received"] == len(everything[1].records)
    assert not balance.get("imbalances")
