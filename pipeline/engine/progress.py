"""Progress on long work: a bar on a terminal, a line a minute in a log."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import Callable, Iterator

EVERY_S = 60.0

Talk = Callable[[str], None]
Step = Callable[[str], None]


def silent(_: str) -> None:
    """Say nothing."""


def log(words: str) -> None:
    """Say it in the log; the command line decides where that goes."""
    logging.getLogger("tuban").info(words)


@contextlib.contextmanager
def progress(label: str, total: int, talk: Talk = log, bar: bool | None = None) -> Iterator[Step]:
    """A function to call once for each thing done, with its name."""
    wanted = sys.stderr.isatty() if bar is None else bar
    if wanted and total > 1:
        from tqdm import tqdm

        with tqdm(total=total, desc=label, file=sys.stderr, leave=False, dynamic_ncols=True) as shown:

            def advance(name: str) -> None:
                shown.set_postfix_str(name, refresh=False)
                shown.update()

            yield advance
    else:
        yield _lines(label, total, talk)


def _lines(label: str, total: int, talk: Talk) -> Step:
    begun = last = time.monotonic()
    done = 0

    def advance(name: str) -> None:
        nonlocal last, done
        done += 1
        now = time.monotonic()
        if now - last >= EVERY_S:
            last = now
            left = (now - begun) / done * (total - done)
            talk(f"{label} {done}/{total} {name}, about {left / 60:.0f} min left")

    return advance
