"""Collect: completed checklists in, one finding for every piece that was sent; nobody's answer is lost."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.book_parts import BOOK, read_book
from pipeline.campaign import Campaign, Files
from pipeline.collect.inbox import Arrived, arrived, keep_unit, kept_units, lay_out
from pipeline.collect.maps import map_paths
from pipeline.county_jobs import county_facts, county_slices, deadlines, own_files, shelf_digest
from pipeline.decisions import read_decisions
from pipeline.engine.digest import value_digest
from pipeline.engine.progress import progress
from pipeline.engine.run import Workshop, job_of, outputs_of
from pipeline.engine.stage import Done, Job, Stage
from pipeline.errors import Refusal
from pipeline.issues import Code, Issue, write_issues
from pipeline.layers import COUNTIES, FINDINGS, PHOTOS, PIECES, RETURNED
from pipeline.ledger import add_lines, read_ledger
from pipeline.publish import private, swap_folder, write_json, write_text
from pipeline.records import CampaignFacts
from pipeline.texts import texts

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from pipeline.collect.documents import Outlines
    from pipeline.collect.merge import Merged
    from pipeline.collect.photo_checks import Moved, Seen
    from pipeline.collect.reissue import Reissue
    from pipeline.collect.returned import Remark, ReturnedFile
    from pipeline.collect.reviews import Line, Review, ReviewTable
    from pipeline.collect.sent import SentAll
    from pipeline.collect.words import Words
    from pipeline.forms.form import Form

_BLOCK = 5_000  # rows made at once, where all would fill the memory
READER_VERSION = 7  # of how returns are read: part of the name under which what was read is kept


@dataclass(frozen=True)
class Section:
    """`[collect]`: the rules answers are held against, who reviews (names in `config/forms/`, or own files), and the
    column maps by which tables of other systems are read (names in `config/maps/`, or own files), in order."""

    checks: str = "checks"
    reviews: str = "reviews"
    maps: tuple[str, ...] = ("kobo", "odk")

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012


@dataclass(frozen=True)
class FormName:
    """The campaign's form: a name in `config/forms/`, or a file of the office's own."""

    form: str


@dataclass(frozen=True)
class Task:
    files: Files
    facts: CampaignFacts
    form: str
    reading: str  # what readings depend on beside the return itself
    inbox: tuple[Arrived, ...]
    settings: Section
    maps: tuple[Path, ...]
    places: tuple[tuple[str, tuple[int, ...]], ...]  # by county code: its row in the county layer, and its neighbours'
    due: Mapping[str, str]  # when answers are due, by county code


@dataclass(frozen=True)
class Reviewed:
    """What city and province say: the table of levels, their lines, and the review of each finding."""

    table: ReviewTable
    lines: Sequence[Line]
    reviews: Sequence[Review]


def jobs(campaign: Campaign, shop: Workshop) -> list[Job]:
    """The one job of collect, fresh while nothing was sent, returned or decided anew."""
    files, facts = campaign.files, county_facts(campaign)
    chosen, own = own_files(campaign, FormName(campaign.form), ("form",))
    settings, tables = own_files(campaign, campaign.sections["collect"], ("checks", "reviews"))
    maps = map_paths(settings.maps, campaign.file.parent)
    slices = county_slices(campaign)
    inbox = tuple(arrived(files.returns, shop.digests.of))
    units = {one.unit.digest for one in inbox} | {one.digest for one in kept_units(files.returns)}
    decided = files.decisions
    due = deadlines(campaign) if units else {}
    shelf = value_digest([shelf_digest(STAGE.shelves), *own, *map(shop.digests.of, maps)])
    drawn = [outputs_of(shop, "render", one.code) for one in slices] if units else []
    parts = {
        "pieces": outputs_of(shop, "clip").get("tables/pieces.parquet", ""),
        "counties": outputs_of(shop, "ingest").get("tables/counties.parquet", ""),
        "books": value_digest([dict(one) for one in drawn]),
        "returns": value_digest(sorted(units)),
        "due": value_digest(dict(due)),
        "decisions": shop.digests.of(decided) if decided.is_file() else "",
        "settings": value_digest([asdict(facts), campaign.form, asdict(campaign.sections["collect"]), tables]),
        "shelf": shelf,
        "reader": str(READER_VERSION),
    }
    reading = value_digest([READER_VERSION, asdict(facts), shelf])[:16]
    places = tuple((one.code, one.rows) for one in slices)
    task = Task(files, facts, chosen.form, reading, inbox, settings, maps, places, dict(due))
    return [job_of(STAGE, "", task, parts)]


def work(task: Task) -> Done:
    """Keep and read every return, merge them all, write findings and what became of each returned row."""
    import shapely

    from pipeline.collect.called import brought
    from pipeline.collect.merge import merge
    from pipeline.collect.reviews import load_reviews, review_all, review_lines
    from pipeline.forms.form import load_form

    files, form = task.files, load_form(task.form)
    decisions, table = read_decisions(files.decisions), load_reviews(task.settings.reviews)
    lines = review_lines(decisions, table)
    _keep(task)
    sent, pieces = _sent(task)
    returned = brought(_read(task, form, sent), sent)
    merged = merge(sent, returned, form, task.facts.id, decisions)

    def outlines(rows: Sequence[int]) -> npt.NDArray[np.object_]:
        made: npt.NDArray[np.object_] = shapely.from_wkb(pieces[rows])
        return made

    seen = _checked(task, form, returned, merged, outlines)
    reviewed = Reviewed(table, lines, review_all(merged.findings, lines, table))
    return _write(task, form, returned, merged, outlines, seen, reviewed)


def _keep(task: Task) -> None:
    """Keep what came; the ledger says of each unit once that it was read."""
    returns = task.files.returns
    new = [one.unit for one in task.inbox if keep_unit(one, returns)]
    ledger = read_ledger(task.files.ledger)
    known = ledger.last("returned")
    events = [{"event": "returned", "id": one.digest, "name": one.name} for one in new if one.digest not in known]
    add_lines(task.files.ledger, ledger, events)


def _read(task: Task, form: Form, sent: SentAll) -> list[ReturnedFile]:
    """What every kept return says, each read once; words that were sent are kept in memory once."""
    from pipeline.collect.maps import load_maps
    from pipeline.collect.remembered import lean, remember, remembered

    returns, state = task.files.returns, task.files.state
    maps = load_maps(task.maps, form)
    units = kept_units(returns)
    found: list[ReturnedFile] = []
    mine = (word for one in sent.by_key.values() for word in (one.patch_uid, one.row_code, one.patch_no, one.centre))
    known = {word: word for word in mine}
    with progress("collect", len(units)) as step:
        for unit in units:
            memory = state / "returns" / f"{unit.digest}-{task.reading}.json"
            if not memory.is_file():
                from pipeline.collect.reading import read_return

                path = lay_out(unit, returns, state / "work" / "collect")
                remember(memory, read_return(path, form, task.facts, name=unit.name, maps=maps))
            found += lean(remembered(memory), known)
            step(unit.name)
    return found


def _sent(task: Task) -> tuple[SentAll, npt.NDArray[np.object_]]:
    """What was sent, and the outlines of all pieces as WKB; read group by group, for a table takes five times the room
    of its bytes while it is read, and outlines ten times."""
    import numpy as np
    import pyarrow.parquet as pq

    from pipeline.collect.sent import all_sent, sent_rows
    from pipeline.io.tables import GEOMETRY, geometries, give_back, read_parquet

    names = ["patch_uid", "county_code", "county_name", "patch_no", "seq", "area_m2", "asked", "lon_deg", "lat_deg"]
    sent, outlines, first = [], [], 0
    for group in range(pq.read_metadata(task.files[PIECES]).num_row_groups):
        table = read_parquet(task.files[PIECES], [*names, GEOMETRY], [group])
        for at in range(0, table.num_rows, _BLOCK):
            block = table.slice(at, _BLOCK)
            columns = {name: block[name].to_pylist() for name in names}
            sent += sent_rows(columns, geometries(block), task.facts.area_unit, first + at)
        outlines += table[GEOMETRY].to_pylist()
        first += table.num_rows
    give_back()
    return all_sent(sent), np.array([*outlines, None], object)[:-1]


def _checked(
    task: Task, form: Form, returned: Sequence[ReturnedFile], merged: Merged, outlines: Outlines
) -> Sequence[Seen]:
    """The photos that came; what is to be asked of them and of the answers joins the merge's remarks."""
    from pipeline.collect.check_rules import load_rules
    from pipeline.collect.checks import checks
    from pipeline.collect.photo_checks import photo_remarks, see_photos

    rules = load_rules(task.settings.checks, form.id)
    merged.remarks += checks(merged.findings, form, task.facts, rules, returned, outlines)
    if "R12" not in rules:
        return ()
    rule, moved = rules["R12"], _moved(task.facts.crs)
    seen = see_photos(merged.findings, returned, rule, outlines, task.facts.map_date, moved)
    merged.remarks += photo_remarks(seen, merged.findings, returned, form, rule)
    return seen


