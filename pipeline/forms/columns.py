"""What the files by choice (shapefile, KMZ) say of each piece, under names of at most ten ASCII letters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.amounts import AREA_DECIMALS, area_in
from pipeline.forms.cleaning import clean_text
from pipeline.forms.identity import row_code
from pipeline.records import CampaignFacts, Piece
from pipeline.texts import Texts

Value = str | int | float | None


@dataclass(frozen=True)
class Column:
    """A column: its short name, its name in the GeoPackage, its kind ("text", "integer" or "real"), its value."""

    short: str
    name: str
    kind: str
    value: Callable[[Piece], Value]
    decimals: int = 0


def columns_of(facts: CampaignFacts, pages: Mapping[str, int]) -> tuple[Column, ...]:
    """The columns in order; `pages` gives the page of the sheets by patch_uid."""
    unit = facts.area_unit
    return (
        Column("PATCH_UID", "patch_uid", "text", lambda one: one.patch_uid),
        Column("PATCH_NO", "patch_no", "text", lambda one: plain(one.patch_no)),
        Column("SEQ", "seq", "integer", lambda one: one.seq or None),
        Column("PAGE", "page", "integer", lambda one: pages.get(one.patch_uid)),
        Column("CODE", "county_code", "text", lambda one: plain(one.county_code)),
        Column("COUNTY", "county_name", "text", lambda one: plain(one.county_name)),
        Column("TOWN", "town", "text", lambda one: plain(one.town)),
        Column("VILLAGE", "village", "text", lambda one: plain(one.village)),
        Column("TYPE", "patch_type", "text", lambda one: plain(one.patch_type)),
        Column("TYPE_NAME", "patch_type_name", "text", lambda one: plain(one.patch_type_name)),
        Column("BEFORE", "phase_before", "text", lambda one: plain(one.phase_before)),
        Column("AFTER", "phase_after", "text", lambda one: plain(one.phase_after)),
        Column("AREA_M2", "area_m2", "real", lambda one: one.area_m2, 2),
        Column(
            f"AREA_{unit.upper()}",
            f"area_{unit}",
            "real",
            lambda one: float(area_in(unit, one.area_m2)),
            AREA_DECIMALS[unit],
        ),
        Column("SHARE", "area_share", "real", lambda one: one.area_share, 6),
        Column("PIECE_NO", "piece_no", "integer", lambda one: one.piece_no),
        Column("PIECES", "piece_count", "integer", lambda one: one.piece_count),
        Column("ASKED", "asked", "integer", lambda one: int(one.asked)),
        Column("ROW_CODE", "row_code", "text", lambda one: row_code(one) if one.asked else None),
        Column("REMARK", "remark", "text", lambda one: plain(one.remark)),
    )


def own_rows(pieces: Sequence[Piece]) -> list[Piece]:
    """The county's own pieces, asked first in the order of its book."""
    return sorted((one for one in pieces if one.own), key=lambda one: (not one.asked, one.seq, one.patch_uid))


def plain(said: str) -> str | None:
    """Words of strangers on one line; None where there are none."""
    return " ".join(clean_text(said).split()) or None


def column_title(name: str, facts: CampaignFacts, words: Texts) -> str:
    """What a reader calls a column."""
    unit = f"area_{facts.area_unit}"
    if name == unit:
        return words.say("form.name.area", unit=words[f"unit.{facts.area_unit}"])
    return words[f"form.name.{name}"]
