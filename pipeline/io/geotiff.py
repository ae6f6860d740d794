"""The one way imagery is opened: as GeoTIFF (COG included), never by a driver that follows references.

A VRT named `.tif` can read any file of the machine. Nothing is written beside the source (no `.aux.xml`).
"""

from __future__ import annotations

import glob
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rasterio
from rasterio._err import CPLE_BaseError  # what the attributes of a dataset raise; it has no public name
from rasterio.errors import RasterioError

from pipeline.errors import Refusal

OPTIONS = {
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_CACHEMAX": 32 * 1024 * 1024,  # bytes: a small number would be bytes too
    "GDAL_SKIP": "VRT WMS WMTS WCS WFS GTI STACTA STACIT DERIVED HTTP OGCAPI PLSCENES",
    "GDAL_NUM_THREADS": "1",
}
COMPANIONS = (".ovr", ".msk")
TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


class BrokenRaster(Refusal):
    """A file opens, but its pixels cannot be read."""

    def __init__(self, path: str, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(f"{path}: the imagery cannot be read: {problem}", "have the file delivered again")

    def __reduce__(self) -> tuple[type[BrokenRaster], tuple[str, str]]:  # type: ignore[override]
        return (BrokenRaster, (self.path, self.problem))


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """A dataset opened as GeoTIFF and nothing else; raises Refusal, BrokenRaster where its description is garbled."""
    with rasterio.Env(**OPTIONS):
        dataset = open_geotiff(str(path))
        try:
            yield dataset
        except CPLE_BaseError as problem:
            raise BrokenRaster(str(path), str(problem)) from problem
        finally:
            dataset.close()


def open_geotiff(path: str) -> Any:
    if not Path(path).is_file():  # GDAL also opens names: XML, /vsicurl/…
        raise Refusal(f"{path} is not there", "copy it there, or make the list that names it again")
    _check_companions(Path(path))
    try:
        return rasterio.open(path, driver="GTiff")
    except RasterioError as problem:
        sentence = f"{path} is not a GeoTIFF: {str(problem).rstrip('.')}"
        raise Refusal(sentence, "make it one: gdal_translate -of COG -co COMPRESS=JPEG in out.tif") from problem


def _check_companions(path: Path) -> None:
    """Overviews and masks beside the file are opened by GDAL with any driver it has: they must be TIFF too.

    (GDAL_SKIP counts only if nothing in this process used GDAL before.)
    """
    for beside in sorted(path.parent.glob(f"{glob.escape(path.stem)}*")):
        if beside.suffix.lower() in COMPANIONS and beside.is_file():
            with beside.open("rb") as file:
                if file.read(4) not in TIFF_STARTS:
                    raise Refusal(f"{beside} is not a TIFF", f"remove it, or make it again for {path.name}")
