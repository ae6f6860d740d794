"""The questions a county answers, declared once in `config/forms/*.toml`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from pipeline.errors import USAGE, Refusal, Refusals
from pipeline.forms.mistakes import ALWAYS, TABS, mistakes
from pipeline.shelf import read_toml, shelf_file
from pipeline.texts import languages


@dataclass(frozen=True)
class Choice:
    """One answer that may be chosen; `code` is stored, "<verdict>.<code>" where it belongs under a verdict."""

    code: str
    label: Mapping[str, str]
    under: str = ""
    colour: str = ""


@dataclass(frozen=True)
class Field:
    """One question, or one thing that is given."""

    key: str
    heading: Mapping[str, str]
    type: str
    by: str
    unit: str = ""  # "area": the office's unit
    face: bool = False  # in the short table of the workbook
    field: bool = False  # in the GeoPackage and in QField
    tab: str = "finding"  # its section
    when: tuple[str, ...] = (ALWAYS,)  # answers for which it is asked at all
    needed: tuple[str, ...] = ()  # answers for which it is due, or ("always",)
    due: str = "soft"  # "firm" stops saving in the field form
    width_mm: float = 20.0
    low: float | None = None
    high: float | None = None
    length: int = 200
    within: str = ""
    stamp: str = ""  # "user" | "day": filled in by QGIS when a verdict is given
    hint: Mapping[str, str] = dataclasses.field(default_factory=dict)
    choices: tuple[Choice, ...] = ()

    def column(self, area_unit: str) -> str:
        """Its column in tables: areas carry their unit ("used_mu")."""
        return f"{self.key}_{area_unit}" if self.unit == "area" else self.key


@dataclass(frozen=True)
class Form:
    """A checklist's questions."""

    id: str
    version: str
    schema: str
    title: Mapping[str, str]
    verdict_key: str
    fields: tuple[Field, ...]

    def __getitem__(self, key: str) -> Field:
        return self._by_key[key]

    @cached_property
    def _by_key(self) -> Mapping[str, Field]:
        return {one.key: one for one in self.fields}

    @cached_property
    def rank(self) -> Mapping[str, int]:
        """In which order answers are read: the verdict first, the others as they stand."""
        return {one.key: at if one.key != self.verdict_key else -1 for at, one in enumerate(self.fields)}

    @cached_property
    def verdict(self) -> Field:
        return self[self.verdict_key]

    @cached_property
    def face(self) -> tuple[Field, ...]:
        """The short table of the workbook, in order."""
        return tuple(one for one in self.fields if one.face)

    @cached_property
    def long(self) -> tuple[Field, ...]:
        """The long columns beside it, section by section."""
        beside = [one for one in self.fields if one.by == "officer" and not one.face and one.type != "photo"]
        return tuple(sorted(beside, key=lambda one: TABS.index(one.tab)))

    @cached_property
    def written(self) -> tuple[Field, ...]:
        """What a table and a card have a place for: all an officer is asked but for photos."""
        return tuple(one for one in self.fields if one.by == "officer" and one.type != "photo")

    @cached_property
    def asked(self) -> tuple[Field, ...]:
        """The fields an officer fills in the field form, in order."""
        return tuple(one for one in self.fields if one.field)

    @cached_property
    def due_when(self) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """What is ever due, by key: the answers (question, code) for which it is, () once there is a verdict."""
        due = [one for one in self.fields if one.by == "officer" and one.needed]
        return {one.key: self._pairs(one.needed) for one in due}

    @cached_property
    def everywhere(self) -> frozenset[str]:
        """What every door asks."""
        return frozenset(one.key for one in self.fields if one.face and one.field)

    def _pairs(self, condition: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        named = [self.answers[code] for code in condition if code != ALWAYS]
        return tuple((one.key, choice.code) for one, choice in named)

    @cached_property
    def answers(self) -> Mapping[str, tuple[Field, Choice]]:
        """Every answer that a condition may name: verdict, kind of case ("legal.supply"), or "question.choice"."""
        named = {f"{one.key}.{each.code}": (one, each) for one in self.fields for each in one.choices}
        kinds = {each.code: (one, each) for one in self.fields for each in one.choices if each.under}
        return named | kinds | {each.code: (self.verdict, each) for each in self.verdict.choices}

    def holds(self, condition: tuple[str, ...], said: Mapping[str, str]) -> bool:
        """Whether answers, by key, make a condition (`when`, `needed`) true; "always" is once there is a verdict."""
        if condition == (ALWAYS,):
            return bool(said.get(self.verdict_key))
        return any(said.get(key) == code for key, code in self._pairs(condition))

    def label(self, choice: Choice, language: str, joint: str) -> str:
        """The words of a choice, with its verdict's before them where it belongs under one."""
        over = [one.label[language] for one in self.verdict.choices if one.code == choice.under]
        return joint.join([*over, choice.label[language]])


def asked_for(fields: Iterable[Field]) -> tuple[str, ...]:
    """The answers for which any of these is asked, in order; ("always",) where one always is."""
    named = dict.fromkeys(code for one in fields for code in one.when)
    return (ALWAYS,) if ALWAYS in named else tuple(named)


def load_form(name: str | Path) -> Form:
    """The form `name` of the shelf ("verification_cn"), or the one in a file of the office.

    Raises:
        Refusal: no such form, or mistakes in it, each named with file and field.
    """
    own = Path(name) if str(name).endswith(".toml") else None
    path = shelf_file(f"forms/{name}.toml", own, "verification_*")
    seen = path.stat()
    return _kept_form(path, (seen.st_mtime_ns, seen.st_ctime_ns, seen.st_size, seen.st_ino))


@lru_cache(maxsize=8)
def _kept_form(path: Path, _seen: tuple[int, ...]) -> Form:
    """Read once per process: every county of a campaign is asked the same, and TOML is slow."""
    return read_form(read_toml(path), str(path))


def read_form(tree: Mapping[str, Any], source: str) -> Form:
    """A form from its tree; `source` is named in refusals."""
    found = [Refusal(f"{source}: {mistake}", code=USAGE) for mistake in mistakes(tree)]
    if found:
        raise Refusals(found)
    return Form(
        id=tree["id"],
        version=tree["version"],
        schema=tree["schema"],
        title=tree["title"],
        verdict_key=tree["verdict"],
        fields=tuple(_field(one) for one in tree["fields"]),
    )


def _field(one: Mapping[str, Any]) -> Field:
    values = dict(one) | {
        "when": _condition(one.get("when", ALWAYS)),
        "needed": _condition(one.get("needed", ())),
        "choices": tuple(_choice(each) for each in one.get("choices", ())),
    }
    return Field(**values)


def _condition(value: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _choice(one: Mapping[str, Any]) -> Choice:
    under = one.get("under", "")
    label = {language: one[language] for language in languages()}
    code = f"{under}.{one['code']}" if under else one["code"]
    return Choice(code, label, under, one.get("colour", ""))
