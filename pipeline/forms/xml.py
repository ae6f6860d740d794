"""Elements of QGIS documents: built as a tree, never by gluing strings."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from functools import cache
from xml.etree import ElementTree

from pyproj import CRS

Element = ElementTree.Element
QGIS_VERSION = "3.22.0-Białowieża"  # the oldest QGIS supported; newer ones read it (ecosystem 2.6)
Value = str | int | float | bool | None | Sequence["Value"] | Mapping[str, "Value"]


def element(tag: str, attributes: Mapping[str, object] | None = None, *children: Element, text: str = "") -> Element:
    """An element with its children; attribute values are written as text."""
    made = Element(tag, {key: _said(value) for key, value in (attributes or {}).items()})
    made.extend(children)
    if text:
        made.text = text
    return made


def option(value: Value, name: str = "") -> Element:
    """A typed QGIS option, nested for mappings and lists; None is an invalid (null) one."""
    named: dict[str, object] = {"name": name} if name else {}
    if isinstance(value, Mapping):
        return element("Option", {"type": "Map"} | named, *(option(one, key) for key, one in value.items()))
    if value is not None and not isinstance(value, str | int | float):
        return element("Option", {"type": "List"} | named, *map(option, value))
    if value is None:
        return element("Option", {"type": "invalid"} | named)
    kind = {bool: "bool", int: "int", float: "double"}.get(type(value), "QString")
    return element("Option", {"type": kind, "value": value} | named)


def crs_element(crs: str) -> Element:
    """A reference system; without its WKT QGIS leaves it empty (ecosystem 2.2)."""
    parts = [element(tag, text=said) for tag, said in _crs_words(crs)]
    return element("spatialrefsys", {"nativeFormat": "Wkt"}, *parts)


@cache
def _crs_words(crs: str) -> tuple[tuple[str, str], ...]:
    known = CRS.from_user_input(crs)
    authority = known.to_authority()
    return (
        ("wkt", known.to_wkt("WKT2_2019")),
        ("authid", ":".join(authority) if authority else ""),
        ("description", known.name),
        ("geographicflag", _said(known.is_geographic)),
    )


def stable_uuid(*parts: str) -> str:
    """A uuid in braces that is the same for the same parts."""
    return "{" + str(uuid.uuid5(uuid.NAMESPACE_URL, "tuban:" + "/".join(parts))) + "}"


def document(root: Element, doctype: str) -> bytes:
    """The document of `root` in UTF-8, indented."""
    ElementTree.indent(root, " ")
    written: str = ElementTree.tostring(root, encoding="unicode")
    return f"<!DOCTYPE {doctype}>\n{written}\n".encode()


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.12g}" if isinstance(value, float) else str(value)
