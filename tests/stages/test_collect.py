"""Out and back through the whole program: checklists filled in by hand come home, and the books say so."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
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


def test_a_county_is_asked_again_and_what_it_mends_counts(finished: Path) -> None:
    book = checklist(finished)
    code = book.name.partition("_")[0]
    (good, wrong) = fill(
        book,
        returns(finished) / "a.xlsx",
        {0: answer("legal", "prior", finding_remark="云批〔2024〕1号"), 1: answer("illegal", "unreported", used=99999)},
    )
    first = collected(finished)
    (open_book,) = (finished / "out" / "reports" / "returns").glob("*_open.xlsx")
    assert open_book.name == f"{code}_open.xlsx"
    rows = uids(open_book)
    assert wrong in rows
    found = {one["patch_uid"]: one for one in table(finished / "campaign.toml", "findings")}
    assert found[wrong]["questions"].startswith("R04")
    assert found[good]["review"] == "submitted"
    fill(open_book, returns(finished) / "b.xlsx", {rows.index(wrong): {"used": 0.01}})
    assert collected(finished) == first
    found = {one["patch_uid"]: one for one in table(finished / "campaign.toml", "findings")}
    assert json.loads(found[wrong]["answers"])[0]["parcels"][0]["used"] == "0.01"
    assert "R04" not in found[wrong]["questions"]
    fates = sorted(one["fate"] for one in table(finished / "campaign.toml", "returned") if one["patch_uid"] == wrong)
    assert fates == ["superseded", "taken"]
    told = tuban("explain", finished / "campaign.toml", wrong).stdout
    assert [line for line in told.splitlines() if "superseded: a.xlsx!" in line and "99999" in line]


def test_city_and_province_review_and_a_return_comes_back_as_a_row(finished: Path) -> None:
    book = checklist(finished)
    code = book.name.partition("_")[0]
    (uid,) = fill(book, returns(finished) / "a.xlsx", {0: answer("legal", "prior")})
    before = collected(finished)
    decide(
        finished,
        ("王芳", "2025-11-01", code, "pass city", ""),
        ("王芳", "2025-11-02", uid, "return 市 3", "缺近景"),
        ("王芳", "2025-11-02", "nothing", "pass city", ""),
    )
    assert collected(finished) == before
    found = {one["patch_uid"]: one for one in table(finished / "campaign.toml", "findings")}
    assert (found[uid]["state"], found[uid]["review"]) == ("answered", "city_returned")
    assert "需补充实地照片" in found[uid]["review_reason"]
    summary = state(finished / "campaign.toml", "collect_summary.json")["counties"][code]
    assert (summary["review"], summary["reviews"], summary["times_returned"]) == ("issued", {"city_returned": 1}, 1)
    (open_book,) = (finished / "out" / "reports" / "returns").glob("*_open.xlsx")
    assert uid in uids(open_book)
    assert "DECISION_UNUSED" in {one["code"] for one in issues(finished / "campaign.toml", "collect")}
    (row,) = [one for one in status(finished) if one["code"] == code]
    assert (row["review"], row["review_city_returned"], row["review_submitted"]) == ("issued", "1", "0")
    assert row["times_returned"] == "1"
    told = tuban("explain", finished / "campaign.toml", uid).stdout
    assert "review: city_returned" in told
    assert "city return 3: 王芳, 2025-11-02, 缺近景" in told
    assert "city pass: 王芳, 2025-11-01 (answered since, or replaced)" in told
    page = (finished / "out" / "reports" / "index.html").read_text(encoding="utf-8")
    assert "市级退回 1" in page
    heads = {
        cell.value
        for line in load_workbook(finished / "out" / "reports" / "rollup.xlsx").worksheets[0]
        for cell in line
    }
    assert {"已上报", "市级通过", "省级退回", "须更正"} <= heads
    decide(finished, ("王芳", "2025-11-01", uid, "pass mayor", ""))
    assert tuban("collect", finished / "campaign.toml").exit_code == 4


def test_photos_are_held_against_the_patch_they_are_named_for(finished: Path) -> None:
    from PIL import Image

    from tests.collect.test_photos import jpeg

    book = checklist(finished)
    home = returns(finished) / "现场"
    home.mkdir()
    (uid, other) = fill(
        book,
        home / book.name,
        {0: answer("legal", "prior", photos="near.jpg"), 1: answer("legal", "prior", photos="far.jpg, none.jpg")},
    )
    pieces = {one["patch_uid"]: one for one in table(finished / "campaign.toml", "pieces")}
    lon, lat = pieces[uid]["lon_deg"], pieces[uid]["lat_deg"]
    (home / "near.jpg").write_bytes(jpeg(lon, lat, 10.0, "2025:10:20 09:00:00"))
    (home / "far.jpg").write_bytes(jpeg(lon + 1, lat, 10.0, "2025:10:20 09:00:00"))
    Image.new("L", (8, 8)).save(home / "bare.jpg")
    collected(finished)
    seen = {one["named"]: one for one in table(finished / "campaign.toml", "photos")}
    assert (seen["near.jpg"]["place"], seen["near.jpg"]["distance_m"]) == ("ok", 0.0)
    assert (seen["far.jpg"]["place"], seen["none.jpg"]["found"], seen[""]["found"]) == ("far", "missing", "unnamed")
    found = {one["patch_uid"]: one for one in table(finished / "campaign.toml", "findings")}
    assert "R12" not in found[uid]["questions"]
    assert "R12" in found[other]["questions"]
    assert found[other]["state"] == "answered"
    (page,) = (finished / "out" / "reports" / "returns").glob("*.html")
    assert "R12" in page.read_text(encoding="utf-8")
    (package,) = (finished / "out").glob("*.gpkg")
    with closing(sqlite3.connect(package)) as base:
        rows = base.execute("SELECT named, patch_no, azimuth_deg, geom IS NULL FROM photos ORDER BY named").fetchall()
    assert rows == [
        ("", "", None, 1),
        ("far.jpg", found[other]["patch_no"], 10.0, 0),
        ("near.jpg", found[uid]["patch_no"], 10.0, 0),
        ("none.jpg", found[other]["patch_no"], None, 1),
    ]


def status(folder: Path) -> list[dict[str, str]]:
    """The rows of status.csv."""
    with (folder / "out" / "reports" / "status.csv").open(encoding="utf-8-sig", newline="") as source:
        return list(csv.DictReader(source))


def uids(book: Path) -> list[str]:
    """The patch uids of a checklist's rows, in order."""
    sheet = load_workbook(book).worksheets[0]
    (column,) = [cell.column for cell in sheet[4] if cell.value == "patch_uid"]
    return [str(sheet.cell(row, column).value) for row in range(5, sheet.max_row + 1)]


