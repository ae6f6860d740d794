"""Books in a process of their own, told as JSON: `python -m tests.bench.book FOLDER KIND SCALE PAGES [FEW]`.

With FEW a smaller book is drawn first, twice, so that the difference of the two is a page in the steady state; the
share of the self-check is that of all that records or reads for its sake.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.sheets import book, press
from pipeline.sheets.settings import RenderSettings
from tests.bench import county
from tests.bench.clock import peak_mb, user_s

CHECKS: tuple[tuple[Any, str], ...] = ((book, "check_book"), (press, "page_record"), (press, "picture_record"))


def main(folder: str, kind: str, scale: str, pages: str, few: str = "") -> None:
    draw = drawer(Path(folder), kind, int(scale))
    if not few:
        draw(int(pages))
        kb = target(Path(folder), kind, int(scale), int(pages)).stat().st_size / int(pages) / 1024
        print(json.dumps({"kb": kb, "peak_mb": peak_mb()}))
        return
    draw(int(few))
    checked = timed_checks()
    small, small_check = draw(int(few)), sum(checked)
    checked.clear()
    large, large_check = draw(int(pages)), sum(checked)
    count = int(pages) - int(few)
    page_ms, check_ms = (1e3 * one / count for one in (large - small, large_check - small_check))
    print(json.dumps({"page_ms": page_ms, "check_ms": check_ms, "peak_mb": peak_mb()}))


def drawer(folder: Path, kind: str, scale: int) -> Callable[[int], float]:
    """A function that draws a book of so many pages and gives its user CPU in seconds."""
    seen = county.scenes(folder, kind)
    own, settings = county.county(seen["before"][0]), RenderSettings(scales=(scale,))

    def draw(count: int) -> float:
        told, path = county.pieces(seen["before"][0], count), target(folder, kind, scale, count)
        scenes = seen["before"], seen["after"]
        return user_s(lambda: book.draw_book(path, county.facts(), own, told, *scenes, settings, lambda *_: None))[0]

    return draw


def target(folder: Path, kind: str, scale: int, pages: int) -> Path:
    return folder / f"{kind}-{scale}-{pages}.pdf"


def timed_checks() -> list[float]:
    """From now on the user CPU of each step of the self-check is added to this list."""
    spent: list[float] = []

    def timed(call: Callable[..., Any]) -> Callable[..., Any]:
        def step(*given: Any) -> Any:
            seconds, made = user_s(lambda: call(*given))
            spent.append(seconds)
            return made

        return step

    for room, name in CHECKS:
        setattr(room, name, timed(getattr(room, name)))
    return spent


if __name__ == "__main__":
    main(*sys.argv[1:])
