"""The command line as people and scripts use it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.stages.runs import tuban

ROOT = Path(__file__).parents[1]


def test_help_names_every_verb() -> None:
    said = tuban("--help").output
    for verb in ("demo", "run", "ingest", "clip", "render", "export", "report", "status", "settings", "verify"):
        assert f"\n  {verb}" in said
    assert tuban("--version").output.startswith("tuban, version ")


def test_an_unknown_option_is_exit_2() -> None:
    assert tuban("run", "--fast", "x.toml").exit_code == 2


def test_settings_are_toml_and_complete(world: Path) -> None:
    result = tuban("settings", world / "campaign.toml")
    assert result.exit_code == 0
    shown = tomllib.loads(result.stdout)
    assert shown["clip"] | {"fragment_m2": 10.0, "fragment_share": 0.01, "mode": "split"} == shown["clip"]
    assert shown["campaign"]["area_unit"] == "mu"
    assert shown["campaign"]["map_date"].isoformat() == "2025-10-08"
    assert shown["office"]["unit"]


def test_dry_run_says_why_and_does_nothing(world: Path) -> None:
    result = tuban("run", world / "campaign.toml", "--dry-run")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "ingest: never done"
    assert not (world / "out").exists()


def test_status_before_and_after(world: Path) -> None:
    campaign = world / "campaign.toml"
    before = tuban("status", campaign)
    assert before.exit_code == 4
    assert "tuban run" in before.stderr
    assert tuban("run", campaign).exit_code == 0
    lines = tuban("status", campaign).stdout.splitlines()
    assert lines[0].split() == [
        "code",
        "name",
        "word",
        "announced",
        "came",
        "pieces",
        "asked",
        "answered",
        "open",
        "conflict",
        "pages",
        "rows",
        "published",
    ]
    value = json.loads(tuban("status", campaign, "--json").stdout)
    words = {one["word"] for one in value["counties"]}
    assert words == {"complete", "partial", "missing", "zero", "unknown"}
    assert value["issues"]["AMBIGUOUS_SHAPE"] == 1
    summary = tuban("status", campaign, "--summary").stdout
    assert "books      balance" in summary
    assert "1 missing" in summary


def test_json_talk_is_one_object_a_line(world: Path) -> None:
    result = tuban("ingest", world / "campaign.toml", "--log-format", "json")
    assert result.exit_code == 0
    assert all("say" in json.loads(line) for line in result.stderr.splitlines())


def test_a_refusal_is_json_too(world: Path) -> None:
    result = tuban("clip", world / "campaign.toml", "--log-format", "json")
    assert result.exit_code == 4
    assert next(json.loads(line)["say"] for line in result.stderr.splitlines()).startswith("no delivery")


def test_no_right_to_write_is_said_in_a_sentence(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(world / "archive"))

    monkeypatch.setattr(Path, "mkdir", refuse)
    result = tuban("run", world / "campaign.toml")
    assert result.exit_code == 4
    assert "archive: Permission denied" in result.stderr
    assert "Traceback" not in result.stderr


def test_verify_says_what_it_cannot_check(tmp_path: Path) -> None:
    (tmp_path / "counties" / "320102").mkdir(parents=True)
    result = tuban("verify", tmp_path)
    assert (result.exit_code, "SHA256SUMS is missing" in result.stdout) == (3, True)
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as zipped:
        zipped.writestr("320102/SHA256SUMS", "0" * 64 + "  a\n")
        zipped.writestr("320102/a", "a" * 99)
    data = bytearray((tmp_path / "x.zip").read_bytes())
    data[data.index(b"aaaa") + 1] ^= 1
    (tmp_path / "x.zip").write_bytes(data)
    result = tuban("verify", tmp_path / "x.zip")
    assert (result.exit_code, "cannot be unpacked" in result.stderr) == (4, True)


@pytest.mark.slow
def test_the_night(world: Path) -> None:
    script = [str(ROOT / "scripts" / "nightly.sh"), str(world / "campaign.toml")]
    tuban_path = str(Path(sys.executable).with_name("tuban"))
    night = subprocess.run(script, env={**os.environ, "TUBAN": tuban_path}, capture_output=True, text=True, check=False)
    assert night.returncode == 0, night.stdout + night.stderr
    assert "all done (exit 0)" in night.stdout
    assert "books      balance" in night.stdout
    last = json.loads((world / "log" / "last_run.json").read_text())
    assert last["exit"] == 0
    assert (world / "log" / last["log"]).is_file()
