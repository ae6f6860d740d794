"""Rows of other systems' tables brought to the pieces they speak of: by number and county, where they have no uid.

All that a row says of its piece must fit one piece and no other; what fits none, or several, is named and never taken.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.collect.grid import row_place
from pipeline.collect.returned import MAPPED, OF_CELLS, Doubt, Remark, ReturnedFile, ReturnedRow
from pipeline.collect.sent import Sent, SentAll
from pipeline.collect.spelling import plain


@dataclass(frozen=True)
class _Known:
    """The pieces that were sent, by what rows may call them."""

    by_uid: dict[str, list[Sent]]
    by_number: dict[str, list[Sent]]
    by_code: dict[str, list[Sent]]
    counties: set[str]


def brought(returned: Sequence[ReturnedFile], sent: SentAll) -> list[ReturnedFile]:
    """The same files; rows read by a column map carry the uid and county code of their piece, or why they cannot."""
    if not any(one.door == MAPPED for one in returned):
        return list(returned)
    known = _known(sent)
    return [_file(one, known) if one.door == MAPPED else one for one in returned]


def _file(one: ReturnedFile, known: _Known) -> ReturnedFile:
    """The rows with their pieces, and the doubts about their cells with them."""
    rows = tuple(_brought(row, one, known) for row in one.rows)
    at = {row_place(row.place): row for row in rows}
    return replace(one, rows=rows, remarks=tuple(_told(remark, at) for remark in one.remarks))


def _told(one: Remark, rows: Mapping[str, ReturnedRow]) -> Remark:
    row = rows.get(row_place(one.place))
    if one.code not in OF_CELLS or row is None:
        return one
    return replace(one, patch_uid=row.patch_uid, county_code=row.county_code)


def _known(sent: SentAll) -> _Known:
    known = _Known(defaultdict(list), defaultdict(list), defaultdict(list), {one for _, one in sent.by_key})
    for one in sent.by_key.values():
        known.by_uid[one.patch_uid].append(one)
        known.by_number[plain(one.patch_no)].append(one)
        known.by_code[one.row_code].append(one)
    return known


def _brought(row: ReturnedRow, file: ReturnedFile, known: _Known) -> ReturnedRow:
    county = row.county_code or file.county_code
    number = plain(row.given.get("patch_no", ""))
    if row.refused or not (row.patch_uid or number or row.row_code):
        return row
    if row.patch_uid and (not county or county in known.counties):
        return row  # what was filled in on our own form: by the same road as a checklist
    fits = [one for one in _candidates(row, number, known) if not county or _is_county(one, county)]
    fits = [one for one in fits if not row.row_code or one.row_code == row.row_code]
    if len(fits) == 1:
        return replace(row, patch_uid=fits[0].patch_uid, county_code=fits[0].county_code)
    return replace(row, refused=str(Doubt.NUMBER_DOUBTFUL if fits else Doubt.NUMBER_UNKNOWN))


def _candidates(row: ReturnedRow, number: str, known: _Known) -> Iterable[Sent]:
    if row.patch_uid:
        return known.by_uid.get(row.patch_uid, ())
    return known.by_number.get(number, ()) if number else known.by_code.get(row.row_code, ())


def _is_county(one: Sent, said: str) -> bool:
    return said in (one.county_code, plain(one.county_name))
