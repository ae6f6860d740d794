"""What `00_START_HERE.pdf` says: everything an officer must know before opening anything else, decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.amounts import area_in
from pipeline.book_parts import SHEET_IMAGES, BookPart
from pipeline.forms.cleaning import cut_text
from pipeline.forms.form import Form
from pipeline.forms.identity import book_order
from pipeline.forms.workbook import full_name
from pipeline.records import CampaignFacts, County, Piece
from pipeline.texts import Texts, texts

FILE = "00_START_HERE.pdf"
WAYS = ("table", "desk", "phone")
STEPS = ("1", "2", "3")
LONGEST = 120
# Files by what their name ends with, in the order they are listed.
KINDS = (
    ("sheets", "_sheets.pdf"),
    ("overview", "_overview.pdf"),
    ("images", SHEET_IMAGES),
    ("checklist", "_checklist.xlsx"),
    ("cards", "_cards.pdf"),
    ("project", "_project.qgz"),
    ("patches", "patches.gpkg"),
    ("boundary", "boundary.gpkg"),
    ("before", "before.tif"),
    ("after", "after.tif"),
    ("kmz", "_patches.kmz"),
    ("shapefile", "_patches.shp"),
    ("coordinates", "_coordinates.txt"),
    ("xlsform", "_form.xlsx"),
    ("sums", "SHA256SUMS"),
)


@dataclass(frozen=True)
class Notice:
    """What the list of announced counties says of this one, and where answers go; "" where nobody said."""

    deadline: str = ""
    contact: str = ""
    phone: str = ""
    send_to: str = ""


@dataclass(frozen=True)
class Way:
    """One way to fill in: its name, what to open, three steps."""

    kind: str
    name: str
    opened: str
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Start:
    """All words of the page."""

    heading: str
    classification: str
    place: str
    campaign: str
    unit: str
    facts: tuple[tuple[str, str, str], ...]  # name, value, a line below
    ways: tuple[Way, ...]
    example: tuple[str, str]  # number, page
    pages: tuple[str, ...]
    back: tuple[str, ...]
    files: tuple[tuple[str, str, str], ...]  # file, what it is, with what it opens
    foot: tuple[str, str]
    lead: str


def start_of(
    form: Form,
    facts: CampaignFacts,
    county: County,
    pieces: Sequence[Piece],
    pages: Mapping[str, int],
    notice: Notice,
    names: Sequence[str],
    folder: str,
    parts: Sequence[BookPart] = (),
) -> Start:
    """The words for a county whose folder holds the files `names` and is called `folder` when it is sent.

    `parts` are the files of its book of sheets.
    """
    words = texts(facts.language)
    rows = book_order(list(pieces))
    terms = {
        "xlsx": f"{county.code}_checklist.xlsx",
        "pdf": f"{county.code}_sheets.pdf",
        "qgz": f"{county.code}_project.qgz",
        "folder": folder,
        "where": _where(facts, notice, words),
    }
    return Start(
        heading=words["start.heading"],
        classification=_plain(facts.office.classification),
        place=words.say("start.place", county=_plain(full_name(county, words)), code=county.code),
        campaign=words.say("start.campaign", title=_plain(facts.title), id=facts.id),
        unit=words.say("start.unit", unit=_plain(facts.office.unit)) if facts.office.unit else "",
        facts=_facts(facts, rows, notice, words),
        ways=tuple(_way(kind, terms, words) for kind in WAYS),
        example=_example(rows, pages),
        pages=(*_page_rules(rows, pages, terms, words), *_part_rules(parts, words)),
        back=tuple(words.say(f"start.back.{step}", **terms) for step in STEPS),
        files=_files(names, parts, terms, words),
        foot=_foot(form, facts, words),
        lead=words["form.lead_note"] if facts.lead_note else "",
    )


def _plain(said: str) -> str:
    """Words of strangers on one line, cut where they are too long for any."""
    return " ".join(cut_text(said, LONGEST, "…").split())


def _where(facts: CampaignFacts, notice: Notice, words: Texts) -> str:
    said = [_plain(one) for one in (notice.send_to or facts.office.unit, facts.office.phone) if one.strip()]
    return words["start.list"].join(said) or words["start.back.sender"]


def _facts(
    facts: CampaignFacts, rows: Sequence[Piece], notice: Notice, words: Texts
) -> tuple[tuple[str, str, str], ...]:
    area = f"{area_in(facts.area_unit, sum(one.area_m2 for one in rows)):,}"
    unit = words[f"unit.{facts.area_unit}"]
    own = [_plain(one) for one in (notice.contact, notice.phone) if one.strip()]
    mine = words.say("start.fact.own", who=" ".join(own)) if own else ""
    call = _plain(facts.office.phone) or _plain(facts.office.unit) or words["start.fact.call_open"]
    return (
        (words["start.fact.patches"], words.say("start.fact.count", count=len(rows)), _numbered(rows, words)),
        (words["start.fact.area"], words.say("start.fact.area_value", area=area, unit=unit), ""),
        (words["start.fact.deadline"], _plain(notice.deadline) or words["start.fact.deadline_open"], ""),
        (words["start.fact.call"], call, mine or (_plain(facts.office.unit) if facts.office.phone else "")),
    )


def _numbered(rows: Sequence[Piece], words: Texts) -> str:
    return words.say("start.fact.numbers", first=rows[0].seq, last=rows[-1].seq) if rows else ""


def _way(kind: str, terms: Mapping[str, str], words: Texts) -> Way:
    key = f"start.way.{kind}"
    steps = tuple(words.say(f"{key}.{step}", **terms) for step in STEPS)
    return Way(kind, words[f"{key}.name"], words.say(f"{key}.open", **terms), steps)


def _example(rows: Sequence[Piece], pages: Mapping[str, int]) -> tuple[str, str]:
    """A number of the county and its page, for the picture: the twelfth, or the last where there are fewer."""
    found = [(one.seq, pages[one.patch_uid]) for one in rows[:12] if one.patch_uid in pages]
    return (str(found[-1][0]), str(found[-1][1])) if found else ("", "")


def _page_rules(
    rows: Sequence[Piece], pages: Mapping[str, int], terms: Mapping[str, str], words: Texts
) -> tuple[str, ...]:
    """How to get from a number to its page; where one sum tells all of them, that sum."""
    ahead = {pages[one.patch_uid] - one.seq for one in rows if one.patch_uid in pages}
    rule = (
        words.say("start.page.rule", ahead=ahead.pop(), **terms)
        if len(ahead) == 1
        else words.say("start.page.column", **terms)
    )
    return (words.say("start.page.overview", **terms), rule, words.say("start.page.link", **terms))


def _part_rules(parts: Sequence[BookPart], words: Texts) -> tuple[str, ...]:
    """Where pages lie that are not in the first file of the sheets."""
    if len(parts) < 2:
        return ()
    kind = "towns" if _by_town(parts) else "parts"
    return (words.say(f"start.page.{kind}", last=parts[0].last_page, files=_span(parts)),)


def _by_town(parts: Sequence[BookPart]) -> bool:
    return any(one.town for one in parts)


def _span(parts: Sequence[BookPart]) -> str:
    """The names of the files behind the first, as one."""
    return f"{parts[1].file} …" if len(parts) > 2 else parts[1].file


def _files(
    names: Sequence[str], parts: Sequence[BookPart], terms: Mapping[str, str], words: Texts
) -> tuple[tuple[str, str, str], ...]:
    """One row a file, but one for all further files of the sheets."""
    told = [(kind, name) for kind, end in KINDS for name in sorted(names) if name.endswith(end)]
    if len(parts) > 1:
        first, others = ("county_sheets", "towns") if _by_town(parts) else ("sheets", "parts")
        told[:1] = [(first, parts[0].file), (others, _span(parts))]
    return tuple(
        (name, words.say(f"start.file.{kind}.what", **terms), words.say(f"start.file.{kind}.opens", **terms))
        for kind, name in told
    )


def _foot(form: Form, facts: CampaignFacts, words: Texts) -> tuple[str, str]:
    day = words.say("start.made", date=facts.map_date.isoformat()) if facts.map_date else ""
    return (
        words.say("start.form", form=form.title[facts.language], id=form.id, version=form.version),
        day,
    )
