"""A small county with a neighbour on each side, and pieces of every kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
from rasterio.transform import from_origin

from pipeline.geometry.projection import county_projection, to_plane
from pipeline.io.rasters import read_scene
from pipeline.records import CampaignFacts, County, Neighbour, Office, Piece, Scene
from pipeline.sheets.fonts import load_font
from pipeline.sheets.ground import NOTHING, lay_ground
from pipeline.sheets.order import Order, take_order
from pipeline.sheets.settings import RenderSettings
from pipeline.sheets.surroundings import Feature, Surroundings

LON, LAT, HALF = 113.87, 30.53, 0.06
M2_PER_DEG2 = 111_320.0**2 * 0.861
OFFICE = Office("云溪县自然资源和规划局", "张三", "李四", "", "", "内部")


def facts(language: str = "zh", **changes: object) -> CampaignFacts:
    profile, unit, crs = ("cn", "mu", "EPSG:4490") if language == "zh" else ("international", "ha", "EPSG:4326")
    made = CampaignFacts(
        "2025Q3", "2025年第三季度检查", profile, language, date(2025, 10, 8), OFFICE, unit, crs, lead_note=True
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def county(name: str = "云溪县") -> County:
    west = shapely.box(LON - 3 * HALF, LAT - 3 * HALF, LON - HALF, LAT + 3 * HALF)
    east = shapely.box(LON + HALF, LAT - 3 * HALF, LON + 3 * HALF, LAT + 3 * HALF)
    around = (Neighbour("429902", "清源县", west), Neighbour("429903", "青石县", east))
    own = shapely.box(LON - HALF, LAT - HALF, LON + HALF, LAT + HALF)
    return County("429901", name, "孝感市", "湖北省", own, around)


def surroundings() -> Surroundings:
    """Two towns that share the county, a road across it, and two places on the road."""
    west = shapely.box(LON - HALF, LAT - HALF, LON, LAT + HALF)
    east = shapely.box(LON, LAT - HALF, LON + HALF, LAT + HALF)
    road = shapely.LineString([(LON - HALF, LAT - 0.001), (LON + HALF, LAT + 0.001)])
    places = [
        Feature(name, shapely.Point(LON + at, LAT + at / 60)) for name, at in (("上坪村", -0.004), ("下坪村", 0.004))
    ]
    return Surroundings((Feature("西镇", west), Feature("东镇", east)), (Feature("S201", road),), tuple(places))


def square(lon: float, lat: float, side_deg: float) -> shapely.Polygon:
    return shapely.box(lon - side_deg / 2, lat - side_deg / 2, lon + side_deg / 2, lat + side_deg / 2)


def piece(number: int, geometry: shapely.Geometry, **changes: object) -> Piece:
    point, area = geometry.representative_point(), geometry.area * M2_PER_DEG2
    made = Piece(
        patch_uid=f"2025Q3-{number:012d}-X",
        patch_no=f"42990120250{number:03d}",
        piece_no=1,
        piece_count=1,
        county_code="429901",
        county_name="云溪县",
        own=True,
        seq=number,
        asked=True,
        not_asked_reason="",
        area_m2=area,
        patch_area_m2=area,
        area_share=1.0,
        lon_deg=point.x,
        lat_deg=point.y,
        geometry=geometry,
        town=f"第{number % 3}镇",
        patch_type="2",
        patch_type_name="新增推填土",
        phase_before="2025-03-14",
        attributes={"QSDWMC": "上坪村"},
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def scattered(count: int, seed: int = 1, spread: float = 0.9) -> list[Piece]:
    """Asked pieces all over the county, with numbers 1 … count."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(-HALF * spread, HALF * spread, (count, 2))
    sides = rng.uniform(0.0002, 0.001, count)
    return [
        piece(at + 1, square(LON + x, LAT + y, side))
        for at, ((x, y), side) in enumerate(zip(places.tolist(), sides.tolist(), strict=True))
    ]


def straddling(number: int) -> list[Piece]:
    """A patch across the eastern boundary: the county's own part, the neighbour's, and a fragment of its own."""
    edge = LON + HALF
    own = shapely.box(edge - 0.002, LAT, edge, LAT + 0.001)
    other = shapely.box(edge, LAT, edge + 0.001, LAT + 0.001)
    crumb = shapely.box(edge, LAT + 0.0012, edge + 0.0001, LAT + 0.0013)
    whole = piece(number, own, piece_count=3, area_share=0.66)
    theirs = {"own": False, "seq": 0, "county_code": "429903", "piece_count": 3, "patch_uid": whole.patch_uid}
    return [
        whole,
        replace(piece(number, other), piece_no=2, area_share=0.33, **theirs),
        replace(piece(number, crumb), piece_no=3, asked=False, not_asked_reason="fragment", **theirs),
    ]


def order(
    pieces: Sequence[Piece],
    before: Sequence[Scene] = (),
    after: Sequence[Scene] = (),
    language: str = "zh",
    settings: RenderSettings | None = None,
    about: Surroundings = NOTHING,
) -> Order:
    told = facts(language)
    ground = lay_ground(told.crs, county(), pieces, before, after, about)
    return take_order(told, ground, settings or RenderSettings(), load_font(None).width_mm)


def scene(
    folder: Path, phase: str, at: shapely.Geometry, size_m: float = 2000.0, shift_m: float = 0.0, values: Any = None
) -> Scene:
    """Two-metre imagery about the middle of a geometry, on the county's own plane."""
    projection = county_projection("EPSG:4490", LON, LAT)
    x, y = to_plane(projection, at.centroid.x, at.centroid.y)
    pixels = int(size_m / 2)
    path = folder / f"{phase}-{shift_m:g}.tif"
    transform = from_origin(round(x - size_m / 2 + shift_m), round(y + size_m / 2), 2, 2)
    if values is None:
        values = np.random.default_rng(7).integers(40, 200, (3, pixels, pixels), dtype=np.uint8)
    profile = {"driver": "GTiff", "width": pixels, "height": pixels, "count": 3, "dtype": "uint8", "tiled": True}
    with rasterio.open(path, "w", crs=projection.crs, transform=transform, **profile) as file:
        file.write(values)
    return read_scene(path, phase, "2025-03-14", "GF-1D", None, "EPSG:4490", phase.ljust(64, "0"))
