"""Which rows a county is asked again, and why: what nobody answered, what disagrees, what is due or was returned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.collect.merge import Finding, Merged, answer_id
from pipeline.collect.returned import Doubt, Remark
from pipeline.collect.reviews import Review, ReviewTable, reason_words
from pipeline.collect.words import Words
from pipeline.forms.form import Form
from pipeline.forms.workbook import Note
from pipeline.texts import Texts

Key = tuple[str, str]


@dataclass(frozen=True)
class Reissue:
    """The rows of one county to be asked again, by patch_uid."""

    county_code: str
    notes: Mapping[str, Note]


def reissues(
    merged: Merged, reviews: Sequence[Review], form: Form, table: ReviewTable, words: Words, texts: Texts
) -> list[Reissue]:
    """What to ask again of each county that returned anything, in order of codes; nothing of one that owes nothing."""
    doubts = _doubts(merged.remarks)
    notes: dict[str, dict[str, Note]] = defaultdict(dict)
    heard = _heard(merged)
    for finding, review in zip(merged.findings, reviews, strict=True):
        sent = finding.sent
        if sent.county_code in heard:
            why = _why(finding, review, doubts.get(sent.key, ()), table, words, texts)
            if why:
                notes[sent.county_code][sent.patch_uid] = _note(finding, review, why, form)
    return [Reissue(code, mine) for code, mine in sorted(notes.items())]


def _heard(merged: Merged) -> set[str]:
    """The counties that returned anything."""
    answered = {one.sent.county_code for one in merged.findings if one.answers or one.superseded}
    return answered | {one.row.county_code for one in merged.unmatched}


def _doubts(remarks: Iterable[Remark]) -> dict[Key, list[Remark]]:
    """What comes back on its row: answers that are due, and breaches that the office calls errors."""
    found: dict[Key, list[Remark]] = defaultdict(list)
    for one in remarks:
        if one.code is Doubt.STILL_DUE or (one.code is Doubt.CHECK and one.facts["severity"] == "error"):
            found[one.patch_uid, one.county_code].append(one)
    return found


def _why(
    finding: Finding, review: Review, doubts: Sequence[Remark], table: ReviewTable, words: Words, texts: Texts
) -> str:
    """Every reason for which a row comes back, a line each; "" where there is none."""
    if finding.state == "open":
        return texts["returns.reissue.open"]
    said = [texts["returns.reissue.conflict"]] if finding.state == "conflict" else []
    if review.returned:
        said.append(reason_words(review.returned, table, texts))
    places = {row.place for one in finding.answers[:1] for row in one.rows}
    said += [words(one) for one in doubts if one.place in places and finding.state == "answered"]
    return "\n".join(dict.fromkeys(said))


def _note(finding: Finding, review: Review, why: str, form: Form) -> Note:
    """With what it is issued upon, and the answer to go on from where one alone counts."""
    base = [answer_id(one) for one in finding.answers] + [one.mark for one in review.standing]
    alone = finding.answer is not None and len(finding.answer.rows) == 1
    face = {one.key for one in form.face}
    said = finding.answer.said if finding.answer and alone else {}
    return Note(why, "|".join(dict.fromkeys(base)), {key: value for key, value in said.items() if key in face})
