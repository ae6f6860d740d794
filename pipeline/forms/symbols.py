"""Symbols, renderers and labels of QGIS layers. Widths in millimetres, text in points, colours as #RRGGBB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.forms.xml import Element, Value, element, option

# A list, so that each system finds its own: Windows, Linux, phones.
FAMILIES = ("Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "SimHei")
_PLACES = {
    "over": 1,
    "beside": 6,
    "outside": 8,
}  # QGIS's numbers: on the point, ordered round it, off the area


def rgba(colour: str, opacity: float = 1.0) -> str:
    """ "#RRGGBB" as QGIS writes it."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"{red},{green},{blue},{round(opacity * 255)}"


def line(colour: str, width_mm: float, dash_mm: Sequence[float] = ()) -> Element:
    """An outline, dashed where `dash_mm` gives dash, gap, dash, gap …"""
    style: dict[str, str | float] = {
        "line_color": rgba(colour),
        "line_width": f"{width_mm:g}",
        "line_width_unit": "MM",
        "line_style": "solid",
        "joinstyle": "round",
        "capstyle": "flat" if dash_mm else "round",
        "use_custom_dash": "1" if dash_mm else "0",
    }
    if dash_mm:
        style |= {"customdash": ";".join(f"{one:g}" for one in dash_mm), "customdash_unit": "MM"}
    return _layer("SimpleLine", style)


def fill(colour: str, opacity: float, edge: str = "", edge_mm: float = 0.2) -> Element:
    """A filled area, with an edge where `edge` names a colour."""
    style: dict[str, str | float] = {
        "color": rgba(colour, opacity),
        "style": "solid",
        "outline_style": "solid" if edge else "no",
        "outline_color": rgba(edge or colour),
        "outline_width": f"{edge_mm:g}",
        "outline_width_unit": "MM",
        "joinstyle": "round",
    }
    return _layer("SimpleFill", style)


def dot(colour: str, edge: str, size_mm: float) -> Element:
    """A round point."""
    style: dict[str, str | float] = {
        "name": "circle",
        "color": rgba(colour),
        "outline_color": rgba(edge),
        "outline_width": "0.2",
        "outline_width_unit": "MM",
        "size": f"{size_mm:g}",
        "size_unit": "MM",
    }
    return _layer("SimpleMarker", style)


def arrow(colour: str, edge: str, size_mm: float, turned_by: str) -> Element:
    """A pointer turned clockwise from north by an expression, in degrees."""
    made = dot(colour, edge, size_mm)
    shape = made.find("Option/Option[@name='name']")
    assert shape is not None
    shape.set("value", "arrow")
    angle: dict[str, Value] = {"active": True, "expression": turned_by, "type": 3}
    turned = option({"properties": {"angle": angle}, "type": "collection"})
    made.append(element("data_defined_properties", None, turned))
    return made


def _layer(kind: str, style: Mapping[str, str | float]) -> Element:
    return element("layer", {"class": kind, "enabled": 1, "locked": 0, "pass": 0}, option(dict(style)))


def symbol(name: str, layers: Sequence[Element], kind: str = "fill") -> Element:
    """A symbol of layers, bottom first."""
    head = {"name": name, "type": kind, "alpha": 1, "clip_to_extent": 1, "force_rhr": 0}
    return element("symbol", head, *layers)


def single(layers: Sequence[Element], kind: str = "fill") -> Element:
    """A renderer with one symbol."""
    return element(
        "renderer-v2",
        {"type": "singleSymbol", "enableorderby": 0, "forceraster": 0},
        element("symbols", None, symbol("0", layers, kind)),
    )


def categories(expression: str, classes: Sequence[tuple[str, str, Sequence[Element]]], kind: str = "fill") -> Element:
    """A renderer by value: (value, label, symbol layers) in legend order."""
    head = {"type": "categorizedSymbol", "attr": expression, "enableorderby": 0, "forceraster": 0}
    listed = [
        element("category", {"symbol": at, "value": value, "label": label, "render": True, "type": "string"})
        for at, (value, label, _) in enumerate(classes)
    ]
    symbols = [symbol(str(at), layers, kind) for at, (_, _, layers) in enumerate(classes)]
    return element("renderer-v2", head, element("categories", None, *listed), element("symbols", None, *symbols))


def text_style(colour: str, size_pt: float, bold: bool, said: Mapping[str, object], *parts: Element) -> Element:
    """How words look, in the first family a system has."""
    head = {
        "fontFamily": FAMILIES[0],
        "fontSize": size_pt,
        "fontSizeUnit": "Point",
        "fontWeight": 75 if bold else 50,
        "textColor": rgba(colour),
        "textOpacity": 1,
        "allowHtml": 0,
        "multilineHeight": 1,
    }
    families = element("families", None, *(element("family", {"name": one}) for one in FAMILIES))
    return element("text-style", dict(said) | head, families, *parts)


def labels(
    expression: str,
    colour: str,
    size_pt: float,
    halo: str,
    halo_mm: float,
    from_scale: int = 0,
    place: str = "over",
) -> Element:
    """Labels with a halo; shown at 1:`from_scale` and larger, `place` over, beside or outside the shape."""
    buffer = element(
        "text-buffer",
        {
            "bufferDraw": 1,
            "bufferSize": halo_mm,
            "bufferSizeUnits": "MM",
            "bufferColor": rgba(halo),
            "bufferOpacity": 1,
            "bufferNoFill": 0,
            "bufferJoinStyle": 128,
        },
    )
    said = {"fieldName": expression, "isExpression": 1}
    style = text_style(colour, size_pt, True, said, buffer)
    formatting = element("text-format", {"multilineAlign": 3, "plussign": 0, "decimals": 3, "formatNumbers": 0})
    settings = element(
        "settings", {"calloutType": "simple"}, style, formatting, _placement(place), _rendering(from_scale)
    )
    return element("labeling", {"type": "simple"}, settings)


def _placement(place: str) -> Element:
    return element(
        "placement",
        {
            "placement": _PLACES[place],
            "polygonPlacementFlags": 2,
            "predefinedPositionOrder": "TR,TL,BR,BL,R,L,TSR,BSR",
            "offsetType": 1,
            "centroidInside": 1,
            "dist": 0 if place == "over" else 0.6,
            "distUnits": "MM",
            "priority": 5,
        },
    )


def _rendering(from_scale: int) -> Element:
    return element(
        "rendering",
        {
            "drawLabels": 1,
            "scaleVisibility": 1 if from_scale else 0,
            "scaleMin": 1,  # the two are named the other way round than one thinks (ecosystem 2.4)
            "scaleMax": from_scale,
            "displayAll": 0,
            "obstacle": 1,
            "obstacleFactor": 1,
            "obstacleType": 0,
            "fontLimitPixelSize": 0,
            "limitNumLabels": 0,
            "upsidedownLabels": 0,
            "labelPerPart": 0,
            "mergeLines": 0,
        },
    )
