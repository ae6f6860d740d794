"""A county's folder held against what QField and Mergin Maps publish as their checks, and opened in QGIS.

One test a check. `qfield_…` is a check of `libqfieldsync/project_checker.py`, `mergin_…` one of `Mergin/validation.py`
in the plugin of Mergin Maps, by the name it has there; `docs_…` is what the documentation of QField asks for.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import zipfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path, PureWindowsPath
from xml.etree import ElementTree

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.enums import MaskFlags

from pipeline.book_parts import BookPart
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
from pipeline.records import CampaignFacts, County, Office, Piece
from pipeline.sheets.fonts import load_font
from tests.in_qgis import check_projects, in_qgis, need_qgis

CODE = "429901"
BOOK = (BookPart(f"{CODE}_sheets_1.pdf", 1, 4), BookPart(f"{CODE}_sheets_2.pdf", 5, 3))
Element = ElementTree.Element
_MADE: dict[str, Path] = {}  # by profile: read only, made once


@pytest.fixture
def folder(
    tmp_path_factory: pytest.TempPathFactory,
    profile: str,
    form: Form,
    facts: CampaignFacts,
    county: County,
    pieces: list[Piece],
    pages: dict[str, int],
) -> Path:
    """Everything a county can be handed, but the sheets; nobody writes into it."""
    if profile not in _MADE:
        made = tmp_path_factory.mktemp(profile) / f"{CODE}_{facts.id}"
        made.mkdir()
        _MADE[profile] = _fill(made, form, facts, county, pieces, pages)
    return _MADE[profile]


def _fill(
    made: Path, form: Form, facts: CampaignFacts, county: County, pieces: list[Piece], pages: dict[str, int]
) -> Path:
    write_checklist(made / f"{CODE}_checklist.xlsx", form, facts, county, pieces, pages)
    write_patches(made / "patches.gpkg", form, facts, pieces, pages)
    write_boundary(made / "boundary.gpkg", facts, county)
    imagery = []
    for phase in ("before", "after"):
        _image(made / f"{phase}.tif", phase)
        imagery.append(ImageryLayer(phase, f"{phase}.tif", "EPSG:4547", date="2025-03-14"))
    write_project(made / f"{CODE}_project.qgz", form, facts, county, pieces, "EPSG:4547", imagery, BOOK)
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
    """A window of imagery as export writes it, wholly filled, large enough to have overviews."""
    source = path.with_suffix(".source.tif")
    ground = Affine(5, 0, 480_000, 0, -5, 3_385_000)
    size = {"driver": "GTiff", "width": 640, "height": 640, "count": 3, "dtype": "uint8"}
    with rasterio.open(source, "w", crs="EPSG:4547", transform=ground, **size) as target:
        target.write(np.tile(np.arange(640, dtype=np.uint16).astype(np.uint8), (3, 640, 1)))
    scene = read_scene(source, phase, "2025-03-14", "", None, "EPSG:4490", "0" * 64)
    write_sparse([scene], [(480_000, 3_381_800, 483_200, 3_385_000)], path)
    source.unlink()


@pytest.fixture
def root(folder: Path) -> Element:
    with zipfile.ZipFile(folder / f"{CODE}_project.qgz") as packed:
        return ElementTree.fromstring(packed.read(packed.namelist()[0]))


@pytest.fixture
def layers(root: Element) -> dict[str, Element]:
    """The project's layers by the file each reads."""
    return {one.findtext("datasource", "").split("|")[0].removeprefix("./"): one for one in root.iter("maplayer")}


@pytest.fixture
def patches(layers: dict[str, Element]) -> Element:
    return layers["patches.gpkg"]


def _property(layer: Element, name: str) -> str | None:
    return next((one.get("value") for one in layer.iterfind(f"customproperties//Option[@name='{name}']")), None)


def _widgets(layer: Element, kind: str) -> dict[str, dict[str, str | None]]:
    """The settings of the widgets of a kind, by field."""
    found = {}
    for field in layer.iterfind("fieldConfiguration/field"):
        widget = field.find("editWidget")
        if widget is not None and widget.get("type") == kind:
            found[field.get("name", "")] = {one.get("name", ""): one.get("value") for one in widget.iter("Option")}
    return found


# -- QField: libqfieldsync, project checks ---------------------------------------------------------------


def test_qfield_check_no_absolute_filepaths(root: Element) -> None:
    assert root.findtext("properties/Paths/Absolute") == "false"


def test_qfield_check_no_homepath(root: Element) -> None:
    home = root.find("homePath")
    assert home is not None
    assert home.get("path") == ""


