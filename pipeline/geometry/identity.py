"""Who a patch is: a number that survives shuffled rows and renamed files, and the same patch delivered again.

Identity rests on the delivered outline (normalised, two-dimensional, in its own CRS) and the delivered number; never
on a row, a file or a run.
"""

from __future__ import annotations

import base64
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import shapely

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

CODE_LENGTH = 6
SAME_M = 0.001  # two vertices closer than this on the ground are one
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DEGREE_M = 111_320.0


def outlines(geometries: Geometries) -> list[bytes]:
    """The normalised two-dimensional WKB of each delivered geometry (little-endian), the same for any ring start."""
    flat = shapely.force_2d(geometries) if _has_more(geometries) else geometries
    return list(shapely.to_wkb(shapely.normalize(flat), byte_order=1, output_dimension=2))


def _has_more(geometries: Geometries) -> bool:
    return bool((shapely.has_z(geometries) | shapely.has_m(geometries)).any())


def patch_uids(campaign: str, patch_keys: Iterable[str], outlines: Iterable[bytes], crs: str) -> list[str]:
    """`<campaign>-<12 characters base32><check character>` of each key, delivered outline, and their CRS."""
    tail = crs.encode()
    pairs = zip(patch_keys, outlines, strict=True)
    heads = [hashlib.sha256(b"\0".join([key.encode(), outline, tail])).digest()[:8] for key, outline in pairs]
    bits = np.frombuffer(b"".join(heads), ">u8").astype(np.uint64)
    values = _BASE32[(bits[:, None] >> _FIVES) & np.uint64(31)]
    letters = np.frombuffer(_ALPHABET.encode(), np.uint8)[np.column_stack([values, _check_values(values)])]
    return [f"{campaign}-{core}" for core in letters.view(f"S{letters.shape[1]}").ravel().astype(str).tolist()]


# Twelve groups of five bits, and what each letter of base32 (A-Z, 2-7) is worth in the alphabet of the check.
_FIVES = np.arange(59, 0, -5).astype(np.uint64)
_BASE32 = np.array([*range(10, 36), *range(2, 8)])


def _check_values(values: Ints) -> Ints:
    """What the check character of each row of letters is worth, see `check_character`."""
    check = np.full(len(values), 36)
    for column in values.T:
        check = (check + column) % 36
        check = np.where(check == 0, 36, check) * 2 % 37
    return (37 - check) % 36


def check_character(text: str) -> str:
    """The check character of ISO 7064 MOD 37-36 (hybrid system) for letters and digits."""
    check = 36
    for one in text.upper():
        check = (check + _ALPHABET.index(one)) % 36 or 36
        check = check * 2 % 37
    return _ALPHABET[(37 - check) % 36]


def is_patch_uid(uid: str) -> bool:
    """Whether the check character fits: guards against a mistyped or mangled number."""
    core = uid.rpartition("-")[2]
    return len(core) == 13 and core.isalnum() and core.isascii() and check_character(core[:-1]) == core[-1].upper()


def code_of(patch_uid: str, county_code: str, area_m2: float) -> str:
    """The check code of the piece of a patch in a county: letters first, so that no program takes it for a number."""
    said = f"{patch_uid}|{county_code}|{area_m2:.2f}"
    digest = hashlib.sha256(said.encode("utf-8")).digest()
    return "R" + base64.b32encode(digest).decode("ascii")[:CODE_LENGTH]


def first_of_same(geometries: Geometries, numbers: Sequence[str]) -> Ints:
    """For each patch the index of the first one that is the same patch (itself where it is the first).

    `geometries` are in degrees, in the order in which the first counts. The same patch: the same geometry vertex by
    vertex within a millimetre on the ground, and the same number; a patch without a number is the same as the first
    with its outline, whatever the number of that.
    """
    first = np.arange(len(geometries))
    for members in _same_outlines(geometries):
        known: dict[str, int] = {}
        for row in sorted(members, key=lambda one: (numbers[one] == "", one)):
            number = numbers[row] or (next(iter(known)) if known else "")
            first[row] = known.setdefault(number, row)
    return _earliest(first)


def _earliest(first: Ints) -> Ints:
    """Where an unnumbered patch came before the numbered one it equals, the numbered one still counts."""
    return first[first]


