"""Export: the folder one county is handed, checked against its own account and swapped in whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pipeline.book_parts import BOOK, DrawnBook, read_book
from pipeline.campaign import Campaign, Files
from pipeline.county_jobs import CountySlice, county_facts, county_slices, own_files, shelf_digest, wanted
from pipeline.engine.digest import file_digest, value_digest
from pipeline.engine.run import Workshop, job_of, outputs_of
from pipeline.engine.stage import Done, Job, Stage
from pipeline.errors import Refusal
from pipeline.publish import private, swap_folder, write_json
from pipeline.records import CampaignFacts, Office, Scene
from pipeline.verify import SUMS, altered

CACHE_BYTES = 32 << 20  # of decoded imagery
PACKAGES = "packages"  # folder of the output with the zips to be mailed

if TYPE_CHECKING:
    from pipeline.forms.form import Form
    from pipeline.forms.maplayers import ImageryLayer
    from pipeline.records import County, Piece


@dataclass(frozen=True)
class Section:
    """`[export]`: what a county is handed beside sheets, checklist and project."""

    imagery: Literal["windows", "none"] = "windows"  # what lies round the asked pieces | nothing (classified scenes)
    imagery_margin_m: float = 300.0
    imagery_cap_mb: int = 200
    cards: bool = False  # <code>_cards.pdf: a registration card for each piece
    thumbnails: bool = False  # a sheet of the checklist with small pictures before and after
    also: tuple[Literal["kmz", "shapefile", "coordinates", "xlsform"], ...] = ()
    shapefile_encoding: Literal["utf-8", "gb18030"] = "utf-8"
    zip_mb: int = 0  # packages/<code>_<n>.zip in parts of at most so many millions of bytes; 0: none
    send_to: str = ""  # where answers go, as START_HERE prints it beside [office] mail and address

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    def __post_init__(self) -> None:
        if self.zip_mb < 0:
            raise ValueError("zip_mb is at least 0")
        if self.thumbnails and self.imagery == "none":
            raise ValueError("thumbnails are imagery, and imagery is to be left out")


@dataclass(frozen=True)
class FormName:
    """The campaign's form: a name in `config/forms/`, or a file of the office's own."""

    form: str


@dataclass(frozen=True)
class Notice:
    """What was announced of one county (`expected.csv`), as far as its officers must know; "" where nobody said."""

    deadline: str = ""
    contact: str = ""
    phone: str = ""


@dataclass(frozen=True)
class Task:
    files: Files
    facts: CampaignFacts
    office: Office  # with how it is reached
    county: CountySlice
    settings: Section
    form: str
    drawn: bool  # whether the book that lies there is of this state
    notice: Notice
    font: str  # the path of the office's own font, "" for the committed one
    qr: str  # what the QR codes say, as on the sheets


def jobs(campaign: Campaign, shop: Workshop, only: Sequence[str] = ()) -> list[Job]:
    """A job for each county whose book is drawn."""
    settings: Section = campaign.sections["export"]
    facts, office = county_facts(campaign), campaign.facts.office
    chosen, own = own_files(campaign, FormName(campaign.form), ("form",))
    sheets, fonts = own_files(campaign, campaign.sections["render"], ("font",))
    common = {
        "settings": value_digest([asdict(settings), asdict(facts), asdict(office), campaign.form, sheets.qr]),
        "shelf": value_digest([shelf_digest(STAGE.shelves), *own, *fonts]),
    }
    notices = _notices(campaign)
    made = []
    for one in wanted(county_slices(campaign), only):
        book = outputs_of(shop, "render", one.code)
        notice = notices.get(one.code, Notice())
        parts = common | {"pieces": one.digest, "imagery": one.scenes_digest, "book": value_digest(book)}
        parts |= {"announced": value_digest(asdict(notice))}
        given = (settings, chosen.form, bool(book), notice, sheets.font, sheets.qr)
        task = Task(campaign.files, facts, office, one, *given)
        made.append(job_of(STAGE, one.code, task, parts))
    return made


def _notices(campaign: Campaign) -> Mapping[str, Notice]:
    """What was announced, by county code; nothing where the list cannot be read, which report says."""
    from pipeline.intake.expected import expected_or_why

    announced, _ = expected_or_why(campaign.inputs.expected)
    return {code: Notice(one.deadline, one.contact, one.phone) for code, one in announced.items()}


def hint(campaign: Campaign) -> str:
    """What the technician should know of what the counties are handed, "" where all is said."""
    office, send_to = campaign.facts.office, campaign.sections["export"].send_to
    if any(one.strip() for one in (send_to, office.mail, office.address)):
        return ""
    return "START_HERE names no place to send answers to: write mail or address under [office] (or [export] send_to)"


def work(task: Task) -> Done:
    """Make the folder privately; publish it when pages, rows and features agree."""
    code, files = task.county.code, task.files
    if not task.drawn:
        raise Refusal(f"county {code} has no book of sheets", "run `tuban run`, or `tuban render` first")
    made = files.work("export", code)
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    rows = _fill(task, made)
    _check(task, rows)
    _write_sums(made)
    _write_contents(made, files.contents(code))
    target = files.county(code)
    keep_altered(files, code)
    swap_folder(made, target)
    packed = _pack(task, target)
    tally = rows | _about_parts(packed, task.settings.zip_mb)
    return Done((*sorted(one for one in target.rglob("*") if one.is_file()), *packed), tally)


def _pack(task: Task, folder: Path) -> tuple[Path, ...]:
    """The folder as zips, where they are wanted; those of an earlier state go."""
    from pipeline.forms.mail import ascii_name, folder_name, remove_parts, write_parts

    code, target = task.county.code, task.files.out / PACKAGES
    if not task.settings.zip_mb:
        remove_parts(target, ascii_name(code))
        return ()
    return write_parts(folder, target, ascii_name(code), folder_name(code, task.facts.id), task.settings.zip_mb)


def _about_parts(packed: Sequence[Path], zip_mb: int) -> dict[str, int]:
    """How many parts, and how many of them are larger than was asked: a single file is never cut."""
    if not packed:
        return {}
    return {"parts": len(packed), "parts_too_large": sum(one.stat().st_size > zip_mb * 1_000_000 for one in packed)}


def keep_altered(files: Files, code: str) -> None:
    """What people changed in a county's folder, or put there, goes to the archive before the folder is replaced."""
    for path in altered(files.county(code)):
        kept = files.returns / "altered" / code / f"{file_digest(path)[:12]}_{path.name}"
        if not kept.exists():
            with private(kept) as place:
                shutil.copyfile(path, place)


