"""What was read of a return, kept beside the run's state so that it is read once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.collect.returned import Doubt, Remark, ReturnedFile, ReturnedRow
from pipeline.publish import write_text

_ROW = ("patch_uid", "county_code", "row_code", "part", "said", "given", "place")
_FILE = ("digest", "name", "door", "campaign", "county_code", "form")


def remember(path: Path, files: Sequence[ReturnedFile]) -> None:
    """Write what was read, as JSON."""
    write_text(path, json.dumps([_value(one) for one in files], ensure_ascii=False))


def remembered(path: Path) -> list[ReturnedFile]:
    """What `remember` wrote."""
    return [_file(one) for one in json.loads(path.read_bytes())]


def _value(one: ReturnedFile) -> dict[str, Any]:
    return {
        **{name: getattr(one, name) for name in _FILE},
        "rows": [[getattr(row, name) for name in _ROW] for row in one.rows],
        "remarks": [[str(r.code), r.place, r.patch_uid, r.county_code, dict(r.facts)] for r in one.remarks],
        "photos": list(one.photos),
    }


def _file(value: dict[str, Any]) -> ReturnedFile:
    return ReturnedFile(
        **{name: value[name] for name in _FILE},
        rows=tuple(ReturnedRow(**dict(zip(_ROW, row, strict=True))) for row in value["rows"]),
        remarks=tuple(Remark(Doubt(code), *rest) for code, *rest in value["remarks"]),
        photos=tuple(value["photos"]),
    )
