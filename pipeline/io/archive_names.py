"""The encoding of names in a zip: marked as UTF-8, or one for all that are not, told by how they read together.

The standard says code page 437; Windows writes whatever its country writes, macOS UTF-8 without a mark. Read one by
one, a Western é passes for a hanzi and a hanzi of GBK for Greek.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from itertools import islice

from pipeline.io.encoding import CLEAR, UNUSUAL, Encoding
from pipeline.io.likelihood import likelihood

# What is tried, the languages written in it, and the nats that speak against it; of equals the first counts. Western
# and Russian Windows write names in the code pages of DOS. In 437 every byte is something.
_ANY = "cp437"
_TRIED: dict[str, tuple[tuple[str, ...], float]] = {
    "utf-8": ((), 0.0),
    "gb18030": (("simplified",), 0.0),
    _ANY: (("latin",), CLEAR),
    "cp1252": (("latin",), CLEAR),
    "cp850": (("latin",), CLEAR + UNUSUAL),
    "cp852": (("latin",), CLEAR + UNUSUAL),
    "cp866": (("cyrillic",), CLEAR),
    "cp1251": (("cyrillic",), CLEAR),
    "cp950": (("traditional",), 2 * CLEAR),
    "cp932": (("japanese",), 2 * CLEAR),
    "cp949": (("korean",), 2 * CLEAR),
}
_UNFIT = 10.0  # nats against an encoding for each name that is not valid in it
_WEIGHED = 2_000  # names


def decide_names(infos: Iterable[zipfile.ZipInfo]) -> Encoding | None:
    """The one encoding of all names that are not marked as UTF-8; None where these are ASCII.

    Every folder and file is weighed once. Nothing is refused for a name: one that is not valid in the encoding is read
    as code page 437.
    """
    steps = sorted({step for one in infos if not _is_marked(one) for step in _steps(one) if not step.isascii()})
    if not steps:
        return None
    some = list(islice(steps, 0, None, len(steps) // _WEIGHED + 1))
    best = max(_TRIED, key=lambda one: _nats(some, one))
    odd = sum(not _fits(step, best) for step in steps)
    left = f"; {odd} of {len(steps)} are not valid in it and were read as {_ANY.upper()}" if odd else ""
    return Encoding(best, f"the names of the files in it, not marked as UTF-8, read best so{left}")


def member_name(info: zipfile.ZipInfo, decided: Encoding | None) -> str:
    """The name of a member, whole; `decided` is what `decide_names` found for its archive."""
    if _is_marked(info) or decided is None:
        return info.orig_filename  # `filename` ends at a NUL
    return "/".join(_read(step, decided.name) for step in _steps(info))


def _is_marked(info: zipfile.ZipInfo) -> bool:
    return bool(info.flag_bits & 0x800)


def _steps(info: zipfile.ZipInfo) -> list[bytes]:
    """Folders and file as the bytes they are; no encoding has the stroke for a second byte."""
    return info.orig_filename.encode(_ANY).split(b"/")


def _nats(steps: Sequence[bytes], name: str) -> float:
    tongues, against = _TRIED[name]
    unfit = sum(not _fits(step, name) for step in steps)
    return likelihood([_read(step, name) for step in steps], (), tongues) - against - _UNFIT * unfit


def _read(step: bytes, name: str) -> str:
    return step.decode(name if _fits(step, name) else _ANY)


def _fits(step: bytes, name: str) -> bool:
    try:
        step.decode(name)
    except UnicodeDecodeError:
        return False
    return True
