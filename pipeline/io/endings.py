"""Lists of lines have neither a count nor an end mark: what can be seen of a cut is a last line that is not whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from pipeline.errors import Refusal

_SEPARATORS = (b",", b";", b"\t", b"|")


def last_line_whole(kind: str, path: Path) -> None:
    """Hold the last line of a file against what a whole one is; other kinds than lists of lines pass.

    Raises:
        Refusal: the file ends in the middle of a line.
    """
    whole = _WHOLE.get(kind)
    if whole is None:
        return
    data = path.read_bytes()
    first, last = data.partition(b"\n")[0], data.rpartition(b"\n")[2]
    if data.count(b'"') % 2 == 0 and last.count(b'"') % 2:
        return  # the end of a quoted cell of several lines
    if last.strip() and b"\0" not in last and not whole(first, last):
        raise Refusal("it ends in the middle of a line: it is cut off", "ask the sender to send it again")


def _is_json(_: bytes, last: bytes) -> bool:
    try:
        json.loads(last.lstrip(b"\x1e"))
    except (ValueError, RecursionError):
        return False
    return True


def _is_row(first: bytes, last: bytes) -> bool:
    """Whether quotes and brackets close, and there are as many separators as in the line of names."""
    pairs = last.count(b'"') % 2 == 0 and last.count(b"(") == last.count(b")")
    separator = max(_SEPARATORS, key=first.count)
    return pairs and last.count(separator) >= first.count(separator)


_WHOLE: dict[str, Callable[[bytes, bytes], bool]] = {"geojson_lines": _is_json, "csv": _is_row}
