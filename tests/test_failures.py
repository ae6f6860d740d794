"""What failed is told once a cause, and no cause is left out in silence."""

from __future__ import annotations

from pipeline.engine.stage import Outcome
from pipeline.failures import NAMED, TOLD, failure_lines


def outcome(stage: str, unit: str, problem: str) -> Outcome:
    return Outcome(stage, unit, "failed", problem=problem)


def test_one_cause_in_many_counties_is_told_once_and_what_follows_in_one_line() -> None:
    codes = [f"{at:06d}" for at in range(215)]
    failed = [outcome("render", one, f"county {one}: the font has no glyph") for one in codes]
    failed += [outcome("export", one, f"county {one} has no book of sheets") for one in codes]
    cause, follows = failure_lines(failed)
    assert cause == "render 000000, 000001, 000002 and 212 more: county 000000: the font has no glyph"
    assert follows.startswith("export: 215 of these counties wait")


def test_different_causes_stay_apart_up_to_a_number_that_is_said() -> None:
    failed = [outcome("export", chr(65 + at), f"trouble {chr(65 + at)}") for at in range(TOLD + NAMED)]
    *told, rest = failure_lines(failed)
    assert told == [f"export {one.unit}: {one.problem}" for one in failed[:TOLD]]
    assert rest.startswith(f"and {NAMED} other troubles")


def test_an_export_that_fails_of_itself_is_told() -> None:
    assert list(failure_lines([outcome("export", "1", "no room")])) == ["export 1: no room"]