def test_qfield_check_files_have_unsupported_characters(folder: Path) -> None:
    for one in folder.rglob("*"):
        assert not re.search(r'[<>:"|?*\\\x00-\x1f]', one.relative_to(folder).as_posix())
        assert not PureWindowsPath(one.name).is_reserved()


def test_qfield_check_project_layers_sources_actions(layers: dict[str, Element]) -> None:
    """Every layer is copied as it is: no file is asked to be two things."""
    assert {_property(one, "QFieldSync/action") for one in layers.values()} == {"copy"}


def test_qfield_check_for_conflicting_base_filenames(folder: Path) -> None:
    assert [one.stem for one in folder.rglob("*")].count(f"{CODE}_project") == 1


# -- QField: libqfieldsync, layer checks -----------------------------------------------------------------


def test_qfield_check_layer_has_utf8_datasources(root: Element) -> None:
    encodings = [one.get("encoding") for one in root.iter("provider") if one.text == "ogr"]
    assert encodings == ["UTF-8", "UTF-8"]


def test_qfield_check_layer_has_ascii_filename(folder: Path) -> None:
    names = [one.name for one in folder.iterdir()]
    assert all(one.isascii() and " " not in one for one in (*names, folder.name))


def test_qfield_check_external_layers(root: Element, folder: Path) -> None:
    sources = [one.text or "" for one in root.iter("datasource")]
    assert all(one.startswith("./") and ".." not in one for one in sources)
    assert all((folder / one[2:].split("|")[0]).is_file() for one in sources)


def test_qfield_check_layer_primary_key(folder: Path) -> None:
    for name in ("patches", "boundary"):
        with closing(sqlite3.connect(folder / f"{name}.gpkg")) as base:
            columns = base.execute(f"PRAGMA table_info({name})").fetchall()
        assert [one[1] for one in columns if one[5]] == ["fid"]


def test_qfield_check_layer_memory(root: Element) -> None:
    assert {one.text for one in root.iter("provider")} == {"ogr", "gdal"}


def test_qfield_check_layer_configured(layers: dict[str, Element]) -> None:
    assert set(layers) == {"patches.gpkg", "boundary.gpkg", "before.tif", "after.tif"}
    cloud = {name: _property(one, "QFieldSync/cloud_action") for name, one in layers.items()}
    assert cloud.pop("patches.gpkg") == "offline"
    assert set(cloud.values()) == {"no_action"}


def test_qfield_check_layer_package_prevention(root: Element) -> None:
    """Neither a shared data set of this computer nor something on a server."""
    sources = [one.text or "" for one in root.iter("datasource")]
    assert not [one for one in sources if "localized:" in one or "://" in one or one.endswith("ecw")]


def test_qfield_check_layer_has_experimental_cloud_support(layers: dict[str, Element]) -> None:
    offline = [name for name, one in layers.items() if _property(one, "QFieldSync/cloud_action") == "offline"]
    assert offline == ["patches.gpkg"]


def test_qfield_check_basemap_configuration(root: Element) -> None:
    """No base map is to be made out of the project: the imagery is there."""
    assert root.find("properties/qfieldsync/createBaseMap") is None


def test_qfield_attachment_fields_have_names_that_do_not_collide(root: Element, patches: Element, form: Form) -> None:
    photos = {one.key for one in form.asked if one.type == "photo"}
    naming = json.loads(_property(patches, "QFieldSync/attachment_naming") or "{}")
    assert set(naming) == set(_widgets(patches, "ExternalResource")) == photos
    for key, said in naming.items():
        assert said.startswith("'DCIM/' || \"patch_uid\"")
        assert f"_{key}_" in said
        assert said.endswith("'.{extension}'")
    assert root.findtext("properties/qfieldsync/attachmentDirs") == "DCIM"


def test_qfield_locks(layers: dict[str, Element]) -> None:
    for lock in ("is_feature_addition_locked", "is_feature_deletion_locked", "is_geometry_editing_locked"):
        assert _property(layers["patches.gpkg"], f"QFieldSync/{lock}") == "true"
        assert _property(layers["boundary.gpkg"], f"QFieldSync/{lock}") == "true"


def test_qfield_widgets_are_those_it_has(root: Element) -> None:
    known = {"TextEdit", "ValueMap", "DateTime", "ExternalResource", "CheckBox", "Range", "Hidden", "UuidGenerator"}
    assert {one.get("type") for one in root.iter("editWidget")} <= known


# -- Mergin Maps: the validator of its plugin ------------------------------------------------------------


def test_mergin_check_single_proj(folder: Path) -> None:
    assert len([one for one in folder.rglob("*") if one.suffix in (".qgz", ".qgs")]) == 1


