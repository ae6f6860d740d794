"""What stands where: read from the reports of the last run, shown as a table."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

from pipeline.campaign import Files
from pipeline.errors import Refusal
from pipeline.fields import iso_date

if TYPE_CHECKING:
    from pipeline.intake.expected import Announced

_SHOWN = ("code", "name", "word", "announced", "came", "pieces", "asked", "answered", "open", "conflict")
_LAST = ("pages", "rows", "published")
_VERDICT = "verdict_"
_WAITING = ("to_correct", "times_returned")
_SPOKEN = ("contact", "phone", "deadline")
_NAMED = 20  # counties in a summary before "and more"


def status_value(
    files: Files, announced: Mapping[str, Announced] | None = None, as_of: date | None = None
) -> dict[str, Any]:
    """The status of every county, how many issues there are of each kind, and who is overdue on the day `as_of`.

    `announced` gives contacts and deadlines by county code. A county is overdue where its deadline lies before
    `as_of` and some of its pieces are open; without `as_of` nobody is, for no product reads the clock.

    Raises:
        Refusal: there is no report yet.
    """
    try:
        text = (files.reports / "status.csv").read_text(encoding="utf-8-sig")
        balance = json.loads((files.reports / "balance.json").read_bytes())
        issues = json.loads(files.state_file("issue_counts.json").read_bytes())
    except (OSError, ValueError):
        raise Refusal("there is no whole report", "run `tuban run` or `tuban report` first") from None
    counties = [_county(one, announced or {}, as_of) for one in csv.DictReader(io.StringIO(text))]
    late = sorted((one for one in counties if one["overdue"]), key=lambda one: (iso_date(one["deadline"]), one["code"]))
    value = {"campaign": balance["campaign"], "counties": counties, "issues": issues, "balance": balance}
    return value | {"as_of": as_of.isoformat() if as_of else None, "overdue": [one["code"] for one in late]}


def _county(row: dict[str, str], announced: Mapping[str, Announced], as_of: date | None) -> dict[str, Any]:
    one = announced.get(row["code"])
    spoken = {name: asdict(one)[name] if one else "" for name in _SPOKEN}
    return {**row, **spoken, "overdue": _overdue(row, spoken["deadline"], as_of)}


def _overdue(row: Mapping[str, str], deadline: str, as_of: date | None) -> bool:
    """A deadline given as a month is its last day; one that cannot be read makes nobody late."""
    day = iso_date(deadline)
    if as_of is None or not day or not int(row["open"]):
        return False
    return day < as_of.isoformat()[: len(day)]


def status_lines(value: dict[str, Any]) -> Iterator[str]:
    """The status as a table for a terminal; counties that are overdue are named before all."""
    yield from _overdue_lines(value)
    shown = (*_SHOWN, *_reviews(value), *_verdicts(value), *_LAST)
    heads = {name: name.removeprefix(_VERDICT) for name in shown}
    rows = [heads, *value["counties"]]
    widths = {name: max(_width(row[name]) for row in rows) for name in shown}
    for row in rows:
        yield "  ".join(row[name] + " " * (widths[name] - _width(row[name])) for name in shown).rstrip()
    yield ""
    yield from (f"{count:>6}  {code}" for code, count in value["issues"].items())


def _reviews(value: Mapping[str, Any]) -> list[str]:
    """What waits for the county, and how far city and province are, once there is anything of it."""
    counties = value["counties"]
    told = [name for name in _WAITING if any(int(one.get(name) or 0) for one in counties)]
    reviewed = any(int(one[name]) for one in counties for name in _said(one))
    return [*told, "review"] if reviewed else told


def _said(one: Mapping[str, str]) -> list[str]:
    """The columns of what city and province said."""
    return [name for name in one if name.startswith("review_") and name.endswith(("_passed", "_returned"))]


def _verdicts(value: Mapping[str, Any]) -> list[str]:
    """The verdict columns, once anything is answered."""
    counties = value["counties"]
    names = [one for one in (counties[0] if counties else {}) if one.startswith(_VERDICT) and not one.endswith("_m2")]
    return names if any(int(one["answered"]) for one in counties) else []


def _overdue_lines(value: Mapping[str, Any], most: int | None = None) -> Iterator[str]:
    by_code = {one["code"]: one for one in value["counties"]}
    for code in value["overdue"][:most]:
        one = by_code[code]
        reach = " ".join(said for said in (one["contact"], one["phone"]) if said)
        told = f"OVERDUE    {code} {one['name']}: {one['open']} of {one['asked']} open, due {one['deadline']}"
        yield told + (f", {reach}" if reach else "")
    if most is not None and len(value["overdue"]) > most:
        yield f"           and {len(value['overdue']) - most} more"
    if value["overdue"]:
        yield ""


def _width(text: str) -> int:
    """Columns on a terminal: a hanzi takes two."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def summary_lines(value: dict[str, Any]) -> Iterator[str]:
    """The night in a dozen lines: who is late, the books, the counties by state, what is left to do."""
    books = value["balance"]
    records, area, pieces, counties = (books[one] for one in ("records", "area_m2", "pieces", "counties"))
    yield from _overdue_lines(value, _NAMED)
    yield f"campaign   {books['campaign']}"
    yield "books      " + ("; ".join(books["imbalances"]) if "imbalances" in books else "balance")
    yield "records    " + _facts(records, ("received", "accepted", "quarantined", "duplicate"))
    yield "area ha    " + ", ".join(
        f"{area[one] / 10_000:,.2f} {one}" for one in ("accepted", "inside", "outside", "double")
    )
    drawn = f"{books['sheets']['pages']} pages, {books['checklists']['rows']} rows"
    yield f"pieces     {pieces['asked']} asked of {pieces['all']}, {drawn}"
    yield "counties   " + _facts(counties, ("with_patches", "zero", "missing", "partial", "unknown"))
    yield from _wanting([one for one in value["counties"] if one["word"] in ("missing", "partial")])
    yield "returns    " + _returns(books["returns"])
    yield from _back(value["counties"])
    yield from _found(value)
    failed = [one for one in value["counties"] if one["problem"]]
    yield from (f"NO FOLDER  {one['code']} {one['name']}: {one['problem']}" for one in failed)
    yield "issues     " + (", ".join(f"{count} {code}" for code, count in value["issues"].items()) or "none")


