"""A rectangle on paper, in millimetres from the page's top left corner, y down."""

from __future__ import annotations

from dataclasses import dataclass

TOUCH_MM = 1e-6  # what two boxes may share before they overlap


@dataclass(frozen=True)
class Box:
    """Left edge, top edge, width, height."""

    x_mm: float
    y_mm: float
    w_mm: float
    h_mm: float

    @property
    def right(self) -> float:
        return self.x_mm + self.w_mm

    @property
    def bottom(self) -> float:
        return self.y_mm + self.h_mm

    @property
    def centre(self) -> tuple[float, float]:
        return (self.x_mm + self.w_mm / 2, self.y_mm + self.h_mm / 2)

    @property
    def corners(self) -> list[tuple[float, float]]:
        """Upper left, upper right, lower right, lower left."""
        return [
            (self.x_mm, self.y_mm),
            (self.right, self.y_mm),
            (self.right, self.bottom),
            (self.x_mm, self.bottom),
        ]

    def inset(self, by_mm: float) -> Box:
        """Smaller by `by_mm` on every side; larger if negative."""
        return Box(self.x_mm + by_mm, self.y_mm + by_mm, self.w_mm - 2 * by_mm, self.h_mm - 2 * by_mm)

    def overlaps(self, other: Box) -> bool:
        """Whether the two share ground; touching edges do not."""
        common = self.common(other)
        return common.w_mm > TOUCH_MM and common.h_mm > TOUCH_MM

    def contains(self, other: Box) -> bool:
        return (
            other.x_mm >= self.x_mm - TOUCH_MM
            and other.y_mm >= self.y_mm - TOUCH_MM
            and other.right <= self.right + TOUCH_MM
            and other.bottom <= self.bottom + TOUCH_MM
        )

    def common(self, other: Box) -> Box:
        """The intersection; its width or height is negative where the two are apart."""
        return between(
            max(self.x_mm, other.x_mm),
            max(self.y_mm, other.y_mm),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )


def between(left_mm: float, top_mm: float, right_mm: float, bottom_mm: float) -> Box:
    """The box with these four edges."""
    return Box(left_mm, top_mm, right_mm - left_mm, bottom_mm - top_mm)
