"""The issues by kind: how many, what they mean, and the first of each in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from pipeline.accounts import CountyStatus
from pipeline.issues import Code, Issue, Severity, severity
from pipeline.morning.figures import count
from pipeline.morning.links import product_link
from pipeline.morning.markup import Markup, escaped, joined, shortened, tag
from pipeline.texts import Texts

SHOWN = 20  # of each kind
SENTENCE_LENGTH = 300
_GRAVEST_FIRST = list(Severity)


def defects(
    issues: Sequence[Issue], sentences: Sequence[str], counties: Sequence[CountyStatus], campaign: str, words: Texts
) -> Markup:
    """One entry a kind, gravest first; each opens on its first rows and says where the others are."""
    if not issues:
        return tag("p", words["morning.no_issues"], class_="quiet")
    found: dict[Code, list[tuple[Issue, str]]] = defaultdict(list)
    for issue, sentence in zip(issues, sentences, strict=True):
        found[issue.code].append((issue, sentence))
    by_code = {one.code: one for one in counties}
    order = sorted(found, key=lambda code: (_GRAVEST_FIRST.index(severity(code)), -len(found[code]), str(code)))
    return joined(*(_kind(code, found[code], by_code, campaign, words) for code in order))


def _kind(
    code: Code, rows: Sequence[tuple[Issue, str]], counties: Mapping[str, CountyStatus], campaign: str, words: Texts
) -> Markup:
    grave = str(severity(code))
    name = tag("b", words[f"morning.issue.{code.lower()}"])
    mark = tag("i", words[f"morning.severity.{grave}"], class_=grave)
    example = tag("small", shortened(rows[0][1], 110))
    summary = tag("summary", mark, tag("output", count(len(rows))), name, example)
    heads = (tag("th", words[f"morning.column.{one}"], scope="col") for one in ("county", "sentence", "source"))
    body = (_row(issue, sentence, counties, words) for issue, sentence in rows[:SHOWN])
    table = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *body))
    rest = len(rows) - SHOWN
    more = words.say("morning.more_issues", count=count(rest), code=code, campaign=campaign)
    return tag(
        "details", summary, tag("div", table, class_="wide"), tag("p", more, class_="quiet") if rest > 0 else None
    )


def _row(issue: Issue, sentence: str, counties: Mapping[str, CountyStatus], words: Texts) -> Markup:
    source = " · ".join(one for one in (issue.source_file, issue.source_layer, _line_of(issue, words)) if one)
    return tag(
        "tr",
        tag("td", _county(issue.county_code, counties)),
        tag("td", shortened(sentence, SENTENCE_LENGTH)),
        tag("td", shortened(source, 120)),
    )


def _county(code: str, counties: Mapping[str, CountyStatus]) -> Markup:
    one = counties.get(code)
    return product_link(one, "project.qgz", one.name) if one else escaped(shortened(code, 40))


def _line_of(issue: Issue, words: Texts) -> str:
    return words.say("morning.row", row=issue.source_row + 1) if issue.source_row >= 0 else ""
