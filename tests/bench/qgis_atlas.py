"""The sheet of `config/layouts/detail_a4.toml` as a QGIS Atlas; run by the Python that has QGIS, not by ours.

`python3 qgis_atlas.py FOLDER KIND SCALE DPI PAGES [FEW]` prints JSON: user CPU of a page in the steady state where
FEW is given, bytes a page, peak memory. What QGIS has no element for (QR code, convergence, leaders) is left out.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsFillSymbol,
    QgsLayoutExporter,
    QgsLayoutItemLabel,
    QgsLayoutItemLegend,
    QgsLayoutItemMap,
    QgsLayoutItemMapGrid,
    QgsLayoutItemScaleBar,
    QgsLayoutItemShape,
    QgsLayoutPoint,
    QgsLayoutSize,
    QgsLegendStyle,
    QgsPalLayerSettings,
    QgsPrintLayout,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsRuleBasedRenderer,
    QgsSimpleLineSymbolLayer,
    QgsTextBufferSettings,
    QgsTextFormat,
    QgsUnitTypes,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
)
from qgis.PyQt.QtGui import QColor, QFont

CRS = "EPSG:4547"
MM = QgsUnitTypes.RenderMillimeters
FRAMES = {"after": (152, 29, 133, 120), "before": (12, 29, 133, 120)}
FONT = "Noto Sans CJK SC"
ROWS = (
    ("图斑编号", '"patch_no"', "地类变化", '"patch_type" || \' \' || "patch_type_name"'),
    ("行政区", '"county_name"', "位置", '"town" || "village"'),
    ("面积", "round(\"area_m2\" / 666.6667, 2) || ' 亩'", "面积", "round(\"area_m2\", 1) || ' 平方米'"),
    ("上报面积", '"area_reported"', "占图斑", "round(100 * \"area_share\", 2) || '%'"),
    ("前时相", '"phase_before"', "后时相", '"phase_after"'),
    ("中心点", "to_dms(\"lon_deg\", 'x', 1)", "中心点", 'round("lon_deg", 6) || \', \' || round("lat_deg", 6)'),
    ("坐标", "round(x(transform(centroid($geometry),'EPSG:4490','EPSG:4547')), 1)", "备注", '"remark"'),
)


def main(folder: str, kind: str, scale: str, dpi: str, pages: str, few: str = "") -> None:
    application = QgsApplication([], False)
    application.initQgis()
    path = Path(folder)
    project, layers = _project(path, kind)
    told = json.loads((path / "facts.json").read_text())
    layout = _layout(project, layers, int(scale), told)
    target = path / f"qgis-{kind}-{scale}-{dpi}.pdf"

    def drawn(count: int) -> float:
        atlas = layout.atlas()
        atlas.setFilterFeatures(True)
        atlas.setFilterExpression(f'"seq" <= {count}')
        settings = QgsLayoutExporter.PdfExportSettings()
        settings.dpi = float(dpi)
        settings.rasterizeWholeImage = False
        begun = resource.getrusage(resource.RUSAGE_SELF).ru_utime
        result, problem = QgsLayoutExporter.exportToPdf(atlas, str(target), settings)
        if result != QgsLayoutExporter.Success:
            raise SystemExit(problem)
        return resource.getrusage(resource.RUSAGE_SELF).ru_utime - begun

    found = {"version": Qgis.version()}
    if few:
        drawn(int(few))
        small, large = drawn(int(few)), drawn(int(pages))
        found["page_ms"] = (large - small) / (int(pages) - int(few)) * 1e3
    else:
        drawn(int(pages))
    found["kb"] = target.stat().st_size / int(pages) / 1024
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(found))
    sys.stdout.flush()
    os._exit(0)  # QGIS without its window does not always end well


def _project(folder: Path, kind: str) -> tuple:
    project = QgsProject.instance()
    project.setCrs(QgsCoordinateReferenceSystem(CRS))
    rasters = {phase: QgsRasterLayer(str(folder / kind / f"{phase}.tif"), phase) for phase in FRAMES}
    pieces = QgsVectorLayer(f"{folder / 'pieces.gpkg'}|layername=pieces", "pieces")
    counties = QgsVectorLayer(f"{folder / 'counties.gpkg'}|layername=counties", "counties")
    _style_pieces(pieces)
    counties.renderer().setSymbol(_outline(("#F6DDE7", 1.0), ("#7A1040", 0.4)))
    for one in (*rasters.values(), pieces, counties):
        if not one.isValid():
            raise SystemExit(f"QGIS cannot read {one.source()}")
        project.addMapLayer(one)
    return project, (rasters, pieces, counties)


def _outline(*lines: tuple) -> QgsFillSymbol:
    symbol = QgsFillSymbol()
    while symbol.symbolLayerCount():
        symbol.deleteSymbolLayer(0)
    for colour, width_mm in lines:
        line = QgsSimpleLineSymbolLayer(QColor(colour), width_mm)
        line.setWidthUnit(MM)
        symbol.appendSymbolLayer(line)
    return symbol


def _style_pieces(pieces: QgsVectorLayer) -> None:
    root = QgsRuleBasedRenderer.Rule(None)
    for words, lines in (
        ("$id <> @atlas_featureid", (("#000000", 0.55), ("#FFFFFF", 0.25))),
        ("$id = @atlas_featureid", (("#000000", 1.05), ("#FFD400", 0.55))),
    ):
        root.appendChild(QgsRuleBasedRenderer.Rule(_outline(*lines), filterExp=words))
    pieces.setRenderer(QgsRuleBasedRenderer(root))
    labels = QgsPalLayerSettings()
    labels.fieldName = "seq"
    labels.placement = QgsPalLayerSettings.OutsidePolygons
    labels.setFormat(_text(8.0, "#FFFFFF", halo_mm=0.35))
    pieces.setLabeling(QgsVectorLayerSimpleLabeling(labels))
    pieces.setLabelsEnabled(True)


def _text(size_pt: float, colour: str = "#111111", halo_mm: float = 0.0) -> QgsTextFormat:
    made = QgsTextFormat()
    made.setFont(QFont(FONT))
    made.setSize(size_pt)
    made.setSizeUnit(QgsUnitTypes.RenderPoints)
    made.setColor(QColor(colour))
    if halo_mm:
        buffer = QgsTextBufferSettings()
        buffer.setEnabled(True)
        buffer.setSize(halo_mm)
        buffer.setSizeUnit(MM)
        buffer.setColor(QColor("#000000"))
        made.setBuffer(buffer)
    return made


def _layout(project: QgsProject, layers: tuple, scale: int, told: dict) -> QgsPrintLayout:
    rasters, pieces, counties = layers
    layout = QgsPrintLayout(project)
    layout.initializeDefaults()
    layout.pageCollection().page(0).setPageSize(QgsLayoutSize(297, 210))
    layout.atlas().setCoverageLayer(pieces)
    layout.atlas().setEnabled(True)
    layout.atlas().setSortFeatures(True)
    layout.atlas().setSortExpression('"seq"')
    maps = {phase: _map(layout, box, scale, [counties, pieces, rasters[phase]]) for phase, box in FRAMES.items()}
    _furniture(layout, told)
    _table(layout)
    _locator(layout, counties, maps["after"])
    _scale_bar(layout, maps["after"], scale)
    _legend(layout, maps["after"])
    return layout


def _placed(layout: QgsPrintLayout, item: object, box: tuple) -> None:
    item.attemptMove(QgsLayoutPoint(box[0], box[1]))
    item.attemptResize(QgsLayoutSize(box[2], box[3]))
    layout.addLayoutItem(item)


def _map(layout: QgsPrintLayout, box: tuple, scale: int, layers: list) -> QgsLayoutItemMap:
    made = QgsLayoutItemMap(layout)
    _placed(layout, made, box)
    made.setCrs(QgsCoordinateReferenceSystem(CRS))
    made.setLayers(layers)
    made.setKeepLayerSet(True)
    made.setFrameEnabled(True)
    made.setExtent(_reach(518_000, 3_304_000, box, scale))
    made.setAtlasDriven(True)
    made.setAtlasScalingMode(QgsLayoutItemMap.Fixed)
    grid = QgsLayoutItemMapGrid("grid", made)
    step = scale / 50
    grid.setIntervalX(step)
    grid.setIntervalY(step)
    grid.setStyle(QgsLayoutItemMapGrid.Cross)
    grid.setAnnotationEnabled(True)
    grid.setAnnotationPrecision(0)
    grid.setAnnotationTextFormat(_text(5))
    grid.setAnnotationDirection(QgsLayoutItemMapGrid.Vertical, QgsLayoutItemMapGrid.Left)
    for side in (QgsLayoutItemMapGrid.Right, QgsLayoutItemMapGrid.Bottom):
        grid.setAnnotationDisplay(QgsLayoutItemMapGrid.HideAll, side)
    made.grids().addGrid(grid)
    return made


def _reach(x_m: float, y_m: float, box: tuple, scale: int) -> QgsRectangle:
    """The ground a frame shows about a point; the atlas moves it to each piece and keeps its scale."""
    half_x, half_y = box[2] * scale / 2000, box[3] * scale / 2000
    return QgsRectangle(x_m - half_x, y_m - half_y, x_m + half_x, y_m + half_y)


def _label(layout: QgsPrintLayout, words: str, box: tuple, size_pt: float) -> None:
    made = QgsLayoutItemLabel(layout)
    made.setText(words)
    made.setFont(QFont(FONT, round(size_pt)))
    _placed(layout, made, box)


def _furniture(layout: QgsPrintLayout, told: dict) -> None:
    for box in ((7, 7, 283, 196), (7, 20, 283, 132), (218, 154.5, 67, 42)):
        made = QgsLayoutItemShape(layout)
        made.setShapeType(QgsLayoutItemShape.Rectangle)
        made.symbol().setColor(QColor(255, 255, 255, 0))
        _placed(layout, made, box)
    for words, box, size_pt in (
        (f"{told['county']} {told['title']}", (12, 8.2, 190, 7), 15),
        ('监测图斑 [% "seq" %]', (228, 8.2, 57, 7), 15),
        ('[% "patch_no" %]  第 [% @atlas_featurenumber %] / [% @atlas_totalfeatures %] 页', (204, 15.2, 81, 4), 7),
        ("前时相", (12, 20.6, 30, 5.6), 9),
        ("2025-03-14 GF1D_PMS", (95, 20.6, 50, 5.6), 7),
        ("后时相", (152, 20.6, 30, 5.6), 9),
        ("2025-09-22 ZY302_TMS", (235, 20.6, 50, 5.6), 7),
        ("实地核查  □合法  □违法  □其他\n\n核查人            日期", (220, 156, 60, 38), 8),
        ("北", (200, 154.5, 6, 4), 8),
        (
            "2000国家大地坐标系 高斯-克吕格投影 3°分带 中央经线114° 监测图斑仅为线索，不作为处罚依据",
            (12, 199, 140, 4),
            5,
        ),
        ("云溪县自然资源和规划局 制图 张三 检查 李四", (154, 199, 114, 4), 5),
        ('[% "patch_uid" %]', (193.5, 190, 24, 4), 5),
    ):
        _label(layout, words, box, size_pt)


def _table(layout: QgsPrintLayout) -> None:
    for at, (left, one, right, other) in enumerate(ROWS):
        y = 154.5 + 6 * at
        _label(layout, left, (12, y, 17, 6), 6)
        _label(layout, f"[% {one} %]", (30, y, 34, 6), 8)
        _label(layout, right, (64, y, 17, 6), 6)
        _label(layout, f"[% {other} %]", (82, y, 34, 6), 8)


def _locator(layout: QgsPrintLayout, counties: QgsVectorLayer, of: QgsLayoutItemMap) -> None:
    made = QgsLayoutItemMap(layout)
    box = (119, 154.5, 36, 42)
    _placed(layout, made, box)
    made.setCrs(QgsCoordinateReferenceSystem(CRS))
    made.setLayers([counties])
    made.setKeepLayerSet(True)
    made.setExtent(_reach(518_000, 3_304_000, box, 640_000))
    made.overview().setLinkedMap(of)


def _scale_bar(layout: QgsPrintLayout, of: QgsLayoutItemMap, scale: int) -> None:
    made = QgsLayoutItemScaleBar(layout)
    made.setLinkedMap(of)
    made.setUnits(QgsUnitTypes.DistanceMeters)
    made.setNumberOfSegments(4)
    made.setNumberOfSegmentsLeft(0)
    made.setUnitsPerSegment(scale / 160)
    made.setUnitLabel("m")
    made.setTextFormat(_text(6))
    _placed(layout, made, (158.5, 185.5, 34.5, 11))


def _legend(layout: QgsPrintLayout, of: QgsLayoutItemMap) -> None:
    made = QgsLayoutItemLegend(layout)
    made.setLinkedMap(of)
    made.setAutoUpdateModel(False)
    root = made.model().rootGroup()
    for node in list(root.findLayers()):
        if node.name() in FRAMES:
            root.removeChildNode(node)
    made.setSymbolHeight(2.5)
    for style in (QgsLegendStyle.Title, QgsLegendStyle.Group, QgsLegendStyle.Subgroup, QgsLegendStyle.SymbolLabel):
        made.setStyleFont(style, QFont(FONT, 6))
    _placed(layout, made, (158.5, 154, 35, 30))


if __name__ == "__main__":
    main(*sys.argv[1:])
