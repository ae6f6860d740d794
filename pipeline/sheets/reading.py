"""Reads a finished book back from the file's own bytes: what each page says, shows, and where it lies."""

from __future__ import annotations

import hashlib
import mmap
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.sheets.pdf import TEXT_FONT, Edges

Bytes = mmap.mmap | bytes

_START = re.compile(rb"startxref\s+(\d+)\s+%%EOF\s*$")
_ENTRY = re.compile(rb"(\d{10}) \d{5} n ")
_KIDS = re.compile(rb"/Type /Pages /Count (\d+) /Kids \[([^\]]*)\]")
_PAGE = re.compile(rb"<< /Type /Page .*?\nendobj", re.DOTALL)
_CONTENTS = re.compile(rb"/Contents (\d+) 0 R")
_STREAM = re.compile(rb"<< ([^\n]*) /Length (\d+) >>\s*stream\n")
_VIEWPORT = re.compile(rb"/Type /Viewport .*?/BBox \[([^\]]*)\].*?/LPTS \[([^\]]*)\].*?/GPTS \[([^\]]*)\]", re.DOTALL)
_SHOWN = re.compile(rb"/(\w+) [\d.]+ Tf|<([0-9A-F]*)> Tj|([qQ])(?![A-Za-z])")
_PLACED = re.compile(rb"\nq (?:/G\d+ gs )?([\d.-]+) 0 0 ([\d.-]+) ([\d.-]+) ([\d.-]+) cm /X(\d+) Do Q")
_STATIC = re.compile(rb"(?:^|\n)/X(\d+) Do(?=\n|$)")
_ANNOTATIONS = re.compile(rb"/Annots \[([^\]]*)\]")
_RECTANGLE = re.compile(rb"/Rect \[([^\]]*)\]")
_TEXT = rb"(\((?:[^\\)]|\\.)*\)|<[0-9A-F]*>)"
_GOAL = re.compile(
    rb"/Dest <([0-9A-F]*)> >>|/S /URI /URI " + _TEXT + rb"|/S /GoToR /F << .*?/UF " + _TEXT + rb" >> /D \[(\d+)"
)
_NAMED = re.compile(rb"<([0-9A-F]*)> \[(\d+) 0 R /")
_LABEL = re.compile(rb"(\d+) << /P " + _TEXT + rb" >>")
_CATALOG, _PAGE_TREE = 1, 2  # the writer's objects
_TAIL = 64
LET_GO_PAGES = 50


@dataclass(frozen=True, slots=True)
class FrameRead:
    """A georeferenced rectangle of a page: its edges on paper and four corners as shares of it and in degrees."""

    edges_pt: Edges
    shares: tuple[float, ...]  # right, up of upper left, lower left, lower right, upper right
    latlon_deg: tuple[float, ...]  # latitude, longitude of the same


@dataclass(frozen=True, slots=True)
class ImageRead:
    """An image of a page: the digest of its bytes and its edges on paper."""

    digest: str
    edges_pt: Edges


@dataclass(frozen=True, slots=True)
class LinkRead:
    """A link of a page: its edges on paper, and where it leads."""

    edges_pt: Edges
    file: str  # another one of the same folder, "" for this one
    page: int  # from 0 in that file, -1 of an address
    address: str = ""


@dataclass(frozen=True, slots=True)
class PageRead:
    """What a page of the file holds."""

    label: str
    drawn: str  # the digest of its operators
    words: str  # the digest of what it says, without halos
    furniture: tuple[str, ...]  # digests of what it shares with other pages
    frames: tuple[FrameRead, ...]
    images: tuple[ImageRead, ...]
    links: tuple[LinkRead, ...]


def words_digest(words: Iterable[bytes]) -> str:
    """The digest of words, each as the codes of its glyphs, in the order they are set."""
    return hashlib.sha256(b"\n".join(words)).hexdigest()[:32]


def drawn_digest(operators: bytes) -> str:
    """The digest of a content stream."""
    return hashlib.sha1(operators, usedforsecurity=False).hexdigest()


def furniture_digest(words: Iterable[bytes], operators: bytes) -> str:
    """The digest of what pages share: what it says, and how it is drawn."""
    return words_digest(words) + drawn_digest(operators)


