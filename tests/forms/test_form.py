"""A form says every mistake in it, and the two that come with the program have none."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from pipeline.errors import Refusal, Refusals
from pipeline.forms.form import Form, load_form, read_form
from pipeline.shelf import shelf_file

Tree = dict[str, Any]


def test_the_short_face_is_short_and_given_comes_first(form: Form) -> None:
    who = [one.by for one in form.face]
    assert 14 <= len(form.face) <= 18
    assert who == sorted(who, key=("given", "officer").index)
    assert sum(one.width_mm for one in form.face) < 330


def test_codes_are_unique_and_say_their_verdict(form: Form) -> None:
    verdicts = {one.code for one in form.verdict.choices}
    subs = form["verdict_sub"].choices
    assert {one.under for one in subs} == verdicts
    assert all(one.code.startswith(f"{one.under}.") for one in subs)
    assert len({one.code for one in subs}) == len(subs)


def test_labels_are_unique_in_every_language(form: Form) -> None:
    for one in form.fields:
        for language in ("zh", "en"):
            labels = [form.label(choice, language, "·") for choice in one.choices]
            assert len(set(labels)) == len(labels), one.key


def test_no_verdict_begins_like_another(form: Form) -> None:
    """The workbook tells by its beginning which verdict a kind of case belongs under."""
    for language in ("zh", "en"):
        labels = [one.label[language] for one in form.verdict.choices]
        assert not any(a != b and a.startswith(b) for a in labels for b in labels)


def test_international_verdicts() -> None:
    codes = [one.code for one in load_form("verification_international").verdict.choices]
    assert codes == ["authorised", "unauthorised", "not_a_change", "inconclusive"]


def test_areas_carry_their_unit(form: Form) -> None:
    assert form["used"].column("ha") == "used_ha"
    assert form["verdict"].column("ha") == "verdict"


def test_a_form_of_the_office(tmp_path: Any) -> None:
    own = tmp_path / "our.toml"
    own.write_bytes(shelf_file("forms/verification_cn.toml").read_bytes())
    assert load_form(own) == load_form("verification_cn")


def test_an_unknown_form_names_those_there_are() -> None:
    with pytest.raises(Refusal) as caught:
        load_form("verification_mars")
    assert "verification_cn" in caught.value.hint


def _set(key: str, field: str, value: Any) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        next(one for one in tree["fields"] if one["key"] == key)[field] = value

    return change


def _drop(key: str, field: str) -> Callable[[Tree], None]:
    return lambda tree: next(one for one in tree["fields"] if one["key"] == key).pop(field)


MISTAKES: list[tuple[Callable[[Tree], object], str]] = [
    (lambda tree: tree.pop("version"), "version is missing"),
    (lambda tree: tree.update(colour="red"), "unknown key colour"),
    (lambda tree: tree.update(fields=[]), "fields is missing"),
    (lambda tree: tree.update(verdict="used"), "is not a choice field"),
    (lambda tree: tree["fields"].append(dict(tree["fields"][0])), "field row_no is there twice"),
    (_set("used", "type", "numeral"), "field used: type = 'numeral' is not allowed"),
    (_set("used", "wide", 3), "field used: unknown key wide"),
    (_set("used", "width_mm", True), "field used: width_mm = True"),
    (_set("used", "heading", {"zh": "面积"}), "field used: heading has no en"),
    (_drop("used", "by"), "field used: by is missing"),
    (_set("used", "needed", ["guilty"]), "field used: needed names no answer: guilty"),
    (_set("used_farmland", "within", "verdict"), "field used_farmland: within names no number field"),
    (_set("place", "key", "somewhere"), "field somewhere: nothing given is called so"),
    (_drop("built_state", "choices"), "field built_state: choices are missing"),
    (
        _set("verdict_sub", "choices", [{"code": "x", "under": "guilty", "zh": "一", "en": "a"}]),
        "under names no verdict: guilty",
    ),
    (_set("built_state", "choices", [{"code": "a b", "zh": "一", "en": "a"}]), "a code is ASCII"),
    (_set("built_state", "choices", [{"code": "a", "zh": "一"}]), "choice a has no en"),
]


@pytest.mark.parametrize(("spoil", "said"), MISTAKES, ids=[said for _, said in MISTAKES])
def test_each_mistake_is_named_with_file_and_field(spoil: Callable[[Tree], object], said: str) -> None:
    good = tomllib.loads(shelf_file("forms/verification_cn.toml").read_text(encoding="utf-8"))
    tree = copy.deepcopy(good)
    spoil(tree)
    with pytest.raises(Refusals) as caught:
        read_form(tree, "our.toml")
    assert any(line.startswith("our.toml: ") and said in line for line in caught.value.lines())


def test_all_mistakes_at_once() -> None:
    tree = tomllib.loads(shelf_file("forms/verification_cn.toml").read_text(encoding="utf-8"))
    _set("used", "due", "maybe")(tree)
    _set("verdict", "by", "nobody")(tree)
    with pytest.raises(Refusals) as caught:
        read_form(tree, "our.toml")
    assert len(caught.value.found) == 2
