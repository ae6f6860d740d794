"""What people decide of deliveries, and what comes and goes: nothing is taken without a name, nothing is forgotten."""

from __future__ import annotations

import csv
import json
import shutil
import zipfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import shapely

from tests.intake.test_deliveries import box, campaign, counted, inbox, layer
from tests.stages.runs import issues, run_stages, state, table, tuban

__all__ = ["campaign", "inbox"]
BOW_TIE = shapely.Polygon([(105.2, 34.1), (105.201, 34.101), (105.201, 34.1), (105.2, 34.101)])


def decide(campaign: Path, *rows: tuple[str, str]) -> None:
    path = campaign.parent / "archive" / "decisions.csv"
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as target:
        out = csv.writer(target)
        out.writerow(["who", "when", "id", "decision", "reason"])
        out.writerows([("王芳", "2025-11-01", name, decision, "rang") for name, decision in rows])


def codes(campaign: Path, code: str) -> list[dict[str, object]]:
    return [one["facts"] for one in issues(campaign, "ingest") if one["code"] == code]


def ledger(campaign: Path) -> list[tuple[str, str]]:
    lines = (campaign.parent / "archive" / "ledger.jsonl").read_text(encoding="utf-8").splitlines()
    return [(one["event"], one["name"]) for one in map(json.loads, lines)]


def test_a_bow_tie_is_released_by_a_named_person_and_by_nobody_else(campaign: Path, inbox: Path) -> None:
    layer(inbox / "bow.gpkg", [BOW_TIE], JCBH=["7"])
    assert counted(campaign)["bow.gpkg"] == (0, 1, 0)
    (aside,) = table(campaign, "quarantine")
    assert aside["record_id"] in aside["sentence"]
    decide(campaign, (aside["record_id"], "accept linework"))
    assert counted(campaign)["bow.gpkg"] == (1, 0, 0)
    (said,) = codes(campaign, "RELEASED")
    assert said["decided"] == "王芳, 2025-11-01, rang"
    (patch,) = [one for one in table(campaign, "patches") if one["patch_no"] == "7"]
    assert patch["area_m2"] > 0
    assert shapely.is_valid(shapely.from_wkb(patch["geometry"]))


def test_a_record_keeps_its_name_when_its_file_is_renamed(campaign: Path, inbox: Path) -> None:
    layer(inbox / "bow.gpkg", [BOW_TIE], JCBH=["7"])
    counted(campaign)
    (before,) = table(campaign, "quarantine")
    (inbox / "bow.gpkg").rename(inbox / "other name.gpkg")
    counted(campaign)
    (after,) = table(campaign, "quarantine")
    assert after["record_id"] == before["record_id"]


def test_the_newer_of_two_files_wins_where_a_person_says_so(campaign: Path, inbox: Path) -> None:
    layer(
        inbox / "old.gpkg",
        [box(105.2), box(105.3), box(105.4)],
        JCBH=["1", "2", "3"],
        XZQDM=["620101"] * 3,
        BZ=["a"] * 3,
    )
    moved, same = box(105.2002), box(105.3)
    layer(inbox / "new.gpkg", [moved, same], JCBH=["1", "2"], XZQDM=["620101"] * 2, BZ=["b"] * 2)
    assert counted(campaign)["old.gpkg"][0] + counted(campaign)["new.gpkg"][0] == 4  # both outlines of 1 are there
    old = {one["patch_no"]: one["patch_uid"] for one in table(campaign, "patches") if one["source_file"] == "old.gpkg"}
    decide(campaign, ("new.gpkg", "supersedes old.gpkg"))
    assert counted(campaign) == {"good.gpkg": (1, 0, 0), "new.gpkg": (2, 0, 0), "old.gpkg": (1, 0, 2)}
    found = {one["patch_no"]: one for one in table(campaign, "patches") if one["source_file"] != "good.gpkg"}
    assert {number: one["remark"] for number, one in found.items()} == {"1": "b", "2": "b", "3": "a"}
    if "1" in old:
        assert found["1"]["replaces"] == old["1"]
    reasons = {one["patch_no"]: one["reason"] for one in table(campaign, "records") if one["source_file"] == "old.gpkg"}
    assert reasons == {"1": "SUPERSEDED", "2": "DUPLICATE", "3": ""}
    (said,) = codes(campaign, "SUPERSEDED")
    assert (said["newer_file"], said["newer_row"]) == ("new.gpkg", 1)


