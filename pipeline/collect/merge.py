"""Many returns, one truth: for every piece that was sent, what was answered, by whom, and where answers disagree.

A pure function of what was sent, of the set of returns and of people's decisions: neither the order in which returns
came nor how often the same one came changes anything. A piece's answers are compared and taken as a whole record,
never column by column (a verdict of one crew with the remark of another would be nobody's finding).

A row that was reissued says which answers it was issued upon, by their ids; it stands in their place, whatever the
order in which they came. An id speaks of what was said and of what that was issued upon in its turn, so a chain of
them has no circles.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal

from pipeline.collect.grid import row_place
from pipeline.collect.named import named_answers
from pipeline.collect.numbers import number_of
from pipeline.collect.returned import MAPPED, OF_CELLS, Doubt, Remark, ReturnedFile, ReturnedRow
from pipeline.collect.sent import Sent, SentAll
from pipeline.collect.spelling import number_key
from pipeline.decisions import Decision, names_file
from pipeline.engine.digest import value_digest
from pipeline.forms.cleaning import clean_text
from pipeline.forms.form import Form

_SAME_AREA = Decimal("0.005")
State = Literal["open", "answered", "conflict"]
Key = tuple[str, str]  # patch_uid, county_code
Said = Mapping[str, str]
Places = Mapping[str, frozenset[str]]  # digest of a file → questions it has a place for


@dataclass(frozen=True, slots=True)
class Answer:
    """What one return says of one piece: its land parcels in order, each with what was said."""

    key: Key
    rows: tuple[ReturnedRow, ...]
    file: str
    digest: str
    again: tuple[ReturnedRow, ...] = ()  # rows of the same file that say just the same
    base: frozenset[str] = frozenset()  # ids of the answers and reviews it was issued upon
    known_as: str = ""  # its id, where it was completed from its base

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


@dataclass(frozen=True, slots=True)
class Finding:
    """What stands of one piece: open, answered by one answer, or several that disagree."""

    sent: Sent
    state: State
    answers: tuple[Answer, ...] = ()
    decided: str = ""  # who decided it, when and why
    superseded: tuple[Answer, ...] = ()  # those that others were issued upon

    @property
    def answer(self) -> Answer | None:
        """The answer that counts, None unless it is answered."""
        return self.answers[0] if self.state == "answered" else None


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A row with answers that could not be given to a piece, or whose record was refused."""

    row: ReturnedRow
    file: str
    digest: str
    code: Doubt
    key: Key = ("", "")  # the piece it names, be it by a uid that does not fit the rest


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
    made, takes = Merged(), takes_of(decisions, sent)
    answers: dict[Key, list[Answer]] = defaultdict(list)
    known, places = {f"{form.id}@{form.version}"}, {one.digest: places_of(one, form) for one in returned}
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
        live, gone = _succession(answers.get(key, []), form, places)
        made.remarks += _plots_gone(key, live, gone)
        found = _finding(one, live, gone, takes, made)
        made.findings.append(found)
        for each in standing(found):
            made.remarks += (due for row in each.rows for due in _due(row, key, form, places[each.digest]))
    made.remarks = _without_past(made)
    return made


def _without_past(made: Merged) -> list[Remark]:
    """The remarks without those on cells of rows that a later answer took the place of: nobody is asked of them."""
    past = {row_place(row.place) for one in made.findings for each in one.superseded for row in each.rows}
    return [one for one in made.remarks if not (past and one.code in OF_CELLS and row_place(one.place) in past)]


def answer_id(one: Answer) -> str:
    """What a row issued upon this answer calls it."""
    return one.known_as or value_digest([*one.key, sorted(one.says()), sorted(one.base)])[:16]


def _succession(answers: Sequence[Answer], form: Form, places: Places) -> tuple[Sequence[Answer], Sequence[Answer]]:
    """The answers that count, and those that others were issued upon."""
    if not any(one.base for one in answers):
        return answers, ()
    fields = {one.digest: _writable(form, places[one.digest]) for one in answers}
    own = [replace(one, base=frozenset()) if _says_nothing_new(one, answers, fields) else one for one in answers]
    upon = frozenset().union(*(one.base for one in own))
    gone = [one for one in own if answer_id(one) in upon]
    by_id = {answer_id(one): one for one in own}
    return [_completed(one, by_id, fields) for one in own if one not in gone], gone


