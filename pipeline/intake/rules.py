"""What the campaign says about patches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.decisions import Decision
from pipeline.geometry.area import Ellipsoid


@dataclass(frozen=True)
class Rules:
    """The campaign's word on coordinates, names and units."""

    campaign: str
    storage_crs: str
    ellipsoid: Ellipsoid
    assumed_crs: str
    area_unit: str
    own_fields: Mapping[str, str]
    vocabulary: str
    language: str
    county_codes: frozenset[str]
    county_names: Mapping[str, str] = field(default_factory=dict)  # by code
    map_date: str = ""  # ISO 8601, of the campaign's maps
    decisions: tuple[Decision, ...] = ()
    deliveries: Mapping[str, str] = field(default_factory=dict)  # digest → name
