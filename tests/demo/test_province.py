"""The synthetic province keeps its promises: sound borders, the same bytes, one of every trouble."""

from __future__ import annotations

import csv
import hashlib
import struct
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyproj
import pytest
import rasterio
import rasterio.features
import shapely

from pipeline.demo.province import DemoSummary, make_demo
from pipeline.errors import Refusal

MU_M2 = 2000 / 3
GEOD = pyproj.Geod(a=6378137.0, rf=298.257222101)
Row = dict[str, Any]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DemoSummary]:
    folder = tmp_path_factory.mktemp("demo") / "tiny"
    return folder, make_demo(folder, "tiny")


@pytest.fixture(scope="module")
def rows(demo: tuple[Path, DemoSummary]) -> list[Row]:
    """Every delivered row under canonical names, geometry in EPSG:4490 and as delivered."""
    folder = demo[0] / "deliveries"
    return [
        *_rows(next(folder.glob("*.gpkg")), "TBBH", "XZQHDM", "TBLX", "BZ", "TBMJ", 1.0),
        *_rows(_unzipped(next(folder.glob("*.zip"))), "JCBH", "XZQDM", "TBLX", "BZ", "JCMJ", MU_M2),
        *_rows(
            next(folder.glob("*.geojson")),
            "监测编号",
            "行政区代码",
            "图斑类型",
            "备注",
            "监测面积（亩）",
            MU_M2,
        ),
    ]


def _rows(path: Path, number: str, code: str, kind: str, remark: str, area: str, unit_m2: float) -> list[Row]:
    encoding = "GBK" if path.suffix == ".shp" else None
    meta, _, shapes, columns = pyogrio.raw.read(path, encoding=encoding)
    values = dict(zip(meta["fields"], columns, strict=True))
    turn = pyproj.Transformer.from_crs(meta["crs"], "EPSG:4490", always_xy=True).transform
    found = []
    for at, shape in enumerate(shapely.from_wkb(shapes)):
        geographic = shape and shapely.transform(shape, turn, interleaved=False)
        row = {"number": values[number][at], "code": values[code][at], "kind": values[kind][at]}
        row |= {"remark": values[remark][at], "area_m2": values[area][at] * unit_m2}
        found.append(row | {"shape": geographic, "raw": shape, "file": path.name})
    return found


def _unzipped(path: Path) -> Path:
    """The shapefile of the zip under an ASCII name, as a reader without our own name decoding needs it."""
    folder = path.parent.parent / "unzipped"
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            (folder / f"patches{member.filename[-4:]}").write_bytes(archive.read(member))
    return folder / "patches.shp"


def _of(demo: tuple[Path, DemoSummary], rows: list[Row], name: str) -> list[Row]:
    trouble = demo[1].troubles[name]
    return [row for row in rows if (row["code"], row["number"]) == (trouble.county_code, trouble.patch_no)]


def _counties(folder: Path) -> tuple[dict[str, Any], np.ndarray]:
    meta, _, shapes, columns = pyogrio.raw.read(folder / "boundaries" / "counties.gpkg")
    assert meta["crs"] == "EPSG:4490"
    return dict(zip(meta["fields"], columns, strict=True)), shapely.from_wkb(shapes)


def _area_m2(shape: Any) -> float:
    return abs(GEOD.geometry_area_perimeter(shape)[0])


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(one.relative_to(folder)): hashlib.sha256(one.read_bytes()).hexdigest() for one in files}


def test_same_seed_same_bytes(demo: tuple[Path, DemoSummary], tmp_path: Path) -> None:
    script = (
        "import sys, pathlib; from pipeline.demo.province import make_demo; "
        "make_demo(pathlib.Path(sys.argv[1]), 'tiny')"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "again")], check=True)
    made = {name: one for name, one in _digests(demo[0]).items() if not name.startswith("unzipped")}
    assert _digests(tmp_path / "again") == made


def test_a_second_call_does_nothing_and_a_lost_file_comes_back(demo: tuple[Path, DemoSummary], tmp_path: Path) -> None:
    folder, summary = demo
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    assert make_demo(folder, "tiny") == summary
    assert {path: path.stat().st_mtime_ns for path in before} == before
    (tmp_path / "demo.json").write_bytes((folder / "demo.json").read_bytes())
    (tmp_path / "deliveries").mkdir()
    (tmp_path / "deliveries" / "mine.geojson").write_text("{}")
    assert make_demo(tmp_path, "tiny") == summary
    assert (tmp_path / "expected.csv").is_file()
    assert (tmp_path / "deliveries" / "mine.geojson").is_file()


def test_unknown_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="no demo size"):
        make_demo(tmp_path, "huge")


def test_it_is_small(demo: tuple[Path, DemoSummary]) -> None:
    assert sum(demo[1].files.values()) < 4.5e6


