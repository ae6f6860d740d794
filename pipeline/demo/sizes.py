"""How large a synthetic province is: all numbers that differ between tiny, small and province."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.errors import USAGE, Refusal

PIXEL_M = 2.0
ORIGIN_X_M, ORIGIN_Y_M = 508_000.0, 3_296_000.0  # south-west corner of the ground, EPSG:4547
GROUND_CRS = "EPSG:4547"  # CGCS2000 3-degree Gauss-Krüger, central meridian 114°E, no zone prefix


@dataclass(frozen=True)
class Size:
    """The measures of one synthetic province; lengths in metres, tiles counted per date."""

    name: str
    columns: int
    rows: int
    dropped: tuple[tuple[int, int], ...]  # (column, row) of the county lattice left to the neighbours
    cell_m: float  # distance of county seeds
    cities: int
    patches_per_county: int
    tiles: tuple[int, int]  # imagery tiles in x and y
    border_step_m: float  # spacing of border vertices
    block_m: float  # size of a block of fields with one direction
    road_patch_m: float  # length of the longest linear patch
    margin: float = 0.32  # ground beyond the county lattice, in cells

    @property
    def width_px(self) -> int:
        """Width of the ground in pixels, a whole number of 16-pixel squares per tile."""
        return _whole(self.columns, self.margin, self.cell_m, self.tiles[0])

    @property
    def height_px(self) -> int:
        return _whole(self.rows, self.margin, self.cell_m, self.tiles[1])

    @property
    def ground_m(self) -> tuple[float, float, float, float]:
        """West, south, east, north of the ground in EPSG:4547."""
        east = ORIGIN_X_M + self.width_px * PIXEL_M
        return (ORIGIN_X_M, ORIGIN_Y_M, east, ORIGIN_Y_M + self.height_px * PIXEL_M)


SIZES = {
    one.name: one
    for one in (
        Size("tiny", 4, 2, (), 1250.0, 2, 7, (2, 1), 8.0, 230.0, 420.0),
        Size("small", 4, 3, ((0, 0), (3, 2)), 4400.0, 2, 19, (3, 2), 14.0, 430.0, 1300.0),
        Size("province", 9, 7, ((0, 0), (8, 6), (8, 0)), 4400.0, 5, 26, (6, 5), 14.0, 430.0, 1300.0),
    )
}


def size_named(name: str) -> Size:
    """The size called `name`.

    Raises:
        Refusal: there is no such size.
    """
    if name not in SIZES:
        raise Refusal(f"there is no demo size {name!r}", f"choose one of {', '.join(SIZES)}", USAGE)
    return SIZES[name]


def _whole(cells: int, margin: float, cell_m: float, tiles: int) -> int:
    step = 16 * tiles
    return round((cells + 2 * margin) * cell_m / PIXEL_M / step) * step
