"""The registration card asks all that the form asks, on paper that fits."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pypdf
import pytest

from pipeline.forms.card import LABEL_MM, card_of, code_words
from pipeline.forms.card_page import write_cards
from pipeline.forms.form import Form
from pipeline.records import CampaignFacts, County, Piece
from pipeline.sheets.box import Box
from pipeline.sheets.fonts import load_font
from pipeline.texts import texts


def _squeezed(said: str) -> str:
    return re.sub(r"\s", "", said)


def _cards(
    path: Path, form: Form, facts: CampaignFacts, county: County, pieces: list[Piece], pages: dict[str, int]
) -> list[pypdf.PageObject]:
    assert write_cards(path, form, facts, county, pieces, pages, load_font()) == 4
    return list(pypdf.PdfReader(path).pages)


@pytest.mark.parametrize("pictures", [True, False])
def test_every_field_has_its_box(form: Form, facts: CampaignFacts, pictures: bool) -> None:
    card = card_of(form, facts, texts(facts.language), load_font().width_mm, pictures)
    asked = {one.key for one in form.fields if one.by != "given"}
    assert {one.key for one in card.cells} == asked
    assert len(card.cells) == len(asked)
    for one in card.cells:
        field = form[one.key]
        assert [tick.words for tick in one.ticks] == [each.label[facts.language] for each in field.choices]
        assert one.box.w_mm > LABEL_MM + 40
    given = {one.key for one in card.given} | {"row_no", "patch_no"}
    assert given == {one.key for one in form.fields if one.by == "given"}


@pytest.mark.parametrize("pictures", [True, False])
def test_boxes_stand_apart_and_on_the_paper(form: Form, facts: CampaignFacts, pictures: bool) -> None:
    card = card_of(form, facts, texts(facts.language), load_font().width_mm, pictures)
    boxes = [(one.page, one.box) for one in (*card.cells, *card.bands)]
    boxes += [(0, one.box) for one in card.given] + [(0, one) for one in card.pictures] + [(card.pages - 1, card.signs)]
    paper = Box(10.0, 8.0, 190.0, 275.0)
    assert all(paper.contains(box) for _, box in boxes)
    pairs = [(one, two) for at, one in enumerate(boxes) for two in boxes[at + 1 :] if one[0] == two[0]]
    assert not [pair for pair in pairs if pair[0][1].overlaps(pair[1][1])]


def test_ticks_stay_in_their_box(form: Form, facts: CampaignFacts) -> None:
    font = load_font()
    card = card_of(form, facts, texts(facts.language), font.width_mm, False)
    for cell in card.cells:
        for one in cell.ticks:
            assert one.x_mm + 3.6 + font.width_mm(one.words, 7.2) <= cell.room.w_mm


def test_a_card_is_one_sheet_of_paper(form: Form, facts: CampaignFacts) -> None:
    card = card_of(form, facts, texts(facts.language), load_font().width_mm, True)
    assert card.pages <= 2


def test_what_is_known_is_filled_in(
    tmp_path: Path, form: Form, facts: CampaignFacts, county: County, pieces: list[Piece], pages: dict[str, int]
) -> None:
    made = _cards(tmp_path / "c.pdf", form, facts, county, pieces, pages)
    each = len(made) // 4
    for seq, piece in enumerate(sorted((one for one in pieces if one.own and one.asked), key=lambda one: one.seq)):
        said = _squeezed(made[seq * each].extract_text())
        for value in (piece.patch_no, piece.town, piece.village, piece.phase_after, piece.patch_uid):
            assert _squeezed(value) in said
        assert str(pages[piece.patch_uid]) in said
    labels = [label for at in range(each) for label in made[at].extract_text()]
    heads = _squeezed("".join(labels))
    for one in form.fields:
        if one.by == "officer":
            name = one.heading[facts.language].split("\n")[0].split("（")[0].split(" (")[0]
            assert _squeezed(name) in heads


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
