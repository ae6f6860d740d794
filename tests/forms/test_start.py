"""The page an officer reads first says what checklist, GeoPackage and sheets say, and stays on its paper."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import openpyxl
import pypdf
import pytest
import shapely

from pipeline.amounts import area_in
from pipeline.book_parts import BookPart
from pipeline.forms.form import Form
from pipeline.forms.package import write_patches
from pipeline.forms.sketch import Sketch, sketch_of
from pipeline.forms.start import KINDS, WITH_PROJECT, Notice, Start, start_of
from pipeline.forms.start_page import _DOT, SKETCH, draw_start, number_mm, write_start
from pipeline.forms.table import FIRST_ROW
from pipeline.forms.workbook import write_checklist
from pipeline.records import CampaignFacts, County, Office, Piece
from pipeline.sheets.book import draw_book
from pipeline.sheets.box import Box
from pipeline.sheets.canvas import Canvas
from pipeline.sheets.fonts import MissingGlyph, load_font
from pipeline.sheets.settings import RenderSettings
from pipeline.sheets.style import load_style
from pipeline.texts import texts

NOTICE = Notice("2025-11-15", "郭文斌", "0999-5020541", "")
NAMES = ["429901_sheets.pdf", "429901_checklist.xlsx", "patches.gpkg", "429901_project.qgz", "SHA256SUMS"]


def _page(
    form: Form,
    facts: CampaignFacts,
    county: County,
    pieces: list[Piece],
    pages: dict[str, int],
    notice: Notice = NOTICE,
    names: list[str] = NAMES,
    parts: Sequence[BookPart] = (),
) -> tuple[Start, Sketch]:
    start = start_of(form, facts, county, pieces, pages, notice, names, f"{county.code}_{facts.id}", parts)
    return start, sketch_of(facts, county, pieces, SKETCH, number_mm(load_font()))


def _pages(page: tuple[Start, Sketch], facts: CampaignFacts) -> tuple[Canvas, ...]:
    return draw_start(*page, texts(facts.language), load_font())


def _said(canvas: Canvas) -> str:
    return "".join(one.words for one in canvas.inked if one.kind == "text").replace(" ", "")


def _words(path: Path) -> str:
    return "\n".join(one.extract_text() for one in pypdf.PdfReader(path).pages)


def test_its_numbers_are_those_of_checklist_geopackage_and_sheets(
    tmp_path: Path, form: Form, facts: CampaignFacts, county: County, pieces: list[Piece]
) -> None:
    ordered = sorted(pieces, key=lambda one: (not one.own, not one.asked, one.seq))
    book = draw_book(tmp_path / "b.pdf", facts, county, ordered, [], [], RenderSettings(), lambda *_: None)
    write_checklist(tmp_path / "c.xlsx", form, facts, county, pieces, book.page_of)
    write_patches(tmp_path / "patches.gpkg", form, facts, pieces, book.page_of)
    write_start(tmp_path / "s.pdf", *_page(form, facts, county, pieces, dict(book.page_of)), facts, load_font())
    said = _words(tmp_path / "s.pdf")
    sheet = openpyxl.load_workbook(tmp_path / "c.xlsx").worksheets[0]
    rows = [row for row in sheet.iter_rows(min_row=FIRST_ROW + 1, values_only=True) if isinstance(row[0], int)]
    with closing(sqlite3.connect(tmp_path / "patches.gpkg")) as base:
        count, area_m2 = base.execute("SELECT count(*), sum(area_m2) FROM patches WHERE asked").fetchone()
        pages = dict(base.execute("SELECT seq, page FROM patches WHERE asked"))
    area = f"{area_in(facts.area_unit, area_m2):,}"
    unit = texts(facts.language)[f"unit.{facts.area_unit}"]
    assert texts(facts.language).say("start.fact.count", count=count) in said
    assert len(rows) == count == len(book.page_of)
    assert f"{area} {unit}" in said
    overview = pypdf.PdfReader(tmp_path / "b.pdf").pages[0].extract_text()
    assert area in overview
    ahead = {page - seq for seq, page in pages.items()}
    assert re.search(rf"n \+ {ahead.pop()}\b", said)
    assert not ahead
    last = max(pages)
    assert texts(facts.language).say("start.page.page", page=pages[last]) in said
    named = next(one.patch_no for one in pieces if one.own and one.seq == last)
    headed = texts(facts.language).say("start.page.patch", number=last, patch_no=named)
    assert "".join(headed.split()) in "".join(said.split())
    assert f"{last}" in pypdf.PdfReader(tmp_path / "b.pdf").pages[pages[last] - 1].extract_text()
    assert Decimal(str(sum(row[5] for row in rows))).quantize(Decimal("0.01")) == pytest.approx(
        Decimal(area.replace(",", "")), abs=Decimal("0.01") * len(rows)
    )


def test_who_when_and_whom_to_call(
    form: Form, facts: CampaignFacts, county: County, pieces: list[Piece], pages: dict[str, int]
) -> None:
    office = replace(facts.office, phone="0999-5820018", contact="何志远")
    start, _ = _page(form, replace(facts, office=office), county, pieces, pages)
    said = json.dumps(start.facts, ensure_ascii=False)
    assert all(one in said for one in ("2025-11-15", "0999-5820018", "某省自然资源厅 何志远"))
    assert "郭文斌" not in said  # the county's own, and said to be so
    assert start.own == texts(facts.language).say("start.own", who="郭文斌 0999-5020541")
    silent, _ = _page(form, facts, county, pieces, pages, Notice())
    assert texts(facts.language)["start.fact.deadline_open"] in [value for _, value, _ in silent.facts]
    assert silent.own == ""


def test_where_answers_go(
    form: Form, facts: CampaignFacts, county: County, pieces: list[Piece], pages: dict[str, int]
) -> None:
    office = replace(facts.office, mail="a@b.example", address="某路 1 号")
    sent, _ = _page(form, replace(facts, office=office), county, pieces, pages, replace(NOTICE, send_to="共享盘 K"))
    told = [one for one in sent.back if "a@b.example" in one]
    assert len(told) == 1
    assert all(one in told[0] for one in ("某省自然资源厅", "共享盘 K", "某路 1 号", "2025-11-15"))
    words = texts(facts.language)
    bare, _ = _page(form, facts, county, pieces, pages)
    assert any(words.say("start.back.sender_unit", unit="某省自然资源厅") in one for one in bare.back)
    nobody, _ = _page(form, replace(facts, office=Office()), county, pieces, pages, Notice())
    assert f"{words['start.back.sender']}{words['start.back.several']}" in nobody.back
    assert words["start.fact.call_open"] in [value for _, value, _ in nobody.facts]


def test_every_verdict_and_what_is_due_are_told(
    form: Form, facts: CampaignFacts, county: County, pieces: list[Piece], pages: dict[str, int]
) -> None:
    said = "".join(_said(one) for one in _pages(_page(form, facts, county, pieces, pages), facts))
    language = facts.language
    for one in (*form.verdict.choices, *form["verdict_sub"].choices):
        assert one.label[language].replace(" ", "") in said
    for one in (each for each in form.face if each.needed and each.key != form.verdict_key):
        assert one.heading[language].split("\n")[0].replace(" ", "") in said
    words = texts(language)
    box = words.say("start.page.box", box=words["sheet.verification"])
    for sentence in (words["form.lead_note"], words["start.verdict.colours"], box):
        assert sentence.replace(" ", "") in said


def test_no_verdict_has_the_colour_of_a_patch_that_nobody_judged(form: Form) -> None:
    colours = {one.colour for one in form.verdict.choices}
    for style in (load_style("standard"), load_style("alert")):
        unjudged = {style.colour("patch"), style.stroke("patch").colour, style.stroke("focus").colour}
        assert len(unjudged) == 1
        assert not unjudged & colours
    assert _DOT[0] == load_style("standard").colour("patch")


def test_patches_of_several_counties_are_told_where_there_are_any(
    form: Form, facts: CampaignFacts, county: County, pieces: list[Piece], pages: dict[str, int]
) -> None:
    words = texts(facts.language)
    shared = [replace(one, piece_count=2) if one.seq in (1, 3) else one for one in pieces]
    told = words.say("start.verdict.shared", numbers=words["start.verdict.fields"].join(["1", "3"]))
    start = _page(form, facts, county, shared, pages)[0]
    assert told in start.due
    assert [bool(one.across) for one in start.tasks[1:]] == [True, False, True, False]
    alone = _page(form, facts, county, pieces, pages)[0].due
    assert len(start.due) == len(alone) + 1


def test_what_is_due_in_the_long_columns_is_told_by_section_and_verdict(
    form: Form, facts: CampaignFacts, county: County, pieces: list[Piece], pages: dict[str, int]
) -> None:
    words, due = texts(facts.language), _page(form, facts, county, pieces, pages)[0].due
    labels = {one.code: one.label[facts.language] for one in form.verdict.choices}
    for tab in dict.fromkeys(one.tab for one in form.long):
        name = words[f"form.section.{tab}"]
        needed = {code for one in form.long if one.tab == tab for code in one.needed}
        assert (name in due[0]) == bool(needed)
        for code in needed & set(labels):
            assert re.search(rf"{name}[^)）]*{labels[code]}", due[0])
    marked = [one for one in due if "+" in one]
    assert len(marked) == any(one.key == "part_no" for one in form.fields)


def test_of_many_patches_across_the_border_the_first_are_named_and_the_rest_counted(
    form: Form, facts: CampaignFacts, county: County, make_piece: Callable[[int], Piece]
) -> None:
    rows = [replace(one, piece_count=2) for one in _many(make_piece, 30)]
    due = _page(form, facts, county, rows, {})[0].due[-1]
    told = [int(one) for one in re.findall(r"\d+", due)]
    assert told == [*range(1, 13), 18]


def test_each_town_has_its_patches_and_pages_and_together_they_are_the_county(
    form: Form, facts: CampaignFacts, county: County, make_piece: Callable[[int], Piece]
) -> None:
    rows = [replace(one, town=f"镇{one.seq // 7 or ''}", area_m2=3333.0 + one.seq) for one in _many(make_piece, 40)]
    rows[-1] = replace(rows[-1], town="")
    start = _page(form, facts, county, rows, {one.patch_uid: one.seq + 5 for one in rows})[0]
    towns = start.towns[1:]
    assert towns[-1].name == texts(facts.language)["start.town.none"]
    assert sum(int(one.count) for one in towns) == 40
    assert sum(Decimal(one.area.replace(",", "")) for one in towns) == Decimal(start.facts[1][1].split()[0])
    numbers = [one for town in towns for one in _unfolded(town.numbers)]
    assert sorted(numbers) == list(range(1, 41))
    assert [one for town in towns for one in _unfolded(town.pages)] == [one + 5 for one in numbers]
    assert _page(form, facts, county, [replace(one, town="") for one in rows], {})[0].towns == ()


def _unfolded(runs: str) -> list[int]:
    spans = [[int(end) for end in one.split("–")] for one in re.split("[、,] ?", runs)]
    return [one for span in spans for one in range(span[0], span[-1] + 1)]


def test_photo_files_go_beside_the_checklist_where_it_asks_for_their_names(
    form: Form, facts: CampaignFacts, county: County, pieces: list[Piece], pages: dict[str, int]
) -> None:
    back = _page(form, facts, county, pieces, pages)[0].back
    named = [one for one in form.face if one.key == "photos"]
    assert sum("photos" in one and one.count("zip") == 1 for one in back) == len(named)
    assert all(any(one.heading[facts.language].split("\n")[0] in said for said in back) for one in named)


def test_photos_begin_with_the_check_code_where_numbers_occur_twice(
    form: Form, facts: CampaignFacts, county: County, pieces: list[Piece], pages: dict[str, int]
) -> None:
    code = texts(facts.language)["form.code"].lower()
    doubled = [replace(one, patch_no="0002") if one.seq in (1, 3) else one for one in pieces]
    alone, told = (_page(form, facts, county, rows, pages)[0].back for rows in (pieces, doubled))
    new = [one for one in told if one not in alone]
    assert len(new) == sum(one.key == "photos" for one in form.face)
    assert all(code in one and "0002" in one for one in new)
    assert not any(code in one for one in alone)


def test_towns_whose_rows_do_not_add_up_say_why(
    form: Form, facts: CampaignFacts, county: County, pieces: list[Piece], pages: dict[str, int]
) -> None:
    unit_m2 = 2000 / 3 if facts.area_unit == "mu" else 10_000.0
    odd, even = ([replace(one, area_m2=area * unit_m2) for one in pieces] for area in (1.00004, 2.5))
    odd = [replace(one, area_m2=1.00444 * unit_m2 if facts.area_unit == "mu" else 10_000.44) for one in odd]
    notes = [_page(form, facts, county, rows, pages)[0].town_note for rows in (odd, even)]
    assert notes == [texts(facts.language)["start.town.note"], ""]


@pytest.mark.parametrize("lines", [1, 25])
def test_the_front_holds_what_to_fill_in_as_long_as_there_is_room(
    form: Form, facts: CampaignFacts, county: County, pieces: list[Piece], pages: dict[str, int], lines: int
) -> None:
    """How to send back turns the page before what to fill in does; nothing is told twice, nothing is lost."""
    start, sketch = _page(form, facts, county, pieces, pages)
    start = replace(start, back=(*start.back[:1],) * lines)
    drawn = _pages((start, sketch), facts)
    held = [{one.element for one in canvas.inked} for canvas in drawn]
    assert "verdicts" in held[0]
    assert [("back" in one) for one in held].count(True) == 1
    assert ("back" in held[0]) == (lines == 1)
    for canvas in drawn:
        assert not _overlaps(canvas)


def test_a_list_of_files_without_room_on_the_front_stands_whole_on_the_back(
    form: Form, facts: CampaignFacts, county: County, pieces: list[Piece], pages: dict[str, int]
) -> None:
    every = [end for _, end in KINDS if isinstance(end, str)]
    many = [f"{'429901' if end.startswith('_') else ''}{end}" for end in every]
    page = _page(form, facts, county, pieces, pages, names=[*many, *WITH_PROJECT])
    front, back = _pages(page, facts)
    assert "files" not in {one.element for one in front.inked}
    assert all(one.replace(" ", "") in _said(back) for one, *_ in page[0].files)


def test_it_lists_what_is_there_and_nothing_else(
    form: Form, facts: CampaignFacts, county: County, pieces: list[Piece], pages: dict[str, int]
) -> None:
    start, _ = _page(form, facts, county, pieces, pages)
    assert sorted(name for name, *_ in start.files) == sorted(NAMES)
    ends = [end if isinstance(end, str) else ", ".join(end) for _, end in KINDS]
    rows = [end if not end.startswith("_") else f"429901{end}" for end in ends]
    full, _ = _page(form, facts, county, pieces, pages, names=", ".join(rows).split(", "))
    assert [name for name, *_ in full.files] == rows
    part, _ = _page(form, facts, county, pieces, pages, names=[*NAMES, "before.tif"])
    assert "before.tif" in [name for name, *_ in part.files]


@pytest.mark.parametrize("town", ["", "上坪镇"])
def test_it_tells_where_further_sheets_are(
    form: Form, facts: CampaignFacts, county: County, pieces: list[Piece], pages: dict[str, int], town: str
) -> None:
    kind, ends = ("towns", ("town01", "town02")) if town else ("parts", ("2", "3"))
    parts = [BookPart("429901_sheets.pdf", 1, 4)]
    parts += [BookPart(f"429901_sheets_{end}.pdf", 5 + 3 * at, 3, town) for at, end in enumerate(ends)]
    names = [*NAMES, *(one.file for one in parts[1:])]
    start, sketch = _page(form, facts, county, pieces, pages, names=names, parts=parts)
    told = texts(facts.language).say(f"start.page.{kind}", last=4, files=f"{parts[1].file} …")
    assert start.pages[-1] == told
    assert [name for name, *_ in start.files][:3] == ["429901_sheets.pdf", f"{parts[1].file} …", NAMES[1]]
    assert not [one for canvas in _pages((start, sketch), facts) for one in _overlaps(canvas)]


def test_pages_without_a_common_step_are_not_told_by_one(
    form: Form, facts: CampaignFacts, county: County, pieces: list[Piece], pages: dict[str, int]
) -> None:
    first = next(iter(pages))
    start, _ = _page(form, facts, county, pieces, pages | {first: 99})
    assert texts(facts.language)["start.page.column"] in start.pages


def _many(piece: Callable[[int], Piece], count: int) -> list[Piece]:
    made = []
    for seq in range(1, count + 1):
        lon, lat = 113.82 + 0.16 * ((seq * 37) % count) / count, 30.42 + 0.16 * ((seq * 61) % count) / count
        made.append(replace(piece(1), seq=seq, patch_uid=f"2025Q3-{seq:013d}", lon_deg=lon, lat_deg=lat))
    return made


@pytest.mark.parametrize(("count", "a_town"), [(1, 1), (19, 3), (60, 20), (800, 5)])
def test_nothing_leaves_the_paper_or_lies_on_other_words(
    form: Form, facts: CampaignFacts, county: County, make_piece: Callable[[int], Piece], count: int, a_town: int
) -> None:
    rows = [replace(one, town=f"很长的乡镇名{one.seq // a_town}") for one in _many(make_piece, count)]
    long = replace(county, name="很长的县名" * 12, city_name="市" * 30)
    unit = replace(
        facts.office,
        unit="某某省自然资源厅执法监督局" * 4,
        phone="0999-5820018 转 1234",
        classification="内部",
        contact="某某处某某" * 9,
        mail="a" * 100 + "@b.example",
        address="某某市某某路" * 20,
    )
    pages = {one.patch_uid: one.seq + 12 for one in rows}
    every = [f"{'429901' if end.startswith('_') else ''}{end}" for _, end in KINDS if isinstance(end, str)]
    named = replace(facts, office=unit, title="标题" * 30)
    page = _page(form, named, long, rows, pages, replace(NOTICE, contact="某" * 90), [*every, *WITH_PROJECT])
    paper = Box(0.0, 0.0, 210.0, 297.0)
    drawn = _pages(page, facts)
    towns = sum(one.element == "towns" and one.kind == "text" for canvas in drawn for one in canvas.inked)
    more = texts(facts.language).say("start.town.more", count=len(page[0].towns) - 1)
    assert towns > 5
    assert (re.sub(r"\d", "", more.replace(" ", "")) in re.sub(r"\d", "", _said(drawn[-1]))) == (count == 800)
    for canvas in drawn:
        assert all(paper.contains(one.box) for one in canvas.inked)
        assert not _overlaps(canvas)


def _overlaps(canvas: Canvas) -> list[tuple[str, str]]:
    words = [one for one in canvas.inked if one.kind == "text" and one.element != "sketch"]
    return [
        (one.words, two.words) for at, one in enumerate(words) for two in words[at + 1 :] if _meet(one.box, two.box)
    ]


def _meet(one: Box, other: Box) -> bool:
    common = one.common(other)
    return common.w_mm > 0.1 and common.h_mm > 0.25


def test_numbers_of_the_sketch_stand_beside_their_dots(
    facts: CampaignFacts, county: County, make_piece: Callable[[int], Piece]
) -> None:
    rows = _many(make_piece, 40)
    sketch = sketch_of(facts, county, rows, SKETCH, (1.3, 2.1))
    boxes = [one.box for one in sketch.numbers]
    assert len(boxes) > 30
    assert not [1 for at, one in enumerate(boxes) for two in boxes[at + 1 :] if one.overlaps(two)]
    for one in sketch.numbers:
        x, y = sketch.dots[int(one.words) - 1]
        assert shapely.box(one.box.x_mm, one.box.y_mm, one.box.right, one.box.bottom).distance(shapely.Point(x, y)) < 2


def test_dots_lie_in_the_county(facts: CampaignFacts, county: County, make_piece: Callable[[int], Piece]) -> None:
    sketch = sketch_of(facts, county, _many(make_piece, 40), SKETCH, (1.3, 2.1))
    outline = shapely.Polygon(sketch.rings[0])
    assert shapely.contains(outline, shapely.points(sketch.dots)).all()
    assert shapely.box(0, 0, SKETCH.w_mm, SKETCH.h_mm).contains(outline)


def test_the_same_bytes(
    tmp_path: Path, form: Form, facts: CampaignFacts, county: County, pieces: list[Piece], pages: dict[str, int]
) -> None:
    for name, rows in (("a.pdf", pieces), ("b.pdf", pieces[::-1])):
        write_start(tmp_path / name, *_page(form, facts, county, rows, pages), facts, load_font())
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_a_character_the_font_lacks_is_named(
    form: Form, facts: CampaignFacts, county: County, pieces: list[Piece], pages: dict[str, int]
) -> None:
    page = _page(form, facts, county, pieces, pages, replace(NOTICE, contact="\U0001f600"))
    with pytest.raises(MissingGlyph, match="U\\+1F600"):
        _pages(page, facts)
