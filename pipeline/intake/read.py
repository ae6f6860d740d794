"""Parsed layers, read from disk column by column as they are wanted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt
import shapely

from pipeline.fields import match_fields
from pipeline.intake.words import Words, words_of
from pipeline.io.parser import ROW, WKB, LayerReport, NamesReport, RefusedReport, Report
from pipeline.io.received import Delivery
from pipeline.io.tables import BLOCK, read_arrow

Geometries = npt.NDArray[np.object_]
Bools = npt.NDArray[np.bool_]
Texts = list[str | None]


@dataclass(frozen=True)
class ReadLayer:
    """One layer of one delivery, as the parser left it."""

    delivery: str
    report: LayerReport  # its names as delivered
    file: Path  # its Arrow table: row, WKB, attributes as text
    inside: str = ""  # the file in the delivery and the layer in it, whatever the delivery is called

    @property
    def count(self) -> int:
        return self.report.read

    def rows(self) -> npt.NDArray[np.int64]:
        """The record numbers in the delivered layer, from 0."""
        made: npt.NDArray[np.int64] = read_arrow(self.file, [ROW])[ROW].to_numpy()
        return made

    def blocks(self) -> Iterator[tuple[Geometries, Bools]]:
        """The delivered geometries, some thousands at a time, and whether there was one at all.

        A geometry is None where there is none or it cannot be understood.
        """
        wkb = read_arrow(self.file, [WKB])[WKB]
        for start in range(0, len(wkb), BLOCK):
            block = wkb.slice(start, BLOCK)
            with np.errstate(invalid="ignore"):  # coordinates that are no numbers are set aside later
                shapes = shapely.from_wkb(block.to_numpy(zero_copy_only=False), on_invalid="ignore")
            yield shapes, block.is_valid().to_numpy()

    def geometries(self) -> Geometries:
        """All delivered geometries at once."""
        return np.concatenate([np.empty(0, object), *(shapes for shapes, _ in self.blocks())])

    def attributes(self) -> dict[str, Words]:
        """Every delivered attribute, text as delivered."""
        table = read_arrow(self.file, self.report.fields)
        return {one: words_of(table[one]) for one in self.report.fields}

    def texts(self, column: str) -> Texts:
        """A delivered attribute as a list."""
        values: Texts = read_arrow(self.file, [column])[column].to_pylist()
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
            inside = f"{one.file}|{one.name}"
            layers.append(ReadLayer(delivery.digest, _named(one, delivery.name), folder / one.table, inside))
        refused += [RefusedFile(delivery.digest, replace(one, file=delivery.name + one.file)) for one in report.refused]
        ignored += [(delivery.digest, delivery.name + name) for name in report.ignored]
    return layers, refused, ignored


def archive_names(
    deliveries: Iterable[Delivery], parsed: dict[str, tuple[Report, Path]]
) -> list[tuple[str, NamesReport]]:
    """The archives whose names are in a decided encoding, as (delivery, which and why), in order of deliveries."""
    return [
        (delivery.digest, replace(one, file=delivery.name + one.file))
        for delivery in sorted(deliveries, key=lambda one: (one.digest, one.name))
        for one in parsed[delivery.key][0].names
    ]


def _named(report: LayerReport, delivery: str) -> LayerReport:
    """The report under the name by which the delivery came this time; a layer without a name is called by its file."""
    file = delivery + report.file
    return replace(report, file=file, name=report.name or PurePosixPath(file).stem)