def test_a_file_without_crs_is_placed_by_decision(campaign: Path, inbox: Path) -> None:
    layer(inbox / "none.gpkg", [box(105.2)], crs=None, JCBH=["7"])
    assert counted(campaign)["none.gpkg"] == (0, 1, 0)
    decide(campaign, ("none.gpkg", "crs EPSG:4490"))
    assert counted(campaign)["none.gpkg"] == (1, 0, 0)
    assert [one["crs"] for one in codes(campaign, "CRS_ASSIGNED")] == ["EPSG:4490"]


def test_text_is_read_in_the_encoding_decided_for_its_file(campaign: Path, inbox: Path) -> None:
    layer(inbox / "cut.shp", [box(105.2)], JCBH=["7"], BZ=["縣鄉鎮"], encoding_note=["x"])
    dbf = inbox / "cut.dbf"
    dbf.write_bytes(dbf.read_bytes().replace("縣鄉鎮".encode(), "縣鄉鎮".encode("cp950") + b"   "))
    (inbox / "cut.cpg").unlink()
    decide(campaign, ("cut.shp", "encoding cp950"))
    run_stages(campaign, "ingest")
    (patch,) = [one for one in table(campaign, "patches") if one["patch_no"] == "7"]
    assert patch["remark"] == "縣鄉鎮"


def test_a_decision_about_nothing_is_named(campaign: Path, inbox: Path) -> None:
    assert inbox.is_dir()
    decide(campaign, ("Q-NOBODY", "accept structure"), ("no.zip", "crs EPSG:4490"))
    counted(campaign)
    assert [(one["row"], one["id"]) for one in codes(campaign, "DECISION_UNUSED")] == [(2, "Q-NOBODY"), (3, "no.zip")]


def test_what_comes_and_goes_stands_in_the_ledger_once(campaign: Path, inbox: Path) -> None:
    layer(inbox / "b.gpkg", [box(105.2)], JCBH=["7"])
    counted(campaign)
    (inbox / "b.gpkg").rename(campaign.parent / "b.gpkg")
    counted(campaign)
    (gone,) = codes(campaign, "WITHDRAWN")
    kept = campaign.parent / "archive" / "received" / str(gone["digest"])
    assert kept.read_bytes() == (campaign.parent / "b.gpkg").read_bytes()
    assert {one["patch_no"] for one in table(campaign, "patches")} == {"0"}
    tuban("ingest", campaign, "--again")
    (campaign.parent / "b.gpkg").rename(inbox / "b.gpkg")
    counted(campaign)
    assert not codes(campaign, "WITHDRAWN")
    assert ledger(campaign)[2:] == [("withdrawn", "b.gpkg"), ("received", "b.gpkg")]


def test_a_corrected_file_of_the_same_name_says_what_it_replaces(campaign: Path, inbox: Path) -> None:
    layer(inbox / "b.gpkg", [box(105.2), box(105.3)], JCBH=["7", "8"], XZQDM=["620101"] * 2)
    counted(campaign)
    old = {one["patch_no"]: one["patch_uid"] for one in table(campaign, "patches")}
    (inbox / "b.gpkg").unlink()
    layer(inbox / "b.gpkg", [box(105.2003), box(105.3)], JCBH=["7", "8"], XZQDM=["620101"] * 2)
    counted(campaign)
    new = {one["patch_no"]: one for one in table(campaign, "patches")}
    assert new["7"]["replaces"] == old["7"] != new["7"]["patch_uid"]
    assert (new["8"]["replaces"], new["8"]["patch_uid"]) == ("", old["8"])
    shutil.rmtree(campaign.parent / "out")
    counted(campaign)
    assert {one["patch_no"]: one["replaces"] for one in table(campaign, "patches")}["7"] == old["7"]


def test_a_ledger_altered_from_outside_is_said_aloud(campaign: Path, inbox: Path) -> None:
    assert inbox.is_dir()
    counted(campaign)
    path = campaign.parent / "archive" / "ledger.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace("good.gpkg", "evil.gpkg"), encoding="utf-8")
    tuban("ingest", campaign, "--again")
    assert codes(campaign, "LEDGER_ALTERED") == [{"line": 1}]


