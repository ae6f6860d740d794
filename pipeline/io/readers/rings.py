"""Polygons from rings of vertices, as text formats give them: which ring is a hole is seen from the ground."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely

Vertices = npt.NDArray[np.float64]  # shape (vertices, 2), x before y


def closed(ring: Vertices) -> Vertices:
    """The ring with its first vertex repeated at the end, where it is not already."""
    return ring if np.array_equal(ring[0], ring[-1]) else np.vstack([ring, ring[:1]])


def polygon(rings: Sequence[Vertices]) -> shapely.Polygon | shapely.MultiPolygon:
    """A polygon or multipolygon: a ring inside an odd number of others is a hole, whatever its number or direction.

    Raises:
        ValueError: a ring has fewer than three different vertices.
    """
    outlines = [closed(one) for one in rings]
    if any(len(np.unique(one, axis=0)) < 3 for one in outlines):
        raise ValueError("a ring has fewer than three different vertices")
    faces = np.array([shapely.Polygon(one) for one in outlines], object)
    parts = _parts(faces) if len(faces) > 1 else [(0, [])]
    made = [shapely.Polygon(outlines[shell], [outlines[hole] for hole in holes]) for shell, holes in parts]
    return made[0] if len(made) == 1 else shapely.MultiPolygon(made)


def _parts(faces: npt.NDArray[np.object_]) -> list[tuple[int, list[int]]]:
    """Each shell with its holes, by place in `faces`."""
    try:
        outer, inner = shapely.STRtree(faces).query(faces, predicate="covers")
    except shapely.errors.GEOSException:  # rings that cross themselves: the sender's order is all there is
        return [(0, list(range(1, len(faces))))]
    pairs = {(int(one), int(other)) for one, other in zip(outer, inner, strict=True) if one != other}
    inside = sorted(pair for pair in pairs if pair[::-1] not in pairs)  # the same ring twice is not in itself
    depth = np.bincount([hole for _, hole in inside], minlength=len(faces))
    holes: dict[int, list[int]] = {int(one): [] for one in np.flatnonzero(depth % 2 == 0)}
    for shell, hole in inside:
        if depth[hole] % 2 and depth[shell] == depth[hole] - 1:
            holes[shell].append(hole)
    return list(holes.items())
