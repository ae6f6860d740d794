"""What can be wrong in a form's file, said field by field."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pipeline.texts import languages

TYPES = ("text", "long", "number", "date", "choice", "multi", "photo")
WHO = ("given", "officer")
TABS = ("finding", "evidence", "land", "approval", "case")
GIVEN = ("row_no", "patch_no", "place", "patch_type", "phases", "area", "page")
ALWAYS = "always"


def _text(value: object) -> bool:
    return isinstance(value, str)


def _flag(value: object) -> bool:
    return isinstance(value, bool)


def _number(value: object, low: float = float("-inf"), high: float = float("inf")) -> bool:
    return isinstance(value, int | float) and not _flag(value) and low <= value <= high


def _words(value: object) -> bool:
    return isinstance(value, dict) and all(map(_text, value.values()))


def _list(value: object) -> bool:
    return isinstance(value, list) and all(map(_text, value))


_HEAD = {"id": _text, "version": _text, "schema": _text, "verdict": _text, "title": _words}
_KEYS: dict[str, Callable[[object], bool]] = {
    "key": _text,
    "heading": _words,
    "type": TYPES.__contains__,
    "by": WHO.__contains__,
    "unit": ("", "area").__contains__,
    "face": _flag,
    "field": _flag,
    "tab": TABS.__contains__,
    "when": lambda value: value == ALWAYS or _list(value),
    "needed": lambda value: value == ALWAYS or _list(value),
    "due": ("soft", "firm").__contains__,
    "width_mm": lambda value: _number(value, 5, 200),
    "low": _number,
    "high": _number,
    "length": lambda value: value in range(1, 2001),
    "within": _text,
    "stamp": ("", "user", "day").__contains__,
    "hint": _words,
    "choices": lambda value: isinstance(value, list) and all(isinstance(one, dict) for one in value),
}


def mistakes(tree: Mapping[str, Any]) -> list[str]:
    """Every mistake in a form as read from TOML; a form without any can be built."""
    found = [f"{key} is missing or not right" for key, right in _HEAD.items() if not right(tree.get(key))]
    found += [f"unknown key {key}" for key in sorted(set(tree) - set(_HEAD) - {"fields"})]
    fields = tree.get("fields")
    if not (isinstance(fields, list) and fields and all(isinstance(one, dict) for one in fields)):
        return [*found, "fields is missing or not a list of tables"]
    for at, one in enumerate(fields, 1):
        found += [f"field {one.get('key', at)}: {mistake}" for mistake in _field_mistakes(one)]
    return found or list(_whole_mistakes(tree, fields))


def _field_mistakes(one: Mapping[str, Any]) -> Iterator[str]:
    for key in ("key", "heading", "type", "by"):
        if key not in one:
            yield f"{key} is missing"
    for key, value in one.items():
        if key not in _KEYS:
            yield f"unknown key {key}"
        elif not _KEYS[key](value):
            yield f"{key} = {value!r} is not allowed"
    yield from _missing_words("heading", one.get("heading"))
    if one.get("by") == "given" and one.get("key") not in GIVEN:
        yield f"nothing given is called so; there are {', '.join(GIVEN)}"
    if one.get("type") in ("choice", "multi") and not one.get("choices"):
        yield "choices are missing"
    for choice in one.get("choices", ()):
        yield from _choice_mistakes(choice)


def _choice_mistakes(choice: Mapping[str, Any]) -> Iterator[str]:
    name = choice.get("code", "?")
    if not (isinstance(name, str) and name.isidentifier() and name.isascii()):
        yield f"choice {name!r}: a code is ASCII letters, digits and underscores"
    yield from (
        f"choice {name}: unknown key {key}" for key in sorted(set(choice) - {"code", "under", "colour", *languages()})
    )
    yield from _missing_words(f"choice {name}", choice)


def _missing_words(what: str, words: object) -> Iterator[str]:
    there = words if isinstance(words, dict) else {}
    yield from (f"{what} has no {language}" for language in languages() if not there.get(language))


def _whole_mistakes(tree: Mapping[str, Any], fields: list[dict[str, Any]]) -> Iterator[str]:
    yield from _missing_words("title", tree["title"])
    keys = [one["key"] for one in fields]
    yield from (f"field {key} is there twice" for key in sorted({key for key in keys if keys.count(key) > 1}))
    by_key = {one["key"]: one for one in fields}
    verdict = by_key.get(tree["verdict"], {})
    if verdict.get("type") != "choice" or not verdict.get("face") or not verdict.get("field"):
        yield f"verdict = {tree['verdict']!r} is not a choice field on face and in the field"
        return
    verdicts = {one["code"] for one in verdict["choices"]}
    answers = verdicts | set(_answers(fields))
    for one in fields:
        yield from (f"field {one['key']}: {mistake}" for mistake in _link_mistakes(one, by_key, verdicts, answers))


def _answers(fields: list[dict[str, Any]]) -> Iterator[str]:
    """What a condition may name besides verdicts: kinds of case, and "question.choice"."""
    for one in fields:
        for choice in one.get("choices", ()):
            yield f"{choice['under']}.{choice['code']}" if choice.get("under") else f"{one['key']}.{choice['code']}"


def _link_mistakes(one: dict[str, Any], by_key: dict[str, Any], verdicts: set[str], answers: set[str]) -> Iterator[str]:
    for key in ("when", "needed"):
        named = one.get(key, [])
        yield from (f"{key} names no answer: {code}" for code in named if named != ALWAYS and code not in answers)
    for choice in one.get("choices", ()):
        if choice.get("under") and choice["under"] not in verdicts:
            yield f"choice {choice['code']}: under names no verdict: {choice['under']}"
    codes = [(choice.get("under"), choice["code"]) for choice in one.get("choices", ())]
    if len(set(codes)) < len(codes):
        yield "a choice is there twice"
    within = one.get("within", "")
    if within and by_key.get(within, {}).get("type") != "number":
        yield f"within names no number field: {within}"
