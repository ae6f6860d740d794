"""Which rows a county is asked again, and why: what nobody answered, what disagrees, what is due or was returned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.collect.headings import PART
from pipeline.collect.merge import Finding, Merged, Unmatched, answer_id
from pipeline.collect.returned import Doubt, Remark, ReturnedRow
from pipeline.collect.reviews import Review, ReviewTable, reason_words
from pipeline.collect.words import Words
from pipeline.forms.form import Form
from pipeline.forms.workbook import Note
from pipeline.texts import Texts

Key = tuple[str, str]
Asks = Mapping[str, Sequence[str]]  # place of a row → what is asked of it, in words
_SHOWN = 4  # answers that disagree, on one row


@dataclass(frozen=True)
class Reissue:
    """The rows of one county to be asked again, by patch_uid."""

    county_code: str
    notes: Mapping[str, Note]


def reissues(
    merged: Merged, reviews: Sequence[Review], form: Form, table: ReviewTable, words: Words, texts: Texts
) -> list[Reissue]:
    """What to ask again of each county that returned anything, in order of codes; nothing of one that owes nothing."""
    doubts, refused = _doubts(merged.remarks), _refused(merged)
    notes: dict[str, dict[str, Note]] = defaultdict(dict)
    heard = _heard(merged)
    for finding, review in zip(merged.findings, reviews, strict=True):
        sent = finding.sent
        if sent.county_code in heard:
            mine = refused.get(sent.key, ()) if finding.state == "open" else ()
            asks = _by_row(finding, doubts.get(sent.key, ()), words)
            why = _why(finding, review, asks, table, texts, form)
            if mine:
                why = "\n".join(dict.fromkeys(_refusal(one, words, texts) for one in mine))
            if why or any(asks.values()):
                notes[sent.county_code][sent.patch_uid] = _note(finding, review, why, asks, form, mine, texts)
    return [Reissue(code, mine) for code, mine in sorted(notes.items())]


def _heard(merged: Merged) -> set[str]:
    """The counties that returned anything."""
    answered = {one.sent.county_code for one in merged.findings if one.answers or one.superseded}
    return answered | {one.key[1] for one in merged.unmatched}


def _refused(merged: Merged) -> dict[Key, list[Unmatched]]:
    """Rows that named a piece and could not be taken, for a reason that those who wrote them can mend."""
    found: dict[Key, list[Unmatched]] = defaultdict(list)
    for one in merged.unmatched:
        if one.code in (Doubt.NO_VERDICT, Doubt.ROW_CODE):
            found[one.key].append(one)
    return found


def _doubts(remarks: Iterable[Remark]) -> dict[Key, list[Remark]]:
    """What comes back on its row: answers that are due, and breaches that the office calls errors."""
    found: dict[Key, list[Remark]] = defaultdict(list)
    for one in remarks:
        if one.code is Doubt.STILL_DUE or (one.code is Doubt.CHECK and one.facts["severity"] == "error"):
            found[one.patch_uid, one.county_code].append(one)
    return found


def _by_row(finding: Finding, doubts: Sequence[Remark], words: Words) -> Asks:
    """What is asked of each row of the answer that counts, by its place."""
    rows = finding.answer.rows if finding.answer else ()
    return {row.place: [words(one) for one in doubts if one.place == row.place] for row in rows}


def _why(finding: Finding, review: Review, asks: Asks, table: ReviewTable, texts: Texts, form: Form) -> str:
    """Every reason for which a row comes back, a line each; "" where there is none."""
    if finding.state == "open":
        return texts["returns.reissue.open"]
    said = [texts["returns.reissue.conflict"], *_verdicts(finding, form, texts)] if finding.state == "conflict" else []
    if review.returned:
        said.append(reason_words(review.returned, table, texts))
    said += next(iter(asks.values()), [])
    return "\n".join(dict.fromkeys(said))


def _verdicts(finding: Finding, form: Form, texts: Texts) -> list[str]:
    """Who gave which verdict, where answers disagree: by file, or by row where one file holds several."""
    labels = {one.code: one.label[texts.language] for one in form.verdict.choices}
    names = [one.file for one in finding.answers]
    alone = len(set(names)) == len(names)
    return [
        texts.say(
            "returns.reissue.said", file=each.file if alone else each.place, verdict=labels[each.said[form.verdict_key]]
        )
        for each in finding.answers[:_SHOWN]
    ]


def _refusal(one: Unmatched, words: Words, texts: Texts) -> str:
    """Why a row that named this piece was not taken, said where it can be mended."""
    if one.code is Doubt.ROW_CODE:
        return texts["returns.reissue.row_code"]
    return words(Remark(one.code, one.row.place, *one.key))


def _note(
    finding: Finding,
    review: Review,
    why: str,
    asks: Asks,
    form: Form,
    refused: Sequence[Unmatched],
    texts: Texts,
) -> Note:
    """With what it is issued upon, and the answer to go on from: the one that counts, or that lacks but a verdict."""
    base = [answer_id(one) for one in finding.answers] + [one.mark for one in review.standing]
    upon = "|".join(dict.fromkeys(base))
    rows = finding.answer.rows if finding.answer else _begun(refused)
    if len(rows) > 1 and PART not in {one.key for one in form.written}:
        rows = ()  # the form has no place for the numbers of plots
    first, *said = [_said(row, form, alone=len(rows) == 1) for row in rows] or [{}]
    plots = zip((_of_plot(row, asks, texts) for row in rows[1:]), said, strict=True)
    return Note(why, upon, first, tuple(Note(asked, upon, one) for asked, one in plots))


def _of_plot(row: ReturnedRow, asks: Asks, texts: Texts) -> str:
    """That a row is of a further plot of the patch above, and what is asked of it."""
    return "\n".join([texts.say("returns.reissue.plot", plot=row.part), *asks.get(row.place, ())])


def _said(row: ReturnedRow, form: Form, *, alone: bool) -> Mapping[str, str]:
    """What a row says where a workbook has a place for it, with the number of its plot unless it is the only one."""
    said = row.said if alone and row.part == "1" else {**row.said, PART: row.part}
    written = {one.key for one in form.written}
    return {key: value for key, value in said.items() if key in written}


def _begun(refused: Sequence[Unmatched]) -> Sequence[ReturnedRow]:
    """What was said beside a verdict that is missing, where one file said it and each plot once."""
    rows = [one.row for one in refused if one.code is Doubt.NO_VERDICT]
    whole = len(rows) == len(refused) and len({one.digest for one in refused}) == 1
    return rows if whole and len({row.part for row in rows}) == len(rows) else ()
