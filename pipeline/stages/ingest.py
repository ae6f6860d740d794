"""Ingest: deliveries, the county layer and imagery in; patches, counties, a ledger of every record out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.campaign import Campaign, Files, ImageryFile, Inputs
from pipeline.engine.digest import value_digest
from pipeline.engine.progress import progress
from pipeline.engine.run import Workshop, job_of
from pipeline.engine.stage import Done, Job, Stage
from pipeline.errors import Refusal, Refusals
from pipeline.io.received import MAPS_NOT_READ, PARSER_VERSION, Delivery, delivery_of, group, keep, shown_names
from pipeline.issues import FILE_REFUSALS, Code, Issue, write_issues
from pipeline.layers import COUNTIES, PATCHES, QUARANTINE, RECORDS
from pipeline.publish import write_json
from pipeline.records import CampaignFacts

if TYPE_CHECKING:
    from pipeline.intake.counties import Counties
    from pipeline.intake.patches import Sorted
    from pipeline.intake.read import RefusedFile


@dataclass(frozen=True)
class Section:
    """`[ingest]`: quarantine beyond this share of the received records makes the run end with 3."""

    quarantine_share: float = 0.05

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012


@dataclass(frozen=True)
class Task:
    """All that ingest needs: paths with the digests they had when the job was made."""

    files: Files
    inputs: Inputs
    facts: CampaignFacts
    deliveries: tuple[tuple[Delivery, tuple[Path, ...]], ...]
    counties: tuple[tuple[Delivery, tuple[Path, ...]], ...]
    imagery: tuple[tuple[ImageryFile, str], ...]


def jobs(campaign: Campaign, shop: Workshop) -> list[Job]:
    """The one job of ingest, fresh while no input changed."""
    deliveries = _deliveries(campaign.inputs.patches, shop)
    counties = _deliveries(campaign.inputs.counties, shop)
    imagery = tuple((one, shop.digests.of(one.path)) for one in campaign.inputs.imagery)
    inputs = campaign.inputs
    settings: list[Any] = [
        asdict(campaign.facts),
        inputs.patches_crs,
        inputs.counties_crs,
        inputs.patches_encoding,
        inputs.area_unit,
    ]
    settings += [inputs.levels, inputs.patch_fields, inputs.county_fields, inputs.patch_types]
    parts = {
        "deliveries": value_digest([asdict(one) for one, _ in deliveries]),
        "county layer": value_digest([asdict(one) for one, _ in counties]),
        "imagery": value_digest(
            [[str(one.path), one.phase, one.date, one.sensor, one.bands, digest] for one, digest in imagery]
        ),
        "settings": value_digest(settings),
        "parser": str(PARSER_VERSION),
    }
    task = Task(campaign.files, campaign.inputs, campaign.facts, deliveries, counties, imagery)
    return [job_of(STAGE, "", task, parts)]


def _deliveries(paths: Sequence[Path], shop: Workshop) -> tuple[tuple[Delivery, tuple[Path, ...]], ...]:
    groups = group(paths)
    names = shown_names([lead for lead, _ in groups])
    return tuple((delivery_of(names[lead], lead, files, shop.digests.of), tuple(files)) for lead, files in groups)


def work(task: Task) -> Done:
    """Sort every record of every delivery; nothing is published before all is known."""
    from pipeline.intake.counties import county_layer
    from pipeline.intake.patches import Rules, sort_out
    from pipeline.intake.read import read_layers

    files, inputs = task.files, task.inputs
    _keep_all(task)
    _refuse_unread_counties(task)
    county_layers, refused, _ = read_layers(*_parse(task, task.counties, None))
    if refused:
        raise Refusals([Refusal(f"{one.report.file}: {one.report.sentence}", one.report.hint) for one in refused])
    counties = county_layer(county_layers, inputs.counties_crs, inputs.county_fields, inputs.levels)
    layers, refused, ignored = read_layers(*_parse(task, task.deliveries, files.archive / "received"))
    rules = Rules(
        task.facts.id,
        counties.crs,
        counties.ellipsoid,
        inputs.patches_crs,
        inputs.area_unit,
        inputs.patch_fields,
        inputs.patch_types,
        task.facts.language,
        frozenset(counties.codes),
    )
    found = sort_out(layers, rules)
    _refuse_if_nothing(task, found, refused)
    issues = [*counties.issues, *found.issues, *_file_issues(refused, ignored), *_unread_issues(task)]
    scenes = _scenes(task, counties.crs, issues)
    return _write(task, counties, found, rules, issues, scenes)


def _refuse_unread_counties(task: Task) -> None:
    """A county layer is read whole or not at all."""
    unread = [one for one, _ in task.counties if one.problem or (not one.kind and _is_map(one.name))]
    sentences = [f"{one.name}: {one.problem or 'this format is not read yet'}" for one in unread]
    if unread:
        raise Refusals([Refusal(one, f"county layer: {_FORMATS}") for one in sentences])


def _keep_all(task: Task) -> None:
    received = task.files.archive / "received"
    for delivery, paths in task.deliveries:
        for part, path in zip(delivery.parts, paths, strict=not delivery.problem):
            keep(path, part.digest, received)


def _parse(
    task: Task, given: tuple[tuple[Delivery, tuple[Path, ...]], ...], received: Path | None
) -> tuple[list[Delivery], dict[str, Any]]:
    from pipeline.io.sandbox import parsed

    read = [delivery for delivery, _ in given if delivery.kind]
    where = {part.digest: path for one, paths in given for part, path in zip(one.parts, paths, strict=not one.problem)}
    encoding = task.inputs.patches_encoding if received else ""

    def kept(digest: str) -> Path:
        return (received / digest) if received else where[digest].resolve()

    cache = task.files.state / "parsed"
    with progress("read", len(read)) as step:
        return read, parsed(read, lambda one: kept(one).absolute(), cache.absolute(), encoding, step)


def _refuse_if_nothing(task: Task, found: Sorted, refused: Sequence[RefusedFile]) -> None:
    """Where not one record can be placed, nothing was begun: all reasons at once, exit code 4."""
    whole = [one for one in found.issues if one.code in (Code.NO_CRS, Code.CRS_REFUSED)]
    usable = len(found.records) > sum(int(one.facts["count"]) for one in whole)
    if usable:
        return
    reasons = [Refusal(f"{one.report.file}: {one.report.sentence}", one.report.hint) for one in refused]
    reasons += [Refusal(one.facts["problem"], one.facts["hint"]) for one in whole]
    unread = [delivery for delivery, _ in task.deliveries if not delivery.kind]
    reasons += [Refusal(f"{one.name}: {one.problem or 'not a format that is read'}", _FORMATS) for one in unread]
    if reasons:
        raise Refusals(reasons)
    if not len(found.records):
        raise Refusal("the deliveries hold no record at all", "look at [inputs] patches")


_FORMATS = "send shapefile (zipped), GeoPackage, GeoJSON, KML, FlatGeobuf, GeoParquet, or a table with outlines"


def _file_issues(refused: Sequence[RefusedFile], ignored: Sequence[tuple[str, str]]) -> list[Issue]:
    issues = [
        Issue(
            Code(one.report.code),
            "ingest",
            {"file": one.report.file, "problem": one.report.sentence, "hint": one.report.hint},
            delivery=one.delivery,
            source_file=one.report.file,
        )
        for one in refused
    ]
    return issues + [_not_read(delivery, name) for delivery, name in ignored]


def _unread_issues(task: Task) -> list[Issue]:
    return [_not_read(one.digest, one.name, one.problem) for one, _ in task.deliveries if not one.kind]


def _not_read(delivery: str, name: str, problem: str = "") -> Issue:
    facts = {"file": name, "hint": _FORMATS} | ({"problem": problem} if problem else {})
    code = Code.FILE_UNREADABLE if problem else Code.FILE_NOT_READ
    return Issue(code, "ingest", facts, delivery=delivery, source_file=name)


def _scenes(task: Task, crs: str, issues: list[Issue]) -> list[dict[str, Any]]:
    """What is known of each imagery file, in the order of the campaign (the first lies on top).

    A file that cannot be used is an issue: the sheets over it say that there is no imagery.
    """
    from pipeline.intake.scenes import date_and_sensor
    from pipeline.io.rasters import opened, read_scene

    made = []
    for file, digest in task.imagery:
        name = file.path.name
        try:
            with opened(file.path) as dataset:
                tags = dataset.tags()
            date, sensor = date_and_sensor(file, tags)
            scene = read_scene(file.path, file.phase, date, sensor, file.bands or None, crs, digest)
        except Refusal as refusal:
            facts = {"file": name, "problem": refusal.sentence, "hint": refusal.hint}
            issues.append(Issue(Code.FILE_UNREADABLE, "ingest", facts, source_file=name))
            continue
        if not date:
            issues.append(Issue(Code.IMAGERY_UNDATED, "ingest", {"file": name}, source_file=name))
        made.append(asdict(scene) | {"footprint": scene.footprint.wkt, "box": list(scene.footprint.bounds)})
    return made


def _write(
    task: Task, counties: Counties, found: Sorted, rules: Any, issues: list[Issue], scenes: list[dict[str, Any]]
) -> Done:
    from pipeline.intake.patches import patch_columns, record_columns
    from pipeline.io.tables import layer_table, write_parquet

    files = task.files
    columns, geometry = patch_columns(found, rules)
    outputs = [
        write_parquet(
            files[COUNTIES], layer_table(COUNTIES, _county_columns(counties), counties.geometry, counties.crs), 1
        ),
        write_parquet(files[PATCHES], layer_table(PATCHES, columns, geometry, counties.crs)),
        write_parquet(files[RECORDS], layer_table(RECORDS, record_columns(found), None, counties.crs)),
        write_parquet(files[QUARANTINE], _quarantine_table(task.facts.language, found, counties.crs)),
    ]
    outputs += [
        files.state_file("issues/ingest.jsonl"),
        files.state_file("ingest_summary.json"),
        files.state_file("scenes.json"),
    ]
    write_issues(outputs[-3], issues)
    write_json(outputs[-2], _summary(counties, found, issues))
    write_json(outputs[-1], scenes)
    return Done(tuple(outputs), _tally(found, issues))


def _county_columns(counties: Counties) -> dict[str, Any]:
    return {
        "code": counties.codes,
        "name": counties.names,
        "city_code": [one.city_code for one in counties.above],
        "city_name": [one.city_name for one in counties.above],
        "province_code": [one.province_code for one in counties.above],
        "province_name": [one.province_name for one in counties.above],
        "area_m2": counties.area_m2,
    }


def _quarantine_table(language: str, found: Sorted, crs: str) -> Any:
    import json

    import numpy as np

    from pipeline.intake.patches import source_columns
    from pipeline.io.tables import layer_table
    from pipeline.issue_words import sentence

    records = found.records
    rows = [at for at, status in enumerate(found.status) if status == "quarantined"]
    by_place = {
        (one.delivery, one.source_file, one.source_layer, one.source_row): one
        for one in found.issues
        if one.source_row >= 0 or one.code in FILE_REFUSALS
    }
    places = [(records.delivery[at], records.file[at], records.layer[at], records.row[at]) for at in rows]
    issues = [by_place.get(one) or by_place[(*one[:3], -1)] for one in places]
    geometry = np.empty(len(rows), object)
    geometry[:] = [records.geometry[at] for at in rows]
    columns = {
        **source_columns(records, rows),
        "reason": [records.reason[at] for at in rows],
        "sentence": [sentence(one, language) for one in issues],
        "patch_no": [records.values["patch_no"][at] for at in rows],
        "county_code": [records.values["county_code"][at] for at in rows],
        "source_crs": [records.crs[at] for at in rows],
        "delivered": [json.dumps(records.raw[at], ensure_ascii=False) for at in rows],
    }
    return layer_table(QUARANTINE, columns, geometry, crs)


def _summary(counties: Counties, found: Sorted, issues: Sequence[Issue]) -> dict[str, Any]:
    """What later stages and the report need to know without opening a table."""
    records = found.records
    counts: Counter[tuple[str, ...]] = Counter(
        (records.delivery[at], records.file[at], records.layer[at], status) for at, status in enumerate(found.status)
    )
    layers = sorted({key[:3] for key in counts})
    by_layer = [
        {
            "delivery": one[0],
            "file": one[1],
            "layer": one[2],
            **_counted(lambda status, key=one: counts[(*key, status)]),
        }
        for one in layers
    ]
    county: Counter[tuple[str, str]] = Counter(zip(records.values["county_code"], found.status, strict=True))
    by_county = {
        code: _counted(lambda status, code=code: county[code, status]) for code in sorted({one for one, _ in county})
    }
    refused = [
        one
        for one in issues
        if one.code in FILE_REFUSALS or (one.code is Code.FILE_NOT_READ and _is_map(one.source_file))
    ]
    return {
        "crs": counties.crs,
        "records": _counted(lambda status: found.status.count(status)),
        "quarantine_by_reason": dict(sorted(Counter(one for one in records.reason if one).items())),
        "by_delivery": by_layer + _empty_handed(refused, {one[1] for one in layers}),
        "by_county": by_county,
        "refused_files": sorted({one.source_file for one in refused}),
        "area_accepted_m2": _sum(found.area_m2[found.accepted()]),
    }


def _is_map(name: str) -> bool:
    return name.lower().endswith(MAPS_NOT_READ)


def _empty_handed(refused: Sequence[Issue], heard: set[str]) -> list[dict[str, Any]]:
    """Files set aside whole: they have no record that could be counted, but they are named."""
    return [
        {
            "delivery": one.delivery,
            "file": one.source_file,
            "layer": "",
            **_counted(lambda _: 0),
            "refused": str(one.code),
        }
        for one in refused
        if one.source_file not in heard
    ]


def _counted(count: Any) -> dict[str, int]:
    made = {status: int(count(status)) for status in ("accepted", "quarantined", "duplicate")}
    return {"received": sum(made.values()), **made}


def _sum(values: Any) -> float:
    from math import fsum

    return fsum(values.tolist())


def _tally(found: Sorted, issues: Sequence[Issue]) -> dict[str, int]:
    return _counted(lambda status: found.status.count(status)) | {"issues": len(issues)}


STAGE = Stage("ingest", 2, "run", Section, "pipeline.stages.ingest:work", ("vocabularies",))
