"""How large a delivered table may be: the memory it takes grows with its cells, filled or not."""

from __future__ import annotations

from pipeline.errors import Refusal

MAX_COLUMNS = 500
MAX_CELLS = 50_000_000


def within_columns(count: int) -> None:
    """Hold the number of columns against the limit.

    Raises:
        Refusal: there are more.
    """
    if count > MAX_COLUMNS:
        raise Refusal(f"it has {count} columns, more than {MAX_COLUMNS}", "ask for the columns that are wanted")


def within_cells(records: int, columns: int) -> None:
    """Hold the number of cells against the limit.

    Raises:
        Refusal: there are more.
    """
    if records * columns > MAX_CELLS:
        sentence = f"{records} records of {columns} columns are more than {MAX_CELLS} cells"
        raise Refusal(sentence, "ask for smaller files, or for the columns that are wanted")
