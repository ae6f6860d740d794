"""The QGIS and QField project of a county: written without QGIS, opened by QGIS 3.22 and later.

One `.qgz` beside `patches.gpkg`, `boundary.gpkg` and the imagery, all by relative paths: the folder can be
moved, zipped and copied to a phone. No macros, no actions, no form code: there is nothing to trust.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import shapely
from pyproj import CRS, Transformer

from pipeline.book_parts import BookPart
from pipeline.forms.atlas import SCALES, AtlasWords, Frame, atlas_layout
from pipeline.forms.cleaning import clean_text
from pipeline.forms.form import Form
from pipeline.forms.given import place_words
from pipeline.forms.identity import book_order
from pipeline.forms.maplayers import (
    ImageryLayer,
    ascii_code,
    boundary_layer,
    image_layer,
    image_name,
    layer_ids,
    patches_layer,
    photo_names,
)
from pipeline.forms.package import patch_kinds
from pipeline.forms.tips import verdict_words
from pipeline.forms.widgets import column_name
from pipeline.forms.xml import QGIS_VERSION, Element, crs_element, document, element, stable_uuid
from pipeline.records import CampaignFacts, County, Piece
from pipeline.texts import Texts, texts

Box = tuple[float, float, float, float]
BOOKMARKS = 300  # each repeats the reference system; more make the project slow to open
PHASES = ("after", "before")
_MARGIN = 0.04
_TABLE = (
    "patch_no",
    "town",
    "village",
    "patch_type_name",
    "phase_before",
    "phase_after",
    "area",
    "patch_uid",
)
_STAMP = (2000, 1, 1, 0, 0, 0)


def write_project(
    target: Path,
    form: Form,
    facts: CampaignFacts,
    county: County,
    pieces: Sequence[Piece],
    projected_crs: str,
    imagery: Sequence[ImageryLayer] = (),
    book: Sequence[BookPart] = (),
) -> None:
    """Write the project as `.qgz`; the same values give the same bytes.

    Args:
        pieces: The county's; asked ones get a bookmark, the first 300.
        projected_crs: What the map is shown in, "EPSG:4547".
        imagery: The image files in the folder, at most one before and one after.
        book: The files of the book of sheets in the folder; map tips lead to its pages.
    """
    root = project_tree(form, facts, county, pieces, projected_crs, imagery, book)
    content = document(root, "qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'")
    member = zipfile.ZipInfo(f"{target.stem}.qgs", _STAMP)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    member.create_system = 3
    with zipfile.ZipFile(target, "w") as packed:
        packed.writestr(member, content, compresslevel=6)


def project_tree(
    form: Form,
    facts: CampaignFacts,
    county: County,
    pieces: Sequence[Piece],
    projected_crs: str,
    imagery: Sequence[ImageryLayer],
    book: Sequence[BookPart] = (),
) -> Element:
    """The project as a tree of elements."""
    words = texts(facts.language)
    ids = layer_ids(county.code, imagery)
    columns = list(patch_kinds(form, facts))
    images = sorted(imagery, key=lambda one: PHASES.index(one.phase))
    title = words.say("project.title", campaign=clean_text(facts.title), county=clean_text(county.name))
    extent = _extent(county, facts.crs, projected_crs)
    layers = [
        patches_layer(ids, form, facts, columns, words, book),
        boundary_layer(ids, facts, words),
        *(image_layer(ids, one, words) for one in images),
    ]
    parts = [
        element("homePath", {"path": ""}),
        element("title", text=title),
        element("projectCrs", None, crs_element(projected_crs)),
        _tree(ids, images, words),
        _canvas(extent, projected_crs),
        element("projectlayers", None, *layers),
        element("layerorder", None, *(element("layer", {"id": one}) for one in ids.values())),
        _properties(facts, projected_crs, _mergin(ids["patches"], form)),
        _themes(ids, images, words),
        _bookmarks(county, facts, projected_crs, pieces, words),
        element("Layouts", None, _layout(ids, images, form, facts, county, columns, words)),
        _view(extent, projected_crs),
    ]
    return element("qgis", {"version": QGIS_VERSION, "projectname": title}, *parts)


def _tree(ids: Mapping[str, str], images: Sequence[ImageryLayer], words: Texts) -> Element:
    leaves = [
        _leaf(ids["patches"], words["project.patches"], "./patches.gpkg|layername=patches", "ogr", True),
        _leaf(ids["boundary"], words["project.boundary"], "./boundary.gpkg|layername=boundary", "ogr", True),
    ]
    if images:
        shown = [
            _leaf(ids[one.phase], image_name(one, words), f"./{one.file}", "gdal", at == 0)
            for at, one in enumerate(images)
        ]
        head = {
            "name": words["project.imagery"],
            "checked": "Qt::Checked",
            "expanded": 1,
            "mutually-exclusive": 1,
            "mutually-exclusive-child": 0,
        }
        leaves.append(element("layer-tree-group", head, element("customproperties"), *shown))
    return element("layer-tree-group", None, element("customproperties"), *leaves)


def _leaf(layer_id: str, name: str, source: str, provider: str, checked: bool) -> Element:
    head = {
        "id": layer_id,
        "name": name,
        "source": source,
        "providerKey": provider,
        "checked": "Qt::Checked" if checked else "Qt::Unchecked",
        "expanded": int(provider == "ogr"),
    }
    return element("layer-tree-layer", head, element("customproperties"))


def _canvas(extent: Box, crs: str) -> Element:
    parts = [
        element("units", text="degrees" if CRS.from_user_input(crs).is_geographic else "meters"),
        _box("extent", extent),
        element("rotation", text="0"),
        element("destinationsrs", None, crs_element(crs)),
    ]
    return element("mapcanvas", {"name": "theMapCanvas", "annotationsVisible": 1}, *parts)


def _box(tag: str, extent: Box) -> Element:
    names = ("xmin", "ymin", "xmax", "ymax")
    return element(tag, None, *(element(name, text=f"{value:.3f}") for name, value in zip(names, extent, strict=True)))


def _view(extent: Box, crs: str) -> Element:
    names = ("xmin", "ymin", "xmax", "ymax")
    box = {name: f"{value:.3f}" for name, value in zip(names, extent, strict=True)}
    default = element("DefaultViewExtent", box, crs_element(crs))
    scales = element("Scales", None, *(element("Scale", {"Value": one}) for one in reversed(SCALES)))
    return element("ProjectViewSettings", {"UseProjectScales": 1}, scales, default)


def _extent(county: County, crs: str, projected_crs: str) -> Box:
    """The county's box in the map's reference system, with a margin."""
    road = Transformer.from_crs(crs, projected_crs, always_xy=True)
    left, bottom, right, top = _bounds(county.geometry, road)
    margin = _MARGIN * max(right - left, top - bottom)
    return (left - margin, bottom - margin, right + margin, top + margin)


def _bounds(geometry: Any, road: Transformer) -> Box:
    """The box of the shape itself: that of its degrees would be the whole Earth where it crosses the 180th meridian."""
    box: Box = shapely.transform(geometry, road.transform, interleaved=False).bounds
    return box


def _mergin(layer_id: str, form: Form) -> Element:
    """What Mergin Maps reads: names of photos by layer and field, and their quality (2: some 500 KB)."""
    fields = [element(key, {"type": "QString"}, text=said) for key, said in photo_names(form).items()]
    quality = element("PhotoQuality", {"type": "int"}, text="2")
    return element("Mergin", None, element("PhotoNaming", None, element(layer_id, None, *fields)), quality)


def _properties(facts: CampaignFacts, projected_crs: str, mergin: Element) -> Element:
    def setting(tag: str, kind: str, said: str) -> Element:
        return element(tag, {"type": kind}, text=said)

    ellipsoid = CRS.from_user_input(projected_crs).ellipsoid
    known = ellipsoid.to_json_dict().get("id") if ellipsoid else None
    measured = f"{known['authority']}:{known['code']}" if known else "NONE"
    field = [
        setting("maximumImageWidthHeight", "int", "1600"),
        setting("attachmentDirs", "QString", "DCIM"),
        setting("initialMapMode", "QString", "browse"),
    ]
    area = {"ha": "ha", "ac": "ac"}.get(facts.area_unit, "m2")
    return element(
        "properties",
        None,
        element("Paths", None, setting("Absolute", "bool", "false")),
        element("SpatialRefSys", None, setting("ProjectionsEnabled", "int", "1")),
        element("Measure", None, setting("Ellipsoid", "QString", measured)),
        element(
            "Measurement",
            None,
            setting("DistanceUnits", "QString", "meters"),
            setting("AreaUnits", "QString", area),
        ),
        element("qfieldsync", None, *field),
        mergin,
    )


def _themes(ids: Mapping[str, str], images: Sequence[ImageryLayer], words: Texts) -> Element:
    return element(
        "visibility-presets",
        None,
        *(_theme(words[f"project.{one.phase}"], [ids["patches"], ids["boundary"], ids[one.phase]]) for one in images),
        _theme(words["project.theme_vector"], [ids["patches"], ids["boundary"]]),
    )


def _theme(name: str, shown: Sequence[str]) -> Element:
    layers = [element("layer", {"id": one, "visible": 1, "expanded": 1, "style": "default"}) for one in shown]
    return element("visibility-preset", {"name": name, "has-expanded-info": 0}, *layers)


def _layout(
    ids: Mapping[str, str],
    images: Sequence[ImageryLayer],
    form: Form,
    facts: CampaignFacts,
    county: County,
    columns: Sequence[str],
    words: Texts,
) -> Element:
    frames = [Frame(words[f"project.{one.phase}"], _literal(image_name(one, words))) for one in reversed(images)]
    frames = frames or [Frame(words["project.theme_vector"], words["project.theme_vector"])]
    title = " ".join(clean_text(one) for one in (county.name, facts.title))
    rows = [_row(column, facts, words) for column in _TABLE if _in_unit(column, facts) in columns]
    rows.append(f"{form.verdict.heading[words.language]}  [% {verdict_words(form, words)} %]")
    told = AtlasWords(_literal(title), "\n".join(rows), "\n".join(_notes(facts, words)))
    return atlas_layout(ascii_code(county.code), ids["patches"], ids["boundary"], frames, told, words)


def _notes(facts: CampaignFacts, words: Texts) -> list[str]:
    """Who issues it and when, and that a patch is a lead."""
    said = [_literal(clean_text(facts.office.unit)), facts.map_date.isoformat() if facts.map_date else ""]
    return [" ".join(said).strip(), words["project.layout_note"] if facts.lead_note else ""]


def _in_unit(column: str, facts: CampaignFacts) -> str:
    return f"area_{facts.area_unit}" if column == "area" else column


def _row(column: str, facts: CampaignFacts, words: Texts) -> str:
    name = column_name(_in_unit(column, facts), facts, {}, words)
    return f"{name}  [% coalesce(\"{_in_unit(column, facts)}\", '') %]"


def _literal(said: str) -> str:
    """Words of strangers in a label: nothing of them is taken for an expression."""
    return said.replace("[%", "[ %")


def _bookmarks(
    county: County, facts: CampaignFacts, projected_crs: str, pieces: Sequence[Piece], words: Texts
) -> Element:
    road = Transformer.from_crs(facts.crs, projected_crs, always_xy=True)
    rows = book_order(list(pieces))[:BOOKMARKS]
    return element("Bookmarks", None, *(_bookmark(county, road, projected_crs, one, words) for one in rows))


def _bookmark(county: County, road: Transformer, crs: str, piece: Piece, words: Texts) -> Element:
    said = words.say("project.bookmark", seq=piece.seq, no=piece.patch_no, place=place_words(piece))
    head = {
        "id": stable_uuid("bookmark", county.code, piece.patch_uid),
        "name": " ".join(clean_text(said).split()),
        "group": words["project.bookmarks"],
        "extent": _outline(_bounds(piece.geometry, road)),
        "rotation": 0,
    }
    return element("Bookmark", head, crs_element(crs))


def _outline(box: Box) -> str:
    left, bottom, right, top = box
    room = max(right - left, top - bottom)  # as much around as across
    left, bottom, right, top = left - room, bottom - room, right + room, top + room
    corners = [(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)]
    return "Polygon ((" + ", ".join(f"{x:.3f} {y:.3f}" for x, y in corners) + "))"
