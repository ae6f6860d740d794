"""Ingest: deliveries, the county layer and imagery in; patches, counties, a ledger of every record out."""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.campaign import Campaign, Files, ImageryFile, Inputs
from pipeline.county_jobs import shelf_digest
from pipeline.decisions import Decision, names_file, of_verbs, read_decisions
from pipeline.engine.digest import file_digest, value_digest
from pipeline.engine.progress import progress
from pipeline.engine.run import Workshop, job_of
from pipeline.engine.stage import Done, Job, Stage
from pipeline.errors import Refusal, Refusals
from pipeline.io.received import MAPS_NOT_READ, PARSER_VERSION, Delivery, delivery_of, group, keep, shown_names
from pipeline.io.scene_texts import files_beside
from pipeline.issues import FILE_REFUSALS, Code, Issue, write_issues
from pipeline.layers import COUNTIES, COUNTIES_OTHER, PATCHES, QUARANTINE, RECORDS, TOWNS
from pipeline.publish import swap_folder, write_json
from pipeline.records import CampaignFacts
from pipeline.texts import texts

if TYPE_CHECKING:
    from pipeline.intake.counties import Counties
    from pipeline.intake.read import ReadLayer, RefusedFile
    from pipeline.intake.rules import Rules
    from pipeline.intake.scenes import SceneRow
    from pipeline.intake.sorting import Sorted
    from pipeline.intake.surroundings import Around
    from pipeline.io.parser import NamesReport
    from pipeline.ledger import Ledger


@dataclass(frozen=True)
class Imagery:
    """An image file, the digest of all that it shows, and the texts beside it with theirs."""

    file: ImageryFile
    digest: str
    texts: tuple[Path, ...]
    told: tuple[str, ...]


COUNTIES_A_GROUP = 8  # of the layer on disk: the jobs of a county read few others with their neighbours
TOWNS_A_GROUP = 2000  # that are in memory at once when clip reads them


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
    counties_other: tuple[tuple[Delivery, tuple[Path, ...]], ...]  # of another date
    around: Mapping[str, tuple[tuple[Delivery, tuple[Path, ...]], ...]]  # towns, roads, places
    imagery: tuple[Imagery, ...]
    scenes: tuple[tuple[Delivery, tuple[Path, ...]], ...]  # the layer that tells of imagery
    decisions: tuple[Decision, ...]

    @property
    def names(self) -> dict[str, str]:
        """What each delivery is called, by its digest."""
        return {one.digest: one.name for one, _ in self.deliveries if one.digest}


def jobs(campaign: Campaign, shop: Workshop) -> list[Job]:
    """The one job of ingest, fresh while no input changed."""
    deliveries = _deliveries(campaign.inputs.patches, shop)
    counties, others = (
        _deliveries(paths, shop) for paths in (campaign.inputs.counties, campaign.inputs.counties_other)
    )
    around = {kind: _deliveries(paths, shop) for kind, paths in campaign.inputs.around.items() if paths}
    imagery, scenes = _imagery(campaign.inputs, shop), _deliveries(campaign.inputs.scenes, shop)
    inputs = campaign.inputs
    decisions = of_verbs(read_decisions(campaign.files.decisions), *_DECIDED)
    settings: list[Any] = [
        asdict(campaign.facts),
        inputs.patches_crs,
        inputs.counties_crs,
        inputs.patches_encoding,
        inputs.area_unit,
    ]
    settings += [inputs.levels, inputs.patch_fields, inputs.county_fields, inputs.patch_types, _mask_terms(inputs)]
    parts = {
        "deliveries": value_digest([asdict(one) for one, _ in deliveries]),
        "county layer": value_digest([asdict(one) for one, _ in counties]),
        "surroundings": value_digest({kind: [asdict(one) for one, _ in given] for kind, given in around.items()}),
        "imagery": value_digest([[str(one.file.path), *one.file.said, one.digest, *one.told] for one in imagery]),
        "settings": value_digest(settings),
        "parser": str(PARSER_VERSION),
        "shelf": shelf_digest(STAGE.shelves),
        "decisions": value_digest([[one.who, one.when, one.id, one.verb, one.object, one.reason] for one in decisions]),
    }
    if others:
        parts["other county layer"] = value_digest([[asdict(one) for one, _ in others], inputs.counties_other_fields])
    if scenes:
        parts["scene layer"] = value_digest([asdict(one) for one, _ in scenes])
    given = (deliveries, counties, others, around, imagery, scenes)
    task = Task(campaign.files, inputs, campaign.facts, *given, decisions)
    return [job_of(STAGE, "", task, parts)]