def _writable(form: Form, places: frozenset[str]) -> frozenset[str]:
    """What a returned workbook could say: what workbooks ask, without columns that were taken away from it."""
    asked = frozenset(one.key for one in form.written)
    return asked & places or asked


def _says_nothing_new(one: Answer, answers: Sequence[Answer], fields: Places) -> bool:
    """Whether a reissued row came back as it went out: then it is its base again and no later word."""
    if not one.base:
        return False
    before = [each for each in answers if each is not one and answer_id(each) in one.base]
    written = fields[one.digest]
    return any(_written(each, written) == _written(one, written) for each in before)


def _written(one: Answer, written: frozenset[str]) -> frozenset[tuple[str, str, str]]:
    """What an answer says where a workbook has a place for it."""
    return frozenset(each for each in one.says() if each[1] in written)


def _completed(one: Answer, by_id: Mapping[str, Answer], fields: Places) -> Answer:
    """A reissued answer with what its one base says and its file has no place for (photos taken in the field)."""
    before = [by_id[each] for each in sorted(one.base) if each in by_id]
    if len(before) != 1:
        return one
    earlier = {row.part: row.said for row in _completed(before[0], by_id, fields).rows}
    if len(earlier) == len(one.rows) == 1:
        earlier = {one.rows[0].part: next(iter(earlier.values()))}
    rows = tuple(_with_kept(row, earlier.get(row.part, {}), fields[one.digest]) for row in one.rows)
    return one if rows == one.rows else replace(one, rows=rows, known_as=answer_id(one))


def _with_kept(row: ReturnedRow, earlier: Said, written: frozenset[str]) -> ReturnedRow:
    kept = {key: value for key, value in earlier.items() if key not in written}
    return replace(row, said={**kept, **row.said}) if kept else row


def _plots_gone(key: Key, live: Iterable[Answer], gone: Sequence[Answer]) -> Iterable[Remark]:
    """That answers do not bring all plots of those they were issued upon: it may be meant, but is never silent."""
    for one in live:
        before = [each for each in gone if answer_id(each) in one.base]
        parts = {row.part for each in before for row in each.rows}
        missing = sorted(parts - {row.part for row in one.rows}) if len(parts) > 1 else []
        if missing:
            yield Remark(Doubt.PLOTS_GONE, one.place, *key, facts={"plots": ", ".join(missing)})


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
    for row, key, doubt in _placed(file, sent):
        if doubt:
            made.unmatched.append(Unmatched(row, file.name, file.digest, doubt, key))
            if doubt is not Doubt.SET_ASIDE:  # said by its reader, with its system's own word
                facts = {"number": row.given.get("patch_no", ""), "county": row.county_code or key[1]}
                made.remarks.append(Remark(doubt, row.place, row.patch_uid, row.county_code, facts))
        else:
            rows[key].append(row)
            made.remarks += _changed(row, sent.by_key[key])
    for key, mine in rows.items():
        yield from _records(key, mine, file, form, made)


def _placed(file: ReturnedFile, sent: SentAll) -> Iterable[tuple[ReturnedRow, Key, Doubt | None]]:
    """Each row with its piece, or why it has none; where columns were sorted apart, no number alone is believed."""
    found = [(row, *_piece_of(row, file, sent)) for row in file.rows]
    apart = any(doubt is Doubt.ROW_CODE for _, _, doubt in found)
    return [(row, key, doubt or (Doubt.ROW_CODE if apart and row.by_number else None)) for row, key, doubt in found]


