"""Areas of a column add up to what stands below them."""

from __future__ import annotations

from decimal import Decimal
from math import fsum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.amounts import AREA_DECIMALS, area_in, column_in

AREAS = st.lists(st.tuples(st.floats(0, 1e9, allow_nan=False), st.integers(1, 3)), max_size=40)


@pytest.mark.parametrize("unit", list(AREA_DECIMALS))
@given(rows=AREAS)
def test_a_column_adds_up_to_its_total_and_no_part_is_off_by_a_unit(unit: str, rows: list[tuple[float, int]]) -> None:
    areas_m2, counts = [one for one, _ in rows], [one for _, one in rows]
    step = Decimal(1).scaleb(-AREA_DECIMALS[unit])
    for told in (column_in(unit, areas_m2), column_in(unit, areas_m2, counts)):
        assert sum(told, Decimal(0)) == area_in(unit, fsum(areas_m2))
        assert min(told, default=Decimal(0)) >= 0
        for one, area_m2 in zip(told, areas_m2, strict=True):
            assert abs(one - area_in(unit, area_m2, 12)) <= step


def test_the_largest_remainders_are_rounded_up_and_of_equal_ones_the_first() -> None:
    assert column_in("ha", [3333.4, 3333.4, 3333.2], decimals=1) == [Decimal("0.4"), Decimal("0.3"), Decimal("0.3")]
    assert column_in("ha", [10_060.0, 10_060.0], decimals=2) == [Decimal("1.01"), Decimal("1.00")][::-1]


def test_an_area_that_is_printed_by_itself_gives_way_last() -> None:
    assert column_in("ha", [3333.4, 3333.4, 3333.2], [1, 2, 2], 1) == [Decimal("0.3"), Decimal("0.4"), Decimal("0.3")]
