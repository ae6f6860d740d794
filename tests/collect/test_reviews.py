"""Review levels: what city and province say moves a piece's state and never its answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.collect.merge import Merged, answer_id
from pipeline.collect.returned import ReturnedRow
from pipeline.collect.reviews import county_reviews, load_reviews, review_all, review_lines, unused
from pipeline.decisions import Decision, read_decisions
from pipeline.errors import Refusals
from tests.collect.test_merge import FULL, file, merged, row

TABLE = load_reviews("reviews")


def line(said: str, verb: str, thing: str, at: int = 2) -> Decision:
    return Decision("Wang", "2025-11-02", said, verb, thing, "seen", at)


def states(found: Merged, *decisions: Decision) -> dict[str, str]:
    reviews = review_all(found.findings, review_lines(decisions, TABLE), TABLE)
    return {
        f"{one.sent.patch_no}{one.sent.county_code}": each.state
        for one, each in zip(found.findings, reviews, strict=True)
    }


BOTH = file("x", row("a", **FULL), row("b", at=2, **FULL))


def test_what_is_answered_is_submitted_and_what_is_open_is_nothing() -> None:
    assert states(merged(BOTH)) == {"a1": "submitted", "b1": "submitted", "b2": "", "c2": ""}


@pytest.mark.parametrize("said", ["pass city", "pass 市", "pass City", "pass 市级"])
def test_a_county_passes_whole_and_what_is_open_stays_open(said: str) -> None:
    verb, _, thing = said.partition(" ")
    assert states(merged(BOTH), line("1", verb, thing)) == {
        "a1": "city_passed", "b1": "city_passed", "b2": "", "c2": ""
    }  # fmt: skip


def test_a_word_on_a_piece_goes_before_one_on_its_county_wherever_it_stands() -> None:
    own, whole = line("C-a", "return", "city 3", 2), line("1", "pass", "city", 3)
    assert states(merged(BOTH), own, whole)["a1"] == "city_returned"
    assert states(merged(BOTH), own, whole)["b1"] == "city_passed"
    assert states(merged(BOTH), own, line("C-a/1", "pass", "city", 4))["a1"] == "city_passed"


def test_a_return_stands_until_its_own_level_passes_it() -> None:
    back, up = line("C-a", "return", "city 3", 2), line("1", "pass", "province", 3)
    assert states(merged(BOTH), back, up) == {"a1": "city_returned", "b1": "province_passed", "b2": "", "c2": ""}
    assert states(merged(BOTH), back, up, line("C-a", "pass", "city", 4))["a1"] == "province_passed"
    assert states(merged(BOTH), up, line("C-a", "return", "province 1,2", 4))["a1"] == "province_returned"


def test_an_answer_issued_upon_a_return_is_submitted_anew() -> None:
    back = line("C-a", "return", "city 3")
    (mark,) = [one.mark for one in review_lines([back], TABLE)]
    (first,) = [one.answer for one in merged(BOTH).findings if one.sent.patch_no == "a"]
    assert first is not None
    again = row("a", **FULL | {"finding_remark": "photos added"})
    answered = file("y", replace(again, base=f"{answer_id(first)}|{mark}"))
    assert states(merged(BOTH, answered), back)["a1"] == "submitted"
    untouched = file("z", replace(again, said=FULL, base=f"{answer_id(first)}|{mark}"))
    assert states(merged(BOTH, untouched), back)["a1"] == "city_returned"


def test_a_countys_state_and_how_often_it_was_returned() -> None:
    found = merged(file("x", row("a", **FULL), row("b", at=2, **FULL), row("b", "2", at=3, **FULL)))
    lines = review_lines(
        [line("C-a", "return", "city 3"), line("C-a", "pass", "city", 3), line("1", "pass", "city", 4)], TABLE
    )
    counts = county_reviews(found.findings, review_all(found.findings, lines, TABLE), TABLE)
    assert counts["1"] == {"review": "city_passed", "reviews": {"city_passed": 2}, "times_returned": 1}
    assert counts["2"]["review"] == "issued"


def test_a_return_of_a_patch_is_counted_only_where_somebody_answered_it() -> None:
    lines = review_lines([line("C-b", "return", "city 3")], TABLE)

    def times(*rows: ReturnedRow) -> list[int]:
        found = merged(file("x", *rows))
        counts = county_reviews(found.findings, review_all(found.findings, lines, TABLE), TABLE)
        return [counts[code]["times_returned"] for code in ("1", "2")]

    assert times(row("b", **FULL)) == [1, 0]
    assert times(row("b", **FULL), row("b", "2", at=2, **FULL)) == [1, 1]


def test_levels_and_reasons_that_are_none_are_refused_by_row() -> None:
    with pytest.raises(Refusals) as refused:
        review_lines([line("1", "pass", "mayor", 2), line("1", "return", "city 99", 3)], TABLE)
    said = " ".join(refused.value.lines())
    assert "row 2" in said
    assert "row 3" in said


def test_a_review_of_nothing_is_named() -> None:
    lines = review_lines([line("C-q", "pass", "city"), line("2", "pass", "city", 3)], TABLE)
    assert [one.id for one in unused(lines, merged(BOTH).findings)] == ["C-q"]


words = st.tuples(
    st.sampled_from(["C-a", "C-a/1", "C-b", "C-b/2", "1", "2"]),
    st.sampled_from([("pass", "city"), ("pass", "province"), ("return", "city 2"), ("return", "province 5")]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(words, max_size=6))
def test_reviews_touch_no_answer_and_the_last_word_of_a_level_on_a_piece_counts(said: list) -> None:  # type: ignore[type-arg]
    decisions = [line(one, *word, at) for at, (one, word) in enumerate(said, 2)]
    bare, found = merged(BOTH), merged(BOTH, decisions=tuple(decisions))
    assert bare.findings == found.findings
    got = states(found, *decisions)
    assert {got["b2"], got["c2"]} == {""}
    own = [word for one, word in said if one in ("C-a", "C-a/1")] or [word for one, word in said if one == "1"]
    if own and all(thing.startswith("city") for _, thing in own) and "1" not in {one for one, _ in said}:
        assert got["a1"] == ("city_passed" if own[-1][0] == "pass" else "city_returned")


def test_reviews_are_read_from_the_file_of_decisions(tmp_path: Path) -> None:
    path = tmp_path / "decisions.csv"
    head = "who,when,id,decision,reason\n"
    path.write_text(
        head + '王芳,2025-11-02,320102,pass 市,\n王芳,,C-a,"return province 3, 7",缺照片\n', encoding="gb18030"
    )
    lines = review_lines(read_decisions(path), TABLE)
    assert [(one.level.code, one.decision.verb, one.reasons) for one in lines] == [
        ("city", "pass", ()), ("province", "return", (3, 7))
    ]  # fmt: skip
    assert len({one.mark for one in lines}) == 2
    for wrong in ("pass", "return city", "return", "return 2"):
        path.write_text(f"{head}W,,C-a,{wrong},\n", encoding="utf-8")
        with pytest.raises(Refusals):
            read_decisions(path)