_DECIDED = ("accept", "crs", "encoding", "supersedes")  # what this stage asks of decisions.csv


def _deliveries(paths: Sequence[Path], shop: Workshop) -> tuple[tuple[Delivery, tuple[Path, ...]], ...]:
    groups = group(paths)
    names = shown_names([lead for lead, _ in groups])
    return tuple((delivery_of(names[lead], lead, files, shop.digests.of), tuple(files)) for lead, files in groups)


def _imagery(inputs: Inputs, shop: Workshop) -> tuple[Imagery, ...]:
    """Each image file with what lies beside it; of one that a list names and that is not there, nothing."""
    beside, made = files_beside(), []
    for one in inputs.imagery:
        if not one.path.is_file():
            made.append(Imagery(one, "", (), ()))
            continue
        found, digest = beside(one.path), shop.digests.of(one.path)
        parts = [[path.name, shop.digests.of(path)] for path in found.parts]
        told = tuple(shop.digests.of(path) for path in found.texts)
        made.append(Imagery(one, value_digest([digest, parts]) if parts else digest, found.texts, told))
    return tuple(made)


def _mask_terms(inputs: Inputs) -> dict[str, Any] | None:
    """What the parser is told about change masks; None where GeoTIFFs are not read."""
    return asdict(inputs.mask) | {"crs": inputs.patches_crs} if inputs.mask else None


def work(task: Task) -> Done:
    """Sort every record of every delivery; nothing is published before all is known."""
    from pipeline.intake.booked import book_in, ledger_issues
    from pipeline.intake.counties import county_layer
    from pipeline.intake.doubts import doubts
    from pipeline.intake.read import archive_names, read_layers
    from pipeline.intake.rules import Rules
    from pipeline.intake.sorting import sort_out
    from pipeline.intake.suspicions import suspicions
    from pipeline.io.tables import give_back

    task = _keep_all(task)
    ledger = book_in(task.files.ledger, [one for one, _ in task.deliveries])
    files, inputs = task.files, task.inputs
    county_layers = _county_layers(task, task.counties)
    counties = county_layer(county_layers, inputs.counties_crs, inputs.county_fields, inputs.levels)
    others = _other_counties(task, counties.crs)
    read, parsed = _parse(task, task.deliveries, files.archive / "received")
    layers, refused, ignored = read_layers(read, parsed)
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
        dict(zip(counties.codes, counties.names, strict=True)),
        task.facts.map_date.isoformat() if task.facts.map_date else "",
        task.decisions,
        task.names,
    )
    found = sort_out(layers, rules)
    _refuse_if_nothing(task, found, refused, ignored)
    issues = [
        *counties.issues,
        *(issue for one in others for issue in one.issues),
        *found.said,
        *doubts(found, rules),
        *suspicions(found, layers, counties.geometry, rules),
        *ledger_issues(ledger),
        *_decision_issues(found, task),
        *_file_issues(refused, ignored),
        *map(_about_names, archive_names(read, parsed)),
        *_remarks(layers),
        *_unread_issues(task),
    ]
    scenes = _scenes(task, counties.crs, issues)
    around = _around(task, counties.crs, issues)
    before = _uids_before(task, ledger, rules, found)
    give_back()
    return _write(task, counties, others, found, rules, issues, scenes, around, before)


def _county_layers(task: Task, given: tuple[tuple[Delivery, tuple[Path, ...]], ...]) -> list[ReadLayer]:
    """A county layer is read whole or not at all."""
    from pipeline.intake.read import read_layers

    unread = [one for one, _ in given if one.problem or (not one.kind and _is_map(one.name))]
    sentences = [f"{one.name}: {one.problem or 'this format is not read yet'}" for one in unread]
    if unread:
        raise Refusals([Refusal(one, f"county layer: {_FORMATS}") for one in sentences])
    layers, refused, _ = read_layers(*_parse(task, given, None))
    if refused:
        raise Refusals([Refusal(f"{one.report.file}: {one.report.sentence}", one.report.hint) for one in refused])
    return layers


