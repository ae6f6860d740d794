"""国土报备坐标 TXT: [属性描述] and [地块坐标], a line per parcel and a line per vertex, northing before easting.

A parcel is `点数,面积,地块编号,地块名称,面,图幅号,用途,地类编码,@`, a vertex `J1,1,northing,easting` with the ring's
number second. Every office can open it, every program writes it a little differently; the point count of a parcel is
what tells a whole one from one that was cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import shapely

from pipeline.errors import Refusal
from pipeline.io.readers.characters import Characters, decode
from pipeline.io.readers.coordinate_frame import Frame, frame
from pipeline.io.readers.geometries import to_wkb
from pipeline.io.readers.numerals import is_number, number, whole
from pipeline.io.readers.raw import Raw
from pipeline.io.readers.rings import Vertices, polygon

FIELDS = ("点数", "面积", "地块编号", "地块名称", "图形属性", "图幅号", "用途", "地类编码")
REST = "其余"  # what stands behind the fields of the format, or a whole parcel line that is damaged
_KINDS = ("面", "点", "线")
_WIDE = str.maketrans("，；＠【】", ",;@[]")
_SECTION = re.compile(r"\s*\[\s*(.*?)\s*\]\s*")
_BEGUN = re.compile(r"J?\d*|J?\d+,[^,]*(,[^,]*)?", re.IGNORECASE)  # of a parcel or a vertex, with too few parts
_HEAD, _PARCELS = "属性描述", "地块坐标"


@dataclass(frozen=True)
class Vertex:
    """One vertex line: the point's name, its ring, and the two numbers in the order written."""

    name: str
    ring: int
    pair: tuple[float, float]


@dataclass
class Parcel:
    """A parcel line with the vertex lines after it, and what is wrong with them."""

    row: int
    values: dict[str, str]
    count: int  # of points as stated, -1 where that cannot be read
    vertices: list[Vertex] = field(default_factory=list)
    wrong: str = ""


@dataclass
class Block:
    """One head with its parcels; files are sometimes several put together."""

    head: dict[str, str] = field(default_factory=dict)
    parcels: list[Parcel] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def sniff(head: bytes) -> bool:
    """Whether the beginning of a file is of this format."""
    texts = (head.decode(name, "ignore") for name in ("utf-8", "gb18030", "utf-16"))
    return any(_HEAD in text or _PARCELS in text for text in texts)


def read_coordinate_text(path: Path) -> list[Raw]:
    """The parcels of a file, one layer for each head in it.

    Raises:
        Refusal: it is not text, has no parcel, ends in the middle of one, or its head contradicts its coordinates.
    """
    characters = decode(path.read_bytes())
    blocks = [one for one in _blocks(characters.text) if one.parcels]
    if not blocks:
        raise Refusal("it has no parcel under [地块坐标]", "ask the sender to export it again")
    names = [""] if len(blocks) == 1 else [f"[地块坐标] {at + 1}" for at in range(len(blocks))]
    _refuse_cut_line(characters.text)
    ends = [one is blocks[-1] for one in blocks]
    return [_layer(name, block, characters, end) for name, block, end in zip(names, blocks, ends, strict=True)]


def _refuse_cut_line(text: str) -> None:
    """A last line that begins like data and is none, or whose number has fewer decimals than all others, was cut."""
    lines = [one.translate(_WIDE).strip("\ufeff \t\r\x1a\x00") for one in text.split("\n")]
    decimals = [len(one.rpartition(",")[2].partition(".")[2]) for one in lines if one.count(",") == 3]
    shorter = lines[-1].count(",") == 3 and len(set(decimals[:-1])) == 1 and decimals[-1] < decimals[0]
    if shorter or (lines[-1] and _BEGUN.fullmatch(lines[-1])):
        raise Refusal("it ends in the middle of a line: it is cut off", "ask the sender to send it again")


def _blocks(text: str) -> Iterator[Block]:
    block = Block()
    for row, line in enumerate(text.split("\n")):
        plain = line.translate(_WIDE).strip("\ufeff \t\r\x1a\x00")
        section = _SECTION.fullmatch(plain[:40])
        if section and section[1] == _HEAD and block.parcels:
            yield block
            block = Block()
        elif not section and plain:
            _take(block, row, plain)
    yield block


def _take(block: Block, row: int, line: str) -> None:
    """Put a line where it belongs; parcels and vertices are known by their form, wherever they stand."""
    cells = [one.strip() for one in line.split(",")]
    key, equals, value = line.partition("=" if "=" in line else "＝")
    if equals and "," not in key and not block.parcels:
        block.head[key.strip()] = value.strip()
    elif _is_parcel(cells):
        block.parcels.append(_parcel(row, line, cells))
    elif len(cells) > 1:
        _take_vertex(block, row, line, cells)
    else:
        block.notes.append(f"line {row + 1} was not understood: {line[:60]}")


def _is_parcel(cells: list[str]) -> bool:
    return cells[-1].endswith("@") or len(cells) >= 7 or any(one in _KINDS for one in cells)


