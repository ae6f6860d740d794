"""The contract of the project file, held without QGIS (its traps are measured facts of real QGIS)."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pipeline.forms.form import Form
from pipeline.forms.layers import POINTS, RUN_LAYERS, layer_qml
from pipeline.forms.maplayers import ImageryLayer
from pipeline.forms.mistakes import TABS
from pipeline.forms.package import patch_kinds, patches_qml, write_boundary, write_patches
from pipeline.forms.qgis import BOOKMARKS, write_project
from pipeline.records import CampaignFacts, County, Piece
from pipeline.texts import texts

IMAGERY = (
    ImageryLayer("before", "before.tif", "EPSG:4547", date="2025-03-14"),
    ImageryLayer("after", "after.tif", "EPSG:4547", (1,)),
)
Element = ElementTree.Element


@pytest.fixture
def folder(
    tmp_path: Path,
    form: Form,
    facts: CampaignFacts,
    county: County,
    pieces: list[Piece],
    pages: dict[str, int],
) -> Path:
    write_patches(tmp_path / "patches.gpkg", form, facts, pieces, pages)
    write_boundary(tmp_path / "boundary.gpkg", facts, county)
    for image in IMAGERY:
        (tmp_path / image.file).touch()
    write_project(tmp_path / "429901_project.qgz", form, facts, county, pieces, "EPSG:4547", IMAGERY)
    return tmp_path


@pytest.fixture
def root(folder: Path) -> Element:
    return _read(folder / "429901_project.qgz")


def _read(path: Path) -> Element:
    with zipfile.ZipFile(path) as packed:
        assert packed.namelist() == [f"{path.stem}.qgs"]
        return ElementTree.fromstring(packed.read(packed.namelist()[0]))


def _ids(root: Element) -> list[str]:
    return [one.findtext("id", "") for one in root.iter("maplayer")]


def test_layer_ids_are_long_enough_and_ascii(root: Element) -> None:
    ids = _ids(root)
    assert len(set(ids)) == len(ids) == 4
    assert all(len(one) >= 11 and one.isascii() for one in ids)


def test_every_id_named_anywhere_is_a_layer(root: Element) -> None:
    named = [
        one.get("id")
        for tag in ("layer-tree-layer", "visibility-preset/layer", "layerorder/layer")
        for one in root.iterfind(f".//{tag}")
    ]
    named += [one.get("coverageLayer") for one in root.iter("Atlas")]
    assert len(named) > 8
    assert set(named) == set(_ids(root))


def test_maps_of_the_layout_follow_themes_that_exist(root: Element) -> None:
    themes = {one.get("name") for one in root.iter("visibility-preset")}
    followed = {one.get("followPresetName") for one in root.iter("LayoutItem") if one.get("followPreset")}
    assert followed
    assert followed < themes


def test_sources_are_relative_and_there(root: Element, folder: Path) -> None:
    for layer in root.iter("maplayer"):
        source = layer.findtext("datasource", "")
        assert source.startswith("./")
        assert (folder / source.split("|")[0]).is_file()
    text = ElementTree.tostring(root, encoding="unicode")
    assert str(folder) not in text
    assert root.findtext("properties/Paths/Absolute") == "false"
    home = root.find("homePath")
    assert home is not None
    assert home.get("path") == ""


def test_every_reference_system_has_its_wkt(root: Element) -> None:
    systems = list(root.iter("spatialrefsys"))
    assert len(systems) > 6
    assert all("CRS[" in one.findtext("wkt", "") for one in systems)
    assert root.findtext("projectCrs/spatialrefsys/authid") == "EPSG:4547"
    assert root.findtext("properties/SpatialRefSys/ProjectionsEnabled") == "1"


def test_the_form_has_the_fields_of_the_geopackage(root: Element, folder: Path) -> None:
    with closing(sqlite3.connect(folder / "patches.gpkg")) as base:
        columns = [row[1] for row in base.execute("PRAGMA table_info(patches)")]
    columns.remove("geom")
    layer = next(iter(root.iter("maplayer")))
    assert [one.get("name") for one in layer.iterfind("fieldConfiguration/field")] == columns
    assert {one.get("name") for one in layer.iter("attributeEditorField")} <= set(columns)
    for one in layer.iter("attributeEditorField"):
        assert columns[int(one.get("index", "-1"))] == one.get("name")


def test_only_findings_can_be_edited(root: Element, form: Form, facts: CampaignFacts) -> None:
    layer = next(iter(root.iter("maplayer")))
    open_fields = {one.get("name") for one in layer.iterfind("editable/field") if one.get("editable") == "1"}
    assert open_fields == {one.column(facts.area_unit) for one in form.asked}
    boundary = list(root.iter("maplayer"))[1]
    assert boundary.get("readOnly") == "1"


def test_a_tab_for_each_section_shown_for_the_answers_that_ask_for_it(
    root: Element, form: Form, facts: CampaignFacts
) -> None:
    words = texts(facts.language)
    tabs = [one for one in root.iter("attributeEditorContainer") if one.get("type") == "Tab"]
    sections = [words[f"form.section.{tab}"] for tab in TABS]
    assert [one.get("name") for one in tabs] == [words["project.tab.given"], *sections]
    hidden = {one.get("name"): one.get("visibilityExpression") for one in tabs if one.get("visibilityExpression")}
    assert set(hidden) == {words["form.section.approval"], words["form.section.case"]}
    assert form.verdict_key in str(hidden[words["form.section.case"]])
    shown = {one.get("name") for tab in tabs[1:] for one in tab.iter("attributeEditorField")}
    assert shown == {one.column(facts.area_unit) for one in form.asked}


def test_lists_store_codes(root: Element, form: Form) -> None:
    layer = next(iter(root.iter("maplayer")))
    for one in (each for each in form.asked if each.choices):
        field = next(each for each in layer.iterfind("fieldConfiguration/field") if each.get("name") == one.key)
        stored = [each.get("value") for each in field.iterfind(".//Option[@name='map']/Option/Option")]
        assert stored[1:] == [choice.code for choice in one.choices]


def test_defaults_keep_what_was_there(root: Element, form: Form) -> None:
    layer = next(iter(root.iter("maplayer")))
    stamped = {
        one.get("field"): one.get("expression", "")
        for one in layer.iterfind("defaults/default")
        if one.get("applyOnUpdate") == "1"
    }
    assert set(stamped) == {one.key for one in form.asked if one.stamp}
    assert all(f'coalesce("{key}"' in said for key, said in stamped.items())


def test_imagery_is_shown_one_at_a_time(root: Element) -> None:
    group = next(one for one in root.iter("layer-tree-group") if one.get("mutually-exclusive") == "1")
    checked = [one.get("checked") for one in group.iter("layer-tree-layer")]
    assert checked == ["Qt::Checked", "Qt::Unchecked"]
    kinds = sorted(one.get("type", "") for one in root.iter("rasterrenderer"))
    assert kinds == ["multibandcolor", "singlebandgray"]


def test_fonts_are_written_for_old_and_new(root: Element) -> None:
    labels = [one for one in root.iter("LayoutItem") if one.get("type") == "65641"]
    assert labels
    assert all(one.find("LabelFont") is not None and one.find("text-style") is not None for one in labels)


def test_what_qfield_asks_for(root: Element, form: Form) -> None:
    for layer in root.iter("maplayer"):
        values = {one.get("name"): one.get("value") for one in layer.iterfind("customproperties/Option/Option")}
        assert values["QFieldSync/action"] == "copy"
    layer = next(iter(root.iter("maplayer")))
    values = {one.get("name"): one.get("value") for one in layer.iterfind("customproperties/Option/Option")}
    photos = json.loads(values["QFieldSync/attachment_naming"] or "")
    assert set(photos) == {one.key for one in form.asked if one.type == "photo"}
    assert values["QFieldSync/is_geometry_editing_locked"] == "true"


def test_nothing_has_to_be_trusted(root: Element) -> None:
    text = ElementTree.tostring(root, encoding="unicode").lower()
    for word in ("macro", "initcode", "<actionsetting", "python", "http://", "https://"):
        assert word not in text.replace("http://www.w3.org", "")


def test_bookmarks_are_the_asked_pieces_and_bounded(
    tmp_path: Path, form: Form, facts: CampaignFacts, county: County, make_piece: Callable[[int], Piece]
) -> None:
    many = [replace(make_piece(1), seq=seq, patch_uid=f"u{seq}") for seq in range(1, BOOKMARKS + 40)]
    target = tmp_path / "429901_project.qgz"
    write_project(target, form, facts, county, many, "EPSG:4547")
    marks = list(_read(target).iter("Bookmark"))
    assert len({one.get("id") for one in marks}) == len(marks) == BOOKMARKS


def test_no_imagery_no_imagery_theme(
    tmp_path: Path, form: Form, facts: CampaignFacts, county: County, pieces: list[Piece]
) -> None:
    target = tmp_path / "429901_project.qgz"
    write_project(target, form, facts, county, pieces, "EPSG:4547", IMAGERY[1:])
    root = _read(target)
    words = texts(facts.language)
    assert [one.get("name") for one in root.iter("visibility-preset")] == [
        words["project.after"],
        words["project.theme_vector"],
    ]
    assert len(_ids(root)) == 3


def test_the_same_values_give_the_same_bytes(
    folder: Path, form: Form, facts: CampaignFacts, county: County, pieces: list[Piece]
) -> None:
    first = (folder / "429901_project.qgz").read_bytes()
    write_project(folder / "429901_project.qgz", form, facts, county, pieces[::-1], "EPSG:4547", IMAGERY[::-1])
    assert (folder / "429901_project.qgz").read_bytes() == first


def test_strangers_words_are_text(
    tmp_path: Path, form: Form, facts: CampaignFacts, county: County, make_piece: Callable[[int], Piece]
) -> None:
    evil = "<macro/>]]>&\"\x07\u202e[% env('HOME') %]"
    target = tmp_path / "429901_project.qgz"
    named = replace(county, name=evil)
    write_project(target, form, replace(facts, title=evil), named, [replace(make_piece(1), patch_no=evil)], "EPSG:4547")
    root = _read(target)
    assert not list(root.iter("macro"))
    assert all("[% env" not in one.get("labelText", "") for one in root.iter("LayoutItem"))


def test_a_geopackage_opened_alone_has_the_form(form: Form, facts: CampaignFacts, root: Element) -> None:
    alone = ElementTree.fromstring(patches_qml(form, facts))
    layer = next(iter(root.iter("maplayer")))
    for tag in (
        "renderer-v2",
        "labeling",
        "fieldConfiguration",
        "attributeEditorForm",
        "constraintExpressions",
    ):
        one, other = alone.find(tag), layer.find(tag)
        assert one is not None
        assert other is not None
        assert ElementTree.canonicalize(ElementTree.tostring(one), strip_text=True) == ElementTree.canonicalize(
            ElementTree.tostring(other), strip_text=True
        )


@pytest.mark.parametrize("kind", [*RUN_LAYERS, "photos"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_layers_of_the_run_have_a_style(kind: str, language: str) -> None:
    root = ElementTree.fromstring(layer_qml(kind, language))
    assert root.find("renderer-v2") is not None
    assert root.findtext("layerGeometryType") == ("0" if kind in POINTS else "2")


def test_every_category_has_a_colour_of_its_own(root: Element, form: Form) -> None:
    layer = next(iter(root.iter("maplayer")))
    values = [one.get("value") for one in layer.iterfind("renderer-v2/categories/category")]
    assert values == ["open", *(one.code for one in form.verdict.choices), "not_asked"]
    symbols = [one.iterfind(".//Option[@name='line_color']") for one in layer.iterfind("renderer-v2/symbols/symbol")]
    colours = [tuple(each.get("value") for each in one) for one in symbols]
    assert len(set(colours)) == len(colours)


def test_columns_have_names_in_the_readers_language(root: Element, form: Form, facts: CampaignFacts) -> None:
    layer = next(iter(root.iter("maplayer")))
    names = {one.get("field"): one.get("name") for one in layer.iterfind("aliases/alias")}
    assert list(names) == list(patch_kinds(form, facts))
    assert all(names.values())
