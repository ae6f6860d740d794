"""Inputs on which overlay libraries have given wrong answers without an error, as published by their makers.

The five of JTS issue 1000 (locationtech/jts, TestOverlayNGFailure.xml): GEOS 1170, 942, 965, Shapely 1871 and
LibGEOS.jl 166. Coordinates are theirs, divided by a power of two to lie in degrees: every bit stays as it was. What
each pair has in common is reckoned here exactly, with fractions.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import shapely

from pipeline.geometry.area import Ellipsoid, area_m2
from pipeline.geometry.clip import BALANCE, clip
from pipeline.geometry.ground import ground_of

E = Ellipsoid()
Point = tuple[Fraction, Fraction]
Ring = list[tuple[float, float]]

PUBLISHED: dict[str, tuple[int, list[Ring], list[Ring]]] = {
    "libgeos/geos 1170": (
        2**12,
        [
            [
                (39893.875, 197462.125),
                (39900, 197400),
                (39820.57741178792, 197500),
                (39848.89740965763, 197500),
                (39893.875, 197462.125),
            ],
            [
                (39891.625, 197448.375),
                (39872.007923812, 197457.49692859003),
                (39862.259636527146, 197475.4252251145),
                (39895.67580000311, 197413.96880000085),
                (39891.625, 197448.375),
            ],
        ],
        [
            [
                (39866.13, 197473.47),
                (39868.73410547314, 197475.00383519547),
                (39866.12902312726, 197473.4659950994),
                (39863.954506024966, 197472.3081521314),
                (39863.95342412875, 197472.3101418713),
                (39866.13, 197473.47),
            ]
        ],
    ),
    "libgeos/geos 942": (
        2**17,
        [
            [(458500, 7432230), (458400, 7432200), (458400, 7432240), (458500, 7432300), (458500, 7432230)],
            [
                (458454.7221242461, 7432226.377759292),
                (458454.13999999897, 7432223.769999999),
                (458455.62000000087, 7432230.3999999985),
                (458454.7221242461, 7432226.377759292),
            ],
        ],
        [[(458435, 7432225), (458435, 7432245), (458455, 7432245), (458455, 7432225), (458435, 7432225)]],
    ),
    "libgeos/geos 965": (
        2**17,
        [
            [
                (33652.10162677833, 6953082),
                (33651, 6953080.403199323),
                (33651.95034120033, 6953081.780712563),
                (33652.10162677833, 6953082),
            ]
        ],
        [
            [
                (33668.7616367347, 6953106.1488961745),
                (33668.762000000104, 6953106.149099998),
                (33649.952600000426, 6953078.885000002),
                (33649.952621165845, 6953078.885322602),
                (33649.936599999666, 6953078.862100001),
                (33650.19849999994, 6953082.8554),
                (33652.10510000028, 6953089.261399999),
                (33654.99129999988, 6953094.7304),
                (33659.10290000029, 6953099.521200001),
                (33664.003800000064, 6953103.493299998),
                (33668.77730000019, 6953106.171599999),
                (33668.7616367347, 6953106.1488961745),
            ]
        ],
    ),
    "shapely/shapely 1871": (
        2**3,
        [[(446, -207), (315, -75.99999999999999), (557, -76), (446, -207)]],
        [[(184, -207), (315, -76), (446, -207), (315, -338), (184, -207)]],
    ),
    "JuliaGeo/LibGEOS.jl 166": (
        2**10,
        [
            [
                (0, 65905.78568220709),
                (12540.144108116785, 66644.10887217366),
                (13639.90993528687, 64693.73062699103),
                (13323.160413385054, 61494.1194419435),
                (2375.0223287135154, 53673.4087205281),
                (0, 52759.58192468053),
                (0, 65905.78568220709),
            ]
        ],
        [
            [
                (23303.577415035626, 55323.60484150198),
                (19851.52938808218, 49637.68131132904),
                (2375.022328713516, 53673.4087205281),
                (13323.160413385054, 61494.1194419435),
                (23303.577415035626, 55323.60484150198),
            ]
        ],
    ),
}


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("origin", PUBLISHED)
def test_published_failures_have_the_right_area_and_balance(origin: str, swapped: bool) -> None:
    scale, *rings = PUBLISHED[origin]
    patch, county = (
        shapely.Polygon(np.array(one[0]) / scale, [np.array(hole) / scale for hole in one[1:]]) for one in rings
    )
    if swapped:
        patch, county = county, patch
    assert shapely.is_valid(patch)
    assert shapely.is_valid(county)
    shapes = np.array([patch], object)
    area = area_m2(shapes, E)
    made = clip(shapes, area, ground_of(np.array([county], object), 1), E)
    assert len(made.unbalanced) == 0
    assert abs(made.piece_area_m2.sum() + made.remainder_area_m2.sum() - area[0]) <= BALANCE * area[0]
    truth = float(exact_common_area(patch, county))
    last_digit = 6e-14 * patch.length  # one patch is a triangle no wider than that
    assert shapely.area(made.piece_geometry).sum() == pytest.approx(truth, abs=max(1e-9 * patch.area, last_digit))


def exact_common_area(one: shapely.Polygon, other: shapely.Polygon) -> Fraction:
    """Shells and holes as fans of triangles with a sign; each pair of triangles is clipped in fractions."""
    return sum(
        (
            sign * other_sign * _area(_clipped(triangle, other_triangle))
            for sign, triangle in _fans(one)
            for other_sign, other_triangle in _fans(other)
        ),
        Fraction(0),
    )


def _fans(shape: shapely.Polygon) -> list[tuple[int, list[Point]]]:
    made = []
    for ring in (shapely.orient_polygons(shape).exterior, *shapely.orient_polygons(shape).interiors):
        points = [(Fraction(x), Fraction(y)) for x, y in ring.coords]
        for second, third in pairwise(points[1:-1]):
            triangle = [points[0], second, third]
            signed = _signed(triangle)
            if signed:
                made.append((1 if signed > 0 else -1, triangle if signed > 0 else triangle[::-1]))
    return made


def _signed(points: list[Point]) -> Fraction:
    closed = pairwise([*points, points[0]])
    return sum(((x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in closed)), Fraction(0)) / 2


def _area(points: list[Point]) -> Fraction:
    return _signed(points) if len(points) > 2 else Fraction(0)


def _clipped(points: list[Point], frame: list[Point]) -> list[Point]:
    """A convex polygon cut to the left of each edge of another."""
    for (x0, y0), (x1, y1) in pairwise([*frame, frame[0]]):
        sides = [(x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) for x, y in points]
        kept: list[Point] = []
        for at, (point, side) in enumerate(zip(points, sides, strict=True)):
            before, side_before = points[at - 1], sides[at - 1]
            if side * side_before < 0:
                t = side_before / (side_before - side)
                kept.append((before[0] + t * (point[0] - before[0]), before[1] + t * (point[1] - before[1])))
            if side >= 0:
                kept.append(point)
        points = kept
        if not points:
            break
    return points
