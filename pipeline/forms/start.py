"""What `00_START_HERE.pdf` says: everything an officer must know before opening anything else, decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum

from pipeline.amounts import area_in
from pipeline.book_parts import SHEET_IMAGES, BookPart
from pipeline.forms.cleaning import cut_text
from pipeline.forms.form import Field, Form
from pipeline.forms.identity import PHOTO_NUMBER_LEAST, book_order
from pipeline.forms.mistakes import ALWAYS
from pipeline.forms.sections import either
from pipeline.forms.workbook import full_name, heading
from pipeline.records import CampaignFacts, County, Office, Piece
from pipeline.sheets.figures import area_column
from pipeline.texts import Texts, texts

FILE = "00_START_HERE.pdf"
WAYS = ("table", "desk", "phone")
STEPS = ("1", "2", "3")
LONGEST = 120
MOST_NUMBERS = 12  # of patches across the border, told one by one
MOST_TWICE = 2  # numbers that occur twice, named as examples
MOST_RUNS = 4  # of numbers or pages in a row of the table of towns
MOST_TASKS = 100  # no page holds more lines to tick off
PHOTOS = "photos"  # the question that names photo files
PLOT = "part_no"  # the question that tells plots of one patch apart
WITH_PROJECT = ("boundary.gpkg", "before.tif", "after.tif")  # opened by the project, told in one row
# Files by what their name ends with, in the order they are listed.
KINDS = (
    ("sheets", "_sheets.pdf"),
    ("overview", "_overview.pdf"),
    ("images", SHEET_IMAGES),
    ("checklist", "_checklist.xlsx"),
    ("cards", "_cards.pdf"),
    ("project", "_project.qgz"),
    ("patches", "patches.gpkg"),
    ("around", WITH_PROJECT),
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
class Verdict:
    """A verdict that may be chosen, and the kinds of case under it."""

    name: str
    colour: str
    kinds: str


@dataclass(frozen=True)
class Town:
    """A row of the table that tells which patches and pages are whose."""

    name: str
    count: str
    area: str
    numbers: str
    pages: str


@dataclass(frozen=True)
class Task:
    """A line of the list to tick off: a patch, where it lies, whether it crosses the border, its page."""

    number: str
    patch_no: str
    place: str
    across: str
    page: str


@dataclass(frozen=True)
class Start:
    """All words of the page."""

    heading: str
    classification: str
    place: str
    campaign: str
    unit: str
    own: str  # the county's own contact
    facts: tuple[tuple[str, str, str], ...]  # name, value, a line below
    ways: tuple[Way, ...]
    example: tuple[str, str]  # a sheet's heading, its page
    pages: tuple[str, ...]
    back: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    due: tuple[str, ...]  # what else is to be filled in, and what to mind
    colours: str  # where those of the verdicts are seen; "" where they have none
    towns: tuple[Town, ...]  # its headings first; empty where no town was delivered
    town_note: str  # "" where the areas of a checklist add up to those of the table
    files: tuple[tuple[str, str, str], ...]  # file, what it is, with what it opens
    tasks: tuple[Task, ...]  # its headings first; drawn where the whole list has room
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
        "layer": words["project.patches"],
    }
    return Start(
        heading=words["start.heading"],
        classification=_plain(facts.office.classification),
        place=words.say("start.place", county=_plain(full_name(county, words)), code=county.code),
        campaign=words.say("start.campaign", title=_plain(facts.title), id=facts.id),
        unit=words.say("start.unit", unit=_plain(facts.office.unit)) if facts.office.unit else "",
        own=_own(notice, words),
        facts=_facts(facts, rows, notice, words),
        ways=tuple(_way(kind, terms, words) for kind in WAYS),
        example=_example(rows, pages, words),
        pages=(*_page_rules(rows, pages, terms, words), *_part_rules(parts, words)),
        back=_back(form, facts, rows, notice, terms, words),
        verdicts=_verdicts(form, words),
        due=(*_due(form, facts, words), *_plots(form, words), *_shared(rows, words)),
        colours=words["start.verdict.colours"] if any(one.colour for one in form.verdict.choices) else "",
        towns=_towns(rows, pages, facts, words),
        town_note=_town_note(rows, facts, words),
        files=_files(names, parts, terms, words),
        tasks=_tasks(rows, pages, words),
        foot=_foot(form, facts, words),
        lead=words["form.lead_note"] if facts.lead_note else "",
    )


def _plain(said: str) -> str:
    """Words of strangers on one line, cut where they are too long for any."""
    return " ".join(cut_text(said, LONGEST, "…").split())


def _back(
    form: Form, facts: CampaignFacts, rows: Sequence[Piece], notice: Notice, terms: Mapping[str, str], words: Texts
) -> tuple[str, ...]:
    """How to send the answers back, where to and until when."""
    day = _plain(notice.deadline)
    until = words.say("start.back.until", date=day) if day else words["start.back.several"]
    return (
        words.say("start.back.table", **terms),
        words.say("start.back.folder", **terms),
        *_photos(form, facts, rows, words),
        f"{_where(facts.office, notice, words)}{until}",
        words["start.back.paper"],
    )


def _photos(form: Form, facts: CampaignFacts, rows: Sequence[Piece], words: Texts) -> tuple[str, ...]:
    """Where photo files go, where the checklist has a column for their names; and what to call them."""
    named = [_name(one, facts, words) for one in form.face if one.key == PHOTOS]
    twice = [_plain(one) for one, times in Counter(each.patch_no for each in rows).items() if one.strip() and times > 1]
    numbers = words["start.verdict.fields"].join(twice[:MOST_TWICE])
    or_code = words.say("start.back.or_code", numbers=numbers) if twice else ""
    if any(len(one.patch_no.strip()) < PHOTO_NUMBER_LEAST for one in rows):
        or_code = words.say("start.back.or_code_short", least=PHOTO_NUMBER_LEAST)
    return tuple(words.say("start.back.photos", column=one, or_code=or_code) for one in named)


def _where(office: Office, notice: Notice, words: Texts) -> str:
    said = {"send_to": notice.send_to, "mail": office.mail, "address": office.address}
    ways = [words.say(f"start.back.{key}", where=_plain(one)) for key, one in said.items() if one.strip()]
    unit = [_plain(office.unit)] if office.unit.strip() else []
    if ways:
        return words.say("start.back.to", where=words["start.list"].join([*unit, *ways]))
    return words.say("start.back.sender_unit", unit=unit[0]) if unit else words["start.back.sender"]


def _own(notice: Notice, words: Texts) -> str:
    """Who answers for this county, as the office has them on its list: the county's own and not the office's."""
    said = [_plain(one) for one in (notice.contact, notice.phone) if one.strip()]
    return words.say("start.own", who=" ".join(said)) if said else ""


def _facts(
    facts: CampaignFacts, rows: Sequence[Piece], notice: Notice, words: Texts
) -> tuple[tuple[str, str, str], ...]:
    area = f"{area_in(facts.area_unit, sum(one.area_m2 for one in rows)):,}"
    unit = words[f"unit.{facts.area_unit}"]
    call, whom = _whom_to_ask(facts.office, words)
    return (
        (words["start.fact.patches"], words.say("start.fact.count", count=len(rows)), _numbered(rows, words)),
        (words["start.fact.area"], words.say("start.fact.area_value", area=area, unit=unit), ""),
        (words["start.fact.deadline"], _plain(notice.deadline) or words["start.fact.deadline_open"], ""),
        (words["start.fact.call"], call, whom),
    )


def _whom_to_ask(office: Office, words: Texts) -> tuple[str, str]:
    """The office's telephone, or what there is instead; and who answers."""
    people = [_plain(one) for one in (office.unit, office.contact) if one.strip()]
    reached = _plain(office.phone) or _plain(office.mail)
    if reached:
        return reached, " ".join(people)
    return (" ".join(people), "") if people else (words["start.fact.call_open"], "")


