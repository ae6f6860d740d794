"""The GeoPackages of a county: one row per own piece, open fields empty, nothing of the delivery's rows."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyogrio

from pipeline.forms.form import Form
from pipeline.forms.package import patch_kinds, write_boundary, write_patches
from pipeline.records import CampaignFacts, County, Piece


def _rows(path: Path, layer: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(path)) as base:
        base.row_factory = sqlite3.Row
        return [dict(row) for row in base.execute(f"SELECT * FROM {layer} ORDER BY fid")]


def test_own_pieces_asked_first(
    tmp_path: Path, form: Form, facts: CampaignFacts, pieces: list[Piece], pages: dict[str, int]
) -> None:
    target = tmp_path / "patches.gpkg"
    assert write_patches(target, form, facts, pieces, pages) == 5
    rows = _rows(target, "patches")
    assert [row["seq"] for row in rows] == [1, 2, 3, 4, None]
    assert [row["asked"] for row in rows] == [1, 1, 1, 1, 0]
    assert [row["page"] for row in rows] == [3, 4, 5, 6, None]
    assert rows[-1]["not_asked_reason"] == "fragment"
    assert {row["county_code"] for row in rows} == {"429901"}


def test_findings_are_empty_and_nothing_tells_of_the_delivery(
    tmp_path: Path, form: Form, facts: CampaignFacts, pieces: list[Piece], pages: dict[str, int]
) -> None:
    target = tmp_path / "patches.gpkg"
    write_patches(target, form, facts, pieces, pages)
    asked = [one.column(facts.area_unit) for one in form.asked]
    assert all(row[name] is None for row in _rows(target, "patches") for name in asked)
    assert not {"delivery", "source_row", "source_layer"} & set(patch_kinds(form, facts))


def test_order_of_the_pieces_does_not_matter_to_a_byte(
    tmp_path: Path, form: Form, facts: CampaignFacts, pieces: list[Piece], pages: dict[str, int]
) -> None:
    one, two = tmp_path / "one.gpkg", tmp_path / "two.gpkg"
    write_patches(one, form, facts, pieces, pages)
    write_patches(two, form, facts, pieces[::-1], pages)
    assert one.read_bytes() == two.read_bytes()


def test_another_countys_piece_changes_nothing(
    tmp_path: Path, form: Form, facts: CampaignFacts, pieces: list[Piece], pages: dict[str, int]
) -> None:
    one, two = tmp_path / "one.gpkg", tmp_path / "two.gpkg"
    write_patches(one, form, facts, pieces, pages)
    write_patches(two, form, facts, [*pieces, replace(pieces[-1], patch_uid="elsewhere")], pages)
    assert one.read_bytes() == two.read_bytes()


def test_boundary_tells_county_from_neighbours(tmp_path: Path, facts: CampaignFacts, county: County) -> None:
    target = tmp_path / "boundary.gpkg"
    assert write_boundary(target, facts, county) == 2
    assert [(row["role"], row["name"]) for row in _rows(target, "boundary")] == [
        ("county", "云溪县"),
        ("neighbour", "东湖区"),
    ]


def test_areas_and_shapes_survive(
    tmp_path: Path, form: Form, facts: CampaignFacts, pieces: list[Piece], pages: dict[str, int]
) -> None:
    target = tmp_path / "patches.gpkg"
    write_patches(target, form, facts, pieces, pages)
    frame = pyogrio.read_dataframe(target, layer="patches").set_index("patch_uid")
    for piece in (one for one in pieces if one.own):
        assert frame.loc[piece.patch_uid, "area_m2"] == piece.area_m2
        assert frame.loc[piece.patch_uid, "geometry"].equals(piece.geometry)
