"""What a page must say, reckoned from its sheet and its layout, against the words that were drawn element by element.

Words are compared without their spaces, because they are broken into lines; what ends in an ellipsis was cut for want
of room.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile

from pipeline.sheets.canvas import Inked
from pipeline.sheets.figures import MISSING
from pipeline.sheets.layout import Slot, filled
from pipeline.sheets.plan import DetailSheet, IndexRow, IndexSheet, OverviewSheet, Sheet

Told = Callable[[Slot, Sheet], Sequence[str]]
CUT = "…"


def unsaid(sheet: Sheet, marks: Sequence[Inked]) -> Iterator[str]:
    """Elements among whose `marks`, those of this page alone, some words are missing, or too many."""
    drawn: dict[str, list[str]] = {}
    for one in marks:
        if one.kind == "text":
            drawn.setdefault(one.element, []).append(one.words)
    for slot in sheet.layout.slots:
        yield from (f"{slot.name} does not say {one}" for one in _lacking(slot, sheet, drawn.get(slot.name, [])))


def _lacking(slot: Slot, sheet: Sheet, drawn: Sequence[str]) -> Iterator[str]:
    if slot.kind in EXACTLY:
        told = EXACTLY[slot.kind](slot, sheet)
        if not _is_said("".join(drawn), told, slot.options.get("stack", False)):
            yield f"{_short(told)}, once"
    if slot.kind in WHOLE:
        yield from map(repr, _unnamed(drawn, WHOLE[slot.kind](slot, sheet)))
    if slot.kind in AMONG:
        yield from map(repr, _lost("".join(drawn), AMONG[slot.kind](slot, sheet)))


def _is_said(drawn: str, told: Sequence[str], may_end: bool) -> bool:
    """Whether `drawn` is `told`, one after another, each whole or cut; `may_end`: what follows had no room."""
    left = _tight(drawn)
    for one in map(_tight, told):
        if may_end and drawn and not left:
            return True
        shared = len(one) if left.startswith(one) else _shared(left, one)
        left = left[shared:]
        if shared < len(one) and not (may_end and drawn and not left):
            if not left.startswith(CUT):
                return False
            left = left[1:]
    return not left


def _shared(one: str, other: str) -> int:
    """How many characters two words begin with alike."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _unnamed(drawn: Sequence[str], told: Sequence[str]) -> list[str]:
    """Labels that are drawn less often than they are told."""
    there = Counter(drawn)
    return [one for one, count in Counter(told).items() if there[one] < count]


def _lost(drawn: str, told: Sequence[str]) -> list[str]:
    """Words that are not among those drawn, broken or cut as they may be."""
    whole = _tight(drawn)
    return [one for one in told if not _holds(whole, _tight(one))]


def _holds(whole: str, words: str) -> bool:
    return words in whole or any(f"{words[:at]}{CUT}" in whole for at in range(len(words)))


def _tight(words: str) -> str:
    return "".join(words.split())


def _short(told: Sequence[str]) -> str:
    words = " ".join(told)
    return repr(words if len(words) <= 60 else words[:59] + CUT)


# -- what each kind of element must say ------------------------------------------------------------------


def _text(slot: Slot, sheet: Sheet) -> Sequence[str]:
    if slot.options["static"]:
        return ()
    parts = [filled(one, sheet.fields, f"element {slot.name}") for one in slot.options["text"]]
    told = [one for one in parts if one]
    return told if slot.options["stack"] else [slot.options["separator"].join(told)]


def _table(slot: Slot, sheet: Sheet) -> Sequence[str]:
    return [sheet.fields.get(name, MISSING) for row in slot.options["rows"] for name in row]


def _index(_: Slot, sheet: Sheet) -> Sequence[str]:
    return _columns(sheet.headings, sheet.rows, sheet.deep) if isinstance(sheet, IndexSheet) else ()


def _list(_: Slot, sheet: Sheet) -> Sequence[str]:
    listing = sheet.listing if isinstance(sheet, OverviewSheet) else None
    return () if listing is None else [listing.title, *_columns(listing.headings, listing.rows, listing.deep)]


def _columns(headings: Sequence[str], rows: Sequence[IndexRow], deep: int) -> list[str]:
    columns = [rows[at : at + deep] for at in range(0, len(rows), deep)]
    return [cell for column in columns for cells in (headings, *(one.cells for one in column)) for cell in cells]


def _caption(slot: Slot, sheet: Sheet) -> Sequence[str]:
    return (sheet.views[slot.options["phase"]].sources,) if isinstance(sheet, DetailSheet) else ()


def _note(slot: Slot, sheet: Sheet) -> Sequence[str]:
    return (sheet.views[slot.options["phase"]].note,) if isinstance(sheet, DetailSheet) else ()


def _labels(_: Slot, sheet: Sheet) -> Sequence[str]:
    on_map = sheet.window.labels if isinstance(sheet, DetailSheet | OverviewSheet) else ()
    return [one.words for one in on_map]


def _scale(_: Slot, sheet: Sheet) -> Sequence[str]:
    return (f"1:{sheet.window.scale:,}",) if isinstance(sheet, DetailSheet | OverviewSheet) else ()


def _bar(_: Slot, sheet: Sheet) -> Sequence[str]:
    return (*sheet.bar.labels, sheet.bar.unit) if isinstance(sheet, DetailSheet | OverviewSheet) else ()


def _code(_: Slot, sheet: Sheet) -> Sequence[str]:
    return (sheet.patch_uid,) if isinstance(sheet, DetailSheet) else ()


def _statistics(_: Slot, sheet: Sheet) -> Sequence[str]:
    rows = (*sheet.statistics, sheet.total) if isinstance(sheet, OverviewSheet) else ()
    return [one for row in rows for one in (row.name, row.count, row.area)]


EXACTLY: dict[str, Told] = {"text": _text, "table": _table, "index_table": _index, "patch_list": _list}
WHOLE: dict[str, Told] = {"map_frame": _labels, "overview_map": _labels, "scale_bar": _bar}
AMONG: dict[str, Told] = {
    "caption": _caption,
    "map_frame": _note,
    "scale_bar": _scale,
    "qr": _code,
    "statistics": _statistics,
}
