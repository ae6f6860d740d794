"""国土报备坐标 TXT of the asked pieces: northing before easting, zone number before the easting (domain 2.1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import shapely

from pipeline.amounts import area_in
from pipeline.errors import USAGE, Refusal
from pipeline.forms.columns import plain
from pipeline.forms.identity import book_order
from pipeline.geometry.projection import GAUSS_KRUGER, Projection, county_projection, middle_deg, to_plane
from pipeline.records import CampaignFacts, County, Piece

OFFICES, ELSE = "gbk", "utf-8-sig"  # what programs of offices read; what else holds every sign and says so
ZONE_M = 1_000_000
DECIMALS = 3
# What parts cells, ends a parcel or begins a section, also in its full width: read as such by some programs.
_PARTS = str.maketrans(dict.fromkeys(",，;；", "、") | dict.fromkeys("@＠[]【】=＝", " "))


def write_coordinates(target: Path, facts: CampaignFacts, county: County, pieces: Sequence[Piece]) -> int:
    """Write the outlines of a county's asked pieces in book order; the number of parcels.

    Raises:
        Refusal: the campaign is not on CGCS2000, which is all the format knows.
    """
    rows = book_order(list(pieces))
    projection = county_projection(facts.crs, *middle_deg(county.geometry))
    if projection.kind != GAUSS_KRUGER:
        raise Refusal(
            f"coordinate files are of CGCS2000 in Gauss-Krüger zones; the county layer is in {facts.crs}",
            'take "coordinates" out of [export] also',
            USAGE,
        )
    lines = [*_head(facts, projection), "[地块坐标]"]
    for piece in rows:
        lines += _parcel(piece, projection)
    target.write_bytes(_encoded("".join(f"{line}\r\n" for line in lines)))
    return len(rows)


def _encoded(said: str) -> bytes:
    try:
        return said.encode(OFFICES)
    except UnicodeEncodeError:
        return said.encode(ELSE)


def _head(facts: CampaignFacts, projection: Projection) -> list[str]:
    day = facts.map_date.isoformat() if facts.map_date else ""
    return [
        "[属性描述]",
        "格式版本号=1.01版本",
        f"数据产生单位={_said(facts.office.unit)}",
        f"数据产生日期={day}",
        "坐标系=2000国家大地坐标系",
        "几度分带=3",
        "投影类型=高斯克吕格",
        "计量单位=米",
        f"带号={projection.zone}",
        f"精度={10**-DECIMALS:g}",
        "转换参数=,,,,,,",
    ]


def _parcel(piece: Piece, projection: Projection) -> Iterator[str]:
    """A parcel line, then a line per vertex; each ring returns to its first point."""
    rings = [shapely.get_coordinates(one) for one in shapely.get_rings(shapely.get_parts(piece.geometry))]
    area = area_in("ha", piece.area_m2)
    number, kind = _said(piece.patch_no) or str(piece.seq), _said(piece.patch_type_name or piece.patch_type)
    yield f"{sum(map(len, rings))},{area},{number},{piece.patch_uid},面,,{kind},,@"
    first = 1
    for ring_no, ring in enumerate(rings, 1):
        yield from _ring(ring, ring_no, first, projection)
        first += len(ring) - 1


def _ring(ring: Any, ring_no: int, first: int, projection: Projection) -> Iterator[str]:
    east, north = to_plane(projection, ring[:, 0], ring[:, 1])
    names = [*range(first, first + len(ring) - 1), first]
    for name, x_m, y_m in zip(names, east.tolist(), north.tolist(), strict=True):
        yield f"J{name},{ring_no},{y_m:.{DECIMALS}f},{projection.zone * ZONE_M + x_m:.{DECIMALS}f}"


def _said(words: str) -> str:
    """Words of strangers in one cell of the file."""
    return " ".join((plain(words) or "").translate(_PARTS).split())
