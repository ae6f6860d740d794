"""Ground extents and the way from the ground to the paper of a frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MM_PER_M = 1000.0


@dataclass(frozen=True)
class Extent:
    """A rectangle on the plane, metres, x east and y north."""

    xmin_m: float
    ymin_m: float
    xmax_m: float
    ymax_m: float

    @property
    def width_m(self) -> float:
        return self.xmax_m - self.xmin_m

    @property
    def height_m(self) -> float:
        return self.ymax_m - self.ymin_m

    @property
    def area_m2(self) -> float:
        return self.width_m * self.height_m

    @property
    def centre_m(self) -> tuple[float, float]:
        return (self.xmin_m + self.xmax_m) / 2, (self.ymin_m + self.ymax_m) / 2

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        return self.xmin_m, self.ymin_m, self.xmax_m, self.ymax_m

    def grown(self, by_m: float) -> Extent:
        return Extent(self.xmin_m - by_m, self.ymin_m - by_m, self.xmax_m + by_m, self.ymax_m + by_m)

    def contains(self, x_m: float, y_m: float) -> bool:
        return self.xmin_m <= x_m <= self.xmax_m and self.ymin_m <= y_m <= self.ymax_m

    def ring(self, steps: int = 1) -> NDArray[np.float64]:
        """The outline as (4 × steps + 1, 2) points, counter-clockwise from the lower left."""
        corners = np.array(
            [
                (self.xmin_m, self.ymin_m),
                (self.xmax_m, self.ymin_m),
                (self.xmax_m, self.ymax_m),
                (self.xmin_m, self.ymax_m),
            ]
        )
        share = (np.arange(steps) / steps)[None, :, None]
        sides = corners[:, None, :] * (1 - share) + np.roll(corners, -1, axis=0)[:, None, :] * share
        return np.vstack([sides.reshape(-1, 2), corners[:1]])


def frame_extent(centre_m: tuple[float, float], scale: int, width_mm: float, height_mm: float) -> Extent:
    """The ground under a frame of `width_mm` × `height_mm` at 1:`scale` about `centre_m`, on whole centimetres."""
    half_x, half_y = width_mm * scale / MM_PER_M / 2, height_mm * scale / MM_PER_M / 2
    x_m, y_m = round(centre_m[0], 2), round(centre_m[1], 2)
    return Extent(x_m - half_x, y_m - half_y, x_m + half_x, y_m + half_y)


def extent_of(bounds: Any) -> Extent:
    """The common extent of (n, 4) bounds xmin, ymin, xmax, ymax."""
    many = np.asarray(bounds, dtype=float).reshape(-1, 4)
    low, high = many[:, :2].min(axis=0), many[:, 2:].max(axis=0)
    return Extent(float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def to_frame(points_m: Any, extent: Extent, scale: int) -> NDArray[np.float64]:
    """(n, 2) points of the plane as millimetres from the upper left corner of the frame, y down."""
    points = np.asarray(points_m, dtype=float).reshape(-1, 2)
    factor = MM_PER_M / scale
    return np.column_stack(((points[:, 0] - extent.xmin_m) * factor, (extent.ymax_m - points[:, 1]) * factor))
