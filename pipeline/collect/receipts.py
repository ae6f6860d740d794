"""What each return came to, as values: its rows with their fate and every doubt in words, and what is still open."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.collect.merge import Finding, Merged
from pipeline.collect.returned import Doubt, Remark, ReturnedFile, ReturnedRow
from pipeline.collect.sent import Sent
from pipeline.collect.tables import fates
from pipeline.collect.words import Words
from pipeline.publish import safe_name

COUNTING = ("taken", "contained")  # of a row that counts, or says the same
FATES = ("taken", "contained", "superseded", "conflict", "overruled", "unmatched", "left")


@dataclass(frozen=True, slots=True)
class Line:
    """One returned row: where it stands, which piece it speaks of, what became of it, and what is to be said of it."""

    place: str
    seq: int  # number in the county's book, 0 where the row belongs to no piece
    patch_no: str
    fate: str
    sentences: tuple[str, ...]
    grave: bool = False  # whether it breaks a rule that the office calls an error: answered, to be corrected


@dataclass(frozen=True)
class ReturnReceipt:
    """One returned file: its rows in their order, doubts about the whole file, and what its county still owes."""

    file: str
    digest: str
    county_code: str
    county_name: str
    lines: tuple[Line, ...]
    general: tuple[str, ...]
    open: tuple[tuple[int, str], ...]  # number and patch number of each piece without an answer
    asked: int
    again: bool = False  # whether its county is asked again, in `<code>_open.xlsx`

    @property
    def file_name(self) -> str:
        """Its own name without what a file system may mind, and never that of another return."""
        return safe_name(self.file, self.digest)

    @property
    def to_correct(self) -> int:
        """Rows that count and break a rule which the office calls an error."""
        return sum(one.grave for one in self.lines)

    @property
    def counts(self) -> Mapping[str, int]:
        """Rows by fate, in the order of `FATES`."""
        found = Counter(one.fate for one in self.lines)
        return {one: found[one] for one in FATES if found[one]}


@dataclass(frozen=True)
class _Known:
    """What all receipts of a run draw on."""

    fates: Mapping[tuple[str, str], tuple[str, str]]
    remarks: Mapping[str, Sequence[Remark]]  # of the merge, by place
    pieces: Mapping[str, Sequence[Finding]]  # by county
    sent: Mapping[tuple[str, str], Sent]
    words: Words


def return_receipts(
    returned: Sequence[ReturnedFile], merged: Merged, words: Words, again: Collection[str] = ()
) -> Iterator[ReturnReceipt]:
    """A receipt for each returned file, in their order, one at a time; `again` are the counties asked again."""
    by_county: dict[str, list[Finding]] = defaultdict(list)
    for finding in merged.findings:
        by_county[finding.sent.county_code].append(finding)
    sent = {one.sent.key: one.sent for one in merged.findings}
    known = _Known(fates(merged), _by_place(merged.remarks), by_county, sent, words)
    made = (_receipt(one, known) for one in returned)
    return (replace(one, again=one.county_code in again) for one in made)


def _by_place(remarks: Sequence[Remark]) -> dict[str, list[Remark]]:
    found: dict[str, list[Remark]] = defaultdict(list)
    for one in remarks:
        found[one.place].append(one)
    return found


def _receipt(file: ReturnedFile, known: _Known) -> ReturnReceipt:
    """Each doubt stands with the row it is about, by the row's place or by its patch; the others speak of the file."""
    county = file.county_code or _only_county(file)
    places, patches = {row.place for row in file.rows}, {row.patch_uid for row in file.rows if row.patch_uid}
    own = _by_place([one for one in file.remarks if one.place in places])
    of_patch: dict[str, list[Remark]] = defaultdict(list)
    for one in file.remarks:
        if one.place not in places and one.patch_uid in patches:
            of_patch[one.patch_uid].append(one)
    general = [one for one in file.remarks if one.place not in places and one.patch_uid not in patches]
    general += known.remarks.get(file.name, ())
    lines = []
    for row in file.rows:
        mine = [*own.get(row.place, ()), *of_patch.pop(row.patch_uid, ()), *known.remarks.get(row.place, ())]
        sentences = tuple(dict.fromkeys(known.words(one) for one in mine))
        if row.said or sentences:
            lines.append(_line(row, county, file.digest, sentences, any(map(_is_grave, mine)), known))
    pieces = known.pieces.get(county, ())
    return ReturnReceipt(
        file.name,
        file.digest,
        county,
        pieces[0].sent.county_name if pieces else "",
        tuple(lines),
        tuple(dict.fromkeys(known.words(one) for one in general)),
        tuple((one.sent.seq, one.sent.patch_no) for one in pieces if one.state == "open"),
        len(pieces),
    )


def _only_county(file: ReturnedFile) -> str:
    """The county all its rows speak of; "" where there are several."""
    codes = {row.county_code for row in file.rows if row.county_code}
    return codes.pop() if len(codes) == 1 else ""


def _is_grave(one: Remark) -> bool:
    return one.code is Doubt.CHECK and one.facts["severity"] == "error"


def _line(row: ReturnedRow, county: str, digest: str, sentences: tuple[str, ...], grave: bool, known: _Known) -> Line:
    piece = known.sent.get((row.patch_uid, row.county_code or county))
    number = piece.patch_no if piece else row.given.get("patch_no", "")
    fate = known.fates.get((digest, row.place), ("left", ""))[0] if row.said else ""
    return Line(row.place, piece.seq if piece else 0, number, fate, sentences, grave and fate in COUNTING)
