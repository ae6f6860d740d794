"""What the form allows comes back as it was said, through every door."""

from __future__ import annotations

import csv
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from pipeline.collect.numbers import spelt_number
from pipeline.collect.reading import read_return
from pipeline.collect.returned import ReturnedFile
from pipeline.collect.spelling import is_error, said_text
from pipeline.forms.form import Field, Form
from pipeline.forms.identity import book_order, geometry_digest, row_code
from pipeline.forms.table import Table

from .conftest import CAMPAIGN, CODE, PIECES, Sheet, edit_package, read, terms, uid

FIRST = 5  # row of the first piece in the checklist, as a spreadsheet counts
Finding = dict[str, str]
_LIGHT = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])


def findings(form: Form, keys: Sequence[str]) -> st.SearchStrategy[Finding]:
    """Any finding the form allows, in canonical spelling: a verdict, and some of the other answers."""
    verdict = st.sampled_from([one.code for one in form.verdict.choices])
    others = [form[key] for key in keys if key != form.verdict_key]
    return verdict.flatmap(
        lambda code: st.fixed_dictionaries({one.key: st.one_of(st.just(""), _answer(one, code)) for one in others}).map(
            lambda said: _within(form, {form.verdict_key: code, **{key: value for key, value in said.items() if value}})
        )
    )


def _answer(one: Field, verdict: str) -> st.SearchStrategy[str]:
    match one.type:
        case "choice":
            return st.sampled_from([each.code for each in one.choices if each.under in ("", verdict)])
        case "date":
            return st.dates(date(2000, 1, 1), date(2100, 12, 31)).map(date.isoformat)
        case "number":
            return st.decimals(0, 10**6 if one.high is None else int(one.high), places=4).map(spelt_number)
        case "photo":
            return st.from_regex(r"DCIM/[a-z0-9_]{1,20}\.jpg", fullmatch=True)
    return st.text(max_size=one.length).map(said_text).filter(lambda words: words and not is_error(words))


def _within(form: Form, said: Finding) -> Finding:
    """Parts no larger than their whole."""
    for one in form.fields:
        if one.key in said and one.within in said and Decimal(said[one.key]) > Decimal(said[one.within]):
            said[one.key] = said[one.within]
    return said


def many(profile: str, keys: Sequence[str]) -> st.SearchStrategy[dict[int, Finding]]:
    """Findings of some of the pieces, by number."""
    one = findings(terms(profile).form, keys)
    return st.dictionaries(st.integers(1, len(PIECES)), one, min_size=1)


def written(profile: str) -> list[str]:
    """What a table asks, but for the number of the plot: that is part of a row's identity."""
    return [one.key for one in terms(profile).form.written if one.key != "part_no"]


def cell_of(profile: str, key: str, value: str) -> Any:
    """How an officer's program stores an answer: labels of choices, numbers, days."""
    by = terms(profile)
    one = by.form[key]
    match one.type:
        case "choice":
            return by.vocabularies[key].labels[value]
        case "date":
            return date.fromisoformat(value)
        case "number":
            return float(value)
    return value


def fill(path: Path, target: Path, profile: str, said: Mapping[int, Finding]) -> Path:
    sheet = Sheet(path, terms(profile))
    for seq, finding in said.items():
        sheet.put(FIRST + seq - 1, **{key: cell_of(profile, key, value) for key, value in finding.items()})
    return sheet.save(target)


def holds(found: Sequence[ReturnedFile], said: Mapping[int, Finding], county: str = "") -> None:
    """The same findings, each once at its piece, and no doubt."""
    (one,) = found
    assert one.remarks == ()
    assert {row.patch_uid: dict(row.said) for row in one.rows} == {uid(seq): said[seq] for seq in said}
    assert len(one.rows) == len(said)
    codes = {each.patch_uid: row_code(each) for each in PIECES}
    assert all((row.row_code, row.part) == (codes[row.patch_uid], "1") for row in one.rows)
    assert {row.county_code for row in one.rows} == {county}


@pytest.mark.parametrize("profile", ["cn", "international"])
def test_through_the_workbook(checklist: Callable[[str], Path], tmp_path: Path, profile: str) -> None:
    @_LIGHT
    @given(many(profile, written(profile)))
    def law(said: dict[int, Finding]) -> None:
        path = fill(checklist(profile), tmp_path / "back.xlsx", profile, said)
        found = read(path, tmp_path / "s", profile)
        holds(found, said)
        form = terms(profile).form
        assert (found[0].campaign, found[0].county_code) == (CAMPAIGN, CODE)
        assert found[0].form == f"{form.id}@{form.version}"

    law()


