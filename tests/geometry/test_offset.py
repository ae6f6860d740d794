"""A displaced or misread layer is suspected, a true one never, and few patches say nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from pipeline.geometry.offset import (
    MANY,
    CountyGround,
    county_ground,
    delivered_points,
    displaced,
    misread,
    with_gcj02,
    without_gcj02,
)

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

# Pairs published with googollee/eviltransform: Shanghai, Shenzhen, Beijing.
PUBLISHED = [
    ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
    ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
    ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
]


def counties_of(rng: np.random.Generator, count: int = 12, west: float = 112.0, south: float = 29.0) -> CountyGround:
    """Random counties of about 30 km in a square of about 100 km."""
    seeds = shapely.MultiPoint(rng.random((count, 2)) + [west, south])
    square = shapely.box(west, south, west + 1, south + 1)
    cells = shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=square))
    return county_ground(np.asarray(shapely.intersection(cells, square), object))


def patches_of(rng: np.random.Generator, ground: CountyGround, count: int) -> tuple[Floats, Ints]:
    """Points in the counties, and the county of each."""
    west, south, east, north = shapely.total_bounds(ground.counties)
    xy = rng.random((count * 2, 2)) * [east - west, north - south] + [west, south]
    point, county = ground.tree.query(shapely.points(xy), predicate="within")
    return xy[point[:count]], county[:count].astype(np.intp)


def outlined(xy: Floats) -> Geometries:
    return np.asarray(shapely.buffer(shapely.points(xy), 3e-4, quad_segs=2), object)


@pytest.mark.parametrize(("true", "moved"), PUBLISHED)
def test_the_published_pairs(true: tuple[float, float], moved: tuple[float, float]) -> None:
    assert with_gcj02(np.array([true]))[0] == pytest.approx(moved, abs=1e-10)
    assert without_gcj02(np.array([moved]))[0] == pytest.approx(true, abs=1e-8)


@given(st.floats(75, 135), st.floats(3, 53))
def test_without_undoes_with(lon: float, lat: float) -> None:
    there = np.array([[lon, lat]])
    assert without_gcj02(with_gcj02(there))[0] == pytest.approx([lon, lat], abs=1e-8)


def test_nothing_moves_outside_its_range() -> None:
    abroad = np.array([[11.3, 45.4], [-98.7, 46.9], [140.0, 35.0]])
    assert (with_gcj02(abroad) == abroad).all()


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from([1.0, 0.5, 0.0]))
def test_a_displaced_layer_is_suspected_and_a_true_one_never(seed: int, coded: float) -> None:
    rng = np.random.default_rng(seed)
    ground = counties_of(rng)
    xy, declared = patches_of(rng, ground, 4000)
    declared = np.where(rng.random(len(declared)) < coded, declared, -1)
    wrong = rng.random(len(declared)) < 0.02
    declared[wrong & (declared >= 0)] = rng.integers(0, 12)
    assert displaced(outlined(xy), declared, ground) == []
    (found,) = displaced(outlined(with_gcj02(xy)), declared, ground)
    assert found.whose == "patches"
    assert found.count == len(xy)
    assert found.corrected > found.as_delivered
    assert 200 < found.shift_m < 800


def test_a_displaced_county_layer_is_told_apart() -> None:
    rng = np.random.default_rng(7)
    ground = counties_of(rng)
    xy, declared = patches_of(rng, ground, 3000)
    there = county_ground(np.asarray(shapely.transform(ground.counties, with_gcj02), object))
    (found,) = displaced(outlined(xy), declared, there)
    assert found.whose == "counties"


def test_a_cluster_of_wrong_codes_by_a_border_is_no_displacement() -> None:
    rng = np.random.default_rng(3)
    ground = counties_of(rng)
    xy, declared = patches_of(rng, ground, 3000)
    moved = with_gcj02(xy)
    beyond = ground.fits(xy, declared) & ~ground.fits(moved, declared)
    neighbour = np.flatnonzero(beyond)[:25]
    xy[neighbour] = moved[neighbour]  # these alone lie over the border
    assert displaced(outlined(xy), declared, ground) == []


@given(st.integers(0, 1000), st.integers(0, MANY - 1))
def test_small_samples_say_nothing(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    ground = counties_of(rng)
    xy, declared = patches_of(rng, ground, count)
    assert displaced(outlined(with_gcj02(xy)), declared, ground) == []


def test_abroad_there_is_no_such_offset() -> None:
    rng = np.random.default_rng(5)
    ground = counties_of(rng, west=11.0, south=45.0)
    xy, declared = patches_of(rng, ground, 2000)
    assert displaced(outlined(xy + 0.005), declared, ground) == []


def test_the_demo_province(world_master: Path) -> None:
    import pyogrio

    counties = pyogrio.read_dataframe(world_master / "boundaries" / "counties.gpkg").to_crs(4490)
    ground = county_ground(counties.geometry.to_numpy())
    xy, declared = patches_of(np.random.default_rng(2), ground, 1500)
    assert displaced(outlined(xy), declared, ground) == []
    assert [one.whose for one in displaced(outlined(with_gcj02(xy)), declared, ground)] == ["patches"]


def projected(xy: Floats, crs: str) -> Floats:
    return np.column_stack(Transformer.from_crs("EPSG:4490", crs, always_xy=True).transform(*xy.T))


@settings(max_examples=15)
@given(st.integers(0, 1000), st.booleans())
def test_a_layer_read_rightly_is_not_suspected(seed: int, coded: bool) -> None:
    rng = np.random.default_rng(seed)
    ground = counties_of(rng)
    xy, declared = patches_of(rng, ground, 40)
    declared = declared if coded else np.full(len(xy), -1)
    for crs in ("EPSG:4490", "EPSG:4526", "EPSG:4547", "EPSG:32649", "EPSG:3857"):
        assert misread(projected(xy, crs), declared, crs, ground) == []


@pytest.mark.parametrize(
    ("true", "declared_as", "swap", "swapped", "system"),
    [
        ("EPSG:4490", "EPSG:4490", True, True, "EPSG:4490"),
        ("EPSG:4547", "EPSG:4547", True, True, "EPSG:4547"),
        ("EPSG:4490", "EPSG:4547", False, False, "EPSG:4490"),  # degrees in metres
        ("EPSG:4490", "EPSG:4547", True, True, "EPSG:4490"),
        ("EPSG:4526", "EPSG:4490", False, False, "EPSG:4526"),  # metres in degrees, zone 38 by prefix
        ("EPSG:4547", "EPSG:4490", False, False, "EPSG:4547"),  # no prefix
        ("EPSG:4547", "EPSG:4490", True, True, "EPSG:4547"),
        ("EPSG:4547", "EPSG:4546", False, False, "EPSG:4547"),  # the zone beside it
        ("EPSG:4526", "EPSG:4547", False, False, "EPSG:4526"),  # prefix where none is said
        ("EPSG:4547", "EPSG:4526", False, False, "EPSG:4547"),  # none where one is said
        ("EPSG:32649", "EPSG:32650", False, False, "EPSG:32649"),
        ("EPSG:3857", "EPSG:4490", False, False, "EPSG:3857"),
    ],
)
def test_another_system_is_named(true: str, declared_as: str, swap: bool, swapped: bool, system: str) -> None:
    rng = np.random.default_rng(11)
    ground = counties_of(rng, west=113.2)
    xy, counties = patches_of(rng, ground, 60)
    there = projected(xy, true)
    (found,) = misread(there[:, ::-1] if swap else there, counties, declared_as, ground)
    assert (found.swapped, found.systems[0]) == (swapped, system)
    assert found.as_delivered < 0.1
    assert found.corrected >= 0.9


def test_swapped_in_the_far_west_where_both_orders_are_in_range() -> None:
    rng = np.random.default_rng(4)
    ground = counties_of(rng, west=81.0, south=41.0)
    xy, _ = patches_of(rng, ground, 50)
    (found,) = misread(xy[:, ::-1], np.full(50, -1), "EPSG:4490", ground)
    assert found.swapped


def test_patches_that_are_nowhere_give_no_advice() -> None:
    rng = np.random.default_rng(4)
    ground = counties_of(rng)
    xy, declared = patches_of(rng, ground, 50)
    assert misread(xy + 7, declared, "EPSG:4490", ground) == []
    assert misread(xy[:2, ::-1], declared[:2], "EPSG:4490", ground) == []


def test_the_first_finite_vertex_stands_for_a_patch() -> None:
    square = shapely.box(1, 2, 3, 4)
    with np.errstate(invalid="ignore"):
        broken = shapely.Polygon([(np.inf, 1), (2, 2), (3, 1), (np.inf, 1)])
    points, rows = delivered_points(np.array([None, square, broken, shapely.Polygon(), square], object))
    assert rows.tolist() == [1, 4]
    assert points.tolist() == [[3, 2], [3, 2]]
