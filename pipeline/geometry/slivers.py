"""Other ways to share a patch out than border by border: slivers to the largest piece, or the whole patch to one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import shapely

from pipeline.geometry.area import Ellipsoid
from pipeline.geometry.clip import Clip

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]


def width_m(polygons: Geometries, areas_m2: Floats, ellipsoid: Ellipsoid) -> Floats:
    """Mean width 2A/P of polygons or multipolygons (degrees), metres: of a long strip the width across."""
    points, owner = shapely.get_coordinates(polygons, return_index=True)
    bounds = shapely.bounds(polygons)
    scale = _metres_a_degree(bounds[:, 1::2].mean(axis=1), ellipsoid)
    plane = shapely.set_coordinates(polygons.copy(), points * scale[owner])
    width: Floats = 2 * areas_m2 / np.maximum(shapely.length(plane), 1e-9)
    return width


def _metres_a_degree(lat_deg: Floats, ellipsoid: Ellipsoid) -> Floats:
    """Metres of a degree of longitude and of latitude at these latitudes; shape (n, 2)."""
    sine, cosine = np.sin(np.radians(lat_deg)), np.cos(np.radians(lat_deg))
    under = 1 - ellipsoid.e2 * sine**2
    across, along = ellipsoid.a_m / np.sqrt(under), ellipsoid.a_m * (1 - ellipsoid.e2) / under**1.5
    return np.radians(np.column_stack([across * cosine, along]))


def largest_pieces(cut: Clip) -> Ints:
    """For each piece the row of the largest piece of its patch (the first county of equal ones)."""
    order = np.lexsort((cut.piece_county, -cut.piece_area_m2, cut.piece_patch))
    first: Ints = order[np.searchsorted(cut.piece_patch[order], cut.piece_patch)]
    return first


def slivers(cut: Clip, below_m2: float, narrower_m: float, ellipsoid: Ellipsoid) -> Bools:
    """Pieces of cut patches that are both small and thin, and not the largest of their patch."""
    thin: Bools = (largest_pieces(cut) != np.arange(len(cut.piece_patch))) & (cut.piece_area_m2 < below_m2)
    row = np.flatnonzero(thin)
    thin[row] = width_m(cut.piece_geometry[row], cut.piece_area_m2[row], ellipsoid) < narrower_m
    return thin


def merged(cut: Clip, thin: Bools, patches: Geometries, patch_area_m2: Floats) -> Clip:
    """The thin pieces handed to the largest piece of their patch, where no ground of the patch is claimed twice.

    A patch that is then whole again is its own piece, vertex for vertex.
    """
    home = largest_pieces(cut)
    given = thin & (cut.double_m2[cut.piece_patch] == 0)
    geometry, area, whole = cut.piece_geometry.copy(), cut.piece_area_m2.copy(), cut.piece_whole.copy()
    rest = set(cut.remainder_patch.tolist())
    for at in np.unique(home[given]).tolist():
        patch = int(cut.piece_patch[at])
        mine = (home == at) & (given | (np.arange(len(home)) == at))
        whole[at] = mine.sum() == (cut.piece_patch == patch).sum() and patch not in rest
        geometry[at] = patches[patch] if whole[at] else shapely.union_all(cut.piece_geometry[mine])
        area[at] = patch_area_m2[patch] if whole[at] else float(cut.piece_area_m2[mine].sum())
    kept = ~given
    return replace(
        cut,
        piece_patch=cut.piece_patch[kept],
        piece_county=cut.piece_county[kept],
        piece_geometry=geometry[kept],
        piece_area_m2=area[kept],
        piece_whole=whole[kept],
    )


def assigned(cut: Clip, wanted: Ints, patches: Geometries, patch_area_m2: Floats) -> Clip:
    """Every patch that touches a county whole in one: in the wanted county where it has ground there (−1 for no
    wish), else in that of its largest piece. Nothing of such a patch is outside, nothing is claimed twice."""
    chosen = largest_pieces(cut) == np.arange(len(cut.piece_patch))
    wish = np.flatnonzero(cut.piece_county == wanted[cut.piece_patch])
    chosen[np.isin(cut.piece_patch, cut.piece_patch[wish])] = False
    chosen[wish] = True
    patch = cut.piece_patch[chosen]
    lost = ~np.isin(cut.remainder_patch, patch)
    return replace(
        cut,
        piece_patch=patch,
        piece_county=cut.piece_county[chosen],
        piece_geometry=patches[patch],
        piece_area_m2=patch_area_m2[patch],
        piece_whole=np.ones(len(patch), bool),
        remainder_patch=cut.remainder_patch[lost],
        remainder_geometry=cut.remainder_geometry[lost],
        remainder_area_m2=cut.remainder_area_m2[lost],
        double_m2=np.zeros_like(cut.double_m2),
    )
