"""Make the pictures of `docs/gallery.md`: both designs, and the sheets that are hard to draw, from synthetic data.

    python scripts/gallery.py [DEMO]

DEMO is a folder with the small demo, clipped (`tuban demo DEMO --size small`, `tuban ingest` and `tuban clip`); without
it one is made in a temporary folder, in about a minute. `pdftoppm` (poppler-utils) turns pages into pictures. The same
code and data give the same pages, and the same tools the same pictures.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyproj
import shapely
from PIL import Image

from pipeline.config import read_campaign
from pipeline.county_jobs import county_facts, county_slices
from pipeline.demo.borders import draw_graph
from pipeline.demo.cover import Cover
from pipeline.demo.sizes import GROUND_CRS, size_named
from pipeline.demo.terrain import draw_terrain
from pipeline.io.slices import read_county, read_pieces, scene_of
from pipeline.layers import COUNTIES
from pipeline.records import CampaignFacts, County, Neighbour, Office, Piece, Scene
from pipeline.sheets.book import draw_book
from pipeline.sheets.settings import RenderSettings
from pipeline.sheets.surroundings import Feature, Surroundings

TARGET = Path(__file__).resolve().parent.parent / "docs" / "images"
MOST_BYTES = 150_000
WIDTHS = (1280, 1120, 1000, 900, 800, 700)
COLOURS = (256, 128, 64)
SWATCHES = [
    "#FFFFFF",
    "#FFD400",
    "#5CF2FF",
    "#7A1040",
    "#D55E00",
    "#0F6E84",
    "#C2185B",
    "#1F5C80",
    "#FFF3C4",
    "#9FD8E6",
    "#9C8FC0",
    "#B9B4A8",
]
CODE = "480102"
DEADLINE = "2025-11-15"
ALERT = RenderSettings("alert_a4", "alert_overview_a3", "alert_index_a4", "alert")
GEOD = pyproj.Geod(ellps="GRS80")
TYPES = (("DT", "动土"), ("JZ", "建(构)筑物"), ("YH", "硬化地面"), ("CK", "采矿"), ("GF", "光伏"))
KINDS = (("DT", "earthworks"), ("JZ", "buildings"), ("YH", "sealed ground"), ("CK", "quarry"), ("GF", "solar panels"))
LATIN = {"云江省": "Cloud River", "青川市": "Green Stream", "东湖区": "East Lake"}


@dataclass(frozen=True)
class Land:
    """A county of the demo with its imagery and delivered pieces."""

    facts: CampaignFacts
    county: County
    pieces: list[Piece]
    before: list[Scene]
    after: list[Scene]
    about: Surroundings


@dataclass(frozen=True)
class Picture:
    """A page of a book: its file's name, and the page, from 1."""

    name: str
    page: int