def _numbered(rows: Sequence[Piece], words: Texts) -> str:
    return words.say("start.fact.numbers", first=rows[0].seq, last=rows[-1].seq) if rows else ""


def _way(kind: str, terms: Mapping[str, str], words: Texts) -> Way:
    key = f"start.way.{kind}"
    steps = tuple(words.say(f"{key}.{step}", **terms) for step in STEPS)
    return Way(kind, words[f"{key}.name"], words.say(f"{key}.open", **terms), steps)


def _example(rows: Sequence[Piece], pages: Mapping[str, int], words: Texts) -> tuple[str, str]:
    """A sheet of the county for the picture: the twelfth, or the last where there are fewer."""
    found = [one for one in rows[:12] if one.patch_uid in pages]
    if not found:
        return "", ""
    number, page = _plain(found[-1].patch_no), pages[found[-1].patch_uid]
    headed = words.say("start.page.patch", number=found[-1].seq, patch_no=number) if number else str(found[-1].seq)
    return headed, words.say("start.page.page", page=page)


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
    return (
        words.say("start.page.overview", **terms),
        rule,
        words.say("start.page.box", box=words["sheet.verification"]),
        *(words[f"start.page.{key}"] for key in ("quote", "drive")),
    )


def _part_rules(parts: Sequence[BookPart], words: Texts) -> tuple[str, ...]:
    """Where pages lie that are not in the first file of the sheets."""
    if len(parts) < 2:
        return ()
    kind = "towns" if _is_by_town(parts) else "parts"
    return (words.say(f"start.page.{kind}", last=parts[0].last_page, files=_span(parts)),)


