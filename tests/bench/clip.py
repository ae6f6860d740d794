"""Clip against geopandas.overlay: the same pairs, the same areas, less CPU; and whether every patch balances."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import geopandas
import numpy as np
import shapely

from pipeline.geometry.area import Ellipsoid, area_m2
from pipeline.geometry.clip import clip
from pipeline.geometry.ground import ground_of
from tests.bench.clock import user_s
from tests.bench.ingested import bench_files, write_ingested

E = Ellipsoid()


def counties(side: int, vertices: int, seed: int) -> np.ndarray:
    """side × side counties with fractal borders shared vertex for vertex, `vertices` to an edge."""
    rng = np.random.default_rng(seed)
    step = 0.1
    edges: dict[tuple[int, int, int, int], np.ndarray] = {}

    def edge(a: tuple[int, int], b: tuple[int, int]) -> np.ndarray:
        if (*b, *a) in edges:
            return edges[*b, *a][::-1]
        if (*a, *b) not in edges:
            along = np.linspace(0, 1, vertices)[:, None]
            line = np.array(a) * (1 - along) + np.array(b) * along
            swing = np.zeros(vertices)
            for octave in range(1, 8):
                swing += np.sin(np.pi * along[:, 0] * 2**octave) * rng.normal(0, 0.02 / 2**octave)
            normal = np.array([b[1] - a[1], a[0] - b[0]])
            edges[*a, *b] = 105 + (line + swing[:, None] * normal) * step
        return edges[*a, *b]

    made = []
    for x in range(side):
        for y in range(side):
            corners = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)]
            ring = np.concatenate([edge(corners[i], corners[(i + 1) % 4])[:-1] for i in range(4)])
            made.append(shapely.polygons(ring - [0, 70]))
    return np.array(made, object)


def patches(count: int, side: int, seed: int) -> np.ndarray:
    """Stars of 10 to 60 vertices and some 60 to 300 m, one in twenty or so on a border."""
    rng = np.random.default_rng(seed)
    made = []
    for n in rng.integers(10, 60, count):
        centre = rng.uniform([105, 35], [105 + side * 0.1, 35 + side * 0.1])
        angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
        radius = rng.uniform(0.3, 1.0, n) * rng.uniform(3e-4, 1.5e-3)
        made.append(np.column_stack([np.cos(angle), np.sin(angle)]) * radius[:, None] + centre)
    return np.array([shapely.polygons(one) for one in made], object)


def measure(count: int, side: int, vertices: int) -> None:
    border, shapes = counties(side, vertices, 1), patches(count, side, 2)
    assert shapely.is_valid(border).all()
    area = area_m2(shapes, E)
    left = geopandas.GeoDataFrame({"p": np.arange(count)}, geometry=shapes, crs=4490)
    right = geopandas.GeoDataFrame({"c": np.arange(len(border))}, geometry=border, crs=4490)
    ours_s, cut = user_s(lambda: clip(shapes, area, ground_of(border, count), E), 2)
    theirs_s, overlay = user_s(lambda: geopandas.overlay(left, right, how="intersection", keep_geom_type=True))
    their_area = area_m2(np.asarray(overlay.geometry.values, object), E)
    theirs = dict(zip(zip(overlay.p.tolist(), overlay.c.tolist(), strict=True), their_area.tolist(), strict=True))
    pairs = zip(cut.piece_patch.tolist(), cut.piece_county.tolist(), strict=True)
    ours = dict(zip(pairs, cut.piece_area_m2.tolist(), strict=True))
    worst = max(abs(ours[key] - theirs[key]) / area[key[0]] for key in set(ours) & set(theirs))
    inside = np.bincount(cut.piece_patch, cut.piece_area_m2, count)
    outside = np.bincount(cut.remainder_patch, cut.remainder_area_m2, count)
    balance = (np.abs(inside + outside - cut.double_m2 - area) / area).max()
    print(
        f"{count:>7} patches x {len(border)} counties of {shapely.get_num_coordinates(border).mean():.0f} vertices: "
        f"ours {ours_s:.2f} s, overlay {theirs_s:.2f} s, {theirs_s / ours_s:.1f}x less user CPU; "
        f"pairs {len(ours)} and {len(theirs)}, different {len(ours.keys() ^ theirs.keys())}; "
        f"largest area difference {worst:.1e} of the patch; worst balance {balance:.1e}; "
        f"unbalanced {len(cut.unbalanced)}",
        flush=True,
    )


def alone(count: int, border: np.ndarray, side: int) -> None:
    shapes = patches(count, side, 2)
    area = area_m2(shapes, E)
    seconds, _ = user_s(lambda: clip(shapes, area, ground_of(border, count), E))
    print(f"{count:>7} patches x {len(border)} counties: ours {seconds:.2f} s", flush=True)


def file_to_file(count: int, border: np.ndarray, side: int) -> None:
    """From the ingested tables to the clipped ones, against reading and writing the patch table with geopandas."""
    with tempfile.TemporaryDirectory() as folder:
        write_ingested(bench_files(Path(folder)), border, patches, count, side)
        theirs = json.loads(_in_new_process("geopandas_file_to_file", folder))
        ours = json.loads(_in_new_process("clip_file_to_file", folder))
    ratio = ours["user_s"] / theirs["user_s"]
    print(
        f"{count:>7} patches file to file: ours {ours['user_s']:.1f} s, peak {ours['peak_mb']:.0f} MB; geopandas "
        f"{theirs['user_s']:.1f} s, peak {theirs['peak_mb']:.0f} MB; {ratio:.1f}x its user CPU; with accounts, issues, "
        f"borders and {ours['slices']} slices {ours['whole_s']:.1f} s, peak {ours['whole_peak_mb']:.0f} MB",
        flush=True,
    )


def _in_new_process(name: str, folder: str) -> str:
    code = f"from tests.bench.ingested import {name}; {name}({folder!r})"
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def main() -> None:
    measure(10_000, 10, 300)
    measure(100_000, 10, 300)
    nation = counties(54, 1_100, 1)
    alone(10_000, nation, 54)
    measure(100_000, 54, 1_100)
    alone(1_000_000, nation, 54)
    for count in (100_000, 1_000_000):
        file_to_file(count, nation, 54)
