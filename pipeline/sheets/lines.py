"""Where a line of text may break: between hanzi, at spaces, never before 。 or after （."""

from __future__ import annotations

import re
from collections.abc import Callable

NOT_FIRST = "，。、；：？！）】》」』〉”’％‰℃…—～·,.;:?!)]}%"
NOT_LAST = "（【《「『〈“‘([{"
_WIDE = r"\u2E80-\u9FFF\uF900-\uFAFF\uFE30-\uFE4F\uFF00-\uFFEF\U00020000-\U0003FFFF"
_PIECE = re.compile(rf"\s+|[{_WIDE}“”‘’]|[^\s{_WIDE}“”‘’]+")


def broken(words: str, width: Callable[[str], float], room: float) -> list[str]:
    """`words` in lines no wider than `room` where the words allow it; "\\n" always breaks.

    A single piece wider than `room` is broken between its characters.
    """
    return [line for part in words.split("\n") for line in _paragraph(part, width, room)]


def _paragraph(words: str, width: Callable[[str], float], room: float) -> list[str]:
    lines = [""]
    for piece in _unbreakable(words):
        if width((lines[-1] + piece).rstrip()) <= room:
            lines[-1] += piece
        else:
            lines += _cut(piece.lstrip(), width, room)
    return [line for line in (one.strip() for one in lines) if line] or [""]


def _cut(piece: str, width: Callable[[str], float], room: float) -> list[str]:
    lines = [""]
    for one in [piece] if width(piece.rstrip()) <= room else piece:
        if lines[-1] and width(lines[-1] + one) > room:
            lines.append("")
        lines[-1] += one
    return lines


def _unbreakable(words: str) -> list[str]:
    """Pieces between which a line may break."""
    pieces: list[str] = []
    for piece in _PIECE.findall(words):
        glued = bool(pieces) and (piece[0] in NOT_FIRST or pieces[-1][-1] in NOT_LAST)
        if glued and not piece.isspace():
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return pieces