def _piece_of(row: ReturnedRow, file: ReturnedFile, sent: SentAll) -> tuple[Key, Doubt | None]:
    """The piece a row speaks of: by its id, its county and its row code, never by where it stands."""
    counties: Sequence[str] = sent.counties_of.get(row.patch_uid, ())
    named = row.county_code or file.county_code
    if not named and len(counties) > 1:  # its code is of one piece alone
        counties = [one for one in counties if sent.by_key[row.patch_uid, one].row_code == row.row_code]
    key = (row.patch_uid, named or (counties[0] if len(counties) == 1 else ""))
    if row.refused:
        return key, Doubt(row.refused)
    if row.by_number and (doubt := _misnumbered(row, key[1], sent)):
        return key, doubt
    if not row.patch_uid:
        return key, Doubt.NO_IDENTITY
    if key not in sent.by_key:
        return key, Doubt.UNKNOWN_PATCH
    if _is_apart(row, sent.by_key[key], sent):
        return key, Doubt.ROW_CODE
    if row.row_code and row.row_code != sent.by_key[key].row_code:
        return key, _wrong_code(row.row_code, sent)
    return key, None


def _misnumbered(row: ReturnedRow, county: str, sent: SentAll) -> Doubt | None:
    """Why a number alone does not tell whose a row is: not there, nobody's, or that of several pieces of its county."""
    number = row.given.get("patch_no", "")
    fits = [one for one in sent.by_number.get(number_key(number), ()) if county in ("", one.county_code)]
    if len(fits) > 1:
        return Doubt.NUMBER_DOUBTFUL
    if not number and not row.patch_uid:
        return Doubt.NUMBER_MISSING
    return Doubt.NUMBER_UNKNOWN if number and not fits else None


def _is_apart(row: ReturnedRow, own: Sent, sent: SentAll) -> bool:
    """Whether the number or the middle beside a uid is another piece's: the uid stayed while the rest was sorted."""
    number, centre = number_key(row.given.get("patch_no", "")), row.given.get("centre", "")
    others = number != number_key(_shown(own)) and number in sent.numbers
    return others or (centre != own.centre and centre in sent.centres)


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
    for key, asked, own in (("patch_no", "patch_no", _shown(sent)), ("centre", "place", sent.centre)):
        said = row.given.get(key, "")
        if said and own and said != own:
            yield _altered(row, sent, asked, own, said)
    said = row.given.get("area", "")
    if said and not _is_area(said, sent.area):
        yield _altered(row, sent, "area", f"{sent.area:.12g}", said)


def _altered(row: ReturnedRow, sent: Sent, asked: str, own: str, said: str) -> Remark:
    return Remark(Doubt.CHANGED_GIVEN, row.place, *sent.key, facts={"field": asked, "sent": own, "returned": said})


def _is_area(said: str, area: float) -> bool:
    """Whether a cell says the area that was sent, however a program rounded it for show."""
    try:
        return abs(number_of(said) - Decimal(f"{area:.12g}")) <= _SAME_AREA
    except (ValueError, ArithmeticError):
        return False


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
    counting: set[str] = set()
    refused: list[ReturnedRow] = []
    for at in range(variants):
        chosen = tuple(mine[min(at, len(mine) - 1)] for _, mine in sorted(by_part.items()) if mine)
        alike = tuple(row for row in again if any(row.part == one.part and row.said == one.said for one in chosen))
        if any(not row.said.get(form.verdict_key) for row in chosen):
            refused += chosen + alike
        else:
            counting |= {row.place for row in chosen + alike}
            base = frozenset(one for row in chosen for one in row.base.split("|") if one)
            yield Answer(key, chosen, file.name, file.digest, alike, base)
    left = {row.place: row for row in refused if row.place not in counting}.values()
    made.unmatched += [Unmatched(row, file.name, file.digest, Doubt.NO_VERDICT, key) for row in left]
    mute = (row for row in left if not row.said.get(form.verdict_key))
    made.remarks += [Remark(Doubt.NO_VERDICT, row.place, *key) for row in mute]


def standing(finding: Finding) -> Sequence[Answer]:
    """The answers whose doubts still ask something: the one that counts and its equals, or all that disagree."""
    if finding.answer is None or len(finding.answers) == 1:
        return finding.answers
    return [one for one in finding.answers if one.says() == finding.answer.says()]


def places_of(file: ReturnedFile, form: Form) -> frozenset[str]:
    """The questions a file has a place for: those of its columns, and in what we handed out also what every door asks,
    though its column was taken away."""
    return frozenset(file.asked) | (frozenset() if file.door == MAPPED else form.everywhere)


