"""What is passed over as already tidy is just what would not change; columns of texts behave as lists of texts."""

from __future__ import annotations

import re

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipeline.fields import as_number, number_text, tidy
from pipeline.intake.values import PLAIN_NUMBER, TIDY, TIDY_ID, canonical, reported_areas
from pipeline.intake.words import Words, joined, nothing, words_of

ODD = st.text("12.0-+eE ,　１\u200ba\té中", max_size=8)
COLUMN = st.lists(st.none() | ODD, max_size=12)


def column(texts: list[str | None]) -> Words:
    return words_of(pa.array(texts, pa.string()))


@given(ODD)
def test_what_is_tidy_already_stays(text: str) -> None:
    if re.fullmatch(TIDY, text):
        assert tidy(text) == text
    if re.fullmatch(TIDY_ID, text):
        assert number_text(text) == text
    if re.fullmatch(PLAIN_NUMBER, text):
        assert as_number(text) == float(text)


@given(COLUMN)
def test_canonical_values_are_those_of_each_text(texts: list[str | None]) -> None:
    assert canonical("town", column(texts)).column().to_pylist() == [tidy(one) for one in texts]
    assert canonical("patch_no", column(texts)).column().to_pylist() == [number_text(one) for one in texts]


@given(COLUMN)
def test_figures_are_those_of_each_text(texts: list[str | None]) -> None:
    figures = reported_areas({"area_reported": canonical("area_reported", column(texts))}).tolist()
    for figure, text in zip(figures, texts, strict=True):
        number = as_number(text)
        assert figure == number or (number is None and figure != figure)


@given(st.lists(COLUMN, max_size=4), st.integers(0, 3))
def test_columns_behind_one_another(parts: list[list[str | None]], gap: int) -> None:
    whole = joined([*map(column, parts), nothing(gap)])
    texts = [*(one for part in parts for one in part), *[None] * gap]
    assert whole.column().to_pylist() == texts
    names = whole.names().tolist()
    assert all((names[i] == names[j]) == (texts[i] == texts[j]) for i in range(len(texts)) for j in range(i))
    assert whole.holds(bool).tolist() == [bool(one) for one in texts]
