"""What a returned file says, as values: read by the readers of this room, judged by its merge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Doubt(StrEnum):
    """Why something returned could not be taken, or should be looked at; sentences stand in `texts/*/collect.toml`."""

    FILE_NOT_READ = "FILE_NOT_READ"  # a kind of file that is no return, or cannot be opened safely
    OTHER_CAMPAIGN = "OTHER_CAMPAIGN"
    OTHER_FORM = "OTHER_FORM"  # another form, or a version of it that is not the campaign's
    NO_IDENTITY = "NO_IDENTITY"  # a row with answers and without an id that can be read
    UNKNOWN_PATCH = "UNKNOWN_PATCH"  # an id that was never sent to this county
    STALE = "STALE"  # the patch was changed or withdrawn since the file was handed out
    ROW_CODE = "ROW_CODE"  # id and row code of one row disagree: rows were sorted or pasted apart
    ROW_TWICE = "ROW_TWICE"  # one piece twice in one file, answered differently
    CHANGED_GIVEN = "CHANGED_GIVEN"  # a locked cell says something else than was sent
    NOT_A_CHOICE = "NOT_A_CHOICE"  # with the nearest allowed words
    NOT_A_DATE = "NOT_A_DATE"  # unreadable, or day and month cannot be told apart
    NOT_A_NUMBER = "NOT_A_NUMBER"
    OUT_OF_LIMITS = "OUT_OF_LIMITS"
    TOO_LONG = "TOO_LONG"
    NO_VERDICT = "NO_VERDICT"  # answers without a verdict
    STILL_DUE = "STILL_DUE"  # an answer the verdict asks for is missing
    FORMULA = "FORMULA"
    HIDDEN_ROW = "HIDDEN_ROW"
    MERGED_ID = "MERGED_ID"
    COMMENTS = "COMMENTS"  # comments on cells, which are not read
    PICTURES = "PICTURES"  # pictures in cells, likewise
    UNKNOWN_COLUMN = "UNKNOWN_COLUMN"
    OUTLINE_CHANGED = "OUTLINE_CHANGED"
    SET_ASIDE = "SET_ASIDE"  # a row that its own system calls refused
    NOT_MAPPED = "NOT_MAPPED"  # columns of another system's table that its map does not name
    MAP_MISSING = "MAP_MISSING"  # columns that the map names and the table does not have
    NOT_ALONE = "NOT_ALONE"  # another system's table in a sheet of our own checklist
    NUMBER_MISSING = "NUMBER_MISSING"  # answers in a row for a further plot in which no patch number was chosen
    NUMBER_UNKNOWN = "NUMBER_UNKNOWN"  # a patch number (and county) of another system's table that was never sent
    NUMBER_DOUBTFUL = "NUMBER_DOUBTFUL"  # one that fits several pieces
    PLOTS_GONE = "PLOTS_GONE"  # plots of the answer it was issued upon that it does not bring
    CONFLICT = "CONFLICT"
    CHECK = "CHECK"  # an answer that does not agree with itself, its patch or its photos: which rule says `facts`


MAPPED = "mapped"  # the door of other systems' tables

# Doubts about the answer in one cell.
OF_CELLS = (Doubt.NOT_A_CHOICE, Doubt.NOT_A_DATE, Doubt.NOT_A_NUMBER, Doubt.OUT_OF_LIMITS, Doubt.TOO_LONG)


@dataclass(frozen=True, slots=True)
class Remark:
    """One doubt with the place it speaks of: "file!sheet!cell", and the facts that fill its sentence."""

    code: Doubt
    place: str
    patch_uid: str = ""
    county_code: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReturnedRow:
    """One row of one return: which piece it speaks of and what was said, in canonical spelling.

    `said` holds only what was answered: the form's keys → code of a choice ("legal.approval"), codes joined by "|" for
    several, ISO 8601 date, decimal number in the form's unit, or text in NFC without surrounding space.
    """

    patch_uid: str
    county_code: str  # "" where the file does not say it
    row_code: str  # "" where the door has none
    part: str  # number of the land parcel within the patch, "1" where none is given
    said: Mapping[str, str]
    given: Mapping[str, str]  # locked cells as they came back, by the form's keys
    place: str  # "file!sheet!row 12"
    base: str = ""  # the answers it was issued upon, joined by "|"; "" in what was handed out first
    refused: str = ""  # the `Doubt` for which it cannot be taken, where that is known before the merge
    called: tuple[str, ...] = ()  # by its own system: "heading value"
    by_number: bool = False  # whether its patch number alone tells its piece


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo that came with a return, and what it says of itself; None and "" where it says nothing."""

    name: str  # as rows name it: from the folder of the file that names it
    file: str  # with the archive and folders above it
    digest: str  # SHA-256 of its bytes
    lon_deg: float | None = None  # WGS 84
    lat_deg: float | None = None
    azimuth_deg: float | None = None  # of the camera, clockwise from north
    taken: str = ""  # ISO 8601, the camera's own time
    problem: str = ""  # "kind": not one that can be looked into; "unread": damaged


@dataclass(frozen=True)
class ReturnedFile:
    """One returned file as read: a workbook, a table, a GeoPackage, each also inside a folder or zip."""

    digest: str  # SHA-256 of the file's bytes
    name: str  # as it came, with the archive and folders above it
    door: str  # workbook | csv | geopackage | mapped (by a column map) | photos (alone); "" if not read
    campaign: str  # "" where the file does not say it
    county_code: str
    form: str  # "<id>@<version>", "" where the file does not say it
    rows: tuple[ReturnedRow, ...] = ()
    remarks: tuple[Remark, ...] = ()
    photos: tuple[Photo, ...] = ()  # that came with it
    asked: tuple[str, ...] = ()  # the questions it has a place for, by the form's keys