def withdraw(files: Files, code: str) -> None:
    """Take back a county's folder: what stands there is not what the county should be handed."""
    from pipeline.forms.mail import ascii_name, remove_parts

    keep_altered(files, code)
    remove_parts(files.out / PACKAGES, ascii_name(code))
    shutil.rmtree(files.county(code), ignore_errors=True)
    files.contents(code).unlink(missing_ok=True)


def _fill(task: Task, folder: Path) -> dict[str, int]:
    """All files of the folder but its sums; the counts of what they hold."""
    from pipeline.forms.form import load_form
    from pipeline.forms.package import write_boundary, write_patches
    from pipeline.forms.qgis import write_project
    from pipeline.forms.workbook import write_checklist
    from pipeline.geometry.projection import county_projection, middle_deg
    from pipeline.io.slices import read_county, read_pieces, scene_of
    from pipeline.layers import COUNTIES

    code, files, facts = task.county.code, task.files, task.facts
    book = read_book(files.work("render", code) / BOOK)
    pieces = read_pieces(files.slice(code))
    county = read_county(files[COUNTIES], task.county.rows)
    form = load_form(task.form)
    pages = book.page_of
    for name in (*(one.file for one in book.parts), *book.beside):
        _link(files.work("render", code) / name, folder / name)
    scenes = [scene_of(one) for one in task.county.scenes]
    pictures = _thumbnails(facts, county, pieces, scenes) if task.settings.thumbnails else None
    target = folder / f"{code}_checklist.xlsx"
    told = (form, replace(facts, office=task.office), county, pieces, pages)
    rows = write_checklist(target, *told, pictures=pictures, parts=book.parts, deadline=task.notice.deadline)
    features = write_patches(folder / "patches.gpkg", form, facts, pieces, pages)
    write_boundary(folder / "boundary.gpkg", facts, county)
    imagery = list(_imagery(task, folder, pieces, scenes)) if task.settings.imagery == "windows" else []
    projection = county_projection(facts.crs, *middle_deg(county.geometry))
    write_project(folder / f"{code}_project.qgz", form, facts, county, pieces, projection.crs, imagery, book.parts)
    counts = {"rows": rows, "features": features, "pages": len(pages)}
    counts |= _by_choice(task, folder, form, county, pieces, pages, scenes)
    _write_start(task, folder, form, county, pieces, book)
    return counts


