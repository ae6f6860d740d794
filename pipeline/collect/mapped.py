"""A table of another system as a checklist: its columns brought to the form's keys, each cell still where it stands.

What is read of a row stands in columns of our own behind its own ones; places, formulas and headings are those of the
columns it came from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pipeline.collect.evidence import origin_of, returned
from pipeline.collect.grid import Grid, Marks
from pipeline.collect.headings import (
    CODE,
    COUNTY,
    HEAD_WITHIN,
    KNOWN,
    NUMBER,
    PART,
    UID,
    Columns,
    Headings,
    columns_of,
    find_columns,
    folded_heading,
    headings_of,
)
from pipeline.collect.maps import ColumnMap
from pipeline.collect.numbers import converted, number_of
from pipeline.collect.returned import MAPPED, Doubt, Remark, ReturnedFile, ReturnedRow
from pipeline.collect.spelling import Raw, folded, plain, said_text, shown
from pipeline.collect.tabular import read_table, table_of
from pipeline.collect.values import Terms
from pipeline.forms.form import Field

_OF_IDENTITY = {"patch_uid": UID, "row_code": CODE, "patch_no": NUMBER, "county": COUNTY, "part_no": PART}
_BETWEEN_GROUPS = ("/", "-", ".")  # Kobo, ODK Central, older Aggregate
_YES = ("1", "true", "yes")


@dataclass(frozen=True)
class Fit:
    """A map that a table answers to: the row of its headings, and the columns of each key, in the order of asking."""

    by: ColumnMap
    head: int
    keys: Mapping[str, tuple[int, ...]]
    split: Mapping[str, Mapping[str, int]]  # key of a question with several answers → code → column that says 0 or 1
    given: frozenset[int] = frozenset()  # columns that only repeat what was sent


def fitting(grid: Grid, terms: Terms) -> Fit | None:
    """The first map that a table answers to; None where none does, or the table is a checklist of our own."""
    own = find_columns(grid, terms)
    ours = own is not None and {UID, CODE} <= set(own.keys)
    for one in terms.maps:
        if one.takes(grid.file) and (one.own_form or not ours):
            for at, row in enumerate(grid.rows[:HEAD_WITHIN]):
                if {folded(each) for each in one.headings} <= {folded(said_text(cell)) for cell in row}:
                    return _of_own_form(one, at, row, terms) if one.own_form else _declared(one, at, row)
    return None


def _declared(by: ColumnMap, head: int, row: Sequence[Raw]) -> Fit:
    place = _places(row)
    keys: dict[str, tuple[int, ...]]
    keys = {_OF_IDENTITY[name]: (place[folded(said)],) for name, said in by.patch.items() if folded(said) in place}
    for key, headings in by.answers.items():
        there = tuple(place[folded(one)] for one in headings if folded(one) in place)
        keys |= {key: there} if there else {}
    return Fit(by, head, keys, {})


def _places(row: Sequence[Raw]) -> dict[str, int]:
    """Folded heading → its first column."""
    found: dict[str, int] = {}
    for column, cell in enumerate(row):
        found.setdefault(folded(said_text(cell)), column)
    return found


def _of_own_form(by: ColumnMap, head: int, row: Sequence[Raw], terms: Terms) -> Fit:
    """By the form's own keys and headings, whatever groups an export writes before them."""
    known = headings_of(terms)
    bare = [_without_groups(said_text(cell), known) for cell in row]
    found = columns_of(head, bare, known, terms)
    keys = {key: (column,) for key, column in found.keys.items() if key != KNOWN}
    given = frozenset(at for at, one in enumerate(bare) if known.get(folded_heading(one)) == KNOWN)
    return Fit(by, head, {**keys, **_declared(by, head, row).keys}, _split(row, known, terms), given)


def _without_groups(heading: str, known: Headings) -> str:
    if folded_heading(heading) in known:
        return heading
    tails = (heading.rpartition(one)[2] for one in _BETWEEN_GROUPS if one in heading)
    return next((one for one in tails if folded_heading(one) in known), heading)


def _split(row: Sequence[Raw], known: Headings, terms: Terms) -> dict[str, dict[str, int]]:
    """Columns of one choice each, "…/<question>/<choice>"."""
    made: dict[str, dict[str, int]] = {}
    multi = {one.key for one in terms.form.fields if one.type == "multi"}
    for column, cell in enumerate(row):
        question, _, choice = said_text(cell).rpartition("/")
        key = known.get(folded_heading(_without_groups(question, known)), "")
        codes = terms.vocabularies[key].codes.get(folded(choice), ()) if key in multi else ()
        if len(codes) == 1:
            made.setdefault(key, {})[codes[0]] = column
    return made


