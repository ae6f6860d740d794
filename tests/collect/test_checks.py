"""Rules R03–R15: each asks where it should, is silent where it should be, and never touches an answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.collect.check_rules import Rule, load_rules, read_rules
from pipeline.collect.checks import checks
from pipeline.collect.merge import merge
from pipeline.collect.returned import Doubt, Remark, ReturnedFile, ReturnedRow
from pipeline.collect.sent import Sent, all_sent
from pipeline.collect.words import remark_words
from pipeline.errors import Refusals
from pipeline.forms.form import Form, load_form
from pipeline.records import CampaignFacts, Office
from pipeline.shelf import read_toml, shelf_file
from pipeline.texts import languages, texts

CN, INTERNATIONAL = load_form("verification_cn"), load_form("verification_international")
FACTS = CampaignFacts("C", "Test", "cn", "zh", date(2025, 10, 8), Office(), "mu", "EPSG:4490", True)
NEAR, FAR = 0.001, 0.5  # degrees of longitude between two patches
LEGAL = {"verdict": "legal", "verdict_sub": "legal.prior", "finding_remark": "云自然资批〔2024〕12号"}
ILLEGAL = {"verdict": "illegal", "verdict_sub": "illegal.unreported"}


def sent(uid: str, area: float, west: float) -> tuple[Sent, object]:
    return Sent(f"C-{uid}", "1", f"R{uid}1", "", uid, ord(uid) - 96, area, area * 2000 / 3), shapely.box(
        west, 30, west + 0.001, 30.001
    )


SENT = {"a": sent("a", 10.0, 113.0), "b": sent("b", 10.0, 113.0 + 0.002), "c": sent("c", 10.0, 113.0 + FAR)}
OUTLINES = np.array([shape for _, shape in SENT.values()], object)
ALL = all_sent(replace(one, at=at) for at, (one, _) in enumerate(SENT.values()))


def row(uid: str, part: str = "1", **said: str) -> ReturnedRow:
    return ReturnedRow(f"C-{uid}", "1", f"R{uid}1", part, said, {}, f"f!s!{uid}{part}")


def asked(
    *rows: ReturnedRow,
    form: Form = CN,
    places: tuple[str, ...] = (),
    door: str = "workbook",
    facts: CampaignFacts = FACTS,
    **only: Rule,
) -> list[Remark]:
    """What the rules ask of the answers of one file; none loses its answer by it."""
    file = ReturnedFile("d" * 8, "f", door, "C", "1", f"{form.id}@{form.version}", rows, asked=places)
    merged = merge(ALL, [file], form, "C", ())
    before = list(merged.findings)
    rules = only or load_rules("checks", form.id)
    made = checks(merged.findings, form, facts, rules, [file], lambda rows: OUTLINES[list(rows)])
    assert merged.findings == before
    assert {one.state for one in before if one.answers} <= {"answered", "conflict"}
    for language in languages():
        words = remark_words(form, replace(facts, language=language))
        assert all(words(one).startswith(one.facts["rule"]) for one in made)
    return made


def free_of(key: str) -> Form:
    """The form where a question is never due."""
    return replace(CN, fields=tuple(replace(one, needed=()) if one.key == key else one for one in CN.fields))


def told(found: list[Remark]) -> list[str]:
    return [f"{one.facts['rule']} {one.facts['kind']}".strip() for one in found]


QUIET = [
    LEGAL | {"used": "10", "used_farmland": "2"},
    LEGAL | {"used": "10.01"},  # within 0.01 mu
    LEGAL | {"used": "10", "conv_no": "x1", "conv_date": "2024-01-01", "conv_area": "10", "start_date": "2024-02-01"},
    ILLEGAL | {"handling": "case", "used": "5", "demolished": "2", "regularised": "1", "remaining": "2"},
    {"verdict": "other", "verdict_sub": "other.no_change", "built_state": "none", "finding_remark": "x"},
    {"verdict": "other", "verdict_sub": "other.farm_facility", "finding_remark": "备案号 12"},
]
ASKS = [
    ("R03", {"verdict": "other", "verdict_sub": "other.no_change", "built_state": "built", "finding_remark": "x"}),
    ("R04", LEGAL | {"used": "10.02"}),
    ("R05", LEGAL | {"used_farmland": "10.02"}),
    ("R07", LEGAL | {"finding_remark": "现场核实"}),
    ("R08", LEGAL | {"used": "8", "supply_no": "x", "supply_date": "2024-01-01", "supply_area": "7.98"}),
    ("R09", LEGAL | {"conv_no": "x1", "conv_date": "2024-03-01", "conv_area": "10", "start_date": "2024-02-01"}),
    ("R10", {"verdict": "other", "verdict_sub": "other.temporary", "finding_remark": "临时用地"}),
    ("R15", ILLEGAL | {"handling": "case", "used": "5", "demolished": "2", "remaining": "2"}),
]


@pytest.mark.parametrize("said", QUIET)
def test_what_agrees_is_not_asked(said: dict[str, str]) -> None:
    assert told(asked(row("a", **said))) == []


@pytest.mark.parametrize(("rule", "said"), ASKS)
def test_what_does_not_agree_is_asked_once(rule: str, said: dict[str, str]) -> None:
    assert told(asked(row("a", **said))) == [rule]


def test_the_rest_of_a_document_is_asked_where_the_file_has_a_place_for_it_and_nothing_else_asks() -> None:
    begun = {**LEGAL, "verdict_sub": "legal.key_project", "conv_no": "x1"}
    (one,) = asked(row("a", **begun), places=("conv_no", "conv_date"))
    assert (told([one]), one.facts["fields"]) == (["R07 part"], "conv_date")
    assert asked(row("a", **begun)) == []
    due = row("a", **begun | {"verdict_sub": "legal.prior"})
    assert asked(due, places=("conv_no", "conv_date", "conv_area")) == []


def test_a_number_is_asked_for_where_it_can_be_written() -> None:
    said = {"verdict": "legal", "verdict_sub": "legal.key_project"}
    for places, field in ((("conv_no", "finding_remark"), "finding_remark"), (("conv_no",), "conv_no")):
        (one,) = asked(row("a", **said), places=places, door="mapped")
        assert (one.facts["rule"], one.facts["field"]) == ("R07", field)


@pytest.mark.parametrize("form", [CN, INTERNATIONAL])
def test_no_change_everywhere_is_asked_nothing_but_photos(form: Form) -> None:
    kind = next(one for one in form["verdict_sub"].choices if one.code in ("other.no_change", "not_a_change.natural"))
    said = {"verdict": kind.under, "verdict_sub": kind.code, "actual_use": "unused", "built_state": "none"}
    said |= {"finding_remark": "seen", "checker": "Li", "checked_on": "2025-10-20"}
    places = tuple(one.key for one in form.written)
    file = ReturnedFile(
        "d" * 8, "f", "workbook", "C", "1", f"{form.id}@{form.version}", (row("a", **said),), (), (), places
    )
    merged = merge(ALL, [file], form, "C", ())
    assert [one.facts["fields"] for one in merged.remarks] == ["photos"]
    assert asked(row("a", **said), form=form, places=places) == []


def test_land_parcels_are_summed() -> None:
    halves = [row("a", str(at), **LEGAL, used="5") for at in (1, 2)]
    assert told(asked(*halves)) == []
    assert told(asked(halves[0], row("a", "2", **LEGAL, used="5.1"))) == ["R04"]
    assert told(asked(halves[0], row("a", "2", **LEGAL, used="3"))) == ["R06"]


def test_rounded_parcels_may_miss_the_sum_by_their_rounding() -> None:
    thirds = [row("a", str(at), **LEGAL, used="3.33") for at in (1, 2, 3)]
    assert told(asked(*thirds)) == []


def test_what_a_door_has_no_place_for_is_not_asked() -> None:
    assert told(asked(row("a", **ILLEGAL))) == []
    rows = row("a", **ILLEGAL), row("b", **ILLEGAL, handling="case")
    assert told(asked(*rows, form=free_of("handling"))) == ["R11"]
    assert told(asked(*rows)) == []  # the form makes it due, and the merge says so already


def test_one_number_for_patches_far_apart_is_asked_of_both() -> None:
    number = {"conv_no": "云批[2024] 12 号", "conv_date": "2024-01-01", "conv_area": "10"}
    bare = LEGAL | {"finding_remark": ""} | number
    assert told(asked(row("a", **bare), row("b", **bare))) == []
    assert told(asked(row("a", **bare), row("c", **bare))) == ["R14", "R14"]
    within = LEGAL | {"finding_remark": "依据云批（2024）12号，已公示。"}
    assert told(asked(row("a", **bare), row("c", **within))) == ["R14", "R14"]  # in its column, and within a remark
    assert told(asked(row("a", **bare), row("c", **LEGAL))) == []
    far = asked(row("a", **LEGAL), row("b", **LEGAL), row("c", **LEGAL | {"finding_remark": "云自然资批(2024)12号"}))
    assert told(far) == ["R14"] * 3
    assert [one.facts["count"] for one in far] == ["1", "1", "2"]


def test_the_other_form_uses_the_same_rules_with_its_keys() -> None:
    facts = replace(FACTS, profile="international", language="en", area_unit="ha")
    good = {"verdict": "authorised", "verdict_sub": "authorised.permit", "finding_remark": "no. 12"}
    ask = lambda **said: told(asked(row("a", **good | said), form=INTERNATIONAL, facts=facts))  # noqa: E731
    assert ask(used="10") == []
    assert ask(used="10.01") == ["R04"]  # 0.01 mu are 0.00067 ha
    assert ask(finding_remark="seen") == ["R07"]
    assert ask(permit_no="x") == []  # its file has no place for the rest
    assert ask(permit_no="x", permit_date="2025-05-02", start_date="2025-05-01") == ["R09"]
    assert ask(verdict="not_a_change", verdict_sub="not_a_change.natural", built_state="building") == ["R03"]


def test_both_answers_of_a_conflict_are_held_against_the_rules() -> None:
    found = asked(row("a", **LEGAL, used="11"), replace(row("a", **LEGAL, used="12"), place="f!s!other"))
    assert told(found) == ["R04", "R04"]
    assert {one.place for one in found} == {"f!s!a1", "f!s!other"}


def test_a_missing_name_is_asked_where_the_form_does_not_make_it_due() -> None:
    free, places = free_of("checker"), ("checker", "checked_on")
    assert told(asked(row("a", **LEGAL), form=free, places=places)) == ["R13"]
    assert told(asked(row("a", **LEGAL, checker="Li"), form=free, places=places)) == []


def test_severity_is_the_offices_and_off_is_off() -> None:
    tree = read_toml(shelf_file("forms/checks.toml"))
    tree["R04"]["severity"], tree["R07"]["severity"] = "off", "error"
    rules = read_rules(tree, CN.id, "own.toml")
    assert "R04" not in rules
    found = asked(row("a", **LEGAL | {"used": "20", "finding_remark": "x"}), **rules)
    assert [(one.facts["rule"], one.facts["severity"]) for one in found] == [("R07", "error")]


def test_every_mistake_in_a_table_is_named() -> None:
    tree = {
        "R04": {"severity": "loud", "used": 1},
        "R08": {"nose": 1, "severity": "off"},
        "my_form": {"R99": {}},
        "x": 1,
    }
    with pytest.raises(Refusals) as refused:
        read_rules(tree, "f", "own.toml")
    said = "\n".join(refused.value.lines())
    for word in (
        "[R04] severity",
        "[R04] used",
        "tolerance_mu is missing",
        "unknown key nose",
        "my_form.R99",
        "x is no",
    ):
        assert word in said


def test_every_sentence_stands_in_every_language() -> None:
    keys = [{one for one in texts(language).keys() if one.startswith("collect.check.")} for language in languages()]  # noqa: SIM118
    assert keys[0] == keys[1]
    rules = {one.rpartition(".")[2].partition("_")[0].upper() for one in keys[0]}
    assert rules == set(load_rules("checks", CN.id))


amounts = st.integers(0, 4000).map(lambda one: f"{one / 200:.2f}")
answers = st.fixed_dictionaries(
    {"verdict": st.sampled_from(["legal", "illegal", "other"])},
    optional={
        "verdict_sub": st.sampled_from([one.code for one in CN["verdict_sub"].choices]),
        "built_state": st.sampled_from(["none", "built"]),
        "finding_remark": st.text(max_size=30),
        "handling": st.just("case"),
        "conv_no": st.text(max_size=8),
        **dict.fromkeys(("used", "used_farmland", "conv_area", "demolished", "remaining"), amounts),
        **dict.fromkeys(("start_date", "conv_date"), st.dates(date(2020, 1, 1)).map(date.isoformat)),
    },
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), answers), max_size=4))
def test_any_answers_are_asked_in_sentences_and_keep_their_state(found: list[tuple[str, dict[str, str]]]) -> None:
    rows = [row(uid, str(at), **said) for at, (uid, said) in enumerate(found)]
    made = asked(*rows)
    assert {one.place for one in made} <= {one.place for one in rows}
    assert made == asked(*rows)


def test_what_every_door_asks_is_due_where_its_column_was_taken_away_but_not_of_a_ledger() -> None:
    for door, due in (("workbook", True), ("geopackage", True), ("mapped", False)):
        file = ReturnedFile("d" * 8, "f", door, "C", "1", f"{CN.id}@{CN.version}", (row("a", **LEGAL),))
        merged = merge(ALL, [file], CN, "C", ())
        fields = [one.facts["fields"].split("|") for one in merged.remarks if one.code is Doubt.STILL_DUE]
        assert ["checker" in one for one in fields] == [True] * due