def _moved(crs: str) -> Moved | None:
    """The way of a point of WGS 84 into the campaign's CRS; None where none is known."""
    import shapely

    from pipeline.geometry.crs import to_storage, way_between

    try:
        way = way_between("EPSG:4326", crs)
    except Refusal:
        return None

    def move(lon_deg: float, lat_deg: float) -> tuple[float, float]:
        if not way.shift:
            return lon_deg, lat_deg
        (point,) = to_storage(shapely.points([[lon_deg, lat_deg]]), way)
        return float(point.x), float(point.y)

    return move


def _write(
    task: Task,
    form: Form,
    returned: Sequence[ReturnedFile],
    merged: Merged,
    outlines: Outlines,
    seen: Sequence[Seen],
    reviewed: Reviewed,
) -> Done:
    from pipeline.collect.reviews import county_reviews, review_labels
    from pipeline.collect.tables import asked_rules, county_tallies, file_tallies
    from pipeline.collect.words import remark_words

    files, words = task.files, remark_words(form, task.facts)
    receipts = _receipts(task, form, returned, merged, words, reviewed)
    findings = _write_findings(task, form, merged, outlines, reviewed)
    rows, told = _write_returned(task, returned, merged)
    summary, issues = files.state_file("collect_summary.json"), files.state_file("issues/collect.jsonl")
    tally = {name: sum(one.state == name for one in merged.findings) for name in ("open", "answered", "conflict")}
    tally["unmatched"] = told["fate"].count("unmatched")
    rules = asked_rules(merged.remarks)
    states = county_reviews(merged.findings, reviewed.reviews, reviewed.table)
    counties = {code: one | states[code] for code, one in county_tallies(merged.findings, form, rules).items()}
    value = {"returns": tally, "counties": counties, "files": file_tallies(returned, told)}
    labels = review_labels(reviewed.table, texts(task.facts.language))
    write_json(summary, value | {"verdicts": [one.code for one in form.verdict.choices], "review_labels": labels})
    write_issues(issues, [*(_issue(one, words) for one in merged.remarks), *_unused(task, reviewed, merged, returned)])
    return Done((*receipts, findings, rows, _write_photos(task, seen), summary, issues), tally)


