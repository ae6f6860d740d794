"""Ingest against pyogrio: a whole `tuban ingest` of one file, children included, and pyogrio reading that file and
writing a GeoPackage of it. User CPU and peak memory, each call in a process of its own."""

from __future__ import annotations

import contextlib
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from tests.bench.clock import peak_mb, user_s

SIDE = 54  # counties along each edge of the ground: as many as a nation has
CAMPAIGN = """
[campaign]
id = "2025Q3"
title = "bench"
[inputs]
patches = ["deliveries/*"]
counties = "counties.gpkg"
"""


def make(folder: Path, name: str, count: int) -> None:
    """A campaign of one delivered file: patches with ten attributes on a nation of 2,916 counties."""
    import geopandas

    from tests.bench.clip import counties, patches

    (folder / "deliveries").mkdir(parents=True)
    codes = np.array([f"{620_000 + at:06d}" for at in range(SIDE * SIDE)])
    border = geopandas.GeoDataFrame({"code": codes, "name": codes}, geometry=counties(SIDE, 100, 1), crs=4490)
    border.to_file(folder / "counties.gpkg", engine="pyogrio")
    (folder / "campaign.toml").write_text(CAMPAIGN, encoding="utf-8")
    frame = geopandas.GeoDataFrame(attributes(count, codes), geometry=apart(patches(count, SIDE, 2)), crs=4490)
    more = {"encoding": "UTF-8"} if name.endswith(".shp") else {}
    frame.to_file(folder / "deliveries" / name, engine="pyogrio", **more)


def apart(shapes: np.ndarray) -> np.ndarray:
    """The same patches moved so that none lies over another, as detection from one pair of images delivers them."""
    across = int(np.ceil(np.sqrt(len(shapes))))
    cell = SIDE * 0.1 / across
    at = np.random.default_rng(4).permutation(len(shapes))
    centre = np.column_stack([105 + (at % across + 0.5) * cell, 35 + (at // across + 0.5) * cell])
    xy, row = shapely.get_coordinates(shapes, return_index=True)
    box = shapely.bounds(shapes)
    middle = 0.5 * (box[:, :2] + box[:, 2:])
    moved: np.ndarray = shapely.set_coordinates(shapes.copy(), xy + (centre - middle)[row])
    return moved


def attributes(count: int, codes: np.ndarray) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    county = rng.choice(codes, count)
    return {
        "JCBH": [f"{code}{at:07d}" for at, code in enumerate(county)],
        "XZQDM": county,
        "XMC": np.char.add("县", county),
        "TBLX": rng.choice(["1001", "1002", "2001", "3001"], count),
        "QSX": rng.choice(["20250314", "20250318", "20250401"], count),
        "HSX": rng.choice(["20250914", "20250918", "20250921"], count),
        "JCMJ": np.round(rng.uniform(1, 300, count), 2),
        "XZMC": rng.choice([f"第{at}镇" for at in range(300)], count),
        "CMC": rng.choice([f"村{at}" for at in range(3_000)], count),
        "BZ": rng.choice(["", "无", "临时建筑"], count),
    }


def frames(file: Path, target: Path) -> None:
    """pyogrio as it is mostly used: by way of a GeoDataFrame."""
    import pyogrio

    pyogrio.write_dataframe(pyogrio.read_dataframe(file), target, driver="GPKG")


def arrow(file: Path, target: Path) -> None:
    """The shortest way through pyogrio: no record is looked at."""
    from pyogrio.raw import read_arrow, write_arrow

    meta, table = read_arrow(file)
    name = meta["geometry_name"] or "wkb_geometry"
    write_arrow(table, target, driver="GPKG", geometry_name=name, geometry_type="Polygon", crs=meta["crs"])


def tuban(campaign: Path, _: Path) -> None:
    from pipeline.cli import cli

    with contextlib.suppress(SystemExit):
        cli(["ingest", str(campaign)])


WAYS: dict[str, Callable[[Path, Path], None]] = {"frames": frames, "arrow": arrow, "tuban": tuban}


def one(way: str, file: Path, target: Path) -> None:
    """Go one way in this process, and print what it cost."""
    import pyogrio  # its import belongs to no way

    assert pyogrio.__version__
    cpu, _ = user_s(lambda: WAYS[way](file, target))
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps({"s": cpu + children.ru_utime, "mb": peak_mb(), "child_mb": children.ru_maxrss / 1024}))


def cost(*words: str | Path) -> dict[str, float]:
    """What a way costs in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.ingest", *map(str, words)]
    ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    last = ended.stdout.strip().splitlines()[-1:]
    found: dict[str, float] = json.loads(last[0]) if last else {}
    return found


def measure(name: str, count: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "campaign"
        cost("make", folder, name, str(count))
        file, target = folder / "deliveries" / name, Path(scratch) / "copy.gpkg"
        by_frames = cost("frames", file, target)
        target.unlink()
        by_arrow = cost("arrow", file, target)
        ours = cost("tuban", folder / "campaign.toml", target)
    print(
        f"{count:>9,} patches, {name}: ingest {ours['s']:.1f} s user CPU; "
        f"{ours['s'] / by_frames['s']:.1f}x pyogrio with frames ({by_frames['s']:.1f} s), "
        f"{ours['s'] / by_arrow['s']:.1f}x with Arrow ({by_arrow['s']:.1f} s); "
        f"peak {ours['mb']:,.0f} MB, parser child {ours['child_mb']:,.0f} MB; frames {by_frames['mb']:,.0f} MB",
        flush=True,
    )


def main() -> None:
    for count in (100_000, 1_000_000):
        for name in ("p.gpkg", "p.shp"):
            measure(name, count)


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
    else:
        one(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
