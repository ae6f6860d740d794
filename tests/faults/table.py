"""The table of faults for docs/reliability.md: `python -m tests.faults.table` writes it anew."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from tests.faults.builders import ELSEWHERE, FAULTS
from tests.faults.fault import Fault

DOC = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- faults: begin -->\n", "<!-- faults: end -->\n"
_TEST = "tests/faults/test_tables.py::test_each_fault_ends_as_it_must"


def row_order(row: str) -> tuple[str, int]:
    return row[0], int(row[1:])


def table() -> str:
    """One line a row of the fault tables and outcome: the faults that end so."""
    lines = ["| row | ends | faults | test |", "|---|---|---|---|"]
    made = [(one.row, _ends(one), one.name.replace("_", " "), "`[" + one.row + "_…]`") for one in FAULTS]
    made += [(row, ends, what, ", ".join(f"`{one}`" for one in tests)) for row, what, ends, tests in ELSEWHERE]
    ordered = sorted(made, key=lambda one: (row_order(one[0]), one[3], one[1]))
    for (row, ends, test), members in groupby(ordered, key=lambda one: (one[0], one[1], one[3])):
        lines.append(f"| {row} | {ends} | {'; '.join(one[2] for one in members)} | {test} |")
    return "\n".join(lines) + "\n"


def _ends(one: Fault) -> str:
    return "refused (format not read)" if one.later else one.outcome


def document(text: str) -> str:
    """The document with the table as it is now."""
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    head = f"{len(FAULTS)} builders; a mark such as `[A1_…]` is short for `{_TEST}[A1_…]`.\n\n"
    return f"{before}{BEGIN}{head}{table()}{END}{after}"


if __name__ == "__main__":
    DOC.write_text(document(DOC.read_text(encoding="utf-8")), encoding="utf-8")
