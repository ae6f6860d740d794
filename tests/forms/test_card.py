"""The registration card asks what the checklist asks, section by section, on paper that fits."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.forms.card import Card, card_of, code_words
from pipeline.forms.card_fields import TICK_AIR_MM, TICK_MM, TICK_PT, due_words, sections_of
from pipeline.forms.card_furniture import draw_furniture
from pipeline.forms.card_page import write_cards
from pipeline.forms.form import Field, Form, load_form
from pipeline.forms.mistakes import ALWAYS, TABS
from pipeline.records import CampaignFacts, County, Office, Piece
from pipeline.sheets.box import Box
from pipeline.sheets.fonts import load_font
from pipeline.texts import languages, texts

PAPER = Box(10.0, 6.0, 190.0, 285.0)
CN = load_form("verification_cn")
FACTS = CampaignFacts("2025Q3", "检查", "cn", "zh", None, Office(), "mu", "EPSG:4490", True)


def _card(form: Form, facts: CampaignFacts, pictures: bool = True) -> Card:
    return card_of(form, facts, texts(facts.language), load_font().width_mm, pictures)


def _squeezed(said: str) -> str:
    return re.sub(r"\s", "", said)


def _cards(
    path: Path, form: Form, facts: CampaignFacts, county: County, pieces: list[Piece], pages: dict[str, int]
) -> list[pypdf.PageObject]:
    assert write_cards(path, form, facts, county, pieces, pages, load_font()) == 4
    return list(pypdf.PdfReader(path).pages)


@pytest.mark.parametrize("pictures", [True, False])
def test_every_field_of_the_checklist_has_its_box_and_no_other(
    form: Form, facts: CampaignFacts, pictures: bool
) -> None:
    card = _card(form, facts, pictures)
    assert sorted(one.key for one in card.cells) == sorted(one.key for one in form.written)
    for one in card.cells:
        field = form[one.key]
        assert field.type != "photo"
        assert [tick.words for tick in one.ticks] == [each.label[facts.language] for each in field.choices]
        assert one.room.w_mm > 40
    known = {one.key for one in card.given} | {"row_no", "patch_no", "phases"}
    assert known == {one.key for one in form.fields if one.by == "given"} | {"before", "after"}


def _alone(boxes: list[tuple[int, Box]]) -> bool:
    pairs = [(one, two) for at, one in enumerate(boxes) for two in boxes[at + 1 :] if one[0] == two[0]]
    return not [pair for pair in pairs if pair[0][1].overlaps(pair[1][1])]


def _boxes(card: Card) -> list[tuple[int, Box]]:
    last = card.pages - 1
    boxes = [(one.page, one.box) for one in card.cells] + [(one.page, one.box) for one in card.bands]
    boxes += [(0, one.box) for one in card.given] + [(0, one) for one in card.pictures]
    return boxes + [(last, one) for one in (*card.sketches, card.signs)]


@pytest.mark.parametrize("pictures", [True, False])
@pytest.mark.parametrize("language", languages())
def test_boxes_stand_apart_and_on_the_paper(form: Form, facts: CampaignFacts, language: str, pictures: bool) -> None:
    boxes = _boxes(_card(form, replace(facts, language=language), pictures))
    assert all(PAPER.contains(box) for _, box in boxes)
    assert _alone(boxes)


@given(st.lists(st.sampled_from(CN.written), max_size=60), st.booleans(), st.sampled_from(languages()))
def test_forms_of_any_length_have_room(more: list[Field], pictures: bool, language: str) -> None:
    """Also a section that is higher than a page."""
    fields = (*CN.fields, *(replace(one, key=f"{one.key}_{at}") for at, one in enumerate(more)))
    form = replace(CN, fields=fields)
    card = _card(form, replace(FACTS, language=language), pictures)
    boxes = _boxes(card)
    assert all(PAPER.contains(box) for _, box in boxes)
    assert _alone(boxes)
    assert len(card.cells) == len(form.written)


@pytest.mark.parametrize("language", languages())
def test_a_section_holds_what_the_same_answers_ask_for(form: Form, facts: CampaignFacts, language: str) -> None:
    """The words of its band name just these, so that who gave another verdict may skip it."""
    words = texts(language)
    sections = sections_of(form, replace(facts, language=language), words, load_font().width_mm)
    for one in sections:
        fields = [form[each.key] for row in one.rows for each in row]
        assert len({each.when for each in fields}) == 1
        assert {each.tab for each in fields} == {one.tab}
        assert words[f"form.section.{one.tab}"] in one.words
        if fields[0].when != (ALWAYS,):
            told = one.words.replace(words[f"form.section.{one.tab}"], "")
            named = [code for code in fields[0].when if form.answers[code][1].label[language] in told]
            assert named == list(fields[0].when)
    tabs = [one.tab for one in sections]
    assert tabs == sorted(tabs, key=TABS.index)


def test_the_plot_number_comes_with_what_to_do_for_several_plots(form: Form, facts: CampaignFacts) -> None:
    words = texts(facts.language)
    (page,) = {one.page for one in _card(form, facts).cells if one.key == "part_no"}
    (band,) = [one for one in _card(form, facts).bands if words["card.plots"] in one.note]
    assert (band.page, band.words) == (page, words["form.section.land"])


def test_when_an_answer_is_due_is_said_short() -> None:
    words = texts("zh")
    said = {one.key: due_words(CN, one, words) for one in CN.written}
    assert said["verdict"] == said["photos"] == "必填"
    assert said["handling"] == "必填"  # the band says for whom
    assert said["used"] == "必填（合法、违法）"
    assert said["supply_no"] == "必填（供地手续）"
    assert said["case_no"] == "必填（立案、处罚到位、移送）"
    assert said["part_no"] == said["remaining"] == ""
    for one in CN.written:
        assert bool(said[one.key]) == bool(one.needed)


def test_answers_that_are_called_alike_are_told_in_full() -> None:
    field = replace(CN["supply_no"], needed=("plan_ok.yes",))
    form = replace(CN, fields=tuple(field if one.key == field.key else one for one in CN.fields))
    assert due_words(form, field, texts("zh")) == "必填（是否符合规划·是）"


@pytest.mark.parametrize("language", languages())
def test_kinds_of_case_stand_beside_their_verdict(form: Form, facts: CampaignFacts, language: str) -> None:
    """Each verdict's on lines of their own, its name in front of the first."""
    card = _card(form, replace(facts, language=language))
    cell = next(one for one in card.cells if one.key == "verdict_sub")
    assert cell.box.w_mm == card.bands[0].box.w_mm
    under = {one.label[language]: one.under for one in form["verdict_sub"].choices}
    lines: dict[int, set[str]] = {}
    for tick in cell.ticks:
        lines.setdefault(tick.line, set()).add(under[tick.words])
    assert all(len(verdicts) == 1 for verdicts in lines.values())
    firsts = {next(iter(lines[one.line])): one.words for one in cell.tags}
    assert firsts == {one.code: one.label[language] for one in form.verdict.choices}
    for one in cell.tags:
        assert one.line == 0 or lines[one.line] != lines[one.line - 1]


