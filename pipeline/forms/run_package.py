"""The run's layers for QGIS in one GeoPackage: every layer opens styled, and nothing is lost on the way."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.forms.form import Form
from pipeline.forms.layers import POINTS, layer_qml
from pipeline.io.geopackage import add_style, check_package, write_layer
from pipeline.io.tables import GEOMETRY, geometries
from pipeline.publish import private
from pipeline.records import CampaignFacts
from pipeline.texts import texts

# Defects are points too: QGIS splits a layer of mixed geometries, and a mark can be found at any scale.
_STYLED_AS = {"quarantine": "patches"}


def write_run_package(target: Path, tables: Mapping[str, Any], facts: CampaignFacts, form: Form) -> int:
    """Publish `target` with a layer for each table (Arrow, WKB in `geometry`, CRS `facts.crs`); the number of rows.

    Findings are drawn in the colours of `form`'s verdicts.
    """
    words = texts(facts.language)
    with private(target) as path:
        for name, table in tables.items():
            shapes = geometries(table)
            kind = "Point" if name in POINTS else "MultiPolygon"
            columns = {one: table[one] for one in table.column_names if one != GEOMETRY}
            title = words[f"project.run.{name}"]
            write_layer(path, name, columns, shapes, facts.crs, geometry_type=kind, title=title)
        for name in tables:
            add_style(path, name, layer_qml(_STYLED_AS.get(name, name), facts.language, form))
        check_package(path, {name: table.num_rows for name, table in tables.items()})
    return sum(table.num_rows for table in tables.values())
