"""Parsed layers as values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
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
    report: LayerReport
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
        report, folder = parsed[delivery.digest]
        layers += [ReadLayer(delivery.digest, one, read_arrow(folder / one.table)) for one in _ordered(report.layers)]
        refused += [RefusedFile(delivery.digest, one) for one in report.refused]
        ignored += [(delivery.digest, name) for name in report.ignored]
    return layers, refused, ignored


def _ordered(layers: Sequence[LayerReport]) -> list[LayerReport]:
    return sorted(layers, key=lambda one: (one.file, one.name))
