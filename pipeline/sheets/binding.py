"""The files a book is bound in: pages go to one PDF until it would grow too large, or another town begins.

The first file stays open until the last page is printed, and that of a town until its last one is, so that overview
and index can lead into the others.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from pipeline.book_parts import SHEET_IMAGES, BookPart
from pipeline.publish import private, private_folder
from pipeline.sheets.fonts import Font
from pipeline.sheets.order import Order
from pipeline.sheets.pdf import PageRef, PdfWriter, Remote

MB = 1_000_000  # mail servers count so


@dataclass(frozen=True)
class _File:
    """A file of the book; `number` counts those that begin with the same stem."""

    stem: str
    number: int
    town: str
    first_page: int
    path: Path
    writer: PdfWriter

    @property
    def name(self) -> str:
        return _file_name(self.stem, self.number)


def _file_name(stem: str, number: int) -> str:
    return f"{stem}_{number}.pdf" if number > 1 else f"{stem}.pdf"


class Binding:
    """Opens one file after another, the first as `target`; a context manager, left when all pages are printed.

    Args:
        published: publishes each file where all goes well, and else removes it.
    """

    def __init__(self, target: Path, order: Order, font: Font, published: ExitStack) -> None:
        self._target, self._order, self._font, self._published = target, order, font, published
        self._most_bytes = order.settings.part_mb * MB
        self._places: dict[str, Remote] = {}
        self._files: list[_File] = []
        self._pages = 0
        self._writers = ExitStack()
        self._open(self._writers, target.stem, 1, "")
        self._head, self._further = (self._writers.enter_context(ExitStack()) for _ in range(2))

    def __enter__(self) -> Binding:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._writers.__exit__(kind, problem, trace)
            return
        with self._writers:
            self._lead_on()

    @property
    def writer(self) -> PdfWriter:
        """Of the file that pages go to now."""
        return self._files[-1].writer

    @property
    def paths(self) -> list[Path]:
        """Where the files lie until they are published, in order."""
        return [one.path for one in self._files]

    @property
    def parts(self) -> tuple[BookPart, ...]:
        """The files and their pages."""
        ends = [*(one.first_page for one in self._files[1:]), self._pages + 1]
        return tuple(
            BookPart(one.name, one.first_page, end - one.first_page, one.town)
            for one, end in zip(self._files, ends, strict=True)
        )

    def beside(self, name: str) -> Path:
        """Where a file that is no part of the book lies until it is published with it."""
        return self._published.enter_context(private(self._target.with_name(name)))

    def images(self) -> Path:
        """Where the folder of frames as images lies until it is published with the book."""
        return self._published.enter_context(private_folder(self._target.with_name(SHEET_IMAGES)))

    def count(self, name: str, page: PageRef) -> int:
        """Take note of a printed page and its destination; its number in the book."""
        self._places[name] = Remote(self._files[-1].name, page.index)
        self._pages += 1
        return self._pages

    def has_room(self, more_bytes: int) -> bool:
        """True where the file would not grow too large, or has no page yet."""
        empty = self._pages < self._files[-1].first_page
        return not self._most_bytes or empty or self.writer.size_bytes + more_bytes <= self._most_bytes

    def go_on(self) -> None:
        """Pages that follow go to another file of the same kind, whose first one stays open."""
        now = self._files[-1]
        self._further.close()
        self._next(self._further, now.stem, now.number + 1, now.town)

    def begin(self, kind: str, town: str = "") -> None:
        """Pages that follow go to a file of their own, `<stem>_<kind>.pdf`."""
        self._further.close()
        self._head.close()
        self._next(self._head, f"{self._target.stem}_{kind}", 1, town)

    def _next(self, until: ExitStack, stem: str, number: int, town: str) -> None:
        self._open(until, stem, number, town)
        first = self._files[0].name
        self.writer.bookmark(self._order.words.say("sheet.bookmark.first_part", file=first), Remote(first, 0))

    def _open(self, until: ExitStack, stem: str, number: int, town: str) -> None:
        path = self._published.enter_context(private(self._target.with_name(_file_name(stem, number))))
        facts, title = self._order.facts, self._title(number, town)
        writer = PdfWriter(
            path, title, facts.language, self._font, facts.id, author=facts.office.unit, elsewhere=self._places
        )
        self._files.append(_File(stem, number, town, self._pages + 1, path, until.enter_context(writer)))

    def _title(self, number: int, town: str) -> str:
        words = f"{self._order.county_words}{f' {town}' if town else ''} {self._order.facts.title}"
        return self._order.words.say("sheet.part_title", title=words, number=number) if number > 1 else words

    def _lead_on(self) -> None:
        """The first file's outline ends with what lies in the others."""
        for one in self.parts[1:]:
            kind = "town_part" if one.town else "part"
            told = {"file": one.file, "town": one.town, "first": one.first_page, "last": one.last_page}
            title = self._order.words.say(f"sheet.bookmark.{kind}", **told)
            self._files[0].writer.bookmark(title, Remote(one.file, 0))
