"""What people read on products, by language: `texts/<language>/<room>.toml`, asked for as `texts["room.key"]`."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files


class Texts:
    """The words of one language; a missing key is a bug and says so."""

    def __init__(self, language: str, words: dict[str, str]) -> None:
        self.language = language
        self._words = words

    def __getitem__(self, key: str) -> str:
        return self._words[key]

    def __contains__(self, key: str) -> bool:
        return key in self._words

    def say(self, key: str, **values: object) -> str:
        """The text of `key` with `{name}` places filled."""
        return self._words[key].format(**values)

    def keys(self) -> list[str]:
        """All keys, in order."""
        return sorted(self._words)


def languages() -> list[str]:
    """The languages there are words for."""
    return sorted(one.name for one in files(__name__).iterdir() if one.is_dir() and not one.name.startswith("_"))


@cache
def texts(language: str) -> Texts:
    """All words of a language, read once."""
    words: dict[str, str] = {}
    folder = files(__name__) / language
    for room in sorted(folder.iterdir(), key=lambda one: one.name):
        if room.name.endswith(".toml"):
            stem = room.name.removesuffix(".toml")
            _flatten(stem, tomllib.loads(room.read_text(encoding="utf-8")), words)
    return Texts(language, words)


def _flatten(prefix: str, tree: dict[str, object], words: dict[str, str]) -> None:
    for key, value in tree.items():
        if isinstance(value, dict):
            _flatten(f"{prefix}.{key}", value, words)
        else:
            words[f"{prefix}.{key}"] = str(value)