def _other_counties(task: Task, crs: str) -> list[Counties]:
    """The county layer of another date, where there is one."""
    from pipeline.intake.counties import county_layer

    inputs = task.inputs
    if not task.counties_other:
        return []
    layers = _county_layers(task, task.counties_other)
    made = county_layer(layers, inputs.counties_crs, inputs.counties_other_fields, inputs.levels, crs)
    file = task.counties_other[0][0].name
    return [replace(made, issues=[replace(one, source_file=one.source_file or file) for one in made.issues])]


def _keep_all(task: Task) -> Task:
    """Take every delivery into the archive; the task with those that changed meanwhile as ones that cannot be read."""
    received = task.files.archive / "received"
    return replace(task, deliveries=tuple(_kept(one, paths, received) for one, paths in task.deliveries))


def _decision_issues(found: Sorted, task: Task) -> list[Issue]:
    """Decisions that speak of nothing there is."""
    from pipeline.intake.decided import unused

    words = texts(task.facts.language)
    used = frozenset(one.id for one in found.released.values())
    named = [(one.digest, one.name) for one, _ in task.deliveries if one.digest]
    inner = {one.file for one in found.records.sources}
    return [
        Issue(Code.DECISION_UNUSED, "ingest", {"row": one.row, "what": words[f"issue.{what}"], "id": said})
        for one, what, said in unused(task.decisions, named, inner, used)
    ]


def _uids_before(task: Task, ledger: Ledger, rules: Rules, now: Sorted) -> dict[str, str]:
    """Which uid each patch key had last in withdrawn deliveries of the names that are there now: what a corrected file
    replaces. What is still there was not replaced."""
    from pipeline.intake.booked import namesakes
    from pipeline.intake.read import read_layers
    from pipeline.intake.sorting import sort_out
    from pipeline.intake.values import patch_keys

    received = task.files.archive / "received"
    gone = namesakes(ledger, {one.name for one, _ in task.deliveries})
    archived = tuple((one, ()) for one in gone if all((received / part.digest).is_file() for part in one.parts))
    if not archived:
        return {}
    layers, _, _ = read_layers(*_parse(task, archived, received))
    found = sort_out(layers, replace(rules, decisions=()))
    order = {one.digest: at for at, (one, _) in enumerate(archived)}
    rows = (found.records.values["patch_no"].holds(bool) & (found.reason == "")).nonzero()[0]
    late = [order[one] for one in found.records.of_source("delivery", rows).to_pylist()]
    keys = patch_keys(rules.campaign, found.records.values, rows).to_pylist()
    alive = frozenset(now.uids(now.accepted()))
    told = sorted(zip(late, keys, found.uids(rows), strict=True), key=lambda one: one[0])
    return {key: uid for _, key, uid in told if uid not in alive}


def _kept(delivery: Delivery, paths: tuple[Path, ...], received: Path) -> tuple[Delivery, tuple[Path, ...]]:
    try:
        for part, path in zip(delivery.parts, paths, strict=not delivery.problem):
            keep(path, part.digest, received)
    except Refusal as refusal:
        unread = replace(delivery, kind="", parts=(), problem=refusal.sentence, hint=refusal.hint)
        return unread, paths
    return delivery, paths


def _parse(
    task: Task, given: tuple[tuple[Delivery, tuple[Path, ...]], ...], received: Path | None
) -> tuple[list[Delivery], dict[str, Any]]:
    from pipeline.io.sandbox import parsed

    read = [delivery for delivery, _ in given if delivery.kind]
    where = {part.digest: path for one, paths in given for part, path in zip(one.parts, paths, strict=False)}
    mask = _mask_terms(task.inputs) if received else None

    def kept(digest: str) -> Path:
        return (received / digest) if received else where[digest].resolve()

    cache = task.files.state / "parsed"
    found: dict[str, Any] = {}
    with progress("read", len(read)) as step:
        for encoding, some in _by_encoding(task, read, received is not None):
            found |= parsed(some, lambda one: kept(one).absolute(), cache.absolute(), encoding, step, mask)
    return read, found


