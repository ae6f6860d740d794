"""The town of a piece: of a shared patch each piece is told the town it lies in, and all others what was delivered."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cutting.cut import Cut, cut_table
from pipeline.cutting.towns import Towns, renamed
from pipeline.geometry.area import Ellipsoid, area_m2
from pipeline.io.tables import GEOMETRY
from pipeline.stages.clip import Section

E = Ellipsoid()
WEST, EAST = 0, 1  # counties: 105 to 106 and 106 to 107 degrees east, both 34 to 35 north


def box(west: float, east: float, south: float = 34.0, north: float = 35.0) -> Any:
    return shapely.box(west, south, east, north)


COUNTIES = np.array([box(105, 106), box(106, 107)], object)
TOWNS = [
    ("Alder", box(105, 105.5)),
    ("Birch", box(105.5, 106)),
    ("Cedar", box(106, 106.5)),
    ("Dogwood", box(106.5, 107)),
]
ACROSS = box(105.99, 106.001, 34.5, 34.51)  # nine tenths in the west


def cut(*shapes: Any) -> Cut:
    ground = np.array(shapes, object)
    table = pa.table({GEOMETRY: pa.array(shapely.to_wkb(ground), pa.binary()), "area_m2": area_m2(ground, E)})
    return cut_table(table, COUNTIES, E, Section(), np.full(len(shapes), -1))


def layer(towns: list[tuple[str, Any]], a_part: int = 10) -> Towns:
    shapes = [np.array([shape for _, shape in towns[at : at + a_part]], object) for at in range(0, len(towns), a_part)]
    return Towns(np.array([name for name, _ in towns], object), shapes)


def told(shape: Any, town: str | None, towns: list[tuple[str, Any]] = TOWNS, meant: int = -1) -> list[tuple[int, str]]:
    """County and new town of each piece of one patch that gets another."""
    made = cut(shape)
    found = renamed(made, pa.chunked_array([[town]], pa.string()), np.array([meant]), COUNTIES, layer(towns))
    return list(zip(made.county[found.piece].tolist(), found.town.tolist(), strict=True))


def test_the_piece_across_the_border_is_told_its_own_town() -> None:
    assert told(ACROSS, "Birch") == [(EAST, "Cedar")]
    assert told(ACROSS, "Cedar") == [(WEST, "Birch")]
    assert told(ACROSS, "Alder") == [(WEST, "Birch"), (EAST, "Cedar")]  # a town of the layer, but it lies elsewhere


def test_a_patch_of_one_county_keeps_what_was_delivered() -> None:
    assert told(box(105.1, 105.11, 34.5, 34.51), "Cedar") == []
    assert told(box(104.99, 105.01, 34.5, 34.51), "Cedar") == []  # with a remainder outside all counties


@pytest.mark.parametrize("town", ["", None])
def test_a_patch_without_a_town_stays_without(town: str | None) -> None:
    assert told(ACROSS, town) == []


def test_a_name_the_layer_does_not_know_stays_with_the_piece_it_was_meant_for() -> None:
    assert told(ACROSS, "Birch Town") == [(EAST, "Cedar")]  # the largest
    assert told(ACROSS, "Cedar Town", meant=EAST) == [(WEST, "Birch")]
    assert told(ACROSS, "Birch Town", meant=WEST) == [(EAST, "Cedar")]


def test_where_no_town_has_a_name_or_ground_it_stays_as_delivered() -> None:
    assert told(ACROSS, "Birch", [*TOWNS[:2], ("", TOWNS[2][1])]) == []
    assert told(ACROSS, "Birch", TOWNS[:2]) == []


def test_a_town_of_the_neighbour_that_reaches_across_the_border_is_told_to_nobody() -> None:
    reaching = ("Cedar", box(105.9, 106.5))
    assert told(ACROSS, "Elm", [reaching], meant=EAST) == []
    assert told(ACROSS, "Cedar", [reaching, TOWNS[1]]) == [(WEST, "Birch")]


def test_of_towns_that_overlap_the_first_is_told() -> None:
    assert told(ACROSS, "Birch", [*TOWNS[:2], ("Fir", box(106, 106.3)), TOWNS[2]]) == [(EAST, "Fir")]
    assert told(ACROSS, "Birch", [*TOWNS[:3], ("Fir", box(106, 106.3))]) == [(EAST, "Cedar")]
    assert told(ACROSS, "Cedar", [*TOWNS[:2], ("Fir", box(106, 106.3)), TOWNS[2]]) == [(WEST, "Birch")]


longitudes = st.lists(st.floats(105.98, 106.02), min_size=1, max_size=12)
words = st.sampled_from(["Alder", "Birch", "Cedar", "Elm", ""])


@given(longitudes, st.lists(words, min_size=12, max_size=12), st.integers(1, 5), st.permutations(TOWNS))
def test_only_shared_pieces_change_and_to_the_town_they_lie_in(
    wests: list[float], said: list[str], a_part: int, towns: list[tuple[str, Any]]
) -> None:
    made = cut(*(box(west, west + 0.01, 34.5, 34.51) for west in wests))
    given = pa.chunked_array([said[: len(wests)]], pa.string())
    args = made, given, np.full(len(wests), -1), COUNTIES
    found, shapes = renamed(*args, layer(towns, a_part)), dict(TOWNS)
    again = renamed(*args, layer(TOWNS))
    assert found.piece.tolist() == again.piece.tolist()
    assert found.town.tolist() == again.town.tolist()
    new = dict(zip(found.piece.tolist(), found.town.tolist(), strict=True))
    counts = np.bincount(made.patch)
    for piece, patch in enumerate(made.patch.tolist()):
        here = "Birch" if made.county[piece] == WEST else "Cedar"
        assert shapely.intersects_xy(shapes[here], *made.place_deg[piece])
        if counts[patch] == 1 or said[patch] in ("", here):
            assert piece not in new
        elif said[patch] != "Elm":
            assert new[piece] == here
    elms = [patch for patch in np.flatnonzero(counts > 1).tolist() if said[patch] == "Elm"]
    assert sorted(made.patch[piece] for piece in new if said[made.patch[piece]] == "Elm") == elms
