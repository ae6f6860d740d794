"""What stands where: read from the reports of the last run, shown as a table."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Iterator
from typing import Any

from pipeline.campaign import Files
from pipeline.errors import Refusal

_SHOWN = ("code", "name", "word", "announced", "came", "pieces", "asked", "pages", "rows", "published")


def status_value(files: Files) -> dict[str, Any]:
    """The status of every county, and how many issues there are of each kind.

    Raises:
        Refusal: there is no report yet.
    """
    try:
        text = (files.reports / "status.csv").read_text(encoding="utf-8-sig")
        balance = json.loads((files.reports / "balance.json").read_bytes())
        issues = json.loads(files.state_file("issue_counts.json").read_bytes())
    except (OSError, ValueError):
        raise Refusal("there is no whole report", "run `tuban run` or `tuban report` first") from None
    counties = list(csv.DictReader(io.StringIO(text)))
    return {"campaign": balance["campaign"], "counties": counties, "issues": issues, "balance": balance}


def status_lines(value: dict[str, Any]) -> Iterator[str]:
    """The status as a table for a terminal."""
    rows = [dict(zip(_SHOWN, _SHOWN, strict=True)), *value["counties"]]
    widths = {name: max(_width(row[name]) for row in rows) for name in _SHOWN}
    for row in rows:
        yield "  ".join(row[name] + " " * (widths[name] - _width(row[name])) for name in _SHOWN).rstrip()
    yield ""
    yield from (f"{count:>6}  {code}" for code, count in value["issues"].items())


def _width(text: str) -> int:
    """Columns on a terminal: a hanzi takes two."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def summary_lines(value: dict[str, Any]) -> Iterator[str]:
    """The night in a dozen lines: the books, the counties by state, what is left to do."""
    books = value["balance"]
    records, area, pieces, counties = (books[one] for one in ("records", "area_m2", "pieces", "counties"))
    yield f"campaign   {books['campaign']}"
    yield "books      " + ("; ".join(books["imbalances"]) if "imbalances" in books else "balance")
    yield "records    " + _facts(records, ("received", "accepted", "quarantined", "duplicate"))
    yield "area ha    " + ", ".join(
        f"{area[one] / 10_000:,.2f} {one}" for one in ("accepted", "inside", "outside", "double")
    )
    drawn = f"{books['sheets']['pages']} pages, {books['checklists']['rows']} rows"
    yield f"pieces     {pieces['asked']} asked of {pieces['all']}, {drawn}"
    yield "counties   " + _facts(counties, ("with_patches", "zero", "missing", "partial", "unknown"))
    wanting = [one for one in value["counties"] if one["word"] in ("missing", "partial")]
    yield from (
        f"  {one['code']} {one['name']}: {one['word']}, {one['came']} of {one['announced']}" for one in wanting[:20]
    )
    if len(wanting) > 20:
        yield f"  and {len(wanting) - 20} more in reports/status.csv"
    failed = [one for one in value["counties"] if one["problem"]]
    yield from (f"NO FOLDER  {one['code']} {one['name']}: {one['problem']}" for one in failed)
    yield "issues     " + (", ".join(f"{count} {code}" for code, count in value["issues"].items()) or "none")


def _facts(values: dict[str, Any], names: tuple[str, ...]) -> str:
    return ", ".join(f"{values[one]:,} {one.replace('_', ' ')}" for one in names)
