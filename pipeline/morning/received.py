"""What was delivered: each file and layer with its account, refused files first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.morning.figures import count
from pipeline.morning.markup import Markup, joined, shortened, tag
from pipeline.texts import Texts

ACCOUNT = ("received", "accepted", "quarantined", "duplicate")
SHOWN = 300


def deliveries(books: Mapping[str, Any], refused: Sequence[str], words: Texts) -> Markup:
    """The deliveries and their total, which is that of the books; the many beyond a few hundred in one row."""
    rows = sorted(books["by_delivery"], key=lambda one: _rank(one, refused))
    shown, rest = rows[:SHOWN], rows[SHOWN:]
    heads = (tag("th", words[f"morning.column.{one}"], scope="col") for one in ("file", "layer", *ACCOUNT, "digest"))
    others = _others(rest, words) if rest else None
    foot = tag("tfoot", tag("tr", tag("th", words["morning.all"], colspan=2), *_figures(books["records"]), tag("td")))
    body = tag("tbody", *(_row(one, refused, words) for one in shown), others)
    table = tag("table", tag("thead", tag("tr", *heads)), body, foot, class_="deliveries")
    return joined(tag("div", table, class_="wide"), _reasons(books["quarantine_by_reason"], words))


def _rank(one: Mapping[str, Any], refused: Sequence[str]) -> int:
    """Refused files first, then those with quarantined records; the rest in the order of the books."""
    return 0 if _is_refused(one, refused) else 1 if one["quarantined"] else 2


def _is_refused(one: Mapping[str, Any], refused: Sequence[str]) -> bool:
    return bool(one.get("refused")) or one["file"] in refused


def _row(one: Mapping[str, Any], refused: Sequence[str], words: Texts) -> Markup:
    is_bad = _is_refused(one, refused)
    why = tag("em", _why(one, words)) if is_bad else None
    return tag(
        "tr",
        tag("td", joined(shortened(one["file"], 120), " ", why)),
        tag("td", shortened(one["layer"], 60)),
        *_figures(one),
        tag("td", tag("code", one["delivery"][:12])),
        class_="refused" if is_bad else None,
    )


def _why(one: Mapping[str, Any], words: Texts) -> str:
    code = str(one.get("refused", ""))
    return ": ".join(said for said in (words["morning.refused"], _reason(code, words)) if said)


def _others(rest: Sequence[Mapping[str, Any]], words: Texts) -> Markup:
    name = words.say("morning.more_deliveries", count=count(len(rest)))
    sums = {item: sum(one[item] for one in rest) for item in ACCOUNT}
    return tag("tr", tag("td", name, colspan=2), *_figures(sums), tag("td"))


def _figures(one: Mapping[str, Any]) -> list[Markup]:
    return [tag("td", count(one[item])) for item in ACCOUNT]


def _reasons(by_reason: Mapping[str, int], words: Texts) -> Markup | None:
    """Why records are not accepted, by count."""
    if not by_reason:
        return None
    order = sorted(by_reason.items(), key=lambda one: (-one[1], one[0]))
    rows = (tag("li", tag("b", count(number)), tag("span", _reason(code, words))) for code, number in order)
    return joined(tag("h3", words["morning.reasons"]), tag("ul", *rows, class_="waits"))


def _reason(code: str, words: Texts) -> str:
    """A kind of issue by its name, or by its code where a later version wrote it."""
    key = f"morning.issue.{code.lower()}"
    if key in words:
        return words[key]
    return code
