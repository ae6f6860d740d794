"""Collect: completed checklists in, one finding for every piece that was sent; nobody's answer is lost."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.campaign import Campaign, Files
from pipeline.collect.inbox import Arrived, arrived, keep_unit, kept_units, lay_out
from pipeline.county_jobs import county_facts, own_files, shelf_digest
from pipeline.decisions import read_decisions
from pipeline.engine.digest import value_digest
from pipeline.engine.progress import progress
from pipeline.engine.run import Workshop, job_of, outputs_of
from pipeline.engine.stage import Done, Job, Stage
from pipeline.issues import Code, Issue, write_issues
from pipeline.layers import FINDINGS, PIECES, RETURNED
from pipeline.ledger import add_lines, read_ledger
from pipeline.publish import swap_folder, write_json, write_text
from pipeline.records import CampaignFacts

if TYPE_CHECKING:
    from pipeline.collect.merge import Merged
    from pipeline.collect.returned import Remark, ReturnedFile
    from pipeline.collect.words import Words
    from pipeline.forms.form import Form

READER_VERSION = 1  # of how returns are read: part of the name under which what was read is kept


@dataclass(frozen=True)
class Section:
    """`[collect]`: nothing to set yet."""

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


def jobs(campaign: Campaign, shop: Workshop) -> list[Job]:
    """The one job of collect, fresh while nothing was sent, returned or decided anew."""
    files, facts = campaign.files, county_facts(campaign)
    chosen, own = own_files(campaign, FormName(campaign.form), ("form",))
    inbox = tuple(arrived(files.returns, shop.digests.of))
    units = {one.unit.digest for one in inbox} | {one.digest for one in kept_units(files.returns)}
    decided = files.decisions
    shelf = value_digest([shelf_digest(STAGE.shelves), *own])
    parts = {
        "pieces": outputs_of(shop, "clip").get("tables/pieces.parquet", ""),
        "returns": value_digest(sorted(units)),
        "decisions": shop.digests.of(decided) if decided.is_file() else "",
        "settings": value_digest([asdict(facts), campaign.form]),
        "shelf": shelf,
        "reader": str(READER_VERSION),
    }
    reading = value_digest([READER_VERSION, asdict(facts), shelf])[:16]
    return [job_of(STAGE, "", Task(files, facts, chosen.form, reading, inbox), parts)]


def work(task: Task) -> Done:
    """Keep and read every return, merge them all, write findings and what became of each returned row."""
    from pipeline.collect.merge import merge
    from pipeline.forms.form import load_form

    files, form = task.files, load_form(task.form)
    decisions = read_decisions(files.decisions)
    _keep(task)
    returned = _read(task, form)
    sent, table = _sent(task)
    merged = merge(sent, returned, form, task.facts.id, decisions)
    return _write(task, form, returned, merged, table)


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
    from pipeline.collect.remembered import remember, remembered

    returns, state = task.files.returns, task.files.state
    units = kept_units(returns)
    found = []
    with progress("collect", len(units)) as step:
        for unit in units:
            memory = state / "returns" / f"{unit.digest}-{task.reading}.json"
            if not memory.is_file():
                from pipeline.collect.reading import read_return

                path = lay_out(unit, returns, state / "work" / "collect")
                remember(memory, read_return(path, form, task.facts, name=unit.name))
            found += remembered(memory)
            step(unit.name)
    return found


def _sent(task: Task) -> tuple[Any, Any]:
    """What was sent, and the table of pieces it is in."""
    from pipeline.collect.sent import all_sent, sent_rows
    from pipeline.io.tables import geometries, read_parquet

    names = ["patch_uid", "county_code", "county_name", "patch_no", "seq", "area_m2", "asked"]
    table = read_parquet(task.files[PIECES], [*names, "geometry"])
    columns = {name: table[name].to_pylist() for name in names}
    return all_sent(sent_rows(columns, geometries(table), task.facts.area_unit)), table


def _write(task: Task, form: Form, returned: Sequence[ReturnedFile], merged: Merged, pieces: Any) -> Done:
    from pipeline.collect.tables import county_tallies, file_tallies, finding_columns, returned_columns
    from pipeline.collect.words import remark_words
    from pipeline.io.tables import geometries, layer_table, write_parquet

    files, facts = task.files, task.facts
    words = remark_words(form, facts)
    rows = [one.sent.at for one in merged.findings]
    outlines = geometries(pieces)[rows]
    came = returned_columns(returned, merged)
    columns = finding_columns(merged.findings, form, facts.language)
    receipts = _receipts(task, returned, merged, words)
    outputs = [
        *receipts,
        write_parquet(files[FINDINGS], layer_table(FINDINGS, columns, outlines, facts.crs)),
        write_parquet(files[RETURNED], layer_table(RETURNED, came, None, facts.crs)),
        files.state_file("collect_summary.json"),
        files.state_file("issues/collect.jsonl"),
    ]
    tally = {state: columns["state"].count(state) for state in ("open", "answered", "conflict")}
    tally["unmatched"] = came["fate"].count("unmatched")
    counties = county_tallies(merged.findings, form)
    summary = {"returns": tally, "counties": counties, "files": file_tallies(returned, came)}
    write_json(outputs[-2], summary | {"verdicts": [one.code for one in form.verdict.choices]})
    write_issues(outputs[-1], [_issue(one, words) for one in merged.remarks])
    return Done(tuple(outputs), tally)


def _receipts(task: Task, returned: Sequence[ReturnedFile], merged: Merged, words: Words) -> list[Path]:
    """A page and a workbook for each return, swapped in together; where nothing was returned there are none."""
    from pipeline.collect.receipt_page import receipt_page, write_receipt_book
    from pipeline.collect.receipts import return_receipts

    made, target = task.files.state / "work" / "receipts", task.files.reports / "returns"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    for one in return_receipts(returned, merged, words):
        write_text(made / f"{one.file_name}.html", receipt_page(one, task.facts))
        write_receipt_book(made / f"{one.file_name}.xlsx", one, task.facts)
    swap_folder(made, target)
    return sorted(target.iterdir())


def _issue(one: Remark, words: Words) -> Issue:
    told = {"place": one.place, "problem": words(one)}
    code = Code.RETURN_CONFLICT if one.code == "CONFLICT" else Code.RETURN_QUESTION
    return Issue(code, "collect", told, patch_uid=one.patch_uid, county_code=one.county_code)


STAGE = Stage("collect", 1, "run", Section, "pipeline.stages.collect:work", ("forms",))
