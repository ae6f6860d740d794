"""Which patch a photo is of that no row names: the one whose number, uid or check code its name begins with."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from pipeline.collect.merge import Finding
from pipeline.forms.identity import PHOTO_NUMBER_LEAST

Known = Mapping[str, Sequence[Finding]]


def numbered(file: str, known: Known) -> Finding | None:
    """The one answered piece that a photo's name, else its folder's, begins with; None where none or several do.

    "320102-0012_1.jpg" and "320102-0012/IMG_1.jpg" are of 320102-0012, "320102-00123.jpg" is not. Where counties number
    alike, the photo is of the piece that its own return answers.
    """
    path = PurePosixPath(file)
    for name in (path.stem, path.parent.name):
        for lead in _leads(_folded(name)):
            if found := known.get(lead):
                own = [one for one in found if any(_root(each.file) == _root(file) for each in one.answers)]
                mine = own or found
                return mine[0] if len(mine) == 1 else None
    return None


def by_number(findings: Sequence[Finding]) -> Known:
    """The answered pieces by each name that a photo may begin with."""
    known: dict[str, list[Finding]] = defaultdict(list)
    for one in findings:
        if one.answer is not None:
            number = one.sent.patch_no.strip()
            told = number if len(number) >= PHOTO_NUMBER_LEAST else ""
            for name in {one.sent.patch_uid, one.sent.row_code, told} - {""}:
                known[_folded(name)].append(one)
    return known


def _leads(name: str) -> Iterator[str]:
    """How a name may begin, the longest first; no letter or digit follows."""
    for end in range(len(name), 0, -1):
        if end == len(name) or not (name[end].isalnum() and name[end - 1].isalnum()):
            yield name[:end]


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _root(file: str) -> str:
    return file.partition("/")[0]
