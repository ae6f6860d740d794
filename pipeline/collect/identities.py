"""Which piece a row speaks of, and which land parcel of it; never told by where a row stands alone.

A row is its piece's by its patch uid, whose check character must fit. A uid that was lost or mangled is recovered only
where the file's own list of what was sent has the row code and the patch number of the row in one line. Further land
parcels of a patch are copies of its row directly below it, or say their number in a column of their own; a row that
may have overwritten another piece's is no parcel but the same piece twice. Rows handed out for further parcels are
marked "+": such a row is of the patch whose number was chosen in it, wherever it stands.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, pairwise

from pipeline.collect.spelling import Raw, number_key, plain, said_text
from pipeline.geometry.identity import is_patch_uid

_DASHES = str.maketrans("‐‑‒–—―−", "-------")
_QUOTED = re.compile(r'=?\s*"(.*)"')
_MANGLED = re.compile(r"\d(?:[.,]\d+)?e[+-]?\d+", re.I)
_CENTRE = re.compile(r"(-?\d{1,3}\.\d{6})\s*[,，]\s*(-?\d{1,2}\.\d{6})(?!\d)")
_WHOLE = 1e15  # numbers from here on have lost digits


@dataclass(frozen=True)
class Listed:
    """One line of a file's own list of what was sent."""

    patch_uid: str
    row_code: str
    patch_no: str


@dataclass(frozen=True)
class Named:
    """The identity cells of one row, read."""

    patch_uid: str = ""
    row_code: str = ""
    patch_no: str = ""
    part: str = ""  # as the row itself says it
    blocked: bool = False  # its id lies in merged cells
    extra: bool = False  # a row handed out for a further plot, that says whose by the patch number chosen
    torn: bool = False  # signs of such a row beside those of a patch's own: columns were sorted apart


def uid_of(raw: Raw) -> str:
    """The patch uid a cell holds, "" where there is none whose check character fits."""
    text = "".join(plain(_unquoted(raw)).translate(_DASHES).split())
    campaign, dash, core = text.rpartition("-")
    uid = f"{campaign}{dash}{core.upper()}"
    return uid if campaign and core.isascii() and core.isalnum() and is_patch_uid(uid) else ""


def code_of(raw: Raw) -> str:
    """The row code a cell holds."""
    return "".join(plain(_unquoted(raw)).upper().split())


def sign_of(raw: Raw) -> str:
    """What stands in the place of an id: in a row for a further plot the code of its county before a "+"."""
    return "".join(plain(_unquoted(raw)).split())


def number_of(raw: Raw) -> str:
    """The patch number a cell holds, "" where a program made a number of it that has lost digits."""
    if isinstance(raw, int | float) and not isinstance(raw, bool) and abs(raw) >= _WHOLE:
        return ""
    text = _unquoted(raw)
    return "" if _MANGLED.fullmatch(plain(text)) else text


def centre_of(raw: Raw) -> str:
    """The middle of the piece that a cell names, as checklists print it; "" where it names none."""
    found = _CENTRE.search(plain(said_text(raw)))
    return f"{found[1]}, {found[2]}" if found else ""


def _unquoted(raw: Raw) -> str:
    text = said_text(raw).removeprefix("'")
    found = _QUOTED.fullmatch(text)
    return found[1] if found else text


def identified(rows: Sequence[Named], listed: Sequence[Listed]) -> list[tuple[str, str]]:
    """The patch uid and the parcel of each row of a table, in its order; uid "" where it cannot be told."""
    own = [replace(one, patch_uid="", row_code="", patch_no="") if one.extra else one for one in rows]
    mine = _identified(_recovered(own, listed), listed)
    known = _by_number(rows, mine, listed)
    uids = [_chosen(row, known) if row.extra else uid for row, (uid, _) in zip(rows, mine, strict=True)]
    return _counted_on(rows, uids, [part for _, part in mine])