LEDGER = """
headings = ["编号", "判定类型"]
[patch]
patch_no = "编号"
county = "县"
[answers]
verdict = "判定类型"
verdict_sub = "情形"
used = "实际面积"
checker = "调查人"
checked_on = "调查时间"
[words.verdict]
"违法用地" = "illegal"
[units]
used = "m2"
[dates]
checked_on = "%d/%m/%Y"
"""


def test_a_platforms_ledger_comes_home_by_its_map_and_what_the_office_calls_an_error_is_one(finished: Path) -> None:
    collected(finished)
    findings = table(finished / "campaign.toml", "findings")
    numbers = Counter((each["patch_no"], each["county_code"]) for each in findings)
    one = next(each for each in findings if each["patch_no"] and numbers[each["patch_no"], each["county_code"]] == 1)
    text = (finished / "campaign.toml").read_text(encoding="utf-8")
    (finished / "campaign.toml").write_text(f'{text}\n[collect]\nmaps = ["ledger.toml"]\n', encoding="utf-8")
    (finished / "ledger.toml").write_text(LEDGER, encoding="utf-8")
    head = ["编号", "县", "判定类型", "情形", "实际面积", "调查人", "调查时间", "批次"]
    said = ["违法用地", "未报即用", "9999999", "李明", "03/10/2025", "一"]
    with (returns(finished) / "台账.csv").open("w", encoding="gb18030", newline="") as target:
        rows = [[one["patch_no"], one["county_code"], *said], ["不存在", one["county_code"], *said]]
        csv.writer(target, delimiter=";").writerows([head, *rows])
    decide(finished, ("王芳", "2025-11-01", "抬账.csv", "leave", "误发"))
    counts = collected(finished)
    assert (counts["answered"], counts["unmatched"]) == (1, 1)
    (found,) = [each for each in table(finished / "campaign.toml", "findings") if each["state"] == "answered"]
    assert (found["patch_uid"], found["verdict"]) == (one["patch_uid"], "illegal")
    assert json.loads(found["answers"])[0]["parcels"][0]["checked_on"] == "2025-10-03"
    assert found["place"] == "台账.csv!A2"
    told = {each["code"]: each for each in issues(finished / "campaign.toml", "collect")}
    assert told.keys() == {"RETURN_ERROR", "RETURN_QUESTION", "RETURN_NOTE", "DECISION_UNUSED"}
    assert told["DECISION_UNUSED"]["facts"] == {"row": 2, "what": "交回文件", "id": "抬账.csv"}
    assert "批次" in told["RETURN_NOTE"]["facts"]["problem"]
    again = finished / "out" / "reports" / "returns" / f"{one['county_code']}_open.xlsx"
    assert found["patch_uid"] in {str(cell.value) for row in load_workbook(again).worksheets[0] for cell in row}
    severities = {each["code"]: each["severity"] for each in table(finished / "campaign.toml", "issues")}
    assert (severities["RETURN_ERROR"], severities["RETURN_NOTE"]) == ("error", "note")
    assert (found["state"], found["to_correct"]) == ("answered", "R04")
    (row,) = [each for each in status(finished) if each["code"] == one["county_code"]]
    assert (row["answered"], row["to_correct"]) == ("1", "1")
    (receipt,) = (finished / "out" / "reports" / "returns").glob("*.html")
    assert "请更正以下各行后发回" in receipt.read_text(encoding="utf-8")
    (finished / "ledger.toml").write_text(LEDGER.replace("illegal", "bad"), encoding="utf-8")
    refused = tuban("collect", finished / "campaign.toml")
    assert refused.exit_code == 2
    assert "ledger.toml: [words.verdict] 违法用地 = 'bad' is no choice" in refused.stderr


def test_a_broken_list_of_announcements_holds_up_nobody_and_is_told(finished: Path) -> None:
    (finished / "expected.csv").write_text("code,patches\n320102,zwölf\n", encoding="utf-8")
    code = checklist(finished).name.partition("_")[0]
    result = tuban("run", finished / "campaign.toml", "--only", code)
    assert result.exit_code == 0, result.stderr
    assert (finished / "out" / "counties" / code / "00_START_HERE.pdf").is_file()
    (told,) = [one for one in table(finished / "campaign.toml", "issues") if one["code"] == "EXPECTED_UNREAD"]
    assert told["severity"] == "error"
    assert "zwölf" in told["sentence"]
    books = json.loads((finished / "out" / "reports" / "balance.json").read_bytes())
    assert books["records"]["announced"] is None
