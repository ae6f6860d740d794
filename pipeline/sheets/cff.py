"""A CFF font program for one PDF: chosen glyphs under their CIDs (Adobe Technical Notes 5176 and 5177)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_ADOBE, _IDENTITY = 391, 392  # the first two strings after the 391 standard ones
_ROS, _CID_COUNT, _FD_ARRAY, _FD_SELECT = (12, 30), (12, 34), (12, 36), (12, 37)
_FONT_BBOX, _CHARSET, _CHAR_STRINGS, _PRIVATE = (5,), (15,), (17,), (18,)
_FONT_MATRIX, _DEFAULT_WIDTH, _NOMINAL_WIDTH = (12, 7), (20,), (21,)


@dataclass(frozen=True)
class Outline:
    """One glyph: its CID, its charstring without subroutine calls, and the row of `widths` it was made for."""

    cid: int
    charstring: bytes
    group: int


def cid_program(
    name: str,
    outlines: Sequence[Outline],
    widths: Sequence[tuple[int, int]],
    bbox: tuple[int, int, int, int],
    units_per_em: int,
) -> bytes:
    """The font program (PDF's CIDFontType0C).

    `outlines` are sorted by CID, the first is CID 0 (.notdef); `widths` are (defaultWidthX, nominalWidthX) of
    each glyph group. The same arguments give the same bytes.
    """
    used = sorted({one.group for one in outlines})
    rank = {group: at for at, group in enumerate(used)}
    start = bytes([1, 0, 4, 4]) + _index([name.encode("ascii")])
    strings = _index([b"Adobe", b"Identity"]) + _index([])
    charset = b"\0" + b"".join(one.cid.to_bytes(2, "big") for one in outlines[1:])
    select = b"\0" + bytes(rank[one.group] for one in outlines)
    charstrings = _index([one.charstring for one in outlines])
    privates = [_private(*widths[group]) for group in used]

    def top(charset_at: int, select_at: int, charstrings_at: int, groups_at: int) -> bytes:
        return _index(
            [
                _entry(_ROS, _ADOBE, _IDENTITY, 0)
                + _font_matrix(units_per_em)
                + _entry(_FONT_BBOX, *bbox)
                + _entry(_CID_COUNT, outlines[-1].cid + 1)
                + _entry(_CHARSET, charset_at)
                + _entry(_FD_SELECT, select_at)
                + _entry(_CHAR_STRINGS, charstrings_at)
                + _entry(_FD_ARRAY, groups_at)
            ]
        )

    charset_at = len(start) + len(top(0, 0, 0, 0)) + len(strings)
    select_at = charset_at + len(charset)
    charstrings_at = select_at + len(select)
    privates_at = charstrings_at + len(charstrings)
    groups_at = privates_at + sum(map(len, privates))
    groups = _index([_group(privates, row, privates_at) for row in range(len(privates))])
    body = charset + select + charstrings + b"".join(privates) + groups
    return start + top(charset_at, select_at, charstrings_at, groups_at) + strings + body


def _index(items: Sequence[bytes]) -> bytes:
    if not items:
        return b"\0\0"
    at, offsets = 1, [1]
    for item in items:
        at += len(item)
        offsets.append(at)
    head = len(items).to_bytes(2, "big") + b"\4"
    return head + b"".join(one.to_bytes(4, "big") for one in offsets) + b"".join(items)


def _integer(value: int) -> bytes:
    return b"\x1d" + value.to_bytes(4, "big", signed=True)  # always five bytes: offsets do not move


def _entry(operator: tuple[int, ...], *operands: int) -> bytes:
    return b"".join(map(_integer, operands)) + bytes(operator)


def _font_matrix(units_per_em: int) -> bytes:
    if units_per_em == 1000:
        return b""  # the default
    scale, zero = _real(1 / units_per_em), _integer(0)
    return scale + zero + zero + scale + zero + zero + bytes(_FONT_MATRIX)


def _real(value: float) -> bytes:
    nibbles = "".join({".": "a", "-": "e"}.get(one, one) for one in f"{value:.10f}") + "f"
    return b"\x1e" + bytes.fromhex(nibbles + "f" * (len(nibbles) % 2))


def _private(default_width: int, nominal_width: int) -> bytes:
    return _entry(_DEFAULT_WIDTH, default_width) + _entry(_NOMINAL_WIDTH, nominal_width)


def _group(privates: Sequence[bytes], row: int, privates_at: int) -> bytes:
    return _entry(_PRIVATE, len(privates[row]), privates_at + sum(map(len, privates[:row])))
