"""Standard map sheets: the numbers of GB/T 13989-2012 (1:1,000,000 … 1:500), and grid squares after MGRS.

Angles are counted in whole units of 1/32 arc-second, of which every sheet of the series is an exact number, so that no
sheet's edge is a matter of rounding. A sheet has its west and south edge, its neighbours have the others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

UNITS_PER_DEG = 3600 * 32
WIDE, HIGH = 6 * UNITS_PER_DEG, 4 * UNITS_PER_DEG  # of a 1:1,000,000 sheet
LAST_LAT_DEG = 60  # nearer to the pole sheets of 1:1,000,000 are joined
NUDGE = 1e-6  # units: 116.05° is 116°03′ though its double is a little less; some 0.3 µm on the ground
ROWS = "ABCDEFGHIJKLMNOPQRSTUV"

# scale → its letter and the number of its rows, and of its columns, in a 1:1,000,000 sheet
SERIES: dict[int, tuple[str, int]] = {
    1_000_000: ("", 1),
    500_000: ("B", 2),
    250_000: ("C", 4),
    100_000: ("D", 12),
    50_000: ("E", 24),
    25_000: ("F", 48),
    10_000: ("G", 96),
    5_000: ("H", 192),
    2_000: ("I", 576),
    1_000: ("J", 1152),
    500: ("K", 2304),
}
_LETTERS = {letter: scale for scale, (letter, _) in SERIES.items()}
_NUMBER = re.compile(r"(S?)([A-V])(\d\d)(?:([B-K])(\d{3,4})(\d{3,4}))?")


@dataclass(frozen=True)
class SheetEdges:
    """The edges of a sheet, degrees; west 180 is -180."""

    west_deg: float
    south_deg: float
    east_deg: float
    north_deg: float


def has_sheets(lat_deg: float) -> bool:
    """True where the series has sheets of 6° × 4° and their parts."""
    return abs(lat_deg) < LAST_LAT_DEG


def sheet_number(lon_deg: float, lat_deg: float, scale: int) -> str:
    """The number of the sheet 1:`scale` a point lies on, "H50E001014".

    Source: GB/T 13989-2012, 5; sheets south of the equator get an S before their number, as those of the
    International Map of the World.

    Raises:
        ValueError: a scale that is not of the series, or a latitude where its sheets are joined.
    """
    if scale not in SERIES:
        raise ValueError(f"1:{scale} is not a scale of GB/T 13989")
    if not has_sheets(lat_deg):
        raise ValueError(f"sheets are joined at latitude {lat_deg:g}")
    column, east = divmod(_units(lon_deg + 180) % (60 * WIDE), WIDE)
    row, north = divmod(_units(lat_deg), HIGH)
    letter, parts = SERIES[scale]
    line, place = parts - 1 - north * parts // HIGH, east * parts // WIDE
    return _written(row, column, letter, (line, place), _digits(parts))


def _units(angle_deg: float) -> int:
    return int((angle_deg * UNITS_PER_DEG + NUDGE) // 1)


def _digits(parts: int) -> int:
    return max(3, len(str(parts)))


def _written(row: int, column: int, letter: str, place: tuple[int, int], digits: int) -> str:
    """Rows count northwards from the equator, and southwards under an S."""
    first = f"{ROWS[row]}" if row >= 0 else f"S{ROWS[-row - 1]}"
    first += f"{column + 1:02d}"
    return first + (f"{letter}{place[0] + 1:0{digits}d}{place[1] + 1:0{digits}d}" if letter else "")


def sheet_edges(number: str) -> SheetEdges:
    """The ground of a sheet.

    Raises:
        ValueError: not a number of the series.
    """
    read = _NUMBER.fullmatch(number)
    if read is None or not 1 <= int(read[3]) <= 60:
        raise ValueError(f"{number!r} is not a sheet number of GB/T 13989")
    row, column = ROWS.index(read[2]), int(read[3]) - 1
    _, parts = SERIES[_LETTERS[read[4] or ""]]
    line, place = (int(read[5]) - 1, int(read[6]) - 1) if read[4] else (0, 0)
    if not (
        0 <= line < parts and 0 <= place < parts and all(len(one) == _digits(parts) for one in read.group(5, 6) if one)
    ):
        raise ValueError(f"{number!r} is not a sheet number of GB/T 13989")
    south = (-row - 1 if read[1] else row) * HIGH + (parts - 1 - line) * HIGH // parts
    west = column * WIDE + place * WIDE // parts
    edges = (west, south, west + WIDE // parts, south + HIGH // parts)
    west_deg, south_deg, east_deg, north_deg = (one / UNITS_PER_DEG for one in edges)
    return SheetEdges(west_deg - 180, south_deg, east_deg - 180, north_deg)


def sheets_of(bounds_deg: tuple[float, float, float, float], scale: int) -> list[str]:
    """The numbers of all sheets 1:`scale` that xmin, ymin, xmax, ymax meet, from north to south, west to east.

    Raises:
        ValueError: as `sheet_number`.
    """
    west, south, east, north = bounds_deg
    first, last = sheet_edges(sheet_number(west, north, scale)), sheet_edges(sheet_number(east, south, scale))
    high, wide = first.north_deg - first.south_deg, first.east_deg - first.west_deg
    down = round((first.south_deg - last.south_deg) / high) + 1
    across = round((last.west_deg - first.west_deg) / wide) + 1
    middle = (first.west_deg + wide / 2, first.south_deg + high / 2)
    return [
        sheet_number(middle[0] + column * wide, middle[1] - line * high, scale)
        for line in range(down)
        for column in range(across)
    ]


BANDS = "CDEFGHJKLMNPQRSTUVWX"  # of 8° from 80° S, the last of 12°
EASTINGS = ("ABCDEFGH", "JKLMNPQR", "STUVWXYZ")  # of 100 km squares, by zone
NORTHINGS = "ABCDEFGHJKLMNPQRSTUV"
FIRST_BAND_DEG, LAST_BAND_DEG, HUNDRED_KM = -80, 84, 100_000


def grid_square(easting_m: float, northing_m: float, zone: int, lat_deg: float) -> str:
    """The square of one kilometre a point of the UTM grid lies in: "50S MJ 84 84", zone, band, 100 km square, km.

    Source: MGRS (DMA TM 8358.1, 3-4); northings in the southern hemisphere have their false 10,000 km.

    Raises:
        ValueError: beyond 80° S or 84° N, or an easting the grid has no letter for.
    """
    if not FIRST_BAND_DEG <= lat_deg <= LAST_BAND_DEG:
        raise ValueError(f"UTM ends before latitude {lat_deg:g}")
    column, row = int(easting_m // HUNDRED_KM), int(northing_m // HUNDRED_KM)
    if not 1 <= column <= 8:
        raise ValueError(f"no square of zone {zone} has easting {easting_m:.0f}")
    band = BANDS[min(int((lat_deg - FIRST_BAND_DEG) // 8), len(BANDS) - 1)]
    letters = EASTINGS[(zone - 1) % 3][column - 1] + NORTHINGS[(row + (0 if zone % 2 else 5)) % len(NORTHINGS)]
    km = (int(one % HUNDRED_KM // 1000) for one in (easting_m, northing_m))
    return " ".join((f"{zone}{band}", letters, *(f"{one:02d}" for one in km)))
