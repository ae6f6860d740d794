"""Laws of the merge: the set of returns decides, not their order or number; no answer is lost; no answer is mixed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.collect.merge import Merged, answer_id, merge
from pipeline.collect.returned import Doubt, Remark, ReturnedFile, ReturnedRow
from pipeline.collect.sent import Sent, SentAll, all_sent
from pipeline.collect.tables import county_tallies, finding_columns, returned_columns
from pipeline.decisions import Decision
from pipeline.forms.form import load_form
from pipeline.texts import languages, texts

FORM = load_form("verification_cn")
NAME = f"{FORM.id}@{FORM.version}"
SENT = all_sent(
    [Sent(f"C-{uid}", code, f"R{uid}{code}", "", uid, at, 1.0, 10.0 * at) for at, (uid, code) in enumerate(
        [("a", "1"), ("b", "1"), ("b", "2"), ("c", "2")], 1)]
)  # fmt: skip
FULL = {"verdict": "legal", "verdict_sub": "legal.history", "checker": "Li", "checked_on": "2025-10-20"}


def row(uid: str, code: str = "1", part: str = "1", at: int = 1, **said: str) -> ReturnedRow:
    return ReturnedRow(f"C-{uid}", code, f"R{uid}{code}", part, said, {}, f"f!s!row {at}")


def file(name: str, *rows: ReturnedRow, **facts: str) -> ReturnedFile:
    values = {"digest": name * 8, "door": "workbook", "campaign": "C", "county_code": "", "form": NAME, **facts}
    return ReturnedFile(name=name, rows=rows, **values)  # type: ignore[arg-type]


def merged(*files: ReturnedFile, decisions: tuple[Decision, ...] = (), sent: SentAll = SENT) -> Merged:
    return merge(sent, files, FORM, "C", decisions)


def states(found: Merged) -> dict[tuple[str, str], str]:
    return {one.sent.key: one.state for one in found.findings}


def decision(said: str, verb: str, thing: str = "") -> Decision:
    return Decision("Wang", "2025-11-01", said, verb, thing, "rang the office", 2)


def test_a_piece_nobody_answered_is_open() -> None:
    assert set(states(merged()).values()) == {"open"}


def test_an_answer_is_taken_with_its_place() -> None:
    found = merged(file("x", row("a", **FULL)))
    (one,) = [one for one in found.findings if one.state == "answered"]
    assert one.answer is not None
    assert (one.answer.place, one.answer.file) == ("f!s!row 1", "x")
    assert not found.unmatched


def test_equal_answers_from_two_doors_are_one() -> None:
    found = merged(file("x", row("a", **FULL)), file("y", row("a", **FULL)))
    assert states(found)["C-a", "1"] == "answered"


def test_a_fuller_answer_stands_for_a_lesser_that_agrees() -> None:
    found = merged(file("x", row("a", **FULL)), file("y", row("a", **FULL, finding_remark="seen")))
    (one,) = [one for one in found.findings if one.state == "answered"]
    assert one.answer is not None
    assert one.answer.file == "y"


def test_answers_that_disagree_are_a_conflict_and_never_mixed() -> None:
    other = FULL | {"verdict": "illegal", "verdict_sub": "illegal.unreported"}
    found = merged(file("x", row("a", **FULL)), file("y", row("a", **other)))
    assert states(found)["C-a", "1"] == "conflict"
    assert Doubt.CONFLICT in {one.code for one in found.remarks}
    columns = finding_columns(found.findings, FORM, "en")
    assert columns["verdict"][0] == ""
    assert "Li" in columns["answers"][0]


def test_a_named_person_decides_for_a_piece_or_for_a_whole_file() -> None:
    files = file("x", row("a", **FULL)), file("y", row("a", **FULL | {"checker": "Zhao"}))
    for word in (decision("C-a", "take", "y"), decision("C-a/1", "take", "y"), decision("y", "take")):
        found = merged(*files, decisions=(word,))
        (one,) = [one for one in found.findings if one.state == "answered"]
        assert one.answer is not None
        assert (one.answer.file, one.decided) == ("y", "Wang, 2025-11-01, rang the office")
    assert states(merged(*files, decisions=(decision("x", "leave"),)))["C-a", "1"] == "answered"


def test_rows_that_fit_no_piece_are_kept_with_their_reason() -> None:
    stray = ReturnedRow("C-a", "1", "Rc2", "1", FULL, {}, "f!s!row 9")
    stale = ReturnedRow("C-a", "1", "Rold", "1", FULL, {}, "f!s!row 8")
    nobody = ReturnedRow("", "1", "", "1", FULL, {}, "f!s!row 7")
    found = merged(file("x", stray, stale, nobody, row("z", at=6, **FULL), row("b", "", at=5, **FULL)))
    codes = Counter(one.code for one in found.unmatched)
    assert codes == Counter([Doubt.ROW_CODE, Doubt.STALE, Doubt.NO_IDENTITY, Doubt.UNKNOWN_PATCH, Doubt.UNKNOWN_PATCH])
    assert set(states(found).values()) == {"open"}


def test_a_patch_asked_in_one_county_needs_no_county_in_its_row() -> None:
    alone = ReturnedRow("C-c", "", "", "1", FULL, {}, "f!s!row 1")
    assert states(merged(file("x", alone)))["C-c", "2"] == "answered"


def test_a_row_code_tells_the_county_of_a_patch_asked_in_several() -> None:
    alone = ReturnedRow("C-b", "", "Rb2", "1", FULL, {}, "f!s!row 1")
    found = states(merged(file("x", alone)))
    assert (found["C-b", "1"], found["C-b", "2"]) == ("open", "answered")
    nobody = ReturnedRow("C-b", "", "", "1", FULL, {}, "f!s!row 1")
    assert [one.code for one in merged(file("x", nobody)).unmatched] == [Doubt.UNKNOWN_PATCH]


def test_another_campaign_or_form_is_not_taken() -> None:
    found = merged(file("x", row("a", **FULL), campaign="D"), file("y", row("a", **FULL), form="old@1"))
    assert {one.code for one in found.unmatched} == {Doubt.OTHER_CAMPAIGN, Doubt.OTHER_FORM}


def test_answers_without_a_verdict_are_refused_and_what_is_due_is_said() -> None:
    found = merged(file("x", row("a", checker="Li"), row("b", "1", at=2, verdict="legal")))
    assert states(found)["C-a", "1"] == "open"
    assert [one.code for one in found.unmatched] == [Doubt.NO_VERDICT]
    (due,) = [one.facts["fields"].split("|") for one in found.remarks if one.code is Doubt.STILL_DUE]
    assert {"checker", "checked_on", "verdict_sub"} <= set(due)


def test_what_is_due_is_asked_only_of_answers_that_stand() -> None:
    lesser = {"verdict": "legal", "checker": "Li"}
    for other in (FULL, FULL | {"verdict_sub": "legal.prior"}):
        found = merged(file("x", row("a", **lesser)), file("y", replace(row("a", **other), place="g!s!row 1")))
        assert "f!s!row 1" not in {one.place for one in found.remarks if one.code is Doubt.STILL_DUE}
    twice = merged(file("x", row("a", **lesser)), file("y", replace(row("a", **lesser), place="g!s!row 1")))
    due = {one.place for one in twice.remarks if one.code is Doubt.STILL_DUE}
    assert due == {"f!s!row 1", "g!s!row 1"}  # both officers are told what is missing


def test_doubts_about_cells_of_a_row_that_was_answered_anew_ask_nothing_more() -> None:
    first = row("a", **FULL)
    doubts = (Remark(Doubt.NOT_A_DATE, "f!s!Q5", "C-a", "1"), Remark(Doubt.NOT_A_DATE, "f!s!Q6", "C-b", "1"))
    came = replace(file("x", replace(first, place="f!s!B5"), replace(row("b", **FULL), place="f!s!B6")), remarks=doubts)
    base = answer_id(merged(came).findings[0].answers[0])
    again = file("y", replace(row("a", **FULL | {"checker": "Zhao"}), place="g!s!B5", base=base))
    for files, left in ((came,), ["f!s!Q5", "f!s!Q6"]), ((came, again), ["f!s!Q6"]):
        assert [one.place for one in merged(*files).remarks if one.code is Doubt.NOT_A_DATE] == left


def test_the_same_bytes_under_two_names_have_the_same_fate() -> None:
    alone = replace(file("x", replace(row("a", **FULL), place="a.xlsx!s!B5")), name="a.xlsx")
    zipped = replace(alone, name="b.zip/a.xlsx", rows=(replace(alone.rows[0], place="b.zip/a.xlsx!s!B5"),))
    for came in ([alone, zipped], [zipped, alone]):
        assert returned_columns(came, merged(*came))["fate"] == ["taken", "taken"]


def test_land_parcels_of_one_patch_are_one_record() -> None:
    other = FULL | {"verdict": "illegal"}
    found = merged(file("x", row("a", **FULL), row("a", part="2", at=2, **other)))
    (one,) = [one for one in found.findings if one.state == "answered"]
    assert one.answer is not None
    assert [each.part for each in one.answer.rows] == ["1", "2"]


def test_one_piece_twice_in_a_file_with_other_words_is_a_conflict() -> None:
    found = merged(file("x", row("a", **FULL), row("a", at=2, **FULL | {"verdict": "other"})))
    assert states(found)["C-a", "1"] == "conflict"
    assert Doubt.ROW_TWICE in {one.code for one in found.remarks}


def test_what_stands_beside_a_uid_must_be_its_own() -> None:
    """Rows sorted without their ids: number or middle of another piece (of none: a slip that is told)."""
    middles = [replace(one, centre=f"113.{at}00000, 30.500000") for at, one in enumerate(SENT.by_key.values(), 1)]
    known = all_sent(middles)

    def of(**given: str) -> Merged:
        found = merged(file("x", replace(row("a", **FULL), given=given)), sent=known)
        found.remarks = [one for one in found.remarks if one.code is not Doubt.STILL_DUE]
        return found

    assert of(centre="113.100000, 30.500000").remarks == []
    assert [one.code for one in of(centre="113.200000, 30.500000").unmatched] == [Doubt.ROW_CODE]
    assert [one.code for one in of(patch_no="b").unmatched] == [Doubt.ROW_CODE]
    (slip,) = of(centre="113.900000, 30.500000").remarks
    assert (slip.code, slip.facts["field"]) == (Doubt.CHANGED_GIVEN, "place")
    (area,) = of(area="2").remarks
    assert (area.code, area.facts) == (Doubt.CHANGED_GIVEN, {"field": "area", "sent": "1", "returned": "2"})
    for said in ("1", "1.00", " １ ", "1.004"):
        assert of(area=said).remarks == []


def test_an_altered_locked_number_is_said_and_the_sent_one_counts() -> None:
    changed = ReturnedRow("C-a", "1", "Ra1", "1", FULL, {"patch_no": "zz", "geometry": ""}, "f!s!row 1")
    found = merged(file("x", changed))
    assert states(found)["C-a", "1"] == "answered"
    assert Doubt.CHANGED_GIVEN in {one.code for one in found.remarks}


said = st.fixed_dictionaries(
    {},
    optional={
        "verdict": st.sampled_from(["legal", "illegal"]),
        "checker": st.sampled_from(["Li", "Zhao"]),
        "finding_remark": st.just("x"),
    },
)
rows = st.lists(st.tuples(st.sampled_from("abcz"), st.sampled_from(["1", "2"]), said), max_size=4)


def build(name: str, found: list[tuple[str, str, Mapping[str, str]]]) -> ReturnedFile:
    return file(name, *(row(uid, code, at=at, **words) for at, (uid, code, words) in enumerate(found)))


@settings(max_examples=150, deadline=None)
@given(st.lists(rows, max_size=4), st.randoms())
def test_order_and_repetition_change_nothing_and_every_answer_has_a_fate(files: list[list], random: object) -> None:  # type: ignore[type-arg]
    came = [build(chr(107 + at), one) for at, one in enumerate(files)]
    shuffled = [*came, *came]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = merged(*came), merged(*shuffled)
    assert one.findings == other.findings
    columns = returned_columns(came, one)
    assert len(columns["fate"]) == sum(bool(each.said) for file in came for each in file.rows)
    assert set(columns["fate"]) <= {"taken", "contained", "conflict", "unmatched"}
    tallies = county_tallies(one.findings, FORM)
    assert sum(each[state] for each in tallies.values() for state in ("open", "answered", "conflict")) == 4
    taken = {(digest, place) for digest, place, fate in zip(
        columns["return_digest"], columns["place"], columns["fate"], strict=True) if fate == "taken"}  # fmt: skip
    answered = [finding for finding in one.findings if finding.state == "answered"]
    assert taken >= {(each.answers[0].digest, each.answers[0].place) for each in answered}


NOT_TAKEN = (
    Doubt.OTHER_CAMPAIGN, Doubt.OTHER_FORM, Doubt.SET_ASIDE, Doubt.NO_IDENTITY, Doubt.UNKNOWN_PATCH, Doubt.STALE,
    Doubt.ROW_CODE, Doubt.NO_VERDICT, Doubt.NUMBER_MISSING, Doubt.NUMBER_UNKNOWN, Doubt.NUMBER_DOUBTFUL,
)  # fmt: skip


@pytest.mark.parametrize("language", languages())
def test_every_reason_for_which_a_row_is_left_out_has_words_for_the_office(language: str) -> None:
    words = texts(language)
    for one in NOT_TAKEN:
        assert words[f"rollup.reason.{one.lower()}"]
        assert words[f"rollup.do.{one.lower()}"]