def test_mergin_check_editable_vectors_format(layers: dict[str, Element], folder: Path) -> None:
    """There is a layer to fill in, and what can be edited is a GeoPackage of one layer, not in write-ahead mode."""
    assert layers["patches.gpkg"].get("readOnly") == "0"
    for name in ("patches", "boundary"):
        with closing(sqlite3.connect(folder / f"{name}.gpkg")) as base:
            kinds = base.execute("SELECT table_name FROM gpkg_contents WHERE data_type = 'features'").fetchall()
            assert base.execute("PRAGMA journal_mode").fetchone()[0] == "delete"
            assert base.execute("PRAGMA user_version").fetchone()[0] == 10300
        assert kinds == [(name,)]


def test_mergin_check_saved_in_proj_dir(root: Element) -> None:
    assert all((one.text or "").count("/") == 1 for one in root.iter("datasource"))


def test_mergin_check_offline(root: Element) -> None:
    assert not {one.text for one in root.iter("provider")} & {"wms", "WFS", "wcs", "postgres", "arcgismapserver"}


def test_mergin_check_attachment_widget(patches: Element, root: Element) -> None:
    for settings in _widgets(patches, "ExternalResource").values():
        assert settings["RelativeStorage"] == "1"
        assert not {"DefaultRoot", "UseLink", "PropertyCollection"} & set(settings)
    naming = root.find(f"properties/Mergin/PhotoNaming/{patches.findtext('id')}")
    assert naming is not None
    assert {one.tag for one in naming} == set(_widgets(patches, "ExternalResource"))
    assert root.findtext("properties/Mergin/PhotoQuality") == "2"


def test_mergin_check_project_relations(root: Element) -> None:
    assert not list(root.iter("relation"))
    assert not {one.get("type") for one in root.iter("editWidget")} & {"RelationReference"}


def test_mergin_check_value_relation(root: Element) -> None:
    assert not {one.get("type") for one in root.iter("editWidget")} & {"ValueRelation"}


def test_mergin_check_field_names(patches: Element) -> None:
    names = [one.get("name", "") for one in patches.iterfind("fieldConfiguration/field")]
    assert len(names) > 20
    assert not [one for one in names if re.search(r"[\\/()\[\]{}\"\n\r]", one)]


def test_mergin_check_snapping(root: Element) -> None:
    assert root.find("properties/Mergin/Snapping") is None
    assert not [one for one in root.iter("snapping-settings") if one.get("enabled") == "1"]


def test_mergin_check_datum_shift_grids(root: Element) -> None:
    """No transform of the project needs a grid: layers and map are of one datum."""
    assert "grids=" not in ElementTree.tostring(root, encoding="unicode")


def test_mergin_check_svgs_embedded(root: Element) -> None:
    assert not [one for one in root.iter("layer") if one.get("class") == "SvgMarker"]
    assert all(one.get("file", "").startswith("base64:") for one in root.iter("LayoutItem") if one.get("file"))


# -- QField: what its documentation asks of rasters, and what did not load on phones ---------------------


@pytest.mark.parametrize("phase", ["before", "after"])
def test_docs_imagery_is_a_cog_that_phones_read(folder: Path, phase: str) -> None:
    """COG of JPEG in tiles, overviews and mask inside; no file beside it that could be left behind (qfieldsync 86)."""
    with rasterio.open(folder / f"{phase}.tif") as image:
        assert image.profile["tiled"]
        assert image.block_shapes == [(512, 512)] * 3
        assert image.compression.name == "jpeg"
        assert image.overviews(1) == [2]
        assert image.mask_flag_enums[0] == [MaskFlags.per_dataset]
        assert image.dtypes == ("uint8",) * 3
    with (folder / f"{phase}.tif").open("rb") as file:
        assert file.read(8) == b"II*\0\x08\0\0\0"  # classic TIFF, its directory first: not BigTIFF
    assert [one.name for one in folder.iterdir() if one.name.startswith(f"{phase}.")] == [f"{phase}.tif"]


def test_nothing_has_to_be_trusted(root: Element) -> None:
    assert not list(root.iter("macro"))
    assert not list(root.iter("actionsetting"))
    assert all((one.text or "") == "" for one in root.iter("editforminitcode"))


# -- in QGIS itself --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_qgis_opens_a_moved_folder_without_a_word(folder: Path, tmp_path: Path) -> None:
    """All layers valid, themes drawn, forms built, no warning in the log; from a path with hanzi and blanks."""
    need_qgis()
    moved = tmp_path / "外 业 包" / "云溪 县"
    shutil.copytree(folder, moved)
    assert "1 project(s), 0 problem(s)" in check_projects(moved / f"{CODE}_project.qgz")


