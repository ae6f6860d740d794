"""Configuration: every mistake named at once, with what to type instead."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.cli import STAGE_VERBS
from pipeline.config import effective, read_campaign
from pipeline.county_jobs import own_files
from pipeline.errors import Refusals
from pipeline.stages import STAGES
from pipeline.stages.render import OWN_FILES
from tests.stages.runs import tuban

GOOD = """
[campaign]
id = "2025Q3"
title = "t"
[inputs]
patches = "d/*"
counties = "c.gpkg"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a.zip").touch()
    (tmp_path / "c.gpkg").touch()
    return tmp_path


def lines(folder: Path, text: str) -> list[str]:
    (folder / "campaign.toml").write_text(text, encoding="utf-8")
    with pytest.raises(Refusals) as refused:
        read_campaign(folder / "campaign.toml")
    return refused.value.lines()


def test_a_minimal_file_is_enough(folder: Path) -> None:
    (folder / "campaign.toml").write_text(GOOD, encoding="utf-8")
    campaign = read_campaign(folder / "campaign.toml")
    assert campaign.facts.language == "zh"
    assert campaign.facts.area_unit == "mu"
    assert campaign.form == "verification_cn"
    assert campaign.inputs.levels == "gb2260"
    assert campaign.out == folder / "out"
    assert "fragment_m2 = 10.0" in effective(campaign)


def test_surroundings_are_one_file_or_many_or_none(folder: Path) -> None:
    for name in ("t.gpkg", "r1.shp", "r2.shp"):
        (folder / name).touch()
    text = GOOD + 'towns = "t.gpkg"\nroads = ["r*.shp"]\nplaces = ""\n'
    (folder / "campaign.toml").write_text(text, encoding="utf-8")
    inputs = read_campaign(folder / "campaign.toml").inputs
    assert inputs.towns == (folder / "t.gpkg",)
    assert inputs.roads == (folder / "r1.shp", folder / "r2.shp")
    assert inputs.places == ()
    assert any("roads: nothing matches" in one for one in lines(folder, GOOD + 'roads = "none.gpkg"'))


def test_every_layout_may_be_the_office_s_own(folder: Path) -> None:
    (folder / "mine.toml").touch()
    keys = [f"{sheet}_layout" for sheet in ("detail", "overview", "index", "vertices")]
    named = "\n".join(f'{key} = "mine.toml"' for key in keys)
    (folder / "campaign.toml").write_text(f"{GOOD}[render]\n{named}", encoding="utf-8")
    campaign = read_campaign(folder / "campaign.toml")
    settings, digests = own_files(campaign, campaign.sections["render"], OWN_FILES)
    assert {getattr(settings, key) for key in keys} == {str(folder / "mine.toml")}
    assert len(digests) == len(keys)
    for key in keys:
        found = lines(folder, GOOD + f'[render]\n{key} = "other.toml"')
        assert any(key in one and "does not exist" in one for one in found)


def test_names_that_are_not_on_the_shelf_are_named_with_those_that_may_be_meant(folder: Path) -> None:
    for section, key, meant in (
        ("[collect]", "checks = 'check'", "one of: checks"),
        ("[collect]", "reviews = 'review'", "one of: reviews"),
        ("[collect]", "maps = ['odk', 'cobo']", "one of: kobo, odk"),
    ):
        assert any(meant in one for one in lines(folder, f"{GOOD}{section}\n{key}\n")), key
    assert any("own.toml does not exist" in one for one in lines(folder, GOOD + "[collect]\nmaps = ['own.toml']"))
    said = lines(folder, GOOD.replace("[inputs]", 'form = "verification_c"\n[inputs]'))
    (hint,) = [one for one in said if "verification_cn" in one]
    assert "checks" not in hint
    assert "reviews" not in hint


def test_rules_for_masks(folder: Path) -> None:
    text = GOOD + '[inputs.mask]\nclasses = { 1 = "推土", 3 = "" }\nminimum_m2 = 200'
    (folder / "campaign.toml").write_text(text, encoding="utf-8")
    campaign = read_campaign(folder / "campaign.toml")
    assert campaign.inputs.mask is not None
    assert campaign.inputs.mask.classes == {1: "推土", 3: ""}
    assert campaign.inputs.mask.connected == 4
    (folder / "again.toml").write_text(effective(campaign), encoding="utf-8")
    assert 'classes = { 1 = "推土", 3 = "" }' in effective(campaign)
    wrong = '[inputs.mask]\nclasses = { 0 = "x", a = "y" }\nminimum_m2 = -1\nconnected = 6\nsieve = 2'
    said = "\n".join(lines(folder, GOOD + wrong))
    for part in ("background", "mask.classes.a", "mask.minimum_m2", "mask.connected", "mask.sieve is not a known key"):
        assert part in said


def test_all_mistakes_at_once(folder: Path) -> None:
    text = GOOD.replace('"2025Q3"', '"2025 Q3!"').replace("[inputs]", '[inputs]\nbefor = ["x"]')
    said = "\n".join(lines(folder, text + "\n[clip]\nfragment_m2 = 'ten'\n[colour]\nx = 1\n"))
    assert "[campaign] id" in said
    assert "letters, digits" in said
    assert "[inputs] befor is not a known key" in said
    assert "did you mean before?" in said
    assert "[clip] fragment_m2" in said
    assert "[colour] is not a known section" in said


