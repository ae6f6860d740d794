"""What each return came to, as values: its rows with their fate and every doubt in words, and what is still open."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.collect.merge import Finding, Merged, conflict_remark
from pipeline.collect.returned import Doubt, Remark, ReturnedFile, ReturnedRow
from pipeline.collect.tables import fates, row_of
from pipeline.collect.words import Words
from pipeline.publish import safe_name
from pipeline.texts import Texts

COUNTING = ("taken", "contained")  # of a row that counts, or says the same
OVER = ("superseded", "overruled", "left")  # of a row that nobody is asked about any more
FATES = ("taken", "contained", "superseded", "conflict", "overruled", "unmatched", "left")


@dataclass(frozen=True, slots=True)
class Line:
    """One returned row: where it stands, which piece it speaks of, what became of it, and what is to be said of it."""

    place: str
    seq: int  # number in the county's book, 0 where the row belongs to no piece
    patch_no: str
    fate: str
    sentences: tuple[str, ...]
    decided: str = ""  # who decided for another answer, when and why
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
    findings: Mapping[tuple[str, str], Finding]
    counted: Mapping[str, str]  # digest of a return → the name under which it counts, of several
    words: Words
    said: Texts


def return_receipts(
    returned: Sequence[ReturnedFile], merged: Merged, words: Words, said: Texts, again: Collection[str] = ()
) -> Iterator[ReturnReceipt]:
    """A receipt for each returned file, in their order, one at a time; `again` are the counties asked again."""
    by_county: dict[str, list[Finding]] = defaultdict(list)
    for finding in merged.findings:
        by_county[finding.sent.county_code].append(finding)
    of_piece = {one.sent.key: one for one in merged.findings}
    counted = {one.digest: one.name for one in sorted(returned, key=lambda one: one.name, reverse=True)}
    known = _Known(fates(merged), _by_place(merged.remarks), by_county, of_piece, counted, words, said)
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
    counted = known.counted[file.digest]
    general += known.remarks.get(counted, ())
    lines = []
    for row in file.rows:
        place = row.place.replace(f"{file.name}!", f"{counted}!", 1)
        mine = [*own.get(row.place, ()), *of_patch.pop(row.patch_uid, ()), *known.remarks.get(place, ())]
        if row.said or mine:
            lines.append(_line(row, county, file, mine, known))
    pieces = known.pieces.get(county, ())
    return ReturnReceipt(
        file.name,
        file.digest,
        county,
        pieces[0].sent.county_name if pieces else "",
        tuple(lines),
        tuple(dict.fromkeys([*_same(file.name, counted, known), *(known.words(one) for one in general)])),
        tuple((one.sent.seq, one.sent.patch_no) for one in pieces if one.state == "open"),
        len(pieces),
    )


def _same(name: str, counted: str, known: _Known) -> list[str]:
    """That the same bytes came under another name, too."""
    return [known.said.say("returns.same", file=counted)] if name != counted else []


def _only_county(file: ReturnedFile) -> str:
    """The county all its rows speak of; "" where there are several."""
    codes = {row.county_code for row in file.rows if row.county_code}
    return codes.pop() if len(codes) == 1 else ""


def _is_grave(one: Remark) -> bool:
    return one.code is Doubt.CHECK and one.facts["severity"] == "error"


def _line(row: ReturnedRow, county: str, file: ReturnedFile, doubts: Sequence[Remark], known: _Known) -> Line:
    finding = known.findings.get((row.patch_uid, row.county_code or county))
    piece = finding.sent if finding else None
    number = piece.patch_no if piece else row.given.get("patch_no", "")
    fate, why = known.fates.get(row_of(file, row), ("left", "")) if row.said else ("", "")
    grave = fate in COUNTING and any(map(_is_grave, doubts))
    settled = finding is not None and finding.answer is not None and why == Doubt.NO_VERDICT
    sentences = [] if fate in OVER or settled else [known.words(one) for one in doubts]
    sentences += _on_fate(row, fate, why, finding, known)
    decided = why if fate == "overruled" else ""
    return Line(row.place, piece.seq if piece else 0, number, fate, tuple(dict.fromkeys(sentences)), decided, grave)


def _on_fate(row: ReturnedRow, fate: str, why: str, finding: Finding | None, known: _Known) -> list[str]:
    """What its fate alone asks of those who sent it: which answer counts, or that nothing is to be done any more."""
    if finding and fate == "conflict":
        return [known.words(conflict_remark(finding.sent, finding.answers, row.place))]
    if finding and finding.answer and why == Doubt.NO_VERDICT:
        return [known.said.say("returns.settled", file=finding.answer.file)]
    return []