@pytest.mark.slow
def test_qgis_reads_what_is_opened_alone(
    folder: Path, tmp_path: Path, facts: CampaignFacts, pieces: list[Piece]
) -> None:
    """The GeoPackage styled and with its form, the KMZ, and the shapefile in both encodings."""
    shutil.copy(folder / "patches.gpkg", tmp_path / "改 名.gpkg")
    shutil.copy(folder / f"{CODE}_patches.kmz", tmp_path)
    for encoding in ("utf-8", "gb18030"):
        write_shapefile(tmp_path / encoding, facts, pieces, {}, encoding)
    told = {one[0]: one[1:] for one in in_qgis(_ALONE, tmp_path)}
    assert told["改 名.gpkg"][:2] == ["5", "categorizedSymbol labels 4 tabs"]
    assert told[f"{CODE}_patches.kmz"][0] == "5"  # the county and what it is asked
    for encoding in ("utf-8", "gb18030"):
        assert told[f"{encoding}.shp"][0] == "5"
        assert "上坪村" in told[f"{encoding}.shp"][2]
    assert "上坪村" in told[f"{CODE}_patches.kmz"][2]
    assert told["log"] == [""]


_ALONE = """
from qgis.PyQt.QtWidgets import QTabWidget
logged = []
def heard(said, tag, level):
    if level >= Qgis.Warning and "uth" not in tag:
        logged.append(said)
application.messageLog().messageReceived.connect(heard)
for name in sorted(os.listdir(sys.argv[1])):
    if name.endswith((".gpkg", ".kmz", ".shp")):
        layer = QgsVectorLayer(os.path.join(sys.argv[1], name), "x", "ogr")
        assert layer.isValid(), name
        rows = [one.attributes() for one in layer.getFeatures()]
        look = ""
        if name.endswith(".gpkg"):
            form = QgsAttributeForm(layer, next(layer.getFeatures()))
            tabs = sum(one.count() for one in form.findChildren(QTabWidget))
            look = f"{layer.renderer().type()} {'labels' if layer.labelsEnabled() else ''} {tabs} tabs"
        tell(name, len(rows), look, repr(rows))
tell("log", " ".join(logged))
"""


@pytest.mark.slow
def test_qgis_shows_strangers_words_as_words(
    tmp_path: Path, form: Form, facts: CampaignFacts, county: County, pieces: list[Piece]
) -> None:
    """A map tip is HTML and a layout label a template: neither runs, fetches nor reads what a name says."""
    evil = "<img src=\"http://evil.example/x\"><b>[% 1 + 1 %]</b> ' || @project_path || ' &lt;script&gt;\\"
    pieces = [replace(one, patch_no=evil, town=evil, village=evil, patch_type_name=evil) for one in pieces]
    write_patches(tmp_path / "patches.gpkg", form, facts, pieces, {pieces[0].patch_uid: 6})
    write_boundary(tmp_path / "boundary.gpkg", facts, replace(county, name=evil))
    office = replace(facts, title=evil, office=Office(unit=evil))
    write_project(tmp_path / "p.qgz", form, office, replace(county, name=evil), pieces, "EPSG:4547", (), BOOK)
    told = {one[0]: one[1:] for one in in_qgis(_WORDS, tmp_path / "p.qgz")}
    for tip in (told["patches.gpkg"][0], told["boundary.gpkg"][0]):
        assert "<img" not in tip
        assert "&lt;img src=&quot;http://evil.example/x&quot;&gt;" in tip
        assert "[% 1 + 1 %]" in tip
        assert str(tmp_path) not in tip
    assert f"{CODE}_sheets_2.pdf#page=2" in told["page"][0]
    assert "<" not in told["patches.gpkg"][1]
    labels = " ".join(told["labels"])
    assert "[% 1 + 1 %]" in labels.replace("[ %", "[%")
    assert str(tmp_path) not in labels


_WORDS = r"""
layers = opened(sys.argv[1])
def spoken(template, layer, feature):
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    context.setFeature(feature)
    context.setFields(layer.fields())
    return QgsExpression.replaceExpressionText(template, context).replace("\n", " "), context
for name, layer in layers.items():
    feature = next(layer.getFeatures())
    tip, context = spoken(layer.mapTipTemplate(), layer, feature)
    tell(name, tip, QgsExpression(layer.displayExpression()).evaluate(context))
layer = layers["patches.gpkg"]
tell("page", spoken(layer.mapTipTemplate(), layer, next(layer.getFeatures('"page" = 6')))[0])
layout = QgsProject.instance().layoutManager().printLayouts()[0]
layout.atlas().beginRender()
layout.atlas().first()
tell("labels", *(one.currentText().replace("\n", " ") for one in layout.items() if isinstance(one, QgsLayoutItemLabel)))
"""