def _write_findings(task: Task, form: Form, merged: Merged, outlines: Outlines, reviewed: Reviewed) -> Path:
    from pipeline.collect.tables import asked_rules, finding_columns, review_columns
    from pipeline.io.tables import geo_metadata, layer_table

    facts, said, found = task.facts, texts(task.facts.language), merged.findings
    rules = asked_rules(merged.remarks)
    blocks = [slice(at, at + _BLOCK) for at in range(0, max(len(found), 1), _BLOCK)]
    # the box of the whole layer stands in the metadata of the file, before its first row
    whole = geo_metadata((outlines([one.sent.at for one in found[rows]]) for rows in blocks), facts.crs)
    tables = (
        layer_table(
            FINDINGS,
            finding_columns(found[rows], form, facts.language)
            | review_columns(found[rows], reviewed.reviews[rows], rules, reviewed.table, said),
            outlines([one.sent.at for one in found[rows]]),
            facts.crs,
        ).replace_schema_metadata(whole)
        for rows in blocks
    )
    return _write_blocks(task.files[FINDINGS], tables)


def _write_returned(
    task: Task, returned: Sequence[ReturnedFile], merged: Merged
) -> tuple[Path, Mapping[str, Sequence[str]]]:
    """The layer `returned`, and of each of its rows the file and the fate."""
    from pipeline.collect.tables import fated_columns, fates
    from pipeline.io.tables import layer_table

    told: dict[str, list[str]] = {"return_digest": [], "fate": []}

    def tables() -> Iterator[Any]:
        fate_of = fates(merged)
        for mine in ((), *((one,) for one in returned)):
            columns = fated_columns(mine, fate_of)
            for name, values in told.items():
                values += columns[name]
            yield layer_table(RETURNED, columns, None, task.facts.crs)

    return _write_blocks(task.files[RETURNED], tables()), told