def _by_encoding(task: Task, read: Sequence[Delivery], of_patches: bool) -> list[tuple[str, list[Delivery]]]:
    """Deliveries by the encoding in which they must be read: as decided for the file, else as the campaign says."""
    if not of_patches:
        return [("", list(read))]
    groups: dict[str, list[Delivery]] = {}
    for one in read:
        said = [
            each.object for each in of_verbs(task.decisions, "encoding") if names_file(each.id, one.name, one.digest)
        ]
        groups.setdefault(said[-1] if said else task.inputs.patches_encoding, []).append(one)
    return sorted(groups.items())


def _refuse_if_nothing(
    task: Task, found: Sorted, refused: Sequence[RefusedFile], ignored: Sequence[tuple[str, str]]
) -> None:
    """Where not one record can be placed, nothing was begun: all reasons at once, exit code 4."""
    whole = [one for one in found.said if one.code in (Code.NO_CRS, Code.CRS_REFUSED)]
    usable = len(found.records) > sum(int(one.facts["count"]) for one in whole)
    if usable:
        return
    reasons = [Refusal(f"{one.report.file}: {one.report.sentence}", one.report.hint) for one in refused]
    reasons += [Refusal(one.facts["problem"], one.facts["hint"]) for one in whole]
    unread = [delivery for delivery, _ in task.deliveries if not delivery.kind]
    reasons += [Refusal(f"{one.name}: {one.problem or _NO_FORMAT}", one.hint or _way_out(one.name)) for one in unread]
    reasons += [Refusal(f"{name}: {_NO_FORMAT}", _way_out(name)) for _, name in ignored if _is_map(name)]
    if reasons:
        raise Refusals(reasons)
    if not len(found.records):
        left = ", ".join(name for _, name in ignored[:_NAMED])
        not_read = f"; not read: {left}{' …' if len(ignored) > _NAMED else ''}" if left else ""
        raise Refusal(f"the deliveries hold no record at all{not_read}", "look at [inputs] patches")


_NAMED = 5  # files in one sentence
_NO_FORMAT = "not a format that is read"
_FORMATS = (
    "send shapefile or FileGDB (zipped), GeoPackage, GeoJSON, KML, FlatGeobuf, GeoParquet, or a table with outlines"
)
_MASKS = (
    'if it is a change mask, write [inputs.mask] with classes = { 1 = "…" } (class = type of patch) in campaign.toml'
)


def _way_out(name: str) -> str:
    return _MASKS if name.lower().endswith((".tif", ".tiff")) else _FORMATS


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


def _about_names(archive: tuple[str, NamesReport]) -> Issue:
    delivery, one = archive
    return Issue(Code.ENCODING_DECIDED, "ingest", asdict(one), delivery=delivery, source_file=one.file)


def _unread_issues(task: Task) -> list[Issue]:
    return [_not_read(one.digest, one.name, one.problem, one.hint) for one, _ in task.deliveries if not one.kind]


def _remarks(layers: Sequence[ReadLayer]) -> list[Issue]:
    """What the reader of a file must say of it as issues of their own."""
    return [
        Issue(
            Code(remark["code"]),
            "ingest",
            {"file": one.report.file, **remark["facts"]},
            delivery=one.delivery,
            source_file=one.report.file,
            source_layer=one.report.name,
        )
        for one in layers
        for remark in one.report.remarks
    ]


def _not_read(delivery: str, name: str, problem: str = "", hint: str = "") -> Issue:
    facts = {"file": name, "hint": hint or _way_out(name)} | ({"problem": problem} if problem else {})
    code = Code.FILE_UNREADABLE if problem else Code.FILE_NOT_READ
    return Issue(code, "ingest", facts, delivery=delivery, source_file=name)