def test_borders_are_a_valid_coverage(demo: tuple[Path, DemoSummary]) -> None:
    columns, shapes = _counties(demo[0])
    assert len(shapes) == 8
    assert shapely.coverage_is_valid(shapes)
    assert shapely.is_valid(shapes).all()
    assert all(len(code) == 6 and code.startswith("48") for code in columns["XZQDM"])
    assert len(set(columns["SHMC"])) == 2
    assert shapely.get_num_coordinates(shapes).min() > 400


def test_campaign_file_names_what_is_there(demo: tuple[Path, DemoSummary]) -> None:
    campaign = tomllib.loads((demo[0] / "campaign.toml").read_text(encoding="utf-8"))
    inputs = campaign["inputs"]
    assert len(list(demo[0].glob(inputs["patches"][0]))) == 3
    assert len(list(demo[0].glob(inputs["before"][0]))) == len(list(demo[0].glob(inputs["after"][0]))) == 2
    assert (demo[0] / inputs["counties"]).is_file()
    assert all((demo[0] / inputs[kind]).is_file() for kind in ("towns", "roads", "places"))


def test_zip_is_gbk_and_says_nothing_of_it(demo: tuple[Path, DemoSummary]) -> None:
    path = next((demo[0] / "deliveries").glob("*.zip"))
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = [one.filename for one in archive.infolist()]
        assert all(one.flag_bits & 0x800 == 0 for one in archive.infolist())
        dbf = archive.read(next(name for name in names if name.endswith(".dbf")))
        prj = archive.read(next(name for name in names if name.endswith(".prj"))).decode()
    assert {name.encode("cp437").decode("gbk") for name in names} == {
        f"青川市监测图斑{part}" for part in (".shp", ".shx", ".dbf", ".prj")
    }
    assert dbf[29] == 0
    assert struct.unpack("<3B", dbf[1:4]) == (125, 9, 29)
    assert "嵊溪市".encode("gbk") in dbf
    assert "CGCS2000_3_Degree_GK_Zone_38" in prj


def test_records_balance_and_agree_with_the_announcement(demo: tuple[Path, DemoSummary], rows: list[Row]) -> None:
    folder, summary = demo
    assert summary.received == len(rows)
    assert summary.received == summary.accepted + summary.quarantined + summary.duplicate
    table = list(csv.DictReader((folder / "expected.csv").read_text(encoding="utf-8-sig").splitlines()))
    announced = {row["code"]: int(row["announced_patches"]) for row in table}
    repeated = ("exact_duplicate", "redelivered", "duplicate_differs")
    twice = [summary.troubles[name].county_code for name in repeated]
    codes = [row["code"] for row in rows]
    for code, state in summary.counties.items():
        came = codes.count(code) - twice.count(code)
        if state == "unknown":
            assert code not in announced
            assert came == 0
        else:
            assert {"ordinary": announced[code] == came > 0, "partial": announced[code] > came > 0,
                    "zero": announced[code] == came == 0, "missing": announced[code] > came == 0}[state]  # fmt: skip
    assert set(summary.counties.values()) == {"ordinary", "partial", "zero", "missing", "unknown"}


def test_patches_of_one_two_three_and_no_counties(demo: tuple[Path, DemoSummary], rows: list[Row]) -> None:
    _, counties = _counties(demo[0])

    def pieces(name: str) -> list[float]:
        shape = _of(demo, rows, name)[0]["shape"]
        areas = [_area_m2(one) for one in shapely.intersection(counties, shape) if not one.is_empty]
        return [one / _area_m2(shape) for one in areas if one > 0]

    assert len(pieces("triple_point")) == 3
    assert min(pieces("triple_point")) > 0.05
    assert len(pieces("straddles")) == 2
    assert pieces("outside") == []
    assert 0.3 < sum(pieces("partly_outside")) < 0.85
    assert len(pieces("big")) == 1
    fragment = min(pieces("sliver"))
    assert 0 < fragment < 0.01
    assert fragment * _area_m2(_of(demo, rows, "sliver")[0]["shape"]) < 10


def test_no_piece_lies_in_a_county_without_patches(demo: tuple[Path, DemoSummary], rows: list[Row]) -> None:
    columns, counties = _counties(demo[0])
    empty = [demo[1].counties[code] in ("zero", "missing", "unknown") for code in columns["XZQDM"]]
    for row in rows:
        if row["shape"] is not None:
            assert not shapely.intersects(counties[empty], shapely.make_valid(row["shape"])).any()


def test_shapes_of_the_troubles(demo: tuple[Path, DemoSummary], rows: list[Row]) -> None:
    def shape(name: str) -> Any:
        return _of(demo, rows, name)[0]["shape"]

    assert sum(shapely.get_num_interior_rings(part) for part in shapely.get_parts(shape("hole"))) == 1
    assert shapely.get_num_geometries(shape("multipart")) == 2
    assert 290 < _area_m2(shape("small")) < 310
    assert _area_m2(shape("big")) > 100 * MU_M2
    road = shape("long_road")
    assert road.length**2 / (4 * np.pi * road.area) > 10
    assert shape("no_geometry") is None
    assert str(_of(demo, rows, "formula")[0]["remark"]).startswith("=")
    odd = _of(demo, rows, "area_disagrees")[0]
    assert odd["area_m2"] / _area_m2(odd["shape"]) == pytest.approx(1.12, abs=0.01)


