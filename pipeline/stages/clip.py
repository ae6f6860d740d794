"""Clip: patches cut at county borders; pieces, remainders, and what each county's own jobs need of the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from pipeline.campaign import Campaign, Files
from pipeline.engine.digest import value_digest
from pipeline.engine.run import Workshop, job_of, outputs_of
from pipeline.engine.stage import Done, Job, Stage
from pipeline.errors import Refusal
from pipeline.issues import Issue, write_issues
from pipeline.layers import BORDERS, COUNTIES, COUNTIES_OTHER, MOVES, PATCHES, PIECES, REMAINDERS, TOWNS, Layer
from pipeline.publish import write_json
from pipeline.records import CampaignFacts
from pipeline.texts import texts

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.cutting.cut import Cut
    from pipeline.cutting.pieces import Pieces
    from pipeline.cutting.towns import Renamed

BORDERS_VERSION = 2  # changes whenever the same county layer would give another layer `borders`


@dataclass(frozen=True)
class Section:
    """`[clip]`: what becomes of a patch that lies on a border, and which pieces a county is asked about.

    A piece below both fragment limits, or below `minimum_m2` whatever its share, is counted and not asked about.
    A sliver is a piece that is smaller than `sliver_m2` *and* thinner than `sliver_width_m` (2 A/P) and not the largest
    of its patch: it is asked about like any other ("ask"), goes with the largest piece ("merge"), or is counted and
    not asked about ("issue"). `mode = "assign"` cuts nothing: the whole patch goes to the county of its largest part,
    or (`assign = "delivered"`) to the county it was delivered for where it has ground there.
    """

    mode: Literal["split", "assign"] = "split"
    assign: Literal["largest", "delivered"] = "largest"
    fragment_m2: float = 10.0
    fragment_share: float = 0.01
    minimum_m2: float = 0.0
    slivers: Literal["ask", "merge", "issue"] = "ask"
    sliver_m2: float = 100.0
    sliver_width_m: float = 1.0

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012


@dataclass(frozen=True)
class Task:
    files: Files
    facts: CampaignFacts
    settings: Section
    counties_digest: str
    other_date: str = ""


def jobs(campaign: Campaign, shop: Workshop) -> list[Job]:
    """The one job of clip, fresh while patches and counties are the same."""
    made = outputs_of(shop, "ingest")
    if not made:
        raise Refusal("no delivery has been ingested yet", "run `tuban run`, or `tuban ingest` first")
    settings = campaign.sections["clip"]
    parts = {
        "patches": _made(made, campaign.files, PATCHES),
        "counties": _made(made, campaign.files, COUNTIES),
        "settings": value_digest([asdict(settings), campaign.facts.language]),
    }
    if towns := _made(made, campaign.files, TOWNS):
        parts["towns"] = towns
    inputs = campaign.inputs
    if inputs.counties_other:
        other = _made(made, campaign.files, COUNTIES_OTHER)
        parts["other counties"] = value_digest([other, inputs.counties_other_date])
    task = Task(campaign.files, campaign.facts, settings, parts["counties"], inputs.counties_other_date)
    return [job_of(STAGE, "", task, parts)]


def _made(made: Mapping[str, str], files: Files, layer: Layer) -> str:
    return made.get(files[layer].relative_to(files.out).as_posix(), "")


def work(task: Task) -> Done:
    """Cut all patches in one pass and hand each county its slice."""
    from pipeline.cutting.accounts import summary
    from pipeline.cutting.borders import border_issues, border_layer
    from pipeline.cutting.doubts import doubts
    from pipeline.cutting.slices import drop_old_slices, told_columns, write_slices
    from pipeline.io.tables import column_names, read_parquet, write_parquet

    files, one = task.files, clipped(task)
    tables = one.patches, one.counties
    misfits = _borders(task, one.shapes, one.crs)
    borders = border_layer(misfits, one.cut, *tables, one.crs)
    outputs = [files[PIECES], files[REMAINDERS], write_parquet(files[BORDERS], borders)]
    outputs += [files.state_file(name) for name in ("issues/clip.jsonl", "clip_summary.json", "slices.json")]
    found = doubts(one.cut, one.pieces, *tables, one.delivered)
    moved, changes = _moves(task, one)
    write_issues(outputs[-3], [*found, *border_issues(misfits, borders, texts(task.facts.language)), *changes])
    write_json(outputs[-2], summary(one.cut, one.pieces, *tables, one.delivered))
    told = read_parquet(files[PATCHES], told_columns(column_names(files[PATCHES])))
    slices, made = write_slices(
        files, one.cut, one.pieces, one.patches, told, one.counties, one.shapes, one.crs, task.facts.language
    )
    write_json(outputs[-1], slices)
    drop_old_slices(files, list(slices))
    return Done((*outputs, *moved, *made), {"pieces": len(one.pieces), "asked": int(one.pieces.asked.sum())})


@dataclass(frozen=True)
class Clipped:
    """What was read of the tables and what was made; `delivered` is the county a patch came for, −1 where none."""

    patches: Any
    counties: Any
    shapes: Any
    crs: str
    delivered: Any
    cut: Cut
    pieces: Pieces


def clipped(task: Task) -> Clipped:
    """Read patches and counties, cut, and write the layers `pieces` and `remainders`."""
    from pipeline.cutting.cut import cut_table
    from pipeline.cutting.pieces import CUT_COLUMNS, layer_parts, pieces_of
    from pipeline.geometry.crs import ellipsoid_of
    from pipeline.io.tables import geometries, layer_table, read_parquet, table_crs, write_parquet, write_parquet_parts

    files = task.files
    patches, counties = _in_one_piece(read_parquet(files[PATCHES], CUT_COLUMNS)), read_parquet(files[COUNTIES])
    crs, shapes = table_crs(counties), geometries(counties)
    delivered = _rows_of(counties["code"], patches["county_code"])
    cut = cut_table(patches, shapes, ellipsoid_of(crs), task.settings, delivered)
    towns = _renamed(files, cut, patches, delivered, shapes)
    pieces = pieces_of(cut, patches, counties, towns, task.settings, crs)
    write_parquet_parts(files[PIECES], layer_parts(pieces, patches))
    rest = layer_table(REMAINDERS, *_remainders(patches, cut, pieces.rest_reported), crs)
    write_parquet(files[REMAINDERS], rest)
    return Clipped(patches, counties, shapes, crs, delivered, cut, pieces)


def _renamed(files: Files, cut: Cut, patches: Any, delivered: Any, counties: Any) -> Renamed:
    """Pieces with another town than delivered; none where no layer of towns is given."""
    from pipeline.cutting.towns import NOTHING, Towns, renamed
    from pipeline.io.tables import GEOMETRY, geometries, read_parquet, read_parts

    path = files[TOWNS]
    if not path.is_file():
        return NOTHING
    parts = map(geometries, read_parts(path, [GEOMETRY]))
    towns = Towns(read_parquet(path, ["name"])["name"].to_numpy(), parts)
    return renamed(cut, patches["town"], delivered, counties, towns)


def _in_one_piece(table: Any) -> Any:
    """The table with each column as one array, for rows are taken from it by the thousand; column by column, so that
    none is there twice for long."""
    for at, name in enumerate(table.column_names):
        table = table.set_column(at, name, table[name].combine_chunks())
    return table


def _borders(task: Task, counties: Any, crs: str) -> Any:
    from pipeline.cutting.borders import borders_of
    from pipeline.geometry.crs import ellipsoid_of

    width_m = task.settings.sliver_width_m
    digest = value_digest([task.counties_digest, width_m, BORDERS_VERSION])
    return borders_of(task.files, digest, counties, ellipsoid_of(crs), width_m)


def _moves(task: Task, one: Clipped) -> tuple[list[Path], list[Issue]]:
    """The layer `moves` and its issues, where a county layer of another date is given."""
    from pipeline.boundary_changes import FILE
    from pipeline.cutting.county_changes import boundary_changes, move_issues
    from pipeline.cutting.moves import PIECE_COLUMNS, moves_of
    from pipeline.geometry.crs import ellipsoid_of
    from pipeline.io.tables import read_parquet, write_parquet

    files = task.files
    if not files[COUNTIES_OTHER].is_file():
        for left in (files[MOVES], files.state_file(FILE)):
            left.unlink(missing_ok=True)
        return [], []
    others, pieces = read_parquet(files[COUNTIES_OTHER]), read_parquet(files[PIECES], PIECE_COLUMNS)
    moves = moves_of(pieces, one.counties, others, ellipsoid_of(one.crs), task.settings, one.crs)
    changes = boundary_changes(moves, pieces, one.counties, others)
    write_json(files.state_file(FILE), asdict(changes))
    issues = move_issues(moves, changes, task.other_date, texts(task.facts.language))
    return [write_parquet(files[MOVES], moves.layer), files.state_file(FILE)], issues


def _rows_of(codes: Any, given: Any) -> Any:
    """The row of each given code in the county layer, −1 where it is none."""
    import pyarrow.compute as pc

    return pc.fill_null(pc.index_in(given, codes.combine_chunks()), -1).to_numpy().astype(int)


def _remainders(patches: Any, cut: Cut, reported: Any) -> tuple[dict[str, Any], Any]:
    import pyarrow as pa
    import shapely

    from pipeline.cutting.pieces import SOURCE

    names = ("patch_uid", "patch_no", "area_m2", *SOURCE)
    mine = patches.select(names).take(pa.array(cut.rest_patch))
    columns: dict[str, Any] = {name: mine[name].to_pylist() for name in names}
    share = cut.rest_area_m2 / mine["area_m2"].to_numpy()
    columns |= {"area_m2": cut.rest_area_m2, "area_share": share}
    columns["area_reported_share"] = reported
    return columns, shapely.from_wkb(cut.rest_wkb)


STAGE = Stage("clip", 6, "run", Section, "pipeline.stages.clip:work", ("vocabularies",))
