"""Render: one county's book of map sheets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pipeline.campaign import Campaign, Files
from pipeline.county_jobs import (
    CountySlice,
    around_digests,
    county_facts,
    county_slices,
    own_files,
    shelf_digest,
    wanted,
)
from pipeline.engine.digest import value_digest
from pipeline.engine.run import Workshop, job_of
from pipeline.engine.stage import Done, Job, Stage
from pipeline.errors import Refusal
from pipeline.issues import Code, Issue, write_issues
from pipeline.publish import write_json
from pipeline.records import CampaignFacts, County, Piece, Scene
from pipeline.sheets.settings import RenderSettings

if TYPE_CHECKING:
    from pipeline.sheets.book import BookSummary
    from pipeline.sheets.surroundings import Surroundings


# Settings that may name a file.
OWN_FILES = ("detail_layout", "overview_layout", "index_layout", "vertices_layout", "style", "font")


@dataclass(frozen=True)
class Task:
    files: Files
    facts: CampaignFacts
    county: CountySlice
    settings: RenderSettings


def jobs(campaign: Campaign, _: Workshop, only: Sequence[str] = ()) -> list[Job]:
    """A job for each county that is asked about something."""
    chosen = campaign.sections["render"]
    settings, own = own_files(campaign, chosen, OWN_FILES)
    facts = county_facts(campaign)
    common = {
        "settings": value_digest([asdict(chosen), asdict(facts)]),
        "shelf": value_digest([shelf_digest(STAGE.shelves), *own]),
    }
    made, around = [], around_digests(campaign)
    for one in wanted(county_slices(campaign), only):
        parts = common | {"pieces": one.digest, "imagery": one.scenes_digest}
        parts |= {"surroundings": around[one.code]} if one.code in around else {}
        made.append(job_of(STAGE, one.code, Task(campaign.files, facts, one, settings), parts))
    return made


def work(task: Task) -> Done:
    """Draw the book, read it back, and tell which sheets lack imagery."""
    from pipeline.sheets.book import draw_book

    code, files = task.county.code, task.files
    if task.county.blocked:
        raise Refusal(f"county {code} has a patch whose areas do not balance", "see UNBALANCED in the issues")
    county, pieces, before, after = read_ground(files, task.county)
    folder = files.work("render", code)
    book = folder / f"{code}_sheets.pdf"
    around = read_surroundings(files, code)
    summary = draw_book(book, task.facts, county, pieces, before, after, task.settings, lambda *_: None, around)
    if list(summary.pieces_drawn) != [one.patch_uid for one in pieces if one.own and one.asked]:
        raise ValueError(f"the book of {code} does not show each asked piece once, in order")
    outputs = (book, folder / "book.json", folder / "issues.jsonl")
    write_json(outputs[1], {"pages": summary.pages, "page_of": dict(summary.page_of)})
    write_issues(outputs[2], _issues(task, pieces, summary, bool(before), bool(after)))
    return Done(outputs, _tally(summary))


def read_ground(files: Files, one: CountySlice) -> tuple[County, list[Piece], list[Scene], list[Scene]]:
    """What a county's sheets show: the county, its pieces in page order, its scenes before and after."""
    from pipeline.io.slices import read_county, read_pieces, scene_of
    from pipeline.layers import COUNTIES

    scenes = [scene_of(each) for each in one.scenes]
    before, after = ([each for each in scenes if each.phase == phase] for phase in ("before", "after"))
    return read_county(files[COUNTIES], one.rows), read_pieces(files.slice(one.code)), before, after


def read_surroundings(files: Files, code: str) -> Surroundings:
    """Towns, roads and places of a county and about it."""
    from pipeline.io.slices import read_around
    from pipeline.sheets.surroundings import Feature, Surroundings

    told = read_around(files.around_of(code))
    features = {kind: tuple(Feature(name, shape) for name, shape in found) for kind, found in told.items()}
    return Surroundings(**features)


def _tally(summary: BookSummary) -> dict[str, int]:
    return {
        "pages": summary.pages,
        "pieces_drawn": len(summary.pieces_drawn),
        "overview_pages": summary.overview_pages,
        "cluster_pages": summary.cluster_pages,
        "index_pages": summary.index_pages,
        "partial": len({uid for uid, *_ in summary.partial}),
        "without_imagery": len({uid for uid, *_ in summary.missing}),
    }


def _issues(task: Task, pieces: Sequence[Any], summary: BookSummary, before: bool, after: bool) -> list[Issue]:
    """Imagery that is configured and yet not under a piece; a campaign without imagery has nothing to report."""
    import shapely

    from pipeline.texts import texts

    configured = {"before": before, "after": after}
    of = {one.patch_uid: one for one in pieces if one.own}
    words = texts(task.facts.language)

    def issue(code: Code, uid: str, **facts: str) -> Issue:
        piece = of[uid]
        place = shapely.to_wkb(shapely.Point(piece.lon_deg, piece.lat_deg), hex=True)
        told = {"patch_no": piece.patch_no or uid, **facts}
        return Issue(code, "render", told, uid, task.county.code, wkb_hex=place)

    found = [
        issue(Code.IMAGERY_PARTIAL, uid, phase=words[f"issue.{phase}"], share=f"{100 * cover:.4g}")
        for uid, phase, cover in summary.partial
    ]
    return found + [
        issue(Code.IMAGERY_MISSING, uid, phase=words[f"issue.{phase}"])
        for uid, phase in summary.missing
        if configured[phase]
    ]


STAGE = Stage("render", 3, "county", RenderSettings, "pipeline.stages.render:work", ("layouts", "styles", "fonts"))
