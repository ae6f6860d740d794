"""Reads a finished book back: the words each of its pages shows, from the file's own bytes."""

from __future__ import annotations

import hashlib
import mmap
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pipeline.sheets.pdf import TEXT_FONT

Bytes = mmap.mmap | bytes

_START = re.compile(rb"startxref\s+(\d+)\s+%%EOF\s*$")
_ENTRY = re.compile(rb"(\d{10}) \d{5} n ")
_KIDS = re.compile(rb"/Type /Pages /Count (\d+) /Kids \[([^\]]*)\]")
_CONTENTS = re.compile(rb"/Contents (\d+) 0 R")
_LENGTH = re.compile(rb"/Length (\d+) >>\s*stream\n")
_SHOWN = re.compile(rb"/(\w+) [\d.]+ Tf|<([0-9A-F]*)> Tj|([qQ])(?![A-Za-z])")
_PAGE_TREE = 2  # the writer's object of the page tree
_TAIL = 64
LET_GO_PAGES = 50


def words_digest(words: Iterable[bytes]) -> str:
    """The digest of the words of a page, each as the codes of its glyphs, in the order they are set."""
    return hashlib.sha256(b"\n".join(words)).hexdigest()[:32]


def page_words(path: Path) -> Iterator[list[bytes]]:
    """The words of each page as codes of glyphs, in order of drawing, without furniture and halos.

    Raises:
        ValueError: the file is not whole, or not one of this writer's.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        offsets = _offsets(data)
        for at, page in enumerate(_pages(data, offsets)):
            content = int(_found(_CONTENTS, data, offsets[page])[1])
            yield _words(_stream(data, offsets[content]))
            if at % LET_GO_PAGES == 0 and hasattr(mmap, "MADV_DONTNEED"):
                data.madvise(mmap.MADV_DONTNEED)  # what was read counts as the process's memory until then


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


def _found(pattern: re.Pattern[bytes], data: Bytes, at: int) -> re.Match[bytes]:
    found = pattern.search(data, at)
    if found is None:
        raise ValueError("the file is not whole, or not one of ours")
    return found


def _stream(data: Bytes, at: int) -> bytes:
    found = _found(_LENGTH, data, at)
    return zlib.decompress(data[found.end() : found.end() + int(found[1])])


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
