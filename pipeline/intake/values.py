"""Canonical values of delivered attributes, reckoned once for each different text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.fields import area_units, as_number, iso_date, number_text, tidy
from pipeline.intake.words import Words

Floats = npt.NDArray[np.float64]
Values = Mapping[str, Words]

DATES = ("phase_before", "phase_after")
_IDS = ("patch_no", "county_code", "patch_type")

# What is already as it should be, and need not be looked at one by one (RE2, held against `fields` by a test).
TIDY = "[!-~]+(?: [!-~]+)*"
TIDY_ID = r"[!-\-/-~]+(?: [!-\-/-~]+)*"
PLAIN_NUMBER = r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?"


def canonical(name: str, given: Words) -> Words:
    """The tidy text of every delivered one; "" for none."""
    return given.each(number_text, TIDY_ID) if name in _IDS else given.each(tidy, TIDY)


def shown(name: str, values: Words) -> Words:
    """A canonical value as products show it: dates in ISO 8601 where they are understood."""
    return values.each(lambda text: iso_date(text) or text) if name in DATES else values


def patch_keys(campaign: str, values: Values, rows: Any = None) -> Any:
    """Campaign / county code / patch number as delivered: for people, and for knowing a redelivery."""
    county, number = values["county_code"].column(rows), values["patch_no"].column(rows)
    return pc.binary_join_element_wise(pa.scalar(campaign), county, number, "/")


def reported_areas(values: Values) -> Floats:
    """The delivered figure of each record, NaN where there is none."""
    return values["area_reported"].numbers(_figure, PLAIN_NUMBER)


def _figure(text: str) -> float:
    number = as_number(text)
    return float("nan") if number is None else number


def area_unit(reported: Floats, area_m2: Floats, declared: str) -> str:
    """The unit of a layer's reported areas: as declared, else the one whose median ratio to the computed fits."""
    ratio = reported[reported != 0] / area_m2[reported != 0]
    ratio = ratio[np.isfinite(ratio)]
    if len(ratio) == 0:
        return ""
    return declared or _fitting_unit(float(np.median(ratio)))


def _fitting_unit(ratio: float) -> str:
    """The unit in which reported ÷ computed square metres is nearest to this ratio, if within a tenth."""
    off = {name: abs(ratio * size - 1) for name, size in area_units().items()}
    best = min(off, key=lambda one: off[one])
    return best if off[best] <= 0.1 else ""