def _scenes(task: Task, crs: str, issues: list[Issue]) -> list[dict[str, Any]]:
    """What is known of each imagery file, in the order of the campaign (the first lies on top).

    A file that cannot be used is an issue: the sheets over it say that there is no imagery.
    """
    from pipeline.intake.scenes import all_said, by_row, date_and_sensor, rows_of
    from pipeline.io.rasters import bands_named, opened, read_scene
    from pipeline.io.scene_texts import read_said

    made, rows = [], _scene_rows(task, crs, issues)
    for one in task.imagery:
        file, name = one.file, one.file.shown
        try:
            with opened(file.path) as dataset:
                tags, named = dataset.tags(), bands_named(dataset)
            mine = rows_of(file, rows)
            said = all_said(file, tags, [read_said(text) for text in one.texts], mine)
            date, sensor = date_and_sensor(said)
            scene = read_scene(file.path, file.phase, date, sensor, file.bands or None, crs, one.digest)
        except Refusal as refusal:
            facts = {"file": name, "problem": _of_image(file.path, refusal.sentence), "hint": refusal.hint}
            issues.append(Issue(Code.FILE_UNREADABLE, "ingest", facts, source_file=name))
            continue
        parts = [scene] if file.date else by_row(scene, mine)
        issues += _about_scene(task, name, said, parts)
        if not (named or file.bands):
            bands = ", ".join(map(str, scene.bands))
            issues.append(Issue(Code.IMAGERY_BANDS_ASSUMED, "ingest", {"file": name, "bands": bands}, source_file=name))
        made += [asdict(part) | {"footprint": part.footprint.wkt, "box": list(part.footprint.bounds)} for part in parts]
    return made


def _of_image(path: Path, sentence: str) -> str:
    """A sentence about an image without its path, which is of this machine."""
    told = sentence.removeprefix(f"{path}: ")
    told = f"it {told.removeprefix(f'{path} ')}" if told.startswith(f"{path} ") else told
    return told.replace(f"{path.parent}/", "")


def _scene_rows(task: Task, crs: str, issues: list[Issue]) -> list[SceneRow]:
    """What the scene layer says by file; a layer that cannot be read is an issue and never more."""
    from pipeline.intake.read import read_layers
    from pipeline.intake.scenes import scene_rows, usable

    layers, refused, ignored = read_layers(*_parse(task, tuple(one for one in task.scenes if one[0].kind), None))
    issues += _file_issues(refused, ignored)
    issues += [_not_read(one.digest, one.name, one.problem, one.hint) for one, _ in task.scenes if not one.kind]
    found: list[SceneRow] = []
    for layer in layers:
        try:
            found += scene_rows([layer], task.inputs.counties_crs, crs)
        except Refusal as refusal:
            issues.append(_not_read(layer.delivery, layer.report.file, refusal.sentence, refusal.hint))
    used = usable(found, task.inputs.imagery)
    if len(used) < len(found):
        facts = {"count": len(found) - len(used), "total": len(found)}
        issues.append(Issue(Code.SCENE_ROWS_IDLE, "ingest", facts))
    return used


def _about_scene(task: Task, name: str, said: Sequence[Any], parts: Sequence[Any]) -> Iterator[Issue]:
    """No date, or two that cannot both be right."""
    from pipeline.intake.scenes import contradiction

    words = texts(task.facts.language)
    if not all(one.date for one in parts):
        yield Issue(Code.IMAGERY_UNDATED, "ingest", {"file": name}, source_file=name)
    for one, other in filter(None, [contradiction(said)]):
        facts = {"file": name, "date": one.date, "other": other.date}
        facts |= {"source": words[f"issue.said_{one.source}"], "other_source": words[f"issue.said_{other.source}"]}
        yield Issue(Code.IMAGERY_DATES_DIFFER, "ingest", facts, source_file=name)


def _around(task: Task, crs: str, issues: list[Issue]) -> Around:
    """Towns, roads and places, where there are any; what cannot be drawn is an issue and never more."""
    from pipeline.intake.read import read_layers
    from pipeline.intake.surroundings import around, features_of

    found = []
    _, parsed = _parse(task, tuple(one for given in task.around.values() for one in given), None)
    for kind, given in task.around.items():
        layers, refused, ignored = read_layers([one for one, _ in given if one.kind], parsed)
        for layer in layers:
            features, said = features_of(kind, layer, task.inputs.counties_crs, crs)
            found += features
            issues += said
        issues += _around_unread(kind, [one for one, _ in given], refused, ignored)
    return around(found)


def _around_unread(
    kind: str, given: Sequence[Delivery], refused: Sequence[RefusedFile], ignored: Sequence[tuple[str, str]]
) -> list[Issue]:
    from pipeline.intake.surroundings import unread

    told = [(one.delivery, one.report.file, one.report.sentence, one.report.hint) for one in refused]
    told += [(one.digest, one.name, one.problem or _NO_FORMAT, one.hint or _FORMATS) for one in given if not one.kind]
    told += [(delivery, name, _NO_FORMAT, _FORMATS) for delivery, name in ignored if _is_map(name)]
    return [unread(kind, *one) for one in told]


