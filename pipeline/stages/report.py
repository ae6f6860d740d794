"""Report: the books, what each county's state is, all issues in one layer, and the morning page."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.accounts import CountyStatus, announcement, balance, imbalances
from pipeline.amounts import rounded
from pipeline.boundary_changes import BoundaryChanges, change_faults, read_changes
from pipeline.campaign import Campaign, Files
from pipeline.county_jobs import CountySlice, county_facts, county_slices, own_files, shelf_digest
from pipeline.engine.digest import value_digest
from pipeline.engine.run import Workshop, job_of
from pipeline.engine.stage import Done, Job, Stage
from pipeline.issues import Code, Issue, issue_order, read_issues
from pipeline.layers import (
    BORDERS,
    COUNTIES,
    FINDINGS,
    ISSUES,
    MOVES,
    PATCHES,
    PHOTOS,
    PIECES,
    QUARANTINE,
    REMAINDERS,
    RETURNED,
    Layer,
)
from pipeline.publish import safe_name, write_json, write_text
from pipeline.records import CampaignFacts
from pipeline.texts import Texts, texts

if TYPE_CHECKING:
    from pipeline.forms.form import Form
    from pipeline.morning.returned import Returns
    from pipeline.rollup.reckoning import Rollup


@dataclass(frozen=True)
class Section:
    """`[report]`: nothing to set yet."""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012


@dataclass(frozen=True)
class FormName:
    """The campaign's form: a name in `config/forms/`, or a file of the office's own."""

    form: str


@dataclass(frozen=True)
class CountyEnd:
    """How a county's two jobs ended."""

    code: str
    pages: int
    rows: int
    problem: str
    bare_frames: int = 0
    parts_too_large: int = 0


@dataclass(frozen=True)
class Task:
    files: Files
    facts: CampaignFacts
    form: str
    expected: Path | None
    ends: tuple[CountyEnd, ...]
    quarantine_share: float
    county_dates: tuple[str, str] = ("", "")


def jobs(campaign: Campaign, shop: Workshop) -> list[Job]:
    """The one job of report, fresh while nothing below it changed."""
    slices = county_slices(campaign)
    units = [(stage, one.code) for one in slices for stage in ("render", "export")]
    receipts = [
        shop.receipts.find(stage, unit) for stage, unit in [("ingest", ""), ("clip", ""), ("collect", ""), *units]
    ]
    made = [[dict(one.outputs), one.status, one.problem, dict(one.tally)] if one else [] for one in receipts]
    facts, share = county_facts(campaign), campaign.sections["ingest"].quarantine_share
    expected = campaign.inputs.expected
    chosen, own = own_files(campaign, FormName(campaign.form), ("form",))
    parts = {
        "stages": value_digest(made),
        "expected": shop.digests.of(expected) if expected else "",
        "settings": value_digest([asdict(facts), share, campaign.form]),
        "shelf": value_digest([shelf_digest(STAGE.shelves), *own]),
    }
    dates = campaign.inputs.county_dates
    if any(dates):
        parts["county dates"] = value_digest(dates)
    undone = texts(facts.language)["account.undone"]
    ends = tuple(_end(shop, one, undone) for one in slices)
    return [job_of(STAGE, "", Task(campaign.files, facts, chosen.form, expected, ends, share, dates), parts)]


def _end(shop: Workshop, county: CountySlice, undone: str) -> CountyEnd:
    """What the county's two jobs came to, where they were done on the pieces that the county has now."""
    found = [shop.receipts.find(stage, county.code) for stage in ("render", "export")]
    ended = [one if one and one.parts.get("pieces") == county.digest else None for one in found]
    problems = [one.problem if one else undone for one in ended if not one or one.status != "done"]
    tallies = [one.tally if one and one.status == "done" else {} for one in ended]
    pages, bare = (int(tallies[0].get(name, 0)) for name in ("pages", "bare_frames"))
    rows, large = (int(tallies[1].get(name, 0)) for name in ("rows", "parts_too_large"))
    return CountyEnd(county.code, pages, rows, (problems or [""])[0].partition("\n")[0], bare, large)


