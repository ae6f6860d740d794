"""The county the sheet benches draw: 20 × 16 km of the demo's ground as one 2 m scene a date, patches all over it."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.merge import merge

from pipeline.geometry.projection import county_projection, to_geographic
from pipeline.records import CampaignFacts, County, Neighbour, Office, Piece, Scene

CRS, STORAGE = "EPSG:4547", "EPSG:4490"
TOWNS = 4  # along each side
EDGE_M = 900.0  # patches keep away so far from the edge of the imagery
BORDER_VERTICES = 1_200
PHASES = ("before", "after")
TAKES = {"before": ("2025-03-14", "GF1D_PMS"), "after": ("2025-09-22", "ZY302_TMS")}


def write_county(folder: Path, kinds: tuple[str, ...] = ("jpeg", "deflate")) -> None:
    """Imagery of both dates, `<kind>/<phase>.tif`, from the demo's painter, in processes of their own."""
    demo = folder / "demo"
    subprocess.run([sys.executable, "-m", "pipeline", "demo", str(demo)], check=True, capture_output=True)
    for kind in kinds:
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for phase in PHASES:
            _join(sorted((demo / "imagery" / phase).glob("*.tif")), folder / kind / f"{phase}.tif", kind)


def _join(tiles: list[Path], target: Path, kind: str) -> None:
    values, transform = merge(tiles, indexes=[1, 2, 3])
    values[:, ~values.any(axis=0)] = 128  # the demo's gap, which is another bench's matter
    how = {"compress": "JPEG", "quality": 85} if kind == "jpeg" else {"compress": "DEFLATE", "predictor": 2}
    profile = {"driver": "COG", "dtype": "uint8", "count": 3, "crs": CRS, "blocksize": 512, "transform": transform}
    size = {"height": values.shape[1], "width": values.shape[2], "overview_resampling": "average"}
    with rasterio.open(target, "w", **profile, **size, **how) as file:
        file.write(values)


def facts() -> CampaignFacts:
    office = Office("云溪县自然资源和规划局", "张三", "李四", "", "", "内部")
    return CampaignFacts("2025Q3", "2025年第三季度检查", "cn", "zh", None, office, "mu", STORAGE, True)


def scenes(folder: Path, kind: str) -> dict[str, list[Scene]]:
    from pipeline.io.rasters import read_scene

    return {
        phase: [read_scene(folder / kind / f"{phase}.tif", phase, *TAKES[phase], None, STORAGE, phase.ljust(64, "0"))]
        for phase in PHASES
    }


def county(ground: Scene) -> County:
    """A county with a ragged border inside the ground of the imagery, and a neighbour to either side."""
    left, low, right, high = _bounds(ground)
    middle, reach = ((left + right) / 2, (low + high) / 2), ((right - left) / 2 - 200, (high - low) / 2 - 200)
    turn = np.linspace(0, 2 * math.pi, BORDER_VERTICES, endpoint=False)
    swing = 0.97 + 0.02 * np.sin(7 * turn) + 0.008 * np.sin(61 * turn)
    square = np.maximum(np.abs(np.cos(turn)), np.abs(np.sin(turn)))
    own = _polygon(
        np.column_stack(
            [
                middle[0] + reach[0] * swing * np.cos(turn) / square,
                middle[1] + reach[1] * swing * np.sin(turn) / square,
            ]
        )
    )
    west, south, east, north = own.bounds
    around = shapely.box(west - 0.1, south - 0.1, east + 0.1, north + 0.1).difference(own)
    halves = shapely.box(west - 0.1, south - 0.1, (west + east) / 2, north + 0.1)
    neighbours = (
        Neighbour("429902", "清源县", around.intersection(halves)),
        Neighbour("429903", "青石县", around.difference(halves)),
    )
    return County("429901", "云溪县", "孝感市", "湖北省", own, neighbours)


def pieces(ground: Scene, count: int) -> list[Piece]:
    """Asked pieces of 60 to 300 m all over the county, town after town as a book has them."""
    left, low, right, high = _bounds(ground)
    rng = np.random.default_rng(20251008)
    xs = rng.uniform(left + EDGE_M, right - EDGE_M, count)
    ys = rng.uniform(low + EDGE_M, high - EDGE_M, count)
    towns = [
        int((x - left) / (right - left) * TOWNS) + TOWNS * int((y - low) / (high - low) * TOWNS)
        for x, y in zip(xs, ys, strict=True)
    ]
    order = np.argsort(np.array(towns), kind="stable").tolist()
    return [_piece(at + 1, xs[row], ys[row], f"第{towns[row] + 1}镇", rng) for at, row in enumerate(order)]


def _piece(number: int, x_m: float, y_m: float, town: str, rng: np.random.Generator) -> Piece:
    corners = int(rng.integers(8, 40))
    turn = np.linspace(0, 2 * math.pi, corners, endpoint=False)
    reach = rng.uniform(30, 150) * rng.uniform(0.7, 1.0, corners)
    shape = _polygon(np.column_stack([x_m + reach * np.cos(turn), y_m + 0.7 * reach * np.sin(turn)]))
    area, inside = float(np.pi * reach.mean() ** 2 * 0.7), shape.representative_point()
    return Piece(
        patch_uid=f"2025Q3-{number:012d}-X",
        patch_no=f"42990120250{number:04d}",
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
        lon_deg=inside.x,
        lat_deg=inside.y,
        geometry=shape,
        town=town,
        village="上坪村",
        patch_type="2",
        patch_type_name="新增推填土",
        phase_before="2025-03-14",
        phase_after="2025-09-22",
        remark="",
        attributes={"QSDWMC": "上坪村"},
    )


def write_vectors(folder: Path, ground: Scene, count: int) -> None:
    """The same county and pieces as GeoPackages, for QGIS."""
    import geopandas

    own, told = county(ground), pieces(ground, count)
    rows = [{key: value for key, value in asdict(one).items() if key != "attributes"} for one in told]
    geopandas.GeoDataFrame(rows, crs=STORAGE).to_file(folder / "pieces.gpkg", layer="pieces")
    around = [{"name": one.name, "geometry": one.geometry} for one in own.neighbours]
    borders = [*around, {"name": own.name, "geometry": own.geometry}]
    geopandas.GeoDataFrame(borders, crs=STORAGE).to_file(folder / "counties.gpkg", layer="counties")
    (folder / "facts.json").write_text(json.dumps({"title": facts().title, "county": own.full_name}))


def _bounds(ground: Scene) -> tuple[float, float, float, float]:
    a, _, left, _, e, top = ground.transform
    return left, top + e * ground.height, left + a * ground.width, top


def _polygon(points_m: NDArray[np.float64]) -> Any:
    projection = replace(county_projection(STORAGE, 114.0, 30.0), crs=CRS)
    lon, lat = to_geographic(projection, points_m[:, 0], points_m[:, 1])
    return shapely.Polygon(np.column_stack([lon, lat]))


if __name__ == "__main__":
    write_county(Path(sys.argv[1]))
    write_vectors(Path(sys.argv[1]), scenes(Path(sys.argv[1]), "jpeg")["before"][0], int(sys.argv[2]))
