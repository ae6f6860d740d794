"""Many returns, one truth: for every piece that was sent, what was answered, by whom, and where answers disagree.

A pure function of what was sent, of the set of returns and of people's decisions: neither the order in which returns
came nor how often the same one came changes anything. A piece's answers are compared and taken as a whole record,
never column by column (a verdict of one crew with the remark of another would be nobody's finding).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pipeline.collect.returned import Doubt, Remark, ReturnedFile, ReturnedRow
from pipeline.collect.sent import Sent, SentAll
from pipeline.decisions import Decision, names_file
from pipeline.forms.cleaning import clean_text
from pipeline.forms.form import Field, Form

State = Literal["open", "answered", "conflict"]
Key = tuple[str, str]  # patch_uid, county_code
Said = Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """What one return says of one piece: its land parcels in order, each with what was said."""

    key: Key
    rows: tuple[ReturnedRow, ...]
    file: str
    digest: str
    again: tuple[ReturnedRow, ...] = ()  # rows of the same file that say just the same

    @property
    def said(self) -> Said:
        """What was said of the first parcel."""
        return self.rows[0].said

    @property
    def place(self) -> str:
        """Where the first parcel stands."""
        return self.rows[0].place

    def says(self) -> frozenset[tuple[str, str, str]]:
        """Everything it says, as (parcel, question, answer)."""
        return frozenset((row.part, key, value) for row in self.rows for key, value in row.said.items())


@dataclass(frozen=True)
class Finding:
    """What stands of one piece: open, answered by one answer, or several that disagree."""

    sent: Sent
    state: State
    answers: tuple[Answer, ...] = ()
    decided: str = ""  # who decided it, when and why

    @property
    def answer(self) -> Answer | None:
        """The answer that counts, None unless it is answered."""
        return self.answers[0] if self.state == "answered" else None


@dataclass(frozen=True)
class Unmatched:
    """A row with answers that could not be given to a piece, or whose record was refused."""

    row: ReturnedRow
    file: str
    digest: str
    code: Doubt


@dataclass
class Merged:
    """What became of everything that was returned."""

    findings: list[Finding] = field(default_factory=list)  # every sent piece once, by county and number
    unmatched: list[Unmatched] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)


def merge(
    sent: SentAll, returned: Sequence[ReturnedFile], form: Form, campaign: str, decisions: Sequence[Decision]
) -> Merged:
    """Merge all returns; what is not taken is kept with its reason."""
    made = Merged()
    answers: dict[Key, list[Answer]] = defaultdict(list)
    known = {f"{form.id}@{form.version}"}
    for file in sorted(_each_once(returned), key=lambda one: (one.digest, one.name)):
        made.remarks += file.remarks
        if _left_out(file, decisions):
            continue
        strange = _strange(file, campaign, known)
        if strange:
            made.remarks.append(Remark(strange, file.name, facts={"campaign": file.campaign, "form": file.form}))
            made.unmatched += [Unmatched(row, file.name, file.digest, strange) for row in file.rows]
            continue
        for answer in _answers(file, sent, form, made):
            answers[answer.key].append(answer)
    for key, one in sorted(sent.by_key.items(), key=lambda item: (item[1].county_code, item[1].seq, item[0])):
        made.findings.append(_finding(one, answers.get(key, []), decisions, made))
    return made


def _each_once(returned: Iterable[ReturnedFile]) -> Iterable[ReturnedFile]:
    """The same bytes sent twice, under whatever names, are one return."""
    return {one.digest: one for one in sorted(returned, key=lambda one: one.name, reverse=True)}.values()


def _left_out(file: ReturnedFile, decisions: Sequence[Decision]) -> bool:
    return any(one.verb == "leave" and names_file(one.id, file.name, file.digest) for one in decisions)


def _strange(file: ReturnedFile, campaign: str, known: set[str]) -> Doubt | None:
    """Why none of a file's rows can be taken."""
    if file.campaign and file.campaign != campaign:
        return Doubt.OTHER_CAMPAIGN
    return Doubt.OTHER_FORM if file.form and file.form not in known else None


def _answers(file: ReturnedFile, sent: SentAll, form: Form, made: Merged) -> Iterable[Answer]:
    """The file's records: rows brought to their pieces, parcels together."""
    rows: dict[Key, list[ReturnedRow]] = defaultdict(list)
    for row in file.rows:
        key, doubt = _piece_of(row, file, sent)
        if doubt:
            made.unmatched.append(Unmatched(row, file.name, file.digest, doubt))
            made.remarks.append(Remark(doubt, row.place, row.patch_uid, row.county_code))
        else:
            rows[key].append(row)
            made.remarks += _changed(row, sent.by_key[key])
    for key, mine in rows.items():
        yield from _records(key, mine, file, form, made)