def _parcel(row: int, line: str, cells: list[str]) -> Parcel:
    try:
        count = whole(cells[0])
    except ValueError:
        return Parcel(row, {REST: line}, -1, wrong="its parcel line is damaged")
    kept = [*cells[:-1], cells[-1].rstrip("@").strip()]
    if kept[-1] == "":
        kept.pop()
    at = next((at for at, one in enumerate(kept) if one in _KINDS and at >= 4), 4)
    kept[3:at] = [",".join(kept[3:at])] if at > 4 else kept[3:at]  # a comma in the parcel's name
    values = dict(zip(FIELDS, kept, strict=False))
    if len(kept) > len(FIELDS):
        values[REST] = ",".join(kept[len(FIELDS) :])
    return Parcel(row, values, count)


def _take_vertex(block: Block, row: int, line: str, cells: list[str]) -> None:
    if not block.parcels:  # vertices without their parcel: a record all the same
        block.parcels.append(Parcel(row, {REST: line}, -1, wrong="its parcel line is missing"))
    parcel = block.parcels[-1]
    try:
        if len(cells) < 4 or any(one and not is_number(one) for one in cells[4:]):
            raise ValueError("a vertex has four parts")
        parcel.vertices.append(Vertex(cells[0], whole(cells[1]), (number(cells[2]), number(cells[3]))))
    except ValueError:
        parcel.wrong = parcel.wrong or f"line {row + 1} is not a vertex: {line[:60]}"


def _layer(name: str, block: Block, characters: Characters, end: bool) -> Raw:
    pairs = np.array([one.pair for parcel in block.parcels for one in parcel.vertices], float).reshape(-1, 2)
    found = frame(block.head, pairs)
    shapes = np.full(len(block.parcels), None, object)
    notes = [*found.notes, *block.notes, *characters.notes]
    for at, parcel in enumerate(block.parcels):
        try:
            shapes[at] = _shape(parcel, found, last=at == len(block.parcels) - 1)
        except ValueError as wrong:
            who = parcel.values.get("地块编号") or parcel.values.get("地块名称") or "?"
            if end and parcel is block.parcels[-1] and len(parcel.vertices) <= max(parcel.count, 0) + 1:
                sentence = f"it ends with a parcel that is not whole ({who:.40}, line {parcel.row + 1}: {wrong!s:.120})"
                raise Refusal(f"{sentence}: it is likely cut off", "ask the sender to send it again") from wrong
            notes.append(f"parcel {who} (line {parcel.row + 1}) was not understood: {wrong}")
    names = [one for one in (*FIELDS, REST) if any(one in parcel.values for parcel in block.parcels)]
    fields: dict[str, list[str | None]] = {
        one: [parcel.values.get(one) or None for parcel in block.parcels] for one in names
    }
    rows = [one.row for one in block.parcels]
    return Raw(name, found.crs, fields, to_wkb(shapes), rows, -1, notes, characters.encoding, characters.evidence)


def _shape(parcel: Parcel, found: Frame, last: bool) -> shapely.Geometry:
    """The parcel's geometry in the file's own coordinates, x before y.

    Raises:
        ValueError: it is damaged, or cannot be told from one that is.
    """
    rings = _rings(parcel)
    if parcel.wrong:
        raise ValueError(parcel.wrong)
    for ring in rings:
        if ring[0].name == ring[-1].name and ring[0].pair != ring[-1].pair:
            raise ValueError(f"point {ring[0].name} is given twice, at different places")
    outlines = [_xy(ring, found) for ring in rings]
    if parcel.values.get("图形属性") == "点":
        return shapely.MultiPoint(np.vstack(outlines))
    if parcel.values.get("图形属性") == "线":
        return shapely.MultiLineString(outlines)
    _check_count(parcel, outlines, last)
    return polygon(outlines)


def _rings(parcel: Parcel) -> list[list[Vertex]]:
    """The vertices by ring; one number used for several rings is told by each returning to its first point."""
    rings: list[list[Vertex]] = []
    for one in parcel.vertices:
        ring = rings[-1] if rings else []
        finished = len(ring) > 3 and ring[0].name == ring[-1].name and ring[0].pair == ring[-1].pair
        if not ring or ring[0].ring != one.ring or finished:
            rings.append([])
        rings[-1].append(one)
    if not rings:
        parcel.wrong = parcel.wrong or "it has no vertices"
    numbers = [ring[0].ring for at, ring in enumerate(rings) if at == 0 or ring[0].ring != rings[at - 1][0].ring]
    if len(set(numbers)) < len(numbers):
        parcel.wrong = parcel.wrong or "the vertices of its rings are mixed"
    return rings


def _xy(ring: list[Vertex], found: Frame) -> Vertices:
    pairs = np.array([one.pair for one in ring], float)
    xy = pairs[:, [found.x_column, 1 - found.x_column]]
    zones = xy[:, 0] // 1e6
    if found.zone and (zones != found.zone).any():
        raise ValueError(f"not all its eastings begin with {found.zone}")
    if not found.zone and np.abs(xy).max() > 180 and xy[:, 0].max() >= 1e6 and found.crs:
        raise ValueError("some of its eastings carry a zone number")
    return xy


def _check_count(parcel: Parcel, outlines: list[Vertices], last: bool) -> None:
    """Hold the stated count against the vertices: with or without the closing points, both are usual."""
    here = sum(len(one) for one in outlines)
    closing = sum(bool((one[0] == one[-1]).all()) for one in outlines)
    allowed = {here, here - closing}
    if not last:  # the closing point may be left out, and counted; at the end of a file it may have been cut off
        allowed.add(here + len(outlines) - closing)
    if parcel.count not in allowed:
        raise ValueError(f"it says it has {parcel.count} points and has {here}")
