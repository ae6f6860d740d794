"""Which standard map sheet, or which square of the grid, a piece lies on: words of its page, the index, the panel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache

import shapely

from pipeline.geometry.projection import GAUSS_KRUGER, Projection, county_projection, to_plane
from pipeline.geometry.sheet_index import grid_square, has_sheets, sheet_number, sheets_of
from pipeline.records import Piece
from pipeline.texts import Texts

GB, UTM, OFF = "gbt13989", "utm", "off"
LARGE, SMALL = 10_000, 50_000  # scales of the sheets that are named
MOST = 2  # sheets of one piece that are named, the others are counted


def numbering(projection: Projection, wish: str = "") -> str:
    """How sheets are numbered: as wished, else GB/T 13989 on the Chinese datum and the UTM grid on any other."""
    return wish or (GB if projection.kind == GAUSS_KRUGER else UTM)


def sheet_fields(piece: Piece, storage: str, system: str) -> dict[str, str]:
    """`map_sheet`, the sheets 1:10,000 or the square of the grid; `map_sheet_small`, the sheets 1:50,000."""
    if system == UTM:
        return {"map_sheet": _square(piece, storage), "map_sheet_small": ""}
    if system == GB and has_sheets(piece.lat_deg):
        return {"map_sheet": _sheets(piece, LARGE), "map_sheet_small": _sheets(piece, SMALL)}
    return {"map_sheet": "", "map_sheet_small": ""}


def _sheets(piece: Piece, scale: int) -> str:
    """The sheet of the centre first, then the others the piece lies on."""
    first = sheet_number(piece.lon_deg, piece.lat_deg, scale)
    box = tuple(shapely.bounds(piece.geometry).tolist())
    others = [one for one in sheets_of(box, scale) if one != first] if _wide(box) else []
    told = [first, *others][:MOST]
    return ", ".join(told) + (f" +{len(others) + 1 - MOST}" if len(others) >= MOST else "")


def _wide(box: Sequence[float]) -> bool:
    return has_sheets(box[1]) and has_sheets(box[3])


def _square(piece: Piece, storage: str) -> str:
    """In the zone of the point itself, as people with a receiver read it."""
    plane = _plane(storage, int((piece.lon_deg + 180) // 6) % 60 * 6 - 177, piece.lat_deg >= 0)
    if plane.kind == GAUSS_KRUGER:
        return ""
    easting_m, northing_m = to_plane(plane, piece.lon_deg, piece.lat_deg)
    try:
        return grid_square(float(easting_m), float(northing_m), plane.zone, piece.lat_deg)
    except ValueError:  # beyond UTM
        return ""


@cache
def _plane(storage: str, meridian_deg: int, north: bool) -> Projection:
    return county_projection(storage, meridian_deg, 1.0 if north else -1.0)


def label_words(system: str, words: Texts) -> str:
    """What the field `map_sheet` is called."""
    return words[f"sheet.map_sheet.{system}"]


def small_sheets_line(pieces: Sequence[Piece], system: str, words: Texts) -> str:
    """The sheets 1:50,000 of many pieces by their centres, with the number of pieces on each; "" in other systems."""
    if system != GB:
        return ""
    counts = Counter(sheet_number(one.lon_deg, one.lat_deg, SMALL) for one in pieces if has_sheets(one.lat_deg))
    told = words["sheet.list_separator"].join(f"{name} ({count})" for name, count in sorted(counts.items()))
    return words.say("sheet.small_sheets", sheets=told) if told else ""
