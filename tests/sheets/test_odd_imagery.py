"""Imagery as it comes: whatever its type, bands, place or state, a frame is right, or the page says what is wrong."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pypdf
import pytest
import rasterio
import shapely
from PIL import Image
from pyproj import CRS as Projected
from pyproj import Transformer
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.transform import Affine, from_origin

from pipeline.errors import Refusal
from pipeline.geometry.projection import county_projection, to_plane
from pipeline.io.rasters import TileCache, Window, read_scene
from pipeline.records import Scene
from pipeline.sheets.book import BookSummary, draw_book
from pipeline.sheets.imagery import FrameImage, GroundFrame, frame_image
from pipeline.sheets.settings import RenderSettings
from tests.sheets import scenery

PLANE = county_projection("EPSG:4490", scenery.LON, scenery.LAT)
X, Y = (round(float(one)) for one in to_plane(PLANE, scenery.LON, scenery.LAT))
PATCH = scenery.square(scenery.LON, scenery.LAT, 0.001)
SIDE = 400  # pixels of 2 m
HERE = from_origin(X - SIDE, Y + SIDE, 2, 2)
FRAME = GroundFrame(PLANE.crs, (X - 266, Y - 240, X + 266, Y + 240), 133, 120)
COLOURS = {"nw": (200, 60, 60), "ne": (60, 200, 60), "sw": (60, 60, 200), "se": (190, 190, 190)}
TILES = {"tiled": True, "blockxsize": 128, "blockysize": 128}
RGB = [ColorInterp.red, ColorInterp.green, ColorInterp.blue]
Make = Callable[[Path], Path]


def quadrants(dtype: str = "uint8") -> np.ndarray:
    """A quarter of the ground in each colour, with the grain that imagery has: (3, rows, columns)."""
    made, half = np.empty((3, SIDE, SIDE)), SIDE // 2
    for name, colour in COLOURS.items():
        rows = slice(0, half) if name[0] == "n" else slice(half, SIDE)
        cols = slice(0, half) if name[1] == "w" else slice(half, SIDE)
        made[:, rows, cols] = np.array(colour)[:, None, None]
    made += np.random.default_rng(1).normal(0, 4, made.shape)
    return np.clip(made, 1, 254).astype(np.uint8).astype(dtype)


def written(path: Path, values: np.ndarray, ci: Any = None, table: Any = None, **profile: Any) -> Path:
    bands, height, width = values.shape
    given: dict[str, Any] = {"driver": "GTiff", "width": width, "height": height, "count": bands}
    given |= {"dtype": str(values.dtype), "crs": PLANE.crs, "transform": HERE} | profile
    with rasterio.open(path, "w", **given) as file:
        file.write(values)
        if ci:
            file.colorinterp = ci
        if table:
            file.write_colormap(1, table)
    return path


def scene(path: Path, **named: Any) -> Scene:
    return read_scene(path, "after", "2025-09-22", "GF", named.get("bands"), "EPSG:4490", "0")


def looked_at(one: Scene) -> tuple[FrameImage, dict[str, np.ndarray]]:
    """The frame and the colour in the middle of each of its quarters."""
    with TileCache() as cache:
        made = frame_image(cache, [one], FRAME)
    with Image.open(io.BytesIO(made.jpeg)) as held:
        whole = np.asarray(held.convert("RGB")).astype(float)
    found = {}
    for name in COLOURS:
        x_mm, y_mm = 133 * (0.25 if name[1] == "w" else 0.75), 120 * (0.25 if name[0] == "n" else 0.75)
        col, row = ((x_mm - made.x_mm) / made.w_mm * made.width_px, (y_mm - made.y_mm) / made.h_mm * made.height_px)
        part = whole[int(row) - 4 : int(row) + 4, int(col) - 4 : int(col) + 4]
        found[name] = part.mean(axis=(0, 1))
    return made, found


def other_crs(path: Path) -> Path:
    """The same ground on pixels of longitude and latitude."""
    to = Transformer.from_crs(PLANE.crs, "EPSG:4490", always_xy=True)
    west, south, east, north = to.transform_bounds(X - SIDE, Y - SIDE, X + SIDE, Y + SIDE)
    lon, lat = np.meshgrid(np.linspace(west, east, SIDE), np.linspace(north, south, SIDE))
    x, y = Transformer.from_crs("EPSG:4490", PLANE.crs, always_xy=True).transform(lon, lat)
    cols, rows = (np.clip(one.astype(int), 0, SIDE - 1) for one in ~HERE @ (x, y))
    step_x, step_y = (east - west) / (SIDE - 1), (north - south) / (SIDE - 1)
    place = from_origin(west - step_x / 2, north + step_y / 2, step_x, step_y)
    return written(path, quadrants()[:, rows, cols], crs="EPSG:4490", transform=place)


def turned(path: Path) -> Path:
    """The same ground on pixels turned by thirty degrees."""
    place = HERE @ Affine.translation(SIDE / 2, SIDE / 2) @ Affine.rotation(30) @ Affine.translation(-350, -350)
    cols, rows = np.meshgrid(np.arange(700) + 0.5, np.arange(700) + 0.5)
    from_cols, from_rows = (np.clip(one.astype(int), 0, SIDE - 1) for one in ~HERE @ (place @ (cols, rows)))
    return written(path, quadrants()[:, from_rows, from_cols], transform=place)


def world_file(path: Path) -> Path:
    written(path, quadrants(), transform=None)
    path.with_suffix(".tfw").write_text(f"2\n0\n0\n-2\n{HERE.c + 1}\n{HERE.f - 1}\n")
    return path


def prj_beside(path: Path) -> Path:
    """No coordinate system within, but what ArcGIS writes beside it."""
    written(path, quadrants(), crs=None, transform=None)
    path.with_suffix(".tfw").write_text(f"2\n0\n0\n-2\n{HERE.c + 1}\n{HERE.f - 1}\n")
    path.with_suffix(".prj").write_text(Projected(PLANE.crs).to_wkt("WKT1_ESRI"), encoding="utf-8")
    return path


def satellite_bands(path: Path) -> Path:
    """Blue, green, red and near infrared in 16 bit, which nobody named."""
    values = np.concatenate([quadrants("uint16")[::-1] * 20, np.full((1, SIDE, SIDE), 4000, np.uint16)])
    return written(path, values, photometric="MINISBLACK")


def with_alpha(path: Path) -> Path:
    values = np.concatenate([quadrants(), np.full((1, SIDE, SIDE), 255, np.uint8)])
    return written(path, values, ci=[*RGB, ColorInterp.alpha])


def eight_bands(path: Path) -> Path:
    values = np.concatenate([quadrants()[::-1], np.zeros((5, SIDE, SIDE), np.uint8)])
    return written(path, values, photometric="MINISBLACK")


RIGHT: dict[str, Make] = {
    "8 bit": lambda path: written(path, quadrants()),
    "16 bit": lambda path: written(path, quadrants("uint16") * 20),
    "16 bit signed": lambda path: written(path, quadrants("int16") * 50 - 3000),
    "8 bit signed": lambda path: written(path, (quadrants("int16") - 128).astype(np.int8)),
    "32 bit": lambda path: written(path, quadrants("uint32") * 70_000),
    "reflectances": lambda path: written(path, quadrants("float32") / 255),
    "4 bit": lambda path: written(path, quadrants() // 16, nbits=4),
    "blue first, tagged": lambda path: written(path, quadrants()[::-1], ci=RGB[::-1]),
    "alpha": with_alpha,
    "south up": lambda path: written(path, quadrants()[:, ::-1], transform=Affine(2, 0, HERE.c, 0, 2, HERE.f - 800)),
    "mirrored": lambda path: written(
        path, quadrants()[:, :, ::-1], transform=Affine(-2, 0, HERE.c + 800, 0, -2, HERE.f)
    ),
    "turned": turned,
    "on its side": lambda path: written(path, quadrants().mT, transform=Affine(0, 2, HERE.c, -2, 0, HERE.f)),
    "longitude and latitude": other_crs,
    "world file": world_file,
    ".prj beside it": prj_beside,
    "blue first, four of 16 bit": satellite_bands,
    "planes, strips": lambda path: written(path, quadrants(), interleave="band", compress="lzw"),
    "big endian": lambda path: written(path, quadrants("uint16"), endianness="big"),
}


def numbered() -> np.ndarray:
    """The quarters numbered 3, 4, 5, 6 row by row: (1, rows, columns)."""
    half = np.arange(SIDE) // (SIDE // 2)
    return (3 + half[None, :] + 2 * half[:, None]).astype(np.uint8)[None]


TABLE = {at + 3: (*colour, 255) for at, colour in enumerate(COLOURS.values())}
RIGHT |= {
    "palette": lambda path: written(path, numbered(), table=TABLE),
    "16 bit palette": lambda path: written(path, numbered().astype(np.uint16), table=TABLE),
}


@pytest.mark.parametrize("kind", RIGHT)
def test_each_colour_lies_where_it_belongs(tmp_path: Path, kind: str) -> None:
    made, found = looked_at(scene(RIGHT[kind](tmp_path / "a.tif")))
    assert made.cover == 1.0
    shown_as_told(found)


def shown_as_told(found: dict[str, np.ndarray]) -> None:
    for name in ("nw", "ne", "sw"):
        first, second = np.sort(found[name])[::-1][:2]
        assert int(np.argmax(found[name])) == int(np.argmax(COLOURS[name])), name
        assert first - second > 60
    assert np.ptp(found["se"]) < 30
    assert found["se"].mean() > 150


def test_the_campaign_says_which_bands_are_red_green_and_blue(tmp_path: Path) -> None:
    path = eight_bands(tmp_path / "a.tif")
    shown_as_told(looked_at(scene(path, bands=(3, 2, 1)))[1])
    guessed = looked_at(scene(path))[1]
    assert int(np.argmax(guessed["nw"])) == 2  # the first three are taken, which here are the other way round
    with pytest.raises(Refusal, match="8 bands, not"):
        scene(path, bands=(9, 2, 1))


@pytest.mark.parametrize(
    ("profile", "light"),
    [({}, "ne"), ({"photometric": "MINISWHITE"}, "sw"), ({"photometric": "MINISWHITE", "dtype": "uint16"}, "sw")],
)
def test_grey_is_grey_and_white_may_be_zero(tmp_path: Path, profile: dict[str, Any], light: str) -> None:
    values = np.where(numbered() % 2, 60, 200).astype(profile.get("dtype", "uint8"))
    made, found = looked_at(scene(written(tmp_path / "a.tif", values, **profile)))
    assert made.colours == 1
    dark = "sw" if light == "ne" else "ne"
    assert found[light].mean() - found[dark].mean() > 100


@pytest.mark.parametrize("hole", [np.nan, np.inf])
def test_what_is_no_number_is_no_imagery_declared_or_not(tmp_path: Path, hole: float) -> None:
    values = quadrants("float32")
    values[:, : SIDE // 2] = hole
    one = scene(written(tmp_path / "a.tif", values))
    made, _ = looked_at(one)
    assert made.cover == pytest.approx(0.5, abs=0.01)
    assert made.no_data_rings
    again = written(tmp_path / "b.tif", quadrants("float32") * np.where(np.isnan(values), np.nan, 1)[:1], nodata=np.nan)
    assert looked_at(scene(again))[0].cover == (pytest.approx(0.5, abs=0.01) if np.isnan(hole) else 1.0)


def test_no_data_in_a_single_band_turns_no_colours(tmp_path: Path) -> None:
    values = quadrants("uint16") * 20
    whole = scene(written(tmp_path / "a.tif", values.copy()))
    values[2, :100, :100] = 0
    one = scene(written(tmp_path / "b.tif", values, nodata=0))
    assert whole.stretch is not None
    assert one.stretch is not None
    assert np.allclose(one.stretch, whole.stretch, rtol=0.05)


# -- what cannot be used is refused, with what is wrong and what to do ------------------------------------


def by_control_points(path: Path) -> Path:
    points = [GroundControlPoint(row, col, X + 2 * col, Y - 2 * row) for row in (0, SIDE) for col in (0, SIDE)]
    with rasterio.open(path, "w", driver="GTiff", width=SIDE, height=SIDE, count=3, dtype="uint8") as file:
        file.gcps = (points, CRS.from_user_input(PLANE.crs))
        file.write(quadrants())
    return path


def of_bytes(data: bytes) -> Make:
    def made(path: Path) -> Path:
        path.write_bytes(data)
        return path

    return made


REFUSED: dict[str, tuple[Make, str]] = {
    "no byte": (of_bytes(b""), "not a GeoTIFF"),
    "text": (of_bytes(b"II*\0 this is none"), "not a GeoTIFF"),
    "no CRS": (lambda path: written(path, quadrants(), crs=None), "no coordinate system"),
    "a plan of its own": (lambda path: written(path, quadrants(), crs='LOCAL_CS["site",UNIT["metre",1]]'), "nowhere"),
    "nowhere": (lambda path: written(path, quadrants(), transform=None), "no georeference"),
    "control points": (by_control_points, "control points"),
    "pixels of 100 km": (lambda path: written(path, quadrants(), transform=from_origin(0, 0, 1e5, 1e5)), "pixels of"),
    "another planet's metres": (
        lambda path: written(path, quadrants(), transform=from_origin(9e12, 9e12, 2, 2)),
        "pixels of|reaches beyond",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_what_no_sheet_can_show_is_refused(tmp_path: Path, kind: str) -> None:
    make, sentence = REFUSED[kind]
    with pytest.raises(Refusal, match=sentence) as caught:
        scene(make(tmp_path / "a.tif"))
    assert "a.tif" in caught.value.sentence
    assert caught.value.hint


# -- what is broken or blank is said on its page, and the book goes on ------------------------------------


def book(folder: Path, after: list[Scene], language: str = "en") -> tuple[BookSummary, list[str]]:
    """A book of two pages, the first piece under `after`, the second under imagery that is whole."""
    far = scenery.piece(2, scenery.square(scenery.LON + 0.03, scenery.LAT, 0.001))
    grain = np.random.default_rng(3).integers(40, 200, (3, 1000, 1000), dtype=np.uint8)
    whole = [scenery.scene(folder, "after", far.geometry, values=grain), scenery.scene(folder, "before", PATCH)]
    target, facts = folder / "429901_sheets.pdf", scenery.facts(language)
    given = (facts, scenery.county(), [scenery.piece(1, PATCH), far], [whole[1]], [*after, whole[0]], RenderSettings())
    made = draw_book(target, *given, lambda *_: None, configured=("before", "after"))
    return made, [page.extract_text() for page in pypdf.PdfReader(target).pages]


def cut_off(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 3)


def garbled(path: Path) -> None:
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    for at in np.random.default_rng(2).integers(middle // 2, middle * 3 // 2, 400).tolist():
        data[at] ^= 0x5A
    path.write_bytes(data)


@pytest.mark.parametrize("damage", [cut_off, garbled])
@pytest.mark.parametrize("packing", ["deflate", "lzw", "jpeg"])
def test_a_broken_file_is_named_on_its_page_and_the_book_goes_on(
    tmp_path: Path, packing: str, damage: Callable[[Path], None]
) -> None:
    more = {"compress": packing} | ({"photometric": "ycbcr"} if packing == "jpeg" else {})
    path = written(tmp_path / "bad.tif", quadrants(), **TILES, **more)
    one = scene(path)
    damage(path)
    made, pages = book(tmp_path, [one])
    assert made.unseen == ((made.pieces_drawn[0], "after", "bad.tif", "damaged"),)
    assert made.missing == ((made.pieces_drawn[0], "after"), (made.pieces_drawn[1], "before"))
    assert [("is damaged here: bad.tif" in page) for page in pages] == [False, False, True, False]


def test_where_another_scene_lies_below_the_page_shows_that_and_names_the_broken_one(tmp_path: Path) -> None:
    path = written(tmp_path / "bad.tif", quadrants(), compress="deflate")
    one, below = scene(path), scene(written(tmp_path / "below.tif", quadrants()))
    cut_off(path)
    made, pages = book(tmp_path, [one, below])
    assert made.unseen == ((made.pieces_drawn[0], "after", "bad.tif", "damaged"),)
    assert (made.pieces_drawn[0], "after") not in made.missing
    assert {(phase, share) for _, phase, share in made.bare} == {("before", 1.0)}
    assert "is damaged here: bad.tif" in pages[2]


def one_tile_broken(path: Path, col: int, row: int, level: int | None = None) -> None:
    """Write over the bytes of one tile (deflate, planes together)."""
    with rasterio.open(path, driver="GTiff", **({} if level is None else {"overview_level": level})) as file:
        at, size = (int(file.get_tag_item(f"BLOCK_{one}_{col}_{row}", "TIFF", 1)) for one in ("OFFSET", "SIZE"))
    data = bytearray(path.read_bytes())
    data[at : at + size] = bytes(size)
    path.write_bytes(data)


def test_a_broken_tile_costs_its_own_ground_and_no_more(tmp_path: Path) -> None:
    path = written(tmp_path / "bad.tif", quadrants(), **TILES, compress="deflate")
    one = scene(path)
    one_tile_broken(path, 2, 2)  # 256 m of ground from (X - 288, Y + 288) east and south
    with TileCache() as cache:
        made = frame_image(cache, [one], FRAME)
        pixels = cache.read_window(one, Window(0, 0, SIDE, SIDE))
    assert made.damaged == (str(path),)
    assert pixels.mask is not None
    lost = np.zeros((SIDE, SIDE), np.bool_)
    lost[256:384, 256:384] = True
    assert (pixels.mask == ~lost).all()
    assert (np.moveaxis(pixels.values[:, :, :3], -1, 0)[:, ~lost] == quadrants()[:, ~lost]).all()
    wide, high = X + 266 - (X - 2 * SIDE / 2 + 512), (Y + SIDE - 512) - (Y - 240)
    assert 1 - made.cover == pytest.approx(min(wide, 256) * min(high, 256) / (532 * 480), abs=1e-3)


def test_the_page_of_a_broken_tile_shows_the_rest_and_tells_its_share(tmp_path: Path) -> None:
    path = written(tmp_path / "bad.tif", quadrants(), **TILES, compress="deflate")
    one = scene(path)
    one_tile_broken(path, 2, 2)
    made, pages = book(tmp_path, [one])
    (uid, _) = made.pieces_drawn
    assert made.unseen == ((uid, "after", "bad.tif", "damaged"),)
    assert [phase for other, phase in made.missing if other == uid] == []
    (share,) = [share for other, phase, share in made.bare if (other, phase) == (uid, "after")]
    assert 0 < share < 0.2
    assert "is damaged here: bad.tif" in pages[2]
    assert f"{100 * share:.0f}" in pages[2]


@pytest.mark.parametrize(("language", "words"), [("en", "single value"), ("zh", "只有单一数值")])
def test_an_image_of_a_single_value_is_no_imagery_and_said_so(tmp_path: Path, language: str, words: str) -> None:
    one = scene(written(tmp_path / "flat.tif", np.full((3, SIDE, SIDE), 7, np.uint8)))
    made, pages = book(tmp_path, [one], language)
    assert made.unseen == ((made.pieces_drawn[0], "after", "flat.tif", "blank"),)
    assert (made.pieces_drawn[0], "after") in made.missing
    assert [words in page for page in pages] == [False, False, True, False]


def test_a_mosaic_told_by_its_parts_shows_the_same_and_the_dates_of_its_ground(tmp_path: Path) -> None:
    one = scene(written(tmp_path / "dom.tif", quadrants()))
    west, south, east, north = one.footprint.bounds
    halves = [("2025-03-01", (west, south, scenery.LON, north)), ("2025-04-02", (scenery.LON, south, east, north))]
    far = [("2019-01-01", (west - 1, south, west - 0.5, north))]
    parts = [replace(one, date=date, footprint=shapely.box(*box)) for date, box in (*halves, *far)]
    whole, _ = book(tmp_path, [one])
    told, pages = book(tmp_path, parts)
    assert (told.missing, told.partial, told.unseen) == (whole.missing, whole.partial, ())
    pictures = [[each.digest for page in made.record.pages for each in page.pictures] for made in (told, whole)]
    assert pictures[0] == pictures[1]
    assert [("2025-03-01" in page, "2025-04-02" in page, "2019" in page) for page in pages[2:]] == [
        (True, True, False),
        (False, False, False),
    ]


def test_still_water_is_no_blank(tmp_path: Path) -> None:
    values = np.full((3, SIDE, SIDE), 30, np.uint8)
    values[:, 201, 203] = 36  # one boat, which a look at every eighth pixel does not meet
    made, pages = book(tmp_path, [scene(written(tmp_path / "lake.tif", values))])
    assert made.unseen == ()
    assert "single value" not in pages[2]


def test_a_county_beyond_its_scenes_lacks_imagery_that_others_have(tmp_path: Path) -> None:
    piece, facts = scenery.piece(1, PATCH), scenery.facts("en")
    words = {}
    for configured in ((), ("before",)):
        target = tmp_path / f"{len(configured)}.pdf"
        draw_book(
            target, facts, scenery.county(), [piece], [], [], RenderSettings(), lambda *_: None, configured=configured
        )
        words[configured] = pypdf.PdfReader(target).pages[2].extract_text()
    assert "none configured" in words[()]
    assert words[()].count("none configured") == 2
    assert words["before",].count("none configured") == 1
    assert "no before imagery" in words["before",]


BASES: dict[str, Make] = {
    "jpeg": lambda path: written(path, quadrants(), **TILES, compress="jpeg", photometric="ycbcr"),
    "deflate": lambda path: written(path, quadrants("uint16"), **TILES, compress="deflate"),
    "cog": lambda path: written(path, quadrants(), driver="COG", compress="jpeg", blocksize=128),
    "palette": RIGHT["palette"],
    "alpha": with_alpha,
}


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("kind", BASES)
def test_whatever_bytes_are_changed_a_file_is_read_or_refused(tmp_path: Path, kind: str) -> None:
    whole, path = BASES[kind](tmp_path / "whole.tif").read_bytes(), tmp_path / "a.tif"
    rng = np.random.default_rng(len(kind))
    ends = {"read": 0, "refused": 0}
    for _ in range(40):
        data = bytearray(whole)
        first, last = ((0, 700), (0, len(data)), (len(data) - 3000, len(data)))[rng.integers(3)]
        for at in rng.integers(max(first, 0), last, rng.choice([1, 4, 40])).tolist():
            data[at] = int(rng.choice([0, 255, rng.integers(256)]))
        path.write_bytes(data)
        try:
            with TileCache() as cache:
                made = frame_image(cache, [scene(path)], FRAME)
            assert (0 <= made.cover <= 1, made.jpeg == b"") == (True, made.width_px == 0)
            ends["read"] += 1
        except Refusal:
            ends["refused"] += 1
    assert min(ends.values()) > 0


def test_what_cannot_be_read_is_left_out_and_no_more(tmp_path: Path) -> None:
    path = written(tmp_path / "bad.tif", np.tile(quadrants(), (1, 3, 1)), **TILES, compress="deflate")
    one = scene(path)
    os.truncate(path, path.stat().st_size * 2 // 3)
    with TileCache() as cache:
        top = cache.read_window(one, Window(0, 0, SIDE, 512))
        foot = cache.read_window(one, Window(0, 1100, SIDE, 100))
    assert (top.mask, top.damaged) == (None, ())
    assert foot.mask is not None
    assert not foot.mask.any()
    assert foot.damaged == (str(path),)
