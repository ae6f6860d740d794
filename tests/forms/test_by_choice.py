"""Files by choice: what is written in another format is the same ground and the same words when read back."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

import fiona
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS

from pipeline.errors import Refusal
from pipeline.forms.columns import columns_of, plain
from pipeline.forms.coordinates import write_coordinates
from pipeline.forms.kmz import SPACE, write_kmz
from pipeline.forms.shapefile import write_shapefile
from pipeline.geometry.projection import county_projection, to_geographic
from pipeline.io.readers.coordinate_text import read_coordinate_text
from pipeline.records import CampaignFacts, County, Office, Piece
from tests.forms.conftest import _piece

FACTS = CampaignFacts(
    "2025Q3", "检查", "cn", "zh", date(2025, 10, 8), Office(unit="某省厅，执法处"), "mu", "EPSG:4490", True
)
COUNTY = County("429901", "云溪县", "云州市", "某省", shapely.box(113.8, 30.4, 114.0, 30.6))
# Words of strangers: any script, commas and signs of the formats; without what no cell of any product keeps.
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")), max_size=30)


@st.composite
def outlines(draw: st.DrawFn) -> shapely.Geometry:
    """One to three parts well apart, some with a hole, of 10 m and more, at places of the county."""
    parts = []
    for at in range(draw(st.integers(1, 3))):
        west = 113.82 + 0.05 * at + draw(st.floats(0, 0.02))
        south = 30.45 + draw(st.floats(0, 0.1))
        width, height = draw(st.floats(0.0005, 0.01)), draw(st.floats(0.0005, 0.01))
        bite = draw(st.floats(0.1, 0.9))
        corners = [
            (west, south),
            (west + width, south),
            (west + width, south + height * bite),
            (west + width * bite, south + height),
            (west, south + height),
        ]
        hole = [(west + width * x, south + height * y) for x, y in ((0.02, 0.02), (0.02, 0.06), (0.06, 0.06))]
        parts.append(shapely.Polygon(corners, [hole] if draw(st.booleans()) else []))
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


@st.composite
def rows(draw: st.DrawFn) -> list[Piece]:
    made = []
    for seq in range(1, draw(st.integers(1, 4)) + 1):
        named = {key: draw(WORDS) for key in ("patch_no", "town", "patch_type_name", "remark")}
        made.append(replace(_piece(seq), geometry=draw(outlines()), **named))
    return made


def _said(words: str) -> str:
    """What a cell keeps of words: one line, composed, nothing that cannot be seen to reorder it."""

    return plain(words) or ""


@given(rows())
@settings(max_examples=40)
def test_our_own_reader_reads_coordinate_files_back(pieces: list[Piece]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "429901_coordinates.txt"
        assert write_coordinates(path, FACTS, COUNTY, pieces) == len(pieces)
        (layer,) = read_coordinate_text(path)
    assert layer.crs == "EPSG:4526"  # zone 38, zone number in the easting
    assert layer.fields["地块名称"] == [one.patch_uid for one in pieces]
    shapes = shapely.from_wkb(layer.wkb)
    projection = county_projection("EPSG:4490", 113.9, 30.5)
    for piece, shape in zip(pieces, shapes, strict=True):
        back = shapely.transform(shape, lambda x, y: to_geographic(projection, x - 38e6, y), interleaved=False)
        assert shapely.hausdorff_distance(back.boundary, piece.geometry.boundary) < 1.5e-8  # half a millimetre
        assert abs(back.area / piece.geometry.area - 1) < 1e-4
        assert shapely.get_num_coordinates(back) == shapely.get_num_coordinates(piece.geometry)


def test_coordinate_files_are_of_cgcs2000_only(tmp_path: Path, pieces: list[Piece]) -> None:
    with pytest.raises(Refusal, match="CGCS2000"):
        write_coordinates(tmp_path / "c.txt", replace(FACTS, crs="EPSG:4326"), COUNTY, pieces)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_shapefiles_are_read_back(encoding: str) -> None:
    @given(rows())
    @settings(max_examples=20)
    def same(pieces: list[Piece]) -> None:
        pages = {one.patch_uid: one.seq + 2 for one in pieces}
        with TemporaryDirectory() as folder:
            stem = Path(folder) / "429901_patches"
            assert write_shapefile(stem, FACTS, pieces, pages, encoding) == len(pieces)
            with fiona.open(f"{stem}.shp") as source:
                found, crs = list(source), CRS.from_user_input(source.crs.to_wkt())
        assert crs.is_exact_same(CRS.from_epsg(4490)) or crs.to_epsg(40) == 4490
        for piece, row in zip(pieces, found, strict=True):
            shape = shapely.geometry.shape(row.geometry)
            assert shape.is_valid
            assert shape.normalize().equals_exact(piece.geometry.normalize(), 0.0)
            assert (row.properties["PATCH_NO"] or "").strip() == _said(piece.patch_no).strip()
            assert (row.properties["PATCH_UID"], row.properties["PAGE"]) == (piece.patch_uid, piece.seq + 2)
            assert row.properties["AREA_MU"] == pytest.approx(piece.area_m2 * 0.0015, abs=0.0051)

    same()


def test_long_words_are_cut_between_characters(tmp_path: Path) -> None:
    piece = replace(_piece(1), remark="长" * 200)
    write_shapefile(tmp_path / "s", FACTS, [piece], {})
    with fiona.open(tmp_path / "s.shp") as source:
        (row,) = source
    assert row.properties["REMARK"] == "长" * 83 + "…"


def test_short_names_are_short_and_explained(tmp_path: Path, facts: CampaignFacts, pieces: list[Piece]) -> None:
    columns = columns_of(facts, {})
    names = [one.short for one in columns]
    assert len(set(names)) == len(names)
    assert all(len(one) <= 10 and one.isascii() for one in names)
    write_shapefile(tmp_path / "s", facts, pieces, {})
    told = (tmp_path / "s_fields.txt").read_text(encoding="utf-8-sig").splitlines()
    assert [line.split("\t")[0] for line in told] == names
    assert all(len(line.split("\t")[1]) > 0 for line in told)


def test_the_table_has_no_day_and_the_same_bytes(tmp_path: Path, facts: CampaignFacts, pieces: list[Piece]) -> None:
    for name, given_ in (("a", pieces), ("b", pieces[::-1])):
        write_shapefile(tmp_path / name, facts, given_, {})
    for end in (".shp", ".shx", ".dbf", ".prj", ".cpg", "_fields.txt"):
        assert (tmp_path / f"a{end}").read_bytes() == (tmp_path / f"b{end}").read_bytes()
    assert (tmp_path / "a.dbf").read_bytes()[1:4] == bytes((100, 1, 1))


def _kml(path: Path) -> ElementTree.Element:
    with zipfile.ZipFile(path) as packed:
        assert packed.namelist() == ["doc.kml"]
        return ElementTree.fromstring(packed.read("doc.kml"))


@given(rows())
@settings(max_examples=20)
def test_kmz_has_each_asked_piece_where_it_lies(pieces: list[Piece]) -> None:
    pages = {one.patch_uid: one.seq + 2 for one in pieces}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "429901_patches.kmz"
        assert write_kmz(path, FACTS, COUNTY, pieces, pages) == len(pieces)
        root = _kml(path)
    space = f"{{{SPACE}}}"
    marks = [one for one in root.iter(f"{space}Placemark") if one.get("id")]
    assert [one.get("id") for one in marks] == [f"n{piece.seq}" for piece in pieces]
    for piece, mark in zip(pieces, marks, strict=True):
        assert mark.findtext(f"{space}name", "").split(" ")[0] == str(piece.seq)
        values = {one.get("name"): one.findtext(f"{space}value") for one in mark.iter(f"{space}Data")}
        assert (values["page"], values["patch_uid"]) == (str(piece.seq + 2), piece.patch_uid)
        parts = [_polygon(one, space) for one in mark.iter(f"{space}Polygon")]
        shape = parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
        assert shape.normalize().equals_exact(piece.geometry.normalize(), 1e-8)


def _polygon(one: ElementTree.Element, space: str) -> shapely.Polygon:
    rings = [
        np.array([pair.split(",") for pair in each.text.split()], float) for each in one.iter(f"{space}coordinates")
    ]
    return shapely.Polygon(rings[0], rings[1:])


def test_kmz_has_the_same_bytes(
    tmp_path: Path, facts: CampaignFacts, county: County, pieces: list[Piece], pages: dict[str, int]
) -> None:
    write_kmz(tmp_path / "a.kmz", facts, county, pieces, pages)
    write_kmz(tmp_path / "b.kmz", facts, county, pieces[::-1], pages)
    assert (tmp_path / "a.kmz").read_bytes() == (tmp_path / "b.kmz").read_bytes()


def test_only_asked_pieces_are_for_the_phone(
    tmp_path: Path, facts: CampaignFacts, county: County, make_piece: Callable[[int], Piece]
) -> None:
    unasked = replace(make_piece(2), asked=False, seq=0)
    assert write_kmz(tmp_path / "a.kmz", facts, county, [make_piece(1), unasked], {}) == 1
