"""QR codes (ISO/IEC 18004) as runs of dark modules."""

from __future__ import annotations

from functools import lru_cache

import segno

MASK = 2  # any mask is read; one that is given saves weighing all eight


@lru_cache(maxsize=4)
def bars(words: str) -> tuple[int, tuple[tuple[int, int, int], ...]]:
    """The number of modules along a side, and dark runs as (x, y, length), x right and y down."""
    matrix = segno.make_qr(words, error="m", boost_error=False, mask=MASK).matrix
    runs = []
    for y, row in enumerate(matrix):
        start = -1
        for x, dark in enumerate([*row, 0]):
            if dark and start < 0:
                start = x
            elif not dark and start >= 0:
                runs.append((start, y, x - start))
                start = -1
    return len(matrix), tuple(runs)
