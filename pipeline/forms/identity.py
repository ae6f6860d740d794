"""What lets a returned row find its piece again, whatever happened to its place."""

from __future__ import annotations

import hashlib
from typing import Any

import shapely

from pipeline.geometry.identity import code_of
from pipeline.records import Piece

PHOTO_NUMBER_LEAST = 4  # signs of a patch number by which a photo may be called: shorter ones are counts of cameras


def row_code(piece: Piece) -> str:
    """A short check of uid, county and area: letters first, so that no program takes it for a number."""
    return code_of(piece.patch_uid, piece.county_code, piece.area_m2)


def geometry_digest(piece: Piece) -> str:
    """The first 16 hex digits of SHA-256 over the normalised outline."""
    return outline_digest(piece.geometry)


def outline_digest(geometry: Any) -> str:
    """The same of an outline."""
    parts = shapely.get_parts(geometry)
    alone = parts[0] if len(parts) == 1 else geometry  # a GeoPackage makes a multipolygon of it
    outline = shapely.to_wkb(shapely.normalize(alone), output_dimension=2, byte_order=1)
    return hashlib.sha256(outline).hexdigest()[:16]


def book_order(pieces: tuple[Piece, ...] | list[Piece]) -> list[Piece]:
    """The county's own asked pieces in the order of its book."""
    return sorted((one for one in pieces if one.own and one.asked), key=lambda one: one.seq)