def work(task: Task) -> Done:
    """Write all reports; the books are written even where they do not balance, and say so."""
    from pipeline.forms.form import load_form
    from pipeline.io.tables import layer_table, write_parquet

    files, form = task.files, load_form(task.form)
    ingest, clip = (_state(files, f"{one}_summary.json") for one in ("ingest", "clip"))
    (announced, unread), collect = _announced(task), _returned(files, clip)
    counties = county_states(ingest, clip, announced, {one.code: one for one in task.ends}, collect)
    told = [*_about_expected(counties, announced), *unread, *_about_parts(task.ends)]
    issues = sorted([*_collected(files, task.ends), *told], key=issue_order)
    total = sum(one.patches or 0 for one in announced.values()) if announced else None
    books = balance(task.facts.id, ingest, clip, counties, total, collect["returns"])
    whole = not any(one.problem for one in task.ends)
    rollup = _rollup(task, counties, form, collect["review_labels"])
    changes = read_changes(files)
    wrong = [*imbalances(books, ingest, whole, texts(task.facts.language)), *rollup.faults]
    wrong += change_faults(changes, texts(task.facts.language))
    books |= _county_layers(task, changes)
    ingest["quarantine_passed"] = _passed(task, ingest)
    columns, places = _issue_columns(task, issues)
    table = layer_table(ISSUES, columns, places, task.facts.crs)
    outputs = [write_parquet(files[ISSUES], table), files.state_file("issue_counts.json")]
    write_json(outputs[-1], dict(sorted(Counter(columns["code"]).items())))
    outputs += _reports(task, books, counties, issues, columns["sentence"], wrong, ingest, collect, rollup, changes)
    tally = {"issues": len(issues), "imbalances": len(wrong), "quarantine_passed": ingest["quarantine_passed"]}
    return Done(tuple(outputs), tally | {"refused_files": len(ingest["refused_files"])})