def _is_by_town(parts: Sequence[BookPart]) -> bool:
    return any(one.town for one in parts)


def _span(parts: Sequence[BookPart]) -> str:
    """The names of the files behind the first, as one."""
    return f"{parts[1].file} …" if len(parts) > 2 else parts[1].file


def _files(
    names: Sequence[str], parts: Sequence[BookPart], terms: Mapping[str, str], words: Texts
) -> tuple[tuple[str, str, str], ...]:
    """One row a file, but one for all further files of the sheets."""
    told = [(kind, name) for kind, end in KINDS for name in _called(names, end)]
    if len(parts) > 1:
        first, others = ("county_sheets", "towns") if _is_by_town(parts) else ("sheets", "parts")
        told[:1] = [(first, parts[0].file), (others, _span(parts))]
    return tuple(
        (name, words.say(f"start.file.{kind}.what", **terms), words.say(f"start.file.{kind}.opens", **terms))
        for kind, name in told
    )


def _called(names: Sequence[str], end: str | tuple[str, ...]) -> list[str]:
    """The files that end so; several ends make one row."""
    if isinstance(end, str):
        return [one for one in sorted(names) if one.endswith(end)]
    there = [one for one in end if one in names]
    return [", ".join(there)] if there else []


def _verdicts(form: Form, words: Texts) -> tuple[Verdict, ...]:
    """Every verdict with the kinds of case that belong under it, in the words of the workbook."""
    kinds = [each for one in form.face for each in one.choices if each.under]
    return tuple(
        Verdict(
            one.label[words.language],
            one.colour,
            words["start.verdict.list"].join(each.label[words.language] for each in kinds if each.under == one.code),
        )
        for one in form.verdict.choices
    )


def _due(form: Form, facts: CampaignFacts, words: Texts) -> tuple[str, ...]:
    """What else an answer needs: always, and under certain verdicts."""
    asked = [one for one in form.face if one.by == "officer" and one.key != form.verdict_key and one.needed]
    found = []
    for needed in dict.fromkeys(one.needed for one in asked):
        fields = words["start.verdict.fields"].join(_name(one, facts, words) for one in asked if one.needed == needed)
        when = "always" if needed == (ALWAYS,) else "when"
        verdicts = either(form, needed, words) if when == "when" else ""
        found.append(words.say(f"start.verdict.{when}", fields=fields, verdicts=verdicts))
    if sections := _sections(form, words):
        found.append(words.say("start.verdict.long", sections=words["start.verdict.fields"].join(sections)))
    return (words["start.verdict.joint"].join(found) + words["start.verdict.open"],) if found else ()


def _sections(form: Form, words: Texts) -> list[str]:
    """The sections of the long columns in which something may be due, each with the verdicts for which."""
    due: dict[str, set[str]] = {}
    for one in (one for one in form.long if one.needed):
        due.setdefault(one.tab, set()).update(_verdict_codes(form, one.needed))
    return [_section(form, tab, codes, words) for tab, codes in due.items()]


def _section(form: Form, tab: str, codes: set[str], words: Texts) -> str:
    name, told = words[f"form.section.{tab}"], [one.code for one in form.verdict.choices if one.code in codes]
    if len(told) == len(form.verdict.choices):
        return name
    return words.say("start.verdict.section", section=name, verdicts=either(form, told, words))


def _verdict_codes(form: Form, answers: Sequence[str]) -> set[str]:
    """The verdicts under which any of these answers can be given."""
    found: set[str] = set()
    for field, choice in (form.answers[one] for one in answers if one != ALWAYS):
        if field is form.verdict or choice.under:
            found.add(choice.under or choice.code)
        else:
            found |= _verdict_codes(form, field.when)
    return found if ALWAYS not in answers else {one.code for one in form.verdict.choices}


def _plots(form: Form, words: Texts) -> tuple[str, ...]:
    """What to do with plots of different findings, where the form knows plots."""
    return (words["start.verdict.plots"],) if any(one.key == PLOT for one in form.fields) else ()


