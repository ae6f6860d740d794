#!/usr/bin/env python3
"""Open county projects in QGIS without a screen and say whether all is well; run with QGIS's own Python.

    QT_QPA_PLATFORM=offscreen python3 scripts/qgis_check.py PROJECT.qgz … [--png FOLDER] [--pdf FOLDER]

Exit code 1 if a layer is invalid, a theme names a layer that is not there, QGIS logs a warning, a theme
renders empty, or the attribute form cannot be built. Uses nothing of the package, as a county's computer would not.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsLayoutExporter,
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
    found = [problem for path in options.projects for problem in _check(path, options)]
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


def _check(path: Path, options: argparse.Namespace) -> list[str]:
    WARNED.clear()
    project = QgsProject.instance()
    project.clear()
    found = [] if project.read(str(path)) else [f"cannot be read: {project.error()}"]
    found += [f"no reference system: {name}" for name in _without_crs(project)]
    found += [f"invalid layer: {one.name()}" for one in project.mapLayers().values() if not one.isValid()]
    found += _themes(project, path, options.png)
    found += _forms(project)
    found += _layouts(project, path, options.pdf)
    return [f"{path}: {one}" for one in [*found, *dict.fromkeys(WARNED)]]


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
    layers = [
        one for one in project.mapLayers().values() if isinstance(one, QgsVectorLayer) and not one.readOnly()
    ]
    return [problem for layer in layers for problem in _form(layer)]


def _form(layer: QgsVectorLayer) -> list[str]:
    feature = next(layer.getFeatures(), None)
    if feature is None:
        return []
    form = QgsAttributeForm(layer, feature)
    tabs = sum(one.count() for one in form.findChildren(QTabWidget))
    return [] if tabs == 3 else [f"the form of {layer.name()} has {tabs} tabs"]


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
            found += (
                []
                if code == QgsLayoutExporter.Success
                else [f"layout {layout.name()}: export failed ({code})"]
            )
        atlas.endRender()
    return found


if __name__ == "__main__":
    main()