def _piece_of(row: ReturnedRow, file: ReturnedFile, sent: SentAll) -> tuple[Key, Doubt | None]:
    """The piece a row speaks of: by its id, its county and its row code, never by where it stands."""
    counties = sent.counties_of.get(row.patch_uid, ())
    named = row.county_code or file.county_code
    key = (row.patch_uid, named or (counties[0] if len(counties) == 1 else ""))
    if not row.patch_uid:
        return key, Doubt.NO_IDENTITY
    if key not in sent.by_key:
        return key, Doubt.UNKNOWN_PATCH
    number = row.given.get("patch_no", "")
    if number and number != _shown(sent.by_key[key]) and number in sent.numbers:
        return key, Doubt.ROW_CODE  # the uid stayed where it was while the rest was sorted
    if row.row_code and row.row_code != sent.by_key[key].row_code:
        return key, _wrong_code(row.row_code, sent)
    return key, None


def _shown(sent: Sent) -> str:
    """A patch number as it stands in checklists."""
    return clean_text(sent.patch_no)


def _wrong_code(code: str, sent: SentAll) -> Doubt:
    """Another row's code: rows were sorted apart; nobody's: the piece was changed since."""
    return Doubt.ROW_CODE if code in sent.codes else Doubt.STALE


def _changed(row: ReturnedRow, sent: Sent) -> Iterable[Remark]:
    """Locked values that came back other than they went out; the sent ones count."""
    outline = row.given.get("geometry", "")
    if outline and outline != sent.geometry:
        yield Remark(Doubt.OUTLINE_CHANGED, row.place, *sent.key)
    number = row.given.get("patch_no", "")
    if number and number != _shown(sent):
        facts = {"field": "patch_no", "sent": _shown(sent), "returned": number}
        yield Remark(Doubt.CHANGED_GIVEN, row.place, *sent.key, facts=facts)


def _records(key: Key, rows: Sequence[ReturnedRow], file: ReturnedFile, form: Form, made: Merged) -> Iterable[Answer]:
    """What one file says of one piece: one record, or one for each of two rows that disagree on the same parcel."""
    by_part: dict[str, list[ReturnedRow]] = defaultdict(list)
    again: list[ReturnedRow] = []
    for row in (one for one in rows if one.said):
        known = any(row.said == one.said for one in by_part[row.part])
        (again if known else by_part[row.part]).append(row)
    variants = max((len(one) for one in by_part.values()), default=0)
    if variants > 1:
        made.remarks.append(Remark(Doubt.ROW_TWICE, rows[0].place, *key))
    for at in range(variants):
        chosen = tuple(mine[min(at, len(mine) - 1)] for _, mine in sorted(by_part.items()) if mine)
        alike = tuple(row for row in again if any(row.part == one.part and row.said == one.said for one in chosen))
        remarks = [remark for row in chosen for remark in _due(row, key, form)]
        made.remarks += remarks
        if any(one.code is Doubt.NO_VERDICT for one in remarks):
            made.unmatched += [Unmatched(row, file.name, file.digest, Doubt.NO_VERDICT) for row in (*chosen, *alike)]
        else:
            yield Answer(key, chosen, file.name, file.digest, alike)


def _due(row: ReturnedRow, key: Key, form: Form) -> Iterable[Remark]:
    """What the verdict asks for and the row does not say; a row without a verdict is no finding."""
    verdict = row.said.get(form.verdict_key, "")
    if not verdict:
        yield Remark(Doubt.NO_VERDICT, row.place, *key)
        return
    for one in form.fields:
        if one.by == "officer" and _asked(one) and _needed(one, verdict) and not row.said.get(one.key):
            yield Remark(Doubt.STILL_DUE, row.place, *key, facts={"field": one.key})


def _asked(one: Field) -> bool:
    """Whether every door has a place for it: what only a GeoPackage can say is not due in a workbook."""
    return one.face and one.type != "photo"


def _needed(one: Field, verdict: str) -> bool:
    return "always" in one.needed or verdict in one.needed


def _finding(sent: Sent, answers: Sequence[Answer], decisions: Sequence[Decision], made: Merged) -> Finding:
    """The state of a piece: open without an answer; answered where one answer says all that was said, or a person
    decided; else a conflict, with every answer kept."""
    if not answers:
        return Finding(sent, "open")
    chosen, decided = _decided(sent, answers, decisions)
    if chosen is not None:
        return Finding(sent, "answered", (chosen, *(one for one in answers if one is not chosen)), decided)
    everything: frozenset[tuple[str, str, str]] = frozenset().union(*(one.says() for one in answers))
    whole = [one for one in answers if one.says() == everything]
    if whole:
        return Finding(sent, "answered", (whole[0], *(one for one in answers if one is not whole[0])))
    files = "; ".join(one.file for one in answers)
    made.remarks.append(Remark(Doubt.CONFLICT, answers[0].place, *sent.key, facts={"files": files}))
    return Finding(sent, "conflict", tuple(answers))


def _decided(sent: Sent, answers: Sequence[Answer], decisions: Sequence[Decision]) -> tuple[Answer | None, str]:
    """The answer a person chose, of this piece before of whole files; the last line of the file counts."""
    ids = (sent.patch_uid, f"{sent.patch_uid}/{sent.county_code}")
    takes = [one for one in reversed(decisions) if one.verb == "take"]
    for one in (each for each in takes if each.id in ids):
        for answer in answers:
            if names_file(one.object, answer.file, answer.digest):
                return answer, one.words
    for one in (each for each in takes if each.id not in ids):
        for answer in answers:
            if names_file(one.id, answer.file, answer.digest):
                return answer, one.words
    return None, ""
