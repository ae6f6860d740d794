"""What came back: each returned file with its account and receipt, and what a person has to decide."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from pipeline.morning.figures import count
from pipeline.morning.markup import Markup, joined, shortened, tag
from pipeline.rollup.disputes import Answer, Dispute
from pipeline.texts import Texts

FATES = ("taken", "contained", "superseded", "conflict", "overruled", "unmatched", "left")
_WAITING = ("conflict", "unmatched")
SHOWN_FILES, SHOWN_DISPUTES = 200, 20


@dataclass(frozen=True)
class VerdictMark:
    """A verdict of the campaign's form as the page shows it; colour as #RRGGBB, "" for none."""

    code: str
    label: str
    colour: str


@dataclass(frozen=True)
class ReturnedFile:
    """One returned file: what became of its rows, and where its receipt lies as seen from the page ("" for none)."""

    file: str
    digest: str
    door: str
    rows: Mapping[str, int]
    receipt: str = ""


@dataclass(frozen=True)
class Returns:
    """All that came back; `verdicts` in the order of the form."""

    verdicts: tuple[VerdictMark, ...] = ()
    files: tuple[ReturnedFile, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    review_labels: Mapping[str, str] = field(default_factory=dict)  # states of city and province in words, in order


def returned(returns: Returns, words: Texts) -> Markup:
    """Conflicts first, for they wait; then the files, those with rows that wait before the others."""
    return joined(_disputes(returns.disputes, words), _files(returns.files, words))


def _files(files: Sequence[ReturnedFile], words: Texts) -> Markup:
    rows = sorted(files, key=lambda one: (not any(one.rows.get(fate) for fate in _WAITING), one.file, one.digest))
    fates = [fate for fate in FATES if any(one.rows.get(fate) for one in files)]
    shown, rest = rows[:SHOWN_FILES], rows[SHOWN_FILES:]
    heads = [tag("th", words["morning.column.file"], scope="col"), tag("th", words["morning.column.door"], scope="col")]
    heads += [tag("th", words[f"returns.fate.{fate}"], scope="col") for fate in fates]
    heads.append(tag("th", words["morning.column.digest"], scope="col"))
    others = _sum(words.say("morning.more_returns", count=count(len(rest))), rest, fates) if rest else None
    body = tag("tbody", *(_row(one, fates, words) for one in shown), others)
    foot = tag("tfoot", _sum(words["morning.all"], files, fates))
    return tag("div", tag("table", tag("thead", tag("tr", *heads)), body, foot, class_="returned"), class_="wide")


def _row(one: ReturnedFile, fates: Sequence[str], words: Texts) -> Markup:
    name = shortened(one.file, 120)
    file = tag("a", name, href=quote(one.receipt)) if one.receipt else name
    door = f"morning.door.{one.door}"
    waits = any(one.rows.get(fate) for fate in _WAITING)
    return tag(
        "tr",
        tag("td", file),
        tag("td", words[door] if door in words else one.door),  # noqa: SIM401  (Texts is no dict)
        *(tag("td", _figure(one.rows.get(fate, 0)), class_="look" if fate in _WAITING else None) for fate in fates),
        tag("td", tag("code", one.digest[:12])),
        class_="waiting" if waits else None,
    )


def _figure(number: int) -> str:
    return count(number) if number else ""


def _sum(name: str, files: Sequence[ReturnedFile], fates: Sequence[str]) -> Markup:
    sums: Counter[str] = Counter()
    for one in files:
        sums.update(one.rows)
    return tag("tr", tag("td", name, colspan=2), *(tag("td", count(sums[fate])) for fate in fates), tag("td"))


def _disputes(found: Sequence[Dispute], words: Texts) -> Markup | None:
    if not found:
        return None
    heads = (
        tag("th", words[f"morning.column.{one}"], scope="col") for one in ("patch", "answer", "source", "decision")
    )
    body = (row for one in found[:SHOWN_DISPUTES] for row in _dispute(one, words))
    table = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *body), class_="disputes")
    rest = len(found) - SHOWN_DISPUTES
    more = words.say("morning.more_disputes", count=count(rest)) if rest > 0 else None
    return joined(
        tag("h3", words.say("morning.disputes", count=count(len(found)))),
        tag("p", words["morning.decide"], class_="quiet"),
        tag("div", table, class_="wide"),
        tag("p", more, class_="quiet") if more else None,
        tag("h3", words["morning.returned_files"]),
    )


def _dispute(one: Dispute, words: Texts) -> Iterator[Markup]:
    patch = joined(tag("b", shortened(one.county_name, 40)), " ", tag("small", shortened(one.patch_no, 60)))
    for at, answer in enumerate(one.answers):
        yield tag(
            "tr",
            tag("td", patch, rowspan=len(one.answers)) if at == 0 else None,
            tag("td", shortened(answer.said, 160)),
            tag("td", shortened(answer.place or answer.file, 120)),
            tag("td", tag("code", _line(one, answer, words))),
            class_="next" if at == 0 else None,
        )


def _line(one: Dispute, answer: Answer, words: Texts) -> str:
    """The line of decisions.csv by which this answer counts; two rows of one file can only be left and sent anew."""
    who, when, why = (words[f"morning.decision.{name}"] for name in ("who", "when", "reason"))
    chosen = [answer.named, "leave"] if one.one_file else [one.id, f"take {answer.named}"]
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([who, when, *chosen, why])
    return text.getvalue()
