"""Small pictures: the same ground before and after, the piece in the middle, small enough for a workbook."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
import xlsxwriter
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline.forms.card_page import write_cards
from pipeline.forms.cells import look_of
from pipeline.forms.dashes import dashes
from pipeline.forms.form import load_form
from pipeline.forms.picture_sheet import SIZE_MM, write_pictures
from pipeline.forms.shots import PHASES, Shot, part_note, shots_of
from pipeline.forms.thumbnails import LARGEST_BYTES, PX_PER_MM, _inked, _small, thumbnails
from pipeline.geometry.projection import county_projection, to_geographic
from pipeline.io.rasters import TileCache, read_scene
from pipeline.records import CampaignFacts, County, Neighbour, Office, Piece, Scene
from pipeline.sheets.fonts import load_font
from pipeline.sheets.ground import lay_ground
from pipeline.texts import texts
from tests.forms.conftest import _piece

FACTS = CampaignFacts("2025Q3", "检查", "cn", "zh", date(2025, 10, 8), Office(), "mu", "EPSG:4490", True)
COUNTY = County("429901", "云溪县", "云州市", "某省", shapely.box(113.8, 30.4, 114.0, 30.6))
PLANE = county_projection("EPSG:4490", 113.9, 30.5)
WEST, NORTH, SIDE = 490_000, 3_386_000, 600


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> list[Scene]:
    """Pixels of 2 m before and after, 1.2 km wide, with some noise."""
    folder, made = tmp_path_factory.mktemp("scenes"), []
    for at, phase in enumerate(PHASES):
        path = folder / f"{phase}.tif"
        size = {"driver": "GTiff", "width": SIDE, "height": SIDE, "count": 3, "dtype": "uint8"}
        ground = Affine(2, 0, WEST, 0, -2, NORTH)
        with rasterio.open(path, "w", crs=PLANE.crs, transform=ground, tiled=True, **size) as target:
            target.write(np.random.default_rng(at).integers(90, 120, (3, SIDE, SIDE), np.uint8))
        made.append(read_scene(path, phase, "2025-03-14", "", None, "EPSG:4490", str(at) * 64))
    return made


def _at(seq: int, east_m: float, width_m: float) -> Piece:
    corners = [(0, 0), (width_m, 0), (width_m, width_m), (0, width_m)]
    lonlat = [to_geographic(PLANE, WEST + east_m + x, NORTH - 700 + y) for x, y in corners]
    return replace(_piece(seq), geometry=shapely.Polygon(lonlat))


def _shots(scenes: list[Scene], piece: Piece) -> tuple[Shot, ...]:
    with TileCache(8 << 20) as cache:
        return shots_of(cache, scenes, PLANE, piece, SIZE_MM)


@pytest.mark.parametrize("width_m", [5, 60, 400])
def test_the_piece_lies_whole_in_the_middle_of_both(scenes: list[Scene], width_m: float) -> None:
    before, after = _shots(scenes, _at(1, 500, width_m))
    places = [(one.image.x_mm, one.image.y_mm, one.image.w_mm, one.image.h_mm) for one in (before, after)]
    assert places[0] == places[1]
    for ring in (*before.rings, *after.rings):
        assert np.allclose((ring.min(axis=0) + ring.max(axis=0)) / 2, np.array(SIZE_MM) / 2, atol=0.1)
        assert (np.ptp(ring, axis=0) <= np.array(SIZE_MM) * 0.51).all()


def test_thumbnails_are_small_and_show_the_outline(scenes: list[Scene]) -> None:
    made = thumbnails(_shots(scenes, _at(1, 500, 60)), SIZE_MM)
    assert set(made) == set(PHASES)
    for jpeg in made.values():
        assert len(jpeg) <= LARGEST_BYTES
        with Image.open(io.BytesIO(jpeg)) as picture:
            assert picture.size == tuple(round(one * PX_PER_MM) for one in SIZE_MM)
            pixels = np.asarray(picture.convert("RGB")).astype(int)
    shot = _shots(scenes, _at(1, 500, 60))[1]
    x, y = (shot.rings[0][:2].mean(axis=0) * PX_PER_MM).round().astype(int)
    assert pixels[y, x, 0] > pixels[y, x, 2] + 60  # yellow


def _divided() -> tuple[Piece, Piece, County]:
    """A patch on both sides of a border that runs north and south, and the western county."""
    east = _at(1, 530, 30)
    west = replace(_at(1, 500, 30), piece_count=2)
    other = replace(east, own=False, county_code="429902", piece_no=2, piece_count=2, seq=0)
    x = west.geometry.bounds[2]
    around = Neighbour("429902", "东湖区", shapely.box(x, 30.4, 114.0, 30.8))
    return west, other, replace(COUNTY, geometry=shapely.box(113.7, 30.4, x, 30.8), neighbours=(around,))


def test_a_divided_patch_is_shown_with_the_border_and_the_other_part(scenes: list[Scene]) -> None:
    west, other, county = _divided()
    ground = lay_ground("EPSG:4490", county, [west, other], [], [])
    assert ground.projection == PLANE
    with TileCache(8 << 20) as cache:
        shot = shots_of(cache, scenes, PLANE, west, SIZE_MM, ground)[0]
    assert len(shot.rings) == len(shot.parts) == 1
    own, part = shot.rings[0], shot.parts[0]
    assert own[:, 0].max() == pytest.approx(part[:, 0].min(), abs=0.05)
    line = shapely.multilinestrings([one for one in shot.borders if len(one) > 1])
    assert shapely.distance(line, shapely.points(own[:, 0].max(), SIZE_MM[1] / 2)) < 0.1
    assert _shots(scenes, west)[0].parts == _shots(scenes, west)[0].borders == ()
    apart = lay_ground("EPSG:4490", county, [west, replace(other, patch_uid="2025Q3-ANOTHER")], [], [])
    with TileCache(8 << 20) as cache:
        assert shots_of(cache, scenes, PLANE, west, SIZE_MM, apart)[0].parts == ()


@pytest.mark.parametrize(
    ("count", "share", "key"), [(1, 1.0, ""), (2, 0.66, "part"), (2, 0.31, "part"), (2, 0.998, "part_small")]
)
def test_no_dashes_are_promised_that_nobody_could_see(count: int, share: float, key: str) -> None:
    piece, words = replace(_at(1, 500, 60), piece_count=count, area_share=share), texts("zh")
    assert part_note(piece, words) == ([words[f"sheet.picture.{key}"]] if key else [])


def test_a_picture_says_its_scale_and_its_number(scenes: list[Scene]) -> None:
    """The bar is as long as it says: the piece is 60 m wide on the plane."""
    shot = _shots(scenes, _at(7, 500, 60))[0]
    per_m = np.ptp(shot.rings[0], axis=0)[0] / 60
    said = float(shot.bar.labels[-1]) * (1000 if shot.bar.unit == "km" else 1)
    assert shot.bar.length_mm == pytest.approx(said * per_m, rel=0.01)
    assert shot.bar.length_mm <= SIZE_MM[0] * 0.3 + 1e-6
    assert shot.number == "7"
    plain = replace(shot, number="", bar=replace(shot.bar, part_mm=0.01))
    made = [
        np.asarray(Image.open(io.BytesIO(thumbnails([one], SIZE_MM)[shot.phase])).convert("L")) for one in (shot, plain)
    ]
    changed = np.argwhere(np.abs(made[0].astype(int) - made[1]) > 60) / PX_PER_MM
    high = SIZE_MM[1]
    corners = ((changed < 6).all(axis=1), (changed[:, 0] > high - 6))  # number above at the left, bar below
    assert all(one.any() for one in corners)
    assert np.any(corners, axis=0).all()


@given(
    st.lists(st.tuples(st.floats(0, 60), st.floats(0, 45)), min_size=2, max_size=12),
    st.floats(0.5, 5),
    st.floats(0.5, 5),
)
def test_dashes_lie_on_their_line_and_ink_their_share(points: list[tuple[float, float]], on: float, off: float) -> None:
    line = np.array(points)
    long = shapely.length(shapely.linestrings(line))
    made = dashes(line, on, off)
    whole, rest = divmod(long, on + off)
    assert sum(shapely.length(shapely.linestrings(one)) for one in made) == pytest.approx(
        whole * on + min(rest, on), abs=1e-6 * (1 + long)
    )
    ends = [point for one in made for point in one.tolist()]
    assert all(shapely.distance(shapely.linestrings(line), shapely.points(end)) < 1e-6 for end in ends)


def test_a_picture_no_jpeg_can_take_has_fewer_pixels() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (270, 360, 3), np.uint8)
    jpeg = _small(Image.fromarray(noise), PX_PER_MM)
    assert len(jpeg) <= LARGEST_BYTES
    with Image.open(io.BytesIO(jpeg)) as picture:
        size_mm = [px / dpi * 25.4 for px, dpi in zip(picture.size, picture.info["dpi"], strict=True)]
    assert np.allclose(size_mm, SIZE_MM, rtol=0.02)


def test_no_imagery_no_picture(scenes: list[Scene]) -> None:
    assert thumbnails(_shots(scenes, _at(1, 90_000, 60)), SIZE_MM) == {}
    assert _shots([], _at(1, 500, 60)) == ()


def test_a_sheet_of_the_workbook_ties_each_picture_to_its_cell(scenes: list[Scene], tmp_path: Path) -> None:
    rows = [_at(1, 500, 60), _at(2, 300, 30), _at(3, 90_000, 30)]
    pictures = {one.patch_uid: thumbnails(_shots(scenes, one), SIZE_MM) for one in rows}
    for name in ("a.xlsx", "b.xlsx"):
        book = xlsxwriter.Workbook(str(tmp_path / name))
        book.set_properties({"created": datetime(2025, 10, 8)})
        look = look_of(book, texts("zh"))
        assert write_pictures(book.add_worksheet("x"), look, rows, pictures, texts("zh")) == 2
        book.close()
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.xlsx") as packed:
        images = [one for one in packed.namelist() if one.startswith("xl/media/")]
        drawing = packed.read("xl/drawings/drawing1.xml").decode()
    assert len(images) == 4
    assert drawing.count("<xdr:twoCellAnchor>") == 4  # moves and sizes with its cells


def test_cards_with_pictures_hold_a_pair_a_piece(scenes: list[Scene], tmp_path: Path) -> None:
    rows = [_at(1, 500, 60), _at(2, 300, 30)]
    form = load_form("verification_cn")
    args = (form, FACTS, COUNTY, rows, {}, load_font(), "id")
    write_cards(tmp_path / "a.pdf", *args, scenes)
    write_cards(tmp_path / "b.pdf", *args, scenes)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    assert (tmp_path / "a.pdf").read_bytes().count(b"/DCTDecode") == 4


@given(st.floats(3.0, 3.2), st.floats(-0.3, 0.3))
def test_an_outline_keeps_its_width_whatever_way_it_runs(y_mm: float, rise_mm: float) -> None:
    """Pillow's own lines of two pixels are of one, by chance, where they run nearly level."""
    ink = np.asarray(_inked([np.array([[2, y_mm], [8, y_mm + rise_mm]])], (60, 40), 2), dtype=float) / 255
    assert 1.6 < ink[:, 16:44].sum(axis=0).min() <= ink[:, 16:44].sum(axis=0).max() < 2.4