@pytest.mark.parametrize("language", languages())
def test_ticks_stay_in_their_box_and_apart(form: Form, facts: CampaignFacts, language: str) -> None:
    font = load_font()
    for cell in _card(form, replace(facts, language=language), False).cells:
        long_mm = [TICK_MM + TICK_AIR_MM + font.width_mm(one.words, TICK_PT) for one in cell.ticks]
        for one, wide_mm in zip(cell.ticks, long_mm, strict=True):
            assert one.x_mm + wide_mm <= cell.room.w_mm
        for (one, two), wide_mm in zip(pairwise(cell.ticks), long_mm, strict=False):
            assert one.line < two.line or one.x_mm + wide_mm + 1.0 < two.x_mm


@pytest.mark.parametrize("language", languages())
def test_a_card_is_one_sheet_of_paper(profile: str, form: Form, facts: CampaignFacts, language: str) -> None:
    """The land on the front with the pictures, papers and case on the back; the short form on one page."""
    card = _card(form, replace(facts, language=language))
    tabs = [{form[one.key].tab for one in card.cells if one.page == page} for page in range(card.pages)]
    assert tabs == ([set(TABS)] if profile == "international" else [set(TABS[:3]), set(TABS[3:])])


def test_what_is_left_of_the_back_is_for_a_sketch(facts: CampaignFacts) -> None:
    card = _card(CN, replace(facts, language="zh"))
    last = max(one.box.bottom for one in card.cells if one.page == 1)
    (sketch,) = card.sketches
    assert last < sketch.y_mm < last + 5
    assert card.signs.y_mm - 6 < sketch.bottom <= card.signs.y_mm