def _thumbnails(
    facts: CampaignFacts, county: County, pieces: Sequence[Piece], scenes: Sequence[Scene]
) -> dict[str, Mapping[str, bytes]]:
    """Small pictures of the asked pieces by patch_uid and phase."""
    from pipeline.forms.identity import book_order
    from pipeline.forms.picture_sheet import SIZE_MM
    from pipeline.forms.shots import shots_of
    from pipeline.forms.thumbnails import thumbnails
    from pipeline.io.rasters import TileCache
    from pipeline.sheets.ground import lay_ground

    ground = lay_ground(facts.crs, county, pieces, (), ())
    with TileCache(CACHE_BYTES) as cache:
        return {
            one.patch_uid: thumbnails(shots_of(cache, scenes, ground.projection, one, SIZE_MM, ground), SIZE_MM)
            for one in book_order(list(pieces))
        }


def _by_choice(
    task: Task,
    folder: Path,
    form: Form,
    county: County,
    pieces: Sequence[Piece],
    pages: Mapping[str, int],
    scenes: Sequence[Scene],
) -> dict[str, int]:
    """What `[export] cards` and `also` ask for; how much of each."""
    code, facts, settings = task.county.code, task.facts, task.settings
    counts: dict[str, int] = {}
    if settings.cards:
        from pipeline.forms.card_page import write_cards

        shown = scenes if settings.imagery == "windows" else ()
        target, font = folder / f"{code}_cards.pdf", _font(task)
        told = (font, task.qr, shown, task.notice.deadline)
        reached = replace(facts, office=task.office)
        counts["cards"] = write_cards(target, form, reached, county, pieces, pages, *told)
    if "kmz" in settings.also:
        from pipeline.forms.kmz import write_kmz

        counts["kmz"] = write_kmz(folder / f"{code}_patches.kmz", facts, county, pieces, pages)
    if "shapefile" in settings.also:
        from pipeline.forms.shapefile import write_shapefile

        encoding = settings.shapefile_encoding
        counts["shapefile"] = write_shapefile(folder / f"{code}_patches", facts, pieces, pages, encoding)
    if "coordinates" in settings.also:
        from pipeline.forms.coordinates import write_coordinates

        counts["coordinates"] = write_coordinates(folder / f"{code}_coordinates.txt", facts, county, pieces)
    if "xlsform" in settings.also:
        from pipeline.forms.xlsform import write_xlsform

        counts["xlsform"] = write_xlsform(folder, form, facts, county, pieces)
    return counts


