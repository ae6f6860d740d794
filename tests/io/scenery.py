"""Small scenes made for tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.transform import Affine

from pipeline.io.rasters import read_scene
from pipeline.records import Scene

CRS = "EPSG:4547"
STORAGE = "EPSG:4490"
LEFT, TOP, PIXEL = 484000.0, 3386000.0, 2.0


@cache
def picture(width: int, height: int, bands: int = 3, seed: int = 0) -> np.ndarray:
    """Smooth colours, never 0: (bands, rows, columns)."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    parts = [110 + 80 * np.sin((x + 37 * at + seed * 50) / 60) * np.cos(y / 45) for at in range(bands)]
    values = np.array(parts).astype(np.uint8)
    values.flags.writeable = False
    return values


def written(path: Path, values: np.ndarray, **profile: Any) -> Path:
    """`values` (bands, rows, columns) as a GeoTIFF."""
    bands, height, width = values.shape
    given = {
        "driver": "GTiff",
        "width": width,
        "height": height,
        "count": bands,
        "dtype": str(values.dtype),
        "crs": CRS,
        "transform": Affine(PIXEL, 0, LEFT, 0, -PIXEL, TOP),
    } | profile
    with rasterio.open(path, "w", **given) as dataset:
        dataset.write(values)
    return path


def jpeg_tiled(path: Path, values: np.ndarray, **profile: Any) -> Path:
    tiles = {"tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "jpeg", "photometric": "ycbcr"}
    return written(path, values, **(tiles | profile))


def scene(path: Path, **named: Any) -> Scene:
    given = {
        "phase": "after",
        "date": "2025-09-22",
        "sensor": "GF",
        "bands": None,
        "storage_crs": STORAGE,
        "digest": "0",
    } | named
    return read_scene(path, **given)
