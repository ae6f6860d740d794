"""What is wrong with the imagery, county by county, the worst first: what somebody can mend, or must know of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.accounts import CountyStatus
from pipeline.issues import Code, Issue
from pipeline.morning.figures import count
from pipeline.morning.links import product_link
from pipeline.morning.markup import Markup, joined, shortened, tag
from pipeline.texts import Texts

SHOWN = 10
NAMED = 3  # damaged files of a county
_COLUMNS = ("code", "county", "bare", "cloudy", "other_date", "apart", "damaged")


@dataclass
class _Doubts:
    """What was found under the sheets of a county: frames of it, or None of offsets that are small or unknown."""

    bare: int = 0
    cloudy: int = 0
    other_date: int = 0
    broken: int = 0
    apart: Issue | None = None  # the widest offset
    damaged: dict[str, None] = field(default_factory=dict)  # names of files, in order

    def frames(self, pages: int) -> int:
        """How many frames are concerned: an offset concerns every page."""
        return self.bare + self.cloudy + self.other_date + self.broken + (pages if self.apart else 0)


def imagery_doubts(counties: Sequence[CountyStatus], issues: Sequence[Issue], words: Texts) -> Markup | None:
    """A row a county with anything to tell, at most `SHOWN`, and how many more; None where there is nothing."""
    found = _found(counties, issues)
    told = [one for one in counties if one.code in found]
    if not told:
        return None
    worst = sorted(told, key=lambda one: (-found[one.code].frames(one.pages), one.code))
    rest = len(worst) - SHOWN
    more = tag("p", words.say("morning.imagery.more", count=count(rest)), class_="quiet") if rest > 0 else None
    heads = (tag("th", words[f"morning.imagery.{one}"], scope="col") for one in _COLUMNS)
    body = (_row(one, found[one.code], words) for one in worst[:SHOWN])
    table = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *body), class_="returned")
    return joined(tag("div", table, class_="wide"), more)


def _found(counties: Sequence[CountyStatus], issues: Sequence[Issue]) -> Mapping[str, _Doubts]:
    found: dict[str, _Doubts] = defaultdict(_Doubts)
    for one in counties:
        if one.bare_frames:
            found[one.code].bare = one.bare_frames
    for issue in issues:
        if issue.code in _NOTED and issue.county_code:
            _note(found[issue.county_code], issue)
    return found


_NOTED = {Code.POSSIBLE_CLOUD, Code.IMAGERY_OTHER_DATE, Code.IMAGERY_BROKEN, Code.IMAGERY_APART}


def _note(doubts: _Doubts, issue: Issue) -> None:
    if issue.code is Code.POSSIBLE_CLOUD:
        doubts.cloudy += 1
    elif issue.code is Code.IMAGERY_OTHER_DATE:
        doubts.other_date += 1
    elif issue.code is Code.IMAGERY_BROKEN:
        doubts.broken += 1
        doubts.damaged[str(issue.facts["file"])] = None
    elif doubts.apart is None or _pixels(issue) > _pixels(doubts.apart):
        doubts.apart = issue


def _pixels(issue: Issue) -> float:
    return float(issue.facts["pixels"])


def _row(one: CountyStatus, doubts: _Doubts, words: Texts) -> Markup:
    numbers = (tag("td", count(value) if value else "") for value in (doubts.bare, doubts.cloudy, doubts.other_date))
    return tag(
        "tr",
        tag("td", one.code),
        tag("td", product_link(one, "sheets.pdf", shortened(one.name, 40))),
        *numbers,
        tag("td", words.say("morning.imagery.offset", **doubts.apart.facts) if doubts.apart else ""),
        tag("td", _files(list(doubts.damaged), words)),
    )


def _files(names: Sequence[str], words: Texts) -> str:
    listed = words["morning.list_separator"].join(shortened(one, 60) for one in names[:NAMED])
    return listed + (words.say("morning.and_more", count=count(len(names))) if len(names) > NAMED else "")