def _write_start(
    task: Task, folder: Path, form: Form, county: County, pieces: Sequence[Piece], book: DrawnBook
) -> None:
    """The page an officer reads first; last, because it lists what is there."""
    from pipeline.forms import start
    from pipeline.forms.mail import folder_name
    from pipeline.forms.sketch import sketch_of
    from pipeline.forms.start_page import SKETCH, number_mm, write_start

    facts, font = replace(task.facts, office=task.office), _font(task)
    notice = start.Notice(**asdict(task.notice), send_to=task.settings.send_to)
    names = [*(one.name for one in folder.iterdir()), SUMS]
    called = folder_name(county.code, facts.id)
    page = start.start_of(form, facts, county, pieces, book.page_of, notice, names, called, book.parts)
    sketch = sketch_of(facts, county, pieces, SKETCH, number_mm(font))
    write_start(folder / start.FILE, page, sketch, facts, font)


def _font(task: Task) -> Any:
    from pipeline.sheets.fonts import load_font

    return load_font(Path(task.font) if task.font else None)


def _link(made: Path, name: Path) -> None:
    """The same file under another name; a copy where the file system has no links."""
    name.parent.mkdir(exist_ok=True)
    try:
        os.link(made, name)
    except OSError:
        shutil.copyfile(made, name)


def _imagery(task: Task, folder: Path, pieces: Sequence[Any], scenes: Sequence[Scene]) -> Iterator[ImageryLayer]:
    """Sparse windows of both dates round the asked pieces; a date without imagery there gives no file."""
    from pipeline.forms.maplayers import ImageryLayer
    from pipeline.io.rasters import TileCache, write_sparse

    asked = [one.geometry for one in pieces if one.own and one.asked]
    for phase in ("before", "after"):
        mine = [one for one in scenes if one.phase == phase]
        if mine:
            path = folder / f"{phase}.tif"
            boxes = _boxes(asked, task.facts.crs, mine[0].crs, task.settings.imagery_margin_m)
            with TileCache() as cache:
                made = write_sparse(mine, boxes, path, task.settings.imagery_cap_mb << 20, cache)
            if made.filled_px:
                dates = ", ".join(sorted({one.date for one in mine if one.date}))
                yield ImageryLayer(phase, path.name, mine[0].crs, date=dates)


def _boxes(shapes: Sequence[Any], storage: str, crs: str, margin_m: float) -> list[tuple[float, float, float, float]]:
    """Rectangles of ground round the pieces, in the CRS of the imagery."""
    import numpy as np
    import shapely

    from pipeline.geometry.crs import parse_crs
    from pipeline.io.rasters import moved

    unit_m = 111_320.0 if parse_crs(crs).is_geographic else 1.0
    bounds = shapely.bounds(np.array([moved(one, storage, crs) for one in shapes], object))
    grown = bounds + np.array([-1, -1, 1, 1]) * margin_m / unit_m
    return [(float(west), float(south), float(east), float(north)) for west, south, east, north in grown]


def _check(task: Task, rows: dict[str, int]) -> None:
    """The county's own account: asked = pages of pieces = rows of the checklist, each piece once."""
    from pipeline.io.slices import read_pieces

    own = [one for one in read_pieces(task.files.slice(task.county.code)) if one.own]
    asked = dict.fromkeys(("rows", "pages", "cards", "kmz", "coordinates", "xlsform"), task.county.asked)
    expected = {name: count for name, count in asked.items() if name in rows}
    expected |= {name: len(own) for name in ("features", "shapefile") if name in rows}
    wrong = {name: (rows[name], count) for name, count in expected.items() if rows[name] != count}
    if wrong:
        raise ValueError(f"the folder of {task.county.code} does not balance: {wrong}")


def _write_sums(folder: Path) -> None:
    files = sorted(one for one in folder.rglob("*") if one.is_file())
    lines = [f"{file_digest(one)}  {one.relative_to(folder).as_posix()}\n" for one in files]
    (folder / SUMS).write_text("".join(lines), encoding="ascii")


def _write_contents(folder: Path, target: Path) -> None:
    """What tells a GeoPackage that was merely opened from one that was changed."""
    from pipeline.io.package_contents import contents_digest

    write_json(target, {file_digest(one): contents_digest(one) for one in sorted(folder.glob("*.gpkg"))})


STAGE = Stage("export", 6, "county", Section, "pipeline.stages.export:work", ("forms", "styles", "fonts"))