def _write(
    task: Task,
    counties: Counties,
    others: Sequence[Counties],
    found: Sorted,
    rules: Rules,
    issues: list[Issue],
    scenes: list[dict[str, Any]],
    around: Around,
    before: Mapping[str, str],
) -> Done:
    files, crs = task.files, counties.crs
    outputs = [
        _write_counties(files[COUNTIES], counties),
        *(_write_counties(files[COUNTIES_OTHER], one) for one in others),
        _write_patches(files[PATCHES], found, rules, before, crs),
        _write_records(files[RECORDS], found, crs),
        _write_quarantine(files[QUARANTINE], found, issues, task.facts.language, crs),
    ]
    if not others:
        files[COUNTIES_OTHER].unlink(missing_ok=True)
    outputs += [
        files.state_file("issues/ingest.jsonl"),
        files.state_file("ingest_summary.json"),
        files.state_file("scenes.json"),
    ]
    write_issues(outputs[-3], issues)
    summary = _summary(counties, found, issues)
    write_json(outputs[-2], summary)
    write_json(outputs[-1], scenes)
    outputs += _write_towns(files[TOWNS], around, crs)
    outputs += _write_around(files, counties, around)
    outputs += _receipts(task, issues, summary)
    return Done(tuple(outputs), _tally(found, issues))


def _write_towns(path: Path, around: Around, crs: str) -> list[Path]:
    """The layer `towns`, where there are any: clip depends on it, and not on roads or places."""
    from pipeline.io.tables import layer_table, write_parquet

    rows = around.kinds == "towns"
    if not rows.any():
        path.unlink(missing_ok=True)
        return []
    table = layer_table(TOWNS, {"name": around.names[rows]}, around.geometry[rows], crs)
    return [write_parquet(path, table, TOWNS_A_GROUP)]


def _write_around(files: Files, counties: Counties, around: Around) -> list[Path]:
    """What lies about each county in a file of its own, and their digests by code: a sheet depends on its own only."""
    from pipeline.intake.surroundings import near
    from pipeline.io.slices import write_around

    told = {
        counties.codes[at]: write_around(files.around_of(counties.codes[at]), one.kinds, one.names, one.geometry)
        for at, one in near(around, counties.geometry)
    }
    for path in (files.state / "surroundings").glob("*.arrow"):
        if path not in told.values():
            path.unlink()
    write_json(files.around, {code: file_digest(path) for code, path in told.items()})
    return [files.around, *told.values()]


def _receipts(task: Task, issues: Sequence[Issue], summary: dict[str, Any]) -> list[Path]:
    """A receipt for each delivery, fit to mail back; all of them swapped in together."""
    from pipeline.delivery_receipts import delivery_receipts, write_receipts

    made, target = task.files.state / "work" / "receipts_of_deliveries", task.files.receipts
    named = [(one.digest, one.name) for one, _ in task.deliveries]
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    written = write_receipts(made, delivery_receipts(named, summary, issues, task.facts))
    swap_folder(made, target)
    return [target / one.name for one in written]


def _write_counties(path: Path, counties: Counties) -> Path:
    from pipeline.io.tables import layer_table, write_parquet

    columns = {
        "code": counties.codes,
        "name": counties.names,
        "city_code": [one.city_code for one in counties.above],
        "city_name": [one.city_name for one in counties.above],
        "province_code": [one.province_code for one in counties.above],
        "province_name": [one.province_name for one in counties.above],
        "area_m2": counties.area_m2,
    }
    return write_parquet(path, layer_table(COUNTIES, columns, counties.geometry, counties.crs), COUNTIES_A_GROUP)


def _write_patches(path: Path, found: Sorted, rules: Rules, before: Mapping[str, str], crs: str) -> Path:
    from pipeline.intake.columns import patch_columns
    from pipeline.io.tables import layer_table, write_parquet

    return write_parquet(path, layer_table(PATCHES, *patch_columns(found, rules, before), crs))


