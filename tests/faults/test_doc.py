"""The document on reliability says what the tests hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.builders import ELSEWHERE, FAULTS
from tests.faults.table import DOC, document

ROWS = {f"{letter}{number}" for letter, last in (("A", 20), ("B", 12), ("C", 17)) for number in range(1, last + 1)}


def test_every_row_has_a_test() -> None:
    assert {one.row for one in FAULTS} | {one[0] for one in ELSEWHERE} == ROWS


def test_no_two_faults_have_one_name() -> None:
    assert len({one.stem.casefold() for one in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize("test", sorted({test for *_, tests in ELSEWHERE for test in tests}))
def test_the_tests_named_are_there(test: str) -> None:
    file, _, name = test.partition("::")
    text = (Path(__file__).parents[2] / file).read_text(encoding="utf-8")
    assert f"def {name}(" in text if name else "def test_" in text


def test_the_document_is_up_to_date() -> None:
    text = DOC.read_text(encoding="utf-8")
    assert document(text) == text, "python -m tests.faults.table"
