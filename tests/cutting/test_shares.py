"""Reported areas shared among pieces: the parts sum to the figure as delivered, digit for digit."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cutting.shares import shared

figures = st.builds(
    lambda units, places: f"{Decimal(units).scaleb(-places):.{places}f}", st.integers(0, 10**12), st.integers(0, 6)
)


@given(figures, st.lists(st.floats(1e-6, 1e9), min_size=1, max_size=8))
def test_shares_sum_exactly_and_keep_the_decimal_places(figure: str, weights: list[float]) -> None:
    parts = shared(figure, weights)
    assert sum(Decimal(one) for one in parts) == Decimal(figure)
    assert {len(one.partition(".")[2]) for one in parts} == {len(figure.partition(".")[2])}
    assert all(Decimal(one) >= 0 for one in parts)


@pytest.mark.parametrize(
    ("figure", "weights", "parts"),
    [
        ("10.00", [1, 1, 1], ["3.34", "3.33", "3.33"]),
        ("7", [5, 2], ["5", "2"]),
        ("0.1", [1, 3], ["0.0", "0.1"]),
        ("3.60", [1], ["3.60"]),
    ],
)
def test_the_largest_takes_what_is_left(figure: str, weights: list[float], parts: list[str]) -> None:
    assert shared(figure, weights) == parts
