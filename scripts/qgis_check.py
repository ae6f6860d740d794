#!/usr/bin/env python3
"""Open county projects in QGIS without a screen and say whether all is well; run with QGIS's own Python.

    QT_QPA_PLATFORM=offscreen python3 scripts/qgis_check.py PROJECT.qgz … [--png FOLDER] [--pdf FOLDER]

Exit code 1 if a layer is invalid, a theme names a layer that is not there, QGIS logs a warning, a theme
renders empty, the attribute form cannot be built, or an expression of a layer (style, label, map tip, default,
constraint) does not evaluate. Uses nothing of the package, as a county's computer would not. Each project is
opened as a copy in another folder, with hanzi and blanks in its path: QGIS writes into a GeoPackage it opens.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsAttributeEditorContainer,
    QgsAttributeEditorElement,
    QgsCategorizedSymbolRenderer,
    QgsExpression,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsFeature,
    QgsFeatureRequest,
    QgsLayoutExporter,
    QgsMapLayer,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsVectorLayer,
)
from qgis.gui import QgsAttributeForm, QgsGui
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtWidgets import QTabWidget

WARNED: list[str] = []
NOISE = ("QgsAuthManager", "authentication", "Python", "pyplugin", "Processing")


def main() -> int:
    options = _options()
    application = QgsApplication([], True)
    application.initQgis()
    QgsGui.editorWidgetRegistry().initEditors()
    application.messageLog().messageReceived.connect(_heard)
    found = [problem for path in options.projects for problem in _check_moved(path, options)]
    for problem in found:
        print(problem)
    print(f"QGIS {Qgis.QGIS_VERSION}: {len(options.projects)} project(s), {len(found)} problem(s)")
    sys.stdout.flush()
    os._exit(1 if found else 0)  # QGIS may crash in its own tear-down; the answer is known by now


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("projects", nargs="+", type=Path)
    parser.add_argument("--png", type=Path, help="write a picture of each theme here")
    parser.add_argument("--pdf", type=Path, help="write the first pages of each layout here")
    return parser.parse_args()


def _heard(message: str, tag: str, level: int) -> None:
    if level >= Qgis.Warning and not any(word in tag + message for word in NOISE):
        WARNED.append(f"log: {tag}: {message}")


def _check_moved(path: Path, options: argparse.Namespace) -> list[str]:
    with tempfile.TemporaryDirectory(suffix=" 外 业 #1") as folder:
        moved = Path(folder) / path.parent.name / path.name
        moved.parent.mkdir()
        for name in {path.name, *_files(path)}:
            if (path.parent / name).is_file():
                shutil.copyfile(path.parent / name, moved.parent / name)
        found = _check(moved, options)
        QgsProject.instance().clear()
    return [f"{path}: {one}" for one in found]


def _files(path: Path) -> set[str]:
    """The files a project reads, as far as they lie beside it."""
    with zipfile.ZipFile(path) as packed:
        root = ElementTree.fromstring(packed.read(packed.namelist()[0]))
    return {Path((one.text or "").split("|")[0]).name for one in root.iter("datasource")}


def _check(path: Path, options: argparse.Namespace) -> list[str]:
    WARNED.clear()
    project = QgsProject.instance()
    project.clear()
    found = [] if project.read(str(path)) else [f"cannot be read: {project.error()}"]
    found += [f"no reference system: {name}" for name in _without_crs(project)]
    found += [f"invalid layer: {one.name()}" for one in project.mapLayers().values() if not one.isValid()]
    found += _themes(project, path, options.png)
    found += _forms(project)
    found += [problem for one in project.mapLayers().values() for problem in _expressions(one)]
    found += _layouts(project, path, options.pdf)
    return [*found, *dict.fromkeys(WARNED)]


def _without_crs(project: QgsProject) -> list[str]:
    named = [("project", project.crs())] + [(one.name(), one.crs()) for one in project.mapLayers().values()]
    return [name for name, crs in named if not crs.isValid()]


def _themes(project: QgsProject, path: Path, folder: Path | None) -> list[str]:
    themes = project.mapThemeCollection()
    if not themes.mapThemes():
        return ["no map theme"]
    return [problem for name in themes.mapThemes() for problem in _render(project, name, path, folder)]


def _render(project: QgsProject, name: str, path: Path, folder: Path | None) -> list[str]:
    layers = project.mapThemeCollection().mapThemeVisibleLayers(name)
    settings = QgsMapSettings()
    settings.setLayers(layers)
    settings.setDestinationCrs(project.crs())
    settings.setTransformContext(project.transformContext())
    settings.setExtent(project.viewSettings().defaultViewExtent())
    settings.setOutputSize(QSize(1400, 1000))
    settings.setOutputDpi(110)
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    picture = job.renderedImage()
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        picture.save(str(folder / f"{path.parent.name}_{path.stem}_{name}.png"))
    colours = {picture.pixel(x, y) for x in range(0, 1400, 7) for y in range(0, 1000, 7)}
    empty = [f"theme {name} renders empty"] if len(colours) < 5 else []
    return empty + [f"theme {name}: {one.message}" for one in job.errors()]


def _forms(project: QgsProject) -> list[str]:
    layers = [one for one in project.mapLayers().values() if isinstance(one, QgsVectorLayer) and not one.readOnly()]
    return [problem for layer in layers for problem in _form(layer)]


def _form(layer: QgsVectorLayer) -> list[str]:
    feature = next(layer.getFeatures(), None)
    if feature is None:
        return []
    found = []
    for answer in [None, *_verdicts(layer)]:
        if answer:
            feature.setAttribute("verdict", answer)
        form = QgsAttributeForm(layer, feature)
        tabs, asked = sum(one.count() for one in form.findChildren(QTabWidget)), _asked_tabs(layer, feature)
        found += [] if tabs == asked else [f"the form of {layer.name()} has {tabs} tabs for {answer}, not {asked}"]
    return found


def _verdicts(layer: QgsVectorLayer) -> list[str]:
    """The codes its list of verdicts stores."""
    at = layer.fields().indexOf("verdict")
    entries = layer.editorWidgetSetup(at).config().get("map", []) if at >= 0 else []
    codes = [code for one in entries for code in one.values()]
    return [one for one in codes if not one.startswith("{")]


def _asked_tabs(layer: QgsVectorLayer, feature: QgsFeature) -> int:
    """How many tabs ask something of a feature."""
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    context.setFields(layer.fields())
    context.setFeature(feature)
    conditions = [one.visibilityExpression() for one in layer.editFormConfig().tabs()]
    return sum(not one.enabled() or bool(one.data().evaluate(context)) for one in conditions)


def _expressions(layer: QgsMapLayer) -> list[str]:
    """What a layer reckons with, on its first feature; a check that fails is an answer, an error is not."""
    if not isinstance(layer, QgsVectorLayer) or not layer.isValid():
        return []
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    context.setFields(layer.fields())
    feature = next(layer.getFeatures(), None)
    if feature is not None:
        context.setFeature(feature)
    return [
        f"{layer.name()}: {said}: {problem}"
        for said in dict.fromkeys(_said(layer))
        if (problem := _problem(said, context, feature is not None))
    ]


def _said(layer: QgsVectorLayer) -> Iterator[str]:
    yield from re.findall(r"\[%(.*?)%\]", layer.mapTipTemplate(), re.DOTALL)
    yield layer.displayExpression()
    if isinstance(layer.renderer(), QgsCategorizedSymbolRenderer):
        yield layer.renderer().classAttribute()
    if layer.labeling() is not None and layer.labeling().settings().isExpression:
        yield layer.labeling().settings().fieldName
    for at in range(layer.fields().count()):
        yield layer.defaultValueDefinition(at).expression()
        yield layer.fields().at(at).constraints().constraintExpression()
    yield from _conditions(layer.editFormConfig().tabs())


def _conditions(parts: list[QgsAttributeEditorElement]) -> Iterator[str]:
    """When parts of a form are shown."""
    for one in parts:
        if isinstance(one, QgsAttributeEditorContainer):
            if one.visibilityExpression().enabled():
                yield one.visibilityExpression().data().expression()
            yield from _conditions(one.children())


def _problem(said: str, context: QgsExpressionContext, there_is_a_feature: bool) -> str:
    expression = QgsExpression(said)
    if not said or expression.hasParserError():
        return expression.parserErrorString() if said else ""
    missing = expression.referencedColumns() - set(context.fields().names()) - {QgsFeatureRequest.ALL_ATTRIBUTES}
    if missing:
        return f"no column {', '.join(sorted(missing))}"
    if there_is_a_feature:
        expression.evaluate(context)
    return expression.evalErrorString()


def _layouts(project: QgsProject, path: Path, folder: Path | None) -> list[str]:
    found = []
    for layout in project.layoutManager().printLayouts():
        atlas = layout.atlas()
        if not (atlas.enabled() and atlas.beginRender() and atlas.first()):
            found.append(f"layout {layout.name()}: the atlas does not begin")
            continue
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            target = str(folder / f"{path.parent.name}_{path.stem}.pdf")
            code = QgsLayoutExporter(layout).exportToPdf(target, QgsLayoutExporter.PdfExportSettings())
            found += [] if code == QgsLayoutExporter.Success else [f"layout {layout.name()}: export failed ({code})"]
        atlas.endRender()
    return found


if __name__ == "__main__":
    main()