def read_mapped(grid: Grid, fit: Fit, terms: Terms) -> tuple[list[ReturnedRow], list[Remark]]:
    """The rows of a table as its map reads them, and all remarks on it, in order of the rows."""
    made, columns = _brought(grid, fit, terms)
    table, aside = table_of(made, columns, terms), _set_aside(grid, fit)
    rows, remarks = read_table(table, [], terms)
    at = {table.place(row): row for row in table.rows}
    doubts = [
        Remark(Doubt.SET_ASIDE, one.place, one.patch_uid, one.county_code, aside[at[one.place]])
        for one in rows
        if at[one.place] in aside
    ]
    rows = [replace(one, called=_called(grid, at[one.place], fit)) for one in rows]
    rows = [replace(one, refused=str(Doubt.SET_ASIDE)) if at[one.place] in aside else one for one in rows]
    return rows, [*remarks, *doubts, *_not_named(grid, fit)]


def _called(grid: Grid, row: int, fit: Fit) -> tuple[str, ...]:
    """What its own system calls a row, each with the heading it stands under."""
    place = _places(grid.rows[fit.head])
    said = [(heading, said_text(_cell(grid, row, place.get(folded(heading), -1)))) for heading in fit.by.names]
    return tuple(f"{heading} {value}" for heading, value in said if value)


def _set_aside(grid: Grid, fit: Fit) -> dict[int, Mapping[str, str]]:
    """Rows that their own system calls refused, with what it says."""
    place = _places(grid.rows[fit.head])
    found: dict[int, Mapping[str, str]] = {}
    for heading, words in fit.by.set_aside.items():
        column, refused = place.get(folded(heading), -1), {folded(one) for one in words}
        for row in range(fit.head + 1, len(grid.rows)):
            said = said_text(_cell(grid, row, column))
            if said and folded(said) in refused:
                found[row] = {"heading": shown(heading), "said": shown(said)}
    return found


def _brought(grid: Grid, fit: Fit, terms: Terms) -> tuple[Grid, Columns]:
    """The table with a column for each key behind its own, and where those are."""
    width = max(map(len, grid.rows), default=0)
    keys = list(dict.fromkeys([*fit.keys, *fit.split, *fit.by.constants, PART]))
    columns = {key: width + at for at, key in enumerate(keys)}
    stands = {columns[key]: _first(fit, key, width) for key in keys}
    fields = {one.key: one for one in terms.form.fields}
    rows = [
        [*_padded(row, width), *(_said(grid, at, key, fit, fields.get(key), terms) for key in keys)]
        if at > fit.head
        else [*_padded(row, width), *(_cell(grid, at, _first(fit, key, width)) for key in keys)]
        for at, row in enumerate(grid.rows)
    ]
    own = {(row, new) for new, old in stands.items() for row, column in grid.marks.formulas if column == old}
    marks = Marks(grid.marks.hidden_rows, grid.marks.formulas | own, grid.marks.merged)
    return replace(grid, rows=rows, marks=marks, stands=stands), Columns(fit.head, columns)


def _padded(row: Sequence[Raw], width: int) -> list[Raw]:
    return [*row, *[None] * (width - len(row))]


def _first(fit: Fit, key: str, otherwise: int) -> int:
    """The column a key is read from, for its place."""
    columns = fit.keys.get(key) or tuple(fit.split.get(key, {}).values())
    return columns[0] if columns else otherwise


def _cell(grid: Grid, row: int, column: int) -> Raw:
    cells = grid.rows[row]
    return cells[column] if 0 <= column < len(cells) else None


def _said(grid: Grid, row: int, key: str, fit: Fit, one: Field | None, terms: Terms) -> Raw:
    """What a row says to a key, in a spelling that the form's own road understands."""
    cells = (_cell(grid, row, column) for column in fit.keys.get(key, ()))
    raw = next((cell for cell in cells if said_text(cell)), None)
    if key == PART:
        return raw if said_text(raw) else "1"
    if one is None:
        return raw
    if one.type == "multi" and fit.by.own_form:
        chosen = [code for code, at in fit.split.get(key, {}).items() if _is_yes(_cell(grid, row, at))]
        raw = _several(raw, one, chosen, terms)
    if key in fit.by.constants and not said_text(raw) and _answers(grid, row, fit, terms):
        raw = fit.by.constants[key]
    return _spelt(raw, one, fit.by, terms)