def _same_outlines(geometries: Geometries) -> list[list[int]]:
    """Groups of two or more geometries that are equal vertex by vertex within `SAME_M`."""
    group = _Groups()
    corner = shapely.bounds(geometries)[:, :2]
    reach = _reach(geometries)
    crowded = _crowded(corner, reach)
    kept: dict[bytes, int] = {}
    for row, outline in zip(crowded.tolist(), outlines(geometries[crowded]), strict=True):
        group.join(kept.setdefault(outline, row), row)
    rows = np.fromiter(kept.values(), np.intp, len(kept))
    for one, other in _near_pairs(geometries[rows], corner[rows], reach):
        if same_outline(geometries[rows[one]], geometries[rows[other]]):
            group.join(int(rows[one]), int(rows[other]))
    return [one for one in group.members() if len(one) > 1]


def _reach(geometries: Geometries) -> float:
    """Degrees that are a few millimetres, wherever the geometries lie."""
    lat = shapely.bounds(geometries)[:, [1, 3]]
    poleward = float(np.nanmax(np.abs(lat))) if len(lat) else 0.0
    return 3 * SAME_M / _DEGREE_M / max(float(np.cos(np.radians(poleward))), 0.02)


def _crowded(points: Floats, reach: float) -> Ints:
    """Rows of all points with another one within `reach`, and few besides: of those alone a closer look is worth it."""
    x_run = _runs(points[:, 0], np.zeros(len(points), np.intp), reach)
    run = _runs(points[:, 1], x_run, reach)
    return np.flatnonzero(np.bincount(run, minlength=1)[run] > 1)


def _runs(values: Floats, group: Ints, reach: float) -> Ints:
    """The number of each value's run: within its group, values that follow one another without a gap over `reach`."""
    order = np.lexsort((values, group))
    gap = (np.diff(values[order]) > reach) | (np.diff(group[order]) != 0)
    run = np.zeros(len(values), np.intp)
    run[order[1:]] = np.cumsum(gap)
    return run


def _near_pairs(geometries: Geometries, corner: Floats, reach: float) -> list[tuple[int, int]]:
    """Pairs with as many vertices, whose boxes begin within reach of a millimetre; every outline is there once."""
    points = shapely.points(corner)
    left, right = shapely.STRtree(points).query(points, predicate="dwithin", distance=reach)
    counts = shapely.get_num_coordinates(geometries)
    alike = (left < right) & (counts[left] == counts[right])
    return list(zip(left[alike].tolist(), right[alike].tolist(), strict=True))


def same_outline(one: shapely.Geometry, other: shapely.Geometry) -> bool:
    """Whether two polygons (degrees) are equal vertex by vertex within `SAME_M`, wherever their rings begin."""
    left, right = _ring_arrays(one), _ring_arrays(other)
    if sorted(map(len, left)) != sorted(map(len, right)):
        return False
    free = list(right)
    for ring in left:
        match = next((at for at, it in enumerate(free) if _same_ring(ring, it)), -1)
        if match < 0:
            return False
        free.pop(match)
    return True


def _ring_arrays(geometry: shapely.Geometry) -> list[Floats]:
    """The open rings of a polygon in metres round its own latitude."""
    rings = shapely.get_rings(shapely.get_parts(geometry))
    scale = np.array([_DEGREE_M * np.cos(np.radians(geometry.bounds[1])), _DEGREE_M])
    return [shapely.get_coordinates(ring)[:-1] * scale for ring in rings]


def _same_ring(one: Floats, other: Floats) -> bool:
    if len(one) != len(other):
        return False
    for starts in np.flatnonzero(np.hypot(*(other - one[0]).T) <= SAME_M):
        for turned in (np.roll(other, -starts, axis=0), np.roll(other[::-1], starts + 1, axis=0)):
            if (np.hypot(*(turned - one).T) <= SAME_M).all():
                return True
    return False


class _Groups:
    """Union-find over rows; a group's name is its smallest row."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}

    def _root(self, row: int) -> int:
        while self._parent.setdefault(row, row) != row:
            self._parent[row] = self._parent[self._parent[row]]
            row = self._parent[row]
        return row

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self._root(one), self._root(other)))
        self._parent[high] = low

    def members(self) -> list[list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for row in sorted(self._parent):
            found[self._root(row)].append(row)
        return [found[root] for root in sorted(found)]
