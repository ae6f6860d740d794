"""The form for ODK and Kobo: it asks what the field project asks, and its export is read back by the shipped maps."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from pipeline.collect.bundle import read_bundle
from pipeline.collect.maps import load_maps, map_paths
from pipeline.forms.identity import book_order, row_code
from pipeline.forms.mistakes import TABS
from pipeline.forms.xlsform import choice_name, is_ours, write_xlsform
from tests.collect.conftest import CODE, COUNTY, PIECES, read, terms


def made(folder: Path, profile: str) -> dict[str, list[dict[str, Any]]]:
    by = terms(profile)
    folder.mkdir(exist_ok=True)
    assert write_xlsform(folder, by.form, by.facts, COUNTY, PIECES) == len(PIECES)
    book = CalamineWorkbook.from_path(str(folder / f"{CODE}_form.xlsx"))
    sheets = {}
    for name in book.sheet_names:
        head, *rows = book.get_sheet_by_name(name).to_python()
        sheets[name] = [{str(key): cell for key, cell in zip(head, row, strict=True) if cell != ""} for row in rows]
    return sheets


@pytest.mark.parametrize("profile", ["cn", "international"])
def test_it_asks_what_the_field_project_asks(tmp_path: Path, profile: str) -> None:
    survey, form = made(tmp_path, profile)["survey"], terms(profile).form
    names = [one.get("name") for one in survey]
    assert [one for one in names if one in {each.key for each in form.asked}] == [
        one.key for tab in TABS for one in form.asked if one.tab == tab
    ]
    begun = sum(one["type"] == "begin_group" for one in survey)
    assert begun == sum(one["type"] == "end_group" for one in survey) == len(TABS)
    relevant = {one["name"]: one.get("relevant", "") for one in survey if "name" in one}
    case = "illegal" if profile == "cn" else "unauthorised"
    assert relevant["case"].endswith(f"and (${{verdict}} = '{case}')")
    labelled = [one for one in survey if one["type"].split()[0] not in ("start", "end", "calculate", "end_group")]
    assert all(one["label::中文 (zh)"] and one["label::English (en)"] for one in labelled)


@pytest.mark.parametrize("profile", ["cn", "international"])
def test_every_name_that_is_spoken_of_is_there(tmp_path: Path, profile: str) -> None:
    sheets = made(tmp_path, profile)
    names = {one.get("name") for one in sheets["survey"]}
    spoken = {
        each for row in sheets["survey"] for cell in row.values() for each in re.findall(r"\$\{(\w+)\}", str(cell))
    }
    assert spoken <= names
    lists = {
        one["type"].split()[1] for one in sheets["survey"] if one["type"].startswith(("select_one ", "select_mul"))
    }
    assert lists == {one["list_name"] for one in sheets["choices"]}


@pytest.mark.parametrize("profile", ["cn", "international"])
def test_every_choice_is_understood_when_it_comes_back(profile: str) -> None:
    by = terms(profile)
    for one in by.form.asked:
        for choice in one.choices:
            assert by.vocabularies[one.key].code_of(choice_name(choice), choice.under) == choice.code


def test_the_list_has_every_asked_patch_with_its_check_code_and_place(tmp_path: Path) -> None:
    made(tmp_path, "cn")
    with (tmp_path / f"patches_{CODE}.csv").open(encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))
    assert [one["name"] for one in rows] == [one.patch_uid for one in book_order(PIECES)]
    assert [one["row_code"] for one in rows] == [row_code(one) for one in book_order(PIECES)]
    lat, lon = map(float, rows[0]["geometry"].split()[:2])
    assert (round(lon, 4), round(lat, 4)) == (113.83, 30.5005)


def test_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        made(tmp_path / name, "cn")
    for one in (tmp_path / "a").iterdir():
        assert one.read_bytes() == (tmp_path / "b" / one.name).read_bytes()


def test_a_returned_folder_with_the_form_in_it_raises_no_question(tmp_path: Path) -> None:
    made(tmp_path / "429901", "cn")
    assert all(is_ours(one.name) for one in (tmp_path / "429901").iterdir())
    assert read(tmp_path / "429901", tmp_path / "s") == []


@pytest.mark.parametrize("profile", ["cn", "international"])
def test_an_export_of_it_is_read_by_the_shipped_map(tmp_path: Path, profile: str) -> None:
    by = terms(profile)
    survey = made(tmp_path, profile)["survey"]
    group, head = "", []
    for one in survey:
        group = one["name"] if one["type"] == "begin_group" else "" if one["type"] == "end_group" else group
        if one["type"] not in ("begin_group", "end_group", "note"):
            head.append(f"{group}/{one['name']}" if group else one["name"])
    head += ["_id", "_uuid", "_submission_time", "_validation_status", "_notes", "_status", "_submitted_by"]
    head += ["__version__", "_tags", "_index"]
    verdict = by.form.verdict.choices[0].code
    piece = PIECES[0]
    cells = {"patch_uid": piece.patch_uid, "county_code": CODE, "row_code": row_code(piece), "finding/verdict": verdict}
    with (tmp_path / "k.csv").open("w", encoding="utf-8-sig", newline="") as target:
        csv.writer(target, delimiter=";").writerows(
            [head, [cells.get(one, "x" if one[0] == "_" else "") for one in head]]
        )
    known = replace(by, maps=load_maps(map_paths(("kobo",), Path()), by.form))
    (tmp_path / "s").mkdir()
    (one,) = read_bundle(tmp_path / "k.csv", "k.csv", tmp_path / "s", known, lambda _: None)
    assert (one.door, one.remarks) == ("mapped", ())
    (row,) = one.rows
    assert (row.patch_uid, row.county_code, row.row_code) == (piece.patch_uid, CODE, row_code(piece))
    assert row.said == {"verdict": verdict}