def _wanting(counties: Sequence[Mapping[str, str]]) -> Iterator[str]:
    yield from (
        f"  {one['code']} {one['name']}: {one['word']}, {one['came']} of {one['announced']}"
        for one in counties[:_NAMED]
    )
    if len(counties) > _NAMED:
        yield f"  and {len(counties) - _NAMED} more in reports/status.csv"


def _returns(books: Mapping[str, int]) -> str:
    """Answered with its share, rounded down, and what else became of what was asked."""
    whole = books["open"] + books["answered"] + books["conflict"]
    share = f" ({100 * books['answered'] // whole} %)" if whole else ""
    return f"{books['answered']:,} answered{share}, " + _facts(books, ("open", "conflict", "unmatched"))


def _back(counties: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """What counties have to mend: answers that break a rule, and what city and province returned."""
    wrong = sum(int(one.get("to_correct") or 0) for one in counties)
    back = sum(int(one[name]) for one in counties for name in _said(one) if name.endswith("_returned"))
    if wrong or back:
        yield f"to mend    {wrong} to correct, {back} returned by city or province"


def _found(value: Mapping[str, Any]) -> Iterator[str]:
    names = _verdicts(value)
    if names:
        sums = {one: sum(int(county[one]) for county in value["counties"]) for one in names}
        yield "verdicts   " + ", ".join(f"{count:,} {name.removeprefix(_VERDICT)}" for name, count in sums.items())


def _facts(values: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return ", ".join(f"{values[one]:,} {one.replace('_', ' ')}" for one in names)
