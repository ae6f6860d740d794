"""What goes into cells: cleaned text, rounded areas, codes that find a row again."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from pipeline.amounts import AREA_DECIMALS, area_in
from pipeline.forms.cleaning import clean_text, cut_text
from pipeline.forms.identity import book_order, geometry_digest, row_code
from pipeline.records import Piece

BAD = set("\x00\x01\x08\x0b\x1f\x7f\x85\x9f\u202a\u202e\u2066\u2069\u200f")


@given(st.text())
def test_clean_text_holds_nothing_that_harms_and_is_stable(words: str) -> None:
    clean = clean_text(words)
    assert not BAD & set(clean)
    assert unicodedata.is_normalized("NFC", clean)
    assert clean_text(clean) == clean


@given(st.text(alphabet="中文abc =+-@,0123\n"))
def test_clean_text_leaves_ordinary_text(words: str) -> None:
    assert clean_text(words) == words.strip()


@given(st.text(), st.integers(2, 50))
def test_what_is_cut_shows_it(words: str, length: int) -> None:
    cut = cut_text(words, length, "…")
    assert len(cut) <= length
    assert cut == clean_text(words) or cut.endswith("…")


@given(st.floats(0, 1e12), st.sampled_from(sorted(AREA_DECIMALS)))
def test_areas_are_rounded_once_and_half_up(area_m2: float, unit: str) -> None:
    per_m2 = {"mu": Decimal("0.0015"), "ha": Decimal("0.0001"), "ac": 1 / Decimal("4046.8564224")}[unit]
    gap = abs(area_in(unit, area_m2) - Decimal(repr(area_m2)) * per_m2)
    assert gap <= Decimal("0.5").scaleb(-AREA_DECIMALS[unit]) + Decimal("1e-6")


@pytest.mark.parametrize(("area_m2", "mu"), [(2000 / 3, 1.0), (3.3333333, 0.0), (3.33334, 0.01), (10.0, 0.02)])
def test_mu_as_the_table_has_it(area_m2: float, mu: float) -> None:
    assert float(area_in("mu", area_m2)) == mu


def test_a_row_code_is_text_and_follows_uid_county_and_area(make_piece: Callable[[int], Piece]) -> None:
    one = make_piece(1)
    codes = {
        row_code(each) for each in (one, make_piece(2), replace(one, county_code="429902"), replace(one, area_m2=1.0))
    }
    assert len(codes) == 4
    assert all(code[0] == "R" and code.isalnum() and code.isascii() for code in codes)
    assert row_code(replace(one, town="别处", remark="改")) == row_code(one)


def test_a_geometry_digest_does_not_depend_on_where_a_ring_begins(make_piece: Callable[[int], Piece]) -> None:
    one = make_piece(1)
    ring = list(one.geometry.exterior.coords)[:-1]
    turned = replace(one, geometry=shapely.Polygon(ring[2:] + ring[:2]))
    moved = replace(one, geometry=shapely.transform(one.geometry, lambda xy: xy + 1e-6))
    assert geometry_digest(turned) == geometry_digest(one) != geometry_digest(moved)


def test_book_order_is_own_and_asked_by_number(pieces: list[Piece]) -> None:
    assert [one.seq for one in book_order(pieces)] == [1, 2, 3, 4]