@pytest.mark.parametrize(("name", "agree"), [("self_touching", True), ("spike", True), ("bow_tie", False)])
def test_broken_rings(demo: tuple[Path, DemoSummary], rows: list[Row], name: str, agree: bool) -> None:
    for key in ("shape", "raw"):  # broken in the delivered coordinates as well as in longitude and latitude
        shape = _of(demo, rows, name)[0][key]
        assert not shape.is_valid
        structure = shapely.make_valid(shape, method="structure", keep_collapsed=False).area
        readings = (shape.area, structure, shapely.make_valid(shape, method="linework").area)
        assert (max(readings) - min(readings) < 1e-9 * max(readings)) == agree


def test_repeated_rows(demo: tuple[Path, DemoSummary], rows: list[Row]) -> None:
    same = _of(demo, rows, "exact_duplicate")
    assert len(same) == 2
    assert shapely.to_wkb(same[0]["raw"]) == shapely.to_wkb(same[1]["raw"])
    assert same[0]["file"] == same[1]["file"]
    differs = _of(demo, rows, "duplicate_differs")
    assert shapely.to_wkb(differs[0]["raw"]) == shapely.to_wkb(differs[1]["raw"])
    assert differs[0]["kind"] != differs[1]["kind"]
    again = _of(demo, rows, "redelivered")
    assert {Path(one["file"]).suffix for one in again} == {".shp", ".geojson"}
    assert shapely.hausdorff_distance(again[0]["shape"], again[1]["shape"]) * 111_000 < 0.001
    assert again[0]["area_m2"] == again[1]["area_m2"]
    doubled = _of(demo, rows, "doubled_number")
    assert len(doubled) == 2
    assert not shapely.intersects(doubled[0]["shape"], doubled[1]["shape"])


def test_reported_areas_fit_the_outlines(demo: tuple[Path, DemoSummary], rows: list[Row]) -> None:
    odd = {(one.county_code, one.patch_no) for name, one in demo[1].troubles.items() if name == "area_disagrees"}
    for row in rows:
        if row["shape"] is not None and row["shape"].is_valid and (row["code"], row["number"]) not in odd:
            assert row["area_m2"] == pytest.approx(_area_m2(row["shape"]), abs=0.006 * MU_M2)


def test_imagery_shows_the_changes_and_lacks_the_gap(demo: tuple[Path, DemoSummary], rows: list[Row]) -> None:
    turn = pyproj.Transformer.from_crs("EPSG:4490", "EPSG:4547", always_xy=True).transform
    shares = {}
    for name in ("no_imagery", "partial_imagery", "big"):
        shape = shapely.transform(_of(demo, rows, name)[0]["shape"], turn, interleaved=False)
        shares[name] = [_seen(demo[0] / "imagery" / phase, shape) for phase in ("before", "after")]
    assert shares["no_imagery"][0] == 0
    assert 0.3 < shares["partial_imagery"][0] < 0.7
    assert shares["big"][0] == 1
    assert all(after == 1 for _, after in shares.values())


def _seen(folder: Path, shape: Any) -> float:
    """The share of the pixels of a shape that have data."""
    seen = total = 0
    for path in sorted(folder.glob("*.tif")):
        with rasterio.open(path) as image:
            assert image.profile["compress"] == "jpeg"
            assert image.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            assert image.crs.to_epsg() == 4547
            assert image.overviews(1)
            outside = rasterio.features.geometry_mask([shape], image.shape, image.transform)
            seen += int((image.dataset_mask()[~outside] > 0).sum())
            total += int((~outside).sum())
    return seen / total


def test_change_is_drawn_exactly_where_the_patch_is(demo: tuple[Path, DemoSummary], rows: list[Row]) -> None:
    """A photovoltaic field is dark blue inside its outline and farmland just outside of it."""
    turn = pyproj.Transformer.from_crs("EPSG:4490", "EPSG:4547", always_xy=True).transform
    shape = shapely.transform(_of(demo, rows, "big")[0]["shape"], turn, interleaved=False)
    inner, outer = (
        _blueness(demo[0], shape.buffer(-8)),
        _blueness(demo[0], shape.buffer(30) - shape.buffer(4)),
    )
    assert inner > outer + 10


def _blueness(folder: Path, shape: Any) -> float:
    values = []
    for path in sorted((folder / "imagery" / "after").glob("*.tif")):
        with rasterio.open(path) as image:
            inside = ~rasterio.features.geometry_mask([shape], image.shape, image.transform)
            values.append((image.read(3).astype(float) - image.read(1))[inside])
    return float(np.concatenate(values).mean())
