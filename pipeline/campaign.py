"""A campaign as configured: what every command begins with, and where its files lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.layers import Layer
from pipeline.records import CampaignFacts

AROUND = ("towns", "roads", "places")  # inputs that show the way: polygons, lines, points


@dataclass(frozen=True)
class ImageryFile:
    """One imagery file as configured; what is not said here may be said by its name or metadata."""

    path: Path
    phase: str  # "before" | "after"
    date: str
    sensor: str
    bands: tuple[int, ...]
    called: str = ""  # as people know it: its path from the folder of the campaign file

    @property
    def shown(self) -> str:
        """What products call it: no path of this machine."""
        return self.called or self.path.name

    @property
    def said(self) -> tuple[str, str, str, tuple[int, ...]]:
        """What the campaign says of it."""
        return self.phase, self.date, self.sensor, self.bands


@dataclass(frozen=True)
class MaskRules:
    """`[inputs.mask]`: which classes of a change mask are patches, and from which size on."""

    classes: Mapping[int, str]  # class → code of the patch type, "" for what is no patch
    minimum_m2: float
    connected: int  # 4 (pixels that share an edge) or 8 (a corner too)


@dataclass(frozen=True)
class Inputs:
    """What came from people, as paths that exist."""

    patches: tuple[Path, ...]
    counties: tuple[Path, ...]
    imagery: tuple[ImageryFile, ...]
    expected: Path | None
    towns: tuple[Path, ...]
    roads: tuple[Path, ...]
    places: tuple[Path, ...]
    patches_crs: str
    counties_crs: str
    patches_encoding: str
    area_unit: str
    levels: str | tuple[int, ...] | tuple[str, ...]
    patch_fields: Mapping[str, str]
    county_fields: Mapping[str, str]
    patch_types: str
    counties_date: str = ""  # ISO 8601, of the county layer
    counties_other: tuple[Path, ...] = ()  # the county layer of another date
    counties_other_fields: Mapping[str, str] = field(default_factory=dict)
    counties_other_date: str = ""
    scenes: tuple[Path, ...] = ()  # a layer that tells date and sensor of imagery files
    mask: MaskRules | None = None  # None: GeoTIFFs among the deliveries are not read

    @property
    def county_dates(self) -> tuple[str, str]:
        """Of the county layer and of the other one, ISO 8601, "" where none is given."""
        return self.counties_date, self.counties_other_date

    @property
    def around(self) -> dict[str, tuple[Path, ...]]:
        """What lies about the patches, by kind."""
        return {"towns": self.towns, "roads": self.roads, "places": self.places}


@dataclass(frozen=True)
class Campaign:
    """A campaign as configured: what every command begins with."""

    file: Path
    facts: CampaignFacts
    form: str
    inputs: Inputs
    archive: Path
    out: Path
    sections: Mapping[str, Any]

    @property
    def files(self) -> Files:
        return Files(self.archive, self.out)


@dataclass(frozen=True)
class Files:
    """Where the layers and state of one campaign lie."""

    archive: Path
    out: Path

    def __getitem__(self, layer: Layer) -> Path:
        return self.out / "tables" / f"{layer.name}.parquet"

    @property
    def state(self) -> Path:
        return self.out / ".state"

    @property
    def around(self) -> Path:
        """Code → digest of what lies about each county: towns, roads, places."""
        return self.state_file("surroundings.json")

    def around_of(self, code: str) -> Path:
        """Towns, roads and places of one county and about it."""
        return self.state / "surroundings" / f"{code}.arrow"

    @property
    def returns(self) -> Path:
        """The inbox for completed checklists, and what is kept of it."""
        return self.archive / "returns"

    @property
    def ledger(self) -> Path:
        return self.archive / "ledger.jsonl"

    @property
    def decisions(self) -> Path:
        """What named people decided."""
        return self.archive / "decisions.csv"

    @property
    def receipts(self) -> Path:
        """A receipt for each delivered file."""
        return self.reports / "deliveries"

    @property
    def reports(self) -> Path:
        return self.out / "reports"

    def state_file(self, name: str) -> Path:
        return self.state / name

    def slice(self, code: str) -> Path:
        """What a county's own jobs read of the run: its pieces and the other parts of their patches."""
        return self.state / "slices" / f"{code}.arrow"

    def contents(self, code: str) -> Path:
        """What the GeoPackages of a county's folder hold, by the digest of their bytes."""
        return self.state / "contents" / f"{code}.json"

    def work(self, stage: str, code: str) -> Path:
        """Where a county's products of one stage lie until the folder is published."""
        return self.state / "work" / stage / code

    def county(self, code: str) -> Path:
        """What one county is handed."""
        return self.out / "counties" / code
