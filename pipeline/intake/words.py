"""A column of texts: each different text once, and which one every record has.

What is reckoned of a text (a date, a number, a tidy spelling) is reckoned once for each different text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Words:
    """The different texts (null where nothing was delivered; one may stand there twice) and the code of each record."""

    texts: Any  # pyarrow string array
    codes: Codes

    def __len__(self) -> int:
        return len(self.codes)

    def column(self, rows: Any = None) -> Any:
        """The texts of all records, or of some, as an Arrow column."""
        return self.texts.take(pa.array(self.codes if rows is None else self.codes[rows]))

    def some(self, rows: Any) -> Words:
        """The column of some records, with no text that none of them has."""
        return words_of(self.column(rows))

    def each(self, rule: Callable[[str | None], str | None], unless: str = "") -> Words:
        """The column with `rule` at every text but those that wholly match the regular expression `unless`."""
        odd = _odd(self.texts, unless)
        made = pa.array([rule(one) for one in self.texts.filter(odd).to_pylist()], pa.string())
        return Words(pc.replace_with_mask(self.texts, odd, made), self.codes)

    def numbers(self, rule: Callable[[str], float], plain: str) -> Floats:
        """What `rule` makes of the text of each record; what wholly matches `plain` is read as it stands."""
        odd = _odd(self.texts, plain)
        made = pc.cast(pc.if_else(odd, None, self.texts), pa.float64()).to_numpy(zero_copy_only=False).copy()
        made[odd.to_numpy(zero_copy_only=False)] = [rule(one) for one in self.texts.filter(odd).to_pylist()]
        numbers: Floats = made[self.codes]
        return numbers

    def holds(self, rule: Callable[[str], bool]) -> Bools:
        """Whether `rule` holds for the text of each record."""
        return np.array([rule(one) for one in self.texts.to_pylist()], bool)[self.codes]

    def names(self) -> Codes:
        """A number for each record, the same for the same text."""
        known = pc.dictionary_encode(self.texts, null_encoding="encode")
        numbers: Codes = known.indices.to_numpy()[self.codes]
        return numbers


def _odd(texts: Any, plain: str) -> Any:
    """Which texts do not wholly match a regular expression (all of them where there is none)."""
    if not plain:
        return pa.array(np.ones(len(texts), bool))
    return pc.invert(pc.fill_null(pc.match_substring_regex(texts, f"^(?:{plain})$"), False))


def words_of(column: Any) -> Words:
    """The column of an Arrow array of strings."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    known = pc.dictionary_encode(whole, null_encoding="encode")
    return Words(known.dictionary, known.indices.to_numpy())


def nothing(count: int) -> Words:
    """A column in which nothing was delivered."""
    return Words(pa.nulls(1, pa.string()), np.zeros(count, np.int32))


def joined(parts: Sequence[Words]) -> Words:
    """One column behind the other."""
    starts = np.cumsum([0, *(len(one.texts) for one in parts)])
    codes = [one.codes + np.int32(start) for one, start in zip(parts, starts, strict=False)]
    texts = pa.concat_arrays([pa.array([], pa.string()), *(one.texts for one in parts)])
    return Words(texts, np.concatenate([np.zeros(0, np.int32), *codes]))
