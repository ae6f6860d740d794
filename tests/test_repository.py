"""What holds for the repository as a whole."""

from __future__ import annotations

import re
import string
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.issues import Code
from pipeline.stages import STAGES
from pipeline.texts import languages, texts

ROOT = Path(__file__).parents[1]


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name]


def test_no_registry_host_and_no_machine_path_is_tracked() -> None:
    hosts = ("pypi." + "org", "python" + "hosted", "npm" + "js.", "registry" + ".npm", "deb." + "debian")
    found = []
    for path in tracked():
        if path.suffix in (".otf", ".png") or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{path.name}: {host}" for host in hosts if host in text]
    assert found == []


def test_both_languages_say_the_same_things() -> None:
    assert languages() == ["en", "zh"]
    chinese, english = texts("zh"), texts("en")
    assert chinese.keys() == english.keys()
    for key in chinese.keys():  # noqa: SIM118
        assert places(chinese[key]) == places(english[key]) or "[%" in chinese[key], key


def places(text: str) -> set[str]:
    try:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}
    except ValueError:
        return set()


@pytest.mark.parametrize("code", list(Code))
def test_every_issue_has_its_sentence(code: Code) -> None:
    for language in languages():
        assert f"issue.{code.lower()}" in texts(language)


def test_only_the_command_line_prints_or_exits() -> None:
    call = re.compile(r"^\s*(?:print|sys\.exit|exit)\(", re.MULTILINE)
    loud = [path for path in (ROOT / "pipeline").rglob("*.py") if call.search(path.read_text(encoding="utf-8"))]
    assert [path.name for path in loud] == ["cli.py"]


def test_help_loads_no_heavy_library() -> None:
    heavy = {"numpy", "shapely", "pyproj", "pandas", "geopandas", "rasterio", "pyarrow", "pydantic", "fiona"}
    code = f"import sys, pipeline.cli; print(sorted({heavy!r} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"


def test_finding_all_fresh_loads_no_geo_library() -> None:
    heavy = {"numpy", "shapely", "pyproj", "pandas", "geopandas", "rasterio", "pyarrow", "fiona", "pyogrio"}
    code = f"import sys, pipeline.conduct, pipeline.config; print(sorted({heavy!r} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"


def test_every_shelf_a_stage_names_exists() -> None:
    for stage in STAGES:
        for shelf in stage.shelves:
            assert (ROOT / "config" / shelf).is_dir(), (stage.name, shelf)