def main(demo: Path | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        land = _land(demo or _made(Path(folder) / "demo"))
        for name, chosen, settings, pictures in _books(land):
            book = Path(folder) / f"{name}.pdf"
            _draw(book, chosen, settings)
            for one in pictures:
                _picture(book, one)


def _made(folder: Path) -> Path:
    tuban = [sys.executable, "-m", "pipeline"]
    subprocess.run([*tuban, "demo", str(folder), "--size", "small"], check=True)
    for stage in ("ingest", "clip"):
        subprocess.run([*tuban, stage, str(folder / "campaign.toml")], check=True)
    return folder


def _land(demo: Path) -> Land:
    campaign = read_campaign(demo / "campaign.toml")
    one = next(one for one in county_slices(campaign) if one.code == CODE)
    scenes = [scene_of(row) for row in one.scenes]
    before, after = ([scene for scene in scenes if scene.phase == phase] for phase in ("before", "after"))
    county = read_county(campaign.files[COUNTIES], one.rows)
    pieces = read_pieces(campaign.files.slice(CODE))
    return Land(county_facts(campaign), county, pieces, before, after, _about(demo, county))


def _about(demo: Path, county: County) -> Surroundings:
    """The towns the demo delivers, and the roads and villages its imagery is painted from."""
    seed, size = json.loads((demo / "demo.json").read_text(encoding="utf-8"))["seed"], size_named("small")
    graph = draw_graph(size, np.random.default_rng([seed, 1]))
    terrain = draw_terrain(size, graph, np.random.default_rng([seed, 2]))
    roads = [one for one in terrain.traces if one.cover in (Cover.ROAD, Cover.HIGHWAY)]
    towns = pyogrio.read_dataframe(demo / "boundaries" / "towns.gpkg")
    near = towns[towns.geometry.intersects(county.geometry.buffer(0.02))]
    return Surroundings(
        tuple(Feature(name, shape) for name, shape in zip(near["XZQMC"], near.geometry, strict=True)),
        tuple(Feature(f"S{201 + at}", _lonlat(shapely.LineString(one.line))) for at, one in enumerate(roads)),
        tuple(Feature(one.name, _lonlat(shapely.Point(one.x_m, one.y_m))) for one in terrain.settlements),
    )


def _lonlat(shape: Any) -> Any:
    turn = pyproj.Transformer.from_crs(GROUND_CRS, "EPSG:4490", always_xy=True).transform
    return shapely.transform(shape, lambda x, y: turn(x, y), interleaved=False)


Book = tuple[str, Land, RenderSettings, tuple[Picture, ...]]


def _books(land: Land) -> Iterator[Book]:
    usual = RenderSettings()
    large = max((one for one in land.pieces if one.own and one.asked), key=lambda one: one.area_m2)
    border = next(one for one in land.pieces if one.own and one.asked and one.piece_count > 1)
    yield (
        "demo",
        land,
        usual,
        (
            Picture("overview", 1),
            Picture("index", 2),
            Picture("patch", 2 + large.seq),
            Picture("border", 2 + border.seq),
        ),
    )
    plain = Surroundings()
    land = replace(land, about=plain)
    yield "many", replace(land, pieces=_many(land, 500)), usual, (Picture("overview_500", 1),)
    yield "one", replace(land, pieces=[replace(large, seq=1)]), usual, (Picture("overview_1", 1),)
    yield "line", replace(land, pieces=[_line(land)]), usual, (Picture("line_20km", 3),)
    yield "small", replace(land, pieces=[_small(land)]), usual, (Picture("small_200m2", 3),)
    yield "missing", replace(land, pieces=[replace(large, seq=1)], before=[]), usual, (Picture("missing", 3),)
    a3 = replace(usual, detail_layout="detail_a3")
    yield "a3", replace(land, pieces=[replace(large, seq=1)]), a3, (Picture("patch_a3", 3),)
    english = _english(land)
    alert = next(one for one in english.pieces if one.own and one.asked and one.piece_count == 1 and one.area_m2 > 3000)
    pictures = (Picture("alert_overview", 1), Picture("alert_index", 2), Picture("alert_patch", 2 + alert.seq))
    yield "alert", english, ALERT, pictures


def _draw(book: Path, land: Land, settings: RenderSettings) -> None:
    drawn = land.facts, land.county, land.pieces, land.before, land.after
    draw_book(book, *drawn, settings, lambda *_: None, land.about, deadline=DEADLINE)


def _piece(land: Land, number: int, shape: Any, kind: tuple[str, str] = TYPES[0]) -> Piece:
    like = next(one for one in land.pieces if one.own and one.asked)
    area_m2 = abs(GEOD.geometry_area_perimeter(shape)[0])
    point = shape.representative_point()
    return replace(
        like,
        patch_uid=f"2025Q3-GALLERY{number:05d}",
        patch_no=f"{number:04d}",
        piece_no=1,
        piece_count=1,
        seq=number,
        area_m2=area_m2,
        patch_area_m2=area_m2,
        area_share=1.0,
        lon_deg=point.x,
        lat_deg=point.y,
        geometry=shape,
        patch_type=kind[0],
        patch_type_name=kind[1],
        area_reported="",
        remark="",
    )


def _metres(land: Land) -> tuple[float, float]:
    """Degrees of a metre, east and north."""
    north = 1 / 110_900
    return north / np.cos(np.radians(land.county.geometry.centroid.y)), north


def _blob(x: float, y: float, radius_m: float, unit: tuple[float, float], rng: np.random.Generator) -> Any:
    turns = np.sort(rng.uniform(0, 2 * np.pi, 9))
    reach = radius_m * rng.uniform(0.55, 1.2, 9)
    return shapely.Polygon(
        np.column_stack((x + reach * np.cos(turns) * unit[0], y + reach * np.sin(turns) * unit[1]))
    ).buffer(0)


def _many(land: Land, count: int) -> list[Piece]:
    """Patches all over the county, denser in its middle, numbered from the north-west."""
    rng, unit, county = np.random.default_rng(11), _metres(land), land.county.geometry
    towns = sorted({one.town for one in land.pieces if one.town})
    inner = county.buffer(-60 * unit[1])
    west, south, east, north = inner.bounds
    found: list[Any] = []
    while len(found) < count:
        x, y = (
            rng.normal((west + east) / 2, (east - west) / 4.2),
            rng.normal((south + north) / 2, (north - south) / 4.2),
        )
        shape = _blob(x, y, float(rng.lognormal(2.9, 0.5)), unit, rng)
        if inner.contains(shape) and not any(shape.distance(one) < 25 * unit[1] for one in found):
            found.append(shape)
    found.sort(key=lambda one: (-round(one.centroid.y * 200), one.centroid.x))
    return [
        replace(_piece(land, at, one, TYPES[at % 5]), town=towns[at * 7 % len(towns)])
        for at, one in enumerate(found, 1)
    ]


def _line(land: Land) -> Piece:
    """A road of twenty kilometres that winds through the county."""
    unit, middle = _metres(land), land.county.geometry.centroid
    run = np.linspace(-1, 1, 400)
    x, y = 2300 * run, 1150 * np.sin(run * 7.3) + 260 * np.sin(run * 19)
    line = shapely.LineString(np.column_stack((x, y)))
    scaled = shapely.transform(line, lambda points: points * (20_000 / line.length)).buffer(15, cap_style="flat")
    lonlat = shapely.transform(scaled, lambda points: points * unit + (middle.x, middle.y))
    return replace(_piece(land, 1, lonlat), remark="道路 20 km")


def _small(land: Land) -> Piece:
    unit, like = _metres(land), next(one for one in land.pieces if one.own and one.asked and one.piece_count == 1)
    half = np.sqrt(200) / 2
    x, y = like.lon_deg, like.lat_deg
    return _piece(land, 1, shapely.box(x - half * unit[0], y - half * unit[1], x + half * unit[0], y + half * unit[1]))


def _english(land: Land) -> Land:
    facts = replace(
        land.facts,
        id="CLR-2025-3",
        title="Land change alerts, third quarter of 2025",
        profile="international",
        language="en",
        map_date=date(2025, 10, 8),
        office=Office("Cloud River Land Observatory", "J. Doe", "R. Roe"),
        area_unit="ha",
    )
    around = tuple(Neighbour(one.code, f"County {one.code[-2:]}", one.geometry) for one in land.county.neighbours)
    names = {"name": "East Lake", "city_name": "Green Stream", "province_name": "Cloud River"}
    county = replace(land.county, neighbours=around, **names)
    towns = {name: f"Town {at}" for at, name in enumerate(sorted({one.town for one in land.pieces}), 1)}
    kinds = dict(KINDS)
    pieces = [
        replace(
            one,
            patch_uid=one.patch_uid.replace("2025Q3", "CLR-2025-3"),
            county_name="East Lake",
            town=towns[one.town],
            village="",
            patch_type_name=kinds.get(one.patch_type, "other"),
            area_reported="",
            remark="",
        )
        for one in land.pieces
    ]
    return Land(facts, county, pieces, land.before, land.after, land.about)


def _picture(book: Path, picture: Picture) -> None:
    stem = book.with_name(picture.name)
    page = str(picture.page)
    subprocess.run(["pdftoppm", "-r", "150", "-png", "-singlefile", "-f", page, "-l", page, book, stem], check=True)
    with Image.open(stem.with_suffix(".png")) as read:
        data = _small_enough(read.convert("RGB"), stem.with_suffix(".small.png"))
    TARGET.mkdir(parents=True, exist_ok=True)
    target = TARGET / f"sheet_{picture.name}.png"
    shutil.copyfile(data, target)
    print(f"{target.name}: {target.stat().st_size // 1000} kB")


def _small_enough(picture: Image.Image, path: Path) -> Path:
    """As wide and as colourful as its bytes allow."""
    for width, colours in _sizes():
        height = round(picture.height * width / picture.width)
        shrunk = picture.resize((width, height), Image.Resampling.LANCZOS)
        palette = _with_swatches(shrunk).quantize(colours, Image.Quantize.MEDIANCUT)
        shrunk.quantize(palette=palette, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size <= MOST_BYTES:
            return path
    raise ValueError(f"{path.name} does not become small enough")


def _with_swatches(picture: Image.Image) -> Image.Image:
    """The picture with a strip of each style's colours, so that thin lines keep theirs in a small palette."""
    high = picture.height // len(SWATCHES) // 3
    made = Image.new("RGB", (picture.width, picture.height + high * len(SWATCHES)))
    made.paste(picture)
    for at, colour in enumerate(SWATCHES):
        made.paste(colour, (0, picture.height + at * high, picture.width, picture.height + (at + 1) * high))
    return made


def _sizes() -> Sequence[tuple[int, int]]:
    return [(width, colours) for width in WIDTHS for colours in COLOURS]


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
