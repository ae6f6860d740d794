"""Parsed layers as values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from pipeline.fields import match_fields
from pipeline.io.parser import ROW, WKB, LayerReport, RefusedReport, Report
from pipeline.io.received import Delivery
from pipeline.io.tables import read_arrow

Geometries = npt.NDArray[np.object_]
Texts = list[str | None]


@dataclass(frozen=True)
class ReadLayer:
    """One layer of one delivery, as the parser left it."""

    delivery: str
    report: LayerReport  # its names as delivered
    table: Any  # pyarrow.Table: row, wkb, attributes as text

    @property
    def count(self) -> int:
        return int(self.table.num_rows)

    def rows(self) -> npt.NDArray[np.int64]:
        """The record numbers in the delivered layer, from 0."""
        made: npt.NDArray[np.int64] = self.table[ROW].to_numpy()
        return made

    def geometries(self) -> Geometries:
        """The delivered geometries; None where there is none or it cannot be understood."""
        blobs = self.table[WKB].to_numpy(zero_copy_only=False)
        with np.errstate(invalid="ignore"):  # coordinates that are no numbers are set aside later
            made: Geometries = shapely.from_wkb(blobs, on_invalid="ignore")
        return made

    def has_geometry(self) -> npt.NDArray[np.bool_]:
        made: npt.NDArray[np.bool_] = np.array(self.table[WKB].is_valid().to_numpy(), bool)
        return made

    def texts(self, column: str) -> Texts:
        values: Texts = self.table[column].to_pylist()
        return values

    def canonical(self, kind: str, own: dict[str, str]) -> dict[str, str]:
        """Canonical name → delivered column."""
        return match_fields(kind, self.report.fields, own)


@dataclass(frozen=True)
class RefusedFile:
    """A file or layer set aside whole."""

    delivery: str
    report: RefusedReport


def read_layers(
    deliveries: Iterable[Delivery], parsed: dict[str, tuple[Report, Path]]
) -> tuple[list[ReadLayer], list[RefusedFile], list[tuple[str, str]]]:
    """All layers in the order in which the first counts (digest of the delivery, layer); what was refused; and files
    of an archive that hold no map as (delivery, name)."""
    layers: list[ReadLayer] = []
    refused: list[RefusedFile] = []
    ignored: list[tuple[str, str]] = []
    for delivery in sorted(deliveries, key=lambda one: (one.digest, one.name)):
        report, folder = parsed[delivery.key]
        for one in sorted(report.layers, key=lambda one: (one.file, one.name)):
            layers.append(ReadLayer(delivery.digest, _named(one, delivery.name), read_arrow(folder / one.table)))
        refused += [RefusedFile(delivery.digest, replace(one, file=delivery.name + one.file)) for one in report.refused]
        ignored += [(delivery.digest, delivery.name + name) for name in report.ignored]
    return layers, refused, ignored


def _named(report: LayerReport, delivery: str) -> LayerReport:
    """The report under the name by which the delivery came this time; a layer without a name is called by its file."""
    file = delivery + report.file
    return replace(report, file=file, name=report.name or PurePosixPath(file).stem)
