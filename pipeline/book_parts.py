"""The files of a county's book of sheets: which pages lie in which, and what leads to a page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BOOK = "book.json"  # where render tells of a county's book
SHEET_IMAGES = "sheet_images"  # the folder of frames as images


@dataclass(frozen=True)
class BookPart:
    """A file of a book; pages are counted through the whole book, from 1."""

    file: str
    first_page: int
    pages: int
    town: str = ""  # whose pages these are, in a book by town

    @property
    def last_page(self) -> int:
        """The last page it holds."""
        return self.first_page + self.pages - 1


@dataclass(frozen=True)
class DrawnBook:
    """What is known of a county's book: its files, and the page of each asked piece by patch_uid."""

    parts: tuple[BookPart, ...] = ()
    beside: tuple[str, ...] = ()  # files that are no part of it, relative to its folder
    page_of: Mapping[str, int] = field(default_factory=dict)
    bare: tuple[tuple[str, str, float], ...] = ()  # patch_uid, phase, share of the frame without imagery
    cloudy: tuple[tuple[str, str, float], ...] = ()  # patch_uid, phase, share of the frame that may be cloud
    offsets: tuple[Mapping[str, Any], ...] = ()  # how far the scenes of the two dates lie apart


def read_book(path: Path) -> DrawnBook:
    """The book that was told of in `book.json`; an empty one where none was drawn."""
    if not path.is_file():
        return DrawnBook()
    told = json.loads(path.read_bytes())
    parts = tuple(BookPart(**one) for one in told.get("parts", ()))
    bare, cloudy = (tuple((*one,) for one in told.get(name, ())) for name in ("bare", "cloudy"))
    beside, offsets = (tuple(told.get(name, ())) for name in ("beside", "offsets"))
    return DrawnBook(parts, beside, told["page_of"], bare, cloudy, offsets)


def page_link(parts: Sequence[BookPart], page: int) -> str:
    """The file of a page and its place there, as browsers and PDF readers open it: `320102_sheets_2.pdf#page=7`.

    Raises:
        ValueError: no part holds the page.
    """
    for one in parts:
        if one.first_page <= page <= one.last_page:
            return f"{one.file}#page={page - one.first_page + 1}"
    raise ValueError(f"no part of the book holds page {page}")