def image_digest(data: bytes | memoryview) -> str:
    """The digest of an image's bytes."""
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def read_pages(path: Path) -> Iterator[PageRead]:
    """The pages of a book in order.

    Raises:
        ValueError: the file is not whole, or not one of this writer's.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        offsets = _offsets(data)
        static: dict[int, str] = {}
        pages = _pages(data, offsets)
        catalog = _Catalog(_object(data, offsets[_CATALOG]), pages)
        for at, page in enumerate(pages):
            yield _read(data, offsets, page, static, catalog.labels.get(at, ""), catalog.goals)
            if at % LET_GO_PAGES == 0 and hasattr(mmap, "MADV_DONTNEED"):
                data.madvise(mmap.MADV_DONTNEED)  # what was read counts as the process's memory until then


class _Catalog:
    """What the catalog tells: the label of each page, and the page that each destination is on."""

    def __init__(self, told: bytes, pages: Sequence[int]) -> None:
        index = {page: at for at, page in enumerate(pages)}
        self.labels = {int(at): _text(label) for at, label in _LABEL.findall(told)}
        self.goals = {name: index.get(int(page), -1) for name, page in _NAMED.findall(told)}


def _read(
    data: Bytes, offsets: Sequence[int], page: int, static: dict[int, str], label: str, goals: Mapping[bytes, int]
) -> PageRead:
    """One page; `static` holds what was read of drawings that pages share."""
    told = _found(_PAGE, data, offsets[page])[0]
    operators = _inflated(data, offsets[int(_found(_CONTENTS, told, 0)[1])])
    shared = [int(one) for one in _STATIC.findall(operators)]
    for one in shared:
        if one not in static:
            drawn = _inflated(data, offsets[one])
            static[one] = furniture_digest(_words(drawn), drawn)
    notes = _ANNOTATIONS.search(told)
    return PageRead(
        label,
        drawn_digest(operators),
        words_digest(_words(operators)),
        tuple(static[one] for one in shared),
        tuple(_frame(*one) for one in _VIEWPORT.findall(told)),
        tuple(_image(data, offsets, one) for one in _PLACED.findall(operators)),
        tuple(_link(_object(data, offsets[int(one)]), goals) for one in notes[1].split()[::3]) if notes else (),
    )


def _link(note: bytes, goals: Mapping[bytes, int]) -> LinkRead:
    left, low, right, high = map(float, _found(_RECTANGLE, note, 0)[1].split())
    name, address, file, page = _found(_GOAL, note, 0).groups()
    edges = (left, low, right, high)
    if address is not None:
        return LinkRead(edges, "", -1, _text(address))
    return LinkRead(edges, "", goals.get(name, -1)) if file is None else LinkRead(edges, _text(file), int(page))


def _text(words: bytes) -> str:
    """A text string, as the writer spells it."""
    if words.startswith(b"<"):
        return bytes.fromhex(words[1:-1].decode()).decode("utf-16")
    return re.sub(rb"\\(.)", rb"\1", words[1:-1]).decode("ascii")


def _frame(box: bytes, shares: bytes, ground: bytes) -> FrameRead:
    left, low, right, high = map(float, box.split())
    return FrameRead((left, low, right, high), tuple(map(float, shares.split())), tuple(map(float, ground.split())))


def _image(data: Bytes, offsets: Sequence[int], placed: tuple[bytes, ...]) -> ImageRead:
    width, height, left, low = map(float, placed[:4])
    return ImageRead(image_digest(_stream(data, offsets[int(placed[4])])), (left, low, left + width, low + height))


def _offsets(data: Bytes) -> list[int]:
    """Where each object begins; object numbers count from 1."""
    start = int(_found(_START, data, max(len(data) - _TAIL, 0))[1])
    return [0, *(int(one) for one in _ENTRY.findall(data[start:]))]


def _pages(data: Bytes, offsets: Sequence[int]) -> list[int]:
    count, kids = _found(_KIDS, data, offsets[_PAGE_TREE]).groups()
    pages = [int(one) for one in kids.split()[::3]]
    if len(pages) != int(count):
        raise ValueError(f"the page tree counts {int(count)} pages and lists {len(pages)}")
    return pages


def _object(data: Bytes, at: int) -> bytes:
    return data[at : data.find(b"\nendobj", at)]


def _found(pattern: re.Pattern[bytes], data: Bytes, at: int) -> re.Match[bytes]:
    found = pattern.search(data, at)
    if found is None:
        raise ValueError("the file is not whole, or not one of ours")
    return found


def _stream(data: Bytes, at: int) -> bytes:
    found = _found(_STREAM, data, at)
    return data[found.end() : found.end() + int(found[2])]


def _inflated(data: Bytes, at: int) -> bytes:
    try:
        return zlib.decompress(_stream(data, at))
    except zlib.error as problem:
        raise ValueError(f"the file is not whole: {problem}") from problem


def _words(operators: bytes) -> list[bytes]:
    """What is shown in the text font; the font set before `q` holds again after `Q`."""
    told, font, kept = [], b"", []
    for name, codes, state in _SHOWN.findall(operators):
        if name:
            font = name
        elif state == b"q":
            kept.append(font)
        elif state == b"Q":
            font = kept.pop()
        elif font == TEXT_FONT.encode():
            told.append(bytes.fromhex(codes.decode()))
    return told
