"""The words and identities of the accounts."""

from __future__ import annotations

import pytest

from pipeline.accounts import announcement, balance, imbalances
from pipeline.texts import texts


@pytest.mark.parametrize(
    ("announced", "came", "pieces", "word"),
    [
        (None, 0, 0, "unknown"),
        (None, 3, 3, "unannounced"),
        (0, 0, 0, "zero"),
        (0, 0, 1, "unannounced"),
        (5, 0, 0, "missing"),
        (5, 0, 1, "missing"),
        (5, 4, 4, "partial"),
        (5, 5, 6, "complete"),
        (5, 7, 7, "complete"),
    ],
)
def test_four_words_never_merged(announced: int | None, came: int, pieces: int, word: str) -> None:
    assert announcement(announced, came, pieces) == word


RETURNS = {"open": 1, "answered": 1, "conflict": 1, "unmatched": 0}


def books(**changes: dict) -> tuple[dict, dict]:
    ingest = {
        "records": {"received": 5, "accepted": 3, "quarantined": 1, "duplicate": 1},
        "quarantine_by_reason": {"NO_GEOMETRY": 1},
        "by_delivery": [
            {"delivery": "x", "file": "f", "layer": "l", "received": 5, "accepted": 3, "quarantined": 1, "duplicate": 1}
        ],
        "by_county": {"1": {"received": 5, "accepted": 3, "quarantined": 1, "duplicate": 1}},
    }
    clip = {
        "area_m2": {"accepted": 100.0, "inside": 90.0, "outside": 12.0, "double": 2.0},
        "pieces": {"all": 4, "asked": 3, "not_asked": {"fragment": 1}},
    }
    return ingest | changes.get("ingest", {}), clip | changes.get("clip", {})


def test_books_that_balance() -> None:
    ingest, clip = books()
    made = balance("c", ingest, clip, [], None, RETURNS)
    assert imbalances(made, ingest, whole_run=False, words=texts("en")) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"ingest": {"records": {"received": 6, "accepted": 3, "quarantined": 1, "duplicate": 1}}},
        {"clip": {"area_m2": {"accepted": 100.0, "inside": 90.0, "outside": 12.0, "double": 1.9999}}},
        {"clip": {"pieces": {"all": 4, "asked": 4, "not_asked": {"fragment": 1}}}},
        {"ingest": {"by_county": {"1": {"received": 1, "accepted": 3, "quarantined": 1, "duplicate": 1}}}},
    ],
)
def test_books_that_do_not(changes: dict) -> None:
    ingest, clip = books(**changes)
    assert imbalances(balance("c", ingest, clip, [], None, RETURNS), ingest, whole_run=False, words=texts("en"))


def test_answers_must_sum_to_what_was_asked() -> None:
    ingest, clip = books()
    lost = balance("c", ingest, clip, [], None, RETURNS | {"open": 0})
    (said,) = imbalances(lost, ingest, whole_run=False, words=texts("en"))
    assert "0 open" in said


def test_a_whole_run_draws_and_lists_what_it_asks() -> None:
    ingest, clip = books()
    assert imbalances(balance("c", ingest, clip, [], None, RETURNS), ingest, whole_run=True, words=texts("zh"))
