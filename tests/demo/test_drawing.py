"""The province holds for any seed: counties cover it without gap, and every trouble finds a place."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.demo import names, outlines
from pipeline.demo.borders import OUTSIDE, draw_graph
from pipeline.demo.patches import ORDINARY, TROUBLES, Patch, Scene, choose_gap, choose_states, place_patches
from pipeline.demo.sizes import SIZES
from pipeline.demo.terrain import draw_terrain

TINY = SIZES["tiny"]


def _placed(seed: int, size: str = "tiny") -> tuple[Scene, list[Patch]]:
    graph = draw_graph(SIZES[size], np.random.default_rng([seed, 1]))
    terrain = draw_terrain(SIZES[size], graph, np.random.default_rng([seed, 2]))
    states = choose_states(graph)
    scene = Scene(SIZES[size], graph, terrain, states, choose_gap(SIZES[size], graph, terrain, states))
    return scene, place_patches(scene, np.random.default_rng([seed, 4]))


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_counties_are_a_coverage_whatever_the_seed(seed: int) -> None:
    graph = draw_graph(TINY, np.random.default_rng(seed))
    counties = np.array(graph.counties)
    assert shapely.is_valid(counties).all()
    assert shapely.coverage_is_valid(counties)
    assert graph.province.area == pytest.approx(shapely.area(counties).sum(), rel=1e-12)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_each_border_lies_on_both_its_counties(seed: int) -> None:
    graph = draw_graph(TINY, np.random.default_rng(seed))
    vertices = [{tuple(point) for point in shapely.get_coordinates(one)} for one in graph.counties]
    for border in graph.borders:
        line = {tuple(point) for point in shapely.get_coordinates(border.line)}
        assert all(line <= vertices[side] for side in (border.left, border.right) if side != OUTSIDE)


def test_the_last_county_holds_an_exclave_of_another() -> None:
    counties = draw_graph(TINY, np.random.default_rng(1)).counties
    assert shapely.get_num_interior_rings(counties[-1]) == 1
    assert shapely.get_num_geometries(counties[-2]) == 2


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_trouble_finds_a_place_and_patches_keep_apart(seed: int) -> None:
    scene, patches = _placed(seed)
    marks = [one.mark for one in patches if one.mark]
    assert len(marks) == len(set(marks)) == len(TROUBLES)
    hulls = shapely.convex_hull(np.array([one.outline for one in patches]))
    assert not np.triu(shapely.dwithin(hulls[:, None], hulls[None, :], 20.0), 1).any()
    assert {one.county for one in patches} == set(scene.live())


def test_numbers_are_unique_in_a_county_but_for_the_doubled_one() -> None:
    _, patches = _placed(4)
    keys = [(one.county, one.number) for one in patches]
    assert len(keys) - len(set(keys)) == 1


def test_sizes_of_patches_are_those_of_the_trade() -> None:
    _, patches = _placed(5, "small")
    plain = [one.outline for one in patches if not one.mark]
    mu = shapely.area(np.array(plain)) * 3 / 2000
    assert mu.min() > 0.4
    assert mu.max() < 90
    assert 2 < np.median(mu) < 9
    assert all(4 <= shapely.get_num_coordinates(one) - 1 <= 60 for one in plain)


def test_every_city_keeps_an_ordinary_county() -> None:
    for size in SIZES.values():
        graph = draw_graph(size, np.random.default_rng(7))
        states = choose_states(graph)
        assert len(set(states)) == 5
        kept = {city for city, state in zip(graph.cities, states, strict=True) if state == ORDINARY}
        assert kept == set(graph.cities)


def test_codes_and_names_are_each_used_once() -> None:
    for size in SIZES.values():
        graph = draw_graph(size, np.random.default_rng(7))
        found = names.county_names(graph.cities)
        assert len({code for code, _ in found}) == len({name for _, name in found}) == len(graph.counties)
        assert all(
            code[:4] + "00" == names.city_code(city) for (code, _), city in zip(found, graph.cities, strict=True)
        )


@given(seed=st.integers(0, 2**31), area_m2=st.floats(100, 90_000))
def test_pits_have_the_area_asked_for(seed: int, area_m2: float) -> None:
    pit = outlines.pit(area_m2, np.random.default_rng(seed))
    assert pit.is_valid
    assert pit.area == pytest.approx(area_m2, rel=1e-9)
    assert 12 <= shapely.get_num_coordinates(pit) - 1 <= 40
