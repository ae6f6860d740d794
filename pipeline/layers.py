"""The layers: tables with a contract (columns, types, units, writer), all in the campaign's geographic CRS.

A layer's geometry is WKB in a column `geometry`, so that GeoPandas, DuckDB and QGIS read the files as GeoParquet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Type = Literal["text", "int", "float", "bool"]


@dataclass(frozen=True)
class Layer:
    """A table: its name, writer, columns with types in order, and whether it has a geometry.

    An `open` layer may carry more text columns behind its own (delivered attributes).
    """

    name: str
    writer: str
    columns: dict[str, Type]
    geometry: bool = True
    open: bool = False

    def __hash__(self) -> int:
        return hash(self.name)


_SOURCE: dict[str, Type] = {"delivery": "text", "source_file": "text", "source_layer": "text", "source_row": "int"}

CANONICAL = (
    "patch_no",
    "county_code",
    "county_name",
    "patch_type",
    "feature_tag",
    "phase_before",
    "phase_after",
    "sensor_before",
    "sensor_after",
    "scene_id",
    "area_reported",
    "farmland_reported",
    "center_x",
    "center_y",
    "town",
    "village",
    "landclass_before",
    "landclass_after",
    "priority_flag",
    "remark",
)

COUNTIES = Layer(
    "counties",
    "ingest",
    {
        "code": "text",
        "name": "text",
        "city_code": "text",
        "city_name": "text",
        "province_code": "text",
        "province_name": "text",
        "area_m2": "float",
    },
)

TOWNS = Layer("towns", "ingest", {"name": "text"})  # only where [inputs] towns gives some

PATCHES = Layer(
    "patches",
    "ingest",
    {
        "patch_uid": "text",
        "patch_key": "text",
        **dict.fromkeys(CANONICAL, "text"),
        "patch_type_name": "text",
        "area_m2": "float",
        "area_reported_m2": "float",  # the delivered figure in square metres, NaN where it is none
        "area_reported_unit": "text",
        "repair": "text",
        "source_crs": "text",
        "replaces": "text",  # uid of the patch it stands for now: the same key, delivered before with another outline
        **_SOURCE,
    },
    open=True,
)

RECORDS = Layer(
    "records",
    "ingest",
    {
        **_SOURCE,
        "status": "text",  # accepted | quarantined | duplicate
        "reason": "text",  # an issue code, "" where accepted
        "patch_uid": "text",
        "duplicate_of": "text",
        "county_code": "text",  # as delivered
        "patch_no": "text",
        "delivered": "text",  # every delivered attribute, as JSON
    },
    geometry=False,
)

QUARANTINE = Layer(
    "quarantine",
    "ingest",
    {
        **_SOURCE,
        "record_id": "text",  # what decisions.csv calls it
        "reason": "text",
        "sentence": "text",
        "patch_no": "text",
        "county_code": "text",
        "source_crs": "text",
        "delivered": "text",
    },
)

PIECES = Layer(
    "pieces",
    "clip",
    {
        "patch_uid": "text",
        "patch_no": "text",
        "county_code": "text",
        "county_name": "text",
        "piece_no": "int",
        "piece_count": "int",
        "seq": "int",
        "area_m2": "float",
        "area_mu": "float",
        "area_ha": "float",
        "area_ac": "float",
        "area_share": "float",
        "area_reported_share": "text",  # of the delivered figure, in its own decimal places; all parts sum to it
        "patch_area_m2": "float",
        "asked": "bool",
        "not_asked_reason": "text",
        "town": "text",  # as delivered; of a shared patch, that of the layer `towns` where the piece lies in another
        "village": "text",  # as delivered, "" where the town is another
        "patch_type": "text",
        "patch_type_name": "text",
        "phase_before": "text",
        "phase_after": "text",
        "lon_deg": "float",
        "lat_deg": "float",
        **_SOURCE,
    },
)

REMAINDERS = Layer(
    "remainders",
    "clip",
    {
        "patch_uid": "text",
        "patch_no": "text",
        "area_m2": "float",
        "area_share": "float",
        "area_reported_share": "text",
        **_SOURCE,
    },
)

BORDERS = Layer(
    "borders",
    "clip",
    {
        "kind": "text",  # gap | overlap | sliver_gap | sliver_overlap (thinner than [clip] sliver_width_m)
        "county_a": "text",
        "name_a": "text",
        "county_b": "text",  # "" where one county alone is round a gap
        "name_b": "text",
        "area_m2": "float",
        "patches": "int",  # that have ground there
    },
)

COUNTIES_OTHER = Layer("counties_other", "ingest", COUNTIES.columns)

MOVES = Layer(
    "moves",
    "clip",
    {
        "patch_uid": "text",
        "patch_no": "text",
        "piece_no": "int",
        "county_code": "text",
        "county_name": "text",
        "other_code": "text",  # the county by the layer of the other date, "" where it has none
        "other_name": "text",
        "kind": "text",  # moved | sliver (smaller and thinner than [clip] slivers) | nowhere
        "area_m2": "float",
        "area_share": "float",  # of the piece
    },
)

FINDINGS = Layer(
    "findings",
    "collect",
    {
        "patch_uid": "text",
        "patch_no": "text",
        "county_code": "text",
        "county_name": "text",
        "seq": "int",
        "state": "text",  # open | answered | conflict
        "verdict": "text",  # code of the form, "" unless answered
        "verdict_name": "text",
        "verdict_sub": "text",
        "verdict_sub_name": "text",
        "area_m2": "float",
        "parcels": "int",  # land parcels the answer speaks of
        "answers": "text",  # all of it, parcel by parcel, as JSON
        "return_file": "text",
        "return_digest": "text",
        "place": "text",
        "decided": "text",  # who decided between several answers, when and why
        "questions": "text",  # the rules that ask something back: "R04, R12"
        "to_correct": "text",  # those of them that the office calls errors
        "review": "text",  # "" (not answered) | submitted | <level>_passed | <level>_returned
        "review_reason": "text",  # of the return that stands
        "reviews": "text",  # all lines of decisions.csv about it, as JSON
    },
)

RETURNED = Layer(
    "returned",
    "collect",
    {
        "return_file": "text",
        "return_digest": "text",
        "place": "text",  # file!sheet!row
        "patch_uid": "text",
        "county_code": "text",
        "parcel": "text",
        "fate": "text",  # taken | contained | superseded | overruled | conflict | unmatched | left
        "reason": "text",
        "said": "text",  # as JSON
    },
    geometry=False,
)

PHOTOS = Layer(
    "photos",
    "collect",
    {
        "file": "text",  # with the return and the folders above it; "" where it did not come
        "digest": "text",
        "return_file": "text",
        "patch_uid": "text",  # "" where no row names it
        "county_code": "text",
        "patch_no": "text",
        "named": "text",  # as the row names it
        "lon_deg": "float",  # WGS 84, as the photo says
        "lat_deg": "float",
        "azimuth_deg": "float",
        "taken": "text",  # ISO 8601, the camera's own time
        "distance_m": "float",  # from the outline, 0 within it
        "found": "text",  # here | elsewhere | numbered | missing | several | unnamed
        "readable": "bool",
        "place": "text",  # ok | far | unknown
        "direction": "text",  # ok | away | unknown
        "time": "text",  # ok | early | late | unknown
        "reuse": "text",  # ok | reused (for another patch)
    },
)

ISSUES = Layer(
    "issues",
    "report",
    {
        "code": "text",
        "severity": "text",
        "stage": "text",
        "patch_uid": "text",
        "county_code": "text",
        **_SOURCE,
        "sentence": "text",
    },
)