def _state(files: Files, name: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(files.state_file(name).read_bytes())
    return made


def _returned(files: Files, clip: dict[str, Any]) -> dict[str, Any]:
    """What collect made of the returns; everything is open where it has not run."""
    if files.state_file("collect_summary.json").is_file():
        return _state(files, "collect_summary.json")
    asked = {code: one["asked"] for code, one in clip["counties"].items()}
    returns = {"open": sum(asked.values()), "answered": 0, "conflict": 0, "unmatched": 0}
    counties = {code: {"open": count, "answered": 0, "conflict": 0, "verdicts": {}} for code, count in asked.items()}
    return {"returns": returns, "counties": counties, "files": [], "verdicts": [], "review_labels": {}}


def _announced(task: Task) -> tuple[dict[str, Any], list[Issue]]:
    """What was announced by county code; an issue where the list cannot be read, and nothing is known of it."""
    from pipeline.intake.expected import expected_or_why

    announced, why = expected_or_why(task.expected)
    return dict(announced), [Issue(Code.EXPECTED_UNREAD, "report", {"problem": why})] if why else []


def _passed(task: Task, ingest: dict[str, Any]) -> bool:
    """Whether more records were set aside than the campaign allows."""
    records = ingest["records"]
    return bool(records["quarantined"] > task.quarantine_share * max(records["received"], 1))


def county_states(
    ingest: dict[str, Any],
    clip: dict[str, Any],
    announced: dict[str, Any],
    ends: dict[str, CountyEnd],
    collect: dict[str, Any],
) -> list[CountyStatus]:
    """Every county of the county layer, in order of codes."""
    made = []
    for code, one in sorted(clip["counties"].items()):
        quarantined = ingest["by_county"].get(code, {}).get("quarantined", 0)
        came = one["patches"] + quarantined
        number = announced[code].patches if code in announced else None
        end = ends.get(code, CountyEnd(code, 0, 0, ""))
        names: dict[str, Any] = {
            name: one[name] or "" for name in ("name", "city_code", "city_name", "province_code", "province_name")
        }
        made.append(
            CountyStatus(
                code=code,
                **names,
                announced=number,
                came=came,
                quarantined=quarantined,
                word=announcement(number, came, one["pieces"]),
                pieces=one["pieces"],
                asked=one["asked"],
                area_m2=one["area_m2"],
                pages=end.pages,
                rows=end.rows,
                problem=end.problem,
                bare_frames=end.bare_frames,
                **_answers(collect["counties"].get(code)),
            )
        )
    return made


def _answers(one: dict[str, Any] | None) -> dict[str, Any]:
    if one is None:
        return {}
    verdicts = {code: (int(count), float(area_m2)) for code, (count, area_m2) in one["verdicts"].items()}
    names = ("open", "answered", "conflict", "to_correct", "review", "reviews", "times_returned")
    return {**{name: one[name] for name in names if name in one}, "verdicts": verdicts}


def _about_expected(counties: Sequence[CountyStatus], announced: dict[str, Any]) -> Iterable[Issue]:
    known = {one.code for one in counties}
    for code in announced:
        if code not in known:
            yield Issue(Code.EXPECTED_UNKNOWN_CODE, "report", county_code=code)
    for one in counties:
        if one.announced is not None and one.came > one.announced:
            yield Issue(
                Code.UNANNOUNCED, "report", {"came": one.came, "announced": one.announced}, county_code=one.code
            )


def _about_parts(ends: Sequence[CountyEnd]) -> Iterable[Issue]:
    """Zips to be mailed that are larger than was asked, for a single file is never cut."""
    for one in ends:
        if one.parts_too_large:
            yield Issue(Code.PART_TOO_LARGE, "report", {"count": one.parts_too_large}, county_code=one.code)


def _collected(files: Files, ends: Sequence[CountyEnd]) -> list[Issue]:
    """The issues that every job wrote for itself."""
    paths = [
        files.state_file("issues/ingest.jsonl"),
        files.state_file("issues/clip.jsonl"),
        files.state_file("issues/collect.jsonl"),
    ]
    paths += [files.work("render", one.code) / "issues.jsonl" for one in ends if not one.problem]
    return [issue for path in paths for issue in read_issues(path)]


def _issue_columns(task: Task, issues: Sequence[Issue]) -> tuple[dict[str, Any], Any]:
    import numpy as np
    import shapely

    from pipeline.issue_words import sentence

    names = ("stage", "patch_uid", "county_code", "delivery", "source_file", "source_layer", "source_row")
    columns: dict[str, Any] = {name: [getattr(one, name) for one in issues] for name in names}
    columns |= {
        "code": [str(one.code) for one in issues],
        "severity": [str(one.severity) for one in issues],
        "sentence": [sentence(one, task.facts.language) for one in issues],
    }
    shapes = [shapely.from_wkb(one.wkb_hex) if one.wkb_hex else None for one in issues]
    return columns, np.array([*shapes, None], object)[:-1]


def _reports(
    task: Task,
    books: dict[str, Any],
    counties: Sequence[CountyStatus],
    issues: Sequence[Issue],
    sentences: Sequence[str],
    wrong: Sequence[str],
    ingest: dict[str, Any],
    collect: dict[str, Any],
    rollup: Rollup,
    changes: Sequence[BoundaryChanges],
) -> list[Path]:
    from pipeline.morning.page import Morning, morning_page
    from pipeline.rollup.book import write_rollup

    reports = task.files.reports
    write_json(reports / "balance.json", books | ({"imbalances": list(wrong)} if wrong else {}))
    write_text(reports / "balance.csv", _csv(_flat(books)))
    write_text(reports / "status.csv", _csv(_status_rows(counties, collect["verdicts"], list(rollup.plan.reviews))))
    concerned = [county for one in changes for county in one.counties]
    write_rollup(reports / "rollup.xlsx", rollup.plan, rollup.rows, rollup.disputes, rollup.strays, concerned)
    morning = Morning(
        task.facts,
        books,
        list(counties),
        list(issues),
        list(sentences),
        list(wrong),
        _outlines(task),
        ingest,
        _morning_returns(task, collect, rollup),
        task.county_dates,
        changes,
    )
    write_text(reports / "index.html", morning_page(morning))
    names = ("balance.json", "balance.csv", "status.csv", "rollup.xlsx", "index.html")
    outputs = [reports / name for name in names]
    outputs += [*_tables(task), *_packages(task, counties, rollup.plan.form)]
    return outputs


def _rollup(task: Task, counties: Sequence[CountyStatus], form: Form, labels: dict[str, str]) -> Rollup:
    from pipeline.io.tables import read_parquet
    from pipeline.rollup.reckoning import reckon

    returned = task.files[RETURNED]
    rows = read_parquet(returned).to_pylist() if returned.is_file() else []
    reviews = {state: label for state, label in labels.items() if state != "issued"}  # a county's alone
    return reckon(_findings(task.files), rows, counties, form, task.facts, reviews)


def _findings(files: Files) -> dict[str, list[Any]]:
    """The findings, column by column; where collect has not run, every asked piece is open."""
    from pipeline.io.tables import read_parquet
    from pipeline.rollup.tally import COLUMNS

    if files[FINDINGS].is_file():
        table = read_parquet(files[FINDINGS], list(COLUMNS))
        return {name: table[name].to_pylist() for name in COLUMNS}
    given = ("patch_uid", "patch_no", "county_code", "county_name", "area_m2")
    table = read_parquet(files[PIECES], [*given, "asked"])
    asked = table.filter(table["asked"])
    unsaid: dict[str, list[Any]] = {name: [""] * asked.num_rows for name in COLUMNS if name not in given}
    return unsaid | {"state": ["open"] * asked.num_rows} | {name: asked[name].to_pylist() for name in given}


def _morning_returns(task: Task, collect: dict[str, Any], rollup: Rollup) -> Returns:
    """What the page tells of returns: the form's verdicts, each file with its receipt, and what waits for a person."""
    from pipeline.morning.returned import ReturnedFile, Returns, VerdictMark

    language = task.facts.language
    marks = (VerdictMark(one.code, one.label[language], one.colour) for one in rollup.plan.form.verdict.choices)
    files = (
        ReturnedFile(one["file"], one["digest"], one["door"], one["rows"], _receipt(task, one["file"], one["digest"]))
        for one in collect["files"]
    )
    return Returns(tuple(marks), tuple(files), rollup.disputes, collect["review_labels"])


def _receipt(task: Task, name: str, digest: str) -> str:
    """The receipt of a return as seen from the page, "" where there is none."""
    path = f"returns/{safe_name(name, digest)}.html"
    return path if (task.files.reports / path).is_file() else ""


def _flat(books: dict[str, Any]) -> list[list[Any]]:
    rows: list[list[Any]] = [["account", "item", "value"]]
    for account, value in books.items():
        if isinstance(value, dict):
            for item, number in value.items():
                inner = number.items() if isinstance(number, dict) else [("", number)]
                rows += [[account, f"{item} {name}".strip(), "" if one is None else one] for name, one in inner]
        elif isinstance(value, list):
            for one in value:
                place = f"{one['file']} {one['layer']}".strip()
                rows += [
                    [account, f"{place}: {name}", one[name]]
                    for name in ("received", "accepted", "quarantined", "duplicate")
                ]
        else:
            rows.append([account, "", value])
    return rows


def _status_rows(
    counties: Sequence[CountyStatus], verdicts: Sequence[str], reviews: Sequence[str] = ()
) -> list[list[Any]]:
    """A row a county; answered pieces by state of their review, and by verdict with their square metres."""
    names = [name for name in CountyStatus.__dataclass_fields__ if name not in ("verdicts", "reviews")]
    given = [f"review_{state}" for state in reviews]
    given += [f"verdict_{code}{unit}" for code in verdicts for unit in ("", "_m2")]
    rows: list[list[Any]] = [[*names, "published", *given]]
    for one in counties:
        values = ["" if getattr(one, name) is None else getattr(one, name) for name in names]
        found: list[float] = [one.reviews.get(state, 0) for state in reviews]
        found += [value for code in verdicts for value in one.verdicts.get(code, (0, 0.0))]
        rows.append([*values, "yes" if one.published else "no", *found])
    return rows


def _csv(rows: Iterable[Sequence[Any]]) -> str:
    """CSV that spreadsheets read as it stands: with BOM, and no cell that begins like a formula."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([[_harmless(cell) for cell in row] for row in rows])
    return "\ufeff" + text.getvalue()


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _county_layers(task: Task, changes: Sequence[BoundaryChanges]) -> dict[str, Any]:
    """What the books say of county layers: their dates, and the account by the other one, where they are given."""
    dates = dict(zip(("date", "other_date"), task.county_dates, strict=True))
    made: dict[str, Any] = {"county_layer": {name: one for name, one in dates.items() if one}}
    for one in changes:
        made["moves_m2"] = dict(one.account_m2)
    return {name: one for name, one in made.items() if one}


def _tables(task: Task) -> list[Path]:
    """Layers that people read as tables too."""
    quarantine, moves = (task.files.reports / f"{name}.csv" for name in ("quarantine", "boundary_changes"))
    table = _read(task.files, QUARANTINE)
    write_text(quarantine, _csv([table.column_names, *(row.values() for row in table.to_pylist())]))
    if not task.files[MOVES].is_file():
        moves.unlink(missing_ok=True)
        return [quarantine]
    write_text(moves, _csv(_move_rows(_read(task.files, MOVES), texts(task.facts.language))))
    return [quarantine, moves]


def _read(files: Files, layer: Layer) -> Any:
    from pipeline.io.tables import read_parquet

    return read_parquet(files[layer]).drop_columns(["geometry"])


_MOVE_COLUMNS = (
    "patch_no", "piece_no", "county_code", "county_name", "other_code", "other_name", "kind", "area_m2", "area_share",
    "patch_uid",
)  # fmt: skip


def _move_rows(moves: Any, words: Texts) -> Iterator[list[Any]]:
    """The layer `moves` in words: a row for each part of a piece, in order of patches."""
    yield [words[f"moves.column.{name}"] for name in _MOVE_COLUMNS]
    for one in moves.to_pylist():
        said = one | {
            "kind": words[f"moves.kind.{one['kind']}"],
            "other_name": one["other_name"] or words["moves.nobody"],
        }
        said |= {"area_m2": rounded(one["area_m2"], 2), "area_share": rounded(100 * one["area_share"], 2)}
        yield [said[name] for name in _MOVE_COLUMNS]


def _outlines(task: Task) -> dict[str, Any]:
    """County outlines for the page's map, by code."""
    from pipeline.io.tables import geometries, read_parquet

    table = read_parquet(task.files[COUNTIES], ["code", "geometry"])
    return dict(zip(table["code"].to_pylist(), geometries(table), strict=True))


def _packages(task: Task, counties: Sequence[CountyStatus], form: Form) -> list[Path]:
    """`<campaign>.gpkg` with every layer of the run, its project, and the quarantine, all opening styled."""
    from pipeline.forms.overview import write_overview
    from pipeline.forms.run_package import write_run_package
    from pipeline.io.tables import read_parquet

    files, facts = task.files, task.facts
    tables = {
        one.name: read_parquet(files[one])
        for one in (PATCHES, PIECES, REMAINDERS, BORDERS, MOVES, COUNTIES, FINDINGS, ISSUES)
        if files[one].is_file()
    }
    if files[PHOTOS].is_file() and (photos := read_parquet(files[PHOTOS])).num_rows:
        tables["photos"] = photos
    tables["counties"] = _with_progress(tables["counties"], counties)
    everything, project = files.out / f"{facts.id}.gpkg", files.out / f"{facts.id}.qgz"
    write_run_package(everything, tables, facts, form)
    write_overview(project, facts, form, tuple(tables), _box(tables["counties"]), _places(tables["counties"]))
    quarantine = files.reports / "quarantine.gpkg"
    write_run_package(quarantine, {"quarantine": read_parquet(files[QUARANTINE])}, facts, form)
    return [everything, project, quarantine]


def _with_progress(table: Any, counties: Sequence[CountyStatus]) -> Any:
    """The county layer with what a map of the campaign shows: each county's word and its answers."""
    by_code = {one.code: one for one in counties}
    mine = [by_code[code] for code in table["code"].to_pylist()]
    table = table.append_column("word", [[str(one.word) for one in mine]])
    for name in ("asked", "open", "answered", "conflict"):
        table = table.append_column(name, [[getattr(one, name) for one in mine]])
    return table


def _box(table: Any) -> tuple[float, float, float, float]:
    """West, south, east and north of all counties, degrees."""
    import shapely

    from pipeline.io.tables import geometries

    west, south, east, north = shapely.total_bounds(geometries(table))
    return float(west), float(south), float(east), float(north)


def _places(table: Any) -> dict[str, tuple[str, tuple[float, float, float, float]]]:
    """Name and box, by code, of the counties that are asked something."""
    return {
        one["code"][0].as_py(): (one["name"][0].as_py(), _box(one))
        for one in (table.slice(at, 1) for at, asked in enumerate(table["asked"].to_pylist()) if asked)
    }


STAGE = Stage("report", 7, "run", Section, "pipeline.stages.report:work", ("styles", "forms"))
