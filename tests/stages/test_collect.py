"""Out and back through the whole program: checklists filled in by hand come home, and the books say so."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
from collections.abc import Mapping
from pathlib import Path

import pytest
from openpyxl import load_workbook

from pipeline.forms.form import load_form
from pipeline.texts import texts
from tests.stages.runs import issues, state, table, tree, tuban

FORM = load_form("verification_cn")
WORDS = texts("zh")


def returns(folder: Path) -> Path:
    inbox = folder / "archive" / "returns"
    inbox.mkdir(parents=True, exist_ok=True)
    return inbox


def checklist(folder: Path) -> Path:
    """The checklist with the most rows."""
    found = sorted((folder / "out" / "counties").glob("*/*_checklist.xlsx"))
    return max(found, key=lambda one: load_workbook(one).worksheets[0].max_row)


def fill(book: Path, target: Path, answers: Mapping[int, Mapping[str, object]]) -> list[str]:
    """A filled copy: answers by row (0 is the first patch), each by the form's keys; the uids of those rows."""
    work = load_workbook(book)
    sheet = work.worksheets[0]
    heads = {str(cell.value).split("\n")[0]: cell.column for cell in sheet[4] if cell.value}
    column = {one.key: heads[one.heading["zh"].split("\n")[0]] for one in FORM.face}
    for row, said in answers.items():
        for key, value in said.items():
            sheet.cell(5 + row, column[key]).value = value
    work.save(target)
    return [str(sheet.cell(5 + row, heads["patch_uid"]).value) for row in answers]


def label(key: str, code: str) -> str:
    one = next(choice for choice in FORM[key].choices if choice.code == code)
    return FORM.label(one, "zh", WORDS["form.joint"]) if key == "verdict_sub" else one.label["zh"]


def answer(verdict: str, sub: str, **more: object) -> dict[str, object]:
    said = {"verdict": label("verdict", verdict), "verdict_sub": label("verdict_sub", f"{verdict}.{sub}")}
    return {**said, "checker": "李明", "checked_on": "2025-10-20", "finding_remark": "现场核实", **more}


def collected(folder: Path) -> dict[str, int]:
    for stage in ("collect", "report"):
        result = tuban(stage, folder / "campaign.toml")
        assert result.exit_code == 0, result.stderr
    books = json.loads((folder / "out" / "reports" / "balance.json").read_bytes())
    assert "imbalances" not in books
    counts: dict[str, int] = books["returns"]
    return counts


def decide(folder: Path, *rows: tuple[str, str, str, str, str]) -> None:
    with (folder / "archive" / "decisions.csv").open("w", newline="", encoding="utf-8") as target:
        csv.writer(target).writerows([("who", "when", "id", "decision", "reason"), *rows])


def test_a_filled_checklist_comes_home(finished: Path) -> None:
    asked = collected(finished)["open"]
    uids = fill(
        checklist(finished),
        returns(finished) / "东湖区 核查表.xlsx",
        {0: answer("legal", "prior"), 1: answer("illegal", "unreported", used=1.5)},
    )
    assert collected(finished) == {"open": asked - 2, "answered": 2, "conflict": 0, "unmatched": 0}
    found = {
        one["patch_uid"]: one for one in table(finished / "campaign.toml", "findings") if one["state"] == "answered"
    }
    assert [found[uid]["verdict"] for uid in uids] == ["legal", "illegal"]
    assert found[uids[0]]["verdict_name"] == "合法"
    assert "东湖区 核查表.xlsx" in found[uids[0]]["place"]
    (page,) = (finished / "out" / "reports" / "returns").glob("*.html")
    assert "李明" not in page.stem
    assert "已采用" in page.read_text(encoding="utf-8")
    status = (finished / "out" / "reports" / "status.csv").read_text(encoding="utf-8-sig")
    assert "verdict_illegal_m2" in status.splitlines()[0]
    said = tuban("explain", finished / "campaign.toml", uids[1]).stdout
    assert "answered 违法" in said