@pytest.mark.parametrize("language", languages())
def test_nothing_printed_is_smaller_than_can_be_read(form: Form, facts: CampaignFacts, language: str) -> None:
    told = replace(facts, language=language, office=Office("某省自然资源厅", phone="0999-5820018", mail="a@b.example"))
    words, font = texts(language), load_font()
    card = _card(form, told)
    for page in range(card.pages):
        drawn = draw_furniture(card, page, form, told, words, font)
        sizes = [float(one) for one in re.findall(rb"/\w+ ([0-9.]+) Tf", drawn.operators())]
        assert sizes
        assert min(sizes) >= 6.5
        assert all(PAPER.contains(one.box) for one in drawn.inked)


def test_what_is_known_is_filled_in(
    tmp_path: Path, form: Form, facts: CampaignFacts, county: County, pieces: list[Piece], pages: dict[str, int]
) -> None:
    made = _cards(tmp_path / "c.pdf", form, facts, county, pieces, pages)
    each = len(made) // 4
    for seq, piece in enumerate(sorted((one for one in pieces if one.own and one.asked), key=lambda one: one.seq)):
        said = _squeezed(made[seq * each].extract_text())
        words = texts(facts.language)
        for phase, day in (("before", piece.phase_before), ("after", piece.phase_after)):
            assert _squeezed(words[f"sheet.{phase}"]) in said
            assert day in said
        for value in (piece.patch_no, piece.town, piece.village, piece.phase_after, piece.patch_uid):
            assert _squeezed(value) in said
        assert str(pages[piece.patch_uid]) in said
    labels = [label for at in range(each) for label in made[at].extract_text()]
    heads = _squeezed("".join(labels))
    for one in form.fields:
        if one in form.written:
            name = one.heading[facts.language].split("\n")[0].split("（")[0].split(" (")[0]
            assert _squeezed(name) in heads


def test_the_foot_says_whom_to_ask_and_which_form(
    tmp_path: Path, form: Form, facts: CampaignFacts, county: County, pieces: list[Piece], pages: dict[str, int]
) -> None:
    office = Office(unit="某省自然资源厅", contact="何志远", phone="0999-5820018", mail="wpzf@yunjiang.example")
    made = _cards(tmp_path / "c.pdf", form, replace(facts, office=office), county, pieces, pages)
    for page in made:
        said = _squeezed(page.extract_text())
        assert all(one in said for one in (office.unit, office.contact, office.phone, office.mail))
        assert form.id not in said
    silent = _cards(tmp_path / "s.pdf", form, facts, county, pieces, pages)
    ask = texts(facts.language).say("form.ask", who="").strip()
    assert ask not in silent[0].extract_text()


def test_the_code_says_what_the_sheets_say(facts: CampaignFacts, pieces: list[Piece]) -> None:
    one = pieces[0]
    assert code_words("id", one, facts) == one.patch_uid
    assert code_words("off", one, facts) == ""
    address = "https://x.example/{campaign}/{county_code}/{uid}"
    assert code_words(address, one, facts) == f"https://x.example/2025Q3/429901/{one.patch_uid}"


def test_no_asked_piece_no_file(
    tmp_path: Path, form: Form, facts: CampaignFacts, county: County, pieces: list[Piece]
) -> None:
    none = [replace(one, asked=False, seq=0) for one in pieces]
    assert write_cards(tmp_path / "c.pdf", form, facts, county, none, {}, load_font()) == 0
    assert not (tmp_path / "c.pdf").exists()


def test_the_same_bytes(
    tmp_path: Path, form: Form, facts: CampaignFacts, county: County, pieces: list[Piece], pages: dict[str, int]
) -> None:
    _cards(tmp_path / "a.pdf", form, facts, county, pieces, pages)
    _cards(tmp_path / "b.pdf", form, facts, county, pieces[::-1], pages)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
