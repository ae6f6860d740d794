"""The pieces for map apps on phones: KML 2.2 in a zip, number and page of each, no imagery."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

import numpy as np
import shapely

from pipeline.forms.columns import column_title, columns_of, plain
from pipeline.forms.identity import book_order
from pipeline.forms.mail import STAMP
from pipeline.forms.workbook import full_name
from pipeline.geometry.crs import to_storage, way_between
from pipeline.records import CampaignFacts, County, Piece
from pipeline.texts import Texts, texts

SPACE = "http://www.opengis.net/kml/2.2"
GROUND = "EPSG:4326"
_LINE, _BORDER = "ff00d4ff", "ff40107a"  # aabbggrr
_SHOWN = ("page", "area", "town", "village", "patch_type_name", "phase_before", "phase_after", "patch_uid")
# Globes show what stands in a KML as HTML, entities resolved: what could begin a tag, an entity or a template is
# written with its full-width twin.
_LIVE = str.maketrans({"<": "＜", ">": "＞", "&": "＆", "$": "＄", '"': "＂"})


def write_kmz(
    target: Path, facts: CampaignFacts, county: County, pieces: Sequence[Piece], pages: Mapping[str, int]
) -> int:
    """Write the asked pieces of a county, in book order, and its outline; the number of pieces.

    Raises:
        Refusal: PROJ knows no accurate way from the campaign's datum to WGS 84.
    """
    rows = book_order(list(pieces))
    member = zipfile.ZipInfo("doc.kml", STAMP)
    member.compress_type, member.external_attr, member.create_system = zipfile.ZIP_DEFLATED, 0o644 << 16, 3
    content = tostring(_document(facts, county, rows, pages), "utf-8", xml_declaration=True)
    with zipfile.ZipFile(target, "w") as packed:
        packed.writestr(member, content, compresslevel=6)
    return len(rows)


def _document(facts: CampaignFacts, county: County, rows: Sequence[Piece], pages: Mapping[str, int]) -> Element:
    words = texts(facts.language)
    way = way_between(facts.crs, GROUND)
    shapes = to_storage(np.array([county.geometry, *(one.geometry for one in rows)], dtype=object), way)
    root = Element("kml", {"xmlns": SPACE})
    document = SubElement(root, "Document")
    _text(document, "name", f"{full_name(county, words)} {facts.title}")
    _style(document, "patch", _LINE, "3", "00ffffff")
    _style(document, "border", _BORDER, "2", "00ffffff")
    outline = SubElement(document, "Placemark")
    _text(outline, "name", county.name)
    _text(outline, "styleUrl", "#border")
    _polygons(outline, shapes[0], None)
    for piece, shape in zip(rows, shapes[1:], strict=True):
        _placemark(document, facts, piece, shape, pages, words)
    return root


def _placemark(
    document: Element, facts: CampaignFacts, piece: Piece, shape: Any, pages: Mapping[str, int], words: Texts
) -> None:
    mark = SubElement(document, "Placemark", {"id": f"n{piece.seq}"})
    _text(mark, "name", f"{piece.seq} · {piece.patch_no}" if piece.patch_no else str(piece.seq))
    _text(mark, "styleUrl", "#patch")
    data = SubElement(mark, "ExtendedData")
    shown = [f"area_{facts.area_unit}" if one == "area" else one for one in _SHOWN]
    columns = {one.name: one for one in columns_of(facts, pages)}
    for name in shown:
        value = columns[name].value(piece)
        if value is not None:
            entry = SubElement(data, "Data", {"name": name})
            _text(entry, "displayName", column_title(name, facts, words))
            said = f"{value:.{columns[name].decimals}f}" if isinstance(value, float) else str(value)
            _text(entry, "value", said)
    _polygons(mark, shape, shape.representative_point())


def _polygons(mark: Element, shape: Any, point: Any) -> None:
    """A geometry of all parts; the point inside carries the name on phones."""
    both = SubElement(mark, "MultiGeometry")
    if point is not None:
        _text(SubElement(both, "Point"), "coordinates", f"{point.x:.8f},{point.y:.8f}")
    for part in shapely.get_parts(shape):
        polygon = SubElement(both, "Polygon")
        for tag, ring in [("outerBoundaryIs", part.exterior), *(("innerBoundaryIs", one) for one in part.interiors)]:
            line = SubElement(SubElement(polygon, tag), "LinearRing")
            points = shapely.get_coordinates(ring).tolist()
            _text(line, "coordinates", " ".join(f"{x:.8f},{y:.8f}" for x, y in points))


def _style(document: Element, name: str, line: str, width: str, fill: str) -> None:
    style = SubElement(document, "Style", {"id": name})
    label = SubElement(style, "LabelStyle")
    _text(label, "scale", "0.9")
    lines = SubElement(style, "LineStyle")
    _text(lines, "color", line)
    _text(lines, "width", width)
    _text(SubElement(style, "PolyStyle"), "color", fill)


def _text(parent: Element, tag: str, said: str) -> None:
    SubElement(parent, tag).text = (plain(said) or "").translate(_LIVE)