def _name(one: Field, facts: CampaignFacts, words: Texts) -> str:
    return heading(one, facts, words).replace("\n", words["form.heading_joint"])


def _shared(rows: Sequence[Piece], words: Texts) -> tuple[str, ...]:
    """Which patches lie in several counties, and what to do about them."""
    shared = [str(one.seq) for one in rows if one.piece_count > 1]
    if not shared:
        return ()
    told = words["start.verdict.fields"].join(shared[:MOST_NUMBERS])
    more = len(shared) - MOST_NUMBERS
    numbers = words.say("start.verdict.more", numbers=told, count=more) if more > 0 else told
    return (words.say("start.verdict.shared", numbers=numbers),)


def _towns(rows: Sequence[Piece], pages: Mapping[str, int], facts: CampaignFacts, words: Texts) -> tuple[Town, ...]:
    """Headings, and a row for each town in the order of the book; pieces without a town come last."""
    found = _by_town(rows)
    if not any(found):
        return ()
    unit, keys = words[f"unit.{facts.area_unit}"], ("town", "count", "area", "numbers", "pages")
    heads = Town(*(words.say(f"start.town.{key}", unit=unit) for key in keys))
    areas = _areas(found, facts.area_unit)
    return (
        heads,
        *(_town(one, found[one], areas[one], pages, words) for one in sorted(found, key=lambda one: not one)),
    )


def _by_town(rows: Sequence[Piece]) -> dict[str, list[Piece]]:
    """The pieces of each town, in the order of the book."""
    found: dict[str, list[Piece]] = {}
    for one in rows:
        found.setdefault(one.town.strip(), []).append(one)
    return found


def _areas(towns: Mapping[str, Sequence[Piece]], unit: str) -> dict[str, str]:
    """Areas that add up to that of the county, the same as on the overview."""
    sums = {name: fsum(one.area_m2 for one in rows) for name, rows in towns.items()}
    names = sorted(sums, key=lambda one: (-sums[one], one))
    told = area_column([sums[one] for one in names], [len(towns[one]) for one in names], unit)
    return dict(zip(names, told, strict=True))


def _town_note(rows: Sequence[Piece], facts: CampaignFacts, words: Texts) -> str:
    """Why the table of towns and the rows of the checklist differ, where they do."""
    towns, unit = _by_town(rows), facts.area_unit
    told = _areas(towns, unit)
    summed = {name: f"{sum(area_in(unit, one.area_m2) for one in found):,}" for name, found in towns.items()}
    return words["start.town.note"] if any(towns) and told != summed else ""


def _town(name: str, rows: Sequence[Piece], area: str, pages: Mapping[str, int], words: Texts) -> Town:
    return Town(
        _plain(name) or words["start.town.none"],
        f"{len(rows):,}",
        area,
        _runs([one.seq for one in rows], words),
        _runs(sorted(pages[one.patch_uid] for one in rows if one.patch_uid in pages), words),
    )


def _tasks(rows: Sequence[Piece], pages: Mapping[str, int], words: Texts) -> tuple[Task, ...]:
    """Headings, and a line for each piece in the order of the book; none where they are many."""
    if not 0 < len(rows) <= MOST_TASKS:
        return ()
    number, patch_no, place, across, page = (
        words[f"start.task.{key}"] for key in ("number", "patch_no", "place", "across", "page")
    )
    heads = Task(number, patch_no, place, across if any(one.piece_count > 1 for one in rows) else "", page)
    return (heads, *(_task(one, pages, words) for one in rows))


def _task(piece: Piece, pages: Mapping[str, int], words: Texts) -> Task:
    return Task(
        str(piece.seq),
        _plain(piece.patch_no),
        _plain(f"{piece.town} {piece.village}"),
        words["start.task.part"] if piece.piece_count > 1 else "",
        str(pages.get(piece.patch_uid, "")),
    )


def _runs(numbers: Sequence[int], words: Texts) -> str:
    """Numbers that follow one another as one span."""
    spans: list[list[int]] = []
    for one in numbers:
        spans[-1].append(one) if spans and one == spans[-1][-1] + 1 else spans.append([one])
    told = [str(one[0]) if len(one) == 1 else f"{one[0]}–{one[-1]}" for one in spans]
    return words["start.verdict.fields"].join(told[:MOST_RUNS]) + ("…" if len(told) > MOST_RUNS else "")


def _foot(form: Form, facts: CampaignFacts, words: Texts) -> tuple[str, str]:
    day = words.say("start.made", date=facts.map_date.isoformat()) if facts.map_date else ""
    return words.say("start.form", form=form.title[facts.language], version=form.version), day
