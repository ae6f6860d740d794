"""A county's folder held against what QField and Mergin Maps publish as their checks, and opened in QGIS."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import zipfile
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.enums import MaskFlags

from pipeline.forms.card_page import write_cards
from pipeline.forms.coordinates import write_coordinates
from pipeline.forms.form import Form
from pipeline.forms.kmz import write_kmz
from pipeline.forms.maplayers import ImageryLayer
from pipeline.forms.package import write_boundary, write_patches
from pipeline.forms.qgis import write_project
from pipeline.forms.shapefile import write_shapefile
from pipeline.forms.sketch import sketch_of
from pipeline.forms.start import Notice, start_of
from pipeline.forms.start_page import SKETCH, number_mm, write_start
from pipeline.forms.workbook import write_checklist
from pipeline.io.rasters import read_scene, write_sparse
from pipeline.records import CampaignFacts, County, Piece
from pipeline.sheets.fonts import load_font

CODE = "429901"
SCRIPT = Path(__file__).parents[2] / "scripts" / "qgis_check.py"
Element = ElementTree.Element


@pytest.fixture
def folder(
    tmp_path: Path, form: Form, facts: CampaignFacts, county: County, pieces: list[Piece], pages: dict[str, int]
) -> Path:
    """Everything a county can be handed, but the sheets."""
    made = tmp_path / f"{CODE}_{facts.id}"
    made.mkdir()
    write_checklist(made / f"{CODE}_checklist.xlsx", form, facts, county, pieces, pages)
    write_patches(made / "patches.gpkg", form, facts, pieces, pages)
    write_boundary(made / "boundary.gpkg", facts, county)
    imagery = []
    for phase in ("before", "after"):
        _image(made / f"{phase}.tif", phase)
        imagery.append(ImageryLayer(phase, f"{phase}.tif", "EPSG:4547", date="2025-03-14"))
    write_project(made / f"{CODE}_project.qgz", form, facts, county, pieces, "EPSG:4547", imagery)
    write_cards(made / f"{CODE}_cards.pdf", form, facts, county, pieces, pages, load_font())
    write_kmz(made / f"{CODE}_patches.kmz", facts, county, pieces, pages)
    write_shapefile(made / f"{CODE}_patches", facts, pieces, pages)
    write_coordinates(made / f"{CODE}_coordinates.txt", facts, county, pieces)
    names = [one.name for one in made.iterdir()]
    start = start_of(form, facts, county, pieces, pages, Notice(), names, made.name)
    sketch = sketch_of(facts, county, pieces, SKETCH, number_mm(load_font()))
    write_start(made / "00_START_HERE.pdf", start, sketch, facts, load_font())
    return made


def _image(path: Path, phase: str) -> None:
    """A window of imagery as export writes it, wholly filled."""
    source = path.with_suffix(".source.tif")
    ground = Affine(50, 0, 480_000, 0, -50, 3_385_000)
    size = {"driver": "GTiff", "width": 64, "height": 64, "count": 3, "dtype": "uint8"}
    with rasterio.open(source, "w", crs="EPSG:4547", transform=ground, **size) as target:
        target.write(np.tile(np.arange(64, dtype=np.uint8), (3, 64, 1)))
    scene = read_scene(source, phase, "2025-03-14", "", None, "EPSG:4490", "0" * 64)
    write_sparse([scene], [(480_000, 3_381_800, 483_200, 3_385_000)], path)
    source.unlink()


@pytest.fixture
def root(folder: Path) -> Element:
    with zipfile.ZipFile(folder / f"{CODE}_project.qgz") as packed:
        return ElementTree.fromstring(packed.read(packed.namelist()[0]))


def _property(layer: Element, name: str) -> str | None:
    return next((one.get("value") for one in layer.iterfind(f"customproperties//Option[@name='{name}']")), None)


def _layers(root: Element) -> dict[str, Element]:
    return {one.findtext("datasource", "").split("|")[0].removeprefix("./"): one for one in root.iter("maplayer")}


def test_names_are_ascii_and_no_other_file_has_the_projects_stem(folder: Path) -> None:
    names = [one.name for one in folder.iterdir()]
    assert all(one.isascii() and " " not in one for one in (*names, folder.name))
    assert [one.split(".")[0] for one in names].count(f"{CODE}_project") == 1


def test_one_project_and_everything_inside_the_folder(folder: Path, root: Element) -> None:
    assert len([one for one in folder.rglob("*") if one.suffix in (".qgz", ".qgs")]) == 1
    assert root.find("homePath").get("path") == ""
    assert root.findtext("properties/Paths/Absolute") == "false"
    sources = [one.text or "" for one in root.iter("datasource")]
    assert all(one.startswith("./") and ".." not in one for one in sources)
    assert all((folder / one[2:].split("|")[0]).is_file() for one in sources)


def test_every_layer_says_what_is_to_be_done_with_it(root: Element) -> None:
    layers = _layers(root)
    assert set(layers) == {"patches.gpkg", "boundary.gpkg", "before.tif", "after.tif"}
    assert {_property(one, "QFieldSync/action") for one in layers.values()} == {"copy"}
    cloud = {name: _property(one, "QFieldSync/cloud_action") for name, one in layers.items()}
    assert cloud.pop("patches.gpkg") == "offline"
    assert set(cloud.values()) == {"no_action"}
    for lock in ("is_feature_addition_locked", "is_feature_deletion_locked", "is_geometry_editing_locked"):
        assert _property(layers["patches.gpkg"], f"QFieldSync/{lock}") == "true"
        assert _property(layers["boundary.gpkg"], f"QFieldSync/{lock}") == "true"
    assert layers["boundary.gpkg"].get("readOnly") == "1"


def test_what_is_edited_is_a_geopackage_of_one_layer_with_a_key(folder: Path) -> None:
    for name in ("patches", "boundary"):
        with closing(sqlite3.connect(folder / f"{name}.gpkg")) as base:
            kinds = base.execute("SELECT table_name FROM gpkg_contents WHERE data_type = 'features'").fetchall()
            columns = base.execute(f"PRAGMA table_info({name})").fetchall()
            version, header = base.execute("PRAGMA user_version").fetchone()[0], base.execute("PRAGMA journal_mode")
            assert header.fetchone()[0] == "delete"
        assert kinds == [(name,)]
        assert version == 10300
        assert [one[1] for one in columns if one[5]] == ["fid"]


def test_photos_have_names_that_do_not_collide(root: Element, form: Form) -> None:
    layer = _layers(root)["patches.gpkg"]
    photos = {one.key for one in form.asked if one.type == "photo"}
    naming = json.loads(_property(layer, "QFieldSync/attachment_naming") or "{}")
    mergin = root.find(f"properties/Mergin/PhotoNaming/{layer.findtext('id')}")
    assert mergin is not None
    assert set(naming) == {one.tag for one in mergin} == photos
    for one in mergin:
        assert '"patch_uid"' in (one.text or "")
        assert f"_{one.tag}_" in (one.text or "")
        assert naming[one.tag] == f"{one.text} || '.{{extension}}'"
    assert root.findtext("properties/Mergin/PhotoQuality") == "2"
    assert root.findtext("properties/qfieldsync/attachmentDirs") == "DCIM"


def test_imagery_is_what_field_apps_ask_for(folder: Path) -> None:
    for phase in ("before", "after"):
        with rasterio.open(folder / f"{phase}.tif") as image:
            assert image.profile["tiled"]
            assert image.compression.name == "jpeg"
            assert image.mask_flag_enums[0] == [MaskFlags.per_dataset]


def test_no_relation_on_the_key_and_nothing_to_trust(root: Element) -> None:
    widgets = {one.get("type") for one in root.iter("editWidget")}
    assert not widgets & {"RelationReference", "ValueRelation"}
    assert not list(root.iter("macro"))
    assert all((one.text or "") == "" for one in root.iter("editforminitcode"))


@pytest.mark.slow
def test_qgis_opens_a_moved_folder_without_a_word(folder: Path, tmp_path: Path) -> None:
    """All layers valid, themes drawn, forms built, no warning in the log; from a path with hanzi and blanks."""
    _skip_without_qgis()
    moved = tmp_path / "外 业 包" / "云溪 县"
    shutil.copytree(folder, moved)
    shutil.rmtree(folder)
    script = ["/usr/bin/python3", str(SCRIPT), str(moved / f"{CODE}_project.qgz")]
    done = subprocess.run(script, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 project(s), 0 problem(s)" in done.stdout


@pytest.mark.slow
def test_qgis_draws_a_geopackage_and_a_shapefile_opened_alone(folder: Path) -> None:
    _skip_without_qgis()
    paths = [str(folder / "patches.gpkg"), str(folder / f"{CODE}_patches.shp")]
    done = subprocess.run(["/usr/bin/python3", "-c", _ALONE, *paths], capture_output=True, text=True, check=False)
    told = dict(line.split("\t") for line in done.stdout.splitlines() if "\t" in line)
    assert told["patches.gpkg"] == "valid 5 categorizedSymbol labels", done.stderr
    assert told[f"{CODE}_patches.shp"].startswith("valid 5 ")
    assert "上坪村" in told[f"{CODE}_patches.shp"]


def _skip_without_qgis() -> None:
    known = subprocess.run(["/usr/bin/python3", "-c", "import qgis.core"], capture_output=True, check=False)
    if known.returncode:
        pytest.skip("QGIS is not installed here (apt install python3-qgis)")


_ALONE = """
import os, sys
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from qgis.core import QgsApplication, QgsVectorLayer
application = QgsApplication([], False)
application.initQgis()
for path in sys.argv[1:]:
    layer = QgsVectorLayer(path, "x", "ogr")
    words = ["valid" if layer.isValid() else "invalid", str(layer.featureCount())]
    if path.endswith(".gpkg"):
        words += [layer.renderer().type(), "labels" if layer.labelsEnabled() else "bare"]
    else:
        words.append(next(layer.getFeatures())["VILLAGE"])
    print(os.path.basename(path), " ".join(words), sep="\\t", flush=True)
os._exit(0)
"""
