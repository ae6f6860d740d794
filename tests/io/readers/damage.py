"""Cut and flipped copies of a file, and what must hold of whatever a reader makes of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pipeline.errors import Refusal
from pipeline.io.readers.raw import Raw

POINTS = 20
WAIT_S = 10
Read = Callable[[Path], list[Raw]]


def cuts(data: bytes) -> Iterator[bytes]:
    """Copies that end at twenty places spread over the file, none of them whole."""
    for at in range(POINTS):
        yield data[: (len(data) - 1) * (at + 1) // (POINTS + 1)]
    yield data[:-1]


def flips(data: bytes) -> Iterator[bytes]:
    """Copies with one bit of one byte turned, at twenty places."""
    for at in range(POINTS):
        place = (len(data) - 1) * (at + 1) // (POINTS + 1)
        yield data[:place] + bytes([data[place] ^ (1 << at % 8)]) + data[place + 1 :]


def outcome(read: Read, path: Path, data: bytes) -> list[Raw]:
    """What is read of a damaged file, [] where it is refused with a sentence; never another error, never for long."""
    path.write_bytes(data)
    return settled(read, path)


def settled(read: Read, path: Path) -> list[Raw]:
    begun = time.monotonic()
    found, refusal = _tried(read, path)
    assert refusal is None or (refusal.sentence and refusal.hint)
    assert time.monotonic() - begun < WAIT_S
    for one in found:
        whole(one)
    return found


def whole(raw: Raw) -> None:
    """Every list of a layer is of one length, and it says no more than it has."""
    assert len(raw.rows) == len(raw.wkb)
    assert {len(one) for one in raw.fields.values()} <= {len(raw.rows)}
    assert raw.declared in (-1, len(raw.rows))


def records(found: list[Raw]) -> int:
    return sum(len(one.rows) for one in found)


def unclear(found: list[Raw]) -> bool:
    """Whether the file was refused, or one of its records has no outline and will be set aside."""
    return not found or any(blob is None for one in found for blob in one.wkb)


def outlines(found: list[Raw]) -> set[bytes]:
    return {blob for one in found for blob in one.wkb if blob is not None}


def _tried(read: Read, path: Path) -> tuple[list[Raw], Refusal | None]:
    try:
        return read(path), None
    except Refusal as refusal:
        return [], refusal
