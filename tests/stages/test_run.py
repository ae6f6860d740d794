"""Whole runs: fresh, incremental, killed, disturbed; always the same bytes."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pyogrio
import pytest

from pipeline.forms.layers import RUN_LAYERS
from tests.stages.runs import state, table, tree, tuban

COUNTY_FILES = ("_sheets.pdf", "_checklist.xlsx", "_project.qgz", "patches.gpkg", "boundary.gpkg", "SHA256SUMS")


def run(campaign: Path, *options: str) -> str:
    result = tuban("run", campaign, *options)
    assert result.exit_code == 0, result.stderr
    return result.stderr


def balance(folder: Path) -> dict:
    return json.loads((folder / "out" / "reports" / "balance.json").read_bytes())


def test_the_books_balance(finished_master: Path) -> None:
    books = balance(finished_master)
    records, area, pieces = books["records"], books["area_m2"], books["pieces"]
    assert records["received"] == records["accepted"] + records["quarantined"] + records["duplicate"]
    assert abs(area["inside"] + area["outside"] - area["double"] - area["accepted"]) <= 1e-9 * area["accepted"]
    assert pieces["all"] == pieces["asked"] + sum(pieces["not_asked"].values())
    assert pieces["asked"] == books["sheets"]["pieces_drawn"] == books["checklists"]["rows"] == books["returns"]["open"]
    assert "imbalances" not in books
    counties = books["counties"]
    assert all(counties[word] >= 1 for word in ("zero", "missing", "partial", "unknown"))
    everything = counties["with_patches"] + counties["zero"] + counties["missing"] + counties["unknown"]
    assert everything == len(table(finished_master / "campaign.toml", "counties"))


def test_each_county_with_patches_gets_its_folder(finished_master: Path) -> None:
    folders = sorted((finished_master / "out" / "counties").iterdir())
    assert len(folders) == balance(finished_master)["counties"]["with_patches"]
    for folder in folders:
        names = {one.name for one in folder.iterdir()}
        assert {f"{folder.name}{one}" if one.startswith("_") else one for one in COUNTY_FILES} <= names
        assert all(name.isascii() for name in names)
    assert tuban("verify", finished_master / "out").exit_code == 0


def test_the_campaign_in_one_file_has_every_layer_of_the_run(finished_master: Path) -> None:
    campaign, package = finished_master / "campaign.toml", finished_master / "out" / "2025Q3.gpkg"
    layers = {str(name): pyogrio.read_info(package, layer=name)["features"] for name, _ in pyogrio.list_layers(package)}
    given = set(RUN_LAYERS) - {"moves"}  # where a county layer of another date is named
    assert set(layers) - {"layer_styles"} == given
    assert {name: layers[name] for name in given} == {name: len(table(campaign, name)) for name in given}


def test_verify_finds_any_change(finished: Path) -> None:
    folder = next((finished / "out" / "counties").iterdir())
    with closing(sqlite3.connect(folder / "patches.gpkg")) as base:
        for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):  # GDAL's, of its triggers
            base.create_function(name, 1, lambda _: 0)
        base.execute("UPDATE patches SET verdict = 'legal' WHERE fid = 1")
        base.commit()
    (folder / "more.txt").touch()
    result = tuban("verify", folder)
    assert result.exit_code == 3
    assert "patches.gpkg was altered" in result.stdout
    assert "more.txt is not in SHA256SUMS" in result.stdout


def test_an_unchanged_run_writes_nothing(finished: Path) -> None:
    def stats() -> dict[str, tuple[int, int]]:
        out = finished / "out"
        files = (one for one in out.rglob("*") if one.is_file() and "digests.json" not in one.name)
        return {str(one): (one.stat().st_mtime_ns, one.stat().st_ino) for one in files}

    run(finished / "campaign.toml")
    before = stats()
    begun = time.perf_counter()
    said = run(finished / "campaign.toml")
    assert time.perf_counter() - begun < 5
    assert stats() == before
    assert " done" not in said


def test_another_folder_and_no_out_give_the_same_bytes(finished_master: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(finished_master, tmp_path / "另一个 文件夹"))
    shutil.rmtree(other / "out")
    run(other / "campaign.toml", "--workers", "1")
    assert tree(other / "out") == tree(finished_master / "out")


def retouch(world: Path, names: tuple[str, ...], value: str) -> None:
    """Another value for an attribute of the first patch of the delivered GeoPackage."""
    source = next((world / "deliveries").glob("*.gpkg"))
    layer = pyogrio.list_layers(source)[0][0]
    frame = pyogrio.read_dataframe(source)
    frame.loc[0, next(one for one in frame.columns if one.upper() in names)] = value
    source.unlink()
    frame.to_file(source, layer=layer, engine="pyogrio")


def test_whatever_folder_the_command_is_given_in(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(finished / "campaign.toml")
    monkeypatch.chdir(finished)
    assert " done" not in run(Path("campaign.toml"))


def test_a_campaign_that_moved_draws_nothing_anew(finished: Path, tmp_path: Path) -> None:
    run(finished / "campaign.toml")
    moved = finished.rename(tmp_path / "moved")
    before = tree(moved / "out" / "counties")
    said = run(moved / "campaign.toml").splitlines()
    assert ["done" in one for one in said if one.startswith(("render", "export"))] == [False, False]
    assert tree(moved / "out" / "counties") == before


def test_a_county_that_fails_is_not_handed_out(finished: Path) -> None:
    campaign = finished / "campaign.toml"
    before = {one.name for one in (finished / "out" / "counties").iterdir()}
    retouch(finished, ("TBBH",), "\U0002eb3d01")  # no such glyph in the font
    result = tuban("run", campaign)
    assert result.exit_code == 3
    there = {one.name for one in (finished / "out" / "counties").iterdir()}
    (lost,) = before - there
    assert f"render {lost}: the font" in result.stderr
    assert f"NO FOLDER  {lost}" in tuban("status", campaign, "--summary").stdout
    assert tuban("export", campaign).exit_code == 3  # the book of an earlier state is never exported
    assert not (finished / "out" / "counties" / lost).exists()


def test_what_people_wrote_is_kept_when_a_folder_is_replaced(finished: Path) -> None:
    run(finished / "campaign.toml")
    folder = sorted((finished / "out" / "counties").iterdir())[0]
    checklist = folder / f"{folder.name}_checklist.xlsx"
    checklist.write_bytes(b"filled in")
    (folder / "笔记.txt").write_text("mine")
    run(finished / "campaign.toml")
    kept = sorted((finished / "archive" / "returns" / "altered" / folder.name).iterdir())
    assert {one.read_bytes() for one in kept} == {b"filled in", b"mine"}
    assert tuban("verify", finished / "out").exit_code == 0


def test_counties_left_out_are_not_called_done(finished: Path) -> None:
    campaign = finished / "campaign.toml"
    run(campaign)
    digests = {code: one["digest"] for code, one in state(campaign, "slices.json").items()}
    retouch(finished, ("BZ",), "touched")
    for stage in ("ingest", "clip"):
        assert tuban(stage, campaign).exit_code == 0
    touched = {code for code, one in state(campaign, "slices.json").items() if one["digest"] != digests[code]}
    code = next(one for one in digests if one not in touched)
    assert tuban("run", campaign, "--only", code).exit_code == 0
    value = json.loads(tuban("status", campaign, "--json").stdout)
    assert touched
    assert {one["code"] for one in value["counties"] if one["published"] == "yes"} == set(digests) - touched
    assert tuban("run", campaign, "--only", code, "--only", "99").exit_code == 4


def test_a_dry_run_follows_what_it_foresees(finished: Path) -> None:
    campaign = finished / "campaign.toml"
    run(campaign)
    with campaign.open("a", encoding="utf-8") as file:
        file.write("\n[render]\ncrowd = 3\n")
    lines = tuban("run", campaign, "--dry-run").stdout.splitlines()
    codes = sorted(state(campaign, "slices.json"))
    assert [one for one in lines if one.startswith("render")] == [f"render {code}: settings changed" for code in codes]
    follows = "follows what is done before it"
    expected = [*(f"export {code}: {follows}" for code in codes), "collect: fresh", f"report: {follows}"]
    assert lines[-len(codes) - 2 :] == expected


def test_one_touched_attribute_rebuilds_its_counties_only(finished: Path) -> None:
    before = tree(finished / "out" / "counties")
    retouch(finished, ("BZ", "REMARK", "备注"), "touched")
    run(finished / "campaign.toml")
    campaign = finished / "campaign.toml"
    uid = next(one["patch_uid"] for one in table(campaign, "patches") if one["remark"] == "touched")
    touched = {one["county_code"] for one in table(campaign, "pieces") if one["patch_uid"] == uid}
    after = tree(finished / "out" / "counties")
    changed = {name.split("/")[0] for name in after if after[name] != before.get(name)}
    assert changed == touched
    assert set(after) == set(before)


def test_a_stage_alone_does_not_read_what_another_version_left(finished: Path) -> None:
    """It would fail on a key that is not there, or worse, would not fail."""
    receipt = finished / "out" / ".state" / "clip.json"
    made = json.loads(receipt.read_bytes())
    receipt.write_text(json.dumps(made | {"key": "", "parts": made["parts"] | {"stage": "clip 0"}}))
    result = tuban("report", finished / "campaign.toml")
    assert result.exit_code == 4
    assert "what clip left in out is of another version" in result.stderr
    run(finished / "campaign.toml")
    assert tuban("report", finished / "campaign.toml").exit_code == 0


def test_only_one_county(world: Path) -> None:
    campaign = world / "campaign.toml"
    for stage in ("ingest", "clip"):
        assert tuban(stage, campaign).exit_code == 0
    code = next(iter(state(campaign, "slices.json")))
    result = tuban("run", campaign, "--only", code)
    assert [one.name for one in (world / "out" / "counties").iterdir()] == [code]
    assert result.exit_code == 0
    assert tuban("run", campaign, "--only", "999999").exit_code == 4


def test_a_county_without_patches_loses_its_folder(finished: Path) -> None:
    campaign = finished / "campaign.toml"
    next((finished / "deliveries").glob("*.gpkg")).unlink()
    assert tuban("run", campaign).exit_code == 3  # of the records that are left, more than one in twenty is set aside
    there = {one.name for one in (finished / "out" / "counties").iterdir()}
    assert there == set(state(campaign, "slices.json"))
    assert len(there) == balance(finished)["counties"]["with_patches"] < 6


def test_two_runs_at_once(finished: Path) -> None:
    from filelock import FileLock

    with FileLock(finished / "archive" / ".lock"):
        result = tuban("run", finished / "campaign.toml")
    assert result.exit_code == 75
    assert "another run" in result.stderr


def test_a_broken_county_does_not_stop_the_others(world: Path) -> None:
    campaign = world / "campaign.toml"
    for stage in ("ingest", "clip"):
        assert tuban(stage, campaign).exit_code == 0
    victim = next(iter(state(campaign, "slices.json")))
    slices = world / "out" / ".state" / "slices.json"
    tree_ = json.loads(slices.read_text())
    tree_[victim]["rows"] = [9999]
    slices.write_text(json.dumps(tree_))
    for stage, code in (("render", 3), ("export", 3), ("report", 0)):
        assert tuban(stage, campaign).exit_code == code
    published = {one.name for one in (world / "out" / "counties").iterdir()}
    assert published == set(tree_) - {victim}


def undisturbed(folder: Path) -> dict[str, bytes]:
    return tree(folder / "out")


def kill_and_run_again(world: Path, moments: list[float]) -> None:
    command = [sys.executable, "-m", "pipeline", "run", str(world / "campaign.toml"), "--workers", "2"]
    for moment in moments:
        process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def test_killed_at_some_moments(finished_master: Path, world: Path) -> None:
    kill_and_run_again(world, [0.9, 2.0, 3.5])
    assert tree(world / "out") == undisturbed(finished_master)


@pytest.mark.slow
def test_killed_at_twenty_random_moments(finished_master: Path, world: Path) -> None:
    moments = random.Random(20)
    kill_and_run_again(world, [moments.uniform(0.3, 6.0) for _ in range(20)])
    assert tree(world / "out") == undisturbed(finished_master)
    leftovers = list((world / "out").rglob(".tmp-*"))
    assert leftovers == []
