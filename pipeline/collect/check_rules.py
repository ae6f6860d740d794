"""The table of rules that answers are held against: `config/forms/checks.toml`, or the office's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from pipeline.errors import USAGE, Refusal, Refusals
from pipeline.shelf import read_toml, shelf_file

Severity = Literal["error", "warning", "off"]


@dataclass(frozen=True)
class Rule:
    """One rule: its id ("R08"), how grave a breach is, and the keys and numbers it works with."""

    id: str
    severity: Severity
    values: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


def load_rules(name: str | Path, form_id: str) -> dict[str, Rule]:
    """The rules for a form by id, those that are off left out.

    Raises:
        Refusal: no such table, or mistakes in it, each named with its rule.
    """
    own = Path(name) if str(name).endswith(".toml") else None
    path = shelf_file(f"forms/{name}.toml", own, "checks*")
    return read_rules(read_toml(path), form_id, str(path))


def read_rules(tree: Mapping[str, Any], form_id: str, source: str) -> dict[str, Rule]:
    """The same from a tree; `source` is named in refusals."""
    found = [Refusal(f"{source}: {mistake}", code=USAGE) for mistake in _mistakes(tree)]
    if found:
        raise Refusals(found)
    own = tree.get(form_id, {})
    merged = {name: {**tree.get(name, {"severity": "off"}), **own.get(name, {})} for name in _KEYS}
    return {
        name: Rule(name, cast(Severity, values["severity"]), values)
        for name, values in merged.items()
        if values["severity"] != "off"
    }


def _text(value: object) -> bool:
    return isinstance(value, str)


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _lists(value: object) -> bool:
    return isinstance(value, list) and all(map(_texts, value))


def _amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _pairs(value: object) -> bool:
    """Pairs of answers that seldom go together."""
    kinds = {"when": _text, "says": _texts, "but": _text, "seen": _texts}
    return isinstance(value, list) and all(
        isinstance(one, dict) and set(one) == set(kinds) and all(kinds[key](one[key]) for key in kinds) for one in value
    )


_KEYS: dict[str, dict[str, Callable[[object], bool]]] = {
    "R03": {"unlikely": _pairs},
    "R04": {"used": _text, "tolerance_mu": _amount},
    "R05": {"farmland": _text, "used": _text, "tolerance_mu": _amount},
    "R06": {"used": _text, "parts": _texts, "tolerance_mu": _amount},
    "R07": {"verdicts": _texts, "documents": _lists, "grounds": _text},
    "R08": {"approved": _texts, "used": _text, "tolerance_mu": _amount},
    "R09": {"approved_on": _texts, "begun_on": _text},
    "R10": {"kind": _text, "kinds": _texts, "numbers": _texts, "grounds": _text},
    "R11": {"verdicts": _texts, "handling": _text},
    "R12": {
        "named": _texts,
        "taken": _texts,
        "visited_on": _text,
        "near_m": _amount,
        "direction_deg": _amount,
        "slack_days": _amount,
    },
    "R13": {"signed": _texts},
    "R14": {"numbers": _texts, "grounds": _text, "near_m": _amount},
    "R15": {"verdicts": _texts, "parts": _texts, "used": _text, "tolerance_mu": _amount},
}


def _mistakes(tree: Mapping[str, Any]) -> Iterator[str]:
    for name, values in tree.items():
        if not isinstance(values, dict):
            yield f"{name} is no table"
        elif name in _KEYS:
            yield from _rule_mistakes(name, name, values, whole=True)
        else:
            for rule, own in values.items():
                yield from _own_mistakes(f"{name}.{rule}", rule, own)


def _own_mistakes(place: str, rule: str, own: object) -> Iterator[str]:
    if rule not in _KEYS or not isinstance(own, dict):
        yield f"[{place}] is no rule; there are {', '.join(_KEYS)}"
    else:
        yield from _rule_mistakes(place, rule, own, whole=False)


def _rule_mistakes(place: str, rule: str, values: Mapping[str, Any], *, whole: bool) -> Iterator[str]:
    kinds = {"severity": ("error", "warning", "off").__contains__, **_KEYS[rule]}
    yield from (f"[{place}] unknown key {key}" for key in values if key not in kinds)
    yield from (
        f"[{place}] {key} = {values[key]!r} is not allowed"
        for key in kinds
        if key in values and not kinds[key](values[key])
    )
    if whole and values.get("severity") != "off":
        yield from (f"[{place}] {key} is missing" for key in kinds if key not in values)
