"""Which column of a checklist is which: the short table, the codes of its rows, and the long columns beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from xlsxwriter.utility import xl_col_to_name

from pipeline.forms.form import Field, Form

FIRST_ROW = 4  # below title, county and unit, band, headings
SEAM_CODE = "seam_code"  # heading of the check codes amid the long columns
EXTRA = "+"  # the check code of a row for a further plot of land
_LEAST_EXTRA, _MOST_EXTRA, _ROWS_FOR_ONE = 3, 30, 10


@dataclass(frozen=True)
class Table:
    """The columns of one checklist, counted from 0, and how many rows it has."""

    form: Form
    rows: int
    reissued: bool

    @property
    def note(self) -> int:
        """Why a row is asked again; there where `reissued`."""
        return len(self.form.face)

    @property
    def code(self) -> int:
        """The check codes, last of what is printed."""
        return len(self.form.face) + self.reissued

    @property
    def uid(self) -> int:
        """The ids of the rows, hidden; behind them what a row was issued upon, where `reissued`."""
        return self.code + 1

    @property
    def first_long(self) -> int:
        """The first of the long columns."""
        return self.uid + 1 + self.reissued

    @property
    def seam(self) -> int:
        """The check codes once more, hidden amid the long columns: who sorts these alone moves the codes with them."""
        return self.first_long + len(self.form.long) // 2

    @property
    def last(self) -> int:
        """The last column of all."""
        return self.first_long + len(self.form.long)

    @property
    def extra(self) -> int:
        """Rows for further plots of land, below those of the patches; none where the form numbers no plots."""
        if not {"patch_no", "part_no"} <= set(self.columns()):
            return 0
        return min(max(_LEAST_EXTRA, math.ceil(self.rows / _ROWS_FOR_ONE)), _MOST_EXTRA)

    @property
    def last_row(self) -> int:
        """The last row that may be filled in."""
        return FIRST_ROW + self.rows + self.extra - 1

    def columns(self) -> Mapping[str, int]:
        """Where each field stands, by its key, in order."""
        return {one.key: at for at, one in [*enumerate(self.form.face), *self.long()]}

    def long(self) -> list[tuple[int, Field]]:
        """The long columns: where each stands, and its field."""
        there = [at for at in range(self.first_long, self.last + 1) if at != self.seam]
        return list(zip(there, self.form.long, strict=True))

    def sections(self) -> list[tuple[str, tuple[str, ...], int, int]]:
        """The long columns that stand together under one condition: section, condition, first and last column."""
        found = []
        for (tab, when), mine in groupby(self.long(), key=lambda one: (one[1].tab, one[1].when)):
            columns = [at for at, _ in mine]
            found.append((tab, when, columns[0], columns[-1]))
        return found


def extra_sign(county_code: str) -> str:
    """What stands where other rows have their id: that the row is for a further plot, and of which county's checklist.

    The code comes first: a spreadsheet makes a number of "+429901".
    """
    return f"{county_code}{EXTRA}"


def cell(column: int, row: int) -> str:
    """A cell of a row, counted from 1, as formulas of that row name it."""
    return f"${xl_col_to_name(column)}{row}"
