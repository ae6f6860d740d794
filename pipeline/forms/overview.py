"""`<campaign>.qgz`: the whole campaign in QGIS, beside `<campaign>.gpkg` and by a relative path.

Counties by what they have answered, findings by verdict, issues; the delivered patches and the rest are there, switched
off. As the county's project, it is written without QGIS and holds nothing to trust.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from pyproj import Transformer

from pipeline.forms.cleaning import clean_text
from pipeline.forms.form import Form
from pipeline.forms.layers import POINTS, run_parts
from pipeline.forms.xml import QGIS_VERSION, Element, crs_element, document, element, stable_uuid
from pipeline.geometry.projection import county_projection
from pipeline.publish import private
from pipeline.records import CampaignFacts
from pipeline.texts import Texts, texts

Box = tuple[float, float, float, float]
# top first
_GROUPS = (
    ("questions", ("issues", "remainders", "borders", "moves")),
    ("answers", ("photos", "findings")),
    ("given", ("pieces", "patches")),
    ("", ("counties",)),
)
_ORDER = tuple(one for _, layers in _GROUPS for one in layers)
_SHOWN = ("findings", "counties")
_THEMES = (
    ("answers", _SHOWN),
    ("questions", ("issues", "remainders", "borders", "moves", "patches", "counties")),
    ("photos", ("photos", *_SHOWN)),
    ("given", ("pieces", "counties")),
)
BOOKMARKS = 300  # each repeats the reference system; more make the project slow to open
_WIDEST_DEG = 12.0  # a wider campaign is shown in longitude and latitude
_STAMP = (2000, 1, 1, 0, 0, 0)
_MARGIN = 0.03


def write_overview(
    target: Path,
    facts: CampaignFacts,
    form: Form,
    layers: Sequence[str],
    extent: Box,
    places: Mapping[str, tuple[str, Box]] | None = None,
) -> None:
    """Publish the project; the same values give the same bytes.

    Args:
        layers: Names of the layers in `<campaign>.gpkg`, which lies beside `target`.
        extent: West, south, east and north of all counties in `facts.crs`, degrees.
        places: Name and box by code of the counties to be found again: a bookmark each, the first 300 by code.
    """
    root = _project(facts, form, layers, extent, places or {})
    content = document(root, "qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'")
    member = zipfile.ZipInfo(f"{target.stem}.qgs", _STAMP)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    member.create_system = 3
    with private(target) as path, zipfile.ZipFile(path, "w") as packed:
        packed.writestr(member, content, compresslevel=6)


def _project(
    facts: CampaignFacts, form: Form, layers: Sequence[str], extent: Box, places: Mapping[str, tuple[str, Box]]
) -> Element:
    words = texts(facts.language)
    crs = _map_crs(facts, extent)
    shown = [one for one in _ORDER if one in layers]
    title = words.say("project.run.overview", campaign=clean_text(facts.title))
    box = _box(extent, facts.crs, crs)
    parts = [
        element("homePath", {"path": ""}),
        element("title", text=title),
        element("projectCrs", None, crs_element(crs)),
        _tree(shown, facts, words),
        _canvas(box, crs),
        element("projectlayers", None, *(_layer(one, facts, form, words) for one in shown)),
        element("layerorder", None, *(element("layer", {"id": _id(one)}) for one in shown)),
        _properties(),
        _themes(shown, words),
        element("Bookmarks", None, *_bookmarks(facts, crs, places, words)),
        element("ProjectViewSettings", None, element("DefaultViewExtent", _corners(box), crs_element(crs))),
    ]
    return element("qgis", {"version": QGIS_VERSION, "projectname": title}, *parts)


def _tree(shown: Sequence[str], facts: CampaignFacts, words: Texts) -> Element:
    """Layers in groups, as they are asked for together; a group of which nothing is there is left out."""
    parts: list[Element] = [element("customproperties")]
    for name, layers in _GROUPS:
        leaves = [_leaf(one, facts, words) for one in layers if one in shown]
        if name and leaves:
            opened = int(bool(set(layers) & set(_SHOWN)))
            head = {"name": words[f"project.run.group.{name}"], "checked": "Qt::Checked", "expanded": opened}
            leaves = [element("layer-tree-group", head, element("customproperties"), *leaves)]
        parts += leaves
    return element("layer-tree-group", None, *parts)


def _themes(shown: Sequence[str], words: Texts) -> Element:
    made = []
    for name, layers in _THEMES:
        if layers[0] in shown:
            there = [_id(one) for one in layers if one in shown]
            parts = [element("layer", {"id": one, "visible": 1, "expanded": 1, "style": "default"}) for one in there]
            head = {"name": words[f"project.run.theme.{name}"], "has-expanded-info": 0}
            made.append(element("visibility-preset", head, *parts))
    return element("visibility-presets", None, *made)


def _bookmarks(
    facts: CampaignFacts, crs: str, places: Mapping[str, tuple[str, Box]], words: Texts
) -> Iterator[Element]:
    for code in sorted(places)[:BOOKMARKS]:
        name, extent = places[code]
        left, bottom, right, top = _box(extent, facts.crs, crs)
        corners = [(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)]
        head = {
            "id": stable_uuid("county", code),
            "name": " ".join(clean_text(f"{name} {code}").split()),
            "group": words["project.run.counties"],
            "extent": "Polygon ((" + ", ".join(f"{x:.8g} {y:.8g}" for x, y in corners) + "))",
            "rotation": 0,
        }
        yield element("Bookmark", head, crs_element(crs))


def _properties() -> Element:
    """Relative paths, and a map with a reference system: without the second QGIS takes none."""
    absolute = element("Absolute", {"type": "bool"}, text="false")
    enabled = element("ProjectionsEnabled", {"type": "int"}, text="1")
    return element("properties", None, element("Paths", None, absolute), element("SpatialRefSys", None, enabled))


def _map_crs(facts: CampaignFacts, extent: Box) -> str:
    west, south, east, north = extent
    if east - west > _WIDEST_DEG:
        return facts.crs
    return county_projection(facts.crs, (west + east) / 2, (south + north) / 2).crs


def _box(extent: Box, crs: str, map_crs: str) -> Box:
    road = Transformer.from_crs(crs, map_crs, always_xy=True)
    left, bottom, right, top = road.transform_bounds(*extent, densify_pts=21)
    margin = _MARGIN * max(right - left, top - bottom)
    grown = np.array([left, bottom, right, top]) + np.array([-1, -1, 1, 1]) * margin
    return tuple(float(one) for one in grown)  # type: ignore[return-value]


def _id(layer: str) -> str:
    return f"campaign_{layer}"  # ASCII and longer than 10 characters, or QGIS replaces it (ecosystem 2.4)


def _source(layer: str, facts: CampaignFacts) -> str:
    return f"./{facts.id}.gpkg|layername={layer}"


def _leaf(layer: str, facts: CampaignFacts, words: Texts) -> Element:
    head = {
        "id": _id(layer),
        "name": words[f"project.run.{layer}"],
        "source": _source(layer, facts),
        "providerKey": "ogr",
        "checked": "Qt::Checked" if layer in _SHOWN else "Qt::Unchecked",
        "expanded": int(layer in _SHOWN),
    }
    return element("layer-tree-layer", head, element("customproperties"))


def _layer(layer: str, facts: CampaignFacts, form: Form, words: Texts) -> Element:
    point = layer in POINTS
    head = {
        "type": "vector",
        "geometry": "Point" if point else "Polygon",
        "wkbType": "Point" if point else "MultiPolygon",
        "labelsEnabled": 1,
        "readOnly": 1,
        "autoRefreshEnabled": 0,
        "hasScaleBasedVisibilityFlag": 0,
        "styleCategories": "AllStyleCategories",
    }
    common = [
        element("id", text=_id(layer)),
        element("datasource", text=_source(layer, facts)),
        element("layername", text=words[f"project.run.{layer}"]),
        element("srs", None, crs_element(facts.crs)),
        element("provider", {"encoding": "UTF-8"}, text="ogr"),
    ]
    parts = run_parts(layer, facts.language, form, progress=True)
    return element("maplayer", head, *common, *parts, element("layerGeometryType", text="0" if point else "2"))


def _canvas(box: Box, crs: str) -> Element:
    corners = (element(name, text=value) for name, value in _corners(box).items())
    parts = [
        element("extent", None, *corners),
        element("rotation", text="0"),
        element("destinationsrs", None, crs_element(crs)),
    ]
    return element("mapcanvas", {"name": "theMapCanvas", "annotationsVisible": 1}, *parts)


def _corners(box: Box) -> dict[str, str]:
    return {
        name: f"{value:.6g}" if abs(value) < 1000 else f"{value:.3f}"
        for name, value in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True)
    }