def test_overlaps_one_outline_and_centres_are_said_and_taken(campaign: Path, inbox: Path) -> None:
    shapes = [box(105.2), box(105.2), box(105.2005), box(105.4)]
    layer(
        inbox / "odd.gpkg",
        shapes,
        JCBH=["1", "2", "3", "4"],
        XZQDM=["620101"] * 4,
        XMC=["甲县", "甲县", "甲县", "乙县"],
        QSX=["2025-09-01", "2025-01-01", "2025-01-01", "2025-01-01"],
        HSX=["2025-03-01", "2025-06-01", "2025-06-01", "2025-06-01"],
    )
    assert counted(campaign)["odd.gpkg"] == (4, 0, 0)
    assert [one["other_no"] for one in codes(campaign, "SAME_OUTLINE")] == ["1"]
    overlap = codes(campaign, "OVERLAP")
    assert [(one["patch_no"], one["other_no"]) for one in overlap] == [("3", "1")]
    assert np.isclose(float(str(overlap[0]["share"])), 50, atol=0.1)
    assert [one["patch_no"] for one in codes(campaign, "DATES_REVERSED")] == ["1"]
    assert [one["patch_no"] for one in codes(campaign, "COUNTY_NAME_DIFFERS")] == ["4"]


def test_exchanged_axes_are_suspected_with_figures(campaign: Path, inbox: Path) -> None:
    swapped = [shapely.transform(box(105.2 + 0.01 * at), lambda xy: xy[:, ::-1]) for at in range(8)]
    layer(inbox / "swapped.gpkg", swapped, JCBH=[str(at) for at in range(8)])
    run_stages(campaign, "ingest")
    (said,) = codes(campaign, "AXES_SWAPPED")
    assert said["as_delivered"] == 0
    assert said["corrected"] == 100


@pytest.mark.parametrize("language", ["zh", "en"])
def test_tuban_ingest_prints_the_receipts(campaign: Path, inbox: Path, language: str) -> None:
    layer(inbox / "bow.gpkg", [BOW_TIE], JCBH=["7"])
    text = campaign.read_text(encoding="utf-8")
    campaign.write_text(text.replace('title = "t"', f'title = "t"\nlanguage = "{language}"'), encoding="utf-8")
    said = tuban("ingest", campaign).stdout
    assert said.count("SHA-256") == 2
    assert "AMBIGUOUS_SHAPE" in said
    written = sorted((campaign.parent / "out" / "reports" / "deliveries").iterdir())
    assert all(one.read_text(encoding="utf-8") in said for one in written)
    assert len(written) == 2
    assert state(campaign, "ingest_summary.json")["records"]["received"] == 2


def same_number(inbox: Path, count: int) -> list[str]:
    """Files that each deliver patch 1 with another outline."""
    names = [f"f{at}.gpkg" for at in range(count)]
    for at, name in enumerate(names):
        layer(inbox / name, [box(105.2 + 0.0003 * at)], JCBH=["1"], XZQDM=["620101"])
    return names


def stands(campaign: Path) -> str:
    """The file whose patch 1 stands, for every other one."""
    (patch,) = [one for one in table(campaign, "patches") if one["patch_no"] == "1"]
    others = [one for one in table(campaign, "records") if one["patch_no"] == "1" and one["status"] == "duplicate"]
    assert {one["duplicate_of"] for one in others} <= {patch["patch_uid"]}
    return str(patch["source_file"])


def test_of_a_chain_the_newest_stands_for_all(campaign: Path, inbox: Path) -> None:
    names = same_number(inbox, 6)
    decide(campaign, *((newer, f"supersedes {older}") for newer, older in pairwise(names)))
    counted(campaign)
    assert stands(campaign) == "f0.gpkg"
    assert tuban("explain", campaign, "1").exit_code == 0


def test_a_ring_of_decisions_loses_nothing_and_the_last_counts(campaign: Path, inbox: Path) -> None:
    names = same_number(inbox, 4)
    decide(campaign, *((newer, f"supersedes {older}") for newer, older in pairwise([*names, names[0]])))
    counted(campaign)
    assert stands(campaign) == "f1.gpkg"  # of the four lines that cannot all be true the first does not count


def test_a_decision_about_a_file_in_an_archive_is_used_and_said_so(campaign: Path, inbox: Path, tmp_path: Path) -> None:
    inner = layer(tmp_path / "in.gpkg", [box(105.2)], crs=None, JCBH=["1"])
    with zipfile.ZipFile(inbox / "z.zip", "w") as archive:
        archive.write(inner, "in.gpkg")
    shutil.copy(inbox / "z.zip", inbox / "again.zip")
    decide(campaign, ("z.zip/in.gpkg", "crs EPSG:4490"), ("again.zip", "crs EPSG:4490"))
    assert counted(campaign)["z.zip/in.gpkg"][1] == 0
    assert not codes(campaign, "DECISION_UNUSED")


