"""What is told of a sheet to who cannot see it: a page of maps in sentences, any other by its own words."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.sheets.elements.table import field_label
from pipeline.sheets.figures import MISSING
from pipeline.sheets.plan import Book, DetailSheet, OverviewSheet, Sheet
from pipeline.texts import Texts


def description(sheet: Sheet, book: Book, words: Texts) -> str:
    """What is read aloud in the place of a sheet's words, "" where they do."""
    if isinstance(sheet, DetailSheet):
        return _joined(_piece(sheet, book, words), words)
    return _joined(_overview(sheet, words), words) if isinstance(sheet, OverviewSheet) else ""


def _joined(told: Iterator[str], words: Texts) -> str:
    return words["sheet.joint"].join(one.rstrip("。.") for one in told if one)


def _piece(sheet: DetailSheet, book: Book, words: Texts) -> Iterator[str]:
    """The heading, the table, what each frame shows, the scale, the verdicts to choose from."""
    yield sheet.fields["heading"]
    yield sheet.fields["check_line"]
    for slot in sheet.layout.of_kind("table"):
        for name in (one for row in slot.options["rows"] for one in row):
            told = sheet.fields.get(name, MISSING)
            if told != MISSING:
                yield words.say("sheet.heard.pair", name=field_label(book, words, name), value=told)
    for view in sheet.views.values():
        shown = words["sheet.joint"].join(one for one in (view.sources, view.note) if one)
        yield words.say("sheet.heard.imagery", phase=view.caption, shown=shown)
    yield sheet.fields["scale"]
    if any(sheet.layout.of_kind("verification")):
        verdicts = words["sheet.list_separator"].join(book.verdicts)
        yield words.say("sheet.heard.pair", name=words["sheet.verification"], value=verdicts)
    yield sheet.fields["page"]


def _overview(sheet: OverviewSheet, words: Texts) -> Iterator[str]:
    """The heading, the statistics, the scale, and what is noted."""
    yield sheet.fields["heading"]
    yield sheet.fields["subtitle"]
    yield sheet.fields["pieces_total"]
    for one in sheet.statistics:
        yield words.say("sheet.heard.statistic", name=one.name, count=one.count, area=one.area)
    for name in ("unasked_note", "clusters_note", "pages_note", "sources_line", "offset_line", "scale", "page"):
        yield sheet.fields.get(name, "")
