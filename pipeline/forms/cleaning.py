"""Text from strangers made fit for a cell, a label or an attribute of a product."""

from __future__ import annotations

import re
import unicodedata

# C0 but line feed, C1, the bidi marks that reorder what is read, and what XML cannot hold (faults D3).
_UNFIT = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


_BLANKS = str.maketrans(dict.fromkeys("\t\u2028\u2029", " "))


def clean_text(words: str) -> str:
    """`words` in NFC, without control characters and bidi marks, blanks at the ends removed."""
    return unicodedata.normalize("NFC", _UNFIT.sub("", words.replace("\r\n", "\n").translate(_BLANKS))).strip()


def cut_text(words: str, length: int, mark: str) -> str:
    """`words` cleaned, and cut visibly to `length` characters with `mark` at the end."""
    clean = clean_text(words)
    return clean if len(clean) <= length else clean[: length - len(mark)] + mark