def test_one_decision_releases_a_record_from_both_copies_of_a_file(campaign: Path, inbox: Path) -> None:
    layer(inbox / "a.gpkg", [BOW_TIE], JCBH=["7"])
    shutil.copy(inbox / "a.gpkg", inbox / "b.gpkg")
    counted(campaign)
    (name,) = {str(one["record_id"]) for one in table(campaign, "quarantine")}
    decide(campaign, (name, "accept linework"))
    found = counted(campaign)
    assert (found["a.gpkg"], found["b.gpkg"]) == ((1, 0, 0), (0, 0, 1))
    receipts = sorted((campaign.parent / "out" / "reports" / "deliveries").glob("[ab].gpkg*"))
    assert ["b.gpkg" in one.read_text(encoding="utf-8").split("[")[0] for one in receipts] == [False, True]


def test_a_record_keeps_its_name_when_more_of_its_archive_can_be_read(
    campaign: Path, inbox: Path, tmp_path: Path
) -> None:
    layer(tmp_path / "a.shp", [box(105.2)], JCBH=["1"], BZ=["鄉鎮"])
    (tmp_path / "a.cpg").write_text("no such encoding")
    dbf = tmp_path / "a.dbf"
    dbf.write_bytes(dbf.read_bytes().replace("鄉鎮".encode(), b"\x81\xff\x81\xff\x81\xff"))
    layer(tmp_path / "b.shp", [BOW_TIE], JCBH=["2"])
    with zipfile.ZipFile(inbox / "z.zip", "w") as archive:
        for one in sorted([*tmp_path.glob("a.*"), *tmp_path.glob("b.*")]):
            archive.write(one, one.name)
    run_stages(campaign, "ingest")
    before = {one["record_id"] for one in table(campaign, "quarantine") if one["patch_no"] == "2"}
    assert {one["source_file"] for one in table(campaign, "records")} == {"good.gpkg", "z.zip/b.shp"}
    decide(campaign, ("z.zip", "encoding latin-1"))
    run_stages(campaign, "ingest")
    assert "z.zip/a.shp" in {one["source_file"] for one in table(campaign, "records")}
    assert {one["record_id"] for one in table(campaign, "quarantine") if one["patch_no"] == "2"} == before


def deliver(campaign: Path, path: Path, *xs: float, remark: str = "") -> dict[float, tuple[str, str]]:
    """Put a file with patches numbered 7 at these places, run: (uid, replaces) of each by its place."""
    path.unlink(missing_ok=True)
    layer(
        path, [box(x) for x in xs], JCBH=["7"] * len(xs), XZQDM=["620101"] * len(xs), BZ=[remark or path.stem] * len(xs)
    )
    run_stages(campaign, "ingest")
    found = [one for one in table(campaign, "patches") if one["patch_no"] == "7"]
    return {round(shapely.from_wkb(one["geometry"]).bounds[0], 4): (one["patch_uid"], one["replaces"]) for one in found}


def test_a_patch_corrected_again_and_again_replaces_the_last_one(campaign: Path, inbox: Path) -> None:
    before = ""
    for at in range(4):
        ((uid, replaces),) = deliver(campaign, inbox / "b.gpkg", 105.2 + 0.0003 * at).values()
        assert replaces == before
        before = uid
    (inbox / "b.gpkg").rename(inbox / "c.gpkg")
    run_stages(campaign, "ingest")
    ((_, replaces),) = deliver(campaign, inbox / "c.gpkg", 105.3).values()
    assert replaces == before  # though the file is called otherwise by now


def test_nothing_replaces_a_patch_that_is_still_there(campaign: Path, inbox: Path) -> None:
    deliver(campaign, inbox / "b.gpkg", 105.2, 105.3)
    assert {one for _, one in deliver(campaign, inbox / "b.gpkg", 105.2, 105.3, remark="new").values()} == {""}


def test_ingest_goes_on_without_what_somebody_took_from_the_archive(campaign: Path, inbox: Path) -> None:
    deliver(campaign, inbox / "b.gpkg", 105.2)
    shutil.rmtree(campaign.parent / "archive" / "received")
    shutil.rmtree(campaign.parent / "out")
    ((_, replaces),) = deliver(campaign, inbox / "b.gpkg", 105.3).values()
    assert replaces == ""
