"""Who a patch is: stable numbers, check characters, and the same patch found again."""

from __future__ import annotations

import base64
import hashlib

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from pipeline.geometry.identity import check_character, first_of_same, is_patch_uid, outlines, patch_uids, same_outline

SQUARE = shapely.Polygon([(105, 35), (105.01, 35), (105.01, 35.01), (105, 35.01)])
TURNED = shapely.Polygon([(105.01, 35.01), (105.01, 35), (105, 35), (105, 35.01)])


def array(*geometries: shapely.Geometry) -> np.ndarray:
    return np.array(geometries, object)


def test_a_ring_may_begin_anywhere() -> None:
    one, other = outlines(array(SQUARE, TURNED))
    assert one == other


def test_the_number_depends_on_key_outline_and_crs() -> None:
    (outline,) = outlines(array(SQUARE))
    uids = {
        *patch_uids("2025Q3", ["2025Q3/320102/1", "2025Q3/320102/2"], [outline, outline], "EPSG:4490"),
        *patch_uids("2025Q3", ["2025Q3/320102/1"], [outline], "EPSG:4524"),
        *patch_uids("2025Q3", ["2025Q3/320102/1"], [outline + b"\0"], "EPSG:4490"),
    }
    assert len(uids) == 4
    assert all(is_patch_uid(one) for one in uids)


@given(st.lists(st.tuples(st.text(), st.binary()), max_size=5), st.sampled_from(["EPSG:4490", "", "系"]))
def test_numbers_are_as_the_contract_says(patches: list[tuple[str, bytes]], crs: str) -> None:
    keys, shapes = [key for key, _ in patches], [outline for _, outline in patches]
    for uid, key, outline in zip(patch_uids("c", keys, shapes, crs), keys, shapes, strict=True):
        digest = hashlib.sha256(b"\0".join([key.encode(), outline, crs.encode()])).digest()
        core = base64.b32encode(digest)[:12].decode()
        assert uid == f"c-{core}{check_character(core)}"


def test_known_check_character() -> None:
    assert check_character("A12425GABC1234002") == "M"  # the example of ISO 7064 MOD 37,36 in the GRid standard


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=12, max_size=12), st.integers(0, 11), st.integers(1, 25))
def test_a_mistyped_character_is_seen(core: str, at: int, shift: int) -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    wrong = core[:at] + letters[(letters.find(core[at]) + shift) % 26] + core[at + 1 :]
    if wrong != core:
        assert not is_patch_uid(f"c-{wrong}{check_character(core)}")


@given(st.integers(0, 3), st.booleans(), st.floats(-0.4, 0.4), st.floats(-0.4, 0.4))
def test_the_same_within_a_millimetre(start: int, reverse: bool, dx_mm: float, dy_mm: float) -> None:
    ring = shapely.get_coordinates(SQUARE)[:-1]
    ring = np.roll(ring[::-1] if reverse else ring, start, axis=0)
    moved = shapely.Polygon(ring + np.array([dx_mm, dy_mm]) / 1000 / 111_320)
    assert same_outline(SQUARE, moved)
    assert first_of_same(array(SQUARE, moved), ["1", "1"]).tolist() == [0, 0]


def test_two_millimetres_apart_are_two_patches() -> None:
    moved = shapely.transform(SQUARE, lambda xy: xy + [0, 0.002 / 111_320])
    assert first_of_same(array(SQUARE, moved), ["1", "1"]).tolist() == [0, 1]


def test_numbers_decide_where_they_are_given() -> None:
    same = [SQUARE, TURNED, SQUARE, SQUARE, TURNED]
    assert first_of_same(array(*same), ["", "7", "8", "7", ""]).tolist() == [1, 1, 2, 1, 1]
    assert first_of_same(array(*same), ["", "", "", "", ""]).tolist() == [0, 0, 0, 0, 0]


def test_holes_and_parts_count() -> None:
    holed = SQUARE.difference(shapely.box(105.002, 35.002, 105.004, 35.004))
    multi = shapely.MultiPolygon([SQUARE, shapely.box(106, 35, 106.01, 35.01)])
    other = shapely.MultiPolygon([shapely.box(106, 35, 106.01, 35.01), TURNED])
    assert not same_outline(SQUARE, holed)
    assert same_outline(multi, other)


def test_a_thousand_copies_of_one_patch() -> None:
    copies = array(*[SQUARE, TURNED] * 1500)
    assert set(first_of_same(copies, [""] * 3000).tolist()) == {0}


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 4)), max_size=12), st.randoms())
def test_neighbours_within_a_millimetre_are_found_wherever_they_stand(spots, chance) -> None:  # type: ignore[no-untyped-def]
    """Steps of 0.8 mm and of 3 mm, in any order: as if every pair had been looked at."""
    small, large = 0.0008 / 111_320, 0.003 / 111_320
    chance.shuffle(spots)
    shapes = [shapely.transform(SQUARE, lambda xy, d=(x * large + z * small, y * large): xy + d) for x, y, z in spots]
    first = first_of_same(array(*shapes), [""] * len(shapes)).tolist() if shapes else []
    expected = list(range(len(shapes)))
    for row, shape in enumerate(shapes):
        for other in range(row):
            if same_outline(shapes[other], shape):
                low, high = sorted((expected[other], expected[row]))
                expected = [low if one == high else one for one in expected]
    assert first == expected
