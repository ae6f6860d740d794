"""Every readable kind of file cut at many points and with single bits flipped: what became of its records."""

from __future__ import annotations

import random
import shutil
import sqlite3
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import rasterio
import shapely
import xlsxwriter

from pipeline.engine.digest import file_digest
from pipeline.intake.read import read_layers
from pipeline.io.received import delivery_of, group
from pipeline.io.sandbox import parsed
from pipeline.io.tables import read_arrow
from tests.faults.campaign import GOOD, ingested
from tests.faults.makers import layer

COUNT = 20  # true records of every file
OUTCOMES = ("refused", "same", "quarantined", "altered", "LOST")


def shapes() -> list[shapely.Polygon]:
    return [shapely.box(105.1 + at / 100, 34.1, 105.101 + at / 100, 34.101 + at / 7e5) for at in range(COUNT)]


def columns() -> dict[str, list[str]]:
    return {"JCBH": [f"P{at:03d}" for at in range(COUNT)], "XZQMC": [f"滕州市第{at}村" for at in range(COUNT)]}


def whole_shapefile(folder: Path) -> Path:
    return layer(folder / "x.shp", shapes(), **columns())


def whole_zip(folder: Path) -> Path:
    whole_shapefile(folder)
    parts = sorted(folder.iterdir())
    with zipfile.ZipFile(folder / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for one in parts:
            archive.writestr(zipfile.ZipInfo(one.name), one.read_bytes(), zipfile.ZIP_DEFLATED)
            one.unlink()
    return folder / "x.zip"


def whole_geopackage(folder: Path) -> Path:
    return layer(folder / "x.gpkg", shapes(), **columns())


def whole_geojson(folder: Path) -> Path:
    return layer(folder / "x.geojson", shapes(), name="x", **columns())


def whole_kml(folder: Path) -> Path:
    return layer(folder / "x.kml", shapes(), crs=4326, driver="LIBKML", **columns())


def whole_flatgeobuf(folder: Path) -> Path:
    return layer(folder / "x.fgb", shapes(), **columns())


def whole_lines(folder: Path) -> Path:
    return layer(folder / "x.geojsonl", shapes(), crs=4326, driver="GeoJSONSeq", **columns())


def whole_parquet(folder: Path) -> Path:
    geopandas.GeoDataFrame(columns(), geometry=shapes(), crs=4490).to_parquet(folder / "x.parquet")
    return folder / "x.parquet"


def whole_csv(folder: Path) -> Path:
    rows = [columns()["JCBH"], columns()["XZQMC"], [f'"SRID=4490;{one.wkt}"' for one in shapes()]]
    lines = ["JCBH,XZQMC,WKT", *(",".join(one) for one in zip(*rows, strict=True))]
    (folder / "x.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "x.csv"


def whole_workbook(folder: Path) -> Path:
    with xlsxwriter.Workbook(folder / "x.xlsx") as book:
        book.set_properties({"created": datetime(2025, 1, 1)})
        sheet = book.add_worksheet("p")
        names = {**columns(), "WKT": [f"SRID=4490;{one.wkt}" for one in shapes()]}
        for at, (name, values) in enumerate(names.items()):
            sheet.write_column(0, at, [name, *values])
    return folder / "x.xlsx"


def whole_survey_db(folder: Path) -> Path:
    """A 国土调查云 database: outlines as WKT."""
    with closing(sqlite3.connect(folder / "x.db")) as base:
        base.execute("CREATE TABLE TB (JCBH TEXT PRIMARY KEY, XZQMC TEXT, TBFW TEXT)")
        rows = zip(*columns().values(), (f"SRID=4490;{one.wkt}" for one in shapes()), strict=True)
        base.executemany("INSERT INTO TB VALUES (?, ?, ?)", rows)
        base.commit()
    return folder / "x.db"


def whole_coordinates(folder: Path) -> Path:
    """A 国土报备坐标 text in zone 35, northing first."""
    lines = [
        "[属性描述]",
        "坐标系=2000国家大地坐标系",
        "几度分带=3",
        "投影类型=高斯克吕格",
        "计量单位=米",
        "带号=35",
        "[地块坐标]",
    ]
    for at, number in enumerate(columns()["JCBH"]):
        ring = shapely.box(35_500_000 + at * 900, 3_800_000, 35_500_000 + at * 900 + 90, 3_800_100 + at).exterior
        lines.append(f"{len(ring.coords)},0.9,{number},第{at}村,面,,,,@")
        lines += [f"J{point % 4 + 1},1,{y:.3f},{x:.3f}" for point, (x, y) in enumerate(ring.coords)]
    (folder / "x.txt").write_bytes("\n".join([*lines, ""]).encode("gb18030"))
    return folder / "x.txt"


def whole_kmz(folder: Path) -> Path:
    data = whole_kml(folder).read_bytes()
    (folder / "x.kml").unlink()
    with zipfile.ZipFile(folder / "x.kmz", "w") as archive:
        archive.writestr(zipfile.ZipInfo("doc.kml"), data, zipfile.ZIP_DEFLATED)
    return folder / "x.kmz"


def whole_geodatabase(folder: Path) -> Path:
    return layer(folder / "x.gdb", shapes(), driver="OpenFileGDB", **columns())


def whole_mask(compress: str) -> Callable[[Path], Path]:
    """A change mask of two classes, 20 regions."""

    def make(folder: Path) -> Path:
        pixels = np.zeros((64, 320), np.uint8)
        for at in range(COUNT):
            pixels[4 + at : 20 + at, 2 + at * 15 : 10 + at * 15] = (1, 3)[at % 2]
        place = rasterio.Affine(0.0005, 0, 105.1, 0, -0.0005, 34.2)
        size = {
            "count": 1,
            "height": 64,
            "width": 320,
            "dtype": "uint8",
            "tiled": True,
            "blockxsize": 64,
            "blockysize": 64,
        }
        with rasterio.open(
            folder / "x.tif", "w", driver="GTiff", crs="EPSG:4490", transform=place, compress=compress, **size
        ) as sink:
            sink.write(pixels, 1)
        return folder / "x.tif"

    return make


# A kind → how the whole is made, and the suffix of the part that is damaged or the name of a file in its folder.
KINDS: dict[str, tuple[Callable[[Path], Path], str]] = {
    ".shp": (whole_shapefile, ".shp"),
    ".shx": (whole_shapefile, ".shx"),
    ".dbf": (whole_shapefile, ".dbf"),
    ".prj": (whole_shapefile, ".prj"),
    ".zip": (whole_zip, ".zip"),
    ".gpkg": (whole_geopackage, ".gpkg"),
    ".geojson": (whole_geojson, ".geojson"),
    ".kml": (whole_kml, ".kml"),
    ".fgb": (whole_flatgeobuf, ".fgb"),
    ".parquet": (whole_parquet, ".parquet"),
    ".xlsx": (whole_workbook, ".xlsx"),
    ".geojsonl": (whole_lines, ".geojsonl"),
    ".csv": (whole_csv, ".csv"),
    ".db": (whole_survey_db, ".db"),
    ".txt": (whole_coordinates, ".txt"),
    ".kmz": (whole_kmz, ".kmz"),
    ".gdb table": (whole_geodatabase, "a00000009.gdbtable"),
    ".gdb index": (whole_geodatabase, "a00000009.gdbtablx"),
    ".gdb catalog": (whole_geodatabase, "a00000001.gdbtable"),
    ".gdb items": (whole_geodatabase, "a00000004.gdbtable"),
    ".tif plain": (whole_mask("none"), ".tif"),
    ".tif deflate": (whole_mask("deflate"), ".tif"),
    ".tif lzw": (whole_mask("lzw"), ".tif"),
}


LISTS = (".csv", ".geojsonl", ".txt")


@dataclass(frozen=True)
class Mutant:
    """One damaged delivery: what was done to which part."""

    kind: str
    how: str  # "cut" | "flip"
    at: int  # byte; for a flip bit

    @property
    def name(self) -> str:
        return f"{self.kind[1:].replace(' ', '-')}_{self.how}_{self.at}"


def mutants(kind: str, size: int, points: int, seed: int = 7) -> Iterator[Mutant]:
    """Cuts and flips spread over a file of `size` bytes, the same at every run."""
    chance = random.Random(f"{kind}{points}{seed}")
    for at in range(points):
        yield Mutant(kind, "cut", size * at // points)
        yield Mutant(kind, "flip", chance.randrange(8 * size * at // points, 8 * size * (at + 1) // points))


def _within(one: Mutant, data: bytes) -> Mutant:
    """A cut of a list moved into the next record where it falls between two: that is the one which nobody can see."""
    between = one.kind in LISTS and one.how == "cut" and b"\n" in data[max(one.at - 1, 0) : one.at + 1]
    return replace(one, at=one.at + 3) if between else one


def damaged(data: bytes, one: Mutant) -> bytes:
    if one.how == "cut":
        return data[: one.at]
    made = bytearray(data)
    made[one.at // 8] ^= 1 << one.at % 8
    return bytes(made)


def build(inbox: Path, scratch: Path, kind: str, points: int) -> list[Mutant]:
    """The mutants of a kind in folders of their own; parts that are not damaged lie beside."""
    make, suffix = KINDS[kind]
    folder = scratch / kind[1:]
    folder.mkdir()
    lead = make(folder)
    hurt = lead / suffix if lead.is_dir() else lead.with_suffix(suffix)
    data = hurt.read_bytes()
    made = list(dict.fromkeys(_within(one, data) for one in mutants(kind, len(data), points)))
    for one in made:
        home = inbox / one.name
        home.mkdir()
        for part in folder.iterdir():
            target = home / f"{one.name}{part.suffix}"
            shutil.copytree(part, target) if part.is_dir() else shutil.copyfile(part, target)
        whole = home / f"{one.name}{lead.suffix}"
        (whole / suffix if lead.is_dir() else whole.with_suffix(suffix)).write_bytes(damaged(data, one))
    return made


def sweep(campaign: Path, scratch: Path, points: int) -> Counter[tuple[str, str, str]]:
    """Ingest all mutants of all kinds in one run; (kind, how, outcome) → how many."""
    inbox = campaign.parent / "deliveries"
    made = [one for kind in KINDS for one in build(inbox, scratch, kind, points)]
    happened = ingested(campaign, "ingest")
    assert happened.by_file[GOOD] == (2, 0, 0)
    whole = {kind: _values(campaign, scratch / kind[1:]) for kind in KINDS}
    refused = {one["source_file"].split("/")[0] for one in happened.found if one["code"] in _SET_ASIDE}
    outcomes: Counter[tuple[str, str, str]] = Counter()
    for one in made:
        counts = happened.counts_of(one.name)
        outcomes[one.kind, one.how, _outcome(campaign, inbox / one.name, counts, refused, whole[one.kind])] += 1
    return outcomes


_SET_ASIDE = ("FILE_UNREADABLE", "ENCODING_AMBIGUOUS", "RECORDS_LOST", "FILE_NOT_READ")


def _outcome(
    campaign: Path, folder: Path, counts: tuple[int, int, int], refused: set[str], whole: list[tuple[Any, ...]]
) -> str:
    if any(file.startswith(f"{folder.name}.") for file in refused):
        return "refused"
    if sum(counts) < COUNT:
        return "LOST"
    if counts[1]:
        return "quarantined"
    return "same" if _values(campaign, folder) == whole else "altered"


def _values(campaign: Path, folder: Path) -> list[tuple[Any, ...]]:
    """All that was read of the delivery in a folder: outline, attributes, coordinate system of each record."""
    groups = list(group(folder.iterdir()))
    deliveries = [delivery_of(lead.name, lead, files, file_digest) for lead, files in groups]
    pairs = [
        (part, file)
        for one, (_, files) in zip(deliveries, groups, strict=True)
        for part, file in zip(one.parts, files, strict=True)
    ]
    where = {part.digest: file for part, file in pairs}
    cache = campaign.parent / "out" / ".state" / "parsed"
    masks = {"classes": {1: "A", 3: "B"}, "minimum_m2": 100.0, "connected": 4, "crs": ""}  # as the campaign says
    layers, _, _ = read_layers(deliveries, parsed(deliveries, where.__getitem__, cache, "", lambda _: None, masks))
    return [tuple(row.items()) + (layer.report.crs,) for layer in layers for row in read_arrow(layer.file).to_pylist()]


def table_of(outcomes: Counter[tuple[str, str, str]]) -> list[str]:
    """The outcomes as a Markdown table, a line a kind."""
    head = ["| kind | " + " | ".join(f"{how} {one}" for how in ("cut", "flip") for one in OUTCOMES) + " |"]
    head.append("|---" * 11 + "|")
    lines = [
        f"| {kind} | " + " | ".join(str(outcomes[kind, how, one]) for how in ("cut", "flip") for one in OUTCOMES) + " |"
        for kind in KINDS
    ]
    return head + lines