def _several(raw: Raw, one: Field, chosen: Sequence[str], terms: Terms) -> Raw:
    """Several choices of one cell, blanks between them; where those are labels with blanks of their own, the columns
    of single choices tell."""
    tokens, known = said_text(raw).split(), terms.vocabularies[one.key].codes
    if all(folded(each) in known for each in tokens):
        return "|".join(tokens or chosen)
    return "|".join(chosen) or raw


def _is_yes(raw: Raw) -> bool:
    return plain(said_text(raw)).casefold() in _YES


def _answers(grid: Grid, row: int, fit: Fit, terms: Terms) -> bool:
    """Whether a row answers anything: a constant alone is no answer."""
    asked = {one.key for one in terms.form.fields if one.by == "officer"}
    columns = [column for key in asked for column in (*fit.keys.get(key, ()), *fit.split.get(key, {}).values())]
    return any(said_text(_cell(grid, row, column)) for column in columns)


def _spelt(raw: Raw, one: Field, by: ColumnMap, terms: Terms) -> Raw:
    said = said_text(raw)
    if said and folded(said) in by.words.get(one.key, {}):
        return by.words[one.key][folded(said)]
    if one.key in by.dates and isinstance(raw, str):
        return _day(raw, by.dates[one.key])
    if one.type == "number":
        return _number(raw, one, by, terms)
    return raw


def _day(raw: str, said: str) -> Raw:
    """By the declared format; what is written otherwise is left to be read, or doubted, as anywhere."""
    try:
        return datetime.strptime(plain(raw), said).date()
    except ValueError:
        return raw


def _number(raw: Raw, one: Field, by: ColumnMap, terms: Terms) -> Raw:
    """In the declared unit; a cell that names another one is left to be doubted as anywhere."""
    if by.decimal_comma and isinstance(raw, str):
        raw = raw.replace(".", "").replace(",", ".")
    unit = by.units.get(one.key, terms.facts.area_unit)
    if unit == terms.facts.area_unit:
        return raw
    try:
        return converted(number_of(raw, unit), unit, terms.facts.area_unit)
    except (ValueError, ArithmeticError):
        return raw


def _not_named(grid: Grid, fit: Fit) -> list[Remark]:
    """Columns that hold something and are neither read nor known to say nothing of a patch: once for the table."""
    read = fit.given.union(*fit.keys.values())
    read |= {column for one in fit.split.values() for column in one.values()}
    known = {folded(one) for one in (*fit.by.headings, *fit.by.names, *fit.by.set_aside)}
    data = range(fit.head + 1, len(grid.rows))
    left = [
        shown(heading)
        for column, cell in enumerate(grid.rows[fit.head])
        if column not in read
        and (heading := said_text(cell))
        and folded(heading) not in known
        and not fit.by.ignores(heading)
        and any(said_text(_cell(grid, row, column)) for row in data)
    ]
    missing = [headings[0] for key, headings in sorted(fit.by.answers.items()) if key not in fit.keys]
    made = []
    place = grid.place(fit.head, 0)
    if left:
        made.append(Remark(Doubt.NOT_MAPPED, place, facts={"map": fit.by.name, "columns": "; ".join(left)}))
    if missing:
        made.append(Remark(Doubt.MAP_MISSING, place, facts={"map": fit.by.name, "columns": "; ".join(missing)}))
    return made


def by_maps(fits: Sequence[tuple[Grid, Fit]], name: str, digest: str, terms: Terms) -> ReturnedFile:
    """Another system's file of one table or several: those that a map fits."""
    rows: list[ReturnedRow] = []
    remarks: list[Remark] = []
    asked: list[str] = []
    officers = {one.key for one in terms.form.fields if one.by == "officer"}
    for grid, fit in fits:
        more, doubts = read_mapped(grid, fit, terms)
        rows += more
        remarks += doubts
        asked += [key for key in fit.keys if key in officers]
    return returned(MAPPED, digest, name, origin_of([], rows, terms), rows, remarks, asked)


def left(grid: Grid, fit: Fit) -> Remark:
    """A table of another system in our own checklist: which of both counts is for those who sent it to say."""
    return Remark(Doubt.NOT_ALONE, grid.place(fit.head, 0), facts={"map": fit.by.name, "sheet": shown(grid.sheet)})
