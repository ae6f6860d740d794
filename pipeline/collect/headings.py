"""Which column is which: by what stands above it, in any language, never by its place."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.collect.grid import Grid
from pipeline.collect.numbers import unit_of
from pipeline.collect.spelling import Raw, folded, plain, said_text
from pipeline.collect.values import Terms
from pipeline.forms.form import Field
from pipeline.forms.table import SEAM_CODE
from pipeline.texts import languages, texts

HEAD_WITHIN = 10  # rows within which the headings are looked for
UID, CODE, COUNTY, PART, NUMBER, BASE = "patch_uid", "row_code", "county_code", "part_no", "patch_no", "base"
SEAM = SEAM_CODE  # the check code once more, amid the long columns
KNOWN = "known"  # columns that are ours and say nothing new
GEOMETRY_COLUMNS = ("fid", "geom")
Headings = Mapping[str, str]  # folded heading → key of a question or of an identity
_BRACKETS = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]")


@dataclass(frozen=True)
class Columns:
    """Where the headings are, and what each column is."""

    head: int  # row of the headings
    keys: Mapping[str, int]  # key of a question or of an identity → column
    strange: Mapping[int, str] = field(default_factory=dict)  # column → heading that is none of the form's


def find_columns(grid: Grid, terms: Terms) -> Columns | None:
    """The row of headings among the first ten and what its columns are; None where the table is no checklist."""
    known = headings_of(terms)
    found = [columns_of(at, row, known, terms) for at, row in enumerate(grid.rows[:HEAD_WITHIN])]
    asked = {one.key for one in terms.form.fields if one.by == "officer"}
    fitting = [one for one in found if {UID, NUMBER, CODE} & set(one.keys) and asked & set(one.keys)]
    return max(fitting, key=lambda one: (len(one.keys), -one.head), default=None)


def headings_of(terms: Terms) -> Headings:
    """Every heading that is known, in every language."""
    return dict(_headings(terms))


def columns_of(at: int, row: Sequence[Raw], known: Headings, terms: Terms) -> Columns:
    """What each column below a row of headings is."""
    keys: dict[str, int] = {}
    strange: dict[int, str] = {}
    for column, raw in enumerate(row):
        heading = said_text(raw)
        key = known.get(folded_heading(heading), "")
        if key and (key == KNOWN or key not in keys) and _own_unit(key, heading, terms):
            keys[key] = column
        elif heading:
            strange[column] = heading
    return Columns(at, keys, strange)


def _headings(terms: Terms) -> Iterator[tuple[str, str]]:
    """Every heading that is known, folded, with its key; what comes later counts."""
    given = [key for key in terms.words.keys() if key.startswith("form.name.")]  # noqa: SIM118
    for words in map(texts, languages()):
        yield from ((folded(_bare(words[key])), KNOWN) for key in given)
        yield from ((folded(words[f"collect.heading.{key}"]), PART) for key in ("plot", "parcel"))
        yield folded(words["returns.reissue.column"]), KNOWN
    yield from ((folded(key.rpartition(".")[2]), KNOWN) for key in given)
    yield from ((folded(one), KNOWN) for one in (*GEOMETRY_COLUMNS, f"area_{terms.facts.area_unit}", "area_m2"))
    for one in terms.form.fields:
        if one.by != "reviewer":
            yield from ((word, one.key) for word in _words(one, terms))
    for words in map(texts, languages()):
        yield folded(words["form.code"]), CODE
        yield from ((folded(words[f"form.name.{key}"]), key) for key in (UID, CODE, COUNTY, NUMBER))
    yield from ((folded(key), key) for key in (UID, CODE, COUNTY, NUMBER, PART, BASE, SEAM))


def _words(one: Field, terms: Terms) -> Iterator[str]:
    for words in one.heading.values():
        yield folded_heading(words.replace("{unit}", ""))
    yield folded(one.key)
    yield folded(one.column(terms.facts.area_unit))


def folded_heading(heading: str) -> str:
    """A heading without units in brackets, folded."""
    return folded(_bare(heading))


def _bare(heading: str) -> str:
    return _BRACKETS.sub("", plain(heading))


def _own_unit(key: str, heading: str, terms: Terms) -> bool:
    """Whether an area's heading names no other unit than the office's: its numbers would be taken for others."""
    if key not in {one.key for one in terms.form.fields if one.unit == "area"}:
        return True
    units = {unit_of("".join((one[0] or one[1]).casefold().split())) for one in _BRACKETS.findall(plain(heading))}
    return units <= {"", terms.facts.area_unit}


def nearest_heading(heading: str, terms: Terms) -> str:
    """The question a strange heading is nearest to, "" if it is near none."""
    names = {folded(terms.name(one)): terms.name(one) for one in terms.form.written}
    near = difflib.get_close_matches(folded_heading(heading), names, 1, 0.5)
    return names[near[0]] if near else ""
