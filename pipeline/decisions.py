"""`archive/decisions.csv`: what named people decided, in the one file for it.

Columns: who, when, id, decision, reason. What may be decided:

| id | decision |
|---|---|
| a record set aside: `record_id` in quarantine.csv | `accept structure` or `accept linework` |
| a delivered file: name, or 8 signs of its digest | `crs EPSG:…`, `encoding …`, `supersedes <older file>` |
| a patch or piece: `patch_uid`, `patch_uid/code` | `take <returned file>`, `take <file>!<row>`: that answer counts |
| a returned file: name, or 8 signs of its digest | `take`: it counts before all others; `leave`: it counts not at all |
| a county (its code), patch or piece | `pass <level>`, `return <level> <number of a reason>` |

Where lines about a delivery contradict one another, the last counts.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import Refusal, Refusals

COLUMNS = ("who", "when", "id", "decision", "reason")
_HEADINGS = {
    "who": ("who", "决定人", "谁"),
    "when": ("when", "日期", "时间"),
    "id": ("id", "编号"),
    "decision": ("decision", "决定"),
    "reason": ("reason", "理由", "原因"),
}
READINGS = ("structure", "linework")
VERBS = ("accept", "crs", "encoding", "supersedes", "take", "leave", "pass", "return")
_EXAMPLES = {
    "crs": "crs EPSG:4490",
    "encoding": "encoding gb18030",
    "supersedes": "supersedes older.zip",
    "pass": "pass city",
    "return": "return city 3",
}
_RETURN = re.compile(r"\S+(?:[\s,，、]+\d+)+")
_DIGEST = re.compile(r"[0-9a-f]{8,64}")
_CODEC = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_SEPARATORS = ",;\t"  # a spreadsheet writes the one its country has


@dataclass(frozen=True)
class Decision:
    """One line: a named person's word on one record, file, patch or return."""

    who: str
    when: str
    id: str
    verb: str  # accept | crs | encoding | supersedes | take | leave | pass | return
    object: str  # what stands behind the verb
    reason: str
    row: int  # in the file, as a spreadsheet counts

    @property
    def words(self) -> str:
        """As it is quoted on records: who, when and why."""
        return ", ".join(one for one in (self.who, self.when, self.reason) if one)


def read_decisions(path: Path) -> tuple[Decision, ...]:
    """All decisions in the order of the file; none where there is no file.

    Raises:
        Refusals: every line that cannot be understood, named by row.
    """
    if not path.is_file():
        return ()
    rows = _rows(path)
    filled = [(at, row) for at, row in enumerate(rows, 1) if any(cell.strip() for cell in row)]
    if not filled:
        return ()
    columns = _columns(path, filled[0][1])
    found: list[Refusal] = []
    made = [one for at, row in filled[1:] for one in _decision(path, at, row, columns, found)]
    if found:
        raise Refusals(found)
    return tuple(made)


def of_verbs(decisions: Iterable[Decision], *verbs: str) -> tuple[Decision, ...]:
    """The decisions of these verbs."""
    return tuple(one for one in decisions if one.verb in verbs)


def names_file(said: str, name: str, digest: str) -> bool:
    """Whether `said` speaks of the file: its name, the end of its path, or the beginning of its digest."""
    low = said.casefold()
    if _DIGEST.fullmatch(low) and digest.startswith(low):
        return True
    return name == said or name.endswith(f"/{said}")


def _rows(path: Path) -> list[list[str]]:
    text = _text(path)
    head = next((line for line in text.splitlines() if line.strip()), "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(_SEPARATORS, key=head.count), strict=True)
    try:
        return list(reader)
    except csv.Error as problem:
        sentence = f"{path.name} cannot be read as a table after line {reader.line_num} ({problem})"
        hint = "look for a quotation mark never closed, or for one inside a cell: write it twice"
        raise Refusal(sentence, hint) from problem


def _text(path: Path) -> str:
    data = path.read_bytes()
    marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refusal(f"{path.name} is neither UTF-8 nor GB18030", "save it as CSV UTF-8")


def _columns(path: Path, head: Sequence[str]) -> dict[str, int]:
    cells = [cell.strip().casefold() for cell in head]
    at = {name: next((cells.index(one) for one in words if one in cells), -1) for name, words in _HEADINGS.items()}
    missing = [name for name, column in at.items() if column < 0]
    if missing:
        hint = f"the first line names the columns: {','.join(COLUMNS)}"
        raise Refusal(f"{path.name} has no column {', '.join(missing)}", hint)
    return at


def _decision(path: Path, at: int, row: Sequence[str], columns: dict[str, int], found: list[Refusal]) -> list[Decision]:
    value = {name: row[column].strip() if column < len(row) else "" for name, column in columns.items()}
    verb, thing = _said(value["decision"])
    wrong = _wrong(value, verb, thing)
    if wrong:
        found.append(Refusal(f"{path.name} row {at}: {wrong[0]}", wrong[1]))
        return []
    return [Decision(value["who"], value["when"], value["id"], verb, thing, value["reason"], at)]


def _said(words: str) -> tuple[str, str]:
    """The verb and what stands behind it, whatever blanks stand between them."""
    verb, thing = (*words.split(None, 1), "", "")[:2]
    low = verb.casefold()
    return low, thing.casefold() if low == "accept" else thing


def _is_codec(name: str) -> bool:
    try:
        b"a".decode(name if _CODEC.fullmatch(name) else "no name")
    except UnicodeError:
        return True
    except LookupError:
        return False
    return True


def _wrong(value: dict[str, str], verb: str, thing: str) -> tuple[str, ...]:
    """What is wrong with a line, and what to type; nothing where it is well."""
    if not value["who"]:
        return "nobody's name stands in the column who", "a decision is a named person's"
    if not value["id"]:
        return "it names nothing in the column id", "copy the record_id, file name, patch_uid or return it speaks of"
    said = f"{verb} {thing}".strip()
    if verb == "accept" and thing not in READINGS:
        return f"{said!r} is no decision", "write " + ", or ".join(f"accept {one}" for one in READINGS)
    if verb in _EXAMPLES and not thing:
        return f"{said!r} does not say which", f"write for example {_EXAMPLES[verb]}"
    if verb == "encoding" and not _is_codec(thing):
        return f"{thing!r} is no encoding", f"write for example {_EXAMPLES[verb]}"
    if verb == "return" and not _RETURN.fullmatch(thing):
        return f"{said!r} does not say who returns it and why", f"write for example {_EXAMPLES[verb]}"
    if verb not in VERBS:
        return f"{said!r} is no decision", f"one of: {', '.join(VERBS)}"
    return ()