def _write_blocks(target: Path, tables: Iterable[Any]) -> Path:
    """Publish a table made block by block: a whole province of answers in words would fill the memory."""
    import pyarrow.parquet as pq

    from pipeline.io.tables import give_back

    rows, blocks = 0, iter(tables)
    first = next(blocks)
    with private(target) as path:
        with pq.ParquetWriter(path, first.schema, compression="zstd") as writer:
            for one in chain([first], blocks):
                writer.write_table(one)
                rows += one.num_rows
        if pq.read_metadata(path).num_rows != rows:
            raise OSError(f"{target.name}: not all of {rows} rows can be read back")
    give_back()
    return target


def _write_photos(task: Task, seen: Sequence[Seen]) -> Path:
    """Every photo with what each check says of it, as points where the cameras stood."""
    import numpy as np
    import shapely

    from pipeline.collect.tables import photo_columns
    from pipeline.io.tables import layer_table, write_parquet

    photos = [one.photo for one in seen]
    points = [None if one.lon_deg is None else shapely.Point(one.lon_deg, one.lat_deg) for one in photos]
    places = np.array([*points, None], object)[:-1]
    table = layer_table(PHOTOS, photo_columns(seen), places, task.facts.crs)
    return write_parquet(task.files[PHOTOS], table)


def _receipts(
    task: Task,
    form: Form,
    returned: Sequence[ReturnedFile],
    merged: Merged,
    words: Words,
    reviewed: Reviewed,
) -> list[Path]:
    """A page and a workbook for each return, and what is asked again of each county, swapped in together; where
    nothing was returned there are none."""
    from pipeline.collect.receipt_page import receipt_page, write_receipt_book
    from pipeline.collect.receipts import return_receipts
    from pipeline.collect.reissue import reissues

    made, target = task.files.state / "work" / "receipts", task.files.reports / "returns"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    said = texts(task.facts.language)
    again = reissues(merged, reviewed.reviews, form, reviewed.table, words, said)
    for receipt in return_receipts(returned, merged, words, said, {one.county_code for one in again}):
        write_text(made / f"{receipt.file_name}.html", receipt_page(receipt, task.facts))
        write_receipt_book(made / f"{receipt.file_name}.xlsx", receipt, task.facts)
    for one in again:
        _reissue(task, form, one, made)
    swap_folder(made, target)
    return sorted(target.iterdir())


def _reissue(task: Task, form: Form, again: Reissue, folder: Path) -> None:
    """`<code>_open.xlsx`: what a county that returned something still owes."""
    from pipeline.forms.workbook import write_checklist
    from pipeline.io.slices import read_county, read_pieces

    code, files = again.county_code, task.files
    county, pieces = read_county(files[COUNTIES], dict(task.places)[code]), read_pieces(files.slice(code))
    target = folder / f"{code}_open.xlsx"
    book = read_book(files.work("render", code) / BOOK)
    told = (form, task.facts, county, pieces, book.page_of, again.notes)
    rows = write_checklist(target, *told, parts=book.parts, deadline=task.due.get(code, ""))
    if rows != len(again.notes):
        raise ValueError(f"{target.name} has {rows} rows for {len(again.notes)} pieces")


def _unused(task: Task, reviewed: Reviewed, merged: Merged, returned: Sequence[ReturnedFile]) -> list[Issue]:
    """Reviews and words between answers that speak of nothing."""
    from pipeline.collect.decided import idle_decisions
    from pipeline.collect.reviews import unused

    said = texts(task.facts.language)
    idle = [(one, "reviewed", one.id) for one in unused(reviewed.lines, merged.findings)]
    idle += idle_decisions(read_decisions(task.files.decisions), merged.findings, returned)
    return [
        Issue(Code.DECISION_UNUSED, "collect", {"row": one.row, "what": said[f"issue.{what}"], "id": name})
        for one, what, name in idle
    ]


def _issue(one: Remark, words: Words) -> Issue:
    """A word on what came back; what breaks a rule the office calls an error is one, what only tells is a note."""
    told = {"place": one.place, "problem": words(one)}
    grave = one.code == "CHECK" and one.facts["severity"] == "error"
    code = {"CONFLICT": Code.RETURN_CONFLICT, "NOT_MAPPED": Code.RETURN_NOTE}.get(
        one.code, Code.RETURN_ERROR if grave else Code.RETURN_QUESTION
    )
    return Issue(code, "collect", told, patch_uid=one.patch_uid, county_code=one.county_code)


STAGE = Stage("collect", 5, "run", Section, "pipeline.stages.collect:work", ("forms",))