def test_the_same_again_changes_nothing_and_the_inbox_may_be_emptied(finished: Path) -> None:
    home = returns(finished) / "a.xlsx"
    fill(checklist(finished), home, {0: answer("legal", "prior")})
    first = collected(finished)
    before = tree(finished / "out" / "tables")
    shutil.copyfile(home, returns(finished) / "again.xlsx")
    assert collected(finished) == first
    home.unlink()
    (returns(finished) / "again.xlsx").unlink()
    shutil.rmtree(finished / "out" / ".state" / "returns")
    assert collected(finished) == first
    assert tree(finished / "out" / "tables") == before
    assert "fresh" in tuban("collect", finished / "campaign.toml").stderr
    ledger = [json.loads(one) for one in (finished / "archive" / "ledger.jsonl").read_text().splitlines()]
    assert [one["name"] for one in ledger if one["event"] == "returned"] == ["a.xlsx"]


def test_two_officers_disagree_until_a_named_person_decides(finished: Path) -> None:
    book = checklist(finished)
    (uid,) = fill(book, returns(finished) / "a.xlsx", {0: answer("legal", "prior")})
    fill(book, returns(finished) / "b.xlsx", {0: answer("illegal", "unreported")})
    assert collected(finished)["conflict"] == 1
    assert "RETURN_CONFLICT" in {one["code"] for one in issues(finished / "campaign.toml", "collect")}
    decide(finished, ("王芳", "2025-11-01", uid, "take b.xlsx", "实地复核"))
    counts = collected(finished)
    assert (counts["conflict"], counts["answered"]) == (0, 1)
    (one,) = [one for one in table(finished / "campaign.toml", "findings") if one["state"] == "answered"]
    assert (one["verdict"], one["decided"]) == ("illegal", "王芳, 2025-11-01, 实地复核")
    fates = sorted(one["fate"] for one in table(finished / "campaign.toml", "returned"))
    assert fates == ["overruled", "taken"]


def test_an_unclear_decision_is_refused_by_row(finished: Path) -> None:
    decide(finished, ("王芳", "", "x", "perhaps", ""))
    refused = tuban("collect", finished / "campaign.toml")
    assert refused.exit_code == 4
    assert "row 2" in refused.stderr


def test_a_geopackage_from_the_field_comes_home(finished: Path) -> None:
    folder = checklist(finished).parent
    home = returns(finished) / "QField 归来" / folder.name
    shutil.copytree(folder, home)
    with sqlite3.connect(home / "patches.gpkg") as base:
        triggers = base.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:  # SQLite alone has none of the functions they call
            base.execute(f'DROP TRIGGER "{name}"')
        (uid,) = base.execute("SELECT patch_uid FROM patches WHERE seq = 1").fetchone()
        base.execute(
            "UPDATE patches SET verdict = 'other', verdict_sub = 'other.farm_road', finding_remark = 'x',"
            " checker = 'A', checked_on = '2025-10-21' WHERE seq = 1"
        )
        for _, sql in triggers:
            base.execute(sql)
    counts = collected(finished)
    assert (counts["answered"], counts["unmatched"]) == (1, 0)
    (one,) = [one for one in table(finished / "campaign.toml", "findings") if one["state"] == "answered"]
    assert (one["patch_uid"], one["verdict"]) == (uid, "other")


def test_what_was_filled_in_inside_the_handed_out_folder_is_not_lost(finished: Path) -> None:
    book = checklist(finished)
    fill(book, book, {0: answer("legal", "prior")})
    result = tuban("run", finished / "campaign.toml")
    assert result.exit_code == 0, result.stderr
    assert state(finished / "campaign.toml", "collect_summary.json")["returns"]["answered"] == 1


@pytest.mark.parametrize("name", ["~$a.xlsx", ".~lock.a.xlsx#", "notes.docx", "a.et"])
def test_what_is_no_return_stops_nothing(finished: Path, name: str) -> None:
    (returns(finished) / name).write_bytes(b"x")
    assert collected(finished)["answered"] == 0
