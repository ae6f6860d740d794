"""Ingested tables of any size, as clip finds them: a nation of counties, and patches with the columns of a delivery."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from pipeline.campaign import Files
from pipeline.geometry.area import Ellipsoid, area_m2
from pipeline.io.tables import layer_table, write_parquet
from pipeline.layers import COUNTIES, PATCHES
from pipeline.records import CampaignFacts, Office
from pipeline.stages.ingest import COUNTIES_A_GROUP
from tests.bench.clock import user_s

CHUNK = 100_000
CRS = "EPSG:4490"


def write_ingested(files: Files, counties: np.ndarray, patches: Any, count: int, side: int) -> None:
    """Tables `patches` and `counties`; `patches(count, side, seed)` makes patches in chunks."""
    border = {
        "code": _codes(len(counties)),
        "name": [f"County {code}" for code in _codes(len(counties))],
        "city_code": [code[:4] for code in _codes(len(counties))],
        "city_name": [f"City {code[:4]}" for code in _codes(len(counties))],
        "province_code": [code[:2] for code in _codes(len(counties))],
        "province_name": [f"Province {code[:2]}" for code in _codes(len(counties))],
        "area_m2": area_m2(counties, Ellipsoid()),
    }
    write_parquet(files[COUNTIES], layer_table(COUNTIES, border, counties, CRS), COUNTIES_A_GROUP)
    chunks = []
    for start in range(0, count, CHUNK):
        shapes = patches(min(CHUNK, count - start), side, 2 + start)
        chunks.append(layer_table(PATCHES, _columns(shapes, start, side, len(counties)), shapes, CRS))
    write_parquet(
        files[PATCHES],
        pa.concat_tables([one.replace_schema_metadata(None) for one in chunks]).replace_schema_metadata(
            chunks[0].schema.metadata
        ),
    )


def _codes(count: int) -> list[str]:
    return [f"{100_000 + at}" for at in range(count)]


def _columns(shapes: np.ndarray, start: int, side: int, counties: int) -> dict[str, Any]:
    rng = np.random.default_rng(start)
    count = len(shapes)
    area = area_m2(shapes, Ellipsoid())
    middle = shapely.get_coordinates(shapely.centroid(shapes))
    square = np.clip(np.floor((middle - [105, 35]) / 0.1).astype(int), 0, side - 1)
    codes = _codes(counties)
    empty: dict[str, Any] = {
        name: [""] * count if kind == "text" else np.zeros(count) if kind == "float" else np.arange(count)
        for name, kind in PATCHES.columns.items()
    }
    number = rng.permutation(count) + start
    return empty | {
        "patch_uid": [f"B-{at:012d}X" for at in number],
        "patch_key": [f"B/{at}" for at in number],
        "patch_no": [f"TB{at}" for at in number],
        "county_code": [codes[x * side + y] for x, y in square],
        "town": [f"Town {at}" for at in rng.integers(0, 40, count)],
        "village": [f"Village {at}" for at in rng.integers(0, 400, count)],
        "patch_type": [str(at) for at in rng.integers(1, 5, count)],
        "feature_tag": [str(at) for at in rng.integers(0, 9, count)],
        "scene_id": [f"GF2-{at}" for at in rng.integers(0, 5000, count)],
        "phase_before": ["2024-06-01"] * count,
        "phase_after": ["2025-06-01"] * count,
        "remark": [f"remark {at}" for at in rng.integers(0, 1000, count)],
        "area_reported": [f"{one:.2f}" for one in area * 3 / 2000],
        "area_reported_unit": ["mu"] * count,
        "area_reported_m2": area,
        "area_m2": area,
        "delivery": ["0" * 64] * count,
        "source_file": ["patches.gpkg"] * count,
        "source_layer": ["patches"] * count,
    }


def bench_files(folder: Path) -> Files:
    return Files(folder / "archive", folder / "out")


def geopandas_file_to_file(folder: str) -> None:
    """The second, warm reading and writing of the patch table."""
    import geopandas

    source, target = bench_files(Path(folder))[PATCHES], Path(folder) / "theirs.parquet"

    def copy() -> None:
        geopandas.read_parquet(source).to_parquet(target)

    copy()
    print(json.dumps({"user_s": user_s(copy)[0], "peak_mb": _peak_mb()}))


def clip_file_to_file(folder: str) -> None:
    """User CPU until the clipped tables are written, and of the whole stage."""
    from pipeline.stages.clip import Section, Task, clipped, work

    facts = CampaignFacts("B", "bench", "cn", "zh", None, Office(), "mu", CRS, False)
    task = Task(bench_files(Path(folder)), facts, Section(), "bench")
    tables_s = user_s(lambda: clipped(task) and None)[0]
    peak = _peak_mb()
    whole_s, done = user_s(lambda: work(task))
    made = {"user_s": tables_s, "peak_mb": peak, "whole_s": whole_s, "whole_peak_mb": _peak_mb()}
    print(json.dumps(made | {"slices": sum(path.suffix == ".arrow" for path in done.outputs)}))


def _peak_mb() -> float:
    """The largest resident memory of this program (getrusage would count what its parent had when it began)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return float(status.partition("VmHWM:")[2].split()[0]) / 1024
