"""The campaign's project and the look of findings, held without QGIS."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from pipeline.forms.form import Form, load_form
from pipeline.forms.layers import RUN_LAYERS, layer_qml
from pipeline.forms.overview import BOOKMARKS, write_overview
from pipeline.records import CampaignFacts

BOX = (113.8, 30.4, 114.6, 30.9)
Element = ElementTree.Element


def read(path: Path) -> Element:
    with zipfile.ZipFile(path) as packed:
        assert packed.namelist() == [f"{path.stem}.qgs"]
        return ElementTree.fromstring(packed.read(packed.namelist()[0]))


@pytest.fixture
def root(tmp_path: Path, facts: CampaignFacts, form: Form) -> Element:
    target = tmp_path / "2025Q3.qgz"
    write_overview(target, facts, form, RUN_LAYERS, BOX)
    return read(target)


def test_every_layer_is_there_by_a_relative_path(root: Element) -> None:
    sources = [one.findtext("datasource", "") for one in root.iter("maplayer")]
    assert sorted(sources) == sorted(f"./2025Q3.gpkg|layername={one}" for one in RUN_LAYERS)
    leaves = {one.get("id"): one.get("source") for one in root.iter("layer-tree-layer")}
    assert leaves == {one.findtext("id", ""): one.findtext("datasource", "") for one in root.iter("maplayer")}
    assert all(len(one or "") > 10 and (one or "").isascii() for one in leaves)


def test_themes_and_groups_show_layers_that_are_there(root: Element) -> None:
    ids = {one.findtext("id") for one in root.iter("maplayer")}
    themes = {one.get("name"): [each.get("id") for each in one] for one in root.iter("visibility-preset")}
    assert len(themes) == 3  # none of photos: there are none
    assert all(set(shown) <= ids for shown in themes.values())
    groups = [one for one in root.iter("layer-tree-group") if one.get("name")]
    assert len(groups) == 3
    assert all(one.find("layer-tree-layer") is not None for one in groups)


def test_counties_are_found_again_by_bookmarks(tmp_path: Path, facts: CampaignFacts, form: Form) -> None:
    places = {f"{code}": (f"县{code}", BOX) for code in range(BOOKMARKS + 20, 0, -1)}
    write_overview(tmp_path / "a.qgz", facts, form, RUN_LAYERS, BOX, places)
    marks = list(read(tmp_path / "a.qgz").iter("Bookmark"))
    assert [one.get("name") for one in marks] == [f"县{code} {code}" for code in sorted(places)[:BOOKMARKS]]
    assert len({one.get("id") for one in marks}) == BOOKMARKS


@pytest.mark.parametrize("kind", [*RUN_LAYERS, "photos"])
def test_no_map_tip_shows_a_column_as_markup(kind: str) -> None:
    """QGIS takes map tips for HTML: every column goes through the exchange of `<` first."""
    tip = ElementTree.fromstring(layer_qml(kind, "zh")).findtext("mapTip", "")
    said = re.findall(r"\[%(.*?)%\]", tip)
    assert said
    assert all("'<', '&lt;'" in one for one in said)


def test_a_layer_that_was_not_made_is_not_named(tmp_path: Path, facts: CampaignFacts, form: Form) -> None:
    write_overview(tmp_path / "a.qgz", facts, form, ("counties", "findings"), BOX)
    assert len(list(read(tmp_path / "a.qgz").iter("maplayer"))) == 2


def test_the_map_has_a_reference_system_that_fits_its_width(
    tmp_path: Path, facts: CampaignFacts, form: Form, root: Element
) -> None:
    assert root.findtext("projectCrs/spatialrefsys/authid") == "EPSG:4547"
    assert root.findtext("properties/SpatialRefSys/ProjectionsEnabled") == "1"
    assert root.findtext("properties/Paths/Absolute") == "false"
    write_overview(tmp_path / "wide.qgz", facts, form, RUN_LAYERS, (75.0, 18.0, 134.0, 53.0))
    assert read(tmp_path / "wide.qgz").findtext("projectCrs/spatialrefsys/authid") == facts.crs


def test_same_values_same_bytes_and_nothing_of_this_machine(
    tmp_path: Path, facts: CampaignFacts, form: Form, root: Element
) -> None:
    write_overview(tmp_path / "again" / "2025Q3.qgz", facts, form, RUN_LAYERS, BOX)
    again = (tmp_path / "again" / "2025Q3.qgz").read_bytes()
    assert again == (tmp_path / "2025Q3.qgz").read_bytes()
    assert str(tmp_path) not in ElementTree.tostring(root, encoding="unicode")


def test_strangers_words_are_text(tmp_path: Path, facts: CampaignFacts, form: Form) -> None:
    write_overview(tmp_path / "a.qgz", replace(facts, title='<macro/>]]>&"\x07'), form, RUN_LAYERS, BOX)
    assert not list(read(tmp_path / "a.qgz").iter("macro"))


def classes(root: Element) -> dict[str, tuple[str, ...]]:
    """Category value → colours and widths of its symbol."""
    symbols: dict[str, tuple[str, ...]] = {}
    for one in root.iterfind(".//renderer-v2/symbols/symbol"):
        options = [each for each in one.iter("Option") if each.get("name") in ("line_color", "line_width", "color")]
        symbols[one.get("name", "")] = tuple(each.get("value", "") for each in options)
    listed = root.iterfind(".//renderer-v2/categories/category")
    return {one.get("value", ""): symbols[one.get("symbol", "")] for one in listed}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_findings_are_told_apart_by_verdict_conflict_and_open(form: Form, language: str) -> None:
    root = ElementTree.fromstring(layer_qml("findings", language, form))
    found = classes(root)
    assert list(found) == [*(one.code for one in form.verdict.choices), "conflict", "open"]
    assert len(set(found.values())) == len(found)
    for one in form.verdict.choices:
        red, green, blue = (int(one.colour[at : at + 2], 16) for at in (1, 3, 5))
        assert f"{red},{green},{blue},255" in found[one.code]


def test_findings_without_a_form_are_told_apart_by_state() -> None:
    found = classes(ElementTree.fromstring(layer_qml("findings", "zh")))
    assert set(found) == {"answered", "conflict", "open"}


def share(asked: int, answered: int, expression: str) -> str:
    """What QGIS makes of the expression, by the same words in SQL."""
    import sqlite3

    sql = re.sub(r'to_real\("asked"\)', 'cast("asked" as real)', expression)
    row: Any = sqlite3.connect(":memory:").execute(f"SELECT {sql} FROM (SELECT {asked} asked, {answered} answered)")
    return str(row.fetchone()[0])


@pytest.mark.parametrize(
    ("asked", "answered", "name"),
    [(0, 0, "nothing"), (9, 0, "none"), (9, 1, "some"), (8, 4, "some"), (8, 5, "most"), (9, 8, "most"), (9, 9, "all")],
)
def test_counties_are_drawn_by_what_they_answered(root: Element, asked: int, answered: int, name: str) -> None:
    layer = next(one for one in root.iter("maplayer") if "counties" in one.findtext("id", ""))
    renderer = layer.find("renderer-v2")
    assert renderer is not None
    assert share(asked, answered, renderer.get("attr", "")) == name
    assert name in classes(layer)
    assert len(set(classes(layer).values())) == 5


def test_forms_of_the_shelf_have_verdicts_of_distinct_colours() -> None:
    for name in ("verification_cn", "verification_international"):
        colours = [one.colour for one in load_form(name).verdict.choices]
        assert len(set(colours)) == len(colours)
