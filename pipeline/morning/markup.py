"""HTML and SVG from values: whatever is not markup already is escaped, so that no delivered text can act."""

from __future__ import annotations

import html
import re

# C0 but line feed, C1, the marks that reorder what is read, and what UTF-8 cannot hold.
_UNFIT = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
_SAFE_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
_VOID = {"meta", "input"}
_OPEN_ENDED = {"td", "th", "tr"}  # HTML closes them itself: a tenth of the page of a nation


class Markup(str):
    """Text that is HTML or SVG already."""

    __slots__ = ()


def escaped(words: object) -> Markup:
    """`words` as text of an element or a quoted attribute; markup stays as it is."""
    if isinstance(words, Markup):
        return words
    return Markup(html.escape(_UNFIT.sub("", str(words))))


def shortened(words: str, length: int) -> str:
    """`words` on one line, cut visibly to `length` characters."""
    line = " ".join(words[: 2 * length].split())
    return line if len(line) <= length else f"{line[: length - 1]}…"


def tag(name: str, /, *inside: object, **attributes: object) -> Markup:
    """An element; `class_` is class, `stroke_width` is stroke-width, an attribute that is None or False is left out."""
    start = f"<{name}{''.join(_attribute(*one) for one in attributes.items())}>"
    if name in _VOID:
        return Markup(start)
    end = "" if name in _OPEN_ENDED else f"</{name}>"
    return Markup(f"{start}{joined(*inside)}{end}")


def joined(*inside: object) -> Markup:
    """The parts one behind the other, None left out."""
    return Markup("".join(escaped(one) for one in inside if one is not None))


def _attribute(name: str, value: object) -> str:
    key = name.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {key}" if value is True else f' {key}="{escaped(value)}"'


def is_file_name(name: str) -> bool:
    """Whether a code or id from a delivery may stand in a link: ASCII letters, digits, _ and - only."""
    return _SAFE_NAME.fullmatch(name) is not None
