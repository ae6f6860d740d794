"""Collect: completed checklists in, one finding for every piece that was sent; nobody's answer is lost."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.campaign import Campaign, Files
from pipeline.collect.inbox import Arrived, arrived, keep_unit, kept_units, lay_out
from pipeline.county_jobs import county_facts, county_slices, own_files, shelf_digest
from pipeline.decisions import read_decisions
from pipeline.engine.digest import value_digest
from pipeline.engine.progress import progress
from pipeline.engine.run import Workshop, job_of, outputs_of
from pipeline.engine.stage import Done, Job, Stage
from pipeline.errors import Refusal
from pipeline.issues import Code, Issue, write_issues
from pipeline.layers import COUNTIES, FINDINGS, PHOTOS, PIECES, RETURNED
from pipeline.ledger import add_lines, read_ledger
from pipeline.publish import swap_folder, write_json, write_text
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

_BLOCK = 10_000  # rows made at once, where all would fill the memory
READER_VERSION = 2  # of how returns are read: part of the name under which what was read is kept


@dataclass(frozen=True)
class Section:
    """`[collect]`: the rules answers are held against, and who reviews; names in `config/forms/`, or own files."""

    checks: str = "checks"
    reviews: str = "reviews"

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
    places: tuple[tuple[str, tuple[int, ...]], ...]  # by county code: its row in the county layer, and its neighbours'


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
    slices = county_slices(campaign)
    inbox = tuple(arrived(files.returns, shop.digests.of))
    units = {one.unit.digest for one in inbox} | {one.digest for one in kept_units(files.returns)}
    decided = files.decisions
    shelf = value_digest([shelf_digest(STAGE.shelves), *own])
    drawn = [outputs_of(shop, "render", one.code) for one in slices] if units else []
    parts = {
        "pieces": outputs_of(shop, "clip").get("tables/pieces.parquet", ""),
        "counties": outputs_of(shop, "ingest").get("tables/counties.parquet", ""),
        "books": value_digest([dict(one) for one in drawn]),
        "returns": value_digest(sorted(units)),
        "decisions": shop.digests.of(decided) if decided.is_file() else "",
        "settings": value_digest([asdict(facts), campaign.form, asdict(campaign.sections["collect"]), tables]),
        "shelf": shelf,
        "reader": str(READER_VERSION),
    }
    reading = value_digest([READER_VERSION, asdict(facts), shelf])[:16]
    places = tuple((one.code, one.rows) for one in slices)
    return [job_of(STAGE, "", Task(files, facts, chosen.form, reading, inbox, settings, places), parts)]


def work(task: Task) -> Done:
    """Keep and read every return, merge them all, write findings and what became of each returned row."""
    import shapely

    from pipeline.collect.merge import merge
    from pipeline.collect.reviews import load_reviews, review_all, review_lines
    from pipeline.forms.form import load_form

    files, form = task.files, load_form(task.form)
    decisions, table = read_decisions(files.decisions), load_reviews(task.settings.reviews)
    lines = review_lines(decisions, table)
    _keep(task)
    returned = _read(task, form)
    sent, pieces = _sent(task)
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


def _read(task: Task, form: Form) -> list[ReturnedFile]:
    """What every kept return says, each read once."""
    from pipeline.collect.remembered import lean, remember, remembered

    returns, state = task.files.returns, task.files.state
    units = kept_units(returns)
    found: list[ReturnedFile] = []
    known: dict[str, str] = {}
    with progress("collect", len(units)) as step:
        for unit in units:
            memory = state / "returns" / f"{unit.digest}-{task.reading}.json"
            if not memory.is_file():
                from pipeline.collect.reading import read_return

                path = lay_out(unit, returns, state / "work" / "collect")
                remember(memory, read_return(path, form, task.facts, name=unit.name))
            found += lean(remembered(memory), known)
            step(unit.name)
    return found


def _sent(task: Task) -> tuple[SentAll, npt.NDArray[np.object_]]:
    """What was sent, and the outlines of all pieces as WKB."""
    from pipeline.collect.sent import all_sent, sent_rows
    from pipeline.io.tables import GEOMETRY, geometries, read_parquet

    names = ["patch_uid", "county_code", "county_name", "patch_no", "seq", "area_m2", "asked"]
    table = read_parquet(task.files[PIECES], [*names, GEOMETRY])
    sent = []
    for at in range(0, table.num_rows, _BLOCK):  # outlines take ten times the room of their bytes
        block = table.slice(at, _BLOCK)
        columns = {name: block[name].to_pylist() for name in names}
        sent += sent_rows(columns, geometries(block), task.facts.area_unit, at)
    return all_sent(sent), table[GEOMETRY].to_numpy(zero_copy_only=False)


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
    from pipeline.collect.reviews import county_reviews
    from pipeline.collect.tables import county_tallies, fated_columns, fates, file_tallies
    from pipeline.collect.words import remark_words
    from pipeline.io.tables import layer_table, write_parquet

    files, facts = task.files, task.facts
    words = remark_words(form, facts)
    receipts = _receipts(task, form, returned, merged, words, reviewed)
    findings = _write_findings(task, form, merged, outlines, reviewed)
    fate_of = fates(merged)
    came = _joined([fated_columns([], fate_of), *(fated_columns([one], fate_of) for one in returned)])
    outputs = [
        *receipts,
        findings,
        write_parquet(files[RETURNED], layer_table(RETURNED, came, None, facts.crs), _BLOCK),
        _write_photos(task, seen),
        files.state_file("collect_summary.json"),
        files.state_file("issues/collect.jsonl"),
    ]
    tally = {name: sum(one.state == name for one in merged.findings) for name in ("open", "answered", "conflict")}
    told = {name: came[name].to_pylist() for name in ("return_digest", "fate")}
    tally["unmatched"] = told["fate"].count("unmatched")
    states = county_reviews(merged.findings, reviewed.reviews, reviewed.table)
    counties = {code: one | states[code] for code, one in county_tallies(merged.findings, form).items()}
    summary = {"returns": tally, "counties": counties, "files": file_tallies(returned, told)}
    write_json(outputs[-2], summary | {"verdicts": [one.code for one in form.verdict.choices]})
    write_issues(outputs[-1], [*(_issue(one, words) for one in merged.remarks), *_unused(reviewed, merged)])
    return Done(tuple(outputs), tally)


def _write_findings(task: Task, form: Form, merged: Merged, outlines: Outlines, reviewed: Reviewed) -> Path:
    from pipeline.collect.tables import asked_rules, finding_columns, review_columns
    from pipeline.io.tables import layer_table, write_parquet

    facts, said = task.facts, texts(task.facts.language)
    rules, found, reviews = asked_rules(merged.remarks), merged.findings, reviewed.reviews
    blocks = (slice(at, at + _BLOCK) for at in range(0, max(len(found), 1), _BLOCK))
    columns = _joined(
        finding_columns(found[rows], form, facts.language)
        | review_columns(found[rows], reviews[rows], rules, reviewed.table, said)
        for rows in blocks
    )
    shapes = outlines([one.sent.at for one in found])
    return write_parquet(task.files[FINDINGS], layer_table(FINDINGS, columns, shapes, facts.crs), _BLOCK)


def _joined(blocks: Iterable[Mapping[str, Sequence[Any]]]) -> dict[str, Any]:
    """Columns made block by block: lists of a whole province's answers in words would fill the memory."""
    import pyarrow as pa

    tables = [pa.table({name: pa.array(values) for name, values in one.items()}) for one in blocks]
    whole = pa.concat_tables(tables, promote_options="permissive")
    return {name: whole[name] for name in whole.column_names}


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
    again = reissues(merged, reviewed.reviews, form, reviewed.table, words, texts(task.facts.language))
    for receipt in return_receipts(returned, merged, words, {one.county_code for one in again}):
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
    rows = write_checklist(target, form, task.facts, county, pieces, _pages(files, code), again.notes)
    if rows != len(again.notes):
        raise ValueError(f"{target.name} has {rows} rows for {len(again.notes)} pieces")


def _pages(files: Files, code: str) -> dict[str, int]:
    """The pages of a county's book; none where it could not be drawn."""
    book = files.work("render", code) / "book.json"
    pages: dict[str, int] = json.loads(book.read_bytes())["page_of"] if book.is_file() else {}
    return pages


def _unused(reviewed: Reviewed, merged: Merged) -> list[Issue]:
    """Reviews that speak of nothing."""
    from pipeline.collect.reviews import unused

    return [
        Issue(Code.DECISION_UNUSED, "collect", {"row": one.row, "what": "county or patch", "id": one.id})
        for one in unused(reviewed.lines, merged.findings)
    ]


def _issue(one: Remark, words: Words) -> Issue:
    told = {"place": one.place, "problem": words(one)}
    code = Code.RETURN_CONFLICT if one.code == "CONFLICT" else Code.RETURN_QUESTION
    return Issue(code, "collect", told, patch_uid=one.patch_uid, county_code=one.county_code)


STAGE = Stage("collect", 2, "run", Section, "pipeline.stages.collect:work", ("forms",))
