"""Nothing overlaps, nothing leaves the paper: the boxes that the canvas recorded, whatever the names and figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from pipeline.records import Office, Piece
from pipeline.sheets import detail, overview
from pipeline.sheets.box import Box, between
from pipeline.sheets.canvas import Canvas, Inked
from pipeline.sheets.detail import book_of, detail_sheets
from pipeline.sheets.drawing import draw_furniture, draw_sheet
from pipeline.sheets.elements import legend
from pipeline.sheets.fonts import MissingGlyph, load_font
from pipeline.sheets.ground import lay_ground
from pipeline.sheets.index import index_sheets
from pipeline.sheets.operators import colour
from pipeline.sheets.order import Order, take_order
from pipeline.sheets.overview import overview_sheets
from pipeline.sheets.pens import Pens, Picture, set_words
from pipeline.sheets.plan import BACKDROP, BARE, Sheet
from pipeline.sheets.settings import RenderSettings
from tests.sheets import scenery

LONG = "双江拉祜族佤族布朗族傣族自治县"
LONG_EN = "Saint Bartholomew and Nottinghamshire-under-Lyme Unitary Authority"


def long_order(language: str, settings: RenderSettings | None = None) -> Order:
    """A book in which every name and figure is as long as they come."""
    name = LONG if language == "zh" else LONG_EN
    pieces = [lengthened(one, name) for one in [*scenery.scattered(24, spread=0.15), *scenery.straddling(25)]]
    facts = scenery.facts(
        language,
        title=f"{name} 2025年第三季度土地卫片执法检查专项行动",
        office=Office(name * 2, name, name, f"0999-5820018 ({name})", "", "机密"),
    )
    county = replace(scenery.county(name), province_name=name + "省", city_name=name + "市")
    ground = lay_ground(facts.crs, county, pieces, [], [], scenery.surroundings())
    return take_order(facts, ground, settings or RenderSettings(), load_font(None).width_mm, name * 3)


def lengthened(piece: Piece, name: str) -> Piece:
    return replace(
        piece,
        patch_no=piece.patch_no * 3,
        town=name,
        village=name,
        patch_type_name=name,
        area_m2=piece.area_m2 * 1e6,
        area_reported="1234567890.123456789 square metres or so",
        remark=name * 3,
    )


def pages(order: Order) -> Iterator[tuple[Sheet, Canvas]]:
    sheets: list[Sheet] = [*overview_sheets(order), *index_sheets(order, 2)]
    sheets += detail_sheets(order, 3, lambda *_: 1.0)
    book, pens, font = book_of(order), Pens(order.style, order.words), load_font(None)
    for sheet in sheets:
        canvas = draw_furniture(sheet.layout, book, pens, font)
        draw_sheet(canvas, sheet, pens)
        yield sheet, canvas


def hulls(inked: list[Inked]) -> dict[str, Box]:
    """The box about all marks of each element."""
    found: dict[str, Box] = {}
    for one in inked:
        known = found.get(one.element, one.box)
        found[one.element] = between(
            min(known.x_mm, one.box.x_mm),
            min(known.y_mm, one.box.y_mm),
            max(known.right, one.box.right),
            max(known.bottom, one.box.bottom),
        )
    return found


STANDARD = RenderSettings()
LARGE = RenderSettings(detail_layout="detail_a3", overview_layout="overview_a1")
ALERT = RenderSettings("alert_a4", "alert_overview_a3", "alert_index_a4", "alert")
DESIGNS = [("zh", STANDARD), ("en", STANDARD), ("zh", LARGE), ("en", ALERT)]


@pytest.mark.parametrize(("language", "settings"), DESIGNS)
def test_no_element_meets_another_or_leaves_the_neat_line(language: str, settings: RenderSettings) -> None:
    for sheet, canvas in pages(long_order(language, settings)):
        neat = sheet.layout.first("rules").box
        found = {name: box.inset(0.13) for name, box in hulls(canvas.inked).items() if name != "neat_line"}
        assert all(neat.contains(box) for box in found.values()), sheet.name
        clashes = [(a, b) for a in found for b in found if a < b and found[a].overlaps(found[b])]
        assert clashes == [], sheet.name


@pytest.mark.parametrize(("language", "settings"), DESIGNS)
@pytest.mark.parametrize("phone", ["0999-5820018", ""])
def test_every_map_says_whom_to_call_where_it_is_known(language: str, settings: RenderSettings, phone: str) -> None:
    pieces = scenery.straddling(1)
    facts = scenery.facts(language, office=replace(scenery.OFFICE, phone=phone))
    ground = lay_ground(facts.crs, scenery.county(), pieces, [], [])
    made = take_order(facts, ground, settings, load_font(None).width_mm)
    for sheet, canvas in pages(made):
        said = [one.words for one in canvas.inked if "0999-5820018" in one.words]
        assert len(said) == (1 if phone else 0) or sheet.kind == "index"
        assert not any(one.words.rstrip().endswith("·") for one in canvas.inked)


@pytest.mark.parametrize(("language", "settings"), DESIGNS)
def test_words_stay_in_their_slots(language: str, settings: RenderSettings) -> None:
    for sheet, canvas in pages(long_order(language, settings)):
        slots = {one.name: sheet.placed(one).box for one in sheet.layout.slots}
        for one in canvas.inked:
            if one.kind == "text" and "map" not in one.element:
                slack = slots[one.element].inset(-0.5)
                assert slack.x_mm <= one.box.x_mm, one
                assert one.box.right <= slack.right, one
                assert slack.y_mm - 0.3 <= one.box.y_mm, one
                assert one.box.bottom <= slack.bottom + 0.3, one


def test_words_of_one_element_never_lie_on_each_other() -> None:
    for sheet, canvas in pages(long_order("zh")):
        for slot in sheet.layout.slots:
            words = [one.box.inset(0.15) for one in canvas.inked if one.element == slot.name and one.kind == "text"]
            if slot.kind not in ("map_frame", "overview_map", "index_table", "patch_list"):
                assert not any(a.overlaps(b) for at, a in enumerate(words) for b in words[:at]), (sheet.name, slot.name)


def test_every_word_of_the_table_is_on_the_page() -> None:
    order = scenery.order(scenery.scattered(3))
    for sheet, canvas in pages(order):
        told = {one.words for one in canvas.inked}
        if sheet.kind == "detail":
            wanted = (
                "patch_no",
                "county",
                "area",
                "area_m2",
                "centre_dms",
                "centre_deg",
                "centre_xy",
                "heading",
                "scale",
            )
            assert {sheet.fields[one] for one in wanted} <= told
            assert {"合法", "违法", "其他", "前时相", "后时相", "北", "图例"} <= told
            assert order.fields["crs"] in " ".join(told)
            assert "监测图斑仅为线索，不作为处罚依据" in " ".join(told)


def test_a_character_the_font_lacks_is_told_with_its_field_and_patch() -> None:
    pieces = [replace(one, village="\U0001f600村") for one in scenery.scattered(2)]
    order = scenery.order(pieces)
    with pytest.raises(MissingGlyph, match=r"U\+1F600.*field village, number 1, sheet index-1") as caught:
        list(pages(order))
    assert "[render] font" in caught.value.hint
    sheet = next(detail_sheets(order, 3, lambda *_: 1.0))
    with pytest.raises(MissingGlyph, match=r"field village, patch 42990120250001, sheet piece-1"):
        draw_sheet(Canvas(297, 210, load_font(None)), sheet, Pens(order.style, order.words))


def test_the_lead_note_and_the_verdicts_are_the_profiles() -> None:
    facts = scenery.facts("en", lead_note=False)
    ground = lay_ground(facts.crs, scenery.county(), scenery.scattered(2), [], [])
    order = take_order(facts, ground, RenderSettings(verdicts=("yes", "no")), load_font(None).width_mm)
    *_, (_, canvas) = pages(order)
    told = {one.words for one in canvas.inked}
    assert {"yes", "no"} <= told
    assert not any("lead" in one for one in told)
    assert set(book_of(replace(order, settings=RenderSettings())).verdicts) == {
        "Authorised",
        "Unauthorised",
        "Not a change",
        "Inconclusive",
    }


@pytest.mark.parametrize("name", ["standard", "alert"])
@pytest.mark.parametrize("kind", [*detail.LEGEND_ORDER, *(one for one in overview.LEGEND_ORDER if one != BACKDROP)])
def test_a_swatch_has_the_strokes_and_the_ground_of_the_map(name: str, kind: str) -> None:
    made = scenery.order(scenery.straddling(1), settings=RenderSettings(style=name))
    over = kind in detail.LEGEND_ORDER and kind != BARE
    pens = Pens(made.style, made.words, {"after": Picture(None, Box(0, 0, 1, 1), ())} if over else {})
    sheet = replace(next(detail_sheets(made, 3, lambda *_: 1.0)), legend=(kind,))
    canvas = Canvas(297, 210, load_font(None))
    legend.draw(canvas, sheet.layout.first("legend"), sheet, pens)
    told = canvas.operators().decode()
    wanted = ["hatch"] if kind == BARE else [one for one in (f"{kind}_casing", kind) if one in made.style.strokes]
    assert wanted
    for one in wanted:
        assert f"{colour(made.style.stroke(one).colour)} RG" in told, one
    assert (f"{colour(made.style.colour('legend_imagery'))} rg" in told) == over


def test_both_maps_say_where_they_lie_after_first() -> None:
    *_, (sheet, canvas) = pages(scenery.order(scenery.scattered(2)))
    found = canvas.content().viewports
    assert [one.name for one in found] == ["后时相", "前时相"]
    assert found[0].gpts_lonlat == found[1].gpts_lonlat
    assert all(one.crs == "EPSG:4547" for one in found)
    assert sheet.kind == "detail"


@pytest.mark.parametrize("width_mm", [8.0, 20.0, 60.0])
@pytest.mark.parametrize("words", [LONG, LONG_EN, "42990120250499" * 4, "短"])
def test_words_that_fit_nowhere_end_in_an_ellipsis(width_mm: float, words: str) -> None:
    order = scenery.order([])
    canvas = Canvas(100, 100, load_font(None))
    box = Box(10, 10, width_mm, 7)
    set_words(canvas, box, words, order.style.text("title"), "middle", 5.0, 2)
    told = canvas.inked
    assert all(box.inset(-0.5).contains(one.box) for one in told)
    joined = "".join(one.words for one in told)
    assert joined.replace(" ", "") == words.replace(" ", "") or joined.endswith("…")
