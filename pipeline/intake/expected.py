"""What was announced: `expected.csv`, one row a county.

Columns (any order, English or Chinese): code, announced patches, announced area, status, reason, contact, phone,
deadline. UTF-8 (with or without BOM) or GB18030.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import Refusal
from pipeline.fields import header_key, number_text, tidy

_COLUMNS = {
    "code": ("CODE", "COUNTY_CODE", "XZQDM", "行政区代码", "区划代码", "代码"),
    "patches": ("PATCHES", "ANNOUNCED", "ANNOUNCED_PATCHES", "图斑数", "图斑个数", "下发图斑数"),
    "area": (
        "AREA",
        "ANNOUNCED_AREA",
        "ANNOUNCED_AREA_MU",
        "ANNOUNCED_AREA_HA",
        "ANNOUNCED_AREA_M2",
        "面积",
        "图斑面积",
    ),
    "status": ("STATUS", "状态"),
    "reason": ("REASON", "原因"),
    "contact": ("CONTACT", "联系人"),
    "phone": ("PHONE", "电话", "联系电话"),
    "deadline": ("DEADLINE", "期限", "截止日期"),
}


@dataclass(frozen=True)
class Announced:
    """What was announced of one county; `patches` is None where no number was given."""

    code: str
    patches: int | None
    area: str = ""
    status: str = ""
    reason: str = ""
    contact: str = ""
    phone: str = ""
    deadline: str = ""


_DIGITS = 9  # of a number of patches
_AGAIN = "save it as CSV UTF-8 from the spreadsheet"


def read_expected(path: Path) -> dict[str, Announced]:
    """Announcements by county code, in order of codes.

    Raises:
        Refusal: not text, no column of codes, a code twice, or a number that is none; the row is named.
    """
    try:
        rows = list(csv.reader(io.StringIO(_text(path)), strict=True))
    except csv.Error as problem:
        raise Refusal(f"{path.name} is not a table of comma-separated values ({problem})", _AGAIN) from problem
    if not rows:
        raise Refusal(f"{path.name} is empty", "write it, or take expected out of [inputs]")
    places = {name: _place(rows[0], known) for name, known in _COLUMNS.items()}
    if places["code"] is None or places["patches"] is None:
        sentence = f"{path.name} needs the columns code and patches; it has {', '.join(rows[0])}"
        raise Refusal(sentence, "write the header: code,patches,area,status,reason,contact,phone,deadline")
    found: dict[str, Announced] = {}
    for at, row in enumerate(rows[1:], start=2):
        if any(tidy(cell) for cell in row):
            one = _announced(path, at, {name: _cell(row, place) for name, place in places.items()})
            if one.code in found:
                raise Refusal(f"{path.name} row {at}: county {one.code} stands there twice", "leave one row a county")
            found[one.code] = one
    return dict(sorted(found.items()))


def expected_or_why(path: Path | None) -> tuple[dict[str, Announced], str]:
    """Announcements and "", or none and why they cannot be read: a slip in this list holds up no county's folder."""
    try:
        return (read_expected(path) if path else {}), ""
    except Refusal as refusal:
        return {}, refusal.sentence


def _announced(path: Path, at: int, cells: dict[str, str]) -> Announced:
    code, patches = number_text(cells["code"]), number_text(cells["patches"])
    if not code:
        raise Refusal(f"{path.name} row {at} has no county code", "fill it in")
    if patches and not (patches.isdecimal() and len(patches) <= _DIGITS):
        raise Refusal(
            f"{path.name} row {at}: {patches[:40]!r} is not a number of patches", "write a whole number, or nothing"
        )
    facts = {name: cells[name] for name in ("area", "status", "reason", "contact", "phone", "deadline")}
    return Announced(code, int(patches) if patches else None, **facts)


def _text(path: Path) -> str:
    data = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refusal(f"{path.name} is neither UTF-8 nor GB18030 text", _AGAIN)


def _place(header: list[str], known: tuple[str, ...]) -> int | None:
    keys = [header_key(one.lstrip("\ufeff")) for one in header]
    return next((keys.index(one) for one in known if one in keys), None)


def _cell(row: list[str], place: int | None) -> str:
    return tidy(row[place]) if place is not None and place < len(row) else ""
