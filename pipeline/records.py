"""The values one county's products are made from: no files, no drawing, no arithmetic.

Lengths, areas and angles carry their unit in their name; geometries are in the campaign's geographic CRS
(longitude, latitude in degrees), see `CampaignFacts.crs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True)
class Office:
    """What stands in the margin of sheets and forms."""

    unit: str = ""
    maker: str = ""
    checker: str = ""
    phone: str = ""
    logo: str = ""
    classification: str = ""
    contact: str = ""  # whom to ask for
    mail: str = ""  # where answers go, as START_HERE prints it
    address: str = ""  # likewise, on paper


@dataclass(frozen=True)
class CampaignFacts:
    """What every product of a campaign says of it."""

    id: str
    title: str
    profile: str  # "cn" | "international" | an office's own
    language: str  # a folder of texts/
    map_date: date | None
    office: Office
    area_unit: str  # "mu" | "ha" | "ac": the unit of the office, beside m2
    crs: str  # the storage CRS: an authority code such as "EPSG:4490"
    lead_note: bool  # print "a lead, not a finding"


@dataclass(frozen=True)
class Piece:
    """The part of a patch in one county."""

    patch_uid: str
    patch_no: str  # as delivered, "" if none
    piece_no: int  # 1 … piece_count, by area share, largest first
    piece_count: int
    county_code: str
    county_name: str
    own: bool  # False: another county's part of a patch that also lies in this one
    seq: int  # its number in the county's book (page, overview label, checklist row); 0 if not asked
    asked: bool
    not_asked_reason: str  # "" | "fragment" | "minimum" | "sliver"
    area_m2: float
    patch_area_m2: float
    area_share: float
    lon_deg: float  # a point inside the piece
    lat_deg: float
    geometry: Any  # shapely Polygon or MultiPolygon
    town: str = ""
    village: str = ""
    patch_type: str = ""  # code as delivered
    patch_type_name: str = ""  # from the vocabulary of the year, "" if unknown
    phase_before: str = ""  # ISO 8601 date where understood, else as delivered
    phase_after: str = ""
    area_reported: str = ""  # as delivered
    remark: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)  # every other delivered attribute


@dataclass(frozen=True)
class Neighbour:
    """A county beside the one at hand."""

    code: str
    name: str
    geometry: Any


@dataclass(frozen=True)
class County:
    """The county a book is made for, with those around it."""

    code: str
    name: str
    city_name: str
    province_name: str
    geometry: Any
    neighbours: tuple[Neighbour, ...] = ()

    @property
    def full_name(self) -> str:
        """Province, city and county in one word, each once."""
        names = [self.province_name, self.city_name, self.name]
        return "".join(name for at, name in enumerate(names) if name and name not in names[:at])


@dataclass(frozen=True)
class Scene:
    """One imagery file of one date, by reference."""

    path: str
    phase: str  # "before" | "after"
    date: str  # ISO 8601, or "" if unknown
    sensor: str  # "" if unknown
    bands: tuple[int, ...]  # 1-based, as red, green, blue (or one grey)
    digest: str  # SHA-256 of the file
    crs: str  # WKT or authority code
    transform: tuple[float, float, float, float, float, float]  # affine a, b, c, d, e, f
    width: int
    height: int
    pixel_m: float  # ground size of a pixel, metres
    footprint: Any  # shapely geometry of the outline in the campaign's CRS
    stretch: tuple[tuple[float, float], ...] | None = None  # per band low, high for other than 8 bit