def still_due(row: ReturnedRow, form: Form, places: frozenset[str]) -> list[str]:
    """What the answers of a row ask for and it does not say; `places` are the questions its file has a place for."""
    said, verdict = row.said, form.verdict_key
    return [
        key
        for key, pairs in form.due_when.items()
        if key not in said
        and (any(said.get(question) == code for question, code in pairs) if pairs else verdict in said)
        and key in places
    ]


def _due(row: ReturnedRow, key: Key, form: Form, places: frozenset[str]) -> Iterable[Remark]:
    """That something is still due, in one sentence."""
    missing = still_due(row, form, places)
    if missing:
        yield Remark(Doubt.STILL_DUE, row.place, *key, facts={"fields": "|".join(missing)})


@dataclass(frozen=True)
class Takes:
    """Which answers people chose, the last word first: of pieces by their id, and of whole files."""

    by_id: Mapping[str, Sequence[Decision]]
    of_files: Sequence[Decision]

    def of_piece(self, sent: Sent) -> list[Decision]:
        """The decisions about a piece, the last line of the file first."""
        mine = [one for each in piece_ids(sent) for one in self.by_id.get(each, ())]
        return sorted(mine, key=lambda one: -one.row)


def piece_ids(sent: Sent) -> tuple[str, str]:
    """What a decision may call a piece."""
    return sent.patch_uid, f"{sent.patch_uid}/{sent.county_code}"


def takes_of(decisions: Sequence[Decision], sent: SentAll) -> Takes:
    """The decisions between answers; what is no piece's id is taken for a file's name."""
    by_id: dict[str, list[Decision]] = defaultdict(list)
    known = {each for one in sent.by_key.values() for each in piece_ids(one)} if decisions else set()
    of_files: list[Decision] = []
    for one in reversed([each for each in decisions if each.verb == "take"]):
        (by_id[one.id] if one.id in known else of_files).append(one)
    return Takes(by_id, of_files)


def _finding(sent: Sent, answers: Sequence[Answer], gone: Sequence[Answer], takes: Takes, made: Merged) -> Finding:
    """The state of a piece: open without an answer; answered where one answer says all that was said, or a person
    decided; else a conflict, with every answer kept."""
    if not answers:
        return Finding(sent, "open")
    chosen, decided = _decided(sent, answers, takes)
    if chosen is not None:
        others = (one for one in answers if one is not chosen)
        return Finding(sent, "answered", (chosen, *others), decided, tuple(gone))
    if len(answers) == 1:
        return Finding(sent, "answered", tuple(answers), superseded=tuple(gone))
    everything: frozenset[tuple[str, str, str]] = frozenset().union(*(one.says() for one in answers))
    whole = [one for one in answers if one.says() == everything]
    if whole:
        others = (one for one in answers if one is not whole[0])
        return Finding(sent, "answered", (whole[0], *others), superseded=tuple(gone))
    made.remarks.append(conflict_remark(sent, answers, answers[0].place))
    return Finding(sent, "conflict", tuple(answers), superseded=tuple(gone))


def conflict_remark(sent: Sent, answers: Sequence[Answer], place: str) -> Remark:
    """That answers disagree, told at one of them: by their files, or by their rows where one file holds several."""
    names = [one.file for one in answers]
    told = names if len(set(names)) == len(names) else [one.place for one in answers]
    return Remark(Doubt.CONFLICT, place, *sent.key, facts={"files": "; ".join(told), "county": sent.county_code})


def _decided(sent: Sent, answers: Sequence[Answer], takes: Takes) -> tuple[Answer | None, str]:
    """The answer a person chose, of this piece before of whole files; the last line of the file counts."""
    for one in takes.of_piece(sent):
        if mine := named_answers(one.object, answers):
            return (mine[0] if _are_one(mine) else None), one.words
    for one in takes.of_files:
        mine = named_answers(one.id, answers)
        if mine and _are_one(mine):
            return mine[0], one.words
    return None, ""


def _are_one(answers: Sequence[Answer]) -> bool:
    """Whether they say the same: a word that names two different answers decides for neither."""
    return len({one.says() for one in answers}) == 1
