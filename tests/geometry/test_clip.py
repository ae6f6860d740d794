"""The account of a clip: every square metre once, whatever the counties do."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.geometry.area import Ellipsoid, area_m2
from pipeline.geometry.clip import BALANCE, Clip, clip
from pipeline.geometry.ground import ground_of

E = Ellipsoid()
GRID = [(x, y) for x in range(3) for y in range(3)]
COUNTIES = np.array(
    [shapely.box(105 + x * 0.1, 35 + y * 0.1, 105.1 + x * 0.1, 35.1 + y * 0.1) for x, y in GRID], object
)


def star(lon: float, lat: float, size: float, radii: list[float]) -> shapely.Polygon:
    angle = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    return shapely.Polygon(np.column_stack([lon + size * np.cos(angle) * radii, lat + size * np.sin(angle) * radii]))


stars = st.builds(
    star,
    st.floats(104.95, 105.35),
    st.floats(34.95, 35.35),
    st.floats(1e-4, 0.15),
    st.lists(st.floats(0.2, 1.0), min_size=4, max_size=24),
)


def run(patches: list[shapely.Geometry], counties: np.ndarray = COUNTIES) -> tuple[Clip, np.ndarray]:
    array = np.array(patches, object)
    area = area_m2(array, E)
    return clip(array, area, ground_of(counties, len(array)), E), area


def inside(cut: Clip, count: int) -> np.ndarray:
    return np.bincount(cut.piece_patch, cut.piece_area_m2, count)


def outside(cut: Clip, count: int) -> np.ndarray:
    return np.bincount(cut.remainder_patch, cut.remainder_area_m2, count)


@settings(max_examples=150, deadline=None)
@given(st.lists(stars, min_size=1, max_size=8), st.floats(0, 0.03))
def test_every_patch_balances(patches: list[shapely.Polygon], overlap: float) -> None:
    counties = shapely.buffer(COUNTIES, overlap, join_style="mitre") if overlap > 0.001 else COUNTIES
    cut, area = run(patches, counties)
    assert len(cut.unbalanced) == 0
    error = np.abs(inside(cut, len(area)) + outside(cut, len(area)) - cut.double_m2 - area)
    assert (error <= BALANCE * area).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(stars, min_size=1, max_size=8))
def test_the_pairs_and_areas_of_plain_intersection(patches: list[shapely.Polygon]) -> None:
    cut, area = run(patches)
    got = {(int(p), int(c)): a for p, c, a in zip(cut.piece_patch, cut.piece_county, cut.piece_area_m2, strict=True)}
    plain = shapely.intersection(np.array(patches, object)[:, None], COUNTIES[None, :])
    areas = area_m2(plain.ravel(), E).reshape(plain.shape)
    for (p, c), expected in np.ndenumerate(areas):
        if expected > 1e-9 * area[p]:
            assert got[p, c] == pytest.approx(expected, rel=1e-6, abs=1e-9 * area[p])
        else:
            assert got.get((p, c), 0.0) <= 1e-8 * area[p]


def test_inside_passes_untouched() -> None:
    patch = star(105.05, 35.05, 0.01, [1.0] * 6)
    cut, area = run([patch])
    assert cut.piece_geometry[0] is patch
    assert cut.piece_area_m2[0] == area[0]


def test_multipolygons_holes_and_the_outside() -> None:
    holed = shapely.box(105.05, 35.02, 105.15, 35.08).difference(shapely.box(105.09, 35.04, 105.11, 35.06))
    multi = shapely.MultiPolygon([shapely.box(105.01, 35.01, 105.02, 35.02), shapely.box(105.25, 35.25, 105.26, 35.26)])
    away = shapely.box(110, 40, 110.1, 40.1)
    cut, area = run([holed, multi, away])
    assert np.bincount(cut.piece_patch, minlength=3).tolist() == [2, 2, 0]
    assert cut.remainder_patch.tolist() == [2]
    assert cut.remainder_area_m2[0] == area[2]


def test_a_patch_on_the_border_belongs_to_one_county() -> None:
    cut, _ = run([shapely.box(105.05, 35.02, 105.1, 35.04)])
    assert cut.piece_county.tolist() == [0]
    assert len(cut.remainder_patch) == 0


def test_nothing_to_cut() -> None:
    cut, _ = run([])
    assert len(cut.piece_patch) == len(cut.remainder_patch) == 0


def test_the_known_wrong_answer_is_caught_or_right() -> None:
    """JTS TestOverlayNGFailure, case 4 in spirit: a sliver whose intersection must not become the whole county."""
    county = shapely.box(105, 35, 105.1, 35.1)
    sliver = shapely.Polygon([(105.1, 35.0), (105.1, 35.1), (105.1 + 1e-13, 35.05)])
    if sliver.is_valid:
        cut, area = run([sliver], np.array([county], object))
        assert cut.piece_area_m2.sum() <= area.sum() * (1 + 1e-6)
