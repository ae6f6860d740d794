"""What export hands out by choice: checked, packed, taken back, and only as fresh as what it depends on."""

from __future__ import annotations

import re
import shutil
import zipfile
from pathlib import Path

import pypdf
import pytest

from pipeline.config import read_campaign
from pipeline.errors import Refusal
from pipeline.issue_words import sentence
from pipeline.issues import Code
from pipeline.stages.report import CountyEnd, _about_parts
from pipeline.texts import languages
from tests.stages.runs import state, tuban

CHOICES = """
[export]
cards = true
thumbnails = true
zip_mb = 1
also = ["kmz", "shapefile", "coordinates", "xlsform"]
send_to = "zf@example.cn"
"""
ENDS = (
    *("_cards.pdf", "_patches.kmz", "_patches.shp", "_patches.shx", "_patches.dbf", "_patches.prj", "_patches.cpg"),
    *("_patches_fields.txt", "_coordinates.txt"),
)


@pytest.fixture(scope="session")
def handed_out(world_master: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny province, one county handed everything there is to choose."""
    folder = Path(shutil.copytree(world_master, tmp_path_factory.mktemp("out") / "world"))
    _choose(folder, CHOICES)
    assert tuban("ingest", folder / "campaign.toml").exit_code == 0
    assert tuban("clip", folder / "campaign.toml").exit_code == 0
    code = _code(folder)
    for stage in ("render", "export"):
        result = tuban(stage, folder / "campaign.toml", "--only", code)
        assert result.exit_code == 0, result.stderr
    return folder


def _choose(folder: Path, choices: str) -> None:
    path = folder / "campaign.toml"
    path.write_text(path.read_text(encoding="utf-8").split("\n[export]")[0] + choices, encoding="utf-8")


def _code(folder: Path) -> str:
    return sorted(one.stem for one in (folder / "out" / ".state" / "slices").glob("*.arrow"))[0]


@pytest.fixture
def mine(handed_out: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(handed_out, tmp_path / "world"))


def _export(folder: Path) -> str:
    result = tuban("export", folder / "campaign.toml", "--only", _code(folder))
    assert result.exit_code == 0, result.stderr
    return str(result.stderr)


def _start(folder: Path) -> str:
    """What START_HERE says, without blanks."""
    pages = pypdf.PdfReader(folder / "out" / "counties" / _code(folder) / "00_START_HERE.pdf").pages
    return re.sub(r"\s", "", "".join(one.extract_text() for one in pages))


def test_everything_chosen_is_there_and_good(handed_out: Path) -> None:
    code = _code(handed_out)
    names = {one.name for one in (handed_out / "out" / "counties" / code).iterdir()}
    assert {f"{code}{end}" for end in ENDS} | {"00_START_HERE.pdf"} <= names
    assert all(name.isascii() for name in names)
    assert tuban("verify", handed_out / "out").exit_code == 0
    assert tuban("verify", handed_out / "out" / "packages").exit_code == 0


def test_start_lists_what_lies_beside_it_and_when_and_where(handed_out: Path) -> None:
    code = _code(handed_out)
    folder = handed_out / "out" / "counties" / code
    said = _start(handed_out)
    listed = {one.name for one in folder.iterdir() if one.suffix in (".pdf", ".xlsx", ".qgz", ".gpkg", ".tif", ".kmz")}
    assert all(name in said for name in listed - {"00_START_HERE.pdf"})
    expected = (handed_out / "expected.csv").read_text(encoding="utf-8-sig")
    row = next(line.split(",") for line in expected.splitlines() if line.startswith(code))
    assert row[-1] in said  # the deadline
    assert "zf@example.cn" in said
    assert f"{code}_2025Q3" in said


def test_thumbnails_are_on_a_sheet_of_their_own(handed_out: Path) -> None:
    code = _code(handed_out)
    with zipfile.ZipFile(handed_out / "out" / "counties" / code / f"{code}_checklist.xlsx") as packed:
        images = [one.file_size for one in packed.infolist() if one.filename.startswith("xl/media/")]
    asked = state(handed_out / "campaign.toml", "slices.json")[code]["asked"]
    assert 0 < len(images) <= 2 * asked
    assert max(images) <= 15_000


def test_what_was_handed_out_raises_no_question_when_it_comes_back_empty(mine: Path) -> None:
    """A folder and its zips; files that are no answers lie beside answers without a word."""
    code = _code(mine)
    inbox = mine / "archive" / "returns"
    shutil.copytree(mine / "out" / "counties" / code, inbox / "folder")
    for one in (mine / "out" / "packages").glob("*.zip"):
        shutil.copy(one, inbox)
    assert tuban("collect", mine / "campaign.toml").exit_code == 0
    lines = (mine / "out" / ".state" / "issues" / "collect.jsonl").read_text(encoding="utf-8").splitlines()
    assert lines == []


def test_zips_hold_the_folder_under_county_and_campaign(handed_out: Path) -> None:
    code = _code(handed_out)
    folder = handed_out / "out" / "counties" / code
    held: dict[str, bytes] = {}
    for one in (handed_out / "out" / "packages").glob("*.zip"):
        with zipfile.ZipFile(one) as packed:
            held |= {name: packed.read(name) for name in packed.namelist()}
    campaign = read_campaign(handed_out / "campaign.toml").facts.id
    assert {name.split("/")[0] for name in held} == {f"{code}_{campaign}"}
    for one in folder.iterdir():
        assert held[f"{code}_{campaign}/{one.name}"] == one.read_bytes()


def test_nothing_changed_nothing_done(mine: Path) -> None:
    assert "fresh" in _export(mine)


def test_a_changed_deadline_is_a_new_page_for_its_county_alone(mine: Path) -> None:
    code, path = _code(mine), mine / "expected.csv"
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    at = next(row for row, line in enumerate(lines) if line.startswith(code))
    other = next(row for row, line in enumerate(lines) if row and row != at)
    lines[other] = lines[other].rsplit(",", 1)[0] + ",2031-01-02"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert "fresh" in _export(mine)
    lines[at] = lines[at].rsplit(",", 1)[0] + ",2031-01-02"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert "1 done" in _export(mine)
    said = pypdf.PdfReader(mine / "out" / "counties" / code / "00_START_HERE.pdf").pages[0].extract_text()
    assert "2031-01-02" in said


def test_another_way_to_reach_the_office_is_a_new_page_and_no_new_sheet(mine: Path) -> None:
    path = mine / "campaign.toml"
    said = path.read_text(encoding="utf-8").replace("[office]", '[office]\naddress = "某路 1 号"', 1)
    path.write_text(said, encoding="utf-8")
    drawn = tuban("render", path, "--only", _code(mine))
    assert "fresh" in drawn.stderr
    assert "1 done" in _export(mine)
    assert "某路1号" in _start(mine)


def test_a_page_without_an_address_is_told_to_the_technician_once(mine: Path) -> None:
    path, told = mine / "campaign.toml", "START_HERE names no place"
    assert told not in tuban("plan", path, "--only", _code(mine)).stdout
    _choose(mine, "\n[export]\n")
    said = path.read_text(encoding="utf-8")
    path.write_text("\n".join(line for line in said.split("\n") if not line.startswith("mail")), encoding="utf-8")
    assert told in tuban("plan", path, "--only", _code(mine)).stdout
    assert _export(mine).count(told) == 1
    assert told not in _export(mine)  # nothing was made: nothing to say


def test_what_is_not_chosen_any_more_goes(mine: Path) -> None:
    _choose(mine, "\n[export]\n")
    _export(mine)
    code = _code(mine)
    names = {one.name for one in (mine / "out" / "counties" / code).iterdir()}
    assert not names & {f"{code}{end}" for end in ENDS}
    assert not list((mine / "out" / "packages").glob("*.zip"))


def test_the_same_bytes_again(mine: Path) -> None:
    before = {one: one.read_bytes() for one in sorted((mine / "out").glob("[cp]*s/**/*")) if one.is_file()}
    shutil.rmtree(mine / "out" / "counties")
    shutil.rmtree(mine / "out" / "packages")
    _export(mine)
    assert {one: one.read_bytes() for one in before} == before


@pytest.mark.parametrize(
    "wrong",
    [
        'thumbnails = true\nimagery = "none"',
        "zip_mb = -1",
        'also = ["dwg"]',
        'imagery = "all"',
        'shapefile_encoding = "big5"',
        'cards = "yes please"',
    ],
)
def test_mistakes_are_named(world: Path, wrong: str) -> None:
    _choose(world, f"\n[export]\n{wrong}\n")
    with pytest.raises(Refusal, match=r"\[export\]"):
        read_campaign(world / "campaign.toml")


def test_a_zip_larger_than_was_asked_is_an_issue_of_its_county() -> None:
    ends = [CountyEnd("1", 3, 3, ""), CountyEnd("2", 3, 3, "", parts_too_large=2)]
    (told,) = _about_parts(ends)
    assert (told.code, told.county_code) == (Code.PART_TOO_LARGE, "2")
    assert all("2" in sentence(told, language) for language in languages())