def _write_records(path: Path, found: Sorted, crs: str) -> Path:
    from pipeline.intake.columns import record_columns
    from pipeline.io.tables import layer_table, write_parquet

    return write_parquet(path, layer_table(RECORDS, record_columns(found), None, crs))


def _write_quarantine(path: Path, found: Sorted, issues: Sequence[Issue], language: str, crs: str) -> Path:
    from pipeline.intake.columns import quarantine_columns
    from pipeline.io.tables import layer_table, write_parquet

    columns, geometry = quarantine_columns(found)
    columns["sentence"] = _sentences(columns, issues, language)
    return write_parquet(path, layer_table(QUARANTINE, columns, geometry, crs))


def _sentences(quarantine: dict[str, Any], issues: Sequence[Issue], language: str) -> list[str]:
    """Why each record is set aside: what was said of it, else what was said of its whole layer."""
    from pipeline.issue_words import sentence

    of_record = {(*_layer_of(one), one.source_row, one.code): one for one in issues if one.source_row >= 0}
    of_layer = {(*_layer_of(one), one.code): one for one in issues if one.code in FILE_REFUSALS}
    layers = zip(*(quarantine[name].to_pylist() for name in ("delivery", "source_file", "source_layer")), strict=True)
    rows = zip(layers, quarantine["source_row"].tolist(), quarantine["reason"], strict=True)
    said = [of_record.get((*layer, row, reason)) or of_layer[*layer, reason] for layer, row, reason in rows]
    return [sentence(one, language) for one in said]


def _layer_of(one: Issue) -> tuple[str, str, str]:
    return one.delivery, one.source_file, one.source_layer


def _summary(counties: Counties, found: Sorted, issues: Sequence[Issue]) -> dict[str, Any]:
    """What later stages and the report need to know without opening a table."""
    by_layer = _by_layer(found)
    refused = [
        one
        for one in issues
        if one.code in FILE_REFUSALS or (one.code is Code.FILE_NOT_READ and _is_map(one.source_file))
    ]
    return {
        "crs": counties.crs,
        "records": _counted(Counter(found.status.tolist())),
        "quarantine_by_reason": dict(sorted(Counter(found.reason[found.reason != ""].tolist()).items())),
        "by_delivery": by_layer + _empty_handed(refused, {one["file"] for one in by_layer}),
        "by_county": _by_county(found),
        "refused_files": sorted({one.source_file for one in refused}),
        "area_accepted_m2": _sum(found.area_m2[found.accepted()]),
    }


def _by_layer(found: Sorted) -> list[dict[str, Any]]:
    counts: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for one in found.records.sources:
        counts[one.delivery, one.file, one.layer].update(found.status[one.rows].tolist())
    names = ("delivery", "file", "layer")
    filled = [(key, count) for key, count in sorted(counts.items()) if count]
    return [{**dict(zip(names, key, strict=True)), **_counted(count)} for key, count in filled]


def _by_county(found: Sorted) -> dict[str, dict[str, int]]:
    codes = found.records.values["county_code"].column().to_pylist()
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for (code, status), count in Counter(zip(codes, found.status.tolist(), strict=True)).items():
        counts[code][status] = count
    return {code: _counted(count) for code, count in sorted(counts.items())}


def _is_map(name: str) -> bool:
    return name.lower().endswith(MAPS_NOT_READ)


def _empty_handed(refused: Sequence[Issue], heard: set[str]) -> list[dict[str, Any]]:
    """Files set aside whole: they have no record that could be counted, but they are named."""
    return [
        {
            "delivery": one.delivery,
            "file": one.source_file,
            "layer": "",
            **_counted({}),
            "refused": str(one.code),
        }
        for one in refused
        if one.source_file not in heard
    ]


def _counted(count: Mapping[str, int]) -> dict[str, int]:
    made = {status: int(count.get(status, 0)) for status in ("accepted", "quarantined", "duplicate")}
    return {"received": sum(made.values()), **made}


def _sum(values: Any) -> float:
    from math import fsum

    return fsum(values.tolist())


def _tally(found: Sorted, issues: Sequence[Issue]) -> dict[str, int]:
    return _counted(Counter(found.status.tolist())) | {"issues": len(issues)}


STAGE = Stage("ingest", 7, "run", Section, "pipeline.stages.ingest:work", ("vocabularies",))
