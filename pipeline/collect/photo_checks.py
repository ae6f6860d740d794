"""Rule R12: photos held against the patches that name them. What a photo does not say is said as such, never guessed.

A photo is found beside the file that names it, else among photos that were sent without a checklist.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from pipeline.collect.check_rules import Rule
from pipeline.collect.checks import Breach, file_places, remark_of, standing
from pipeline.collect.documents import Outlines
from pipeline.collect.merge import Answer, Finding, still_due
from pipeline.collect.photo_numbers import by_number, numbered
from pipeline.collect.photos import SUFFIXES
from pipeline.collect.returned import Doubt, Photo, Remark, ReturnedFile, ReturnedRow
from pipeline.collect.sent import Sent
from pipeline.forms.form import Form

Moved = Callable[[float, float], tuple[float, float]]  # longitude and latitude of WGS 84 into the campaign's CRS
OK, UNKNOWN = "ok", "unknown"
_BETWEEN = re.compile(r"[、，,;；|\n]")
_M_OF_DEGREE = 111_320.0
_UNNAMED_LISTED = 10


@dataclass(frozen=True, slots=True)
class Seen:
    """One photo beside one patch (or beside none), and what each check says of it.

    `found`: here | elsewhere | numbered (by its own name) | missing | several (of that name) | unnamed (by any row).
    """

    photo: Photo
    return_file: str
    row: ReturnedRow | None
    sent: Sent | None
    named: str
    found: str
    distance_m: float | None = None
    place: str = UNKNOWN  # ok | far | unknown
    direction: str = UNKNOWN  # ok | away | unknown
    time: str = UNKNOWN  # ok | early | late | unknown
    reuse: str = OK  # ok | reused


@dataclass(frozen=True)
class Album:
    """Photos by the names rows may give them."""

    by_name: Mapping[str, Sequence[Photo]] = field(default_factory=dict)

    def find(self, named: str) -> list[Photo]:
        """The photos a name may mean: by the end of their path, else by their own name alone."""
        key = _key(named)
        known = self.by_name.get(_last(key), ())
        exact = [one for one in known if _key(one.name) == key or _key(one.name).endswith(f"/{key}")]
        return _each_once(exact or known)


@dataclass(frozen=True)
class Albums:
    """The photos beside each file, and those that were sent alone."""

    own: Mapping[str, Album]
    alone: Album

    def find(self, answer: Answer, named: str) -> tuple[list[Photo], str]:
        """The photos a row means, and where they were found."""
        found = self.own.get(answer.digest, Album()).find(named)
        if found:
            return found, "here"
        apart = self.alone.find(named)
        sent_with = [one for one in apart if one.file.partition("/")[0] == answer.file.partition("/")[0]]
        return sent_with or apart, "elsewhere"


def see_photos(
    findings: Sequence[Finding],
    returned: Sequence[ReturnedFile],
    rule: Rule,
    outlines: Outlines,
    since: date | None,
    moved: Moved | None,
) -> list[Seen]:
    """Every photo that is named or came, beside each patch it is named for.

    `outlines` gives the shapes of pieces (degrees of the campaign's CRS) by `Sent.at`; `since` is the day the
    campaign's products are dated; without a known way from WGS 84 no place is judged.
    """
    albums = _albums(returned)
    seen = [
        _judged(one, rule, outlines, since, moved)
        for finding in findings
        for answer in standing(finding)
        for row in answer.rows
        for one in _named_photos(answer, row, finding.sent, rule, albums)
    ]
    seen += [_judged(one, rule, outlines, since, moved) for one in _numbered(_unnamed(returned, seen), findings)]
    return [*_with_reuse([one for one in seen if one.row]), *(one for one in seen if not one.row)]


def photo_remarks(
    seen: Sequence[Seen], findings: Sequence[Finding], returned: Sequence[ReturnedFile], form: Form, rule: Rule
) -> list[Remark]:
    """What is to be asked of photos, one question for each kind of doubt and row."""
    made = []
    for row, sent, mine in _by_row(seen):
        made += [remark_of(rule, sent, Breach(row, facts, kind)) for kind, facts in _doubts(mine, rule)]
    places, asked = file_places(returned, form), {*rule["named"], *rule["taken"]}
    for finding in findings:
        made += [
            remark_of(rule, finding.sent, Breach(row, {}, "none"))
            for answer in standing(finding)
            for row in answer.rows
            if not _says_any(row, rule)
            and places.get(answer.digest, frozenset()) & asked
            and not asked & set(still_due(row, form, places[answer.digest]))
        ]
    return made + list(_about_unnamed(seen, rule))


def photo_names(text: str) -> list[str]:
    """The photos a cell names, whatever stands between them; a number of photos or other words name none."""
    return [name for part in _BETWEEN.split(text) for name in _names_in(part.strip())]


def _names_in(part: str) -> list[str]:
    words = part.split()
    named = [one for one in words if _is_photo(one)]
    return [part] if len(named) == 1 and _is_photo(words[-1]) else named


def _is_photo(name: str) -> bool:
    return PurePosixPath(name).suffix.casefold() in SUFFIXES


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).replace("\\", "/").removeprefix("./").casefold()


def _last(key: str) -> str:
    return key.rpartition("/")[2]


def _each_once(photos: Iterable[Photo]) -> list[Photo]:
    return list({one.digest: one for one in photos}.values())


def _album(photos: Iterable[Photo]) -> Album:
    found: dict[str, list[Photo]] = defaultdict(list)
    for one in photos:
        found[_last(_key(one.name))].append(one)
    return Album(found)


def _albums(returned: Sequence[ReturnedFile]) -> Albums:
    own = {one.digest: _album(one.photos) for one in returned if one.photos and one.door != "photos"}
    return Albums(own, _album(photo for one in returned if one.door == "photos" for photo in one.photos))


def _named_photos(answer: Answer, row: ReturnedRow, sent: Sent, rule: Rule, albums: Albums) -> Iterator[Seen]:
    """The photos of a row, those it names twice once."""
    said = [name for key in rule["named"] for name in photo_names(row.said.get(key, ""))]
    said += [row.said[key] for key in rule["taken"] if row.said.get(key)]
    known: set[str] = set()
    for name in dict.fromkeys(said):
        found, where = albums.find(answer, name)
        photo = found[0] if len(found) == 1 else Photo(name, "", "")
        if photo.digest not in known:
            yield Seen(
                photo, answer.file, row, sent, name, where if len(found) == 1 else "several" if found else "missing"
            )
        known |= {photo.digest} - {""}


def _judged(one: Seen, rule: Rule, outlines: Outlines, since: date | None, moved: Moved | None) -> Seen:
    if one.sent is None or one.row is None or not one.photo.digest:
        return one
    time = _time(one.photo, since, one.row.said.get(rule["visited_on"], ""), rule["slack_days"])
    if moved is None or one.photo.lon_deg is None or one.photo.lat_deg is None:
        return replace(one, time=time)
    shape, points = _local(outlines([one.sent.at])[0], moved(one.photo.lon_deg, one.photo.lat_deg))
    distance_m = round(float(shapely.distance(shape, shapely.Point(0.0, 0.0))), 1)
    place = OK if distance_m <= rule["near_m"] else "far"
    return replace(
        one, distance_m=distance_m, place=place, time=time, direction=_direction(one.photo, distance_m, points, rule)
    )


def _local(outline: Any, camera_deg: tuple[float, float]) -> tuple[Any, npt.NDArray[np.float64]]:
    """The outline in metres east and north of the camera, and what of it the camera may look at.

    One scale for each direction, taken at the camera: within a kilometre true to a few centimetres.
    """
    lon, lat = camera_deg
    scale = np.array([math.cos(math.radians(lat)), 1.0]) * _M_OF_DEGREE
    shape = shapely.transform(outline, lambda points: (points - (lon, lat)) * scale)
    nearest = shapely.get_coordinates(shapely.shortest_line(shapely.Point(0.0, 0.0), shape))[-1:]
    return shape, np.vstack([nearest, shapely.get_coordinates(shape)])


def _direction(photo: Photo, distance_m: float, points: npt.NDArray[np.float64], rule: Rule) -> str:
    """Whether the camera looks towards any part of the patch; within it, it always does."""
    if photo.azimuth_deg is None:
        return UNKNOWN
    if distance_m == 0:
        return OK
    bearings = np.degrees(np.arctan2(points[:, 0], points[:, 1]))
    off = np.abs((bearings - photo.azimuth_deg + 180) % 360 - 180)
    return OK if float(off.min()) <= rule["direction_deg"] else "away"


def _time(photo: Photo, since: date | None, visited_on: str, slack_days: int) -> str:
    """Whether it was taken between the day of the campaign and the day of the visit."""
    if not photo.taken or (since is None and not visited_on):
        return UNKNOWN
    slack, day = timedelta(slack_days), date.fromisoformat(photo.taken[:10])
    if since is not None and day < since - slack:
        return "early"
    return "late" if visited_on and day > date.fromisoformat(visited_on) + slack else OK


def _with_reuse(seen: Sequence[Seen]) -> list[Seen]:
    """With a mark at each photo that stands for more than one patch."""
    patches: dict[str, set[str]] = defaultdict(set)
    for one in seen:
        if one.photo.digest and one.sent:
            patches[one.photo.digest].add(one.sent.patch_uid)
    return [replace(one, reuse="reused") if len(patches[one.photo.digest]) > 1 else one for one in seen]


def _unnamed(returned: Sequence[ReturnedFile], seen: Sequence[Seen]) -> list[Seen]:
    """Photos that came and that no row names, each once."""
    known = {one.photo.digest for one in seen}
    made = {
        (photo.file, photo.digest): Seen(photo, one.name, None, None, "", "unnamed")
        for one in returned
        for photo in one.photos
        if photo.digest not in known
    }
    return list(made.values())


def _numbered(unnamed: Sequence[Seen], findings: Sequence[Finding]) -> Iterator[Seen]:
    """The same, each beside the piece that its own name tells, where it tells one."""
    known = by_number(findings) if unnamed else {}
    for one in unnamed:
        found = numbered(one.photo.file, known)
        if found is None or found.answer is None:
            yield one
        else:
            file, row = found.answer.file, found.answer.rows[0]
            yield Seen(one.photo, file, row, found.sent, one.photo.name, "numbered")


def _by_row(seen: Sequence[Seen]) -> Iterator[tuple[ReturnedRow, Sent, list[Seen]]]:
    rows: dict[tuple[str, str], list[Seen]] = defaultdict(list)
    for one in seen:
        if one.row is not None:
            rows[one.return_file, one.row.place].append(one)
    for mine in rows.values():
        row, sent = mine[0].row, mine[0].sent
        assert row is not None
        assert sent is not None
        yield row, sent, mine


def _doubts(mine: Sequence[Seen], rule: Rule) -> Iterator[tuple[str, dict[str, str]]]:
    """The kinds of doubt about the photos of a row, each with the photos it is about."""
    kinds = {
        "missing": [one for one in mine if one.found == "missing"],
        "several": [one for one in mine if one.found == "several"],
        "far": [one for one in mine if one.place == "far"],
        "away": [one for one in mine if one.direction == "away" and one.place == OK],
        "early": [one for one in mine if one.time == "early"],
        "late": [one for one in mine if one.time == "late"],
        "reused": [one for one in mine if one.reuse == "reused"],
        "unread": [one for one in mine if one.photo.problem],
        "no_place": [one for one in mine if _is_silent(one)],
    }
    for kind, found in kinds.items():
        if found:
            facts = {"photos": ", ".join(one.named for one in found), "near_m": f"{rule['near_m']:g}"}
            yield kind, facts | _told(kind, found)


def _is_silent(one: Seen) -> bool:
    """Whether a photo that could be looked into does not say where it was taken."""
    return bool(one.photo.digest) and not one.photo.problem and one.photo.lon_deg is None


def _told(kind: str, found: Sequence[Seen]) -> dict[str, str]:
    if kind == "far":
        return {"distance_m": f"{max(one.distance_m or 0.0 for one in found):.0f}"}
    if kind in ("early", "late"):
        return {"day": min(one.photo.taken[:10] for one in found)}
    return {}


def _says_any(row: ReturnedRow, rule: Rule) -> bool:
    return any(row.said.get(key) for key in (*rule["named"], *rule["taken"]))


def _about_unnamed(seen: Sequence[Seen], rule: Rule) -> Iterator[Remark]:
    files: dict[str, list[Seen]] = defaultdict(list)
    for one in seen:
        if one.found == "unnamed":
            files[one.return_file].append(one)
    for file, mine in files.items():
        names = ", ".join(one.photo.name for one in mine[:_UNNAMED_LISTED])
        more = f" … +{len(mine) - _UNNAMED_LISTED}" if len(mine) > _UNNAMED_LISTED else ""
        facts = {"rule": rule.id, "kind": "unnamed", "severity": rule.severity, "photos": names + more}
        yield Remark(Doubt.CHECK, file, facts=facts | {"count": str(len(mine))})
