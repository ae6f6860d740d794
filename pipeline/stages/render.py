"""Render: one county's book of map sheets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.book_parts import BOOK, SHEET_IMAGES, DrawnBook
from pipeline.campaign import Campaign, Files
from pipeline.county_jobs import (
    CountySlice,
    around_digests,
    county_facts,
    county_slices,
    deadlines,
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
    configured: tuple[str, ...] = ()  # phases the campaign has imagery of
    deadline: str = ""  # when the county's answers are due, as the office told it


def jobs(campaign: Campaign, _: Workshop, only: Sequence[str] = ()) -> list[Job]:
    """A job for each county that is asked about something."""
    chosen = campaign.sections["render"]
    settings, own = own_files(campaign, chosen, OWN_FILES)
    facts = county_facts(campaign)
    configured = tuple(sorted({one.phase for one in campaign.inputs.imagery}))
    common = {
        "settings": value_digest([asdict(chosen), asdict(facts), configured]),
        "shelf": value_digest([shelf_digest(STAGE.shelves), *own]),
    }
    made, around, due = [], around_digests(campaign), deadlines(campaign)
    for one in wanted(county_slices(campaign), only):
        parts = common | {"pieces": one.digest, "imagery": one.scenes_digest}
        parts |= {"surroundings": around[one.code]} if one.code in around else {}
        parts |= {"imagery of the overview": one.backdrop_digest} if one.backdrop else {}
        parts |= {"deadline": value_digest(due[one.code])} if one.code in due else {}
        task = Task(campaign.files, facts, one, settings, configured, due.get(one.code, ""))
        made.append(job_of(STAGE, one.code, task, parts))
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
    given = (task.facts, county, pieces, before, after, task.settings)
    backdrop = read_backdrop(task.county)
    summary = draw_book(book, *given, lambda *_: None, around, task.configured, task.deadline, backdrop)
    if sorted(summary.pieces_drawn) != sorted(one.patch_uid for one in pieces if one.own and one.asked):
        raise ValueError(f"the book of {code} does not show each asked piece once")
    files_of = tuple(folder / name for name in (*(one.file for one in summary.parts), *summary.beside))
    _remove_stale(folder, files_of)
    told, found = folder / BOOK, folder / "issues.jsonl"
    write_json(told, asdict(_told(summary)))
    write_issues(found, [*_issues(task, pieces, summary), *_imagery_apart(task, summary)])
    return Done((*files_of, told, found), _tally(summary))


def _told(summary: BookSummary) -> DrawnBook:
    """What is kept of a book; shares to a millionth."""
    bare, cloudy = (
        tuple((uid, phase, round(share, 6)) for uid, phase, share in told) for told in (summary.bare, summary.cloudy)
    )
    offsets = tuple(asdict(one) for one in summary.offsets)
    return DrawnBook(summary.parts, summary.beside, dict(summary.page_of), bare, cloudy, offsets)


def _remove_stale(folder: Path, made: Sequence[Path]) -> None:
    """What an earlier book had more of goes."""
    for one in sorted({*folder.glob("*.pdf"), *folder.glob(f"{SHEET_IMAGES}/*")} - set(made)):
        one.unlink()


def read_ground(files: Files, one: CountySlice) -> tuple[County, list[Piece], list[Scene], list[Scene]]:
    """What a county's sheets show: the county, its pieces in page order, its scenes before and after."""
    from pipeline.io.slices import read_county, read_pieces, scene_of
    from pipeline.layers import COUNTIES

    scenes = [scene_of(each) for each in one.scenes]
    before, after = ([each for each in scenes if each.phase == phase] for phase in ("before", "after"))
    return read_county(files[COUNTIES], one.rows), read_pieces(files.slice(one.code)), before, after


def read_backdrop(one: CountySlice) -> list[Scene]:
    """The scenes that lie under a county's overviews, where the office wants imagery there."""
    from pipeline.io.slices import scene_of

    return [scene_of(each) for each in one.backdrop]


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
        "parts": len(summary.parts),
        "pieces_drawn": len(summary.pieces_drawn),
        "overview_pages": summary.overview_pages,
        "cluster_pages": summary.cluster_pages,
        "index_pages": summary.index_pages,
        "bare_frames": len(summary.bare),
        "cloudy_frames": len(summary.cloudy),
        "partial": len({uid for uid, *_ in summary.partial}),
        "without_imagery": len({uid for uid, *_ in summary.missing}),
    }


_UNSEEN = {"broken": Code.IMAGERY_BROKEN, "damaged": Code.IMAGERY_BROKEN, "blank": Code.IMAGERY_BLANK}


def _issues(task: Task, pieces: Sequence[Any], summary: BookSummary) -> list[Issue]:
    """Imagery that is configured and yet not under a piece; a campaign without imagery has nothing to report."""
    import shapely

    from pipeline.texts import texts

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
    bare = {(uid, phase): share for uid, phase, share in summary.bare}
    found += [
        issue(
            _UNSEEN[why],
            uid,
            phase=words[f"issue.{phase}"],
            file=name,
            share=f"{100 * bare.get((uid, phase), 0.0):.3g}",
        )
        for uid, phase, name, why in summary.unseen
    ]
    found += [
        issue(
            Code.IMAGERY_OTHER_DATE,
            one.patch_uid,
            phase=words[f"issue.{one.phase}"],
            date=one.recorded,
            other=one.shown,
            file=one.file,
        )
        for one in summary.other_dates
    ]
    found += [
        issue(Code.POSSIBLE_CLOUD, uid, phase=words[f"issue.{phase}"], share=f"{100 * share:.0f}")
        for uid, phase, share in summary.cloudy
    ]
    return found + [
        issue(Code.IMAGERY_MISSING, uid, phase=words[f"issue.{phase}"])
        for uid, phase in summary.missing
        if phase in task.configured
    ]


def _imagery_apart(task: Task, summary: BookSummary) -> list[Issue]:
    """Scenes of the two dates that lie so far apart that outlines of one seem wrong on the other."""
    from pipeline.sheets.misregistration import TOLD_PX, offset_figures
    from pipeline.texts import texts

    words, code = texts(task.facts.language), task.county.code
    return [
        Issue(
            Code.IMAGERY_APART,
            "render",
            {"before": one.before, "after": one.after, **offset_figures(one, words)},
            county_code=code,
            source_file=one.after,
        )
        for one in summary.offsets
        if one.sure and one.pixels >= TOLD_PX
    ]


STAGE = Stage("render", 6, "county", RenderSettings, "pipeline.stages.render:work", ("layouts", "styles", "fonts"))
