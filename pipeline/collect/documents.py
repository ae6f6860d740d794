"""Numbers of approvals, and patches far from one another that name the same (R14)."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt
import shapely

from pipeline.collect.spelling import plain, shown
from pipeline.forms.cleaning import clean_text

# 云自然资批〔2025〕12号, in whatever brackets; NFKC has made them half width
_NUMBER = re.compile(r"[^\s,.;:，。；：、〔\[(【]{1,16}\s?[〔\[(【]\s?\d{4}\s?[〕\])】]\s?第?\s?\d{1,6}\s?号")
_LEAD = re.compile(r"^(?:依据|根据|按照|批准|批文|备案|文号|编号|见|经|为|号)+")  # what people write right before it
_BRACKETS = str.maketrans("〔【(", "[[[") | str.maketrans("〕】)", "]]]")
Outlines = Callable[[Sequence[int]], npt.NDArray[np.object_]]  # places of pieces → their shapes, degrees
_M_OF_DEGREE = 111_320.0
_LISTED = 5  # patches named in one sentence


@dataclass(frozen=True, slots=True)
class Papers:
    """The numbers an answer names: in columns for them, and within its remarks."""

    at: int  # of its outline
    patch_uid: str
    patch_no: str
    numbers: tuple[str, ...]
    remarks: tuple[str, ...]

    def named(self) -> frozenset[str]:
        """All numbers in one spelling."""
        found = [*self.numbers, *(one for text in self.remarks for one in _NUMBER.findall(plain(text)))]
        return frozenset(one for one in map(_spelt, found) if any(sign.isdigit() for sign in one))


def _spelt(number: str) -> str:
    return _LEAD.sub("", "".join(plain(number).casefold().split()).translate(_BRACKETS))


def scattered(papers: Sequence[Papers], outlines: Outlines, near_m: float) -> Iterator[tuple[int, dict[str, str]]]:
    """Each answer whose document is also named for a patch farther than `near_m` from its neighbourhood.

    Yields its place in `papers` and the facts of the sentence. Patches are neighbours where a chain of them, each
    within `near_m` of the next, leads from one to the other; parts of one patch always are.
    """
    by_number: dict[str, list[int]] = defaultdict(list)
    for at, one in enumerate(papers):
        for number in sorted(one.named()):
            by_number[number].append(at)
    for number, named in sorted(by_number.items()):
        if len(named) > 1:
            groups = _groups([papers[at] for at in named], outlines, near_m)
            if len(set(groups)) > 1:
                yield from _told(papers, named, groups, number)


def _told(
    papers: Sequence[Papers], named: Sequence[int], groups: Sequence[int], number: str
) -> Iterator[tuple[int, dict[str, str]]]:
    sizes = Counter(groups)
    for group, size in sizes.items():
        others = (papers[at] for at, each in zip(named, groups, strict=True) if each != group)
        said = [clean_text(one.patch_no) or one.patch_uid for one in islice(others, _LISTED)]
        count = len(named) - size
        more = f" … +{count - _LISTED}" if count > _LISTED else ""
        facts = {"number": shown(number), "count": str(count), "others": ", ".join(said) + more}
        yield from ((at, facts) for at, each in zip(named, groups, strict=True) if each == group)


def _groups(papers: Sequence[Papers], outlines: Outlines, near_m: float) -> list[int]:
    """For each answer the neighbourhood its patch lies in."""
    shapes = _plane(outlines([one.at for one in papers]))
    tree = shapely.STRtree(shapes)
    left, right = tree.query(shapes, predicate="dwithin", distance=near_m)
    leader = list(range(len(papers)))
    first: dict[str, int] = {}
    same = [(first.setdefault(one.patch_uid, at), at) for at, one in enumerate(papers)]
    for one, other in [*same, *zip(left.tolist(), right.tolist(), strict=True)]:
        leader[_lead(leader, one)] = _lead(leader, other)
    return [_lead(leader, at) for at in range(len(papers))]


def _lead(leader: list[int], at: int) -> int:
    while leader[at] != at:
        leader[at] = leader[leader[at]]
        at = leader[at]
    return at


def _plane(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Shapes in metres, true near their middle latitude: enough to tell neighbours."""
    south, north = shapely.total_bounds(shapes)[[1, 3]]
    scale = np.array([np.cos(np.radians((south + north) / 2)), 1.0]) * _M_OF_DEGREE
    made: npt.NDArray[np.object_] = shapely.transform(shapes, lambda points: points * scale)
    return made
