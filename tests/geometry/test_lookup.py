"""The grid of sure counties: it may know little, but what it says is true."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.geometry import clip as clip_room
from pipeline.geometry.area import Ellipsoid, area_m2
from pipeline.geometry.clip import clip
from pipeline.geometry.ground import Ground
from pipeline.geometry.lookup import UNDECIDED, lookup_of, sure_counties

E = Ellipsoid()
points = st.tuples(st.floats(105, 105.3), st.floats(35, 35.3))


def blob(centre: tuple[float, float], size: float, radii: list[float], turned: bool) -> shapely.Geometry:
    angle = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    ring = np.column_stack([np.cos(angle), np.sin(angle)]) * np.array(radii)[:, None] * size + centre
    shape = shapely.Polygon(ring[::-1] if turned else ring)
    hole = shapely.Polygon(ring * 0.5 + np.array(centre) * 0.5)
    return shape.difference(hole) if len(radii) % 2 else shape


blobs = st.builds(
    blob, points, st.floats(0.001, 0.2), st.lists(st.floats(0.3, 1.0), min_size=3, max_size=12), st.booleans()
)


def ground(counties: np.ndarray, with_grid: bool) -> Ground:
    tree = shapely.STRtree(shapely.box(*shapely.bounds(counties).T))
    return Ground(counties, tree, lookup_of(counties) if with_grid else None)


@settings(max_examples=60, deadline=None)
@given(st.lists(blobs, min_size=1, max_size=6), st.lists(points, min_size=1, max_size=40), st.floats(0, 0.008))
def test_a_sure_box_lies_in_that_county_and_meets_no_other(
    counties: list[shapely.Geometry], corners: list[tuple[float, float]], side: float
) -> None:
    """Whatever the counties do: overlap, have holes, run either way round, lie far apart."""
    shapes = np.array(counties, object)
    low = np.array(corners)
    boxes = np.column_stack([low, low + side])
    sure = sure_counties(lookup_of(shapes), boxes)
    ground = shapely.box(*boxes.T)
    for box, county in zip(ground, sure, strict=True):
        if county != UNDECIDED:
            assert np.flatnonzero(shapely.intersects(shapes, box)).tolist() == [county]
            assert shapely.contains(shapes[county], box)


def test_most_of_the_ground_is_known() -> None:
    shapes = np.array([shapely.box(105, 35, 105.1, 35.1), shapely.box(105.1, 35, 105.2, 35.1)], object)
    known = lookup_of(shapes).county
    assert (known == 0).sum() >= 17 * 17
    assert (known == 1).sum() >= 17 * 17


@settings(max_examples=40, deadline=None)
@given(st.lists(blobs, min_size=1, max_size=4), st.lists(blobs, min_size=1, max_size=8), st.sampled_from([1, 1000]))
def test_every_road_to_a_decision_gives_the_same_pieces(
    counties: list[shapely.Geometry], patches: list[shapely.Geometry], worth: int
) -> None:
    """With and without the grid, counties prepared or cut to boxes: the same pairs and areas, balanced."""
    borders, shapes = np.array(counties, object), np.array(patches, object)
    area = area_m2(shapes, E)
    plain = clip(shapes, area, ground(borders, False), E)
    kept, clip_room.WORTH_PREPARING = clip_room.WORTH_PREPARING, worth
    try:
        other = clip(shapes, area, ground(borders, True), E)
    finally:
        clip_room.WORTH_PREPARING = kept
    assert len(plain.unbalanced) == len(other.unbalanced) == 0
    real = [
        {
            (p, c): a
            for p, c, a in zip(one.piece_patch, one.piece_county, one.piece_area_m2, strict=True)
            if a > 1e-9 * area[p]
        }
        for one in (plain, other)
    ]
    assert real[0].keys() == real[1].keys()
    assert all(abs(real[0][key] - real[1][key]) <= 1e-9 * area[key[0]] for key in real[0])