def test_missing_files_are_exit_4_and_named(folder: Path) -> None:
    (folder / "campaign.toml").write_text(
        GOOD.replace("d/*", "nowhere/*").replace("c.gpkg", "x.gpkg"), encoding="utf-8"
    )
    result = tuban("run", folder / "campaign.toml")
    assert result.exit_code == 4
    assert "nowhere/*" in result.stderr
    assert "x.gpkg" in result.stderr
    assert not (folder / "out").exists()
    assert not (folder / "archive").exists()


def test_wrong_config_is_exit_2(folder: Path) -> None:
    (folder / "campaign.toml").write_text(GOOD + "[nonsense]\n", encoding="utf-8")
    assert tuban("run", folder / "campaign.toml").exit_code == 2
    (folder / "campaign.toml").write_text("[campaign\n", encoding="utf-8")
    result = tuban("run", folder / "campaign.toml")
    assert result.exit_code == 2
    assert "line 1" in result.stderr
    assert tuban("run", folder / "absent.toml").exit_code == 2


def test_profiles_can_be_an_offices_own(folder: Path) -> None:
    own = 'language = "en"\narea_unit = "ac"\nform = "verification_international"\nlevels = []\n'
    own += 'patch_types = ""\nlead_note = false\n'
    (folder / "ours.toml").write_text(own, encoding="utf-8")
    (folder / "campaign.toml").write_text(
        GOOD.replace('title = "t"', 'title = "t"\nprofile = "ours.toml"'), encoding="utf-8"
    )
    assert read_campaign(folder / "campaign.toml").facts.area_unit == "ac"


def test_a_folder_with_brackets(folder: Path) -> None:
    odd = folder / "[2025] 第三季度*"
    odd.mkdir()
    (odd / "d").mkdir()
    (odd / "d" / "a.zip").touch()
    (odd / "c.gpkg").touch()
    (odd / "campaign.toml").write_text(GOOD, encoding="utf-8")
    assert [one.name for one in read_campaign(odd / "campaign.toml").inputs.patches] == ["a.zip"]


def test_verbs_and_stages_are_the_same() -> None:
    assert tuple(STAGE_VERBS) == tuple(one.name for one in STAGES)


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ('[output]\nfolder = "."', "folders of their own"),
        ('[output]\nfolder = "archive/out"', "lie in one another"),
        ('[archive]\nfolder = "out/archive"', "lie in one another"),
        ('[output]\nfolder = "d"', "takes in what a run writes"),
        ('[render]\ndetail_layout = "detail_a5"', "there is no 'detail_a5'"),
        ('[render]\nfont = "own.ttf"', "own.ttf does not exist"),
    ],
)
def test_what_would_go_wrong_later_is_said_at_once(folder: Path, section: str, said: str) -> None:
    assert said in "\n".join(lines(folder, f"{GOOD}\n{section}\n"))


def test_a_date_of_imagery_needs_no_quotes(folder: Path) -> None:
    (folder / "b.tif").touch()
    text = GOOD + 'before = [{ path = "b.tif", date = 2025-03-14 }]\n'
    (folder / "campaign.toml").write_text(text, encoding="utf-8")
    assert [one.date for one in read_campaign(folder / "campaign.toml").inputs.imagery] == ["2025-03-14"]


def test_a_file_name_that_is_not_utf8_is_named(folder: Path) -> None:
    (folder / "d" / os.fsdecode(b"\xc7\xe0.geojson")).touch()
    said = lines(folder, GOOD)
    assert "is not named in UTF-8" in said[0]
    assert "rename it" in said[1]


def test_lists_of_imagery_are_taken_where_they_are_named_as_such(folder: Path) -> None:
    for name in ("1.tif", "2.tif", "a.jp2", "note.txt"):
        (folder / name).touch()
    band = "".join(f"<SimpleSource><SourceFilename>{one}.tif</SourceFilename></SimpleSource>" for one in (1, 2))
    (folder / "all.vrt").write_text(f"<VRTDataset><VRTRasterBand>{band}</VRTRasterBand></VRTDataset>")

    def taken(pattern: str) -> list[str]:
        (folder / "campaign.toml").write_text(f'{GOOD}after = ["{pattern}"]\n', encoding="utf-8")
        return [one.shown for one in read_campaign(folder / "campaign.toml").inputs.imagery]

    assert taken("*") == taken("*.tif") == ["1.tif", "2.tif"]
    assert taken("*.vrt") == ["2.tif", "1.tif"]  # the last lies on top
    assert taken("*.jp2") == ["a.jp2"]  # ingest says what to do with it


def test_a_list_of_imagery_that_is_refused_is_one_of_the_mistakes(folder: Path) -> None:
    (folder / "all.vrt").write_text('<VRTDataset subClass="VRTWarpedDataset"/>')
    said = lines(folder, f'{GOOD}after = "all.vrt"\nexpected = "none.csv"\n')
    assert said[0] == "[inputs] after: all.vrt reckons its pixels (VRTWarpedDataset)"
    assert any("none.csv" in one for one in said)
