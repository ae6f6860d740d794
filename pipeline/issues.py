"""Defects of the data: a code, a severity, a sentence and a place on the map.

An issue is a value that a stage records; it never stops a run. The sentences stand in `texts/<language>/issue.toml`
under the code in small letters.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from pipeline.publish import write_text


class Severity(StrEnum):
    ERROR = "error"  # something is set aside or not drawn
    WARNING = "warning"  # taken, but somebody should look
    NOTE = "note"  # what the program decided, on record


class Code(StrEnum):
    """Every kind of defect, once."""

    FILE_NOT_READ = "FILE_NOT_READ"
    FILE_UNREADABLE = "FILE_UNREADABLE"
    FILE_EMPTY = "FILE_EMPTY"
    NO_CRS = "NO_CRS"
    CRS_REFUSED = "CRS_REFUSED"
    CRS_ASSIGNED = "CRS_ASSIGNED"
    CRS_IDENTITY = "CRS_IDENTITY"
    CRS_TRANSFORM = "CRS_TRANSFORM"
    ENCODING_DECIDED = "ENCODING_DECIDED"
    ENCODING_AMBIGUOUS = "ENCODING_AMBIGUOUS"
    RECORDS_LOST = "RECORDS_LOST"
    NO_GEOMETRY = "NO_GEOMETRY"
    BAD_GEOMETRY = "BAD_GEOMETRY"
    NOT_AREAL = "NOT_AREAL"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    AMBIGUOUS_SHAPE = "AMBIGUOUS_SHAPE"
    REPAIRED = "REPAIRED"
    DUPLICATE = "DUPLICATE"
    DUPLICATE_DIFFERS = "DUPLICATE_DIFFERS"
    NUMBER_DOUBLED = "NUMBER_DOUBLED"
    SAME_OUTLINE = "SAME_OUTLINE"
    COUNTY_CODE_UNKNOWN = "COUNTY_CODE_UNKNOWN"
    COUNTY_CODE_DIFFERS = "COUNTY_CODE_DIFFERS"
    AREA_DIFFERS = "AREA_DIFFERS"
    DATE_UNREADABLE = "DATE_UNREADABLE"
    COUNTY_REPAIRED = "COUNTY_REPAIRED"
    COUNTIES_DISAGREE = "COUNTIES_DISAGREE"
    OUTSIDE = "OUTSIDE"
    PARTLY_OUTSIDE = "PARTLY_OUTSIDE"
    CLAIMED_TWICE = "CLAIMED_TWICE"
    FRAGMENT = "FRAGMENT"
    UNBALANCED = "UNBALANCED"
    IMAGERY_MISSING = "IMAGERY_MISSING"
    IMAGERY_PARTIAL = "IMAGERY_PARTIAL"
    IMAGERY_BROKEN = "IMAGERY_BROKEN"
    IMAGERY_BLANK = "IMAGERY_BLANK"
    IMAGERY_UNDATED = "IMAGERY_UNDATED"
    IMAGERY_DATES_DIFFER = "IMAGERY_DATES_DIFFER"
    IMAGERY_OTHER_DATE = "IMAGERY_OTHER_DATE"
    IMAGERY_BANDS_ASSUMED = "IMAGERY_BANDS_ASSUMED"
    SCENE_ROWS_IDLE = "SCENE_ROWS_IDLE"
    IMAGERY_APART = "IMAGERY_APART"
    POSSIBLE_CLOUD = "POSSIBLE_CLOUD"
    MASK_SMALL = "MASK_SMALL"
    LINKS_NOT_FOLLOWED = "LINKS_NOT_FOLLOWED"
    UNANNOUNCED = "UNANNOUNCED"
    EXPECTED_UNKNOWN_CODE = "EXPECTED_UNKNOWN_CODE"
    EXPECTED_UNREAD = "EXPECTED_UNREAD"
    PART_TOO_LARGE = "PART_TOO_LARGE"
    SLIVER = "SLIVER"
    GIVEN_WHOLE = "GIVEN_WHOLE"
    COUNTY_DOUBLED = "COUNTY_DOUBLED"
    COUNTY_CODE_ODD = "COUNTY_CODE_ODD"
    COUNTY_CHANGED = "COUNTY_CHANGED"
    COUNTY_OTHERWISE = "COUNTY_OTHERWISE"
    BORDERS_UNSEEN = "BORDERS_UNSEEN"
    BORDERS_UNEVEN = "BORDERS_UNEVEN"
    AREA_OFF = "AREA_OFF"
    CENTRE_OUTSIDE = "CENTRE_OUTSIDE"
    CENTRES_NOT_UNDERSTOOD = "CENTRES_NOT_UNDERSTOOD"
    DATES_REVERSED = "DATES_REVERSED"
    DATE_AHEAD = "DATE_AHEAD"
    COUNTY_NAME_DIFFERS = "COUNTY_NAME_DIFFERS"
    NUMBER_MANGLED = "NUMBER_MANGLED"
    TYPE_UNKNOWN = "TYPE_UNKNOWN"
    THIN = "THIN"
    SPIKE = "SPIKE"
    OVERLAP = "OVERLAP"
    OVERLAPS_MANY = "OVERLAPS_MANY"
    OVERLAPS_NOT_CHECKED = "OVERLAPS_NOT_CHECKED"
    DISPLACED_GCJ02 = "DISPLACED_GCJ02"
    COUNTIES_DISPLACED_GCJ02 = "COUNTIES_DISPLACED_GCJ02"
    AXES_SWAPPED = "AXES_SWAPPED"
    CRS_DOUBTFUL = "CRS_DOUBTFUL"
    FILE_WARNED = "FILE_WARNED"
    RETURN_CONFLICT = "RETURN_CONFLICT"
    RETURN_QUESTION = "RETURN_QUESTION"
    RETURN_ERROR = "RETURN_ERROR"
    RETURN_NOTE = "RETURN_NOTE"
    WITHDRAWN = "WITHDRAWN"
    LEDGER_ALTERED = "LEDGER_ALTERED"
    RELEASED = "RELEASED"
    SUPERSEDED = "SUPERSEDED"
    DECISION_UNUSED = "DECISION_UNUSED"
    SURROUNDINGS_UNREAD = "SURROUNDINGS_UNREAD"
    SURROUNDINGS_LEFT_OUT = "SURROUNDINGS_LEFT_OUT"


_ERRORS = {
    Code.FILE_UNREADABLE,
    Code.NO_CRS,
    Code.CRS_REFUSED,
    Code.ENCODING_AMBIGUOUS,
    Code.RECORDS_LOST,
    Code.NO_GEOMETRY,
    Code.BAD_GEOMETRY,
    Code.NOT_AREAL,
    Code.OUT_OF_RANGE,
    Code.AMBIGUOUS_SHAPE,
    Code.OUTSIDE,
    Code.UNBALANCED,
    Code.IMAGERY_BROKEN,
    Code.LEDGER_ALTERED,
    Code.AXES_SWAPPED,
    Code.CRS_DOUBTFUL,
    Code.NUMBER_MANGLED,
    Code.RETURN_ERROR,
    Code.EXPECTED_UNREAD,
}
_NOTES = {
    Code.CRS_ASSIGNED,
    Code.CRS_IDENTITY,
    Code.CRS_TRANSFORM,
    Code.ENCODING_DECIDED,
    Code.REPAIRED,
    Code.DUPLICATE,
    Code.FRAGMENT,
    Code.MASK_SMALL,
    Code.IMAGERY_BANDS_ASSUMED,
    Code.SCENE_ROWS_IDLE,
    Code.WITHDRAWN,
    Code.RELEASED,
    Code.THIN,
    Code.SPIKE,
    Code.SUPERSEDED,
    Code.SURROUNDINGS_LEFT_OUT,
    Code.RETURN_NOTE,
    Code.COUNTY_CHANGED,
    Code.BORDERS_UNEVEN,
    Code.POSSIBLE_CLOUD,
    Code.COUNTY_OTHERWISE,
}

# Reasons for which a whole file or layer is set aside: somebody must act, or patches are missing.
FILE_REFUSALS = {Code.FILE_UNREADABLE, Code.NO_CRS, Code.CRS_REFUSED, Code.ENCODING_AMBIGUOUS, Code.RECORDS_LOST}


def severity(code: Code) -> Severity:
    """How grave a kind of defect is."""
    if code in _ERRORS:
        return Severity.ERROR
    return Severity.NOTE if code in _NOTES else Severity.WARNING


@dataclass(frozen=True)
class Issue:
    """One defect; `facts` fill the places of its sentence, `wkb_hex` is where it lies ("" for nowhere)."""

    code: Code
    stage: str
    facts: dict[str, Any] = field(default_factory=dict)
    patch_uid: str = ""
    county_code: str = ""
    delivery: str = ""
    source_file: str = ""
    source_layer: str = ""
    source_row: int = -1
    wkb_hex: str = ""

    @property
    def severity(self) -> Severity:
        return severity(self.code)


def issue_order(one: Issue) -> tuple[Any, ...]:
    """A total order that no accident of processing can change."""
    place = (one.stage, one.code, one.county_code, one.patch_uid, one.delivery, one.source_layer, one.source_row)
    return (*place, json.dumps(one.facts, sort_keys=True, ensure_ascii=False, default=str))


def write_issues(path: Path, found: Iterable[Issue]) -> None:
    """A job's own issues, one JSON line each, in a fixed order."""
    lines = [json.dumps(vars(one), ensure_ascii=False, sort_keys=True) for one in sorted(found, key=issue_order)]
    write_text(path, "".join(line + "\n" for line in lines))


def read_issues(path: Path) -> list[Issue]:
    """The issues a job wrote; none where it wrote no file."""
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")  # names may hold other line ends (U+2028)
    rows = (json.loads(line) for line in lines if line)
    return [Issue(**{**row, "code": Code(row["code"])}) for row in rows]
