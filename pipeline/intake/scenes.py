"""Imagery by reference: when and by what each file was taken, and who says so.

The campaign's own word counts most, then the scene layer (`[inputs] scenes`), a text beside the file, the file's name,
and last its TIFF tag, which programs use for the day they wrote the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import PurePosixPath
from typing import Any

import shapely

from pipeline.campaign import ImageryFile
from pipeline.errors import Refusal
from pipeline.fields import date_span, dates_apart, iso_date, tidy
from pipeline.geometry.crs import to_storage, way_between
from pipeline.geometry.repair import areal
from pipeline.intake.read import ReadLayer
from pipeline.io.scene_texts import sidecar_words
from pipeline.records import Scene
from pipeline.shelf import read_toml, shelf_file

CAMPAIGN, LAYER, SIDECAR, NAME, TAG = "campaign", "layer", "sidecar", "name", "tag"
SHARE = 1e-6  # of a scene's ground: less between two outlines is their rounding
_PHASES = {
    **dict.fromkeys(("before", "前", "前时相", "前期", "t1"), "before"),
    **dict.fromkeys(("after", "后", "后时相", "后期", "t2"), "after"),
}
_DAY = re.compile(r"\d{4}[-/.]?\d{2}[-/.]?\d{2}")


@dataclass(frozen=True)
class Said:
    """What one source says of a file; "" for what it does not tell."""

    source: str  # CAMPAIGN | LAYER | SIDECAR | NAME | TAG
    date: str  # ISO 8601
    sensor: str


@dataclass(frozen=True)
class SceneRow:
    """A row of the scene layer."""

    said: Said
    file: str  # the name it gives, as it is compared; "" for none
    phase: str  # "before" | "after" | ""
    outline: Any  # polygon in the storage CRS


def name_says(stem: str) -> tuple[str, str]:
    """Date (ISO 8601) and sensor as the file's name tells them; "" for what it does not tell."""
    for pattern, sensor in _patterns():
        found = pattern.search(stem)
        if found:
            day = iso_date(found["date"].replace("_", "-"))
            return day, sensor.format(**found.groupdict())
    return "", ""


def all_said(
    file: ImageryFile, tags: Mapping[str, str], texts: Sequence[Mapping[str, str]], rows: Sequence[SceneRow]
) -> tuple[Said, ...]:
    """What each source says of a whole file, the weightiest first; `rows` are its own of the scene layer."""
    layer = [one.said for one in rows if one.file] if len({one.said for one in rows}) == 1 else []
    return (
        Said(CAMPAIGN, file.date, file.sensor),
        *layer[:1],
        *(text_says(one) for one in texts),
        Said(NAME, *name_says(file.path.stem)),
        Said(TAG, iso_date(tags.get("TIFFTAG_DATETIME", "").split(" ")[0].replace(":", "-")), ""),
    )


def date_and_sensor(said: Sequence[Said]) -> tuple[str, str]:
    """The first date and the first sensor that anything tells."""
    return next((one.date for one in said if one.date), ""), next((one.sensor for one in said if one.sensor), "")


def contradiction(said: Sequence[Said]) -> tuple[Said, Said] | None:
    """The source whose date counts and the first that tells another day; the TIFF tag is no witness."""
    told = [one for one in said if one.date and one.source != TAG]
    return next(((told[0], one) for one in told[1:] if dates_apart(told[0].date, one.date)), None)


def text_says(text: Mapping[str, str]) -> Said:
    """Date and sensor by the keys of a text beside a file."""
    keys = sidecar_words()
    dates = (_day(text.get(one.lower(), "")) for one in keys["date"])
    names = (next((text[one.lower()] for one in keys[kind] if one.lower() in text), "") for kind in _CARRIERS)
    return Said(SIDECAR, next(filter(None, dates), ""), tidy(" ".join(one for one in names if one)))


_CARRIERS = ("satellite", "sensor")


def _day(text: str) -> str:
    found = _DAY.match(text.strip())
    return iso_date(found[0]) if found else ""


def scene_rows(layers: Sequence[ReadLayer], assumed_crs: str, storage: str) -> list[SceneRow]:
    """The rows of the scene layer, in order, their outlines in the storage CRS.

    Raises:
        Refusal: no coordinate system, or one from which no accurate way leads to the storage CRS.
    """
    found: list[SceneRow] = []
    for layer in layers:
        column = layer.canonical("scene", {})
        texts = {
            name: layer.texts(column[name]) if name in column else [""] * layer.count
            for name in ("file", "date", "sensor", "phase")
        }
        for file, date, sensor, phase, shape in zip(
            *texts.values(), _outlines(layer, assumed_crs, storage), strict=True
        ):
            said = Said(LAYER, _given_date(date), tidy(sensor))
            found.append(SceneRow(said, _file_key(tidy(file)), _PHASES.get(tidy(phase).casefold(), ""), shape))
    return found


def _outlines(layer: ReadLayer, assumed_crs: str, storage: str) -> Sequence[Any]:
    source = layer.report.crs or assumed_crs
    if not source:
        raise Refusal("it has no coordinate system", 'set [inputs] counties_crs = "EPSG:…", or send the .prj with it')
    return list(areal(shapely.make_valid(to_storage(layer.geometries(), way_between(source, storage)))))


def usable(rows: Sequence[SceneRow], files: Sequence[ImageryFile]) -> list[SceneRow]:
    """The rows that speak of imagery of the campaign: by a file's name, else by the phase of whatever lies there."""
    known = set().union(*(_keys(one) for one in files))
    named = [one if one.file in known else replace(one, file="") for one in rows]
    return [replace(one, phase="") if one.file else one for one in named if one.file or one.phase]


def rows_of(file: ImageryFile, rows: Sequence[SceneRow]) -> list[SceneRow]:
    """The usable rows that speak of a file: those that name it, else those of its phase."""
    keys = _keys(file)
    return [one for one in rows if one.file in keys] or [one for one in rows if one.phase == file.phase]


def _keys(file: ImageryFile) -> set[str]:
    return {_file_key(file.path.name), _file_key(file.path.stem)}


def by_row(scene: Scene, rows: Sequence[SceneRow]) -> list[Scene]:
    """A scene by what the rows say of its ground: one for each date and sensor, and one for the ground of no row.

    All show the pixels of the one file; a sheet tells the dates of those whose footprint its frame meets.
    """
    grouped: dict[tuple[str, str], list[Any]] = {}
    for one in rows:
        grouped.setdefault((one.said.date or scene.date, one.said.sensor or scene.sensor), []).append(one.outline)
    if not rows or (len(grouped) == 1 and rows[0].file):
        return [scene]
    told = {key: shapely.union_all(shapes) for key, shapes in sorted(grouped.items())}
    least = SHARE * scene.footprint.area
    made = [
        replace(scene, date=date, sensor=sensor, footprint=shapely.intersection(scene.footprint, shape))
        for (date, sensor), shape in told.items()
    ]
    rest = shapely.difference(scene.footprint, shapely.union_all(list(told.values())))
    return [one for one in (*made, replace(scene, footprint=rest)) if one.footprint.area > least]


def _given_date(text: str | None) -> str:
    """A day or month, or a period as its first and last day."""
    first, last = date_span(text)
    return iso_date(text) or (f"{first}/{last}" if first else _day(text or ""))


def _file_key(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).name.casefold()


@cache
def _patterns() -> Sequence[tuple[re.Pattern[str], str]]:
    table = read_toml(shelf_file("vocabularies/scene_names.toml"))["pattern"]
    return [(re.compile(one["match"], re.IGNORECASE), one["sensor"]) for one in table]
