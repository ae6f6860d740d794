"""What was read of a return, kept beside the run's state so that it is read once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.collect.returned import Doubt, Photo, Remark, ReturnedFile, ReturnedRow
from pipeline.publish import write_text

_ROW = (
    "patch_uid", "county_code", "row_code", "part", "said", "given", "place", "base", "refused", "called",
    "by_number",
)  # fmt: skip
_FILE = ("digest", "name", "door", "campaign", "county_code", "form")
_COMPARED = ("patch_no", "centre", "area", "geometry")
_SHORT = 12
_PHOTO = tuple(Photo.__dataclass_fields__)


def remember(path: Path, files: Sequence[ReturnedFile]) -> None:
    """Write what was read, as JSON."""
    write_text(path, json.dumps([_value(one) for one in files], ensure_ascii=False))


def remembered(path: Path) -> list[ReturnedFile]:
    """What `remember` wrote."""
    return [_file(one) for one in json.loads(path.read_bytes())]


def lean(files: Sequence[ReturnedFile], known: dict[str, str]) -> list[ReturnedFile]:
    """The same for a province in memory: equal words kept once, of locked cells those that are compared with what was
    sent. `known` holds what was sent, and short answers as they come: long ones are seldom said twice."""
    return [replace(one, rows=tuple(_lean(row, known) for row in one.rows)) for one in files]


def _lean(row: ReturnedRow, known: dict[str, str]) -> ReturnedRow:
    def once(word: str) -> str:
        return known.setdefault(word, word) if len(word) <= _SHORT else known.get(word, word)

    said = {once(key): once(value) for key, value in row.said.items()}
    given = {once(key): once(row.given[key]) for key in _COMPARED if key in row.given}
    uid, code = once(row.patch_uid), once(row.row_code)
    return replace(row, patch_uid=uid, row_code=code, county_code=once(row.county_code), said=said, given=given)


def _value(one: ReturnedFile) -> dict[str, Any]:
    return {
        **{name: getattr(one, name) for name in _FILE},
        "rows": [[getattr(row, name) for name in _ROW] for row in one.rows],
        "asked": one.asked,
        "remarks": [[str(r.code), r.place, r.patch_uid, r.county_code, dict(r.facts)] for r in one.remarks],
        "photos": [[getattr(photo, name) for name in _PHOTO] for photo in one.photos],
    }


def _file(value: dict[str, Any]) -> ReturnedFile:
    return ReturnedFile(
        **{name: value[name] for name in _FILE},
        rows=tuple(_row(row) for row in value["rows"]),
        remarks=tuple(Remark(Doubt(code), *rest) for code, *rest in value["remarks"]),
        asked=tuple(value["asked"]),
        photos=tuple(Photo(*photo) for photo in value["photos"]),
    )


def _row(values: Sequence[Any]) -> ReturnedRow:
    told = dict(zip(_ROW, values, strict=True))
    return ReturnedRow(**{**told, "called": tuple(told["called"])})
