"""Column maps: how a table of another system (Kobo, ODK, a platform's ledger) says what our form asks.

A map is a TOML file of `config/maps/`, or the office's own; it is declared, never guessed. What it gives is read by the
same road as a checklist, so every doubt, check and receipt is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any

from pipeline.collect.numbers import UNIT_WORDS
from pipeline.collect.spelling import folded
from pipeline.errors import USAGE, Refusal, Refusals
from pipeline.forms.form import Form
from pipeline.shelf import read_toml, shelf_file

IDENTITY = ("patch_uid", "row_code", "patch_no", "county", "part_no")
_SAMPLE = date(2025, 10, 28)


@dataclass(frozen=True)
class ColumnMap:
    """One map; headings are compared by their letters and digits alone."""

    name: str
    headings: tuple[str, ...]  # a table that has all of them is read by this map
    files: tuple[str, ...] = ()  # and whose file is called like one of these
    own_form: bool = False  # columns are called by our form's keys or headings, groups before them
    encoding: str = ""
    delimiter: str = ""
    decimal_comma: bool = False
    patch: Mapping[str, str] = field(default_factory=dict)  # one of IDENTITY → heading
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # key → headings, the first that says anything
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # key → their word, folded → our code
    dates: Mapping[str, str] = field(default_factory=dict)  # key → format
    units: Mapping[str, str] = field(default_factory=dict)  # key → unit of area
    constants: Mapping[str, str] = field(default_factory=dict)  # key → answer of every row that says anything
    set_aside: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # heading → words of rows that do not count
    names: tuple[str, ...] = ()  # headings of what their system calls a row, for decisions
    ignored: tuple[str, ...] = ()  # headings that are known to say nothing of a patch, as patterns

    def takes(self, name: str) -> bool:
        """Whether a file of this name may be read by it."""
        last = PurePosixPath(name).name.casefold()
        return not self.files or any(fnmatch(last, one.casefold()) for one in self.files)

    def ignores(self, heading: str) -> bool:
        """Whether a column is known to say nothing."""
        return any(fnmatch(heading.casefold(), one.casefold()) for one in self.ignored)


def map_paths(names: Sequence[str], base: Path) -> tuple[Path, ...]:
    """The files of maps: names on the shelf, or (with a suffix) the office's own, from the folder `base`.

    Raises:
        Refusal: there is no such map.
    """
    return tuple(shelf_file(f"maps/{one}.toml", (base / one).resolve() if Path(one).suffix else None) for one in names)


def load_maps(paths: Sequence[Path], form: Form) -> tuple[ColumnMap, ...]:
    """Maps in the order in which they are tried.

    Raises:
        Refusals: every mistake, with its file and place.
    """
    trees = [(path, read_toml(path)) for path in paths]
    found = [
        Refusal(f"{path.name}: {mistake}", hint, USAGE)
        for path, tree in trees
        for mistake, hint in mistakes(tree, form)
    ]
    if found:
        raise Refusals(found)
    return tuple(_map(path.stem, tree) for path, tree in trees)


def _map(name: str, tree: Mapping[str, Any]) -> ColumnMap:
    plain = ("own_form", "encoding", "delimiter", "decimal_comma", "patch", "dates", "units", "constants")
    values: dict[str, Any] = {key: tree[key] for key in plain if key in tree}
    values |= {key: tuple(tree.get(key, ())) for key in ("headings", "files", "names", "ignored")}
    return ColumnMap(
        name,
        **values,
        answers={key: _listed(one) for key, one in tree.get("answers", {}).items()},
        words={key: {folded(word): says for word, says in one.items()} for key, one in tree.get("words", {}).items()},
        set_aside={key: _listed(one) for key, one in tree.get("set_aside", {}).items()},
    )


def _listed(one: str | Sequence[str]) -> tuple[str, ...]:
    return (one,) if isinstance(one, str) else tuple(one)


def _text(value: object) -> bool:
    return isinstance(value, str)


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _table(right: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, dict) and all(map(right, value.values()))


def _either(value: object) -> bool:
    return _text(value) or (_texts(value) and bool(value))


_KEYS: dict[str, Callable[[object], bool]] = {
    "headings": lambda value: _texts(value) and bool(value),
    "files": _texts,
    "own_form": lambda value: isinstance(value, bool),
    "encoding": _text,
    "delimiter": lambda value: isinstance(value, str) and len(value) == 1,
    "decimal_comma": lambda value: isinstance(value, bool),
    "patch": _table(_text),
    "answers": _table(_either),
    "words": _table(_table(_text)),
    "dates": _table(_text),
    "units": _table(_text),
    "constants": _table(_text),
    "set_aside": _table(_either),
    "names": _texts,
    "ignored": _texts,
}


def mistakes(tree: Mapping[str, Any], form: Form) -> Iterator[tuple[str, str]]:
    """Every mistake in a map, with what to type instead."""
    yield from ((f"{key} is not a known key", f"known: {', '.join(_KEYS)}") for key in tree if key not in _KEYS)
    wrong = [key for key, right in _KEYS.items() if key in tree and not right(tree[key])]
    yield from ((f"{key} is not right", "docs/returns.md shows a whole map") for key in wrong)
    if "headings" not in tree:
        yield "headings is missing", 'name headings that only these tables have: headings = ["图斑编号", "判定类型"]'
    if not wrong:
        yield from _identity_mistakes(tree)
        yield from _answer_mistakes(tree, form)
        yield from _spelling_mistakes(tree, form)


def _identity_mistakes(tree: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    patch = tree.get("patch", {})
    yield from (
        (f"[patch] {one} is not known", f"one of: {', '.join(IDENTITY)}") for one in patch if one not in IDENTITY
    )
    if not tree.get("own_form") and not {"patch_uid", "row_code", "patch_no"} & set(patch):
        yield (
            "[patch] names no column",
            'write patch_no = "<heading of the patch number>" and county = "<of the county>"',
        )


def _answer_mistakes(tree: Mapping[str, Any], form: Form) -> Iterator[tuple[str, str]]:
    asked = {one.key for one in form.fields if one.by == "officer"}
    for section in ("answers", "words", "dates", "units", "constants"):
        hint = f"{form.id} asks: {', '.join(sorted(asked))}"
        yield from (
            (f"[{section}] {key} is no question of the form", hint) for key in tree.get(section, {}) if key not in asked
        )
    said = {*tree.get("answers", {}), *tree.get("constants", {})}
    if not tree.get("own_form") and form.verdict_key not in said:
        yield f"[answers] {form.verdict_key} is missing", "a row without a verdict is no finding"


def _spelling_mistakes(tree: Mapping[str, Any], form: Form) -> Iterator[tuple[str, str]]:
    fields = {one.key: one for one in form.fields}
    for key, words in tree.get("words", {}).items():
        codes = {choice.code for choice in fields[key].choices} if key in fields else set()
        yield from (
            (f"[words.{key}] {word} = {code!r} is no choice", f"one of: {', '.join(sorted(codes))}")
            for word, code in words.items()
            if codes and code and code not in codes
        )
    for key, said in tree.get("dates", {}).items():
        if not _is_format(said):
            yield f"[dates] {key} = {said!r} is no date format", 'write for example "%d/%m/%Y"'
    for key, unit in tree.get("units", {}).items():
        if unit not in UNIT_WORDS or (key in fields and fields[key].unit != "area"):
            yield f"[units] {key} = {unit!r} is not right", f"areas are in one of: {', '.join(UNIT_WORDS)}"
    if not _is_codec(tree.get("encoding", "")):
        yield f"encoding = {tree['encoding']!r} is not known", 'write for example "gb18030"'


def _is_format(said: str) -> bool:
    try:
        return datetime.strptime(_SAMPLE.strftime(said), said).date() == _SAMPLE
    except ValueError:
        return False


def _is_codec(name: str) -> bool:
    try:
        return not name or b"a".decode(name) == "a"
    except (LookupError, UnicodeError):
        return name.casefold().startswith(("utf-16", "utf_16", "utf-32", "utf_32"))
