"""Imagery by reference: what each file is, from the campaign, its name, or its own metadata."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from pipeline.campaign import ImageryFile
from pipeline.fields import iso_date
from pipeline.shelf import read_toml, shelf_file


def name_says(stem: str) -> tuple[str, str]:
    """Date (ISO 8601) and sensor as the file's name tells them; "" for what it does not tell."""
    for pattern, sensor in _patterns():
        found = pattern.search(stem)
        if found:
            day = iso_date(found["date"].replace("_", "-"))
            return day, sensor.format(**found.groupdict())
    return "", ""


def date_and_sensor(file: ImageryFile, tags: dict[str, str]) -> tuple[str, str]:
    """Date and sensor: the campaign's word, else the file's name, else its TIFF tags."""
    date, sensor = name_says(file.path.stem)
    tagged = iso_date(tags.get("TIFFTAG_DATETIME", "").split(" ")[0].replace(":", "-"))
    return file.date or date or tagged, file.sensor or sensor


@cache
def _patterns() -> Sequence[tuple[re.Pattern[str], str]]:
    table = read_toml(shelf_file("vocabularies/scene_names.toml"))["pattern"]
    return [(re.compile(one["match"], re.IGNORECASE), one["sensor"]) for one in table]
