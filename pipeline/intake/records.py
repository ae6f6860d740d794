"""All received records, column by column, in the order in which the first counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.decisions import Decision, names_file, of_verbs
from pipeline.errors import Refusal
from pipeline.geometry.crs import crs_name, way_between
from pipeline.intake.read import ReadLayer
from pipeline.intake.rules import Rules
from pipeline.intake.shapes import Place, Shapes, placed, unplaced
from pipeline.intake.values import Values, canonical, patch_keys
from pipeline.intake.words import Words, joined, nothing
from pipeline.issues import Code, Issue
from pipeline.layers import CANONICAL

Geometries = npt.NDArray[np.object_]
Reasons = npt.NDArray[np.object_]
Ints = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Source:
    """One delivered layer: where it came from, and its attributes as delivered."""

    delivery: str
    file: str
    layer: str
    crs: str  # "" where it has none that is understood
    rows: slice  # of all records
    names: Mapping[str, str]  # canonical name → delivered column
    fields: Mapping[str, Words]  # every delivered column
    inside: str = ""  # what the layer is called in its delivery, whatever that is called

    @property
    def count(self) -> int:
        return int(self.rows.stop - self.rows.start)

    def extra(self) -> list[str]:
        """The delivered columns that have no canonical name."""
        return [one for one in self.fields if one not in self.names.values()]


@dataclass(frozen=True)
class Records:
    """The columns of all records; those of one source lie together."""

    sources: tuple[Source, ...]
    source: Ints  # of each record
    row: npt.NDArray[np.int64]  # in the delivered layer, from 0
    given: Values  # canonical name → text as delivered
    values: Values  # canonical name → tidy text; the same codes
    geometry: Geometries  # in the storage CRS, as it came
    reason: Reasons  # issue code of what cannot be used, "" where there is none
    uid: Any  # Arrow texts; "" where there is a reason

    def __len__(self) -> int:
        return len(self.row)

    def of_source(self, name: str, rows: Any) -> Any:
        """A text of the source (delivery, file, layer, crs) of some records, as an Arrow column."""
        return pa.array([getattr(one, name) for one in self.sources], pa.string()).take(pa.array(self.source[rows]))


def received(layers: Sequence[ReadLayer], rules: Rules) -> tuple[Records, list[Issue]]:
    """The records of all layers, and what is to be said of whole layers."""
    ways = [_place(layer, rules) for layer in layers]
    sources = tuple(_sources(layers, [crs for crs, _, _ in ways], rules))
    given = {name: joined([_given(one, name) for one in sources]) for name in CANONICAL}
    values = {name: canonical(name, one) for name, one in given.items()}
    keys = patch_keys(rules.campaign, values)
    shapes = [
        block
        for layer, source, (_, place, _) in zip(layers, sources, ways, strict=True)
        for block in _shapes(layer, place, keys.slice(source.rows.start, source.count))
    ]
    records = Records(
        sources,
        np.repeat(np.arange(len(sources)), [one.count for one in sources]),
        np.concatenate([np.zeros(0, np.int64), *(layer.rows() for layer in layers)]),
        given,
        values,
        np.concatenate([np.empty(0, object), *(one.geometry for one in shapes)]),
        np.concatenate([np.empty(0, object), *(one.reason for one in shapes)]),
        pa.concat_arrays([pa.array([], pa.string()), *(one.uid for one in shapes)]),
    )
    return records, [issue for layer, (_, _, said) in zip(layers, ways, strict=True) for issue in _said(layer, said)]


def _sources(layers: Sequence[ReadLayer], crs: Sequence[str], rules: Rules) -> Iterator[Source]:
    start = 0
    for layer, name in zip(layers, crs, strict=True):
        rows, report = slice(start, start + layer.count), layer.report
        names = layer.canonical("patch", dict(rules.own_fields))
        yield Source(layer.delivery, report.file, report.name, name, rows, names, layer.attributes(), layer.inside)
        start += layer.count


def _given(source: Source, name: str) -> Words:
    return source.fields[source.names[name]] if name in source.names else nothing(source.count)


def _shapes(layer: ReadLayer, place: Place | Code, keys: Any) -> Iterator[Shapes]:
    return iter([unplaced(layer.count, place)]) if isinstance(place, Code) else placed(layer, place, keys)


def _place(layer: ReadLayer, rules: Rules) -> tuple[str, Place | Code, list[Issue]]:
    """The name of a layer's system, the way from there or the reason why there is none, and what is to be said."""
    decided = crs_decided(layer, rules)
    source = decided or layer.report.crs or rules.assumed_crs
    try:
        return _known_place(layer, source, bool(decided), rules)
    except Refusal as refusal:
        code = Code.CRS_REFUSED if source else Code.NO_CRS
        facts = {"problem": refusal.sentence, "hint": refusal.hint, "count": layer.count}
        return "", code, [_about(layer, code, **facts)]


def crs_decided(layer: ReadLayer, rules: Rules) -> str:
    """The system a person named for this file, whatever it says of itself; "" where nobody did."""
    names = rules.deliveries.get(layer.delivery, ""), layer.report.file
    said = [one.object for one in of_verbs(rules.decisions, "crs") if _speaks_of(one, names, layer.delivery)]
    return said[-1] if said else ""


def _speaks_of(one: Decision, names: Sequence[str], digest: str) -> bool:
    return any(names_file(one.id, name, digest) for name in names)


def _known_place(layer: ReadLayer, source: str, decided: bool, rules: Rules) -> tuple[str, Place | Code, list[Issue]]:
    if not source:
        raise Refusal(f"{layer.report.file} has no coordinate system", 'set [inputs] patches_crs = "EPSG:…"')
    way, name = way_between(source, rules.storage_crs), crs_name(source)
    said = [] if layer.report.crs and not decided else [_about(layer, Code.CRS_ASSIGNED, crs=name)]
    if way.identity:
        said.append(_about(layer, Code.CRS_IDENTITY, identity=way.identity))
    if way.shift:
        shift = {"source": name, "storage": rules.storage_crs, "accuracy_m": way.accuracy_m}
        said.append(_about(layer, Code.CRS_TRANSFORM, **shift))
    return name, Place(way, name, rules.campaign), said


def _said(layer: ReadLayer, of_place: Sequence[Issue]) -> list[Issue]:
    empty = [] if layer.count else [_about(layer, Code.FILE_EMPTY)]
    report = layer.report
    encoding = _about(layer, Code.ENCODING_DECIDED, encoding=report.encoding, evidence=report.evidence)
    return [*of_place, *empty, encoding]


def _about(layer: ReadLayer, code: Code, **facts: Any) -> Issue:
    file, name = layer.report.file, layer.report.name
    facts = {"file": file, **facts}
    return Issue(code, "ingest", facts, delivery=layer.delivery, source_file=file, source_layer=name)