def _by_number(
    rows: Sequence[Named], mine: Sequence[tuple[str, str]], listed: Sequence[Listed]
) -> Mapping[str, set[str]]:
    """The patches of each number, as far as the file knows."""
    known: dict[str, set[str]] = defaultdict(set)
    for row, (uid, _) in zip(rows, mine, strict=True):
        if uid and row.patch_no and not row.extra:
            known[number_key(row.patch_no)].add(uid)
    for one in listed:
        known[number_key(one.patch_no)].add(one.patch_uid)
    return known


def _chosen(row: Named, known: Mapping[str, set[str]]) -> str:
    """Whose further plot a row is: the one patch of its number, or of several the one whose uid was written in."""
    found = known.get(number_key(row.patch_no), set()) if row.patch_no and not row.blocked else set()
    mine = found & {row.patch_uid} if row.patch_uid else found
    return next(iter(mine)) if len(mine) == 1 else ""


def _counted_on(rows: Sequence[Named], uids: Sequence[str], parts: Sequence[str]) -> list[tuple[str, str]]:
    """Rows for further plots that say no number of theirs get the next that no other row of the patch has."""
    taken: dict[str, set[str]] = defaultdict(set)
    for row, uid, part in zip(rows, uids, parts, strict=True):
        taken[uid].add(row.part if row.extra else part)
    made = []
    for row, uid, part in zip(rows, uids, parts, strict=True):
        counted = row.extra and uid and not row.part
        own = next(one for one in map(str, count(2)) if one not in taken[uid]) if counted else part
        taken[uid].add(own)
        made.append((uid, own))
    return made


def _identified(named: Sequence[Named], listed: Sequence[Listed]) -> list[tuple[str, str]]:
    """Of rows that bring their own identity, or continue the one above."""
    blocks = _blocks(named)
    uids = [named[block.start].patch_uid for block in blocks for _ in block]
    uids = ["" if one.blocked else uid for one, uid in zip(named, uids, strict=True)]
    order = [one.patch_uid for one in listed]
    place = {uid: at for at, uid in enumerate(order)}
    there = set(uids)
    made: list[tuple[str, str]] = []
    for block in blocks:
        at = place.get(uids[block.start], -1)
        after = order[at + 1 : at + len(block)] if at >= 0 else None
        counted = _inserted(named[block.start + 1 : block.stop], after, there)
        parts = _numbered([named[row].part for row in block]) if counted else [named[row].part or "1" for row in block]
        made += [(uids[row], part) for row, part in zip(block, parts, strict=True)]
    return made


def _numbered(parts: Sequence[str]) -> list[str]:
    """The parcels of one patch that stand together: those that say no number get the next that none of them has."""
    free = (one for one in map(str, count(1)) if one not in parts)
    return [one or next(free) for one in parts]


def _recovered(rows: Sequence[Named], listed: Sequence[Listed]) -> list[Named]:
    """Lost uids found again in the file's own list, by row code and patch number together."""
    known: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in listed:
        known[one.row_code, one.patch_no].add(one.patch_uid)
    made = []
    for row in rows:
        found = known.get((row.row_code, row.patch_no), set()) if row.row_code and row.patch_no else set()
        made.append(replace(row, patch_uid=next(iter(found))) if not row.patch_uid and len(found) == 1 else row)
    return made


def _blocks(named: Sequence[Named]) -> list[range]:
    """The rows of a table, those together that continue the one directly above."""
    begins = [at for at in range(len(named)) if not at or not _continues(named[at], named[at - 1])]
    return [range(at, end) for at, end in pairwise([*begins, len(named)])]


def _continues(one: Named, above: Named) -> bool:
    """Whether a row belongs to the one above it: the same uid, or no identity of its own but the same number."""
    if one.blocked or above.blocked:
        return False
    if one.patch_uid:
        return one.patch_uid == above.patch_uid
    return bool(one.patch_no) and one.patch_no == above.patch_no and one.row_code in ("", above.row_code)


def _inserted(further: Sequence[Named], after: Sequence[str] | None, there: set[str]) -> bool:
    """Whether further rows were inserted, and did not overwrite those of the pieces sent after theirs.

    `after` are the uids sent next, None where the file has no list: then a repeated uid proves nothing.
    """
    if not any(one.patch_uid for one in further):
        return True  # nothing was filled down over another row's uid
    return after is not None and set(after) <= there
