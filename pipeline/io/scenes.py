"""A scene described once: bands, CRS, outline, pixel, stretch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError
from rasterio.enums import ColorInterp
from rasterio.errors import RasterioError
from rasterio.transform import Affine
from rasterio.windows import Window as RasterWindow

from pipeline.errors import Refusal
from pipeline.io.geotiff import BrokenRaster, opened
from pipeline.io.grids import Window, outline, pixel_m, transformer
from pipeline.records import Scene

SIDE_PX = 2_000_000  # no scene is larger
BANDS = 256
BLOCK_BYTES = 256 * 1024 * 1024
LOW_PERCENT, HIGH_PERCENT = 2.0, 98.0
FINEST_M, COARSEST_M = 1e-3, 2000.0  # a pixel: half a millimetre on paper at 1:4,000,000, a frame of 500 km
SAMPLE_PX = 1024  # side of the decimated read the stretch is taken from
WHOLE_PX = 50_000_000  # a scene without overviews is read whole for that up to here, beyond in samples
_COLOURS = {ColorInterp.red, ColorInterp.green, ColorInterp.blue}
PRJ_BYTES = 64 << 10  # a longer one tells nothing
EDGE_M = 1000.0  # an outline has a vertex so often
_Part = tuple[Any, NDArray[np.bool_]]  # values (bands, rows, columns), and where they are imagery


def read_scene(
    path: Path,
    phase: str,
    date: str,
    sensor: str,
    bands: tuple[int, ...] | None,
    storage_crs: str,
    digest: str,
) -> Scene:
    """Describe one imagery file; its pixels are read only for the stretch of sources other than 8 bit.

    `bands` are 1-based, as red, green, blue, or one grey; None takes those tagged so, else third, second and first of
    four bands of more than 8 bit, else the first three, else the first. The footprint is the outline in `storage_crs`,
    with a vertex about every kilometre.

    Raises:
        Refusal: not a GeoTIFF, no CRS or one beyond its bounds, no georeference, no such band, absurd dimensions or
            pixels, complex numbers.
        BrokenRaster: the stretch cannot be read.
    """
    with opened(path) as dataset:
        _check(path, dataset)
        chosen = _chosen_bands(path, dataset, bands)
        crs = _spelled(path, dataset)
        transform = tuple(dataset.transform)[:6]
        own_pixel_m = _pixel_m(path, crs, transform, dataset.width, dataset.height)
        return Scene(
            path=str(path),
            phase=phase,
            date=date,
            sensor=sensor,
            bands=chosen,
            digest=digest,
            crs=crs,
            transform=transform,
            width=dataset.width,
            height=dataset.height,
            pixel_m=own_pixel_m,
            footprint=_footprint(path, crs, transform, dataset.width, dataset.height, storage_crs),
            stretch=_shown(path, dataset, chosen),
        )


def _check(path: Path, dataset: Any) -> None:
    rows, columns = dataset.block_shapes[0]
    size = np.dtype(dataset.dtypes[0]).itemsize if not dataset.dtypes[0].startswith("complex") else 0
    if max(dataset.width, dataset.height) > SIDE_PX or dataset.count > BANDS:
        raise Refusal(f"{path} declares {dataset.width} × {dataset.height} pixels in {dataset.count} bands")
    if rows * columns * max(size, 1) * dataset.count > BLOCK_BYTES:
        raise Refusal(f"{path} has blocks of {columns} × {rows} pixels", "tile it: gdal_translate -of COG")
    if size == 0:
        raise Refusal(f"{path} has complex numbers", "deliver an intensity image")
    if dataset.crs is None and dataset.gcps[0]:
        raise Refusal(f"{path} is placed by control points only", "rectify it: gdalwarp -t_srs EPSG:…")
    if dataset.crs is None and not _beside(path):
        hint = "put its .prj beside it, or write it into the file: gdal_edit.py -a_srs EPSG:…"
        raise Refusal(f"{path} has no coordinate system", hint)
    if dataset.transform.is_identity or dataset.transform.is_degenerate:
        raise Refusal(f"{path} has no georeference", "rectify it before delivery")


def _chosen_bands(path: Path, dataset: Any, asked: tuple[int, ...] | None) -> tuple[int, ...]:
    if asked is None:
        return _default_bands(dataset)
    if len(asked) not in (1, 3) or not all(1 <= one <= dataset.count for one in asked):
        raise Refusal(f"{path} has {dataset.count} bands, not {list(asked)}", "name one band or three")
    return tuple(asked)


def _default_bands(dataset: Any) -> tuple[int, ...]:
    tagged = list(dataset.colorinterp)
    if set(tagged) >= _COLOURS:
        return tuple(tagged.index(one) + 1 for one in (ColorInterp.red, ColorInterp.green, ColorInterp.blue))
    shown = dataset.count - (ColorInterp.alpha in tagged)
    if shown == 4 and np.dtype(dataset.dtypes[0]).itemsize > 1:
        return (3, 2, 1)  # as satellites deliver them: blue, green, red, near infrared
    return (1, 2, 3) if shown >= 3 else (1,)


def bands_named(dataset: Any) -> bool:
    """Whether the file itself says which bands are to be shown: colours, a palette, or one grey."""
    tagged = set(dataset.colorinterp)
    return dataset.count == 1 or tagged >= _COLOURS or tagged <= {ColorInterp.gray, ColorInterp.alpha}


def _spelled(path: Path, dataset: Any) -> str:
    """The CRS as an EPSG code where that says the same, else as WKT."""
    wkt = str(dataset.crs.to_wkt()) if dataset.crs is not None else _beside(path)
    try:
        code = CRS.from_wkt(wkt).to_epsg()
    except CRSError as problem:
        raise Refusal(f"{path} has a coordinate system PROJ does not know") from problem
    return f"EPSG:{code}" if code else wkt


def _beside(path: Path) -> str:
    """The coordinate system as a .prj tells it, which GDAL does not ask for an image; "" where there is none."""
    for end in (".prj", ".PRJ"):
        if path.with_suffix(end).is_file():
            with path.with_suffix(end).open("rb") as file:
                return file.read(PRJ_BYTES).decode("utf-8-sig", "replace").strip()
    return ""


def _pixel_m(path: Path, crs: str, transform: tuple[float, ...], width: int, height: int) -> float:
    """The side of a pixel on the ground, where that is one a sheet can show."""
    if CRS.from_user_input(crs).geodetic_crs is None:
        raise Refusal(f"{path} has a coordinate system of its own, nowhere on the Earth", "rectify it before delivery")
    side_m = pixel_m(crs, transform, width, height)
    if not FINEST_M <= side_m <= COARSEST_M:
        raise Refusal(f"{path} has pixels of {side_m:.4g} m in the middle", "look at its georeference: gdalinfo")
    return side_m


def _footprint(path: Path, crs: str, transform: tuple[float, ...], width: int, height: int, storage_crs: str) -> Any:
    long_side_m = max(width, height) * pixel_m(crs, transform, width, height)
    steps = int(np.clip(long_side_m / EDGE_M, 16, 512))
    made = outline(Affine(*transform), width, height, steps, transformer(crs, storage_crs))
    if not np.isfinite(shapely.bounds(made)).all():
        raise Refusal(f"{path} reaches beyond where its coordinate system holds", "look at it: gdalinfo")
    return made


def _shown(path: Path, dataset: Any, bands: tuple[int, ...]) -> tuple[tuple[float, float], ...] | None:
    """How values become shades: as they are (8 bit, a palette), else by a stretch of the scene's own values."""
    kind, structure = dataset.dtypes[bands[0] - 1], dataset.tags(ns="IMAGE_STRUCTURE")
    if dataset.colorinterp[bands[0] - 1] == ColorInterp.palette:
        return None
    if kind != "uint8" or "NBITS" in dataset.tags(bands[0], ns="IMAGE_STRUCTURE"):
        stretch = _stretch(path, dataset, bands)
        return tuple((high, low) for low, high in stretch) if _negative(structure) else stretch
    return ((255.0, 0.0),) * len(bands) if _negative(structure) else None


