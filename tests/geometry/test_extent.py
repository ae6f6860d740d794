from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.geometry.extent import extent_of, frame_extent, to_frame

metres = st.floats(-1e7, 1e7)


@given(metres, metres, st.sampled_from([500, 5_000, 100_000]))
def test_the_frame_is_as_large_on_paper_as_it_was_asked_to_be(x_m: float, y_m: float, scale: int) -> None:
    made = frame_extent((x_m, y_m), scale, 133, 120)
    assert made.width_m * 1000 / scale == pytest.approx(133, abs=1e-3)
    corners = to_frame(made.ring(), made, scale)
    assert corners == pytest.approx(np.array([(0, 120), (133, 120), (133, 0), (0, 0), (0, 120)]), abs=1e-3)
    assert made.contains(*made.centre_m)
    assert abs(made.centre_m[0] - x_m) < 0.006


@given(st.lists(st.tuples(metres, metres, st.floats(0, 1e5), st.floats(0, 1e5)), min_size=1))
def test_a_common_extent_holds_all(boxes: list[tuple[float, float, float, float]]) -> None:
    bounds = [(x, y, x + wide, y + high) for x, y, wide, high in boxes]
    made = extent_of(bounds)
    assert all(made.contains(one[0], one[1]) and made.contains(one[2], one[3]) for one in bounds)
    assert made.grown(1.0).area_m2 > made.area_m2


def test_the_ring_goes_round_counter_clockwise_in_equal_steps() -> None:
    ring = frame_extent((0, 0), 1000, 100, 50).ring(4)
    assert len(ring) == 17
    assert np.sum(ring[:-1, 0] * ring[1:, 1] - ring[1:, 0] * ring[:-1, 1]) / 2 == pytest.approx(100 * 50)