@pytest.mark.parametrize("profile", ["cn", "international"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-8"])
def test_through_csv(checklist: Callable[[str], Path], tmp_path: Path, profile: str, encoding: str) -> None:
    blank = CalamineWorkbook.from_path(str(checklist(profile))).get_sheet_by_index(0).to_python(skip_empty_area=False)
    columns = Table(terms(profile).form, len(PIECES), reissued=False).columns()

    @_LIGHT
    @given(many(profile, written(profile)))
    def law(said: dict[int, Finding]) -> None:
        rows = [list(row) for row in blank]
        for seq, finding in said.items():
            for key, value in finding.items():
                rows[FIRST + seq - 2][columns[key]] = cell_of(profile, key, value)
        path = tmp_path / "back.csv"
        with path.open("w", encoding=encoding, newline="") as target:
            csv.writer(target).writerows(rows)
        found = read(path, tmp_path / "s", profile)
        holds(found, said)
        assert (found[0].campaign, found[0].county_code, found[0].door) == (CAMPAIGN, CODE, "csv")
        assert found[0].form == f"{terms(profile).form.id}@{terms(profile).form.version}"

    law()


@pytest.mark.parametrize("profile", ["cn", "international"])
@pytest.mark.parametrize("log", [False, True])
def test_through_the_geopackage(package: Callable[[str], Path], tmp_path: Path, profile: str, log: bool) -> None:
    by = terms(profile)

    @_LIGHT
    @given(many(profile, [one.key for one in by.form.asked]))
    def law(said: dict[int, Finding]) -> None:
        for old in tmp_path.glob("*.gpkg*"):
            old.unlink()
        path = tmp_path / "patches.gpkg"
        shutil.copyfile(package(profile), path)
        columns = {one.key: one.column(by.facts.area_unit) for one in by.form.asked}
        stored = {
            seq: {columns[key]: float(value) if by.form[key].type == "number" else value for key, value in each.items()}
            for seq, each in said.items()
        }
        edit_package(path, stored, log=log)
        found = read(tmp_path / "open_patches.gpkg" if log else path, tmp_path / "s", profile)
        holds(found, said, CODE)
        assert found[0].campaign == CAMPAIGN
        outlines = {each.patch_uid: geometry_digest(each) for each in PIECES}
        assert all(row.given["geometry"] == outlines[row.patch_uid] for row in found[0].rows)

    law()


def test_what_was_handed_out_says_nothing(
    checklist: Callable[[str], Path], package: Callable[[str], Path], tmp_path: Path
) -> None:
    for profile in ("cn", "international"):
        for path in (checklist(profile), package(profile)):
            (found,) = read(path, tmp_path / "s", profile)
            assert (found.rows, found.remarks) == ((), ())


def test_given_cells_come_back(checklist: Callable[[str], Path], tmp_path: Path) -> None:
    path = fill(checklist("cn"), tmp_path / "back.xlsx", "cn", {2: {"verdict": "legal"}})
    (row,) = read(path, tmp_path / "s")[0].rows
    assert row.given["patch_no"] == book_order(PIECES)[1].patch_no
    assert row.given["area"] == "20"
    assert row.place == "back.xlsx!核查表!B6"


@pytest.mark.parametrize("column", ["patch_no", "patch_uid", "row_code", "patch_type", "verdict", "checked_on", "page"])
@pytest.mark.parametrize("backward", [False, True])
def test_sorted_rows_say_the_same(
    checklist: Callable[[str], Path], tmp_path: Path, column: str, backward: bool
) -> None:
    said = {1: {"verdict": "illegal"}, 3: {"verdict": "legal", "checked_on": "2025-10-20"}, 4: {"verdict": "other"}}
    sheet = Sheet(fill(checklist("cn"), tmp_path / "back.xlsx", "cn", said), terms())
    rows = [[cell.value for cell in row] for row in sheet.sheet.iter_rows(min_row=FIRST, max_row=FIRST + 3)]
    rows.sort(key=lambda row: str(row[sheet.columns[column] - 1]), reverse=backward)
    for at, row in enumerate(rows):
        for to, value in enumerate(row):
            sheet.sheet.cell(FIRST + at, to + 1).value = value
    holds(read(sheet.save(tmp_path / "sorted.xlsx"), tmp_path / "s"), said)


@given(st.permutations(range(Table(terms().form, len(PIECES), reissued=False).last + 1)))
@settings(max_examples=15)
def test_columns_may_stand_in_any_order(
    checklist: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory, order: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("moved")
    said = {2: {"verdict": "illegal", "verdict_sub": "illegal.beyond", "used": "3.5"}}
    book = CalamineWorkbook.from_path(str(fill(checklist("cn"), folder / "a.xlsx", "cn", said)))
    rows = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    with (folder / "moved.csv").open("w", encoding="utf-8", newline="") as target:
        csv.writer(target).writerows([[row[at] for at in order] for row in rows])
    holds(read(folder / "moved.csv", folder / "s"), said)


def test_the_child_reads_the_same(checklist: Callable[[str], Path], tmp_path: Path) -> None:
    path = fill(checklist("cn"), tmp_path / "back.xlsx", "cn", {2: {"verdict": "legal", "used": "3.25"}})
    by = terms()
    assert read_return(path, by.form, by.facts) == read(path, tmp_path / "s")
    assert read_return(path, by.form, by.facts, name="a/b.xlsx")[0].name == "a/b.xlsx"


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["cn", "international"])
@pytest.mark.parametrize("kind", ["ods", "xls", "xlsx", "csv"])
def test_through_libreoffice(checklist: Callable[[str], Path], tmp_path: Path, profile: str, kind: str) -> None:
    if not shutil.which("soffice"):
        pytest.skip("LibreOffice is not installed")

    @settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(many(profile, written(profile)))
    def law(said: dict[int, Finding]) -> None:
        path = fill(checklist(profile), tmp_path / "back.xlsx", profile, said)
        home = f"-env:UserInstallation=file://{tmp_path}/home"
        made = kind if kind != "csv" else "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,1"
        command = ["soffice", home, "--headless", "--convert-to", made, "--outdir", str(tmp_path / "o"), str(path)]
        subprocess.run(command, capture_output=True, check=True, timeout=120)
        (saved,) = (tmp_path / "o").iterdir()
        found = read(saved, tmp_path / "s", profile)
        saved.unlink()
        holds(found, said)
        assert (found[0].campaign, found[0].county_code) == (CAMPAIGN, CODE)

    law()
