"""An A4 atlas layout in the project: an officer prints any patch again, before and after side by side."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.forms.symbols import FAMILIES, fill, line, symbol, text_style
from pipeline.forms.xml import Element, element, stable_uuid
from pipeline.texts import Texts

SCALES = (1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000, 500000)
_PAGE, _MAP, _PICTURE, _LABEL, _LEGEND, _BAR = 65638, 65639, 65640, 65641, 65642, 65646
_PAPER = (0.0, 0.0, 297.0, 210.0)
_TOP_MM, _HEIGHT_MM, _LEFT_MM, _WIDTH_MM, _GAP_MM = 29.0, 130.0, 12.0, 273.0, 7.0
_PREDEFINED = 1  # the smallest round scale the patch fits at, with its margin
_NORTH = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 30"><path d="M10 0 L20 30 L10 23 Z" fill="#000"/>'
    '<path d="M10 0 L0 30 L10 23 Z" fill="#fff" stroke="#000"/></svg>'
)
Box = tuple[float, float, float, float]  # left, top, width, height in millimetres


@dataclass(frozen=True)
class Frame:
    """A map of the layout: the theme it shows and the words above it."""

    theme: str
    caption: str


@dataclass(frozen=True)
class AtlasWords:
    """What stands on every page, with QGIS expressions in [% %]."""

    title: str
    rows: str  # of the patch's table, a line each
    notes: str


def atlas_layout(
    county_code: str, patches_id: str, boundary_id: str, frames: Sequence[Frame], said: AtlasWords, words: Texts
) -> Element:
    """The layout, a page for each asked piece."""
    maker = _Maker(county_code)
    page = maker.item(_PAGE, _PAPER, {"background": True}, [_paper()])  # the first item lies lowest
    items = [
        maker.label(said.title, (12, 10, 200, 9), 13, bold=True),
        maker.label(words["project.layout_no"], (212, 10, 73, 9), 13, bold=True, right=True),
        *(item for at, frame in enumerate(frames) for item in _frame(maker, at, len(frames), frame)),
        maker.label(said.rows, (12, 163, 100, 40), 8.5),
        maker.legend((112, 161.5, 92, 40), [(patches_id, "patches"), (boundary_id, "boundary")], words),
        maker.label(words["project.layout_scale"], (208, 164, 60, 6), 9),
        maker.bar((208, 171, 62, 12)),
        maker.picture((272, 163, 12, 18)),
        maker.label(said.notes, (170, 192, 115, 10), 7.5, right=True),
    ]
    head = {"name": words["project.layout"], "units": "mm", "printResolution": 200, "worldFileMap": ""}
    atlas = {
        "enabled": 1,
        "coverageLayer": patches_id,
        "coverageLayerName": words["project.patches"],
        "coverageLayerSource": "./patches.gpkg|layername=patches",
        "coverageLayerProvider": "ogr",
        "filterFeatures": 1,
        "featureFilter": '"asked"',
        "sortFeatures": 1,
        "sortKey": '"seq"',
        "sortAscending": 1,
        "pageNameExpression": 'to_string("seq")',
        "filenamePattern": f"'{county_code}_' || lpad(to_string(\"seq\"), 5, '0')",
        "hideCoverage": 0,
    }
    pages = element("PageCollection", None, _paper(), page)
    return element("Layout", head, pages, *items, element("Atlas", atlas))


def _paper() -> Element:
    return symbol("", [fill("#FFFFFF", 1.0)])


def _frame(maker: _Maker, at: int, count: int, frame: Frame) -> list[Element]:
    width = (_WIDTH_MM - _GAP_MM * (count - 1)) / count
    left = _LEFT_MM + at * (width + _GAP_MM)
    caption = maker.label(frame.caption, (left, _TOP_MM - 7, width, 6), 10)
    return [caption, maker.map(at, frame.theme, (left, _TOP_MM, width, _HEIGHT_MM))]


class _Maker:
    """Items with identifiers that follow from their order: the same layout, the same file."""

    def __init__(self, county_code: str) -> None:
        self._code = county_code
        self._made = 0

    def item(self, kind: int, box: Box, more: Mapping[str, object], parts: Sequence[Element] = ()) -> Element:
        """One layout item; lengths in millimetres from the top left of the page."""
        number, self._made = self._made, self._made + 1
        left, top, width, height = box
        own = more.get("uuid") or stable_uuid("layout", self._code, f"item{number}")
        head: dict[str, object] = {
            "type": kind,
            "uuid": own,
            "templateUuid": own,
            "id": "",
            "position": f"{left:g},{top:g},mm",
            "positionOnPage": f"{left:g},{top:g},mm",
            "size": f"{width:g},{height:g},mm",
            "referencePoint": 0,
            "zValue": number,
            "visibility": 1,
            "opacity": 1,
            "frame": False,
            "background": False,
            "outlineWidthM": "0.2,mm",
        }
        return element("LayoutItem", head | dict(more), *parts)

    def label(self, said: str, box: Box, size_pt: float, bold: bool = False, right: bool = False) -> Element:
        """Words, with QGIS expressions in [% %]; QGIS 3.22 reads LabelFont, later ones text-style."""
        font = _old_font("LabelFont", size_pt, bold)
        colour = element("FontColor", {"red": 26, "green": 26, "blue": 26, "alpha": 255})
        more = {
            "labelText": said,
            "halign": 2 if right else 1,
            "valign": 32,
            "htmlState": 0,
            "marginX": 0,
            "marginY": 0,
        }
        return self.item(_LABEL, box, more, [font, colour, text_style("#1A1A1A", size_pt, bold, {})])

    def map_uuid(self, at: int) -> str:
        """The identifier of map `at`, for what is linked to it."""
        return stable_uuid("layout", self._code, f"map{at}")

    def map(self, at: int, theme: str, box: Box) -> Element:
        """A map that follows a theme and the atlas."""
        more: dict[str, object] = {
            "uuid": self.map_uuid(at),
            "id": f"map_{at}",
            "followPreset": True,
            "followPresetName": theme,
            "keepLayerSet": False,
            "drawCanvasItems": True,
            "mapRotation": 0,
            "frame": True,
            "background": True,
        }
        extent = element("Extent", {"xmin": 0, "ymin": 0, "xmax": box[2] * 10, "ymax": box[3] * 10})
        driven = element("AtlasMap", {"atlasDriven": 1, "scalingMode": _PREDEFINED, "margin": 0.1})
        return self.item(_MAP, box, more, [extent, element("LayerSet"), driven])

    def bar(self, box: Box) -> Element:
        """A scale bar of the first map, fitted to its box."""
        more: dict[str, object] = {
            "mapUuid": self.map_uuid(0),
            "style": "Single Box",
            "unitType": "meters",
            "unitLabel": "m",
            "numMapUnitsPerScaleBarUnit": 1,
            "segmentSizeMode": 1,
            "minBarWidth": 30,
            "maxBarWidth": 60,
            "numSegments": 2,
            "numSegmentsLeft": 0,
            "numUnitsPerSegment": 100,
            "height": 2,
            "labelBarSpace": 1,
            "boxContentSpace": 0,
            "outlineWidth": 0.2,
        }
        edge = element("lineSymbol", None, symbol("", [line("#000000", 0.2)], "line"))
        dark = element("fillSymbol1", None, symbol("", [fill("#000000", 1.0)]))
        light = element("fillSymbol2", None, symbol("", [fill("#FFFFFF", 1.0)]))
        return self.item(_BAR, box, more, [text_style("#1A1A1A", 8, False, {}), edge, dark, light])

    def legend(self, box: Box, layers: Sequence[tuple[str, str]], words: Texts) -> Element:
        """What the outlines mean, from (layer id, name of its GeoPackage)."""
        more: dict[str, object] = {
            "title": "",
            "map_uuid": self.map_uuid(0),
            "legendFilterByAtlas": 0,
            "resizeToContents": 0,
            "columnCount": 2,
            "splitLayer": 0,
            "equalColumnWidth": 0,
            "columnSpace": 4,
            "symbolWidth": 7,
            "symbolHeight": 3.4,
            "boxSpace": 0,
            "wmsLegendWidth": 50,
            "wmsLegendHeight": 25,
        }
        sizes = {"title": 9, "group": 8.5, "subgroup": 8.5, "symbol": 8, "symbolLabel": 8}
        styles = [_legend_style(name, size) for name, size in sizes.items()]
        leaves = [_legend_leaf(one, name, words) for one, name in layers]
        tree = element("layer-tree-group", None, element("customproperties"), *leaves)
        return self.item(_LEGEND, box, more, [element("styles", None, *styles), tree])

    def picture(self, box: Box) -> Element:
        """A north arrow, inside the file."""
        drawn = "base64:" + base64.b64encode(_NORTH.encode()).decode("ascii")
        return self.item(_PICTURE, box, {"file": drawn, "mode": 0, "resizeMode": 0, "anchorPoint": 4})


def _legend_style(name: str, size_pt: float) -> Element:
    """Room above, and the font; QGIS 3.22 reads styleFont, later ones text-style."""
    head = {"name": name, "alignment": 1, "indent": 0, "marginTop": {"symbol": 1.0, "subgroup": 1.5}.get(name, 0)}
    if name == "symbolLabel":
        head |= {"marginTop": 0, "marginLeft": 2}
    fonts = (_old_font("styleFont", size_pt, bold=False), text_style("#1A1A1A", size_pt, False, {}))
    return element("style", head, *fonts)


def _legend_leaf(layer_id: str, name: str, words: Texts) -> Element:
    head = {
        "id": layer_id,
        "name": words[f"project.{name}"],
        "source": f"./{name}.gpkg|layername={name}",
        "providerKey": "ogr",
        "checked": "Qt::Checked",
        "expanded": 1,
    }
    return element("layer-tree-layer", head, element("customproperties"))


def _old_font(tag: str, size_pt: float, bold: bool) -> Element:
    weight = 75 if bold else 50
    return element(tag, {"description": f"{FAMILIES[0]},{size_pt:g},-1,5,{weight},0,0,0,0,0", "style": ""})