def _negative(structure: Mapping[str, str]) -> bool:
    """Whether 0 is white (TIFF's WhiteIsZero): GDAL says so and leaves the values as they are."""
    return structure.get("MINISWHITE") == "YES"


def _stretch(path: Path, dataset: Any, bands: tuple[int, ...]) -> tuple[tuple[float, float], ...]:
    """Per band the values that become black and white; from the whole scene, so that every sheet has the same."""
    parts = _samples(path, dataset, bands)
    values = np.concatenate([part[:, keep] for part, keep in parts], axis=1).astype(np.float64)
    found = []
    for band, number in zip(values, bands, strict=True):
        told = np.isfinite(band) & (band != dataset.nodatavals[number - 1])  # of a pixel that is imagery by other bands
        finite = band[told]
        low, high = np.percentile(finite, [LOW_PERCENT, HIGH_PERCENT]) if finite.size else (0.0, 1.0)
        found.append((float(low), float(high) if high > low else float(low) + 1.0))
    return tuple(found)


def _samples(path: Path, dataset: Any, bands: tuple[int, ...]) -> list[_Part]:
    """What is looked at of a scene: the whole, or of one that is damaged what can be read of blocks spread over it."""
    try:
        return [_sample(dataset, bands, window) for window in _sample_windows(dataset)]
    except RasterioError as problem:
        found = list(_readable(dataset, bands, _spread_windows(dataset)))
        if not found:
            raise BrokenRaster(str(path), str(problem)) from problem
        return found


def _readable(dataset: Any, bands: tuple[int, ...], windows: Sequence[Window]) -> Iterator[_Part]:
    for window in windows:
        with suppress(RasterioError):
            yield _sample(dataset, bands, window)


def _sample(dataset: Any, bands: tuple[int, ...], window: Window) -> _Part:
    shape = (min(SAMPLE_PX, window.height), min(SAMPLE_PX, window.width))
    place = RasterWindow(*window)
    values = dataset.read(list(bands), window=place, out_shape=(len(bands), *shape))
    return values, dataset.dataset_mask(window=place, out_shape=shape) > 0


def _sample_windows(dataset: Any) -> list[Window]:
    """The whole scene where that is quick to read, else sixty-four blocks spread over it."""
    if dataset.overviews(1) or dataset.width * dataset.height <= WHOLE_PX:
        return [Window(0, 0, dataset.width, dataset.height)]
    return _spread_windows(dataset)


def _spread_windows(dataset: Any) -> list[Window]:
    side = 256
    cols = np.linspace(0, max(0, dataset.width - side), 8).astype(int).tolist()
    rows = np.linspace(0, max(0, dataset.height - side), 8).astype(int).tolist()
    return [Window(col, row, min(side, dataset.width), min(side, dataset.height)) for row in rows for col in cols]
