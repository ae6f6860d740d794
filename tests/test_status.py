"""`tuban status`: who is overdue on a day that is given, and what was answered."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipeline.accounts import CountyStatus, balance
from pipeline.campaign import Files
from pipeline.errors import Refusal
from pipeline.intake.expected import Announced
from pipeline.stages.report import _csv, _status_rows
from pipeline.status import status_lines, status_value, summary_lines
from tests.morning.province import answering, counties

CODES = ["legal", "illegal", "other"]
INGEST: dict[str, Any] = {
    "records": {"received": 0, "accepted": 0, "quarantined": 0, "duplicate": 0},
    "quarantine_by_reason": {}, "by_delivery": [], "by_county": {},
}  # fmt: skip
CLIP: dict[str, Any] = {
    "area_m2": dict.fromkeys(("accepted", "inside", "outside", "double"), 0.0),
    "pieces": {"all": 0, "asked": 0, "not_asked": {}},
}


def reported(folder: Path, made: list[CountyStatus]) -> Files:
    """The reports of a run in which the counties stand so."""
    files = Files(folder / "archive", folder / "out")
    files.reports.mkdir(parents=True)
    files.state.mkdir()
    told = {name: sum(getattr(one, name) for one in made) for name in ("open", "answered", "conflict")}
    books = balance("C", INGEST, CLIP, made, None, {**told, "unmatched": 1})
    (files.reports / "balance.json").write_text(json.dumps(books))
    (files.reports / "status.csv").write_text(_csv(_status_rows(made, CODES)), encoding="utf-8")
    files.state_file("issue_counts.json").write_text('{"FRAGMENT": 2}')
    return files


def spoken(made: list[CountyStatus], deadline: str = "2025-11-15") -> dict[str, Announced]:
    return {one.code: Announced(one.code, 1, contact="郭", phone="0999-1", deadline=deadline) for one in made}


@pytest.fixture
def made() -> list[CountyStatus]:
    return answering(counties(20), CODES)


def test_nobody_is_late_where_no_day_is_given(tmp_path: Path, made: list[CountyStatus]) -> None:
    value = status_value(reported(tmp_path, made), spoken(made))
    assert value["overdue"] == []
    assert next(status_lines(value)).startswith("code")


@pytest.mark.parametrize(
    ("deadline", "day", "late"),
    [
        ("2025-11-15", "2025-11-15", False),  # the day itself is not yet past
        ("2025-11-15", "2025-11-16", True),
        ("2025年11月15日", "2025-11-16", True),
        ("2025-11", "2025-11-30", False),
        ("2025-11", "2025-12-01", True),
        ("next week", "2099-01-01", False),
        ("", "2099-01-01", False),
    ],
)
def test_late_is_who_passed_the_deadline_with_open_pieces(
    tmp_path: Path, made: list[CountyStatus], deadline: str, day: str, late: bool
) -> None:
    value = status_value(reported(tmp_path, made), spoken(made, deadline), date.fromisoformat(day))
    assert value["overdue"] == ([one.code for one in made if one.open] if late else [])


def test_the_latest_stand_first_with_whom_to_ring(tmp_path: Path, made: list[CountyStatus]) -> None:
    announced = spoken(made)
    late = [one.code for one in made if one.open]
    announced[late[2]] = replace(announced[late[2]], deadline="2025-11-01")
    value = status_value(reported(tmp_path, made), announced, date(2025, 12, 1))
    one = next(one for one in made if one.code == late[2])
    words = f"OVERDUE    {one.code} {one.name}: {one.open} of {one.asked} open, due 2025-11-01, 郭 0999-1"
    assert next(status_lines(value)) == next(summary_lines(value)) == words


def test_a_summary_names_the_first_and_counts_the_others(tmp_path: Path) -> None:
    made = [replace(one, open=one.asked) for one in counties(60)]
    value = status_value(reported(tmp_path, made), spoken(made), date(2026, 1, 1))
    lines = list(summary_lines(value))
    assert sum(one.startswith("OVERDUE") for one in lines) == 20
    assert f"           and {sum(one.open > 0 for one in made) - 20} more" in lines
    assert sum(one.startswith("OVERDUE") for one in status_lines(value)) == sum(one.open > 0 for one in made)


def test_answers_and_verdicts_are_told(tmp_path: Path, made: list[CountyStatus]) -> None:
    value = status_value(reported(tmp_path, made))
    answered, asked = sum(one.answered for one in made), sum(one.asked for one in made)
    lines = list(summary_lines(value))
    (returns,) = [one for one in lines if one.startswith("returns")]
    assert f"{answered} answered ({100 * answered // asked} %)" in returns
    assert returns.endswith("1 unmatched")
    (verdicts,) = [one for one in lines if one.startswith("verdicts")]
    assert verdicts.split()[1::2] == [str(sum(one.verdicts.get(code, (0,))[0] for one in made)) for code in CODES]
    head, *rows = list(status_lines(value))
    assert head.split()[-6:] == [*CODES, "pages", "rows", "published"]
    assert len(rows[0].split()) <= len(head.split())


def test_before_any_answer_no_verdict_is_spoken_of(tmp_path: Path) -> None:
    made = [replace(one, open=one.asked) for one in counties(10)]
    value = status_value(reported(tmp_path, made))
    assert "legal" not in next(status_lines(value))
    assert not [one for one in summary_lines(value) if one.startswith("verdicts")]
    assert asdict(made[0])["code"] == value["counties"][0]["code"]


def test_without_a_report_there_is_no_status(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="no whole report"):
        status_value(Files(tmp_path, tmp_path))
